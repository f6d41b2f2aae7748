"""A part of an answer as a target of its own: broken rules go in, what to ask for comes out."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import lru_cache

from pydantic_core import SchemaValidator, core_schema, to_json

from deterministic_llm._core.attempts import Violation
from deterministic_llm._core.drafts import Patch, Place
from deterministic_llm._core.exchange import JsonObject, JsonValue
from deterministic_llm._core.remembering import remembered
from deterministic_llm._core.schema.locations import (
    Location,
    admits,
    location_of,
    put,
    schema_at,
    sole,
    stands_at,
    value_at,
    without,
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
    if isinstance(base, dict) and len(wanted) >= len(base):
        kept = {(name,) for name in base} - wanted.keys()
        if not kept:
            return None  # the whole is no dearer
    return _patch(base, wanted)


def _patch(base: JsonValue, wanted: Collection[Location]) -> Patch | None:
    """All at the *wanted* locations, but what stands inside another."""
    places: dict[str, Place] = {}
    for location in wanted:
        if not _is_inside(location, wanted):
            key, place = _instead_of(location)
            places[key] = place
    return Patch(base, places) if places else None


def continuing(
    target: JsonTarget[object],
    base: JsonValue,
    open_paths: Sequence[str],
    *,
    begun: Collection[str] = (),
) -> Patch | None:
    """What is still to come of a *base* that was cut, its containers at *open_paths* not closed.

    The rest of a list is asked for from its last item on, if that was cut, and of an object what
    is not there; what was *begun* of it has to come. None when nothing is known to be missing.
    """
    opened = sorted({location_of(path) or () for path in open_paths} | {()}, key=len)
    places: dict[str, Place] = {}
    settled: list[Location] = []
    for location in opened:
        if any(location[: len(each)] == each for each in settled):
            continue  # what was open inside is asked for with the rest
        value = value_at(base, location)
        known = sole(schema_at(target, location), target.schema)
        if _goes_on(known, value):
            base = put(base, location, _closed(value, location, opened))
            places[_key(location)] = Place(location, appends=True)
        elif known is not None and isinstance(value, dict) and not _is_open(known):
            names = known.get("properties")
            absent = [n for n in names if n not in value] if isinstance(names, dict) else []
            places |= [_instead_of((*location, name)) for name in absent]
            for name in _meant(location, absent, begun):
                places[_key((*location, name))] = Place((*location, name), begun=True)
            continue
        else:
            if not _can_be_asked_anew(target, base, location):
                return None
            base = without(base, location)
            places |= [_instead_of(location)]
        settled.append(location)
    return Patch(base, places) if places else None


def patch_target(target: JsonTarget[object], patch: Patch) -> JsonTarget[JsonValue]:
    """The answer that brings the members of *patch*: an object with a key a place."""
    places = tuple(patch.places.items())
    known = _of_places(target, places)
    if known is not None:
        return known
    labels = tuple(_labels(patch.base, patch.places.values()))
    return _compiled(target, places, labels, _needed(target, patch))


@lru_cache(maxsize=1024)
def _of_places(
    target: JsonTarget[object], places: tuple[tuple[str, Place], ...]
) -> JsonTarget[JsonValue] | None:
    """The same for *places* that say it all, whatever the base holds; None for others."""
    for _, place in places:
        is_plain = not place.appends and _item_around(place.location) is None
        if not is_plain or not _is_required(target, place.location):
            return None
    return _compiled(target, places, ("",) * len(places), tuple(key for key, _ in places))


@lru_cache(maxsize=1024)
def _compiled(
    target: JsonTarget[object],
    places: tuple[tuple[str, Place], ...],
    labels: tuple[str, ...],
    needed: tuple[str, ...],
) -> JsonTarget[JsonValue]:
    root = target.schema
    properties: JsonObject = {}
    for (key, place), label in zip(places, labels, strict=True):
        node = schema_at(target, place.location) or {}
        if place.appends:
            node = _unbounded(node, root)
        said = node.get("description")
        known = ": ".join(filter(None, (label, said if isinstance(said, str) else "")))
        properties[key] = {**node, "description": known} if known else node
    schema: JsonObject = {"type": "object", "properties": properties, "required": [*needed]}
    if '"$ref"' in to_json(properties).decode():
        schema |= {key: root[key] for key in ("$defs", "definitions") if key in root}
    return JsonTarget(
        f"{target.name} members",
        schema,
        _ANY_OBJECT,
        target.floats,
        _OBJECTS.validate_python,
        keyed=True,
    )


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
_OBJECTS = SchemaValidator(core_schema.dict_schema())
"""Takes what an _AnyObject takes, and says of anything else what the reader may bend."""


def _reached(target: JsonTarget[object], base: JsonValue, location: Location) -> Location:
    """*location*, or the nearest member around it whose schema and holder are known."""
    holder = base
    for depth, token in enumerate(location, start=1):
        if schema_at(target, location[:depth]) is None or not admits(holder, token):
            return location[: depth - 1]
        holder = value_at(holder, (token,))
    return location


def _needed(target: JsonTarget[object], patch: Patch) -> tuple[str, ...]:
    """The keys that have to come: what is wrong is not mended by leaving it out."""
    return tuple(
        key
        for key, place in patch.places.items()
        if place.appends
        or place.begun
        or _is_required(target, place.location)
        or stands_at(patch.base, place.location)
    )


def _is_required(target: JsonTarget[object], location: Location) -> bool:
    holder = sole(schema_at(target, location[:-1]), target.schema) or {}
    names = holder.get("required")
    return isinstance(location[-1], int) or (isinstance(names, list) and location[-1] in names)


def _labels(base: JsonValue, places: Collection[Place]) -> Iterator[str]:
    """How each item is told from its neighbours besides its index, said once an item."""
    told: set[Location] = set()
    asked = [place.location for place in places]
    for place in places:
        item = _item_around(place.location)
        if place.appends:
            yield _after(value_at(base, place.location))
        elif item is None or item in told:
            yield ""
        else:
            told.add(item)
            depth = len(item)
            besides = [each[depth] for each in asked if each[:depth] == item and len(each) > depth]
            known = name_of(value_at(base, item), besides=besides)
            yield f"where {known}" if known else ""


def _item_around(location: Location) -> Location | None:
    """The innermost item of a list that the member at *location* is a part of."""
    for depth in range(len(location) - 1, 0, -1):
        if isinstance(location[depth - 1], int):
            return location[:depth]
    return None


def _after(value: JsonValue) -> str:
    """Where the rest of *value* begins, said with its last item."""
    if isinstance(value, list) and value:
        known = name_of(value[-1]) or quote(value[-1])[:_LONGEST_NAME]
        return f"only the items that come after item {len(value)}, {known}"
    if isinstance(value, dict) and value:
        return f"only the entries that come after {quote(next(reversed(value)))}"
    return ""


def name_of(item: JsonValue, *, besides: Sequence[str | int] = ()) -> str:
    """The first short text or whole number of *item*: ``name is "Ann"``."""
    for key, value in item.items() if isinstance(item, dict) else ():
        short = isinstance(value, str) and 0 < len(value) <= _LONGEST_NAME
        if key not in besides and (short or type(value) is int):
            return f"{key if key.isidentifier() else quote(key)} is {quote(value)}"
    return ""


def _meant(around: Location, absent: Sequence[str], begun: Iterable[str]) -> Iterator[str]:
    """Which *absent* members of the object at *around* were *begun*, where that is sure."""
    for *holder, key in filter(None, map(location_of, begun)):
        said = str(key) if tuple(holder) == around else ""
        named = [name for name in absent if said and name.startswith(said)]
        if said in named or len(named) == 1:
            yield said if said in named else named[0]


def _goes_on(node: JsonObject | None, value: JsonValue) -> bool:
    """Whether a *value* that was cut may have any number of further items or entries."""
    if node is None:
        return False
    if isinstance(value, list):
        return "prefixItems" not in node
    return isinstance(value, dict) and "properties" not in node and _is_open(node)


def _is_open(node: JsonObject) -> bool:
    """Whether objects of *node* may have members that it does not name."""
    if "patternProperties" in node:
        return True
    others = node.get("additionalProperties", "properties" not in node)
    return others is not False


def _closed(value: JsonValue, location: Location, opened: Sequence[Location]) -> JsonValue:
    """*value* without its last item or entry, if that was cut."""
    if isinstance(value, list):
        return value[:-1] if (*location, len(value) - 1) in opened else value
    if isinstance(value, dict) and value and (*location, next(reversed(value))) in opened:
        return dict(list(value.items())[:-1])
    return value


def _is_inside(location: Location, others: Collection[Location]) -> bool:
    """Whether one of *others* is around *location*."""
    return len(location) > 1 and any(location[:cut] in others for cut in range(1, len(location)))


def _can_be_asked_anew(target: JsonTarget[object], base: JsonValue, location: Location) -> bool:
    """Whether the member at *location* can be left out until it has come as a whole."""
    if not location or schema_at(target, location) is None:
        return False
    return isinstance(value_at(base, location[:-1]), dict)


def _unbounded(node: JsonObject, root: JsonObject) -> JsonObject:
    """*node* of a list or mapping, for a rest of it: how many there must be is said of them all."""
    known = sole(node, root) or node
    return {key: known[key] for key in known if key not in _COUNTS}


_COUNTS = frozenset({"minItems", "maxItems", "minProperties", "maxProperties"})


@remembered(4096)
def _instead_of(location: Location) -> tuple[str, Place]:
    """The place of a member to come instead of the one at *location*, and its key."""
    return _key(location), Place(location)


def _key(location: Location) -> str:
    """The key that asks for the member at *location*: its path without the ``$.``."""
    return json_path(location)[1:].removeprefix(".") or "rest"
