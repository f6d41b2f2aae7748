"""A target as a backend is held to it: its schema lowered, its answers raised and judged in full.

In: a target and the name of a dialect. Out: a target of the lowered schema, whose decoder, and
whose readers, see an answer in the form of the original.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Generic, Protocol, cast

from pydantic_core import from_json, to_json
from typing_extensions import TypeVar

from deterministic_llm._core.attempts import Violation
from deterministic_llm._core.exchange import JsonObject, JsonValue
from deterministic_llm._core.schema.kinds import kinds
from deterministic_llm._core.schema.locations import Location
from deterministic_llm._core.schema.lowering.codecs import Climb, Codec, Wrapped, text_of
from deterministic_llm._core.schema.lowering.cuts import cut
from deterministic_llm._core.schema.lowering.dialects import DIALECTS
from deterministic_llm._core.schema.lowering.editions import modern
from deterministic_llm._core.schema.lowering.lowering import Lowered, lower
from deterministic_llm._core.schema.lowering.scope import validator_of
from deterministic_llm._core.schema.target import Checked, Invalid, JsonTarget, Valid
from deterministic_llm._core.schema.walking import rewritten, subschemas
from deterministic_llm._core.schema.wording import quote

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
        if climb.sure or self._is_told_apart or _is_same(above, value):
            return asked
        if not self._is_original(value, context):
            return asked
        if self._is_lowered(value):
            as_it_is = self.codec.up(value, (), Climb(texts=False))
            unclear = not climb.problems and not _is_same(as_it_is, value)
        else:
            unclear = not climb.problems
            asked = Valid(value)
        valid = unclear and isinstance(self.target.decoder.check(above, None, context), Valid)
        return Invalid((_two_ways(value, above),)) if valid else asked

    def lenient(self, value: JsonValue) -> JsonValue:
        """As much of *value* raised as can be."""
        return self.codec.up(value, (), Climb())

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


def _is_same(one: JsonValue, other: JsonValue) -> bool:
    return one is other or text_of(one) == text_of(other)


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
