"""Two keys in JSON that are one in the output: a core schema goes in, what finds them comes out.

A mapping by number, date or trimmed text takes "1" and "01" for the same key, and keeps the last.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from pydantic_core import SchemaValidator, to_json

from deterministic_llm._core.attempts import Violation
from deterministic_llm._core.exchange import JsonObject, JsonValue
from deterministic_llm._core.schema.violations import json_path
from deterministic_llm._core.schema.wording import quote

if TYPE_CHECKING:
    from pydantic_core import CoreConfig, CoreSchema

_Node = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Twins:
    """Finds keys of one object that its type takes for the same.

    *keys* are what validates the keys of each such mapping of the type. Whether an object is one of
    them is not told: another one has hardly ever keys that all are valid there, and two that are
    the same.
    """

    keys: tuple[SchemaValidator, ...]

    def found_in(self, value: JsonValue, context: object) -> tuple[Violation, ...]:
        """A violation for each object in *value* that has such keys."""
        found: list[Violation] = []
        pending: list[tuple[tuple[str | int, ...], JsonValue]] = [((), value)]
        while pending:
            at, each = pending.pop()
            if isinstance(each, dict):
                pair = self._pair(each, context)
                if pair is not None:
                    found.append(_two_for_one(at, *pair))
                pending += [((*at, key), inner) for key, inner in each.items()]
            elif isinstance(each, list):
                pending += [((*at, place), inner) for place, inner in enumerate(each)]
        return tuple(found)

    def _pair(self, value: JsonObject, context: object) -> tuple[str, str] | None:
        """The first two keys of *value* that are one."""
        if len(value) < 2:
            return None
        for validator in self.keys:
            kept = _valid(validator, value, context)
            if kept is not None and len(kept) < len(value):
                return _first_pair(validator, value, context)
        return None


def _first_pair(
    validator: SchemaValidator, value: JsonObject, context: object
) -> tuple[str, str] | None:
    known: dict[object, str] = {}
    for key in value:
        for meant in _valid(validator, {key: None}, context) or ():
            if meant in known:
                return known[meant], key
            known[meant] = key
    return None


def _valid(
    validator: SchemaValidator, value: JsonObject, context: object
) -> dict[object, object] | None:
    try:
        said = to_json(dict.fromkeys(value))
        return cast(
            "dict[object, object]", validator.validate_json(said, strict=True, context=context)
        )
    except ValueError:  # pydantic's is one, too
        return None


def _two_for_one(at: tuple[str | int, ...], first: str, second: str) -> Violation:
    got = f"{quote(first)} and {quote(second)}"
    reason = "expected each key once: two keys mean the same"
    return Violation(json_path(at), "duplicate_key", reason, got, "write each key once")


def twins_of(core_schema: object, config: Mapping[str, object] | None = None) -> Twins | None:
    """What finds twins in the values of *core_schema*; None for types that have none, as most."""
    whole = cast("_Node", core_schema)
    named = whole.get("definitions") if whole.get("type") == "definitions" else None
    definitions = cast("list[CoreSchema]", named or [])
    made: list[tuple[_Node, _Node]] = []
    for each in _merging(whole, config or {}):
        if each not in made:
            made.append(each)
    keys = tuple(_of_keys(node, config, definitions) for node, config in made)
    return Twins(keys) if keys else None


def _of_keys(keys: _Node, config: _Node, definitions: list[CoreSchema]) -> SchemaValidator:
    node = {"type": "dict", "keys_schema": keys, "values_schema": {"type": "any"}}
    whole = {"type": "definitions", "schema": node, "definitions": definitions}
    return SchemaValidator(
        cast("CoreSchema", whole if definitions else node), cast("CoreConfig", dict(config))
    )


def _merging(whole: _Node, config: _Node) -> Iterator[tuple[_Node, _Node]]:
    """The schemas of keys that may make one of two, each with the config it stands in."""
    pending: list[tuple[object, _Node]] = [(whole, config)]
    while pending:
        each, around = pending.pop()
        if isinstance(each, list | tuple):
            pending += [(inner, around) for inner in cast("list[object]", each)]
        elif isinstance(each, dict):
            node = cast("dict[str, object]", each)
            own = node.get("config")
            around = cast("_Node", own) if isinstance(own, dict) else around
            keys = node.get("keys_schema")
            if isinstance(keys, dict) and not _are_kept(cast("_Node", keys), around):
                yield cast("_Node", keys), around
            pending += [(inner, around) for key, inner in node.items() if key not in _SETTLED]


def _are_kept(keys: _Node, config: _Node) -> bool:
    """Whether keys come out as they were written."""
    kind = keys.get("type")
    if kind == "str":
        return not any(keys.get(each, config.get(f"str_{each}")) for each in _CHANGES)
    return kind == "any"


_CHANGES = ("strip_whitespace", "to_lower", "to_upper")
_SETTLED = frozenset({"config", "default", "expected", "members", "metadata", "serialization"})
"""Keys of a core schema under which no other one stands that validates."""
