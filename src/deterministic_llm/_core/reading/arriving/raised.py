"""An answer in a lowered form as it arrives: its changes go in, those of the original come out.

What has the same form is told as it comes; a part of another one when all of it is there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import cast

from deterministic_llm._core.exchange import JsonObject, JsonValue
from deterministic_llm._core.reading.alignment.plans import Aligned, Plan, compile_schema
from deterministic_llm._core.reading.arriving.answers import JsonAnswer
from deterministic_llm._core.reading.arriving.changes import (
    Change,
    Closed,
    Grown,
    Location,
    Opened,
    Replaced,
)
from deterministic_llm._core.reading.arriving.transcripts import Transcript
from deterministic_llm._core.reading.goals import Goal, goal_of
from deterministic_llm._core.schema.lowering.codecs import SAME, VALUE, Climb, Wrapped
from deterministic_llm._core.schema.lowering.records import ABSENT, member_up
from deterministic_llm._core.schema.lowering.veils import Veil, veil
from deterministic_llm._core.schema.raising import Ascent
from deterministic_llm._core.schema.target import Invalid, JsonTarget


class RaisedAnswer:
    """The changes of a lowered answer, in the places and values of its original."""

    __slots__ = (
        "_answer",
        "_ascent",
        "_closed",
        "_last",
        "_lowered",
        "_root",
        "_strict",
        "_value",
        "_wrapped",
    )

    def __init__(self, ascent: Ascent[object], transcript: Transcript, *, strict: bool) -> None:
        goal, self._root, self._wrapped = _shown(ascent, strict=strict)
        self._answer = JsonAnswer(goal, transcript, strict=strict)
        self._ascent = ascent
        self._strict = strict
        self._closed: list[Closed] = []
        self._value: JsonValue = None
        self._lowered: Location = ()
        self._last: Location | None = None

    @property
    def started(self) -> bool:
        """Whether a value is in sight."""
        return self._answer.started

    def feed(self, piece: str) -> Sequence[Change]:
        """What *piece* changes."""
        changes = self._answer.feed(piece)
        return [told for change in changes for told in self._raised(change)] if changes else ()

    def snapshot(self) -> JsonValue:
        """The closed members as plain data."""
        closed, self._closed = self._closed, []  # each is put in its place when somebody asks
        for each in closed:
            self._value = _with(self._value, each.location, each.value)
        return _apart(self._value)

    def _raised(self, change: Change) -> Iterator[Change]:
        match change:
            case Replaced():
                self._closed, self._value = [], None
                yield change
            case Closed():
                if (told := self._told(change)) is not None:
                    self._closed.append(told)
                    yield told
            case Grown(location, piece):
                if (above := self._place(location)) is not None:
                    yield change if above is location else Grown(above, piece)
            case Opened(location, kind):
                if (above := self._place(location)) is not None:
                    yield Opened(above, kind)

    def _told(self, change: Closed) -> Closed | None:
        """What is told of a value that closed; None for one inside a part that is not whole."""
        location, value = change.location, change.value
        if not location:
            return self._whole(value)
        if self._wrapped and (location[0] != VALUE or len(location) == 1):
            return None
        above = location[1:] if self._wrapped else location
        place = self._root
        for token in above:
            if place.opaque:
                return None
            place = place.inner(token)
        if place.codec is SAME:
            return Closed(above, value) if self._wrapped else change
        return self._member(place, above, value)

    def _member(self, place: Veil, location: Location, value: JsonValue) -> Closed | None:
        """What is told of the member at *place*, which has another form or holds one that has."""
        climb, name = Climb(), str(location[-1])
        raised = member_up(place.codec, value, location, climb)
        if raised is ABSENT or climb.problems:
            return None
        if self._strict and raised is value:
            return Closed(location, value)
        aligned = _plan_at(place, self._ascent, name).align({name: cast("JsonValue", raised)})
        members = aligned.value if isinstance(aligned.value, dict) else {}
        known = name in members and self._is_clear(aligned)
        return Closed(location, members[name]) if known else None

    def _whole(self, value: JsonValue) -> Closed | None:
        original = self._ascent.original(value)
        if isinstance(original, Invalid):
            return None
        aligned = goal_of(self._ascent.target).plan.align(original.output)
        return Closed((), aligned.value) if self._is_clear(aligned) else None

    def _is_clear(self, aligned: Aligned) -> bool:
        """Whether a value is what the whole text will say."""
        return not aligned.violations and not (self._strict and aligned.repairs)

    def _place(self, location: Location) -> Location | None:
        """*location* in the original; None inside a part that has another form."""
        if location is not self._lowered or not location:
            self._lowered, self._last = location, self._found(location)
        return self._last

    def _found(self, location: Location) -> Location | None:
        if self._wrapped:
            if not location or location[0] != VALUE:
                return None
            location = location[1:]
        place = self._root
        for token in location:
            if place.opaque:
                return None
            place = place.inner(token)
        return None if place.opaque else location


@lru_cache(maxsize=1024)
def _shown(ascent: Ascent[object], *, strict: bool) -> tuple[Goal[object], Veil, bool]:
    """What an answer is read as while it arrives, its root, and whether that is in a wrapper."""
    target, codec = ascent.target, ascent.codec
    wrapped = isinstance(codec, Wrapped)
    inner = codec.inner if isinstance(codec, Wrapped) else codec
    root = veil(target.schema, inner, target.schema, exact=strict)
    schema: JsonObject = root.schema if isinstance(root.schema, dict) else {}
    if wrapped:
        schema = {"type": "object", "properties": {VALUE: root.schema}, "required": [VALUE]}
        if strict:  # without a wrapper, it may have the form of the original
            schema["additionalProperties"] = True
    stores = {key: target.schema[key] for key in _STORES if key in target.schema}
    lowered = JsonTarget(target.name, {**schema, **stores}, ascent, target.floats, keyed=True)
    keeps = goal_of(target).keeps_others
    plan = compile_schema(schema, root=target.schema, keeps_others=keeps)
    goal = replace(goal_of(lowered), plan=plan, keeps_others=keeps)
    return goal, root, wrapped


_STORES = ("$defs", "definitions")


@lru_cache(maxsize=4096)
def _plan_at(place: Veil, ascent: Ascent[object], name: str) -> Plan:
    """What bends the value at *place*, under the *name* by which its holder has it."""
    schema: JsonObject = {"type": "object", "properties": {name: place.original}}
    keeps = goal_of(ascent.target).keeps_others
    return compile_schema(schema, root=ascent.target.schema, keeps_others=keeps)


def _apart(value: JsonValue) -> JsonValue:
    """*value* with a copy of what more may come into: the last container in each other."""
    if isinstance(value, dict) and value:
        last, member = next(reversed(value.items()))
        return {**value, last: _apart(member)}
    return [*value[:-1], _apart(value[-1])] if isinstance(value, list) and value else value


def _with(value: JsonValue, location: Location, member: JsonValue) -> JsonValue:
    """*value* with *member* at *location*, changed in place."""
    if not location:
        return member
    token, rest = location[0], location[1:]
    if isinstance(token, int):
        items = value if isinstance(value, list) else []
        if token < len(items):
            items[token] = _with(items[token], rest, member)
        else:
            items.append(_with(None, rest, member))
        return items
    members = value if isinstance(value, dict) else {}
    members[token] = _with(members.get(token), rest, member)
    return members
