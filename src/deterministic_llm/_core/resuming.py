"""A run taken up again: its record goes in, the attempts to go on from come out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import cycle

from typing_extensions import TypeVar

from deterministic_llm._core.attempts import (
    Accepted,
    Answered,
    Attempt,
    Checked,
    Failed,
    Request,
)
from deterministic_llm._core.canonical import canonical_json
from deterministic_llm._core.digests import Digest
from deterministic_llm._core.ledger import attempts_from_json
from deterministic_llm._core.lessons import Lessons, lessons_of
from deterministic_llm._core.loop import GiveUp, judge, next_step
from deterministic_llm._core.recorded import restored
from deterministic_llm._core.schema.envelopes import FORMS
from deterministic_llm._core.secrecy import HIDDEN
from deterministic_llm._core.tasks import Task
from deterministic_llm.errors import RecordError

T = TypeVar("T")

_NOT_WHOLE = f"it is not whole: {HIDDEN} stands where a key stood"


def record_of(resume: Sequence[Attempt[object]] | str | bytes) -> tuple[Attempt[object], ...]:
    """The attempts of a run, given as they are or as JSON; raises RecordError for other text."""
    if isinstance(resume, (str, bytes)):
        return attempts_from_json(resume)
    return tuple(resume)


def taken_up(task: Task[T]) -> list[Attempt[T]]:
    """The attempts of ``task.resume``, every answer judged again for the *task* at hand.

    Time starts anew: they ended at 0 or before. Where failures at the end would stop the run again,
    those of the last model are left out. Of the last answer the validators are asked again. Raises
    RecordError for another prompt, other arguments or other models.
    """
    if not task.resume:
        return []
    over = task.resume[-1].ended
    attempts: list[Attempt[T]] = []
    for index, each in enumerate(task.resume):
        lessons = lessons_of(attempts, each.request.model)
        attempts.append(_judged_again(task, each, lessons, f"$.attempts[{index}]", over))
    if isinstance(next_step(task, attempts), GiveUp):
        model = attempts[-1].request.model
        while attempts and isinstance(attempts[-1], Failed) and attempts[-1].request.model == model:
            attempts.pop()
    last = attempts[-1] if attempts else None
    if isinstance(last, Answered) and last.checks:
        attempts[-1] = replace(last, checks=())
    return attempts


def _judged_again(
    task: Task[T], recorded: Attempt[object], lessons: Lessons, at: str, over: float
) -> Attempt[T]:
    _same_arguments(task, recorded, at)
    _nothing_hidden(recorded, at)
    request = _made_whole(task, recorded.request, lessons, at)
    ended = min(recorded.ended - over, 0.0)
    if isinstance(recorded, Failed):
        return replace(recorded, request=request, ended=ended, arguments=task.arguments)
    attempt = judge(task, request, recorded.completion, ended)
    if isinstance(attempt, Failed) or not recorded.checks:
        return attempt
    return replace(attempt, checks=_replayed(task, attempt, recorded))


def _same_arguments(task: Task[object], recorded: Attempt[object], at: str) -> None:
    """Refuse what is not surely a record of the call at hand."""
    now, then = task.arguments, recorded.arguments
    if now is None and task.prompt:  # which tells
        return
    if now is None or then is None:
        raise RecordError(f"{at}.arguments", "nothing says what the function was called with")
    problem = then.problem or now.problem
    if problem is not None:
        why = f"{problem} (say with key= what tells its calls apart)"
        raise RecordError(f"{at}.arguments", why)
    if now.hex != then.hex:
        raise RecordError(f"{at}.arguments", "the function was called with others than now")


def _nothing_hidden(recorded: Attempt[object], at: str) -> None:
    """Refuse an answer, or a base to merge it into, that lost a word because a key had it, too."""
    base = None if recorded.request.patch is None else recorded.request.patch.base
    said = None if isinstance(recorded, Failed) else recorded.completion
    spoken = None if said is None else [said.text, [call.arguments for call in said.calls]]
    for part, name in ((base, "request.patch.base"), (spoken, "completion")):
        if HIDDEN in canonical_json(part):
            raise RecordError(f"{at}.{name}", _NOT_WHOLE)


def _made_whole(task: Task[object], request: Request, lessons: Lessons, at: str) -> Request:
    """*request* with what is never written down: the headers and keys of the run at hand.

    What the *lessons* before it say is not taken was left out of it then, and still is.
    """
    then, now = canonical_json(request.prompt), canonical_json(task.prompt)
    if then != now:
        lost = HIDDEN in then and HIDDEN not in now
        raise RecordError(f"{at}.request.prompt", _NOT_WHOLE if lost else "belongs to another run")
    problem = Digest(lambda: task.prompt).problem
    if problem is not None:
        raise RecordError(f"{at}.request.prompt", problem)
    if not 0 <= request.model <= len(task.fallback) + len(task.voters):
        raise RecordError(
            f"{at}.request.model", f"there is no model {request.model} (pass the same fallback=)"
        )
    way = task.way(request.model)
    if request.name != way.name:
        raise RecordError(
            f"{at}.request.name", f"{request.name!r} was asked, and this run asks {way.name!r}"
        )
    if request.constraint.dialect not in (None, *FORMS):
        raise RecordError(
            f"{at}.request.constraint.dialect", f"nobody knows {request.constraint.dialect!r}"
        )
    parameters = {**lessons.accepted(way.parameters), **request.parameters}
    return replace(request, prompt=task.prompt, parameters=parameters)


def _replayed(
    task: Task[T], attempt: Answered[T], recorded: Answered[object]
) -> tuple[Checked, ...]:
    """What the same validators, in their turns, said of the same output."""
    if not isinstance(attempt.verdict, Accepted) or not isinstance(recorded.verdict, Accepted):
        return ()
    if canonical_json(attempt.verdict.output) != canonical_json(recorded.verdict.output):
        return ()
    kept: list[Checked] = []
    for said, validator in zip(recorded.checks, cycle(task.validators), strict=False):
        known = (said.validator, said.severity) == (validator.name, validator.severity)
        told = restored(task, said) if known else None
        if told is None:
            break
        kept.append(told)
    return tuple(kept)
