"""Values without quotation marks: numbers in many spellings, literals, plain words."""

from __future__ import annotations

import math
import re

from deterministic_llm._core.reading.syntax.documents import MAX_DIGITS, ReadingError
from deterministic_llm._core.reading.syntax.edits import Edits
from deterministic_llm._core.reading.syntax.punctuation import COMMAS, QUOTES
from deterministic_llm._core.records import frozen
from deterministic_llm._core.regexes import expression

LITERALS: dict[str, bool | None] = {
    "true": True,
    "false": False,
    "null": None,
    "True": True,
    "False": False,
    "None": None,
    "TRUE": True,
    "FALSE": False,
    "NULL": None,
    "Null": None,
    "undefined": None,
}
"""The words that stand for a value; JSON's own three come first."""


@frozen
class Word:
    """An unquoted value, and the index behind it."""

    value: bool | float | str | None
    end: int


def read_word(text: str, at: int, end: int, *, in_parentheses: bool, edits: Edits) -> Word | None:
    """The unquoted value at *at*, or None if it may go on behind the end of the text.

    It runs to a comma, a bracket, a quotation mark, a comment or the end of the line.
    """
    word = spelled(text, at, end, in_parentheses=in_parentheses)
    stop = at + len(word)
    if _CUT.match(text, stop, end):
        return None
    if _GROUP.fullmatch(word) and _GROUPED.match(text, max(at - 2, 0), end):
        raise ReadingError("ambiguous", "expected a number without commas in it", max(at - 2, 0))
    return Word(scalar(word, at, edits=edits), stop)


def several(text: str, at: int, end: int) -> re.Match[str] | None:
    """The numbers and literals at *at* that only blanks part, if a list has nothing else there."""
    return _SEVERAL.match(text, at, end)


def spelled(text: str, at: int, end: int, *, in_parentheses: bool = False) -> str:
    """The unquoted text that starts at *at*; empty where none can start."""
    match = (_IN_PARENTHESES if in_parentheses else _WORD).match(text, at, end)
    return match[0] if match else ""


def scalar(word: str, at: int, *, edits: Edits) -> bool | float | str | None:
    """What an unquoted *word* means: a literal, a number, or the text itself."""
    if word in LITERALS:
        if word not in _JSON_LITERALS:
            edits.add("other literal", at, shown=(word, LITERALS[word]))
        return LITERALS[word]
    if _NUMBER.fullmatch(word):
        return _number(word, at)
    if _NOT_FINITE.fullmatch(word):
        raise ReadingError(
            "not_finite", "expected a finite number", at, fix="use null if it is unknown"
        )
    if _ODD_NUMBER.fullmatch(word):
        number = _number(word.replace("_", ""), at)
        edits.add("number spelling", at, shown=(word, number))
        return number
    _refuse_what_is_no_text(word, at)
    edits.add("unquoted string", at, shown=(word, word))
    return word


_JSON_LITERALS = frozenset(("true", "false", "null"))
_QUOTES_THAT_STOP = "".join(QUOTES).replace("'", "").replace("\u2019", "")
_STOPS = re.escape(COMMAS + "{}[]\uff5b\uff5d\uff3b\uff3d\uff1a\\" + _QUOTES_THAT_STOP)


def _words(stops: str) -> re.Pattern[str]:
    return expression(rf"[^\s{stops}]++(?:[^\S\r\n]++(?!//|\#|/\*|<!--)[^\s{stops}]++)*+")


_WORD = _words(_STOPS)
_IN_PARENTHESES = _words(_STOPS + r"()\uff08\uff09")
_CUT = expression(r"[^\S\r\n]*+\Z")
_A_NUMBER = r"-?(?:0|[1-9][0-9]*+)(?:\.[0-9]++)?(?:[eE][+-]?[0-9]++)?"
_NUMBER = expression(_A_NUMBER)
_ODD_NUMBER = expression(
    r"[+-]?(?:0[xX][0-9a-fA-F]{1,16}|0[bB][01]{1,64}|0[oO][0-7]{1,21}"
    r"|(?:(?:0|[1-9][0-9]*+|[1-9][0-9]{0,2}(?:_[0-9]{3})++)(?:\.[0-9]*+)?|\.[0-9]++)"
    r"(?:[eE][+-]?[0-9]++)?)"
)
_NOT_FINITE = expression(r"[+-]?(?:nan|inf|infinity)", re.IGNORECASE)
_PLAIN = rf"(?:{_A_NUMBER}|{'|'.join(LITERALS)})(?![\w.])"
_SEVERAL = expression(
    rf"{_PLAIN}(?:[^\S\r\n]++(?![0-9]{{3}}(?![0-9])){_PLAIN})++(?=[^\S\r\n]*+[,;\]\r\n])"
)
_GROUP = expression(r"0[0-9]{2}")
_GROUPED = expression(r"[0-9],0")
_ELLIPSIS = expression(r"\.{3}|\u2026")
_NO_TEXT = expression(
    r"[\W_]*+\Z"  # nothing but marks
    r"|<|.*?(?::(?:\s|\Z)|=|\w\(|(?<![^\W_])['\u2019]|['\u2019](?![^\W_]))"
)


def _number(word: str, at: int) -> int | float:
    if (base := _BASES.get(word.lstrip("+-")[:2].lower())) is not None:
        return int(word, base)
    if word.lstrip("+-").isdigit():
        if len(word.lstrip("+-")) > MAX_DIGITS:
            raise ReadingError(
                "too_large", f"expected an integer of at most {MAX_DIGITS} digits", at
            )
        return int(word)
    number = float(word)
    if math.isinf(number):
        raise ReadingError("not_finite", "expected a number that fits a 64-bit float", at)
    return number


_BASES = {"0x": 16, "0b": 2, "0o": 8}


def _refuse_what_is_no_text(word: str, at: int) -> None:
    if _ELLIPSIS.search(word):
        raise ReadingError(
            "ellipsis", "expected every item, not an ellipsis", at, fix="write them out"
        )
    if _NO_TEXT.match(word) or word.count("(") != word.count(")"):
        raise ReadingError("syntax", "expected a value", at, fix="put text in double quotes")
