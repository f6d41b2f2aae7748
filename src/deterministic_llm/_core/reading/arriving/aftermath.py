"""The rest of a text of which no more is shown: does it hold what may take the place of the answer?

In go its pieces, out comes whether a document may begin in them beside the one that was damaged, or
a block of thinking may end. Too much is taken for a sign of that rather than too little.
"""

from __future__ import annotations

from deterministic_llm._core.regexes import expression

_NEAR = 64


class Aftermath:
    """The last of the text that came, and where in it the next sign may begin."""

    __slots__ = ("_at", "_window")

    def __init__(self) -> None:
        self._window = ""
        self._at = 0

    def holds_rival(self, piece: str) -> bool:
        """Whether *piece*, with what came before it, has a sign of another answer."""
        window = self._window + piece
        signs = _SIGNS.finditer(window, self._at)
        found = any(_stands_apart(window, sign.start()) for sign in signs)
        cut = _SIGN_CUT_OFF.search(window, max(self._at, len(window) - _NEAR))
        begin = len(window) if cut is None else cut.start()
        kept = max(0, begin - _NEAR)
        self._window, self._at = window[kept:], begin - kept
        return found


def _stands_apart(window: str, at: int) -> bool:
    """Whether the sign at *at* is no part of the document around it."""
    if window[at] not in "{[" or window.startswith("[/", at):
        return True
    before = window[max(0, at - _NEAR) : at].rstrip()
    if before.endswith(":"):
        return before[:-1].rstrip()[-1:] not in _QUOTES
    return before[-1:] not in _BEFORE_A_PART


_SIGNS = expression(r"[{\[]\s{0,60}+[\"'“{\[\w]|</|[\[◁]/|<\|/|\[/")
_SIGN_CUT_OFF = expression(r"(?:[{\[]\s{0,60}|<\|?|◁)\Z")
_QUOTES = frozenset("\"'”’")
_BEFORE_A_PART = frozenset(",{[(") | {""}
