"""Runs that are cut short, by a task, a timeout, a signal or a validator, and what they leave."""

from __future__ import annotations

import asyncio
import random
import signal
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from typing import Any

import openai
import pytest
from openai import AsyncOpenAI, OpenAI
from patience import eventually
from pydantic import BaseModel
from tenacity.wait import wait_none

from deterministic_llm import Budget, DeadlineExceeded, Limits, Model, Spend, enforce
from deterministic_llm.testing import FaultServer, ScriptedModel


class Point(BaseModel):
    """What is asked for."""

    a: int


@pytest.fixture(scope="module")
def server() -> Iterator[FaultServer]:
    with FaultServer() as running:
        yield running


def blocking(model: Model, **options: Any) -> Point:
    return model.generate("Where?", Point, **options)


def awaiting(model: Model, **options: Any) -> Point:
    return asyncio.run(model.agenerate("Where?", Point, **options))


def streaming(model: Model, **options: Any) -> Point:
    with model.stream("Where?", Point, **options) as events:
        list(events)
    return events.result.output


def astreaming(model: Model, **options: Any) -> Point:
    async def told() -> Point:
        async with model.astream("Where?", Point, **options) as events:
            async for _ in events:
                pass
        return events.result.output

    return asyncio.run(told())


AWAITING = [awaiting, astreaming]


@contextmanager
def model_at(server: FaultServer, ask: Callable[..., Point], **options: Any) -> Iterator[Model]:
    """A model of *server* whose connections are closed with the block."""
    address = server.base_url("ok")
    if ask in AWAITING:  # each event loop closes its own
        yield Model("openai:m", base_url=address, api_key="k", **options)
        return
    with OpenAI(base_url=address, api_key="k") as client:
        yield Model("openai:m", client=client, **options)


def stages() -> list[Any]:
    """Where a run can be cut short, and what it has cost by then."""
    sent = Spend(calls=1)
    return [
        pytest.param("hang", "busy", Spend(), sent, id="before the headers"),
        pytest.param("stall", "busy", Spend(), sent, id="in the body"),
        pytest.param("429_far", "asked", sent, Spend(), id="in the wait before a call"),
        pytest.param("ok", "checking", Spend(tokens=10, calls=1), Spend(), id="in a validator"),
        pytest.param("ok", "queued", Spend(), Spend(), id="in the queue for a slot"),
        pytest.param("ok", "made", Spend(), Spend(), id="before it began"),
    ]


@pytest.mark.parametrize(("fault", "when", "spent", "unsettled"), stages())
def test_a_cancelled_run_leaves_nothing_behind(
    server: FaultServer, fault: str, when: str, spent: Spend, unsettled: Spend
):
    """No reservation, slot, task or request, and the next run is served."""
    budget, limits = Budget(calls=9), Limits(concurrency=1)
    model = Model(
        "openai:m", base_url=server.base_url("ok"), api_key="k", budget=budget, limits=limits
    )
    checking = asyncio.Event()

    async def holds(_point: Point) -> bool:
        checking.set()
        await asyncio.Event().wait()
        return True

    @model.enforce(Point)
    async def where() -> str:
        return "Where?"

    async def cut_short() -> Point:
        before = server.counts.get(fault, 0)
        happened: dict[str, Callable[[], bool]] = {
            "busy": lambda: server.busy == 1,
            "asked": lambda: server.counts.get(fault, 0) > before and not limits.in_flight,
            "checking": checking.is_set,
            "queued": lambda: limits.waiting == 1,
            "made": lambda: True,
        }
        slot = limits.acquire() if when == "queued" else None
        checks = {"validators": [holds]} if when == "checking" else {}
        run = asyncio.ensure_future(where.with_options(headers={"x-fault": fault}, **checks)())
        while not happened[when]():  # noqa: ASYNC110  # nobody sets an event for the server
            await asyncio.sleep(0.001)
        run.cancel()
        with pytest.raises(asyncio.CancelledError):
            await run
        if slot is not None:
            slot.__exit__(None, None, None)
        assert asyncio.all_tasks() == {asyncio.current_task()}
        assert (budget.spent, budget.reserved, budget.unsettled) == (spent, Spend(), unsettled)
        assert (limits.in_flight, limits.waiting) == (0, 0)
        assert await asyncio.to_thread(eventually, lambda: server.busy == 0)
        return await where.with_options(limits=Limits())()  # the old ones heed the Retry-After

    assert asyncio.run(cut_short()) == Point(a=1)
    assert eventually(lambda: server.open == 0)


def test_a_timeout_around_a_run_is_the_callers_own(server: FaultServer):
    """It is no DeadlineExceeded, and leaves no connection."""
    model = Model("openai:m", base_url=server.base_url("stall"), api_key="k", timeout=20.0)

    async def bounded() -> None:
        async with asyncio.timeout(0.1):
            await model.arun("Where?", Point)

    with pytest.raises(TimeoutError) as caught:
        asyncio.run(bounded())
    assert not isinstance(caught.value, DeadlineExceeded)
    assert eventually(lambda: server.open == 0 and server.busy == 0)


@pytest.mark.untraced
def test_a_full_pool_survives_cancelled_calls(server: FaultServer):
    """15 calls at a time, cancelled again and again, share five connections; then five succeed."""
    draw = random.Random(7)  # noqa: S311  # the same moments every time
    kind = type(openai.DEFAULT_CONNECTION_LIMITS)
    pool = openai.DefaultAsyncHttpxClient(
        limits=kind(max_connections=5, max_keepalive_connections=5),
        timeout=openai.Timeout(5.0, pool=1.0),
    )
    limits = Limits(concurrency=5)

    async def poisoned() -> list[Point]:
        address = server.base_url("slow")
        async with AsyncOpenAI(base_url=address, api_key="k", http_client=pool) as client:
            model = Model("openai:m", client=client, limits=limits, wait=wait_none())
            for _ in range(20):
                runs = [asyncio.ensure_future(model.arun("Where?", Point)) for _ in range(15)]
                await asyncio.sleep(draw.uniform(0, 0.06))
                for run in runs:
                    run.cancel()
                await asyncio.gather(*runs, return_exceptions=True)
            assert (limits.in_flight, limits.waiting) == (0, 0)
            return await asyncio.gather(*(model.agenerate("Where?", Point) for _ in range(5)))

    assert asyncio.run(poisoned()) == [Point(a=1)] * 5
    assert eventually(lambda: server.open == 0 and server.busy == 0)


class StopNow(BaseException):  # as KeyboardInterrupt is no error
    """What no library may catch."""


STOPS = [StopNow, KeyboardInterrupt, SystemExit]
deadlines = pytest.mark.parametrize(
    "options", [{}, {"timeout": 30.0}], ids=["no deadline", "a deadline"]
)


@pytest.mark.parametrize("kind", STOPS)
@deadlines
def test_what_is_no_exception_passes_through_a_function(
    kind: type[BaseException], options: dict[str, Any]
):
    """As it was raised; nothing stays reserved."""
    raised, budget = kind("now"), Budget(calls=9)

    @enforce(Point, budget=budget, **options)
    def stops() -> str:
        raise raised

    @enforce(Point, budget=budget, **options)
    async def stops_awaited() -> str:
        raise raised

    with pytest.raises(kind) as caught:
        stops()
    assert caught.value is raised
    with pytest.raises(kind) as caught:
        asyncio.run(stops_awaited())
    assert caught.value is raised
    assert (budget.spent, budget.reserved, budget.unsettled) == (Spend(), Spend(), Spend(calls=2))


@pytest.mark.parametrize("kind", STOPS)
@deadlines
def test_what_is_no_exception_passes_through_a_validator(
    kind: type[BaseException], options: dict[str, Any]
):
    """Wherever it runs; the loop that awaits for blocking callers goes on."""
    raised = kind("now")

    def stops(_point: Point) -> bool:
        raise raised

    async def stops_awaited(_point: Point) -> bool:
        raise raised

    for check in (stops, stops_awaited):
        with pytest.raises(kind) as caught:
            ScriptedModel(['{"a": 1}']).run("Where?", Point, validators=[check], **options)
        assert caught.value is raised
    passed = ScriptedModel(['{"a": 1}'])
    assert passed.generate("Where?", Point, validators=[awaits]) == Point(a=1)


async def awaits(_point: Point) -> bool:
    """Nothing is wrong."""
    await asyncio.sleep(0)
    return True


def test_a_stream_that_a_function_returns_is_read_and_leaves_no_connection():
    """As an SDK returns it, awaited or not; a whole one, and one that breaks off."""
    told: dict[str, Any] = {"model": "m", "messages": [], "stream": True}

    @enforce(Point, wait=wait_none(), transport_retries=1)
    def ask(client: OpenAI) -> object:
        return client.chat.completions.create(**told)

    @enforce(Point, wait=wait_none(), transport_retries=1)
    async def ask_awaited(client: AsyncOpenAI) -> object:
        return await client.chat.completions.create(**told)

    async def awaited(address: str) -> Point:
        async with AsyncOpenAI(base_url=address, api_key="k") as client:
            return await ask_awaited(client)

    with FaultServer() as server:
        address = server.script("broken-off", ["stream_reset", "stream"])
        with OpenAI(base_url=address, api_key="k") as client:
            assert ask(client) == Point(a=1)
        address = server.script("again", ["stream_reset", "stream"])
        assert asyncio.run(awaited(address)) == Point(a=1)
        assert eventually(lambda: server.open == 0)


class Stream:
    """Chunks as an SDK gives them, the second of which nobody can read."""

    def __init__(self) -> None:
        self.closed = 0
        self._chunks = iter(['{"a"', object()])

    def __iter__(self) -> Iterator[object]:
        return self

    def __next__(self) -> object:
        return next(self._chunks)

    def close(self) -> None:
        """Give the connection back."""
        self.closed += 1

    async def chunks(self) -> AsyncIterator[object]:
        """The same of an async function."""
        try:
            for chunk in self._chunks:
                yield chunk
        finally:
            self.close()


def test_a_stream_that_is_not_read_to_its_end_is_closed():
    """At once, and not when it is collected: it holds a connection."""
    stream = Stream()
    with pytest.raises(TypeError):
        enforce(Point)(lambda: stream)()
    assert stream.closed == 1


def test_an_async_generator_that_is_not_read_to_its_end_is_closed():
    """At once, and not when its event loop ends."""
    stream = Stream()

    async def closed() -> int:
        with pytest.raises(TypeError):
            await enforce(Point)(stream.chunks)()
        return stream.closed

    assert asyncio.run(closed()) == 1


@pytest.mark.skipif(not hasattr(signal, "pthread_kill"), reason="no such signals here")
@pytest.mark.parametrize("ask_model", [blocking, awaiting, streaming, astreaming])
@pytest.mark.parametrize("fault", ["hang", "stall"])
@pytest.mark.parametrize("options", [{}, {"timeout": 1.0}], ids=["no deadline", "a deadline"])
def test_an_interrupt_from_the_keyboard_ends_a_call(
    server: FaultServer, ask_model: Callable[..., Point], fault: str, options: dict[str, Any]
):
    """Its share stays unsettled, the next call is served, and its connection is closed.

    That of a blocking call which waits for the headers may stay until the deadline.
    """
    purse = Budget(calls=9)
    assert eventually(lambda: server.busy == 0)
    with model_at(server, ask_model, budget=purse) as model:
        with interrupted_when(lambda: server.busy == 1), pytest.raises(KeyboardInterrupt):
            ask_model(model, headers={"x-fault": fault}, **options)
        assert (purse.spent, purse.reserved, purse.unsettled) == (Spend(), Spend(), Spend(calls=1))
        assert ask_model(model) == Point(a=1)
        assert eventually(lambda: server.busy == 0)
    assert eventually(lambda: server.open == 0)


@contextmanager
def interrupted_when(happened: Callable[[], bool]) -> Iterator[None]:
    """What Ctrl-C does in the block, once it *happened*; again where it was lost in a finalizer."""
    over = threading.Event()

    def interrupt() -> None:
        while not over.wait(0.005):
            if happened():
                signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
                over.wait(5)

    interrupter = threading.Thread(target=interrupt)
    interrupter.start()
    try:
        yield
    finally:
        over.set()
        interrupter.join()
