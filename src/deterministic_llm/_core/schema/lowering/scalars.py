"""Strings, numbers and constants: what the dialect holds them to, and what is only said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import ceil, floor

from deterministic_llm._core.exchange import JsonObject, JsonValue
from deterministic_llm._core.schema.lowering.codecs import SAME, Codec, Recased
from deterministic_llm._core.schema.lowering.intersections import RESIDUE
from deterministic_llm._core.schema.lowering.parts import HOLDING, types_of
from deterministic_llm._core.schema.lowering.patterns import fitted
from deterministic_llm._core.schema.lowering.scope import Low, Place, Scope
from deterministic_llm._core.schema.wording import one_of, quote

_TYPE_OF = {
    str: "string",
    bool: "boolean",
    int: "integer",
    float: "number",
    type(None): "null",
    list: "array",
    dict: "object",
}
_RULES = {
    "string": ("minLength", "maxLength", "pattern", "format"),
    "number": ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
    "boolean": (),
    "null": (),
}
CONDITIONS = ("not", "if", "then", "else", RESIDUE)
"""Rules for values of every type."""


def scalar(scope: Scope, node: JsonObject, place: Place) -> Low | None:
    """A string, number, boolean or null, with the rules that the dialect holds it to."""
    kind = str(node["type"])
    node = _whole_bounds(node) if kind == "integer" else node
    names = _RULES["number" if kind == "integer" else kind]
    rules = {name: node[name] for name in names if name in node}
    if any(_crosses(rules, low, high) for low, high in _PAIRS):
        return None
    kept = _kept(scope, rules, kind)
    dropped = {name: rules[name] for name in rules if name not in kept}
    dropped |= {name: node[name] for name in CONDITIONS if name in node}
    schema: JsonObject = {"type": kind, **kept, **scope.told(node, dropped, place)}
    return Low(schema, SAME, frozenset({kind}))


_PAIRS = (
    ("minLength", "maxLength"),
    ("minimum", "maximum"),
    ("minimum", "exclusiveMaximum"),
    ("exclusiveMinimum", "maximum"),
    ("exclusiveMinimum", "exclusiveMaximum"),
)


def _crosses(rules: JsonObject, low: str, high: str) -> bool:
    """Whether nothing is left from *low* to *high*, one of which may not count itself."""
    least, most = rules.get(low), rules.get(high)
    if not isinstance(least, int | float) or not isinstance(most, int | float):
        return False
    return least > most or (least == most and "exclusive" in f"{low}{high}")


def _kept(scope: Scope, rules: JsonObject, kind: str) -> JsonObject:
    dialect = scope.dialect
    known = dialect.keeps.get(kind, frozenset[str]())
    kept = {name: rules[name] for name in rules if name in known and honoured(scope, name, rules)}
    pattern = rules.get("pattern")
    if isinstance(pattern, str):
        written = fitted(pattern, dialect.patterns)
        if written is not None:
            most = dialect.beside_pattern
            kept = {name: kept[name] for name in kept if _is_short(name, kept[name], most)}
            kept["pattern"] = written
    if rules.get("format") in dialect.formats and "pattern" not in kept:
        kept["format"] = rules["format"]
    return kept


def honoured(scope: Scope, name: str, rules: JsonObject) -> bool:
    """Whether the dialect still holds an answer to a value as large as that of *name*."""
    value, most = rules[name], scope.dialect.most.get(name)
    return most is None or (isinstance(value, int | float) and value <= most)


def _is_short(name: str, value: JsonValue, most: Mapping[str, int] | None) -> bool:
    return most is None or (isinstance(value, int) and value <= most.get(name, -1))


def _whole_bounds(node: JsonObject) -> JsonObject:
    """The bounds of an integer as whole numbers that are included: more backends know those."""
    low, high = node.get("minimum"), node.get("maximum")
    above, below = node.get("exclusiveMinimum"), node.get("exclusiveMaximum")
    lowest = [ceil(low)] if isinstance(low, int | float) else []
    lowest += [floor(above) + 1] if isinstance(above, int | float) else []
    highest = [floor(high)] if isinstance(high, int | float) else []
    highest += [ceil(below) - 1] if isinstance(below, int | float) else []
    bounds = {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"}
    kept = {key: node[key] for key in node if key not in bounds}
    kept |= {"minimum": max(lowest)} if lowest else {}
    return kept | ({"maximum": min(highest)} if highest else {})


def constants(scope: Scope, node: JsonObject, place: Place) -> Low | None:
    """One of some values: those of them that the rest of the node lets pass."""
    listed = node.get("enum")
    options = [node["const"]] if "const" in node else listed if isinstance(listed, list) else []
    known = _valid(scope, node, _distinct(options))
    if not known:
        return None
    types = list(dict.fromkeys(_TYPE_OF[type(each)] for each in known))
    if {"array", "object"} & set(types):
        scope.lose(place, "enum", "text")
        return scope.text(node, place, one_of([quote(each) for each in known]))
    return _enumerated(scope, node, place, known, types)


def _valid(scope: Scope, node: JsonObject, options: Sequence[JsonValue]) -> list[JsonValue]:
    """Those of *options* that all of *node* lets pass."""
    held = node.keys() & HOLDING
    if len(held - {"type"}) > 1:
        return list(filter(scope.fits(node), options))
    kinds = types_of(node) if "type" in node else [*_TYPE_OF.values()]
    return [each for each in options if _is_one(each, kinds)]


def _is_one(value: JsonValue, kinds: Sequence[str]) -> bool:
    kind = _TYPE_OF[type(value)]
    if kind == "integer" and "number" in kinds:
        return True
    return kind in kinds or (isinstance(value, float) and value.is_integer() and "integer" in kinds)


def _enumerated(
    scope: Scope,
    node: JsonObject,
    place: Place,
    known: Sequence[JsonValue],
    types: Sequence[str],
) -> Low:
    if not _takes(scope, known, types):
        return _said(scope, node, place, known, types)
    if len(types) > 1 and not scope.dialect.type_lists:
        return scope.text(node, place, one_of([quote(each) for each in known]))
    kind: JsonValue = types[0] if len(types) == 1 else [*types]
    single = len(known) == 1 and scope.dialect.const
    told: JsonObject = {"const": known[0]} if single else {"enum": [*known]}
    # In this order it is a token less, and schemas are full of them.
    schema: JsonObject = {**told, "type": kind, **scope.told(node, {}, place)}
    return Low(schema, _codec(scope, known), frozenset(types))


def _takes(scope: Scope, known: Sequence[JsonValue], types: Sequence[str]) -> bool:
    """Whether the dialect takes these constants, and has room for them."""
    dialect, spent = scope.dialect, scope.spent
    words = [each for each in known if isinstance(each, str)]
    characters = sum(map(len, words))
    if not dialect.enum_types.issuperset(types):
        return False
    if dialect.recased and len({each.casefold() for each in words}) < len(words):
        return False  # an answer in other capitals would be another of them
    if dialect.max_enum is not None and spent.enum + len(known) > dialect.max_enum:
        return False
    longest = dialect.max_enum_characters
    if longest is not None and len(known) > 250 and characters > longest:
        return False
    if not scope.has_characters(characters):
        return False
    spent.enum += len(known)
    spent.characters += characters
    return True


def _said(
    scope: Scope,
    node: JsonObject,
    place: Place,
    known: Sequence[JsonValue],
    types: Sequence[str],
) -> Low:
    """Constants that are only described: a value of their type is asked for."""
    if len(types) > 1:
        return scope.text(node, place, one_of([quote(each) for each in known]))
    told = scope.told({**node, "type": types[0]}, {"enum": [*known]}, place)
    return Low({"type": types[0], **told}, SAME, frozenset(types))


def _codec(scope: Scope, known: Sequence[JsonValue]) -> Codec:
    words = [each for each in known if isinstance(each, str)]
    if not scope.dialect.recased or not any(each.lower() != each.upper() for each in words):
        return SAME
    return Recased({each.casefold(): each for each in words})


def _distinct(options: Sequence[JsonValue]) -> list[JsonValue]:
    known: dict[tuple[type, str], JsonValue] = {}
    for each in options:
        known.setdefault((type(each), repr(each)), each)
    return [*known.values()]
