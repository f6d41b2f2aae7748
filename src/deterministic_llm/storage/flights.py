"""Identical calls at the same time: the first one leads, the others wait for what it brings."""

from __future__ import annotations

import asyncio
import os
import threading
from concurrent.futures import Future, wait
from contextlib import suppress
from contextvars import ContextVar
from typing import TypeAlias

from deterministic_llm._core.exchange import CallFailure, Completion

Place: TypeAlias = tuple[str, str]
"""Which cache, and which key in it."""

_LED: ContextVar[frozenset[Place]] = ContextVar("deterministic_llm.flights", default=frozenset())
"""What is asked around this line: its own answer cannot be waited for."""


class Flight:
    """One call under way that others may wait for, from any thread or event loop."""

    def __init__(self, place: Place, *, awaiting: bool) -> None:
        self._place = place
        self._thread = threading.get_ident()
        self._awaiting = awaiting
        self._landed: Future[Completion | CallFailure | None] = Future()

    @property
    def brought(self) -> Completion | CallFailure | None:
        """What it brought; None while it is under way, and when it was broken off."""
        return self._landed.result() if self._landed.done() else None

    @property
    def over(self) -> bool:
        """Whether there is nothing to wait for any more."""
        return self._landed.done()

    def hopeless(self, *, awaiting: bool) -> bool:
        """Whether waiting would wait for itself: for what is around, or held up by this thread."""
        held_up = self._awaiting and not awaiting and self._thread == threading.get_ident()
        return held_up or self._place in _LED.get()

    def wait(self, seconds: float | None) -> None:
        """Block until it is over, at most *seconds*."""
        wait((self._landed,), seconds)

    async def awaited(self, seconds: float | None) -> None:
        """Wait in the running event loop until it is over, at most *seconds*."""
        loop, woken = asyncio.get_running_loop(), asyncio.Event()

        def wake(_: object) -> None:
            with suppress(RuntimeError):  # the loop was closed while somebody waited in it
                loop.call_soon_threadsafe(woken.set)

        self._landed.add_done_callback(wake)
        with suppress(TimeoutError):
            await asyncio.wait_for(woken.wait(), seconds)

    def land(self, answer: Completion | CallFailure | None) -> None:
        """Tell those who wait; None has the first of them lead in its turn."""
        _BOARD.leave(self._place)
        self._landed.set_result(answer)


class _Board:
    """The flights of this process."""

    def __init__(self) -> None:
        self.renew()

    def renew(self) -> None:
        """Begin with none: after a fork their threads are not here."""
        self._lock = threading.Lock()
        self._flights: dict[Place, Flight] = {}

    def join(self, place: Place, *, awaiting: bool) -> tuple[Flight, bool]:
        """The flight for *place*, and whether it was begun by this very call."""
        with self._lock:
            known = self._flights.get(place)
            if known is not None:
                return known, False
            flight = self._flights[place] = Flight(place, awaiting=awaiting)
            return flight, True

    def leave(self, place: Place) -> None:
        with self._lock:
            del self._flights[place]


_BOARD = _Board()
if hasattr(os, "register_at_fork"):  # not on Windows, which does not fork
    os.register_at_fork(after_in_child=_BOARD.renew)


def join(place: Place, *, awaiting: bool) -> tuple[Flight, bool]:
    """The flight for *place*, and whether the caller leads it and must land it."""
    return _BOARD.join(place, awaiting=awaiting)


class Leading:
    """The block in which a flight is led: what is called there does not wait for it."""

    def __init__(self, place: Place) -> None:
        self._token = _LED.set(_LED.get() | {place})

    def over(self) -> None:
        """Leave the block."""
        _LED.reset(self._token)
