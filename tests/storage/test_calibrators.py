"""Calibrators: learnt from labelled answers, kept as JSON, and read again as they were."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from deterministic_llm import Calibrator, ConfigurationError, RecordError
from deterministic_llm._core.evidence.curves import Method

PAIRS = [(0.9, True), (0.9, False), (0.8, True), (0.6, True), (0.4, False), (0.2, False)]
METHODS: tuple[Method, ...] = ("temperature", "platt", "isotonic")


@pytest.mark.parametrize("method", METHODS)
def test_a_calibrator_comes_back_as_it_was_saved(method: Method, tmp_path: Path) -> None:
    calibrator = Calibrator.fit(PAIRS, method)
    calibrator.save(tmp_path / "essay.json")
    again = Calibrator.load(tmp_path / "essay.json")
    assert (again, again.method, again.pairs) == (calibrator, method, 6)
    assert [path.name for path in tmp_path.iterdir()] == ["essay.json"]
    assert 0 < again(0.85) < 1


def test_pairs_may_be_any_iterable_and_the_method_is_platts() -> None:
    assert Calibrator.fit(iter(PAIRS)).method == "platt"


def test_what_cannot_be_fitted_is_said() -> None:
    with pytest.raises(ConfigurationError, match="expected pairs of a probability and a bool"):
        Calibrator.fit([])
    with pytest.raises(ConfigurationError, match=r"got 1\.5"):
        Calibrator.fit([(1.5, True)])
    for wrong in (0.5, ("high", True), (0.5, True, 1), "ab"):
        with pytest.raises(ConfigurationError, match=f"and a bool, got {re.escape(repr(wrong))}"):
            Calibrator.fit([wrong])  # type: ignore[list-item]
    with pytest.raises(ConfigurationError, match="expected one of temperature, platt, isotonic"):
        Calibrator.fit(PAIRS, "magic")  # type: ignore[arg-type]


@pytest.mark.parametrize("probability", [-0.1, 1.5, float("nan")])
def test_what_is_no_probability_is_not_calibrated(probability: float) -> None:
    with pytest.raises(ValueError, match="expected a probability from 0 to 1, got"):
        Calibrator.fit(PAIRS, "temperature")(probability)


@pytest.mark.parametrize(
    "content",
    [
        b"{",
        b"\xff",
        b"[]",
        b'{"calibrator": 2, "method": "platt", "pairs": 6, "slope": 1, "shift": 0}',
        b'{"calibrator": 1, "method": "magic", "pairs": 6}',
        b'{"calibrator": 1, "method": "platt", "slope": 1, "shift": 0}',
        b'{"calibrator": 1, "method": "platt", "pairs": 6, "slope": NaN, "shift": 0}',
    ],
)
def test_a_file_that_holds_none_is_refused(content: bytes, tmp_path: Path) -> None:
    file = tmp_path / "essay.json"
    file.write_bytes(content)
    with pytest.raises(RecordError, match=r"essay\.json"):
        Calibrator.load(file)


def test_a_calibrator_that_was_not_saved_leaves_the_one_before(tmp_path: Path) -> None:
    file, folder = tmp_path / "essay.json", tmp_path / "folder"
    folder.mkdir()
    Calibrator.fit(PAIRS).save(file)
    with pytest.raises(OSError, match=r"essay\.json"):
        Calibrator.fit(PAIRS).save(file / "within.json")
    with pytest.raises(OSError, match=r"folder"):
        Calibrator.fit(PAIRS).save(folder)
    assert sorted(tmp_path.iterdir()) == [file, folder]
    assert json.loads(file.read_text("utf-8"))["pairs"] == 6
