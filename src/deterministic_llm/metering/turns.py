"""Waiting for one's turn, in a thread or in an event loop, without looking again and again."""

from __future__ import annotations

import asyncio
import threading
from contextlib import suppress
from time import monotonic
from typing import Protocol

_LONGEST = 3600.0  # a server may ask for more than what a timer of the system can hold


class Clock(Protocol):
    """Tells the time and waits; tests pass one whose time is a number."""

    def now(self) -> float:
        """Seconds since some moment."""
        ...

    def wait(self, event: threading.Event, seconds: float | None) -> None:
        """Wait until *event* is set, at most *seconds*."""
        ...

    async def await_(self, event: asyncio.Event, seconds: float | None) -> None:
        """Await *event*, at most *seconds*."""
        ...


class SystemClock:
    """The monotonic clock of the system."""

    def now(self) -> float:
        """Seconds since some moment."""
        return monotonic()

    def wait(self, event: threading.Event, seconds: float | None) -> None:
        """Wait until *event* is set, at most *seconds*; it may also come back early."""
        event.wait(None if seconds is None else min(seconds, _LONGEST))

    async def await_(self, event: asyncio.Event, seconds: float | None) -> None:
        """Await *event*, at most *seconds*; it may also come back early."""
        with suppress(TimeoutError):
            async with asyncio.timeout(None if seconds is None else min(seconds, _LONGEST)):
                await event.wait()


class Turn(Protocol):
    """A place in a queue; it is woken from any thread when looking again may help."""

    def wake(self) -> bool:
        """Let it look again; False when nobody waits there any more."""
        ...

    def expect(self) -> None:
        """Whatever wakes it from now on ends its next wait."""
        ...


class ThreadTurn:
    """The turn of a thread."""

    __slots__ = ("_clock", "_event")

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._event = threading.Event()

    def wake(self) -> bool:
        """Let it look again."""
        self._event.set()
        return True

    def expect(self) -> None:
        """Whatever wakes it from now on ends its next wait."""
        self._event.clear()

    def wait(self, seconds: float | None) -> None:
        """Wait to be woken, at most *seconds*."""
        self._clock.wait(self._event, seconds)


class LoopTurn:
    """The turn of a task in the running event loop."""

    __slots__ = ("_clock", "_event", "_loop")

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._event = asyncio.Event()
        self._loop = asyncio.get_running_loop()

    def wake(self) -> bool:
        """Let it look again; False when its loop is closed."""
        try:
            self._loop.call_soon_threadsafe(self._event.set)
        except RuntimeError:
            return False
        return True

    def expect(self) -> None:
        """Whatever wakes it from now on ends its next wait."""
        self._event.clear()

    async def wait(self, seconds: float | None) -> None:
        """Await to be woken, at most *seconds*."""
        await self._clock.await_(self._event, seconds)
