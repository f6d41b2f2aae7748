"""A JSON answer that is still arriving: pieces of text go in, the sure changes come out."""

from __future__ import annotations

from collections.abc import Sequence

from deterministic_llm._core.exchange import JsonValue
from deterministic_llm._core.reading.alignment.arrays import ArrayNode
from deterministic_llm._core.reading.arriving.aftermath import Aftermath
from deterministic_llm._core.reading.arriving.changes import Change, Replaced
from deterministic_llm._core.reading.arriving.frames import FREE
from deterministic_llm._core.reading.arriving.growth import Growth
from deterministic_llm._core.reading.arriving.prose import Beginning, Lost, Prose, Void
from deterministic_llm._core.reading.arriving.strands import Strand
from deterministic_llm._core.reading.arriving.transcripts import Transcript
from deterministic_llm._core.reading.arriving.trees import Tree
from deterministic_llm._core.reading.finding.candidates import Candidate
from deterministic_llm._core.reading.finding.marks import marking
from deterministic_llm._core.reading.goals import Goal
from deterministic_llm._core.reading.judging import judge
from deterministic_llm._core.reading.lone_members import lone_member
from deterministic_llm._core.reading.outcomes import Parsed
from deterministic_llm._core.regexes import expression
from deterministic_llm._core.schema.kinds import kinds, kinds_of_items

MOST_RIVALS = 8
"""Documents that are weighed against the one that was shown; each costs a look at the whole."""
MOST_DOCUMENTS = 256
"""Documents of a text that are read; with more, nothing could be told apart."""
_SLICE = 4_096


class JsonAnswer:
    """The document that is shown, the text around it, and which of the two is being read."""

    __slots__ = (
        "_aftermath",
        "_ahead",
        "_documents",
        "_goal",
        "_growth",
        "_last",
        "_prose",
        "_regular",
        "_rivals",
        "_rows",
        "_shown",
        "_span",
        "_strand",
        "_strict",
        "_told",
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
        self._strand = Strand(self._tree, strict=strict, regular=True)
        self._shown: Tree | None = None
        self._rows: Tree | None = None
        self._last: Tree | None = None
        self._growth: Growth | None = None
        self._span = (0, 0)
        self._rivals = self._documents = self._ahead = 0
        self._aftermath = Aftermath()
        self._regular = True
        self._told = False
        self.started = strict
        if strict:
            self._begin(0, hidden=False, regular=True)

    def feed(self, piece: str) -> Sequence[Change]:
        """What *piece* changes."""
        strand = self._strand
        if strand.open and strand.is_plain(piece):
            return strand.go_on(piece)
        changes: list[Change] = []
        if len(piece) <= _SLICE:
            self._take(piece, changes)
        else:
            for start in range(0, len(piece), _SLICE):
                self._ahead = max(0, len(piece) - start - _SLICE)
                self._take(piece[start : start + _SLICE], changes)
        return changes

    def _take(self, piece: str, changes: list[Change]) -> None:
        """Read a piece of which what is left behind a document can be copied."""
        rest: str | None = piece
        while rest is not None:
            growth = self._growth
            if growth is None:
                rest = self._look(rest, changes)
                continue
            self._tree.changes = changes
            rest = growth.feed(rest)
            if changes:
                self._told = not growth.muted or not isinstance(changes[-1], Replaced)
            if changes and not self._told:  # by a document beside the one that was shown
                self._shown = self._rows = None
            if rest is not None:
                rest = self._end(growth, rest, changes)

    def snapshot(self) -> JsonValue:
        """The closed members of the document that is shown."""
        return None if self._shown is None else self._shown.snapshot()

    def _end(self, growth: Growth, rest: str, changes: list[Change]) -> str | None:
        """Leave a document; *rest* stands behind it, unless that is where it became unclear."""
        if growth.muted:
            # Read without repairs, a text that is unclear is none, whatever else is in it.
            if self._told and not self._strict and self._aftermath.holds_rival(rest):
                self._replace("another value may stand in its place", changes)
            return None
        end = self._transcript.size() - self._ahead - len(rest)
        self._growth = None
        self._regular = self._regular and growth.strand.regular
        self._prose.resume("]" if growth.listed else "}", end)
        self._last = self._tree
        if self._tree is self._shown:
            self._span = (growth.start, end)
        return rest

    def _look(self, piece: str, changes: list[Change]) -> str | None:
        """Read on to the next document; what came of it."""
        match self._prose.feed(piece):
            case Beginning() as found:
                self.started = True
                self._meet(found, changes)
                return found.rest
            case Void():
                self._replace("what came so far was thinking", changes)
                return ""
            case Lost(rest):
                self._begin(0, hidden=True, regular=True).mute()
                return rest
            case None:
                pass
        return None

    def _meet(self, found: Beginning, changes: list[Change]) -> None:
        """Begin to read the document that was *found*."""
        regular = found.unquoted and self._regular
        shown = self._shown
        self._documents += 1
        if self._documents > MOST_DOCUMENTS:
            self._replace("there are too many values", changes)
            self._begin(found.start, hidden=True, regular=regular).mute()
        elif shown is None or shown is not self._rows:
            hidden = found.aside or self._is_held(found) or self._gives_way(found, changes)
            self._begin(found.start, hidden=hidden, regular=regular, listed=self._is_row(found))
        elif self._is_next_row(found, shown):
            self._documents -= 1
            self._go_on(shown, found.start, regular=regular)
        else:
            self._replace("another value stands beside it", changes)
            self._begin(found.start, hidden=True, regular=regular).mute()

    def _begin(self, start: int, *, hidden: bool, regular: bool, listed: bool = False) -> Growth:
        """Read a document from *start* on; it may be a row of the list that is wanted."""
        root, rows = self._goal.plan.start, None
        if listed and not hidden and isinstance(root, ArrayNode):
            rows = root
        keeps = self._goal.keeps_others
        tree = Tree(root, hidden=hidden, strict=self._strict, keeps_others=keeps, rows=rows)
        if not hidden:
            self._shown = tree
            self._rows = None if rows is None else tree
        return self._go_on(tree, start, regular=regular)

    def _go_on(self, tree: Tree, start: int, *, regular: bool) -> Growth:
        tree.complete = False
        growth = Growth(tree, start, strict=self._strict, regular=regular)
        self._tree, self._growth, self._strand = tree, growth, growth.strand
        return growth

    def _is_next_row(self, found: Beginning, rows: Tree) -> bool:
        joined = found.joined and not found.aside and self._last is rows
        return joined and self._is_row(found) and not rows.sealed

    def _is_row(self, found: Beginning) -> bool:
        root = self._goal.plan.start
        return found.rest.startswith("{") and isinstance(root, ArrayNode) and root.is_uniform

    def _is_held(self, found: Beginning) -> bool:
        """Whether a document may be a list on one of several lines, or none, or a member alone."""
        schema = self._goal.target.schema
        if kinds(schema) != frozenset({"array"}):
            return found.rest.startswith("[") and lone_member(self._goal) is not None
        nested = "array" in kinds_of_items(schema)
        if found.rest.startswith("{"):
            return not self._is_row(found)
        return nested and not _LIST_OF_LISTS.match(found.rest)

    def _gives_way(self, found: Beginning, changes: list[Change]) -> bool:
        """Whether a document that was shown is still the answer, whatever *found* comes to."""
        if self._shown is None:
            return False
        self._rivals += 1
        if self._rivals > MOST_RIVALS:
            self._replace("there are too many values", changes)
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
        if self._told:
            changes.append(Replaced(reason))
        self._told = False
        self._shown = self._rows = None


_LIST_OF_LISTS = expression(r"\[\s*+\[")
