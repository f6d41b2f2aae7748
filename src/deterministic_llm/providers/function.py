"""A function that makes its own call, as a model: called, its answer read, its failures told."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import aclosing, closing
from time import perf_counter
from typing import cast

from deterministic_llm._core.exchange import CallFailure, Completion
from deterministic_llm._core.shapes.answers import answer_of
from deterministic_llm._core.shapes.failures import failure_of
from deterministic_llm._core.shapes.streams import Streamed


def ask(function: Callable[[], object]) -> Completion | CallFailure:
    """Call *function* and read what it returns; an iterator is read to its end.

    Raises TypeError for an unreadable answer, and whatever is no failure of a call.
    """
    started = perf_counter()
    try:
        answer = function()
        if isinstance(answer, Iterator):
            chunks = _Chunks(started)
            stream = cast("Iterator[object]", answer)
            with closing(_Closable(stream)):
                for chunk in stream:
                    chunks.add(chunk)
            return chunks.answer()
    except Exception as error:
        failure = failure_of(error, seconds=perf_counter() - started)
        if failure is None:
            raise
        return failure
    return answer_of(answer, seconds=perf_counter() - started)


async def ask_async(function: Callable[[], object]) -> Completion | CallFailure:
    """Call *function*, await or iterate what it returns, and read that; raises like ask()."""
    started = perf_counter()
    try:
        answer = function()
        if not isinstance(answer, AsyncIterator):  # an async generator is not awaited
            answer = await cast("Awaitable[object]", answer)
        if isinstance(answer, AsyncIterator):
            chunks = _Chunks(started)
            stream = cast("AsyncIterator[object]", answer)
            async with aclosing(_Closable(stream)):
                async for chunk in stream:
                    chunks.add(chunk)
            return chunks.answer()
    except Exception as error:
        failure = failure_of(error, seconds=perf_counter() - started)
        if failure is None:
            raise
        return failure
    return answer_of(answer, seconds=perf_counter() - started)


class _Closable:
    """A stream to close: one that is not read to its end would keep its connection."""

    def __init__(self, stream: object) -> None:
        self._stream = stream

    def close(self) -> None:
        close = getattr(self._stream, "close", None)
        if close is not None:
            close()

    async def aclose(self) -> None:
        close = getattr(self._stream, "aclose", None) or getattr(self._stream, "close", None)
        if close is not None:
            await close()


class _Chunks:
    """A streamed answer with the time to its first word, of a call that began at *started*."""

    def __init__(self, started: float) -> None:
        self._started = started
        self._streamed = Streamed()
        self._first: float | None = None

    def add(self, chunk: object) -> None:
        self._streamed.add(chunk)
        if self._first is None and self._streamed.begun:
            self._first = perf_counter() - self._started

    def answer(self) -> Completion | CallFailure:
        seconds = perf_counter() - self._started
        return self._streamed.answer(seconds=seconds, first_token=self._first)
