"""The record of a run: what was asked, what came back, what was wrong with it, what was mended."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from deterministic_llm._core.exchange import JsonValue

Loss: TypeAlias = Literal["none", "format", "meaning"]
"""What an edit costs: nothing, the author's spelling, or possibly what was meant."""
Code: TypeAlias = Literal[
    "empty",
    "refusal",
    "no_value",
    "syntax",
    "truncated",
    "ambiguous",
    "missing",
    "type",
    "enum",
    "range",
    "length",
    "pattern",
    "format",
    "extra",
    "duplicate_key",
    "not_finite",
    "surrogate",
    "too_deep",
    "too_large",
    "ellipsis",
    "denominator",
    "several_values",
    "placeholder",
    "validator",
]
"""Which kind of rule a violation broke."""


@dataclass(frozen=True, slots=True)
class Violation:
    """One broken rule: where (JSONPath), what was expected, what was got, how to mend it."""

    path: str
    code: Code
    expected: str
    got: str | None = None
    fix: str | None = None

    def __str__(self) -> str:
        got = "" if self.got is None else f", got {self.got}"
        fix = "" if self.fix is None else f" ({self.fix})"
        return f"{self.path}: {self.expected}{got}{fix}"


@dataclass(frozen=True, slots=True)
class Repair:
    """One kind of edit that made a text readable, with its first 20 *places* in the text."""

    rule: str
    path: str
    before: JsonValue
    after: JsonValue
    loss: Loss = "format"
    count: int = 1
    places: tuple[int, ...] = ()
