"""Which value it was: a value goes in, the digest of its JSON comes out, or why it has none.

Unlike canonical.py, which finds a word for everything, this refuses what it could not tell apart.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields, is_dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from functools import partial
from hashlib import sha256
from inspect import isroutine
from types import CellType, FunctionType, MethodType, NoneType
from typing import TYPE_CHECKING, TypeAlias, cast
from uuid import UUID

from pydantic import BaseModel

from deterministic_llm._core.exchange import JsonValue

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


class UntellableError(ValueError):
    """What stands *at* a path of a value may hold more than can be seen, and *why*."""

    def __init__(self, at: str, why: str) -> None:
        super().__init__(at, why)
        self.at = at
        self.why = why

    def __str__(self) -> str:
        return f"{self.at.lstrip('.') or 'it'} {self.why}"


class Digest:
    """Tells one value from others, and keeps nothing of it that could be read.

    *make* gives the value. It is asked when the digest is, and then let go; take() asks at once,
    for a value that its owner may change. A digest may be part of a value as what it is of.
    """

    __slots__ = ("_known",)

    def __init__(self, make: Callable[[], object]) -> None:
        self._known: Callable[[], object] | str | UntellableError = make

    @classmethod
    def told(cls, hex: str | None, at: str = "", why: str = "") -> Digest:  # noqa: A002  # its word
        """One that was made and written down before."""
        digest = cls(_nothing)
        digest._known = UntellableError(at, why) if hex is None else hex
        return digest

    def __reduce__(self) -> tuple[Callable[..., Digest], tuple[str | None, str, str]]:
        known = self._told()
        if isinstance(known, str):
            return Digest.told, (known, "", "")
        return Digest.told, (None, known.at, known.why)

    def __repr__(self) -> str:
        return f"<Digest: {self._told()}>"

    @property
    def hex(self) -> str | None:
        """The SHA-256 in hexadecimal; None where there is a problem."""
        known = self._told()
        return known if isinstance(known, str) else None

    @property
    def problem(self) -> UntellableError | None:
        """Why there is none."""
        known = self._told()
        return None if isinstance(known, str) else known

    def take(self) -> Digest:
        """Look at the value now."""
        self._told()
        return self

    def _told(self) -> str | UntellableError:
        known = self._known
        if callable(known):
            known = self._known = _digest_of(known)
        return known


def is_fixed(values: Iterable[object]) -> bool:
    """Whether none of *values* can ever change."""
    return _FIXED.issuperset(map(type, values))


def exact_json(value: object) -> str:
    """*value* as JSON with sorted keys; two values that differ are never the same text.

    A list is the same as a tuple, and the order of a dict is none of its content. Raises
    UntellableError for objects of which only their own code knows what they hold.
    """
    return json.dumps(_said(value, "", ()), sort_keys=True, separators=(",", ":"))


def _digest_of(make: Callable[[], object]) -> str | UntellableError:
    try:
        text = exact_json(make())
    except UntellableError as error:
        return UntellableError(error.at, error.why)  # without the frames that hold the value
    except RecursionError:
        return UntellableError("", "is nested too deeply")
    return sha256(text.encode()).hexdigest()


def _nothing() -> None:
    """What a digest is made of that was told."""


_Above: TypeAlias = tuple[int, ...]
"""The ids of what the value at hand is a part of: a circle is never told to its end."""


def _said(value: object, at: str, above: _Above) -> JsonValue:
    """*value* as plain JSON or a list, or as an object of one member, which names its class."""
    kind = type(value)
    if kind in _PLAIN:
        return cast("JsonValue", value)
    if kind in _WORDS:
        return {kind.__name__: _WORDS[kind](value)}
    if isinstance(value, Digest):
        return _embedded(value, at)
    if id(value) in above:
        raise UntellableError(at, "contains itself")
    above = (*above, id(value))
    if kind is list or kind is tuple:
        return _items(cast("Iterable[object]", value), at, above)
    if kind is dict:
        return {"": _entries(cast("Mapping[object, object]", value), at, above)}
    parts = _parts(value)
    return _code(value, at, above) if parts is _NONE else {_name(kind): _said(parts, at, above)}


def _embedded(digest: Digest, at: str) -> JsonValue:
    if digest.problem is not None:
        raise UntellableError(f"{at}{digest.problem.at}", digest.problem.why)
    return {"Digest": digest.hex}


def _items(values: Iterable[object], at: str, above: _Above) -> list[JsonValue]:
    return [_said(item, f"{at}[{index}]", above) for index, item in enumerate(values)]


def _entries(entries: Mapping[object, object], at: str, above: _Above) -> JsonValue:
    if all(type(key) is str for key in entries):
        return {str(key): _said(value, f"{at}.{key}", above) for key, value in entries.items()}
    pairs = [_items(pair, at, above) for pair in entries.items()]
    return cast("JsonValue", sorted(pairs, key=json.dumps))


def _parts(value: object) -> object:
    """What *value*, of a class that shows all it holds, is made of; _NONE for other classes."""
    if isinstance(value, Enum):
        return value.name
    if isinstance(value, BaseModel):
        return _held(value)
    if is_dataclass(value):
        return _NONE if isinstance(value, type) else _members(value)
    kind = type(value)
    if kind.__module__.partition(".")[0] == "pathlib":
        return str(value)
    if kind in _SETS:
        return sorted(map(exact_json, cast("Iterable[object]", value)))
    is_record = kind.__bases__ == (tuple,) and hasattr(kind, "_fields")
    return [*cast("Iterable[object]", value)] if is_record else _NONE


def _held(model: BaseModel) -> object:
    """All that *model* holds, what it leaves out of its own JSON included."""
    held = {name: model.__dict__[name] for name in type(model).model_fields if name in vars(model)}
    return [held, model.__pydantic_extra__ or {}, model.__pydantic_private__ or {}]


def _members(value: DataclassInstance) -> object:
    """The fields of *value*, as far as they are set."""
    names = [each.name for each in fields(value)]
    return {name: cast("object", getattr(value, name)) for name in names if hasattr(value, name)}


def _code(value: object, at: str, above: _Above) -> JsonValue:
    """A function or class: by its name where that finds it, else with all that it closes over."""
    if isinstance(value, partial):
        made = cast("partial[object]", value)
        return {"partial": _items((made.func, made.args, made.keywords), at, above)}
    if isinstance(value, MethodType):
        return {"method": _items((value.__func__, value.__self__), at, above)}
    if not isroutine(value) and not isinstance(value, type):
        raise UntellableError(at, _WHY.format(type(value).__qualname__))
    name = _name(value)
    if _found(value):
        return {"code": name}
    if not isinstance(value, FunctionType) or value.__name__ == "<lambda>":
        raise UntellableError(at, _WHY.format(value.__qualname__))
    held = _said(value.__defaults__, at, above), _said(_enclosed(value), at, above)
    return {"code": [name, *held]}


def _enclosed(function: FunctionType) -> Mapping[str, object]:
    """The variables around *function* that it uses, as they are now."""
    named = zip(function.__code__.co_freevars, function.__closure__ or (), strict=True)
    return {name: cell.cell_contents for name, cell in named if cell != _EMPTY}


def _found(value: object) -> bool:
    """Whether *value* is what its name stands for in its module, as it is for pickle."""
    holder: object = sys.modules.get(str(getattr(value, "__module__", None)))
    for name in str(getattr(value, "__qualname__", "")).split("."):
        holder = getattr(holder, name, None)
    return holder is value


def _name(value: object) -> str:
    return f"{getattr(value, '__module__', '')}.{getattr(value, '__qualname__', '')}"


_WHY = "cannot be written as JSON ({})"
_EMPTY = CellType()
_NONE = object()
_SETS = frozenset({set, frozenset})
_PLAIN: frozenset[type] = frozenset({NoneType, bool, int, float, str})
_WORDS: Mapping[type, Callable[..., str]] = {
    bytes: bytes.hex,
    complex: repr,
    date: date.isoformat,
    datetime: datetime.isoformat,
    time: time.isoformat,
    timedelta: repr,
    Decimal: str,
    Fraction: str,
    UUID: str,
    range: repr,
}
_FIXED = _PLAIN | _WORDS.keys()
