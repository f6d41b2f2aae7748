"""An answer in pieces that is noted when it is over: a cassette records it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from types import TracebackType
from typing import Generic, Self, TypeAlias

from typing_extensions import TypeVar

from deterministic_llm._core.answering import Answering, AsyncAnswering
from deterministic_llm._core.exchange import CallFailure, Completion

A = TypeVar("A", bound=Answering | AsyncAnswering)
Note: TypeAlias = Callable[[Completion | CallFailure], Completion | CallFailure]
"""Notes an answer, and hands it on."""


class _Noted(Generic[A]):
    """What both colours share."""

    def __init__(self, answering: A, note: Note) -> None:
        self._answering = answering
        self._note = note
        self._answer: Completion | CallFailure | None = None

    def answer(self) -> Completion | CallFailure:
        """What the call came to, noted once."""
        if self._answer is None:
            self._answer = self._note(self._answering.answer())
        return self._answer


class Noted(_Noted[Answering]):
    """*answering*, of whose answer *note* is told."""

    def __enter__(self) -> Self:
        self._answering.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
        /,
    ) -> None:
        self._answering.__exit__(kind, error, trace)

    def __iter__(self) -> Iterator[str]:
        return iter(self._answering)

    def stop(self) -> None:
        """End the answer here."""
        self._answering.stop()


class AsyncNoted(_Noted[AsyncAnswering]):
    """The same, to be awaited."""

    async def __aenter__(self) -> Self:
        await self._answering.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
        /,
    ) -> None:
        await self._answering.__aexit__(kind, error, trace)

    def __aiter__(self) -> AsyncIterator[str]:
        return aiter(self._answering)

    async def stop(self) -> None:
        """End the answer here."""
        await self._answering.stop()
