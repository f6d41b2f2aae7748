"""Whether a value can be valid for two alternatives at once: by their types, or by a label."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from itertools import combinations

from deterministic_llm._core.exchange import JsonObject, JsonValue
from deterministic_llm._core.schema.lowering.parts import types_of, unwrapped
from deterministic_llm._core.schema.lowering.references import References

_FOLLOWED = 8
"""References to references that are followed."""


def all_apart(references: References, nodes: Sequence[JsonValue]) -> bool:
    """Whether no value can be valid for two of *nodes*, as far as that is plain to see."""
    known = [_resolved(references, node) for node in nodes]
    return all(_apart(references, one, other) for one, other in combinations(known, 2))


def _resolved(references: References, node: JsonValue) -> JsonObject:
    for _ in range(_FOLLOWED):
        if not isinstance(node, dict):
            break
        node = unwrapped(node)
        reference = node.get("$ref")
        if not isinstance(reference, str):
            return node
        node = references.target(references.pointer(reference))
    return {}


def _apart(references: References, one: JsonObject, other: JsonObject) -> bool:
    kinds, others = _kinds(one), _kinds(other)
    if kinds and others and not kinds & others:
        return True
    ours, theirs = dict(_constants(one)), dict(_constants(other))
    if ours and theirs:
        return not ours.keys() & theirs.keys()
    return kinds == others == {"object"} and _labelled(references, one, other)


def _labelled(references: References, one: JsonObject, other: JsonObject) -> bool:
    """Whether a member that both must have has other values in each."""
    return any(
        _is_constant(mine) and _is_constant(theirs) and _apart(references, mine, theirs)
        for name in _required(one)
        for mine, theirs in [(_member(references, one, name), _member(references, other, name))]
    )


def _required(node: JsonObject) -> list[str]:
    names = node.get("required")
    return [str(each) for each in names] if isinstance(names, list) else []


def _member(references: References, node: JsonObject, name: str) -> JsonObject:
    properties = node.get("properties")
    if not isinstance(properties, dict) or name not in _required(node):
        return {}
    return _resolved(references, properties.get(name, True))


def _is_constant(node: JsonObject) -> bool:
    return "const" in node or "enum" in node


def _kinds(node: JsonObject) -> set[str]:
    """The types of the values of *node*, whole numbers as numbers; none where it does not say."""
    if "type" not in node:
        return set()
    return {"number" if each == "integer" else each for each in types_of(node)}


def _constants(node: JsonObject) -> Iterator[tuple[str, JsonValue]]:
    """The values that *node* lists, by a text that is the same for equal ones."""
    listed = node.get("enum")
    options = [node["const"]] if "const" in node else listed if isinstance(listed, list) else []
    for each in options:
        exact = int(each) if isinstance(each, float) and each.is_integer() else each
        yield json.dumps(exact, sort_keys=True), each
