"""The places of a target: members are validated by themselves as they are within the whole."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import Enum
from random import Random
from typing import Annotated, Any, Literal, NamedTuple

import pytest
from core.random_types import breaks, broken, shape
from hypothesis import given
from hypothesis import strategies as st
from pydantic import (
    AfterValidator,
    AliasChoices,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    RootModel,
    StringConstraints,
    ValidationInfo,
    field_validator,
    model_validator,
)
from typing_extensions import TypedDict

from deterministic_llm import Choice, Schema, Template
from deterministic_llm._core.exchange import JsonValue
from deterministic_llm._core.schema.complaints import as_json
from deterministic_llm._core.schema.locations import Location, value_at
from deterministic_llm._core.schema.sites import UNKNOWN, Bounds, Site
from deterministic_llm._core.schema.target import Invalid, JsonTarget, Valid
from deterministic_llm.targets import compiled
from deterministic_llm.validators import MaxWords


class Level(Enum):  # noqa: D101
    LOW = "low"
    HIGH = "high"


class Pair(NamedTuple):  # noqa: D101
    count: int
    label: str = "x"


@dataclass
class Plain:  # noqa: D101
    when: date
    days: list[date] = field(default_factory=list)


class Loose(TypedDict):  # noqa: D101
    name: Annotated[str, Field(max_length=3)]


class Rows(RootModel[list[int]]):  # noqa: D101
    pass


class Tree(BaseModel):  # noqa: D101
    label: str
    children: list[Tree] = []


class Item(BaseModel):  # noqa: D101
    model_config = ConfigDict(extra="forbid", str_max_length=4)
    name: str
    price: Decimal
    level: Level


class Order(BaseModel):  # noqa: D101
    items: list[Item]
    by: Annotated[str, Field(alias="orderedBy")]
    summary: Annotated[str, MaxWords(2)] = ""
    either: int | str = 0
    total: int = 0
    known: int = 0

    @field_validator("total")
    @classmethod
    def enough(cls, total: int, info: ValidationInfo) -> int:
        """A rule that looks at another member."""
        if total < len(info.data.get("items", ())):
            raise ValueError("too little")
        return total

    @field_validator("known")
    @classmethod
    def named(cls, known: int, info: ValidationInfo) -> int:
        """A rule that is told more than the value, and looks at no other member."""
        if info.field_name != "known" or known != info.context:
            raise ValueError("not known")
        return known


class Mended(BaseModel):  # noqa: D101
    score: Annotated[int, Field(le=10)]

    @model_validator(mode="before")
    @classmethod
    def cut(cls, data: dict[str, int]) -> dict[str, int]:
        """Nothing is wrong before this has run."""
        return {name: min(value, 10) for name, value in data.items()}


class Various(BaseModel):  # noqa: D101
    first: int = Field(validation_alias=AliasChoices("first", "one"))
    second: Annotated[int, BeforeValidator(lambda value: value or 0), Field(le=3)] = 0
    third: Annotated[list[int], AfterValidator(tuple)] = []


DOCUMENT = {
    "$defs": {"score": {"type": "integer", "maximum": 10}},
    "type": "object",
    "properties": {
        "score": {"$ref": "#/$defs/score", "minimum": 2},
        "scores": {"type": "array", "items": {"$ref": "#/$defs/score"}, "maxItems": 2},
        "row": {"type": "array", "prefixItems": [{"type": "string"}], "items": {"type": "null"}},
        "both": {"allOf": [{"type": "integer"}, {"minimum": 1}]},
        "either": {"anyOf": [{"properties": {"a": {"type": "integer"}}}, {"type": "null"}]},
        "tagged": {"patternProperties": {"^x": {"type": "string"}}, "additionalProperties": False},
    },
    "additionalProperties": False,
}


def site_at(target: object, *location: str | int) -> Site:
    """The place at *location* of *target*."""
    site = compiled(target).site or UNKNOWN
    for token in location:
        site = site.inner(token)
    return site


def said(target: object, location: Location, value: JsonValue, context: object = None) -> object:
    """The output of *value* at *location*; the path and code of all that is wrong; or neither."""
    checked = site_at(target, *location).check(value, context)
    if isinstance(checked, Invalid):
        return [(each.path, each.code) for each in checked.violations]
    return checked


VALID = [
    pytest.param(
        Schema(
            {
                "$schema": "http://json-schema.org/draft-07/schema#",
                "properties": {
                    "a": {"$ref": "#/properties/b", "maximum": 3},
                    "b": {"type": "integer"},
                },
            }
        ),
        ("a",),
        10,
        10,
        id="what an old dialect leaves out beside a reference",
    ),
    pytest.param(dict[int, str], (), {"1": "a"}, {1: "a"}, id="a mapping whose keys are no text"),
    pytest.param(Pair, (0,), 3, 3, id="a member of a named tuple"),
    pytest.param(Plain, ("days", 4), "2024-01-02", date(2024, 1, 2), id="an item, wherever"),
    pytest.param(Loose, ("name",), "abc", "abc", id="a member of a typed dictionary"),
    pytest.param(Rows, (7,), 3, 3, id="an item of a root model"),
    pytest.param(Rows, (), [3], Rows([3]), id="a root model"),
    pytest.param(
        Tree,
        ("children", 1, "children", 0),
        {"label": "a", "children": [{"label": "b"}]},
        Tree(label="a", children=[Tree(label="b")]),
        id="a recursive type",
    ),
    pytest.param(Order, ("items", 0, "price"), "1.50", Decimal("1.50"), id="a decimal"),
    pytest.param(Order, ("items", 0, "level"), "low", Level.LOW, id="an enum"),
    pytest.param(
        Order,
        ("items", 0),
        {"name": "a", "price": "1", "level": "low"},
        Item(name="a", price=Decimal(1), level=Level.LOW),
        id="a model",
    ),
    pytest.param(Order, ("orderedBy",), "Ann", "Ann", id="a member under its alias"),
    pytest.param(Order, ("either",), "x", "x", id="one of several, as a whole"),
    pytest.param(Various, ("third",), [1], (1,), id="what an after-validator makes of it"),
    pytest.param(
        dict[str, date], ("b",), "2024-01-02", date(2024, 1, 2), id="a value of a mapping"
    ),
    pytest.param(tuple[int, str], (1,), "x", "x", id="a member of a tuple"),
    pytest.param(tuple[date, ...], (5,), "2024-01-02", date(2024, 1, 2), id="an item of a tuple"),
    pytest.param(list[int], (0,), 3, 3, id="an item of a list"),
    pytest.param(Schema(DOCUMENT), ("score",), 3, 3, id="a member of a document"),
    pytest.param(Schema(DOCUMENT), ("tagged",), {"xy": "a"}, {"xy": "a"}, id="patterns of names"),
    pytest.param(
        Schema(DOCUMENT), ("either", "a"), "x", "x", id="anything inside one of several schemas"
    ),
    pytest.param(Schema(DOCUMENT), ("tagged", "xy"), 3, 3, id="anything where names have patterns"),
    pytest.param(Template("{name} {age:int}"), ("age",), 3, 3, id="a field of a template"),
    pytest.param(Template("{name} {age:int}"), ("name",), "Ann", "Ann", id="a field of plain text"),
    pytest.param(
        Template.lines("{when}: {days}", Plain),
        (0, "when"),
        "2024-01-02",
        date(2024, 1, 2),
        id="a field of a line",
    ),
    pytest.param(Choice("yes", "no"), (), "yes", "yes", id="a choice"),
]


@pytest.mark.parametrize(("target", "location", "value", "output"), VALID)
def test_a_member_is_validated_by_its_own_type(
    target: object, location: Location, value: JsonValue, output: object
):
    assert said(target, location, value) == Valid(output)


OLD = Schema(
    {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "definitions": {"score": {"type": "integer"}},
        "properties": {
            "score": {"$ref": "#/definitions/score", "maximum": 10},
            "row": {"items": [{"type": "integer"}], "additionalItems": False},
        },
    }
)
CLOSED = Schema(
    {
        "allOf": [{"properties": {"a": {"type": "integer"}}}],
        "properties": {"b": {"properties": {"c": True}, "unevaluatedProperties": False}},
    }
)
INVALID = [
    pytest.param(OLD, ("score",), "x", [("$", "type")], id="behind a reference of an old dialect"),
    pytest.param(OLD, ("row", 0), "x", [("$", "type")], id="an item that an old dialect counts"),
    pytest.param(OLD, ("row",), [1, 2], [("$", "type")], id="an item too many of an old dialect"),
    pytest.param(CLOSED, ("b",), {"d": 1}, [("$", "type")], id="a member that nothing evaluated"),
    pytest.param(
        dict[str, tuple[float, ...]],
        (),
        {"a": [10**400]},
        [("$.a[0]", "too_large")],
        id="more than a float can hold",
    ),
    pytest.param(Pair, (0,), "x", [("$", "type")], id="a member of a named tuple"),
    pytest.param(Plain, ("days",), ["x"], [("$[0]", "format")], id="an item of the member"),
    pytest.param(Loose, ("name",), "abcd", [("$", "length")], id="a bound"),
    pytest.param(
        Order, ("items", 3, "name"), "abcde", [("$", "length")], id="the model's own bound"
    ),
    pytest.param(
        Order,
        ("items", 3),
        {"name": "a", "level": "x"},
        [("$.price", "missing"), ("$.level", "enum")],
        id="a member that lacks some",
    ),
    pytest.param(Order, ("summary",), "a b c", [("$", "validator")], id="a ready-made rule"),
    pytest.param(Order, ("either",), None, [("$", "type")], id="none of several"),
    pytest.param(Schema(DOCUMENT), ("score",), 11, [("$", "range")], id="behind a reference"),
    pytest.param(Schema(DOCUMENT), ("score",), 1, [("$", "range")], id="beside a reference"),
    pytest.param(Schema(DOCUMENT), ("scores",), [1, 2, 3], [("$", "length")], id="too many items"),
    pytest.param(
        Schema(DOCUMENT), ("row", 0), 3, [("$", "type")], id="an item with its own schema"
    ),
    pytest.param(Schema(DOCUMENT), ("row", 1), 3, [("$", "type")], id="an item behind those"),
    pytest.param(Schema(DOCUMENT), ("both",), 0, [("$", "range")], id="one of two that both hold"),
    pytest.param(
        Schema(DOCUMENT), ("tagged",), {"y": "a"}, [("$.y", "extra")], id="a name too many"
    ),
    pytest.param(Schema(DOCUMENT), ("tagged",), {"xy": 3}, [("$.xy", "type")], id="by its pattern"),
    pytest.param(
        Template("{age}", age=int), ("age",), "x", [("$", "type")], id="a field of a template"
    ),
]


@pytest.mark.parametrize(("target", "location", "value", "wrong"), INVALID)
def test_a_wrong_member_is_told_by_itself(
    target: object, location: Location, value: JsonValue, wrong: list[tuple[str, str]]
):
    assert said(target, location, value) == wrong


UNTOLD = [
    pytest.param(dict[int, str], ("1",), "a", id="a mapping in which two keys may be one"),
    pytest.param(Order, ("total",), -1, id="a validator looks at another member"),
    pytest.param(Order, ("either", "x"), 3, id="inside one of several"),
    pytest.param(Mended, ("score",), 11, id="the model's own validator runs before"),
    pytest.param(Various, ("one",), "x", id="one of several names"),
    pytest.param(
        Schema({"properties": {"a": {"$id": "b", "type": "integer"}}}),
        ("a",),
        "x",
        id="references that mean another thing inside",
    ),
]


@pytest.mark.parametrize(("target", "location", "value"), UNTOLD)
def test_nothing_is_said_before_it_can_be(target: object, location: Location, value: JsonValue):
    assert said(target, location, value) is None


def test_a_validator_that_looks_around_is_not_asked_again():
    site = site_at(Order, "total")
    assert [site.check(3), site.check(-1)] == [None, None]


def test_a_validator_that_looks_at_no_other_member_is_told_all_else():
    assert said(Order, ("known",), 7, 7) == Valid(7)
    assert said(Order, ("known",), 8, 7) == [("$", "validator")]


STANDING = [
    pytest.param(Order, ("note",), "ignored", id="a type that leaves others out"),
    pytest.param(Order, ("items", 0, "note"), "forbidden", id="a type that refuses others"),
    pytest.param(Order, ("by",), "unknown", id="the name of a member that has an alias"),
    pytest.param(Schema(DOCUMENT), ("note",), "forbidden", id="a document that refuses others"),
    pytest.param(Schema({"properties": {}}), ("note",), "known", id="a document that takes others"),
]


@pytest.mark.parametrize(("target", "location", "standing"), STANDING)
def test_what_becomes_of_a_member_that_is_not_named(
    target: object, location: Location, standing: str
):
    assert site_at(target, *location).standing == standing


BOUNDS = [
    pytest.param(Annotated[str, Field(max_length=3)], Bounds(3), id="a text"),
    pytest.param(Annotated[str, Field(max_length=3)] | None, Bounds(3), id="a text or null"),
    pytest.param(
        Annotated[str, StringConstraints(strip_whitespace=True, max_length=3)],
        Bounds(3, stripped=True),
        id="a text without its blanks",
    ),
    pytest.param(
        Annotated[str, Field(max_length=3), BeforeValidator(str.strip)],
        Bounds(),
        id="a text that a validator shortens",
    ),
    pytest.param(Annotated[str, Field(max_length=3)] | int, Bounds(), id="one of several"),
    pytest.param(Annotated[list[int], Field(max_length=3)], Bounds(most_items=3), id="a list"),
    pytest.param(
        Annotated[set[int], Field(max_length=3)], Bounds(), id="a set, where two may be one"
    ),
    pytest.param(Literal["a", "b"], Bounds(labels=("a", "b")), id="labels"),
    pytest.param(Level, Bounds(labels=("low", "high")), id="an enum"),
    pytest.param(Literal["a", 3], Bounds(), id="labels that are no text"),
    pytest.param(Literal["a", "b"] | None, Bounds(), id="labels or null"),
    pytest.param(Schema({"type": "string", "maxLength": 3}), Bounds(3), id="a text of a document"),
    pytest.param(
        Schema({"type": "string", "maxLength": 3, "format": "date"}), Bounds(), id="a date"
    ),
    pytest.param(Schema({"type": "array", "maxItems": 3}), Bounds(most_items=3), id="a list of it"),
    pytest.param(Schema({"enum": ["a"]}), Bounds(labels=("a",)), id="labels of a document"),
    pytest.param(Schema({"maxLength": 3}), Bounds(), id="anything"),
]


@pytest.mark.parametrize(("target", "bounds"), BOUNDS)
def test_what_a_value_must_keep_to_while_it_is_written(target: object, bounds: Bounds):
    assert site_at(target).bounds == bounds


def places(value: JsonValue, location: Location = ()) -> Iterator[Location]:
    """Every place in *value*, from the inside out."""
    members = value.items() if isinstance(value, dict) else ()
    items = enumerate(value) if isinstance(value, list) else ()
    for token, inner in (*members, *items):
        yield from places(inner, (*location, token))
    yield location


@pytest.mark.untraced
@given(seed=st.integers(0, 10**6))
def test_valid_members_are_the_same_by_themselves(seed: int):
    random = Random(seed)  # noqa: S311  # draws examples
    kind = shape(random, 3)
    value: Any = kind.make(random)
    whole = compiled(kind.type)
    assert isinstance(whole, JsonTarget)
    assert isinstance(whole.decoder.check(value), Valid)
    for location in places(value):
        checked = site_at(kind.type, *location).check(value_at(value, location))
        if isinstance(checked, Valid):
            assert as_json(checked.output) == as_json(compiled_output(kind.type, value, location))
        else:
            assert checked is None


def compiled_output(target: object, value: JsonValue, location: Location) -> object:
    """What stands at *location* of the whole output of *value*, by its members' JSON names."""
    whole = compiled(target)
    assert isinstance(whole, JsonTarget)
    checked = whole.decoder.check(value)
    assert isinstance(checked, Valid)
    return value_at(as_json(checked.output), location)


@pytest.mark.untraced
@given(seed=st.integers(0, 10**6))
def test_what_is_wrong_by_itself_is_wrong_in_the_whole(seed: int):
    random = Random(seed)  # noqa: S311  # draws examples
    kind = shape(random, 3)
    value: Any = kind.make(random)
    wrong = broken(value, breaks(random, kind, value, 2))
    whole = compiled(kind.type)
    assert isinstance(whole, JsonTarget)
    told = [site_at(kind.type, *each).check(value_at(wrong, each)) for each in places(wrong)]
    if isinstance(whole.decoder.check(wrong), Valid):
        assert not any(isinstance(each, Invalid) for each in told)
