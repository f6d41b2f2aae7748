"""The places of a JSON Schema: what all values there must fit, whatever else holds of the whole."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial

from deterministic_llm._core.exchange import JsonObject, JsonValue
from deterministic_llm._core.schema.sites import (
    FORBIDDEN,
    UNBOUNDED,
    UNKNOWN,
    AnyValue,
    Bounds,
    Members,
    Site,
    Token,
    labels_of,
)
from deterministic_llm._core.schema.target import Decoder
from deterministic_llm._core.schema.walking import subschemas
from deterministic_llm._core.schema.wording import lookup


def site_of_document(
    schema: JsonObject, part: Callable[[JsonObject], Decoder[JsonValue]], *, newest: bool
) -> Site:
    """The place of the whole of *schema*; *part* gives what validates by a part of it.

    In older dialects than the *newest*, other keywords beside ``$ref`` say nothing.
    """
    if any(node.keys() & _MOVING for pointer, node in subschemas(schema) if pointer != "#"):
        return UNKNOWN
    return _Sites(schema, part, newest=newest).site([schema])


_MOVING = frozenset({"$id", "id", "$anchor", "$dynamicRef", "$recursiveRef", "$dynamicAnchor"})
"""Keywords by which the same reference means another thing elsewhere."""


class _Sites:
    """Makes the places of one document, those of a recursive one once."""

    def __init__(
        self, root: JsonObject, part: Callable[[JsonObject], Decoder[JsonValue]], *, newest: bool
    ) -> None:
        self._root = root
        self._part = part
        self._newest = newest
        self._made: dict[tuple[int, ...], tuple[Sequence[JsonObject], Site]] = {}

    def site(self, said: Sequence[JsonValue]) -> Site:
        """The place where all that is *said* holds."""
        nodes = [node for each in said for node in self._expanded(each, hops=50)]
        if any(node is False for node in nodes):
            return FORBIDDEN
        known = [node for node in nodes if isinstance(node, dict)]
        key = tuple(map(id, known))
        if key not in self._made:
            made = Site(
                partial(self._decoder, known), partial(self._opened, known), bounds=_bounds(known)
            )
            self._made[key] = known, made
        return self._made[key][1]

    def _expanded(self, node: JsonValue, *, hops: int) -> Iterator[JsonValue]:
        """*node* and all that must hold besides: what it refers to, and its conjunctions."""
        if node is False:
            yield node
        if not isinstance(node, dict) or not hops:
            return
        pointer, all_of = node.get("$ref"), node.get("allOf")
        if isinstance(pointer, str):
            yield from self._expanded(lookup(self._root, pointer), hops=hops - 1)
            if not self._newest:
                return
        yield node
        for each in all_of if isinstance(all_of, list) else ():
            yield from self._expanded(each, hops=hops - 1)

    def _decoder(self, nodes: Sequence[JsonObject]) -> Decoder[JsonValue]:
        """What validates a value whose members have been."""
        parts: list[JsonValue] = [each for each in map(_shallow, nodes) if each]
        if not parts:
            return AnyValue()
        only = parts[0] if len(parts) == 1 else None
        return self._part(only if isinstance(only, dict) else {"allOf": parts})

    def _opened(self, nodes: Sequence[JsonObject]) -> Members:
        names = dict.fromkeys(name for node in nodes for name in _properties(node))
        first = max((len(_first(node, newest=self._newest)) for node in nodes), default=0)
        named: dict[Token, Site] = {name: self.site(_of_name(nodes, name)) for name in names}
        named |= {index: self.site(self._of_index(nodes, index)) for index in range(first)}
        others = self.site([each for node in nodes for each in _unnamed(node)])
        return Members(named, others, self.site(self._of_index(nodes, first)))

    def _of_index(self, nodes: Sequence[JsonObject], index: int) -> list[JsonValue]:
        """What must hold of the item at *index* of a list."""
        found: list[JsonValue] = []
        for node in nodes:
            first, items = _first(node, newest=self._newest), node.get("items")
            if index < len(first):
                found.append(first[index])
            elif not isinstance(items, list):
                found.append(items)
        return found


def _of_name(nodes: Sequence[JsonObject], name: str) -> list[JsonValue]:
    """What must hold of the member *name* of an object."""
    found: list[JsonValue] = []
    for node in nodes:
        properties = _properties(node)
        found += [properties[name]] if name in properties else _unnamed(node)
    return found


def _unnamed(node: JsonObject) -> list[JsonValue]:
    """What *node* says of members without a name in it; patterns of names are left to the whole."""
    return [] if "patternProperties" in node else [node.get("additionalProperties")]


def _properties(node: JsonObject) -> JsonObject:
    properties = node.get("properties")
    return properties if isinstance(properties, dict) else {}


def _first(node: JsonObject, *, newest: bool) -> list[JsonValue]:
    """The schemas of the items that *node* counts one by one."""
    listed = node.get("prefixItems") if newest else node.get("items")
    return listed if isinstance(listed, list) else []


def _shallow(node: JsonObject) -> JsonObject:
    """*node* without what was said of its members when they were validated, each by itself."""
    if node.keys() & _OF_ALL_TOGETHER:
        return node
    kept = {key: value for key, value in node.items() if key not in _OF_MEMBERS}
    items = node.get("items")
    if isinstance(items, list):
        any_item: list[JsonValue] = [True]
        kept["items"] = any_item * len(items)
    if "patternProperties" in node or node.get("additionalProperties") is False:
        kept["properties"] = dict.fromkeys(_properties(node), True)
    else:
        kept.pop("additionalProperties", None)
    return kept


_OF_ALL_TOGETHER = frozenset({"unevaluatedItems", "unevaluatedProperties"})
_OF_MEMBERS = frozenset(
    {
        "$comment",
        "$defs",
        "$ref",
        "$schema",
        "allOf",
        "default",
        "definitions",
        "description",
        "examples",
        "items",
        "prefixItems",
        "properties",
        "title",
    }
)


def _bounds(nodes: Sequence[JsonObject]) -> Bounds:
    kinds = {str(node["type"]) for node in nodes if "type" in node}
    said = {key for node in nodes for key in node}
    if said & _ALTERNATIVES:
        return UNBOUNDED
    if kinds == {"string"} and not said & _OTHERWISE_WRITTEN:
        return Bounds(most_characters=_least(nodes, "maxLength"))
    if kinds == {"array"}:
        return Bounds(most_items=_least(nodes, "maxItems"))
    listed = [node for node in nodes if node.keys() & {"enum", "const"}]
    if len(listed) == 1 and kinds <= {"string"}:
        return Bounds(labels=labels_of(listed[0], listed[0]))
    return UNBOUNDED


_ALTERNATIVES = frozenset({"anyOf", "oneOf", "if", "not"})
_OTHERWISE_WRITTEN = frozenset({"const", "enum", "format"})
"""Keywords of texts that may stand in another spelling, and a longer one."""


def _least(nodes: Sequence[JsonObject], keyword: str) -> int | None:
    limits = [node.get(keyword) for node in nodes]
    return min((each for each in limits if type(each) is int), default=None)
