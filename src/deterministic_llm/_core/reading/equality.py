"""Whether two outputs of one target say the same: both go in, yes or no comes out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import fields, is_dataclass
from itertools import starmap
from typing import TypeAlias, cast

from pydantic import BaseModel
from pydantic_core import PydanticSerializationError, to_json

_Set: TypeAlias = AbstractSet[object]


def equal(left: object, right: object) -> bool:
    """Whether both have the same types and values at every place, sets in whatever order.

    All members of a model count, also those that it leaves out of its JSON or hides there.
    """
    if left is right or type(left) is not type(right):
        return left is right
    ours, theirs = _members(left), _members(right)
    if ours is not None and theirs is not None:
        return ours.keys() == theirs.keys() and all(equal(ours[key], theirs[key]) for key in ours)
    if isinstance(left, (list, tuple)):
        return _are_equal_items(
            cast("list[object]", left),
            cast("list[object]", right),
        )
    if isinstance(left, AbstractSet):
        # True is equal to 1, and still another value.
        return left == right and _kinds(cast("_Set", left)) == _kinds(cast("_Set", right))
    return _are_equal_values(left, right)


def _members(value: object) -> Mapping[object, object] | None:
    """The members of *value* by their names; None for what has none."""
    if isinstance(value, Mapping):
        return cast("Mapping[object, object]", value)
    if isinstance(value, BaseModel):
        return cast("Mapping[object, object]", value.__dict__ | (value.model_extra or {}))
    if is_dataclass(value):
        return {each.name: getattr(value, each.name, None) for each in fields(value)}
    return None


def _are_equal_items(left: list[object], right: list[object]) -> bool:
    return len(left) == len(right) and all(starmap(equal, zip(left, right, strict=True)))


def _kinds(items: _Set) -> Counter[type]:
    return Counter(map(type, items))


def _are_equal_values(left: object, right: object) -> bool:
    """A value without an equality of its own is told by its JSON, if it has any."""
    ours, theirs = _json(left), _json(right)
    if type(left).__eq__ is object.__eq__:
        return ours is not None and ours == theirs
    try:
        return ours == theirs and bool(left == right)
    except (TypeError, ValueError):  # as an array has it, which compares its items
        return False


def _json(value: object) -> bytes | None:
    try:
        return to_json(value)
    except PydanticSerializationError:
        return None
