"""An answer in pieces that is noted when it is over: a cassette records it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from typing_extensions import override

from deterministic_llm._core.answering import (
    A,
    Answering,
    AnyDelegating,
    AsyncAnswering,
    AsyncDelegating,
    Delegating,
)
from deterministic_llm._core.exchange import CallFailure, Completion

Note: TypeAlias = Callable[[Completion | CallFailure], Completion | CallFailure]
"""Notes an answer, and hands it on."""


class _Noted(AnyDelegating[A]):
    """What both colours share."""

    def __init__(self, answering: A, note: Note) -> None:
        self._answering = answering
        self._note = note

    @override
    def _settled(self, answer: Completion | CallFailure) -> Completion | CallFailure:
        return self._note(answer)


class Noted(_Noted[Answering], Delegating):
    """*answering*, of whose answer *note* is told once."""


class AsyncNoted(_Noted[AsyncAnswering], AsyncDelegating):
    """The same, to be awaited."""
