"""A run that is told while it goes on: in time, to its end, and not a moment longer."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar
from pathlib import Path
from time import perf_counter
from typing import Any

import pytest
from patience import eventually
from pydantic import BaseModel, Field
from stepping import Stepping
from tenacity.wait import wait_none

from deterministic_llm import (
    AsyncStream,
    Budget,
    Cache,
    CallFailure,
    CallFinished,
    Cassette,
    Completion,
    ConfigurationError,
    DeadlineExceeded,
    EnforcementError,
    Event,
    FieldClosed,
    Final,
    Item,
    Model,
    Restarted,
    RetriesExhausted,
    SchemaError,
    StreamEvent,
    Template,
    TextGrown,
    Turn,
    enforce,
)
from deterministic_llm import budget as budget_block
from deterministic_llm._core.exchange import ToolCall
from deterministic_llm.testing import Abilities, FaultServer, ScriptedModel


class Grade(BaseModel):
    """What is streamed."""

    score: int = Field(ge=0, le=10)
    comment: str


GRADE = '{"score": 9, "comment": "Well told."}'


@pytest.fixture
def server() -> Iterator[Stepping]:
    with Stepping() as running:
        yield running


def model_of(server: Stepping, **options: Any) -> Model:
    return Model("openai:m", base_url=server.base_url, api_key="k", wait=wait_none(), **options)


# In time.


def test_a_closed_field_is_told_before_the_next_piece_is_sent(server: Stepping):
    """The server sends what it is told, and is told the second piece after the first event."""
    with model_of(server).stream("Grade!", Grade) as events:
        server.say('{"score": 9, "com')
        assert next(events) == FieldClosed("$.score", 9)
        assert server.sent == 1
        assert events.snapshot() == {"score": 9}
        server.say('ment": "Well ')
        assert next(events) == TextGrown("$.comment", "Well ")
        assert server.sent == 2
        server.say('told."}')
        server.end()
        *others, last = events
    assert last == Final(events.result)
    assert FieldClosed("$.comment", "Well told.") in others
    assert events.result.output == Grade(score=9, comment="Well told.")


def test_a_closed_field_is_told_before_the_next_piece_is_sent_to_one_who_awaits(server: Stepping):
    """As above."""

    async def told() -> None:
        async with model_of(server).astream("Grade!", Grade) as events:
            server.say('{"score": 9, "com')
            assert await anext(events) == FieldClosed("$.score", 9)
            assert server.sent == 1
            assert events.snapshot() == {"score": 9}
            server.say('ment": "Well ')
            assert await anext(events) == TextGrown("$.comment", "Well ")
            assert server.sent == 2
            server.say('told."}')
            server.end()
            *others, last = [event async for event in events]
        assert last == Final(events.result)
        assert FieldClosed("$.comment", "Well told.") in others

    asyncio.run(told())


def test_an_item_is_told_when_it_closes(server: Stepping):
    """And nothing else is, of items alone."""
    with model_of(server).stream_items("Grade!", list[Grade]) as items:
        server.say(f"[{GRADE}, ")
        assert next(items) == Item(0, Grade(score=9, comment="Well told."))
        assert server.sent == 1
        server.say(f"{GRADE}]")
        server.end()
        assert [item.index for item in items] == [1]
    assert len(items.result.output) == 2


def test_a_stream_that_was_never_begun_asks_nothing():
    """Nor is there anything to close."""
    model = ScriptedModel([])
    with model.stream("Grade!", Grade):
        pass
    model.stream("Grade!", Grade).close()
    asyncio.run(aleft_alone(model))
    assert model.requests == ()


async def aleft_alone(model: Model) -> None:
    async with model.astream("Grade!", Grade) as events:
        pass
    await events.close()


def test_a_closed_stream_is_at_its_end():
    """As a closed generator is, however often it is closed."""
    events = ScriptedModel([GRADE]).stream("Grade!", Grade)
    next(events)
    events.close()
    events.close()
    assert list(events) == []
    with pytest.raises(RuntimeError, match="the stream has no result"):
        events.result  # noqa: B018


def test_a_closed_stream_is_at_its_end_for_one_who_awaits():
    """As above."""

    async def closed() -> list[StreamEvent[Grade]]:
        events = ScriptedModel([GRADE]).astream("Grade!", Grade)
        await anext(events)
        await events.close()
        await events.aclose()
        with pytest.raises(RuntimeError, match="the stream has no result"):
            events.result  # noqa: B018
        return await all_of(events)

    assert asyncio.run(closed()) == []


# The same run.

WRONG = '{"score": 11, "comment": "Well told."}'
MENDED = '{"score": 9}'


def told(model: Model, target: Any = Grade, **options: Any) -> list[StreamEvent[Any]]:
    with model.stream("Grade!", target, **options) as events:
        return list(events)


def atold(model: Model, target: Any = Grade, **options: Any) -> list[StreamEvent[Any]]:
    async def all_told() -> list[StreamEvent[Any]]:
        async with model.astream("Grade!", target, **options) as events:
            return [event async for event in events]

    return asyncio.run(all_told())


colours = pytest.mark.parametrize("ask", [told, atold])
Ask = Callable[..., list[StreamEvent[Any]]]


@colours
def test_hooks_are_told_what_they_are_told_of_every_run(ask: Ask):
    """The same kinds of events in the same order."""
    script = [WRONG, MENDED]
    seen: dict[str, list[type[Event]]] = {"run": [], "stream": []}
    ScriptedModel(script).run("Grade!", Grade, hooks=[lambda e: seen["run"].append(type(e))])
    ask(ScriptedModel(script), hooks=[lambda e: seen["stream"].append(type(e))])
    assert seen["stream"] == seen["run"]


def test_what_is_kept_is_in_the_snapshot_between_two_answers():
    """Valid members of an answer that was given up, and not the wrong one."""
    with ScriptedModel([WRONG, MENDED]).stream("Grade!", Grade) as events:
        kept = [events.snapshot() for event in events if isinstance(event, Restarted)]
    assert kept == [{"comment": "Well told."}]


@colours
def test_a_run_that_gives_up_raises_what_run_raises(ask: Ask):
    """With all its attempts; hooks are told."""
    script = [WRONG, '{"score": 12}']
    with pytest.raises(RetriesExhausted) as awaited:
        ScriptedModel(script).run("Grade!", Grade, max_retries=1)
    with pytest.raises(RetriesExhausted) as streamed:
        ask(ScriptedModel(script), max_retries=1)
    assert streamed.value.violations == awaited.value.violations
    assert len(streamed.value.attempts) == 2


@colours
def test_an_exhausted_run_ends_with_what_on_exhausted_gives(ask: Ask):
    """Final has it, and says so."""
    *_, last = ask(ScriptedModel([WRONG]), max_retries=0, on_exhausted="return_none")
    assert isinstance(last, Final)
    assert (last.result.output, last.result.exhausted) == (None, True)
    *_, last = ask(ScriptedModel([WRONG]), max_retries=0, on_exhausted=type)
    assert isinstance(last, Final)
    assert last.result.output is RetriesExhausted


@colours
def test_a_stream_goes_on_with_a_run_that_was_stopped(ask: Ask):
    """It pays for what is left, and tells the whole."""
    with pytest.raises(EnforcementError) as stopped:
        ScriptedModel([WRONG]).run("Grade!", Grade, max_retries=0)
    model = ScriptedModel([MENDED])
    *others, last = ask(model, resume=stopped.value.to_json())
    assert last.result.output == Grade(score=9, comment="Well told.")
    assert folded(others) == {"score": 9, "comment": "Well told."}
    assert len(model.requests) == 1


@colours
def test_the_next_model_goes_on(ask: Ask):
    """What was told of the first answer is void where it is not the same."""
    first, second = ScriptedModel(["no", "no"]), ScriptedModel([GRADE])
    *others, last = ask(first, fallback=[second])
    assert last.result.output == Grade(score=9, comment="Well told.")
    assert folded(others) == {"score": 9, "comment": "Well told."}
    assert [each.request.model for each in last.result.attempts] == [0, 0, 1]


@colours
def test_an_answer_that_breaks_off_is_asked_for_again(ask: Ask):
    """By the table of every run; nothing is told twice."""
    broken = CallFailure("it broke", "unreachable", partial='{"score": 9, "comm')
    *others, last = ask(ScriptedModel([broken, GRADE], wait=wait_none()))
    assert [each.outcome for each in last.result.attempts] == ["unreachable", "accepted"]
    assert [each for each in others if isinstance(each, FieldClosed)] == [
        FieldClosed("$.score", 9),
        FieldClosed("$.comment", "Well told."),
    ]


@colours
def test_budgets_hold_a_stream(ask: Ask):
    """Its own, and that of the block around it."""
    purse = Budget(calls=1)
    with budget_block(calls=5) as around:
        with pytest.raises(EnforcementError, match="budget"):
            ask(ScriptedModel([WRONG, MENDED]), budget=purse)
        assert (purse.spent.calls, around.spent.calls) == (1, 1)
    ask(ScriptedModel([GRADE]))
    assert around.spent.calls == 1


def test_a_stream_that_is_left_costs_what_was_read(server: Stepping):
    """What its prompt may have taken besides stays unsettled."""
    purse = Budget(tokens=5000)
    with model_of(server, budget=purse, max_tokens=1000).stream("Grade!", Grade) as events:
        server.say('{"score": 9, "com')
        assert next(events) == FieldClosed("$.score", 9)
        worst = purse.reserved.tokens
    assert (purse.spent.calls, purse.reserved.tokens) == (1, 0)
    assert 0 < purse.spent.tokens < 100
    assert purse.spent.tokens + purse.unsettled.tokens < worst - 900


def test_a_stream_whose_task_is_cancelled_costs_what_was_read(server: Stepping):
    """As above, in an event loop."""
    purse, worst = Budget(tokens=5000), list[int]()

    async def cancelled() -> None:
        async with model_of(server, budget=purse, max_tokens=1000).astream("Grade!", Grade) as all_:
            server.say('{"score": 9, "com')
            assert await anext(all_) == FieldClosed("$.score", 9)
            worst.append(purse.reserved.tokens)
            waiting = asyncio.ensure_future(anext(all_))
            await asyncio.sleep(0)
            waiting.cancel()
            await waiting

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(cancelled())
    assert (purse.spent.calls, purse.reserved.tokens) == (1, 0)
    assert 0 < purse.spent.tokens < 100
    assert purse.spent.tokens + purse.unsettled.tokens < worst[0] - 900


def folded(events: list[StreamEvent[Any]]) -> dict[str, object]:
    """What a caller has who puts each member at its place."""
    return {e.path.removeprefix("$."): e.value for e in events if isinstance(e, FieldClosed)}


MARK: ContextVar[str] = ContextVar("mark", default="none")


def test_a_wait_ends_with_the_stream():
    """Minutes before the next call goes out: the reader is at its end at once."""
    busy = CallFailure("busy", "rate_limited", retry_after=600.0)
    waits = threading.Event()
    model = ScriptedModel([busy], hooks=[lambda e: isinstance(e, CallFinished) and waits.set()])
    events = model.stream("Grade!", Grade)
    with ThreadPoolExecutor(1) as pool:
        reader = pool.submit(list, events)
        assert waits.wait(5)
        events.close()
        assert reader.result(5) == [Restarted("busy")]


def test_a_wait_ends_with_the_stream_of_one_who_awaits():
    """As above, for another task."""
    busy = CallFailure("busy", "rate_limited", retry_after=600.0)

    async def closed() -> list[StreamEvent[Grade]]:
        events = ScriptedModel([busy]).astream("Grade!", Grade)
        reader = asyncio.ensure_future(all_of(events))
        await asyncio.sleep(0)
        await events.close()
        return await reader

    assert asyncio.run(closed()) == [Restarted("busy")]


async def all_of(events: AsyncStream[Grade]) -> list[StreamEvent[Grade]]:
    return [event async for event in events]


@colours
def test_what_a_run_sets_in_its_context_stays_there(ask: Ask):
    """Its own, kept from event to event; the caller's is as it was."""
    seen: list[str] = []

    def marks(event: Event) -> None:
        seen.append(MARK.get())
        MARK.set(type(event).__name__)

    MARK.set("the caller's")
    ask(ScriptedModel([GRADE]), hooks=[marks])
    assert seen == ["the caller's", "CallStarted", "CallFinished"]
    assert MARK.get() == "the caller's"


def test_an_answer_that_was_kept_is_told_at_once(tmp_path: Path):
    """Its closed members and Final; nothing is asked, and the record says where it came from."""
    model = ScriptedModel([GRADE], cache=tmp_path / "answers.sqlite")
    levels: list[str | None] = []
    for ask in (told, atold, told):
        *others, last = ask(model)
        assert folded(others) == {"score": 9, "comment": "Well told."}
        levels.append(last.result.determinism)
    assert levels == ["shape", "replay", "replay"]
    assert len(model.requests) == 1
    assert model.run("Grade!", Grade).determinism == "replay"


@colours
def test_an_answer_that_was_stopped_is_not_kept(ask: Ask, tmp_path: Path):
    """It is no answer; the one that mends it is."""
    cache = Cache(tmp_path / "answers.sqlite")
    script = [WRONG, '{"score": 9, "comment": "Clear."}']
    ask(ScriptedModel(script, abilities=Abilities(("native",)), cache=cache))
    assert sum(cache.stats().answers.values()) == 1


def test_who_leaves_lets_another_ask(tmp_path: Path, server: Stepping):
    """The same question is under way once at a time, and again when it was broken off."""
    model = model_of(server, cache=tmp_path / "answers.sqlite")
    server.say('{"score": 9, "com')
    first = model.stream("Grade!", Grade)
    next(first)
    with ThreadPoolExecutor(1) as pool:
        second = pool.submit(told, model)
        first.close()
        assert server.left.wait(5)
        server.say(GRADE)
        server.end()
        *_, last = second.result(10)
    assert last.result.output == Grade(score=9, comment="Well told.")
    assert len(server.asked) == 2


@colours
def test_a_stream_is_recorded_and_played_again(ask: Ask, tmp_path: Path):
    """Without a model and without waiting, as a stream or not; failures and stops, too."""
    busy = CallFailure("busy", "rate_limited", retry_after=0.01)
    script, native = [busy, WRONG, '{"score": 9, "comment": "Clear."}'], Abilities(("native",))
    with Cassette(tmp_path / "calls.jsonl"):
        *_, first = ask(ScriptedModel(script, abilities=native))
    outcomes = [attempt.outcome for attempt in first.result.attempts]
    assert outcomes == ["rate_limited", "invalid", "accepted"]
    for again in (told, atold):
        with Cassette(tmp_path / "calls.jsonl"):
            *others, last = again(ScriptedModel([], abilities=native))
        assert folded(others) == {"score": 9, "comment": "Clear."}
        assert [attempt.outcome for attempt in last.result.attempts] == outcomes
        assert last.result.determinism == "replay"
    with Cassette(tmp_path / "calls.jsonl"):
        result = ScriptedModel([], abilities=native).run("Grade!", Grade)
    assert result.output == last.result.output


# Stopped in time.

REST = '{"score": 9, "comment": "Clear."}'


@pytest.mark.parametrize("mode", ["json", "native", "tool"])
@colours
def test_nine_tenths_of_a_doomed_answer_are_never_written(ask: Ask, mode: Any):
    """Its first field is not valid: the rest of 4,000 tokens is neither waited for nor paid."""
    doomed = '{"score": 11, "comment": "' + "a word " * 2_284 + '."}'
    with FaultServer(pause=0.001) as server:
        address = server.script("doomed", [said(doomed, mode), said(REST, mode)])
        model = Model("openai:m", base_url=address, api_key="k", mode=mode, max_tokens=4_096)
        *others, last = ask(model)
        assert eventually(lambda: server.busy == 0)
        written = server.sent - len(REST)
    assert written <= 0.1 * len(doomed)
    assert last.result.output == Grade(score=9, comment="Clear.")
    assert folded(others) == {"score": 9, "comment": "Clear."}
    stopped, mended = (attempt.completion for attempt in last.result.attempts)
    assert (stopped.finish, mended.finish) == ("stopped", "stop")
    assert stopped.saved_tokens >= 0.9 * 4_096
    assert "tokens saved" in last.result.explain()


def said(text: str, mode: str) -> Completion:
    """An answer as the server says it, in *mode*."""
    if mode != "tool":
        return Completion(text)
    return Completion(None, calls=(ToolCall("Grade", text),))


# Functions that make their own call.


def test_a_function_that_returns_chunks_is_shown_at_work():
    """It is told that it is, and closed with the stream."""
    closed: list[bool] = []

    @enforce(Grade)
    def grade(turn: Turn) -> Iterator[str]:
        assert turn.stream
        try:
            yield '{"score": 9, '
            yield '"comment": "'
            raise AssertionError
        finally:
            closed.append(True)

    with grade.stream() as events:
        assert next(events) == FieldClosed("$.score", 9)
    assert closed == [True]


def test_an_async_function_that_yields_chunks_is_shown_at_work():
    """As above."""
    closed: list[bool] = []

    @enforce(Grade)
    async def grade(turn: Turn) -> AsyncIterator[str]:
        assert turn.stream
        try:
            yield '{"score": 9, '
            yield '"comment": "'
            raise AssertionError
        finally:
            closed.append(True)

    async def first() -> StreamEvent[Grade]:
        async with grade.stream() as events:
            return await anext(events)

    assert asyncio.run(first()) == FieldClosed("$.score", 9)
    assert closed == [True]


def test_a_function_that_returns_the_whole_is_told_at_its_end():
    """Closed members and Final, and no text that grows; plain calls are told that none is read."""
    turns: list[bool] = []

    @enforce(Grade)
    def grade(turn: Turn) -> str:
        turns.append(turn.stream)
        return GRADE

    with grade.stream() as events:
        *others, last = events
    assert {type(event) for event in others} <= {FieldClosed}
    assert folded(others) == {"score": 9, "comment": "Well told."}
    assert last == Final(events.result)
    grade()
    assert turns == [True, False]


# The embedded model.


@colours
def test_the_embedded_model_streams(ask: Ask):
    """Its text grows piece by piece, and it is the answer that it gives anyway."""
    model = Model("local:smollm2-135m", seed=7, max_tokens=60)
    *others, last = ask(model)
    assert len([each for each in others if isinstance(each, TextGrown)]) > 1
    assert folded(others) == last.result.output.model_dump()
    (attempt,) = last.result.attempts
    assert 0 < attempt.first_token < attempt.seconds
    assert model.run("Grade!", Grade).output == last.result.output


@colours
def test_the_embedded_model_is_held_to_the_time_that_is_left(ask: Ask):
    """Whether it is there by then or not."""
    model = Model("local:smollm2-135m", max_tokens=400)
    began = perf_counter()
    with pytest.raises(DeadlineExceeded):
        ask(model, str, timeout=0.05)
    assert perf_counter() - began < 1.0


# What cannot be streamed.


@colours
def test_votes_are_not_streamed(ask: Ask):
    """It is said before anything is asked."""
    model = ScriptedModel([])
    with pytest.raises(ConfigurationError, match="before the votes are counted"):
        ask(model, votes=3)


def test_only_lists_have_items():
    """It is said before anything is asked."""
    model = ScriptedModel([])
    with pytest.raises(SchemaError, match="is no list"):
        model.stream_items("Grade!", Grade)  # type: ignore[arg-type]
    with pytest.raises(SchemaError, match="is no list"):
        enforce(Grade)(lambda: "").stream_items()  # type: ignore[misc]
    with pytest.raises(SchemaError, match="is no list"):
        model.astream_items("Grade!", Grade)  # type: ignore[arg-type]


def test_items_of_an_async_function():
    """The same of every door."""

    @enforce(list[int])
    async def numbers() -> AsyncIterator[str]:
        yield "[1, 2, "
        yield "3]"

    async def all_items() -> list[int]:
        async with numbers.stream_items() as items:
            return [item.output async for item in items]

    assert asyncio.run(all_items()) == [1, 2, 3]


def test_each_line_of_a_template_is_an_item():
    """As each element of a list is."""
    model = ScriptedModel(["Ann: 9\nBob: 7\n"])
    target = Template.lines("{name}: {points:int}")
    with model.stream_items("Who?", target) as items:
        assert [(item.index, item.output.points) for item in items] == [(0, 9), (1, 7)]


def test_a_method_streams_as_a_function_does():
    """Bound, through an instance."""

    class Grader:
        @enforce(Grade)
        def grade(self, turn: Turn, essay: str) -> Iterator[str]:
            assert turn.stream
            yield essay

    with Grader().grade.stream(GRADE) as events:
        assert list(events)[-1] == Final(events.result)
