"""The time of one run: how long it has taken, and how much is left."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from time import perf_counter

from deterministic_llm._core.attempts import Attempt, Failed, Request
from deterministic_llm._core.checks import Validator
from deterministic_llm._core.exchange import CallFailure
from deterministic_llm._core.patience import left_of
from deterministic_llm._core.policy import Policy
from deterministic_llm._core.records import changed

OUT_OF_TIME = CallFailure("no answer before the deadline", "late")


class Stopwatch:
    """Measures a run of at most *timeout* seconds by *clock*."""

    __slots__ = ("_began", "_clock", "_timeout")

    def __init__(self, timeout: float | None, clock: Callable[[], float] = perf_counter) -> None:
        self._clock = clock
        self._began = clock()
        self._timeout = timeout

    def now(self) -> float:
        """Seconds since the run began."""
        return self._clock() - self._began

    def left(self) -> float | None:
        """Seconds that the run may still take; None without a deadline."""
        return left_of(self._timeout, self.now())

    def timed(self, request: Request) -> Request:
        """*request* with the time that is left for it."""
        return request if self._timeout is None else changed(request, timeout=self.left())

    def streamed(self, request: Request, policy: Policy) -> Request:
        """*request* with the time that is left for it, and the times of a stream."""
        if policy.idle_timeout is None and policy.first_token_timeout is None:
            return self.timed(request)
        return changed(
            request,
            timeout=self.left(),
            idle_timeout=policy.idle_timeout,
            first_token_timeout=policy.first_token_timeout,
        )

    def late(self, attempt: Attempt[object], validator: Validator) -> Failed:
        """The record of a *validator* that the time ran out on."""
        failure = replace(OUT_OF_TIME, message=f"{validator.name} was not done by the deadline")
        return Failed(attempt.request, failure, self.now(), attempt.arguments)
