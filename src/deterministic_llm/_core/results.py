"""What a run came to: its output, and every attempt that led to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Generic, Literal, TypeAlias

from typing_extensions import TypeVar

from deterministic_llm._core.attempts import Attempt, Failed, Repair, Violation, total_cost
from deterministic_llm._core.canonical import canonical_json
from deterministic_llm._core.consensus.votes import Votes
from deterministic_llm._core.evidence.evidence import Evidence
from deterministic_llm._core.exchange import JsonValue, Mode, Usage
from deterministic_llm._core.ledger import attempts_to_json
from deterministic_llm._core.records import quick
from deterministic_llm._core.story import story

T_co = TypeVar("T_co", covariant=True)

Determinism: TypeAlias = Literal["shape", "pinned", "consensus", "replay"]
"""How far an output is repeatable: its type, the settings that were taken, what several answers
agree on, or the same bytes."""


@quick
class Result(Generic[T_co]):
    """What a run came to: the *output* and every attempt that led to it.

    *exhausted* says that no attempt was accepted and *output* is what ``on_exhausted`` gave.
    *votes* say how several answers came to the output. *confidence* has how sure each part of it
    is, by its path, where ``confidence=True`` asked for that.
    """

    output: T_co
    attempts: tuple[Attempt[object], ...]
    exhausted: bool = False
    votes: Votes | None = None
    confidence: Mapping[str, Evidence] | None = None

    @property
    def accepted(self) -> Attempt[object]:
        """The attempt that the output is from; of several votes the one that is nearest to it."""
        return self.attempts[-1 if self.votes is None else self.votes.chosen]

    @property
    def determinism(self) -> Determinism | None:
        """The strongest promise that was kept; None for what ``on_exhausted`` gave.

        "shape" is a valid output of the declared type. "pinned" is one whose answers were all given
        with a seed and a temperature of 0 that the server took, by the system that answered before,
        as far as that is known. "consensus" is what several votes came to.
        "replay" is an output for which no call was made: every answer, a judge's too, came from a
        cache or a cassette.
        """
        if self.exhausted:
            return None
        if all(map(_replayed, self.attempts)):
            return "replay"
        if self.votes is not None and self.votes.number > 1:
            return "consensus"
        return "pinned" if _all_pinned(self.attempts) else "shape"

    @property
    def usage(self) -> Usage:
        """Tokens of all attempts together, none for cached answers."""
        return sum((attempt.usage for attempt in self.attempts), start=Usage())

    @property
    def cost(self) -> Decimal | None:
        """US dollars that all answered calls took; None when that of one is unknown."""
        return total_cost(self.attempts)

    @property
    def warnings(self) -> tuple[Violation, ...]:
        """What validators only warn of in the output."""
        return self.accepted.warnings

    @property
    def elapsed(self) -> float:
        """Seconds spent in calls, the waiting between them left out."""
        return sum(attempt.seconds for attempt in self.attempts)

    @property
    def repairs(self) -> tuple[Repair, ...]:
        """What was mended in the accepted answer."""
        return self.accepted.repairs

    @property
    def raw(self) -> str | None:
        """The text that the output was read from."""
        return self.accepted.text

    @property
    def mode(self) -> Mode:
        """How the accepted answer was held by the backend."""
        return self.accepted.request.constraint.mode

    @property
    def parameters(self) -> Mapping[str, JsonValue]:
        """The request parameters that were sent for the accepted answer, and taken by the server.

        One that it does not take, such as a seed, is left out after its first refusal.
        """
        return self.accepted.request.parameters

    def explain(self) -> str:
        """The story of the run in about ten lines."""
        end = "gave up, and on_exhausted gave the output" if self.exhausted else "accepted"
        return story(self.attempts, end=end, accepted=self.accepted, votes=self.votes)

    def canonical_json(self) -> bytes:
        """The output as JSON by RFC 8785: equal outputs give equal bytes."""
        return canonical_json(self.output).encode()

    def to_json(self) -> str:
        """The record of all attempts as JSON, for attempts_from_json() or to resume the run."""
        return attempts_to_json(self.attempts, end="exhausted" if self.exhausted else "accepted")


def _replayed(attempt: Attempt[object]) -> bool:
    judges = (each for check in attempt.checks for each in check.attempts)
    return attempt.origin != "call" and all(map(_replayed, judges))


def _all_pinned(attempts: Sequence[Attempt[object]]) -> bool:
    """Whether the same run would ask for the same again, with nothing left to chance."""
    return all(map(_pinned, attempts)) and len({each.request.model for each in attempts}) == 1


def _pinned(attempt: Attempt[object]) -> bool:
    """Whether chance had no part in *attempt*; one without an answer was made up for by others.

    Of a function that makes its own call nobody knows what it sent.
    """
    judges = [each for check in attempt.checks for each in check.attempts]
    if not _all_pinned(judges) and judges:
        return False
    if isinstance(attempt, Failed) or _replayed(attempt):
        return True
    given = attempt.request.parameters
    extra = given.get("extra_body")
    sent = {**given, **(extra if isinstance(extra, dict) else {})}
    fixed = type(sent.get("seed")) is int and _is_zero(sent.get("temperature"))
    return fixed and bool(attempt.request.prompt) and attempt.drift is None


def _is_zero(value: JsonValue) -> bool:
    return value == 0 and not isinstance(value, bool)
