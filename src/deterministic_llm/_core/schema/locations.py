"""A place in a JSON value: from its path to what stands there, and what its schema says."""

from __future__ import annotations

import json
from typing import TypeAlias

from deterministic_llm._core.exchange import JsonObject, JsonValue
from deterministic_llm._core.regexes import expression
from deterministic_llm._core.remembering import remembered
from deterministic_llm._core.schema.target import JsonTarget
from deterministic_llm._core.schema.wording import resolve

Location: TypeAlias = tuple[str | int, ...]
"""The keys and indices that lead to a member."""

_STEP = expression(r"\.?([^\W\d]\w*)|\[(\d+)\]|\[(\"(?:[^\"\\]|\\.)*\")\]")
_BRANCHES = ("anyOf", "oneOf", "allOf")


@remembered(1024)
def location_of(path: str) -> Location | None:
    """The location that a JSONPath such as ``$.items[0].name`` names; None when it names none."""
    at = 1 if path.startswith("$") else 0
    tokens: list[str | int] = []
    while at < len(path):
        step = _STEP.match(path, at)
        if step is None:
            return None
        name, index, quoted = step.groups()
        try:
            tokens.append(name or (int(index) if index else str(json.loads(quoted))))
        except ValueError:  # a key in quotes that JSON does not read, or an endless index
            return None
        at = step.end()
    return tuple(tokens)


def value_at(value: JsonValue, location: Location) -> JsonValue:
    """What stands at *location* of *value*; None when nothing does."""
    for token in location:
        if isinstance(value, dict) and isinstance(token, str):
            value = value.get(token)
        elif isinstance(value, list) and isinstance(token, int) and token < len(value):
            value = value[token]
        else:
            return None
    return value


def stands_at(value: JsonValue, location: Location) -> bool:
    """Whether anything, be it null, stands at *location* of *value*."""
    if not location:
        return True
    holder, token = value_at(value, location[:-1]), location[-1]
    if isinstance(token, int):
        return isinstance(holder, list) and token < len(holder)
    return isinstance(holder, dict) and token in holder


def admits(holder: JsonValue, token: str | int) -> bool:
    """Whether a member can be put at *token*: any name of an object, an index that is there."""
    if isinstance(token, int):
        return isinstance(holder, list) and token < len(holder)
    return isinstance(holder, dict)


def put(value: JsonValue, location: Location, member: JsonValue) -> JsonValue:
    """A copy of *value* with *member* at *location*; only what lies on the way is copied."""
    if not location:
        return member
    token, rest = location[0], location[1:]
    inner = put(value_at(value, (token,)), rest, member) if rest else member
    if isinstance(value, list) and isinstance(token, int):
        return [inner if index == token else each for index, each in enumerate(value)]
    kept = value if isinstance(value, dict) else {}
    return {**kept, str(token): inner}


def without(value: JsonValue, location: Location) -> JsonValue:
    """A copy of *value* with no member at *location*; an item of a list stays where it is."""
    holder, name = value_at(value, location[:-1]), location[-1]
    if not isinstance(holder, dict) or name not in holder:
        return value
    return put(value, location[:-1], {key: holder[key] for key in holder if key != name})


@remembered(4096)
def schema_at(target: JsonTarget[object], location: Location) -> JsonObject | None:
    """The schema of the member at *location*; None where it is unknown or one of several.

    A recursive schema that refers to its whole cannot stand alone and is None, too.
    """
    node: JsonValue = target.schema
    for token in location:
        node = _inner(sole(node, target.schema), token)
    if not isinstance(node, dict) or (location and '"$ref": "#"' in json.dumps(node)):
        return None
    return node


def sole(node: JsonValue, root: JsonObject) -> JsonObject | None:
    """*node* without its references and its null branch; None when alternatives are left."""
    resolved = resolve(node, root=root)
    if not isinstance(resolved, dict):
        return None
    for keyword in _BRANCHES:
        branches = resolved.get(keyword)
        if isinstance(branches, list):
            others = [each for each in branches if each != {"type": "null"}]
            return sole(others[0], root) if len(others) == 1 else None
    return resolved


def _inner(node: JsonObject | None, token: str | int) -> JsonValue:
    if node is None:
        return None
    if isinstance(token, str):
        named, others = node.get("properties"), node.get("additionalProperties")
        return named[token] if isinstance(named, dict) and token in named else others
    first = node.get("prefixItems")
    if isinstance(first, list) and token < len(first):
        return first[token]
    return node.get("items")
