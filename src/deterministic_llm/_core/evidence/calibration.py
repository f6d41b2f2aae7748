"""How well probabilities say what comes true: labelled pairs go in, figures come out."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from itertools import groupby
from math import fsum

from deterministic_llm._core.evidence.curves import Pairs
from deterministic_llm._core.records import frozen

_NO_PAIR = "expected at least one pair of a probability and a bool, got none"
_NO_BIN = "expected at least one bin, got {}"


@frozen
class Bin:
    """*number* pairs of like probability: *said* is its mean, *came* the share that was right."""

    number: int
    said: float
    came: float


@frozen
class Kept:
    """What is left when answers below *threshold* are not taken.

    *coverage* is the share that is taken, and *risk* the share of those that is wrong.
    """

    threshold: float
    coverage: float
    risk: float


def calibration_bins(pairs: Pairs, bins: int = 10) -> Sequence[Bin]:
    """*pairs* in at most so many *bins* of about equal size; equal probabilities stay together.

    The bounds are the quantiles of the probabilities, as scikit-learn's ``calibration_curve`` takes
    them. Raises ValueError for no pairs, or no bins.
    """
    if not pairs or bins < 1:
        raise ValueError(_NO_BIN.format(bins) if pairs else _NO_PAIR)
    said = sorted(probability for probability, _ in pairs)
    bounds = [_quantile(said, at / bins) for at in range(1, bins)]
    filled: list[list[tuple[float, bool]]] = [[] for _ in range(bins)]
    for pair in pairs:
        filled[bisect_left(bounds, pair[0])].append(pair)
    return [_bin(members) for members in filled if members]


def expected_calibration_error(pairs: Pairs, bins: int = 10) -> float:
    """The mean distance of what was said from what came, over bins of about equal size.

    Raises ValueError for no pairs, or no bins.
    """
    return fsum(
        each.number * abs(each.came - each.said) for each in calibration_bins(pairs, bins)
    ) / len(pairs)


def brier(pairs: Pairs) -> float:
    """The mean squared distance of a probability from 1 where right, and from 0 where wrong.

    Raises ValueError for no pairs.
    """
    if not pairs:
        raise ValueError(_NO_PAIR)
    return fsum((said - right) ** 2 for said, right in pairs) / len(pairs)


def risk_coverage(pairs: Pairs) -> Sequence[Kept]:
    """What each threshold keeps, and how much of that is wrong: the highest threshold first.

    Nothing is kept of no pairs.
    """
    points: list[Kept] = []
    kept = wrong = 0
    for threshold, group in groupby(sorted(pairs, reverse=True), key=lambda pair: pair[0]):
        rights = [right for _, right in group]
        kept, wrong = kept + len(rights), wrong + len(rights) - sum(rights)
        points.append(Kept(threshold, kept / len(pairs), wrong / kept))
    return points


def _bin(members: Pairs) -> Bin:
    said = fsum(probability for probability, _ in members) / len(members)
    return Bin(len(members), said, sum(right for _, right in members) / len(members))


def _quantile(ordered: Sequence[float], share: float) -> float:
    at = share * (len(ordered) - 1)
    below = int(at)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (at - below) * (ordered[above] - ordered[below])
