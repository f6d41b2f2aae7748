"""How a value was written: its bytes and their tokens go in, evidence comes out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import exp, fsum

from deterministic_llm._core.evidence.evidence import Evidence, Scalar, distributed, same
from deterministic_llm._core.evidence.labels import masses
from deterministic_llm._core.evidence.transcript import Transcript
from deterministic_llm._core.exchange import JsonValue


def of_value(
    transcript: Transcript,
    value: JsonValue,
    place: tuple[int, int],
    labels: Sequence[Scalar] | None,
) -> Evidence:
    """How sure *value* is that stands at *place*, from and to a byte of the answer.

    With the *labels* that may stand there it is a distribution over them; else the probability of
    the tokens that wrote it.
    """
    start, end = place
    written = [transcript.tokens[each].logprob for each in transcript.over(start, end)]
    total, weakest = fsum(written), min(written)
    if labels is None or not any(same(each, value) for each in labels):
        return Evidence(
            value,
            "logprobs",
            exp(total),
            log_probability=total,
            tokens=len(written),
            weakest=weakest,
        )
    quoted = transcript.data[start : start + 1] == b'"'
    found = masses(transcript, start + quoted, labels, quoted=quoted)
    figures = distributed(value, found, "logprobs")
    return replace(figures, log_probability=total, tokens=len(written), weakest=weakest)


def averaged(value: JsonValue, several: Sequence[Evidence]) -> Evidence:
    """What several distributions over the same values come to: each answer had its own reasons."""
    sums: dict[Scalar, float] = {}
    for each in several:
        for label, p in each.distribution.items():
            sums[label] = sums.get(label, 0.0) + p * (each.mass or 0.0)
    means = {label: total / len(several) for label, total in sums.items()}
    return distributed(value, means, several[0].source or "logprobs")


def of_votes(
    value: JsonValue, votes: Sequence[JsonValue], labels: Sequence[Scalar] | None
) -> Evidence:
    """How sure *value* is by *votes*, one answer each; those without a valid one are left out.

    Over *labels* a half is added to each count (the Krichevsky-Trofimov estimate): what nobody said
    in five votes is improbable and not impossible. Else it is the share of equal answers.
    """
    if labels is None:
        share = sum(same(each, value) for each in votes) / len(votes)
        return Evidence(value, "votes", share)
    counts = {label: sum(same(label, vote) for vote in votes) for label in labels}
    return distributed(value, _smoothed(counts), "votes")


def _smoothed(counts: Mapping[Scalar, int]) -> Mapping[Scalar, float]:
    total = sum(counts.values()) + len(counts) / 2
    return {label: (count + 0.5) / total for label, count in counts.items()}
