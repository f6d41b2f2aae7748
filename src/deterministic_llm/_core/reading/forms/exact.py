"""A text that is a form letter by letter: the only one that a strict reading takes."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from copy import deepcopy
from functools import lru_cache
from itertools import islice, pairwise

import regex

from deterministic_llm._core.attempts import Violation
from deterministic_llm._core.exchange import JsonObject, JsonValue
from deterministic_llm._core.reading.forms.captures import (
    Capture,
    Place,
    is_kept,
    place_of,
    read_text,
)
from deterministic_llm._core.reading.forms.claims import Matched, Unmatched
from deterministic_llm._core.reading.forms.layouts import layout_of
from deterministic_llm._core.reading.forms.records import claims_in
from deterministic_llm._core.reading.forms.surroundings import is_prefaced, sums_up
from deterministic_llm._core.reading.forms.texts import without_remark
from deterministic_llm._core.regexes import expression
from deterministic_llm._core.schema.forms import (
    ChoiceForm,
    Field,
    PatternForm,
    TemplateForm,
    TextForm,
)
from deterministic_llm._core.schema.phrasing import (
    constants,
    instruction,
    is_open_ended,
    regex_of,
    resolved,
    written,
)
from deterministic_llm._core.schema.wording import quote

TIME_LIMIT = 1.0
"""Seconds that a user's pattern may take on one text; the lint has refused what explodes."""


def match_exactly(form: TextForm, text: str) -> Matched | Unmatched:
    """The values of *text*, which is *form* as it is written out, but for blanks around it."""
    start = len(text) - len(text.lstrip())
    body = text.strip()
    try:
        payload = _payload(form, body)
    except TimeoutError:
        return timed_out(body)
    if payload is not None:
        return Matched(payload, (start, start + len(body)))
    return _not_exact(form, body)


def timed_out(text: str) -> Unmatched:
    """The outcome that says nothing about *text*: the time that a pattern takes depends on load."""
    expected = f"expected a text that the pattern matches within {TIME_LIMIT:g} s"
    fix = "try again: the time limit was hit, which depends on the load of the machine"
    return Unmatched((Violation("$", "pattern", expected, quote(text), fix),))


def exact_line(form: TemplateForm, line: str) -> JsonObject | None:
    """The values of one *line* that is the form letter by letter."""
    lazy, greedy = _expressions(form)
    found = lazy.fullmatch(line)
    if found is None:
        return None
    other = greedy.fullmatch(line)
    if other is None or other.groupdict() != found.groupdict():
        return None
    if not _is_clean(form, found):
        return None
    values: JsonObject = {}
    for field in form.fields:
        capture = _exactly(place_of(field), found[field.name])
        if capture.violations or capture.repairs:
            return None
        values[field.name] = capture.value
    return values


def field_places(form: TextForm, line: str) -> Mapping[str, tuple[int, int]]:
    """Where the fields of a template stand in a *line* that is it letter by letter."""
    nowhere: Mapping[str, tuple[int, int]] = {}
    if not isinstance(form, TemplateForm):
        return nowhere
    lazy, greedy = _expressions(form)
    found, other = lazy.fullmatch(line), greedy.fullmatch(line)
    if found is None or other is None or found.groupdict() != other.groupdict():
        return nowhere
    return {field.name: found.span(field.name) for field in form.fields}


def _is_clean(form: TemplateForm, found: re.Match[str]) -> bool:
    """Whether no text holds what could be a part of the form, or of a preface, itself."""
    first = form.pieces[0]
    opening = found[first.name] if isinstance(first, Field) and first.is_free_text else ""
    if len(form.pieces) > 1 and (is_prefaced(opening) or _MARKER.match(opening)):
        return False
    for piece, following in pairwise(form.pieces):
        if isinstance(piece, Field) and piece.is_free_text and isinstance(following, str):
            literal = following.strip()
            if literal and literal in found[piece.name]:
                return False
    return True


def _payload(form: TextForm, body: str) -> JsonValue:
    match form:
        case ChoiceForm(options):
            return body if body in options else None
        case PatternForm(source, _, _):
            return _of_pattern(form, regex.compile(source), body)
        case TemplateForm(many=True):
            lines = body.split("\n")
            rows = [None if sums_up(line) else exact_line(form, line) for line in lines]
            found: list[JsonValue] = [row for row in rows if row is not None]
            return found if len(found) == len(rows) else None
        case TemplateForm():
            return _of_template(form, body)


def _of_template(form: TemplateForm, body: str) -> JsonObject | None:
    values = exact_line(form, body)
    if values is None or not is_open_ended(form, form.fields[-1]):
        return values
    if len(form.pieces) == 1:
        return values
    # Text that runs to the end could hold another record, and so another answer.
    last = str(values[form.fields[-1].name])
    claims = list(islice(claims_in(body, layout_of(form)), 2))
    several = len(claims) != 1 or claims[0].violations or claims[0].payload != values
    return None if several or without_remark(last, 0)[0] != last else values


def _of_pattern(form: PatternForm, pattern: regex.Pattern[str], body: str) -> JsonObject | None:
    found = pattern.fullmatch(body, timeout=TIME_LIMIT)
    if found is None:
        return None
    values: JsonObject = {}
    for field in form.fields:
        raw = found[field.name]
        if raw is None:
            continue
        place = place_of(field)
        capture = place.read(raw) if place.kind == "string" else _exact_value(place, raw)
        if capture.violations or capture.repairs:
            return None
        values[field.name] = capture.value
    return values


def _exactly(place: Place, raw: str) -> Capture:
    if place.field.is_free_text:
        found = read_text(place, raw, at=0)
        is_bare = found.value == raw and not _HALF_EMPHASISED.search(raw)
        return found if is_bare else place.refuse("syntax", raw)
    return _exact_value(place, raw)


def _exact_value(place: Place, raw: str) -> Capture:
    return (_read_before if is_kept(place, raw) else _read)(place, raw)


def _read(place: Place, raw: str) -> Capture:
    options = {written(option): option for option in constants(resolved(place.field))}
    if raw in options:
        return place.read(deepcopy(options[raw]))  # the schema's own
    if place.kind == "string":
        return place.read(raw)
    try:
        return place.read(json.loads(raw))
    except (ValueError, RecursionError):
        return place.refuse("type", raw)


_read_before = lru_cache(maxsize=4096)(_read)


def _not_exact(form: TextForm, body: str) -> Unmatched:
    expected = "expected the exact form and nothing else"
    return Unmatched((Violation("$", "syntax", expected, quote(body), instruction(form)),))


_HALF_EMPHASISED = expression(r"\A(?:[*`]|__|~~)|(?:[*`]|__|~~)\Z")
_MARKER = expression(r"(?:[-*+•]|\d{1,6}[.)])\s")


@lru_cache(maxsize=256)
def _expressions(form: TemplateForm) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """The canonical line with texts as short and as long as they can be: equal means unique."""
    single = TemplateForm(form.text, form.pieces)
    lazy = regex_of(single)
    return re.compile(lazy), re.compile(lazy.replace(r"[^\n]+?", r"[^\n]+"))
