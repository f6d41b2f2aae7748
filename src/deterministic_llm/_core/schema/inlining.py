"""A schema with fewer references: one of the same meaning and fewer tokens comes out."""

from __future__ import annotations

from collections.abc import Iterator

from deterministic_llm._core.exchange import JsonObject, JsonValue
from deterministic_llm._core.schema.walking import rewritten, subschemas

_STORE = "#/$defs/"
_NOTES = frozenset({"description", "default", "examples", "deprecated"})
"""What may stand beside a reference, and goes before the same in the definition."""
_FIXED = frozenset({"$id", "$anchor", "$dynamicAnchor", "$dynamicRef", "$recursiveRef"})
"""What makes it matter where a schema stands."""
_MOST = 64
"""Definitions that are put elsewhere; as each may hold the next, that is also how deep it goes."""


def inlined(schema: JsonObject) -> JsonObject:
    """*schema* with each definition under ``$defs`` that is referred to once put where that is.

    It stays as it is where references may mean something else then.
    """
    stored = schema.get("$defs")
    if not isinstance(stored, dict):
        return schema
    once = dict(_used_once(schema, stored))
    if not once or len(once) > _MOST:
        return schema

    def change(node: JsonObject) -> JsonObject:
        name = _name(node)
        if name is None or name not in once:
            return node
        notes = {key: node[key] for key in node if key != "$ref"}
        placed = rewritten(once[name], change)
        return {**placed, **notes} if isinstance(placed, dict) else node

    kept = {name: each for name, each in stored.items() if name not in once}
    whole = {key: schema[key] for key in schema if key != "$defs"}
    placed = rewritten({"$defs": kept, **whole} if kept else whole, change)
    return placed if isinstance(placed, dict) else schema


def _used_once(schema: JsonObject, stored: JsonObject) -> Iterator[tuple[str, JsonObject]]:
    """The definitions that one reference alone needs; none where it matters where they stand."""
    uses: dict[str, list[JsonObject]] = {}
    for _, node in subschemas(schema):
        if not _FIXED.isdisjoint(node):
            return
        if "$ref" in node:
            name = _name(node)
            if name is None or name not in stored:
                return
            uses.setdefault(name, []).append(node)
    for name, (first, *others) in uses.items():
        definition = stored[name]
        if isinstance(definition, dict) and not others and first.keys() <= {"$ref", *_NOTES}:
            yield name, definition


def _name(node: JsonObject) -> str | None:
    """The name of the definition that *node* refers to; None where it is no such reference."""
    reference: JsonValue = node.get("$ref")
    if not isinstance(reference, str) or not reference.startswith(_STORE):
        return None
    name = reference.removeprefix(_STORE)
    return None if not _ESCAPED.isdisjoint(name) else name


_ESCAPED = frozenset("/~%")
"""What is written otherwise in a reference than in a name."""
