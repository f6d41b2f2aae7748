"""A scripted model behaves as any model does, and says so when its script has ended."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from pydantic import BaseModel

from deterministic_llm import (
    CallFailure,
    Completion,
    ProviderError,
    Refused,
    Result,
    RetriesExhausted,
    Usage,
)
from deterministic_llm._core.attempts import Request
from deterministic_llm.testing import Abilities, ScriptedModel, ScriptEndedError


class Person(BaseModel):
    """What the scripts below answer."""

    age: int


ADA = '{"age": 36}'
BUSY = CallFailure("busy", "overloaded", status=503, retry_after=0.0)
DENIED = CallFailure("no such key", "unauthorized", status=401)


def prompted(model: ScriptedModel) -> Result[Person]:
    return model.run("How old is Ada?", Person)


def prompted_awaiting(model: ScriptedModel) -> Result[Person]:
    return asyncio.run(model.arun("How old is Ada?", Person))


def decorated(model: ScriptedModel) -> Result[Person]:
    @model.enforce(Person)
    def age(name: str) -> str:
        return f"How old is {name}?"

    return age.run("Ada")


def decorated_awaiting(model: ScriptedModel) -> Result[Person]:
    @model.enforce(Person)
    async def age(name: str) -> str:
        return f"How old is {name}?"

    return asyncio.run(age.run("Ada"))


ways = pytest.mark.parametrize(
    "ask",
    [prompted, prompted_awaiting, decorated, decorated_awaiting],
    ids=lambda ask: ask.__name__,
)


@ways
def test_the_answers_come_in_the_order_of_the_script(ask):
    """A bad answer, a failed call and a good answer: asked again, resent, accepted."""
    answer = Completion(ADA, usage=Usage(input_tokens=9, output_tokens=4))
    model = ScriptedModel(["oops", BUSY, answer])
    result = ask(model)
    assert result.output == Person(age=36)
    assert [attempt.outcome for attempt in result.attempts] == [
        "invalid",
        "overloaded",
        "accepted",
    ]
    assert result.usage == answer.usage


@ways
def test_every_request_is_recorded(ask):
    """The requests of the model are those of the attempts, prompt and feedback included."""
    model = ScriptedModel(["oops", ADA])
    attempts = ask(model).attempts
    assert model.requests == tuple(attempt.request for attempt in attempts)
    assert [request.prompt[0]["content"] for request in model.requests] == ["How old is Ada?"] * 2


@ways
@pytest.mark.parametrize(
    ("answers", "error"),
    [
        pytest.param(["no", "nope", "no"], RetriesExhausted, id="three bad answers"),
        pytest.param([DENIED], ProviderError, id="a call that cannot succeed"),
        pytest.param([Completion(None, "refusal", "I will not")], Refused, id="a refusal"),
    ],
)
def test_what_a_real_model_raises_is_raised(ask, answers, error):
    """The loop behind a scripted model is the real one."""
    with pytest.raises(error):
        ask(ScriptedModel(answers))


@ways
def test_asking_too_often_fails_the_test(ask):
    """The error is an AssertionError, passes through the loop, and quotes what was asked."""
    with pytest.raises(AssertionError) as caught:
        ask(ScriptedModel(["oops"]))
    assert isinstance(caught.value, ScriptEndedError)
    assert str(caught.value).startswith(
        "this ScriptedModel has a script of 1 answer and was asked for answer 2; "
        "the request said: A previous answer was invalid:"
    )


def test_it_is_a_callable_from_request_to_completion():
    """It fits where the drivers want something to call."""
    model = ScriptedModel(["yes", DENIED])
    request = Request(number=1)
    assert (model(request), model(request)) == (Completion("yes"), DENIED)
    assert model.requests == (request, request)


def test_the_output_comes_without_its_evidence_too():
    """Both generate and agenerate give the output alone."""
    model = ScriptedModel([ADA, ADA])
    assert model.generate("?", Person) == Person(age=36)
    assert asyncio.run(model.agenerate("?", Person)) == Person(age=36)


def test_abilities_and_options_are_those_of_a_model():
    """What the backend can hold answers to decides how auto asks."""
    able = ScriptedModel([ADA], abilities=Abilities(("native",)), temperature=0.0)
    result = able.run("?", Person)
    assert (result.mode, result.attempts[0].request.parameters) == ("native", {"temperature": 0.0})
    assert ScriptedModel([ADA]).run("?", Person).mode == "prompt"


def test_threads_share_one_script():
    """Each answer is given once, whoever asks."""
    ages = range(200)
    model = ScriptedModel(f'{{"age": {age}}}' for age in ages)
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: model.generate("?", Person).age, ages))
    assert sorted(answers) == list(ages)
    assert len(model.requests) == len(ages)


@pytest.mark.parametrize(
    ("answers", "message"),
    [
        pytest.param([{"age": 36}], r"answers\[0\]: expected a str, .*, got dict", id="a dict"),
        pytest.param(["36", TimeoutError()], r"answers\[1\]: .* TimeoutError", id="an exception"),
        pytest.param(ADA, r"expected a list of them, got one text", id="a text alone"),
    ],
)
def test_a_script_of_what_no_model_answers_is_refused(answers: Any, message: str):
    """When it is written: a text alone would be answered letter by letter."""
    with pytest.raises(TypeError, match=message):
        ScriptedModel(answers)
