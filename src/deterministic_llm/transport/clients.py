"""The SDK's clients of one model: one a process and one an event loop, made when first needed."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Generic
from weakref import WeakKeyDictionary, finalize

from deterministic_llm.transport.deadline import OverdueError, within
from deterministic_llm.transport.service import A, B, Blocking, Service

_MOST_POOL_TIMEOUTS = 3


@dataclass(slots=True)
class Seat(Generic[A]):
    """The client of one event loop, with the calls that are under way on it.

    Cancelled calls can leave the pool of httpx full of connections that nobody uses. A client of
    our own that has no connection to give three times in a row is retired: the next call makes a
    new one, and the old one is closed when its last call has ended.
    """

    client: A
    lent: bool
    closing: AsyncGenerator[None]
    retired: bool = False
    _calls: int = 0
    _pool_timeouts: int = 0

    @asynccontextmanager
    async def used(self) -> AsyncGenerator[None]:
        """While one call is under way."""
        self._calls += 1
        try:
            yield
        finally:
            self._calls -= 1
            if self.retired and not self._calls:
                await self.closing.aclose()

    def note(self, error: Exception | None) -> None:
        """How a call ended; None when a response came."""
        waited = type(error.__cause__ or error).__name__ == "PoolTimeout" if error else False
        self._pool_timeouts = self._pool_timeouts + 1 if waited else 0
        self.retired = self.retired or (
            not self.lent and self._pool_timeouts >= _MOST_POOL_TIMEOUTS
        )


@dataclass(slots=True, weakref_slot=True)
class Clients(Generic[B, A]):
    """Makes and keeps the clients of a *service*, or hands out the one that its caller gave it.

    Those that it made are closed when nobody holds it any more, or at exit: the blocking one by
    itself, the others with their event loops. Raises ConfigurationError when there is none to be
    had.
    """

    service: Service[B, A]
    _lent: bool = False
    _locks: dict[int, threading.Lock] = field(default_factory=dict[int, threading.Lock])
    _blocking: dict[int, B] = field(default_factory=dict[int, B])
    _awaiting: WeakKeyDictionary[asyncio.AbstractEventLoop, Seat[A]] = field(
        default_factory=WeakKeyDictionary[asyncio.AbstractEventLoop, Seat[A]]
    )

    def blocking(self) -> B:
        """The client of this process: a forked child must not share its parent's connections."""
        process = os.getpid()
        with self._making():
            if process not in self._blocking:
                self._blocking[process] = client = self.service.new_blocking()
                if not self.service.given:
                    finalize(self, _left, client, process)
            return self._blocking[process]

    def _making(self) -> threading.Lock:
        """One at a time in this process: who held it in the parent does not live in a fork."""
        return self._locks.setdefault(os.getpid(), threading.Lock())

    def within(self, seconds: float | None) -> B | None:
        """As blocking(); None when making it, which imports the SDK at first, takes too long."""
        made = self._blocking.get(os.getpid())
        if made is not None or seconds is None:
            return made or self.blocking()
        try:
            return within(seconds, lambda _: self.blocking())
        except OverdueError:
            return None

    async def awaiting(self) -> Seat[A]:
        """The client of the running event loop: connections belong to the loop they began in."""
        loop = asyncio.get_running_loop()
        with self._making():
            seat = self._awaiting.get(loop)
            if seat is not None and not seat.retired:
                return seat
            lent = self.service.given and not self._lent
            client = self.service.new_awaiting(lent=lent)
            self._lent = self._lent or lent
            seat = Seat(client, lent, self._closed_with_its_loop(client))
            self._awaiting[loop] = seat
        if not lent:  # what the caller made, the caller closes
            await anext(seat.closing)
        return seat

    async def _closed_with_its_loop(self, client: A) -> AsyncGenerator[None]:
        """Close *client* when its event loop shuts down: loops close the generators they began."""
        try:
            yield
        finally:
            await self.service.close(client)


def _left(client: Blocking, owner: int) -> None:
    """Close the *client* of a model that nobody holds any more, but not in a forked child.

    At exit it would close itself when half of its library is gone, and complain about that.
    """
    if owner == os.getpid():
        with suppress(Exception):
            client.close()
