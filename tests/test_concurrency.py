"""Many runs of one function at once, in threads, tasks and event loops."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar
from typing import Any

import pytest
from openai import AsyncOpenAI, OpenAI
from openai.types.chat import ChatCompletion
from patience import eventually
from pydantic import BaseModel, Field

from deterministic_llm import (
    Completion,
    Model,
    NoProgress,
    Turn,
    enforce,
)
from deterministic_llm.testing import FaultServer, ScriptedModel


class Point(BaseModel):
    """What is asked for; the name says whose answer it is."""

    a: int = Field(ge=0, le=10)
    name: str = ""


@pytest.fixture(scope="module")
def server() -> Iterator[FaultServer]:
    with FaultServer() as running:
        yield running


def told(turn: Turn, name: str) -> dict[str, Any]:
    """The arguments of a call that gets the next answer of the script *name*."""
    messages = [{"role": "user", "content": "Where?"}, *turn.messages]
    return {"model": "m", "messages": messages, "extra_headers": {"x-fault": name}}


async def patiently(point: Point) -> bool:
    """The name is not empty."""
    await asyncio.sleep(0)
    return bool(point.name)


@enforce(Point, validators=[patiently])
def ask(turn: Turn, client: OpenAI, name: str) -> ChatCompletion:
    return client.chat.completions.create(**told(turn, name))


@enforce(Point, validators=[patiently])
async def ask_awaited(turn: Turn, client: AsyncOpenAI, name: str) -> ChatCompletion:
    return await client.chat.completions.create(**told(turn, name))


def scripted(server: FaultServer, prefix: str, number: int) -> list[str]:
    """So many scripts of a wrong answer, which differs by script, and the field that mends it."""
    names = [f"{prefix}-{at}" for at in range(number)]
    for at, name in enumerate(names):
        wrong = f'{{"a": {at + 11}, "name": "{name}"}}'
        server.script(name, [Completion(wrong), Completion(f'{{"a": {at % 11}}}')])
    return names


def check(names: list[str], results: list[Any]) -> None:
    """Each has its own value, and its own story of two calls."""
    for at, (name, result) in enumerate(zip(names, results, strict=True)):
        assert result.output == Point(a=at % 11, name=name)
        assert [each.outcome for each in result.attempts] == ["invalid", "accepted"]
        assert [each.request.number for each in result.attempts] == [1, 2]
        assert str(at + 11) in str(result.attempts[0].violations[0])


@pytest.mark.untraced
def test_sixteen_threads_use_one_function(server: FaultServer):
    """And one client; nothing of one run is seen in another."""
    names = scripted(server, "thread", 96)
    with (
        OpenAI(base_url=server.base_url("ok"), api_key="k") as client,
        ThreadPoolExecutor(16) as pool,
    ):
        check(names, list(pool.map(lambda name: ask.run(client, name), names)))
    assert all(server.counts[name] == 2 for name in names)


@pytest.mark.untraced
def test_fifty_tasks_use_one_function(server: FaultServer):
    """In one event loop, with one client."""
    names = scripted(server, "task", 50)

    async def all_asked() -> list[object]:
        async with AsyncOpenAI(base_url=server.base_url("ok"), api_key="k") as client:
            return await asyncio.gather(*(ask_awaited.run(client, name) for name in names))

    check(names, asyncio.run(all_asked()))


@pytest.mark.untraced
def test_one_function_is_used_in_one_event_loop_after_another(server: FaultServer):
    """50 times asyncio.run, as scripts and notebooks do; each loop closes its connections."""
    model = Model("openai:m", base_url=server.base_url("ok"), api_key="k")

    @model.enforce(Point)
    async def where() -> str:
        return "Where?"

    for _ in range(50):
        assert asyncio.run(where()) == Point(a=1)
    assert eventually(lambda: server.open == 0)


@pytest.mark.untraced
def test_threads_with_event_loops_of_their_own_use_one_function(server: FaultServer):
    """Connections belong to the loop that they began in."""
    model = Model("openai:m", base_url=server.base_url("ok"), api_key="k")

    @model.enforce(Point)
    async def where() -> str:
        return "Where?"

    async def often() -> list[Point]:
        return await asyncio.gather(*(where() for _ in range(5)))

    with ThreadPoolExecutor(8) as pool:
        loops = [pool.submit(asyncio.run, often()) for _ in range(16)]
        assert [each.result(30) for each in loops] == [[Point(a=1)] * 5] * 16
    assert eventually(lambda: server.open == 0)


def test_a_blocking_function_works_inside_a_running_loop():
    """As in a notebook; its validator that awaits has another loop."""
    model = ScriptedModel(['{"a": 1}', '{"a": 1, "name": "x"}'], validators=[patiently])

    @model.enforce(Point)
    def where() -> str:
        return "Where?"

    async def cell() -> Point:
        return where()

    assert asyncio.run(cell()) == Point(a=1, name="x")


CALLER: ContextVar[str] = ContextVar("caller", default="nobody")


def test_context_variables_reach_functions_and_validators():
    """Of the caller, in both colours; also where a thread or another loop does the work."""
    seen: list[str] = []

    def noted(_point: Point) -> bool:
        seen.append(f"check by {CALLER.get()}")
        return True

    async def noted_awaiting(_point: Point) -> bool:
        seen.append(f"awaited check by {CALLER.get()}")
        return True

    checks = [noted, noted_awaiting]

    @enforce(Point, validators=checks)
    def where() -> str:
        seen.append(f"call by {CALLER.get()}")
        return '{"a": 1}'

    @enforce(Point, validators=checks)
    async def where_awaited() -> str:
        seen.append(f"call by {CALLER.get()}")
        return '{"a": 1}'

    for options in ({}, {"timeout": 30.0}):
        token = CALLER.set("Ann")
        where.with_options(**options)()
        asyncio.run(where_awaited.with_options(**options)())
        CALLER.reset(token)
    assert seen == ["call by Ann", "check by Ann", "awaited check by Ann"] * 4


def test_a_change_of_context_by_an_async_function_stays_in_its_run():
    """Tasks have contexts of their own; what one run sets no other sees."""

    @enforce(Point)
    async def where(name: str) -> str:
        before = CALLER.get()
        CALLER.set(name)
        await asyncio.sleep(0)
        return f'{{"a": 1, "name": "{before}, {CALLER.get()}"}}'

    async def both() -> list[Point]:
        tasks = [asyncio.ensure_future(where(name)) for name in ("Ann", "Bob")]
        return [await task for task in tasks]

    assert [point.name for point in asyncio.run(both())] == ["nobody, Ann", "nobody, Bob"]


def test_a_failed_run_leaves_nothing_for_the_next():
    """The same function: an error with its own attempts, then a value with its own."""
    answers = iter(['{"a": 99}', '{"a": 99}', '{"a": 1}'])
    numbers: list[int] = []

    @enforce(Point)
    def where(turn: Turn) -> str:
        numbers.append(turn.number)
        assert (turn.number == 1) == (not turn.violations)
        return next(answers)

    with pytest.raises(NoProgress) as caught:
        where()
    result = where.run()
    assert (len(caught.value.attempts), len(result.attempts)) == (2, 1)
    assert numbers == [1, 2, 1]
