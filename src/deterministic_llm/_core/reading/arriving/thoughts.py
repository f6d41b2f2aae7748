"""Text that is not JSON, as it arrives: what of it is no thinking comes out."""

# ruff: noqa: RUF001  (marks that look like others are looked for)
from __future__ import annotations

from deterministic_llm._core.reading.arriving.frames import UndecidedError
from deterministic_llm._core.reading.finding.thinking import Tag, leaks_ahead, tag_at
from deterministic_llm._core.records import frozen
from deterministic_llm._core.regexes import expression

LONGEST_TAG = 400
"""Characters of a tag that are waited for."""


@frozen
class Visible:
    """More *text* to be read, as long as what came, with blanks in the place of thinking.

    With *anew* all that was visible before it was thinking after all.
    """

    text: str
    anew: bool = False


class Thoughts:
    """The blocks of thinking in a text that arrives."""

    __slots__ = ("_begun", "_doubtful", "_inside", "_pending")

    def __init__(self) -> None:
        self._pending = ""
        self._inside: str | None = None
        self._begun = self._doubtful = False

    def feed(self, piece: str) -> Visible:
        """What *piece* makes visible; raises UndecidedError where a tag may be a part of data."""
        if not self._begun:
            return self._begin(piece)
        if not self._pending and self._inside is None and _NOT_PLAIN.search(piece) is None:
            return Visible(piece)
        window, self._pending = self._pending + piece, ""
        shown: list[str] = []
        at, anew = 0, False
        for found in _TAG_SIGNS.finditer(window):
            start = found.start()
            tag = tag_at(window, start) if start >= at else False
            if tag is True and len(window) - start < LONGEST_TAG:
                window, self._pending = window[:start], window[start:]
                break
            if isinstance(tag, Tag):
                shown.append(self._seen(window[at:start]))
                at = tag.end
                if self._enter(tag):
                    shown, anew = [], True
                shown.append(" " * (tag.end - start))
        shown.append(self._seen(window[at:]))
        return Visible("".join(shown), anew)

    def _begin(self, piece: str) -> Visible:
        """The first characters may be the name of a channel that a server let through."""
        beginning, self._pending = self._pending + piece, ""
        leaks = leaks_ahead(beginning)
        if leaks:
            raise UndecidedError
        if leaks is None:
            self._pending = beginning
            return Visible("")
        self._begun = True
        return self.feed(beginning)

    def _seen(self, text: str) -> str:
        """*text* as it is visible; quotation marks and brackets make later tags doubtful."""
        if self._inside is not None:
            return " " * len(text)
        self._doubtful = self._doubtful or _OF_DATA.search(text) is not None
        return text

    def _enter(self, tag: Tag) -> bool:
        """Begin or end a block; True when nothing opened the one that ends."""
        if self._inside is not None:
            if tag.role == "close" and tag.name == self._inside:
                self._inside = None
            return False
        if self._doubtful:
            raise UndecidedError(void=True)
        if tag.role == "open":
            self._inside = tag.name
        return tag.role == "close"


_TAG_SIGNS = expression(r"[<\[◁]")
_OF_DATA = expression(r"[\"'`“„‘‚«「\[{(\\]")
_NOT_PLAIN = expression(r"[<\[◁\"'`“„‘‚«「{(\\]")
