"""A schema made wider: one that an engine reads letter by letter, for all instances in any order.

An engine holds to the order of the properties, and to one spelling of a number. What it would kill
wrongly is left out here, and left to the validation of the whole.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping

from deterministic_llm._core.exchange import JsonObject, JsonValue
from deterministic_llm._core.regexes import expression
from deterministic_llm._core.schema.lowering.editions import modern
from deterministic_llm._core.schema.lowering.references import References, references_in
from deterministic_llm._core.schema.walking import rewritten, subschemas
from deterministic_llm.grammars.patterns import widened_pattern


def widened(
    schema: JsonObject, *, plain_numbers: bool, without: Collection[str] = ()
) -> JsonObject:
    """A schema that takes every instance of *schema*, its members in any order.

    It may do *without* some keywords. Raises SchemaError where a reference leads nowhere.
    """
    root = modern(schema)
    if any(node.keys() & _MOVING for pointer, node in subschemas(root) if pointer != "#"):
        return {}
    return _Widening(root, plain_numbers=plain_numbers, without=without).whole()


_MOVING = frozenset({"$id", "id", "$dynamicAnchor"})
"""Keywords by which the same reference means another thing elsewhere."""


class _Widening:
    """One schema, made wider: what it refers to is gathered under names of ours."""

    def __init__(self, root: JsonObject, *, plain_numbers: bool, without: Collection[str]) -> None:
        self._references: References = references_in(root)
        self._plain_numbers = plain_numbers
        self._without = without
        self._names: dict[str, str] = {}
        self._pending: list[str] = []

    def whole(self) -> JsonObject:
        top = self._node(self._references.root)
        found: JsonObject = {}
        while self._pending:
            pointer = self._pending.pop()
            found[self._names[pointer]] = self._node(self._references.target(pointer))
        if not isinstance(top, dict):
            return {}
        return {**top, "$defs": found} if found else top

    def _node(self, node: JsonValue) -> JsonValue:
        if isinstance(node, dict):
            node = {key: each for key, each in node.items() if key not in _STORES}
        return rewritten(node, self._changed)

    def _changed(self, node: JsonObject) -> JsonObject:
        """*node*, below which all is wider already."""
        if isinstance(reference := node.get("$ref"), str):
            return {"$ref": f"#/$defs/{self._name(reference)}"}
        kept = {key: each for key, each in node.items() if key in _KEPT - {*self._without}}
        if self._plain_numbers:
            kept |= {key: node[key] for key in _BOUNDS if key in node}
        for keyword, change in _CHANGES.items():
            if keyword in kept and not (self._plain_numbers and keyword == "type"):
                kept = change(kept)
        return _in_order(_of_objects(kept, open_names="patternProperties" in self._without))

    def _name(self, reference: str) -> str:
        pointer = self._references.pointer(reference)
        if pointer not in self._names:
            self._names[pointer] = f"part{len(self._names)}"
            self._pending.append(pointer)
        return self._names[pointer]


_STORES = frozenset({"$defs", "definitions"})
_BOUNDS = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum")
_KEPT = frozenset(
    {
        "additionalProperties",
        "allOf",
        "anyOf",
        "const",
        "enum",
        "items",
        "maxItems",
        "maxLength",
        "minItems",
        "minLength",
        "oneOf",
        "pattern",
        "patternProperties",
        "prefixItems",
        "properties",
        "type",
    }
)


def _one_of(node: JsonObject) -> JsonObject:
    kept = {key: each for key, each in node.items() if key != "oneOf"}
    return kept if "anyOf" in kept else {**kept, "anyOf": node["oneOf"]}


def _pattern(node: JsonObject) -> JsonObject:
    pattern = node["pattern"]
    wider = widened_pattern(pattern) if isinstance(pattern, str) else None
    if wider is None:
        return {key: each for key, each in node.items() if key != "pattern"}
    # With both, the engine gives up on a text in the middle.
    return {**{key: each for key, each in node.items() if key not in _LENGTHS}, "pattern": wider}


_LENGTHS = frozenset({"minLength", "maxLength"})


def _const(node: JsonObject) -> JsonObject:
    kept = {key: each for key, each in node.items() if key != "const"}
    return kept if "enum" in kept else {**kept, "enum": [node["const"]]}


def _enum(node: JsonObject) -> JsonObject:
    """Values are written in one way each, but for numbers, and what may hold blanks."""
    values = node["enum"]
    if isinstance(values, list) and all(isinstance(each, str | bool | None) for each in values):
        return node
    return {key: each for key, each in node.items() if key != "enum"}


def _type(node: JsonObject) -> JsonObject:
    """7.0 and 7e0 are integers, too."""
    said = node["type"]
    kinds = said if isinstance(said, list) else [said]
    wider: list[JsonValue] = ["number" if each == "integer" else each for each in kinds]
    return {**node, "type": [*dict.fromkeys(map(str, wider))] if len(wider) > 1 else wider[0]}


_CHANGES: Mapping[str, Callable[[JsonObject], JsonObject]] = {
    "oneOf": _one_of,
    "pattern": _pattern,
    "const": _const,
    "enum": _enum,
    "type": _type,
}


def _of_objects(node: JsonObject, *, open_names: bool) -> JsonObject:
    """*node* with a pattern of names for each kind of member, so that they come in any order."""
    kept = {key: each for key, each in node.items() if key not in _NAMED}
    patterned = _patterned(node.get("patternProperties"))
    if open_names or patterned is None:
        kept.pop("additionalProperties", None)
    properties = node.get("properties")
    named = properties if isinstance(properties, dict) else {}
    names = {} if open_names else patterned or {}
    groups: dict[str, tuple[JsonValue, list[str]]] = {}
    for name, schema in named.items():
        key = json.dumps(schema, sort_keys=True)
        groups.setdefault(key, (schema, []))[1].append(_escaped(name))
    if len(groups) + len(names) > _MOST_GROUPS:
        groups = {"": (True, [each for _, escaped in groups.values() for each in escaped])}
    members = {f"^(?:{'|'.join(each)})$": schema for schema, each in groups.values()}
    return {**kept, "patternProperties": {**names, **members}} if names or members else kept


_NAMED = frozenset({"properties", "patternProperties"})
_MOST_GROUPS = 64
"""Kinds of members of one object; with many more, compiling takes seconds."""


def _patterned(names: JsonValue) -> JsonObject | None:
    """*names*, each pattern in the words of the engine; None where one has none."""
    if not isinstance(names, dict):
        return {}
    wider = {widened_pattern(name): schema for name, schema in names.items()}
    if None in wider or len(wider) < len(names):
        return None
    return {name: schema for name, schema in wider.items() if name is not None}


def _escaped(name: str) -> str:
    return _SPECIAL.sub(lambda found: f"\\x{{{ord(found[0]):X}}}", name)


_SPECIAL = expression(r"[^A-Za-z0-9_ \-]")


def _in_order(node: JsonObject) -> JsonObject:
    """What says of members first: the engine loses them where they come after alternatives."""
    return {key: node[key] for key in (*_FIRST, *(set(node) - {*_FIRST})) if key in node}


_FIRST = ("type", "patternProperties", "additionalProperties")
