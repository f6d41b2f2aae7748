"""Documents that were escaped as a whole, as if inside a string or a web page."""

from __future__ import annotations

import html
import re
from bisect import bisect_right

from deterministic_llm._core.reading.syntax.escapes import json_text
from deterministic_llm._core.records import frozen
from deterministic_llm._core.regexes import expression


@frozen
class Unescaped:
    """The plain text of an escaped document, and by which *rule* it was made plain."""

    rule: str
    text: str
    _starts: list[int]
    _origins: list[int]

    def origin(self, at: int) -> int:
        """Where index *at* of the plain text is in the text that came in."""
        number = bisect_right(self._starts, at) - 1
        return self._origins[number] + at - self._starts[number]


def unescaped(text: str, start: int, end: int) -> Unescaped | None:
    """The document from *start* on without its outer escapes, or None if it has none.

    Only a document whose first string opens with an escaped quotation mark is one.
    """
    for rule, opening, escape in _RULES:
        if opening.match(text, start, end):
            return _plain(text, start, end, rule=rule, escape=escape)
    return None


_MARKS = {'\\"': '"', "\\\\": "\\", "\\n": "\n", "\\t": "\t", "&quot;": '"', "&amp;": "&"}
_RULES = (
    (
        "escaped document",
        expression(r'\s*+[\[{](?:[\s\[{]|\\[nrt])*+\\"'),
        expression(r"\\(?:u[dD][89abAB]..\\u[dD][c-fC-F]..|u[0-9a-fA-F]{4}|.)", re.DOTALL),
    ),
    (
        "HTML entities",
        expression(r"\s*+[\[{][\s\[{]*+&(?:quot|apos|#34|#39);"),
        expression(r"&(?:quot|apos|lt|gt|amp|nbsp|#[0-9]{1,7}|#x[0-9a-fA-F]{1,6});"),
    ),
)


def _plain(text: str, start: int, end: int, *, rule: str, escape: re.Pattern[str]) -> Unescaped:
    pieces: list[str] = []
    starts, origins = [0], [start]
    length, last = 0, start
    for match in escape.finditer(text, start, end):
        mark = match[0]
        plain = _MARKS.get(mark) or (html.unescape(mark) if mark[0] == "&" else json_text(mark))
        pieces += (text[last : match.start()], plain or mark)
        length, last = length + match.start() - last + len(plain or mark), match.end()
        starts.append(length)
        origins.append(last)
    pieces.append(text[last:end])
    return Unescaped(rule, "".join(pieces), starts, origins)
