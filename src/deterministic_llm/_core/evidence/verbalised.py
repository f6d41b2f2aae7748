"""Probabilities in words: labels go out in several orders, the mean of what was said comes out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import fsum, isfinite

from deterministic_llm._core.evidence.evidence import Evidence, Scalar, distributed
from deterministic_llm._core.evidence.labels import spelled
from deterministic_llm._core.exchange import JsonObject, JsonValue

ASKED = (
    "Do not answer. For each of the possible answers say how probable it is that it is the right "
    "one, in percent; together they make 100."
)
"""What is asked besides the question itself."""


def orders(labels: Sequence[Scalar], times: int) -> Sequence[Sequence[Scalar]]:
    """*labels* in so many orders, which begin with different ones and go up or down from there.

    What stands first, or last, is liked better by many models.
    """
    size = len(labels)
    starts = [size * time // times for time in range(times)]
    turned = [[*labels[at:], *labels[:at]] for at in starts]
    return [[first, *(rest[::-1] if at % 2 else rest)] for at, (first, *rest) in enumerate(turned)]


def schema_of(order: Sequence[Scalar]) -> JsonObject:
    """The schema of an answer: a percentage for each label, in this *order*."""
    share: JsonObject = {"type": "number", "minimum": 0, "maximum": 100}
    members: JsonObject = {spelled(label): share for label in order}
    return {
        "type": "object",
        "properties": members,
        "required": [*members],
        "additionalProperties": False,
    }


def weighed(labels: Sequence[Scalar], answers: Sequence[JsonValue]) -> Evidence | None:
    """What *answers* say on average of each of *labels*; None where none of them says anything.

    Each counts alike: it is made to sum to 1 before. One that gives nothing to any is missing.
    """
    shares = [found for found in (_shares(labels, each) for each in answers) if found]
    if not shares:
        return None
    means = {label: fsum(each[label] for each in shares) / len(shares) for label in labels}
    value = max(labels, key=lambda label: means[label])
    return distributed(value, means, "verbalised")


def _shares(labels: Sequence[Scalar], answer: JsonValue) -> Mapping[Scalar, float]:
    said = answer if isinstance(answer, dict) else {}
    given = {label: _number(said.get(spelled(label))) for label in labels}
    total = fsum(given.values())
    return {label: share / total for label, share in given.items()} if total > 0 else {}


def _number(value: JsonValue) -> float:
    number = value if isinstance(value, (int, float)) and not isinstance(value, bool) else 0.0
    return float(number) if isfinite(number) and number > 0 else 0.0
