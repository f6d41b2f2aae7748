"""Calibration: the curves and figures of scikit-learn, and what no fit may do."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deterministic_llm._core.evidence.calibration import (
    Bin,
    Kept,
    brier,
    calibration_bins,
    expected_calibration_error,
    risk_coverage,
)
from deterministic_llm._core.evidence.curves import CURVES, Isotonic, Platt, Temperature

# Which functions of which version made them stands in the file.
KNOWN: dict[str, Any] = json.loads(Path(__file__).with_name("references.json").read_text("utf-8"))
PAIRS = st.lists(
    st.tuples(st.floats(0, 1, allow_subnormal=False), st.booleans()), min_size=1, max_size=40
)


def pairs_of(known: dict[str, Any]) -> list[tuple[float, bool]]:
    return [(said, bool(right)) for said, right in known["pairs"]]


@pytest.mark.parametrize("known", KNOWN["sets"], ids=lambda known: f"{len(known['pairs'])} pairs")
@pytest.mark.parametrize("method", sorted(CURVES))
def test_a_curve_is_that_of_scikit_learn_to_seven_digits(method: str, known: dict[str, Any]):
    """Theirs are found by minimisers that stop at 1e-8."""
    curve = CURVES[method].fitted(pairs_of(known))
    assert [curve(at) for at in known["grid"]] == pytest.approx(known[method], abs=1e-7)


@pytest.mark.parametrize("known", KNOWN["sets"], ids=lambda known: f"{len(known['pairs'])} pairs")
def test_the_figures_are_those_of_scikit_learn(known: dict[str, Any]):
    pairs = pairs_of(known)
    assert expected_calibration_error(pairs) == pytest.approx(known["ece"], abs=1e-12)
    assert brier(pairs) == pytest.approx(known["brier"], abs=1e-12)
    risks = {each.threshold: each.risk for each in risk_coverage(pairs)}
    for threshold, risk in known["risk"]:
        assert risks[threshold] == pytest.approx(risk, abs=1e-12)


@given(PAIRS, st.sampled_from(sorted(CURVES)))
def test_every_curve_gives_probabilities_and_is_written_and_read_alike(
    pairs: list[tuple[float, bool]], method: str
):
    curve = CURVES[method].fitted(pairs)
    again = CURVES[method].from_json(json.loads(json.dumps(curve.to_json())))
    grid = [0.0, *sorted(said for said, _ in pairs), 1.0]
    assert [again(at) for at in grid] == [curve(at) for at in grid]
    assert all(0 <= curve(at) <= 1 for at in grid)


@given(PAIRS)
def test_isotonic_never_falls_and_keeps_the_mean(pairs: list[tuple[float, bool]]):
    curve = Isotonic.fitted(pairs)
    fitted = [curve(said) for said, _ in sorted(pairs)]
    assert fitted == sorted(fitted)
    assert sum(fitted) == pytest.approx(sum(right for _, right in pairs))


@given(PAIRS)
def test_a_temperature_never_turns_the_order_round(pairs: list[tuple[float, bool]]):
    curve = Temperature.fitted(pairs)
    fitted = [curve(said) for said, _ in sorted(pairs)]
    assert fitted == sorted(fitted)


FEW = [(0.9, True), (0.9, True), (0.8, False), (0.6, True), (0.2, False)]


def test_all_right_or_all_wrong_is_never_sure():
    """The targets of Lin, Lin and Weng: three right answers are four of five, not all."""
    right = Platt.fitted([(said, True) for said, _ in FEW])
    assert 0.5 < right(0.9) < 1
    assert right(0.9) == pytest.approx(6 / 7, abs=1e-3)


def test_a_threshold_keeps_all_of_its_probability():
    assert risk_coverage(FEW) == [
        Kept(0.9, 0.4, 0.0),
        Kept(0.8, 0.6, pytest.approx(1 / 3)),
        Kept(0.6, 0.8, 0.25),
        Kept(0.2, 1.0, 0.4),
    ]


def test_equal_probabilities_share_a_bin():
    assert calibration_bins(FEW, 2) == [
        Bin(3, pytest.approx((0.8 + 0.6 + 0.2) / 3), pytest.approx(1 / 3)),
        Bin(2, 0.9, 1.0),
    ]


@pytest.mark.parametrize("figure", [calibration_bins, expected_calibration_error, brier])
def test_a_figure_wants_a_pair(figure: Any):
    with pytest.raises(ValueError, match="at least one pair of a probability and a bool, got none"):
        figure([])


def test_bins_want_a_bin():
    with pytest.raises(ValueError, match="at least one bin, got -1"):
        calibration_bins(FEW, -1)


@pytest.mark.parametrize(
    ("method", "record"),
    [
        ("temperature", {"temperature": 0}),
        ("temperature", {"temperature": "hot"}),
        ("platt", {"slope": 1}),
        ("platt", {"slope": True, "shift": 1}),
        ("isotonic", {"at": [], "values": []}),
        ("isotonic", {"at": [0.5, 0.1], "values": [0, 1]}),
        ("isotonic", {"at": [0.1, 0.5], "values": [0]}),
        ("isotonic", {"at": 1, "values": [0]}),
    ],
)
def test_a_record_of_no_curve_is_refused(method: str, record: dict[str, Any]):
    with pytest.raises(ValueError, match="expected"):
        CURVES[method].from_json(record)
