"""The record of a run: what was asked, what came back, what was wrong with it, what was mended."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, field
from decimal import Decimal
from enum import Enum
from typing import Final, Generic, Literal, TypeAlias

from typing_extensions import TypeVar

from deterministic_llm._core.canonical import digest
from deterministic_llm._core.digests import Digest
from deterministic_llm._core.drafts import Draft, Patch
from deterministic_llm._core.exchange import (
    UNCONSTRAINED,
    AnswerOutcome,
    CallFailure,
    ChatMessage,
    Completion,
    Constraint,
    Finish,
    JsonValue,
    Origin,
    Outcome,
    Usage,
    summed,
)
from deterministic_llm._core.records import frozen, quick
from deterministic_llm._core.secrecy import without_secrets
from deterministic_llm._core.shapes import chat

T_co = TypeVar("T_co", covariant=True)

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


@quick
class Violation:
    """One broken rule: where (JSONPath), what was expected, what was got, how to mend it.

    *involved* are the paths of other members that the rule speaks of.
    """

    path: str
    code: Code
    expected: str
    got: str | None = None
    fix: str | None = None
    involved: tuple[str, ...] = ()

    def __str__(self) -> str:
        got = "" if self.got is None else f", got {self.got}"
        fix = "" if self.fix is None else f" ({self.fix})"
        return f"{self.path}: {self.expected}{got}{fix}"


@quick
class Repair:
    """One kind of edit that made a text readable, with its first 20 *places* in the text."""

    rule: str
    path: str
    before: JsonValue
    after: JsonValue
    loss: Loss = "format"
    count: int = 1
    places: tuple[int, ...] = ()


@quick
class Request:
    """One question to a model: the caller's *prompt*, what we add, and how the answer is held.

    *prompt* is empty around a function that makes its own call; *feedback* says how to answer, or
    what was wrong with the answer before. *patch* asks for a part of the answer alone. *model*
    counts the models of the run: 0 is the first, then come those to fall back on; *name* is its
    name, where that is known. *timeout* is what is left of the run's time, in seconds, and
    *call_timeout* how many this call alone may take once it is sent; a streamed answer has
    *first_token_timeout* seconds to begin and *idle_timeout* from piece to piece.
    *sample* counts the votes of a run, from 0: each is another answer to the same question.
    *limited* asks for what the server says of its rate limits. *server* is which kind it said it
    is, where nobody knew and it was asked: the constraint was chosen by that.
    """

    number: int
    prompt: tuple[ChatMessage, ...] = ()
    feedback: str = ""
    violations: tuple[Violation, ...] = ()
    constraint: Constraint = UNCONSTRAINED
    parameters: Mapping[str, JsonValue] = field(
        default_factory=dict[str, JsonValue], repr=False
    )  # a header may hold a key
    patch: Patch | None = None
    model: int = 0
    timeout: float | None = None
    name: str | None = None
    idle_timeout: float | None = None
    first_token_timeout: float | None = None
    sample: int = 0
    limited: bool = field(default=False, compare=False, repr=False)
    call_timeout: float | None = None
    server: str | None = field(default=None, compare=False)

    @property
    def digest(self) -> str:
        """SHA-256 of all that decides what is asked, as canonical JSON, keys and headers left out.

        The number of the call and the time that is left are no part of it.
        """
        asked = {
            "constraint": {"mode": self.constraint.mode, **chat.told(self.constraint)},
            "feedback": self.feedback,
            "model": self.model,
            "name": self.name,
            "parameters": without_secrets(self.parameters),
            "patch": None if self.patch is None else asdict(self.patch),
            "prompt": self.prompt,
        }
        return digest(asked)

    def __getstate__(self) -> dict[str, object]:
        """What a copy has, in another process or a file: all but headers and keys."""
        return {**self.__dict__, "parameters": without_secrets(self.parameters)}

    @property
    def additions(self) -> tuple[ChatMessage, ...]:
        """The feedback as chat messages to append: one user message, or none."""
        return ({"role": "user", "content": self.feedback},) if self.feedback else ()

    @property
    def messages(self) -> tuple[ChatMessage, ...]:
        """Prompt and feedback as one conversation."""
        return chat.conversation(self.prompt, self.feedback)


@quick
class Accepted(Generic[T_co]):
    """The answer is the *output*; *repairs* made it readable, *span* is where it stood."""

    output: T_co
    repairs: tuple[Repair, ...] = ()
    span: tuple[int, int] = (0, 0)


@quick
class Rejected:
    """The answer is not the target, and why."""

    outcome: AnswerOutcome
    violations: tuple[Violation, ...]
    repairs_tried: tuple[Repair, ...] = ()
    draft: Draft | None = None


class _Unchanged(Enum):
    """A name for no value, which a copy in another process still is."""

    UNCHANGED = "unchanged"


UNCHANGED: Final = _Unchanged.UNCHANGED
"""The value of a check that mended nothing."""


@frozen
class Checked:
    """What one validator said of an accepted output, in *seconds*.

    *value* is the output that its fix made of it, with the *repair* that this was; *attempts* are
    the calls that a judge model needed. *about* tells rule, context and output from others, where
    asking the same again would cost something.
    """

    validator: str
    severity: Literal["error", "warning"] = "error"
    violations: tuple[Violation, ...] = ()
    repair: Repair | None = None
    value: object = UNCHANGED
    seconds: float = 0.0
    attempts: tuple[Attempt[object], ...] = ()
    about: Digest | None = field(default=None, compare=False, repr=False)


@quick
class Answered(Generic[T_co]):
    """A call that brought an answer, with our verdict on it and what the validators said.

    *ended* is when the call was over, in seconds since the run began. *arguments* tell those of a
    function that makes its own call, whose prompt is not known.
    """

    request: Request
    completion: Completion
    verdict: Accepted[T_co] | Rejected
    checks: tuple[Checked, ...] = ()
    ended: float = field(default=0.0, compare=False)
    arguments: Digest | None = field(default=None, compare=False, repr=False)

    @property
    def origin(self) -> Origin:
        """Where the answer is from."""
        return self.completion.origin

    @property
    def sent(self) -> bool:
        """Whether a call went out for it."""
        return self.completion.origin != "cache"

    @property
    def outcome(self) -> Outcome:
        """What the call came to."""
        if isinstance(self.verdict, Rejected):
            return self.verdict.outcome
        return "invalid" if self.checks and self.violations else "accepted"

    @property
    def text(self) -> str | None:
        """What the model said."""
        return self.completion.text

    @property
    def model_served(self) -> str | None:
        """The model that answered, as the server calls it."""
        return self.completion.model

    @property
    def fingerprint(self) -> str | None:
        """The server's name for the exact system that answered."""
        return self.completion.fingerprint

    @property
    def drift(self) -> str | None:
        """The system that answered before, where another one did now."""
        return self.completion.drift

    @property
    def finish(self) -> Finish | None:
        """Why the model ended."""
        return self.completion.finish

    @property
    def saved_tokens(self) -> int | None:
        """Of an answer that we stopped, the tokens of its limit that were never written."""
        return self.completion.saved_tokens

    @property
    def first_token(self) -> float | None:
        """Seconds until its first word came, where the answer was streamed."""
        return self.completion.first_token

    @property
    def usage(self) -> Usage:
        """Tokens of this call and of the judges of its output; none for a cached one."""
        judges = (each.usage for check in self.checks for each in check.attempts)
        return sum(judges, start=self.completion.usage if self.sent else Usage())

    @property
    def seconds(self) -> float:
        """How long the call took."""
        return self.completion.seconds

    @property
    def violations(self) -> tuple[Violation, ...]:
        """What was wrong with the answer."""
        if isinstance(self.verdict, Rejected):
            return self.verdict.violations
        return self._said("error") if self.checks else ()

    @property
    def warnings(self) -> tuple[Violation, ...]:
        """What the validators only warn of."""
        return self._said("warning") if self.checks else ()

    @property
    def output(self) -> object:
        """The accepted output, as the validators' fixes left it; None when there is none."""
        fixed = (check.value for check in reversed(self.checks) if check.value is not UNCHANGED)
        return next(fixed, self.verdict.output if isinstance(self.verdict, Accepted) else None)

    @property
    def repairs(self) -> tuple[Repair, ...]:
        """What was mended in an accepted answer."""
        if isinstance(self.verdict, Rejected):
            return ()
        fixes = (check.repair for check in self.checks)
        return (*self.verdict.repairs, *(repair for repair in fixes if repair is not None))

    @property
    def cost(self) -> Decimal | None:
        """US dollars of this call and of the models that judged its output; None when unknown."""
        judges = total_cost([each for check in self.checks for each in check.attempts])
        return summed((self.completion.cost, judges))

    @property
    def standing(self) -> tuple[Checked, ...]:
        """The checks of the output as it is: what was said before the last fix was of another."""
        changes = [at for at, check in enumerate(self.checks) if check.value is not UNCHANGED]
        return self.checks[changes[-1] :] if changes else self.checks

    @property
    def summary(self) -> str:
        """The attempt in one line."""
        return "; ".join(map(str, self.violations)) or self.outcome

    def _said(self, severity: str) -> tuple[Violation, ...]:
        checks = (check for check in self.standing if check.severity == severity)
        return tuple(violation for check in checks for violation in check.violations)


@frozen
class Failed:
    """A call that brought no answer."""

    request: Request
    failure: CallFailure
    ended: float = field(default=0.0, compare=False)
    arguments: Digest | None = field(default=None, compare=False, repr=False)

    text = None
    model_served = None
    fingerprint = None
    drift = None
    finish = None
    saved_tokens = None
    first_token = None
    violations = warnings = repairs = checks = ()
    usage = Usage()
    cost = Decimal(0)  # an unanswered call: what it may have cost stays reserved as unsettled

    @property
    def origin(self) -> Origin:
        """Where the record of the failure is from."""
        return self.failure.origin

    @property
    def sent(self) -> bool:
        """Whether the call went out at all."""
        return self.failure.sent

    @property
    def outcome(self) -> Outcome:
        """Why no answer came."""
        return self.failure.kind

    @property
    def seconds(self) -> float:
        """How long it took to fail."""
        return self.failure.seconds

    @property
    def summary(self) -> str:
        """The attempt in one line."""
        return self.failure.message


Attempt: TypeAlias = Answered[T_co] | Failed


def total_cost(attempts: Sequence[Attempt[object]]) -> Decimal | None:
    """US dollars that *attempts* took; None when that of an answer is unknown."""
    return summed(attempt.cost for attempt in attempts)
