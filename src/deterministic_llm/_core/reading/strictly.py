"""A text that must be the target as it stands: nothing is bent, and nothing looked for."""

from __future__ import annotations

from typing_extensions import TypeVar

from deterministic_llm._core.attempts import Violation
from deterministic_llm._core.reading.alignment.bends import DATE_SPELLING, TIME_SPELLING
from deterministic_llm._core.reading.goals import Goal
from deterministic_llm._core.reading.outcomes import Parsed, Unread
from deterministic_llm._core.reading.raising import raised_document
from deterministic_llm._core.reading.syntax.documents import Unreadable
from deterministic_llm._core.reading.syntax.strict import decode
from deterministic_llm._core.schema.target import Valid

T = TypeVar("T")


def read_strictly(text: str, goal: Goal[T], context: object) -> Parsed[T] | Unread:
    """The whole of *text* as JSON that fits the target of *goal*."""
    document = decode(text)
    if isinstance(document, Unreadable):
        return Unread((document.violation,))
    raised = raised_document(document, goal.ascent, context)
    if isinstance(raised, Unread):
        return raised
    written = text if raised is document else None
    checked = goal.target.decoder.check(raised.value, written, context)
    if not isinstance(checked, Valid):
        return Unread(checked.violations)
    aligned = goal.plan.align(raised.value)
    if aligned.violations or any(each.rule in _MOMENTS for each in aligned.repairs):
        # Pydantic takes digits alone for the seconds since 1970, also in its strict mode.
        return Unread(aligned.violations or (_NO_SECONDS,), aligned.repairs)
    return Parsed(checked.output, document.repairs, (0, len(text)))


_MOMENTS = frozenset({DATE_SPELLING.name, TIME_SPELLING.name})
_NO_SECONDS = Violation("$", "format", "expected dates and times as ISO 8601 writes them")
