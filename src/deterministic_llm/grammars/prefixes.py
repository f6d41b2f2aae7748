"""One text read letter by letter: pieces go in, a verdict on all of it so far comes out."""

from __future__ import annotations

from deterministic_llm._core.guards import Dead, Verdict
from deterministic_llm.grammars.engine import Matcher
from deterministic_llm.grammars.hints import expected
from deterministic_llm.grammars.spelling import Spelling


class Prefix:
    """Holds a text against *matcher*, which is its own from now on.

    Blanks around the document are let pass, and so is all that stands behind it: the document is
    complete there, and another's business.
    """

    __slots__ = ("_at", "_begun", "_last", "_matcher", "_spelling", "_verdict")

    def __init__(self, matcher: Matcher) -> None:
        self._matcher = matcher
        self._spelling = Spelling()
        self._at = 0
        self._begun = False
        self._last = ""
        self._verdict: Verdict = "alive"

    def feed(self, piece: str) -> Verdict:
        """What can be said of the text with *piece*, the next of it."""
        if self._verdict != "alive":
            return self._verdict
        if not self._begun:
            said = piece.lstrip(_BLANKS)
            self._at += len(piece) - len(said)
            if not said:
                return self._verdict
            self._begun, piece = True, said
        for start, run, as_it_stands in self._spelling.runs(piece):
            data = run.encode("utf-8", "surrogatepass")
            taken = self._matcher.try_consume_tokens(data)
            if taken < len(data):
                offset = len(data[:taken].decode("utf-8", "ignore"))
                before = run[offset - 1] if offset else self._last
                self._verdict = self._refused(
                    before, run[offset:], self._at + start + (offset if as_it_stands else 0)
                )
                return self._verdict
            self._last = run[-1:] or self._last
        return "complete" if self._is_over() else "alive"

    def _is_over(self) -> bool:
        return self._last in _CLOSERS and self._matcher.is_accepting()

    def _refused(self, before: str, rest: str, offset: int) -> Verdict:
        """The verdict on *rest*, which the matcher does not take."""
        matcher = self._matcher
        if matcher.is_error():
            return "unknown"
        if matcher.is_accepting() and (before in _CLOSERS or not _may_go_on(rest[0])):
            return "complete"
        return Dead(offset, expected(matcher))


_BLANKS = " \t\r\n"
_CLOSERS = frozenset('}]"')


def _may_go_on(sign: str) -> bool:
    """Whether *sign* would be a part of a number or word before it."""
    return sign.isalnum() or sign in "+-._"
