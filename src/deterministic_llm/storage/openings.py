"""An answer in pieces behind a cache: one that was kept has none, and is told at its end."""

from __future__ import annotations

from contextlib import AsyncExitStack, ExitStack
from types import TracebackType
from typing import Self

from typing_extensions import override

from deterministic_llm._core.answering import (
    A,
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
from deterministic_llm._core.exchange import CallFailure, Completion
from deterministic_llm._core.policy import OnDrift
from deterministic_llm.storage.cache import Cache
from deterministic_llm.storage.caching import Visit
from deterministic_llm.storage.flights import Flight
from deterministic_llm.storage.keys import Describe, Keys


def cached_opening(
    opening: Opening, cache: Cache, describe: Describe, *, on_drift: OnDrift = "warn"
) -> Opening:
    """*opening*, for the questions that *cache* knows no answer to; made for one run."""
    keys = Keys(describe)
    return lambda request: _Cached(
        opening, Visit(cache, keys, request, awaiting=False, on_drift=on_drift)
    )


def acached_opening(
    opening: AsyncOpening, cache: Cache, describe: Describe, *, on_drift: OnDrift = "warn"
) -> AsyncOpening:
    """The same, to be awaited."""
    keys = Keys(describe)
    return lambda request: _AsyncCached(
        opening, Visit(cache, keys, request, awaiting=True, on_drift=on_drift)
    )


class _Kept(AnyDelegating[A]):
    """What both colours share: what is told, and whether it is to be kept."""

    _visit: Visit
    _asked = False

    @override
    def _settled(self, answer: Completion | CallFailure) -> Completion | CallFailure:
        """A whole answer is kept."""
        return self._visit.brought(answer) if self._asked else answer


class _Cached(_Kept[Answering], Delegating):
    """An answering that is opened where the cache knows no answer."""

    def __init__(self, opening: Opening, visit: Visit) -> None:
        self._opening = opening
        self._visit = visit
        self._stack = ExitStack()

    @override
    def __enter__(self) -> Self:
        visit = self._visit
        while isinstance(step := visit.step(), Flight):
            step.wait(visit.left())
        with self._stack:
            if step is not None:
                self._answering = Told(visit.request, step)
            else:
                self._asked = True
                self._stack.enter_context(visit.leading())
                self._answering = self._stack.enter_context(self._opening(visit.request))
            self._stack = self._stack.pop_all()
        return self

    @override
    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
        /,
    ) -> None:
        self._stack.__exit__(kind, error, trace)


class _AsyncCached(_Kept[AsyncAnswering], AsyncDelegating):
    """The same, to be awaited."""

    def __init__(self, opening: AsyncOpening, visit: Visit) -> None:
        self._opening = opening
        self._visit = visit
        self._stack = AsyncExitStack()

    @override
    async def __aenter__(self) -> Self:
        visit = self._visit
        while isinstance(step := visit.step(), Flight):
            await step.awaited(visit.left())
        async with self._stack:
            if step is not None:
                self._answering = AsyncTold(visit.request, step)
            else:
                self._asked = True
                self._stack.enter_context(visit.leading())
                opened = self._opening(visit.request)
                self._answering = await self._stack.enter_async_context(opened)
            self._stack = self._stack.pop_all()
        return self

    @override
    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
        /,
    ) -> None:
        await self._stack.__aexit__(kind, error, trace)
