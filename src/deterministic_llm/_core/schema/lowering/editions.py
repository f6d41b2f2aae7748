"""A schema of an older edition of JSON Schema in the words of the newest one."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from deterministic_llm._core.exchange import JsonObject
from deterministic_llm._core.schema.walking import rewritten

_OLD = ("draft-03", "draft-04", "draft-06", "draft-07")
_KEPT_BESIDE_REFERENCE = frozenset({"$ref", "description", "definitions", "$defs", "$id", "id"})


def modern(schema: JsonObject) -> JsonObject:
    """*schema* in the words of 2020-12; what was ignored beside a ``$ref`` is left out."""
    said = schema.get("$schema")
    old = isinstance(said, str) and any(each in said for each in _OLD)
    new = rewritten(schema, _modern_beside_nothing if old else _modern)
    return new if isinstance(new, dict) else schema


def _modern_beside_nothing(node: JsonObject) -> JsonObject:
    if isinstance(node.get("$ref"), str):
        return {key: node[key] for key in node if key in _KEPT_BESIDE_REFERENCE}
    return _modern(node)


def _modern(node: JsonObject) -> JsonObject:
    for keyword, change in _CHANGES.items():
        if keyword in node:
            node = change(node)
    return node


def _tuple(node: JsonObject) -> JsonObject:
    if not isinstance(node["items"], list):
        return node
    kept = {key: node[key] for key in node if key not in {"items", "additionalItems"}}
    rest: JsonObject = {"items": node["additionalItems"]} if "additionalItems" in node else {}
    return {**kept, "prefixItems": node["items"], **rest}


def _exclusive(keyword: str, bound: str) -> Callable[[JsonObject], JsonObject]:
    def change(node: JsonObject) -> JsonObject:
        if not isinstance(node[keyword], bool):
            return node
        kept = {key: node[key] for key in node if key != keyword}
        if node[keyword] is False or bound not in node:
            return kept
        return {**{key: kept[key] for key in kept if key != bound}, keyword: kept[bound]}

    return change


def _dependencies(node: JsonObject) -> JsonObject:
    each = node["dependencies"]
    if not isinstance(each, dict):
        return node
    names: JsonObject = {key: value for key, value in each.items() if isinstance(value, list)}
    schemas: JsonObject = {key: value for key, value in each.items() if key not in names}
    kept = {key: node[key] for key in node if key != "dependencies"}
    if names:
        kept["dependentRequired"] = names
    return {**kept, "dependentSchemas": schemas} if schemas else kept


def _recursive(keyword: str) -> Callable[[JsonObject], JsonObject]:
    def change(node: JsonObject) -> JsonObject:
        kept: JsonObject = {key: node[key] for key in node if key != keyword}
        return {"$ref": node[keyword], **kept}

    return change


def _required_here(node: JsonObject) -> JsonObject:
    """Draft 3 and many who write by hand say ``required: true``; to the newest it says nothing."""
    names = node["required"]
    if isinstance(names, list):
        return node
    return {key: node[key] for key in node if key != "required"}


def _counted(keyword: str) -> Callable[[JsonObject], JsonObject]:
    """A count such as 2.0 is the number 2, which every engine reads."""

    def change(node: JsonObject) -> JsonObject:
        value = node[keyword]
        if isinstance(value, float) and value.is_integer():
            return {**node, keyword: int(value)}
        return node

    return change


_COUNTS = ("Length", "Items", "Properties", "Contains")
_CHANGES: Mapping[str, Callable[[JsonObject], JsonObject]] = {
    "items": _tuple,
    "exclusiveMinimum": _exclusive("exclusiveMinimum", "minimum"),
    "exclusiveMaximum": _exclusive("exclusiveMaximum", "maximum"),
    "dependencies": _dependencies,
    "$recursiveRef": _recursive("$recursiveRef"),
    "$dynamicRef": _recursive("$dynamicRef"),
    "required": _required_here,
    **{f"{end}{what}": _counted(f"{end}{what}") for what in _COUNTS for end in ("min", "max")},
}
