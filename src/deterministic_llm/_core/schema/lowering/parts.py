"""What a node says by which keywords: its types, its parts, whether it is a mere reference."""

from __future__ import annotations

from collections.abc import Iterator

from deterministic_llm._core.exchange import JsonObject, JsonValue
from deterministic_llm._core.schema.lowering.references import References

ANNOTATIONS = frozenset(
    {
        "$anchor",
        "$comment",
        "$defs",
        "$dynamicAnchor",
        "$id",
        "$schema",
        "$vocabulary",
        "contentEncoding",
        "contentMediaType",
        "contentSchema",
        "default",
        "definitions",
        "deprecated",
        "description",
        "discriminator",
        "examples",
        "id",
        "readOnly",
        "title",
        "writeOnly",
    }
)
"""Keywords that hold no value to anything."""
_SPEAK_OF = {
    "object": frozenset(
        {
            "properties",
            "required",
            "additionalProperties",
            "patternProperties",
            "minProperties",
            "maxProperties",
            "propertyNames",
            "unevaluatedProperties",
            "dependentRequired",
            "dependentSchemas",
        }
    ),
    "array": frozenset({"items", "prefixItems", "minItems", "maxItems", "uniqueItems", "contains"}),
    "string": frozenset({"minLength", "maxLength", "pattern", "format"}),
    "number": frozenset(
        {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"}
    ),
}
"""Keywords that speak of values of one type alone."""
HOLDING = frozenset[str]().union(*_SPEAK_OF.values()) | {
    "$ref",
    "allOf",
    "anyOf",
    "const",
    "else",
    "enum",
    "if",
    "maxContains",
    "minContains",
    "not",
    "oneOf",
    "then",
    "type",
    "unevaluatedItems",
}
"""Keywords that hold a value to something."""
_MOST_PARTS = 200


def types_of(node: JsonObject) -> list[str]:
    """The types that *node* names, or else those that its keywords speak of; none for any value."""
    said = node.get("type")
    if isinstance(said, str):
        return [said]
    if isinstance(said, list):
        named = [each for each in said if isinstance(each, str)]
        return [each for each in named if each != "integer" or "number" not in named]
    return [kind for kind, keywords in _SPEAK_OF.items() if keywords & node.keys()]


def about(node: JsonObject, kind: str) -> JsonObject:
    """What *node* says of values of the type *kind* alone."""
    own = "number" if kind == "integer" else kind
    others = frozenset[str]().union(*(each for name, each in _SPEAK_OF.items() if name != own))
    kept = {key: node[key] for key in node if key not in others}
    return {**kept, "type": kind}


def is_reference(node: JsonObject) -> bool:
    """Whether *node* is a ``$ref`` with nothing beside it that holds a value to anything."""
    return isinstance(node.get("$ref"), str) and not (node.keys() & HOLDING - {"$ref"})


def unwrapped(node: JsonObject) -> JsonObject:
    """*node* with the single part of its ``allOf`` in its place, where nothing else holds."""
    parts = node.get("allOf")
    while isinstance(parts, list) and len(parts) == 1 and not (node.keys() & HOLDING - {"allOf"}):
        only = parts[0]
        if not isinstance(only, dict):
            break
        node = {**only, **{key: node[key] for key in node if key != "allOf"}}
        parts = node.get("allOf")
    return node


def flattened(references: References, node: JsonValue) -> Iterator[JsonValue]:
    """The parts of *node* that must all hold, without references and further parts on top."""
    seen: set[str] = set()
    pending = [node]
    count = 0
    while pending and count < _MOST_PARTS:
        here = pending.pop(0)
        count += 1
        if not isinstance(here, dict):
            yield here
            continue
        yield {key: here[key] for key in here if key not in {"allOf", "$ref"}}
        parts = here.get("allOf")
        pending += parts if isinstance(parts, list) else []
        if isinstance(reference := here.get("$ref"), str):
            pointer = references.pointer(reference)
            if pointer not in seen:
                seen.add(pointer)
                pending.append(references.target(pointer))
