"""The rest of a text of which no more is shown: does it hold what may take the place of the answer?

In go its pieces, out comes whether a document may begin in them beside the one that was damaged, or
a block of thinking may end. Too much is taken for a sign of that rather than too little.
"""

from __future__ import annotations

import re

from deterministic_llm._core.reading.finding.brackets import is_member_value

_REACH = 300
_SEEN_AGAIN = 80


class Aftermath:
    """The last of the text that came."""

    __slots__ = ("_window",)

    def __init__(self) -> None:
        self._window = ""

    def holds_rival(self, piece: str) -> bool:
        """Whether *piece*, with what came before it, has a sign of another answer."""
        before = self._window[-_REACH:]
        self._window = window = before + piece
        signs = _SIGNS.finditer(window, max(0, len(before) - _SEEN_AGAIN))
        return any(_stands_apart(window, sign.start()) for sign in signs)


def _stands_apart(window: str, at: int) -> bool:
    """Whether the sign at *at* is no part of the document around it."""
    if window[at] not in "{[" or window.startswith("[/", at):
        return True
    before = window[:at].rstrip()[-1:]
    if before == ":":
        return not is_member_value(window, at, 0)
    return before not in _BEFORE_A_PART


_SIGNS = re.compile(r"[{\[]\s{0,60}+[\"'“{\[\w]|</|[\[◁]/|<\|/|\[/")
_BEFORE_A_PART = frozenset(",{[(") | {""}
