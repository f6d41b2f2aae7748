"""Brackets that stand together, and what the words around each group call it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from deterministic_llm._core.reading.finding import marks
from deterministic_llm._core.reading.finding.brackets import Bracket
from deterministic_llm._core.reading.finding.phrasebook import Marking
from deterministic_llm._core.records import frozen
from deterministic_llm._core.regexes import expression

MAX_MARKED = 256
"""Groups whose surroundings are read; with more, nothing could be told apart."""


@frozen
class Group:
    """Spans with nothing but separators between them."""

    members: tuple[Bracket, ...]
    marking: Marking | None = None

    @property
    def start(self) -> int:
        return self.members[0].start

    @property
    def end(self) -> int:
        return self.members[-1].end


def is_separator(between: str) -> bool:
    """Whether documents with nothing but *between* between them stand together."""
    return len(between) <= _FARTHEST and _JOIN.fullmatch(between) is not None


def groups(text: str, brackets: Sequence[Bracket]) -> Iterator[Group]:
    members: list[Bracket] = []
    for bracket in brackets:
        if members and not _joined(text, members[-1], bracket):
            yield Group(tuple(members))
            members = []
        members.append(bracket)
    if members:
        yield Group(tuple(members))


def _joined(text: str, left: Bracket, right: Bracket) -> bool:
    if right.start - left.end > _FARTHEST or text[left.start] != text[right.start]:
        return False
    if marks.from_keys(text, left.start) != marks.from_keys(text, right.start):
        return False
    if marks.on_quoted_line(text, left.start) != marks.on_quoted_line(text, right.start):
        return False
    if marks.in_comment(text, left.start) != marks.in_comment(text, right.start):
        return False
    return _JOIN.fullmatch(text, left.end, right.start) is not None


def marked(text: str, groups: Sequence[Group]) -> list[Group]:
    """The groups with their marks; a weak mark stays only where it tells several apart."""
    if len(groups) > MAX_MARKED:
        return list(groups)
    edges = [0, *(edge for group in groups for edge in (group.start, group.end)), len(text)]
    named = [
        replace(group, marking=_marking(text, group, floor=edges[2 * i], ceiling=edges[2 * i + 3]))
        for i, group in enumerate(groups)
    ]
    return [
        replace(group, marking=None) if _pointless(text, group, named) else group for group in named
    ]


def _marking(text: str, group: Group, *, floor: int, ceiling: int) -> Marking | None:
    found = marks.marking(text, group.start, group.end, floor=floor, ceiling=ceiling)
    mark = group.members[0].mark
    if mark is not None and (found is None or found.weak):
        return Marking(mark, "tag name")
    return found


def _pointless(text: str, group: Group, groups: Sequence[Group]) -> bool:
    """Whether the weak mark of *group* has nothing to tell it from."""
    if group.marking is None or not group.marking.weak:
        return False
    others = [other for other in groups if other is not group]
    if group.marking.mark == "final":
        settled = [other.marking.mark for other in others if other.marking is not None]
        return not others or "final" in settled or "corrected" in settled
    if group.marking.mark in {"metadata", "schema_echo"}:
        others = [other for other in others if text[other.start] == text[group.start]]
    return not any(
        other.marking is None or (other.marking.mark in {"final", "corrected"}) for other in others
    )


_FARTHEST = 80
_JOIN = expression(
    r"(?:[\s,;]|[`~]{3,}[A-Za-z]{0,10}|(?:and|und|et|y|&)\b|-{3,}|[-*•]\s|\d{1,4}[.):]\s"
    r"|(?:item|record|entry|object|row|line|no\.?|\#)\s?\d{1,4}\s?[.):]?)*+",
    re.IGNORECASE,
)
