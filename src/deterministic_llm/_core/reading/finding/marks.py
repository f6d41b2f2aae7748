"""What a candidate is called by the words around it, and which candidates are to be judged.

In: a text and the place of a candidate. Out: a mark (draft, example, quotation, corrected, final,
schema echo, metadata), or none. A label is taken for one only when *all* its words belong to the
vocabulary of labels, so ordinary wording ("the essay you sent", "in the requested format") marks
nothing. Words count when they stand right before (same line, or the line above) or right after.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from deterministic_llm._core.reading.finding.afterwords import BEHIND, GOES_ON
from deterministic_llm._core.reading.finding.candidates import Candidate, Mark
from deterministic_llm._core.reading.finding.labels import LABELS, VOCABULARY
from deterministic_llm._core.reading.finding.phrasebook import (
    EXAMPLE_ENDS,
    FINAL_CALL,
    FOR_EXAMPLE,
    PHRASES,
    Marking,
)
from deterministic_llm._core.regexes import expression

REACH = 160
"""Characters before and after a candidate that are looked at."""
NEVER_ANSWERS = frozenset({"draft", "example", "quotation"})
"""Marks of what is no answer, also when nothing else is there."""
PART: Mark = "part"
"""The mark of what is not all of an answer: alone it is none, and beside another it contradicts."""


def choose(candidates: Sequence[Candidate]) -> tuple[Candidate, ...]:
    """The candidates to be judged; the order of two unmarked ones never decides.

    Drafts, examples and quotations are never answers, also when nothing else is there: a draft
    followed by nothing was not settled, an example shows a form. An echoed schema and metadata
    step back behind anything else, but alone they may be what was asked for. A final or corrected
    candidate replaces what stands before it; what follows unmarked still competes with it, and so
    does a second one with the same label. The whole text counts only when it holds no bracket,
    fence or tag.
    """
    parts = [candidate for candidate in candidates if candidate.kind != "whole"]
    if not parts:
        return tuple(candidates)
    answers = [candidate for candidate in parts if candidate.mark not in NEVER_ANSWERS]
    if all(candidate.mark == PART for candidate in answers):
        return ()
    firm = [candidate for candidate in answers if candidate.mark not in _STEPS_BACK] or answers
    settled = [candidate for candidate in firm if candidate.mark not in _OPEN]
    if not settled or settled[-1].mark in _STEPS_BACK:
        return tuple(firm)
    deciding = settled[-1].mark
    first = next(candidate for candidate in settled if candidate.mark == deciding)
    return tuple(
        candidate
        for candidate in firm
        if candidate.mark == deciding or (candidate.mark in _OPEN and candidate.end > first.end)
    )


def marking(text: str, start: int, end: int, *, floor: int, ceiling: int) -> Marking | None:
    """The mark of the candidate in [*start*, *end*), from its own keys and the words around it.

    *floor* is where the candidate before it ends and *ceiling* where the next one begins: a label
    is never looked for beyond its neighbours.
    """
    begin = max(floor, start - REACH)
    before, behind = text[begin:start], text[end : min(end + REACH, ceiling)]
    named = _said_around(before, behind, clipped=begin > floor)
    placed = None if named is not None and not named.weak else _from_place(text, start, end, floor)
    if named is not None and placed is not None and named.mark == placed.mark == "quotation":
        return Marking("quotation", "quoted from another")  # two weak signs of the same
    return named or placed or from_keys(text, start)


def mark_ahead(text: str, start: int, *, floor: int) -> Mark | None:
    """What the words before *start*, from *floor* on, call that which begins there.

    The words that follow it may call it something else, and are not looked at.
    """
    begin = max(floor, start - REACH)
    named = _said_around(text[begin:start], "", clipped=begin > floor)
    if named is not None:
        return named.mark
    if text.startswith("~~", start - 2) or in_comment(text, start):
        return "draft"
    return "quotation" if on_quoted_line(text, start) else None


def is_set_aside(before: str, behind: str) -> bool:
    """Whether the only candidate, between *before* and *behind*, is no answer for what they say."""
    near, after = before[-REACH:], behind[:REACH]
    named = _said_around(near, after, clipped=len(before) > REACH)
    if named is not None and named.mark == "quotation" and _QUOTING.search(near):
        return True
    if named is not None:
        return not named.weak and named.mark != "final"
    return _in_a_draft(near + after, len(near), len(near)) is not None


@lru_cache(maxsize=4096)  # models lead up to their answers in few words, the same ones every time
def _said_around(before: str, behind: str, *, clipped: bool) -> Marking | None:
    """What the words right after and right before a candidate call it."""
    if _ASKED.match(behind):
        return Marking("draft", "asked, not said")
    if GOES_ON.match(behind):
        return Marking(PART, "not all of it")
    after = _unwrapped(behind)
    for rule, pattern, mark in BEHIND:
        if pattern.match(after):
            return Marking(mark, rule)
    if FINAL_CALL.search(before, max(0, len(before) - 40)):
        return Marking("final", "final call")
    line = _last_line(before, clipped=clipped)
    return _from_words(line) if line else None


def takes_back(text: str) -> bool:
    """Whether a line of *text* takes back what stands before it."""
    return any(BEHIND[0][1].match(line.lstrip(" *_>-").lower()) for line in text.split("\n"))


def from_keys(text: str, start: int) -> Marking | None:
    """An object that describes a schema, or the request rather than the answer."""
    if _METADATA.match(text, start):
        return Marking("metadata", "metadata keys", weak=True)
    if _SCHEMA.match(text, start, start + 400):
        return Marking("schema_echo", "schema keys", weak=True)
    return None


def _from_words(line: str) -> Marking | None:
    """The mark that the line before a candidate gives it."""
    words = _WORD.findall(line)
    foreign = not line.isascii()
    if (foreign or not EXAMPLE_ENDS.isdisjoint(words[-1:])) and FOR_EXAMPLE.search(line):
        return Marking("example", "for example")
    if not _FORMS.isdisjoint(words):
        line = _IN_FORMAT.sub(" ", line)
    clause = _CLAUSE_END.split(line)[-1]
    words = _WORD.findall(clause)
    for found, needed, pattern in PHRASES:
        if (foreign or not needed.isdisjoint(words)) and pattern.search(clause):
            return found
    if not 0 < len(words) <= 12 or _BRACKETS.search(clause) or not VOCABULARY.issuperset(words):
        return None
    # "My review of the draft" is no draft, "an example of the format" is an example.
    head = frozenset(_WORD.findall(_PREPOSITION.split(clause, 1)[0])) or frozenset(words)
    return next((found for keys, found in LABELS if head & keys), None)


def on_quoted_line(text: str, start: int) -> bool:
    """Whether the line of *start* begins with ``>``."""
    begin = max(0, start - 80)
    quoted = text.find(">", begin, start) >= 0
    return quoted and _QUOTED_LINE.search(text, begin, start) is not None


def in_comment(text: str, start: int) -> bool:
    """Whether a comment begins right before *start*; before words, ``#`` is that of a heading."""
    begin = max(0, start - 12)
    signs = _COMMENT_SIGNS[: -1 if text[start : start + 1].isalpha() else None]
    signed = text[begin:start].rstrip(" \t").endswith(signs)
    return signed and _COMMENT_OPENS.search(text, begin, start) is not None


def _from_place(text: str, start: int, end: int, floor: int) -> Marking | None:
    """Quoted lines, and brackets that stand in quotation marks within a sentence."""
    if on_quoted_line(text, start):
        return Marking("quotation", "quoted line", weak=True)
    if (drafted := _in_a_draft(text, start, end)) is not None:
        return drafted
    opening = _OPENING_QUOTE.get(text[end : end + 1])
    if opening is None or _ESCAPED.match(text, start, end):
        return None  # the marks around an escaped document are those of a string
    before = text[max(floor, start - REACH) : start]
    before = before[before.rfind("\n") + 1 :]
    quotes = before.count(opening), before.count(text[end])
    unbalanced = quotes[0] % 2 if opening == text[end] else quotes[0] > quotes[1]
    return Marking("quotation", "in quotation marks", weak=True) if unbalanced else None


def _in_a_draft(text: str, start: int, end: int) -> Marking | None:
    """The mark of brackets that stand in a comment, or that are struck out."""
    if in_comment(text, start):
        return Marking("draft", "in a comment")
    if text[start - 2 : start] == "~~" == text[end : end + 2]:
        return Marking("draft", "struck out")
    return None


def _last_line(before: str, *, clipped: bool) -> str:
    """The line that leads to a candidate, lower-cased, without fences, tags and emphasis."""
    window = before.rstrip(_EDGES)
    for _ in range(3):
        last = window[-1:]
        pattern = _LABELLED if last.isalnum() else _WRAPPINGS.get(last)
        line_start = max(window.rfind("\n") + 1, len(window) - 110)
        wrapping = None if pattern is None else pattern.search(window, line_start)
        if wrapping is None:
            break
        window = window[: wrapping.start()].rstrip()
    line = window[window.rfind("\n") + 1 :]
    # The mark keeps the middle of a long line from being taken for its beginning.
    cut = "¶" if clipped and len(line) == len(window) else ""
    return cut + _EMPHASIS.sub("", line).strip(_EDGES).lower()


def _unwrapped(behind: str) -> str:
    """The words behind a candidate, lower-cased, without closers of fences and tags."""
    return _EMPHASIS.sub("", _CLOSING.sub("", behind)).lstrip(_EDGES + "-–—,;:.(").lower()


_EDGES = " \t\r\n\x0b\x0c\u00a0\u3000\u2060\u200b\u200c\u200d\ufeff"
_OPEN = frozenset({None, PART})
_STEPS_BACK = frozenset({"schema_echo", "metadata"})
_OPENING_QUOTE = {'"': '"', "”": "“", "’": "‘", "»": "«", "」": "「", "“": "„"}
_QUOTED_LINE = expression(r"(?:\n|\A)[ \t]*+>[ \t>]*+(?:[`~]{3,}\w*+\s*+>?[ \t>]*+)?\Z")
_LABELLED = expression(r"(?:[`~]{3,}[\w+.-]{0,30}|\bjson)\Z")
_TICKS = expression(r"(?:[`~]{3,}|[`~])\Z")
_TAGGED = expression(r"(?:<[/\w:|=-]{1,40}(?: [^<>\n]{0,60})?)?>\Z")
_QUOTING = expression(r"[\"'“„«「]\Z")
_WRAPPINGS = {
    "`": _TICKS,
    "~": _TICKS,
    ">": _TAGGED,
    "]": expression(r"\[/?[A-Z_]{2,20}\]\Z"),
    "=": expression(r"(?:\b(?:const|let|var)\s)?\b[A-Za-z_][\w.]{0,40}\s?=\Z"),
    "(": expression(r"(?:\b[A-Za-z_][\w.]{0,40})?\(\Z"),
} | dict.fromkeys("\"'“„«「", _QUOTING)
_CLOSING = expression(r"\A(?:[\s\u2060\u200b-\u200d\ufeff)\"'`;>”»」]|~{3,}|</?[\w:|=-]{1,40}>)+")
_EMPHASIS = expression(r"[*_`#>~|•→]+|(?:^|(?<=\n))\s*(?:-|\d{1,2}[.)])\s")
_CLAUSE_END = expression(r"(?<=[.!?;])\s+(?=\S)|[。！？；]+(?=\S)")
_WORD = expression(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
_PREPOSITION = expression(r"\b(?:of|for|from|about|on|with|by|in|to)\b")
_ASKED = expression(r"[ \t`\"'”)*]*+[?？]")
_ESCAPED = expression(r"[\[{](?:[\s\[{]|\\[nrt])*+\\\"")
_COMMENT_SIGNS = ("<!--", "/*", "//", "#")
_COMMENT_OPENS = expression(r"(?:<!--|/\*|(?<!:)//|(?:\n|\A)[ \t]*+#)[ \t]*+\Z")
_BRACKETS = expression(r"[{}\[\]|]")
_FORMS = frozenset({"format", "schema", "structure", "shape", "template"})
_IN_FORMAT = expression(
    r"\b(?:in|using|with|per|following|matching|to)\s(?:the |this |that |your |a |an )?(?:\w+"
    r" ){0,3}"
    r"(?:format|schema|structure|shape|template)\b"
)

_METADATA = expression(
    r'\{\s*"(?:(?:token_?)?usage|(?:prompt|completion|total|input|output|cached|reasoning)_?tokens'
    r"|finish_reason|stop_reason|latency(?:_ms|_s)?|elapsed(?:_ms|_s)?|request_id|created"
    r'|model"\s*:\s*"[^"\n]{0,80}"\s*,\s*"(?:tokens|usage|(?:prompt|completion|total|input|output)_?tokens'
    r'|finish_reason|latency\w{0,4}|created|temperature|id))"\s*:',
    re.IGNORECASE,
)
_SCHEMA = expression(
    r'\{\s*(?:"(?:\$schema|\$defs|definitions)"\s*:'
    r'|(?:"(?:title|description|additionalProperties|\$id)"\s*:\s*(?:"[^"]{0,200}"|true|false)\s*,\s*){0,4}'
    r'(?:"type"\s*:\s*"object"[^{}]{0,200}"(?:properties|required)"\s*:|"properties"\s*:))'
)
