"""Answers that we stopped: what they come to, what is asked then, and that none is accepted."""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import Annotated, Any

import pytest
from core.random_types import breaks, broken, shape, text_of
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field

from deterministic_llm import NoProgress, Result, attempts_from_json
from deterministic_llm._core.attempts import Accepted, Answered, Attempt, Rejected, Violation
from deterministic_llm._core.contract import Contract
from deterministic_llm._core.drafts import Draft, Patch, Place
from deterministic_llm._core.exchange import Completion, Constraint, Mode, ToolCall
from deterministic_llm._core.loop import Accept, Call, GiveUp, conclude, judge, next_step
from deterministic_llm._core.policy import Policy
from deterministic_llm._core.resuming import taken_up
from deterministic_llm._core.schema.typed import typed_target
from deterministic_llm._core.tasks import Task
from deterministic_llm._core.verdicts import judge_completion


class Line(BaseModel):
    """A criterion with its points."""

    points: int = Field(ge=0, le=10)
    remark: str = ""


class Grade(BaseModel):
    """The grade of an essay."""

    title: str
    lines: Annotated[list[Line], Field(max_length=3)]
    score: int = Field(ge=0, le=10)


def task(target: Any = Grade, mode: Mode = "json", **options: Any) -> Task[Any]:
    """A run for *target*, held by *mode*."""
    contract = Contract(typed_target(target), Constraint(mode), "")
    return Task(contract, Policy(**options), ({"role": "user", "content": "Grade it."},))


def stopped(text: str) -> Completion:
    """*text*, of which we did not want more."""
    return Completion(text, "stopped")


def tell(job: Task[Any], *answers: Completion) -> tuple[list[Attempt[Any]], Accept[Any] | GiveUp]:
    """The attempts of a run that is answered with *answers*, and how it ends."""
    attempts: list[Attempt[Any]] = []
    script = iter(answers)
    while isinstance(step := next_step(job, attempts), Call):
        attempts.append(judge(job, step.request, next(script)))
    assert not isinstance(step, Call)
    return attempts, step  # type: ignore[return-value]  # there are no validators to ask


def too_high(path: str, got: str) -> Violation:
    """What is said of a number above 10."""
    fix = "choose a number from 0 to 10"
    return Violation(path, "range", "expected an integer from 0 to 10", got, fix)


TOO_HIGH, FAR_TOO_HIGH = too_high("$.lines[1].points", "12"), too_high("$.score", "99")
KEPT = Draft({"title": "a", "lines": [{"points": 3}]}, truncated=True, open_paths=("$", "$.lines"))
VERDICTS = [
    pytest.param(
        '{"title": "a", "lines": [{"points": 3}, {"points": 12}, {"po',
        Rejected(
            "invalid",
            (TOO_HIGH,),
            (),
            KEPT,
        ),
        id="a list is cut off before the wrong item",
    ),
    pytest.param(
        '{"title": "a", "lines": [{"points": 3}, {"points": 12, "remark": "so',
        Rejected(
            "invalid",
            (TOO_HIGH,),
            (),
            KEPT,
        ),
        id="an item is dropped in which a member is wrong",
    ),
    pytest.param(
        '{"lines": [{"points": 3}], "score": 99, "ti',
        Rejected(
            "invalid",
            (FAR_TOO_HIGH,),
            (),
            Draft(
                {"lines": [{"points": 3}]},
                truncated=True,
                open_paths=("$",),
                begun=("$.ti", "$.score"),
            ),
        ),
        id="a member is left out",
    ),
    pytest.param(
        '{"score": 99, "ti',
        Rejected(
            "invalid",
            (FAR_TOO_HIGH,),
        ),
        id="nothing is left",
    ),
    pytest.param(
        '{"title": "' + "on and " * 800,
        Rejected(
            "degenerate",
            (Violation("$", "no_value", "expected an answer", "the same words again and again"),),
        ),
        id="the same words again and again",
    ),
    pytest.param(
        '{"title": "a", "lines": [], "score": 3}',
        Rejected(
            "invalid",
            (Violation("$", "truncated", "expected the whole answer", "one that was stopped"),),
        ),
        id="what could be accepted is not, once it was stopped",
    ),
    pytest.param(
        '{"title": "a", "lines": [{"points": 3}',
        Rejected(
            "invalid",
            (Violation("$", "truncated", "expected the whole answer", "one that was stopped"),),
        ),
        id="nobody knows why",
    ),
]


@pytest.mark.parametrize(("text", "verdict"), VERDICTS)
def test_a_stopped_answer_is_judged_by_what_stopped_it(text: str, verdict: Rejected):
    job = task()
    assert judge_completion(job.contract, stopped(text)) == verdict


def test_the_arguments_of_a_tool_are_judged_alike():
    contract = Contract(typed_target(Grade), Constraint("tool", "Grade"), "")
    said = '{"title": "a", "lines": [{"points": 3}, {"points": 12}, {"po'
    answer = Completion(None, "stopped", calls=(ToolCall("Grade", said),))
    assert judge_completion(contract, answer) == VERDICTS[0].values[1]


def test_more_characters_than_may_be_are_told():
    verdict = judge_completion(
        task().contract, stopped('{"title": "abc"'), policy=Policy(max_chars=10)
    )
    expected = "expected at most 10 characters"
    assert verdict == Rejected("invalid", (Violation("$", "too_large", expected),))


def test_the_run_goes_on_from_what_was_valid():
    attempts, end = tell(
        task(),
        stopped('{"title": "a", "lines": [{"points": 3}, {"points": 12}, {"po'),
        Completion('{"lines": [{"points": 2}], "score": 5}'),
    )
    asked = attempts[1].request
    base = {"title": "a", "lines": [{"points": 3}]}
    places = {"score": Place(("score",)), "lines": Place(("lines",), appends=True)}
    assert asked.patch == Patch(base, places)
    assert asked.feedback == (
        "A previous answer was invalid:\n"
        "- $.lines[1].points: expected an integer from 0 to 10, got 12"
        " (choose a number from 0 to 10)\n"
        "It was stopped there; what had come before is kept."
        " Answer only with what is asked for now."
    )
    assert end == Accept(Grade(title="a", lines=[Line(points=3), Line(points=2)], score=5))
    assert conclude(end, attempts).explain().splitlines() == [
        "1. invalid: $.lines[1].points expected an integer from 0 to 10, got 12 (stopped)",
        "2. asked for $.score, the rest of $.lines alone: accepted",
        "accepted after 2 calls",
    ]


def test_an_answer_to_a_part_that_was_stopped_goes_on_in_the_whole():
    attempts, end = tell(
        task(),
        stopped('{"title": "a", "lines": [{"points": 3}, {"points": 12}, {"po'),
        stopped('{"score": 5, "lines": [{"points": 2}, {"points": 13}, {'),
        Completion('{"lines": []}'),
    )
    assert attempts[1].violations[0].path == "$.lines[2].points"
    base = {"title": "a", "lines": [{"points": 3}, {"points": 2}], "score": 5}
    assert attempts[2].request.patch == Patch(base, {"lines": Place(("lines",), appends=True)})
    assert end == Accept(Grade(title="a", lines=[Line(points=3), Line(points=2)], score=5))


def test_the_whole_is_asked_for_where_nothing_is_kept_or_going_on_was_in_vain():
    nothing, end = tell(task(), stopped('{"score": 99, "t'), Completion("{}"), Completion("{}"))
    assert nothing[1].request.patch is None
    assert isinstance(end, GiveUp)
    again = stopped('{"score": 99, "lines": [')
    first = stopped('{"title": "a", "score": 99, "l')
    vain, end = tell(task(max_retries=5), first, again, again)
    assert [attempt.request.patch is None for attempt in vain] == [True, False, True]
    assert isinstance(end, GiveUp)
    assert type(end.error) is NoProgress


def test_a_list_that_was_stopped_is_never_complete():
    attempts, end = tell(
        task(list[Line]),
        stopped('[{"points": 3}, {"points": 12}, '),
        stopped('{"rest": [{"points": 4}, {"points": 13}, {"po'),
        Completion('{"rest": [{"points": 5}]}'),
    )
    assert [attempt.outcome for attempt in attempts] == ["invalid", "invalid", "accepted"]
    assert isinstance(end, Accept)
    assert end.output == [Line(points=3), Line(points=4), Line(points=5)]


def test_what_was_saved_is_told_and_recorded():
    saved = Completion('{"score": 99, "t', "stopped", saved_tokens=900)
    attempts, end = tell(task(), saved, Completion('{"title": "a", "lines": [], "score": 3}'))
    assert isinstance(end, Accept)
    result = Result(end.output, tuple(attempts))
    assert result.explain().splitlines()[0] == (
        "1. invalid: $.score expected an integer from 0 to 10, got 99 (stopped, 900 tokens saved)"
    )
    (first, _) = attempts_from_json(result.to_json())
    assert isinstance(first, Answered)
    assert first.completion == saved


@pytest.mark.untraced
@given(seed=st.integers(0, 10**6))
def test_no_stopped_answer_is_accepted_and_a_record_of_it_is_judged_alike(seed: int):
    random = Random(seed)  # noqa: S311  # draws examples
    kind = shape(random, 3)
    value: Any = kind.make(random)
    wrong = broken(value, breaks(random, kind, value, random.randint(0, 2)))
    text = text_of(wrong)
    text = text[: random.randint(0, len(text))]
    job = task(kind.type, random.choice(["native", "json", "prompt"]))
    job = replace(job, prompt=({"role": "user", "content": "Grade this."},))
    attempt = judge(job, next_step(job, ()).request, stopped(text))  # type: ignore[union-attr]  # a Call
    assert isinstance(attempt, Answered)
    assert not isinstance(attempt.verdict, Accepted)
    assert isinstance(next_step(job, [attempt]), Call)
    record = attempts_from_json(Result(None, (attempt,)).to_json())
    again = taken_up(replace(job, resume=record))
    assert again == [attempt]
