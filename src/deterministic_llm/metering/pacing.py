"""How fast calls may come: the time goes in as a number, seconds to wait come out.

Nothing here waits, reads a clock or locks: whoever owns these objects does.
"""

from __future__ import annotations

from deterministic_llm._core.exchange import Allowance

_A_MINUTE = 60.0
_NEARLY = 1e-6  # of a request or token: floats that were waited for exactly may fall short


class Bucket:
    """A token bucket of *size* with so much *left*, which fills at the *rate* of so many a second.

    It is what the providers themselves count by: Anthropic says "token bucket algorithm"
    (https://docs.claude.com/en/api/rate-limits), and OpenAI's ``x-ratelimit-reset-*`` headers tell
    when one would be full again. An amount of more than its size waits for a full bucket and leaves
    it in debt.
    """

    __slots__ = ("_at", "_level", "_rate", "_size")

    def __init__(self, left: float, *, size: float, rate: float, now: float) -> None:
        self._level = left
        self._size = size
        self._rate = rate
        self._at = now

    @classmethod
    def of(cls, a_minute: int, *, now: float) -> Bucket:
        """A bucket that is full: *a_minute* at once, and as many again in every minute."""
        return cls(a_minute, size=a_minute, rate=a_minute / _A_MINUTE, now=now)

    def seconds_until(self, amount: int, *, now: float) -> float:
        """Seconds until *amount* may be taken."""
        self._level = min(self._size, self._level + (now - self._at) * self._rate)
        self._at = now
        missing = min(amount, self._size) - self._level
        return missing / self._rate if missing > _NEARLY else 0.0

    def take(self, amount: int) -> None:
        """Take *amount* away; below 0 it gives back."""
        self._level = min(self._size, self._level - amount)


def allotted(told: Allowance | None, *, uncounted: int, now: float) -> Bucket | None:
    """The server's own bucket, as *told*; None when it holds nobody back, or nobody knows how long.

    A server says how much is left of how much, and when all would be there again: so much comes
    back in each second. *uncounted* is what was sent after the call that was told. Where a limit
    has no size and nothing is left of it, all comes back at once.
    """
    if told is None or not told.renewed:
        return None
    if told.limit is None:
        return None if told.left else Bucket(0.0, size=1.0, rate=1 / told.renewed, now=now)
    rate = (told.limit - told.left) / told.renewed
    if rate <= 0:
        return None
    return Bucket(told.left - uncounted, size=float(told.limit), rate=rate, now=now)


class Window:
    """How many calls may be under way: halved when the server is too busy, then slowly grown.

    Additive increase, multiplicative decrease, as TCP does it (Chiu and Jain 1989; RFC 5681): half
    on a sign of congestion, at most once for all the calls that were sent before it; one more after
    as many successes as may be under way; never below 1, never above *ceiling*.
    """

    __slots__ = ("_ceiling", "_halvings", "_successes", "allowed", "in_flight")

    def __init__(self, ceiling: int | None) -> None:
        self._ceiling = ceiling
        self._halvings = 0
        self._successes = 0
        self.allowed = ceiling
        self.in_flight = 0

    @property
    def has_room(self) -> bool:
        """Whether one more call may be under way."""
        return self.allowed is None or self.in_flight < self.allowed

    def start(self) -> int:
        """One more is under way; comes back to ``halve`` with the number that it is given."""
        self.in_flight += 1
        return self._halvings

    def end(self) -> None:
        """One less is under way."""
        self.in_flight -= 1

    def grow(self) -> None:
        """Count a success."""
        if self.allowed is None or self.allowed == self._ceiling:
            return
        self._successes += 1
        if self._successes >= self.allowed:
            self._successes = 0
            self.allowed += 1

    def halve(self, started: int | None = None) -> None:
        """Count a sign of congestion, which a call brought that was *started* then, or just now."""
        if started is not None and started < self._halvings:
            return
        self._halvings += 1
        self._successes = 0
        current = self.in_flight if self.allowed is None else self.allowed
        self.allowed = max(1, current // 2)
