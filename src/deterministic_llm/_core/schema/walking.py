"""Where schemas stand inside a schema: every visit and every rewrite goes through here."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from deterministic_llm._core.exchange import JsonObject, JsonValue

_NAMED = frozenset(
    {"properties", "patternProperties", "$defs", "definitions", "dependentSchemas"},
)
_LISTED = frozenset({"anyOf", "oneOf", "allOf", "prefixItems"})
_SINGLE = frozenset(
    {
        "items",
        "additionalItems",
        "additionalProperties",
        "unevaluatedItems",
        "unevaluatedProperties",
        "contains",
        "propertyNames",
        "contentSchema",
        "not",
        "if",
        "then",
        "else",
    },
)


def subschemas(schema: JsonValue, pointer: str = "#") -> Iterator[tuple[str, JsonObject]]:
    """Every schema object in *schema* with its JSON pointer, outermost first."""
    pending = [(pointer, schema)]
    while pending:
        here, node = pending.pop()
        if isinstance(node, dict):
            yield here, node
            pending.extend(reversed(list(_children(node, here))))


def rewritten(schema: JsonValue, change: Callable[[JsonObject], JsonObject]) -> JsonValue:
    """A copy of *schema* in which *change* was applied to every schema object, innermost first."""
    if not isinstance(schema, dict):
        return schema
    copy: JsonObject = {}
    for keyword, value in schema.items():
        if keyword in _NAMED and isinstance(value, dict):
            copy[keyword] = {name: rewritten(each, change) for name, each in value.items()}
        elif isinstance(value, list) and (keyword in _LISTED or keyword == "items"):
            copy[keyword] = [rewritten(each, change) for each in value]
        else:
            copy[keyword] = rewritten(value, change) if keyword in _SINGLE else value
    return change(copy)


def untitled(schema: JsonObject) -> JsonObject:
    """*schema* without titles: they repeat the names and cost tokens in every prompt."""
    lean = rewritten(schema, _without_title)
    return lean if isinstance(lean, dict) else schema


def _without_title(node: JsonObject) -> JsonObject:
    return {keyword: value for keyword, value in node.items() if keyword != "title"}


def _children(node: JsonObject, here: str) -> Iterator[tuple[str, JsonValue]]:
    for keyword, value in node.items():
        if keyword in _NAMED and isinstance(value, dict):
            for name, each in value.items():
                yield f"{here}/{keyword}/{name.replace('~', '~0').replace('/', '~1')}", each
        elif isinstance(value, list) and (keyword in _LISTED or keyword == "items"):
            for index, each in enumerate(value):
                yield f"{here}/{keyword}/{index}", each
        elif keyword in _SINGLE:
            yield f"{here}/{keyword}", value
