"""Every error that the library raises, each of which writes its own text from its fields.

DeterministicLLMError
├── SchemaError            the target cannot be used; raised when it is declared, never mid-run
├── ConfigurationError     no key, a missing extra, a bad model file, a wrong option
├── ResponseError          (ValueError) parse(): one text is not the target
├── EnforcementError       the run ended without a value
│   ├── RetriesExhausted   every allowed re-ask was answered, none validly
│   ├── Refused            the model declined to answer
│   ├── Filtered           the provider's content filter withheld the answer
│   ├── Truncated          the answer was cut at the token limit
│   └── ProviderError      the call itself failed and asking again would not help
└── ReplayError            the cassette has no such call

All of them pickle and deep-copy: what ``__init__`` takes is what ``args`` holds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from deterministic_llm._core.attempts import Attempt, Repair, Violation
    from deterministic_llm._core.exchange import Usage


class DeterministicLLMError(Exception):
    """Base of everything the library raises on purpose."""


class SchemaError(DeterministicLLMError):
    """The target cannot be used: *problem* at *where*, and how to *fix* it."""

    def __init__(self, where: str, problem: str, fix: str) -> None:
        super().__init__(where, problem, fix)
        self.where = where
        self.problem = problem
        self.fix = fix

    def __str__(self) -> str:
        return f"{self.where}: {self.problem} ({self.fix})"


class ConfigurationError(DeterministicLLMError):
    """Something around the call is not set up: one sentence with what, where, got and fix."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem

    def __str__(self) -> str:
        return self.problem


class ResponseError(DeterministicLLMError, ValueError):
    """*text* is not the target: what is wrong with it, and which repairs were tried in vain."""

    def __init__(
        self,
        text: str,
        violations: tuple[Violation, ...],
        repairs_tried: tuple[Repair, ...] = (),
    ) -> None:
        super().__init__(text, violations, repairs_tried)
        self.text = text
        self.violations = violations
        self.repairs_tried = repairs_tried

    def __str__(self) -> str:
        return _lines("the text is not what was asked for", self.violations)


class EnforcementError(DeterministicLLMError):
    """The run ended without a value; carries every attempt that was made, at least one."""

    reason = "no valid answer"

    def __init__(self, attempts: tuple[Attempt[object], ...]) -> None:
        super().__init__(attempts)
        self.attempts = attempts
        for attempt in attempts[:-1]:
            self.add_note(f"attempt {attempt.request.number}: {attempt.summary}")

    @property
    def usage(self) -> Usage:
        """Tokens of all attempts together."""
        usages = [attempt.usage for attempt in self.attempts]
        return sum(usages[1:], start=usages[0])

    @property
    def cost(self) -> float | None:
        """US dollars of all attempts together; None when a price is not known."""
        costs = [attempt.cost for attempt in self.attempts]
        known = [cost for cost in costs if cost is not None]
        return sum(known) if len(known) == len(costs) else None

    @property
    def text(self) -> str | None:
        """What the model said last, or None when it said nothing."""
        return next((a.text for a in reversed(self.attempts) if a.text is not None), None)

    @property
    def violations(self) -> tuple[Violation, ...]:
        """What was wrong with the last answer."""
        return next((a.violations for a in reversed(self.attempts) if a.violations), ())

    def __reduce__(self) -> tuple[type[EnforcementError], tuple[object, ...]]:
        return type(self), self.args  # the notes are written anew; a copied state would double them

    def __str__(self) -> str:
        count = len(self.attempts)
        headline = f"{self.reason} after {count} call{'s' if count != 1 else ''}"
        return _lines(headline, self.violations)


class RetriesExhausted(EnforcementError):
    """Every allowed re-ask was answered, and no answer was valid."""

    reason = "no valid answer"


class Refused(EnforcementError):
    """The model declined to answer; asking again in the same words would not change that."""

    reason = "the model refused to answer"


class Filtered(EnforcementError):
    """The provider's content filter withheld the answer."""

    reason = "the provider's content filter withheld the answer"


class Truncated(EnforcementError):
    """The answer was cut at the token limit; a half-written value is never a value."""

    reason = "the answer was cut at the token limit (raise max_tokens)"


class ProviderError(EnforcementError):
    """The call failed in a way that asking again does not mend, or failed too often."""

    reason = "the call failed"

    @property
    def status(self) -> int | None:
        """HTTP status of the last failure, None when there was no answer at all."""
        return self._failure("status")

    @property
    def code(self) -> str | None:
        """The provider's own code for the last failure, such as ``insufficient_quota``."""
        return self._failure("code")

    @property
    def retryable(self) -> bool:
        """Whether the same request may succeed later."""
        return bool(self._failure("retryable"))
