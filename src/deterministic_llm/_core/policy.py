"""What happened to a call, and what follows: the outcome table and the waiting times."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import Literal, TypeAlias

from tenacity import RetryCallState
from tenacity.wait import wait_base, wait_exponential

from deterministic_llm._core.attempts import Attempt, Failed
from deterministic_llm._core.exchange import TOKEN_LIMITS, JsonValue, Outcome
from deterministic_llm._core.records import frozen
from deterministic_llm.errors import (
    BudgetExceeded,
    DeadlineExceeded,
    Degenerate,
    EnforcementError,
    Filtered,
    PromptTooLong,
    ProviderError,
    Refused,
    RetriesExhausted,
    Truncated,
)

EarlyStop: TypeAlias = Literal["auto", "always", "never"]
"""Whether a streamed answer that cannot become valid any more is stopped: always, never, or where
nothing may follow that corrects it."""

OnDrift: TypeAlias = Literal["warn", "raise", "refresh"]
"""What follows when another system answers than before: a warning in the log, the end of the run,
or that what the former one answered is asked again."""

_PATIENT = wait_exponential(multiplier=0.5, max=30)


@frozen
class Policy:
    """How often and how patiently a run goes on; *timeout* is in seconds for the whole of it.

    *transport_retries* that are None are 8, or what FOLLOWS says while another model is left.

    The rest is for streams: *idle_timeout* seconds between two pieces of an answer and
    *first_token_timeout* until the first, and at most *max_chars* characters of it.
    """

    max_retries: int = 2
    transport_retries: int | None = None
    wait: wait_base = _PATIENT
    seed: int = 0
    timeout: float | None = None
    max_tokens_ceiling: int = 32_768
    early_stop: EarlyStop = "auto"
    idle_timeout: float | None = None
    first_token_timeout: float | None = None
    max_chars: int | None = None
    on_drift: OnDrift = "warn"


@frozen
class Follow:
    """What follows an outcome, and the *error* that ends the run when that is used up.

    *at_most* bounds how often in a row, where the run's own limit would be too patient, and
    *with_fallback* while another model is left to ask: the two resends that the providers' SDKs
    have by themselves.
    """

    step: Literal["accept", "reask", "enlarge", "resend", "lower", "stop"]
    error: type[EnforcementError]
    because: str
    at_most: int | None = None
    with_fallback: int | None = None


FOLLOWS: Mapping[Outcome, Follow] = {
    "accepted": Follow("accept", EnforcementError, "the answer is the target"),
    "invalid": Follow("reask", RetriesExhausted, "the answer breaks a rule"),
    "empty": Follow("reask", RetriesExhausted, "nothing was said"),
    "reasoning_only": Follow("reask", RetriesExhausted, "only thinking, which is no answer"),
    "several_calls": Follow("reask", RetriesExhausted, "different tool calls: none is picked"),
    "wrong_tool": Follow("reask", RetriesExhausted, "a tool that was not offered"),
    "degenerate": Follow("reask", Degenerate, "the answer repeats itself without end", 1),
    "aborted": Follow("resend", ProviderError, "the server broke the answer off", 2),
    "truncated": Follow("enlarge", Truncated, "cut at the token limit"),
    "refused": Follow("stop", Refused, "the model declined"),
    "filtered": Follow("stop", Filtered, "the provider withheld the answer"),
    "unreachable": Follow("resend", ProviderError, "no connection, or it broke", None, 2),
    "timeout": Follow("resend", ProviderError, "no answer in the time of one call", None, 1),
    "conflict": Follow("resend", ProviderError, "status 409", None, 2),
    "rate_limited": Follow("resend", ProviderError, "status 429", None, 2),
    "overloaded": Follow("resend", ProviderError, "status 503 or 529", None, 2),
    "server_error": Follow("resend", ProviderError, "any other status from 500", None, 2),
    "malformed": Follow("resend", ProviderError, "a body that is no answer", 2),
    "cut_off": Follow("resend", ProviderError, "the answer stopped and nobody said why", 2, 2),
    "quota": Follow("stop", ProviderError, "no credit left: waiting brings none"),
    "unauthorized": Follow("stop", ProviderError, "status 401 or 403"),
    "bad_request": Follow("stop", ProviderError, "any other status from 400"),
    "unsupported": Follow("lower", ProviderError, "a way to hold answers that it does not take"),
    "prompt_too_long": Follow("stop", PromptTooLong, "the prompt does not fit the model"),
    "too_large": Follow("stop", ProviderError, "more bytes than an answer may have"),
    "over_budget": Follow("stop", BudgetExceeded, "its worst case is more than what is left"),
    "late": Follow("stop", DeadlineExceeded, "the time for the run is over"),
    "circuit_open": Follow("stop", ProviderError, "the provider has been failing for a while"),
}
"""The whole policy of the loop, an outcome a row."""


_TRANSPORT_RETRIES = 8
_LONGEST_WITH_FALLBACK = 5.0
"""Seconds that a server may ask to be left alone and is still waited for, another model at hand."""


def tried_enough(policy: Policy, attempts: Sequence[Attempt[object]], *, another: bool) -> bool:
    """Whether the last of *attempts* with one model is not sent again.

    While *another* model is left to ask, one that is down is not waited for as long as the last
    one would be, unless the caller has said how often.
    """
    last = attempts[-1]
    follow, most = FOLLOWS[last.outcome], policy.transport_retries
    if follow.at_most is not None and _alike(attempts) > follow.at_most:
        return True
    if most is None:
        if another and _told_wait(last) > _LONGEST_WITH_FALLBACK:
            return True
        given = follow.with_fallback if another else None
        most = _TRANSPORT_RETRIES if given is None else given
    return failures_in_a_row(attempts) > most


def _told_wait(attempt: Attempt[object]) -> float:
    """Seconds that the server wished to be left alone."""
    told = attempt.failure.retry_after if isinstance(attempt, Failed) else None
    return told or 0.0


def _alike(attempts: Sequence[Attempt[object]]) -> int:
    """How many in a row came to the same as the last one."""
    others = (
        at for at, each in enumerate(reversed(attempts)) if each.outcome != attempts[-1].outcome
    )
    return next(others, len(attempts))


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
    """How many calls in a row brought no answer, those aside that were not taken as they were."""
    count = 0
    for attempt in reversed(attempts):
        if not isinstance(attempt, Failed):
            break
        count += attempt.outcome != "unsupported"
    return count


def with_more_room(
    parameters: Mapping[str, JsonValue], ceiling: int
) -> Mapping[str, JsonValue] | None:
    """*parameters* with twice the tokens for an answer; None when they are at the *ceiling*."""
    limits = {
        name: min(limit * 2, ceiling)
        for name in TOKEN_LIMITS
        if isinstance(limit := parameters.get(name), int) and limit < ceiling
    }
    return {**parameters, **limits} if limits else None


def shaken(parameters: Mapping[str, JsonValue]) -> Mapping[str, JsonValue]:
    """*parameters* that lead elsewhere: an endless repetition comes back under the same ones."""
    temperature, seed = parameters.get("temperature"), parameters.get("seed")
    changed: dict[str, JsonValue] = {"temperature": 0.7}
    if isinstance(temperature, int | float):
        changed["temperature"] = min(temperature + 0.3, 1.0)
    if isinstance(seed, int):
        changed["seed"] = seed + 1
    return {**parameters, **changed}


def resown(parameters: Mapping[str, JsonValue], sample: int) -> Mapping[str, JsonValue]:
    """*parameters* with the seed of another *sample*, where there is a seed."""
    seed = parameters.get("seed")
    if not sample or not isinstance(seed, int):
        return parameters
    return {**parameters, "seed": seed + sample}


def whole_is_cheaper(prompt: int, whole: int, part: int) -> bool:
    """Whether a native re-ask should ask for the whole: sizes in characters.

    Another schema is another prefix, so the provider's cache no longer serves the prompt. That
    loses nine tenths of the price of a prompt of 1,024 tokens or more, while a token written costs
    at least four times one read (the price lists of the large providers, 2026).
    """
    tokens = prompt / CHARACTERS_A_TOKEN
    lost = 0.9 * tokens if tokens >= 1024 else 0.0
    return 4 * (whole - part) / CHARACTERS_A_TOKEN < lost


CHARACTERS_A_TOKEN = 4
"""Characters of English text in a token, by the rule of thumb that tokenizers' makers give."""
