"""What decides an answer is in its key, and nothing else is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from functools import partial
from itertools import combinations
from pathlib import PurePath

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field, PrivateAttr

from deterministic_llm import ConfigurationError, JsonValue
from deterministic_llm._core.attempts import Request
from deterministic_llm._core.canonical import canonical_json
from deterministic_llm._core.exchange import Constraint, Notation
from deterministic_llm._core.telling import UntoldError, by_type, refused, told
from deterministic_llm.enforcer.identities import arguments_of, code_of, name_of
from deterministic_llm.storage.keys import Keys, described_call

REQUEST = Request(
    1,
    prompt=({"role": "user", "content": "Grade this essay."},),
    feedback="Answer with an integer.",
    parameters={"temperature": 0, "seed": 7, "max_tokens": 64},
)
OBJECT = Constraint("json")
DIGIT = Constraint("grammar", grammar=Notation("root ::= [0-9]"))
TOOL = Constraint("tool", "f")


def key_of(request: Request, url: str = "https://api.openai.com/v1", model: str = "gpt-5") -> str:
    keys = Keys(lambda each: described_call(each, url=url, model=model))
    return keys.of(request)[0]


def with_parameters(**parameters: JsonValue) -> Request:
    return replace(REQUEST, parameters={**REQUEST.parameters, **parameters})


DECISIVE = [
    pytest.param(replace(REQUEST, prompt=()), id="the prompt"),
    pytest.param(replace(REQUEST, feedback="Answer with a word."), id="what we add"),
    pytest.param(replace(REQUEST, constraint=OBJECT), id="the schema"),
    pytest.param(replace(REQUEST, constraint=DIGIT), id="the grammar"),
    pytest.param(replace(REQUEST, constraint=TOOL), id="the tool"),
    pytest.param(with_parameters(temperature=1), id="the temperature"),
    pytest.param(with_parameters(seed=8), id="the seed"),
    pytest.param(with_parameters(extra_body={"seed": 8}), id="the seed in extra_body"),
    pytest.param(with_parameters(max_tokens=128), id="the room for an answer"),
]
BESIDE = [
    pytest.param(replace(REQUEST, number=5), id="the number of the call"),
    pytest.param(replace(REQUEST, timeout=3.5), id="the time that is left"),
    pytest.param(with_parameters(timeout=5), id="a timeout"),
    pytest.param(with_parameters(user="u-1"), id="a user id"),
    pytest.param(with_parameters(extra_body={"user": "u-1"}), id="a user id in extra_body"),
    pytest.param(with_parameters(headers={"Authorization": "Bearer x"}), id="headers"),
    pytest.param(with_parameters(api_key="sk-123"), id="a key"),
    pytest.param(with_parameters(temperature=0.0), id="another way to write zero"),
    pytest.param(with_parameters(temperature=-0.0), id="zero below zero"),
]


@pytest.mark.parametrize("request_", DECISIVE)
def test_what_decides_the_answer_changes_the_key(request_: Request):
    assert key_of(request_) != key_of(REQUEST)


@pytest.mark.parametrize("request_", BESIDE)
def test_what_does_not_decide_the_answer_leaves_the_key(request_: Request):
    assert key_of(request_) == key_of(REQUEST)


def test_server_and_model_are_a_part_of_the_key_and_a_password_is_none():
    keys = {
        key_of(REQUEST),
        key_of(REQUEST, model="gpt-5-mini"),
        key_of(REQUEST, url="https://example.org/v1"),
        key_of(REQUEST, url="https://api.openai.com/v2"),
    }
    assert len(keys) == 4
    assert key_of(REQUEST, url="https://me:secret@api.openai.com/v1/") == key_of(REQUEST)


def test_the_form_of_unicode_is_no_part_of_the_key():
    """An accent is one character or two, as an editor pleases."""
    composed, apart = ({"role": "user", "content": text} for text in ("caf\u00e9", "cafe\u0301"))
    assert key_of(replace(REQUEST, prompt=(composed,))) == key_of(replace(REQUEST, prompt=(apart,)))
    both = {"caf\u00e9": 1, "cafe\u0301": 2}
    first = key_of(with_parameters(logit_bias={**both}))
    assert first != key_of(with_parameters(logit_bias={"caf\u00e9": 1}))


def test_a_question_that_was_answered_is_another_sample():
    keys = Keys(lambda each: described_call(each, url=None, model="m"))
    first, question = keys.of(REQUEST)
    assert keys.of(REQUEST) == (first, question)
    keys.answered(question)
    second, again = keys.of(REQUEST)
    assert (again, second != first) == (question, True)
    assert keys.of(replace(REQUEST, feedback="other"))[0] not in {first, second}


class Colour(Enum):
    """A member without a value of its own in JSON."""

    RED = 1


class Name(str):
    """A text of another type."""

    __slots__ = ()


class Essay(BaseModel):
    """A model with a part that it does not show."""

    text: str
    hidden: str = Field("", exclude=True)
    _seen: int = PrivateAttr(default=0)


class Note(BaseModel):
    """Another model with the same fields."""

    text: str
    hidden: str = ""


@dataclass(frozen=True)
class Row:
    """A dataclass."""

    text: str


def seen(times: int) -> Essay:
    essay = Essay(text="a")
    essay._seen = times
    return essay


APART = [
    *("nan", "inf", None, True, False, 0, 1, 2, 0.0, -0.0, 1.0, 1.5, float("nan"), float("inf")),
    *("1", "1.0", "None", "RED", "2020-01-01", Name("1"), b"1", bytearray(b"1"), PurePath("1")),
    *([], (), {}, [1], (1,), [[1]], set(), {1}, frozenset({1}), {1, 2}, range(1)),
    *({"a": 1}, {"a": 1.0}, {1: "a"}, {"1": "a"}, {"$type": "x"}, {"text": "a"}),
    *(Colour.RED, Decimal(1), Decimal("1.0"), date(2020, 1, 1), datetime(2020, 1, 1, tzinfo=UTC)),
    *(Row("a"), Note(text="a"), Essay(text="a"), Essay(text="a", hidden="b"), seen(1)),
]


def test_values_that_are_not_the_same_are_told_apart():
    texts = [canonical_json(told(value)) for value in APART]
    pairs = combinations(range(len(APART)), 2)
    assert [(APART[a], APART[b]) for a, b in pairs if texts[a] == texts[b]] == []


@given(st.sets(st.text(max_size=3)), st.randoms())
def test_the_order_of_sets_and_mappings_has_no_say(words: set[str], chance):
    shuffled = sorted(words)
    chance.shuffle(shuffled)
    first, second = ({word: {word} for word in order} for order in (sorted(words), shuffled))
    assert canonical_json(told([set(shuffled), first])) == canonical_json(told([words, second]))


def test_what_cannot_be_told_is_refused_or_named_by_its_type():
    thing = object()
    with pytest.raises(UntoldError) as caught:
        told({"a": [thing]}, refused)
    assert caught.value.value is thing
    assert told({"a": [thing]}, by_type) == {"a": [{"$type": "builtins.object"}]}


WORDS, LIMIT, COUNTED = "Grade this.", 7, 0


def grade(essay: str, *, words: int = 250) -> str:
    return f"{WORDS} {LIMIT} {essay} {words}"


def counting(essay: str) -> str:
    global COUNTED  # noqa: PLW0603
    COUNTED += 1
    return essay


class Grader:
    """Its methods hold an instance, of which no key can be made."""

    def grade(self, essay: str) -> str:
        """Own call."""
        return essay


def asked(function: Callable[..., object], *args: object, **keywords: object) -> JsonValue:
    return arguments_of(partial(function, *args, **keywords), None, refused)


def test_arguments_are_bound_with_their_defaults():
    assert asked(grade, "a") == asked(grade, essay="a", words=250) == {"essay": "a", "words": 250}
    assert asked(partial(grade, words=3), "a") != asked(grade, "a")


def test_an_argument_that_is_no_json_needs_a_key():
    with pytest.raises(ConfigurationError) as caught:
        asked(Grader().grade, "a")
    assert str(caught.value) == (
        f"cache= of {__name__}.Grader.grade: the argument 'self' is of the type Grader, of which "
        "no key can be made: pass key=lambda ...: the part of the arguments that decides the "
        "answer, as JSON"
    )
    called = partial(Grader().grade, "a")
    assert arguments_of(called, lambda self, essay: [type(self).__name__, essay], refused) == [
        "Grader",
        "a",
    ]
    with pytest.raises(ConfigurationError, match="'key='"):
        arguments_of(called, lambda self, _: self, refused)


def made(prompt: str, calls: list[int]) -> Callable[[str], str]:
    def inner(essay: str) -> str:
        calls.append(1)
        return prompt + essay

    return inner


def test_a_function_is_told_by_its_code_and_the_constants_it_uses(monkeypatch: pytest.MonkeyPatch):
    before = code_of(grade)
    assert code_of(partial(grade, words=1)) == before
    monkeypatch.setitem(globals(), "WORDS", "Grade that.")
    assert code_of(grade) != before
    monkeypatch.undo()
    assert code_of(grade) == before
    assert code_of(made("a", [])) == code_of(made("a", [1, 2]))
    assert code_of(made("a", [])) != code_of(made("b", []))
    assert code_of(lambda essay: f"one {essay}") != code_of(lambda essay: f"two {essay}")
    assert code_of(lambda essays: [len(e) for e in essays]) != code_of(
        lambda essays: [len(e) + 1 for e in essays]
    )


def test_a_counter_is_no_constant():
    before = code_of(counting)
    counting("a")
    assert code_of(counting) == before


def test_a_function_is_named_by_where_it_is_found():
    assert name_of(grade) == name_of(partial(grade, words=1)) == f"{__name__}.grade"
    assert name_of(Grader().grade) == f"{__name__}.Grader.grade"
    assert (name_of(Grader), code_of(Grader)) == (f"{__name__}.Grader", "")
