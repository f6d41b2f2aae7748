"""One record a line: every line is a record, or a violation that names it; none is dropped."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

from deterministic_llm._core.attempts import Violation
from deterministic_llm._core.reading.forms.claims import Claim, Matched, Unmatched, with_repairs
from deterministic_llm._core.reading.forms.drift import (
    AROUND,
    EXPLAINED,
    NUMBERED,
    SPELLING,
    repair,
)
from deterministic_llm._core.reading.forms.exact import exact_line
from deterministic_llm._core.reading.forms.folding import folded
from deterministic_llm._core.reading.forms.instead import match_json
from deterministic_llm._core.reading.forms.layouts import Layout, layout_of
from deterministic_llm._core.reading.forms.records import claims_in
from deterministic_llm._core.reading.forms.surroundings import sums_up
from deterministic_llm._core.records import frozen
from deterministic_llm._core.regexes import expression
from deterministic_llm._core.schema.forms import TemplateForm
from deterministic_llm._core.schema.wording import quote

MOST_BROKEN = 1000
"""Lines that are no record; a text with more of them is no list of records."""


@frozen
class Line:
    """A line that says something: its *text* from *start*, and the list *number* before it."""

    start: int
    text: str
    number: int | None
    marked: bool


def match_lines(form: TemplateForm, text: str) -> Matched | Unmatched | None:
    """The list of records in *text*; None when nothing in it reads like one."""
    layout = layout_of(form)
    found = match_json(layout, text)
    if found is not None:
        return found
    table = "|" in form.text
    lines = list(lines_of(text, numbers=_has_numbers(layout, text), table=table))
    header = [line for line in lines[:3] if table and is_header(layout, line)]
    lines = [line for line in lines if line not in header]
    claims = list(_claims(layout, lines))
    if len(claims) < len(lines):
        expected = f"expected a record in every line, not {MOST_BROKEN:,} lines without one"
        return Unmatched((Violation("$", "syntax", expected, quote(lines[0].text)),))
    good = [place for place, claim in enumerate(claims) if claim and not claim.violations]
    if not good:
        broken = [claim for claim in claims if claim is not None]
        return Unmatched(_numbered(broken[0], 0)) if broken else None
    first, last = good[0], good[-1]
    rows = [
        (line, claim)
        for place, (line, claim) in enumerate(zip(lines, claims, strict=True))
        if claim is not None or not _is_talk(line, place < first, place > last)
    ]
    told = {line.start for line, _ in rows}
    talk = [line for line in (*header, *lines) if line.start not in told]
    if (nested := _nested(rows, text)) is not None:
        expected = "expected one record a line, not lines that belong to the one above"
        return Unmatched((Violation("$", "ambiguous", expected, quote(nested.text)),))
    return _gathered(rows, talk=talk)


def _nested(rows: Sequence[tuple[Line, Claim | None]], text: str) -> Line | None:
    """A line that is indented further than one before and one behind it."""
    margin = None
    for (before, _), (line, _) in reversed([*pairwise(rows)]):
        indent = _indent(text, line)
        if margin is not None and indent - 1 > max(margin, _indent(text, before)):
            return line
        margin = indent if margin is None else min(margin, indent)
    return None


def _indent(text: str, line: Line) -> int:
    """How far *line* is indented, its list marker left aside."""
    lead = text[text.rfind("\n", 0, line.start) + 1 : line.start].expandtabs()
    return len(lead) - len(lead.lstrip(" "))


def _claims(layout: Layout, lines: Sequence[Line]) -> Iterator[Claim | None]:
    """What each line reads like; ends early once too many of them are broken."""
    broken = 0
    for line in lines:
        if broken >= MOST_BROKEN:
            return
        claim = record_of(layout, line)
        broken += claim is None or bool(claim.violations)
        yield claim


def _gathered(
    rows: Sequence[tuple[Line, Claim | None]], *, talk: Sequence[Line]
) -> Matched | Unmatched:
    violations = tuple(
        each
        for index, (line, claim) in enumerate(rows)
        for each in (_numbered(claim, index) if claim else _unreadable(line, index))
    )[:_MOST_TOLD]
    spelled = [line for line, claim in rows if claim is not None and claim.repairs]
    marked = [line.start for line, _ in rows if line.marked]
    repairs = [
        *(
            (repair(SPELLING, spelled[0].text, "", *(each.start for each in spelled)),)
            if spelled
            else ()
        ),
        *((repair(NUMBERED, "-", "", *marked),) if marked else ()),
        *((repair(AROUND, talk[0].text, "", *(line.start for line in talk)),) if talk else ()),
    ]
    summary = next(
        (line for line, claim in rows[1:] if sums_up(line.text) or _revises(claim)), None
    )
    if summary is not None and not violations:
        expected = "expected records only, not what may be a line about all of them"
        violations = (Violation("$", "ambiguous", expected, quote(summary.text), "leave it out"),)
    if violations:
        return Unmatched(violations, tuple(repairs))
    payload = [claim.payload for _, claim in rows if claim is not None]
    end = rows[-1][0].start + len(rows[-1][0].text)
    return Matched(payload, (rows[0][0].start, end), tuple(repairs))


def _revises(claim: Claim | None) -> bool:
    """Whether words behind the record, which are left out of it, call it the corrected one."""
    left_out = () if claim is None else claim.repairs
    said = [str(each.before) for each in left_out if each.rule == EXPLAINED.name]
    return any(_REVISED.search(each) for each in said)


def record_of(layout: Layout, line: Line) -> Claim | None:
    """The record that the whole line is; None when it is none."""
    values = exact_line(layout.form, line.text)
    if values is not None:
        return Claim(0, len(line.text), values)
    claims = [claim for claim in claims_in(line.text, layout) if claim.firm or not claim.start]
    if not claims or line.text[: claims[0].start].strip("*_`~\"' "):
        return None
    claim = claims[0]
    if len(claims) > 1:
        expected = "expected one record a line"
        violation = Violation("$", "ambiguous", expected, quote(line.text))
        return replace(claim, violations=(violation,))
    if claim.violations and not claim.firm:
        return None if claim.violations[0].code != "placeholder" else claim
    return with_repairs(claim, repair(SPELLING, line.text, "", line.start))


def _numbered(claim: Claim, index: int) -> tuple[Violation, ...]:
    return tuple(replace(each, path=f"$[{index}]{each.path[1:]}") for each in claim.violations)


def _unreadable(line: Line, index: int) -> tuple[Violation, ...]:
    expected = "expected a record in the form that was asked for"
    return (Violation(f"$[{index}]", "syntax", expected, quote(line.text), "write it in full"),)


def _is_talk(line: Line, early: bool, late: bool) -> bool:  # noqa: FBT001
    if _HEADING.fullmatch(line.text):
        return True
    return bool(
        (early and _PREFACE.fullmatch(line.text)) or (late and _REMARK.fullmatch(line.text))
    )


def is_header(layout: Layout, line: Line) -> bool:
    """Whether a line of a table holds the names of the fields."""
    cells = [each.strip(" *_`").casefold().replace(" ", "_") for each in line.text.split("|")]
    return cells == [slot.place.field.name.casefold() for slot in layout.slots]


def may_be_numbered(layout: Layout) -> bool:
    """Whether a record could itself begin with a number and a dot, so that one is no list's."""
    return layout.slots[0].label is None and layout.slots[0].text


def _has_numbers(layout: Layout, text: str) -> bool:
    """Whether numbers in front of lines are a list's: always, but for a text that could have one.

    In front of a text they must count from one, over more than one line.
    """
    if not may_be_numbered(layout):
        return True
    numbers = [line.number for line in lines_of(text, numbers=True)]
    told = [number for number in numbers if number is not None]
    return len(told) > 1 and told == list(range(1, len(told) + 1))


def lines_of(text: str, *, numbers: bool, table: bool = False) -> Iterator[Line]:
    """The lines that say something; in a *table* without the bars at both ends."""
    for found in (_NUMBERED if numbers else _BULLETED).finditer(folded(text)):
        start, end = found.span("body")
        said = text[start:end].rstrip()
        if table and said.startswith("|") and said.endswith("|"):
            start, said = start + 1, said[1:-1].strip()
        if said and not _RULE.fullmatch(said):
            digits = found["number"] if numbers else None
            number = None if digits is None else int(digits)
            yield Line(start, said, number, bool(found["marker"]))


_REVISED = expression(r"\b(?:corrected|correction|revised|updated|amended)\b", re.IGNORECASE)
_MOST_TOLD = 100
_BULLET = r"^[ \t>]*+(?P<marker>[-*+][ \t]++)?+"
_BULLETED = expression(rf"{_BULLET}(?P<body>[^\n]+)", re.MULTILINE)
_NUMBERED = expression(
    r"^[ \t>]*+(?P<marker>(?:[-*+][ \t]++)?+(?:(?P<number>\d{1,6})[.)][ \t]++)?+)?+"
    r"(?P<body>[^\n]+)",
    re.MULTILINE,
)
_RULE = expression(r"[`~]{3,}\w*|[-=_*|: ]{3,}")
_HEADING = expression(r"#{1,6}[ \t][^\d/]*")
_PREFACE = expression(
    r"(?:here|sure|certainly|of course|okay|ok|below|the following|these are|this is|as requested"
    r"|i have|i've|i graded|hier|voici|aquí|以下)\b[^\n]*[:：.!]",
    re.IGNORECASE,
)
_REMARK = expression(
    r"(?:let me know|i hope|hope (?:this|that|it)|feel free|please (?:let|feel)|would you like"
    r"|if you (?:need|have|would|want)|do you want|is there anything|happy to|best regards"
    r"|kind regards)\b[^\n]*",
    re.IGNORECASE,
)
