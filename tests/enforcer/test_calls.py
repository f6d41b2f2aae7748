"""A record is gone on with by the very call that it is of: same function, same arguments."""

from __future__ import annotations

import asyncio
import pickle
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import pytest
from pydantic import BaseModel

from deterministic_llm import (
    EnforcementError,
    RecordError,
    Turn,
    attempts_from_json,
    enforce,
)
from deterministic_llm.enforcer.calls import Calls
from deterministic_llm.testing import ScriptedModel

OTHERS = "$.attempts[0].arguments: the function was called with others than now"


class Essay(BaseModel):
    """What is graded."""

    text: str


class Client:
    """What a function asks with; nobody knows what it holds."""

    def ask(self, essay: object) -> str:
        """Grade *essay*, by its length."""
        return str(len(str(essay)))


@enforce(int)
def length(essay: object, *, wanted: str = "words", **more: object) -> str:
    """Not what it says, but the same for the same."""
    return str(len(f"{essay}{wanted}{more or ''}"))


@enforce(int)
def longest(*essays: object) -> str:
    """Of any number of them."""
    return str(max(len(str(essay)) for essay in essays))


@enforce(int)
def size(essay: object) -> str:
    """The same of another name."""
    return str(len(str(essay)))


@enforce(int)
def told(turn: Turn, essay: object) -> str:
    """With a turn, which is none of its arguments."""
    return str(turn.number + len(str(essay)))


@enforce(int)
async def awaited(essay: object) -> str:
    """The same awaited."""
    return str(len(str(essay)))


@enforce(int)
def by_client(client: Client, essay: str) -> str:
    """With an argument that JSON cannot say."""
    return client.ask(essay)


@enforce(int, key=lambda _client, essay: essay)
def by_client_and_key(client: Client, essay: str) -> str:
    """The same with a word on what tells its calls apart."""
    return client.ask(essay)


@dataclass(frozen=True)
class Grader:
    """Somebody with a method."""

    scale: int

    @enforce(int)
    def grade(self, turn: Turn, essay: object) -> str:
        """As strict as the scale."""
        return str(self.scale * len(str(essay)) * turn.number)

    @enforce(int)
    @classmethod
    def made(cls, essay: object) -> str:
        """Of the class."""
        return str(len(cls.__name__ + str(essay)))

    @enforce(int)
    @staticmethod
    def free(essay: object) -> str:
        """Of nobody."""
        return str(len(str(essay)))


@dataclass(frozen=True)
class Asked:
    """An object that can be called."""

    scale: int

    def __call__(self, essay: str) -> str:
        """As strict as the scale."""
        return str(self.scale * len(essay))


class Opaque:
    """Somebody of whom nobody knows what he holds."""

    @enforce(int)
    def grade(self, essay: object) -> str:
        """Of the method of an object."""
        return str(len(str(essay)))

    @enforce(int, key=lambda _self, essay: essay)
    def by_key(self, essay: object) -> str:
        """The key is made of the arguments, self included."""
        return str(len(str(essay)))


@enforce(int, key=lambda _: Client())
def by_opaque_key(essay: str) -> str:
    """With a key that is none."""
    return str(len(essay))


def grader(rubric: object) -> Callable[..., object]:
    @enforce(int)
    def grade(essay: str) -> str:
        return str(len(f"{rubric}{essay}"))

    return grade.with_options


class By:
    """An enforcer with the arguments of one call of it."""

    def __init__(self, enforcer: object, *arguments: object, **keywords: object) -> None:
        self.enforcer, self.arguments, self.keywords = enforcer, arguments, keywords

    def run(self, **options: object) -> object:
        """The result of the call."""
        asked = self.enforcer.with_options(**options)  # type: ignore[attr-defined]
        result = asked.run(*self.arguments, **self.keywords)
        return asyncio.run(result) if hasattr(result, "__await__") else result


SAME = [
    pytest.param(By(length, "a"), By(length, "a"), id="the same"),
    pytest.param(By(length, "a"), By(length, essay="a"), id="by position or by name"),
    pytest.param(By(length, "a"), By(length, "a", wanted="words"), id="a default, said or not"),
    pytest.param(By(length, Essay(text="a")), By(length, Essay(text="a")), id="an equal model"),
    pytest.param(By(length, ["a"], x=1, y=2), By(length, ["a"], y=2, x=1), id="names in any order"),
    pytest.param(By(longest, "a", ["b"]), By(longest, "a", ["b"]), id="any number of arguments"),
    pytest.param(By(told, "a"), By(told, "a"), id="with a turn"),
    pytest.param(By(awaited, "a"), By(awaited, "a"), id="awaited"),
    pytest.param(By(Grader(2).grade, "a"), By(Grader(2).grade, "a"), id="a method of an equal"),
    pytest.param(By(Grader(2).grade, "a"), By(Grader.grade, Grader(2), "a"), id="by the class"),
    pytest.param(By(Grader.made, "a"), By(Grader(2).made, "a"), id="a class method"),
    pytest.param(By(Grader.free, "a"), By(Grader(2).free, "a"), id="a static method"),
    pytest.param(By(grader("x")(), "a"), By(grader("x")(), "a"), id="a closure over the same"),
    pytest.param(
        By(by_client_and_key, Client(), "a"),
        By(by_client_and_key, Client(), "a"),
        id="the key says the same",
    ),
    pytest.param(By(Opaque().by_key, "a"), By(Opaque().by_key, "a"), id="the key of a method"),
    pytest.param(
        By(enforce(int)(partial(size.__wrapped__, "a"))),
        By(enforce(int)(partial(size.__wrapped__, "a"))),
        id="a partial of the same",
    ),
    pytest.param(
        By(enforce(int)(Asked(2)), "a"), By(enforce(int)(Asked(2)), "a"), id="an equal object"
    ),
]
OTHER = [
    pytest.param(By(length, "a"), By(length, "b"), OTHERS, id="another argument"),
    pytest.param(By(length, "1"), By(length, 1), OTHERS, id="another type that looks alike"),
    pytest.param(By(length, "a"), By(length, "a", wanted="x"), OTHERS, id="another keyword"),
    pytest.param(By(length, "a"), By(length, "a", more=None), OTHERS, id="one keyword more"),
    pytest.param(By(length, ["a"]), By(length, ["a", "a"]), OTHERS, id="another list"),
    pytest.param(By(length, "a"), By(size, "a"), OTHERS, id="another function"),
    pytest.param(By(longest, "a", "b"), By(longest, "b", "a"), OTHERS, id="in another order"),
    pytest.param(By(longest, ["a"]), By(longest, ["a"], ["a"]), OTHERS, id="once more"),
    pytest.param(By(told, "a"), By(told, "b"), OTHERS, id="another argument behind a turn"),
    pytest.param(By(awaited, "a"), By(awaited, "b"), OTHERS, id="another argument awaited"),
    pytest.param(By(Grader(2).grade, "a"), By(Grader(3).grade, "a"), OTHERS, id="another self"),
    pytest.param(By(grader("x")(), "a"), By(grader("y")(), "a"), OTHERS, id="another closure"),
    pytest.param(
        By(by_client_and_key, Client(), "a"),
        By(by_client_and_key, Client(), "b"),
        OTHERS,
        id="the key says another",
    ),
    pytest.param(
        By(size.with_options(key=str), "a"),
        By(size, "a"),
        OTHERS,
        id="a key where there was none",
    ),
    pytest.param(
        By(enforce(int)(partial(size.__wrapped__, "a"))),
        By(enforce(int)(partial(size.__wrapped__, "b"))),
        OTHERS,
        id="a partial of another",
    ),
    pytest.param(
        By(enforce(int)(Asked(2)), "a"),
        By(enforce(int)(Asked(3)), "a"),
        OTHERS,
        id="another object",
    ),
    pytest.param(
        By(by_client, Client(), "a"),
        By(by_client, Client(), "a"),
        "$.attempts[0].arguments: the argument 'client' cannot be written as JSON (Client) "
        "(say with key= what tells its calls apart)",
        id="an argument that nobody can look into",
    ),
    pytest.param(
        By(Opaque().grade, "a"),
        By(Opaque().grade, "a"),
        "$.attempts[0].arguments: the argument 'self' cannot be written as JSON (Opaque) "
        "(say with key= what tells its calls apart)",
        id="a self that nobody can look into",
    ),
    pytest.param(
        By(enforce(int)(lambda: "1")),
        By(enforce(int)(lambda: "2")),
        OTHERS,
        id="another lambda",
    ),
    pytest.param(
        By(grader(Client())(), "a"),
        By(grader(Client())(), "a"),
        "$.attempts[0].arguments: the variable 'rubric' cannot be written as JSON (Client) "
        "(say with key= what tells its calls apart)",
        id="a closure that nobody can look into",
    ),
    pytest.param(
        By(by_opaque_key, "a"),
        By(by_opaque_key, "a"),
        "$.attempts[0].arguments: what key= gives cannot be written as JSON (Client) "
        "(say with key= what tells its calls apart)",
        id="a key that nobody can look into",
    ),
]


@pytest.mark.parametrize("in_json", [True, False], ids=["from JSON", "as it is"])
@pytest.mark.parametrize(("first", "second"), SAME)
def test_the_same_call_goes_on(first: By, second: By, *, in_json: bool):
    whole = first.run()
    record = whole.to_json() if in_json else whole.attempts
    assert second.run(resume=record) == whole


@pytest.mark.parametrize("in_json", [True, False], ids=["from JSON", "as it is"])
@pytest.mark.parametrize(("first", "second", "problem"), OTHER)
def test_another_call_is_refused(first: By, second: By, problem: str, *, in_json: bool):
    whole = first.run()
    record = whole.to_json() if in_json else whole.attempts
    with pytest.raises(RecordError) as caught:
        second.run(resume=record)
    assert str(caught.value) == problem


def test_what_was_changed_after_the_call_was_not_its_argument():
    """A list is looked at before its owner can change it."""
    words = ["a"]
    whole = size.run(words)
    words.append("b")
    with pytest.raises(RecordError):
        size.with_options(resume=whole.to_json()).run(words)
    assert size.with_options(resume=whole.to_json()).run(["a"]) == whole


def test_what_is_around_a_function_is_that_of_the_call():
    rubric, words = "a", ["a"]

    @enforce(int)
    def grade(essay: str) -> str:
        return str(len(f"{rubric}{words}{essay}"))

    whole = grade.run("a")
    rubric = "b"
    other = grade.run("a")
    words.append("b")
    with pytest.raises(RecordError):
        grade.with_options(resume=whole.to_json()).run("a")
    with pytest.raises(RecordError):
        grade.with_options(resume=other.to_json()).run("a")
    words.pop()
    assert grade.with_options(resume=other.to_json()).run("a") == other
    rubric = "a"
    assert grade.with_options(resume=whole.to_json()).run("a") == whole


def test_what_is_around_a_function_is_that_of_each_call():
    """A value that cannot change is remembered, but not that the variable still has it."""
    rubric: object = "a"

    @enforce(int)
    def grade(essay: str) -> str:
        return str(len(f"{rubric}{essay}"))

    records = [grade.run("a").to_json() for _ in range(2)]
    for other in ("b", ["a"], 1, True):
        rubric = other
        for record in records:
            with pytest.raises(RecordError):
                grade.with_options(resume=record).run("a")
        records.append(grade.run("a").to_json())
    rubric = "a"
    assert grade.with_options(resume=records[0]).run("a").output == 2


def test_what_is_around_a_function_may_have_no_value_yet():
    @enforce(int)
    def grade(essay: str) -> str:
        return essay if essay.isdigit() else late

    record = grade.run("1").to_json()
    assert grade.with_options(resume=record).run("1").output == 1
    late = "3"
    with pytest.raises(RecordError):
        grade.with_options(resume=record).run("1")
    assert grade.run("a").output == 3


def test_a_record_that_does_not_say_is_refused():
    """One of a model, whose prompt is none of a function's arguments."""
    record = ScriptedModel(["7"]).run("How many?", int).to_json()
    with pytest.raises(RecordError, match="nothing says what the function was called with"):
        size.with_options(resume=record).run("a")


def test_the_record_of_a_function_is_none_of_a_model():
    with pytest.raises(RecordError, match="belongs to another run"):
        ScriptedModel([]).run("How many?", int, resume=size.run("a").to_json())


def test_the_record_holds_no_argument():
    secret = "sk-0123456789"  # noqa: S105  # to be looked for
    result = size.run([secret])
    assert secret not in result.to_json()
    assert secret not in repr(result)
    assert secret not in repr(pickle.dumps(result))


def test_an_error_pickles_whatever_the_arguments_are():
    @enforce(int, max_retries=0)
    def stubborn(client: Client) -> str:
        return f"no number, said {type(client).__name__}"

    with pytest.raises(EnforcementError) as caught:
        stubborn(Client())
    copied = pickle.loads(pickle.dumps(caught.value))  # noqa: S301  # our own
    assert copied.attempts == caught.value.attempts
    problem = copied.attempts[0].arguments.problem
    assert problem == "the argument 'client' cannot be written as JSON (Client)"
    (read,) = attempts_from_json(caught.value.to_json())
    assert read.arguments.problem == problem


def test_arguments_that_do_not_fit_tell_nothing():
    digest = Calls(len, None).digest((), ("a", "b"), {})
    assert digest.problem == "what was given is not what the function takes"


def test_arguments_that_do_not_fit_are_the_functions_own_error():
    with pytest.raises(TypeError, match="missing 1 required positional argument: 'essay'"):
        length.run(wanted=["a"])
