"""A call that hangs is given up after its own time, and the run goes on: resent, or elsewhere."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from time import perf_counter
from typing import Any, cast

import pytest
from patience import eventually, lateness
from pydantic import BaseModel
from tenacity.wait import wait_none

from deterministic_llm import (
    Budget,
    CallFailure,
    DeadlineExceeded,
    Final,
    Limits,
    Model,
    ProviderError,
    Result,
    Spend,
    Turn,
    enforce,
)
from deterministic_llm.testing import FaultServer, ScriptedModel

ALONE = 0.2
"""Seconds that one call may take."""


class Point(BaseModel):
    """What the healthy answer is."""

    a: int


Ask = Callable[..., Result[Point]]


def blocking(model: Model, **options: Any) -> Result[Point]:
    return model.run("Where?", Point, **options)


def awaiting(model: Model, **options: Any) -> Result[Point]:
    return asyncio.run(model.arun("Where?", Point, **options))


def streaming(model: Model, **options: Any) -> Result[Point]:
    with model.stream("Where?", Point, **options) as events:
        *_, last = events
    return cast("Final[Point]", last).result


def astreaming(model: Model, **options: Any) -> Result[Point]:
    async def told() -> Result[Point]:
        async with model.astream("Where?", Point, **options) as events:
            return cast("Final[Point]", [event async for event in events][-1]).result

    return asyncio.run(told())


colours = pytest.mark.parametrize("ask", [blocking, awaiting, streaming, astreaming])


@pytest.fixture(scope="module")
def server() -> Iterator[FaultServer]:
    with FaultServer(pace=0.05) as running:
        for ask in (blocking, awaiting):  # what is imported and made once takes longer than a call
            ask(model_of(running, "ok"))
        yield running


def model_of(server: FaultServer, name: str, **options: Any) -> Model:
    options = {"call_timeout": ALONE, "wait": wait_none(), "identify": False, **options}
    return Model("openai:m", base_url=server.base_url(name), api_key="k", **options)


def outcomes(told: Result[Any] | ProviderError | DeadlineExceeded) -> list[str]:
    return [attempt.outcome for attempt in told.attempts]


@colours
@pytest.mark.parametrize("timeout", [None, 60.0])
def test_a_call_that_hangs_is_made_again(server: FaultServer, ask: Ask, timeout: float | None):
    """What it may have cost stays unsettled, and its connection is closed."""
    name, purse = f"{ask.__name__} {timeout}".replace(" ", "-"), Budget(calls=9)
    server.script(name, ["hang", "stall", "drip", "ok"])
    result = ask(model_of(server, name, budget=purse), timeout=timeout)
    assert result.output == Point(a=1)
    assert outcomes(result) == ["timeout", "timeout", "timeout", "accepted"]
    assert "in the 0.2 s that one call may take" in result.explain()
    assert (purse.spent.calls, purse.unsettled, purse.reserved) == (1, Spend(calls=3), Spend())
    assert eventually(lambda: server.busy == 0)


@colours
def test_a_model_that_always_hangs_is_given_up(server: FaultServer, ask: Ask):
    """As often as ``transport_retries`` says, then its error or the next model."""
    model = model_of(server, "hang", transport_retries=1)
    with pytest.raises(ProviderError) as caught:
        ask(model)
    assert outcomes(caught.value) == ["timeout", "timeout"]
    assert caught.value.retryable
    result = ask(model, fallback=[ScriptedModel(['{"a": 2}'])])
    assert (result.output, outcomes(result)) == (Point(a=2), ["timeout", "timeout", "accepted"])


@colours
def test_the_runs_own_time_is_still_its_end(server: FaultServer, ask: Ask):
    """The last call has what is left of it, if that is less."""
    began = perf_counter()
    with lateness() as late, pytest.raises(DeadlineExceeded) as caught:
        ask(model_of(server, "hang"), timeout=1.5 * ALONE)
    assert perf_counter() - began < 1.5 * ALONE + 0.25 + late()
    assert outcomes(caught.value) == ["timeout", "late"]


@colours
def test_the_wait_for_a_slot_is_no_part_of_a_call(server: FaultServer, ask: Ask):
    """Nothing is sent meanwhile; what is then sent has all of its time."""
    limits = Limits(concurrency=1)
    slot = limits.acquire()
    assert slot is not None
    freed = threading.Timer(1.5 * ALONE, slot.closed, [CallFailure("", "unreachable")])
    freed.start()
    result = ask(model_of(server, "slow", limits=limits))
    assert outcomes(result) == ["accepted"]
    freed.join()


@colours
def test_in_time_a_limit_changes_nothing(server: FaultServer, ask: Ask):
    """The answer is that of a call without one."""
    with_one, without = (ask(model_of(server, "slow", call_timeout=each)) for each in (60.0, None))
    assert with_one.output == without.output
    assert outcomes(with_one) == outcomes(without) == ["accepted"]


@pytest.mark.parametrize("timeout", [None, 60.0])
def test_an_async_function_is_cut_and_called_again(timeout: float | None):
    """It may close what it opened, and is told the lesser of its two times."""
    told: list[float | None] = []
    closed: list[int] = []

    @enforce(Point, timeout=cast("Any", timeout), call_timeout=0.05, wait=wait_none())
    async def ask(turn: Turn) -> str:
        told.append(turn.timeout)
        if turn.number == 1:
            try:
                await asyncio.Event().wait()
            finally:
                closed.append(turn.number)
        return '{"a": 1}'

    result = asyncio.run(ask.run())
    assert (result.output, outcomes(result)) == (Point(a=1), ["timeout", "accepted"])
    assert (told, closed) == ([0.05, 0.05], [1])


def test_an_async_generator_is_cut_and_called_again():
    """Also where it is read as it comes."""

    @enforce(Point, call_timeout=0.05, wait=wait_none())
    async def ask(turn: Turn) -> Any:
        yield '{"a": '
        if turn.number == 1:
            await asyncio.Event().wait()
        yield "1}"

    async def told() -> Any:
        async with ask.stream() as events:
            return [event async for event in events][-1]

    for result in (asyncio.run(ask.run()), asyncio.run(told()).result):
        assert (result.output, outcomes(result)) == (Point(a=1), ["timeout", "accepted"])


def test_a_function_that_blocks_is_told_its_time_and_its_answer_taken():
    """Nobody can stop it, and what it says late is an answer as long as the run has time."""
    told: list[float | None] = []

    @enforce(Point, timeout=60, call_timeout=0.01)
    def ask(turn: Turn) -> str:
        told.append(turn.timeout)
        threading.Event().wait(0.02)
        return '{"a": 1}'

    assert ask() == Point(a=1)
    assert told == [0.01]


def test_what_is_left_of_the_run_is_told_where_it_is_less():
    """As without a time for one call."""
    told: list[float | None] = []

    @enforce(Point, timeout=1, call_timeout=60)
    def ask(turn: Turn) -> str:
        told.append(turn.timeout)
        return '{"a": 1}'

    ask()
    assert told[0] is not None
    assert 0 < told[0] <= 1
