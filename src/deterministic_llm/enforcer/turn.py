"""Functions that make their own call, and what they are told at each turn."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import final

from deterministic_llm._core.attempts import Request, Violation
from deterministic_llm._core.contract import response_format
from deterministic_llm._core.exchange import Abilities, ChatMessage, JsonObject
from deterministic_llm._core.schema.target import JsonTarget, Target
from deterministic_llm.enforcer.terms import AwaitingCall, BlockingCall
from deterministic_llm.providers import function as own_call


@final
@dataclass(frozen=True, slots=True)
class Turn:
    """What one attempt should say: on the first turn how to answer, later what was wrong.

    *messages* are chat messages to append and *instructions* the same as text; *schema* and
    *response_format* (OpenAI's shape) say what the answer must be; *max_tokens* is set when an
    answer was cut and needs more room.
    """

    number: int
    messages: tuple[ChatMessage, ...]
    instructions: str
    schema: JsonObject | None
    response_format: JsonObject
    violations: tuple[Violation, ...] = ()
    max_tokens: int | None = None


class OwnCall:
    """The function asks by itself: it is called once a request, with a Turn if it takes one."""

    abilities = Abilities()

    def blocking(
        self, function: partial[object], turn_at: int | None, target: Target[object]
    ) -> tuple[tuple[ChatMessage, ...], BlockingCall]:
        """No prompt of ours, and a call of the function."""
        return (), lambda request: own_call.ask(_with_turn(function, turn_at, target, request))

    async def awaiting(
        self, function: partial[object], turn_at: int | None, target: Target[object]
    ) -> tuple[tuple[ChatMessage, ...], AwaitingCall]:
        """No prompt of ours, and an awaited call of the function."""
        return (), lambda request: own_call.ask_async(
            _with_turn(function, turn_at, target, request)
        )


def _with_turn(
    function: partial[object], turn_at: int | None, target: Target[object], request: Request
) -> Callable[[], object]:
    if turn_at is None:
        return function
    limit = request.parameters.get("max_tokens")
    turn = Turn(
        number=request.number,
        messages=request.additions,
        instructions=request.feedback,
        schema=target.schema if isinstance(target, JsonTarget) else None,
        response_format=response_format(target),
        violations=request.violations,
        max_tokens=limit if isinstance(limit, int) else None,
    )
    before, after = function.args[:turn_at], function.args[turn_at:]
    return partial(function.func, *before, turn, *after, **function.keywords)
