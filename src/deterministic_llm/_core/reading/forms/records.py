"""Where a text reads like a template: text and layout go in, claims with their values come out.

Every place where a record can begin is walked, slot by slot, from one literal to the next.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from deterministic_llm._core.attempts import Code
from deterministic_llm._core.exchange import JsonObject
from deterministic_llm._core.reading.forms.captures import (
    LONGEST_VALUE,
    Capture,
    read_phrase,
    read_value,
)
from deterministic_llm._core.reading.forms.claims import Claim
from deterministic_llm._core.reading.forms.drift import EXPLAINED
from deterministic_llm._core.reading.forms.layouts import Layout
from deterministic_llm._core.reading.forms.literals import Label
from deterministic_llm._core.reading.forms.occurrences import Occurrences, first_of
from deterministic_llm._core.reading.forms.surroundings import (
    continues_range,
    is_joined,
    offers_another,
    opens_freely,
    stands_alone,
)
from deterministic_llm._core.reading.forms.texts import (
    Step,
    read_closed_text,
    read_open_text,
    skip_blank_lines,
)
from deterministic_llm._core.reading.forms.unended import read_unended
from deterministic_llm._core.records import frozen
from deterministic_llm._core.regexes import expression

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
    yield from _Walk(Occurrences(text, layout)).claims()


@frozen
class _Start:
    """Where a record begins, and where its first value does.

    It is *loose* when its label lacks a sign, *joined* when it is one of several: "or score: 8".
    """

    at: int
    value: int
    loose: bool
    joined: bool = False


class _Walk:
    """The way from one literal to the next, through one text."""

    def __init__(self, found: Occurrences) -> None:
        self.found = found
        self.flat = found.flat
        self.slots = found.slots

    def claims(self) -> Iterator[Claim]:
        starts = self._starts()
        start = next(starts, None)
        while start is not None:
            coming = next(starts, None)
            claim = self._claim(start, self._limit(start, coming))
            yield claim
            # A sign that opens a value may also close it, and stand in it.
            while coming is not None and not claim.violations and coming.at < claim.end:
                coming = next(starts, None)
            start = coming

    def _limit(self, start: _Start, coming: _Start | None) -> int:
        """Where a record ends at the latest: where the next one begins."""
        label = self.slots[0].label
        if label is None or label.worded:
            return len(self.flat) if coming is None else coming.at
        several_lines = "\n" in self.found.form.text
        return len(self.flat) if several_lines else self.found.line_end(start.at, len(self.flat))

    def _starts(self) -> Iterator[_Start]:
        first = self.slots[0]
        if first.label is not None:
            yield from self._labelled(first.label)
        elif first.closer is not None and first.place.kind in ("integer", "number"):
            for ending in self.found.endings[0]:
                yield from self._value_before(ending.start())
        else:
            marked = _BULLETED_LINE if first.text else _LISTED_LINE
            for line in marked.finditer(self.flat):
                yield _Start(line.start("body"), line.start("body"), loose=False)

    def _labelled(self, label: Label) -> Iterator[_Start]:
        for each in self.found.labels[0]:
            at = each.start()
            free = not label.worded or opens_freely(self.flat, at)
            if free or is_joined(self.flat, at):
                yield _Start(at, each.end(), each["join"] is None, not free)

    def _value_before(self, end: int) -> Iterator[_Start]:
        line = self.flat.rfind("\n", max(0, end - LONGEST_VALUE), end) + 1
        value = _VALUE_BEFORE.search(self.flat, max(line, end - LONGEST_VALUE), end)
        if value is not None:
            yield _Start(value.start("value"), value.start("value"), loose=False)

    def _claim(self, start: _Start, limit: int) -> Claim:
        claim, doubled = self._walked(start, limit, skipped=None)
        if claim.violations:
            return claim
        text = self.found.text
        if start.joined:
            got = text[text.rfind("\n", 0, claim.start) + 1 : claim.end].strip()
            expected = "expected one value, not one of several"
            told = self.slots[0].place.refuse("several_values", got, expected)
            return replace(claim, violations=told.violations, repairs=())
        for index in doubled:
            other, _ = self._walked(start, limit, skipped=index)
            if not other.violations and other.payload != claim.payload:
                got = text[claim.start : max(claim.end, other.end)]
                place = self.slots[index].place
                told = place.refuse("ambiguous", got, "expected one way to read the text")
                return replace(claim, violations=told.violations, repairs=())
        return claim

    def _walked(self, start: _Start, limit: int, *, skipped: int | None) -> tuple[Claim, list[int]]:
        """The record from *start*, and the slots whose text could have ended later."""
        at, loose = start.value, start.loose
        steps: list[Step] = []
        for index, slot in enumerate(self.slots):
            entry = self._entry(index, at, limit) if index else start
            if entry is None:
                steps.append(Step(slot.place.absent(), at))
                break
            loose = loose or entry.loose
            steps.append(self._step(index, entry.value, limit, skip=int(index == skipped)))
            at = steps[-1].end
        claim = self._judged(start, steps)
        passing = loose and not stands_alone(self.flat, start.at, at)
        doubled = [index for index, step in enumerate(steps) if step.doubled]
        return (replace(claim, passing=True) if passing else claim), doubled

    def _step(self, index: int, at: int, limit: int, *, skip: int) -> Step:
        slot = self.slots[index]
        if not slot.text:
            return self._value(index, at, limit)
        if slot.closer is None:
            return read_open_text(self.found, index, at, limit)
        return read_closed_text(self.found, index, slot.closer, at, limit, skip=skip)

    def _value(self, index: int, at: int, limit: int) -> Step:
        slot, text = self.slots[index], self.found.text
        if slot.label is not None:
            at = skip_blank_lines(self.flat, at, limit)
        stop = self._value_limit(index, at, limit)
        closer = slot.closer
        if closer is None:
            capture = read_phrase(slot.place, text[at:stop], at=at)
            return Step(capture, _explained_at(capture) or at + len(text[at:stop].rstrip()))
        ending = first_of(self.found.endings[index], at, stop)
        if ending is None:
            return Step(*read_unended(slot, closer, text, self.flat, at, stop))
        is_ratio = closer.denominator is not None
        raw = text[at : ending.start()]
        # "9 (out of 10)" opens a bracket before the denominator.
        raw = raw.rstrip(" ([") if is_ratio else raw
        return Step(read_value(slot.place, raw, ratio=is_ratio), ending.end())

    def _value_limit(self, index: int, at: int, limit: int) -> int:
        stop = self.found.line_end(at, limit)
        coming = self.found.next_label(index, at, stop)
        return min(stop if coming is None else coming, at + 2 * LONGEST_VALUE)

    def _entry(self, index: int, at: int, limit: int) -> _Start | None:
        """Where the value of a later slot begins: behind its label, or on the next line."""
        slot, before = self.slots[index], self.slots[index - 1]
        if slot.label is not None:
            label = self.found.label_after(index, at, limit)
            if label is None:
                return None
            return _Start(label.start(), label.end(), label["join"] is None)
        if not before.breaks:
            return _Start(at, at, loose=False)
        line = _NEXT_LINE.match(self.flat, at, limit)
        return None if line is None else _Start(line.end(), line.end(), loose=False)

    def _judged(self, start: _Start, steps: Sequence[Step]) -> Claim:
        end = max(start.value, steps[-1].end)
        captures = [step.capture for step in steps]
        last = self.slots[len(steps) - 1]
        if not last.text and not captures[-1].violations and self._doubtful(start, end):
            got = self.found.text[start.at : end + 40].split("\n", 1)[0]
            expected = "expected one value, not several"
            captures[-1] = last.place.refuse("several_values", got, expected)
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
        stop = self.found.line_end(end, len(self.flat))
        return first_of(self.found.endings[-1], end, stop) is not None


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


_LISTED_LINE = expression(
    r"^[ \t>]*+(?:(?:[-*+]|\d{1,4}[.)])[ \t]++)?[*_`#]*+[ \t]*+(?P<body>\S)", re.MULTILINE
)
_BULLETED_LINE = expression(r"^[ \t>]*+(?:[-*+|][ \t]++)?[*_`#]*+[ \t]*+(?P<body>\S)", re.MULTILINE)
_NEXT_LINE = expression(r"[^\n]*+\n[\s*_`#>]*+(?=\S)")
_VALUE_BEFORE = expression(
    r"(?<![\w.,/'-])(?P<value>[-+]?(?:\d[\d.,]*|[^\W\d_]+|\{\w+\}))[ \t*_`\"')\]}]*\Z",
    re.IGNORECASE,
)
