"""Where a text reads like a template: text and layout go in, claims with their values come out.

Occurrences of every label and ending are found once, in one pass each; from each place where a
record can begin, the slots are then walked from one occurrence to the next. Free text runs to the
next literal or the end of its line; as the last piece of a template that has line breaks itself, or
nothing but the field, it runs to the end of the answer.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, replace

from deterministic_llm._core.attempts import Code, Repair
from deterministic_llm._core.exchange import JsonObject
from deterministic_llm._core.reading.captures import (
    LONGEST_VALUE,
    Capture,
    read_phrase,
    read_text,
    read_value,
)
from deterministic_llm._core.reading.claims import Claim
from deterministic_llm._core.reading.drift import EXPLAINED, REMARK, repair
from deterministic_llm._core.reading.folding import folded
from deterministic_llm._core.reading.layouts import Layout, Slot
from deterministic_llm._core.reading.literals import Ending, Label
from deterministic_llm._core.reading.surroundings import (
    continues_range,
    is_joined,
    is_prefaced,
    offers_another,
    opens_freely,
    stands_alone,
)
from deterministic_llm._core.reading.unended import read_unended

_FIRM: frozenset[Code] = frozenset(
    {
        "range",
        "denominator",
        "several_values",
        "truncated",
        "length",
        "pattern",
        "format",
        "ambiguous",
    }
)


def claims_in(text: str, layout: Layout) -> Iterator[Claim]:
    """Every place of *text* that reads like a record, in order."""
    yield from _Walk(text, folded(text), layout).claims()


@dataclass(frozen=True, slots=True)
class _Start:
    """Where a record begins, and where its first value does.

    It is *loose* when its label lacks a sign, *joined* when it is one of several: "or score: 8".
    """

    at: int
    value: int
    loose: bool
    joined: bool = False


@dataclass(frozen=True, slots=True)
class _Step:
    """A capture and where it ended."""

    capture: Capture
    end: int


class _Walk:
    def __init__(self, text: str, flat: str, layout: Layout) -> None:
        self.text = text
        self.flat = flat
        self.slots = layout.slots
        self.doubled: list[int] = []
        self.labels = [self._found(slot.label) for slot in self.slots]
        self.endings = [self._found(slot.closer) for slot in self.slots]

    def claims(self) -> Iterator[Claim]:
        starts = self._starts()
        start = next(starts, None)
        while start is not None:
            coming = next(starts, None)
            yield self._claim(start, len(self.flat) if coming is None else coming.at)
            start = coming

    def _found(self, literal: Label | Ending | None) -> list[re.Match[str]]:
        return [] if literal is None else list(literal.expression.finditer(self.flat))

    def _starts(self) -> Iterator[_Start]:
        first = self.slots[0]
        if first.label is not None:
            for found in self.labels[0]:
                at = found.start()
                free = not first.label.worded or opens_freely(self.flat, at)
                if free or is_joined(self.flat, at):
                    yield _Start(at, found.end(), found["join"] is None, not free)
        elif first.closer is not None and not first.text:
            for found in self.endings[0]:
                yield from self._value_before(found.start())
        else:
            marked = _BULLETED_LINE if first.text else _LISTED_LINE
            for line in marked.finditer(self.flat):
                yield _Start(line.start("body"), line.start("body"), loose=False)

    def _value_before(self, end: int) -> Iterator[_Start]:
        line = self.flat.rfind("\n", max(0, end - LONGEST_VALUE), end) + 1
        found = _VALUE_BEFORE.search(self.flat, max(line, end - LONGEST_VALUE), end)
        if found is not None:
            yield _Start(found.start("value"), found.start("value"), loose=False)

    def _claim(self, start: _Start, following: int) -> Claim:
        self.doubled = []
        claim = self._walked(start, following, skipped=None)
        if claim.violations:
            return claim
        if start.joined:
            got = self.text[max(0, claim.start - 20) : claim.end].strip()
            expected = "expected one value, not one of several"
            told = self.slots[0].place.refuse("several_values", got, expected)
            return replace(claim, violations=told.violations, repairs=())
        for index in self.doubled:
            other = self._walked(start, following, skipped=index)
            if not other.violations and other.payload != claim.payload:
                got = self.text[claim.start : max(claim.end, other.end)]
                place = self.slots[index].place
                told = place.refuse("ambiguous", got, "expected one way to read the text")
                return replace(claim, violations=told.violations, repairs=())
        return claim

    def _walked(self, start: _Start, following: int, *, skipped: int | None) -> Claim:
        at, loose = start.value, start.loose
        steps: list[_Step] = []
        for index, slot in enumerate(self.slots):
            if index:
                entry = self._entry(index, at, following)
                if entry is None:
                    steps.append(_Step(slot.place.absent(), at))
                    break
                at, loose = entry.value, loose or entry.loose
            take = self._text if slot.text else self._value
            steps.append(take(index, at, following, 1 if index == skipped else 0))
            at = steps[-1].end
        claim = self._judged(start, steps)
        passing = loose and not stands_alone(self.flat, start.at, at)
        return replace(claim, passing=True) if passing else claim

    def _judged(self, start: _Start, steps: list[_Step]) -> Claim:
        end = max(start.value, steps[-1].end)
        captures = [step.capture for step in steps]
        last = self.slots[len(steps) - 1]
        if not last.text and not captures[-1].violations and self._doubtful(start, end):
            got = self.text[start.at : end + 40].split("\n", 1)[0]
            captures[-1] = last.place.refuse(
                "several_values", got, "expected one value, not several"
            )
        violations = tuple(each for capture in captures for each in capture.violations)
        repairs = tuple(each for capture in captures for each in capture.repairs)
        payload: JsonObject = {
            slot.place.field.name: capture.value
            for slot, capture in zip(self.slots, captures, strict=False)
        }
        firm = all(_is_firm(capture) for capture in captures if capture.violations)
        return Claim(start.at, end, payload, violations, repairs, firm)

    def _doubtful(self, start: _Start, end: int) -> bool:
        if offers_another(self.flat, end):
            return True
        if self.slots[0].label is not None:
            return False
        return continues_range(self.flat, start.at) or self._follows_another(end)

    def _follows_another(self, end: int) -> bool:
        """Whether another record follows on the line of one that no label begins."""
        stop = self.flat.find("\n", end)
        stop = len(self.flat) if stop < 0 else stop
        return bool(self.endings[-1]) and _first(self.endings[-1], end, stop) is not None

    def _entry(self, index: int, at: int, following: int) -> _Start | None:
        """Where the value of a later slot begins: behind its label, or on the next line."""
        slot, before = self.slots[index], self.slots[index - 1]
        if slot.label is not None:
            found = _first(self.labels[index], at, following)
            if found is None:
                return None
            return _Start(found.start(), found.end(), found["join"] is None)
        if not before.breaks:
            return _Start(at, at, loose=False)
        line = _NEXT_LINE.match(self.flat, at, following)
        return None if line is None else _Start(line.end(), line.end(), loose=False)

    def _value(self, index: int, at: int, following: int, skip: int) -> _Step:
        del skip  # what is no free text is read in one way only
        slot = self.slots[index]
        if slot.label is not None:
            at = _end_of(_BLANK_LINES.match(self.flat, at, following), at)
        stop = self._line_end(index, at, following)
        closer = slot.closer
        if closer is None:
            capture = read_phrase(slot.place, self.text[at:stop], at=at)
            return _Step(capture, _explained_at(capture) or at + len(self.text[at:stop].rstrip()))
        found = _first(self.endings[index], at, stop)
        if found is None:
            capture, end = read_unended(slot, closer, self.text, self.flat, at, stop)
            return _Step(capture, end)
        is_ratio = closer.denominator is not None
        raw = self.text[at : found.start()]
        # "9 (out of 10)" opens a bracket before the denominator.
        raw = raw.rstrip(" ([") if is_ratio else raw
        return _Step(read_value(slot.place, raw, ratio=is_ratio), found.end())

    def _line_end(self, index: int, at: int, following: int) -> int:
        stop = self.flat.find("\n", at, following)
        stop = following if stop < 0 else stop
        coming = self._next_label(index, at, stop)
        return min(stop if coming is None else coming, at + 2 * LONGEST_VALUE)

    def _next_label(self, index: int, at: int, stop: int) -> int | None:
        if index + 1 >= len(self.slots):
            return None
        found = _first(self.labels[index + 1], at, stop)
        return None if found is None else found.start()

    def _text(self, index: int, at: int, following: int, skip: int) -> _Step:
        slot = self.slots[index]
        if slot.closer is not None:
            return self._closed_text(index, slot.closer, at, following, skip)
        end = self._text_end(index, at, following)
        if index + 1 < len(self.slots):
            end = at + len(_before_label(self.flat[at:end]))
        at, end = self._paired(at, end)
        raw = self.text[at:end]
        repairs: tuple[Repair, ...] = ()
        if slot.open_ended:
            raw, repairs = without_remark(raw, at)
        if slot.ending is not None and raw.rstrip().endswith(slot.literal.strip()):
            raw = raw.rstrip()[: -len(slot.literal.strip())]
        capture = read_text(slot.place, raw, at=at)
        capture = replace(capture, repairs=(*capture.repairs, *repairs))
        return _Step(capture, at + len(raw.rstrip()))

    def _text_end(self, index: int, at: int, following: int) -> int:
        slot = self.slots[index]
        if slot.open_ended:
            return following
        if slot.breaks and index + 1 < len(self.slots):
            coming = self._next_label(index, at, following)
            if coming is not None:
                return coming
        if slot.label is not None:
            at = _end_of(_BLANK_LINES.match(self.flat, at, following), at)
        stop = self.flat.find("\n", at, following)
        return following if stop < 0 else stop

    def _closed_text(self, index: int, closer: Ending, at: int, following: int, skip: int) -> _Step:
        slot = self.slots[index]
        stop = following if closer.worded else self.flat.find("\n", at, following)
        stop = following if stop < 0 else stop
        places = self.endings[index]
        first = bisect_left(places, at + 1, key=lambda found: found.start())
        inside: list[re.Match[str]] = []
        for found in places[first : first + _MOST_ENDINGS]:
            if found.start() >= stop:
                break
            inside.append(found)
        exact = [found for found in inside if self._is_exact(slot, found)]
        if len(exact or inside) > 1 and not skip:
            self.doubled = [*self.doubled, index]
        chosen = (exact or inside)[skip : skip + 1]
        if not chosen:
            code: Code = "truncated" if stop >= len(self.flat) else "syntax"
            expected = f"expected {slot.literal.strip()!r} behind the text"
            return _Step(slot.place.refuse(code, self.text[at:stop].strip(), expected), stop)
        begin, end = self._paired(at, chosen[0].start())
        capture = read_text(slot.place, self.text[begin:end], at=begin)
        if index == 0 and slot.label is None and is_prefaced(self.text[begin:end]):
            got = self.text[begin:end].strip()
            capture = slot.place.refuse("ambiguous", got, "expected a text without a preface")
        return _Step(capture, chosen[0].end())

    def _paired(self, start: int, end: int) -> tuple[int, int]:
        """The stretch without half a pair of emphasis, whose other half stands outside of it."""
        while start < end and self.flat[start] in " \t":
            start += 1
        while start < end and self.flat[end - 1] in " \t\n":
            end -= 1
        line_end = self.flat.find("\n", end, end + _LONGEST_LINE)
        line_end = min(len(self.flat), end + _LONGEST_LINE) if line_end < 0 else line_end
        line = self.flat[self.flat.rfind("\n", max(0, start - _LONGEST_LINE), start) + 1 : line_end]
        for mark in ("***", "**", "*", "__", "_", "`", "~~"):
            said = self.flat[start:end]
            if said.count(mark) % 2 == 1 and line.count(mark) % 2 == 0:
                start += len(mark) if said.startswith(mark) else 0
                end -= len(mark) if said.endswith(mark) and end - len(mark) >= start else 0
        return start, end

    def _is_exact(self, slot: Slot, found: re.Match[str]) -> bool:
        blanks = len(slot.literal) - len(slot.literal.lstrip())
        return self.text.startswith(slot.literal, found.start() - blanks)


def _first(places: list[re.Match[str]], at: int, stop: int) -> re.Match[str] | None:
    place = bisect_left(places, at, key=lambda found: found.start())
    found = places[place] if place < len(places) else None
    return found if found is not None and found.start() < stop else None


def _is_firm(capture: Capture) -> bool:
    violation = capture.violations[0]
    if violation.code in _FIRM:
        return True
    said = str(capture.value or "")
    if violation.code == "type":
        return any(each.isdecimal() for each in said[:LONGEST_VALUE])
    return violation.code == "enum" and len(said.split()) <= 3


def _explained_at(capture: Capture) -> int | None:
    cuts = [each.places[0] for each in capture.repairs if each.rule == EXPLAINED.name]
    return cuts[0] if cuts else None


def without_remark(raw: str, at: int) -> tuple[str, tuple[Repair, ...]]:
    """*raw*, which began at *at*, without the end of a fence and a closing remark."""
    fence = _FENCE_END.search(raw)
    kept = raw[: fence.start()] if fence is not None else raw
    remark = _REMARK.search(kept)
    if remark is None or not kept[: remark.start()].strip():
        return kept, ()
    record = repair(REMARK, remark.group().strip(), "", at + remark.start())
    return kept[: remark.start()], (record,)


def _before_label(flat: str) -> str:
    """A text without what introduces the label behind it: a bullet, emphasis, a separator."""
    last = flat.rfind("\n")
    if last >= 0 and not flat[last:].strip(_DECORATION):
        flat = flat[:last]
    return flat.rstrip(_SEPARATORS)


def _end_of(found: re.Match[str] | None, otherwise: int) -> int:
    return otherwise if found is None else found.end()


_MOST_ENDINGS = 50
_LONGEST_LINE = 2000
_LISTED_LINE = re.compile(
    r"^[ \t>]*+(?:(?:[-*+]|\d{1,4}[.)])[ \t]++)?[*_`#]*+[ \t]*+(?P<body>\S)", re.MULTILINE
)
_BULLETED_LINE = re.compile(r"^[ \t>]*+(?:[-*+][ \t]++)?[*_`#]*+[ \t]*+(?P<body>\S)", re.MULTILINE)
_BLANK_LINES = re.compile(r"[ \t]*+(?:\n[ \t*_`#>]*+){0,3}")
_NEXT_LINE = re.compile(r"[^\n]*+\n[\s*_`#>]*+(?=\S)")
_VALUE_BEFORE = re.compile(
    r"(?<![\w.,/'-])(?P<value>[-+]?(?:\d[\d.,]*|[^\W\d_]+|\{\w+\}))[ \t*_`\"')\]}]*\Z",
    re.IGNORECASE,
)
_SEPARATORS = " \t\n,;|–—-"
_DECORATION = " \t\n*_`#>|-"
_FENCE_END = re.compile(r"^[ \t]*(?:`{3,}|~{3,})[ \t]*$", re.MULTILINE)
_REMARK = re.compile(
    r"(?<=\n\n)[ \t*_]{0,8}(?:let me know|i hope|hope (?:this|that|it)|feel free|happy to"
    r"|please (?:let|feel|note that i)|if you (?:need|have|would|want|'d)|would you like"
    r"|do you want|is there anything|best regards|kind regards)\b[\s\S]*\Z",
    re.IGNORECASE,
)
