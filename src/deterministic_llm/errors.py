"""Every error that the library raises, each of which writes its own text from its fields.

DeterministicLLMError
├── SchemaError            the target cannot be used; raised when it is declared, never mid-run
├── ConfigurationError     no key, a missing extra, a bad model file, a wrong option
├── ResponseError          (ValueError) parse(): one text is not the target
├── RecordError            (ValueError) a saved run cannot be read, or is that of another prompt
├── ReplayError            (AssertionError) the cassette has no such call
└── EnforcementError       the run ended without a value
    ├── RetriesExhausted   every allowed re-ask was answered, none validly
    ├── NoProgress         the same wrong answer came again
    ├── NoConsensus        the votes do not agree enough
    ├── Refused            the model declined to answer
    ├── Filtered           the provider's content filter withheld the answer
    ├── Truncated          the answer was cut at the token limit
    ├── Degenerate         the answer repeats itself without end
    ├── PromptTooLong      the prompt does not fit the model
    ├── DriftError         another system answers than the one whose answers are kept
    ├── BudgetExceeded     the next call might have cost more than was left
    ├── DeadlineExceeded   (TimeoutError) the time for the run was over
    └── ProviderError      the call itself failed and asking again would not help

All of them pickle and deep-copy: what ``__init__`` takes is what ``args`` holds.

ModelRetry (ValueError) stands apart: validators raise it, and the run answers it by asking again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from difflib import unified_diff
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from deterministic_llm._core.attempts import Attempt, Repair, Violation
    from deterministic_llm._core.consensus.votes import Votes
    from deterministic_llm._core.exchange import CallFailure, Usage


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
        return _with_list("the text is not what was asked for", self.violations)


class RecordError(DeterministicLLMError, ValueError):
    """A saved run cannot be gone on with: what the *problem* is, and *where* in the record."""

    def __init__(self, where: str, problem: str) -> None:
        super().__init__(where, problem)
        self.where = where
        self.problem = problem

    def __str__(self) -> str:
        return f"{self.where}: {self.problem}"


class ReplayError(DeterministicLLMError, AssertionError):
    """The cassette at *path* has no call as *asked*; *nearest* is the one that is most like it.

    Both are told in lines. *known* is how often the very same was recorded, and replayed by now.
    """

    def __init__(self, path: str, asked: str, nearest: str | None, known: int) -> None:
        super().__init__(path, asked, nearest, known)
        self.path = path
        self.asked = asked
        self.nearest = nearest
        self.known = known

    def __str__(self) -> str:
        if self.known:
            times = "once" if self.known == 1 else f"{self.known} times"
            return (
                f"{self.path}: this call was recorded {times} and is made once more:\n{self.asked}"
            )
        if self.nearest is None:
            return f"{self.path}: nothing is recorded, and this call is made:\n{self.asked}"
        pair = (self.nearest.splitlines(), self.asked.splitlines())
        difference = "\n".join(unified_diff(*pair, "recorded", "asked", lineterm=""))
        return f"{self.path}: no such call is recorded; the nearest differs so:\n{difference}"


class ModelRetry(ValueError):
    """Raised by a validator: the model is told *message*, and asked again for what is at *path*.

    *path* is a JSONPath within the value that the validator was given, as ``$.parts[1].score`` or
    ``parts[1].score``; *fix* says how to mend it; *involved* are the paths of other members that a
    rule across members needs asked again with it.
    """

    def __init__(
        self,
        message: str,
        *,
        path: str = "$",
        fix: str | None = None,
        involved: Iterable[str] = (),
    ) -> None:
        super().__init__(message)
        self.message = message
        self.path = path
        self.fix = fix
        self.involved = tuple(involved)


class EnforcementError(DeterministicLLMError):
    """The run ended without a value; *attempts* holds every call that was made, at least one."""

    reason = "no valid answer"
    falls_back = True
    """Whether another model may still give a valid answer."""

    def __init__(self, attempts: tuple[Attempt[object], ...]) -> None:
        super().__init__(attempts)
        self.attempts = attempts
        for attempt in attempts[:-1]:
            self.add_note(f"call {attempt.request.number}: {attempt.summary}")

    @property
    def usage(self) -> Usage:
        """Tokens of all attempts together."""
        first, *others = (attempt.usage for attempt in self.attempts)
        return sum(others, start=first)

    @property
    def cost(self) -> Decimal | None:
        """US dollars that all answered calls took; None when that of one is unknown."""
        records = import_module("deterministic_llm._core.attempts")
        add: Callable[..., Decimal | None] = records.total_cost
        return add(self.attempts)

    @property
    def text(self) -> str | None:
        """What the model said last, or None when it never said anything."""
        return next((a.text for a in reversed(self.attempts) if a.text is not None), None)

    @property
    def violations(self) -> tuple[Violation, ...]:
        """What was wrong with the last answer; empty when no answer came."""
        return self.attempts[-1].violations

    def explain(self) -> str:
        """The story of the run in about ten lines."""
        # What tells and writes attempts stands above them, and errors stand below everything.
        tell: Callable[..., str] = import_module("deterministic_llm._core.story").story
        return tell(self.attempts, end=f"gave up: {self.reason}")

    def to_json(self) -> str:
        """The record of all attempts as JSON, for attempts_from_json() or to resume the run."""
        write: Callable[..., str] = import_module("deterministic_llm._core.ledger").attempts_to_json
        return write(self.attempts, end=type(self).__name__)

    def __reduce__(self) -> tuple[type[EnforcementError], tuple[object, ...]]:
        # The notes are written anew by __init__; a copied state would hold them twice.
        return type(self), self.args

    def __str__(self) -> str:
        count = sum(attempt.sent for attempt in self.attempts)
        calls = "1 call" if count == 1 else f"{count} calls"
        last = self.attempts[-1]
        why = "" if last.violations else f": {last.summary}"
        return _with_list(f"{self.reason} after {calls}{why}", self.violations)


class RetriesExhausted(EnforcementError):
    """Every allowed re-ask was answered, and no answer was valid."""


class NoProgress(EnforcementError):
    """The model gave the same wrong answer again, and no other way of asking was left."""

    reason = "the same wrong answer came again"


class NoConsensus(EnforcementError):
    """The *votes* were valid answers, and too few of them agree: less than *wanted*."""

    reason = "the votes do not agree enough"
    falls_back = False

    def __init__(self, attempts: tuple[Attempt[object], ...], votes: Votes, wanted: float) -> None:
        super().__init__(attempts)
        self.args = (attempts, votes, wanted)
        self.votes = votes
        self.wanted = wanted

    def __str__(self) -> str:
        votes = self.votes
        return (
            f"{self.reason}: {votes.share:.0%} of {votes.number}, and {self.wanted:.0%} are wanted"
        )


class Refused(EnforcementError):
    """The model declined to answer; the same words again would not change that."""

    reason = "the model refused to answer"


class Filtered(EnforcementError):
    """The provider's content filter withheld the answer."""

    reason = "the provider's content filter withheld the answer"


class Truncated(EnforcementError):
    """The answer was cut at the token limit; a half-written value is never a value."""

    reason = "the answer was cut at the token limit (raise max_tokens)"


class Degenerate(EnforcementError):
    """The answer repeats itself without end."""

    reason = "the answer repeats itself without end"


class PromptTooLong(EnforcementError):
    """The prompt does not fit the model; no answer to it can come."""

    reason = "the prompt does not fit the model"


class DriftError(EnforcementError):
    """Another system answered than before; with ``on_drift="raise"`` its answer is not taken."""

    reason = "another system answers than before"
    falls_back = False

    @property
    def before(self) -> str | None:
        """The system that answered before: the model served, and its fingerprint."""
        return next((a.drift for a in reversed(self.attempts) if a.drift is not None), None)

    def __str__(self) -> str:
        last = self.attempts[-1]
        now = " ".join(filter(None, (last.model_served, last.fingerprint)))
        return f"{self.reason}: {self.before} before, {now} now"


class BudgetExceeded(EnforcementError):
    """The next call was not made: at its worst it would have cost more than was left."""

    reason = "the budget does not cover another call"
    falls_back = False


class DeadlineExceeded(EnforcementError, TimeoutError):
    """The time for the run was over before there was a valid answer."""

    reason = "the deadline passed"
    falls_back = False


class ProviderError(EnforcementError):
    """The last call failed in a way that asking again does not mend, or failed too often."""

    def __init__(self, attempts: tuple[Attempt[object], ...], failure: CallFailure) -> None:
        super().__init__(attempts)
        self.args = (attempts, failure)
        self.failure = failure
        self.status = failure.status
        self.code = failure.code
        self.retryable = failure.kind in _MAY_PASS and not failure.final

    def __str__(self) -> str:
        status = "" if self.status is None else f" with status {self.status}"
        return f"the call failed{status}: {self.failure.message}"


_MAY_PASS = frozenset(
    {"unreachable", "timeout", "conflict", "rate_limited", "overloaded", "server_error"}
    | {"malformed", "cut_off", "circuit_open"}
)
"""Kinds of failure that may be over when the same call is made later."""


def _with_list(headline: str, violations: Sequence[Violation]) -> str:
    return "\n- ".join([headline + (":" if violations else ""), *map(str, violations)])
