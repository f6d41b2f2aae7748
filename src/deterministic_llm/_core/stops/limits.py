"""How far a text may go, whatever it says: its pieces are counted, what goes too far is told."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from deterministic_llm._core.attempts import Violation
from deterministic_llm._core.reading.finding.thinking import thinking
from deterministic_llm._core.reading.incremental import Incremental
from deterministic_llm._core.reading.reader import MAX_CHARACTERS
from deterministic_llm._core.stops.repetition import CHUNK, Repetition
from deterministic_llm._core.stops.rules import PROSE, REPETITION, TOO_MUCH, Reason

MOST_PROSE = 50_000
"""Characters, thinking left out, that are waited for a value."""
_NEVER = sys.maxsize
_LONG = 8_192
_NOW_AND_THEN = 256


class Limits:
    """Counts the characters of one text: *size* so far, and the *edge* where it is looked at.

    Only *most* characters are a limit where nothing else is *watched*.
    """

    __slots__ = ("_most", "_next_chunk", "_prose", "_repetition", "chunk", "edge", "look", "size")

    def __init__(self, most: int | None, *, watched: bool, first_look: int | None) -> None:
        self.size = 0
        self.chunk: list[str] = []
        self.look = _NEVER if first_look is None else first_look
        """Where the document is looked at as it stands."""
        self._most = MAX_CHARACTERS if most is None else most
        self._next_chunk = CHUNK if watched else _NEVER
        self._repetition = Repetition()
        self._prose = MOST_PROSE
        self.edge = 0
        self._aim()

    def look_again(self, *, soon: bool = False) -> None:
        """The text is looked at once more when it is a quarter longer.

        One that is to be told *soon* is looked at with its next piece, and now and then where it is
        long.
        """
        later = 1 if self.size < _LONG else _NOW_AND_THEN
        self.look = self.size + (later if soon else self.size // 4 + 1)
        self._aim()

    def _aim(self) -> None:
        beyond = self._most + 1
        ends = (self._next_chunk, self.look, beyond if self.size < beyond else _NEVER)
        self.edge = min(ends)

    def reached(self, reader: Incremental, *, waiting: bool) -> Iterator[Reason]:
        """What goes too far at the edge, to which the text of *reader* has come.

        It is *waiting* while no value is in sight.
        """
        if self.size > self._most:
            expected = f"expected at most {self._most:,} characters"
            yield Reason(TOO_MUCH, (Violation("$", "too_large", expected),))
        if self.size == self._next_chunk:
            chunk = "".join(self.chunk)
            self.chunk.clear()
            self._next_chunk += CHUNK
            if self._repetition.feed(chunk):
                yield _REPEATED
            if waiting and self.size >= self._prose:
                yield from self._of_prose(reader.text)
        if self.size >= self.look:
            self.look = _NEVER
        self._aim()

    def _of_prose(self, text: str) -> Iterator[Reason]:
        thought = thinking(text)
        said = self.size - sum(end - start for start, end in thought.blocks)
        if said >= MOST_PROSE:
            yield _WORDS_ALONE
        self._prose = self.size + max(MOST_PROSE - said, self.size // 4)


_REPEATED = Reason(
    REPETITION,
    (Violation("$", "no_value", "expected an answer", "the same words again and again"),),
)
_WORDS_ALONE = Reason(
    PROSE,
    (
        Violation(
            "$", "no_value", f"expected a value within {MOST_PROSE:,} characters", "words alone"
        ),
    ),
)
