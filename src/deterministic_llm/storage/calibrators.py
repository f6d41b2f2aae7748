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

_VERSION = 1


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
        known = [(float(said), bool(right)) for said, right in pairs]
        if method not in CURVES:
            message = f"method={method!r}: expected one of {', '.join(get_args(Method))}"
            raise ConfigurationError(message)
        outside = next((said for said, _ in known if not 0 <= said <= 1), None)
        if outside is not None or not known:
            got = "no pair" if outside is None else f"{outside!r}"
            message = f"Calibrator.fit: expected pairs of a probability and a bool, got {got}"
            raise ConfigurationError(message)
        return cls(CURVES[method].fitted(known), len(known))

    def __call__(self, probability: float) -> float:
        """How often answers of this *probability* are right."""
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
        file = Path(path)
        beside = file.with_name(f"{file.name}.{os.getpid()}.part")
        beside.write_text(json.dumps(record) + "\n", "utf-8")
        beside.replace(file)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Calibrator:
        """The one in the file at *path*; raises OSError without a file, or RecordError."""
        text = Path(path).read_text("utf-8")
        try:
            record: JsonValue = json.loads(text)
            return cls._of(record if isinstance(record, dict) else {})
        except ValueError as error:
            raise RecordError(str(path), str(error)) from error

    @classmethod
    def _of(cls, record: JsonObject) -> Calibrator:
        curve, pairs = CURVES.get(str(record.get("method"))), record.get("pairs")
        if record.get("calibrator") != _VERSION or curve is None or not isinstance(pairs, int):
            message = f'expected {{"calibrator": {_VERSION}, "method": ..., "pairs": ...}}'
            raise ValueError(message)
        return cls(curve.from_json(record), pairs)
