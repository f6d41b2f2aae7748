"""enforce() around functions that make their own call: every kind of callable, every shape."""

from __future__ import annotations

import abc
import asyncio
import concurrent.futures
import copy
import inspect
import json
import pickle
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from functools import partial
from types import SimpleNamespace
from typing import Any, Literal

import pytest
from openai.types.chat import ChatCompletion
from pydantic import BaseModel, Field
from tenacity.wait import wait_none

from deterministic_llm import (
    CallFailure,
    Choice,
    Completion,
    ConfigurationError,
    EnforcementError,
    Enforcer,
    FirstTo,
    Model,
    NoProgress,
    ProviderError,
    RetriesExhausted,
    SchemaError,
    Turn,
    Usage,
    enforce,
)
from deterministic_llm.testing import ScriptedModel


class Grade(BaseModel):
    """A grade."""

    score: int = Field(ge=0, le=10)


@enforce(Grade)
def grade(turn: Turn, essay: str, *, words: int = 3) -> str:
    """Grade an essay."""
    return json.dumps({"score": len(essay) % 11 if turn.number else words})


@enforce(Grade)
async def grade_async(turn: Turn, essay: str) -> str:
    """Grade an essay."""
    await asyncio.sleep(0)
    return json.dumps({"score": len(essay) % 11 if turn.number else 0})


class Grader:
    """Every way in which a function can stand in a class."""

    @enforce(Grade)
    def method(self, turn: Turn, essay: str) -> str:
        """Grade with a method."""
        return json.dumps({"score": len(essay) + isinstance(turn, Turn) - isinstance(self, Grader)})

    @enforce(Grade)
    @classmethod
    def of_class(cls, turn: Turn, essay: str) -> str:
        """Grade with a class method."""
        return json.dumps({"score": len(essay) + turn.number - (cls is Grader)})

    @enforce(Grade)
    @staticmethod
    def static(turn: Turn, essay: str) -> str:
        """Grade with a static method."""
        return json.dumps({"score": len(essay) + turn.number - 1})

    @staticmethod
    @enforce(Grade)
    def outer_static(turn: Turn, essay: str) -> str:
        """Grade with a static method, decorated inside."""
        return json.dumps({"score": len(essay) + turn.number - 1})

    @enforce(Grade)
    async def waiting(self, essay: str) -> str:
        """Grade with an async method."""
        return json.dumps({"score": len(essay)})


def counted(*answers: object) -> tuple[list[Turn], Enforcer[[], Grade]]:
    """A function that gives *answers* in turn, and the turns that it was told."""
    turns: list[Turn] = []

    @enforce(Grade, wait=wait_none())
    def ask(turn: Turn) -> object:
        turns.append(turn)
        answer = answers[len(turns) - 1]
        if isinstance(answer, Exception):
            raise answer
        return answer

    return turns, ask


def test_a_decorated_function_looks_as_before():
    """Name, docstring and signature stay, the Turn aside."""
    assert isinstance(grade, Enforcer)
    assert (grade.__name__, grade.__doc__, grade.__module__) == (
        "grade",
        "Grade an essay.",
        __name__,
    )
    assert str(inspect.signature(grade)).startswith("(essay: str, *, words: int = 3) -> ")
    assert str(inspect.signature(Grader().method)).startswith("(essay: str) -> ")
    assert repr(grade) == "<Enforcer grade -> Grade>"


def returned(enforcer: Any) -> object:
    """What is told to whoever looks at the signature: FastAPI makes its response of that."""
    return inspect.signature(enforcer).return_annotation


def test_its_signature_says_what_it_returns():
    """And not what its model does; where no type says it, nothing."""
    assert returned(grade) is returned(grade_async) is returned(Grader().method) is Grade
    assert returned(enforce(list[int])(lambda: "[1]")) == list[int]
    assert returned(ScriptedModel([]).enforce(Grade)(lambda: "?")) is Grade
    assert returned(grade.with_options(on_exhausted="return_none")) == Grade | None
    unsaid = inspect.Signature.empty
    assert returned(grade.with_options(on_exhausted=lambda _: 0)) is unsaid
    assert returned(enforce(Choice("yes", "no"))(lambda: "yes")) is unsaid


@pytest.mark.parametrize(
    "call",
    [
        pytest.param(lambda: grade("four"), id="by position"),
        pytest.param(lambda: grade(essay="four"), id="by keyword"),
        pytest.param(lambda: grade.run("four").output, id="run"),
        pytest.param(lambda: asyncio.run(grade_async("four")), id="async"),
        pytest.param(lambda: asyncio.run(grade_async.run(essay="four")).output, id="async run"),
        pytest.param(lambda: Grader().method("four"), id="a method"),
        pytest.param(lambda: Grader().method.run(essay="four").output, id="run of a method"),
        pytest.param(lambda: Grader.method(Grader(), "four"), id="a method through the class"),
        pytest.param(lambda: Grader.of_class("four"), id="a class method"),
        pytest.param(lambda: Grader().of_class.run("four").output, id="run of a class method"),
        pytest.param(lambda: Grader.static("four"), id="a static method"),
        pytest.param(lambda: Grader().static.run("four").output, id="run of a static method"),
        pytest.param(lambda: Grader().outer_static("four"), id="a static method outside"),
        pytest.param(lambda: asyncio.run(Grader().waiting("four")), id="an async method"),
        pytest.param(enforce(Grade)(lambda: '{"score": 4}'), id="a lambda"),
        pytest.param(enforce(Grade)(partial(json.dumps, {"score": 4})), id="a partial function"),
    ],
)
def test_every_kind_of_callable_gives_the_output(call: Any):
    """The output is the same however the function is reached."""
    assert call() == Grade(score=4)


@pytest.mark.parametrize(
    "enforcer",
    [
        pytest.param(grade, id="a function"),
        pytest.param(Grader.method, id="a method through the class"),
    ],
)
def test_a_module_level_enforcer_pickles_by_name(enforcer: object):
    """As functions do: the copy is the very same object."""
    assert pickle.loads(pickle.dumps(enforcer)) is enforcer  # noqa: S301  # our own bytes
    assert copy.deepcopy(enforcer) is enforcer


def test_bound_and_changed_enforcers_pickle_too():
    """Bound ones by their owner, changed ones by their options."""
    static = pickle.loads(pickle.dumps(Grader.static))  # noqa: S301  # our own bytes
    assert static("four") == Grade(score=4)
    bound = pickle.loads(pickle.dumps(Grader().method))  # noqa: S301  # our own bytes
    assert bound("four") == Grade(score=4)
    changed = pickle.loads(pickle.dumps(grade.with_options(max_retries=0)))  # noqa: S301  # our own
    assert changed("four") == Grade(score=4)


def test_an_enforcer_works_in_another_process():
    """A process pool gets the function by name and sends the output back."""
    with concurrent.futures.ProcessPoolExecutor(1) as pool:
        assert pool.submit(grade, "four").result(timeout=50) == Grade(score=4)


def test_an_enforcer_is_shared_by_threads_and_loops():
    """State belongs to the run: fifty threads, each with a loop of its own, do not mix."""

    def both(length: int) -> tuple[Grade, Grade]:
        return grade("x" * length), asyncio.run(grade_async("x" * length))

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        results = list(pool.map(both, range(50)))
    assert results == [(Grade(score=n % 11), Grade(score=n % 11)) for n in range(50)]


def test_a_turn_says_how_to_answer_and_then_what_was_wrong():
    """Messages, instructions, schema and response_format first; violations later."""
    turns, ask = counted('{"score": 11}', '{"score": 9}')
    assert ask() == Grade(score=9)
    first, second = turns
    assert (first.number, second.number) == (1, 2)
    assert first.violations == ()
    assert first.messages == ({"role": "user", "content": first.instructions},)
    assert first.schema is not None
    assert first.response_format["type"] == "json_schema"
    line = "$.score: expected an integer from 0 to 10, got 11 (choose a number from 0 to 10)"
    assert [str(violation) for violation in second.violations] == [line]
    assert line in second.instructions


def test_without_a_turn_an_invalid_answer_is_simply_asked_for_again():
    """The function is called as it was, until the retries are used up."""
    answers = iter(["fine", '{"score": 9}'])

    @enforce(Grade)
    def ask(essay: str) -> str:
        assert essay == "same"
        return next(answers)

    result = ask.run("same")
    assert result.output == Grade(score=9)
    assert [attempt.outcome for attempt in result.attempts] == ["invalid", "accepted"]


OPENAI = {
    "id": "1",
    "object": "chat.completion",
    "created": 0,
    "model": "m",
    "choices": [
        {
            "index": 0,
            "finish_reason": "stop",
            "message": {"role": "assistant", "content": '{"score": 9}'},
        }
    ],
    "usage": {"prompt_tokens": 5, "completion_tokens": 4, "total_tokens": 9},
}
RESPONSES = {
    "output": [
        {"type": "reasoning", "summary": []},
        {"type": "message", "content": [{"type": "output_text", "text": '{"score": 9}'}]},
    ],
    "status": "completed",
    "usage": {"input_tokens": 5, "output_tokens": 4},
}
ANTHROPIC = {
    "content": [{"type": "thinking", "thinking": "hm"}, {"type": "text", "text": '{"score": 9}'}],
    "stop_reason": "end_turn",
    "usage": {"input_tokens": 5, "output_tokens": 4},
}
ANTHROPIC_TOOL = {
    "content": [{"type": "tool_use", "name": "grade", "input": {"score": 9}}],
    "stop_reason": "tool_use",
    "usage": {"input_tokens": 5, "output_tokens": 4},
}
GEMINI = {
    "candidates": [
        {
            "content": {"parts": [{"text": "hm", "thought": True}, {"text": '{"score": 9}'}]},
            "finishReason": "STOP",
        }
    ],
    "usageMetadata": {"promptTokenCount": 5, "candidatesTokenCount": 4},
}


def as_object(value: Any) -> Any:
    """The same shape with attributes for keys, as SDKs return it."""
    if isinstance(value, dict):
        return SimpleNamespace(**{name: as_object(each) for name, each in value.items()})
    return [as_object(each) for each in value] if isinstance(value, list) else value


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(OPENAI, id="a chat completion as JSON"),
        pytest.param(ChatCompletion.model_validate(OPENAI), id="a chat completion of the SDK"),
        pytest.param(RESPONSES, id="a Responses answer as JSON"),
        pytest.param(as_object(RESPONSES), id="a Responses answer"),
        pytest.param(ANTHROPIC, id="an Anthropic message as JSON"),
        pytest.param(as_object(ANTHROPIC), id="an Anthropic message"),
        pytest.param(ANTHROPIC_TOOL, id="an Anthropic tool call"),
        pytest.param(GEMINI, id="a Gemini answer as JSON"),
    ],
)
def test_any_providers_answer_is_read_by_shape(answer: object):
    """The text is found, thinking is not taken for it, and the tokens are counted."""
    result = enforce(Grade)(lambda: answer).run()
    assert result.output == Grade(score=9)
    assert (result.usage.input_tokens, result.usage.output_tokens) == (5, 4)


def test_generators_are_read_to_their_end():
    """Chunks of text and chunks of a chat stream, blocking and awaiting."""
    chunks = [
        {"choices": [{"delta": {"role": "assistant", "content": ""}}]},
        {"choices": [{"delta": {"content": '{"sco'}}]},
        {"choices": [{"delta": {"content": 're": 9}'}}]},
        {"choices": []},
    ]

    @enforce(Grade)
    def texts() -> Iterator[str]:
        yield '{"sco'
        yield 're": 9}'

    @enforce(Grade)
    def stream() -> Iterator[object]:
        yield from chunks

    @enforce(Grade)
    async def streaming() -> AsyncIterator[object]:
        for chunk in chunks:
            yield chunk

    assert texts() == stream() == asyncio.run(streaming()) == Grade(score=9)


class Teapot:
    """Not an answer."""


def test_an_unreadable_return_value_is_named():
    """A TypeError says what came back, and nothing is asked again."""
    calls = []
    with pytest.raises(TypeError, match=r"cannot read an answer from .*Teapot: return a str"):
        enforce(Grade)(lambda: calls.append(1) or Teapot())()
    assert calls == [1]


def test_a_coroutine_from_a_sync_function_is_named():
    """Its colour cannot be known before the call, so the sentence says what to write."""

    async def later() -> str:
        return "x"

    with pytest.raises(TypeError, match=r"returned builtins\.coroutine: make it async def"):
        enforce(Grade)(lambda: later())()  # noqa: PLW0108  # a lambda is sync


def test_a_function_that_has_read_its_answer_returns_it():
    """With its usage, or with the failure that is not worth another call."""
    denied = CallFailure("no such key", "unauthorized", status=401)
    answers = iter([Completion("many"), Completion('{"score": 4}', usage=Usage(7, 3)), denied])
    ask = enforce(Grade)(lambda: next(answers))
    result = ask.run()
    assert (result.output, result.usage) == (Grade(score=4), Usage(7, 3))
    with pytest.raises(ProviderError, match="no such key"):
        ask()


class StatusError(Exception):
    """What SDKs raise for an HTTP status."""

    def __init__(self, status_code: int) -> None:
        super().__init__(f"status {status_code}")
        self.status_code = status_code


def test_a_call_that_fails_is_repeated_and_a_bug_is_not():
    """A busy server is waited for, a wrong key ends the run, an unknown exception comes out."""
    turns, ask = counted(StatusError(503), ConnectionResetError("gone"), '{"score": 9}')
    assert ask() == Grade(score=9)
    assert [turn.number for turn in turns] == [1, 2, 3]
    _, denied = counted(StatusError(401))
    with pytest.raises(ProviderError) as caught:
        denied()
    assert caught.value.status == 401
    _, broken = counted(ZeroDivisionError("bug"))
    with pytest.raises(ZeroDivisionError, match="bug"):
        broken()


def test_what_happens_at_the_end_is_chosen():
    """Raise with all evidence, None, or a value of the caller's; and the result says so."""
    never = enforce(Grade, max_retries=1)(lambda: "no")
    with pytest.raises(NoProgress) as caught:
        never()
    assert len(caught.value.attempts) == 2
    nothing = never.with_options(on_exhausted="return_none")
    assert nothing() is None
    assert nothing.run().exhausted
    other = never.with_options(on_exhausted=lambda error: len(error.attempts))
    assert other() == 2
    with pytest.raises(EnforcementError):
        never()


def test_a_new_enforcer_is_made_and_nothing_mutated():
    """with_options changes only what it is told."""
    strict = grade.with_options(strict=True, max_retries=0)
    assert strict is not grade
    assert strict("four") == Grade(score=4)
    fenced = enforce(Grade)(lambda: '```json\n{"score": 4}\n```')
    assert fenced() == Grade(score=4)
    with pytest.raises(RetriesExhausted):
        fenced.with_options(strict=True, max_retries=0)()


def test_what_cannot_be_a_target_is_refused_where_it_is_declared():
    """Long before the first call."""
    with pytest.raises(SchemaError, match="cannot be a target"):
        enforce(Teapot)


def test_a_turn_that_could_not_be_given_is_refused_where_it_is_declared():
    """Only the first parameter, after self, can be a Turn."""
    with pytest.raises(TypeError, match="'turn' is a Turn"):

        @enforce(Grade)
        def ask(first: str, second: str, turn: Turn) -> str:
            return f"{first}{second}{turn}"

    with pytest.raises(TypeError, match="'turns' is a Turn"):

        @enforce(Grade)
        def ask_all(*turns: Turn) -> str:
            return f"{turns}"


def test_a_function_that_returns_a_prompt_takes_no_turn():
    """It would never be given one."""
    with pytest.raises(TypeError, match=r"takes no Turn: .* decorated with enforce\(\)"):

        @ScriptedModel([]).enforce(Grade)
        def ask(turn: Turn, essay: str) -> str:
            return f"{essay}{turn}"


@pytest.mark.parametrize("model", [ScriptedModel(["9"]), Model("vllm:some-model")])
def test_a_model_is_no_function_that_makes_its_own_call(model: Model):
    """Also one that can be called, which would take the arguments for a request."""
    wanted = "expected functions with the same parameters, got .*Model, for which nobody knows"
    for options in ({"fallback": [model]}, {"votes": FirstTo(2, voters=[model])}):
        with pytest.raises(ConfigurationError, match=wanted):
            enforce(int, **options)(lambda: "9")  # type: ignore[arg-type]
    with pytest.raises(ConfigurationError, match=r"the model's own enforce\(\) above a function"):
        enforce(int)(model)  # type: ignore[call-overload]


async def wait() -> str:
    """An answer that is waited for."""
    return "9"


@pytest.mark.parametrize("options", [{"fallback": [wait]}, {"votes": FirstTo(2, voters=[wait])}])
def test_a_function_that_blocks_cannot_wait_for_another(options: dict[str, Any]):
    """That is told before the first call is paid."""
    with pytest.raises(ConfigurationError, match=r"wait is async, and the decorated function is"):
        enforce(int, **options)(lambda: "9")


def test_a_function_that_waits_may_fall_back_on_one_that_answers_at_once():
    """Also where the answer is streamed."""

    @enforce(Grade, max_retries=0, fallback=[lambda: '{"score": 9}'])
    async def ask() -> str:
        return "none"

    async def streamed() -> Grade:
        async with ask.stream() as events:
            _ = [event async for event in events]
        return events.result.output

    assert asyncio.run(ask()) == Grade(score=9)
    assert asyncio.run(streamed()) == Grade(score=9)


def test_a_class_that_is_built_in_does_not_say_what_it_takes():
    """It is no function that makes a call, either."""
    with pytest.raises(TypeError, match=r"<class 'str'> does not say what it takes: decorate a"):
        enforce(int)(str)


def test_an_object_parameter_is_no_turn():
    """Nothing but the annotation Turn makes one."""

    @enforce(Literal["x"])
    def echo(first: object) -> str:
        return str(first)

    assert echo("x") == "x"


@dataclass
class Caller:
    """An object that is called."""

    answer: str

    def __call__(self, turn: Turn) -> str:
        """Answer on the first turn only."""
        return self.answer if turn.number == 1 else ""


def test_an_object_that_is_called_is_decorated_as_a_function():
    """Its own call may take a Turn."""
    assert enforce(Grade)(Caller('{"score": 9}'))() == Grade(score=9)


def test_an_awaited_call_that_fails_is_repeated_and_a_bug_is_not():
    """As for a function that is not awaited."""
    script = iter([StatusError(503), '{"score": 9}', ZeroDivisionError("bug")])

    @enforce(Grade, wait=wait_none())
    async def ask() -> str:
        answer = next(script)
        if isinstance(answer, Exception):
            raise answer
        return answer

    assert asyncio.run(ask()) == Grade(score=9)
    with pytest.raises(ZeroDivisionError, match="bug"):
        asyncio.run(ask())


class Holder:
    """A class whose attribute is a callable object, not a function."""

    ask = enforce(Grade)(Caller('{"score": 4}'))


def test_an_abstract_method_stays_abstract():
    """A class that does not override it cannot be made."""

    class Base(abc.ABC):
        @enforce(Grade)
        @abc.abstractmethod
        def ask(self) -> str: ...

    class Full(Base):
        @enforce(Grade)
        def ask(self) -> str:
            return '{"score": 4}'

    with pytest.raises(TypeError, match="abstract"):
        Base()  # type: ignore[abstract]
    assert Full().ask() == Grade(score=4)


def test_a_callable_object_does_not_bind():
    """It has no way to."""
    assert Holder().ask() == Holder.ask() == Grade(score=4)


def test_a_turn_that_only_a_checker_imports_is_known_by_its_name():
    """Annotations that cannot be evaluated stay text."""

    def ask(turn: deterministic_llm.Turn, other: Unheard) -> str:  # noqa: F821  # the point
        return json.dumps({"score": turn.number + other})

    assert enforce(Grade)(ask)(3) == Grade(score=4)


MISSPELT = [
    ("max_retrys", "max_retries"),
    ("timout", "timeout"),
    ("temprature", "temperature"),
    ("max_retry", "max_retries"),  # and what other libraries call it
    ("retries", "max_retries"),
    ("num_reasks", "max_retries"),
    ("validation_context", "context"),
    ("response_model", "output_type"),
]
PARAMETERS = ["top_k", "min_p", "model", "max_new_tokens", "presence_penalty", "early_stopping"]


@pytest.mark.parametrize(("name", "meant"), MISSPELT)
def test_a_misspelt_option_is_no_parameter(name: str, meant: str):
    """Neither of a model nor a call nor a decoration: some servers ignore what they have not."""
    options: Any = {name: 3}
    with pytest.raises(ConfigurationError, match=rf"{name}: no such option \(did you mean {meant}"):
        enforce(int, **options)(lambda: "5")
    with pytest.raises(ConfigurationError, match=meant):
        ScriptedModel(["5"]).run("How many?", int, **options)
    with pytest.raises(ConfigurationError, match=meant):
        Model("vllm:some-model", **options)


@pytest.mark.parametrize("name", ["api_key", "base_url", "client"])
def test_what_makes_a_model_is_no_parameter_of_a_call(name: str):
    """It would be sent to the server that the model has, a key in the midst of the question."""
    options: Any = {name: "x"}
    with pytest.raises(ConfigurationError, match=rf"^{name}=: it is given to a Model when that is"):
        ScriptedModel(["5"]).run("How many?", int, **options)
    with pytest.raises(ConfigurationError, match=rf"^{name}="):
        enforce(int, **options)(lambda: "5")


@pytest.mark.parametrize("name", ["temperature", "top_k"])
def test_a_parameter_that_nobody_is_told_of_is_refused(name: str):
    """A function without a Turn would be called as if it had not been given."""
    options: Any = {name: 1}
    with pytest.raises(ConfigurationError, match=rf"^{name}=: a function without a Turn is not"):
        enforce(int, **options)(lambda: "5")

    def told(turn: Turn) -> str:
        return str(turn.max_tokens)

    with pytest.raises(ConfigurationError, match=rf"^{name}=: a Turn does not tell of it"):
        enforce(int, **options)(told)
    room: Any = {"max_tokens": 9}
    assert enforce(int, **room)(told)() == 9
    assert enforce(int, seed=7)(lambda: "5")() == 5


@pytest.mark.parametrize("name", PARAMETERS)
def test_a_parameter_of_a_provider_is_passed_on(name: str):
    """Also where its name is a little like that of an option."""
    options: Any = {name: 3}
    model = ScriptedModel(["5"])
    assert model.run("How many?", int, **options).parameters == {name: 3}
