"""What stands between two tokens and means nothing: blanks of every kind, and comments."""

from __future__ import annotations

import re

from deterministic_llm._core.attempts import Code
from deterministic_llm._core.reading.syntax.documents import ReadingError
from deterministic_llm._core.reading.syntax.edits import Edits
from deterministic_llm._core.reading.syntax.punctuation import BLANK, CLOSERS, MARK, QUOTED
from deterministic_llm._core.regexes import expression


def skip(text: str, at: int, end: int, *, edits: Edits) -> int:
    """The index of the next token at or after *at*, or *end*.

    A comment that says "and so on" is refused, as the list or object around it is not all there.
    """
    before = text[at - 1 : at]
    while True:
        blanks = _BLANKS.match(text, at, end)
        at = blanks.end() if blanks else at
        if at >= end or text[at] not in _UNUSUAL:
            return at
        if blanks := _ODD_BLANKS.match(text, at, end):
            edits.add("escaped blank" if blanks["escaped"] else "odd blank", at)
            at = blanks.end()
        elif comment := COMMENT.match(text, at, end):
            check_comment(comment[0], at, before=before, last=comment.end() == end)
            edits.add("comment", at, shown=(comment[0][:80], ""))
            at = comment.end()
        else:
            return at


def is_plain(comment: str) -> bool:
    """Whether a comment is only that: it leaves nothing out, and hides and takes back nothing."""
    if _LETTERS_ALONE.fullmatch(comment) and _DOUBT.isdisjoint(_LETTERS.findall(comment.lower())):
        return True
    return _NOT_PLAIN.search(comment) is None


COMMENT = expression(
    r"(?://|#)[^\n]*+|/\*(?:[^*]++|\*(?!/))*+(?:\*/|\Z)|<!--(?:[^-]++|-(?!->))*+(?:-->|\Z)"
)
_BLANKS = expression(r"[ \t\r\n]*+")
_ODD_BLANKS = expression(rf"(?P<escaped>\\[nrt])|{BLANK}++")
_UNUSUAL = frozenset(
    "/#<\\\x0b\x0c\x1c\x1d\x1e\x1f\x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008"
    "\u2009\u200a\u200b\u200c\u200d\u2028\u2029\u202f\u205f\u2060\u3000\ufeff"
)
"""What a comment or an escape begins with, and what BLANK is besides JSON's own blanks."""
_AND_SO_ON = (
    r"\A\W*(?:\.{3}|\u2026)|(?:\.{3}|\u2026)\W*\Z"
    r"|\b(?:omitted|truncated|abbreviated|and so on|etc|rest of|remaining|(?:and|add) more"
    r"|(?:other|more|additional|further|similar) (?:items|entries|members|objects|records|rows"
    r"|people|persons|elements|fields|values)|repeat (?:for|this|the same|as|with)"
    r"|continue (?:for|with|this|as|in)|(?:same|similar(?:ly)?) for)\b"
)
_STAND_IN = (
    r"\b(?:placeholder|dummy|made[ -]up|(?:example|sample) (?:value|data|score|text|only)"
    r"|(?:fill (?:this )?in|replace (?:this|me|it|with|by))|to be (?:filled|replaced|determined)"
    r"|tbd|todo|fixme)\b"
)
_OTHER_VALUE = (
    r"\A\W*(?:(?:or|actually|rather|better|no,|make that|maybe|perhaps|possibly|probably|closer to"
    r"|(?:could|might|may) (?:also |well )?be)\b\W*){1,3}\d|\A\W*\d[\d.,]*+\s*\?"
    r"|\bshould (?:\w+ )?(?:be|have been|read)\b\W*\d"
)
_MEMBER = (
    rf",{BLANK}*+(?:(?:{QUOTED}|[\w$]++)\s*+:|(?:{QUOTED}|[-+.\d]++){BLANK}*+[,\]}}]?{BLANK}*+\Z)"
)
_NOT_PLAIN = expression(rf"{_AND_SO_ON}|{_STAND_IN}|{_OTHER_VALUE}|{_MEMBER}|{MARK}", re.IGNORECASE)
_LETTERS_ALONE = expression(r"[A-Za-z \t/*#-]*+")
_LETTERS = expression("[a-z]+")
_DOUBT = frozenset(
    {"omitted", "truncated", "abbreviated", "so", "etc", "items", "rest", "remaining"}
    | {"more", "other", "additional", "further", "similar", "similarly", "same"}
    | {"repeat", "continue"}
    | {"placeholder", "dummy", "made", "example", "sample", "tbd", "todo", "fixme"}
    | {"fill", "replace", "filled", "replaced", "determined"}
)
"""Words without one of which a comment of letters alone says nothing of the above."""
_REFUSED: tuple[tuple[Code, str, re.Pattern[str]], ...] = (
    (
        "ellipsis",
        "expected every item, not a comment in place of some",
        expression(_AND_SO_ON, re.IGNORECASE),
    ),
    (
        "placeholder",
        "expected a value, not one that its comment calls a stand-in",
        expression(_STAND_IN, re.IGNORECASE),
    ),
    (
        "ambiguous",
        "expected a comment that names no other value",
        expression(_OTHER_VALUE, re.IGNORECASE),
    ),
)
_MEMBER_AFTER_COMMA = expression(_MEMBER)
_BEFORE_MEMBERS = frozenset(",{[(;\uff0c\uff5b\uff3b\uff08")


def check_comment(comment: str, at: int, *, before: str, last: bool) -> None:
    """Refuse a comment that leaves out, replaces or may hold a part of the value around it.

    A member behind a comma may be commented out, but not behind a value that still wants its comma.
    """
    for code, expected, pattern in _REFUSED:
        if pattern.search(comment):
            raise ReadingError(code, expected, at)
    block = comment.endswith(("*/", "-->"))
    if not block and before not in _BEFORE_MEMBERS and _MEMBER_AFTER_COMMA.search(comment):
        raise ReadingError("ambiguous", "expected a comment without a member in it", at)
    if last and not block and any(char in CLOSERS for char in comment):
        raise ReadingError("ambiguous", "expected an end of the comment", at)
