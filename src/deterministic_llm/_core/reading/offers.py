"""What a text offers as the answer: each stretch that may be it, and what it was read as.

A reading says one value or why there is none. This tells what else stood there.
"""

from __future__ import annotations

from collections.abc import Iterator

from deterministic_llm._core.reading.finding.candidates import Candidate, Mark
from deterministic_llm._core.reading.finding.found import find
from deterministic_llm._core.reading.finding.marks import choose
from deterministic_llm._core.reading.goals import goal_of
from deterministic_llm._core.reading.judging import judge
from deterministic_llm._core.reading.outcomes import Parsed, Unread
from deterministic_llm._core.records import frozen
from deterministic_llm._core.schema.target import JsonTarget


@frozen
class Offer:
    """A stretch from *start* to *end*: what the words around it call it, and its *reading*.

    It is *passed_over* where those words say that it is not the answer.
    """

    start: int
    end: int
    mark: Mark | None
    passed_over: bool
    reading: Parsed[object] | Unread


def offers(text: str, target: JsonTarget[object]) -> tuple[Offer, ...]:
    """The documents in *text*, in their order."""
    found = find(text)
    goal = goal_of(target)
    candidates = [each for each in found.candidates if _is_document(found.text, each)]
    # The text as a whole counts where nothing else stands in it.
    documents = [each for each in candidates if each.kind != "whole"] or candidates
    chosen = choose(documents)
    return tuple(
        Offer(
            each.start,
            each.end,
            each.mark,
            each not in chosen,
            judge(found.text, (each,), goal, None),
        )
        for each in _outermost(documents)
    )


def _is_document(text: str, candidate: Candidate) -> bool:
    return candidate.kind != "lines" and text.startswith(("{", "["), candidate.start)


def _outermost(documents: list[Candidate]) -> Iterator[Candidate]:
    """Those of *documents*, which come in order, that stand in no other."""
    end = 0
    for each in documents:
        if each.start >= end:
            end = each.end
            yield each
