"""Agreement figures: those of scikit-learn, krippendorff, pingouin, scipy and statsmodels."""

from __future__ import annotations

import json
from collections.abc import Sequence
from math import isnan
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

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
from deterministic_llm._core.consensus.reliability import intraclass, of_votes, votes_for
from deterministic_llm._core.consensus.validity import (
    bias,
    mean_absolute_error,
    spearman,
    weighted_kappa,
)

# The versions that made them stand in the file.
KNOWN: dict[str, Any] = json.loads(Path(__file__).with_name("references.json").read_text("utf-8"))
EXACT = {"abs": 1e-9}


@pytest.mark.parametrize("known", KNOWN["pairs"], ids=lambda known: f"{len(known['scores'])} pairs")
def test_scores_and_labels_as_scikit_learn_and_scipy(known: dict[str, Any]):
    pair = (known["scores"], known["labels"])
    assert weighted_kappa(*pair) == pytest.approx(known["quadratic"], **EXACT)
    assert weighted_kappa(*pair, power=1) == pytest.approx(known["linear"], **EXACT)
    assert weighted_kappa(*pair, power=0) == pytest.approx(known["plain"], **EXACT)
    assert spearman(*pair) == pytest.approx(known["spearman"], **EXACT)
    assert mean_absolute_error(*pair) == pytest.approx(known["mae"], **EXACT)


@pytest.mark.parametrize("known", KNOWN["tables"], ids=lambda known: f"{len(known['table'])} items")
def test_intraclass_correlations_as_pingouin(known: dict[str, Any]):
    found, theirs = intraclass(known["table"]), known["icc"]
    runs = len(known["table"][0])
    assert found.agreement == pytest.approx(theirs["ICC(A,1)"], **EXACT)
    assert found.consistency == pytest.approx(theirs["ICC(C,1)"], **EXACT)
    assert of_votes(found.consistency, runs) == pytest.approx(theirs["ICC(C,k)"], **EXACT)


def krippendorff(rows: Sequence[Row], level: Level = "nominal") -> float:
    return alpha_of(units_of(rows), level)


@pytest.mark.parametrize("known", KNOWN["missing"], ids=lambda known: f"{len(known['rows'])} items")
@pytest.mark.parametrize("level", ["nominal", "ordinal", "interval", "ratio"])
def test_alpha_with_missing_answers_as_krippendorff(known: dict[str, Any], level: Any):
    found = krippendorff(known["rows"], level)
    assert found == pytest.approx(known["alpha"][level], **EXACT)


@pytest.mark.parametrize(("successes", "trials", "low", "high"), KNOWN["wilson"])
def test_wilsons_interval_as_statsmodels(successes: int, trials: int, low: float, high: float):
    found = wilson(successes, trials)
    assert (found.low, found.high) == (pytest.approx(low, **EXACT), pytest.approx(high, **EXACT))


ROWS = [[1, 1, 1], [1, 1, 2], [1, 2, 3], [4, None, 4], [5, None, None]]


def test_a_missing_answer_is_no_agreement():
    assert all_equal_rate(ROWS) == pytest.approx(1 / 5)
    assert all_equal_rate([["a", "a"], [None, None]]) == 0.5


def test_flips_are_counted_by_pairs_of_what_was_said():
    """0, two of three pairs, all three, and none of one pair."""
    assert pair_flip_rate(ROWS) == pytest.approx((0 + 2 / 3 + 1 + 0) / 4)


def test_entropy_is_1_where_all_say_something_else():
    assert entropy([[1, 2, 3]]) == pytest.approx(1)
    assert entropy([[1, 1, 1]]) == 0
    assert entropy([[1, 1, 2, 2]]) == pytest.approx(0.5)


def test_without_anything_to_compare_there_is_no_figure():
    nothing = [
        all_equal_rate([]),
        pair_flip_rate([[1, None]]),
        entropy([]),
        krippendorff([[1, 1], [1, 1]]),
        krippendorff([[1, None]]),
        weighted_kappa([1, 1], [1, 1]),
        weighted_kappa([], []),
        spearman([1, 1], [1, 2]),
        mean_absolute_error([], []),
        intraclass([[1, 1], [1, 1]]).agreement,
        bootstrap([], len).low,
    ]
    assert all(map(isnan, nothing))


@pytest.mark.parametrize("table", [[], [[1, 2]], [[1], [2]], [[1, 2], [3]]])
def test_an_incomplete_table_has_no_correlation(table: list[list[float]]):
    with pytest.raises(ValueError, match="expected a complete table"):
        intraclass(table)


def test_words_have_no_intervals():
    with pytest.raises(TypeError, match="expected a number, got 'a'"):
        krippendorff([["a", "b"], ["a", "a"]], "interval")


def test_bias_has_a_sign_and_distance_none():
    scores, labels = [5, 7, 9], [6, 5, 6]
    assert bias(scores, labels) == pytest.approx(4 / 3)
    assert mean_absolute_error(scores, labels) == pytest.approx(2)
    with pytest.raises(ValueError, match="zip"):
        bias([1], [1, 2])


@pytest.mark.parametrize(
    ("single", "wanted", "votes"),
    [
        (0.8, 0.95, 5),
        (0.7, 0.95, 9),
        (0.6, 0.95, 13),
        (0.96, 0.95, 1),
        (0.0, 0.9, None),
        (0.5, 1.0, None),
    ],
)
def test_how_many_votes_a_reliability_takes(single: float, wanted: float, votes: int | None):
    assert votes_for(single, wanted) == votes
    if votes is not None and votes > 1:
        assert of_votes(single, votes) >= wanted > of_votes(single, votes - 1)


def test_what_was_never_seen_may_still_be_there():
    assert rule_of_three(300) == 0.01
    assert (rule_of_three(2), rule_of_three(0)) == (1.0, 1.0)
    assert wilson(0, 0) == Interval(pytest.approx(float("nan"), nan_ok=True), 0.0, 1.0)


def mean(values: list[float]) -> float:
    return sum(values) / len(values)


def test_the_bootstrap_covers_a_mean_as_theory_says():
    """Of 100 values with standard deviation s, the mean has the standard error s / 10."""
    values = [float(at % 10) for at in range(100)]
    found = bootstrap(values, mean, seed=3)
    error = (sum((value - 4.5) ** 2 for value in values) / 100) ** 0.5 / 10
    assert found.value == 4.5
    assert found.low == pytest.approx(4.5 - 1.96 * error, abs=0.05)
    assert found.high == pytest.approx(4.5 + 1.96 * error, abs=0.05)
    assert bootstrap(values, mean, seed=3) == found


@given(
    st.lists(
        st.lists(st.integers(0, 3) | st.none(), min_size=2, max_size=4), min_size=1, max_size=6
    )
)
def test_figures_are_within_their_bounds(rows: list[list[int | None]]):
    for figure in (all_equal_rate, pair_flip_rate, entropy):
        value = figure(rows)
        assert isnan(value) or 0 <= value <= 1 + 1e-12
    alpha = krippendorff(rows)
    assert isnan(alpha) or alpha <= 1
