"""Lists: their items, their places where each has a rule of its own, and how many there are."""

from __future__ import annotations

from collections.abc import Sequence

from deterministic_llm._core.exchange import JsonObject, JsonValue
from deterministic_llm._core.schema.lowering.codecs import Codec, Items
from deterministic_llm._core.schema.lowering.intersections import RESIDUE
from deterministic_llm._core.schema.lowering.optional import left_out, optional_text
from deterministic_llm._core.schema.lowering.records import REST, Row, place_name
from deterministic_llm._core.schema.lowering.scalars import honoured
from deterministic_llm._core.schema.lowering.scope import Low, Place, Scope

_RULES = (
    "minItems",
    "maxItems",
    "uniqueItems",
    "contains",
    "minContains",
    "maxContains",
    "unevaluatedItems",
    "not",
    "if",
    "then",
    "else",
    RESIDUE,
)


def array(scope: Scope, node: JsonObject, place: Place) -> Low | None:
    """A list, in a definition of its own where it stands too deep."""
    if scope.too_deep(place):
        return scope.hoisted(node, place)
    first = node.get("prefixItems")
    if isinstance(first, list) and first and _count(node, "maxItems") != 0:
        return _row(scope, node, first, place)
    return _alike(scope, node, place, each=node.get("items", True))


def _alike(scope: Scope, node: JsonObject, place: Place, *, each: JsonValue) -> Low | None:
    """A list with one rule for *each* item."""
    item = scope.low(each, place.below("items", deeper=True))
    rules = {name: node[name] for name in _RULES if name in node}
    if item is None:  # no item can be valid, so there is none
        if _count(node, "minItems"):
            return None
        rules["maxItems"] = 0
        item = Low({"type": "string"})
    if _is_empty(rules):
        return None
    schema: JsonObject = {"type": "array", "items": item.schema, **_told(scope, node, rules, place)}
    return Low(schema, Items(item.codec), frozenset({"array"}))


def _is_empty(rules: JsonObject) -> bool:
    least, most = _count(rules, "minItems"), _count(rules, "maxItems")
    return least is not None and most is not None and least > most


def _count(node: JsonObject, name: str) -> int | None:
    value = node.get(name)
    return int(value) if isinstance(value, int | float) else None


def _told(scope: Scope, node: JsonObject, rules: JsonObject, place: Place) -> JsonObject:
    """The rules that are kept, and a description of the others."""
    known = scope.dialect.keeps["array"]
    kept = {name: rules[name] for name in rules if name in known and honoured(scope, name, rules)}
    dropped = {name: rules[name] for name in rules if name not in kept and rules[name] is not False}
    least = scope.dialect.most.get("minItems")
    if "minItems" in dropped and "minItems" in known and least is not None:
        kept["minItems"] = least  # as far as the dialect goes
    return {**kept, **scope.told(node, dropped, place)}


def _row(scope: Scope, node: JsonObject, first: Sequence[JsonValue], place: Place) -> Low | None:
    """A list with a rule for each of its first places."""
    least, most = _count(node, "minItems") or 0, _count(node, "maxItems")
    first = first if most is None else first[:most]
    lows: list[Low] = []
    for index, each in enumerate(first):
        low = scope.low(each, place.below("prefixItems", str(index), deeper=True))
        if low is None:
            break
        lows.append(low)
    rest = _rest(scope, node, place) if len(lows) == len(first) else None
    if rest is None and not lows:
        return _alike(scope, node, place, each=False)
    if rest is None and len(lows) < least:
        return None
    if scope.dialect.tuples:
        return _kept_row(scope, node, lows, rest, place)
    return _row_as_object(scope, node, lows, rest, place)


def _rest(scope: Scope, node: JsonObject, place: Place) -> Low | None:
    """The items behind the first ones; None where there are none, or nothing is said of them."""
    first, most = node["prefixItems"], _count(node, "maxItems")
    count = len(first) if isinstance(first, list) else 0
    if most is not None and most <= count:
        return None
    items = node.get("items", True)
    if items is True and (_count(node, "minItems") or 0) <= count:
        scope.lose(place, "items", "closed")
        return None
    return scope.low(items, place.below("items", deeper=True))


def _kept_row(
    scope: Scope, node: JsonObject, lows: Sequence[Low], rest: Low | None, place: Place
) -> Low:
    rules = {name: node[name] for name in _RULES if name in node}
    ends: JsonObject = {"items": False} if rest is None else {"items": rest.schema}
    if rest is None:
        rules["maxItems"] = min(_count(node, "maxItems") or len(lows), len(lows))
    schema: JsonObject = {
        "type": "array",
        "prefixItems": [low.schema for low in lows],
        **ends,
        **_told(scope, node, rules, place),
    }
    codec = Items(None if rest is None else rest.codec, tuple(low.codec for low in lows))
    return Low(schema, codec, frozenset({"array"}))


def _row_as_object(
    scope: Scope, node: JsonObject, lows: Sequence[Low], rest: Low | None, place: Place
) -> Low | None:
    least = _count(node, "minItems") or 0
    members: dict[str, tuple[JsonObject, Codec]] = {}
    required: list[str] = []
    for index, item in enumerate(lows):
        name = place_name(index)
        low, must = (item, True) if index < least else _left_out(scope, item, node, place, index)
        required += [name] if must else []
        members[name] = (low.schema, low.codec)
    rules = {
        name: node[name] for name in _RULES if name in node and name not in {"minItems", "maxItems"}
    }
    if rest is not None:
        told = _told(scope, {"type": "array"}, _beyond(node, len(lows)), place)
        members[REST] = ({"type": "array", "items": rest.schema, **told}, Items(rest.codec))
        required.append(REST)
    named: JsonObject = {name: each for name, (each, _) in members.items()}
    schema = {**scope.closed(named, required), **scope.told(node, rules, place)}
    codec = Row(
        tuple(members[place_name(index)][1] for index in range(len(lows))),
        None if rest is None else rest.codec,
    )
    return Low(schema, codec, frozenset({"object"}), shifted=True)


def _beyond(node: JsonObject, first: int) -> JsonObject:
    """How many items there are behind the *first* ones."""
    counts = ((name, _count(node, name)) for name in ("minItems", "maxItems"))
    return {name: count - first for name, count in counts if count is not None and count > first}


def _left_out(
    scope: Scope, low: Low, node: JsonObject, place: Place, index: int
) -> tuple[Low, bool]:
    """The item at *index* as one that may be missing, and whether it is a required member below."""
    first = node["prefixItems"]
    item = first[index] if isinstance(first, list) else True
    inner = place.below("prefixItems", str(index))
    if index == 0 and scope.dialect.one_required:
        return optional_text(scope, low, item, inner), True
    return left_out(scope, low, item, inner)
