"""What is read of an answer for members at once is what a full reading of it makes of it."""

from __future__ import annotations

import json
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, Field
from pydantic_core import to_json

from deterministic_llm._core.attempts import Repair, Request
from deterministic_llm._core.contract import Contract
from deterministic_llm._core.drafts import Patch
from deterministic_llm._core.exchange import UNCONSTRAINED, JsonValue
from deterministic_llm._core.intact import read_intact
from deterministic_llm._core.members import read_members
from deterministic_llm._core.reading.omissions import may_hold_omission, may_omit
from deterministic_llm._core.reading.outcomes import Parsed
from deterministic_llm._core.schema.patches import mending
from deterministic_llm._core.schema.target import Invalid, JsonTarget
from deterministic_llm._core.schema.typed import typed_target


class Line(BaseModel):  # noqa: D101 - a docstring would be part of the schema
    name: str
    points: int = Field(ge=0, le=10)


class Grade(BaseModel):  # noqa: D101
    score: int = Field(ge=0, le=10)
    name: str = Field(max_length=8)
    lines: list[Line]
    best: Line


class Odd(BaseModel):  # noqa: D101
    name: str = Field(max_length=8)
    Name: str = Field(max_length=8)
    type: str = Field(max_length=8)
    value: int = Field(ge=0, le=10)
    function: Line
    properties: dict[str, int]


class Part(BaseModel):  # noqa: D101
    name: str = Field(max_length=8)
    size: int = Field(ge=0, le=10)
    parts: list[Part]


TYPES: tuple[type[BaseModel], ...] = (Grade, Odd, Part)
WORDS = ("a", "Ada", "x: y", '"', "...", "…", "null", "7", "{}")
WRONG = {"points": 12, "score": 11, "value": -1, "size": 99, "name": "far too long"}


def line(random: Random) -> dict[str, Any]:
    return {"name": random.choice(WORDS), "points": random.randint(0, 10)}


def value_of(kind: type[BaseModel], random: Random, depth: int = 2) -> dict[str, Any]:
    """An instance of *kind*, as JSON."""
    number, word = random.randint(0, 10), random.choice(WORDS)
    if kind is Grade:
        lines = [line(random) for _ in range(random.randint(0, 3))]
        return {"score": number, "name": word, "lines": lines, "best": line(random)}
    if kind is Odd:
        told = {"name": word, "Name": random.choice(WORDS), "type": "x", "value": number}
        return {**told, "function": line(random), "properties": {"name": number}}
    inner = random.randint(0, depth)
    parts = [value_of(kind, random, depth - 1) for _ in range(inner)]
    return {"name": word, "size": number, "parts": parts}


def spoiled(value: Any, random: Random) -> Any:
    """*value* with some of its members wrong."""
    if isinstance(value, list):
        return [spoiled(each, random) for each in value]
    if not isinstance(value, dict):
        return value
    return {
        key: WRONG[key] if key in WRONG and random.random() < 0.25 else spoiled(each, random)
        for key, each in value.items()
    }


def asked(target: JsonTarget[Any], base: JsonValue) -> Patch | None:
    """What is asked for of *base*, where a part of it is wrong."""
    checked = target.decoder.check(base)
    return mending(target, base, checked.violations) if isinstance(checked, Invalid) else None


def answers(patch: Patch, whole: dict[str, Any], random: Random) -> str:
    """An answer for the members of *patch*, in one of the ways of models."""
    members: dict[str, Any] = {}
    for key, place in patch.places.items():
        at: Any = whole
        for token in place.location:
            at = at[token]
        members[key] = at
    said = random.choice(
        [
            members,
            whole,
            {**whole, **members},
            {**members, **dict(random.sample(sorted(whole.items()), len(whole) // 2))},
            {**members, "note": random.choice(WORDS)},
            {**members, "NAME": random.choice(WORDS), "Size": 3, "_score": 4},
            {**members, "arguments": members, "function": "grade"},
            {"value": members, "type": "object"},
            {"type": "x", "value": 3, **members},
            {key: spoiled(each, random) for key, each in {**whole, **members}.items()},
        ]
    )
    text = json.dumps(said, ensure_ascii=random.random() < 0.5, indent=random.choice([None, 2]))
    return random.choice([text, text, text, f"{text[:-1]}, {text[1:]}", f" {text}", f"{text}\n"])


@settings(max_examples=settings.default.max_examples * 3)
@given(st.randoms(use_true_random=False), st.sampled_from(TYPES))
def test_what_is_read_at_once_is_what_a_full_reading_says(
    random: Random, kind: type[BaseModel]
) -> None:
    target = typed_target(kind)
    assert isinstance(target, JsonTarget)
    whole = value_of(kind, random)
    patch = asked(target, spoiled(whole, random))
    if patch is None:
        return
    text = answers(patch, whole, random)
    intact = read_intact(text, target, patch)
    if intact is not None:
        assert intact == in_full(text, target, patch), text


def in_full(text: str, target: JsonTarget[Any], patch: Patch) -> object:
    """The same by the long way: a text that begins with a blank is not read at once."""
    contract = Contract(target, UNCONSTRAINED, "")
    reading = read_members(f" {text}", contract, target, patch, Request(2, ()))
    if not isinstance(reading, Parsed):
        return reading
    start, end = reading.span
    return Parsed(reading.output, reading.repairs, (start, end - 1))


GOOD: dict[str, JsonValue] = {
    "score": 7,
    "name": "Ada",
    "lines": [{"name": "style", "points": 3}],
    "best": {"name": "style", "points": 3},
}


@pytest.mark.parametrize(
    ("said", "others"),
    [
        pytest.param({"score": 7}, [], id="what was asked for"),
        pytest.param(GOOD, ["name", "lines", "best"], id="the whole"),
        pytest.param({"note": "x: y", "score": 7}, ["note"], id="another member before it"),
        pytest.param({"score": 7, "SCORE": 8}, None, id="another spelling beside it"),
        pytest.param({"score": 12}, None, id="what is still wrong"),
        pytest.param({"name": "Ada"}, None, id="what was not asked for"),
        pytest.param({"score": 7, "name": "..."}, None, id="dots beside it"),
        pytest.param({"score": "7"}, None, id="what has to be bent"),
        pytest.param({"score": 7, "arguments": {"score": 8}}, None, id="what may be a call"),
    ],
)
def test_only_what_is_sure_is_read_at_once(
    said: dict[str, JsonValue], others: list[str] | None
) -> None:
    target = typed_target(Grade)
    assert isinstance(target, JsonTarget)
    patch = asked(target, {**GOOD, "score": 11})
    assert patch is not None
    intact = read_intact(json.dumps(said), target, patch)
    if others is None:
        assert intact is None
    else:
        assert intact is not None
        assert intact.output == Grade.model_validate(GOOD)
        assert [each.path for each in intact.repairs] == [f"$.{name}" for name in others]
        assert all(isinstance(each, Repair) for each in intact.repairs)


TEXTS = st.text("a.… \"“'\\\n", max_size=6)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)


@given(JSON)
def test_dots_of_a_value_are_those_of_its_text(value: JsonValue) -> None:
    assert may_hold_omission(value, lists=False) == may_omit(to_json(value).decode())
