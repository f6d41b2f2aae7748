"""How far runs agree with each other: for each item what each run said goes in, a figure comes out.

A row holds what the runs said of one item; None is a run without a valid answer, which is missing
and no answer of its own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Mapping, Sequence
from itertools import combinations
from math import fsum, log2
from typing import Literal, TypeAlias

Row: TypeAlias = Sequence[Hashable | None]
"""What the runs said of one item."""
Level: TypeAlias = Literal["nominal", "ordinal", "interval", "ratio"]
"""What the distance of two values means: none, their order, their difference, their quotient."""


def all_equal_rate(rows: Sequence[Row]) -> float:
    """The share of items of which every run said the same: TARr of texts, TARa of what was read.

    Atil et al. 2024 (https://arxiv.org/abs/2408.04667). An item with a run that said nothing valid
    is not one of them.
    """
    return _mean([len(set(row)) == 1 and None not in row for row in rows])


def pair_flip_rate(rows: Sequence[Row]) -> float:
    """How often two runs, drawn at random, say different things of the same item."""
    flips: list[float] = []
    for row in rows:
        said = _said(row)
        if len(said) > 1:
            same = sum(count * (count - 1) for count in Counter(said).values())
            flips.append(1 - same / (len(said) * (len(said) - 1)))
    return _mean(flips)


def entropy(rows: Sequence[Row]) -> float:
    """How spread the answers to one item are, on average: 0 all the same, 1 all different.

    It is Shannon's entropy over that of as many different answers as there are.
    """
    spreads: list[float] = []
    for row in rows:
        said = _said(row)
        if len(said) > 1:
            shares = [count / len(said) for count in Counter(said).values()]
            spreads.append(-fsum(share * log2(share) for share in shares) / log2(len(said)))
    return _mean(spreads)


def units_of(rows: Sequence[Row]) -> Sequence[Counter[Hashable]]:
    """How often each answer was given, for each item with two answers at least."""
    return [Counter(said) for row in rows if len(said := _said(row)) > 1]


def alpha_of(units: Sequence[Counter[Hashable]], level: Level = "nominal") -> float:
    """Krippendorff's alpha of counted answers: 1 full agreement, 0 that of chance.

    By the coincidences of Krippendorff 2011 (https://repository.upenn.edu/asc_papers/43). Levels
    above nominal need numbers. NaN where nothing varies, as there is nothing to disagree on.
    """
    totals: Counter[Hashable] = Counter()
    for unit in units:
        totals.update(unit)
    disagreement = _disagreement(level, totals)
    observed = fsum(disagreement(unit) / (unit.total() - 1) for unit in units)
    expected = disagreement(totals)
    if not expected:
        return float("nan")
    return 1 - (totals.total() - 1) * observed / expected


def _said(row: Row) -> Sequence[Hashable]:
    return [each for each in row if each is not None]


def _mean(values: Sequence[float]) -> float:
    return fsum(values) / len(values) if values else float("nan")


def _disagreement(
    level: Level, totals: Mapping[Hashable, int]
) -> Callable[[Counter[Hashable]], float]:
    """What sums the squared distances of all pairs of counted answers, both ways."""
    if level == "nominal":
        return _unequal_pairs
    if level == "ratio":
        return _summed_quotients
    places = _ranks(totals) if level == "ordinal" else {each: _number(each) for each in totals}
    return lambda counts: _summed_squares(counts, places)


def _unequal_pairs(counts: Counter[Hashable]) -> float:
    return counts.total() ** 2 - sum(count * count for count in counts.values())


def _summed_squares(counts: Counter[Hashable], places: Mapping[Hashable, float]) -> float:
    """Without a look at each pair: twice the number times the squares, less the square of sums."""
    if len(counts) < 2:
        return 0.0
    origin = places[next(iter(counts))]  # near to all, so that little is lost between large squares
    known = [(places[each] - origin, count) for each, count in counts.items()]
    squares = fsum(count * place * place for place, count in known)
    return 2 * (counts.total() * squares - fsum(count * place for place, count in known) ** 2)


def _summed_quotients(counts: Counter[Hashable]) -> float:
    known = [(_number(each), count) for each, count in counts.items()]
    return fsum(
        2 * one * other * ((a - b) / (a + b)) ** 2
        for (a, one), (b, other) in combinations(known, 2)
    )


def _ranks(totals: Mapping[Hashable, int]) -> Mapping[Hashable, float]:
    """For each value how often less was said, and half as often as it was said itself."""
    ranks: dict[Hashable, float] = {}
    below = 0
    for value in sorted(totals, key=_number):
        ranks[value] = below + totals[value] / 2
        below += totals[value]
    return ranks


def _number(value: Hashable) -> float:
    if isinstance(value, (int, float)):
        return float(value)
    message = f"expected a number, got {value!r}"
    raise TypeError(message)
