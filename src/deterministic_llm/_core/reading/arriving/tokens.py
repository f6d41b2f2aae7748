"""The tokens of a document that is still arriving: what each looks like once its end is there."""

from __future__ import annotations

from deterministic_llm._core.exchange import JsonValue
from deterministic_llm._core.reading.syntax.edits import Edits
from deterministic_llm._core.reading.syntax.punctuation import BARE_KEY, BLANK
from deterministic_llm._core.reading.syntax.words import scalar
from deterministic_llm._core.regexes import expression


def plain(word: str) -> JsonValue:
    """The value of a number or literal of JSON."""
    if word.isdigit() and len(word) < _MOST_DIGITS:
        return int(word)
    return scalar(word, 0, edits=Edits())


_MOST_DIGITS = 16
SCALARS = frozenset("-0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ+.")
OPENERS = frozenset(("{", "[", ""))
COMMENTS = frozenset("/#<")
BLANKS = expression(r"[ \t\r\n]*+")
ODD_BLANKS = expression(rf"{BLANK}++")
KEY = expression(r'"([^"\\\x00-\x1f]*+)(?:\Z|"[ \t\r\n]*+(?:\Z|(:)))')
UNQUOTED_KEY = expression(rf"({BARE_KEY})[ \t]*+")
COMMENT_BEGINS = expression(r"/\Z|<(?:!-?)?\Z")
_NUMBER = r"-?(?:0|[1-9][0-9]*+)(?:\.[0-9]++)?(?:[eE][+-]?[0-9]++)?"
_PLAIN = rf"({_NUMBER}|true|false|null)[ \t\r\n]*+"
# A comma between two digits may be one inside a number; behind it a 0 that is one digit is another.
MEMBER = expression(rf"{_PLAIN}(?=[}}\]]|,[^0-9])")
ITEM = expression(rf"{_PLAIN}(?=\]|,(?:[^0]|0[^0-9]))")
WORD_ENDS = expression(r"[,{}\[\]\"'`:\\\r\n]|[ \t](?=//|/\*|#|<!--)")
MAY_GO_ON = expression(r"[\s,]++(?:0\Z)?")
DECIDED = expression(r"[}\]]|,[^0-9]|[ \t\r\n]")
DECIDED_TEXT = expression(r"[}\]\r\n]|,\s*+[\"'}\]]")
