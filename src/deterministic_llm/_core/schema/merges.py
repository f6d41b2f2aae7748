"""An answer to a question for some members: what it brings goes in, the whole comes out."""

from __future__ import annotations

from collections.abc import Iterable

from deterministic_llm._core.drafts import Patch
from deterministic_llm._core.exchange import JsonObject, JsonValue
from deterministic_llm._core.schema.locations import (
    Location,
    location_of,
    put,
    schema_at,
    sole,
    stands_at,
    value_at,
    without,
)
from deterministic_llm._core.schema.patches import name_of
from deterministic_llm._core.schema.target import JsonTarget
from deterministic_llm._core.schema.violations import json_path


def merged(patch: Patch, answer: JsonObject) -> JsonValue:
    """The base of *patch* with the members that *answer* brings; what was not asked for is not."""
    value = patch.base
    for key, place in patch.places.items():
        if key in answer:
            more = answer[key]
            if place.appends:
                more = _appended(value_at(value, place.location), more)
            value = put(value, place.location, more)
    return value


def _appended(before: JsonValue, more: JsonValue) -> JsonValue:
    if isinstance(before, list) and isinstance(more, list):
        return [*before, *more]
    if isinstance(before, dict) and isinstance(more, dict):
        return {**before, **more}
    return more


def restated(patch: Patch, answer: JsonObject, *, cut: bool = False) -> str | None:
    """The key of *answer* whose rest begins again with what had come, so that it is no rest.

    An item that is said twice may be one of the list or not: nobody knows. Of a *cut* rest the last
    item may be half of one.
    """
    for key, place in patch.places.items():
        before, more = value_at(patch.base, place.location), answer.get(key)
        if not place.appends:
            continue
        if isinstance(before, list) and isinstance(more, list):
            if _begins_again(before, more) or (cut and _begins_again(before, more[:-1])):
                return key
        elif isinstance(before, dict) and isinstance(more, dict) and before.keys() & more.keys():
            return key
    return None


def _begins_again(before: list[JsonValue], more: list[JsonValue]) -> bool:
    longest = min(len(before), len(more))
    if not longest:
        return False
    ends = any(before[-size:] == more[:size] for size in range(1, longest + 1))
    return ends or before[:longest] == more[:longest]


def unanswered(patch: Patch, answer: JsonObject) -> tuple[JsonValue, tuple[str, ...]]:
    """The base of *patch* without what a cut *answer* did not come to, and where that belongs."""
    base, paths = patch.base, dict[str, None]()
    for key, place in patch.places.items():
        if key not in answer:
            around = place.location if place.appends else place.location[:-1]
            base = base if place.appends else without(base, place.location)
            paths[json_path(around)] = None
    return base, tuple(paths)


def still_begun(patch: Patch, answer: JsonObject, begun: Iterable[str]) -> tuple[str, ...]:
    """The paths in the whole of members that were begun and have not come with a cut *answer*.

    Some had been before it, and some it has *begun* itself.
    """
    before = (each for key, each in patch.places.items() if each.begun and key not in answer)
    paths = (json_path(each.location) for each in before)
    return tuple(dict.fromkeys((*paths, *(opened_in(patch, each) for each in begun))))


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


def picked(target: JsonTarget[object], patch: Patch, whole: JsonValue) -> JsonObject:
    """The members of *patch* as they stand in *whole*, or in a part of it that holds them alone.

    An item is only taken for the one that was wrong if its list shows that it is.
    """
    found: JsonObject = {}
    for key, place in patch.places.items():
        location = _found_at(target, patch, place.location, whole)
        if location is None or not stands_at(whole, location):
            continue
        value = value_at(whole, location)
        if place.appends:
            value = _behind(value_at(patch.base, place.location), value)
            if value is None:
                continue
        found[key] = value
    return found


def _behind(before: JsonValue, value: JsonValue) -> JsonValue:
    """What comes in *value* behind all that was there *before*; None when that is not in it."""
    if isinstance(before, list) and isinstance(value, list):
        begins = before == value[: len(before)]
        return value[len(before) :] if begins else None
    if isinstance(before, dict) and isinstance(value, dict):
        begins = all(key in value and before[key] == value[key] for key in before)
        return {key: value[key] for key in value if key not in before} if begins else None
    return None


def _found_at(
    target: JsonTarget[object], patch: Patch, location: Location, whole: JsonValue
) -> Location | None:
    """Where in *whole* the member at *location* stands; None when an item may be another one."""
    found: Location = ()
    for depth, token in enumerate(location):
        index: int | str | None = token
        if isinstance(token, int):
            index = _index_in(target, patch, location[:depth], token, value_at(whole, found))
        if index is None:
            return None
        found = (*found, index)
    return found


def _index_in(
    target: JsonTarget[object], patch: Patch, around: Location, index: int, after: JsonValue
) -> int | None:
    """Where the item at *index* of the list *around* it is in the list that came *after*."""
    before = value_at(patch.base, around)
    if not isinstance(before, list) or not isinstance(after, list):
        return None
    known = sole(schema_at(target, around), target.schema) or {}
    if "prefixItems" in known:
        return index
    asked = _asked_in(patch, around)
    if _is_only(before, after, asked):
        return 0
    is_it = _same_list(before, after, asked) or _same_name(before, after, index, asked)
    return index if is_it else None


def _asked_in(patch: Patch, around: Location) -> list[Location]:
    """Where, seen from *around*, members are asked for."""
    depth = len(around)
    found = [each.location for each in patch.places.values()]
    return [each[depth:] for each in found if each[:depth] == around and len(each) > depth]


def _same_list(before: list[JsonValue], after: list[JsonValue], asked: list[Location]) -> bool:
    """Whether all but what was asked for is the same, item by item."""
    return len(before) == len(after) and _blanked(before, asked) == _blanked(after, asked)


def _blanked(value: JsonValue, asked: list[Location]) -> JsonValue:
    for location in asked:
        value = put(value, location, None)
    return value


def _same_name(
    before: list[JsonValue], after: list[JsonValue], index: int, asked: list[Location]
) -> bool:
    """Whether the item at *index* goes by a name that no other one in either list has."""
    if index >= len(after):
        return False
    known = _names(before, asked)[index]
    return bool(known) and all(
        each.count(known) == 1 and each[index] == known
        for each in (_names(before, asked), _names(after, asked))
    )


def _names(items: list[JsonValue], asked: list[Location]) -> list[str]:
    wanted: dict[str | int, list[str | int]] = {}
    for index, *inner in asked:
        wanted.setdefault(index, []).extend(inner[:1])
    return [name_of(item, besides=wanted.get(at, ())) for at, item in enumerate(items)]


def _is_only(before: list[JsonValue], after: list[JsonValue], asked: list[Location]) -> bool:
    """Whether *after* holds nothing but the members that were asked for, all of one item."""
    if len(after) != 1 or len({each[0] for each in asked}) != 1:
        return False
    only, item = after[0], value_at(before, asked[0][:1])
    if not isinstance(only, dict) or not isinstance(item, dict):
        return False
    wanted = {each[1] for each in asked if len(each) > 1}
    return only.keys() <= wanted and not item.keys() <= wanted
