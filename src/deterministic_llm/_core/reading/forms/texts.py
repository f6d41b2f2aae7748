"""Free text in a template: from where it begins to the next literal, or to where nothing follows.

A text runs to the literal behind it or to the end of its line; as the last piece of a template that
has line breaks itself, or nothing but the field, it runs to the end of the answer.
"""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import islice

from deterministic_llm._core.attempts import Code, Repair
from deterministic_llm._core.reading.forms.captures import Capture, read_text
from deterministic_llm._core.reading.forms.drift import REMARK, repair
from deterministic_llm._core.reading.forms.layouts import Slot
from deterministic_llm._core.reading.forms.literals import Ending
from deterministic_llm._core.reading.forms.occurrences import Occurrences, between, first_of
from deterministic_llm._core.reading.forms.surroundings import is_prefaced
from deterministic_llm._core.records import frozen
from deterministic_llm._core.regexes import expression


@frozen
class Step:
    """A capture and where it ended; *doubled* when it could also have ended later."""

    capture: Capture
    end: int
    doubled: bool = False


def read_open_text(found: Occurrences, index: int, at: int, limit: int) -> Step:
    """The text from *at* that no literal has to close, before *limit*."""
    slot = found.slots[index]
    end = _text_end(found, index, at, limit)
    if index + 1 < len(found.slots):
        end = at + len(_before_label(found.flat[at:end]))
    at, end = found.paired(at, end)
    raw = found.text[at:end]
    repairs: tuple[Repair, ...] = ()
    if slot.open_ended:
        raw, repairs = without_remark(raw, at)
    if slot.ending is not None and raw.rstrip().endswith(slot.literal.strip()):
        raw = raw.rstrip()[: -len(slot.literal.strip())]
    capture = read_text(slot.place, raw, at=at)
    capture = replace(capture, repairs=(*capture.repairs, *repairs))
    end = at + len(raw.rstrip())
    says_more = slot.ending is not None and _SENTENCES.search(raw)
    if says_more or ("\n" in raw.strip() and found.holds_label_line(at, end)):
        capture = slot.place.refuse("ambiguous", raw.strip(), "expected one way to end the text")
    return Step(capture, end)


def read_closed_text(
    found: Occurrences, index: int, closer: Ending, at: int, limit: int, *, skip: int
) -> Step:
    """The text from *at* to the ending of its slot, or with *skip* to the one after that."""
    slot = found.slots[index]
    stop = limit if closer.worded else found.line_end(at, limit)
    inside = list(islice(between(found.endings[index], at + 1, stop), _MOST_ENDINGS))
    exact = [each for each in inside if _is_exact(found.text, slot, each)]
    chosen = (exact or inside)[skip : skip + 1]
    if not chosen:
        code: Code = "truncated" if stop >= len(found.flat) else "syntax"
        expected = f"expected {slot.literal.strip()!r} behind the text"
        return Step(slot.place.refuse(code, found.text[at:stop].strip(), expected), stop)
    begin, end = found.paired(at, chosen[0].start())
    said = found.text[begin:end]
    capture = read_text(slot.place, said, at=begin)
    opener = slot.label
    if opener is not None and not opener.worded and first_of(found.labels[index], begin, end):
        expected = "expected a text without its own marks"
        capture = slot.place.refuse("ambiguous", said.strip(), expected)
    elif opener is None and index == 0 and is_prefaced(said):
        expected = "expected a text without a preface"
        capture = slot.place.refuse("ambiguous", said.strip(), expected)
    return Step(capture, chosen[0].end(), doubled=len(exact or inside) > 1)


def without_remark(raw: str, at: int) -> tuple[str, tuple[Repair, ...]]:
    """*raw*, which began at *at*, without the end of a fence and a closing remark."""
    fence = _FENCE_END.search(raw)
    kept = raw[: fence.start()] if fence is not None else raw
    remark = _REMARK.search(kept)
    if remark is None or not kept[: remark.start()].strip():
        return kept, ()
    record = repair(REMARK, remark.group().strip(), "", at + remark.start())
    return kept[: remark.start()], (record,)


def skip_blank_lines(flat: str, at: int, limit: int) -> int:
    """Where a value begins that may stand below its label."""
    found = _BLANK_LINES.match(flat, at, limit)
    return at if found is None else found.end()


def _text_end(found: Occurrences, index: int, at: int, limit: int) -> int:
    slot = found.slots[index]
    if slot.open_ended:
        return limit
    if slot.breaks and (coming := found.next_label(index, at, limit)) is not None:
        return coming
    if slot.label is not None:
        at = skip_blank_lines(found.flat, at, limit)
    return found.line_end(at, limit)


def _before_label(flat: str) -> str:
    """A text without what introduces the label behind it: a bullet, emphasis, a separator."""
    last = flat.rfind("\n")
    if last >= 0 and not flat[last:].strip(_DECORATION):
        flat = flat[:last]
    return flat.rstrip(_SEPARATORS)


def _is_exact(text: str, slot: Slot, ending: re.Match[str]) -> bool:
    blanks = len(slot.literal) - len(slot.literal.lstrip())
    return text.startswith(slot.literal, ending.start() - blanks)


_MOST_ENDINGS = 50
_BLANK_LINES = expression(r"[ \t]*+(?:\n[ \t*_`#>]*+){0,3}")
_SENTENCES = expression(r"\w{2,}[.!?]\s+\S")
_SEPARATORS = " \t\n,;|–—-"
_DECORATION = " \t\n*_`#>|-"
_FENCE_END = expression(r"^[ \t]*(?:`{3,}|~{3,})[ \t]*$", re.MULTILINE)
_REMARK = expression(
    r"(?<=\n\n)[ \t*_]{0,8}(?:let me know|i hope|hope (?:this|that|it)|feel free|happy to"
    r"|please (?:let|feel|note that i)|if you (?:need|have|would|want|'d)|would you like"
    r"|do you want|is there anything|best regards|kind regards)\b[\s\S]*\Z",
    re.IGNORECASE,
)
