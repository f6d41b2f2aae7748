"""Calibrator: what a probability is worth, learnt from answers whose truth is known."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from deterministic_llm._core.evidence.curves import CURVES, Curve, Method
from deterministic_llm._core.exchange import JsonObject, JsonValue
from deterministic_llm.errors import ConfigurationError, RecordError
from deterministic_llm.storage.files import written_whole

_VERSION = 1
_WANTED = f'expected {{"calibrator": {_VERSION}, "method": ..., "pairs": ...}}'
_NO_PAIRS = "Calibrator.fit: expected pairs of a probability and a bool, got {}"


@dataclass(frozen=True)
class Calibrator:
    """Turns the probability of an answer into how often such answers are right.

    ``Calibrator.fit([(0.9, True), (0.8, False), ...])`` learns it from answers whose truth is
    known; ``calibrator(0.85)`` applies it. It was fitted on so many *pairs*.
    """

    curve: Curve
    pairs: int

    @classmethod
    def fit(cls, pairs: Iterable[tuple[float, bool]], method: Method = "platt") -> Calibrator:
        """A calibrator from *pairs* of a probability and whether the answer was right.

        "temperature" and "platt" have one and two numbers to learn; "isotonic" follows any rising
        curve, and wants some 200 pairs. Raises ConfigurationError for no pairs, for what is no
        probability, or an unknown method.
        """
        known = [_pair(each) for each in pairs]
        if method not in CURVES:
            message = f"method={method!r}: expected one of {', '.join(get_args(Method))}"
            raise ConfigurationError(message)
        outside = next((said for said, _ in known if not 0 <= said <= 1), None)
        if outside is not None or not known:
            got = "no pair" if outside is None else f"{outside!r}"
            raise ConfigurationError(_NO_PAIRS.format(got))
        return cls(CURVES[method].fitted(known), len(known))

    def __call__(self, probability: float) -> float:
        """How often answers of this *probability* are right; raises ValueError for none."""
        if not 0 <= probability <= 1:
            message = f"expected a probability from 0 to 1, got {probability!r}"
            raise ValueError(message)
        return self.curve(probability)

    @property
    def method(self) -> Method:
        """How it was fitted."""
        return self.curve.method

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write it to the file at *path* as JSON: whole or not at all."""
        record: JsonValue = {
            "calibrator": _VERSION,
            "method": self.method,
            "pairs": self.pairs,
            **self.curve.to_json(),
        }
        written_whole(path, json.dumps(record) + "\n")

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Calibrator:
        """The one in the file at *path*; raises OSError without a file, or RecordError."""
        try:
            record: JsonValue = json.loads(Path(path).read_text("utf-8"))
        except ValueError as error:
            raise RecordError(str(path), f"{_WANTED}, got no JSON") from error
        try:
            return cls._of(record if isinstance(record, dict) else {})
        except ValueError as error:
            raise RecordError(str(path), str(error)) from error

    @classmethod
    def _of(cls, record: JsonObject) -> Calibrator:
        curve, pairs = CURVES.get(str(record.get("method"))), record.get("pairs")
        if record.get("calibrator") != _VERSION or curve is None or not isinstance(pairs, int):
            raise ValueError(_WANTED)
        return cls(curve.from_json(record), pairs)


def _pair(given: tuple[float, bool]) -> tuple[float, bool]:
    """*given* with Python's own types, where a table may have had others."""
    try:
        said, right = given
        return float(said), bool(right)
    except (TypeError, ValueError) as error:
        raise ConfigurationError(_NO_PAIRS.format(repr(given))) from error
