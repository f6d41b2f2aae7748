"""Waiting for what another thread or the other end of a connection does a little later."""

from __future__ import annotations

from collections.abc import Callable
from threading import Event
from time import perf_counter


def eventually(happened: Callable[[], bool], *, within: float = 5.0) -> bool:
    """Whether it *happened* within so many seconds; it is looked at again and again."""
    ended = perf_counter() + within
    while not happened() and perf_counter() < ended:
        Event().wait(0.005)
    return happened()
