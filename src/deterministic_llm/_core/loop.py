"""The loop as one pure question: given the attempts so far, what follows?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Generic, TypeAlias

from typing_extensions import TypeVar

from deterministic_llm._core.attempts import (
    Accepted,
    Answered,
    Attempt,
    Failed,
    Request,
    Result,
)
from deterministic_llm._core.contract import Contract, judge_completion
from deterministic_llm._core.exchange import (
    CallFailure,
    ChatMessage,
    Completion,
    JsonValue,
)
from deterministic_llm._core.policy import FOLLOWS, Policy, delay_before_resend, failures_in_a_row
from deterministic_llm._core.reask import reask
from deterministic_llm.errors import EnforcementError, ProviderError

T_co = TypeVar("T_co", covariant=True)


@dataclass(frozen=True, slots=True)
class Task(Generic[T_co]):
    """One run: what is asked, what the answer must be, and how patiently it is sought."""

    contract: Contract[T_co]
    policy: Policy
    prompt: tuple[ChatMessage, ...] = ()
    parameters: Mapping[str, JsonValue] = field(default_factory=dict[str, JsonValue])

    def about(self, prompt: tuple[ChatMessage, ...]) -> Task[T_co]:
        """The same task with *prompt*."""
        return replace(self, prompt=prompt) if prompt else self


@dataclass(frozen=True, slots=True)
class Call:
    """Ask the model *request*, after *delay* seconds."""

    request: Request
    delay: float = 0.0


@dataclass(frozen=True, slots=True)
class Accept(Generic[T_co]):
    """The run has its value."""

    accepted: Accepted[T_co]


@dataclass(frozen=True, slots=True)
class GiveUp:
    """The run ends without a value, with this *error*."""

    error: EnforcementError


Step: TypeAlias = Call | Accept[T_co] | GiveUp


def next_step(task: Task[T_co], attempts: Sequence[Attempt[T_co]]) -> Step[T_co]:
    """Decide what follows *attempts*."""
    if not attempts:
        return Call(_first_request(task))
    last = attempts[-1]
    if isinstance(last, Failed):
        return _after_failure(task, attempts, last)
    if isinstance(last.verdict, Accepted):
        return Accept(last.verdict)
    follow = FOLLOWS[last.outcome]
    answers = sum(isinstance(attempt, Answered) for attempt in attempts)
    if follow.step == "stop" or answers > task.policy.max_retries:
        return GiveUp(follow.error(tuple(attempts)))
    if follow.step == "enlarge":
        return _enlarged(last, attempts, follow.error)
    return Call(_reask(task, last))


def judge(task: Task[T_co], request: Request, answer: Completion | CallFailure) -> Attempt[T_co]:
    """The record of one call: *request*, its *answer*, and our verdict."""
    if isinstance(answer, CallFailure):
        return Failed(request, answer)
    return Answered(request, answer, judge_completion(task.contract, answer))


def conclude(step: Accept[T_co] | GiveUp, attempts: Sequence[Attempt[T_co]]) -> Result[T_co]:
    """The result of a run that ended with *step*; raises the error of a run that gave up."""
    if isinstance(step, GiveUp):
        raise step.error
    return Result(step.accepted.output, tuple(attempts))


def _first_request(task: Task[object]) -> Request:
    contract = task.contract
    return Request(
        number=1,
        prompt=task.prompt,
        feedback=contract.instructions,
        constraint=contract.constraint,
        parameters=task.parameters,
    )


def _reask(task: Task[object], last: Answered[object]) -> Request:
    return replace(
        last.request,
        number=last.request.number + 1,
        feedback=reask(last.violations, task.contract.instructions),
        violations=last.violations,
    )


def _enlarged(
    last: Answered[T_co], attempts: Sequence[Attempt[T_co]], error: type[EnforcementError]
) -> Step[T_co]:
    """The same question with twice the room; without a known limit there is nothing to raise."""
    parameters = last.request.parameters
    limits = {
        name: limit * 2
        for name in ("max_tokens", "max_completion_tokens")
        if isinstance(limit := parameters.get(name), int)
    }
    if not limits:
        return GiveUp(error(tuple(attempts)))
    number = last.request.number + 1
    return Call(replace(last.request, number=number, parameters={**parameters, **limits}))


def _after_failure(task: Task[T_co], attempts: Sequence[Attempt[T_co]], last: Failed) -> Step[T_co]:
    follow = FOLLOWS[last.outcome]
    allowed = task.policy.transport_retries
    if follow.at_most is not None:
        allowed = min(allowed, follow.at_most)
    used_up = failures_in_a_row(attempts) > allowed
    if follow.step == "stop" or last.failure.final or used_up:
        return GiveUp(_failed(follow.error, attempts, last))
    request = replace(last.request, number=last.request.number + 1)
    return Call(request, delay_before_resend(task.policy, attempts))


def _failed(
    error: type[EnforcementError], attempts: Sequence[Attempt[object]], last: Failed
) -> EnforcementError:
    if issubclass(error, ProviderError):
        return error(tuple(attempts), last.failure)
    return error(tuple(attempts))
