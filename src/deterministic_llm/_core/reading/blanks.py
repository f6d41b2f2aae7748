"""What stands between two tokens and means nothing: blanks of every kind, and comments."""

from __future__ import annotations

import re

from deterministic_llm._core.reading.documents import ReadingError
from deterministic_llm._core.reading.edits import Edits
from deterministic_llm._core.reading.punctuation import BLANK, CLOSERS, QUOTE, QUOTES


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
            _check_comment(comment[0], at, before=before, last=comment.end() == end)
            edits.add("comment", at, shown=(comment[0][:80], ""))
            at = comment.end()
        else:
            return at


def is_plain(comment: str) -> bool:
    """Whether a comment is only that: it leaves nothing out and holds no quotation marks."""
    return not (_AND_SO_ON.search(comment) or _MARK.search(comment))


COMMENT = re.compile(
    r"(?://|#)[^\n]*+|/\*(?:[^*]++|\*(?!/))*+(?:\*/|\Z)|<!--(?:[^-]++|-(?!->))*+(?:-->|\Z)"
)
_BLANKS = re.compile(r"[ \t\r\n]*+")
_ODD_BLANKS = re.compile(rf"(?P<escaped>\\[nrt])|{BLANK}++")
_UNUSUAL = frozenset(
    {"/", "#", "<", "\\", *re.findall(BLANK, "".join(map(chr, range(0x10000))))}
) - frozenset(" \t\r\n")
_MARK = re.compile(rf"(?<![^\W_])['\u2019]|['\u2019](?![^\W_])|(?!['\u2019]){QUOTE}")
_AND_SO_ON = re.compile(
    r"\A\W*(?:\.{3}|\u2026)|(?:\.{3}|\u2026)\W*\Z"
    r"|\b(?:omitted|truncated|abbreviated|and so on|etc|more items|rest of|remaining)\b",
    re.IGNORECASE,
)


def _check_comment(comment: str, at: int, *, before: str, last: bool) -> None:
    if _AND_SO_ON.search(comment):
        raise ReadingError("ellipsis", "expected every item, not a comment in place of some", at)
    if before in QUOTES and before in _MARK.findall(comment):
        raise ReadingError("ambiguous", "expected a comment without quotation marks", at)
    if last and not comment.endswith(("*/", "-->")) and any(char in CLOSERS for char in comment):
        raise ReadingError("ambiguous", "expected an end of the comment", at)
