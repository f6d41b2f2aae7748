"""Functions that make their own call, read chunk by chunk: pieces, ends, and what is closed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest

from deterministic_llm import CallFailure, Completion
from deterministic_llm._core.attempts import Request
from deterministic_llm._core.exchange import ToolCall
from deterministic_llm.providers.function import astream, stream

ASKED = Request(1)
Answer = Completion | CallFailure
Read = Callable[[Callable[[], object], Request], tuple[list[str], Answer]]


def delta(**members: object) -> dict[str, object]:
    return {"choices": [{"delta": members}]}


def calling(arguments: str, name: str | None = None) -> dict[str, object]:
    function = {"name": name, "arguments": arguments}
    return delta(tool_calls=[{"index": 0, "function": function}])


class Chunks:
    """Gives *chunks*, raising those that are exceptions, and remembers how it ended."""

    def __init__(self, *chunks: object) -> None:
        self._chunks = chunks
        self.given = 0
        self.closed = False

    def blocking(self) -> Iterator[object]:
        """As a generator function."""
        try:
            for chunk in self._chunks:
                self.given += 1
                if isinstance(chunk, BaseException):
                    raise chunk
                yield chunk
        finally:
            self.closed = True

    async def awaiting(self) -> AsyncIterator[object]:
        """As an async generator function, which waits forever for what is None."""
        try:
            for chunk in self._chunks:
                self.given += 1
                if isinstance(chunk, BaseException):
                    raise chunk
                if chunk is None:
                    await asyncio.Event().wait()
                yield chunk
        finally:
            self.closed = True


def blocking(chunks: Chunks, request: Request = ASKED, most: int = 99) -> tuple[list[str], Answer]:
    pieces: list[str] = []
    with stream(chunks.blocking, request) as answering:
        for piece in answering:
            pieces.append(piece)
            if len(pieces) == most:
                answering.stop()
                break
    return pieces, answering.answer()


def awaiting(chunks: Chunks, request: Request = ASKED, most: int = 99) -> tuple[list[str], Answer]:
    return asyncio.run(awaited(chunks, request, most))


async def awaited(chunks: Chunks, request: Request, most: int) -> tuple[list[str], Answer]:
    pieces: list[str] = []
    async with astream(chunks.awaiting, request) as answering:
        async for piece in answering:
            pieces.append(piece)
            if len(pieces) == most:
                await answering.stop()
                break
    return pieces, answering.answer()


both = pytest.mark.parametrize("ask", [blocking, awaiting])


def untimed(answer: Answer) -> Answer:
    if isinstance(answer, Completion):
        return replace(answer, seconds=0.0, first_token=None)
    return replace(answer, seconds=0.0)


STREAMS = [
    pytest.param(
        [{"model": "m", **delta(content="7")}],
        ["7"],
        CallFailure("the answer stopped, and nobody said that it was over", "cut_off", partial="7"),
        id="a provider's chunks without an end: it may have been 72",
    ),
    pytest.param(
        [{"model": "m", **delta(content='{"a": 7}')}],
        ['{"a": 7}'],
        Completion('{"a": 7}', "unfinished", model="m"),
        id="an object that has closed is all there is",
    ),
    pytest.param(["ab", "", "cd"], ["ab", "cd"], Completion("abcd", "unfinished"), id="strs"),
    pytest.param(
        [delta(content="ab"), delta(reasoning_content="hm"), delta(content="cd")],
        ["ab", "cd"],
        Completion("abcd", "unfinished", reasoning="hm"),
        id="chunks",
    ),
    pytest.param(
        [calling("", "answer"), calling('{"a"'), calling(":1}")],
        ['{"a"', ":1}"],
        Completion('{"a":1}', "unfinished", calls=(ToolCall("answer", '{"a":1}'),)),
        id="the arguments of a call",
    ),
    pytest.param(
        ["ab", {"error": {"message": "full", "code": 503}}],
        ["ab"],
        CallFailure("full", "overloaded", status=503, partial="ab"),
        id="an error among them",
    ),
    pytest.param(
        ["ab", ConnectionError("broken")],
        ["ab"],
        CallFailure("ConnectionError broken", "unreachable", partial="ab"),
        id="a connection that breaks",
    ),
    pytest.param([], [], Completion(None, "unfinished"), id="nothing"),
]


@both
@pytest.mark.parametrize(("chunks", "pieces", "answer"), STREAMS)
def test_chunks_are_pieces(ask: Any, chunks: list[object], pieces: list[str], answer: Answer):
    """And the answer is what ask() would make of them."""
    given = Chunks(*chunks)
    got, told = ask(given)
    assert (got, untimed(told)) == (pieces, answer)
    assert given.closed


@both
def test_a_stopped_function_is_closed(ask: Any):
    """It is not asked for another chunk."""
    chunks = Chunks("ab", "cd", "ef")
    pieces, answer = ask(chunks, replace(ASKED, parameters={"max_tokens": 10}), 2)
    assert pieces == ["ab", "cd"]
    assert isinstance(answer, Completion)
    assert (answer.text, answer.finish, answer.saved_tokens) == ("abcd", "stopped", 9)
    assert (chunks.given, chunks.closed) == (2, True)


class MineError(Exception):
    """A bug of the user's."""


@both
@pytest.mark.parametrize(
    ("chunk", "error"),
    [
        pytest.param(MineError(), MineError, id="a bug"),
        pytest.param(5, TypeError, id="a chunk of no known form"),
        pytest.param(KeyboardInterrupt(), KeyboardInterrupt, id="an interrupt"),
    ],
)
def test_what_is_no_failure_of_a_call_passes_through(ask: Any, chunk: object, error: Any):
    """The function is closed all the same."""
    chunks = Chunks("ab", chunk)
    with pytest.raises(error):
        ask(chunks)
    assert chunks.closed


def test_an_exception_in_the_block_closes_the_function():
    """In both colours; so does a cancellation."""
    chunks = Chunks("ab", "cd")
    with suppress(MineError), stream(chunks.blocking, ASKED) as answering:
        next(iter(answering))
        raise MineError
    assert chunks.closed

    async def raising(chunks: Chunks) -> None:
        async with astream(chunks.awaiting, ASKED) as answering:
            await anext(aiter(answering))
            raise MineError

    chunks = Chunks("ab", "cd")
    with pytest.raises(MineError):
        asyncio.run(raising(chunks))
    assert chunks.closed

    async def cancelled(chunks: Chunks) -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.02):
                await awaited(chunks, ASKED, 99)

    chunks = Chunks("ab", None)
    asyncio.run(cancelled(chunks))
    assert chunks.closed


def test_a_whole_answer_has_no_pieces():
    """It is complete, so there is nothing to stop."""
    with stream(lambda: "hello", ASKED) as answering:
        assert list(answering) == []
    assert untimed(answering.answer()) == Completion("hello", "unfinished")

    async def asking() -> Answer:
        async def hello() -> str:
            return "hello"

        async with astream(hello, ASKED) as answering:
            assert [piece async for piece in answering] == []
        return answering.answer()

    assert untimed(asyncio.run(asking())) == Completion("hello", "unfinished")


def test_a_call_that_fails_has_no_pieces():
    """What it raises is told; what is no failure passes through."""

    def fail(error: Exception) -> str:
        raise error

    with stream(lambda: fail(ConnectionError("no")), ASKED) as answering:
        assert list(answering) == []
    assert untimed(answering.answer()) == CallFailure("ConnectionError no", "unreachable")
    with pytest.raises(MineError), stream(lambda: fail(MineError()), ASKED):
        pass

    async def afail(error: Exception) -> str:
        raise error

    async def asking(error: Exception) -> Answer:
        async with astream(lambda: afail(error), ASKED) as answering:
            assert [piece async for piece in answering] == []
        return answering.answer()

    told = asyncio.run(asking(ConnectionError("no")))
    assert untimed(told) == CallFailure("ConnectionError no", "unreachable")
    with pytest.raises(MineError):
        asyncio.run(asking(MineError()))


LIMITS = [
    pytest.param({"timeout": 0.05}, "late", id="the deadline"),
    pytest.param({"call_timeout": 0.05}, "timeout", id="the time of one call"),
    pytest.param({"call_timeout": 0.05, "timeout": 0.04}, "late", id="the lesser of the two"),
    pytest.param({"idle_timeout": 0.05}, "timeout", id="no next word"),
]


@pytest.mark.parametrize(("limits", "kind"), LIMITS)
def test_a_function_that_is_awaited_is_not_awaited_for_longer(limits: dict[str, float], kind: str):
    """What had come is kept, and the function closed."""
    chunks = Chunks("ab", None)
    _, answer = awaiting(chunks, replace(ASKED, **limits))
    assert isinstance(answer, CallFailure)
    assert (answer.kind, answer.partial) == (kind, "ab")
    assert chunks.closed


def test_a_coroutine_has_a_time_for_its_first_word_too():
    """It may be the head of a stream."""

    async def asking() -> Answer:
        async def never() -> None:
            await asyncio.Event().wait()

        async with astream(never, replace(ASKED, first_token_timeout=0.01)) as answering:
            return answering.answer()

    answer = asyncio.run(asking())
    assert isinstance(answer, CallFailure)
    assert answer.kind == "timeout"


def test_the_time_of_other_code_is_looked_at_when_it_gives_a_chunk():
    """It cannot be interrupted."""
    chunks = Chunks("ab", "cd")
    pieces, answer = blocking(chunks, replace(ASKED, timeout=1e-9))
    assert isinstance(answer, CallFailure)
    assert (pieces, answer.kind, answer.partial) == ([], "late", "ab")
    assert (chunks.given, chunks.closed) == (1, True)
