"""One way in which a server answers: what is wrong with it, and how it is played."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeAlias

from deterministic_llm._core.exchange import Completion
from deterministic_llm._core.records import frozen
from deterministic_llm.testing.wire import Wire

Play: TypeAlias = Callable[[Wire, Completion], Awaitable[None]]
"""Answers one request on its wire; what the healthy answer would be is given to it."""


@frozen
class Fault:
    """One way to answer a request; *about* says what is wrong with it."""

    about: str
    play: Play
