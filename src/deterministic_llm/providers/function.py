"""A function that makes its own call, as a model: called, its answer read, its failures told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import replace
from inspect import isawaitable
from time import perf_counter
from types import TracebackType
from typing import Self, cast

from deterministic_llm._core.answering import Answering, AsyncAnswering
from deterministic_llm._core.attempts import Request
from deterministic_llm._core.exchange import CallFailure, Completion
from deterministic_llm._core.hearing import Hearing
from deterministic_llm._core.patience import allowed, overdue
from deterministic_llm._core.shapes.answers import answer_of
from deterministic_llm._core.shapes.failures import failure_of


def ask(function: Callable[[], object], request: Request) -> Completion | CallFailure:
    """Call *function* for *request* and read what it returns; an iterator is read to its end.

    Nobody can interrupt the function, which is told its time; an iterator is left when that is
    over. Raises TypeError for an unreadable answer, and whatever is no failure of a call.
    """
    started = perf_counter()
    try:
        answer = function()
        if not isinstance(answer, str) and isinstance(answer, Iterator):  # an ABC is slow to ask
            with _Reading(function, request).of(
                cast("Iterator[object]", answer), started
            ) as reading:
                for _ in reading:
                    pass
            return reading.answer()
    except Exception as error:
        failure = failure_of(error, seconds=perf_counter() - started)
        if failure is None:
            raise
        return failure
    return answer_of(answer, seconds=perf_counter() - started)


async def ask_async(function: Callable[[], object], request: Request) -> Completion | CallFailure:
    """Call *function*, await or iterate what it returns, and read that; raises like ask().

    One to fall back on may also give its answer at once, without anything to wait for.
    One that is not done in the time of *request* is cancelled, and left behind where it does not
    let itself be cancelled.
    """
    limit = allowed(request)
    if limit is None:
        return await _asked(function, request, [])
    started = perf_counter()
    heard: list[_AsyncReading] = []
    task = asyncio.ensure_future(_asked(function, request, heard))
    try:
        await asyncio.wait({task}, timeout=limit[0])
        if task.done():
            return task.result()
    finally:
        if not task.done():
            await _left_behind(task)
    seconds = perf_counter() - started
    if _is_answered(task):
        return task.result()
    come = heard[0].come if heard else None
    return replace(overdue(limit), seconds=seconds, partial=come)


async def _left_behind(task: asyncio.Future[Completion | CallFailure]) -> None:
    """Cancel *task*, and wait a moment for it to close what it opened."""
    _STUBBORN.add(task)  # else nobody would hold it, and it would go in the midst of its work
    task.add_done_callback(_STUBBORN.discard)
    task.add_done_callback(_is_answered)
    task.cancel()
    await asyncio.wait({task}, timeout=_GRACE)


def _is_answered(task: asyncio.Future[Completion | CallFailure]) -> bool:
    """Whether *task* ended with an answer; an exception is looked at, so that none is reported."""
    return task.done() and not task.cancelled() and task.exception() is None


_GRACE = 0.04
"""Seconds that a cancelled function gets; the loop waits for a call a little longer than that."""
_STUBBORN: set[asyncio.Future[Completion | CallFailure]] = set()
"""Functions that go on although they were cancelled."""


async def _asked(
    function: Callable[[], object], request: Request, heard: list[_AsyncReading]
) -> Completion | CallFailure:
    """What *function* gives, as an answer; one that comes in pieces is *heard* meanwhile."""
    started = perf_counter()
    try:
        answer = function()
        if isawaitable(answer):  # an async generator is not awaited
            answer = await cast("Awaitable[object]", answer)
        if isinstance(answer, AsyncIterator):
            heard.append(
                _AsyncReading(function, request).of(cast("AsyncIterator[object]", answer), started)
            )
            async with heard[0] as reading:
                async for _ in reading:
                    pass
            return reading.answer()
    except Exception as error:
        failure = failure_of(error, seconds=perf_counter() - started)
        if failure is None:
            raise
        return failure
    return answer_of(answer, seconds=perf_counter() - started)


def stream(function: Callable[[], object], request: Request) -> Answering:
    """Call *function* for *request*, and read what it returns as it comes.

    An iterator's chunks are pieces; a whole answer has none. Leaving the block closes the iterator.
    Raises as ask() does. Code of the function's is never interrupted: whether its time is over is
    looked at whenever it gives a chunk.
    """
    return _Reading(function, request)


def astream(function: Callable[[], object], request: Request) -> AsyncAnswering:
    """As stream(), for a function that is awaited or iterated; its waiting can be interrupted."""
    return _AsyncReading(function, request)


class _Function(Hearing):
    """What both colours share: the function, and what its chunks and exceptions come to."""

    def __init__(self, function: Callable[[], object], request: Request) -> None:
        super().__init__(request, perf_counter)
        self._function = function

    def _add(self, chunk: object) -> str:
        """The text that comes with *chunk*."""
        words = self._streamed.words
        self._streamed.add(chunk)
        if self._streamed.words != words:
            self._heard()
        return self._voice.fresh()

    def _left(self) -> float | None:
        """Seconds that the next chunk may take; raises TimeoutError when there are none."""
        left = self._patience.left(perf_counter())
        if left == 0:
            raise TimeoutError
        return left

    def _failed(self, error: Exception) -> bool:
        """Whether *error* is a failure of the call, which is what it comes to then."""
        self._patience.left(perf_counter())
        limit = self._patience.overdue
        outcome = failure_of(error) if limit is None else self._patience.failure(limit)
        if outcome is not None:
            self._fail(outcome)
        return outcome is not None


class _Reading(_Function):
    """The answer of a function, read in the caller's own thread."""

    _chunks: Iterator[object] | None = None

    def of(self, chunks: Iterator[object], started: float) -> Self:
        """This, of *chunks* that the function gave when it was called: the call *started* then."""
        self._began(started)
        self._chunks = chunks
        return self

    def __enter__(self) -> Self:
        if self._chunks is not None:
            return self
        self._begin()
        try:
            answer = self._function()
        except Exception as error:
            if not self._failed(error):
                raise
            return self
        if isinstance(answer, Iterator):
            self._chunks = cast("Iterator[object]", answer)
        else:
            self._outcome = answer_of(answer, seconds=self._seconds())
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
        /,
    ) -> None:
        self._close()

    def __iter__(self) -> Iterator[str]:
        if self._chunks is None:
            return
        try:
            self._wait()
            for chunk in self._chunks:
                if self._stopped:
                    return
                text = self._add(chunk)
                self._left()
                if text:
                    yield text
                self._wait()
            self._end()
        except Exception as error:
            if not self._failed(error):
                raise
        finally:
            self._close()

    def stop(self) -> None:
        """End the answer here; another thread that waits for a chunk waits until it is there."""
        self._stopped = True

    def _close(self) -> None:
        chunks, self._chunks = self._chunks, None
        _Closable(chunks).close()


class _AsyncReading(_Function):
    """The answer of a function, awaited or iterated in the caller's event loop."""

    _chunks: AsyncIterator[object] | None = None
    _pieces: AsyncGenerator[str] | None = None

    def of(self, chunks: AsyncIterator[object], started: float) -> Self:
        """This, of *chunks* that the function gave when it was called: the call *started* then."""
        self._began(started)
        self._chunks = chunks
        return self

    async def __aenter__(self) -> Self:
        if self._chunks is not None:
            return self
        self._begin()
        try:
            answer = self._function()
            if isawaitable(answer):  # an async generator is not awaited
                async with asyncio.timeout(self._left()):
                    answer = await cast("Awaitable[object]", answer)
        except Exception as error:
            if not self._failed(error):
                raise
            return self
        if isinstance(answer, AsyncIterator):
            self._chunks = cast("AsyncIterator[object]", answer)
        else:
            self._outcome = answer_of(answer, seconds=self._seconds())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
        /,
    ) -> None:
        if self._pieces is not None:
            await self._pieces.aclose()
        await self._close()

    def __aiter__(self) -> AsyncIterator[str]:
        self._pieces = self._read()
        return self._pieces

    async def stop(self) -> None:
        """End the answer here."""
        self._stopped = True

    async def _read(self) -> AsyncGenerator[str]:
        chunks = self._chunks
        if chunks is None:
            return
        try:
            while True:
                self._wait()
                async with asyncio.timeout(self._left()):
                    chunk = await anext(chunks, self)
                if chunk is self:
                    break
                text = self._add(chunk)
                if text:
                    yield text
            self._end()
        except Exception as error:
            if not self._failed(error):
                raise
        finally:
            await self._close()

    async def _close(self) -> None:
        chunks, self._chunks = self._chunks, None
        await _Closable(chunks).aclose()


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
