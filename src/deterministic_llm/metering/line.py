"""The queue before a rate limit: who comes asks, waits as long as told, and gets a slot in turn."""

from __future__ import annotations

from collections import deque
from functools import partial
from types import TracebackType
from typing import Self

from deterministic_llm._core.answering import Answer
from deterministic_llm._core.exchange import CallFailure, Completion, FailureKind, Quota
from deterministic_llm._core.records import frozen
from deterministic_llm.metering.changes import Changes
from deterministic_llm.metering.pacing import Bucket, Window, allotted
from deterministic_llm.metering.turns import Clock, Turn

_CONGESTED: frozenset[FailureKind] = frozenset({"rate_limited", "overloaded"})
_UNTIL_WOKEN = float("inf")
_OVERSLEPT = CallFailure("the slot came when the time was over", "late", sent=False)


class Line:
    """The shared state of one Limits, changed only under a lock that is never held while waiting.

    Only the first in the queue takes a slot, by itself; it waits as long as the buckets need, or to
    be woken by a call that ends, and everybody behind it waits to be woken by who leaves the front.
    """

    __slots__ = (
        "_allotted",
        "_changes",
        "_heard",
        "_held_until",
        "_queue",
        "_requests",
        "_sent",
        "_tokens",
        "clock",
        "window",
    )

    def __init__(
        self, *, rpm: int | None, tpm: int | None, concurrency: int | None, clock: Clock
    ) -> None:
        now = clock.now()
        self.clock = clock
        self.window = Window(concurrency)
        self._requests = None if rpm is None else Bucket.of(rpm, now=now)
        self._tokens = None if tpm is None else Bucket.of(tpm, now=now)
        self._allotted: tuple[Bucket | None, Bucket | None] = (None, None)
        self._sent = Sent()
        self._heard = self._sent
        self._held_until = now
        self._queue: deque[Turn] = deque()
        self._changes = Changes()

    def __len__(self) -> int:
        return len(self._queue)

    def offer(self, turn: Turn | None, tokens: int) -> Slot | float:
        """A slot for *turn*, None being who just came, or the seconds until asking is worth it."""
        try:
            with self._changes.lock:
                self._changes.make()
                return self._offer(turn, tokens)
        finally:
            self._changes.catch_up()  # else a wake-up might lie there, and its waiter with it

    def held_for(self) -> float:
        """Seconds that the server still wants everybody to wait."""
        return max(0.0, self._held_until - self.clock.now())

    def join(self, turn: Turn) -> None:
        """Queue at the end."""
        self._changes.note(partial(self._queue.append, turn))

    def leave(self, turn: Turn) -> None:
        """Go without a slot."""
        self._changes.note(partial(self._leave, turn))

    def end(self, tokens: int, *, calls: int = 0, grow: bool = False) -> None:
        """A call is over; so many *calls* and *tokens* were too many, or too few where negative."""
        self._changes.note(partial(self._end, tokens, calls, grow))

    def heed(self, quota: Quota, *, sent: Sent) -> None:
        """Keep to what the server said is left, to a call that was the last of *sent*."""
        self._changes.note(partial(self._heed, quota, sent))

    def told(self, failure: CallFailure, *, started: int | None = None) -> None:
        """Slow down, or hold everybody back, as the server asked with *failure*."""
        self._changes.note(partial(self._told, failure, started))

    def _offer(self, turn: Turn | None, tokens: int) -> Slot | float:
        if self._queue and self._queue[0] is not turn:
            return _UNTIL_WOKEN
        wait = self._seconds_until(tokens)
        if wait > 0 or not self.window.has_room:
            return wait or _UNTIL_WOKEN
        if turn is not None:
            self._queue.popleft()
        self._take(1, tokens)
        self._draw(1, tokens)
        self._wake_first()
        self._sent = Sent(self._sent.calls + 1, self._sent.tokens + tokens)
        return Slot(self, tokens, self.window.start(), self._sent)

    def _leave(self, turn: Turn) -> None:
        if turn in self._queue:
            self._queue.remove(turn)
            self._wake_first()

    def _end(self, tokens: int, calls: int, grow: bool) -> None:  # noqa: FBT001  # through partial
        self.window.end()
        if grow:
            self.window.grow()
        if calls or tokens:
            self._seconds_until(0)  # fill up to now, or what is given back would overflow
            self._take(-calls, -tokens)
        if calls:  # the server never saw it
            self._draw(-calls, -tokens)
        self._wake_first()

    def _heed(self, quota: Quota, sent: Sent) -> None:
        if sent.calls < self._heard.calls:
            return  # what was told to a later call is newer
        self._heard, now, since = sent, self.clock.now(), self._sent
        self._allotted = (
            allotted(quota.requests, uncounted=since.calls - sent.calls, now=now),
            allotted(quota.tokens, uncounted=since.tokens - sent.tokens, now=now),
        )

    def _told(self, failure: CallFailure, started: int | None) -> None:
        if failure.kind in _CONGESTED:
            self.window.halve(started)
        if failure.retry_after is not None and not failure.final:
            until = self.clock.now() + failure.retry_after
            self._held_until = max(self._held_until, until)

    def _seconds_until(self, tokens: int) -> float:
        now = self.clock.now()
        wait = self._held_until - now
        if self._requests is not None:
            wait = max(wait, self._requests.seconds_until(1, now=now))
        if self._tokens is not None:
            wait = max(wait, self._tokens.seconds_until(tokens, now=now))
        for told, amount in zip(self._allotted, (1, tokens), strict=True):
            if told is not None:
                wait = max(wait, told.seconds_until(amount, now=now))
        return max(0.0, wait)

    def _take(self, calls: int, tokens: int) -> None:
        if self._requests is not None:
            self._requests.take(calls)
        if self._tokens is not None:
            self._tokens.take(tokens)

    def _draw(self, calls: int, tokens: int) -> None:
        for told, amount in zip(self._allotted, (calls, tokens), strict=True):
            if told is not None:
                told.take(amount)

    def _wake_first(self) -> None:
        while self._queue and not self._queue[0].wake():
            self._queue.popleft()


@frozen
class Sent:
    """How many *calls* and *tokens* have been let through so far."""

    calls: int = 0
    tokens: int = 0


class Slot:
    """Leave for one call, counted for *tokens*; it is given back by closing it or its block.

    *waited* is how many seconds it took to come.
    """

    __slots__ = ("_line", "_open", "_sent", "_started", "tokens", "waited")

    def __init__(self, line: Line, tokens: int, started: int, sent: Sent) -> None:
        self.tokens = tokens
        self.waited = 0.0
        self._line = line
        self._started = started
        self._sent = sent
        self._open = True

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
        /,
    ) -> None:
        self.dropped()

    def dropped(self) -> None:
        """Give the slot back: nobody knows what came of the call."""
        if self._open:
            self._open = False
            self._line.end(0)

    def closed(self, answer: Answer) -> Answer:
        """Give the slot back, with what *answer* says about tokens used and the server's state."""
        if not self._open:
            return answer
        self._open = False
        if answer.quota is not None:
            self._line.heed(answer.quota, sent=self._sent)
        if isinstance(answer, Completion):
            used = answer.usage.total_tokens or self.tokens
            self._line.end(self.tokens - used, grow=True)
        elif not answer.sent:
            self._line.end(self.tokens, calls=1)
        else:
            self._line.told(answer, started=self._started)
            self._line.end(0)
        return answer


@frozen
class Pause:
    """Wait to be woken, at most *seconds*; None is however long."""

    seconds: float | None


class Place:
    """One place in the queue, taken with ``with``; whatever ends the block, it leaves nothing."""

    __slots__ = ("_came", "_line", "_timeout", "_tokens", "_turn", "slot")

    def __init__(self, line: Line, turn: Turn, tokens: int, *, timeout: float | None) -> None:
        self._line = line
        self._turn = turn
        self._tokens = tokens
        self._timeout = timeout
        self._came = line.clock.now()
        self.slot: Slot | None = None

    def __enter__(self) -> Self:
        self._line.join(self._turn)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
        /,
    ) -> None:
        if self.slot is None:
            self._line.leave(self._turn)

    def pause(self) -> Pause | None:
        """How long to wait before asking again; None when there is a slot, or no time for one."""
        self._turn.expect()
        offer = self._line.offer(self._turn, self._tokens)
        waited = self._line.clock.now() - self._came
        if isinstance(offer, Slot):
            self._got(offer, waited)
            return None
        if self._timeout is None:
            return Pause(None if offer == _UNTIL_WOKEN else offer)
        left = self._timeout - waited
        at_least = self._line.held_for() if offer == _UNTIL_WOKEN else offer
        return None if left <= 0 or at_least > left else Pause(min(offer, left))

    def _got(self, slot: Slot, waited: float) -> None:
        if self._timeout is not None and 0 < self._timeout <= waited:
            slot.closed(_OVERSLEPT)
            return
        self.slot = slot
        slot.waited = waited
