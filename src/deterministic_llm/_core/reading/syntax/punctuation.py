"""The marks that models write in place of JSON's own, as tables and compiled patterns.

All patterns are possessive and linear: each looks no further than the next quotation mark,
the end of a line or 200 characters of a comment.
"""

from __future__ import annotations

import re
from re import Pattern

from deterministic_llm._core.records import frozen
from deterministic_llm._core.regexes import expression

OPENERS = {"{": "{", "\uff5b": "{", "[": "[", "\uff3b": "[", "(": "(", "\uff08": "("}
"""Each opening bracket with the plain one that it stands for."""
CLOSERS = {"}": "{", "\uff5d": "{", "]": "[", "\uff3d": "[", ")": "(", "\uff09": "("}
"""Each closing bracket with the plain opener that it closes."""
COMMAS = ",\uff0c\u3001;\uff1b"
"""What may stand between two members, JSON's own first."""


@frozen
class Quote:
    """One kind of quotation mark.

    *closers* may end it, *body* runs to the first of them that is not escaped, *marks* finds
    each of its own marks inside and steps over escapes.
    """

    rule: str | None
    closers: str
    body: Pattern[str]
    marks: Pattern[str]


def _quote(opener: str, closers: str, rule: str | None) -> Quote:
    stop = re.escape(closers)
    return Quote(
        rule,
        closers,
        expression(rf"[^\\{stop}]*+(?:\\.[^\\{stop}]*+)*+", re.DOTALL),
        expression(rf"\\.|[{re.escape(opener)}{stop}]", re.DOTALL),
    )


_KINDS = (
    ('"', '"', None),
    ("'", "'", "single quotes"),
    ("`", "`", "backticks"),
    ("\u201c", "\u201d\u201c", "curly quotes"),
    ("\u201d", "\u201d", "curly quotes"),
    ("\u201e", "\u201c\u201d", "curly quotes"),
    ("\u201f", "\u201d", "curly quotes"),
    ("\u2018", "\u2019\u2018", "curly quotes"),
    ("\u2019", "\u2019", "curly quotes"),
    ("\u201a", "\u2018\u2019", "curly quotes"),
    ("«", "»", "guillemets"),
    ("»", "«", "guillemets"),
    ("\u2039", "\u203a", "guillemets"),
    ("\u203a", "\u2039", "guillemets"),
    ("「", "」", "corner quotes"),
    ("『", "』", "corner quotes"),
    ("\uff02", "\uff02", "full-width quotes"),
    ("\uff07", "\uff07", "full-width quotes"),
)
QUOTES = {opener: _quote(opener, closers, rule) for opener, closers, rule in _KINDS}
"""Each mark that may open a string."""
QUOTE = f"[{re.escape(''.join(QUOTES))}]"

BLANK = r"[\s\ufeff\u200b-\u200d\u2060]"
BLANKS = rf"(?:{BLANK}|\\[nrt])*+"
_COMMENT = (
    r"(?:(?://|\#)[^\n\"]{0,200}+(?:\n|\Z)"
    r"|/\*(?:[^*]|\*(?!/)){0,200}+\*/|<!--(?:[^-]|-(?!->)){0,200}+-->)"
)
GAP = rf"{BLANKS}(?:{_COMMENT}{BLANKS})?"
"""What may stand between two tokens: blanks, also written as escapes, and a comment."""
COMMENTS = (
    r"(?P<comments>(?:(?:(?://|\#)[^\n]{0,400}+(?:\n|\Z)"
    rf"|/\*(?:[^*]|\*(?!/)){{0,400}}+\*/|<!--(?:[^-]|-(?!->)){{0,400}}+-->){BLANKS}){{0,6}}+)"
)
"""Comments in a row, whatever they hold."""
COMMA = f"[{COMMAS}]"
COLON = "(?:=>|[:=\uff1a])"
OPENER = f"[{re.escape(''.join(OPENERS))}]"
CLOSER = f"[{re.escape(''.join(CLOSERS))}]"
QUOTED = (
    "(?:"
    + "|".join(
        rf"{opener}[^{opener}{closers}\\\n]*+(?:\\.[^{opener}{closers}\\\n]*+)*+[{closers}]"
        for opener, closers, _ in _KINDS
    )
    + ")"
)
"""A quoted text on one line that holds none of its own marks."""
MARK = rf"(?:(?<![^\W_])['\u2019]|['\u2019](?![^\W_])|(?!['\u2019]){QUOTE})"
"""A quotation mark that is no apostrophe inside a word."""
BARE_KEY = r"(?:[\w$][\w$.-]*+(?:\ [\w$][\w$.-]*+)*+)"
KEY_AHEAD = rf"(?:{QUOTED}|{BARE_KEY}){GAP}{COLON}"
