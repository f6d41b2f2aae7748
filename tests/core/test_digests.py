"""The digest of a value: the same for the same, another for another, none where nobody can tell."""

from __future__ import annotations

import copy
import math
import pickle
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from functools import partial
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field, PrivateAttr, SecretStr

from deterministic_llm._core.digests import Digest, is_fixed


class Kind(Enum):
    """Two members of one value each, and one of another class."""

    ESSAY = "essay"
    LETTER = "letter"


class Sort(Enum):
    """The same word, another thing."""

    ESSAY = "essay"


class Essay(BaseModel, extra="allow"):
    """A model that does not write all it holds."""

    text: str
    author: str = Field(default="", exclude=True)
    _grader: str = PrivateAttr(default="")


class Letter(BaseModel):
    """The members of an Essay in another class."""

    text: str


class Point(NamedTuple):
    """A record."""

    x: int
    y: int


@dataclass(slots=True)
class Spot:
    """Another record of the same."""

    x: int
    y: int = 0


def essay(text: str, grader: str = "") -> Essay:
    made = Essay(text=text)
    made._grader = grader
    return made


def closing_over(text: object) -> object:
    def inner() -> object:
        return text

    return inner


def with_default(text: str) -> object:
    def inner(said: str = text) -> str:
        return said

    return inner


def digest(value: object) -> str | None:
    return Digest(lambda: value).hex


DIFFERENT: list[object] = [
    None,
    True,
    1,
    1.0,
    "1",
    b"1",
    Decimal(1),
    Decimal("1.0"),
    math.nan,
    "NaN",
    [],
    {},
    set(),
    frozenset(),
    [1],
    (1,),
    [[1]],
    {"1": 1},
    {1: 1},
    {"": {"1": 1}},
    {"date": "2026-01-02"},
    date(2026, 1, 2),
    "2026-01-02",
    datetime(2026, 1, 2),  # noqa: DTZ001  # without a zone on purpose
    datetime(2026, 1, 2, tzinfo=UTC),
    timedelta(1),
    UUID(int=1),
    range(1),
    Path("a"),
    "a",
    {"a", "b"},
    ["a", "b"],
    {"a": "b"},
    Kind.ESSAY,
    Kind.LETTER,
    Sort.ESSAY,
    essay("a"),
    essay("b"),
    essay("a", grader="somebody"),
    Essay(text="a", author="Ada"),
    Essay.model_validate({"text": "a", "more": 1}),
    Essay.model_construct(),
    Letter(text="a"),
    Letter,
    Essay,
    Point(1, 2),
    Spot(1, 2),
    Spot(1),
    len,
    digest,
    partial(digest, 1),
    partial(digest, 2),
    partial(digest, value=1),
    closing_over("a"),
    closing_over("b"),
    with_default("a"),
    with_default("b"),
    Letter(text="a").model_dump,
    Letter(text="b").model_dump,
    "\ud800",
    "?",
]


def test_values_that_differ_have_different_digests():
    made = [digest(value) for value in DIFFERENT]
    assert len(set(made)) == len(made)
    assert None not in made


@pytest.mark.parametrize(
    ("first", "second"),
    [
        pytest.param({"a": 1, "b": 2}, {"b": 2, "a": 1}, id="the order of a dict says nothing"),
        pytest.param({2: 1, 1: 2}, {1: 2, 2: 1}, id="nor where its keys are no strings"),
        pytest.param({"b", "a", "c"}, {"c", "a", "b"}, id="a set has no order"),
        pytest.param(essay("a"), essay("a"), id="another model of the same content"),
        pytest.param(closing_over([1]), closing_over([1]), id="another closure over the same"),
        pytest.param([[0]] * 2, [[0], [0]], id="twice one list is no circle"),
    ],
)
def test_what_is_the_same_has_the_same_digest(first: object, second: object):
    assert digest(first) == digest(second) is not None


class Client:
    """Only its own code knows what it holds."""


CIRCLE: list[object] = []
CIRCLE.append(CIRCLE)
DEEP: list[object] = []
for _ in range(100_000):
    DEEP = [DEEP]


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        pytest.param(Client(), "Client", id="an object"),
        pytest.param({"a": [1, Client()]}, "Client", id="an object within"),
        pytest.param({Client()}, "Client", id="an object in a set"),
        pytest.param({"key": SecretStr("k")}, "SecretStr", id="a secret"),
        pytest.param(iter([1]), "list_iterator", id="what is used up by a look"),
        pytest.param(closing_over(Client()), "Client", id="what a function closes over"),
        pytest.param([lambda: 1], "function", id="a lambda: many have that name"),
        pytest.param("a".upper, "builtin_function_or_method", id="a built-in method"),
        pytest.param(type("Local", (), {}), "type", id="a class that its name does not find"),
    ],
)
def test_what_may_hold_more_than_can_be_seen_has_none(value: object, kind: str):
    made = Digest(lambda: value)
    assert (made.hex, made.problem) == (None, f"cannot be written as JSON ({kind})")


@pytest.mark.parametrize("value", [CIRCLE, DEEP], ids=["a circle", "too deep"])
def test_what_has_no_end_has_none(value: object):
    made = Digest(lambda: value)
    assert (made.hex, made.problem) == (None, "is nested too deeply")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=2), inner, max_size=3)
        | st.dictionaries(st.integers(0, 2) | st.text(max_size=1), inner, max_size=3)
    ),
)


@pytest.mark.untraced
@given(JSON, JSON)
def test_equal_digests_mean_equal_values(first: object, second: object):
    """Less the numbers that Python finds equal: 1, 1.0 and True are three things in JSON."""
    assert digest(copy.deepcopy(first)) == digest(first)
    if digest(first) == digest(second):
        assert first == second


def test_a_digest_keeps_nothing_of_its_value():
    made = Digest(lambda: "a very long secret")
    assert made.take().hex is not None
    for copied in (pickle.loads(pickle.dumps(made)), copy.deepcopy(made)):  # noqa: S301  # our own
        assert (copied.hex, copied.problem) == (made.hex, None)
    assert "secret" not in repr(made) + repr(pickle.dumps(made))
    untold = Digest(Client)
    assert repr(untold) == "<Digest: cannot be written as JSON (Client)>"
    assert pickle.loads(pickle.dumps(untold)).problem == untold.problem  # noqa: S301  # our own


def test_it_is_made_once_and_only_when_it_is_asked_for():
    made: list[int] = []

    def make() -> object:
        made.append(1)
        return made

    later = Digest(make)
    assert made == []
    assert later.take().hex == later.hex == digest([1])
    assert made == [1]


@pytest.mark.parametrize("value", [None, 1, "a", b"b", Decimal(1), UUID(int=1), (), ("a", 1)])
def test_some_values_can_never_change(value: object):
    assert is_fixed([value])


@pytest.mark.parametrize("value", [[], {}, ([],), ((),), essay("a"), Client(), Kind.ESSAY])
def test_of_others_that_is_not_known(value: object):
    """A tuple may hold a list, and one in another is not looked into."""
    assert not is_fixed([None, value])
