"""What a piece of text changes: values that closed, text that grew, containers that opened."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from deterministic_llm._core.exchange import JsonValue

Location: TypeAlias = tuple[str | int, ...]
"""Keys of the target and indices, from the outside in."""


@dataclass(frozen=True, slots=True)
class Closed:
    """A value is complete. It is shared with what holds it: nobody is to change it."""

    location: Location
    value: JsonValue


@dataclass(frozen=True, slots=True)
class Grown:
    """The string at *location* goes on with *piece*."""

    location: Location
    piece: str


@dataclass(frozen=True, slots=True)
class Opened:
    """A value begins; of one of *kind* "other" nothing is shown before it closes."""

    location: Location
    kind: Literal["object", "list", "string", "other"]


@dataclass(frozen=True, slots=True)
class Replaced:
    """What was being read is not the answer: all changes so far are void."""

    reason: str


Change: TypeAlias = Closed | Grown | Opened | Replaced
