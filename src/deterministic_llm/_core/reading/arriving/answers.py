"""A JSON answer that is still arriving: pieces of text go in, the sure changes come out."""

from __future__ import annotations

import re
from collections.abc import Sequence

from deterministic_llm._core.exchange import JsonValue
from deterministic_llm._core.reading.arriving.changes import Change, Replaced
from deterministic_llm._core.reading.arriving.growth import Growth
from deterministic_llm._core.reading.arriving.prose import Beginning, Lost, Prose, Void
from deterministic_llm._core.reading.arriving.strands import Strand
from deterministic_llm._core.reading.arriving.transcripts import Transcript
from deterministic_llm._core.reading.arriving.trees import FREE, Tree
from deterministic_llm._core.reading.finding.candidates import Candidate
from deterministic_llm._core.reading.finding.marks import marking
from deterministic_llm._core.reading.goals import Goal
from deterministic_llm._core.reading.judging import judge
from deterministic_llm._core.reading.outcomes import Parsed
from deterministic_llm._core.schema.kinds import kinds, kinds_of_items

MOST_RIVALS = 8
"""Documents that are weighed against the one that was shown; each costs a look at the whole."""


class JsonAnswer:
    """The document that is shown, the text around it, and which of the two is being read."""

    __slots__ = (
        "_goal",
        "_growth",
        "_prose",
        "_rivals",
        "_shown",
        "_span",
        "_strand",
        "_strict",
        "_transcript",
        "_tree",
        "started",
    )

    def __init__(self, goal: Goal[object], transcript: Transcript, *, strict: bool) -> None:
        self._goal = goal
        self._transcript = transcript
        self._strict = strict
        self._prose = Prose()
        self._tree = Tree(FREE, hidden=True, strict=strict)
        self._strand = Strand(self._tree, strict=strict)
        self._shown: Tree | None = None
        self._growth: Growth | None = self._begin(0, hidden=False) if strict else None
        self._span = (0, 0)
        self._rivals = 0
        self.started = strict

    def feed(self, piece: str) -> Sequence[Change]:
        """What *piece* changes."""
        strand = self._strand
        if strand.open and strand.is_plain(piece):
            return strand.go_on(piece)
        changes: list[Change] = []
        rest: str | None = piece
        while rest is not None:
            growth = self._growth
            if growth is None:
                rest = self._look(rest, changes)
            else:
                rest = self._read(growth, rest, changes)
        return changes

    def snapshot(self) -> JsonValue:
        """The closed members of the document that is shown."""
        return None if self._shown is None else self._shown.snapshot()

    def _read(self, growth: Growth, piece: str, changes: list[Change]) -> str | None:
        """Read on in a document; what is left behind its end."""
        tree = self._tree
        tree.changes = changes
        rest = growth.feed(piece)
        if not tree.complete:
            return None
        end = self._transcript.size() - len(rest)
        self._growth = None
        self._prose.resume("]" if growth.listed else "}", end)
        if tree is self._shown:
            self._span = (growth.start, end)
        return rest

    def _look(self, piece: str, changes: list[Change]) -> str | None:
        """Read on to the next document; what came of it."""
        match self._prose.feed(piece):
            case Beginning() as found:
                self.started = True
                hidden = found.aside or self._is_held(found) or self._gives_way(found, changes)
                self._growth = self._begin(found.start, hidden=hidden)
                return found.rest
            case Void():
                self._replace("what came so far was thinking", changes)
                return ""
            case Lost():
                self._growth = self._begin(0, hidden=True)
                self._growth.mute()
            case None:
                pass
        return None

    def _begin(self, start: int, *, hidden: bool) -> Growth:
        self._tree = Tree(self._goal.plan.start, hidden=hidden, strict=self._strict)
        if not hidden:
            self._shown = self._tree
        growth = Growth(self._tree, start, strict=self._strict)
        self._strand = growth.strand
        return growth

    def _is_held(self, found: Beginning) -> bool:
        """Whether a document may be the first line of a list, or its envelope."""
        schema = self._goal.target.schema
        if kinds(schema) != frozenset({"array"}):
            return False
        nested = "array" in kinds_of_items(schema)
        return found.rest.startswith("{") or (nested and not _LIST_OF_LISTS.match(found.rest))

    def _gives_way(self, found: Beginning, changes: list[Change]) -> bool:
        """Whether a document that was shown is still the answer, whatever *found* comes to."""
        if self._shown is None:
            return False
        self._rivals += 1
        if self._rivals > MOST_RIVALS:
            return True
        start, end = self._span
        text = self._transcript.whole()
        mark = marking(text, start, end, floor=0, ceiling=found.start)
        if mark is None or mark.mark in {"final", "corrected"}:
            candidate = Candidate(start, end, "span")
            reading = judge(text, (candidate,), self._goal, None)
            if isinstance(reading, Parsed) and not found.settled:
                return True
        self._replace("another value stands in its place", changes)
        return False

    def _replace(self, reason: str, changes: list[Change]) -> None:
        if self._shown is not None:
            changes.append(Replaced(reason))
            self._shown = None


_LIST_OF_LISTS = re.compile(r"\[\s*+\[")
