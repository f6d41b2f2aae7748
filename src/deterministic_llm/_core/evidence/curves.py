"""Curves from a probability to a calibrated one: labelled pairs go in, a fitted curve comes out.

A pair is the probability that an answer was given, and whether the answer was right.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from itertools import groupby
from math import exp, fsum, isfinite, log
from typing import ClassVar, Literal, TypeAlias

from deterministic_llm._core.exchange import JsonObject, JsonValue
from deterministic_llm._core.records import frozen

Pairs: TypeAlias = Sequence[tuple[float, bool]]
Method: TypeAlias = Literal["temperature", "platt", "isotonic"]

_SMALLEST = 1e-12
"""What keeps the logit of 0 and of 1 finite, as in scikit-learn."""
_WIDEST = 10.0
_HALVINGS = 200
_STEPS = 100
_SETTLED = 1e-12


@frozen
class Temperature:
    """The logit divided by a *temperature*: above 1 it makes a model less sure of itself."""

    method: ClassVar[Method] = "temperature"
    temperature: float

    def __call__(self, probability: float) -> float:
        """The calibrated probability."""
        return _sigmoid(_logit(probability) / self.temperature)

    @classmethod
    def fitted(cls, pairs: Pairs) -> Temperature:
        """That of the highest likelihood, by halving: the slope of its logarithm only falls."""
        known = [(_logit(probability), right) for probability, right in pairs]
        low, high = -_WIDEST, _WIDEST
        for _ in range(_HALVINGS):
            middle = (low + high) / 2
            scale = exp(middle)
            slope = fsum(logit * (_sigmoid(scale * logit) - right) for logit, right in known)
            low, high = (low, middle) if slope > 0 else (middle, high)
        return cls(exp(-(low + high) / 2))

    def to_json(self) -> JsonObject:
        """What from_json() reads."""
        return {"temperature": self.temperature}

    @classmethod
    def from_json(cls, record: JsonObject) -> Temperature:
        """The curve of *record*; raises ValueError."""
        temperature = _number(record, "temperature")
        if temperature <= 0:
            message = "expected a temperature above 0"
            raise ValueError(message)
        return cls(temperature)


@frozen
class Platt:
    """``1 / (1 + exp(slope * p + shift))``, as Platt 1999 fits it."""

    method: ClassVar[Method] = "platt"
    slope: float
    shift: float

    def __call__(self, probability: float) -> float:
        """The calibrated probability."""
        return _sigmoid(-(self.slope * probability + self.shift))

    @classmethod
    def fitted(cls, pairs: Pairs) -> Platt:
        """By Newton's method on the targets of Lin, Lin and Weng 2007, which are never 0 or 1."""
        right = sum(correct for _, correct in pairs)
        wrong = len(pairs) - right
        targets = {True: (right + 1) / (right + 2), False: 1 / (wrong + 2)}
        known = [(probability, targets[correct]) for probability, correct in pairs]
        slope, shift = 0.0, log((wrong + 1) / (right + 1))
        for _ in range(_STEPS):
            step = _downhill(known, slope, shift)
            slope, shift = slope + step[0], shift + step[1]
            if abs(step[0]) + abs(step[1]) < _SETTLED:
                break
        return cls(slope, shift)

    def to_json(self) -> JsonObject:
        """What from_json() reads."""
        return {"slope": self.slope, "shift": self.shift}

    @classmethod
    def from_json(cls, record: JsonObject) -> Platt:
        """The curve of *record*; raises ValueError."""
        return cls(_number(record, "slope"), _number(record, "shift"))


@frozen
class Isotonic:
    """The steps that fit best of all that never fall, straight lines between their ends."""

    method: ClassVar[Method] = "isotonic"
    at: tuple[float, ...]
    values: tuple[float, ...]

    def __call__(self, probability: float) -> float:
        """The calibrated probability."""
        above = bisect_left(self.at, probability)
        if above == 0 or above == len(self.at):
            return self.values[min(above, len(self.at) - 1)]
        low, high = self.at[above - 1], self.at[above]
        share = (probability - low) / (high - low)
        return self.values[above - 1] + share * (self.values[above] - self.values[above - 1])

    @classmethod
    def fitted(cls, pairs: Pairs) -> Isotonic:
        """By pooling neighbours that fall, those of equal probability first."""
        blocks: list[_Block] = []
        for probability, group in groupby(sorted(pairs), key=lambda pair: pair[0]):
            rights = [right for _, right in group]
            block = _Block(probability, probability, sum(rights), len(rights))
            while blocks and blocks[-1].mean >= block.mean:
                block = blocks.pop().joined(block)
            blocks.append(block)
        ends = [(x, block.mean) for block in blocks for x in dict.fromkeys(block.ends)]
        return cls(tuple(x for x, _ in ends), tuple(value for _, value in ends))

    def to_json(self) -> JsonObject:
        """What from_json() reads."""
        return {"at": [*self.at], "values": [*self.values]}

    @classmethod
    def from_json(cls, record: JsonObject) -> Isotonic:
        """The curve of *record*; raises ValueError."""
        at, values = _numbers(record, "at"), _numbers(record, "values")
        rising = list(at) == sorted(set(at)) and list(values) == sorted(values)
        if not at or len(at) != len(values) or not rising:
            message = "expected as many values as places, both rising"
            raise ValueError(message)
        return cls(at, values)


Curve: TypeAlias = Temperature | Platt | Isotonic
CURVES: Mapping[str, type[Temperature | Platt | Isotonic]] = {
    curve.method: curve for curve in (Temperature, Platt, Isotonic)
}
"""The curves by the names of their methods."""


@frozen
class _Block:
    first: float
    last: float
    right: int
    number: int

    @property
    def mean(self) -> float:
        return self.right / self.number

    @property
    def ends(self) -> tuple[float, float]:
        return self.first, self.last

    def joined(self, other: _Block) -> _Block:
        right, number = self.right + other.right, self.number + other.number
        return _Block(self.first, other.last, right, number)


def _downhill(
    known: Sequence[tuple[float, float]], slope: float, shift: float
) -> tuple[float, float]:
    """Newton's step, halved until the loss does not rise."""
    left = [(x, target, _sigmoid(-(slope * x + shift))) for x, target in known]
    gradient = fsum(x * (target - p) for x, target, p in left), fsum(t - p for _, t, p in left)
    curved = [(x, max(p * (1 - p), _SETTLED)) for x, _, p in left]
    xx, x1 = fsum(x * x * w for x, w in curved), fsum(x * w for x, w in curved)
    one = fsum(w for _, w in curved)
    area = xx * one - x1 * x1 + _SETTLED
    step = (
        -(one * gradient[0] - x1 * gradient[1]) / area,
        -(xx * gradient[1] - x1 * gradient[0]) / area,
    )
    before, share = _loss(known, slope, shift), 1.0
    while share > _SETTLED and _loss(known, slope + share * step[0], shift + share * step[1]) > (
        before + 1e-15 * abs(before)
    ):
        share /= 2
    return share * step[0], share * step[1]


def _loss(known: Sequence[tuple[float, float]], slope: float, shift: float) -> float:
    scores = [(slope * x + shift, target) for x, target in known]
    return fsum(_softened(score) - (1 - target) * score for score, target in scores)


def _softened(score: float) -> float:
    """The logarithm of 1 + exp(*score*), which does not overflow."""
    return max(score, 0.0) + log(1 + exp(-abs(score)))


def _sigmoid(score: float) -> float:
    if score >= 0:
        return 1 / (1 + exp(-min(score, 700.0)))
    grown = exp(max(score, -700.0))
    return grown / (1 + grown)


def _logit(probability: float) -> float:
    return log((probability + _SMALLEST) / (1 - probability + _SMALLEST))


def _number(record: JsonObject, name: str) -> float:
    return _finite(record.get(name), name)


def _numbers(record: JsonObject, name: str) -> tuple[float, ...]:
    listed = record.get(name)
    return tuple(_finite(each, name) for each in (listed if isinstance(listed, list) else [None]))


def _finite(value: JsonValue, name: str) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not isfinite(value):
        message = f"expected numbers for {name}"
        raise ValueError(message)
    return float(value)
