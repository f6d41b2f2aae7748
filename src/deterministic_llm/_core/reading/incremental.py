"""Text of an answer as it arrives: in go its pieces, out comes what is sure of the value so far.

The rules are those of the reader of the whole text. What that could still read otherwise is
withheld, so that everything shown is what `read` makes of the whole text in the end, unless a
`Replaced` takes it back. Only the end of the text tells where another notation, or an empty list or
object, takes the place of a document: what differs then is told again. Each character is read once.
"""

from __future__ import annotations

from collections.abc import Sequence

from deterministic_llm._core.exchange import JsonValue
from deterministic_llm._core.reading.arriving.answers import JsonAnswer
from deterministic_llm._core.reading.arriving.changes import (
    Change,
    Closed,
    Grown,
    Location,
    Opened,
    Replaced,
)
from deterministic_llm._core.reading.arriving.raised import RaisedAnswer
from deterministic_llm._core.reading.arriving.texts import (
    LinesAnswer,
    ProseAnswer,
    RecordAnswer,
    TextAnswer,
)
from deterministic_llm._core.reading.arriving.transcripts import Transcript
from deterministic_llm._core.reading.goals import goal_of
from deterministic_llm._core.schema.forms import TemplateForm
from deterministic_llm._core.schema.target import Target, TextTarget

__all__ = ["Change", "Closed", "Grown", "Incremental", "Location", "Opened", "Replaced"]


class Incremental:
    """The reader of one answer to *target*; *strict* takes nothing but valid JSON.

    Of a single value, a choice or a pattern nothing is sure before the text is whole, and of a
    template nothing where it is to be kept letter by letter.
    """

    __slots__ = ("_answer", "_transcript")

    def __init__(self, target: Target[object], *, strict: bool = False) -> None:
        self._transcript = Transcript()
        self._answer = _answer_to(target, self._transcript, strict=strict)

    def feed(self, piece: str) -> Sequence[Change]:
        """What *piece*, the next of the text, changes."""
        self._transcript.add(piece)
        return () if self._answer is None else self._answer.feed(piece)

    def snapshot(self) -> JsonValue:
        """The closed members of the value as plain data; nobody is to change them."""
        return None if self._answer is None else self._answer.snapshot()

    @property
    def text(self) -> str:
        """All that was fed."""
        return self._transcript.whole()

    @property
    def started(self) -> bool:
        """Whether a value is in sight."""
        return self._answer is not None and self._answer.started


def _answer_to(
    target: Target[object], transcript: Transcript, *, strict: bool
) -> JsonAnswer | RaisedAnswer | TextAnswer | None:
    if isinstance(target, TextTarget):
        form = target.form
        if strict or not isinstance(form, TemplateForm):
            return None
        return LinesAnswer(form) if form.many else RecordAnswer(form)
    goal = goal_of(target)
    if goal.ascent is not None and (strict or not goal.scalar):
        return RaisedAnswer(goal.ascent, transcript, strict=strict)
    if strict or not goal.scalar:
        return JsonAnswer(goal, transcript, strict=strict)
    return ProseAnswer() if goal.any_text else None
