"""What a piece of text changes: values that closed, text that grew, containers that opened."""

from __future__ import annotations

from typing import Literal, TypeAlias

from deterministic_llm._core.exchange import JsonValue
from deterministic_llm._core.records import frozen

Location: TypeAlias = tuple[str | int, ...]
"""Keys of the target and indices, from the outside in."""


@frozen
class Closed:
    """A value is complete. It is shared with what holds it: nobody is to change it."""

    location: Location
    value: JsonValue


@frozen
class Grown:
    """The string at *location* goes on with *piece*."""

    location: Location
    piece: str


@frozen
class Opened:
    """A value begins; of one of *kind* "other" nothing is shown before it closes."""

    location: Location
    kind: Literal["object", "list", "string", "other"]


@frozen
class Replaced:
    """What was being read is not the answer: all changes so far are void."""

    reason: str


Change: TypeAlias = Closed | Grown | Opened | Replaced
