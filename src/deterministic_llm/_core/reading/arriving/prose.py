"""What stands before, between and behind the documents of a text: where does the next one begin?

In go pieces of text, out comes the first bracket that begins like a payload, by the rules of
`finding`, as soon as nothing that may follow could change that.
"""

# ruff: noqa: RUF001  (marks that look like others are looked for)
from __future__ import annotations

from typing import Literal

from deterministic_llm._core.reading.finding.brackets import is_lead, is_member_value
from deterministic_llm._core.reading.finding.groups import is_separator
from deterministic_llm._core.reading.finding.marks import NEVER_ANSWERS, mark_ahead
from deterministic_llm._core.reading.finding.spans import begins
from deterministic_llm._core.reading.finding.thinking import Tag, leaks_ahead, tag_at
from deterministic_llm._core.reading.finding.whitespace import is_blank
from deterministic_llm._core.reading.finding.wrappers import NamedTag, named_at
from deterministic_llm._core.records import frozen
from deterministic_llm._core.regexes import expression

LONGEST_TAG = 400
"""Characters of a tag that are waited for."""
_KEPT = 1_000
_TOO_LONG = 4_000


@frozen
class Beginning:
    """A document begins at index *start* of the whole text, and *rest* is what came of it.

    It is *aside* when the words before it call it no answer, or when only what follows can tell,
    and *settled* when they call it the final or the corrected one. It is *unquoted* when no
    quotation mark stands before it, which could pair with one of its own, and *joined* to the
    document before it when there is nothing but a separator between them.
    """

    start: int
    rest: str
    aside: bool
    settled: bool
    unquoted: bool
    joined: bool


@frozen
class Void:
    """All that came before was thinking."""


@frozen
class Lost:
    """Only the whole text can tell what the *rest* of it says."""

    rest: str


class Prose:
    """The text around the documents, as far as it matters for where the next one begins."""

    __slots__ = (
        "_at",
        "_begun",
        "_bodies",
        "_floor",
        "_offset",
        "_quoted",
        "_since",
        "_thinking",
        "_void",
        "_window",
    )

    def __init__(self) -> None:
        self._window = ""
        self._offset = 0
        self._at: int = 0
        self._floor: int = 0
        self._since: int = 0
        self._thinking: str | None = None
        self._bodies: list[NamedTag] = []
        self._void = False
        self._begun = self._quoted = False

    def resume(self, before: str, offset: int) -> None:
        """Go on behind a document that ended at *offset* with the characters *before*."""
        self._window, self._offset = before, offset - len(before)
        self._at = self._floor = self._since = len(before)

    def feed(self, piece: str) -> Beginning | Void | Lost | None:
        """Read on to the next beginning; None when it has not come."""
        self._window += piece
        if not self._begun and (lost := self._begin()) is not False:
            return lost
        while (found := _OF_INTEREST.search(self._window, self._at)) is not None:
            self._at = found.start()
            if not self._pass_tags(self._at):
                return None
            if self._void:
                self._void = False
                return Void()
            if self._at == found.start():
                beginning = self._bracket(self._at)
                if beginning is not False:
                    return beginning
                self._at += 1
        self._forget()
        return None

    def _begin(self) -> Lost | Literal[False] | None:
        """Look at the first characters; False once they are known to be nothing special."""
        leaks = leaks_ahead(self._window)
        if leaks is False:
            self._begun = True
            return False
        return None if leaks is None else Lost(self._window)

    def _pass_tags(self, at: int) -> bool:
        """Pass over the tag at *at*, if there is one; False while that cannot be told."""
        window = self._window
        waiting = len(window) - at < LONGEST_TAG
        tag = tag_at(window, at)
        if tag is True and waiting:
            return False
        if isinstance(tag, Tag):
            self._at = tag.end
            self._enter(tag)
        elif window[at] == "<":
            named = named_at(window, at)
            if named is True and waiting:
                return False
            if isinstance(named, NamedTag):
                self._name(named)
        return True

    def _enter(self, tag: Tag) -> None:
        """Begin or end a block of thinking; one that nothing opened began with the text."""
        if self._thinking is None and tag.role == "open":
            self._thinking = tag.name
        elif tag.role == "close" and self._thinking in {None, tag.name}:
            self._void = self._thinking is None
            self._thinking = None
            self._floor = tag.end
            self._bodies = []

    def _name(self, tag: NamedTag) -> None:
        """Begin or end a body that has a name."""
        if not tag.over:
            self._bodies.append(tag)
        else:
            opened = [each for each in self._bodies if each.name == tag.name]
            self._bodies = [each for each in self._bodies if each not in opened[-1:]]

    def _bracket(self, at: int) -> Beginning | Lost | Literal[False] | None:
        """The beginning at the sign at *at*; False when there is none, None while that is open."""
        window = self._window
        if window[at] not in _OPENERS or self._thinking is not None:
            return False
        begun = begins(window, at)
        if not begun:
            return begun
        if window[at] not in "{[" or is_member_value(window, at, self._floor):
            return Lost(window[at:])
        mark = mark_ahead(window, at, floor=self._floor)
        marks = {mark, *(each.mark for each in self._bodies)}
        settled = not marks.isdisjoint({"final", "corrected"})
        aside = not NEVER_ANSWERS.isdisjoint(marks) or self._is_aside(at, settled=settled)
        self._quoted = self._quoted or '"' in window[:at]
        joined = self._since > 0 and is_separator(window[self._since : at])
        return Beginning(
            self._offset + at, window[at:], aside, settled, unquoted=not self._quoted, joined=joined
        )

    def _is_aside(self, at: int, *, settled: bool) -> bool:
        """Whether it may be quoted, or a note such as [1]; not where it is called the answer."""
        window = self._window
        if window[at - 1 : at] in _QUOTING:
            return True
        if settled or window[at] == "{" or (not self._offset and is_blank(window[:at])):
            return False
        return not is_lead(window, at) or _NUMBERS.match(window, at) is not None

    def _forget(self) -> None:
        self._at = len(self._window)
        self._quoted = self._quoted or '"' in self._window
        if len(self._window) > _TOO_LONG:
            cut = len(self._window) - _KEPT
            self._window = self._window[cut:]
            self._offset += cut
            self._at, self._floor = max(self._at - cut, 0), max(self._floor - cut, 0)
            self._since = 0


_OPENERS = "{[｛［"
_QUOTING = frozenset("\"'“„‘‚«「『")
_OF_INTEREST = expression(r"[{\[｛［<◁]")
_NUMBERS = expression(r"\[\s*+[-+.\d$€£~−]")
