"""The breaker: closed, open after failures in a row, half open after its cooldown."""

from __future__ import annotations

import asyncio

import pytest
from metering.clocks import FakeClock

from deterministic_llm._core.answering import Answer
from deterministic_llm._core.attempts import Request
from deterministic_llm._core.exchange import CallFailure, Completion
from deterministic_llm.errors import ConfigurationError
from deterministic_llm.metering.breaker import Breaker
from deterministic_llm.metering.gates import agated, gated

REQUEST = Request(1)
DEAD = CallFailure("no answer")
GOOD = Completion("9")


def by_blocking(breaker: Breaker, answer: Answer) -> Answer:
    return gated(lambda _: answer, breaker)(REQUEST)


def by_awaiting(breaker: Breaker, answer: Answer) -> Answer:
    async def call(_: Request) -> Answer:
        return answer

    async def main() -> Answer:
        return await agated(call, breaker)(REQUEST)

    return asyncio.run(main())


DRIVERS = pytest.mark.parametrize("ask", [by_blocking, by_awaiting])


@DRIVERS
def test_it_opens_after_failures_in_a_row_and_closes_after_one_answer(ask):
    """While it is open nobody is called."""
    clock = FakeClock()
    breaker = Breaker(failures=2, cooldown=30, clock=clock.now)
    for answer in (DEAD, GOOD, DEAD):
        assert ask(breaker, answer) is answer
    assert breaker.state == "closed"
    ask(breaker, DEAD)
    assert breaker.state == "open"
    clock.time = 10.0
    message = "2 calls in a row failed; the next goes out in 20.0 s"
    refused = CallFailure(message, "circuit_open", retry_after=20.0, sent=False)
    assert ask(breaker, GOOD) == refused
    clock.time = 30.0
    assert breaker.state == "half_open"
    assert ask(breaker, DEAD) is DEAD
    assert breaker.state == "open"
    clock.time = 60.0
    assert ask(breaker, GOOD) is GOOD
    assert breaker.state == "closed"
    ask(breaker, DEAD)
    assert breaker.state == "closed"


@pytest.mark.parametrize(
    ("kind", "state"),
    [
        *((kind, "open") for kind in ("unreachable", "timeout", "server_error", "overloaded")),
        *((kind, "open") for kind in ("malformed", "cut_off")),
        *((kind, "closed") for kind in ("rate_limited", "quota", "bad_request", "unauthorized")),
        *((kind, "closed") for kind in ("over_budget", "late", "circuit_open", "too_large")),
    ],
)
def test_only_what_a_dead_provider_looks_like_counts(kind: str, state: str):
    """A full provider is alive, and what we ended ourselves tells nothing."""
    breaker = Breaker(failures=1)
    by_blocking(breaker, CallFailure("failed", kind))
    assert breaker.state == state


def test_what_we_ended_ourselves_does_not_break_a_row():
    """Nobody knows what would have come."""
    breaker = Breaker(failures=2)
    for answer in (DEAD, CallFailure("late", "late"), DEAD):
        by_blocking(breaker, answer)
    assert breaker.state == "open"


def test_half_open_lets_one_call_through_and_a_cancelled_one_makes_room():
    """The second is refused while the first is under way."""
    clock = FakeClock()
    breaker = Breaker(failures=1, cooldown=5, clock=clock.now)
    by_blocking(breaker, DEAD)
    clock.time = 5.0

    def cancelled(_: Request) -> Answer:
        assert by_blocking(breaker, GOOD).kind == "circuit_open"
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        gated(cancelled, breaker)(REQUEST)
    assert by_blocking(breaker, GOOD) is GOOD
    assert breaker.state == "closed"


def test_answers_to_calls_from_before_it_opened_change_nothing():
    """A late success must not close it, nor late failures hold it open for longer."""
    clock = FakeClock()
    breaker = Breaker(failures=2, cooldown=5, clock=clock.now)
    before = [breaker.enter(REQUEST) for _ in range(4)]
    for trial, answer in zip(before, (DEAD, DEAD, GOOD, DEAD), strict=True):
        clock.time += 1
        trial.closed(answer)
    assert breaker.state == "open"
    clock.time = 7.0
    assert breaker.state == "half_open"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        pytest.param({"failures": 0}, r"^failures: expected a whole number from 1 up", id="none"),
        pytest.param({"cooldown": 0}, r"^cooldown: expected a number of seconds", id="no time"),
        pytest.param({"cooldown": float("nan")}, r"^cooldown: expected a number", id="nan"),
    ],
)
def test_nonsense_is_refused(options: dict[str, object], message: str):
    """When it is made."""
    with pytest.raises(ConfigurationError, match=message):
        Breaker(**options)


def test_the_repr_tells_the_state():
    """For a log line."""
    breaker = Breaker(failures=3)
    by_blocking(breaker, DEAD)
    assert repr(breaker) == "<Breaker: closed, 1 failures in a row>"
