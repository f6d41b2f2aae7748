"""What a caller is told: when members close, what is withheld, and what a restart takes back."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

import pytest
from pydantic import BaseModel, BeforeValidator, Field

from deterministic_llm import Result
from deterministic_llm._core.attempts import Attempt
from deterministic_llm._core.checks import Validator, validator
from deterministic_llm._core.contract import Contract
from deterministic_llm._core.exchange import Completion, Constraint, Mode
from deterministic_llm._core.loop import Call, Check, checked, conclude, judge, next_step
from deterministic_llm._core.policy import Policy
from deterministic_llm._core.streaming.events import (
    FieldClosed,
    Final,
    Item,
    Restarted,
    StreamEvent,
    TextGrown,
)
from deterministic_llm._core.streaming.shown import Shown
from deterministic_llm._core.tasks import Task
from deterministic_llm._drivers.checking import check
from deterministic_llm.targets import compiled


class Line(BaseModel):
    """A criterion with its points."""

    points: int = Field(ge=0, le=10)
    remark: str = ""


class Writer(BaseModel):
    """Who wrote it, as far as that is known."""

    name: str = "nobody"


class Essay(BaseModel):
    """An essay with its writer."""

    title: str
    writer: Writer


class Grade(BaseModel):
    """The grade of an essay."""

    score: int = Field(ge=0, le=10)
    due: date | None = None
    lines: list[Line] = []
    feedback: str = ""


def told(
    output_type: Any,
    *answers: str,
    mode: Mode = "json",
    validators: tuple[Validator, ...] = (),
    size: int = 1000,
) -> list[StreamEvent[Any]]:
    """The events of a run whose model gives *answers* in pieces of *size* characters."""
    contract = Contract(compiled(output_type), Constraint(mode), "")
    task = Task(contract, Policy(), validators=validators)
    shown, attempts = Shown(task), list[Attempt[Any]]()
    events: list[StreamEvent[Any]] = []
    script = iter(answers)
    while True:
        step = next_step(task, attempts)
        events += shown.follows(step, attempts)
        if isinstance(step, Check):
            attempts[-1] = checked(task, attempts[-1], check(step.validator, step.value, None))
        elif isinstance(step, Call):
            watcher, said, answer = shown.watch(step.request), "", next(script)
            while len(said) < len(answer) and not watcher.doomed:
                events += watcher.feed(answer[len(said) : len(said) + size])
                said = answer[: len(said) + size]
            finish = "stopped" if watcher.doomed else "stop"
            attempts.append(judge(task, step.request, Completion(said, finish)))
        else:
            events += shown.final(conclude(step, attempts))
            assert isinstance(events[-1], Final)
            return events[:-1]


def test_members_are_told_as_their_own_types():
    assert told(Grade, '{"score": 7, "due": "2024-03-01", "lines": [{"points": 3}]}') == [
        FieldClosed("$.score", 7),
        FieldClosed("$.due", date(2024, 3, 1)),
        FieldClosed("$.lines[0].points", 3),
        FieldClosed("$.lines[0]", Line(points=3)),
        FieldClosed("$.lines", [Line(points=3)]),
    ]


def test_text_is_told_as_it_grows():
    assert told(Grade, '{"score": 7, "feedback": "It is clear."}', size=30) == [
        FieldClosed("$.score", 7),
        TextGrown("$.feedback", "It i"),
        TextGrown("$.feedback", "s clear."),
        FieldClosed("$.feedback", "It is clear."),
    ]


def test_a_wrong_member_is_not_told_and_what_is_valid_is_kept():
    events = told(
        Grade,
        '{"score": 7, "lines": [{"points": 3}, {"points": 12}, {"poi',
        '{"lines": [{"points": 4}]}',
    )
    assert events == [
        FieldClosed("$.score", 7),
        FieldClosed("$.lines[0].points", 3),
        FieldClosed("$.lines[0]", Line(points=3)),
        Restarted(
            "$.lines[1].points: expected an integer from 0 to 10, got 12"
            " (choose a number from 0 to 10)"
        ),
        FieldClosed("$.lines[1].points", 4),
        FieldClosed("$.lines[1]", Line(points=4)),
        FieldClosed("$.lines", [Line(points=3), Line(points=4)]),
    ]


@pytest.mark.parametrize("size", [1, 1000])
def test_defaults_that_nobody_said_are_not_told(size: int):
    again = '{"$.writer": {"name": "Ada"}}'
    events = told(Essay, '{"title": "Owls", "writer": {"born": 1815}}', again, size=size)
    assert [each for each in events if not isinstance(each, TextGrown)] == [
        FieldClosed("$.title", "Owls"),
        Restarted(
            '$.writer: expected a member that was asked for, not others alone, got {"born": 1815}'
        ),
        FieldClosed("$.writer.name", "Ada"),
        FieldClosed("$.writer", Writer(name="Ada")),
    ]


def test_what_comes_again_as_it_was_is_not_told_again():
    events = told(
        Grade,
        '{"score": 7, "feedback": "abc", "lines": [{"points": 12}]}',
        '{"lines[0].points": 13}',
        '{"score": 8, "feedback": "abc", "lines": []}',
        mode="prompt",
    )
    assert events == [
        FieldClosed("$.score", 7),
        TextGrown("$.feedback", "abc"),
        FieldClosed("$.feedback", "abc"),
        Restarted(
            "$.lines[0].points: expected an integer from 0 to 10, got 12"
            " (choose a number from 0 to 10)"
        ),
        Restarted(
            "$.lines[0].points: expected an integer from 0 to 10, got 13"
            " (choose a number from 0 to 10)",
            {"score": 7, "feedback": "abc"},
        ),
        FieldClosed("$.score", 8, changed=True),
        TextGrown("$.feedback", "abc", anew=True),
        FieldClosed("$.lines", []),
    ]


def test_a_document_that_is_taken_back_is_a_restart():
    text = 'First: {"score": 3, "feedback": "a"}\nCorrected: {"score": 4, "feedback": "a"}'
    events = told(Grade, text, mode="prompt")
    assert events == [
        FieldClosed("$.score", 3),
        TextGrown("$.feedback", "a"),
        FieldClosed("$.feedback", "a"),
        Restarted("another value stands in its place", {"score": 3, "feedback": "a"}),
        FieldClosed("$.score", 4, changed=True),
        TextGrown("$.feedback", "a", anew=True),
    ]


def test_a_member_that_is_gone_is_told_with_what_held_it():
    text = 'First: {"score": 3, "feedback": "a"}\nCorrected: {"score": 3}'
    *_, last = told(Grade, text, mode="prompt")
    assert last == FieldClosed("$", Grade(score=3), changed=True)


def test_what_a_validator_fixed_is_told_in_the_end():
    def capped(grade: Grade) -> bool:
        return grade.score <= 5

    def cap(grade: Grade) -> Grade:
        grade.score = 5
        return grade

    text = '{"score": 7, "due": null, "lines": [], "feedback": ""}'
    *before, last = told(Grade, text, validators=(validator(capped, fix=cap),))
    assert before[0] == FieldClosed("$.score", 7)
    assert last == FieldClosed("$.score", 5, changed=True)


def test_where_a_fix_cannot_be_told_by_members_the_whole_is_told():
    def cap(grade: Grade) -> Grade:
        grade.score = 5
        return grade

    rule = validator(lambda grade: grade.score <= 5, fix=cap)
    *_, last = told(Grade, '{"score": 7}', validators=(rule,))
    assert last == FieldClosed("$", Grade(score=5), changed=True)


def test_an_output_that_no_answer_gave_is_told_as_a_whole():
    shown = Shown(Task(Contract(compiled(Grade), Constraint("json"), ""), Policy()))
    events = list(shown.final(Result(None, (), exhausted=True)))
    assert events[0] == FieldClosed("$", None)
    assert shown.snapshot() is None


def test_elements_are_withheld_where_only_the_whole_list_knows_them():
    def doubled(values: list[int]) -> list[int]:
        return [2 * value for value in values]

    target = Annotated[list[int], BeforeValidator(doubled)]
    assert told(target, "[1, 2]") == [Item(0, 2), Item(1, 4)]


def test_members_that_the_type_leaves_out_are_not_told():
    assert told(Grade, '{"score": 7, "mood": {"good": true}}') == [FieldClosed("$.score", 7)]
    assert told(list[Line], '[{"points": 1, "mood": 3}]') == [
        FieldClosed("$[0].points", 1),
        Item(0, Line(points=1)),
    ]


def test_a_snapshot_holds_what_was_kept_and_what_came_since():
    task = Task(Contract(compiled(Grade), Constraint("json"), ""), Policy())
    shown, attempts = Shown(task), list[Attempt[Any]]()
    seen: list[object] = [shown.snapshot()]
    for answer in ('{"score": 12, "lines": [{"points": 1}]}', '{"score": 3, "mood'):
        step = next_step(task, attempts)
        assert isinstance(step, Call)
        watcher = shown.watch(step.request)
        seen.append(shown.snapshot())
        watcher.feed(answer)
        seen.append(shown.snapshot())
        attempts.append(judge(task, step.request, Completion(answer)))
    kept = {"lines": [{"points": 1}]}
    assert seen == [None, None, {"score": 12, **kept}, kept, {**kept, "score": 3}]


def test_an_empty_answer_is_told_as_the_whole():
    assert told(list[Line], "[]") == [FieldClosed("$", [])]
