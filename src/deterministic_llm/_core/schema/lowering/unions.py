"""One of several: alternatives, each told from the others below as above."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from deterministic_llm._core.exchange import JsonObject, JsonValue
from deterministic_llm._core.schema.lowering.branches import Branches, Option
from deterministic_llm._core.schema.lowering.codecs import SAME, Nullable, changes
from deterministic_llm._core.schema.lowering.distinctions import all_apart
from deterministic_llm._core.schema.lowering.intersections import RESIDUE, both
from deterministic_llm._core.schema.lowering.optional import with_null
from deterministic_llm._core.schema.lowering.parts import ANNOTATIONS, HOLDING, about
from deterministic_llm._core.schema.lowering.scope import Low, Place, Scope, described
from deterministic_llm._core.schema.wording import describe

_SCALARS = frozenset({"string", "number", "integer", "boolean", "null"})
_ONLY_CONDITIONS = frozenset({"required", "not", "dependentRequired", "dependentSchemas", "if"})


def alternatives(scope: Scope, node: JsonObject, place: Place) -> Low | None:
    """``anyOf`` and ``oneOf``: each alternative together with what is said beside them."""
    keyword = "anyOf" if "anyOf" in node else "oneOf"
    listed = node[keyword]
    options = listed if isinstance(listed, list) else []
    others = {key: node[key] for key in node if key != keyword}
    if all(map(_is_condition, options)) and others.keys() & HOLDING:
        return _as_condition(scope, others, {keyword: options}, place)
    said = described(others, "")
    rest = {key: others[key] for key in others if key not in ANNOTATIONS}
    if "unevaluatedProperties" in rest:  # members of two alternatives at once are not said
        scope.lose(place, "unevaluatedProperties", "closed")
    nodes = [both(option, rest) if rest else option for option in options]
    places = [place.below(keyword, str(index)) for index in range(len(nodes))]
    if keyword == "oneOf" and not all_apart(scope.references, options):
        said = scope.told(said, {"oneOf": True}, place)
    return _union(scope, nodes, places, said)


def several_types(scope: Scope, node: JsonObject, place: Place) -> Low | None:
    """A node with several types: a list of them where nothing else is said, else alternatives."""
    listed = node["type"]
    kinds = [str(each) for each in listed] if isinstance(listed, list) else []
    plain = not (node.keys() & HOLDING - {"type"}) and _SCALARS.issuperset(kinds)
    if plain and scope.dialect.type_lists and scope.takes_union():
        return Low({"type": [*kinds], **scope.told(node, {}, place)}, SAME, frozenset(kinds))
    said = described(node, "")
    whole = {key: node[key] for key in node if key not in ANNOTATIONS}
    return _union(scope, [about(whole, kind) for kind in kinds], [place] * len(kinds), said)


def _is_condition(option: JsonValue) -> bool:
    return isinstance(option, dict) and option.keys() - ANNOTATIONS <= _ONLY_CONDITIONS


def _as_condition(
    scope: Scope, node: JsonObject, condition: JsonObject, place: Place
) -> Low | None:
    """Alternatives that only say which members there must be: they are described."""
    known = node.get(RESIDUE)
    residue: list[JsonValue] = [*(known if isinstance(known, list) else ()), condition]
    return scope.low({**node, RESIDUE: residue}, place)


def _union(
    scope: Scope, nodes: Sequence[JsonValue], places: Sequence[Place], said: JsonObject
) -> Low | None:
    found = [
        (node, low)
        for node, place in zip(nodes, places, strict=True)
        if (low := scope.low(node, place)) is not None
    ]
    if not found:
        return None
    distinct = _distinct(found)
    if len(distinct) == 1:
        return _described(distinct[0][1], said)
    nulls = [low for _, low in distinct if low.schema == {"type": "null"}]
    if len(distinct) == 2 and len(nulls) == 1:
        return _nullable(scope, distinct, said) or _text(scope, nodes, said, places[0])
    if (
        _are_told_apart([low for _, low in distinct])
        and scope.dialect.unions
        and scope.takes_union()
    ):
        return _either(scope, distinct, said)
    return _text(scope, nodes, said, places[0])


def _text(scope: Scope, nodes: Sequence[JsonValue], said: JsonObject, place: Place) -> Low:
    words = describe({"anyOf": [*nodes]}, root=scope.root)
    return scope.text(said, place, words if len(words) <= 200 else "one of several")


def _distinct(found: Sequence[tuple[JsonValue, Low]]) -> list[tuple[JsonValue, Low]]:
    """The alternatives without those that are below what an earlier one is, changing nothing."""
    kept: list[tuple[JsonValue, Low]] = []
    for node, low in found:
        same = any(
            low.schema == other.schema and not changes(low.codec) and not changes(other.codec)
            for _, other in kept
        )
        if not same:
            kept.append((node, low))
    return kept


def _described(low: Low, said: JsonObject) -> Low:
    if not said or "description" in low.schema or "$ref" in low.schema:
        return low
    return replace(low, schema={**low.schema, **said})


def _nullable(
    scope: Scope, distinct: Sequence[tuple[JsonValue, Low]], said: JsonObject
) -> Low | None:
    (other,) = [low for _, low in distinct if low.schema != {"type": "null"}]
    low = with_null(scope, other)
    if low is None:
        return None
    codec = low.codec if not changes_itself(low) else Nullable(low.codec)
    if "description" in low.schema or not said:
        return replace(low, codec=codec)
    return replace(low, schema={**low.schema, **said}, codec=codec)


def changes_itself(low: Low) -> bool:
    """Whether null has to be kept from the codec of *low*."""
    return low.codec is not SAME


def _are_told_apart(lows: Sequence[Low]) -> bool:
    """Whether no alternative that is below of another type could be taken for one beside it."""
    return not any(
        one.shifted and one.kinds & other.kinds
        for index, one in enumerate(lows)
        for at, other in enumerate(lows)
        if at != index
    )


def _either(scope: Scope, distinct: Sequence[tuple[JsonValue, Low]], said: JsonObject) -> Low:
    kinds = frozenset[str]().union(*(low.kinds for _, low in distinct))
    schemas: list[JsonValue] = []
    for _, low in distinct:
        schemas += _flat(low.schema)
    codec = Branches(
        tuple(
            Option(scope.fits(node), scope.answers(low.schema), low.codec) for node, low in distinct
        )
    )
    shifted = any(low.shifted for _, low in distinct)
    return Low({"anyOf": schemas, **said}, codec, kinds, shifted=shifted)


def _flat(schema: JsonObject) -> list[JsonValue]:
    """The alternatives of *schema*, if it is no more than that."""
    options = schema.get("anyOf")
    return options if isinstance(options, list) and len(schema) == 1 else [schema]
