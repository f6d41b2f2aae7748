"""Waiting for what another thread or the other end of a connection does a little later."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from threading import Event, Thread
from time import perf_counter


def eventually(happened: Callable[[], bool], *, within: float = 5.0) -> bool:
    """Whether it *happened* within so many seconds; it is looked at again and again."""
    ended = perf_counter() + within
    while not happened() and perf_counter() < ended:
        Event().wait(0.005)
    return happened()


@contextmanager
def lateness() -> Generator[Callable[[], float]]:
    """How many seconds too late a thread of this process woke at most: the machine is busy."""
    done, late = Event(), [0.0]

    def measure() -> None:
        while not done.is_set():
            began = perf_counter()
            done.wait(0.01)
            late.append(perf_counter() - began - 0.01)

    thread = Thread(target=measure)
    thread.start()
    try:
        yield lambda: max(late)
    finally:
        done.set()
        thread.join()
