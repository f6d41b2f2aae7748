"""Which kinds of JSON value a schema admits, as far as its types and constants say."""

from __future__ import annotations

from collections.abc import Mapping

from deterministic_llm._core.exchange import JsonObject, JsonValue
from deterministic_llm._core.schema.walking import subschemas
from deterministic_llm._core.schema.wording import resolve

ALL_KINDS = frozenset({"object", "array", "string", "number", "integer", "boolean", "null"})
"""The types of JSON Schema."""
_MOMENTS = frozenset({"date", "date-time", "time", "duration"})
_NESTED = frozenset({"object", "array"})


def is_scalar(schema: JsonObject) -> bool:
    """Whether *schema* admits neither objects nor lists."""
    return not kinds(schema) & _NESTED


def has_nullable_text(schema: JsonObject) -> bool:
    """Whether some member may be text or null, so that "N/A" is a word for null there."""
    return any(
        {"string", "null"} <= _kinds(node, schema, depth=8)
        for _, node in subschemas(schema)
        if node.keys() & {"anyOf", "oneOf", "type"}
    )


def has_optional_members(schema: JsonObject) -> bool:
    """Whether some object may leave out a member that it names."""
    return any(
        isinstance(names := node.get("properties"), dict)
        and not names.keys()
        <= set(required if isinstance(required := node.get("required"), list) else ())
        for _, node in subschemas(schema)
    )


def has_open_objects(schema: JsonObject) -> bool:
    """Whether some object that names its members may have others besides."""
    return any(
        "properties" in node and node.get("additionalProperties") is not False
        for _, node in subschemas(schema)
    )


def has_lists_of_text(schema: JsonObject) -> bool:
    """Whether some list may hold texts that are no labels."""
    return any(
        node.get("additionalProperties") is True
        or ("array" in _kinds(node, schema, depth=8) and _admits_text(node.get("items"), schema))
        for _, node in subschemas(schema)
    )


def _admits_text(node: JsonValue, root: JsonObject) -> bool:
    """Whether *node* admits a text that is no label; so it does where it does not say."""
    resolved = resolve(node, root=root)
    if isinstance(resolved, dict) and resolved.keys() & {"enum", "const"}:
        return False
    return "string" in _kinds(resolved, root, depth=8)


def has_moments(schema: JsonObject) -> bool:
    """Whether some member is a date, a time or a duration."""
    return any(node.get("format") in _MOMENTS for _, node in subschemas(schema))


def kinds_of_items(schema: JsonObject) -> frozenset[str]:
    """The types that the items of a list of *schema* may have; all where it does not say."""
    node = resolve(schema, root=schema)
    items = node.get("items") if isinstance(node, dict) else None
    return _kinds(items if isinstance(items, dict) else {}, schema, depth=8)


def required_names(schema: JsonObject) -> list[str]:
    """The members that a value of *schema*, or each of its items, must have."""
    node = resolve(schema, root=schema)
    if isinstance(node, dict) and "items" in node:
        node = resolve(node["items"], root=schema)
    names = node.get("required") if isinstance(node, dict) else None
    return [str(name) for name in names] if isinstance(names, list) else []


def has_floats(schema: JsonObject) -> bool:
    """Whether a number with a fraction can be a part of a value of *schema*."""
    return any(
        "number" in _kinds(node, schema, depth=8) or node.get("additionalProperties") is True
        for _, node in subschemas(schema)
    )


def kinds(schema: JsonObject) -> frozenset[str]:
    """The types that *schema* admits; all of them where it does not say."""
    return _kinds(schema, schema, depth=8)


def _kinds(node: JsonValue, root: JsonObject, *, depth: int) -> frozenset[str]:
    resolved = resolve(node, root=root)
    if not isinstance(resolved, dict) or not depth:
        return ALL_KINDS
    named = resolved.get("type")
    if isinstance(named, str):
        return frozenset({named})
    if isinstance(named, list):
        return frozenset(each for each in named if isinstance(each, str))
    constants = [resolved["const"]] if "const" in resolved else resolved.get("enum")
    if isinstance(constants, list):
        return frozenset(_kind_of(constant) for constant in constants)
    for keyword in ("anyOf", "oneOf"):
        members = resolved.get(keyword)
        if isinstance(members, list):
            found = [_kinds(member, root, depth=depth - 1) for member in members]
            return frozenset[str]().union(*found)
    return ALL_KINDS


def _kind_of(value: JsonValue) -> str:
    return "null" if value is None else _KINDS[type(value)]


_KINDS: Mapping[type, str] = {
    dict: "object",
    list: "array",
    str: "string",
    bool: "boolean",
    int: "integer",
    float: "number",
}
