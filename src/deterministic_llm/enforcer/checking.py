"""What options must be: one that makes no sense is refused when it is given, not in mid-run."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping
from operator import index
from threading import TIMEOUT_MAX
from typing import SupportsIndex, TypeAlias, cast, get_args

from deterministic_llm._core.attempts import Answered, Failed
from deterministic_llm._core.exchange import Mode
from deterministic_llm._core.policy import EarlyStop, OnDrift
from deterministic_llm.errors import ConfigurationError


def check_options(options: Mapping[str, object], on_exhausted: object) -> None:
    """Raise ConfigurationError for an option that cannot be followed."""
    for name, value in options.items():
        rule = _MUST_BE.get(name)
        if rule is None or (value is None and name in _MAY_BE_NONE):
            continue
        if not rule[1](value):
            raise ConfigurationError(_told(name, value, rule[0]))
    if on_exhausted not in _ENDS and not callable(on_exhausted):
        wanted = "'raise', 'return_none' or a function of the error"
        raise ConfigurationError(_told("on_exhausted", on_exhausted, wanted))


def _told(name: str, value: object, wanted: str) -> str:
    """What is wrong, with the value where it is short and cannot be a secret."""
    if isinstance(value, int | float | str) and name not in _SECRET:
        return f"{name}={value!r}: expected {wanted}"
    return f"{name}=: expected {wanted}, got {type(value).__name__}"


_SECRET = ("headers", "extra_body")
_ENDS = ("raise", "return_none")
_Rule: TypeAlias = tuple[str, Callable[[object], bool]]


def _number(above: float, upto: float) -> Callable[[object], bool]:
    def holds(value: object) -> bool:
        if not isinstance(value, int | float) or isinstance(value, bool):
            return False
        return above < value <= upto

    return holds


def _whole(least: float) -> Callable[[object], bool]:
    def holds(value: object) -> bool:
        if isinstance(value, bool) or not isinstance(value, _WHOLE):
            return False
        return index(value) >= least

    return holds


def _are_headers(value: object) -> bool:
    if not isinstance(value, Mapping):
        return False
    items = cast("Mapping[object, object]", value).items()
    return all(isinstance(each, str) for item in items for each in item)


def _is_list(value: object) -> bool:
    return isinstance(value, _LISTS) and not isinstance(value, str | bytes)


# What is usual stands first: to ask a protocol takes ten times as long.
_WHOLE = (int, SupportsIndex)
_LISTS = (list, tuple, Collection)


def _is_record(value: object) -> bool:
    if not isinstance(value, Collection) or isinstance(value, str | bytes):
        return isinstance(value, str | bytes)
    attempts = cast("Collection[object]", value)
    return all(isinstance(each, Answered | Failed) for each in attempts)


_SECONDS: _Rule = ("seconds above 0, or None for no limit", _number(0, TIMEOUT_MAX))
_COUNT: _Rule = ("0 or more", _whole(0))
_ROOM: _Rule = ("1 or more", _whole(1))
_YES_OR_NO: _Rule = ("True or False", lambda value: isinstance(value, bool))
_MUST_BE: Mapping[str, _Rule] = {
    "timeout": _SECONDS,
    "call_timeout": _SECONDS,
    "idle_timeout": _SECONDS,
    "first_token_timeout": _SECONDS,
    "max_retries": _COUNT,
    "transport_retries": _COUNT,
    "max_chars": _ROOM,
    "max_tokens_ceiling": _ROOM,
    "wait": ("a wait strategy of tenacity, such as wait_fixed(1)", callable),
    "seed": ("a whole number", _whole(-math.inf)),
    "mode": (
        "'auto', 'native', 'tool', 'json', 'grammar' or 'prompt'",
        lambda value: value in get_args(Mode),
    ),
    "on_drift": ("'warn', 'raise' or 'refresh'", lambda value: value in get_args(OnDrift)),
    "early_stop": ("'auto', 'always' or 'never'", lambda value: value in get_args(EarlyStop)),
    "max_tokens": _ROOM,
    "max_completion_tokens": _ROOM,
    "temperature": ("a number", _number(-math.inf, math.inf)),
    "top_p": ("a number", _number(-math.inf, math.inf)),
    "headers": ("names with their texts", _are_headers),
    "extra_body": ("a mapping", lambda value: isinstance(value, Mapping)),
    "strict": _YES_OR_NO,
    "confidence": _YES_OR_NO,
    "key": ("a function of the arguments", callable),
    "validators": ("a list of functions of the output", _is_list),
    "fallback": ("a list, of models or of functions", _is_list),
    "hooks": ("a list of functions of an event, or of objects with methods", _is_list),
    "resume": ("the attempts of a run, or its to_json()", _is_record),
    "abstain_below": ("a share above 0, at most 1", _number(0, 1)),
}
"""What each option must be."""
_MAY_BE_NONE = frozenset(
    {
        *("timeout", "call_timeout", "idle_timeout", "first_token_timeout", "max_chars"),
        *("seed", "key"),
        *("abstain_below", "max_tokens", "max_completion_tokens", "temperature", "top_p"),
        *("headers", "extra_body"),
    }
)
"""Those that are None when they are not given."""
