"""How sure a figure is: counts or items go in, an interval comes out."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from math import isnan, sqrt
from statistics import NormalDist

from typing_extensions import TypeVar

from deterministic_llm._core.records import frozen

T = TypeVar("T")


@frozen
class Interval:
    """The *value* of a figure, and what it lies between: *low* and *high*."""

    value: float
    low: float
    high: float


def wilson(successes: int, trials: int, confidence: float = 0.95) -> Interval:
    """The share of *successes* with Wilson's score interval (1927); without a trial 0 to 1."""
    if not trials:
        return Interval(float("nan"), 0.0, 1.0)
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    share, square = successes / trials, z * z / trials
    middle = (share + square / 2) / (1 + square)
    reach = z / (1 + square) * sqrt(share * (1 - share) / trials + square / (4 * trials))
    low = 0.0 if not successes else middle - reach
    high = 1.0 if successes == trials else middle + reach
    return Interval(share, low, high)


def rule_of_three(trials: int) -> float:
    """What a rate is below, with 95 % confidence, when it was never seen in so many *trials*.

    Hanley and Lippman-Hand 1983: about 3 / trials.
    """
    return min(1.0, 3 / trials) if trials else 1.0


def bootstrap(
    items: Sequence[T],
    figure: Callable[[Sequence[T]], float],
    *,
    resamples: int = 2000,
    confidence: float = 0.95,
    seed: int = 0,
) -> Interval:
    """*figure* of *items* with the interval of Efron's percentiles over resampled items.

    Items are resampled and not runs: runs of one item are no independent witnesses. Samples of
    which there is no figure are left out. The same *seed* gives the same interval.
    """
    chance = random.Random(seed)  # noqa: S311  # resamples, guards nothing
    value = figure(items)
    drawn = (figure(chance.choices(items, k=len(items))) for _ in range(resamples if items else 0))
    known = sorted(each for each in drawn if not isnan(each))
    tail = (1 - confidence) / 2
    return Interval(value, _quantile(known, tail), _quantile(known, 1 - tail))


def _quantile(ordered: Sequence[float], share: float) -> float:
    """The value below which *share* of *ordered* lies, between two of them in proportion."""
    if not ordered:
        return float("nan")
    place = share * (len(ordered) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)
