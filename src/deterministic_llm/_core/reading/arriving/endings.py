"""Where a string ends that may have quotation marks of its own, told as soon as it is certain.

In goes what has come behind a mark, out comes whether that mark closes the string: the rules are
those of `syntax.strings`, without a guess at what is still to come.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

from deterministic_llm._core.reading.syntax.punctuation import (
    BARE_KEY,
    BLANK,
    BLANKS,
    CLOSER,
    CLOSERS,
    COLON,
    COMMA,
    COMMAS,
    OPENER,
    OPENERS,
    QUOTE,
    QUOTED,
    QUOTES,
)
from deterministic_llm._core.reading.syntax.strings import Role
from deterministic_llm._core.regexes import expression, partial_expression

Verdict: TypeAlias = Literal["closes", "is inner", "may be either", "is unclear"]
"""What a mark does; it *may be either* as long as more text can tell, else it is *unclear*."""


def first_mark(text: str, role: Role, *, gap: str) -> Verdict:
    """What the first mark of a string does, behind which no comma or closer of JSON stands.

    It is followed by the blanks of *gap* and by *text*.
    """
    char, spaced = text[0], bool(gap)
    if char in _DOUBTFUL or (char in QUOTES and not spaced):
        return "is unclear"
    if role == "item":
        parted = "\n" in gap or char == ":" or (spaced and char in _ITEM_BEGINS)
        return "is unclear" if parted else "is inner"
    if not spaced:
        return "is inner"
    return _member_begins(text)


def _member_begins(text: str) -> Verdict:
    """Whether *text* begins with the key of another member, so that a comma is missing."""
    key = _QUOTED_KEY.match(text, partial=True)
    if key is not None:
        return "may be either" if key.partial else "closes"
    bare = _BARE_MEMBER.match(text, partial=True)
    if bare is not None:
        return "may be either" if bare.partial else "is unclear"
    return "is unclear" if text[0] in QUOTES else "is inner"


def later_mark(text: str, role: Role) -> Verdict:
    """What a mark does that stands behind inner ones; *text* follows it."""
    gap = _GAP.match(text)
    begin = 0 if gap is None else gap.end()
    if begin == len(text):
        return "may be either"
    if text[begin] in _COMMENTS:
        return "is unclear"
    found = _LATER[role].match(text, begin, partial=True)
    if found is None:
        return "is inner"
    return "may be either" if found.partial else "closes"


_COMMENTS = frozenset("/#<\\")
_DOUBTFUL = _COMMENTS | frozenset(COMMAS) | CLOSERS.keys() | {"+", "\\"}
_ITEM_BEGINS = frozenset(OPENERS) | QUOTES.keys() | frozenset("-0123456789")
_GAP = expression(rf"{BLANK}*+")
_QUOTED_KEY = partial_expression(rf'"[^"\\\n]*+"{BLANK}*+:')
_BARE_MEMBER = partial_expression(rf"{BARE_KEY}{BLANKS}{COLON}")
_CLOSERS_TO_THE_END = rf"{CLOSER}(?:{CLOSER}|{BLANK}|\\[nrt])*+(?:{COMMA}|[^\n{QUOTE[1:]}*+\n)"
_LATER = {
    "member": partial_expression(
        rf"{_CLOSERS_TO_THE_END}|{COMMA}{BLANKS}(?:(?:{QUOTED}|{BARE_KEY}){BLANKS}{COLON}|{CLOSER})"
    ),
    "item": partial_expression(
        rf"{_CLOSERS_TO_THE_END}|{COMMA}{BLANKS}(?:{QUOTE}|{OPENER}|[-+.\d]|{CLOSER}"
        r"|(?:[Tt]rue|[Ff]alse|null|None)\W)"
    ),
}
