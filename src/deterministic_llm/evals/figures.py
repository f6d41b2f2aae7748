"""What several runs of each question say of a scorer: runs go in, figures with intervals come out.

Intervals are of 95 %: Wilson's for shares of runs, bootstrapped over questions for what is said of
questions, as the runs of one question are no independent witnesses.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from functools import partial
from math import fsum, isnan
from typing import TypeAlias

from deterministic_llm._core.consensus.agreement import (
    Level,
    Row,
    all_equal_rate,
    alpha_of,
    entropy,
    pair_flip_rate,
    units_of,
)
from deterministic_llm._core.consensus.intervals import Interval, bootstrap, rule_of_three, wilson
from deterministic_llm._core.consensus.reliability import intraclass, votes_for
from deterministic_llm._core.consensus.validity import (
    bias,
    mean_absolute_error,
    spearman,
    weighted_kappa,
)
from deterministic_llm._core.exchange import summed
from deterministic_llm._core.records import frozen
from deterministic_llm.evals.runs import Run

WANTED = (0.8, 0.9, 0.95)
"""The reliabilities of which it is told how many votes they take."""
_RESAMPLES = 1000

Labelled: TypeAlias = tuple[Sequence[float], float]
"""The scores that one question was given, and that of a person."""


@frozen
class Reliability:
    """How repeatable scores are, by the *items* that have one of every run.

    *agreement* is ICC(2,1), *consistency* ICC(3,1), *error* the standard error of one score.
    *votes* says how many votes together have a reliability, None where no number has.
    """

    items: int
    agreement: Interval
    consistency: Interval
    error: float
    votes: Mapping[float, int | None]


@frozen
class Validity:
    """How far the scores of all runs agree with those of people, for the *items* that have both.

    *kappa* has quadratic weights, *error* is the mean absolute one, and *bias* how much higher the
    scores are.
    """

    items: int
    kappa: Interval
    spearman: Interval
    error: Interval
    bias: Interval


@frozen
class Figures:
    """What *runs* of *items* questions say about a scorer.

    *answered* runs came to an answer, valid or not. Of those *valid* is the share with a valid
    output and *plain* that of runs whose first answer was valid as it stood; *fails_below* is what
    the rate of invalid ones is below where there was none. *same_text* and *same_answer* are the
    shares of questions of which all runs wrote, or meant, the same (TARr, TARa). *flips* is how
    often two runs differ, *spread* the entropy of the answers from 0 to 1, *alpha* Krippendorff's,
    of intervals for numbers. *cost* is in US dollars, None when that of a run is unknown.
    """

    items: int
    runs: int
    answered: int
    valid: Interval
    plain: Interval
    fails_below: float | None
    same_text: Interval
    same_answer: Interval
    flips: Interval
    spread: Interval
    alpha: Interval
    reliability: Reliability | None
    validity: Validity | None
    calls: int
    cost: Decimal | None
    seconds: float


def figures_of(rows: Sequence[Sequence[Run]], labels: Sequence[float | None] = ()) -> Figures:
    """The figures of *rows*, the runs of each question, against *labels* where there are any."""
    runs = [run for row in rows for run in row]
    answered = [run for run in runs if run.answered]
    valid = sum(run.answer is not None for run in answered)
    scores = [[run.score for run in row] for row in rows]
    numeric = bool(valid) and all(run.score is not None for run in answered if run.answer)
    texts = [[run.text for run in row if run.answered] for row in rows]
    answers: Sequence[Row] = scores if numeric else [[run.answer for run in row] for row in rows]
    return Figures(
        items=len(rows),
        runs=len(runs),
        answered=len(answered),
        valid=wilson(valid, len(answered)),
        plain=wilson(sum(run.plain for run in answered), len(answered)),
        fails_below=rule_of_three(valid) if valid == len(answered) else None,
        same_text=_over(texts, all_equal_rate),
        same_answer=_over(answers, all_equal_rate),
        flips=_over(answers, pair_flip_rate),
        spread=_over(answers, entropy),
        alpha=_alpha(answers, "interval" if numeric else "nominal"),
        reliability=_reliability(scores) if numeric else None,
        validity=_validity(scores, labels) if numeric else None,
        calls=sum(run.calls for run in runs),
        cost=summed(run.cost for run in runs),
        seconds=sum(run.seconds for run in runs),
    )


def _over(rows: Sequence[Row], figure: Callable[[Sequence[Row]], float]) -> Interval:
    """A *figure* that is the mean of what it is of each item that has one."""
    each = [value for row in rows if row and not isnan(value := figure([row]))]
    return bootstrap(each, _mean, resamples=_RESAMPLES)


def _mean(values: Sequence[float]) -> float:
    return fsum(values) / len(values) if values else float("nan")


def _alpha(rows: Sequence[Row], level: Level) -> Interval:
    return bootstrap(units_of(rows), partial(alpha_of, level=level), resamples=_RESAMPLES)


def _reliability(scores: Sequence[Sequence[float | None]]) -> Reliability | None:
    """Of the items with a score of every run; None where there are too few for a correlation."""
    most = max(map(len, scores))
    table = [known for row in scores if len(known := _known(row)) == most]
    if most < 2 or len(table) < 2:
        return None
    single = intraclass(table)
    return Reliability(
        len(table),
        bootstrap(table, _agreement, resamples=_RESAMPLES),
        bootstrap(table, _consistency, resamples=_RESAMPLES),
        single.error,
        {wanted: votes_for(single.agreement, wanted) for wanted in WANTED},
    )


def _agreement(table: Sequence[Sequence[float]]) -> float:
    return intraclass(table).agreement


def _consistency(table: Sequence[Sequence[float]]) -> float:
    return intraclass(table).consistency


def _validity(
    scores: Sequence[Sequence[float | None]], labels: Sequence[float | None]
) -> Validity | None:
    labelled = [
        (known, label)
        for row, label in zip(scores, labels, strict=False)
        if label is not None and (known := _known(row))
    ]
    if not labelled:
        return None
    figures = (weighted_kappa, spearman, mean_absolute_error, bias)
    return Validity(len(labelled), *(_against(labelled, figure) for figure in figures))


def _against(
    labelled: Sequence[Labelled],
    figure: Callable[[Sequence[float], Sequence[float]], float],
) -> Interval:
    def of(items: Sequence[Labelled]) -> float:
        told = [score for scores, _ in items for score in scores]
        known = [label for scores, label in items for _ in scores]
        return figure(told, known)

    return bootstrap(labelled, of, resamples=_RESAMPLES)


def _known(row: Sequence[float | None]) -> list[float]:
    return [score for score in row if score is not None]
