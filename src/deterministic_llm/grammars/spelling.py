r"""JSON text as an engine wants it spelled: pieces of a text go in, runs of it come out.

It takes no ``\/`` and no ``\u0041`` where it wants a certain word.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

from deterministic_llm._core.regexes import expression

Run: TypeAlias = tuple[int, str, bool]
"""Where a run begins in the text, how it is to be spelled, and whether it stands there so."""


class Spelling:
    """Holds back an escape that is cut by the end of a piece."""

    __slots__ = ("_at", "_held")

    def __init__(self) -> None:
        self._at = 0
        self._held = ""

    def runs(self, piece: str) -> Iterator[Run]:
        """The runs that *piece*, the next of the text, brings."""
        if not self._held and "\\" not in piece and "\x7f" not in piece:
            start, self._at = self._at, self._at + len(piece)
            yield start, piece, True
            return
        yield from self._respelled(self._held + piece)

    def _respelled(self, text: str) -> Iterator[Run]:
        self._held = ""
        start, done = self._at, 0
        for found in _ESCAPE.finditer(text):
            if found.start() > done:
                yield start + done, text[done : found.start()], True
            if _CUT.fullmatch(text, found.start()):
                done = found.start()
                self._held = text[done:]
                break
            yield start + found.start(), _plain(found[0]), False
            done = found.end()
        else:
            if done < len(text):
                yield start + done, text[done:], True
            done = len(text)
        self._at = start + done


_UNIT = r"\\u[0-9a-fA-F]{4}"
_ESCAPE = expression(
    rf"(?i:\\ud[89ab][0-9a-f]{{2}}\\ud[c-f][0-9a-f]{{2}})|{_UNIT}|\\[^u]|\\u?[0-9a-fA-F]*|\x7f"
)
_CUT = expression(
    r"\\|\\u[0-9a-fA-F]{0,3}|(?i:\\ud[89ab][0-9a-f]{2})(?:\\(?:u(?:[dD][0-9a-fA-F]{0,2})?)?)?"
)


def _plain(escape: str) -> str:
    """The character that *escape* stands for, or the escape that the engine knows."""
    if escape == "\x7f":
        return "\\u007f"
    if escape == "\\/":
        return "/"
    if not escape.startswith("\\u") or len(escape) not in {6, 12}:
        return escape
    units = [int(escape[at + 2 : at + 6], 16) for at in range(0, len(escape), 6)]
    if len(units) == 2:
        return chr(0x10000 + ((units[0] - 0xD800) << 10) + (units[1] - 0xDC00))
    (unit,) = units
    if unit < 0x20 or unit == 0x7F or 0xD800 <= unit < 0xE000:
        return _SHORT.get(unit, escape)
    return {'"': '\\"', "\\": "\\\\"}.get(chr(unit), chr(unit))


_SHORT = {0x08: "\\b", 0x09: "\\t", 0x0A: "\\n", 0x0C: "\\f", 0x0D: "\\r"}
