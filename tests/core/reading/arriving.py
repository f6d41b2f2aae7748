"""What tests of the incremental reader share: texts go in, what is shown of them comes out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random

from deterministic_llm import JsonValue
from deterministic_llm._core.reading.incremental import (
    Change,
    Closed,
    Grown,
    Incremental,
    Location,
    Opened,
    Replaced,
)
from deterministic_llm._core.schema.target import Target


@dataclass(slots=True)
class Shown:
    """What a reader has shown: closed values, and strings as far as they came."""

    closed: dict[Location, JsonValue] = field(default_factory=dict[Location, JsonValue])
    texts: dict[Location, str] = field(default_factory=dict[Location, str])
    replaced: int = 0

    def learn(self, changes: Sequence[Change]) -> None:
        """Take note of *changes*; one that is contrary to those before fails."""
        for change in changes:
            match change:
                case Closed(location, value):
                    assert location not in self.closed, change
                    assert self.texts.get(location, value) == value, change
                    self.closed[location] = value
                case Grown(location, piece):
                    assert piece, change
                    assert location not in self.closed, change
                    self.texts[location] += piece
                case Opened(location, kind):
                    assert location not in self.texts, change
                    if kind == "string":
                        self.texts[location] = ""
                case Replaced():
                    self.closed.clear()
                    self.texts.clear()
                    self.replaced += 1


def read(
    text: str, target: Target[object], cuts: Sequence[int] = (), *, strict: bool = False
) -> tuple[Shown, JsonValue]:
    """What is shown of *text* in the end, cut at *cuts*, and the last snapshot."""
    reader = Incremental(target, strict=strict)
    shown = Shown()
    for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True):
        shown.learn(reader.feed(text[start:end]))
    assert reader.text == text
    return shown, reader.snapshot()


def read_alike(text: str, target: Target[object], random: Random) -> tuple[Shown, JsonValue]:
    """The same, whether *text* comes in one piece, in characters, or cut at *random*."""
    whole = read(text, target)
    for cuts in (range(1, len(text)), cuts_of(text, random)):
        shown, snapshot = read(text, target, cuts)
        assert (shown.closed, shown.texts) == (whole[0].closed, whole[0].texts), text
        assert snapshot == whole[1], text
    return whole


def changes_of(
    text: str, target: Target[object], size: int = 1, *, strict: bool = False
) -> list[Change]:
    """Every change, in pieces of *size* characters."""
    reader = Incremental(target, strict=strict)
    pieces = [text[at : at + size] for at in range(0, len(text), size)]
    return [change for piece in pieces for change in reader.feed(piece)]


def cuts_of(text: str, random: Random) -> list[int]:
    """Where to cut *text*, at random."""
    return sorted(random.sample(range(len(text) + 1), min(len(text), random.randint(0, 40))))
