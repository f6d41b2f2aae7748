"""An object of other members alone is no answer: not at any place of any type, nor in a stream."""

from __future__ import annotations

import json
from dataclasses import dataclass, make_dataclass
from random import Random
from typing import Any, cast

import pytest
from core.reading.arriving import changes_of
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, TypeAdapter, create_model
from typing_extensions import TypedDict  # pydantic needs this one before Python 3.12

from deterministic_llm import JsonValue, ResponseError, Schema, enforce, parse
from deterministic_llm._core.reading.incremental import Closed, Location
from deterministic_llm.enforcer.turn import Turn
from deterministic_llm.targets import compiled


class Cash(BaseModel):  # noqa: D101 - a docstring would be part of the schema
    amount: int = 0
    note: str | None = None


class Open(Cash):  # noqa: D101
    model_config = ConfigDict(extra="allow")


class Coins(TypedDict, total=False):  # noqa: D101
    amount: int


@dataclass
class Purse:  # noqa: D101
    amount: int = 0


class Pay(BaseModel):  # noqa: D101
    id: int
    cash: Cash


class Till(BaseModel):  # noqa: D101
    id: int
    cash: Open


LOOSE = (Cash, Coins, Purse)
OTHERS: st.SearchStrategy[JsonValue] = st.dictionaries(
    st.sampled_from(["number", "cvv", "colour", "iban"]),
    st.sampled_from([1, "x", None, [1], {"y": 2}]),
    min_size=1,
    max_size=3,
)


def nested(random: Random, loose: Any, depth: int) -> tuple[Any, Any, Location]:
    """A type with *loose* at some place, a value of it with a gap there, and the place."""
    if depth == 0:
        return loose, None, ()
    inner, value, place = nested(random, loose, depth - 1)
    members: Any = {"ref": (int, ...), "held": (inner, ...)}
    output_type, holder, token = random.choice(
        [
            (list[inner], [value], 0),
            (tuple[int, inner], [7, value], 1),
            (dict[str, inner], {"k": value}, "k"),
            (inner | None, value, None),
            (inner | int, value, None),
            (create_model(f"M{depth}", **members), {"ref": 1, "held": value}, "held"),
            (
                make_dataclass(f"D{depth}", [("ref", int), ("held", inner)]),
                {"ref": 1, "held": value},
                "held",
            ),
        ]
    )
    return output_type, holder, place if token is None else (token, *place)


def filled(value: Any, place: Location, said: JsonValue) -> Any:
    """*value* with *said* at its *place*."""
    if not place:
        return said
    holder = value
    for token in place[:-1]:
        holder = holder[token]
    holder[place[-1]] = said
    return value


def forms(output_type: Any) -> list[Any]:
    """The type, and its JSON Schema as a target of its own."""
    return [output_type, Schema(TypeAdapter(output_type).json_schema())]


@pytest.mark.untraced
@given(st.randoms(use_true_random=False), OTHERS, st.integers(0, 3))
def test_nothing_is_read_of_others_alone_wherever_they_stand(
    random: Random, said: JsonValue, depth: int
) -> None:
    output_type, value, place = nested(random, random.choice(LOOSE), depth)
    strict = random.random() < 0.5
    text = json.dumps(filled(value, place, said))
    for target in forms(output_type):
        with pytest.raises(ResponseError):
            parse(text, target, strict=strict)
        changes = changes_of(text, compiled(target), strict=strict)
        whole = [each for each in changes if isinstance(each, Closed)]
        assert not [each for each in whole if each.location == place[: len(each.location)]], text


@pytest.mark.untraced
@given(st.randoms(use_true_random=False), OTHERS, st.integers(0, 3))
def test_one_member_that_was_asked_for_lets_the_others_be(
    random: Random, said: JsonValue, depth: int
) -> None:
    output_type, value, place = nested(random, random.choice(LOOSE), depth)
    others = cast("dict[str, JsonValue]", said)
    for known in ({"amount": 3, **others}, {**others, "amount": 3}, {}):
        text = json.dumps(filled(value, place, cast("JsonValue", known)))
        adapter = TypeAdapter[Any](output_type)
        assert parse(text, output_type).output == adapter.validate_python(json.loads(text))


def test_where_others_are_data_they_say_something() -> None:
    text = '{"id": 1, "cash": {"number": "12"}}'
    assert parse(text, Till).output.cash.model_extra == {"number": "12"}
    changes = changes_of(text, compiled(Till))
    assert Closed(("cash",), {"number": "12"}) in changes


def test_an_answer_to_a_question_for_members_is_held_to_it() -> None:
    said = [
        '{"id": 1, "cash": {"number": "12"}}',
        '{"$.cash": {"cvv": "x"}}',
        '{"id": 1, "cash": {"amount": 5}}',
    ]

    @enforce(Pay)
    def pay(turn: Turn) -> str:
        return said[turn.number - 1]

    result = pay.run()
    first, second, third = result.attempts
    assert result.output == Pay(id=1, cash=Cash(amount=5))
    assert (first.request.patch, third.request.patch) == (None, None)
    assert second.request.patch is not None
    asked_for = [
        [(each.path, each.code) for each in again.request.violations] for again in (second, third)
    ]
    assert asked_for == [[("$.cash", "no_value")]] * 2
