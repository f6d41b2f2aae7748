"""A run that was stopped goes on: judged again, and paid only for what is left."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import AfterValidator, BaseModel, Field
from tenacity import wait_none

from deterministic_llm import (
    CallFailure,
    Completion,
    EnforcementError,
    ProviderError,
    RecordError,
    RetriesExhausted,
    enforce,
)
from deterministic_llm._core.attempts import Answered, Failed
from deterministic_llm._core.checks import Judgement
from deterministic_llm._core.exchange import Constraint
from deterministic_llm.testing import Answer, ScriptedModel
from deterministic_llm.validators import judge, validator


class Person(BaseModel):
    """Somebody."""

    name: str
    age: int = Field(ge=0, le=150)


class Elder(BaseModel):
    """Somebody of whom more is asked."""

    name: str
    age: int = Field(ge=100, le=150)


class Named(BaseModel):
    """Something with a word that a header holds, too."""

    kind: str
    age: int = Field(ge=0, le=150)


ADA = Person(name="Ada", age=36)
GOOD = '{"name": "Ada", "age": 36}'
BAD = '{"name": "Ada", "age": 200}'
PART = '{"age": 36}'
BUSY = CallFailure("busy", "overloaded", status=503)
LATE = CallFailure("no answer before the deadline", "late")
SCRIPTS: list[list[Answer]] = [
    [GOOD],
    [BAD, PART],
    [BUSY, BAD, BUSY, PART],
    [BAD, '{"age": 201}', GOOD],
    [Completion('{"name": "Ada", "age": 3', "length"), GOOD],
    ["", "{}", GOOD],
]


def ask(answers: Sequence[Answer], **options: object) -> tuple[object, ScriptedModel]:
    """The result or error of a run on a script, and the model that gave it."""
    model = ScriptedModel(answers, max_tokens=20, headers={"X-Key": "k"})
    try:
        return model.run("Who?", Person, wait=wait_none(), **options), model
    except EnforcementError as error:
        return error, model


@given(st.sampled_from(SCRIPTS), st.integers(0, 4), st.booleans())
def test_a_run_cut_anywhere_ends_as_the_whole_one(script: list[Answer], cut: int, in_json: bool):  # noqa: FBT001  # hypothesis draws it
    """Same output, attempts and requests; only the rest of the script is asked for."""
    whole, first = ask(script)
    cut = min(cut, len(script))
    stopped = replace(whole, attempts=whole.attempts[:cut])
    record = stopped.to_json() if in_json else stopped.attempts
    result, second = ask(script[cut:], resume=record)
    assert result == whole
    assert second.requests == first.requests[cut:]


def test_an_accepted_record_costs_no_call():
    whole, _ = ask([GOOD])
    result, model = ask([], resume=whole.to_json())
    assert result.output == ADA
    assert model.requests == ()


def test_the_same_awaited():
    whole, _ = ask([BAD, PART])
    model = ScriptedModel([PART], max_tokens=20, headers={"X-Key": "k"})
    result = asyncio.run(model.arun("Who?", Person, resume=whole.attempts[:1]))
    assert result == whole


def test_a_decorated_function_goes_on_too():
    answers = iter(["old", "36"])

    # A key stands for the iterator that it closes over.
    @enforce(int, max_retries=0, key=lambda: "Ada")
    def age() -> str:
        return next(answers)

    with pytest.raises(RetriesExhausted) as caught:
        age()
    result = age.with_options(max_retries=1, resume=caught.value.to_json()).run()
    assert (result.output, len(result.attempts)) == (36, 2)


@pytest.mark.parametrize(
    "last",
    [
        pytest.param([BUSY] * 2, id="too many failures"),
        pytest.param([LATE], id="the deadline"),
        pytest.param([CallFailure("no credit", "quota", status=429)], id="no credit left"),
        pytest.param([CallFailure("5 $", "over_budget", sent=False)], id="the budget"),
    ],
)
def test_what_stopped_the_run_does_not_stop_it_again(last: list[Answer]):
    """Failures at the end are left out; the answer before them stays and is not paid for again."""
    stopped, _ = ask([BAD, *last], transport_retries=1)
    assert isinstance(stopped, EnforcementError)
    result, model = ask([PART], resume=stopped.to_json(), transport_retries=1)
    assert result.output == ADA
    assert [attempt.text for attempt in result.attempts] == [BAD, PART]
    assert len(model.requests) == 1


def test_a_run_that_the_deadline_stopped_has_its_time_again():
    """What came before ended at 0 or earlier on the new clock."""
    stopped, _ = ask([BAD], max_retries=0)
    late = tuple(replace(attempt, ended=9.0) for attempt in stopped.attempts)
    result, _ = ask([PART], resume=late, timeout=5.0)
    assert result.output == ADA
    assert result.attempts[0].ended == 0.0


def test_a_record_is_judged_by_the_target_at_hand():
    """What was accepted then is not what is wanted now."""
    whole, _ = ask([GOOD], validators=[Judge().validator])
    model = ScriptedModel(['{"age": 101}'], max_tokens=20)
    result = model.run("Who?", Elder, resume=whole.to_json())
    assert result.output == Elder(name="Ada", age=101)
    assert [attempt.outcome for attempt in result.attempts] == ["invalid", "accepted"]
    assert "$.age: expected an integer from 100 to 150, got 36" in model.requests[0].feedback


def test_headers_come_from_the_run_at_hand():
    """They are in no record, and in every call."""
    whole, _ = ask([BAD, PART])
    _, model = ask([PART], resume=replace(whole, attempts=whole.attempts[:1]).to_json())
    assert model.requests[0].parameters == {"max_tokens": 20, "headers": {"X-Key": "k"}}


def test_room_that_was_given_stays_given():
    """A cut answer doubled the limit; the resumed run does not start from the old one."""
    script = [Completion('{"name": "Ada", "age": 3', "length"), BUSY, GOOD]
    whole, _ = ask(script)
    _, model = ask(script[2:], resume=whole.attempts[:2])
    assert model.requests[0].parameters["max_tokens"] == 40


REFUSED = CallFailure("no", "unsupported", status=400, parameter="max_tokens")
DROPPED = [
    pytest.param([REFUSED, BUSY], {"max_completion_tokens": 20}, id="renamed"),
    pytest.param([REFUSED, BAD], {"max_completion_tokens": 20}, id="renamed, and asked again"),
    pytest.param([BUSY, BUSY], {"max_tokens": 20}, id="nothing was refused"),
]


@pytest.mark.parametrize("in_json", [False, True])
@pytest.mark.parametrize(("script", "sent"), DROPPED)
def test_what_the_record_saw_refused_is_not_sent_again(
    script: list[Answer], sent: dict[str, object], *, in_json: bool
):
    whole, _ = ask([*script, GOOD])
    cut = replace(whole, attempts=whole.attempts[: len(script)])
    _, model = ask(
        [PART if BAD in script else GOOD], resume=cut.to_json() if in_json else cut.attempts
    )
    asked = dict(model.requests[0].parameters)
    asked.pop("headers")
    assert asked == sent


@pytest.mark.parametrize(
    ("change", "message"),
    [
        pytest.param(
            {"constraint": Constraint("native", dialect="klingon")},
            "$.attempts[0].request.constraint.dialect: nobody knows 'klingon'",
            id="a dialect that nobody knows",
        ),
        pytest.param(
            {"prompt": ({"role": "user", "content": "Where?"},)},
            "$.attempts[0].request.prompt: belongs to another run",
            id="another prompt: its answer is none to this one",
        ),
        pytest.param(
            {"model": 1},
            "$.attempts[0].request.model: there is no model 1 (pass the same fallback=)",
            id="a model that is not there",
        ),
        pytest.param(
            {"name": "gpt-5"},
            "$.attempts[0].request.name: 'gpt-5' was asked, and this run asks 'scripted'",
            id="another model",
        ),
    ],
)
def test_a_record_of_another_run_is_refused(change: dict[str, object], message: str):
    whole, _ = ask([GOOD])
    (attempt,) = whole.attempts
    assert isinstance(attempt, Answered)
    other = replace(attempt, request=replace(attempt.request, **change))
    with pytest.raises(RecordError) as caught:
        ask([], resume=(other,))
    assert str(caught.value) == message


def test_text_that_is_no_record_is_refused_when_declared():
    with pytest.raises(RecordError):
        enforce(int, resume="what?")(lambda: "7")


class Judge:
    """A validator that pays for a call each time, and finds every output fair."""

    def __init__(self, name: str = "a judge") -> None:
        self.asked: list[object] = []
        self.validator = replace(validator(self.check, name=name), waits=True)

    def check(self, value: object) -> Judgement:
        """Pay, and say that *value* is fair."""
        self.asked.append(value)
        return Judgement(attempts=ScriptedModel(["7"]).run("Fair?", int).attempts)


def test_what_judges_said_is_not_paid_for_again():
    judge = Judge()
    whole, _ = ask([GOOD], validators=[judge.validator])
    result, _ = ask([], validators=[judge.validator], resume=whole.to_json())
    assert judge.asked == [ADA]
    assert result.attempts == whole.attempts
    assert len(result.attempts[0].checks[0].attempts) == 1


def test_another_judge_is_asked():
    whole, _ = ask([GOOD], validators=[Judge("a judge").validator])
    other = Judge("another judge")
    ask([], validators=[other.validator], resume=whole.to_json())
    assert other.asked == [ADA]


def test_what_was_said_of_another_output_does_not_count():
    """The same answer means something else to a target that reads it in another way."""
    first, second = Judge(), Judge()
    whole = ScriptedModel(['{"age": "036"}']).run("?", dict[str, str], validators=[first.validator])
    result = ScriptedModel([]).run(
        "?", dict[str, int], validators=[second.validator], resume=whole.to_json()
    )
    assert (result.output, second.asked) == ({"age": 36}, [{"age": 36}])


def test_another_instruction_is_another_rule():
    """Both are called "judge", and the record's word is only about the first."""
    bench = ScriptedModel(['{"reason": "-", "ok": true}', '{"reason": "too young", "ok": false}'])
    whole, _ = ask([GOOD], validators=[judge("It must be a person.", bench)])
    result, _ = ask(
        [], validators=[judge("It must be old.", bench)], resume=whole.to_json(), max_retries=0
    )
    assert isinstance(result, RetriesExhausted)
    assert len(bench.requests) == 2


def test_another_context_is_asked_about_anew():
    """The verdict on a source does not hold of another."""
    asked: list[object] = []

    def says_so(person: Person, context: str) -> bool:
        asked.append(context)
        return person.name in context

    rule = replace(validator(says_so), waits=True)
    whole, _ = ask([GOOD], validators=[rule], context="Ada wrote it.")
    same, _ = ask([], validators=[rule], context="Ada wrote it.", resume=whole.to_json())
    assert (same, asked) == (whole, ["Ada wrote it."])
    other, _ = ask(
        [], validators=[rule], context="Bob wrote it.", resume=whole.to_json(), max_retries=0
    )
    assert isinstance(other, RetriesExhausted)


def test_a_context_that_cannot_be_told_is_asked_about_anew():
    judge = Judge()
    whole, _ = ask([GOOD], validators=[judge.validator], context=object())
    ask([], validators=[judge.validator], context=object(), resume=whole.to_json())
    assert judge.asked == [ADA, ADA]


def test_a_rule_that_costs_nothing_is_asked_again():
    """Its code may have been changed since: the record does not outvote it."""
    whole, _ = ask([GOOD], validators=[validator(bool, name="a rule")])
    result, _ = ask(
        [],
        validators=[validator(lambda person: person.age < 30, name="a rule")],
        resume=whole.to_json(),
        max_retries=0,
    )
    assert isinstance(result, RetriesExhausted)


def test_an_answer_that_lost_a_word_to_secrecy_is_not_gone_on_with():
    """A key is hidden wherever it stands, in the answer too: that is not what it said.

    A base to merge into may have lost it as well.
    """
    options = {"headers": {"X-Api-Key": "essays"}}
    said = ScriptedModel(['{"kind": "essays", "age": 200}', PART], **options)
    whole = said.run("What?", Named)
    again = ScriptedModel([PART], **options)
    assert again.run("What?", Named, resume=whole.attempts[:1]) == whole
    for record, part in (
        (whole.to_json(), "$.attempts[0].completion"),
        (whole.attempts[1:], "$.attempts[0].request.patch.base"),
    ):
        shown = record if isinstance(record, str) else replace(whole, attempts=record).to_json()
        with pytest.raises(RecordError) as caught:
            again.run("What?", Named, resume=shown)
        problem = "it is not whole: [hidden] stands where a key stood"
        assert str(caught.value) == f"{part}: {problem}"


def test_a_prompt_that_lost_a_word_to_secrecy_is_told_from_another():
    denied = CallFailure("no", "unauthorized")
    with pytest.raises(ProviderError) as caught:
        ScriptedModel([denied], password="essays").generate("Which essays?", int)  # noqa: S106
    again = ScriptedModel([], password="essays")  # noqa: S106
    for prompt, problem in (
        ("Which essays?", r"prompt: it is not whole: \[hidden\] stands where a key stood"),
        ("Where is [hidden]?", "prompt: belongs to another run"),
    ):
        with pytest.raises(RecordError, match=problem):
            again.run(prompt, int, resume=caught.value.to_json())


def test_a_prompt_that_cannot_be_told_from_another_is_refused():
    prompt = [{"role": "user", "content": object()}]
    whole = ScriptedModel(["7"]).run(prompt, int)
    with pytest.raises(RecordError, match="cannot be written as JSON"):
        ScriptedModel([]).run(prompt, int, resume=whole.attempts)


def shouted(person: Person) -> bool:
    return person.name.isupper()


@pytest.mark.parametrize("in_json", [True, False], ids=["from JSON", "as it is"])
def test_what_a_fix_made_is_read_back(*, in_json: bool):
    """The fix costs nothing and runs again; the judge of what it made is not paid twice."""
    fixed: list[Person] = []

    def louder(person: Person) -> Person:
        fixed.append(person)
        return person.model_copy(update={"name": person.name.upper()})

    judge = Judge()
    rules = [validator(shouted, fix=louder), judge.validator]
    whole, _ = ask([GOOD], validators=rules)
    record = whole.to_json() if in_json else whole.attempts
    result, _ = ask([], validators=rules, resume=record)
    assert result.output == whole.output == Person(name="ADA", age=36)
    assert result.repairs == whole.repairs
    assert (fixed, judge.asked) == ([ADA, ADA], [Person(name="ADA", age=36)])


def with_mark(name: str) -> str:
    return f"{name}!"


class Marked(BaseModel):
    """Somebody whose name is read as another each time."""

    name: Annotated[str, AfterValidator(with_mark)]


def test_what_a_fix_made_is_made_anew_when_it_does_not_come_back_as_it_was():
    def louder(marked: Marked) -> Marked:
        return marked.model_copy(update={"name": marked.name.upper()})

    rule = validator(lambda marked: marked.name.isupper(), fix=louder, name="shouted")
    whole = ScriptedModel(['{"name": "Ada"}']).run("Who?", Marked, validators=[rule])
    result = ScriptedModel([]).run("Who?", Marked, validators=[rule], resume=whole.to_json())
    assert result.output == whole.output == Marked.model_construct(name="ADA!!")


def test_a_check_that_ran_out_of_time_is_asked_again_and_the_model_is_not():
    whole, _ = ask([GOOD])
    late = Failed(whole.attempts[0].request, LATE)
    judge = Judge()
    result, model = ask(
        [], validators=[judge.validator], resume=(*whole.attempts, late), timeout=60.0
    )
    assert (result.output, judge.asked, model.requests) == (ADA, [ADA], ())
