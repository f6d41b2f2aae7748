"""What is kept of an answer that was stopped: its draft goes in, without what was wrong in it."""

from __future__ import annotations

from collections.abc import Iterable

from deterministic_llm._core.drafts import Draft
from deterministic_llm._core.exchange import JsonValue
from deterministic_llm._core.schema.locations import (
    Location,
    location_of,
    put,
    stands_at,
    value_at,
    without,
)
from deterministic_llm._core.schema.violations import json_path


def remains(draft: Draft, wrong: Iterable[Location]) -> Draft | None:
    """*draft* without the members at *wrong*, and cut so that they are still to come.

    Of a list, what comes from a wrong item on is not kept. None when nothing is left, or when the
    text was whole.
    """
    if not draft.truncated:
        return None
    wrong = tuple(wrong)
    value, opened = draft.value, {location_of(path) or () for path in draft.open_paths} | {()}
    for location in _innermost(wrong):
        at = next((each for each, token in enumerate(location) if isinstance(token, int)), None)
        around = location[:-1] if at is None else location[:at]
        value = _without(value, location) if at is None else _cut(value, around, location[at])
        opened |= {around[:depth] for depth in range(len(around) + 1)}
    open_paths = [
        json_path(each)
        for each in sorted(opened, key=len)
        if stands_at(value, each) and isinstance(value_at(value, each), (dict, list))
    ]
    if not value:
        return None
    # What was wrong was said, and has to come again.
    said = [*draft.begun, *map(json_path, wrong)]
    begun = [each for each in said if _is_out_of(value, location_of(each) or ())]
    return Draft(value, truncated=True, open_paths=tuple(open_paths), begun=tuple(begun))


def _is_out_of(value: JsonValue, location: Location) -> bool:
    """Whether the member at *location* is the one thing on the way to it that is not there."""
    around = location[:-1]
    holds = bool(location) and stands_at(value, around) and not stands_at(value, location)
    return holds and isinstance(value_at(value, around), dict)


def _innermost(wrong: Iterable[Location]) -> list[Location]:
    """The members at *wrong* with no other one in them: a member is wrong with what it holds."""
    members = list(dict.fromkeys(wrong))
    return [
        each
        for each in members
        if not any(len(other) > len(each) and other[: len(each)] == each for other in members)
    ]


def _without(value: JsonValue, location: Location) -> JsonValue:
    return without(value, location) if location else None


def _cut(value: JsonValue, around: Location, index: str | int) -> JsonValue:
    """*value* with the list at *around* cut off before *index*."""
    items = value_at(value, around)
    if not isinstance(items, list) or not isinstance(index, int):
        return value
    return put(value, around, items[:index])
