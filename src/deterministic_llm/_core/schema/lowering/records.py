"""The way down and up of objects: members that may be left out, have no name, or are items."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import takewhile
from typing import cast

from typing_extensions import override

from deterministic_llm._core.exchange import JsonObject, JsonValue
from deterministic_llm._core.records import frozen
from deterministic_llm._core.schema.lowering.codecs import (
    SAME,
    VALUE,
    Around,
    Climb,
    Codec,
    InexpressibleError,
    Location,
    problem,
    text_of,
)
from deterministic_llm._core.schema.violations import extra

KEY = "key"
REST = "rest"
_ENTRY = {KEY, VALUE}


@frozen
class Optional(Around):
    """A member that may be left out: below it is there, and *nothing* says that it is not.

    Where it *keeps_null*, null is a value of its own, and what was left out comes back as null.
    """

    inner: Codec
    nothing: JsonValue = None
    keeps_null: bool = False
    plain = False


class _Absent:
    """What a member that is not there comes to."""


ABSENT = _Absent()


def _is_there(value: JsonValue | _Absent) -> bool:
    return value is not ABSENT


def member_up(codec: Codec, value: JsonValue, at: Location, climb: Climb) -> JsonValue | _Absent:
    """The member *value* raised; ABSENT where it says that there is none."""
    if not isinstance(codec, Optional) or codec.keeps_null:
        return codec.up(value, at, climb)
    if value is None and codec.nothing is None:
        climb.sure = True  # above, null is no value of it
        return ABSENT
    if value in (None, codec.nothing) and (climb.texts or value is None):
        return ABSENT
    return codec.up(value, at, climb)


@frozen
class Record(Codec):
    """An object: *members* by their names below, each with its name above.

    *others* are members without a name in an object that stays open, *listed* those that are below
    a list in the member *rest*. Where there is neither, members without a name are left out.
    """

    members: Mapping[str, tuple[str, Codec]]
    others: Codec | None = None
    listed: Codec | None = None
    rest: str = REST
    plain: bool = True

    @property
    @override
    def parts(self) -> Sequence[Codec]:
        more = [each for each in (self.others, self.listed) if each is not None]
        return [*(codec for _, codec in self.members.values()), *more]

    @override
    def up(self, value: JsonValue, at: Location, climb: Climb) -> JsonValue:
        if not isinstance(value, dict):
            return value
        raised: JsonObject = {}
        for name, each in value.items():
            if self.listed is not None and name == self.rest:
                continue
            above, codec = self.members.get(name, (name, self.others or SAME))
            if codec is SAME:
                raised[above] = each
                continue
            member = member_up(codec, each, (*at, above), climb)
            if member is not ABSENT:
                raised[above] = cast("JsonValue", member)
        if self.listed is not None and self.rest in value:
            self._add(value[self.rest], raised, at, climb)
        return raised

    def member(self, name: str) -> Codec:
        """The codec of the member that is called *name* below."""
        if self.listed is not None and name == self.rest:
            return self.listed
        return self.members.get(name, (name, self.others or SAME))[1]

    def _add(self, listed: JsonValue, raised: JsonObject, at: Location, climb: Climb) -> None:
        assert self.listed is not None  # noqa: S101  # asked for nowhere else
        more = self.listed.up(listed, at, climb)
        for name, each in more.items() if isinstance(more, dict) else ():
            if name in raised and text_of(raised[name]) != text_of(each):
                climb.problems.append(
                    problem((*at, name), "duplicate_key", "no entry for a member beside", each)
                )
            else:
                raised[name] = each

    @override
    def down(self, value: JsonValue) -> JsonValue:
        if not isinstance(value, dict):
            raise InexpressibleError
        lowered: JsonObject = {}
        for name, (above, codec) in self.members.items():
            if above in value:
                lowered[name] = codec.down(value[above])
            elif isinstance(codec, Optional):
                lowered[name] = codec.nothing
        known = {above for above, _ in self.members.values()}
        more = {name: each for name, each in value.items() if name not in known}
        if self.listed is not None:
            lowered[self.rest] = self.listed.down(more)
        elif self.others is not None:
            lowered |= {name: self.others.down(each) for name, each in more.items()}
        return lowered


@frozen
class Entries(Codec):
    """An object with keys of any name, below a list of keys and values."""

    inner: Codec
    key: Codec = SAME
    plain = False

    @property
    @override
    def parts(self) -> Sequence[Codec]:
        return (self.inner, self.key)

    @override
    def up(self, value: JsonValue, at: Location, climb: Climb) -> JsonValue:
        if not isinstance(value, list):
            return value
        climb.sure = True
        raised: JsonObject = {}
        for each in value:
            if not isinstance(each, dict) or each.keys() != _ENTRY:
                climb.problems.append(problem(at, "type", "objects of key and value", each))
                continue
            key = self.key.up(each[KEY], at, climb)
            if not isinstance(key, str):
                climb.problems.append(problem(at, "type", "a key that is a text", key))
                continue
            climb.told = True
            member = self.inner.up(each[VALUE], (*at, key), climb)
            if key in raised and text_of(raised[key]) != text_of(member):
                climb.problems.append(problem((*at, key), "duplicate_key", "each key once", member))
            raised[key] = member
        return raised

    @override
    def down(self, value: JsonValue) -> JsonValue:
        if not isinstance(value, dict):
            raise InexpressibleError
        return [
            {KEY: self.key.down(key), VALUE: self.inner.down(each)} for key, each in value.items()
        ]


@frozen
class Row(Codec):
    """A list with a rule for each place, below an object ``item0``, ``item1``, ... and ``rest``."""

    first: tuple[Codec, ...]
    rest: Codec | None
    plain = False

    @property
    @override
    def parts(self) -> Sequence[Codec]:
        return (*self.first, *(() if self.rest is None else (self.rest,)))

    @override
    def up(self, value: JsonValue, at: Location, climb: Climb) -> JsonValue:
        if not isinstance(value, dict):
            return value
        climb.sure = True
        known = {REST, *map(place_name, range(len(self.first)))}
        climb.problems += [extra((*at, name), value[name]) for name in value if name not in known]
        places = [self._place(index, value, at, climb) for index in range(len(self.first))]
        raised = [cast("JsonValue", each) for each in takewhile(_is_there, places)]
        beyond = [each for each in places[len(raised) :] if each is not ABSENT and each is not None]
        others = [*self._others(value, at, climb)]
        if beyond or (others and len(raised) < len(places)):
            wanted = "every item before the last"
            climb.problems.append(problem((*at, len(raised)), "missing", wanted, None))
        return [*raised, *others]

    def _place(
        self, index: int, value: JsonObject, at: Location, climb: Climb
    ) -> JsonValue | _Absent:
        name, codec = place_name(index), self.first[index]
        return member_up(codec, value[name], (*at, index), climb) if name in value else ABSENT

    def _others(self, value: JsonObject, at: Location, climb: Climb) -> Iterator[JsonValue]:
        others = value.get(REST)
        if isinstance(others, list) and self.rest is not None:
            for index, each in enumerate(others, start=len(self.first)):
                yield self.rest.up(each, (*at, index), climb)

    @override
    def down(self, value: JsonValue) -> JsonValue:
        if not isinstance(value, list):
            raise InexpressibleError
        lowered: JsonObject = {}
        for index, codec in enumerate(self.first):
            if index < len(value):
                lowered[place_name(index)] = codec.down(value[index])
            elif isinstance(codec, Optional):
                lowered[place_name(index)] = codec.nothing
        if self.rest is not None:
            lowered[REST] = [self.rest.down(each) for each in value[len(self.first) :]]
        return lowered


def place_name(index: int) -> str:
    """The name of a place in a row."""
    return f"item{index}"
