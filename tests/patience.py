"""Waiting for what another thread or the other end of a connection does a little later."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event, Thread
from time import perf_counter

_THREADS = Path("/proc/self/task")
"""What Linux knows of each thread of this process."""


def eventually(happened: Callable[[], bool], *, within: float = 5.0) -> bool:
    """Whether it *happened* within so many seconds; it is looked at again and again."""
    ended = perf_counter() + within
    while not happened() and perf_counter() < ended:
        Event().wait(0.005)
    return happened()


@contextmanager
def lateness() -> Generator[Callable[[], float]]:
    """How many seconds the machine kept this process from going on: it is busy.

    So long a thread woke too late at most, or its threads were ready and had no processor.
    """
    done, late, before = Event(), [0.0], _kept_waiting()

    def measure() -> None:
        while not done.is_set():
            began = perf_counter()
            done.wait(0.01)
            late.append(perf_counter() - began - 0.01)

    thread = Thread(target=measure)
    thread.start()
    try:
        yield lambda: max(*late, _kept_waiting() - before)
    finally:
        done.set()
        thread.join()


def _kept_waiting() -> float:
    """The seconds in which a thread could have run and none of the processors was free for it."""
    waited = 0
    for thread in _THREADS.glob("*/schedstat"):
        with suppress(OSError):  # it has ended
            waited += int(thread.read_text("ascii").split()[1])
    return waited / 1e9
