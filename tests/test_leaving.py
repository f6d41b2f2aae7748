"""Who leaves a stream ends its response at once: by whatever way, in threads and in tasks."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing, closing, suppress
from typing import Any

import pytest
from patience import eventually
from pydantic import BaseModel, Field
from stepping import Stepping
from tenacity.wait import wait_none

from deterministic_llm import AsyncStream, Budget, Limits, Model, Spend, Stream, StreamEvent
from deterministic_llm.testing import FaultServer


class Grade(BaseModel):
    """What is streamed."""

    score: int = Field(ge=0, le=10)
    comment: str


@pytest.fixture
def server() -> Iterator[Stepping]:
    with Stepping() as running:
        yield running


def model_of(server: Stepping, **options: Any) -> Model:
    return Model("openai:m", base_url=server.base_url, api_key="k", wait=wait_none(), **options)


def leave(events: Stream[Grade]) -> None:
    with events:
        next(events)


def fail(events: Stream[Grade]) -> None:
    with suppress(ZeroDivisionError), events:
        next(events)
        raise ZeroDivisionError


def close(events: Stream[Grade]) -> None:
    next(events)
    events.close()


def close_by_contextlib(events: Stream[Grade]) -> None:
    with closing(events):
        next(events)


def break_out(events: Stream[Grade]) -> None:
    for _ in events:
        break


def close_from_another_thread(events: Stream[Grade]) -> None:
    next(events)
    reader = threading.Thread(target=lambda: list(events))
    reader.start()
    events.close()
    reader.join()


WAYS = [leave, fail, close, close_by_contextlib, break_out, close_from_another_thread]


async def aleave(events: AsyncStream[Grade]) -> None:
    async with events:
        await anext(events)


async def afail(events: AsyncStream[Grade]) -> None:
    with suppress(ZeroDivisionError):
        async with events:
            await anext(events)
            raise ZeroDivisionError


async def aclose(events: AsyncStream[Grade]) -> None:
    await anext(events)
    await events.close()


async def aclose_by_contextlib(events: AsyncStream[Grade]) -> None:
    async with aclosing(events):
        await anext(events)


async def abreak_out(events: AsyncStream[Grade]) -> None:
    async for _ in events:
        break


async def cancel(events: AsyncStream[Grade]) -> None:
    await anext(events)
    reader = asyncio.ensure_future(anext(events))
    await asyncio.sleep(0)
    reader.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reader


async def cancel_in_the_body(events: AsyncStream[Grade]) -> None:
    began = asyncio.Event()

    async def read() -> None:
        async with events:
            await anext(events)
            began.set()
            await asyncio.Event().wait()

    reader = asyncio.ensure_future(read())
    await began.wait()
    reader.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reader


async def time_out(events: AsyncStream[Grade]) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(None) as limit, events:
            await anext(events)
            limit.reschedule(asyncio.get_running_loop().time())
            await anext(events)


async def close_from_another_task(events: AsyncStream[Grade]) -> None:
    await anext(events)
    reader = asyncio.ensure_future(collected(events))
    await asyncio.sleep(0)
    await events.close()
    assert await reader == []


async def close_from_several_tasks(events: AsyncStream[Grade]) -> None:
    await anext(events)
    reader = asyncio.ensure_future(collected(events))
    await asyncio.sleep(0)
    await asyncio.gather(events.close(), events.close())
    assert await reader == []


async def close_in_several_tasks_at_rest(events: AsyncStream[Grade]) -> None:
    await anext(events)
    await asyncio.gather(events.close(), events.close())


async def collected(events: AsyncStream[Grade]) -> list[StreamEvent[Grade]]:
    return [event async for event in events]


ASYNC_WAYS = [
    close_from_several_tasks,
    close_in_several_tasks_at_rest,
    aleave,
    afail,
    aclose,
    aclose_by_contextlib,
    abreak_out,
    cancel,
    cancel_in_the_body,
    time_out,
    close_from_another_task,
]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    "options", [{}, {"timeout": 30.0, "idle_timeout": 20.0}], ids=["", "timed"]
)
def test_who_leaves_ends_the_response_at_once(
    server: Stepping, way: Callable[[Stream[Grade]], None], options: dict[str, Any]
):
    """The server knows it before it has sent another piece; what was read is spent, no more."""
    purse, limits = Budget(calls=9), Limits(concurrency=1)
    server.say('{"score": 9, "com')
    model = model_of(server, budget=purse, limits=limits, **options)
    way(model.stream("Grade!", Grade))
    assert server.left.wait(5)
    assert server.sent == 1
    assert (purse.spent.calls, purse.reserved, purse.unsettled) == (1, Spend(), Spend())
    assert (limits.in_flight, limits.waiting) == (0, 0)


@pytest.mark.parametrize("way", ASYNC_WAYS)
def test_who_awaits_and_leaves_ends_the_response_at_once(
    server: Stepping, way: Callable[[AsyncStream[Grade]], Awaitable[None]]
):
    """While its event loop goes on: nothing waits for the end of that."""
    purse, limits = Budget(calls=9), Limits(concurrency=1)
    server.say('{"score": 9, "com')

    async def leaves() -> None:
        await way(model_of(server, budget=purse, limits=limits).astream("Grade!", Grade))
        assert await asyncio.to_thread(server.left.wait, 5)
        others = asyncio.all_tasks() - {asyncio.current_task()}  # a finaliser, which is about done
        await asyncio.wait_for(asyncio.gather(*others), 5)
        assert (purse.spent.calls, purse.reserved, purse.unsettled) == (1, Spend(), Spend())
        assert (limits.in_flight, limits.waiting) == (0, 0)

    asyncio.run(leaves())
    assert server.sent == 1


LONG = '{"score": 9, "comment": "' + "a word " * 2_284 + '."}'
"""An answer of about 4,000 tokens."""


@pytest.mark.parametrize("in_thread", [False, True], ids=["", "in a thread"])
@pytest.mark.parametrize("way", WAYS)
def test_a_server_that_goes_on_writing_is_left(
    way: Callable[[Stream[Grade]], None],
    in_thread: bool,  # noqa: FBT001  # a parameter of the test
):
    """It writes a token a millisecond, and next to nothing of its answer."""
    with FaultServer(LONG, pause=0.001) as server, ThreadPoolExecutor(1) as pool:
        model = Model("openai:m", base_url=server.base_url("ok"), api_key="k")
        events = model.stream("Grade!", Grade)
        pool.submit(way, events).result() if in_thread else way(events)
        del events
        assert eventually(lambda: server.busy == 0)
        assert server.sent < 0.1 * len(LONG)


@pytest.mark.parametrize("way", ASYNC_WAYS)
def test_a_server_that_goes_on_writing_is_left_by_one_who_awaits(
    way: Callable[[AsyncStream[Grade]], Awaitable[None]],
):
    """As above, while the event loop goes on."""

    async def leaves(server: FaultServer) -> None:
        model = Model("openai:m", base_url=server.base_url("ok"), api_key="k")
        await way(model.astream("Grade!", Grade))
        assert await asyncio.to_thread(eventually, lambda: server.busy == 0)
        assert server.sent < 0.1 * len(LONG)

    with FaultServer(LONG, pause=0.001) as server:
        asyncio.run(leaves(server))


def test_streams_of_several_threads_end_each_for_itself():
    """Each breaks its own connection."""
    with Stepping(first='{"score": 9, "com') as server, ThreadPoolExecutor(4) as pool:
        model = model_of(server)
        list(pool.map(leave, [model.stream("Grade!", Grade) for _ in range(12)]))
        assert eventually(lambda: server.gone == 12)
        assert server.sent == 12
