"""What one run is about: the target, how patiently it is sought, and which models are asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Generic

from typing_extensions import TypeVar

from deterministic_llm._core.attempts import Attempt, Request, Violation
from deterministic_llm._core.checks import Validator
from deterministic_llm._core.consensus.rules import Voting
from deterministic_llm._core.contract import Contract, Rung
from deterministic_llm._core.digests import Digest
from deterministic_llm._core.drafts import Draft, Patch
from deterministic_llm._core.exchange import ChatMessage, Constraint, JsonValue
from deterministic_llm._core.policy import Policy
from deterministic_llm._core.records import quick
from deterministic_llm._core.schema.complaints import as_json
from deterministic_llm._core.schema.patches import continuing, mending
from deterministic_llm._core.schema.target import Checked, JsonTarget

T_co = TypeVar("T_co", covariant=True)


@dataclass(frozen=True)
class Way:
    """How one model of a run is asked: in what words, held by what, with which parameters.

    *instructions* are empty where the backend shows the model what it is held to. *weaker* are the
    ways that are left where it does not take the first. *server* is what its server said it is,
    where it was asked.
    """

    constraint: Constraint
    instructions: str = ""
    parameters: Mapping[str, JsonValue] = field(default_factory=dict[str, JsonValue])
    name: str | None = None
    weaker: tuple[Rung, ...] = ()
    server: str | None = None

    @property
    def rungs(self) -> tuple[Rung, ...]:
        """All ways to hold its answers, strongest first."""
        return (self.strongest, *self.weaker)

    @cached_property
    def strongest(self) -> Rung:
        """The way that is tried first."""
        return Rung(self.constraint, self.instructions)

    def rung(self, request: Request) -> Rung:
        """The one that *request* was made with."""
        mode = request.constraint.mode
        if self.constraint.mode != mode:
            for each in self.weaker:
                if each.constraint.mode == mode:
                    return each
        return self.strongest


@quick  # each run has a copy of its own, made from a __dict__ without the defaults
class Task(Generic[T_co]):
    """One run: what is asked, what the answer must be, and how patiently it is sought.

    *fallback* are further models, asked one after another when the first gives no valid answer.
    *validators* judge an output, with *context*, that is already the target. *heard* says whether
    what we add to the prompt gets to the model at all: else it can only be asked the same again.
    *name* is that of the first model. With *voting* it and the *voters* answer in turns until
    enough answers agree; where less than *abstain_below* of them do, there is no output. *resume*
    is the record of a run that was stopped, to go on with, and *hooks* are told what happens.
    *opening* is the first question, where it is always the same.
    *server* is what the first one's server said it is. *arguments* tell what a function that makes
    its own call was called with. With *confidence* it is wanted how sure each part of the output
    is.
    """

    contract: Contract[T_co]
    policy: Policy
    prompt: tuple[ChatMessage, ...] = ()
    parameters: Mapping[str, JsonValue] = field(default_factory=dict[str, JsonValue])
    fallback: tuple[Way, ...] = ()
    validators: tuple[Validator, ...] = ()
    context: object = None
    heard: bool = True
    name: str | None = None
    resume: tuple[Attempt[object], ...] = ()
    hooks: tuple[Callable[..., object], ...] = ()
    opening: Request | None = None
    voting: Voting | None = None
    voters: tuple[Way, ...] = ()
    abstain_below: float | None = None
    arguments: Digest | None = None
    confidence: bool = False
    server: str | None = None

    def about(
        self,
        prompt: tuple[ChatMessage, ...],
        context: object = None,
        arguments: Digest | None = None,
    ) -> Task[T_co]:
        """The same task with *prompt*, *context*, or *arguments*; the first two where given."""
        task = object.__new__(type(self))
        members = task.__dict__
        members.update(self.__dict__)
        members["arguments"] = arguments
        if prompt:
            members["prompt"] = prompt
            members["opening"] = None
        if context is not None:
            members["context"] = context
        return task

    def way(self, model: int) -> Way:
        """How the model number *model* is asked; those to fall back on come before the voters."""
        return self._own if model == 0 else (*self.fallback, *self.voters)[model - 1]

    @cached_property
    def _own(self) -> Way:
        """How the first model is asked: the same in all runs of a task that was opened."""
        contract = self.contract
        return Way(
            contract.constraint,
            contract.instructions,
            self.parameters,
            self.name,
            contract.weaker,
            self.server,
        )

    def rung(self, request: Request) -> Rung:
        """How the model of *request* was told to answer then, and held to it."""
        return self.way(request.model).rung(request)

    def mending(self, base: JsonValue, violations: Sequence[Violation]) -> Patch | None:
        """What to ask for so that *base* becomes valid; None when it must be the whole."""
        target = self.contract.target
        return mending(target, base, violations) if isinstance(target, JsonTarget) else None

    def validated(self, output: object) -> Checked[T_co]:
        """*output*, which is no completion's, validated in full."""
        target, value = self.contract.target, as_json(output)
        if isinstance(target, JsonTarget):
            return target.decoder.check(value, context=self.context)
        return target.build(value)

    def continuing(self, draft: Draft) -> Patch | None:
        """What to ask for so that a cut *draft* becomes whole; None when that is not known."""
        target = self.contract.target
        if not isinstance(target, JsonTarget):
            return None
        return continuing(target, draft.value, draft.open_paths, begun=draft.begun)
