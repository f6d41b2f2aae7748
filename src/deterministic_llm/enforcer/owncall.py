"""Functions that make their own call, as a source of answers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import cast

from deterministic_llm._core.attempts import Request
from deterministic_llm._core.contract import response_format
from deterministic_llm._core.exchange import ChatMessage
from deterministic_llm._core.schema.patches import patch_target
from deterministic_llm._core.schema.target import JsonTarget, Target
from deterministic_llm.enforcer.signatures import turn_position
from deterministic_llm.enforcer.terms import Asking, AwaitingCall, BlockingCall, Known
from deterministic_llm.enforcer.turn import Turn
from deterministic_llm.errors import ConfigurationError
from deterministic_llm.providers import function as own_call


class OwnCall:
    """The function asks by itself: it is called once a request, with a Turn if it takes one."""

    def hears(self, turn_at: int | None) -> bool:
        """Only a function with a Turn is told what we add."""
        return turn_at is not None

    def models(self, fallback: Sequence[object]) -> Sequence[Known]:
        """Nothing is known of what functions ask; ConfigurationError for what is no function.

        Raises TypeError for a Turn that could not be given.
        """
        for other in fallback:
            if not callable(other):
                kind = type(other).__qualname__
                message = (
                    f"fallback= of a function that makes its own call: expected functions with the "
                    f"same parameters, got {kind}"
                )
                raise ConfigurationError(message)
            turn_position(other)
        return [Known()] * (1 + len(fallback))

    def blocking(self, asked: Asking) -> tuple[tuple[ChatMessage, ...], BlockingCall]:
        """No prompt of ours, and a call of the function."""
        functions = _in_turn(asked)
        return (), lambda request: own_call.ask(_with_turn(functions, asked.target, request))

    async def awaiting(self, asked: Asking) -> tuple[tuple[ChatMessage, ...], AwaitingCall]:
        """No prompt of ours, and an awaited call of the function."""
        functions = _in_turn(asked)
        return (), lambda request: own_call.ask_async(_with_turn(functions, asked.target, request))


def _in_turn(asked: Asking) -> Sequence[tuple[partial[object], int | None]]:
    """The decorated function and those to fall back on, each with where its Turn goes."""
    first = (asked.function, asked.turn_at)
    if not asked.fallback:
        return (first,)
    arguments, keywords = asked.function.args, asked.function.keywords
    others = cast("Sequence[Callable[..., object]]", asked.fallback)
    return (first, *((partial(f, *arguments, **keywords), turn_position(f)) for f in others))


def _with_turn(
    functions: Sequence[tuple[partial[object], int | None]],
    target: Target[object],
    request: Request,
) -> Callable[[], object]:
    function, turn_at = functions[request.model]
    if turn_at is None:
        return function
    wanted = target
    if request.patch is not None and isinstance(target, JsonTarget):
        wanted = patch_target(target, request.patch)
    limit = request.parameters.get("max_tokens")
    turn = Turn(
        number=request.number,
        messages=request.additions,
        instructions=request.feedback,
        schema=wanted.schema if isinstance(wanted, JsonTarget) else None,
        response_format=response_format(wanted),
        violations=request.violations,
        max_tokens=limit if isinstance(limit, int) else None,
        timeout=request.timeout,
    )
    before, after = function.args[:turn_at], function.args[turn_at:]
    return partial(function.func, *before, turn, *after, **function.keywords)
