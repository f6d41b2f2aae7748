"""An answer in pieces behind a gate or a rate limit: let in as it opens, booked when it is over."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Self, TypeAlias

from typing_extensions import override

from deterministic_llm._core.answering import (
    A,
    Answer,
    Answering,
    AnyDelegating,
    AsyncAnswering,
    AsyncDelegating,
    AsyncOpening,
    AsyncTold,
    Delegating,
    Opening,
    Told,
)
from deterministic_llm._core.attempts import Request
from deterministic_llm._core.exchange import CallFailure, Completion
from deterministic_llm.metering.bounds import estimated_tokens
from deterministic_llm.metering.gates import Gate, Passage
from deterministic_llm.metering.limits import NO_SLOT, Limits, admitted

_Entered: TypeAlias = tuple[Passage, Request] | CallFailure


def gated_opening(opening: Opening, gate: Gate) -> Opening:
    """*opening* behind *gate*."""
    return lambda request: _Behind(opening, lambda asked: _entered(gate, asked), request)


def agated_opening(opening: AsyncOpening, gate: Gate) -> AsyncOpening:
    """*opening* behind *gate*, to be awaited."""

    async def enter(request: Request) -> _Entered:
        return _entered(gate, request)

    return lambda request: _AsyncBehind(opening, enter, request)


def limited_opening(opening: Opening, limits: Limits) -> Opening:
    """*opening* with a slot of *limits*, held until the answer is over; else as limited()."""

    def enter(request: Request) -> _Entered:
        slot = limits.acquire(estimated_tokens(request), timeout=request.timeout)
        return NO_SLOT if slot is None else (slot, admitted(request, slot))

    return lambda request: _Behind(opening, enter, request)


def alimited_opening(opening: AsyncOpening, limits: Limits) -> AsyncOpening:
    """Like limited_opening(), awaited."""

    async def enter(request: Request) -> _Entered:
        slot = await limits.aacquire(estimated_tokens(request), timeout=request.timeout)
        return NO_SLOT if slot is None else (slot, admitted(request, slot))

    return lambda request: _AsyncBehind(opening, enter, request)


def _entered(gate: Gate, request: Request) -> _Entered:
    passage = gate.enter(request)
    return passage if isinstance(passage, CallFailure) else (passage, request)


class _Booked(AnyDelegating[A]):
    """What both colours share: the answering that was opened, and the passage that it must end."""

    _passage: Passage | None = None

    @override
    def _settled(self, answer: Answer) -> Answer:
        """What the call came to, as it was booked."""
        return answer if self._passage is None else self._passage.closed(answer)

    def _left(self, error: BaseException | None) -> None:
        """Nothing more is to come; what had come of an answer that was left is known."""
        if error is None:
            self.answer()
        elif self._answer is None and self._passage is not None:
            answer = self._answering.answer() if _is_leaving(error) else None
            if isinstance(answer, Completion) and (answer.text or answer.calls or answer.reasoning):
                self._answer = self._passage.closed(answer)
            else:
                self._passage.dropped()


def _is_leaving(error: BaseException | None) -> bool:
    """Whether *error* says that nobody wants the rest, and not that the call went wrong."""
    return error is not None and not isinstance(error, Exception)


class _Behind(_Booked[Answering], Delegating):
    """An answering that is opened once it was let in."""

    def __init__(
        self, opening: Opening, enter: Callable[[Request], _Entered], request: Request
    ) -> None:
        self._opening = opening
        self._enter = enter
        self._request = request

    @override
    def __enter__(self) -> Self:
        entered = self._enter(self._request)
        if isinstance(entered, CallFailure):
            self._answering = Told(self._request, entered)
            return self
        self._passage, request = entered
        try:
            self._answering = self._opening(request)
            self._answering.__enter__()
        except BaseException:
            self._passage.dropped()
            raise
        return self

    @override
    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
        /,
    ) -> None:
        try:
            if _is_leaving(error):
                self._answering.stop()
            self._answering.__exit__(kind, error, trace)
        except BaseException as failure:
            self._left(failure)
            raise
        self._left(error)


class _AsyncBehind(_Booked[AsyncAnswering], AsyncDelegating):
    """The same, to be awaited."""

    def __init__(
        self,
        opening: AsyncOpening,
        enter: Callable[[Request], Awaitable[_Entered]],
        request: Request,
    ) -> None:
        self._opening = opening
        self._enter = enter
        self._request = request

    @override
    async def __aenter__(self) -> Self:
        entered = await self._enter(self._request)
        if isinstance(entered, CallFailure):
            self._answering = AsyncTold(self._request, entered)
            return self
        self._passage, request = entered
        try:
            self._answering = self._opening(request)
            await self._answering.__aenter__()
        except BaseException:
            self._passage.dropped()
            raise
        return self

    @override
    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
        /,
    ) -> None:
        try:
            if _is_leaving(error):
                await self._answering.stop()
            await self._answering.__aexit__(kind, error, trace)
        except BaseException as failure:
            self._left(failure)
            raise
        self._left(error)
