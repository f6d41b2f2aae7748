"""Which parts of a schema a notation must name: those that recur, and those used more than once."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping

from deterministic_llm._core.exchange import JsonObject, JsonValue
from deterministic_llm._core.schema.walking import subschemas
from deterministic_llm._core.schema.wording import lookup

CONDITIONS = frozenset(
    {
        "not",
        "if",
        "then",
        "else",
        "contains",
        "propertyNames",
        "unevaluatedItems",
        "unevaluatedProperties",
        "dependentSchemas",
        "contentSchema",
    },
)
"""Keywords whose schemas stay JSON Schema in a notation, so that what they refer to has a name."""
_STORES = ("$defs", "definitions")


def named(root: JsonObject) -> dict[str, str]:
    """The pointers in *root* that need a name, each with its own, in the order of their use."""
    uses: Counter[str] = Counter()
    quoted: set[str] = set()
    reached: dict[str, list[str]] = {}
    pending = ["#"]
    while pending:
        here = pending.pop()
        if here in reached:
            continue
        node = lookup(root, here)
        reached[here] = list(_references(node, root))
        uses.update(reached[here])
        quoted.update(_quoted(node, root))
        pending.extend(reversed(reached[here]))
    shared = [
        pointer
        for pointer in uses
        if uses[pointer] > 1 or pointer in quoted or pointer in _reachable(pointer, reached)
    ]
    return _names(shared)


def reference(node: JsonObject, root: JsonObject) -> str | None:
    """The pointer that *node* refers to, if it leads somewhere in *root*."""
    pointer = node.get("$ref", node.get("$dynamicRef"))
    if not isinstance(pointer, str) or not re.fullmatch("#(/.*)?", pointer, re.DOTALL):
        return None
    return pointer if lookup(root, pointer) is not None else None


def _references(node: JsonValue, root: JsonObject) -> Iterator[str]:
    for _, each in subschemas(_unstored(node)):
        pointer = reference(each, root)
        if pointer is not None:
            yield pointer


def _quoted(node: JsonValue, root: JsonObject) -> Iterator[str]:
    for _, each in subschemas(_unstored(node)):
        for keyword in CONDITIONS & each.keys():
            yield from _references({keyword: each[keyword]}, root)


def _unstored(node: JsonValue) -> JsonValue:
    if not isinstance(node, dict):
        return node
    return {keyword: value for keyword, value in node.items() if keyword not in _STORES}


def _reachable(pointer: str, edges: Mapping[str, list[str]]) -> set[str]:
    seen: set[str] = set()
    pending = list(edges[pointer])
    while pending:
        here = pending.pop()
        if here not in seen:
            seen.add(here)
            pending.extend(edges[here])
    return seen


def _names(pointers: list[str]) -> dict[str, str]:
    names: dict[str, str] = {}
    for pointer in pointers:
        tail = re.sub(r"\W+", "_", pointer.rpartition("/")[2]).strip("_") or "Answer"
        name = tail = tail[0].upper() + tail[1:]
        number = 1
        while name in names.values():
            number += 1
            name = f"{tail}{number}"
        names[pointer] = name
    return names
