"""Answers in pieces behind the gates: booked once, and nothing is left behind, however they end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from types import TracebackType
from typing import Self

import pytest

from deterministic_llm import Breaker, Budget, CallFailure, Completion, Limits, Price, Usage
from deterministic_llm._core.answering import Answer, AsyncTold, Told
from deterministic_llm._core.attempts import Request
from deterministic_llm.metering.bounds import estimated_tokens
from deterministic_llm.metering.guards import (
    Guards,
    aguarded_opening,
    guarded_opening,
)
from deterministic_llm.metering.meter import Meter
from deterministic_llm.metering.spend import NOTHING, Spend

PRICES = {"mine": Price(1, 2)}
REQUEST = Request(
    1, prompt=({"role": "user", "content": "How much?"},), parameters={"max_tokens": 1000}
)
WORST = Spend("0.00233", 1330, 1)
PIECES = ["a" * 40, "b" * 40, "c" * 40]
WHOLE = Completion("".join(PIECES), model="mine", usage=Usage(100, 30))
DEAD = CallFailure("no answer", "unreachable")


class Guarded:
    """All that stands before the calls of one model."""

    def __init__(self, *, concurrency: int = 1, tpm: int | None = None) -> None:
        self.purse = Budget(usd=1, tokens=5000, calls=3)
        self.breaker = Breaker(failures=1, cooldown=60)
        self.limits = Limits(concurrency=concurrency, tpm=tpm)
        meter = Meter((self.purse,), model="mine", table=PRICES)
        self.guards = (Guards(meter, self.breaker, self.limits),)

    @property
    def idle(self) -> bool:
        """Whether nothing is held by a call under way."""
        return self.purse.reserved == NOTHING and self.limits.in_flight == 0


class Broken(Told):
    """What cannot be entered."""

    def __enter__(self) -> Self:
        raise KeyError("mine")


class AsyncBroken(AsyncTold):
    """The same, awaited."""

    async def __aenter__(self) -> Self:
        raise KeyError("mine")


class Unclosable(Told):
    """What cannot be left."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
        /,
    ) -> None:
        raise KeyError("mine")


class AsyncUnclosable(AsyncTold):
    """The same, awaited."""

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
        /,
    ) -> None:
        raise KeyError("mine")


Step = Callable[[int], str]


def go_on(number: int) -> str:
    """Read to the end."""
    del number
    return ""


def stop(number: int) -> str:
    """Stop after the second piece."""
    return "stop" if number == 2 else ""


def fail(number: int) -> str:
    """Raise after the second piece."""
    if number == 2:
        raise ValueError("mine")
    return ""


class AwayError(BaseException):
    """Nobody wants the rest, as when a block is left or a task is cancelled."""


def leave(number: int) -> str:
    """Leave after the second piece."""
    if number == 2:
        raise AwayError
    return ""


def blocking(guarded: Guarded, answer: Answer, step: Step, kind: type[Told] = Told) -> Answer:
    pieces = [] if isinstance(answer, CallFailure) else PIECES
    opening = guarded_opening(lambda request: kind(request, answer, pieces), guarded.guards)
    with opening(REQUEST) as answering:
        for number, _ in enumerate(answering, 1):
            asked = step(number)
            if asked == "stop":
                answering.stop()
            if asked:
                break
    return answering.answer()


def awaiting(
    guarded: Guarded, answer: Answer, step: Step, kind: type[AsyncTold] = AsyncTold
) -> Answer:
    pieces = [] if isinstance(answer, CallFailure) else PIECES
    opening = aguarded_opening(lambda request: kind(request, answer, pieces), guarded.guards)

    async def asking() -> Answer:
        number = 0
        async with opening(REQUEST) as answering:
            async for _ in answering:
                number += 1
                asked = step(number)
                if asked == "stop":
                    await answering.stop()
                if asked:
                    break
        return answering.answer()

    return asyncio.run(asking())


both = pytest.mark.parametrize("ask", [blocking, awaiting])


@both
def test_a_whole_answer_is_booked_at_its_cost(ask):
    """Once; nothing is held any more."""
    guarded = Guarded()
    assert ask(guarded, WHOLE, go_on) == replace(WHOLE, cost=Decimal("0.00016"))
    assert guarded.purse.spent == Spend("0.00016", 130, 1)
    assert guarded.purse.unsettled == NOTHING
    assert guarded.idle


@both
def test_of_a_stopped_answer_what_was_written_and_the_prompt_count(ask):
    """The estimate is spent, and what the prompt may have taken besides stays unsettled."""
    guarded = Guarded()
    answer = ask(guarded, WHOLE, stop)
    assert answer == Completion(
        "".join(PIECES[:2]),
        "stopped",
        model="mine",
        usage=Usage(3, 20),
        cost=Decimal("0.000043"),
        saved_tokens=980,
    )
    assert guarded.purse.spent == Spend("0.000043", 23, 1)
    assert guarded.purse.spent + guarded.purse.unsettled == Spend("0.00037", 350, 1)
    assert guarded.idle


@both
def test_of_an_answer_that_is_left_the_same_counts(ask):
    """What was read of it is known, and the connection is closed."""
    guarded = Guarded()
    with pytest.raises(AwayError):
        ask(guarded, WHOLE, leave)
    assert guarded.purse.spent == Spend("0.000043", 23, 1)
    assert guarded.purse.spent + guarded.purse.unsettled == Spend("0.00037", 350, 1)
    assert guarded.idle
    assert guarded.breaker.state == "closed"


def test_an_answer_that_is_left_before_a_word_leaves_its_share_unsettled():
    """Nobody knows what came of the call, and it says nothing of the server."""
    guarded = Guarded()
    opening = guarded_opening(lambda request: Told(request, WHOLE, PIECES), guarded.guards)
    with pytest.raises(AwayError), opening(REQUEST):
        raise AwayError
    assert (guarded.purse.spent, guarded.purse.unsettled) == (NOTHING, WORST)
    assert guarded.idle
    assert guarded.breaker.state == "closed"


@both
def test_an_exception_leaves_its_share_unsettled(ask):
    """Nobody knows what came of the call."""
    guarded = Guarded()
    with pytest.raises(ValueError, match="mine"):
        ask(guarded, WHOLE, fail)
    assert (guarded.purse.spent, guarded.purse.unsettled) == (NOTHING, WORST)
    assert guarded.idle
    assert guarded.breaker.state == "closed"


@both
def test_a_failure_is_seen_by_all(ask):
    """The breaker opens, and refuses the next one before anything is reserved."""
    guarded = Guarded()
    assert ask(guarded, DEAD, go_on) == DEAD
    assert guarded.breaker.state == "open"
    assert guarded.purse.unsettled == WORST
    refused = ask(guarded, WHOLE, go_on)
    assert isinstance(refused, CallFailure)
    assert (refused.kind, refused.sent) == ("circuit_open", False)
    assert guarded.purse.unsettled == WORST
    assert guarded.idle


@both
def test_a_budget_refuses_what_it_does_not_cover(ask):
    """There are no pieces, and the answer says why."""
    guarded = Guarded()
    guarded.purse.reserve(Spend(tokens=4000))
    refused = ask(guarded, WHOLE, fail)
    assert isinstance(refused, CallFailure)
    assert refused.kind == "over_budget"


@both
def test_a_slot_is_held_as_long_as_the_answer_comes(ask):
    """And what the answer did not take is handed back when it is over."""
    guarded = Guarded(tpm=estimated_tokens(REQUEST) + 300)
    seen: list[int] = []

    def look(_: int) -> str:
        seen.append(guarded.limits.in_flight)
        return ""

    ask(guarded, WHOLE, look)
    ask(guarded, WHOLE, look)
    assert seen == [1] * 6
    assert guarded.idle


@both
def test_no_slot_in_time_is_late(ask):
    """Nothing is asked."""
    guarded = Guarded()
    held = guarded.limits.acquire()
    assert held is not None
    opening = replace(REQUEST, timeout=0.01)
    told = blocking_with(guarded, opening) if ask is blocking else awaiting_with(guarded, opening)
    assert isinstance(told, CallFailure)
    assert (told.kind, told.sent) == ("late", False)


def blocking_with(guarded: Guarded, request: Request) -> Answer:
    with guarded_opening(lambda asked: Told(asked, WHOLE), guarded.guards)(request) as answering:
        return answering.answer()


def awaiting_with(guarded: Guarded, request: Request) -> Answer:
    async def asking() -> Answer:
        opening = aguarded_opening(lambda asked: AsyncTold(asked, WHOLE), guarded.guards)
        async with opening(request) as answering:
            return answering.answer()

    return asyncio.run(asking())


@pytest.mark.parametrize(
    ("ask", "kind"),
    [
        (blocking, Broken),
        (awaiting, AsyncBroken),
        (blocking, Unclosable),
        (awaiting, AsyncUnclosable),
    ],
)
def test_what_cannot_be_opened_or_closed_holds_nothing(ask, kind):
    """What it raises passes through."""
    guarded = Guarded()
    with pytest.raises(KeyError, match="mine"):
        ask(guarded, WHOLE, go_on, kind)
    assert guarded.purse.unsettled == WORST
    assert guarded.idle


def test_a_cancelled_wait_for_a_slot_holds_nothing():
    """It was never let in."""
    guarded = Guarded()
    held = guarded.limits.acquire()
    assert held is not None

    async def cancelled() -> None:
        opening = aguarded_opening(lambda asked: AsyncTold(asked, WHOLE), guarded.guards)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01), opening(REQUEST):
                raise AssertionError("it was let in")

    asyncio.run(cancelled())
    held.dropped()
    assert guarded.idle
    assert guarded.limits.waiting == 0


def test_each_model_has_its_own_guards():
    """The request says which model is meant."""
    first, second = Guarded(), Guarded()
    opening = guarded_opening(lambda request: Told(request, WHOLE), (*first.guards, *second.guards))
    with opening(replace(REQUEST, model=1)) as answering:
        assert list(answering) == []
    assert (first.purse.spent.calls, second.purse.spent.calls) == (0, 1)
