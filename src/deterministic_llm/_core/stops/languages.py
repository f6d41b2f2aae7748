"""Which texts a guard lets live: a target goes in, the language of all that is read comes out.

What is read without repairs must be an instance of the schema. What is read with them may be many
things: only a text that must match a pattern, and does not, can be told from those.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from deterministic_llm._core.exchange import JsonObject, JsonValue
from deterministic_llm._core.guards import Language
from deterministic_llm._core.reading.alignment.keys import folded
from deterministic_llm._core.reading.alignment.vocabulary import (
    ECHOED_SCHEMA,
    ENVELOPES,
    SCALES,
    TOOL_NAMES,
    TOOL_PAYLOADS,
    TOOL_REST,
    TYPED_VALUE,
    UNITS,
)
from deterministic_llm._core.schema.kinds import kinds
from deterministic_llm._core.schema.lowering.editions import modern
from deterministic_llm._core.schema.target import JsonTarget, Target
from deterministic_llm._core.schema.walking import rewritten, subschemas


@lru_cache(maxsize=1024)
def language_of(target: Target[object], *, strict: bool) -> Language | None:
    """The texts that may be read as *target*; None where that could be any."""
    if not isinstance(target, JsonTarget) or not kinds(target.schema) <= _CONTAINERS:
        return None
    if target.documented:
        return Language(target.schema) if strict else _forgiven(target.schema)
    # Of a type, a schema says less than its validators take: any scalar for another.
    is_known = strict and target.validate is not None
    return Language(_changed(target.schema, _of_any_scalar)) if is_known else None


_CONTAINERS = frozenset({"object", "array"})


def _forgiven(schema: JsonObject) -> Language | None:
    known = _changed(modern(schema), _forgiving)
    matched = any("pattern" in node for _, node in subschemas(known))
    return Language(known) if matched else None


def _changed(schema: JsonObject, change: Callable[[JsonObject], JsonObject]) -> JsonObject:
    changed = rewritten(schema, change)
    return changed if isinstance(changed, dict) else {}


def _forgiving(node: JsonObject) -> JsonObject:
    """Whatever can be read as *node*, with repairs, when all below it is so already."""
    stores = {key: node[key] for key in _STORES if key in node}
    said = node.keys() - _SAYS_NOTHING
    for shape, keywords in _SHAPES.items():
        if shape in said and said <= keywords:
            return {**stores, **_FORGIVING[shape](node)}
    return stores


def _text(node: JsonObject) -> JsonObject:
    if node.get("type") not in ("string", ["string", "null"], ["null", "string"]):
        return {}
    matched: JsonObject = {"type": "string", "pattern": node["pattern"]}
    return {"anyOf": [matched, _SHORT, _other_than("string")]}


def _null(node: JsonObject) -> JsonObject:
    return {"anyOf": [_SHORT, _other_than("string")]} if node["type"] == "null" else {}


def _object(node: JsonObject) -> JsonObject:
    properties = node["properties"]
    named: JsonObject = {
        name: each
        for name, each in (properties if isinstance(properties, dict) else {}).items()
        if folded(name) not in _OF_WRAPPERS
    }
    return {"anyOf": [{"type": "object", "properties": named}, _other_than("object")]}


def _array(node: JsonObject) -> JsonObject:
    return {"anyOf": [{"type": "array", "items": node["items"]}, _other_than("array")]}


def _union(node: JsonObject) -> JsonObject:
    return {"anyOf": node["anyOf"] if "anyOf" in node else node["oneOf"]}


def _reference(node: JsonObject) -> JsonObject:
    return {"$ref": node["$ref"]}


def _other_than(kind: str) -> JsonObject:
    """A wrapper of the value, JSON in a string, or one item where a list is wanted."""
    return {"type": [*sorted(_KINDS - {kind})]}


_SHORT: JsonObject = {"type": "string", "maxLength": 20}
"""A text that is waited for, whatever it is: "N/A", "not applicable"."""
_KINDS = frozenset({"string", "number", "boolean", "null", "object", "array"})
_STORES = ("$defs", "definitions")
_SAYS_NOTHING = frozenset(
    {"title", "description", "default", "examples", "$comment", "$schema", "$id", *_STORES}
)
_SHAPES = {
    "$ref": frozenset({"$ref"}),
    "pattern": frozenset({"type", "pattern", "minLength", "maxLength"}),
    "properties": frozenset(
        {"type", "properties", "required", "additionalProperties", "minProperties", "maxProperties"}
    ),
    "items": frozenset({"type", "items", "minItems", "maxItems", "uniqueItems"}),
    "anyOf": frozenset({"anyOf"}),
    "oneOf": frozenset({"oneOf"}),
    "type": frozenset({"type"}),
}
"""What a node speaks of, and all that may be said beside it so that nothing else bends a value."""
_FORGIVING: dict[str, Callable[[JsonObject], JsonObject]] = {
    "$ref": _reference,
    "pattern": _text,
    "properties": _object,
    "items": _array,
    "anyOf": _union,
    "oneOf": _union,
    "type": _null,
}
_OF_WRAPPERS = (
    ECHOED_SCHEMA
    | ENVELOPES
    | SCALES
    | TOOL_NAMES
    | TOOL_PAYLOADS
    | TOOL_REST
    | TYPED_VALUE
    | UNITS
)
"""Names that may be those of a wrapper around the value, whatever the type calls its own."""


def _of_any_scalar(node: JsonObject) -> JsonObject:
    """*node* with any scalar where it wants one: pydantic takes "5" for 5."""
    kept = {key: node[key] for key in _KEPT_OF_TYPES if key in node}
    alternatives = node.get("anyOf", node.get("oneOf"))
    if alternatives is not None:
        kept["anyOf"] = alternatives
    listed = node.get("type")
    said: list[JsonValue] = listed if isinstance(listed, list) else [listed]
    if listed in _CONTAINERS:
        return {**kept, "type": listed}
    is_scalar = bool(node.keys() & {"enum", "const"}) or set(map(str, said)) <= _SCALARS
    return {**kept, "type": [*sorted(_SCALARS)]} if is_scalar else kept


_SCALARS = frozenset({"string", "number", "integer", "boolean", "null"})
_KEPT_OF_TYPES = ("$ref", "$defs", "properties", "items")
