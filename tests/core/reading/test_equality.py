"""Two answers are one where their outputs say the same, however their sets are written."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from enum import Enum
from random import Random
from typing import Annotated, Any, NamedTuple

import pytest
from core.random_types import shape
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, TypeAdapter

from deterministic_llm import ResponseError, parse
from deterministic_llm._core.drafts import Draft
from deterministic_llm._core.reading.equality import equal
from deterministic_llm._core.reading.rivals import in_json, is_other_piece


class Plain:
    """Neither equal to another one nor to be written."""


class Listed:
    """As an array, which compares its items."""

    def __init__(self, *items: int) -> None:
        self.items = items

    def __eq__(self, other: object) -> Any:
        raise ValueError

    def __hash__(self) -> int:
        return 0


class Point(NamedTuple):  # noqa: D101
    x: int
    tags: frozenset[str] = frozenset()


@dataclass(eq=False)
class Bag:  # noqa: D101
    tags: set[str]
    note: str = field(default="", compare=False)


class Note(BaseModel):  # noqa: D101
    model_config = ConfigDict(extra="allow", arbitrary_types_allowed=True)
    tags: set[str] = set()
    secret: SecretStr = SecretStr("")
    hidden: int = Field(0, exclude=True)
    bag: Bag | None = None
    thing: Annotated[Plain | None, BeforeValidator(lambda _: Plain())] = None


class Colour(Enum):  # noqa: D101
    RED = "red"
    BLUE = "blue"


NOON = datetime(2024, 3, 1, 12, tzinfo=UTC)
PLAIN = Plain()


@pytest.mark.parametrize(
    ("left", "right", "wanted"),
    [
        pytest.param({"a", "b"}, {"b", "a"}, True, id="sets have no order"),
        pytest.param({"a", "b"}, {"a"}, False, id="a set that lacks an item"),
        pytest.param({1, 2}, {True, 2}, False, id="true is not 1, nor in a set"),
        pytest.param([1], [True], False, id="true is not 1"),
        pytest.param([1], [1.0], False, id="nor is 1.0"),
        pytest.param([1, 2], [2, 1], False, id="lists have an order"),
        pytest.param({"a": 1, "b": 2}, {"b": 2, "a": 1}, True, id="members have none"),
        pytest.param({"a": 1}, {"a": 1, "b": None}, False, id="null is no absence"),
        pytest.param(Point(1, frozenset("ab")), Point(1, frozenset("ba")), True, id="a tuple"),
        pytest.param(Bag({"a"}), Bag({"a"}), True, id="a dataclass by its fields"),
        pytest.param(Bag({"a"}, "x"), Bag({"a"}, "y"), False, id="those not compared, too"),
        pytest.param(Note(tags={"a"}), Note(tags={"a"}), True, id="a model by its fields"),
        pytest.param(
            Note(secret=SecretStr("x")), Note(secret=SecretStr("y")), False, id="secrets are masked"
        ),
        pytest.param(Note(hidden=1), Note(hidden=2), False, id="a field that is not written"),
        pytest.param(Note(more=1), Note(more=2), False, id="a member besides"),  # type: ignore[call-arg]
        pytest.param(Note(bag=Bag({"a"})), Note(bag=Bag({"a"})), True, id="one inside another"),
        pytest.param(Colour.RED, Colour.RED, True, id="a label"),
        pytest.param(Colour.RED, Colour.BLUE, False, id="another label"),
        pytest.param(Decimal("1.0"), Decimal("1.00"), False, id="digits that are written count"),
        pytest.param(NOON, NOON.replace(), True, id="a moment"),
        pytest.param(PLAIN, PLAIN, True, id="one thing is itself"),
        pytest.param(Plain(), Plain(), False, id="two things that say nothing"),
        pytest.param(Listed(1), Listed(1), False, id="what cannot be compared"),
    ],
)
def test_outputs_are_equal_by_what_they_say(left: object, right: object, *, wanted: bool) -> None:
    assert equal(left, right) is wanted
    assert equal(right, left) is wanted


@pytest.mark.untraced
@given(st.randoms(use_true_random=False), st.integers(0, 3))
def test_the_same_answer_twice_is_one(random: Random, depth: int) -> None:
    kind = shape(random, depth)
    adapter = TypeAdapter[Any](kind.type)
    value = kind.make(random)
    first, second = adapter.validate_python(value), adapter.validate_python(value)
    assert equal(first, second)
    other = adapter.validate_python(kind.make(random))
    said = [json.dumps(in_json(each), sort_keys=True) for each in (first, other)]
    assert equal(first, other) == (said[0] == said[1])


class Tagged(BaseModel):  # noqa: D101
    id: int
    tags: set[str]
    groups: list[frozenset[int]] = []


@pytest.mark.untraced
@given(st.sets(st.text("abc", max_size=3), max_size=6), st.randoms(use_true_random=False))
def test_a_set_in_another_order_is_the_same_answer(tags: set[str], random: Random) -> None:
    first, second = (
        json.dumps({"id": 1, "tags": random.sample(sorted(tags), len(tags)), "groups": groups})
        for groups in ([[1, 2], [3]], [[2, 1], [3]])
    )
    said = parse(f"{first}\n\nAgain, in a fence:\n```json\n{second}\n```", Tagged)
    assert said.output == Tagged(id=1, tags=tags, groups=[frozenset({1, 2}), frozenset({3})])


def test_sets_that_differ_are_two_answers() -> None:
    text = '{"id": 1, "tags": ["b", "a"]}\n\nor\n\n{"id": 1, "tags": ["c", "b"]}'
    with pytest.raises(ResponseError) as caught:
        parse(text, Tagged)
    (violation,) = caught.value.violations
    assert violation.code == "ambiguous"
    assert violation.got is not None
    assert '"tags": ["a", "b"]' in violation.got


class Login(BaseModel):  # noqa: D101
    user: str
    password: SecretStr


def test_two_secrets_are_two_answers_and_are_not_shown() -> None:
    text = '{"user": "ada", "password": "one"}\n\n{"user": "ada", "password": "two"}'
    with pytest.raises(ResponseError) as caught:
        parse(text, Login)
    (violation,) = caught.value.violations
    assert violation.code == "ambiguous"
    assert 'one"' not in str(violation.got)


def test_a_piece_with_a_set_in_another_order_is_no_other_answer() -> None:
    output = Tagged(id=1, tags={"a", "b", "c"})
    for tags, other in ((["c", "a", "b"], False), (["a", "b"], True), (["a", "b", "d"], True)):
        piece = Draft({"tags": [*tags]}, truncated=True, open_paths=())
        assert is_other_piece(piece, output, in_json(output)) is other
