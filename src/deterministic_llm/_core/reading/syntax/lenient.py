"""JSON as models write it: text in, its first JSON-like value with every repair out.

A tolerance is a rule with a name and a record. Where two readings are possible, or a value may
be half-written, the text is error. Time is linear in the text, nesting is bounded, and nothing
is raised.
"""

from __future__ import annotations

from dataclasses import replace

from deterministic_llm._core.reading.syntax.building import build
from deterministic_llm._core.reading.syntax.documents import Reading, Unreadable
from deterministic_llm._core.reading.syntax.edits import Edits
from deterministic_llm._core.reading.syntax.rewriting import rewrite
from deterministic_llm._core.reading.syntax.unescaping import Unescaped, unescaped


def loads(text: str, start: int = 0, end: int | None = None) -> Reading:
    """The first JSON-like value of *text* at *start*, read no further than *end*.

    Positions are indices into *text*. A text without its closers gives its closed members, with
    `truncated` set; a number, word, string or key at the cut is no value. Otherwise the value is
    whole, or the answer is `Unreadable` with the one violation that stopped the reading.
    """
    stop = len(text) if end is None else min(end, len(text))
    document = rewrite(text, start, stop)
    if document is not None:
        return document
    if (plain := unescaped(text, start, stop)) is not None:
        whole = plain.text, 0, len(plain.text)
        return _translated(rewrite(*whole) or build(*whole), plain)
    return build(text, start, stop)


def _translated(reading: Reading, plain: Unescaped) -> Reading:
    """A reading of the plain text, with positions in the text that came in."""
    if isinstance(reading, Unreadable):
        violation = reading.violation
        where = f"{violation.expected} of the unescaped text"
        return Unreadable(replace(violation, expected=where))
    edits = Edits()
    edits.add(plain.rule, plain.origin(0))
    repairs = tuple(
        replace(repair, places=tuple(map(plain.origin, repair.places)))
        for repair in reading.repairs
    )
    return replace(reading, end=plain.origin(reading.end), repairs=(*edits.repairs(), *repairs))
