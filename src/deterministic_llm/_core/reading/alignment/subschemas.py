"""A schema node with its references and conjunctions folded in: one flat object comes out."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from deterministic_llm._core.exchange import JsonObject, JsonValue
from deterministic_llm._core.schema.wording import lookup

_HOPS = 50
_MAXIMA = ("minimum", "exclusiveMinimum", "minLength", "minItems")
_MINIMA = ("maximum", "exclusiveMaximum", "maxLength", "maxItems")


def flat(schema: JsonValue, root: JsonObject) -> JsonObject | None:
    """*schema* without ``$ref`` and ``allOf``: None where nothing fits, {} where nothing is known.

    What two parts both say is narrowed as far as alignment needs it: a validator judges later.
    """
    found: JsonObject = {}
    pending: list[JsonValue] = [schema]
    for _ in range(_HOPS):
        if not pending:
            return found
        part = pending.pop()
        if part is False:
            return None
        if not isinstance(part, dict):
            continue
        found = _both(found, {key: part[key] for key in part if key not in ("$ref", "allOf")})
        pointer, all_of = part.get("$ref"), part.get("allOf")
        if isinstance(pointer, str):
            pending.append(lookup(root, pointer))
        if isinstance(all_of, list):
            pending.extend(reversed(all_of))
    return {}


def _both(first: JsonObject, second: JsonObject) -> JsonObject:
    """One object that says what *first* and *second* say; annotations are those of *first*."""
    if not first:
        return second
    merged = dict(first)
    for key, value in second.items():
        if key not in merged:
            merged[key] = value
        elif key in _NARROWED:
            merged[key] = _NARROWED[key](merged[key], value)
    return merged


def _properties(first: JsonValue, second: JsonValue) -> JsonValue:
    if not isinstance(first, dict) or not isinstance(second, dict):
        return first
    both = first.keys() & second.keys()
    return {**first, **second, **{key: _conjunction(first[key], second[key]) for key in both}}


def _conjunction(first: JsonValue, second: JsonValue) -> JsonValue:
    return {"allOf": [first, second]}


def _joined(first: JsonValue, second: JsonValue) -> JsonValue:
    if not isinstance(first, list) or not isinstance(second, list):
        return first
    return [*first, *(each for each in second if each not in first)]


def _shared(first: JsonValue, second: JsonValue) -> JsonValue:
    if not isinstance(first, list) or not isinstance(second, list):
        return first
    return [each for each in first if each in second]


def _type(first: JsonValue, second: JsonValue) -> JsonValue:
    ours = first if isinstance(first, list) else [first]
    theirs = second if isinstance(second, list) else [second]
    kept = [each for each in ours if each in theirs or (each == "integer" and "number" in theirs)]
    if "integer" in theirs and "number" in ours and "integer" not in kept:
        kept.append("integer")
    return kept[0] if len(kept) == 1 else kept


def _closed(first: JsonValue, second: JsonValue) -> JsonValue:
    return False if second is False else first


def _highest(first: JsonValue, second: JsonValue) -> JsonValue:
    if isinstance(first, int | float) and isinstance(second, int | float):
        return max(first, second)
    return first


def _lowest(first: JsonValue, second: JsonValue) -> JsonValue:
    if isinstance(first, int | float) and isinstance(second, int | float):
        return min(first, second)
    return first


_NARROWED: Mapping[str, Callable[[JsonValue, JsonValue], JsonValue]] = {
    "properties": _properties,
    "items": _conjunction,
    "required": _joined,
    "enum": _shared,
    "type": _type,
    "additionalProperties": _closed,
    **dict.fromkeys(_MAXIMA, _highest),
    **dict.fromkeys(_MINIMA, _lowest),
}
