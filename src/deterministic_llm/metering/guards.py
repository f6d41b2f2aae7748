"""All that stands before the calls of one model, put together of the options of a run."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import cast

from typing_extensions import TypeVar

from deterministic_llm._core.answering import (
    Answer,
    AsyncOpening,
    AwaitingCall,
    BlockingCall,
    Opening,
)
from deterministic_llm._core.attempts import Request
from deterministic_llm._core.records import changed, frozen
from deterministic_llm.errors import ConfigurationError
from deterministic_llm.metering.breaker import Breaker
from deterministic_llm.metering.budgets import Budget
from deterministic_llm.metering.gates import agated, gated
from deterministic_llm.metering.limits import Limits, alimited, limited
from deterministic_llm.metering.memory import Memory, aremembered, remembered
from deterministic_llm.metering.meter import Meter, ametered, metered
from deterministic_llm.metering.openings import (
    agated_opening,
    alimited_opening,
    gated_opening,
    limited_opening,
)
from deterministic_llm.metering.prices import Price
from deterministic_llm.metering.spend import Spend

_KINDS: Mapping[str, type] = {
    "budget": Budget,
    "limits": Limits,
    "breaker": Breaker,
    "reserve": Spend,
    "prices": Mapping,
    "allow_unpriced": bool,
}
OPTIONS = frozenset({*_KINDS, "call_timeout"})
"""The options that say what calls may cost, how fast they may come and how long they may take."""
R = TypeVar("R")


@frozen
class Guards:
    """What a call passes: the wait for its turn, the breaker, the meter, then what remembers it.

    When it is sent it may take *call_timeout* seconds: what it waited for was none of its time.
    """

    meter: Meter
    breaker: Breaker | None = None
    limits: Limits | None = None
    memory: Memory | None = None
    call_timeout: float | None = None

    def blocking(self, call: BlockingCall) -> BlockingCall:
        """*call* behind these guards."""
        call = self._timed(call)
        if self.memory is not None:
            call = remembered(call, self.memory)
        call = metered(call, self.meter)
        if self.breaker is not None:
            call = gated(call, self.breaker)
        return call if self.limits is None else limited(call, self.limits)

    def awaiting(self, call: AwaitingCall) -> AwaitingCall:
        """*call* behind these guards, to be awaited."""
        call = self._timed(call)
        if self.memory is not None:
            call = aremembered(call, self.memory)
        call = ametered(call, self.meter)
        if self.breaker is not None:
            call = agated(call, self.breaker)
        return call if self.limits is None else alimited(call, self.limits)

    def opening(self, opening: Opening) -> Opening:
        """*opening* behind these guards."""
        opening = self._timed(opening)
        if self.memory is not None:
            opening = gated_opening(opening, self.memory)
        opening = gated_opening(opening, self.meter)
        if self.breaker is not None:
            opening = gated_opening(opening, self.breaker)
        return opening if self.limits is None else limited_opening(opening, self.limits)

    def aopening(self, opening: AsyncOpening) -> AsyncOpening:
        """*opening* behind these guards, to be awaited."""
        opening = self._timed(opening)
        if self.memory is not None:
            opening = agated_opening(opening, self.memory)
        opening = agated_opening(opening, self.meter)
        if self.breaker is not None:
            opening = agated_opening(opening, self.breaker)
        return opening if self.limits is None else alimited_opening(opening, self.limits)

    def _timed(self, call: Callable[[Request], R]) -> Callable[[Request], R]:
        seconds = self.call_timeout
        if seconds is None:
            return call
        return lambda request: call(changed(request, call_timeout=seconds))


def guards_of(
    options: Mapping[str, object],
    *,
    model: str | None = None,
    url: str | None = None,
    memory: Memory | None = None,
) -> Guards:
    """The guards of *model* at *url* that *options* ask for; the budget is that of the whole run.

    Raises ConfigurationError for an option of the wrong kind.
    """
    for name, kind in _KINDS.items():
        if name in options and not isinstance(options[name], kind):
            got = type(options[name]).__qualname__
            message = f"{name}=: expected {kind.__name__}, got {got}"
            raise ConfigurationError(message)
    meter = Meter(
        model=model,
        table=cast("Mapping[str, Price]", options.get("prices", {})),
        url=url,
        reserve=cast("Spend | None", options.get("reserve")),
        allow_unpriced=bool(options.get("allow_unpriced", False)),
    )
    return Guards(
        meter,
        cast("Breaker | None", options.get("breaker")),
        cast("Limits | None", options.get("limits")),
        memory,
        cast("float | None", options.get("call_timeout")),
    )


def guarded(call: BlockingCall, guards: Sequence[Guards]) -> BlockingCall:
    """*call* behind the guards of the model that each request means."""
    if len(guards) == 1:
        return guards[0].blocking(call)
    calls = [each.blocking(call) for each in guards]
    return lambda request: calls[request.model](request)


def guarded_opening(opening: Opening, guards: Sequence[Guards]) -> Opening:
    """*opening* behind the guards of the model that each request means."""
    openings = [each.opening(opening) for each in guards]
    return lambda request: openings[request.model](request)


def aguarded_opening(opening: AsyncOpening, guards: Sequence[Guards]) -> AsyncOpening:
    """*opening* behind the guards of the model that each request means, to be awaited."""
    openings = [each.aopening(opening) for each in guards]
    return lambda request: openings[request.model](request)


def aguarded(call: AwaitingCall, guards: Sequence[Guards]) -> AwaitingCall:
    """*call* behind the guards of the model that each request means, to be awaited."""
    if len(guards) == 1:
        return guards[0].awaiting(call)
    calls = [each.awaiting(call) for each in guards]

    def ask(request: Request) -> Awaitable[Answer]:
        return calls[request.model](request)

    return ask
