"""No longer waiting for a streamed answer: a thread that hangs up, a timer that cancels."""

from __future__ import annotations

import asyncio
from threading import Event, Thread
from time import perf_counter

from deterministic_llm._core.patience import Patience
from deterministic_llm.transport.deadline import Line, OverdueError


class Watchdog:
    """A thread that hangs *line* up once *patience* is over."""

    def __init__(self, patience: Patience, line: Line) -> None:
        self._patience = patience
        self._line = line
        self._closed = Event()
        self._thread = Thread(target=self._watch, name="deterministic-llm-watch", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop watching; afterwards the thread is gone."""
        self._closed.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._closed.is_set():
            pause = self._patience.pause(perf_counter())
            if not pause:
                self._line.abandon()
                return
            self._closed.wait(pause)


class Alarm:
    """A timer of the running event loop that cancels a task that waits past its *patience*."""

    def __init__(self, patience: Patience) -> None:
        self._patience = patience
        self._loop = asyncio.get_running_loop()
        self._waiter: asyncio.Task[object] | None = None
        self._cancelling = 0
        self._rung = False
        self._timer: asyncio.Handle = self._loop.call_soon(self._ring)

    def waiting(self) -> None:
        """The running task waits from now on; raises OverdueError when it may not."""
        if self._patience.overdue:
            raise OverdueError
        self._waiter = asyncio.current_task()
        self._cancelling = self._waiter.cancelling() if self._waiter else 0

    def waited(self) -> None:
        """It waits no longer."""
        self._waiter = None

    def rang(self) -> bool:
        """Whether nobody else has cancelled the task; then it goes on."""
        waiter, self._waiter = self._waiter, None
        return self._rung and waiter is not None and waiter.uncancel() <= self._cancelling

    def close(self) -> None:
        """Ring no more."""
        self._timer.cancel()

    def _ring(self) -> None:
        pause = self._patience.pause(perf_counter())
        if pause:
            self._timer = self._loop.call_later(pause, self._ring)
        elif self._waiter is not None:
            self._rung = True
            self._waiter.cancel()
