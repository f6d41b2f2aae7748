"""Two keys in JSON that are one in the output: a core schema goes in, what finds them comes out.

A mapping by number, date or trimmed text takes "1" and "01" for the same key, and keeps the last. A
member with several names, as an alias and its own, takes the first of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, cast

from pydantic_core import SchemaValidator, to_json

from deterministic_llm._core.attempts import Violation
from deterministic_llm._core.exchange import JsonObject, JsonValue
from deterministic_llm._core.records import frozen
from deterministic_llm._core.schema.cores import Node, below
from deterministic_llm._core.schema.violations import json_path
from deterministic_llm._core.schema.wording import quote

if TYPE_CHECKING:
    from pydantic_core import CoreConfig, CoreSchema


@frozen
class Twins:
    """Finds keys of one object that its type takes for the same.

    *keys* are what validates the keys of each such mapping of the type, and *names* are its models
    if a member of some goes by several names. Whether an object is one of them is not told: another
    one has hardly ever keys that all are valid there, and two that are the same.
    """

    keys: tuple[SchemaValidator, ...]
    names: tuple[Names, ...]

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
        for names in self.names:
            pair = names.pair(value)
            if pair is not None and not any(each.tell_apart(*pair) for each in self.names):
                return pair
        return None


@frozen
class Names:
    """The names of the members of a model, each with all that it goes by; some *needed*."""

    members: tuple[frozenset[str], ...]
    needed: tuple[frozenset[str], ...]

    def tell_apart(self, first: str, other: str) -> bool:
        """Whether *first* and *other* are names of two members here."""
        return sum(first in names or other in names for names in self.members) > 1

    def pair(self, value: JsonObject) -> tuple[str, str] | None:
        """Two names of one member that have different values, if *value* may be of the model."""
        said = value.keys()
        whole = all(not said.isdisjoint(names) for names in self.needed)
        if not whole or not (self.needed or said <= frozenset[str]().union(*self.members)):
            return None
        for names in self.members:
            first, *others = [key for key in value if key in names] or [""]
            for other in others:
                if value[other] != value[first]:
                    return first, other
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
    whole = cast("Node", core_schema)
    listed = whole.get("definitions") if whole.get("type") == "definitions" else None
    definitions = cast("list[CoreSchema]", listed or [])
    made: list[tuple[Node, Node]] = []
    models: list[Names] = []
    for node, around in _nodes(whole, config or {}):
        keys = node.get("keys_schema")
        if isinstance(keys, dict) and not _are_kept(cast("Node", keys), around):
            made += [] if (keys, around) in made else [(cast("Node", keys), around)]
        models += _names_of(node, around)
    several = any(len(names) > 1 for each in models for names in each.members)
    validators = tuple(_of_keys(node, around, definitions) for node, around in made)
    found = Twins(validators, tuple(models) if several else ())
    return found if found.keys or found.names else None


def _names_of(node: Node, config: Node) -> Iterator[Names]:
    """The names of the members, where *node* holds some."""
    fields = node.get("fields")
    if str(node.get("type")) not in _WITH_FIELDS or not isinstance(fields, dict | list):
        return
    listed = (
        [*cast("dict[str, Node]", fields).items()]
        if isinstance(fields, dict)
        else [(str(each["name"]), each) for each in cast("list[Node]", fields)]
    )
    by_name = bool(config.get("validate_by_name") or config.get("populate_by_name"))
    members = [(_names(name, each, by_name=by_name), each) for name, each in listed]
    needed = tuple(names for names, each in members if _is_needed(each))
    yield Names(tuple(names for names, _ in members), needed)


def _names(name: str, member: Node, *, by_name: bool) -> frozenset[str]:
    alias = member.get("validation_alias", name)
    paths = cast("list[object]", alias) if isinstance(alias, list) else [[alias]]
    found = [
        str(cast("list[object]", path)[0])
        for path in paths
        if isinstance(path, list) and len(cast("list[object]", path)) == 1
    ]
    return frozenset([*found, name] if by_name else found)


def _is_needed(member: Node) -> bool:
    schema = cast("Node", member["schema"])
    return schema.get("type") != "default" and member.get("required", True) is not False


def _of_keys(keys: Node, config: Node, definitions: list[CoreSchema]) -> SchemaValidator:
    node = {"type": "dict", "keys_schema": keys, "values_schema": {"type": "any"}}
    whole = {"type": "definitions", "schema": node, "definitions": definitions}
    return SchemaValidator(
        cast("CoreSchema", whole if definitions else node), cast("CoreConfig", dict(config))
    )


def _nodes(whole: Node, config: Node) -> Iterator[tuple[Node, Node]]:
    """Every part of *whole*, each with the config it stands in."""
    pending = [(whole, config)]
    while pending:
        node, around = pending.pop()
        own = node.get("config")
        around = cast("Node", own) if isinstance(own, dict) else around
        yield node, around
        pending += [(each, around) for each in below(node)]


def _are_kept(keys: Node, config: Node) -> bool:
    """Whether keys come out as they were written."""
    kind = keys.get("type")
    if kind == "str":
        return not any(keys.get(each, config.get(f"str_{each}")) for each in _CHANGES)
    return kind == "any"


_CHANGES = ("strip_whitespace", "to_lower", "to_upper")
_WITH_FIELDS = frozenset({"model-fields", "dataclass-args", "typed-dict"})
