"""How far scores agree with those of people: two sequences of scores go in, a figure comes out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from math import fsum, sqrt


def weighted_kappa(scores: Sequence[float], labels: Sequence[float], *, power: int = 2) -> float:
    """Cohen's kappa with quadratic weights (power 2), linear ones (1) or none (0).

    1 is full agreement, 0 that of chance. NaN where nothing varies. Raises ValueError for sequences
    of different lengths.
    """
    pairs = _paired(scores, labels)
    observed = fsum(_weight(a, b, power) for a, b in pairs)
    told, known = Counter(scores), Counter(labels)
    chance = fsum(told[a] * known[b] * _weight(a, b, power) for a in told for b in known) / max(
        len(pairs), 1
    )
    return 1 - observed / chance if chance else float("nan")


def spearman(scores: Sequence[float], labels: Sequence[float]) -> float:
    """Spearman's rank correlation, ties at their mean rank; NaN where nothing varies."""
    _paired(scores, labels)
    first, second = _ranks(scores), _ranks(labels)
    mean = (len(first) + 1) / 2
    shared = fsum((a - mean) * (b - mean) for a, b in zip(first, second, strict=True))
    spread = fsum((a - mean) ** 2 for a in first) * fsum((b - mean) ** 2 for b in second)
    return shared / sqrt(spread) if spread else float("nan")


def mean_absolute_error(scores: Sequence[float], labels: Sequence[float]) -> float:
    """The mean distance of a score from its label."""
    return _mean([abs(score - label) for score, label in _paired(scores, labels)])


def bias(scores: Sequence[float], labels: Sequence[float]) -> float:
    """How much higher scores are than their labels, on average."""
    return _mean([score - label for score, label in _paired(scores, labels)])


def _weight(score: float, label: float, power: int) -> float:
    return abs(score - label) ** power if power else float(score != label)


def _ranks(values: Sequence[float]) -> Sequence[float]:
    """The place of each value among all, from 1; equal ones share the mean of their places."""
    ranks: dict[float, float] = {}
    below = 0
    for value, count in sorted(Counter(values).items()):
        ranks[value] = below + (count + 1) / 2
        below += count
    return [ranks[value] for value in values]


def _paired(scores: Sequence[float], labels: Sequence[float]) -> Sequence[tuple[float, float]]:
    return list(zip(scores, labels, strict=True))


def _mean(values: Sequence[float]) -> float:
    return fsum(values) / len(values) if values else float("nan")
