"""Values in a wrapper: an envelope, a tool call, an echoed schema or a list of one is opened.

A wrapper is opened only where it does not fit itself, no key of it belongs to the target, and
exactly one of its members fits.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator
from typing import Literal, TypeAlias, cast

from deterministic_llm._core.exchange import JsonObject, JsonValue
from deterministic_llm._core.reading.alignment.bending import Node, Trace, Trial
from deterministic_llm._core.reading.alignment.bends import (
    ENVELOPE,
    JSON_TEXT,
    LIST_OF_ONE,
    SCHEMA_ECHO,
    TOOL_CALL,
    TYPED_VALUE,
    Refused,
    Rule,
)
from deterministic_llm._core.reading.alignment.keys import folded
from deterministic_llm._core.reading.alignment.vocabulary import (
    COUNTS,
    ECHOED_SCHEMA,
    ENVELOPES,
    EXPLAINS,
    NEVER_OPENED,
    SCALES,
    TOOL_NAMES,
    TOOL_PAYLOADS,
    TOOL_REST,
    UNITS,
    VAGUE,
)
from deterministic_llm._core.reading.alignment.vocabulary import TYPED_VALUE as TYPED_KEYS
from deterministic_llm._core.reading.syntax.documents import same
from deterministic_llm._core.regexes import expression

Kind: TypeAlias = Literal["object", "array", "whole", "member"]
"""What is looked for: of single values, the whole answer may stand under any name."""

_MOST_MEMBERS = 8


def opened(
    node: Node, value: JsonValue, trace: Trace, *, kind: Kind, name: str = ""
) -> Trial | None:
    """What *node* makes of the only fitting member of *value*, if it is a wrapper; else None."""
    if isinstance(value, list):
        trial = trace.attempt(node, value[0]) if len(value) == 1 else None
        return _with(LIST_OF_ONE, value, trial) if trial is not None and trial.fits else None
    if not isinstance(value, dict) or not 0 < len(value) <= _MOST_MEMBERS:
        return None
    shape = shape_of(value)
    if shape is None and kind in {"whole", "member"} and (said := _qualified(value)):
        trial = trace.attempt(node, said)
        return _with(ENVELOPE, value, trial) if trial.fits else None
    members = [shape] if shape is not None else _members(value, kind, name)
    return _only(node, value, _undeclared(node, members), trace)


def from_text(node: Node, value: JsonValue, opener: str, trace: Trace) -> JsonValue:
    """What *value* is as JSON in a string that begins with *opener*, or as a list of one."""
    if isinstance(value, str):
        parsed = json_text(value, opener)
        if parsed is None:
            return value
        trial = trace.attempt(node, parsed)
        trace.note(JSON_TEXT, value, trial.value)
        return trace.take(trial)
    single = opened(node, value, trace, kind="object") if isinstance(value, list) else None
    return value if single is None else trace.take(single)


def called(node: Node, value: JsonObject, trace: Trace) -> Trial | None:
    """What *node* makes of the arguments, if *value* has the shape of a tool call; else None."""
    shape = shape_of(value) if len(value) <= _MOST_MEMBERS else None
    if shape is None or shape[1] is not TOOL_CALL:
        return None
    return _only(node, value, _undeclared(node, [shape]), trace)


def shape_of(value: JsonObject) -> tuple[str, Rule] | None:
    """The key of the payload, where the keys as a whole tell what the wrapper is."""
    keys = {folded(key): key for key in value}
    payloads = keys.keys() & TOOL_PAYLOADS
    rest = keys.keys() - payloads - TOOL_REST
    if len(payloads) == 1 and rest and rest <= TOOL_NAMES:
        return keys[payloads.pop()], TOOL_CALL
    if "function" in keys and keys.keys() <= TOOL_REST | {"function"}:
        return keys["function"], TOOL_CALL
    if {"type", "value"} <= keys.keys() <= TYPED_KEYS:
        return keys["value"], TYPED_VALUE
    if "properties" in keys and keys.keys() <= ECHOED_SCHEMA:
        return keys["properties"], SCHEMA_ECHO
    return None


def echoes_schema(value: JsonObject) -> bool:
    """Whether *value* is a JSON Schema of an object rather than an object."""
    properties = value.get("properties")
    return isinstance(properties, dict) and (value.get("type") == "object" or "$schema" in value)


def json_text(text: str, opener: str) -> dict[str, JsonValue] | list[JsonValue] | None:
    """The list or object that *text* is as strict JSON, beginning with *opener*; else None."""
    bared = text.strip()
    if not bared.startswith(opener):
        return None
    try:
        return cast(
            "dict[str, JsonValue] | list[JsonValue]",
            json.loads(
                bared,
                object_pairs_hook=_members_once,
                parse_constant=_no_constant,
                parse_float=_finite,
            ),
        )
    except (ValueError, RecursionError):
        return None


def _members_once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError(pairs[-1][0])
    return members


def _no_constant(name: str) -> object:
    raise ValueError(name)


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise ValueError(digits)
    return number


def _members(value: JsonObject, kind: Kind, own: str) -> list[tuple[str, Rule]]:
    """The keys that may hold the payload of an envelope."""
    if kind == "whole":  # what explains a value is no other one
        value = {key: each for key, each in value.items() if not _explains(key, each)} or value
    lists = [key for key, member in value.items() if isinstance(member, list)]
    if kind == "array" and any(_says_more(value, value[key]) for key in lists):
        return []  # no more than the first page of a list
    anonymous = {
        "object": len(value) == 1,
        "array": len(lists) == 1 and all(_is_about(key) for key in value if key != lists[0]),
        "whole": len(value) == 1,
        "member": len(value) == 1 and folded(next(iter(value))) == folded(own),
    }[kind]
    keys = lists if kind == "array" else list(value)
    # Beside another number, "content" is the name of one of several.
    numbers = sum(type(member) in (int, float) for member in value.values())
    vague = VAGUE if kind in {"whole", "member"} and numbers > 1 else frozenset[str]()
    return [
        (key, ENVELOPE)
        for key in value
        if (name := folded(key)) in ENVELOPES - vague
        or (anonymous and key in keys and name not in NEVER_OPENED and not _set_apart(key))
    ]


def _qualified(value: JsonObject) -> str | None:
    """A value with its scale or unit beside it, as "7/10" or "5 USD"; None when it has neither."""
    keys = {folded(key): each for key, each in value.items()}
    scales = [keys[key] for key in SCALES if key in keys]
    units = [keys[key] for key in UNITS if key in keys]
    if "value" not in keys or not (scales or units):
        return None
    written = [str(keys["value"]), *(f"/{scale}" for scale in scales)]
    return " ".join(["".join(written), *map(str, units)])


def _set_apart(key: str) -> bool:
    """Whether a name says that what it holds was set aside, or is one of several."""
    joined = "_".join(_WORDS_OF_A_KEY.findall(key)).lower()
    return _SET_APART.search(joined) is not None


_WORDS_OF_A_KEY = expression(r"[A-Z]?[^\W\d_A-Z]+|[A-Z]+(?![^\W\d_A-Z])|\d+")
_SET_APART = expression(
    r"(?:\A|_)(?:example|placeholder|dummy|fake|hypothetical|draft|initial|previous|old|original"
    r"|outdated|superseded|wrong|incorrect|invalid|rejected|discarded|reasoning|thinking|thoughts?"
    r"|scratchpad)(?:_|\Z)|\A(?:attempt|option|alternative|variant|try)_(?:[a-z]|\d+)\Z"
)


def _explains(key: str, member: JsonValue) -> bool:
    """Whether *member* is a text of several words that says why."""
    return isinstance(member, str) and " " in member.strip() and folded(key) in EXPLAINS


def _is_about(key: str) -> bool:
    """Whether a member beside a list tells something about it and is no part of the value."""
    return folded(key) in NEVER_OPENED


def _says_more(value: JsonObject, items: JsonValue) -> bool:
    """Whether a count beside *items* is higher than theirs, and no sum of them."""
    if not isinstance(items, list):
        return False
    counts = [each for key, each in value.items() if folded(key) in COUNTS and type(each) is int]
    if all(each <= len(items) for each in counts):
        return False
    rows = [each if isinstance(each, dict) else {"": each} for each in items]
    columns = {key for row in rows for key in row}
    numbers = [[row.get(key) for row in rows] for key in columns]
    sums = {sum(each for each in column if isinstance(each, int | float)) for column in numbers}
    return not any(each in sums for each in counts)


def _undeclared(node: Node, members: Iterable[tuple[str, Rule]]) -> Iterator[tuple[str, Rule]]:
    names = node.names
    return (each for each in members if names is None or each[0] not in names)


def _only(
    node: Node, value: JsonObject, members: Iterable[tuple[str, Rule]], trace: Trace
) -> Trial | None:
    found = [
        (rule, trace.attempt(node, value[key])) for key, rule in members if value[key] is not None
    ]
    fitting = [(rule, trial) for rule, trial in found if trial.fits]
    if not fitting:
        return None
    rule, trial = fitting[0]
    if all(same(trial.value, other.value) for _, other in fitting[1:]):
        return _with(rule, value, trial)
    refused = Refused("ambiguous", "expected one value, not several that all fit", "give one")
    return Trial(value, [(None, refused, value, None)], 0, fits=False)


def _with(rule: Rule, value: JsonValue, trial: Trial) -> Trial:
    return Trial(
        trial.value,
        [(None, rule, value, trial.value), *trial.events],
        trial.cost + rule.cost,
        fits=True,
    )
