"""The requests of a run: from what came before to what is asked next."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

from pydantic_core import to_json
from typing_extensions import TypeVar

from deterministic_llm._core.attempts import Answered, Request
from deterministic_llm._core.contract import Rung, constrain
from deterministic_llm._core.drafts import Patch
from deterministic_llm._core.exchange import Abilities, Constraint, Mode
from deterministic_llm._core.lessons import NOTHING_LEARNED, Lessons
from deterministic_llm._core.policy import resown, shaken, whole_is_cheaper, with_more_room
from deterministic_llm._core.reask import begin_there, go_on, reask, reask_members
from deterministic_llm._core.records import changed
from deterministic_llm._core.schema.locations import value_at
from deterministic_llm._core.schema.patches import patch_target
from deterministic_llm._core.schema.raising import raised
from deterministic_llm._core.schema.target import JsonTarget
from deterministic_llm._core.tasks import Task, Way

T = TypeVar("T")

_SCHEMA_IS_SENT = frozenset[Mode]({"native", "tool"})


def asked_anew(
    task: Task[object],
    *,
    number: int,
    model: int = 0,
    sample: int = 0,
    lessons: Lessons = NOTHING_LEARNED,
) -> Request:
    """The first question to a model of the run, for one *sample* of its answers.

    A seed is one higher for each sample: under the same one the same answer would come again. What
    the *lessons* say is not taken is left out.
    """
    way = task.way(model)
    parameters = resown(way.parameters, sample)
    rung: Rung | Way = way
    if lessons is not NOTHING_LEARNED:
        rung = next((each for each in way.rungs if lessons.allow(each.constraint)), way)
        parameters = lessons.accepted(parameters)
    return Request(
        number=number,
        prompt=task.prompt,
        feedback=rung.instructions,
        constraint=rung.constraint,
        parameters=parameters,
        model=model,
        name=way.name,
        sample=sample,
        server=way.server,
    )


def opened(task: Task[T]) -> Task[T]:
    """*task* with what is the same in all its runs made once: how, and with what, it begins."""
    made = replace(task, opening=asked_anew(task, number=1))
    made.way(0)
    return made


def again(task: Task[object], last: Answered[object], *, shake: bool = False) -> Request:
    """The question for the whole once more, with what was wrong; or *shaken* out of a rut."""
    request = last.request
    rung = task.rung(request)
    asked = _reasked(last, reask(last.violations, rung.instructions), rung.constraint, None)
    return replace(asked, parameters=shaken(request.parameters)) if shake else asked


def held_by(rung: Rung, refused: Request) -> Request:
    """The question that was *refused*, for the whole and held by another *rung*.

    What was wrong with the answer before it is said again.
    """
    wrong, words = refused.violations, rung.instructions
    return replace(
        refused,
        number=refused.number + 1,
        feedback=reask(wrong, words) if wrong else words,
        constraint=rung.constraint,
        patch=None,
    )


def for_members(task: Task[object], last: Answered[object], part: Patch) -> Request:
    """The question for the members of *part* alone, or for the whole where that is cheaper."""
    target = _target(task, part)
    mode = last.request.constraint.mode
    if mode in _SCHEMA_IS_SENT and _whole_is_cheaper(last, part):
        return again(task, last)
    constraint = _alike(target, last)
    put = target if constraint.dialect is None else raised(target, constraint.dialect)
    feedback = reask_members(last.violations, put, shown=_shown(task, last))
    return _reasked(last, feedback, constraint, part)


def for_the_rest(task: Task[object], last: Answered[object], part: Patch) -> Request:
    """The question for what was still to come when the answer was cut, or was stopped."""
    target = _target(task, part)
    constraint = _alike(target, last)
    feedback = _going_on(task, last, raised(target, constraint.dialect))
    return _reasked(last, feedback, constraint, part)


def _alike(target: JsonTarget[object], last: Answered[object]) -> Constraint:
    """How an answer to *target* is held: as the *last* one was, in the same dialect."""
    known = last.request.constraint
    return _held(target, known.mode, known.dialect)


@lru_cache(maxsize=1024)
def _held(target: JsonTarget[object], mode: Mode, dialect: str | None) -> Constraint:
    """A part that fails once fails again in other answers."""
    return constrain(target, mode, Abilities(dialect=dialect))


def _going_on(task: Task[object], last: Answered[object], target: JsonTarget[object]) -> str:
    shown = _shown(task, last)
    if last.finish == "stopped":
        return begin_there(last.violations, target, shown=shown)
    return go_on(target, shown=shown)


def with_room(task: Task[object], last: Answered[object]) -> Request | None:
    """The same question with twice the room for an answer; None when there is no more to give."""
    parameters = with_more_room(last.request.parameters, task.policy.max_tokens_ceiling)
    if parameters is None:
        return None
    return replace(last.request, number=last.request.number + 1, parameters=parameters)


def _reasked(
    last: Answered[object], feedback: str, constraint: Constraint, part: Patch | None
) -> Request:
    """The next question to the same model, about what was wrong with the *last* answer."""
    request = last.request
    return changed(
        request,
        number=request.number + 1,
        feedback=feedback,
        violations=last.violations,
        constraint=constraint,
        patch=part,
    )


def _shown(task: Task[object], last: Answered[object]) -> bool:
    return not task.rung(last.request).instructions


def _target(task: Task[object], part: Patch) -> JsonTarget[object]:
    target = task.contract.target
    assert isinstance(target, JsonTarget)  # noqa: S101  # parts are made of nothing else
    return patch_target(target, part)


def _whole_is_cheaper(last: Answered[object], part: Patch) -> bool:
    prompt = sum(len(str(message.get("content", ""))) for message in last.request.prompt)
    alone = [value_at(part.base, place.location) for place in part.places.values()]
    return whole_is_cheaper(prompt, len(to_json(part.base)), len(to_json(alone)))
