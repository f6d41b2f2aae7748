"""A call behind a cache: what was answered before is not asked again, and costs nothing."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import replace
from decimal import Decimal
from time import perf_counter

from deterministic_llm._core.answering import Answer, AwaitingCall, BlockingCall
from deterministic_llm._core.attempts import Request
from deterministic_llm._core.exchange import CallFailure, Completion, FailureKind, Finish
from deterministic_llm._core.patience import later, left_of
from deterministic_llm._core.policy import OnDrift
from deterministic_llm.storage.cache import Cache, system_of
from deterministic_llm.storage.flights import Flight, Leading, join
from deterministic_llm.storage.keys import Describe, Keys

_NO_ANSWERS = frozenset[Finish]({"aborted", "stopped"})
"""Ends of what is no whole answer: the server broke it off, or we did."""
_OWN = frozenset[FailureKind]({"late", "over_budget", "circuit_open"})
"""Failures that say something about one caller, and nothing about the others."""
_OVERDUE = "the same call was under way elsewhere, and not over in time"


def cached(
    call: BlockingCall, cache: Cache, describe: Describe, *, on_drift: OnDrift = "warn"
) -> BlockingCall:
    """*call*, for the questions that *cache* knows no answer to; made for one run.

    With *on_drift* "refresh" it knows none of a former system, and with "raise" it takes none of
    another one.
    """
    keys = Keys(describe)

    def ask(request: Request) -> Answer:
        visit = Visit(cache, keys, request, awaiting=False, on_drift=on_drift)
        while isinstance(step := visit.step(), Flight):
            step.wait(visit.left())
        if step is not None:
            return step
        with visit.leading():
            return visit.brought(call(visit.request))

    return ask


def acached(
    call: AwaitingCall, cache: Cache, describe: Describe, *, on_drift: OnDrift = "warn"
) -> AwaitingCall:
    """The same, to be awaited."""
    keys = Keys(describe)

    async def ask(request: Request) -> Answer:
        visit = Visit(cache, keys, request, awaiting=True, on_drift=on_drift)
        while isinstance(step := visit.step(), Flight):
            await step.awaited(visit.left())
        if step is not None:
            return step
        with visit.leading():
            return visit.brought(await call(visit.request))

    return ask


class Visit:
    """One request at the cache: it is answered there, waits for another one, or leads."""

    def __init__(
        self,
        cache: Cache,
        keys: Keys,
        request: Request,
        *,
        awaiting: bool,
        on_drift: OnDrift = "warn",
    ) -> None:
        self._began = perf_counter()
        self._cache = cache
        self._keys = keys
        self._request = request
        self._awaiting = awaiting
        self._on_drift = on_drift
        self._key, self._question = keys.of(request)
        self._flight: Flight | None = None
        self._leads = False

    @property
    def request(self) -> Request:
        """The request as it goes out, with the time that is left for it."""
        return self._request if self._flight is None else later(self._request, self._taken())

    def left(self) -> float | None:
        """Seconds that are left; None without a deadline."""
        return left_of(self._request.timeout, self._taken())

    def step(self) -> Answer | Flight | None:
        """The answer, or the flight to wait for, or None: the caller asks."""
        if self._flight is not None:
            landed = self._landed(self._flight)
            if landed is not None:
                return landed
        place = (str(self._cache.path), self._key)
        flight, self._leads = join(place, awaiting=self._awaiting)
        if self._leads:
            self._flight = flight
            return self._found(flight)
        if flight.hopeless(awaiting=self._awaiting):
            return None
        self._flight = flight
        return flight

    @contextmanager
    def leading(self) -> Generator[None]:
        """The block in which the call is made; left without an answer, another one leads."""
        if not self._leads or self._flight is None:
            yield
            return
        led = Leading((str(self._cache.path), self._key))
        try:
            yield
        finally:
            led.over()
            if not self._flight.over:
                self._flight.land(None)

    def brought(self, answer: Answer) -> Answer:
        """Keep *answer* of the call that was made, tell those who wait for it, and hand it on."""
        if isinstance(answer, Completion) and answer.finish not in _NO_ANSWERS:
            answer = self._kept(answer)
        if self._leads and self._flight is not None:
            self._flight.land(answer)
        return answer

    def _kept(self, answer: Completion) -> Completion:
        """*answer*, which is kept unless its system must not be another than before."""
        name = self._keys.system(self._request)
        drift = self._cache.drift(name, answer)
        if drift is None or self._on_drift != "raise":
            self._cache.keep(self._key, answer, anew=self._on_drift == "refresh")
            self._cache.serve(name, answer)
            self._keys.answered(self._question)
        return answer if drift is None else replace(answer, drift=drift)

    def _found(self, flight: Flight) -> Completion | None:
        """What the cache has, told to those who wait as well; raises ConfigurationError."""
        try:
            known = self._cache.find(self._key)
            outdated = known and self._on_drift == "refresh" and self._outdated(known)
        except BaseException:
            flight.land(None)
            raise
        if known is None or outdated:
            return None
        flight.land(known)
        return self._repeated(known)

    def _outdated(self, known: Completion) -> bool:
        """Whether another system has answered since."""
        served = self._cache.served(self._keys.system(self._request))
        return served is not None and system_of(known) != served

    def _landed(self, flight: Flight) -> Answer | None:
        """What the flight that was waited for brought, or that time ran out; None to go on."""
        timeout, brought = self._request.timeout, flight.brought
        if brought is None and timeout is not None and self._taken() >= timeout:
            return CallFailure(_OVERDUE, "late", seconds=self._taken(), sent=False)
        if isinstance(brought, Completion) and brought.finish not in _NO_ANSWERS:
            return self._repeated(brought)
        if isinstance(brought, CallFailure) and brought.sent and brought.kind not in _OWN:
            return replace(brought, sent=False, seconds=self._taken())
        return None

    def _repeated(self, known: Completion) -> Completion:
        self._keys.answered(self._question)
        free = Decimal(0)
        seconds = self._taken()
        return replace(known, origin="cache", cost=free, seconds=seconds, first_token=None)

    def _taken(self) -> float:
        return perf_counter() - self._began
