"""Where the references of a schema lead, and what is referred to from more than one place."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping

from deterministic_llm._core.exchange import JsonObject, JsonValue
from deterministic_llm._core.records import frozen
from deterministic_llm._core.schema.walking import subschemas
from deterministic_llm._core.schema.wording import lookup, quote
from deterministic_llm.errors import SchemaError

_STORES = ("$defs", "definitions")
_ANCHORS = ("$anchor", "$dynamicAnchor")


@frozen
class References:
    """The places of *root* that are referred to; those in *shared* from more than one place."""

    root: JsonObject
    anchors: Mapping[str, str]
    shared: frozenset[str]

    def pointer(self, reference: str) -> str:
        """The pointer that *reference* stands for; raises SchemaError when it leads nowhere."""
        pointer = self.anchors.get(reference, reference)
        if pointer != "#" and (not pointer.startswith("#/") or self.target(pointer) is None):
            raise _dangling(reference)
        return pointer

    def target(self, pointer: str) -> JsonValue:
        """What stands at *pointer*; None when nothing does."""
        return self.root if pointer == "#" else lookup(self.root, pointer)


def references_in(root: JsonObject) -> References:
    """Every reference that can be reached from the top of *root*."""
    anchors = _anchors(root)
    uses: Counter[str] = Counter({"#": 1})
    pending, seen = ["#"], set[str]()
    while pending:
        here = pending.pop()
        if here not in seen:
            seen.add(here)
            node = root if here == "#" else lookup(root, here)
            found = [anchors.get(each, each) for each in _references(node)]
            uses.update(found)
            pending.extend(found)
    known = References(root, anchors, frozenset(each for each in uses if uses[each] > 1))
    _check_founded(known, seen)
    return known


def name_at(pointer: str) -> str:
    """A name for what stands at *pointer*, in letters that every backend takes."""
    tail = pointer.rpartition("/")[2].replace("~1", "/").replace("~0", "~")
    return re.sub(r"[^A-Za-z0-9_]+", "_", tail).strip("_")[-40:] or "Root"


def _check_founded(references: References, pointers: Collection[str]) -> None:
    """Raise SchemaError where a ``$ref`` leads back to itself: a value is looked at without end."""
    edges = {
        here: {references.anchors.get(each, each) for each in _in_place(references.target(here))}
        for here in pointers
    }
    while edges:
        founded = {here for here in edges if not edges[here] & edges.keys()}
        if not founded:
            where = f"$ref to {quote(min(edges))}"
            problem = "leads back to itself with nothing in between"
            raise SchemaError(where, problem, "let a member or an item stand in between")
        edges = {here: others for here, others in edges.items() if here not in founded}


def _in_place(node: JsonValue) -> Iterator[str]:
    """The references of *node* that speak of the same value as it does."""
    pending = [node]
    while pending:
        here = pending.pop()
        if not isinstance(here, dict):
            continue
        if isinstance(reference := here.get("$ref"), str):
            yield reference
        for keyword in _SAME_VALUE & here.keys():
            inner = here[keyword]
            pending += inner if isinstance(inner, list) else [inner]


_SAME_VALUE = frozenset({"allOf", "anyOf", "oneOf", "not", "if", "then", "else"})


def _dangling(reference: str) -> SchemaError:
    where = f"$ref to {quote(reference)}"
    if reference.startswith("#"):
        return SchemaError(where, "which is not there", "define it")
    problem = "nothing is fetched from disk or network"
    return SchemaError(where, problem, "copy it into $defs and refer to '#/$defs/...'")


def _references(node: JsonValue) -> Iterator[str]:
    kept = (
        {key: node[key] for key in node if key not in _STORES} if isinstance(node, dict) else node
    )
    for _, each in subschemas(kept):
        reference = each.get("$ref")
        if isinstance(reference, str):
            yield reference


def _anchors(root: JsonObject) -> dict[str, str]:
    """The pointers of what goes by a name of its own: an anchor, or an ``$id``."""
    found: dict[str, str] = {}
    for pointer, node in subschemas(root):
        for keyword in _ANCHORS:
            if isinstance(name := node.get(keyword), str):
                found.setdefault(f"#{name}", pointer)
        for keyword in ("$id", "id"):
            name = node.get(keyword)
            if isinstance(name, str) and "$ref" not in node:
                found.setdefault(name, pointer)
    return found
