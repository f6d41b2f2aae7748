"""How patiently a run goes on: its options go in, the policy that they ask for comes out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from math import inf
from operator import index
from typing import Any, SupportsIndex, TypeAlias, cast, get_args

from deterministic_llm._core.policy import EarlyStop, OnDrift, Policy
from deterministic_llm.errors import ConfigurationError

_DEFAULT = Policy()
POLICY = tuple(each.name for each in fields(Policy))
"""The options that are the policy's."""


def policy_of(options: Mapping[str, object]) -> Policy:
    """The policy of *options*; raises ConfigurationError for one that makes no sense."""
    chosen = {name: options[name] for name in POLICY if name in options}
    for name, value in chosen.items():
        wanted, holds = _MUST_BE.get(name, _ANYTHING)
        absent = value is None and getattr(_DEFAULT, name) is None
        if not absent and not holds(value):
            message = f"{name}={value!r}: expected {wanted}"
            raise ConfigurationError(message)
    return replace(_DEFAULT, **cast("dict[str, Any]", chosen))


_Rule: TypeAlias = tuple[str, Callable[[Any], bool]]
_ANYTHING: _Rule = ("anything", lambda _: True)


def _is_time(value: object) -> bool:
    """Whether a clock of the system can wait for *value*."""
    return isinstance(value, int | float) and 0 < value < inf


def _at_least(least: int) -> Callable[[object], bool]:
    return lambda value: isinstance(value, SupportsIndex) and index(value) >= least


_SECONDS: _Rule = ("seconds above 0, or None for no limit", _is_time)
_COUNT: _Rule = ("0 or more", _at_least(0))
_POSITIVE: _Rule = ("1 or more", _at_least(1))
_MUST_BE: Mapping[str, _Rule] = {
    "timeout": _SECONDS,
    "idle_timeout": _SECONDS,
    "first_token_timeout": _SECONDS,
    "max_retries": _COUNT,
    "transport_retries": _COUNT,
    "max_chars": _POSITIVE,
    "max_tokens_ceiling": _POSITIVE,
    "wait": ("a wait strategy of tenacity", callable),
    "on_drift": ("'warn', 'raise' or 'refresh'", lambda value: value in get_args(OnDrift)),
    "early_stop": ("'auto', 'always' or 'never'", lambda value: value in get_args(EarlyStop)),
}
"""What options of the policy must be; None is taken where it is the default."""
