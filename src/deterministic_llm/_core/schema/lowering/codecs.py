"""The way down and up of a value: an instance as the lowered schema wants it, an answer raised.

Up never fails half-way: what cannot be raised stays as it is, with a violation at its place.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import isfinite
from typing import cast

from typing_extensions import override

from deterministic_llm._core.attempts import Code, Violation
from deterministic_llm._core.exchange import JsonObject, JsonValue
from deterministic_llm._core.records import frozen
from deterministic_llm._core.schema.violations import extra, json_path
from deterministic_llm._core.schema.wording import quote

VALUE = "value"

Location = tuple[str | int, ...]
Fits = Callable[[JsonValue], bool]


class InexpressibleError(ValueError):
    """The lowered schema has no way to say this instance; a recorded loss says why."""


@dataclass(slots=True)
class Climb:
    """One answer on its way up, and the *problems* that were met.

    It is *sure* that it has the lowered form once something stood there that the original refuses,
    and *told* once an entry was read: no chance makes an object of just a key and a value. Without
    *texts*, what a text says is left in it.
    """

    problems: list[Violation] = field(default_factory=list[Violation])
    texts: bool = True
    sure: bool = False
    told: bool = False


class Codec:
    """A value that is the same below and above; the others say what they change."""

    plain = True
    """Whether it changes nothing itself, whatever its parts do."""

    @property
    def parts(self) -> Sequence[Codec]:
        """The codecs of what is inside."""
        return ()

    def up(self, value: JsonValue, at: Location, climb: Climb) -> JsonValue:
        """The answer *value* as the original schema, where it stands at *at*, wants it."""
        del at, climb
        return value

    def down(self, value: JsonValue) -> JsonValue:
        """The instance *value* as the lowered schema wants it; raises InexpressibleError."""
        return value


SAME = Codec()


class Around(Codec):
    """What *inner* makes of a value, and what the codec that is made of this adds to it."""

    inner: Codec

    @property
    @override
    def parts(self) -> Sequence[Codec]:
        return (self.inner,)

    @override
    def up(self, value: JsonValue, at: Location, climb: Climb) -> JsonValue:
        return self.inner.up(value, at, climb)

    @override
    def down(self, value: JsonValue) -> JsonValue:
        return self.inner.down(value)


@frozen
class Text(Codec):
    """A value of any kind, below as JSON text."""

    plain = False

    @override
    def up(self, value: JsonValue, at: Location, climb: Climb) -> JsonValue:
        if not isinstance(value, str) or not climb.texts:
            return value
        try:
            return _read(value)
        except ValueError:
            climb.problems.append(problem(at, "syntax", "JSON text, a string in quotes", value))
            return value

    @override
    def down(self, value: JsonValue) -> JsonValue:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


@frozen
class Wrapped(Around):
    """A value that is below the only member of an object."""

    inner: Codec
    plain = False

    @override
    def up(self, value: JsonValue, at: Location, climb: Climb) -> JsonValue:
        if not isinstance(value, dict) or VALUE not in value:
            return value
        climb.problems += [extra((*at, name), value[name]) for name in value if name != VALUE]
        sure = climb.sure
        raised = self.inner.up(value[VALUE], at, climb)
        climb.sure = sure  # without the wrapper, all of it would stand elsewhere
        return raised

    @override
    def down(self, value: JsonValue) -> JsonValue:
        return {VALUE: self.inner.down(value)}


@frozen
class Items(Codec):
    """A list: *first* for its first places, *rest* for the others, None where there are none."""

    rest: Codec | None
    first: tuple[Codec, ...] = ()

    @property
    @override
    def parts(self) -> Sequence[Codec]:
        return (*self.first, *(() if self.rest is None else (self.rest,)))

    @override
    def up(self, value: JsonValue, at: Location, climb: Climb) -> JsonValue:
        if not isinstance(value, list):
            return value
        return [self.item(index).up(each, (*at, index), climb) for index, each in enumerate(value)]

    @override
    def down(self, value: JsonValue) -> JsonValue:
        if not isinstance(value, list):
            raise InexpressibleError
        if self.rest is None:
            value = value[: len(self.first)]
        return [self.item(index).down(each) for index, each in enumerate(value)]

    def item(self, index: int) -> Codec:
        """The codec of the item at *index*."""
        return self.first[index] if index < len(self.first) else self.rest or SAME


@frozen
class Recased(Codec):
    """One of *options*, which the backend may spell with other capitals."""

    options: Mapping[str, str]
    plain = False

    @override
    def up(self, value: JsonValue, at: Location, climb: Climb) -> JsonValue:
        return self.options.get(value.casefold(), value) if isinstance(value, str) else value


@frozen
class Nullable(Around):
    """Null, or what *inner* takes."""

    inner: Codec

    @override
    def up(self, value: JsonValue, at: Location, climb: Climb) -> JsonValue:
        return value if value is None else self.inner.up(value, at, climb)

    @override
    def down(self, value: JsonValue) -> JsonValue:
        return value if value is None else self.inner.down(value)


@dataclass(slots=True)
class Reference(Around):
    """What a definition says, which may not be lowered yet when this is made."""

    inner: Codec = field(default=SAME)


def changes(codec: Codec, *, apart_from: tuple[type[Codec], ...] = ()) -> bool:
    """Whether *codec*, or anything inside it, changes a value, *apart_from* some kinds of them."""
    pending, seen = [codec], set[int]()
    while pending:
        here = pending.pop()
        if not here.plain and not isinstance(here, apart_from):
            return True
        if id(here) not in seen:
            seen.add(id(here))
            pending.extend(here.parts)
    return False


def _read(text: str) -> JsonValue:
    """The strict JSON value that *text* says; raises ValueError for anything else."""
    value = cast(
        "JsonValue",
        json.loads(
            text,
            object_pairs_hook=_without_twins,
            parse_constant=_refused,
            parse_float=_finite,
        ),
    )
    json.dumps(value, ensure_ascii=False).encode()  # half a surrogate pair is no character
    return value


def _without_twins(pairs: list[tuple[str, JsonValue]]) -> JsonObject:
    value: JsonObject = {}
    for key, each in pairs:
        if key in value and text_of(value[key]) != text_of(each):
            raise ValueError(key)
        value[key] = each
    return value


def text_of(value: JsonValue) -> str:
    """One text for one value, which tells 1, 1.0 and true apart."""
    return json.dumps(value, sort_keys=True)


def _refused(text: str) -> JsonValue:
    raise ValueError(text)


def _finite(text: str) -> float:
    number = float(text)
    if not isfinite(number):
        raise ValueError(text)
    return number


def problem(at: Location, code: Code, wanted: str, got: JsonValue) -> Violation:
    return Violation(json_path(at), code, f"expected {wanted}", quote(got))
