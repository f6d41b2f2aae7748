"""Evidence: how sure a value is, whichever source says so."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field, replace
from math import exp, fsum, log2, sqrt
from typing import Literal, TypeAlias

from deterministic_llm._core.canonical import written
from deterministic_llm._core.exchange import JsonValue
from deterministic_llm._core.records import frozen

Source: TypeAlias = Literal["decision", "logprobs", "votes", "verbalised"]
"""Who says how sure a value is, best first: an endpoint that decides, the probabilities of the
tokens, the shares of votes, or the model in words."""
Scalar: TypeAlias = bool | int | float | str | None
"""A value that a distribution is over."""

FLAGGED_BELOW = 0.9
"""The captured mass below which a distribution is doubtful."""
LOST_BELOW = 0.5
"""The captured mass below which there is no distribution."""


@frozen
class Evidence:
    """How sure *value* is, as its *source* says; with no source, *reason* says why nobody knows.

    *probability* is that of the value. *distribution* has that of every legal value, where there
    are few; it sums to 1, and *mass* is what it summed to before: the rest went to what is no legal
    value, or cannot be told apart. *log_probability* is that of all its *tokens* together, and
    *weakest* that of the least probable one.
    """

    value: JsonValue
    source: Source | None = None
    probability: float | None = None
    distribution: Mapping[Scalar, float] = field(default_factory=dict[Scalar, float])
    mass: float | None = None
    log_probability: float | None = None
    tokens: int = 0
    weakest: float | None = None
    reason: str | None = None

    @property
    def flagged(self) -> bool:
        """Whether the distribution is doubtful: it captured less than 0.9 of the probability."""
        return self.mass is not None and self.mass < FLAGGED_BELOW

    @property
    def typical(self) -> float | None:
        """The geometric mean of the probabilities of its tokens, whatever their number."""
        total = self.log_probability
        return None if total is None or not self.tokens else exp(total / self.tokens)

    @property
    def mode(self) -> Scalar:
        """The most probable value, the first of equals; None without a distribution."""
        shares = self.distribution
        return max(shares, key=lambda each: shares[each], default=None)

    @property
    def mean(self) -> float | None:
        """The sum of p times the value; None where the values are not all numbers."""
        numbers = self._numbers
        return None if numbers is None else fsum(each * p for each, p in numbers.items())

    @property
    def sd(self) -> float | None:
        """The standard deviation of the distribution; None where the values are no numbers."""
        numbers, mean = self._numbers, self.mean
        if numbers is None or mean is None:
            return None
        return sqrt(fsum(p * (each - mean) ** 2 for each, p in numbers.items()))

    @property
    def entropy(self) -> float | None:
        """The entropy of the distribution in bits; None without one."""
        if not self.distribution:
            return None
        return abs(fsum(p * log2(p) for p in self.distribution.values() if p > 0))

    @property
    def _numbers(self) -> Mapping[float, float] | None:
        numbers: dict[float, float] = {
            each: p
            for each, p in self.distribution.items()
            if isinstance(each, (int, float)) and not isinstance(each, bool)
        }
        return numbers if numbers and len(numbers) == len(self.distribution) else None

    def mapped(self, labels: Mapping[Scalar, Scalar]) -> Evidence:
        """The same for what *labels* stand for, as ``{"A": 0, "B": 1}``; raises KeyError.

        The probabilities of labels that stand for the same are summed.
        """
        if isinstance(self.value, (list, dict)):
            raise KeyError(written(self.value))
        value = labels[self.value]
        distribution: dict[Scalar, float] = {}
        for each, p in self.distribution.items():
            distribution[labels[each]] = distribution.get(labels[each], 0.0) + p
        sure = distribution[value] if distribution else self.probability
        return replace(self, value=value, distribution=distribution, probability=sure)


def unknown(value: JsonValue, reason: str) -> Evidence:
    """That nobody knows how sure *value* is, and the *reason*."""
    return Evidence(value, reason=reason)


def distributed(value: JsonValue, masses: Mapping[Scalar, float], source: Source) -> Evidence:
    """Evidence from *masses*, what the legal values have of the probability.

    It has no distribution, and a reason instead, where they have less than half of it.
    """
    total = fsum(masses.values())
    if total < LOST_BELOW:
        reason = f"the legal values have {total:.0%} of the probability"
        return Evidence(value, mass=total, reason=reason)
    distribution = {each: p / total for each, p in masses.items()}
    share = next((p for each, p in distribution.items() if same(each, value)), 0.0)
    return Evidence(value, source, share, distribution, min(total, 1.0))


def same(one: JsonValue, other: JsonValue) -> bool:
    """Whether both are the same JSON: true is not 1, and 1.0 is."""
    return written(one) == written(other)
