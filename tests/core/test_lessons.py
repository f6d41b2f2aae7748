"""What is left out of the next request, once a server has refused it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from deterministic_llm import CallFailure, Completion, Mode, ProviderError
from deterministic_llm._core.attempts import Answered, Attempt, Request
from deterministic_llm._core.contract import Contract, Rung, ladder
from deterministic_llm._core.exchange import Abilities, Constraint
from deterministic_llm._core.lessons import Lessons, constraint_key
from deterministic_llm._core.loop import Accept, Call, GiveUp, judge, next_step
from deterministic_llm._core.policy import Policy
from deterministic_llm._core.reask import instructions
from deterministic_llm._core.tasks import Task
from deterministic_llm.targets import compiled
from deterministic_llm.testing import ScriptedModel

ALL = Abilities(("native", "tool", "json"), shows_schema=True)


class Person(BaseModel):
    """Somebody."""

    name: str
    age: int


ADA = '{"name": "Ada", "age": 36}'
PARAMETERS = {"temperature": 0, "seed": 7, "max_tokens": 20}


def refused(parameter: str | None) -> CallFailure:
    return CallFailure("no", "unsupported", status=400, parameter=parameter)


def task(mode: Mode = "auto") -> Task[Person]:
    target = compiled(Person)
    first, *weaker = (
        Rung(each, instructions(target, each, ALL)) for each in ladder(target, mode, ALL)
    )
    contract = Contract(target, first.constraint, first.instructions, weaker=tuple(weaker))
    return Task(contract, Policy(), ({"role": "user", "content": "Who?"},), dict(PARAMETERS))


def told(
    job: Task[Person], answers: list[str | CallFailure]
) -> tuple[list[Attempt[Person]], Accept[Person] | GiveUp]:
    """All attempts while *answers* last, and the end."""
    attempts: list[Attempt[Person]] = []
    for answer in answers:
        step = next_step(job, attempts)
        if not isinstance(step, Call):
            break
        assert step.delay == 0
        said = Completion(answer) if isinstance(answer, str) else answer
        attempts.append(judge(job, step.request, said))
    end = next_step(job, attempts)
    assert isinstance(end, (Accept, GiveUp))
    return attempts, end


def modes(attempts: list[Attempt[Person]]) -> list[str]:
    return [each.request.constraint.mode for each in attempts]


def test_each_refusal_leads_one_rung_down_at_once():
    """And the words say more the less the backend does."""
    down = [refused("response_format"), refused("tools"), refused("response_format"), ADA]
    attempts, end = told(task(), down)
    assert modes(attempts) == ["native", "tool", "json", "prompt"]
    assert isinstance(end, Accept)
    assert [bool(each.request.feedback) for each in attempts] == [False, False, True, True]
    assert [each.request.number for each in attempts] == [1, 2, 3, 4]


def test_no_retry_is_lost_on_the_way():
    """Two re-asks are left as before, and what was wrong is said in the new words."""
    wrong, worse = '{"name": "Ada", "age": "?"}', '{"name": "Ada", "age": "!"}'
    answers = [refused("response_format"), wrong, worse, ADA]
    attempts, end = told(task(), answers)
    assert isinstance(end, Accept)
    assert modes(attempts) == ["native", "tool", "tool", "tool"]


def test_a_part_that_is_not_taken_is_asked_for_with_the_whole():
    """Its schema is another one than that which was taken."""
    answers = ['{"name": "Ada", "age": "?"}', refused("schema"), ADA]
    attempts, end = told(task(), answers)
    assert isinstance(end, Accept)
    assert modes(attempts) == ["native"] * 3
    assert [each.request.patch is None for each in attempts] == [True, False, True]
    assert "$.age" in attempts[2].request.feedback


def test_a_mode_that_was_asked_for_is_not_changed():
    """The error says what is wrong with it."""
    attempts, end = told(task("native"), [refused("response_format"), ADA])
    assert modes(attempts) == ["native"]
    assert isinstance(end, GiveUp)
    assert isinstance(end.error, ProviderError)
    assert end.error.failure.parameter == "response_format"


@pytest.mark.parametrize(
    ("parameter", "left"),
    [
        pytest.param("seed", {"temperature": 0, "max_tokens": 20}, id="left out"),
        pytest.param("temperature", {"seed": 7, "max_tokens": 20}, id="left out too"),
        pytest.param(
            "max_tokens",
            {"temperature": 0, "seed": 7, "max_completion_tokens": 20},
            id="called by its other name",
        ),
    ],
)
def test_a_parameter_that_is_not_taken_is_mended_and_recorded(parameter: str, left: dict[str, int]):
    attempts, end = told(task(), [refused(parameter), ADA])
    assert isinstance(end, Accept)
    assert modes(attempts) == ["native", "native"]
    assert attempts[1].request.parameters == left


@pytest.mark.parametrize(
    "answers",
    [
        pytest.param([refused("max_tokens"), refused("max_completion_tokens")], id="no limit"),
        pytest.param([refused(None)], id="nobody says what"),
    ],
)
def test_what_cannot_be_mended_ends_the_run(answers: list[str | CallFailure]):
    """No limit is lifted that the caller has set."""
    attempts, end = told(task(), [*answers, *[refused("max_tokens")] * 9])
    assert isinstance(end, GiveUp)
    assert isinstance(end.error, ProviderError)
    assert len(attempts) <= len(answers) + 1


@pytest.mark.untraced
@given(
    st.lists(
        st.sampled_from(
            ["schema", "response_format", "tools", "seed", "temperature", "max_tokens", "stop"]
        )
        | st.none(),
        min_size=20,
        max_size=20,
    ),
    st.lists(st.sampled_from(['{"name": "Ada", "age": "?"}', "{}", ADA]), max_size=6),
    st.randoms(use_true_random=False),
)
def test_the_ladder_ends(names: list[str | None], said: list[str], chance: object):
    """Whatever is refused, and whenever: below every rung there is nothing to stand on."""
    answers: list[str | CallFailure] = [*map(refused, names), *said]
    chance.shuffle(answers)  # type: ignore[attr-defined]
    job, attempts = task(), list[Attempt[Person]]()
    for answer in (*answers, *[refused("schema")] * 20):
        step = next_step(job, attempts)
        if not isinstance(step, Call):
            break
        completion = Completion(answer) if isinstance(answer, str) else answer
        attempts.append(judge(job, step.request, completion))
    assert not isinstance(next_step(job, attempts), Call)
    refusals = [each for each in attempts if not isinstance(each, Answered)]
    assert len(refusals) <= 12


def test_a_schema_that_is_not_taken_says_nothing_of_others():
    lessons = Lessons().and_of(
        Request(1, constraint=Constraint("native", "a", {"type": "object"})), refused("schema")
    )
    other = Constraint("native", "a", {"type": "object", "properties": {}})
    assert lessons == Lessons(
        held=frozenset({constraint_key(Constraint("native", "a", {"type": "object"}))})
    )
    assert lessons.allow(other)


def test_the_callers_own_tools_are_not_ours_to_leave_out():
    """What is in extra_body is his."""
    asked = Request(1, constraint=Constraint("native"), parameters={"extra_body": {"tools": [{}]}})
    assert Lessons().and_of(asked, refused("tools")) == Lessons()


def test_votes_are_not_refused_one_after_another():
    """What the first was refused is not sent for the second."""
    model = ScriptedModel([refused("response_format"), ADA, ADA, ADA], abilities=ALL)
    result = model.run("Who?", Person, votes=3)
    assert [each.constraint.mode for each in model.requests] == ["native", "tool", "tool", "tool"]
    assert (result.mode, result.output) == ("tool", Person(name="Ada", age=36))
