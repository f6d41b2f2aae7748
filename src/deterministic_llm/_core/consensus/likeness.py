"""How alike two JSON values are, from 0 to 1, and what follows: medoids and pairs of items."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import SequenceMatcher
from functools import lru_cache
from math import fsum

from deterministic_llm._core.canonical import written
from deterministic_llm._core.exchange import JsonObject, JsonValue

_LONG = 200
"""Characters from which on texts are compared word by word: letter by letter takes seconds."""
_ALIKE = 0.5
"""From which likeness on two items of lists are taken for the same one."""


def likeness(value: JsonValue, other: JsonValue) -> float:
    """How alike *value* and *other* are: 1 for equal ones, 0 for values of two kinds.

    Objects share members, lists items in the same places, texts runs of characters (case and
    blanks aside), numbers their size: 1 less the difference in parts of the larger one.
    """
    if isinstance(value, bool) or isinstance(other, bool) or value is None or other is None:
        return 1.0 if type(value) is type(other) and value == other else 0.0
    if isinstance(value, (int, float)):
        return _of_numbers(value, other) if isinstance(other, (int, float)) else 0.0
    if isinstance(value, str):
        return _of_texts(*sorted((value, other))) if isinstance(other, str) else 0.0
    if isinstance(value, list):
        return _of_lists(value, other) if isinstance(other, list) else 0.0
    return _of_objects(value, other) if isinstance(other, dict) else 0.0


def medoid(values: Sequence[JsonValue]) -> int:
    """The place of the value that is most like all others; of equals the first by its text.

    The order of *values* has no say in which value that is.
    """
    texts = [written(value) for value in values]
    distinct = dict(zip(texts, values, strict=True))
    sums = {
        text: fsum(likeness(value, other) for other in values) for text, value in distinct.items()
    }
    most = max(sums.values())
    return texts.index(min(text for text, each in sums.items() if each == most))


def paired(
    items: Sequence[JsonValue], others: Sequence[JsonValue], key: str | None = None
) -> Sequence[int | None]:
    """For each of *others* the place of the item that it is; None for one that is none of *items*.

    Those that are equal are the same, by their member *key* where there is one; without a key then
    the likest two, and so on. No item is given twice.
    """
    given = _equal(items, others, key)
    if key is None:
        _likest(items, others, given)
    return [given.get(place) for place in range(len(others))]


def _equal(
    items: Sequence[JsonValue], others: Sequence[JsonValue], key: str | None
) -> dict[int, int]:
    """The places of items by those of the others that are equal to them, first come."""
    free: dict[str, list[int]] = {}
    for at, item in enumerate(items):
        free.setdefault(_name(item, key), []).append(at)
    given: dict[int, int] = {}
    for place, other in enumerate(others):
        places = free.get(_name(other, key))
        if places:
            given[place] = places.pop(0)
    return given


def _likest(items: Sequence[JsonValue], others: Sequence[JsonValue], given: dict[int, int]) -> None:
    """Add to *given* the pairs that are left, the most alike first."""
    taken = set(given.values())
    pairs = [
        (-likeness(item, other), at, place)
        for at, item in enumerate(items)
        for place, other in enumerate(others)
        if at not in taken and place not in given
    ]
    for unlike, at, place in sorted(pairs):
        if -unlike >= _ALIKE and at not in taken and place not in given:
            given[place] = at
            taken.add(at)


def _name(item: JsonValue, key: str | None) -> str:
    """What tells *item* from others: its member *key*, or all of it where there is none."""
    if key is None:
        return written(item)
    named = isinstance(item, dict) and key in item
    return f"= {written(item[key])}" if named and isinstance(item, dict) else written(item)


def folded(text: str) -> str:
    """*text* without what two writers may do otherwise: case, and how many blanks."""
    return " ".join(text.casefold().split())


def _of_numbers(value: float, other: float) -> float:
    largest = max(abs(value), abs(other))
    return 1.0 if value == other else max(0.0, 1.0 - abs(value - other) / largest)


@lru_cache(maxsize=256)  # of one count of votes, and no more: they may be long
def _of_texts(text: str, other: str) -> float:
    first, second = folded(text), folded(other)
    if first == second:
        return 1.0
    if max(len(first), len(second)) > _LONG:
        return SequenceMatcher(None, first.split(), second.split(), autojunk=False).ratio()
    return SequenceMatcher(None, first, second, autojunk=False).ratio()


def _of_lists(value: list[JsonValue], other: list[JsonValue]) -> float:
    longest = max(len(value), len(other))
    if not longest:
        return 1.0
    return fsum(likeness(a, b) for a, b in zip(value, other, strict=False)) / longest


def _of_objects(value: JsonObject, other: JsonObject) -> float:
    names = value.keys() | other.keys()
    if not names:
        return 1.0
    shared = value.keys() & other.keys()
    return fsum(likeness(value[name], other[name]) for name in shared) / len(names)
