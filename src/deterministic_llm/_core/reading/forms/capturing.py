"""A user's pattern in what a model wrote: every place it matches is a claim, judged together."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

import regex

from deterministic_llm._core.attempts import Violation
from deterministic_llm._core.exchange import JsonObject
from deterministic_llm._core.reading.forms.captures import Capture, place_of, read_value
from deterministic_llm._core.reading.forms.claims import (
    MAX_CLAIMS,
    Claim,
    Matched,
    Unmatched,
    settle,
    with_repairs,
)
from deterministic_llm._core.reading.forms.drift import SPELLING, repair
from deterministic_llm._core.reading.forms.exact import TIME_LIMIT, timed_out
from deterministic_llm._core.reading.forms.folding import folded
from deterministic_llm._core.reading.forms.surroundings import (
    continues_range,
    offers_another,
    takes_back,
    torn,
)
from deterministic_llm._core.regexes import expression
from deterministic_llm._core.schema.forms import Field, PatternForm
from deterministic_llm._core.schema.wording import quote

_NUMERIC = expression(r"[$€£¥]?\d")
_JOINED = expression(r"[-:/]\w")
_SUPPOSED = expression(
    r"(?:(?:\A|[.!?\n])\s*(?:if|unless|suppose|assuming|had|were)\b"
    r"|\b(?:not|n['’]t) (?:true|correct|sure|clear|the case|certain) (?:that|whether|if)\b"
    r"|\b(?:false|wrong|incorrect|doubtful|unclear) (?:that|whether|if)\b)[^.!?\n:]*\Z",
    re.IGNORECASE,
)
"""Words of a sentence by which what follows in it is not said to be so."""
"""What joins more to a number: "14:30:15", "ID-1234-A"."""
_WRAPPING = " \t\r\n*_`\"'.“”‘’«»。"


def match_pattern(form: PatternForm, text: str) -> Matched | Unmatched | None:
    """The fields of the one place in *text* that the pattern matches; None when none does.

    First as written, then with anchors at the lines, then with digits and signs in plain ASCII.
    """
    flat = folded(text)
    try:
        whole = _bare(form, text, flat)
        if whole is not None and not whole.violations:
            return settle(text, [whole])
        for subject, flags in ((text, 0), (text, regex.MULTILINE), (flat, regex.MULTILINE)):
            claims = list(islice(_claims(form, subject, flat, flags), MAX_CLAIMS + 1))
            if subject is not text:
                claims = [_folded_claim(claim, text) for claim in claims]
            found = settle(text, claims)
            if found is not None:
                return _standing(form, found, text, flat)
    except TimeoutError:
        return timed_out(text)
    return None


def _claims(form: PatternForm, subject: str, flat: str, flags: int) -> Iterator[Claim]:
    pattern = regex.compile(form.source, flags)
    for found in pattern.finditer(subject, timeout=TIME_LIMIT):
        start, end = found.span()
        if start == end or torn(flat, start, end):
            continue
        yield _claim(form, _captures(form, found), flat, (start, end))


def _bare(form: PatternForm, text: str, flat: str) -> Claim | None:
    """The whole text without emphasis, quotes and a full stop around it."""
    wrapped = len(text) - len(text.lstrip(_WRAPPING))
    body = text.strip(_WRAPPING)
    found = regex.compile(form.source).fullmatch(body, timeout=TIME_LIMIT)
    if found is None or not body:
        return None
    return _claim(form, _captures(form, found), flat, (wrapped, wrapped + len(body)))


def _captures(form: PatternForm, found: regex.Match[str]) -> dict[str, Capture]:
    return {
        field.name: _captured(field, raw)
        for field in form.fields
        if (raw := found[field.name]) is not None
    }


def _claim(
    form: PatternForm, captures: dict[str, Capture], flat: str, span: tuple[int, int]
) -> Claim:
    start, end = span
    said = flat[start:end]
    several = (_NUMERIC.match(said) is not None and continues_range(flat, start)) or (
        said[-1:].isdecimal()
        and (offers_another(flat, end) or _JOINED.match(flat, end) is not None)
    )
    violations = tuple(each for capture in captures.values() for each in capture.violations)
    if several and not violations:
        got = flat[max(0, start - 20) : end + 20].strip()
        place = place_of(form.fields[0])
        violations = place.refuse(
            "several_values", got, "expected one value, not several"
        ).violations
    payload: JsonObject = {name: capture.value for name, capture in captures.items()}
    repairs = tuple(each for capture in captures.values() for each in capture.repairs)
    return Claim(start, end, payload, violations, repairs)


def _captured(field: Field, raw: str) -> Capture:
    place = place_of(field)
    return place.read(raw) if place.kind == "string" else read_value(place, raw)


def _folded_claim(claim: Claim, text: str) -> Claim:
    said = text[claim.start : claim.end]
    return with_repairs(claim, repair(SPELLING, said, folded(said), claim.start))


def _standing(
    form: PatternForm, found: Matched | Unmatched, text: str, flat: str
) -> Matched | Unmatched:
    if isinstance(found, Matched) and (said := _SUPPOSED.search(flat[: found.span[0]][-200:])):
        expected = "expected an answer, not what is supposed or denied"
        got = quote(f"{said[0]}{text[slice(*found.span)]}".strip())
        return Unmatched((Violation("$", "ambiguous", expected, got, "give the answer alone"),))
    numeric = any(place_of(field).kind in ("integer", "number") for field in form.fields)
    if not isinstance(found, Matched) or not numeric:
        return found
    words = takes_back(flat, found.span[1])
    if words is None:
        return found
    got = quote(f"{text[slice(*found.span)]} ... {words}")
    expected = "expected one answer, not one that is taken back"
    return Unmatched((Violation("$", "ambiguous", expected, got, "give the final one alone"),))
