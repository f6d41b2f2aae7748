"""Whether a text can still become an instance of a schema: what is asked, what may be answered.

Who answers stands outside the core: it takes an engine.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias

from deterministic_llm._core.exchange import JsonObject
from deterministic_llm._core.records import frozen


@dataclass(frozen=True, slots=True, eq=False)
class Language:
    """The texts that are JSON for *schema*; each is itself alone, so that it is compiled once.

    With *plain_numbers* they are written as one usually writes them: no integer is 7.0, and no
    exponent brings back what is beyond a bound.
    """

    schema: JsonObject
    plain_numbers: bool = False


@frozen
class Dead:
    """Nothing that begins so is in the language: *offset* is that of the first wrong character.

    *expected* says what might have stood there instead.
    """

    offset: int
    expected: str


Verdict: TypeAlias = Literal["alive", "complete", "unknown"] | Dead
"""What can be said of a text so far; *complete*: it is in the language as it stands."""


class Guard(Protocol):
    """Reads one text piece by piece. It never accepts, and never calls dead what may live."""

    def feed(self, piece: str) -> Verdict:
        """What can be said of the text with *piece*, the next of it."""
        ...


class Guards(Protocol):
    """Makes the guard of a new text in a language."""

    def __call__(self, language: Language, /, *, patience: float) -> Guard:
        """The guard; where its language takes more than *patience* seconds, it catches up later."""
        ...
