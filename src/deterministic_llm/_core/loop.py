"""The loop as one pure question: given the attempts so far, what follows?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Generic, TypeAlias, cast

from typing_extensions import TypeVar

from deterministic_llm._core.attempts import (
    UNCHANGED,
    Accepted,
    Answered,
    Attempt,
    Checked,
    Failed,
    Rejected,
    Request,
    Violation,
)
from deterministic_llm._core.checks import Validator
from deterministic_llm._core.confidence import confidence_of
from deterministic_llm._core.consensus.votes import Votes
from deterministic_llm._core.drafts import Patch
from deterministic_llm._core.evidence.evidence import Evidence
from deterministic_llm._core.exchange import CallFailure, Completion
from deterministic_llm._core.lessons import lessons_of
from deterministic_llm._core.policy import FOLLOWS, Follow, delay_before_resend, tried_enough
from deterministic_llm._core.questions import (
    again,
    asked_anew,
    for_members,
    for_the_rest,
    held_by,
    with_room,
)
from deterministic_llm._core.recorded import about, recorded
from deterministic_llm._core.records import frozen
from deterministic_llm._core.results import Result
from deterministic_llm._core.schema.complaints import as_json, one_line
from deterministic_llm._core.schema.target import Valid
from deterministic_llm._core.secrecy import hidden, secrets_of
from deterministic_llm._core.tasks import Task
from deterministic_llm._core.verdicts import judge_completion
from deterministic_llm.errors import (
    DeadlineExceeded,
    DriftError,
    EnforcementError,
    NoProgress,
    ProviderError,
)

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


@dataclass(slots=True)  # not frozen, which takes twice as long to make
class Call:
    """Ask the model *request*, after *delay* seconds."""

    request: Request
    delay: float = 0.0


@frozen
class Check:
    """Ask *validator* about the output *value*, unless the record of the run has its word."""

    validator: Validator
    value: object
    recorded: Checked | None = None


@dataclass(slots=True)
class Accept(Generic[T_co]):
    """The run has its value; *votes* say how it was agreed on, where there were votes.

    *confidence* has how sure each part of it is, by path, where that is wanted.
    """

    output: T_co
    votes: Votes | None = None
    confidence: Mapping[str, Evidence] | None = None


@frozen
class GiveUp:
    """The run ends without a value, with this *error*."""

    error: EnforcementError


Step: TypeAlias = Call | Check | Accept[T_co] | GiveUp


def next_step(task: Task[T_co], attempts: Sequence[Attempt[T_co]]) -> Step[T_co]:
    """Decide what follows *attempts*."""
    if not attempts:
        return Call(task.opening or asked_anew(task, number=1))
    last = attempts[-1]
    if task.policy.timeout is not None and last.ended >= task.policy.timeout:
        return GiveUp(DeadlineExceeded(tuple(attempts)))
    if isinstance(last, Failed):
        lowers = FOLLOWS[last.outcome].step == "lower"
        return (_lowered if lowers else _resent)(task, attempts, last)
    if last.completion.drift is not None and task.policy.on_drift == "raise":
        return GiveUp(DriftError(tuple(attempts)))
    return _after_answer(task, attempts, last)


def judge(
    task: Task[T_co], request: Request, answer: Completion | CallFailure, ended: float = 0.0
) -> Attempt[T_co]:
    """The record of one call: *request*, its *answer*, and our verdict.

    *ended* is when it was over, in seconds since the run began.
    """
    if isinstance(answer, CallFailure):
        return Failed(request, _hushed(answer, request), ended, task.arguments)
    verdict = judge_completion(task.contract, answer, request, task.context, task.policy)
    return Answered(request, answer, verdict, (), ended, task.arguments)


def _hushed(failure: CallFailure, request: Request) -> CallFailure:
    """*failure* without the keys in headers of the *request*, which some servers repeat."""
    secrets = secrets_of(request.parameters) if request.parameters else None
    if not secrets:
        return failure
    return replace(failure, message=str(hidden(failure.message, secrets)))


def checked(
    task: Task[T_co], attempt: Attempt[T_co], check: Checked, ended: float = 0.0
) -> Attempt[T_co]:
    """*attempt* with what one more validator said of it; a fix must give the target again."""
    if isinstance(attempt, Failed):
        return attempt
    validator = _unasked(task, attempt)
    if validator is not None and validator.waits:
        check = replace(check, about=about(task, validator, attempt.output))
    if check.value is not UNCHANGED:
        check = _still_the_target(task, attempt, check)
    return replace(attempt, checks=(*attempt.checks, check), ended=ended)


def without_ruling(
    attempts: Sequence[Attempt[object]], validator: Validator, error: EnforcementError
) -> EnforcementError:
    """The *error* of a *validator* that came to no ruling, as that of the run it was asked in.

    It keeps its class; the answer it was asked about is the last of *attempts* and keeps its calls.
    """
    last = attempts[-1]
    if isinstance(last, Answered):
        why = one_line(f"{validator.name} gave no ruling: {error.attempts[-1].summary}")
        rule = Violation("$", "validator", why)
        check = Checked(validator.name, violations=(rule,), attempts=error.attempts)
        last = replace(last, checks=(*last.checks, check))
    return retold(error, (*attempts[:-1], last))


def retold(error: EnforcementError, attempts: Sequence[Attempt[object]]) -> EnforcementError:
    """The same *error* as the end of other *attempts*."""
    return type(error)(tuple(attempts), *error.args[1:])


def conclude(step: Accept[T_co] | GiveUp, attempts: Sequence[Attempt[T_co]]) -> Result[T_co]:
    """The result of a run that ended with *step*; raises the error of a run that gave up."""
    if isinstance(step, GiveUp):
        raise step.error
    if step.votes is None and step.confidence is None:
        return Result(step.output, tuple(attempts))  # names take as long as all the rest of it
    return Result(step.output, tuple(attempts), votes=step.votes, confidence=step.confidence)


def _after_answer(
    task: Task[T_co], attempts: Sequence[Attempt[T_co]], last: Answered[T_co]
) -> Step[T_co]:
    if isinstance(last.verdict, Accepted):
        if not task.validators:
            return _accepted(task, attempts, last.verdict.output)
        validator = _unasked(task, last)
        # What waits, and may cost, is asked only about what all the others let pass.
        if validator is not None and not (last.violations and validator.waits):
            return Check(validator, last.output, recorded(task, validator, last.output))
        if not last.violations:
            return _accepted(task, attempts, cast("T_co", last.output))
    follow = FOLLOWS[last.outcome]
    if follow.step == "resend":
        return _resent(task, attempts, last)
    if follow.step == "stop":
        return _next_model(task, attempts, follow.error)
    step = _asked_again(task, attempts, last, follow)
    return _next_model(task, attempts, step) if isinstance(step, type) else Call(step)


def _accepted(task: Task[T], attempts: Sequence[Attempt[T]], output: T) -> Accept[T]:
    if not task.confidence:
        return Accept(output)
    return Accept(output, confidence=confidence_of(task, attempts, output))


def _unasked(task: Task[object], attempt: Answered[object]) -> Validator | None:
    """The next validator that has not seen the output as it is: in turns, as a fix changes it."""
    validators = task.validators
    if len(attempt.standing) >= len(validators):
        return None
    return validators[len(attempt.checks) % len(validators)]


def _still_the_target(task: Task[object], attempt: Answered[object], check: Checked) -> Checked:
    """*check* with its fixed value validated in full; one that is not the target is not taken.

    Two fixes that undo each other would go on for ever, so there is one a validator.
    """
    fixes = sum(each.value is not UNCHANGED for each in attempt.checks)
    if fixes >= len(task.validators):
        rule = Violation("$", "validator", f"the fix of {check.validator} and another disagree")
        return replace(check, value=UNCHANGED, repair=None, violations=(rule,))
    valid = task.validated(check.value)
    if isinstance(valid, Valid):
        return replace(check, value=valid.output)
    return replace(check, value=UNCHANGED, repair=None, violations=valid.violations)


def _asked_again(
    task: Task[object],
    attempts: Sequence[Attempt[object]],
    last: Answered[object],
    follow: Follow,
) -> Request | type[EnforcementError]:
    """The next question to the same model, or the error that it has come to."""
    answers = [each for each in _of_one_model(attempts) if isinstance(each, Answered)]
    stuck = len(answers) > 1 and last.outcome == "invalid" and _says(answers[-2]) == _says(last)
    if follow.at_most is not None:
        alike = [each for each in answers if each.outcome == last.outcome]
        if len(alike) > follow.at_most:
            return follow.error
    if len(answers) > task.policy.max_retries:
        return NoProgress if stuck else follow.error
    if follow.step == "enlarge":
        return _with_more_room(task, last) or follow.error
    return _reasked(task, last, stuck=stuck)


def _reasked(
    task: Task[object], last: Answered[object], *, stuck: bool
) -> Request | type[EnforcementError]:
    """The next rung: what failed alone, then the whole, then another model."""
    outcome = last.outcome
    if outcome == "degenerate":
        return again(task, last, shake=True)
    in_part = last.request.patch is not None
    if stuck and not in_part:
        return NoProgress
    if not stuck and _ended_early(last) and (rest := _rest(task, last)) is not None:
        return for_the_rest(task, last, rest)
    part = None if stuck or outcome != "invalid" else _part(task, last)
    return again(task, last) if part is None else for_members(task, last, part)


def _ended_early(last: Answered[object]) -> bool:
    """Whether nothing is wrong with an answer but that its end is not there."""
    for violation in last.violations:
        if violation.code != "truncated":
            return last.finish == "stopped"
    return True


def _says(attempt: Answered[object]) -> tuple[object, ...]:
    """What was wrong with an answer, values included."""
    told = tuple((each.path, each.code, each.got) for each in attempt.violations)
    return (attempt.outcome, told)


def _part(task: Task[object], last: Answered[object]) -> Patch | None:
    """What to ask for alone after an invalid answer; None when it must be the whole.

    The same members asked for twice in vain are not asked for alone a third time.
    """
    if not task.heard:
        return None
    if isinstance(last.verdict, Accepted):
        base, known = as_json(last.output), task.validated(last.output)
        if not isinstance(known, Valid) or known.output != last.output:
            return None  # what is written of this type is not read as the same
    elif last.verdict.draft is not None and not last.verdict.draft.truncated:
        base = last.verdict.draft.value
    else:
        return None
    part = task.mending(base, last.violations)
    before = last.request.patch
    if part is not None and before is not None and part.places.keys() == before.places.keys():
        return None
    return part


def _with_more_room(task: Task[object], last: Answered[object]) -> Request | None:
    """A cut answer is asked for with more room, or else only the rest of it; never the same."""
    enlarged = with_room(task, last)
    if enlarged is not None:
        return enlarged
    rest = _rest(task, last)
    return None if rest is None else for_the_rest(task, last, rest)


def _rest(task: Task[object], last: Answered[object]) -> Patch | None:
    """What is still to come of an answer that ended too soon; None when that is not known.

    What was asked for in vain is not asked for alone again.
    """
    draft = last.verdict.draft if isinstance(last.verdict, Rejected) and task.heard else None
    rest = None if draft is None else task.continuing(draft)
    return None if rest is not None and last.request.patch == rest else rest


def _next_model(
    task: Task[T_co], attempts: Sequence[Attempt[T_co]], error: type[EnforcementError]
) -> Step[T_co]:
    """The first question to the next model of the run, if there is one."""
    request = attempts[-1].request
    if error.falls_back and request.model < len(task.fallback):
        number, model = request.number + 1, request.model + 1
        return Call(asked_anew(task, number=number, model=model, sample=request.sample))
    last = attempts[-1]
    if issubclass(error, ProviderError):
        because = CallFailure(FOLLOWS[last.outcome].because, "cut_off")
        failure = last.failure if isinstance(last, Failed) else because
        return GiveUp(error(tuple(attempts), failure))
    return GiveUp(error(tuple(attempts)))


def _resent(task: Task[T_co], attempts: Sequence[Attempt[T_co]], last: Attempt[T_co]) -> Step[T_co]:
    """The same request after a wait; else, sent often enough or out of time, another model's."""
    follow, policy, theirs = FOLLOWS[last.outcome], task.policy, _of_one_model(attempts)
    final = isinstance(last, Failed) and last.failure.final
    another = last.request.model < len(task.fallback)
    if follow.step == "stop" or final or tried_enough(policy, theirs, another=another):
        return _next_model(task, attempts, follow.error)
    delay = delay_before_resend(policy, theirs)
    if policy.timeout is not None and last.ended + delay >= policy.timeout:
        # Too little time to wait for this model may be enough for the next one.
        step = _next_model(task, attempts, follow.error)
        return step if isinstance(step, Call) else GiveUp(DeadlineExceeded(tuple(attempts)))
    return Call(replace(last.request, number=last.request.number + 1), delay)


def _lowered(task: Task[T_co], attempts: Sequence[Attempt[T_co]], last: Failed) -> Step[T_co]:
    """The same question less what the server does not take, at once and at no one's expense.

    Each time there is one thing more that is left out, so it ends. Where a part was asked for the
    whole is: its schema was taken before.
    """
    request, error = last.request, FOLLOWS[last.outcome].error
    known = lessons_of(attempts[:-1], request.model)
    lessons = known.and_of(request, last.failure)
    if last.failure.parameter in request.parameters:
        parameters = lessons.accepted(request.parameters)
        if parameters == request.parameters:
            return _next_model(task, attempts, error)
        return Call(replace(request, number=request.number + 1, parameters=parameters))
    rungs = task.way(request.model).rungs
    rung = next((each for each in rungs if lessons.allow(each.constraint)), None)
    if rung is None or (lessons == known and request.patch is None):
        return _next_model(task, attempts, error)
    return Call(held_by(rung, request))


def _of_one_model(attempts: Sequence[Attempt[T_co]]) -> Sequence[Attempt[T_co]]:
    """The attempts with the model that was asked last."""
    model = attempts[-1].request.model
    if model == 0:
        return attempts
    return [each for each in attempts if each.request.model == model]
