"""The whole text so far, kept in the pieces in which it came."""

from __future__ import annotations


class Transcript:
    """Pieces of one text; joining and counting them costs no more than each piece once."""

    __slots__ = ("_counted", "_pieces", "_size", "add")

    def __init__(self) -> None:
        self._pieces: list[str] = []
        self._counted = self._size = 0
        self.add = self._pieces.append

    def size(self) -> int:
        """How many characters came."""
        self._size += sum(map(len, self._pieces[self._counted :]))
        self._counted = len(self._pieces)
        return self._size

    def whole(self) -> str:
        """The text; it is joined each time that some came since."""
        if len(self._pieces) > 1:
            self.size()
            self._pieces[:] = ["".join(self._pieces)]
            self._counted = 1
        return self._pieces[0] if self._pieces else ""
