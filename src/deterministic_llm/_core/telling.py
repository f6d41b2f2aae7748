"""Values as JSON that tells them apart: arguments of a call go in, what stands in a key comes out.

What JSON has no word for is told with its type, so that ``1.0`` is not ``1``, and a date is not the
text that says it: prompts made of them would differ.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import fields, is_dataclass
from datetime import date, time, timedelta
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from functools import partial
from inspect import isroutine
from types import CellType, FunctionType, MethodType
from typing import TypeAlias, cast
from uuid import UUID

from pydantic import BaseModel

from deterministic_llm._core.canonical import canonical_json
from deterministic_llm._core.exchange import JsonValue

Unknown: TypeAlias = Callable[[object], JsonValue]
"""What is made of a value that cannot be told; it may raise."""


class UntoldError(ValueError):
    """The *value* cannot be told as JSON."""

    def __init__(self, value: object) -> None:
        super().__init__(value)
        self.value = value


def refused(value: object) -> JsonValue:
    """Raises UntoldError for *value*."""
    raise UntoldError(value)


def by_type(value: object) -> JsonValue:
    """The name of the type of *value*, in its place."""
    return {_TYPE: _name(value)}


def by_repr(value: object) -> JsonValue:
    """The text of *value*, in its place."""
    return repr(value)


def told(value: object, unknown: Unknown = refused) -> JsonValue:
    """*value* as JSON, which is the same for values of one type that are equal, and no others."""
    kind = type(value)
    if value is None or kind in _PLAIN:
        return cast("JsonValue", value)
    if kind is float and abs(cast("float", value)) % 1 > 0:  # no infinity, and not "not a number"
        return cast("float", value)
    if kind is list:
        return _items(cast("list[object]", value), unknown)
    if kind is dict:
        members = cast("dict[object, object]", value)
        if _TYPE not in members and all(type(name) is str for name in members):
            return {str(name): told(each, unknown) for name, each in members.items()}
    return _told_with_type(value, unknown)


_PLAIN = frozenset((bool, int, str))
_TYPE = "$type"


def _told_with_type(value: object, unknown: Unknown) -> JsonValue:
    leaf = _leaf(value)
    said = _collected(value, unknown) if leaf is None else leaf
    return unknown(value) if said is None else {_TYPE: _name(value), "is": said}


def _collected(value: object, unknown: Unknown) -> list[JsonValue] | None:
    """What a value is made of, in an order of its own or else in that of the texts."""
    if isinstance(value, (list, tuple)):
        return _items(cast("Sequence[object]", value), unknown)
    if isinstance(value, (FunctionType, MethodType, partial)):
        parts = _function(cast("Callable[..., object]", value))
        return None if parts is None else _items(parts, unknown)
    if isinstance(value, AbstractSet):
        items = _items(list(cast("AbstractSet[object]", value)), unknown)
        return sorted(items, key=canonical_json)
    members = _members(value)
    if members is None:
        return None
    pairs: list[JsonValue] = [_items(pair, unknown) for pair in members]
    return sorted(pairs, key=canonical_json)


def _leaf(value: object) -> str | None:
    """What says all of a value without members; a subclass may say anything of itself."""
    if isinstance(value, Enum):
        return value.name
    if isinstance(value, str):
        return str.__repr__(value)
    if isinstance(value, int):
        return int.__repr__(value)
    if isinstance(value, float):
        return float.__repr__(value)
    if isinstance(value, _LEAVES) or type(value).__module__.partition(".")[0] == "pathlib":
        return repr(value)
    return name_of(value) if _is_found(value) else None


_LEAVES = (date, time, timedelta, Decimal, Fraction, UUID, range, bytes, bytearray)


def _is_found(value: object) -> bool:
    """Whether *value*, a function or class, is what its name stands for, as it is for pickle."""
    if not isroutine(value) and not isinstance(value, type):
        return False
    holder: object = sys.modules.get(str(getattr(value, "__module__", None)))
    for name in str(getattr(value, "__qualname__", "")).split("."):
        holder = getattr(holder, name, None)
    return holder is value


def _function(value: Callable[..., object]) -> Sequence[object] | None:
    """What there is to a function that its name does not find; None where that is its code."""
    if isinstance(value, partial):
        made = cast("partial[object]", value)
        return made.func, made.args, made.keywords
    if isinstance(value, MethodType):
        return value.__func__, value.__self__
    if not isinstance(value, FunctionType) or value.__name__ == "<lambda>":
        return None
    return name_of(value), value.__defaults__, enclosed(value)


def enclosed(function: FunctionType) -> Mapping[str, object]:
    """The variables around *function* that it uses, as they are now."""
    named = zip(function.__code__.co_freevars, function.__closure__ or (), strict=True)
    return {name: cell.cell_contents for name, cell in named if cell != _EMPTY}


def _items(values: Sequence[object], unknown: Unknown) -> list[JsonValue]:
    return [told(each, unknown) for each in values]


def _members(value: object) -> Sequence[tuple[object, object]] | None:
    """The members of a mapping, model or dataclass, those that it does not show included."""
    if isinstance(value, Mapping):
        return list(cast("Mapping[object, object]", value).items())
    if isinstance(value, BaseModel):
        hidden = (value.__pydantic_extra__ or {}, value.__pydantic_private__ or {})
        return [pair for members in (vars(value), *hidden) for pair in members.items()]
    if not is_dataclass(value) or isinstance(value, type):
        return None
    return [(each.name, cast("object", getattr(value, each.name))) for each in fields(value)]


def _name(value: object) -> str:
    return name_of(type(value))


def name_of(value: object) -> str:
    """Where a class or function is found: its module and its qualified name."""
    return f"{getattr(value, '__module__', '')}.{getattr(value, '__qualname__', '')}"


_EMPTY = CellType()
