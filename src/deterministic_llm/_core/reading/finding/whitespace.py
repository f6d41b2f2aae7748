"""Characters that are never part of a payload: colours, invisible marks, odd spaces, quoted lines.

In: a text. Out: a text of the same length, so positions stay true, with those characters blanked,
and a record of each kind. Inside strings and inside words everything stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from deterministic_llm._core.attempts import Repair
from deterministic_llm._core.regexes import expression

MAX_PLACES = 20
"""Places kept in a record."""


def cleaned(text: str) -> tuple[str, tuple[Repair, ...]]:
    """*text* without terminal colours, and without odd or invisible spaces between its tokens."""
    if _ODD.search(text) is None:
        return text, ()
    places: list[int] = []
    count = 0

    def blank(match: re.Match[str]) -> str:
        nonlocal count
        odd = match["odd"]
        if odd is None:
            return match[0]
        count += 1
        if len(places) < MAX_PLACES:
            places.append(match.start())
        return " " * len(odd)

    clean = _ODD_OR_STRING.sub(blank, text)
    if not count:
        return text, ()
    before = ascii(text[places[0]])[1:-1]
    return clean, (Repair("odd space", "$", before, " ", "none", count, tuple(places)),)


def may_be_cleaned(text: str) -> bool:
    """Whether characters of *text*, from the inside of a string, are blanked outside of one."""
    if text.isascii() or _ODD.search(text) is None:
        return False
    return '"' in text or bool(cleaned(f"'{text}'")[1])


def is_blank(text: str) -> bool:
    """Whether *text* is nothing but spaces of any kind."""
    return not text.strip(_BLANK)


def unquoted(text: str, stretches: Sequence[tuple[int, int]]) -> tuple[str, tuple[Repair, ...]]:
    """*text* without the ``>`` of quoted lines in those *stretches* that begin on such a line."""
    pieces: list[str] = []
    places: list[int] = []
    copied = count = 0
    for start, end in stretches:
        if _QUOTED_START.search(text, max(0, start - 80), start) is None:
            continue
        body, lines = _QUOTED_PREFIX.subn(lambda prefix: " " * len(prefix[0]), text[start:end])
        if not lines or lines != body.count("\n"):
            continue
        pieces += text[copied:start], body
        copied, count = end, count + lines
        places.append(start)
    if not count:
        return text, ()
    pieces.append(text[copied:])
    record = Repair("quoted lines", "$", ">", "", "none", count, tuple(places[:MAX_PLACES]))
    return "".join(pieces), (record,)


_SPACES = "\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\x0b\x0c\x85"
_INVISIBLE = "\ufeff\u200b\u2060\u200e\u200f\u202a-\u202e\u2066-\u2069"
_BLANK = " \t\r\n\ufeff\u200b\u2060\u200e\u200f\u00a0"
_ODD = expression(rf"[{_SPACES}{_INVISIBLE}\x1b]")
# A stretch counts when it touches a line's edge, a space or punctuation of the notation: between
# two letters an odd space belongs to the words.
_ODD_OR_STRING = expression(
    rf"""
    "(?:[^"\\\n]++|\\.)*+"
    | (?P<odd> (?:\x1b\[[0-9;?]*+[A-Za-z])++
    | (?<![^\s{{}}\[\],:"'`<>{_INVISIBLE}])[{_SPACES}{_INVISIBLE}]++
    | [{_SPACES}{_INVISIBLE}]++(?![^\s{{}}\[\],:"'`<>\x1b]) )
    """,
    re.VERBOSE,
)
_QUOTED_START = expression(r"(?:\n|\A)[ \t]*+>[ \t>]*+[^\n]*+\Z")
_QUOTED_PREFIX = expression(r"(?<=\n)[ \t]*+>[ \t>]*")
