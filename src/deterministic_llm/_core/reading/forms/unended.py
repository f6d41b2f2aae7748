"""A value whose ending is missing, as in "score: 9" for "score: 9/10": the value, or why not."""

from __future__ import annotations

import re
from dataclasses import replace

from deterministic_llm._core.attempts import Code
from deterministic_llm._core.reading.forms.captures import Capture, Place, read_phrase
from deterministic_llm._core.reading.forms.drift import NO_DENOMINATOR, repair
from deterministic_llm._core.reading.forms.layouts import Slot
from deterministic_llm._core.reading.forms.literals import Ending
from deterministic_llm._core.reading.forms.surroundings import NUMBER, ends_bare, ends_text
from deterministic_llm._core.regexes import expression
from deterministic_llm._core.schema.phrasing import resolved


def read_unended(
    slot: Slot, closer: Ending, text: str, flat: str, at: int, stop: int
) -> tuple[Capture, int]:
    """What stands from *at* to *stop* without the slot's ending, and where it ends."""
    raw = text[at:stop].strip()
    ratio = _RATIO.match(flat, at, stop)
    if _is_cut(slot, flat, at):
        return _without_ending(slot, "truncated", raw), stop
    if ratio is not None:
        expected = f"expected the value in the form that ends with {slot.literal.strip()}"
        got = text[at : ratio.end()].strip()
        return slot.place.refuse("denominator", got, expected), ratio.end()
    number = _NUMBER.match(flat, at, stop)
    phrase = read_phrase(slot.place, text[at:stop], at=at)
    if phrase.violations and phrase.violations[0].code in _TELLING:
        return phrase, stop
    if number is None:
        return _without_ending(slot, "no_value", raw), stop
    end = number.end()
    cut = ends_bare(flat, end) and _may_grow(slot.place, phrase)
    if not cut and not phrase.violations and _implied(slot.place, closer):
        record = repair(NO_DENOMINATOR, text[at:end].strip(), phrase.value, end)
        return replace(phrase, repairs=(*phrase.repairs, record)), end
    return _without_ending(slot, "truncated" if ends_text(flat, end) else "syntax", raw), end


def _is_cut(slot: Slot, flat: str, at: int) -> bool:
    """Whether the text ends within the slot's ending: "9/1" for "9/10"."""
    number = _NUMBER.match(flat, at)
    written = slot.literal.strip()
    begun = "" if number is None else "".join(flat[number.end() : number.end() + 50].split())
    ends = number is not None and len(flat) <= number.end() + 50
    return bool(begun) and ends and written.startswith(begun) and begun != written


def _without_ending(slot: Slot, code: Code, raw: str) -> Capture:
    return slot.place.refuse(code, raw, f"expected {slot.literal.strip()!r} behind the value")


def _implied(place: Place, closer: Ending) -> bool:
    """Whether the schema says what the missing denominator would have said."""
    schema = resolved(place.field)
    low, high = schema.get("minimum"), schema.get("maximum")
    return closer.denominator is not None and closer.denominator == high and low in (0, 1)


def _may_grow(place: Place, phrase: Capture) -> bool:
    """Whether more digits could make the value at the end of a text another valid one."""
    value, high = phrase.value, resolved(place.field).get("maximum")
    if phrase.violations or not isinstance(value, int | float) or isinstance(value, bool):
        return True
    if not isinstance(high, int | float) or isinstance(high, bool):
        return True
    if place.kind == "integer":
        return value > 0 and value * 10 <= high
    return value < high


_TELLING = frozenset({"several_values", "placeholder", "range"})
_NUMBER = expression(rf"[ \t*_`\"'(\[]*{NUMBER}", re.IGNORECASE)
_RATIO = expression(
    rf"[ \t*_`\"'(\[]*{NUMBER}[ \t*_`\"')\]]*(?:/|(?:out[ \t]+)?of\b|over\b)[ \t*_`]*"
    r"(?:\d+(?:[.,]\d+)*|a?[ \t]*[^\W\d_]+)",
    re.IGNORECASE,
)
