"""What happened to a call, and what follows: the outcome table and the waiting times."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from tenacity import RetryCallState
from tenacity.wait import wait_base, wait_exponential

from deterministic_llm._core.attempts import Attempt, Failed, Outcome
from deterministic_llm.errors import (
    EnforcementError,
    Filtered,
    Refused,
    RetriesExhausted,
    Truncated,
)

_PATIENT = wait_exponential(multiplier=0.5, max=30)


@dataclass(frozen=True, slots=True)
class Policy:
    """How often and how patiently a run goes on."""

    max_retries: int = 2
    transport_retries: int = 8
    wait: wait_base = _PATIENT
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Follow:
    """What follows an outcome, and the *error* that ends the run when that is used up."""

    step: Literal["accept", "reask", "enlarge", "resend", "stop"]
    error: type[EnforcementError] = EnforcementError


FOLLOWS: Mapping[Outcome, Follow] = {
    "accepted": Follow("accept"),
    "invalid": Follow("reask", RetriesExhausted),
    "empty": Follow("reask", RetriesExhausted),
    "truncated": Follow("enlarge", Truncated),
    "refused": Follow("stop", Refused),
    "filtered": Follow("stop", Filtered),
    "unreachable": Follow("resend"),
    "failed": Follow("stop"),
}
"""The whole policy of the loop, an outcome a row."""


def delay_before_resend(policy: Policy, attempts: Sequence[Attempt[object]]) -> float:
    """Seconds to wait before the last request goes out again.

    The server's own wish is taken as told. Otherwise the wait strategy, with the upper half of it
    drawn by a generator seeded from the run: a replay waits exactly as long.
    """
    last = attempts[-1]
    if isinstance(last, Failed) and last.failure.retry_after is not None:
        return last.failure.retry_after
    failures = failures_in_a_row(attempts)
    state = RetryCallState(retry_object=None, fn=None, args=(), kwargs={})  # type: ignore[arg-type]  # tenacity's strategies read the count only
    state.attempt_number = failures
    longest = policy.wait(state)
    return random.Random(f"{policy.seed}:{failures}").uniform(longest / 2, longest)  # noqa: S311  # spreads load, guards nothing


def failures_in_a_row(attempts: Sequence[Attempt[object]]) -> int:
    """How many calls in a row brought no answer."""
    count = 0
    for attempt in reversed(attempts):
        if not isinstance(attempt, Failed):
            break
        count += 1
    return count
