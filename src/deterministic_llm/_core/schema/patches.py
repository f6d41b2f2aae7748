"""A part of an answer as a target of its own: broken rules go in, what to ask for comes out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache

from pydantic_core import to_json

from deterministic_llm._core.attempts import Patch, Place, Violation
from deterministic_llm._core.exchange import JsonObject, JsonValue
from deterministic_llm._core.schema.locations import (
    Location,
    admits,
    location_of,
    put,
    schema_at,
    sole,
    value_at,
)
from deterministic_llm._core.schema.target import Checked, Invalid, JsonTarget, Valid
from deterministic_llm._core.schema.violations import json_path
from deterministic_llm._core.schema.wording import quote

_LONGEST_NAME = 40
"""Characters of a value by which an item is still recognised at a glance."""


def mending(
    target: JsonTarget[object], base: JsonValue, violations: Iterable[Violation]
) -> Patch | None:
    """The members of *base* that have to be asked for again; None when only the whole will do.

    A member is asked for where it is broken, an object where it has one member too many.
    """
    wanted: dict[Location, None] = {}
    for violation in violations:
        for path in (violation.path, *violation.involved):
            location = location_of(path) or ()
            if violation.code == "extra":
                location = location[:-1]
            reached = _reached(target, base, location)
            if not reached:
                return None
            wanted[reached] = None
    if isinstance(base, dict) and all((name,) in wanted for name in base):
        return None  # nothing would be kept
    outermost = (
        each for each in wanted if not any(each[:cut] in wanted for cut in range(len(each)))
    )
    places = {_key(each): Place(each) for each in outermost}
    return Patch(base, places) if places else None


def continuing(
    target: JsonTarget[object], base: JsonValue, open_paths: Sequence[str]
) -> Patch | None:
    """What is still to come of a *base* that was cut, its containers at *open_paths* not closed.

    The rest of a list is asked for from its last item on, if that was cut, and of an object what
    is not there. None when nothing is known to be missing.
    """
    opened = sorted({location_of(path) or () for path in open_paths} | {()}, key=len)
    places: dict[str, Place] = {}
    for location in opened:
        value = value_at(base, location)
        if isinstance(value, list):
            if (*location, len(value) - 1) in opened:
                base = put(base, location, value[:-1])
            places[_key(location)] = Place(location, appends=True)
            break  # what was open inside it is asked for with the rest
        known = sole(schema_at(target, location), target.schema)
        if known is None or not isinstance(value, dict):
            return None
        names = known.get("properties")
        absent = [name for name in names if name not in value] if isinstance(names, dict) else []
        places |= {_key((*location, name)): Place((*location, name)) for name in absent}
    return Patch(base, places) if places else None


def patch_target(target: JsonTarget[object], patch: Patch) -> JsonTarget[JsonValue]:
    """The answer that brings the members of *patch*: an object with a key a place."""
    places = tuple(patch.places.items())
    return _compiled(target, places, tuple(_label(patch.base, place) for _, place in places))


@lru_cache(maxsize=1024)
def _compiled(
    target: JsonTarget[object], places: tuple[tuple[str, Place], ...], labels: tuple[str, ...]
) -> JsonTarget[JsonValue]:
    root = target.schema
    properties: JsonObject = {}
    required: list[JsonValue] = []
    for (key, place), label in zip(places, labels, strict=True):
        node = schema_at(target, place.location) or {}
        said = node.get("description")
        known = ": ".join(filter(None, (label, said if isinstance(said, str) else "")))
        properties[key] = {**node, "description": known} if known else node
        if place.appends or _is_required(target, place.location):
            required.append(key)
    schema: JsonObject = {"type": "object", "properties": properties, "required": required}
    if '"$ref"' in to_json(properties).decode():
        schema |= {key: root[key] for key in ("$defs", "definitions") if key in root}
    return JsonTarget(f"{target.name} members", schema, _ANY_OBJECT, target.floats)


def merged(patch: Patch, answer: JsonObject) -> JsonValue:
    """The base of *patch* with the members that *answer* brings; what was not asked for is not."""
    value = patch.base
    for key, place in patch.places.items():
        if key in answer:
            before = value_at(value, place.location)
            more = answer[key]
            if place.appends and isinstance(before, list) and isinstance(more, list):
                more = [*before, *more]
            value = put(value, place.location, more)
    return value


def opened_in(patch: Patch, path: str) -> str:
    """The path in the whole of a container that was left open at *path* of the answer."""
    key, *inner = location_of(path) or ("",)
    place = patch.places.get(str(key))
    if place is None:
        return "$"
    before = value_at(patch.base, place.location)
    if place.appends and inner and isinstance(before, list) and isinstance(inner[0], int):
        inner[0] += len(before)
    return json_path((*place.location, *inner))


def picked(patch: Patch, whole: JsonValue) -> JsonObject:
    """The members of *patch* as they stand in *whole*."""
    found = {
        key: value_at(whole, place.location)
        for key, place in patch.places.items()
        if not place.appends
    }
    return {key: value for key, value in found.items() if value is not None}


class _AnyObject:
    """What the members are is judged where they go."""

    def check(
        self, value: JsonValue, text: str | None = None, context: object = None
    ) -> Checked[JsonValue]:
        del text, context
        if isinstance(value, dict):
            return Valid(value)
        return Invalid((Violation("$", "type", "expected an object", quote(value)),))


_ANY_OBJECT = _AnyObject()


def _reached(target: JsonTarget[object], base: JsonValue, location: Location) -> Location:
    """*location*, or the nearest member around it whose schema and holder are known."""
    for depth, token in enumerate(location):
        around = location[:depth]
        known = schema_at(target, (*around, token)) is not None
        if not known or not admits(value_at(base, around), token):
            return around
    return location


def _is_required(target: JsonTarget[object], location: Location) -> bool:
    holder = sole(schema_at(target, location[:-1]), target.schema) or {}
    names = holder.get("required")
    return isinstance(location[-1], int) or (isinstance(names, list) and location[-1] in names)


def _label(base: JsonValue, place: Place) -> str:
    """How an item is told from its neighbours besides its index: ``where name is "Ann"``."""
    location = place.location
    if place.appends:
        items = value_at(base, location)
        if not isinstance(items, list) or not items:
            return ""
        known = _name(items[-1]) or quote(items[-1])[:_LONGEST_NAME]
        return f"only the items that come after item {len(items)}, {known}"
    for depth in range(len(location) - 1, 0, -1):
        if isinstance(location[depth - 1], int):
            known = _name(value_at(base, location[:depth]), besides=location[depth])
            return f"of the one where {known}" if known else ""
    return ""


def _name(item: JsonValue, *, besides: str | int = "") -> str:
    """The first short text or whole number of *item*: ``name is "Ann"``."""
    for key, value in item.items() if isinstance(item, dict) else ():
        short = isinstance(value, str) and 0 < len(value) <= _LONGEST_NAME
        if key != besides and (short or type(value) is int):
            return f"{key} is {quote(value)}"
    return ""


def _key(location: Location) -> str:
    """The key that asks for the member at *location*: its path without the ``$.``."""
    return json_path(location)[1:].removeprefix(".") or "rest"
