"""One of several runs of one question: what it came to, in plain data that a file can hold."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import TypeAlias, cast

from deterministic_llm._core.canonical import canonical_json, jsonable
from deterministic_llm._core.exchange import JsonObject, JsonValue
from deterministic_llm._core.records import frozen
from deterministic_llm._core.results import Result
from deterministic_llm.errors import ConfigurationError, EnforcementError

Score: TypeAlias = str | Callable[..., float | None]
"""Which number of an output is looked at: a member's name, dotted when it lies deeper, or a
function of the output."""


@frozen
class Run:
    """The *number*-th run of the question *item*, both from 0.

    *answer* is the output as canonical JSON, and *score* the number in it that is looked at; both
    are None when the run ended without a valid output, for which *error* says why. *answered* is
    False when no answer came at all, which says nothing about the model. *text* is what the model
    wrote last. *plain* says that its first answer was valid as it stood: nothing was asked again
    or mended. *cost* is in US dollars, None when unknown; *share* is that of the votes.
    """

    item: int
    number: int
    answer: str | None = None
    score: float | None = None
    text: str | None = None
    error: str | None = None
    answered: bool = True
    plain: bool = False
    calls: int = 0
    cost: Decimal | None = None
    seconds: float = 0.0
    share: float | None = None

    def to_json(self) -> JsonObject:
        """The run as a JSON object."""
        return {
            "item": self.item,
            "number": self.number,
            "answer": self.answer,
            "score": self.score,
            "text": self.text,
            "error": self.error,
            "answered": self.answered,
            "plain": self.plain,
            "calls": self.calls,
            "cost": None if self.cost is None else str(self.cost),
            "seconds": self.seconds,
            "share": self.share,
        }

    @classmethod
    def from_json(cls, record: JsonObject) -> Run:
        """The run that to_json() wrote; raises TypeError, ValueError for what it did not."""
        cost = record.get("cost")
        members = {**record, "cost": None if cost is None else Decimal(str(cost))}
        return cls(**cast("dict[str, object]", members))  # type: ignore[arg-type]  # as written


def succeeded(item: int, number: int, result: Result[object], score: Score | None) -> Run:
    """The record of a run that has its *result*; raises ConfigurationError for no such *score*."""
    sent = [attempt for attempt in result.attempts if attempt.sent]
    return Run(
        item,
        number,
        answer=canonical_json(result.output),
        score=score_of(result.output, score),
        text=result.raw,
        plain=len(result.attempts) == 1 and not result.repairs,
        calls=len(sent),
        cost=result.cost,
        seconds=result.elapsed,
        share=None if result.votes is None else result.votes.share,
    )


def failed(item: int, number: int, error: EnforcementError, *, answered: bool) -> Run:
    """The record of a run that ended with *error*."""
    return Run(
        item,
        number,
        text=error.text,
        error=f"{type(error).__name__}: {error.reason}",
        answered=answered,
        calls=sum(attempt.sent for attempt in error.attempts),
        cost=error.cost,
        seconds=sum(attempt.seconds for attempt in error.attempts),
    )


def score_of(output: object, score: Score | None) -> float | None:
    """The number of *output* that *score* means; without one *output* itself, if it is a number.

    Raises ConfigurationError for a member that is not there or is no number.
    """
    if score is None:
        return _number(output)
    if not isinstance(score, str):
        return score(output)
    value = _member(jsonable(output), score)
    number = _number(value)
    if number is None and value is not None:
        message = f"score={score!r}: expected a number there, got {value!r}"
        raise ConfigurationError(message)
    return number


def _member(value: JsonValue, path: str) -> JsonValue:
    for name in path.removeprefix("$.").split("."):
        if not isinstance(value, dict) or name not in value:
            names = ", ".join(value) if isinstance(value, dict) else "none"
            message = f"score={path!r}: the output has no member {name!r} there (it has: {names})"
            raise ConfigurationError(message)
        value = value[name]
    return value


def _number(value: object) -> float | None:
    return value if isinstance(value, (int, float)) and not isinstance(value, bool) else None
