"""The events of a stream: what a caller is told while the answer is still being written."""

from __future__ import annotations

from typing import Generic, TypeAlias

from typing_extensions import TypeVar

from deterministic_llm._core.exchange import JsonValue
from deterministic_llm._core.records import frozen
from deterministic_llm._core.results import Result

T_co = TypeVar("T_co", covariant=True)
E_co = TypeVar("E_co", covariant=True)


@frozen
class FieldClosed:
    """The member at *path*, a JSONPath, is complete and valid by itself: *value* is of its type.

    It stands in place of whatever was told at *path* before, or below it; *changed* says that
    there was something. Where a type has no validator for a member alone, *value* is its JSON.
    """

    path: str
    value: object
    changed: bool = False


@frozen
class TextGrown:
    """The text at *path* goes on with *delta*; *anew* says that it begins again."""

    path: str
    delta: str
    anew: bool = False


@frozen
class Item(Generic[E_co]):
    """The element number *index* of a list is complete and valid: *output*.

    *changed* says that another was told in its place before.
    """

    index: int
    output: E_co
    changed: bool = False


@frozen
class Restarted:
    """An attempt was given up, for this *reason*, and the answer is asked for again.

    *discarded* are the closed members told so far that no longer hold, as plain data; None when
    there are none. Those that come again as they were are not told again.
    """

    reason: str
    discarded: JsonValue = None


@frozen
class Final(Generic[T_co]):
    """The run has its value: the last event of every stream that has one."""

    result: Result[T_co]


StreamEvent: TypeAlias = FieldClosed | TextGrown | Item[object] | Restarted | Final[T_co]
"""Anything that a stream tells."""
