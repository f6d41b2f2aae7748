"""What a server was seen not to take: failed calls go in, what may still be sent comes out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from deterministic_llm._core.attempts import Attempt, Failed, Request
from deterministic_llm._core.canonical import digest
from deterministic_llm._core.exchange import CallFailure, Constraint, JsonValue
from deterministic_llm._core.records import frozen
from deterministic_llm._core.shapes import chat
from deterministic_llm._core.shapes.untaken import SCHEMA

RENAMED: Mapping[str, str] = {
    "max_tokens": "max_completion_tokens",
    "max_completion_tokens": "max_tokens",
}
"""Parameters that go by another name elsewhere."""
SPARED = frozenset(
    {
        "temperature",
        "top_p",
        "top_k",
        "min_p",
        "seed",
        "presence_penalty",
        "frequency_penalty",
        "logprobs",
        "top_logprobs",
    }
)
"""Parameters that only say which of its answers a model gives, or what is told of it: one comes
without them, too."""


@frozen
class Lessons:
    """What one model's server does not take: *parameters*, and ways to hold an answer.

    *held* has modes, and of a mode that takes other schemas the constraints, as constraint_key().
    """

    parameters: frozenset[str] = frozenset()
    held: frozenset[str] = frozenset()

    def and_of(self, request: Request, failure: CallFailure) -> Lessons:
        """These and what *failure* says of *request*; the same where nothing can be done."""
        name, constraint = failure.parameter, request.constraint
        if failure.kind != "unsupported" or name is None:
            return self
        if name in self.parameters and RENAMED.get(name) in request.parameters:
            return self  # both names are one to this server
        if name in request.parameters:
            mended = name in SPARED or name in RENAMED
            return Lessons(self.parameters | {name}, self.held) if mended else self
        if constraint.mode == "prompt" or name in _of_the_caller(request.parameters):
            return self
        key = constraint_key(constraint) if name == SCHEMA else constraint.mode
        return Lessons(self.parameters, self.held | {key})

    def allow(self, constraint: Constraint) -> bool:
        """Whether an answer may be held to *constraint*, as far as is known."""
        held = self.held
        return constraint.mode not in held and (not held or constraint_key(constraint) not in held)

    def accepted(self, parameters: Mapping[str, JsonValue]) -> Mapping[str, JsonValue]:
        """*parameters* without those that are not taken, or under the names that are."""
        if self.parameters.isdisjoint(parameters):
            return parameters
        return {
            self._name(name): value
            for name, value in parameters.items()
            if name not in self.parameters or name not in SPARED
        }

    def _name(self, name: str) -> str:
        """What *name* goes by: as it is where its other name is not taken either."""
        other = RENAMED.get(name, name)
        return other if name in self.parameters and other not in self.parameters else name


NOTHING_LEARNED = Lessons()
"""Of a server that has refused nothing."""


def lessons_of(attempts: Sequence[Attempt[object]], model: int) -> Lessons:
    """What *attempts* have shown that the model number *model* of their run does not take."""
    lessons = NOTHING_LEARNED
    for attempt in attempts:
        if isinstance(attempt, Failed) and attempt.request.model == model:
            lessons = lessons.and_of(attempt.request, attempt.failure)
    return lessons


def constraint_key(constraint: Constraint) -> str:
    """The digest of a mode with its schema or grammar."""
    return digest([constraint.mode, chat.told(constraint)])


def _of_the_caller(parameters: Mapping[str, JsonValue]) -> Mapping[str, JsonValue]:
    """The members of a request that the caller wrote there himself."""
    extra = parameters.get("extra_body")
    return extra if isinstance(extra, dict) else {}
