"""A function that makes its own call, as a model: called, its answer read, its failures told."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
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
            streamed = Streamed()
            for chunk in cast("Iterator[object]", answer):
                streamed.add(chunk)
            return streamed.answer(seconds=perf_counter() - started)
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
        if isinstance(answer, AsyncIterator):
            streamed = Streamed()
            async for chunk in cast("AsyncIterator[object]", answer):
                streamed.add(chunk)
            return streamed.answer(seconds=perf_counter() - started)
        answer = await cast("Awaitable[object]", answer)
    except Exception as error:
        failure = failure_of(error, seconds=perf_counter() - started)
        if failure is None:
            raise
        return failure
    return answer_of(answer, seconds=perf_counter() - started)
