"""Whether a value can be valid for two alternatives at once: by their types, or by a label."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from itertools import combinations

from deterministic_llm._core.exchange import JsonObject, JsonValue
from deterministic_llm._core.records import frozen
from deterministic_llm._core.schema.lowering.parts import types_of, unwrapped
from deterministic_llm._core.schema.lowering.references import References

_FOLLOWED = 8
"""References to references that are followed."""


def all_apart(references: References, nodes: Sequence[JsonValue]) -> bool:
    """Whether no value can be valid for two of *nodes*, as far as that is plain to see."""
    known = [_signs(references, node) for node in nodes]
    return _share_a_label(known) or all(_apart(one, other) for one, other in combinations(known, 2))


@frozen
class _Signs:
    """What the values of a node are told by: their types, or the *constants* that they all are.

    *labels* are the signs of the members that all of them must have, where those are constants.
    """

    kinds: frozenset[str]
    constants: frozenset[str]
    labels: Mapping[str, _Signs]


def _share_a_label(known: Sequence[_Signs]) -> bool:
    """Whether one label tells all of *known* apart, each of which is looked at once."""
    first, *others = known or [_NONE]
    return any(
        all(_is_object(each) and name in each.labels for each in known)
        and _are_disjoint([each.labels[name].constants for each in known])
        for name in first.labels
        if others
    )


def _are_disjoint(sets: Sequence[frozenset[str]]) -> bool:
    return all(sets) and sum(map(len, sets)) == len(frozenset[str]().union(*sets))


def _apart(one: _Signs, other: _Signs) -> bool:
    if one.kinds and other.kinds and not one.kinds & other.kinds:
        return True
    if one.constants and other.constants:
        return not one.constants & other.constants
    return (
        _is_object(one)
        and _is_object(other)
        and any(
            _apart(one.labels[name], other.labels[name])
            for name in one.labels.keys() & other.labels.keys()
        )
    )


def _is_object(known: _Signs) -> bool:
    return known.kinds == _OBJECT


def _signs(references: References, node: JsonValue) -> _Signs:
    here = _resolved(references, node)
    members = {name: _resolved(references, each) for name, each in _required(here).items()}
    labels = {
        name: _Signs(_kinds(each), _constants(each), {})
        for name, each in members.items()
        if "const" in each or "enum" in each
    }
    return _Signs(_kinds(here), _constants(here), labels)


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


def _required(node: JsonObject) -> JsonObject:
    """The members that an object must have, and that are listed."""
    names, properties = node.get("required"), node.get("properties")
    if not isinstance(names, list) or not isinstance(properties, dict):
        return {}
    return {name: properties[name] for name in properties if name in names}


def _kinds(node: JsonObject) -> frozenset[str]:
    """The types of the values of *node*, whole numbers as numbers; none where it does not say."""
    said = types_of(node) if "type" in node else []
    return frozenset("number" if each == "integer" else each for each in said)


def _constants(node: JsonObject) -> frozenset[str]:
    """The values that *node* lists, each as a text that is the same for equal ones."""
    listed = node.get("enum")
    options = [node["const"]] if "const" in node else listed if isinstance(listed, list) else []
    whole = (int(x) if isinstance(x, float) and x.is_integer() else x for x in options)
    return frozenset(json.dumps(each, sort_keys=True) for each in whole)


_OBJECT = frozenset({"object"})
_NONE = _Signs(frozenset(), frozenset(), {})
