"""Functions that make their own call, as a source of answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TypeAlias, cast

from typing_extensions import TypeVar

from deterministic_llm._core.answering import (
    Answering,
    AsyncAnswering,
    AsyncOpening,
    AwaitingCall,
    BlockingCall,
    Opening,
)
from deterministic_llm._core.attempts import Request
from deterministic_llm._core.exchange import (
    Abilities,
    CallFailure,
    ChatMessage,
    Completion,
    JsonObject,
)
from deterministic_llm._core.schema.target import Target
from deterministic_llm._core.telling import by_type, refused
from deterministic_llm.enforcer.identities import arguments_of, code_of, name_of
from deterministic_llm.enforcer.known import Known, is_model
from deterministic_llm.enforcer.signatures import turn_position
from deterministic_llm.enforcer.terms import Asking
from deterministic_llm.enforcer.turn import Turn
from deterministic_llm.errors import ConfigurationError
from deterministic_llm.providers import function as own_call
from deterministic_llm.storage.keys import Describe

A = TypeVar("A", Answering, AsyncAnswering)
_MEANT = frozenset({"seed", "logprobs", "top_logprobs"})
"""Those that mean something unheard: waits go by the seed, ``confidence=`` wants the others."""
_TOLD = _MEANT | {"max_tokens"}
_UNTOLD = "{}=: a Turn does not tell of it: set it where the function makes its call"
_UNHEARD = (
    "{}=: a function without a Turn is not told of it: set it where it makes its call, or take a "
    "Turn and call with **turn.request(...)"
)
_NO_FUNCTION = (
    "fallback= and voters= of a function that makes its own call: expected functions with the same "
    "parameters, got {}, for which nobody knows the prompt: write a function that makes the call"
)
_InTurn: TypeAlias = Sequence[tuple[partial[object], int | None]]


class OwnCall:
    """The function asks by itself: it is called once a request, with a Turn if it takes one."""

    def hears(self, turn_at: int | None) -> bool:
        """Only a function with a Turn is told what we add."""
        return turn_at is not None

    def check(self, parameters: Mapping[str, object], *, heard: bool) -> None:
        """A Turn tells of room, seed and probabilities; nothing tells of the rest."""
        told = _TOLD if heard else _MEANT
        for name, value in parameters.items():
            if value is not None and name not in told:
                raise ConfigurationError((_UNTOLD if heard else _UNHEARD).format(name))

    def models(self, fallback: Sequence[object]) -> Sequence[Known]:
        """Nothing is known of what functions ask; ConfigurationError for what is no function.

        Raises TypeError for a Turn that could not be given.
        """
        for other in fallback:
            if is_model(other) or not callable(other):
                raise ConfigurationError(_NO_FUNCTION.format(type(other).__qualname__))
            turn_position(other)
        return [_SENDS_ITS_SCHEMA] * (1 + len(fallback))

    def blocking(self, asked: Asking) -> tuple[tuple[ChatMessage, ...], BlockingCall]:
        """No prompt of ours, and a call of the function."""
        if _is_told_nothing(asked):
            return (), partial(own_call.ask, asked.function)
        return (), partial(_ask_in_turn, _in_turn(asked), asked.target)

    async def awaiting(self, asked: Asking) -> tuple[tuple[ChatMessage, ...], AwaitingCall]:
        """No prompt of ours, and an awaited call of the function."""
        if _is_told_nothing(asked):
            return (), partial(own_call.ask_async, asked.function)
        return (), partial(_ask_in_turn_async, _in_turn(asked), asked.target)

    def opening(self, asked: Asking) -> tuple[tuple[ChatMessage, ...], Opening]:
        """No prompt of ours, and a call of the function, whose chunks are read one by one."""
        return (), partial(_stream_in_turn, own_call.stream, _in_turn(asked), asked.target)

    async def aopening(self, asked: Asking) -> tuple[tuple[ChatMessage, ...], AsyncOpening]:
        """The same, awaited."""
        return (), partial(_stream_in_turn, own_call.astream, _in_turn(asked), asked.target)

    def describing(
        self,
        fallback: Sequence[object],
        asked: Asking | None,
        *,
        key: Callable[..., object] | None = None,
        lenient: bool = False,
    ) -> Describe:
        """A function is told by its name, code and arguments, and by what its Turn says."""
        del fallback  # they stand in what is asked
        assert asked is not None  # noqa: S101  # nothing else asks functions
        functions = _in_turn(asked)
        arguments = [
            arguments_of(each, key, by_type if lenient else refused) for each, _ in functions
        ]

        def describe(request: Request) -> JsonObject:
            function, turn_at = functions[request.model]
            said: JsonObject = {
                "function": name_of(function.func),
                "code": code_of(function.func),
                "arguments": arguments[request.model],
            }
            return said if turn_at is None else said | _turn_told(asked.target, request)

        return describe


_SENDS_ITS_SCHEMA = Known(Abilities(shows_schema=True))
"""What ``mode="native"`` says of a function: its Turn's schema gets to a backend that shows it."""


def _turn_told(target: Target[object], request: Request) -> JsonObject:
    """What the Turn of *request* says besides how often it was asked and what time is left."""
    turn = Turn(request, target)
    told: JsonObject = {
        "feedback": turn.instructions,
        "schema": turn.schema,
        "max_tokens": turn.max_tokens,
        "seed": turn.seed,
    }
    return told if turn.logprobs is None else {**told, "logprobs": turn.logprobs}


def _is_told_nothing(asked: Asking) -> bool:
    """Whether each request is the same call: of one function, which takes no Turn."""
    return asked.turn_at is None and not asked.fallback


def _in_turn(asked: Asking) -> _InTurn:
    """The decorated function and those to fall back on, each with where its Turn goes."""
    first = (asked.function, asked.turn_at)
    if not asked.fallback:
        return (first,)
    arguments, keywords = asked.function.args, asked.function.keywords
    others = cast("Sequence[Callable[..., object]]", asked.fallback)
    return (first, *((partial(f, *arguments, **keywords), turn_position(f)) for f in others))


def _ask_in_turn(
    functions: _InTurn, target: Target[object], request: Request
) -> Completion | CallFailure:
    return own_call.ask(_with_turn(functions, target, request), request)


async def _ask_in_turn_async(
    functions: _InTurn, target: Target[object], request: Request
) -> Completion | CallFailure:
    return await own_call.ask_async(_with_turn(functions, target, request), request)


def _stream_in_turn(
    stream: Callable[[Callable[[], object], Request], A],
    functions: _InTurn,
    target: Target[object],
    request: Request,
) -> A:
    return stream(_with_turn(functions, target, request, stream=True), request)


def _with_turn(
    functions: _InTurn, target: Target[object], request: Request, *, stream: bool = False
) -> Callable[[], object]:
    function, turn_at = functions[request.model]
    if turn_at is None:
        return function
    turn, given = Turn(request, target, stream=stream), function.args
    arguments = (*given[:turn_at], turn, *given[turn_at:]) if given else (turn,)
    return partial(function.func, *arguments, **function.keywords)
