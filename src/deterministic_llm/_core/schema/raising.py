"""A target as a backend is held to it: its schema lowered, its answers raised and judged in full.

In: a target and the name of a dialect. Out: a target of the lowered schema, whose decoder, and
whose readers, see an answer in the form of the original.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Generic, Protocol, cast

from pydantic_core import from_json, to_json
from typing_extensions import TypeVar

from deterministic_llm._core.attempts import Violation
from deterministic_llm._core.exchange import JsonObject, JsonValue
from deterministic_llm._core.schema.kinds import kinds
from deterministic_llm._core.schema.lint import lint
from deterministic_llm._core.schema.locations import Location
from deterministic_llm._core.schema.lowering.codecs import (
    VALUE,
    Climb,
    Codec,
    Text,
    Wrapped,
)
from deterministic_llm._core.schema.lowering.cuts import cut, within
from deterministic_llm._core.schema.lowering.dialects import DIALECTS
from deterministic_llm._core.schema.lowering.editions import modern
from deterministic_llm._core.schema.lowering.lowering import Lowered, lower
from deterministic_llm._core.schema.lowering.scope import validator_of
from deterministic_llm._core.schema.lowering.veils import shifts
from deterministic_llm._core.schema.target import Checked, Invalid, JsonTarget, Valid
from deterministic_llm._core.schema.walking import rewritten, subschemas
from deterministic_llm._core.schema.wording import quote
from deterministic_llm.errors import SchemaError

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class _RaisedTo(Protocol):
    def __call__(self, target: JsonTarget[T], dialect: str | None, /) -> JsonTarget[T]:
        """*target* as it is put in *dialect*, the same one each time."""
        ...


def _raised(target: JsonTarget[object], dialect: str | None) -> JsonTarget[object]:
    """*target* with the schema that *dialect* takes, and the way back of its answers.

    It is *target* itself where an answer keeps its form. Raises SchemaError where no value fits it.
    """
    if dialect is None:
        return target
    lowered = _lowered(to_json(target.schema), dialect)
    if lowered.same:
        return target
    ascent = Ascent(target, lowered)
    return JsonTarget(target.name, lowered.schema, ascent, target.floats, ascent=ascent)


raised = cast("_RaisedTo", lru_cache(maxsize=1024)(_raised))
"""A target as it is put in a dialect, worked out once; the target itself where there is none."""


@lru_cache(maxsize=1024)
def fitted(target: JsonTarget[object], dialect: str) -> Lowered | None:
    """What a backend of *dialect* is told to hold an answer to all of; None where it should not.

    Any text needs no holding, and members without a name, where they are asked for, would be
    refused by a dialect in which every object is closed.
    """
    if target.schema.get("type") == "string" and not target.schema.keys() - _WORDS:
        return None
    if not DIALECTS[dialect].open_objects and any(map(_asks_for_more, _nodes(target.schema))):
        return None
    ascent = raised(target, dialect).ascent
    if ascent is None:
        return _lowered(to_json(target.schema), dialect)
    return None if ascent.is_any_value else ascent.lowered


_WORDS = {"type", "description"}


def _nodes(schema: JsonObject) -> Iterator[JsonObject]:
    return (node for _, node in subschemas(schema))


def _asks_for_more(node: JsonObject) -> bool:
    return "properties" in node and node.get("additionalProperties") is True


@lru_cache(maxsize=1024)
def check_satisfiable(target: JsonTarget[object], dialect: str | None) -> None:
    """Raise SchemaError when no value fits *target*, which says what contradicts what."""
    try:
        raised(target, dialect or _EXPRESSIVE)
    except SchemaError as error:
        raise _contradiction(target, error) from None


def _contradiction(target: JsonTarget[object], error: SchemaError) -> SchemaError:
    """What contradicts what in *target*, which cannot be lowered for the reason of *error*."""
    for each in lint(target.schema):
        if each.level == "error" and each.rule != "unsatisfiable":
            return SchemaError(f"{target.name} {each.pointer}", each.message, each.fix)
    inner = [at for at, node in subschemas(target.schema) if _is_empty(node, target.schema)]
    where = max(inner, key=lambda at: at.count("/"), default="#")
    return SchemaError(f"{target.name} {where}", error.problem, error.fix)


def _is_empty(node: JsonObject, root: JsonObject) -> bool:
    stores: JsonObject = {key: root[key] for key in ("$defs", "definitions") if key in root}
    try:
        lower({**stores, **node}, DIALECTS[_EXPRESSIVE])
    except SchemaError:
        return True
    return False


_EXPRESSIVE = "llguidance"
"""The dialect that says the most, for a backend of which none is known."""


@lru_cache(maxsize=1024)
def _lowered(schema: bytes, dialect: str) -> Lowered:
    """By its text: targets that differ in what they make of a value have the same schema."""
    return lower(from_json(schema), DIALECTS[dialect])


@dataclass(frozen=True, eq=False)
class Ascent(Generic[T_co]):
    """The way of an answer back to *target*, from what it was *lowered* to; a decoder of both.

    An answer in the form of the original is taken, too: a backend may not have held it to any.
    """

    target: JsonTarget[T_co]
    lowered: Lowered = field(repr=False)

    def check(
        self, value: JsonValue, text: str | None = None, context: object = None
    ) -> Checked[T_co]:
        """Validate *value* in full once it is raised."""
        del text
        original = self.original(value, context)
        if isinstance(original, Invalid):
            return original
        return self.target.decoder.check(original.output, None, context)

    def original(self, value: JsonValue, context: object = None) -> Valid[JsonValue] | Invalid:
        """*value* in the form of the original, not validated yet.

        What has the lowered form is raised, and what has not is left as it is. One that is valid in
        both forms, and means two things, is none.
        """
        climb = Climb()
        above = self.codec.up(value, (), climb)
        asked = Invalid(tuple(climb.problems)) if climb.problems else Valid(above)
        told = climb.told and not climb.problems
        if climb.sure or told or self._is_told_apart:
            return asked
        if not climb.problems and above == value:
            return asked
        if not self._is_original(value, context):
            return asked
        if self._is_lowered(value):
            as_it_is = self.codec.up(value, (), Climb(texts=False))
            unclear = not climb.problems and as_it_is != value
        else:
            unclear = not climb.problems
            asked = Valid(value)
        valid = unclear and isinstance(self.target.decoder.check(above, None, context), Valid)
        return Invalid((_two_ways(value, above),)) if valid else asked

    def lenient(self, value: JsonValue) -> JsonValue:
        """As much of *value* raised as can be."""
        return self.codec.up(value, (), Climb())

    def begun(self, value: JsonValue) -> Valid[JsonValue] | None:
        """*value*, which may still be going on, without its wrapper; None where that is not there.

        Where its form *shifts*, it has the lowered one all the same.
        """
        if not isinstance(self.codec, Wrapped):
            return Valid(value)
        if not isinstance(value, dict) or value.keys() != {VALUE}:
            return None
        return Valid(value[VALUE])

    @cached_property
    def shifts(self) -> bool:
        """Whether a part of the target has another form in an answer, its wrapper aside."""
        return shifts(self.codec.inner if isinstance(self.codec, Wrapped) else self.codec)

    def cut(self, value: JsonValue, spine: Location) -> tuple[Valid[JsonValue] | None, int]:
        """What of a cut *value* is whole enough to be raised, and how many containers stay open.

        Those along *spine* are open in it. None when nothing is left.
        """
        return cut(self.codec, value, spine)

    @property
    def codec(self) -> Codec:
        """The way down and up of the whole."""
        return self.lowered.codec

    @cached_property
    def is_any_value(self) -> bool:
        """Whether any JSON in a wrapper is what is asked for: the wrapper may be it, too."""
        text = isinstance(self.codec, Wrapped) and isinstance(within(self.codec.inner), Text)
        return text and self._fits_original({VALUE: ""})

    @cached_property
    def _is_told_apart(self) -> bool:
        """Whether no object is a value of the original, and any answer is one."""
        return isinstance(self.codec, Wrapped) and "object" not in kinds(self.target.schema)

    def _is_original(self, value: JsonValue, context: object) -> bool:
        """Whether *value* is the target as it stands, with no member that it does not name."""
        if not self._fits_original(value):
            return False
        return isinstance(self.target.decoder.check(value, None, context), Valid)

    @cached_property
    def _fits_original(self) -> Callable[[JsonValue], bool]:
        return validator_of(_closed(modern(self.target.schema))).is_valid

    @cached_property
    def _is_lowered(self) -> Callable[[JsonValue], bool]:
        return validator_of(_closed(self.lowered.schema)).is_valid


def _two_ways(value: JsonValue, above: JsonValue) -> Violation:
    got = f"{quote(value)}, which may mean {quote(above)}"
    return Violation("$", "ambiguous", "expected an answer of one meaning", got)


def _closed(schema: JsonObject) -> JsonObject:
    """*schema* without the members that it does not name: nobody means those by accident."""
    merged = any("allOf" in node for _, node in subschemas(schema))
    closed = schema if merged else rewritten(schema, _without_others)
    return closed if isinstance(closed, dict) else schema


def _without_others(node: JsonObject) -> JsonObject:
    stated = node.keys() & {"additionalProperties", "patternProperties", "unevaluatedProperties"}
    return node if stated or "properties" not in node else {**node, "additionalProperties": False}
