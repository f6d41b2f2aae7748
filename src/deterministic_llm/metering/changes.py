"""Changes to shared state that must not wait for its lock: they are made now, or by who has it.

A call that is thrown away is ended by the garbage collector, at any line of any thread, be it one
that holds the very lock that the ending needs. So an ending never waits: it is noted, and made by
whoever gets the lock first.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable


class Changes:
    """Noted changes, and the *lock* of what they change.

    Whoever takes the lock calls ``make()`` under it first, and ``catch_up()`` after letting it go:
    so no change is ever left lying, and everybody sees their own.
    """

    __slots__ = ("_noted", "lock")

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self._noted: deque[Callable[[], None]] = deque()

    def note(self, change: Callable[[], None]) -> None:
        """Make *change* at once if the lock is free, else leave it to its holder."""
        self._noted.append(change)
        self.catch_up()

    def make(self) -> None:
        """Make what is noted; the lock is held."""
        while self._noted:
            self._noted.popleft()()

    def catch_up(self) -> None:
        """Make what was noted while the lock was held."""
        while self._noted and self.lock.acquire(blocking=False):
            try:
                self.make()
            finally:
                self.lock.release()
