"""Rate limits of one model, kept by everybody who shares them: slots go to who came first."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace

from deterministic_llm._core.answering import Answer, AwaitingCall, BlockingCall
from deterministic_llm._core.attempts import Request
from deterministic_llm._core.exchange import CallFailure
from deterministic_llm._core.patience import later
from deterministic_llm._core.sharing import Shared
from deterministic_llm.metering.bounds import estimated_tokens
from deterministic_llm.metering.line import Line, Place, Slot
from deterministic_llm.metering.spend import whole
from deterministic_llm.metering.turns import Clock, LoopTurn, SystemClock, ThreadTurn

_NO_TIME = "no slot within the rate limits came free in the time that was left"
NO_SLOT = CallFailure(_NO_TIME, "late", sent=False)
"""What a call comes to that no slot came for in time."""


class Limits(Shared):
    """At most *rpm* requests and *tpm* tokens a minute, and *concurrency* calls at once.

    Each may be left out. One Limits is shared by all that ask one model, from any number of threads
    and event loops; slots are given in the order of asking. A server that says it is too busy
    halves the concurrency, which then grows slowly; its Retry-After holds everybody back, and so
    does what it says is left of its own limits. Raises ConfigurationError for a limit that is no
    whole number from 1 up.
    """

    __slots__ = ("_limits", "_line")
    elsewhere = "its line is that of one process: make one in each, with its part of the rates"

    def __init__(
        self,
        *,
        rpm: int | None = None,
        tpm: int | None = None,
        concurrency: int | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._limits = {"rpm": rpm, "tpm": tpm, "concurrency": concurrency}
        for name, limit in self._limits.items():
            if limit is not None:
                whole(limit, what=name, least=1)
        self._line = Line(rpm=rpm, tpm=tpm, concurrency=concurrency, clock=clock or SystemClock())

    def __repr__(self) -> str:
        given = [f"{name}={limit}" for name, limit in self._limits.items() if limit is not None]
        allowed = "any number" if self.allowed is None else self.allowed
        state = f"{self.in_flight} of {allowed} under way, {self.waiting} waiting"
        return f"<Limits({', '.join(given)}): {state}>"

    @property
    def allowed(self) -> int | None:
        """How many calls may be under way now; None is "any number"."""
        return self._line.window.allowed

    @property
    def in_flight(self) -> int:
        """How many calls are under way."""
        return self._line.window.in_flight

    @property
    def waiting(self) -> int:
        """How many wait for a slot."""
        return len(self._line)

    @contextmanager
    def slot(self, tokens: int = 0, *, timeout: float | None = None) -> Generator[Slot]:
        """Hold a slot for about *tokens*; TimeoutError when none can come in *timeout* seconds."""
        slot = self.acquire(tokens, timeout=timeout)
        if slot is None:
            raise TimeoutError(_NO_TIME)
        with slot:
            yield slot

    @asynccontextmanager
    async def aslot(
        self,
        tokens: int = 0,
        *,
        timeout: float | None = None,  # noqa: ASYNC109  # a wait in vain is not begun
    ) -> AsyncGenerator[Slot]:
        """Like slot(), awaited."""
        slot = await self.aacquire(tokens, timeout=timeout)
        if slot is None:
            raise TimeoutError(_NO_TIME)
        with slot:
            yield slot

    def acquire(self, tokens: int = 0, *, timeout: float | None = None) -> Slot | None:
        """A slot for about *tokens*; None when none can come within *timeout* seconds.

        A wait that is known to be in vain is not begun.
        """
        offer = self._line.offer(None, tokens)
        if isinstance(offer, Slot):
            return offer
        turn = ThreadTurn(self._line.clock)
        with Place(self._line, turn, tokens, timeout=timeout) as place:
            while (pause := place.pause()) is not None:
                turn.wait(pause.seconds)
        return place.slot

    async def aacquire(
        self,
        tokens: int = 0,
        *,
        timeout: float | None = None,  # noqa: ASYNC109  # as above
    ) -> Slot | None:
        """Like acquire(), awaited."""
        offer = self._line.offer(None, tokens)
        if isinstance(offer, Slot):
            return offer
        turn = LoopTurn(self._line.clock)
        with Place(self._line, turn, tokens, timeout=timeout) as place:
            while (pause := place.pause()) is not None:
                await turn.wait(pause.seconds)
        return place.slot

    def told(self, failure: CallFailure) -> None:
        """Heed what *failure* says: halve the concurrency, hold everybody until Retry-After."""
        self._line.told(failure)


def limited(
    call: BlockingCall,
    limits: Limits,
    *,
    tokens: Callable[[Request], int] = estimated_tokens,
) -> BlockingCall:
    """*call* with a slot of *limits*; a CallFailure of kind ``late`` when none comes in time.

    *tokens* says how many to count for a request before its usage is known. The wait is taken off
    the time that the request has.
    """

    def ask(request: Request) -> Answer:
        slot = limits.acquire(tokens(request), timeout=request.timeout)
        if slot is None:
            return NO_SLOT
        with slot:
            return slot.closed(call(admitted(request, slot)))

    return ask


def alimited(
    call: AwaitingCall,
    limits: Limits,
    *,
    tokens: Callable[[Request], int] = estimated_tokens,
) -> AwaitingCall:
    """Like limited(), awaited."""

    async def ask(request: Request) -> Answer:
        slot = await limits.aacquire(tokens(request), timeout=request.timeout)
        if slot is None:
            return NO_SLOT
        with slot:
            return slot.closed(await call(admitted(request, slot)))

    return ask


def admitted(request: Request, slot: Slot) -> Request:
    """*request* with the time that it has left now that *slot* is there.

    Its answer is to tell what is left of the server's own limits.
    """
    return replace(later(request, slot.waited), limited=True)
