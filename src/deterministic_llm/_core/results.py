"""What a run came to: its output, and every attempt that led to it."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Generic

from typing_extensions import TypeVar

from deterministic_llm._core.attempts import Attempt, Repair, Violation, total_cost
from deterministic_llm._core.exchange import Mode, Usage

T_co = TypeVar("T_co", covariant=True)


@dataclass(frozen=True, slots=True)
class Result(Generic[T_co]):
    """What a run came to: the *output* and every attempt that led to it.

    *exhausted* says that no attempt was accepted and *output* is what ``on_exhausted`` gave.
    """

    output: T_co
    attempts: tuple[Attempt[object], ...]
    exhausted: bool = False

    @property
    def usage(self) -> Usage:
        """Tokens of all attempts together."""
        return sum((attempt.usage for attempt in self.attempts), start=Usage())

    @property
    def cost(self) -> Decimal | None:
        """US dollars that all answered calls took; None when that of one is unknown."""
        return total_cost(self.attempts)

    @property
    def warnings(self) -> tuple[Violation, ...]:
        """What validators only warn of in the output."""
        return self.attempts[-1].warnings

    @property
    def elapsed(self) -> float:
        """Seconds spent in calls, the waiting between them left out."""
        return sum(attempt.seconds for attempt in self.attempts)

    @property
    def repairs(self) -> tuple[Repair, ...]:
        """What was mended in the accepted answer."""
        return self.attempts[-1].repairs

    @property
    def raw(self) -> str | None:
        """The text that the output was read from."""
        return self.attempts[-1].text

    @property
    def mode(self) -> Mode:
        """How the accepted answer was held by the backend."""
        return self.attempts[-1].request.constraint.mode

    def explain(self) -> str:
        """The story of the run, a line an attempt."""
        lines = [f"{attempt.request.number}. {attempt.summary}" for attempt in self.attempts]
        lines += [
            f"   repaired: {repair.rule} at {repair.path} ({repair.count})"
            for repair in self.repairs
        ]
        count = len(self.attempts)
        calls = "1 call" if count == 1 else f"{count} calls"
        return "\n".join([*lines, f"{calls}, {self.usage.total_tokens} tokens"])
