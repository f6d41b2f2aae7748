"""Quoted strings of every make: where one ends, also around quotation marks of its own."""

from __future__ import annotations

from re import Pattern
from typing import Literal, TypeAlias

from deterministic_llm._core.reading.syntax.documents import ReadingError
from deterministic_llm._core.reading.syntax.edits import Edits
from deterministic_llm._core.reading.syntax.escapes import unescape
from deterministic_llm._core.reading.syntax.punctuation import (
    BARE_KEY,
    BLANK,
    BLANKS,
    CLOSER,
    COLON,
    COMMA,
    COMMENTS,
    GAP,
    KEY_AHEAD,
    MARK,
    OPENER,
    QUOTE,
    QUOTED,
    QUOTES,
    Quote,
)
from deterministic_llm._core.records import frozen
from deterministic_llm._core.regexes import expression

Role: TypeAlias = Literal["root", "key", "member", "item"]
"""Where a string stands: alone, before a colon, after one, or in a list."""


@frozen
class Quoted:
    """A string that was read, and the index behind it."""

    value: str
    end: int


def read_string(text: str, at: int, end: int, *, role: Role, edits: Edits) -> Quoted | None:
    """The string that opens at *at*, or None if the text ends before it does.

    A mark closes it if what follows fits its *role*. Marks inside must come in pairs, or stand
    for inches or apostrophes, and must leave one reading only; otherwise it is refused.
    """
    if match := _TRIPLE.match(text, at, end):
        return _read_triple(text, match.end(), end, mark=match[0], edits=edits)
    quote = QUOTES[text[at]]
    body = quote.body.match(text, at + 1, end)
    closing = body.end() if body else end
    if closing >= end or text[closing] == "\\":
        _refuse_closers_inside(text, at, end)
        return None
    first, closing = closing, _closing(text, at, closing, end, quote=quote, role=role)
    if closing != first:
        edits.add("inner quotes", at)
    if quote.rule is not None:
        edits.add(quote.rule, at)
    raw = text[at + 1 : closing]
    if text[at] == "`" and "${" in raw:
        raise ReadingError("placeholder", "expected a text without a variable in it", at)
    return Quoted(unescape(raw, at + 1, mark=text[at], role=role, edits=edits), closing + 1)


_TRIPLE = expression(r"\"{3}|'{3}")
_REST_OF_LINE = rf"(?=[ \t]*+(?:\n|\Z|{CLOSER}|/[/*]|#))"
_FIRST: dict[Role, Pattern[str]] = {
    "root": expression(_REST_OF_LINE),
    "key": expression(rf"{BLANKS}{COMMENTS}(?:{COLON}|\Z)"),
    "member": expression(
        rf"{BLANKS}{COMMENTS}(?:{COMMA}|{CLOSER}|\+{GAP}{QUOTE}|\Z|{QUOTED}{BLANKS}{COLON}"
        rf"|(?<=\s|/){BARE_KEY}{BLANKS}{COLON})|[ \t]*+\n\s*+{QUOTE}"
    ),
    "item": expression(
        rf"{BLANKS}{COMMENTS}(?:{COMMA}|{CLOSER}|\+{GAP}{QUOTE}|\Z|{COLON}"
        rf"|(?<=\s|/)(?:{QUOTE}|{OPENER}|[-\d]))|[ \t]*+\n"
    ),
}
_CLOSERS_TO_THE_END = (
    rf"{CLOSER}(?:{CLOSER}|{BLANK}|\\[nrt])*+(?:\Z|{COMMA}|(?![^\n{QUOTE[1:]}*+{QUOTE}))"
)
_LATER: dict[Role, Pattern[str]] = {
    "root": expression(_REST_OF_LINE),
    "member": expression(
        rf"{GAP}(?:{_CLOSERS_TO_THE_END}|{COMMA}{GAP}(?:{KEY_AHEAD}|{CLOSER}|\Z))"
    ),
    "item": expression(
        rf"{GAP}(?:{_CLOSERS_TO_THE_END}|{COMMA}{GAP}(?:{QUOTE}|{OPENER}|[-+.\d]|{CLOSER}|\Z"
        r"|(?:[Tt]rue|[Ff]alse|null|None)\b))"
    ),
}
_CLOSERS_AT_LINE_END = expression(rf"{CLOSER}[^\S\n]*+(?:\n|\Z)")
_MARK = expression(MARK)
_COLON_NEXT = expression(rf"{GAP}{COLON}")
_COMMA_NEXT = expression(rf"{GAP}{COMMA}")
_NOT_OPENING = frozenset(",.;:!?)]}\uff0c\u3002\uff1b\uff1a\uff01\uff1f")
_APOSTROPHES = frozenset("'\u2018\u2019")


def _read_triple(text: str, at: int, end: int, *, mark: str, edits: Edits) -> Quoted:
    closing = text.find(mark, at, end)
    if closing < 0 or text.startswith(mark[0], closing + 3):
        raise _doubt(at - 3)
    edits.add("triple quotes", at - 3)
    raw = text[at:closing]
    return Quoted(unescape(raw, at, mark=mark[0], role="member", edits=edits), closing + 3)


def _refuse_closers_inside(text: str, at: int, end: int) -> None:
    """A string that swallows the end of its document lacks its mark; it was not cut off."""
    if _CLOSERS_AT_LINE_END.search(text, at, end):
        raise ReadingError(
            "syntax", "expected a closing quotation mark for the string that opens", at
        )


def _closing(text: str, at: int, first: int, end: int, *, quote: Quote, role: Role) -> int:
    """Index of the mark that closes the string at *at*; *first* is the first that could.

    A comment behind *first* that holds such marks may also be the rest of the string. Then marks
    that are not paired in it close the string, and paired ones must not be able to.
    """
    fit = _FIRST[role].match(text, first + 1, end)
    comments = "" if fit is None or role == "root" else fit["comments"] or ""
    marks = sum(mark == text[at] or mark in quote.closers for mark in _MARK.findall(comments))
    if fit is None or marks % 2:
        return _around_inner_marks(text, at, end, quote=quote, role=role)
    if marks and _later_closing(text, at, fit.end("comments") + 400, end, quote, role) > first:
        raise _doubt(at)
    return first


def _later_closing(text: str, at: int, reach: int, end: int, quote: Quote, role: Role) -> int:
    """Where the string at *at* would close if its first mark were an inner one; -1 if nowhere."""
    try:
        return _around_inner_marks(text, at, min(reach, end), quote=quote, role=role)
    except ReadingError:
        return -1


def _around_inner_marks(text: str, at: int, end: int, *, quote: Quote, role: Role) -> int:
    """Index of the mark that closes the string at *at*, if its inner marks leave no doubt."""
    if (later := _LATER.get(role)) is None:
        raise ReadingError("syntax", "expected a colon after the key that opens", at)
    inner = _InnerMarks(text, at, end)
    for match in quote.marks.finditer(text, at + 1, end):
        place = match.start()
        if text[place] == "\\":
            continue
        if text[place] not in quote.closers or not later.match(text, place + 1, end):
            inner.add(place)
        elif inner.settled(place, role=role):
            return place
        else:
            break
    raise _doubt(at)


def _doubt(at: int) -> ReadingError:
    return ReadingError(
        "ambiguous",
        "expected one reading of the quotation marks in the string that opens",
        at,
        fix="escape the quotation marks inside the string",
    )


class _InnerMarks:
    """The unescaped marks inside one string, as far as they were read."""

    __slots__ = ("_after_comma", "_end", "_first", "_last", "_odd", "_open", "_opening", "_text")

    def __init__(self, text: str, opening: int, end: int) -> None:
        self._text, self._opening, self._end = text, opening, end
        self._first = self._last = opening
        self._open = self._odd = self._after_comma = False

    def add(self, place: int) -> None:
        """Take the mark at *place* as an inner one, or refuse a string that it makes doubtful."""
        before, after = self._text[place - 1], self._text[place + 1 : min(place + 2, self._end)]
        if self._text[place] in _APOSTROPHES and before.isalnum() and after.isalnum():
            return
        if self._open:
            self._close(place, before)
        elif after and not after.isspace() and after not in _NOT_OPENING | {self._text[place]}:
            self._open = True
            gap = self._text[self._last + 1 : place].rstrip()
            self._after_comma = gap.endswith((",", "\uff0c"))
        elif self._stands_alone(place, before, after):
            self._odd = True
        else:
            raise _doubt(self._opening)
        if self._first == self._opening:
            self._first = place
        self._last = place

    def settled(self, place: int, *, role: Role) -> bool:
        """Whether the string can only end at *place*."""
        wrapped = self._first == self._opening + 1 and self._last == place - 1
        listed = role == "item" and _COMMA_NEXT.match(self._text, place + 1, self._end)
        return not (self._open or wrapped or (self._odd and listed))

    def _close(self, place: int, before: str) -> None:
        like_a_key = self._after_comma and _COLON_NEXT.match(self._text, place + 1, self._end)
        if before.isspace() or like_a_key:
            raise _doubt(self._opening)
        self._open = False

    def _stands_alone(self, place: int, before: str, after: str) -> bool:
        """An inch mark after a digit, or the apostrophe of a plural."""
        letters = str.isalnum if self._text[place] in _APOSTROPHES else str.isdigit
        return letters(before) and after.isspace()
