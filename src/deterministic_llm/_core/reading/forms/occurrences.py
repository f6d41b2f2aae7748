"""Where the literals of a template stand in one text: found once, then looked up by place."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator

from deterministic_llm._core.reading.forms.folding import folded
from deterministic_llm._core.reading.forms.layouts import Layout
from deterministic_llm._core.reading.forms.literals import Ending, Label
from deterministic_llm._core.regexes import expression

_LONGEST_LINE = 2000
_MARKS = ("***", "**", "*", "__", "_", "`", "~~")
_LINE_BEGINNING = expression(r"(?:\A|\n)[ \t>*_`#-]*\Z")


class Occurrences:
    """The labels and endings of all slots of *layout* in *text*, and *flat*, the folded text."""

    __slots__ = ("endings", "flat", "form", "labels", "slots", "text")

    def __init__(self, text: str, layout: Layout) -> None:
        self.text = text
        self.flat = folded(text)
        self.form = layout.form
        self.slots = layout.slots
        self.labels = [self._found(slot.label) for slot in self.slots]
        self.endings = [self._found(slot.closer) for slot in self.slots]

    def label_after(self, index: int, at: int, stop: int) -> re.Match[str] | None:
        """The label of a slot: where it begins a line, else wherever it stands first."""
        first = first_of(self.labels[index], at, stop)
        if first is None or not index or not self.slots[index - 1].text:
            return first
        here = between(self.labels[index], at, stop)
        return next((found for found in here if self._begins_line(found.start())), first)

    def next_label(self, index: int, at: int, stop: int) -> int | None:
        """Where the label of the slot behind *index* begins, if it does before *stop*."""
        if index + 1 >= len(self.slots):
            return None
        found = self.label_after(index + 1, at, stop)
        return None if found is None else found.start()

    def line_end(self, at: int, stop: int) -> int:
        """Where the line of *at* ends, at *stop* at the latest."""
        end = self.flat.find("\n", at, stop)
        return stop if end < 0 else end

    def holds_label_line(self, at: int, stop: int) -> bool:
        """Whether a line between *at* and *stop* begins with the label of any slot."""
        return any(
            self._begins_line(found.start())
            for places, slot in zip(self.labels, self.slots, strict=True)
            if slot.label is not None and slot.label.worded
            for found in between(places, at, stop)
        )

    def paired(self, start: int, end: int) -> tuple[int, int]:
        """The stretch without half a pair of emphasis, whose other half stands outside of it."""
        while start < end and self.flat[start] in " \t":
            start += 1
        while start < end and self.flat[end - 1] in " \t\n":
            end -= 1
        line_end = self.line_end(end, min(len(self.flat), end + _LONGEST_LINE))
        line = self.flat[self.flat.rfind("\n", max(0, start - _LONGEST_LINE), start) + 1 : line_end]
        for mark in _MARKS:
            said = self.flat[start:end]
            if said.count(mark) % 2 == 1 and line.count(mark) % 2 == 0:
                start += len(mark) if said.startswith(mark) else 0
                end -= len(mark) if said.endswith(mark) and end - len(mark) >= start else 0
        return start, end

    def _begins_line(self, at: int) -> bool:
        return _LINE_BEGINNING.search(self.flat, max(0, at - 20), at) is not None

    def _found(self, literal: Label | Ending | None) -> list[re.Match[str]]:
        return [] if literal is None else list(literal.expression.finditer(self.flat))


def first_of(places: list[re.Match[str]], at: int, stop: int) -> re.Match[str] | None:
    """The first of *places* from *at* on that begins before *stop*."""
    return next(between(places, at, stop), None)


def between(places: list[re.Match[str]], at: int, stop: int) -> Iterator[re.Match[str]]:
    """Those of *places* that begin from *at* on and before *stop*."""
    place = bisect_left(places, at, key=lambda found: found.start())
    while place < len(places) and places[place].start() < stop:
        yield places[place]
        place += 1
