"""How long the words of an answer are waited for: a request goes in, when to give up comes out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias, cast

from deterministic_llm._core.attempts import Request
from deterministic_llm._core.exchange import CallFailure
from deterministic_llm._core.records import changed

Limit: TypeAlias = Literal["timeout", "call_timeout", "first_token_timeout", "idle_timeout"]
"""Which of the times of a request was over."""
Allowed: TypeAlias = tuple[float, Limit]
"""How many seconds may be waited, and which limit says so."""
_LONGEST = 3600.0
"""Seconds: a timer of the system holds no more than some days."""
_WORDS: Mapping[Limit, str] = {
    "timeout": "no answer{} in the {:.3g} s that were left",
    "call_timeout": "no answer{} in the {:.3g} s that one call may take",
    "first_token_timeout": "no word of an answer{} in {:.3g} s",
    "idle_timeout": "no new word of the answer{} in {:.3g} s",
}

_LEAST = 0.001
"""Seconds that a call gets however late it is: none at all means no limit to some clients."""


def left_of(timeout: float | None, taken: float) -> float | None:
    """Seconds that are left of *timeout* once some are *taken*; None without one."""
    return None if timeout is None else max(timeout - taken, _LEAST)


def allowed(request: Request) -> Allowed | None:
    """How long a call for *request* may take from when it is sent; None is as long as it takes."""
    left, alone = request.timeout, request.call_timeout
    if alone is None or (left is not None and left <= alone):
        return None if left is None else (left, "timeout")
    return alone, "call_timeout"


def opening(request: Request) -> Allowed | None:
    """How long an answer to *request* may take to begin to come; None is as long as it takes."""
    first, whole = request.first_token_timeout, allowed(request)
    if first is None or (whole is not None and whole[0] < first):
        return whole
    return first, "first_token_timeout"


def overdue(by: Allowed, *, whom: str = "") -> CallFailure:
    """The failure of a call to *whom* that a limit ended: only that of the run ends the run."""
    seconds, limit = by
    message = _WORDS[limit].format(f" from {whom}" if whom else "", seconds)
    return CallFailure(message, "late" if limit == "timeout" else "timeout")


def later(request: Request, taken: float) -> Request:
    """*request* with the time that it has left once some seconds are *taken*.

    They were not the call's own, which is still to be sent.
    """
    if request.timeout is None:
        return request
    return changed(request, timeout=left_of(request.timeout, taken))


@dataclass(slots=True)
class Patience:
    """The times of one call for *request*, which began at *started* on the caller's own clock.

    *since* is when the wait for the next word began, None while nobody waits for one; *begun* says
    that there has been one. *overdue* is the limit that ended the call.
    """

    request: Request
    started: float
    since: float | None = None
    begun: bool = False
    overdue: Limit | None = None

    @property
    def limited(self) -> bool:
        """Whether the call may not take any time."""
        return opening(self.request) is not None or self.request.idle_timeout is not None

    def pause(self, now: float) -> float:
        """Seconds after which to look again whether the wait is over; 0 once it is *overdue*."""
        left = self.left(now)
        idle = self.request.idle_timeout  # a wait that begins now is over no sooner
        return min(_LONGEST if each is None else each for each in (left, idle, _LONGEST))

    def left(self, now: float) -> float | None:
        """Seconds until the wait is over, None is never; 0 once it is *overdue*."""
        if self.overdue is not None:
            return 0.0
        ends = self._ends(now)
        if not ends:
            return None
        end, limit = min(ends)
        if end > now:
            return end - now
        self.overdue = limit
        return 0.0

    def failure(self, limit: Limit, *, whom: str = "") -> CallFailure:
        """The failure of a call to *whom* that *limit* ended."""
        return overdue((cast("float", getattr(self.request, limit)), limit), whom=whom)

    def _ends(self, now: float) -> list[Allowed]:
        request, started = self.request, self.started
        ends: list[Allowed] = []
        whole = allowed(request)
        if whole is not None:
            ends.append((started + whole[0], whole[1]))
        if request.first_token_timeout is not None and not self.begun:
            ends.append((started + request.first_token_timeout, "first_token_timeout"))
        if request.idle_timeout is not None and self.begun:
            since = now if self.since is None else self.since
            ends.append((since + request.idle_timeout, "idle_timeout"))
        return ends
