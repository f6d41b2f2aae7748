"""What a caller is shown of a run: folding the events gives the payload of the result."""

from __future__ import annotations

from pydantic import BaseModel

from deterministic_llm import Template
from deterministic_llm._core.attempts import Attempt
from deterministic_llm._core.contract import Contract
from deterministic_llm._core.drafts import Patch, Place
from deterministic_llm._core.exchange import UNCONSTRAINED, Completion
from deterministic_llm._core.loop import Call, conclude, judge, next_step
from deterministic_llm._core.policy import Policy
from deterministic_llm._core.schema.sites import UNKNOWN
from deterministic_llm._core.streaming.events import (
    FieldClosed,
    Final,
    Item,
    Restarted,
    StreamEvent,
)
from deterministic_llm._core.streaming.held import Held
from deterministic_llm._core.streaming.shown import Shown
from deterministic_llm._core.tasks import Task
from deterministic_llm.targets import compiled


class Person(BaseModel):  # noqa: D101
    name: str
    age: int = 0


def streamed(output_type: object, *answers: str) -> list[StreamEvent[object]]:
    """The events of a run whose model gives *answers*, a character at a time."""
    task = Task(Contract(compiled(output_type), UNCONSTRAINED, ""), Policy())
    shown, attempts = Shown(task), list[Attempt[object]]()
    events: list[StreamEvent[object]] = []
    script = iter(answers)
    while True:
        step = next_step(task, attempts)
        events += shown.follows(step, attempts)
        if not isinstance(step, Call):
            return [*events, *shown.final(conclude(step, attempts))]
        watcher = shown.watch(step.request)
        answer = next(script)
        for piece in answer:
            events += watcher.feed(piece)
        attempts.append(judge(task, step.request, Completion(answer)))


def test_the_members_that_were_said_are_told_before_the_end():
    *closed, final = streamed(Person, '{"name": "Ada"}')
    assert closed == [FieldClosed("$.name", "Ada")]
    assert isinstance(final, Final)
    assert final.result.output == Person(name="Ada", age=0)


def test_the_elements_of_a_list_are_items():
    *closed, _ = streamed(list[Person], 'So: [{"name": "Ada"}]')
    assert closed == [Item(0, Person(name="Ada"))]


def test_a_single_value_is_the_whole():
    assert streamed(int, "5")[0] == FieldClosed("$", 5)


def test_an_answer_that_is_given_up_is_a_restart():
    *told, _ = streamed(Person, '{"age": 3}', '{"name": "Ada"}')
    assert told == [
        FieldClosed("$.age", 3),
        Restarted('$.name: expected a string, got nothing (add "name")'),
        FieldClosed("$.name", "Ada"),
    ]


def test_an_empty_list_that_is_asked_for_again_no_longer_holds():
    held = Held()
    held.put(("name",), "Ada", UNKNOWN)
    held.put(("tags",), [], UNKNOWN)
    asked = Patch({"name": "Ada"}, {"$.tags": Place(("tags",))})
    assert held.restart(asked) == {"tags": []}


def test_the_fields_of_a_text_are_its_members():
    target = Template("{name} is {age:int}")
    assert streamed(target, "Ada is 36")[:-1] == [
        FieldClosed("$.name", "Ada"),
        FieldClosed("$.age", 36),
    ]
