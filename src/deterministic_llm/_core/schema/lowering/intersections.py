"""Several schemas that must all hold as one: ``allOf`` goes in, a single node comes out.

What cannot be said in one node stays beside it as residue: it is described, and validated here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from math import lcm

from deterministic_llm._core.exchange import JsonObject, JsonValue

RESIDUE = "x-residue"
"""The keyword, for our own use, under which conditions stand that have no place in one node."""
_BRANCHING = ("if", "then", "else")
_MOST_PAIRS = 12
"""Alternatives that two unions may have together; beyond, one of the two is only described."""


class EmptyIntersection(Exception):  # noqa: N818  # a finding, not a fault
    """No value fits all of the schemas."""


def intersection(nodes: Iterable[JsonValue]) -> JsonValue:
    """One schema for what fits all *nodes*, which hold neither ``allOf`` nor ``$ref`` on top.

    Raises EmptyIntersection where that is plainly nothing.
    """
    whole: JsonObject = {}
    for node in nodes:
        if node is False:
            raise EmptyIntersection
        if isinstance(node, dict):
            whole = _both(whole, node) if whole else dict(node)
    return whole


def both(left: JsonValue, right: JsonValue) -> JsonValue:
    """A schema for what fits *left* and *right*, to be intersected when it is looked at."""
    if left is True or left in ({}, right):
        return right
    if right is True or right == {}:
        return left
    if left is False or right is False:
        return False
    return {"allOf": [left, right]}


def other_member(node: JsonObject, name: str) -> JsonValue:
    """What *node* says of a member *name* that its properties do not list."""
    patterns = node.get("patternProperties")
    found: JsonValue = True
    matched = False
    if isinstance(patterns, dict):
        for pattern, each in patterns.items():
            if _matches(pattern, name):
                found, matched = both(found, each), True
    if matched:
        return found
    return node.get("additionalProperties", True)


def _matches(pattern: str, name: str) -> bool:
    try:
        return re.search(pattern, name) is not None
    except re.error:
        return False


def _both(left: JsonObject, right: JsonObject) -> JsonObject:
    residue: JsonObject = {}
    if "if" in left and "if" in right:
        residue = {key: right[key] for key in _BRANCHING if key in right}
        right = {key: right[key] for key in right if key not in _BRANCHING}
    whole = {**left, **right}
    for keyword in [each for each in left if each in right]:
        ours, theirs = left[keyword], right[keyword]
        if keyword in _MERGED:
            whole[keyword] = _MERGED[keyword](ours, theirs)
        elif keyword in _UNIONS and _pairs(ours, theirs):
            whole[keyword] = _pairs(ours, theirs)
        else:
            whole[keyword] = ours
            if keyword in _CONDITIONS and ours != theirs:
                residue[keyword] = theirs
    whole |= _members(left, right) | _places(left, right)
    if residue:
        known = whole.get(RESIDUE)
        whole[RESIDUE] = [*(known if isinstance(known, list) else ()), residue]
    return whole


def _members(left: JsonObject, right: JsonObject) -> JsonObject:
    """The members of both; what one side does not list, it has a rule for all the same."""
    names = {**_listed(left), **_listed(right)}
    if not names:
        return {}
    members = {name: both(_member(left, name), _member(right, name)) for name in names}
    return {"properties": members}


def _listed(node: JsonObject) -> JsonObject:
    properties = node.get("properties")
    return properties if isinstance(properties, dict) else {}


def _member(node: JsonObject, name: str) -> JsonValue:
    listed = _listed(node)
    return listed[name] if name in listed else other_member(node, name)


def _places(left: JsonObject, right: JsonObject) -> JsonObject:
    """The first items of both, each with a rule of its own."""
    count = max(len(_first_items(left)), len(_first_items(right)))
    if not count:
        return {}
    return {"prefixItems": [both(_item(left, at), _item(right, at)) for at in range(count)]}


def _first_items(node: JsonObject) -> list[JsonValue]:
    items = node.get("prefixItems")
    return items if isinstance(items, list) else []


def _item(node: JsonObject, at: int) -> JsonValue:
    first = _first_items(node)
    return first[at] if at < len(first) else node.get("items", True)


def _pairs(left: JsonValue, right: JsonValue) -> list[JsonValue]:
    """The alternatives of two unions that must both hold; none where they are many."""
    ours = left if isinstance(left, list) else []
    theirs = right if isinstance(right, list) else []
    if len(ours) * len(theirs) > _MOST_PAIRS:
        return []
    return [both(one, other) for one in ours for other in theirs]


_Merge = Callable[[JsonValue, JsonValue], JsonValue]


def _types(left: JsonValue, right: JsonValue) -> JsonValue:
    ours: list[JsonValue] = left if isinstance(left, list) else [left]
    theirs: list[JsonValue] = right if isinstance(right, list) else [right]
    kept = [each for each in ours if each in theirs]
    if "integer" not in kept and _integers(ours, theirs):
        kept.append("integer")
    if not kept:
        raise EmptyIntersection
    return kept[0] if len(kept) == 1 else kept


def _integers(ours: list[JsonValue], theirs: list[JsonValue]) -> bool:
    """Whether one side has integers and the other all numbers."""
    one = "integer" in ours and "number" in theirs and "number" not in ours
    return one or ("integer" in theirs and "number" in ours and "number" not in theirs)


def _larger(left: JsonValue, right: JsonValue) -> JsonValue:
    return right if _number(right) > _number(left) else left


def _smaller(left: JsonValue, right: JsonValue) -> JsonValue:
    return right if _number(right) < _number(left) else left


def _number(value: JsonValue) -> float:
    return value if isinstance(value, int | float) else 0


def _multiple(left: JsonValue, right: JsonValue) -> JsonValue:
    if isinstance(left, int) and isinstance(right, int):
        return lcm(left, right)
    return _larger(left, right)


def _names(left: JsonValue, right: JsonValue) -> JsonValue:
    ours = left if isinstance(left, list) else []
    theirs = right if isinstance(right, list) else []
    return [*ours, *(each for each in theirs if each not in ours)]


def _options(left: JsonValue, right: JsonValue) -> JsonValue:
    theirs = right if isinstance(right, list) else []
    kept = [each for each in (left if isinstance(left, list) else ()) if _is_in(each, theirs)]
    if not kept:
        raise EmptyIntersection
    return kept


def _is_in(value: JsonValue, options: Iterable[JsonValue]) -> bool:
    return any(
        value == each and isinstance(value, bool) is isinstance(each, bool) for each in options
    )


def _constant(left: JsonValue, right: JsonValue) -> JsonValue:
    if not _is_in(left, [right]):
        raise EmptyIntersection
    return left


def _schemas(left: JsonValue, right: JsonValue) -> JsonValue:
    ours = left if isinstance(left, dict) else {}
    theirs = right if isinstance(right, dict) else {}
    return {key: both(ours.get(key, True), theirs.get(key, True)) for key in {**ours, **theirs}}


def _first(left: JsonValue, right: JsonValue) -> JsonValue:
    return left if left not in ("", None) else right


_MERGED: Mapping[str, _Merge] = {
    "type": _types,
    "enum": _options,
    "const": _constant,
    "minimum": _larger,
    "exclusiveMinimum": _larger,
    "minLength": _larger,
    "minItems": _larger,
    "minProperties": _larger,
    "maximum": _smaller,
    "exclusiveMaximum": _smaller,
    "maxLength": _smaller,
    "maxItems": _smaller,
    "maxProperties": _smaller,
    "multipleOf": _multiple,
    "required": _names,
    "patternProperties": _schemas,
    "additionalProperties": both,
    "unevaluatedProperties": both,
    "items": both,
    "description": _first,
    RESIDUE: _names,
}


_UNIONS = frozenset({"anyOf", "oneOf"})
_CONDITIONS = frozenset(
    {
        "anyOf",
        "oneOf",
        "pattern",
        "format",
        "not",
        "contains",
        "minContains",
        "maxContains",
        "propertyNames",
        "dependentRequired",
        "dependentSchemas",
        "uniqueItems",
    }
)
"""Keywords of which a node holds one: a second one is described."""
