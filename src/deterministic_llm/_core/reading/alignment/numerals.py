"""Numbers as people write them, without a schema: text goes in, its possible values come out."""

from __future__ import annotations

import re
import unicodedata
from decimal import Decimal

from deterministic_llm._core.reading.alignment.bends import (
    NUMBER_COMMA,
    NUMBER_DIGITS,
    NUMBER_GROUPED,
    NUMBER_TEXT,
    NUMBER_WORD,
    Rule,
)
from deterministic_llm._core.records import frozen
from deterministic_llm._core.regexes import expression

LONGEST = 80
"""Characters of a text that can be more than plain digits and still be one number."""
MOST_DIGITS = 4300
"""Digits that Python turns into an integer."""

_INVISIBLE = dict.fromkeys(map(ord, "\u200b\u200c\u200d\u200e\u200f\u061c\u2060\ufeff"))
_SIGNS = str.maketrans(
    "\u2212\ufe63\uff0d\uff0b\uff0e\uff0c\uff05\u066a\ufe6a\uff0f\u2044\u2215\uff04\uff1a\uff08\uff09"
    "\u066b\u066c\uff5e",
    "---+.,%%%///$:().'~",
)
_PAIRED = expression(
    r"""(\*\*|__|\*|_|`|"|'|\u201c|\u2018|「)(?P<inner>.+?)(?:\1|\u201d|\u2019|」)""", re.DOTALL
)
_SMILEYS = expression(
    r"(?<=\w)[.!]?\s{0,3}(?:[\U0001F300-\U0001F44D\U0001F44F-\U0001F6AA\U0001F7E0-\U0001FAFF\u2705\u2714]"
    r"\ufe0f?){1,5}\s*\Z"
)
"""Pictures behind a word that say nothing against it, as a cross or a thumb down may."""
_FIGURE = expression(
    r"""(?P<sign>[+-]?)(?:
        (?P<plain>\d+)
      | (?P<exponent>(?:\d+(?:\.\d+)?|\.\d+)[eE][+-]?\d{1,4})
      | (?P<dot>\d*\.\d+|\d+\.)
      | (?P<comma>\d+,\d+)
      | (?P<grouped>[1-9]\d{0,2}(?P<mark>[,.'\u2019_\ \u00a0\u202f\u2009])\d{3}
            (?:(?P=mark)\d{3})*)
        (?P<decimals>[.,]\d+)?
    )""",
    re.VERBOSE | re.ASCII,
)
_ONE_GROUP = expression(r"[1-9]\d{0,2}[.,]\d{3}", re.ASCII)
_FULL_WIDTH_ZERO = 0xFF10
_TENS = {
    "twenty": 20,
    "thirty": 30,
    "forty": 40,
    "fifty": 50,
    "sixty": 60,
    "seventy": 70,
    "eighty": 80,
    "ninety": 90,
}
_WORDS = _TENS | {
    "zero": 0,
    "one": 1,
    "two": 2,
    "three": 3,
    "four": 4,
    "five": 5,
    "six": 6,
    "seven": 7,
    "eight": 8,
    "nine": 9,
    "ten": 10,
    "eleven": 11,
    "twelve": 12,
    "thirteen": 13,
    "fourteen": 14,
    "fifteen": 15,
    "sixteen": 16,
    "seventeen": 17,
    "eighteen": 18,
    "nineteen": 19,
}
_HUNDRED = {"hundred": 100, "a hundred": 100, "one hundred": 100}


@frozen
class Reading:
    """One *value* that a text may stand for, and the *rule* that reads it so."""

    value: Decimal
    rule: Rule


def readings(text: str, *, groups_by_comma: bool = False) -> tuple[Reading, ...]:
    """Every value that *text* may stand for as digits or as a number word; none: not a number.

    ``1,234`` has two readings, unless what stands around it *groups_by_comma*. ``1.000`` has two
    as well, because the second can only be told from the first by what is wanted.
    """
    figure = _FIGURE.fullmatch(ascii_digits(text))
    if figure is None:
        word = word_value(text)
        return () if word is None else (Reading(Decimal(word), NUMBER_WORD),)
    rule = NUMBER_TEXT if text.isascii() else NUMBER_DIGITS
    sign, body = figure["sign"], figure.group().lstrip("+-")
    if figure["comma"] is not None or figure["grouped"] is not None:
        return tuple(_separated(figure, sign, groups_by_comma=groups_by_comma))
    found = (Reading(Decimal(sign + body), rule),)
    if figure["dot"] is not None and _ONE_GROUP.fullmatch(body) and body.endswith(".000"):
        return (*found, Reading(Decimal(sign + body.replace(".", "")), NUMBER_GROUPED))
    return found


def _separated(figure: re.Match[str], sign: str, *, groups_by_comma: bool) -> list[Reading]:
    body = figure.group().lstrip("+-")
    if figure["comma"] is not None:
        decimal = Reading(Decimal(sign + body.replace(",", ".")), NUMBER_COMMA)
        if not _ONE_GROUP.fullmatch(body):
            return [decimal]
        grouped = Reading(Decimal(sign + body.replace(",", "")), NUMBER_GROUPED)
        return [grouped] if groups_by_comma else [grouped, decimal]
    mark, decimals = figure["mark"], figure["decimals"] or ""
    if decimals[:1] == mark:
        return []
    whole = figure["grouped"].replace(mark, "")
    return [Reading(Decimal(sign + whole + decimals.replace(",", ".")), NUMBER_GROUPED)]


def word_value(text: str) -> int | None:
    """The value of an English number word from zero to a hundred: ``twenty-five`` is 25."""
    words = text.casefold().replace("-", " ").split()
    joined = " ".join(words)
    if len(words) == 1 and joined in _WORDS:
        return _WORDS[joined]
    if len(words) == 2 and words[0] in _TENS and 0 < _WORDS.get(words[1], 0) < 10:
        return _WORDS[words[0]] + _WORDS[words[1]]
    return _HUNDRED.get(joined)


def bare(text: str) -> str:
    """*text* without blanks, quotes, emphasis and a full stop around it, its signs in ASCII."""
    bared = _SMILEYS.sub("", text.translate(_INVISIBLE).translate(_SIGNS)).strip()
    while (paired := _PAIRED.fullmatch(bared)) is not None and paired["inner"] != bared:
        bared = paired["inner"].strip()
    return bared[:-1].rstrip() if bared[-1:] in (".", ";", ",") and len(bared) > 1 else bared


def ascii_digits(text: str) -> str:
    """*text* with the digits of any one script as ASCII; unchanged when scripts are mixed."""
    if text.isascii():
        return text
    if len({_zero(character) for character in text if character.isdecimal()}) > 1:
        return text
    return "".join(
        str(unicodedata.decimal(character)) if character.isdecimal() else character
        for character in text
    )


def _zero(digit: str) -> int:
    zero = ord(digit) - unicodedata.decimal(digit)
    return ord("0") if zero == _FULL_WIDTH_ZERO else zero
