"""The events of a stream: what a caller is told while the answer is still being written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import MemberDescriptorType
from typing import Generic, TypeAlias, cast

from typing_extensions import TypeVar

from deterministic_llm._core.exchange import JsonValue
from deterministic_llm._core.results import Result

T_co = TypeVar("T_co", covariant=True)
E_co = TypeVar("E_co", covariant=True)


@dataclass(frozen=True, slots=True, init=False)
class FieldClosed:
    """The member at *path*, a JSONPath, is complete and valid by itself: *value* is of its type.

    It stands in place of whatever was told at *path* before, or below it; *changed* says that
    there was something. Where a type has no validator for a member alone, *value* is its JSON.
    """

    path: str
    value: object
    changed: bool

    def __init__(
        self,
        path: str,
        value: object,
        changed: bool = False,  # noqa: FBT001, FBT002  # the order of the fields
    ) -> None:
        _PATH(self, path)
        _VALUE(self, value)
        _CHANGED(self, changed)


@dataclass(frozen=True, slots=True, init=False)
class TextGrown:
    """The text at *path* goes on with *delta*; *anew* says that it begins again."""

    path: str
    delta: str
    anew: bool

    def __init__(
        self,
        path: str,
        delta: str,
        anew: bool = False,  # noqa: FBT001, FBT002  # the order of the fields
    ) -> None:
        # Nearly every piece makes one: what a frozen dataclass does by itself takes twice as long.
        _GROWN_PATH(self, path)
        _DELTA(self, delta)
        _ANEW(self, anew)


def _setter(kind: type, name: str) -> Callable[[object, object], None]:
    """What sets the slot *name* of a *kind* of event."""
    return cast("MemberDescriptorType", vars(kind)[name]).__set__


_PATH, _VALUE = _setter(FieldClosed, "path"), _setter(FieldClosed, "value")
_CHANGED = _setter(FieldClosed, "changed")
_GROWN_PATH, _DELTA = _setter(TextGrown, "path"), _setter(TextGrown, "delta")
_ANEW = _setter(TextGrown, "anew")


@dataclass(frozen=True, slots=True)
class Item(Generic[E_co]):
    """The element number *index* of a list is complete and valid: *output*.

    *changed* says that another was told in its place before.
    """

    index: int
    output: E_co
    changed: bool = False


@dataclass(frozen=True, slots=True)
class Restarted:
    """An attempt was given up, for this *reason*, and the answer is asked for again.

    *discarded* are the closed members told so far that no longer hold, as plain data; None when
    there are none. Those that come again as they were are not told again.
    """

    reason: str
    discarded: JsonValue = None


@dataclass(frozen=True, slots=True)
class Final(Generic[T_co]):
    """The run has its value: the last event of every stream that has one."""

    result: Result[T_co]


StreamEvent: TypeAlias = FieldClosed | TextGrown | Item[object] | Restarted | Final[T_co]
"""Anything that a stream tells."""
