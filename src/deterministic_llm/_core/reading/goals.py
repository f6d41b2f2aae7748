"""A target with all that reading wants to know of it, worked out once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Generic, Protocol, cast

from typing_extensions import TypeVar

from deterministic_llm._core.exchange import JsonObject
from deterministic_llm._core.reading.alignment.plans import Plan, compile_schema
from deterministic_llm._core.reading.doubts import Doubts, doubts_about
from deterministic_llm._core.schema.complaints import Complaints
from deterministic_llm._core.schema.kinds import has_lists_of_text, is_scalar
from deterministic_llm._core.schema.target import Direct, JsonTarget, Target, TextTarget, Validate

if TYPE_CHECKING:
    from deterministic_llm._core.schema.raising import Ascent

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


@dataclass(frozen=True, slots=True, eq=False)
class Goal(Generic[T_co]):
    """What a *target* asks of a reader.

    *plan* bends values to its schema, and *complaints* say why one does not fit it; *doubts* are
    what calls for bending although a text is valid. *validate_closed* gives the output of a value
    with no member but those of the type. *any_text* and *scalar* say whether any text will do, and
    whether neither an object nor a list will. *ascent*, where there is one, gives a document the
    form of all these.
    """

    target: JsonTarget[T_co]
    plan: Plan
    complaints: Complaints
    doubts: Doubts | None
    validate_closed: Validate[T_co] | None
    any_text: bool
    scalar: bool
    keeps_others: bool
    ascent: Ascent[T_co] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Shortcut(Generic[T_co]):
    """How a JSON value becomes the output of *goal* at once, with *floats* as in its target.

    *direct*, where there is one, is how its text does; *lists_texts* says whether a list in it may
    end in words for what it leaves out.
    """

    goal: Goal[T_co]
    validate: Validate[T_co]
    floats: bool
    lists_texts: bool
    direct: Direct[T_co] | None


class _GoalOf(Protocol):
    def __call__(self, target: JsonTarget[T], /) -> Goal[T]:
        """The goal of *target*, the same one each time."""
        ...


def _goal(target: JsonTarget[object]) -> Goal[object]:
    if target.ascent is not None:
        return replace(goal_of(target.ascent.target), ascent=target.ascent)
    schema, keeps_others = target.schema, target.documented
    return Goal(
        target,
        compile_schema(schema, keeps_others=keeps_others),
        Complaints(schema),
        doubts_about(target),
        target.validate if target.closable else None,
        _is_any_text(schema),
        is_scalar(schema),
        keeps_others,
    )


def _is_any_text(schema: JsonObject) -> bool:
    return schema.get("type") == "string" and not schema.keys() - {"type", "description"}


class _ShortcutTo(Protocol):
    def __call__(self, target: Target[T], /) -> Shortcut[T] | None:
        """The shortcut to *target*, if it is plain and leaves no doubts."""
        ...


def _shortcut(target: Target[object]) -> Shortcut[object] | None:
    if isinstance(target, TextTarget) or target.validate is None or doubts_about(target):
        return None
    validate = target.validate
    if target.closable:  # what the type does not name may be a second value of what it does
        validate = partial(validate, extra="forbid")
    lists_texts = has_lists_of_text(target.schema)
    return Shortcut(goal_of(target), validate, target.floats, lists_texts, target.direct)


shortcut_to = cast("_ShortcutTo", lru_cache(maxsize=1024)(_shortcut))
"""The way from a valid text to the output, worked out once a target."""
goal_of = cast("_GoalOf", lru_cache(maxsize=1024)(_goal))
"""What a target asks of a reader, worked out once a target."""
