"""Leaves a dead provider alone for a while: failures in a row go in, refusals come out."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from time import monotonic
from typing import Literal

from deterministic_llm._core.answering import Answer
from deterministic_llm._core.attempts import Request
from deterministic_llm._core.exchange import CallFailure, Completion, FailureKind
from deterministic_llm._core.sharing import Shared
from deterministic_llm.errors import ConfigurationError
from deterministic_llm.metering.changes import Changes
from deterministic_llm.metering.spend import whole

_DEAD: frozenset[FailureKind] = frozenset(
    {"unreachable", "timeout", "server_error", "overloaded", "malformed", "cut_off"}
)
"""What a dead provider looks like; a full one (429) or a wrong request (400) is alive."""
_UNKNOWN: frozenset[FailureKind] = frozenset({"over_budget", "circuit_open", "late"})
"""What we ended ourselves, which tells nothing about the provider."""


class Breaker(Shared):
    """After *failures* calls in a row that looked dead, refuses all for *cooldown* seconds.

    Then one call is let through: if it is answered all are again, if not the cooldown starts anew.
    A refused call is a CallFailure of kind ``circuit_open``. One Breaker may be shared by all
    that ask the same provider, from any number of threads and event loops. *clock* tells seconds.
    Raises ConfigurationError for failures below 1 or a cooldown that is no number above 0.
    """

    elsewhere = "it has seen the calls of one process: make one in each"

    def __init__(
        self,
        *,
        failures: int = 5,
        cooldown: float = 30.0,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        if not 0 < cooldown < float("inf"):
            raise ConfigurationError(_NO_COOLDOWN.format(cooldown))
        self._allowed = whole(failures, what="failures", least=1)
        self._cooldown = cooldown
        self._clock = clock
        self._changes = Changes()
        self._failures = 0
        self._opened_at: float | None = None
        self._openings = 0
        self._probing = False

    def __repr__(self) -> str:
        return f"<Breaker: {self.state}, {self._failures} failures in a row>"

    @property
    def state(self) -> Literal["closed", "open", "half_open"]:
        """closed: all calls pass; open: none; half_open: the next one passes, or is under way."""
        with self._changes.lock:
            self._changes.make()
            opened_at, remaining = self._opened_at, self._remaining()
        self._changes.catch_up()
        if opened_at is None:
            return "closed"
        return "half_open" if remaining <= 0 else "open"

    def enter(self, request: Request) -> Trial | CallFailure:
        """Let *request* pass, or refuse it."""
        del request
        with self._changes.lock:
            self._changes.make()
            remaining = self._remaining()
            opening = self._openings
            passes = self._opened_at is None or (remaining <= 0 and not self._probing)
            self._probing = self._opened_at is not None and (passes or self._probing)
        self._changes.catch_up()
        if passes:
            return Trial(self, opening)
        wait = max(0.0, remaining)
        message = f"{self._allowed} calls in a row failed; the next goes out in {wait:.1f} s"
        return CallFailure(message, "circuit_open", retry_after=wait, sent=False)

    def ended(self, opening: int, *, dead: bool | None) -> None:
        """Count a call that passed during *opening*; *dead* is None when nobody knows."""
        self._changes.note(partial(self._ended, opening, dead))

    def _ended(self, opening: int, dead: bool | None) -> None:  # noqa: FBT001  # through partial
        if opening != self._openings:
            return  # it passed before the circuit opened, and says nothing about now
        self._probing = False
        if dead is None:
            return
        if not dead:
            self._failures = 0
            self._opened_at = None
            return
        self._failures += 1
        if self._failures >= self._allowed:
            self._opened_at = self._clock()
            self._openings += 1

    def _remaining(self) -> float:
        """Seconds of the cooldown that are left; the lock is held."""
        opened_at = self._opened_at
        return 0.0 if opened_at is None else opened_at + self._cooldown - self._clock()


class Trial:
    """One call that a breaker let pass."""

    __slots__ = ("_breaker", "_opening")

    def __init__(self, breaker: Breaker, opening: int) -> None:
        self._breaker = breaker
        self._opening = opening

    def dropped(self) -> None:
        """Count nothing: nobody knows."""
        self._breaker.ended(self._opening, dead=None)

    def closed(self, answer: Answer) -> Answer:
        """Count *answer*."""
        self._breaker.ended(self._opening, dead=_looks_dead(answer))
        return answer


_NO_COOLDOWN = "cooldown: expected a number of seconds above 0, got {!r} (write cooldown=30)"


def _looks_dead(answer: Answer) -> bool | None:
    if isinstance(answer, Completion):
        return False
    return None if answer.kind in _UNKNOWN else answer.kind in _DEAD
