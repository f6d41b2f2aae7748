"""How reliable scores are: a table of items by runs goes in, intraclass correlations come out."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, fsum, sqrt

from deterministic_llm._core.records import frozen


@frozen
class Intraclass:
    """Intraclass correlations of single scores, by Shrout and Fleiss 1979.

    *agreement* is ICC(2,1), absolute agreement of runs; *consistency* ICC(3,1), which forgives a
    run that is always higher. *error* is the standard error of one score.
    """

    agreement: float
    consistency: float
    error: float


def intraclass(table: Sequence[Sequence[float]]) -> Intraclass:
    """The correlations of a complete *table*: a row an item, a column a run, two of each at least.

    Raises ValueError for another table. NaN where nothing varies.
    """
    items, runs = len(table), len(table[0]) if table else 0
    if items < 2 or runs < 2 or any(len(row) != runs for row in table):
        message = "expected a complete table of at least 2 items by 2 runs"
        raise ValueError(message)
    mean = fsum(map(fsum, table)) / (items * runs)
    total = fsum((score - mean) ** 2 for row in table for score in row)
    between = runs * fsum((fsum(row) / runs - mean) ** 2 for row in table)
    by_run = items * fsum((fsum(run) / items - mean) ** 2 for run in zip(*table, strict=True))
    residual = max(total - between - by_run, 0.0)
    msr, msc = between / (items - 1), by_run / (runs - 1)
    mse = residual / ((items - 1) * (runs - 1))
    msw = (by_run + residual) / (items * (runs - 1))
    return Intraclass(
        _ratio(msr - mse, msr + (runs - 1) * mse + runs * (msc - mse) / items),
        _ratio(msr - mse, msr + (runs - 1) * mse),
        sqrt(msw),
    )


def of_votes(single: float, votes: int) -> float:
    """The reliability of the mean of so many *votes*, by Spearman and Brown 1910.

    *single* is that of one vote, as ICC(2,1).
    """
    return _ratio(votes * single, 1 + (votes - 1) * single)


def votes_for(single: float, wanted: float) -> int | None:
    """How many votes it takes for the reliability *wanted*; None where no number does."""
    if not 0 < single < 1 or not 0 < wanted < 1:
        return 1 if single >= wanted else None
    return max(1, ceil(round(wanted * (1 - single) / (single * (1 - wanted)), 9)))


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else float("nan")
