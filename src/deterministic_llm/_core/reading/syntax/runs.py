"""Runs of plain JSON inside a damaged text: whole rows of members or items to decode at once."""

from __future__ import annotations

from deterministic_llm._core.records import frozen
from deterministic_llm._core.regexes import expression


@frozen
class Run:
    """Members or items that are plain JSON, parted by commas.

    *end* is behind the run; *comma* is the index of the comma that ends it, or -1.
    """

    plain: str
    end: int
    comma: int


def run_ahead(text: str, at: int, end: int, *, listed: bool) -> Run | None:
    """The items (*listed*) or members from *at* on, each with the mark behind it that ends it."""
    match = (_ITEMS if listed else _MEMBERS).match(text, at, end)
    if match is None or not (plain := match[0].rstrip(", \t\r\n")):
        return None
    return Run(plain, match.end(), text.rfind(",", at + len(plain), match.end()))


STARTS = frozenset('"-0123456789tfn')
"""What a run may begin with."""
_TEXT = r'[^"\\\x00-\x1f]*+(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\x00-\x1f]*+)*+'
_NUMBER = r"-?(?:0|[1-9][0-9]*+)(?:\.[0-9]++)?(?:[eE][+-]?[0-9]++)?"
_SCALAR = rf'(?:"{_TEXT}"|{_NUMBER}|true|false|null)'
_MEMBER = rf'"{_TEXT}"\s*+:\s*+{_SCALAR}'
_ITEMS = expression(rf"(?:{_SCALAR}\s*+,\s*+)*+(?:{_SCALAR}(?=\s*+\]))?+")
_MEMBERS = expression(rf"(?:{_MEMBER}\s*+,\s*+)*+(?:{_MEMBER}(?=\s*+\}}))?+")
