"""Balanced brackets of a text that may be payloads, each with the fence or tag that holds it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Literal

from deterministic_llm._core.reading.finding import spans
from deterministic_llm._core.reading.finding.candidates import Mark
from deterministic_llm._core.reading.finding.fences import blocks
from deterministic_llm._core.reading.finding.wrappers import wrappers
from deterministic_llm._core.records import frozen
from deterministic_llm._core.regexes import expression

LONGEST_NOTE = 5
"""Characters of brackets that hold the number of a note."""
MAX_RESCUES = 8
"""Failed second looks at brackets that do not close; each costs one pass."""


@frozen
class Holder:
    """A fence or a tag, seen alike."""

    start: int
    body: int
    body_end: int
    end: int
    kind: Literal["fence", "tag", "tool"]
    mark: Mark | None
    closed: bool


@frozen
class Bracket:
    start: int
    end: int
    open: bool
    holder: Holder | None
    mark: Mark | None


def holders_of(text: str) -> tuple[Holder, ...]:
    found = [
        Holder(b.start, b.body, b.body_end, b.end, "fence", None, closed=b.closed)
        for b in blocks(text)
    ]
    found.extend(
        Holder(e.start, e.body, e.body_end, e.end, e.kind, e.mark, closed=e.closed)
        for e in wrappers(text)
    )
    return tuple(sorted(found, key=lambda holder: holder.start))


def is_lead(text: str, start: int) -> bool:
    """Whether what stands right before *start* leads to a list, so that it is one when cut off."""
    return _LEADS.search(text, max(0, start - 64), start) is not None


def is_note(text: str, start: int, end: int) -> bool:
    """Whether the brackets hold one number, in a sentence or before one, as the sign of a note."""
    if _NOTE.fullmatch(text, start, end) is None:
        return False
    return not is_lead(text, start) or _GOES_ON.match(text, end) is not None


def is_citation(text: str, start: int, end: int) -> bool:
    """Whether the brackets hold one number and name a source: "See note [1].", "Source: [1]"."""
    if end - start > LONGEST_NOTE or _NOTE.fullmatch(text, start, end) is None:
        return False
    led = text[max(0, start - 8) : start].rstrip(" \t*_")[-1:] in _COLONS
    if led or not is_note(text, start, end):
        return _SOURCED.search(text, max(0, start - 24), start) is not None
    stated = _STATES.search(text, max(0, start - 40), start) is not None
    return not stated and _EXPLAINED.match(text, end) is None


def is_member_value(text: str, start: int, floor: int) -> bool:
    """Whether the bracket at *start* is the value of a key that stands before it, behind *floor*.

    Then the object around it lacks its opener.
    """
    if text[max(floor, start - 8) : start].rstrip()[-1:] not in _COLONS:
        return False
    return _MEMBER.search(text, max(floor, start - 160), start) is not None


class BracketSearch:
    """The search for brackets through a text, from left to right."""

    def __init__(self, text: str, holders: Sequence[Holder]) -> None:
        self._text = text
        self._coming = list(reversed(holders))
        self._entered: list[Holder] = []
        self._rescues = MAX_RESCUES
        self._payload_end = -1

    def brackets(self, begin: int, stop: int) -> Iterator[Bracket]:
        """Outermost spans in [*begin*, *stop*) that may be payloads."""
        at, empty = begin, True
        while (start := spans.next_start(self._text, at, stop)) >= 0:
            holder = self._holder(start)
            first, limit = at, stop
            if holder is not None:
                first, limit = max(at, holder.body), min(stop, holder.body_end)
            if is_member_value(self._text, start, first):
                member = _FIRST_MEMBER.search(self._text, first, start)
                start = start if member is None else member.start(1)
            end, is_open = self._end(start, limit, stop)
            if not self._is_noise(start, end, is_open=is_open):
                empty, self._payload_end = False, end
                yield self._bracket(start, end, is_open=is_open)
            elif is_open:
                end = start + 1
            at = max(end, start + 1)
        if empty and (member := _FIRST_MEMBER.search(self._text, begin, stop)):
            walk = spans.walk_unopened(self._text, member.start(1), stop)
            if walk.stop == "closed":
                yield self._bracket(member.start(1), walk.end, is_open=False)

    def _bracket(self, start: int, end: int, *, is_open: bool) -> Bracket:
        if not self._entered:
            return Bracket(start, end, is_open, None, None)
        holders = [each for each in self._entered[-8:] if each.body_end > start]
        named: list[Mark] = [each.mark for each in holders if each.mark is not None]
        return Bracket(start, end, is_open, self._entered[-1], named[-1] if named else None)

    def _holder(self, place: int) -> Holder | None:
        """The innermost holder of *place*; asked for at places that never decrease."""
        while self._coming and self._coming[-1].body <= place:
            self._entered.append(self._coming.pop())
        while self._entered and self._entered[-1].body_end <= place:
            self._entered.pop()
        return self._entered[-1] if self._entered else None

    def _end(self, start: int, limit: int, stop: int) -> tuple[int, bool]:
        """Where the payload at *start* ends, and whether it was left open."""
        text = self._text
        if text[start] in _QUOTES:
            walk = spans.walk_unopened(text, start, limit)
            return walk.end, walk.stop != "closed"
        walk = spans.walk(text, start, limit, quotes="fitting")
        if walk.stop != "closed" and self._rescues > 0:
            # A fence inside a string is no border; where quotes do not fit, count them plainly.
            inside = walk.stop == "quoted"
            second = spans.walk(
                text, start, stop if inside else limit, quotes="fitting" if inside else "plain"
            )
            if second.stop == "closed":
                walk = second
            else:
                self._rescues -= 1
        if walk.stop != "open":
            return walk.end, walk.stop != "closed"
        afterword = _AFTERWORD.search(text, max(start, walk.end - 600), walk.end)
        return walk.end if afterword is None else afterword.start(), True

    def _is_noise(self, start: int, end: int, *, is_open: bool) -> bool:
        """Brackets of prose: citations, intervals, links."""
        text = self._text
        if text[start] not in "[［":
            return False
        if is_open:
            noise = not is_lead(text, start) and self._rescues > 0
            self._rescues -= noise
            return noise
        if text[end : end + 1] in {"(", ":"}:
            return True
        if self._payload_end >= 0 and _JOINED.fullmatch(text, self._payload_end, start):
            return False  # "[1, 2] and [3]" is one answer too many, not one with a source
        return is_citation(text, start, end) or (
            _CITATION.fullmatch(text, start, end) is not None
            and _CITES.search(text, max(0, start - 24), start) is not None
        )


_COLONS = frozenset({":", "："})
_QUOTES = "\"'“"
_MEMBER = expression(r"(?:\"[^\"\\\n]{1,128}+\"|'[^'\\\n]{1,128}+')\s{0,8}+[:：]\s*+\Z")
_FIRST_MEMBER = expression(
    r"(?:(?<=\n)|\A|(?<=`)|(?<=>))[ \t\r>]{0,64}+((?:\"[^\"\\\n]{1,128}+\""
    r"|'[^'\\\n]{1,128}+')\s{0,8}+[:：])"
)
_AFTERWORD = expression(r"\n[ \t\r]*\n(?=[^{}\[\]\":\n]{1,300}+\s*+\Z)")
_LEADS = expression(r"(?:\n|\A|[:=(>`：|])[\s>*-]*+\Z")
_CITATION = expression(r"\[\^?\d{1,4}(?:\s?[,;–-]\s?\d{1,4}){0,8}\]")
_NOTE = expression(r"\[\d{1,3}\]")
_SOURCED = expression(
    r"\b(?:sources?|notes?|footnotes?|references?|refs?|citations?|see(?: also)?)\s?[:：]"
    r"[*_ \t]*\Z",
    re.IGNORECASE,
)
_STATES = expression(
    r"\b(?:is|are|be|am|was|were|equals|outputs|returns?|returned|prints?|get|gets|give|gives|just"
    r"|only|simply|contains?|containing|ist|sind|lautet|est|sont|es|son|è|sono|é|são)[*_` \t]*\Z",
    re.IGNORECASE,
)
"""Words before brackets by which these are what is stated."""
_EXPLAINED = expression(r"[*_` \t]*(?:because|since|as|due to|for|with|and|or)\b")
_GOES_ON = expression(r"[ \t]{1,8}\w")
_JOINED = expression(r"\s*[,;&.]?\s*(?:and|of)?\s*", re.IGNORECASE)
_CITES = expression(
    r"(?:[\w.,;!?)”\"']"
    r"|\b(?:in|see|refs?\.?|references?|from|per|cf\.?|by|sources?|eq\.?|figs?\.?|figures?"
    r"|tables?|sections?"
    r"|al\.|range|interval|scale|and|of|within|between)\s)\Z",
    re.IGNORECASE,
)
