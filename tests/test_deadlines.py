"""A run takes no longer than its timeout says, whoever dawdles: server, validator, queue."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from time import perf_counter
from typing import Any

import pytest
from openai import OpenAI
from patience import eventually, lateness
from pydantic import BaseModel
from tenacity.wait import wait_none

from deterministic_llm import (
    Attempt,
    Budget,
    CallFailure,
    Completion,
    DeadlineExceeded,
    Event,
    Limits,
    Model,
    Spend,
    Turn,
    budget,
    enforce,
)
from deterministic_llm._core.attempts import Failed
from deterministic_llm.testing import FaultServer, ScriptedModel

LEFT = 0.3
GRACE = 0.25
Ask = Callable[..., object]
InTime = Callable[[float], bool]


class Point(BaseModel):
    """What the healthy answer is."""

    a: int


def blocking(model: Model, **options: Any) -> object:
    return model.run("Where?", Point, **options)


def awaiting(model: Model, **options: Any) -> object:
    return asyncio.run(model.arun("Where?", Point, **options))


def streaming(model: Model, **options: Any) -> object:
    with model.stream("Where?", Point, **options) as events:
        return list(events)


def astreaming(model: Model, **options: Any) -> object:
    async def told() -> list[object]:
        async with model.astream("Where?", Point, **options) as events:
            return [event async for event in events]

    return asyncio.run(told())


BLOCKING = [blocking, streaming]
colours = pytest.mark.parametrize("ask", [blocking, awaiting, streaming, astreaming])


@pytest.fixture(scope="module")
def server() -> Iterator[FaultServer]:
    with FaultServer(pace=0.05) as running:
        model = model_of(running, "ok")
        for ask in (blocking, awaiting):  # what is imported and made once takes longer than a call
            ask(model)
        yield running


def model_of(server: FaultServer, name: str, **options: Any) -> Model:
    address = server.base_url(name)
    return Model("openai:m", base_url=address, api_key="k", wait=wait_none(), **options)


def exceeded(ask: Ask, model: Model, **options: Any) -> tuple[DeadlineExceeded, float]:
    """The error of a run that ran out of time, and the seconds that it took."""
    began = perf_counter()
    with pytest.raises(DeadlineExceeded) as caught:
        ask(model, **options)
    return caught.value, perf_counter() - began


@pytest.fixture
def in_time() -> Iterator[InTime]:
    """Whether a run of so many seconds ended at its deadline, as far as the machine let it."""
    with lateness() as late:
        yield lambda seconds: LEFT <= seconds < LEFT + GRACE + late()


def outcomes(attempts: tuple[Attempt[object], ...]) -> list[str]:
    return [attempt.outcome for attempt in attempts]


SILENCES = ["drip", "drip_head", "stall", "hang"] * 4


def in_threads(model: Model) -> list[tuple[DeadlineExceeded, float]]:
    blocking(model)  # what is made once
    with ThreadPoolExecutor(len(SILENCES)) as pool:
        told = [{"headers": {"x-fault": fault}, "timeout": LEFT} for fault in SILENCES]
        return list(pool.map(lambda options: exceeded(blocking, model, **options), told))


def in_tasks(model: Model) -> list[tuple[DeadlineExceeded, float]]:
    async def timed(fault: str) -> tuple[DeadlineExceeded, float]:
        began = perf_counter()
        with pytest.raises(DeadlineExceeded) as caught:
            await model.arun("Where?", Point, headers={"x-fault": fault}, timeout=LEFT)
        return caught.value, perf_counter() - began

    async def all_timed() -> list[tuple[DeadlineExceeded, float]]:
        await model.arun("Where?", Point)
        return await asyncio.gather(*map(timed, SILENCES))

    return asyncio.run(all_timed())


@pytest.mark.untraced
@pytest.mark.parametrize("at_once", [in_threads, in_tasks])
def test_each_run_ends_in_time_whatever_the_server_does(
    server: FaultServer,
    at_once: Callable[..., list[tuple[DeadlineExceeded, float]]],
    in_time: InTime,
):
    """16 at once: the one call of each is late, and what it may have cost is unsettled."""
    budget, before = Budget(calls=17), sum(server.counts.values())
    errors = at_once(model_of(server, "ok", budget=budget))
    assert all(in_time(seconds) for _, seconds in errors)
    assert [outcomes(error.attempts) for error, _ in errors] == [["late"]] * 16
    assert sum(server.counts.values()) - before == 17
    assert (budget.spent, budget.reserved) == (Spend(tokens=10, calls=1), Spend())
    assert budget.unsettled == Spend(calls=16)


@colours
@pytest.mark.parametrize("fault", ["drip", "stall", "hang"])
def test_a_call_that_is_given_up_closes_its_connection(ask: Ask, fault: str):
    """Soon, although the server would go on for seconds."""
    with (
        FaultServer(pace=0.2) as patient,
        OpenAI(base_url=patient.base_url(fault), api_key="k") as client,
    ):
        given = {"client": client} if ask in BLOCKING else {"base_url": str(client.base_url)}
        exceeded(ask, Model("openai:m", api_key="k", **given), timeout=LEFT)
        assert eventually(lambda: patient.busy == 0, within=3.0)


@colours
def test_all_calls_of_a_run_share_its_time(server: FaultServer, ask: Ask, in_time: InTime):
    """Trouble and bad answers use up some of it; the last call gets what is left."""
    server.script(ask.__name__, ["503_now", Completion("what?"), "slow", "hang"])
    model = model_of(server, ask.__name__, max_retries=9, validators=[never])
    error, seconds = exceeded(ask, model, timeout=LEFT)
    assert in_time(seconds)
    assert outcomes(error.attempts) == ["overloaded", "invalid", "invalid", "late"]
    given = [attempt.request.timeout or 0.0 for attempt in error.attempts]
    assert given == sorted(given, reverse=True)
    assert given[-1] <= LEFT - 0.05


def never(_point: Point) -> bool:
    """No answer is good enough."""
    return False


@colours
@pytest.mark.parametrize("fault", ["429_far", "429_reset"])
def test_a_wait_past_the_deadline_is_not_begun(server: FaultServer, ask: Ask, fault: str):
    """Minutes, when there is half of one: the run says so at once."""
    before = server.counts.get(fault, 0)
    error, seconds = exceeded(ask, model_of(server, fault), timeout=30.0)
    assert seconds < 3.0
    assert outcomes(error.attempts) == ["rate_limited"]
    assert server.counts[fault] - before == 1


async def slowly(_point: Point) -> bool:
    """Nobody knows."""
    await asyncio.Event().wait()
    return True


@colours
def test_a_validator_that_awaits_too_long_is_given_up(ask: Ask, in_time: InTime):
    """The answer that it was asked about is kept."""
    error, seconds = exceeded(ask, ScriptedModel(['{"a": 1}']), timeout=LEFT, validators=[slowly])
    assert in_time(seconds)
    assert outcomes(error.attempts) == ["accepted", "late"]
    assert error.text == '{"a": 1}'
    assert "slowly was not done by the deadline" in str(error)


@colours
def test_a_validator_that_blocks_too_long_is_left_behind(ask: Ask, in_time: InTime):
    """Its thread goes on by itself, and nobody waits for it."""
    released = threading.Event()

    def stuck(_point: Point) -> bool:
        return released.wait(20)

    model = ScriptedModel(['{"a": 1}'])
    error, seconds = exceeded(ask, model, timeout=LEFT, validators=[stuck])
    released.set()
    assert in_time(seconds)
    assert outcomes(error.attempts) == ["accepted", "late"]


@colours
def test_nobody_waits_for_a_slot_past_the_deadline(server: FaultServer, ask: Ask, in_time: InTime):
    """The call never went out: it costs nothing, and the server knows nothing of it."""
    limits, budget, before = Limits(concurrency=1), Budget(calls=5), dict(server.counts)
    with limits.slot():
        model = model_of(server, "ok", limits=limits, budget=budget)
        error, seconds = exceeded(ask, model, timeout=LEFT)
    assert in_time(seconds)
    assert [(each.outcome, each.sent) for each in error.attempts] == [("late", False)]
    assert (budget.spent, budget.reserved, budget.unsettled) == (Spend(), Spend(), Spend())
    assert server.counts == before
    assert (limits.in_flight, limits.waiting) == (0, 0)
    ask(model, timeout=30.0)


@colours
def test_the_wait_for_a_slot_is_a_part_of_the_time(server: FaultServer, ask: Ask, in_time: InTime):
    """Who came up just in time has next to nothing for the call."""
    limits = Limits(concurrency=1)
    slot = limits.acquire()
    assert slot is not None
    threading.Timer(LEFT - 0.02, slot.closed, [CallFailure("", "unreachable")]).start()
    error, seconds = exceeded(ask, model_of(server, "hang", limits=limits), timeout=LEFT)
    assert in_time(seconds)
    assert outcomes(error.attempts) == ["late"]
    assert limits.in_flight == 0


def test_an_async_function_is_cancelled_when_its_time_is_over(in_time: InTime):
    """It may close what it opened."""
    closed: list[bool] = []

    @enforce(Point, timeout=LEFT)
    async def ask() -> str:
        try:
            await asyncio.Event().wait()
        finally:
            closed.append(True)
        return "never"

    began = perf_counter()
    with pytest.raises(DeadlineExceeded) as caught:
        asyncio.run(ask())
    assert in_time(perf_counter() - began)
    assert outcomes(caught.value.attempts) == ["late"]
    assert closed == [True]


@pytest.mark.parametrize("clears", [False, True], ids=["goes on", "answers late"])
def test_an_async_function_that_swallows_its_cancellation_is_left_behind(
    in_time: InTime, *, clears: bool
):
    """The caller is back in time; what was reserved stays unsettled, and nothing is reported."""
    over = asyncio.Event()
    ended: list[str] = []

    @enforce(int, timeout=LEFT, reserve=Spend(tokens=5))
    async def stubborn() -> str:
        while not over.is_set():
            try:
                await asyncio.wait_for(over.wait(), 2 * LEFT if clears else None)
            except (asyncio.CancelledError, TimeoutError):
                if clears:
                    break
        ended.append("at last")
        raise ValueError("too late to matter")

    async def story() -> tuple[float, list[str]]:
        reported: list[str] = []
        asyncio.get_running_loop().set_exception_handler(
            lambda _, context: reported.append(str(context))
        )
        began = perf_counter()
        with pytest.raises((DeadlineExceeded, ValueError)) as caught, budget(tokens=10) as purse:
            await stubborn()
        seconds = perf_counter() - began
        if not clears:
            assert isinstance(caught.value, DeadlineExceeded)
            assert purse.unsettled == Spend(tokens=5, calls=1)
        over.set()
        await asyncio.sleep(0.05)
        return seconds, reported

    seconds, reported = asyncio.run(story())
    assert in_time(seconds)
    assert (ended, reported) == (["at last"], [])


def test_a_sync_function_is_told_its_time_and_a_late_answer_is_kept():
    """It cannot be stopped: what it says when the time is over is evidence, and no value."""
    told: list[float | None] = []

    @enforce(Point, timeout=LEFT)
    def ask(turn: Turn) -> str:
        told.append(turn.timeout)
        time.sleep(LEFT + 0.01)
        return '{"a": 1}'

    with pytest.raises(DeadlineExceeded) as caught:
        ask()
    assert outcomes(caught.value.attempts) == ["accepted"]
    assert caught.value.text == '{"a": 1}'
    assert LEFT - 0.1 < (told[0] or 0.0) <= LEFT


@pytest.mark.parametrize("ask", [blocking, awaiting])
def test_hooks_that_hang_cost_a_moment_together(in_time: InTime, ask: Ask):
    """However many they are; one that only writes a line hears of the end all the same."""
    told: list[str] = []

    async def hanging(event: Event) -> None:
        del event
        await asyncio.Event().wait()

    async def quick(event: Event) -> None:
        await asyncio.sleep(0)
        told.append(type(event).__name__)

    model = ScriptedModel(['{"a": 1}'])
    error, seconds = exceeded(ask, model, hooks=[hanging] * 9 + [quick], timeout=LEFT)
    assert in_time(seconds)
    assert (outcomes(error.attempts), told[-1]) == (["accepted"], "GaveUp")


def test_a_generator_that_never_ends_is_left_at_the_deadline(in_time: InTime):
    """Sync or async, between two chunks: also one that never gives way to the event loop."""
    closed: list[str] = []

    @enforce(Point, timeout=LEFT)
    def endless() -> Iterator[str]:
        try:
            while True:
                yield "so "
        finally:
            closed.append("sync")

    @enforce(Point, timeout=LEFT)
    async def aendless() -> AsyncIterator[str]:
        try:
            while True:
                yield "so "
        finally:
            closed.append("async")

    for ask in (endless, lambda: asyncio.run(aendless())):
        began = perf_counter()
        with pytest.raises(DeadlineExceeded) as caught:
            ask()
        assert in_time(perf_counter() - began)
        (attempt,) = caught.value.attempts
        assert isinstance(attempt, Failed)
        assert (attempt.outcome, (attempt.failure.partial or "")[:6]) == ("late", "so so ")
    assert closed == ["sync", "async"]


@colours
def test_a_timeout_of_the_validators_own_is_no_deadline(ask: Ask):
    """It is passed on as it was raised, with a deadline far away or with none."""

    async def impatient(_point: Point) -> bool:
        raise TimeoutError("the database is slow")

    for options in ({}, {"timeout": 30.0}):
        with pytest.raises(TimeoutError, match="the database is slow"):
            ask(ScriptedModel(['{"a": 1}']), validators=[impatient], **options)
