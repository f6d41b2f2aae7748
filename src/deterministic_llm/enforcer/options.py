"""The options of a run, as the keywords that they are."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from tenacity.wait import wait_base
from typing_extensions import TypedDict

from deterministic_llm._core.attempts import Attempt
from deterministic_llm._core.checks import Validator
from deterministic_llm._core.consensus.rules import Voting
from deterministic_llm._core.exchange import Mode
from deterministic_llm._core.policy import EarlyStop, OnDrift
from deterministic_llm.metering.breaker import Breaker
from deterministic_llm.metering.budgets import Budget
from deterministic_llm.metering.limits import Limits
from deterministic_llm.metering.prices import Price
from deterministic_llm.metering.spend import Spend
from deterministic_llm.storage.cache import Kept


class Options(TypedDict, total=False):
    """What governs a run; each is a keyword of enforce, generate and with_options."""

    max_retries: int
    transport_retries: int
    wait: wait_base
    timeout: float
    call_timeout: float
    idle_timeout: float
    first_token_timeout: float
    early_stop: EarlyStop
    max_chars: int
    strict: bool
    mode: Mode
    seed: int
    max_tokens_ceiling: int
    validators: Sequence[Validator | Callable[..., object]]
    context: object
    fallback: Sequence[object]
    hooks: Sequence[object]
    resume: Sequence[Attempt[object]] | str
    budget: Budget
    limits: Limits
    breaker: Breaker
    reserve: Spend
    prices: Mapping[str, Price]
    allow_unpriced: bool
    cache: Kept
    key: Callable[..., object]
    votes: int | Voting
    confidence: bool
    on_drift: OnDrift
    abstain_below: float


class ModelOptions(Options, total=False):
    """Options plus the model's own request parameters; those of a call win over the Model's."""

    temperature: float
    top_p: float
    max_tokens: int
    max_completion_tokens: int
    stop: list[str] | str
    extra_body: Mapping[str, object]
    headers: Mapping[str, str]
