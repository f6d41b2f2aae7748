"""Find the payload in a completion that also talks.

In: the whole text. Out: every stretch that may be the payload, each with what holds it and what the
words around it call it; thinking is never searched. Fences, tags and balanced brackets are one
stage: all complete candidates are handed on together, and no position decides.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import accumulate

from deterministic_llm._core.attempts import Repair
from deterministic_llm._core.reading.finding import marks
from deterministic_llm._core.reading.finding.brackets import (
    Bracket,
    BracketSearch,
    Holder,
    holders_of,
)
from deterministic_llm._core.reading.finding.candidates import Candidate, Kind
from deterministic_llm._core.reading.finding.groups import Group, groups, marked
from deterministic_llm._core.reading.finding.thinking import thinking
from deterministic_llm._core.reading.finding.whitespace import cleaned, unquoted
from deterministic_llm._core.records import frozen
from deterministic_llm._core.regexes import expression

MAX_WHOLE = 4_000
"""Characters up to which the whole text is offered as a bare answer."""


@frozen
class Found:
    """What a completion offers.

    *text* is as long as the completion, so positions in it are positions in the completion; what
    is never part of a payload (colours, invisible characters between values, the ``>`` of quoted
    lines) is blanked. *prose* is what is left without thinking and control tokens.
    """

    text: str
    candidates: tuple[Candidate, ...]
    repairs: tuple[Repair, ...]
    unfinished_thinking: bool
    prose: str


def find(text: str) -> Found:
    """Every candidate of *text* in order, thinking left out.

    After an unfinished reasoning block there is none: the model was cut off before it answered.
    """
    clean, repairs = cleaned(text)
    thought = thinking(clean)
    visible = thought.visible(len(clean))
    if thought.blocks:
        places = tuple(start for start, _ in thought.blocks[:20])
        count = len(thought.blocks)
        removed = Repair("thinking block", "$", None, None, "none", count, places)
        repairs = (*repairs, removed)
    prose = "".join(_CONTROL.sub("", text[start:end]) for start, end in visible)
    if thought.unfinished:
        return Found(clean, (), repairs, unfinished_thinking=True, prose=prose)
    holders = holders_of(clean)
    search = BracketSearch(clean, holders)
    brackets = [bracket for stretch in visible for bracket in search.brackets(*stretch)]
    found = marked(clean, list(groups(clean, brackets)))
    candidates = [candidate for group in found for candidate in _candidates(clean, group)]
    candidates.extend(_texts(clean, visible, holders, brackets))
    candidates.extend(_whole(clean, visible))
    candidates.sort(key=lambda each: (each.start, -each.end, each.kind != "whole"))
    clean, unquoting = unquoted(clean, [(span.start, span.end) for span in brackets])
    return Found(
        clean, tuple(candidates), (*repairs, *unquoting), unfinished_thinking=False, prose=prose
    )


def extraction(found: Found, candidate: Candidate) -> tuple[Repair, ...]:
    """What was done to get at *candidate*: the repairs of the text, and what was left around it."""
    return (*found.repairs, *left_around(found.text, candidate))


def left_around(text: str, candidate: Candidate) -> tuple[Repair, ...]:
    """The record of what was left around *candidate*, if anything was."""
    before, after = text[: candidate.start].strip(), text[candidate.end :].strip()
    if not (before or after):
        return ()
    place = 0 if before else candidate.end
    return (Repair(_RULES[candidate.kind], "$", (before or after)[-60:], "", "none", 1, (place,)),)


def touching(stretches: Iterable[tuple[int, int]]) -> Callable[[int, int], bool]:
    """What tells whether [start, end) has a part in any of *stretches*, which may overlap."""
    ordered = sorted(stretches)
    starts = [start for start, _ in ordered]
    reached = list(accumulate((end for _, end in ordered), max))

    def touches(start: int, end: int) -> bool:
        before = bisect_left(starts, end)
        return before > 0 and reached[before - 1] > start

    return touches


def _candidates(text: str, group: Group) -> Iterator[Candidate]:
    mark = None if group.marking is None else group.marking.mark
    if len(group.members) > 1:
        yield Candidate(group.start, group.end, "lines", mark, group.members[-1].open)
    kind = _kind(text, group.start)
    for member in group.members:
        held = kind if member.holder is None else member.holder.kind
        yield Candidate(member.start, member.end, held, mark, member.open)


def _kind(text: str, start: int) -> Kind:
    before = text[max(0, start - 40) : start]
    if _ACTION.search(before):
        return "tool"
    return "call" if _CALL.search(before) else "span"


def _texts(
    text: str,
    visible: Sequence[tuple[int, int]],
    holders: Sequence[Holder],
    brackets: Sequence[Bracket],
) -> Iterator[Candidate]:
    """Fences and tags that hold something else than brackets, innermost ones only."""
    in_brackets = touching((bracket.start, bracket.end) for bracket in brackets)
    floor = 0
    for place, holder in enumerate(holders):
        start, end = _stripped(text, holder.body, holder.body_end)
        nested = place + 1 < len(holders) and holders[place + 1].end <= holder.body_end
        if start >= end or nested or not _within(visible, holder.start, holder.body_end):
            continue
        if in_brackets(holder.start, holder.body_end):
            continue
        marking = marks.marking(text, start, end, floor=floor, ceiling=len(text))
        floor = holder.end
        mark = holder.mark
        if marking is not None and not marking.weak:
            mark = marking.mark
        yield Candidate(start, end, holder.kind, mark, not holder.closed)


def _within(stretches: Sequence[tuple[int, int]], start: int, end: int) -> bool:
    place = bisect_right(stretches, (start, end)) - 1
    nearby = stretches[max(0, place) : place + 2]
    return any(first <= start and end <= last for first, last in nearby)


def _whole(text: str, visible: Sequence[tuple[int, int]]) -> Iterator[Candidate]:
    """The whole visible text without control tokens, when it is short and in one piece."""
    pieces = [_stripped(text, start, end) for start, end in visible]
    pieces = [(start, end) for start, end in pieces if start < end]
    if len(pieces) == 1 and pieces[0][1] - pieces[0][0] <= MAX_WHOLE:
        yield Candidate(*pieces[0], "whole")


def _stripped(text: str, start: int, end: int) -> tuple[int, int]:
    """[*start*, *end*) without blanks and control tokens at its edges."""
    opening = _EDGE.match(text, start, end)
    start = start if opening is None else opening.end()
    while end > start:
        body = len(text[start:end].rstrip()) + start
        closing = _CONTROL_END.search(text, max(start, body - 40), body)
        if closing is None:
            return start, body
        end = closing.start()
    return start, start


_RULES: dict[Kind, str] = {
    "whole": "surrounding text",
    "fence": "code fence",
    "span": "surrounding text",
    "tag": "tag",
    "call": "call",
    "tool": "tool envelope",
    "lines": "surrounding text",
}
_SPECIAL = (
    r"<\|[A-Za-z_]{1,24}\|>(?:assistant\b)?|</?s>|\[/?INST\]|<(?:start|end)_of_turn>(?:model\b)?"
)
_CONTROL = expression(_SPECIAL)
_CONTROL_END = expression(rf"(?:{_SPECIAL})\Z")
_EDGE = expression(rf"(?:\s|{_SPECIAL})*+")
_ACTION = expression(r"\b(?:action input|tool input|arguments|parameters)\s*:\s*\Z", re.IGNORECASE)
_CALL = expression(r"(?:[A-Za-z_][\w.]*\s?\(|[A-Za-z_]\w*\s?=)\s*\Z")
