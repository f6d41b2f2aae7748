"""What reading JSON-like text comes to: a document with its repairs, or one clear violation."""

from __future__ import annotations

import json
from typing import TypeAlias

from deterministic_llm._core.attempts import Code, Repair, Violation
from deterministic_llm._core.exchange import JsonValue
from deterministic_llm._core.records import frozen, quick

MAX_DEPTH = 200
"""How many containers may stand inside one another."""
MAX_DIGITS = 4300
"""The longest integer that is read, as in Python's own limit."""


@quick
class Document:
    """The first value of a text; *end* is the index behind it.

    *truncated* says that closers were missing at the end: *value* then holds closed members only,
    and *open_paths* names each container that was left open, outermost first, as JSONPath; *begun*
    is the key, or the beginning of one, whose member was under way in the innermost of them.
    """

    value: JsonValue
    end: int
    repairs: tuple[Repair, ...] = ()
    truncated: bool = False
    open_paths: tuple[str, ...] = ()
    begun: str | None = None

    @property
    def open_path(self) -> str | None:
        """The innermost container that was left open, or None."""
        return self.open_paths[-1] if self.open_paths else None


@frozen
class Unreadable:
    """A text from which no value was taken, with the reason."""

    violation: Violation


Reading: TypeAlias = Document | Unreadable
"""What a reader of one text gives back."""


class ReadingError(Exception):
    """Reading stops here: *code*, what was *expected*, and *at* which index of the text."""

    def __init__(self, code: Code, expected: str, at: int, *, fix: str | None = None) -> None:
        super().__init__(expected)
        self.code: Code = code
        self.expected = expected
        self.at = at
        self.fix = fix


def unreadable(error: ReadingError, text: str, *, path: str = "$") -> Unreadable:
    """The error as data, with its place in *text* in words and a clipped quotation."""
    at = min(error.at, len(text))
    line = text.count("\n", 0, at) + 1
    column = at - text.rfind("\n", 0, at)
    return Unreadable(
        Violation(
            path,
            error.code,
            f"{error.expected} at line {line}, column {column}",
            got=_snippet(text, at),
            fix=error.fix,
        )
    )


def same(left: JsonValue, right: JsonValue) -> bool:
    """Equal as JSON, where 1, 1.0 and true are three values and the order of keys says nothing."""
    if type(left) is not type(right) or left != right:
        return False
    return not isinstance(left, (list, dict)) or _CANONICAL(left) == _CANONICAL(right)


_CANONICAL = json.JSONEncoder(sort_keys=True).encode


def _snippet(text: str, at: int) -> str:
    if at >= len(text):
        return "the end of the text"
    piece = text[at : at + 40]
    clipped = piece.encode("utf-8", "replace").decode() + ("..." if at + 40 < len(text) else "")
    return json.dumps(clipped, ensure_ascii=False)
