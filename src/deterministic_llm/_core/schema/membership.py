"""How many members the JSON of a value has: a core schema goes in, what counts them comes out.

A parser that keeps the last of two members of one name does not say that there were two. But a text
has a colon for each of its members: if it has no more of them than its value has members, then no
name was said twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import field
from functools import partial
from math import isfinite
from typing import TypeAlias, cast

from pydantic import BaseModel

from deterministic_llm._core.records import frozen

Count: TypeAlias = Callable[[object], int]
"""The members of a value and of all in it."""
_Schema: TypeAlias = Mapping[str, object]
_Told: TypeAlias = int | Count
"""The members of every value, or what counts those of one."""


def count_of(core_schema: object) -> Count | None:
    """What counts the members of a value of a plain type: as many as its JSON has, or fewer.

    None where that is not known, as where a member may be left out, or a type holds itself. A value
    with a number that JSON cannot say has so few that no text has as few colons.
    """
    try:
        told = _Counts().of(core_schema)
    except _UnknownError:
        return None
    return _constant(told) if isinstance(told, int) else told


class _UnknownError(Exception):
    """What a value has cannot be told from it."""


@frozen
class _Counts:
    """*known* are the definitions of a type, *opened* those of them that are being counted."""

    known: dict[str, _Schema] = field(default_factory=dict[str, _Schema])
    opened: set[str] = field(default_factory=set[str])

    def of(self, schema: object) -> _Told:
        """The count of a part of a core schema."""
        if not isinstance(schema, dict):
            raise _UnknownError
        told = cast("_Schema", schema)
        make = _MAKERS.get(str(told.get("type")))
        if make is None:
            raise _UnknownError
        return make(self, told)

    def of_definitions(self, schema: _Schema) -> _Told:
        for each in cast("Sequence[_Schema]", schema["definitions"]):
            self.known[str(each["ref"])] = each
        return self.of(schema["schema"])

    def of_reference(self, schema: _Schema) -> _Told:
        name = str(schema["schema_ref"])
        if name in self.opened:
            raise _UnknownError
        self.opened.add(name)
        told = self.of(self.known.get(name))
        self.opened.remove(name)
        return told

    def of_inner(self, schema: _Schema) -> _Told:
        return self.of(schema["schema"])

    def of_fields(self, schema: _Schema) -> _Told:
        fields = cast("Mapping[str, _Schema]", schema["fields"])
        if not _are_told_apart(fields):
            raise _UnknownError
        told = {name: self.of(each["schema"]) for name, each in fields.items()}
        own = len(fields) + sum(each for each in told.values() if isinstance(each, int))
        parts = [(name, each) for name, each in told.items() if not isinstance(each, int)]
        return cast("Count", partial(_of_parts, own, parts)) if parts else own

    def of_nullable(self, schema: _Schema) -> _Told:
        told = self.of(schema["schema"])
        if told == 0:
            return 0
        inner = _constant(told) if isinstance(told, int) else told
        return lambda value: 0 if value is None else inner(value)

    def of_list(self, schema: _Schema) -> _Told:
        told = self.of(schema.get("items_schema"))
        if told == 0:
            return 0
        if told is _FINITE:
            return cast("Count", _all_finite)
        return cast("Count", partial(_of_items, told, 0))

    def of_chain(self, schema: _Schema) -> _Told:
        return self._of_none(schema["steps"])

    def of_union(self, schema: _Schema) -> _Told:
        return self._of_none(schema["choices"])

    def _of_none(self, parts: object) -> _Told:
        """What has no members, as a label of whatever kind, where none of its *parts* has any."""
        if any(self.of(each) != 0 for each in cast("Sequence[_Schema]", parts)):
            raise _UnknownError
        return 0

    def of_dict(self, schema: _Schema) -> _Told:
        told = self.of(schema.get("values_schema"))
        return cast("Count", partial(_of_values, told))


def _are_told_apart(fields: Mapping[str, _Schema]) -> bool:
    """Whether no member has a name or an alias of another one, so that each was said by itself."""
    names = [{name, str(each.get("validation_alias", name))} for name, each in fields.items()]
    return len(set[str]().union(*names)) == sum(map(len, names))


def _constant(told: int) -> Count:
    return lambda _: told


def _of_parts(own: int, parts: Sequence[tuple[str, Count]], value: BaseModel) -> int:
    members, total = value.__dict__, own
    for name, told in parts:
        total += told(members[name])
    return total


def _of_items(told: _Told, own: int, items: Sequence[object]) -> int:
    if isinstance(told, int):
        return (own + told) * len(items)
    return own * len(items) + sum(map(told, items))


def _of_values(told: _Told, value: Mapping[str, object]) -> int:
    return _of_items(told, 1, tuple(value.values()))


def _finite(value: float) -> int:
    return 0 if isfinite(value) else _FEW


def _all_finite(items: Iterable[float]) -> int:
    return _finite(sum(items))


_FEW = -(1 << 62)
_FINITE = cast("Count", _finite)
_MAKERS: Mapping[str, Callable[[_Counts, _Schema], _Told]] = {
    **dict.fromkeys(("bool", "int", "literal", "none", "str"), lambda _, __: 0),
    "chain": _Counts.of_chain,
    "custom-error": _Counts.of_inner,
    "definition-ref": _Counts.of_reference,
    "definitions": _Counts.of_definitions,
    "dict": _Counts.of_dict,
    "float": lambda _, __: _FINITE,
    "list": _Counts.of_list,
    "model": _Counts.of_inner,
    "model-fields": _Counts.of_fields,
    "nullable": _Counts.of_nullable,
    "union": _Counts.of_union,
}
