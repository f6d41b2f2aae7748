"""One answer as it is written: pieces of its text go in, events come out."""

from __future__ import annotations

from collections.abc import Sequence

from deterministic_llm._core.exchange import JsonValue
from deterministic_llm._core.streaming.events import FieldClosed, Item, TextGrown


class Watcher:
    """Watches one answer: *doomed* says that no continuation of it can be valid."""

    def __init__(self) -> None:
        self.doomed = False

    def feed(self, piece: str) -> Sequence[FieldClosed | TextGrown | Item[object]]:
        """What *piece*, the next of the answer's text, brings."""
        del piece
        return ()

    def snapshot(self) -> JsonValue:
        """The members that are closed so far, as plain data."""
        return None
