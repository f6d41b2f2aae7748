"""A clock whose time is a number: waiting moves it on, and takes no time."""

from __future__ import annotations

import asyncio
import threading


class FakeClock:
    """Whoever waits for a while has waited; to wait for ever with nobody to wake is a failure."""

    def __init__(self) -> None:
        self.time = 0.0
        self.waits: list[float] = []

    def now(self) -> float:
        """The time."""
        return self.time

    def wait(self, event: threading.Event, seconds: float | None) -> None:
        """Move the time on, unless woken already."""
        if event.is_set():
            return
        assert seconds is not None, "nobody will ever wake this thread"
        self._pass(seconds)

    async def await_(self, event: asyncio.Event, seconds: float | None) -> None:
        """Let the other tasks run, then move the time on, unless woken; without end, wait."""
        if seconds is None:
            await event.wait()
            return
        for _ in range(20):
            await asyncio.sleep(0)
            if event.is_set():
                return
        self._pass(seconds)

    def _pass(self, seconds: float) -> None:
        self.waits.append(round(seconds, 6))
        self.time += seconds
