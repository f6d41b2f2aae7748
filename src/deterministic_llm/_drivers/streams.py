"""A run that is told while it goes on: something to iterate, for a ``with`` block."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator, Callable, Generator
from contextvars import Context
from types import TracebackType
from typing import Generic, Self, cast

from typing_extensions import TypeVar

from deterministic_llm._core.exchange import JsonValue
from deterministic_llm._core.results import Result
from deterministic_llm._core.sharing import Shared
from deterministic_llm._core.streaming.events import Final, Item, StreamEvent
from deterministic_llm._core.streaming.shown import Shown
from deterministic_llm._drivers.streaming import Hold
from deterministic_llm._drivers.telling import Speaker, told

T_co = TypeVar("T_co", covariant=True)
E = TypeVar("E")

_NO_RESULT = "the stream has no result: it is there when Final has come"


class _Told(Shared, Generic[T_co]):
    """What both colours share: what was shown, and the result."""

    elsewhere = "it is iterated in the process where it began; its result can be pickled"

    def __init__(self, shown: Shown[T_co]) -> None:
        self._shown = shown
        self._result: Result[T_co] | None = None

    def snapshot(self) -> JsonValue:
        """The members that are closed so far, as plain data; None while there are none."""
        return self._shown.snapshot()

    @property
    def result(self) -> Result[T_co]:
        """What the run came to, once Final has come; raises RuntimeError before."""
        if self._result is None:
            raise RuntimeError(_NO_RESULT)
        return self._result


class Stream(_Told[T_co]):
    """The events of one run; nothing is asked before the first is.

    Leaving its ``with`` block, ``close()`` or dropping it ends the run at once. A run that ends
    without a value raises what ``run()`` would.
    """

    def __init__(
        self,
        begin: Callable[[Hold], Generator[StreamEvent[T_co]]],
        shown: Shown[T_co],
        context: Context,
    ) -> None:
        super().__init__(shown)
        self._context = context
        self._hold = Hold()
        self._turn = threading.Lock()
        self._events = begin(self._hold)

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> StreamEvent[T_co]:
        with self._turn:
            try:
                event = self._context.run(next, self._events)
            except GeneratorExit:  # another thread closed it
                raise StopIteration from None
        if isinstance(event, Final):
            self._result = event.result
        return event

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
        /,
    ) -> None:
        self.close()

    def __del__(self) -> None:
        self.close()

    def close(self) -> None:
        """End the run and break its connection, from any thread; at its end this does nothing."""
        self._hold.release()
        if self._turn.acquire(blocking=False):  # else who has it finds out
            try:
                self._context.run(self._events.close)
            finally:
                self._turn.release()


class ItemStream(Stream["list[E]"], Generic[E]):
    """The items of a list, each when it is complete and valid; otherwise as Stream."""

    def __next__(self) -> Item[E]:
        while True:
            event = super().__next__()
            if isinstance(event, Item):
                return cast("Item[E]", event)


class AsyncStream(_Told[T_co]):
    """The events of one run; nothing is asked before the first is awaited.

    Leaving its ``async with`` block, cancellation, ``close()`` or dropping it ends the run at once.
    A run that ends without a value raises what ``run()`` would.
    """

    def __init__(self, begin: Callable[[], Speaker], shown: Shown[T_co], context: Context) -> None:
        super().__init__(shown)
        self._events = cast("AsyncGenerator[StreamEvent[T_co]]", told(begin, context))
        self._reader: asyncio.Task[object] | None = None
        self._left: asyncio.Event | None = None
        self._closing = asyncio.Lock()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> StreamEvent[T_co]:
        reader = self._reader = asyncio.current_task()
        assert reader is not None  # noqa: S101  # for the type checkers: we are in it
        cancelling = reader.cancelling()
        try:
            event = await anext(self._events)
        except asyncio.CancelledError:
            if self._left is not None and reader.uncancel() <= cancelling:
                raise StopAsyncIteration from None  # it was close(), in another task
            raise
        finally:
            self._reader = None
            if self._left is not None:
                self._left.set()
        if isinstance(event, Final):
            self._result = event.result
        return event

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
        /,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """End the run and break its connection, from any task; at its end this does nothing."""
        reader = self._reader
        if reader is not None and reader is not asyncio.current_task():
            if self._left is None:
                self._left = asyncio.Event()
                reader.cancel()
            await self._left.wait()
        async with self._closing:  # an async generator does not let itself be closed by two
            await self._events.aclose()

    aclose = close
    """What contextlib.aclosing() calls."""


class AsyncItemStream(AsyncStream["list[E]"], Generic[E]):
    """The items of a list, each when it is complete and valid; otherwise as AsyncStream."""

    async def __anext__(self) -> Item[E]:
        while True:
            event = await super().__anext__()
            if isinstance(event, Item):
                return cast("Item[E]", event)
