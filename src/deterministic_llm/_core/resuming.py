"""A run taken up again: its record goes in, the attempts to go on from come out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import cycle

from typing_extensions import TypeVar

from deterministic_llm._core.attempts import (
    UNCHANGED,
    Accepted,
    Answered,
    Attempt,
    Checked,
    Failed,
    Request,
)
from deterministic_llm._core.canonical import canonical_json
from deterministic_llm._core.ledger import attempts_from_json
from deterministic_llm._core.loop import GiveUp, judge, next_step
from deterministic_llm._core.schema.target import Valid
from deterministic_llm._core.tasks import Task
from deterministic_llm.errors import RecordError

T = TypeVar("T")


def record_of(resume: Sequence[Attempt[object]] | str | bytes) -> tuple[Attempt[object], ...]:
    """The attempts of a run, given as they are or as JSON; raises RecordError for other text."""
    if isinstance(resume, (str, bytes)):
        return attempts_from_json(resume)
    return tuple(resume)


def taken_up(task: Task[T]) -> list[Attempt[T]]:
    """The attempts of ``task.resume``, every answer judged again for the *task* at hand.

    Time starts anew: they ended at 0 or before. Where failures at the end would stop the run again,
    those of the last model are left out. Raises RecordError for another prompt or other models.
    """
    if not task.resume:
        return []
    over = task.resume[-1].ended
    attempts = [
        _judged_again(task, each, f"$.attempts[{index}]", over)
        for index, each in enumerate(task.resume)
    ]
    if isinstance(next_step(task, attempts), GiveUp):
        model = attempts[-1].request.model
        while attempts and isinstance(attempts[-1], Failed) and attempts[-1].request.model == model:
            attempts.pop()
    return attempts


def _judged_again(task: Task[T], recorded: Attempt[object], at: str, over: float) -> Attempt[T]:
    request = _made_whole(task, recorded.request, at)
    ended = min(recorded.ended - over, 0.0)
    if isinstance(recorded, Failed):
        return replace(recorded, request=request, ended=ended)
    attempt = judge(task, request, recorded.completion, ended)
    if isinstance(attempt, Failed) or not recorded.checks:
        return attempt
    return replace(attempt, checks=_replayed(task, attempt, recorded))


def _made_whole(task: Task[object], request: Request, at: str) -> Request:
    """*request* with what is never written down: the headers and keys of the run at hand."""
    if canonical_json(request.prompt) != canonical_json(task.prompt):
        raise RecordError(f"{at}.request.prompt", "belongs to another run")
    if not 0 <= request.model <= len(task.fallback) + len(task.voters):
        raise RecordError(
            f"{at}.request.model", f"there is no model {request.model} (pass the same fallback=)"
        )
    way = task.way(request.model)
    if request.name != way.name:
        raise RecordError(
            f"{at}.request.name", f"{request.name!r} was asked, and this run asks {way.name!r}"
        )
    parameters = {**way.parameters, **request.parameters}
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
        restored = _restored(task, said) if known else None
        if restored is None:
            break
        kept.append(restored)
    return tuple(kept)


def _restored(task: Task[object], said: Checked) -> Checked | None:
    """*said* with the output that its fix made; None where it is not read as what was written."""
    if said.value is UNCHANGED:
        return said
    made = task.validated(said.value)
    if isinstance(made, Valid) and canonical_json(made.output) == canonical_json(said.value):
        return replace(said, value=made.output)
    return None
