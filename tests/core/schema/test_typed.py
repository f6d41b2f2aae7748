"""Python types as targets: what is wrong is told by path, in the words of the schema."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import Enum, IntEnum
from typing import Annotated, Literal, NamedTuple

import pytest
from pydantic import AliasChoices, AliasPath, BaseModel, ConfigDict, Field, field_validator
from typing_extensions import TypeAliasType, TypedDict

from deterministic_llm import SchemaError
from deterministic_llm._core.exchange import JsonValue
from deterministic_llm._core.schema.target import Invalid, Valid
from deterministic_llm._core.schema.typed import typed_target
from deterministic_llm._core.schema.wording import resolve


class Mood(Enum):
    """How it feels."""

    GOOD = "good"
    BAD = "bad"


class Line(BaseModel):
    """One line."""

    model_config = ConfigDict(extra="forbid")
    sku: str = Field(pattern="^[A-Z]{3}$")
    count: int = Field(ge=1)


class Cat(BaseModel):
    """A cat."""

    kind: Literal["cat"]
    lives: int = Field(le=9)


class Dog(BaseModel):
    """A dog."""

    kind: Literal["dog"]
    name: str


class Order(BaseModel):
    """An order."""

    lines: list[Line] = Field(min_length=1)
    mood: Mood = Mood.GOOD
    day: date | None = None
    pet: Annotated[Cat | Dog, Field(discriminator="kind")] | None = None
    note: str = Field(default="", max_length=5)

    @field_validator("note")
    @classmethod
    def _polite(cls, note: str) -> str:
        if "damn" in note:
            message = "must be polite"
            raise ValueError(message)
        return note


LINE: dict[str, JsonValue] = {"sku": "ABC", "count": 2}
BROKEN: list[tuple[str, JsonValue, list[str]]] = [
    (
        "a missing member",
        {},
        ['$.lines: expected a list of at least 1 item, got nothing (add "lines")'],
    ),
    (
        "two members of one item, in document order",
        {"lines": [LINE, {"sku": "abc", "count": 0}]},
        [
            (
                '$.lines[1].sku: expected a string matching ^[A-Z]{3}$, got "abc"'
                " (write a string matching ^[A-Z]{3}$)"
            ),
            (
                "$.lines[1].count: expected an integer of at least 1, got 0"
                " (choose a number of at least 1)"
            ),
        ],
    ),
    (
        "an extra member where none is allowed",
        {"lines": [{**LINE, "price": 3}]},
        ["$.lines[0].price: expected no such member, got 3 (leave it out)"],
    ),
    (
        "a label that is none",
        {"lines": [LINE], "mood": "fine"},
        [
            (
                '$.mood: expected "good" or "bad", got "fine"'
                " (use one of the allowed values, letter by letter)"
            )
        ],
    ),
    (
        "a member of a tagged union",
        {"lines": [LINE], "pet": {"kind": "cat", "lives": 10}},
        ["$.pet.lives: expected an integer of at most 9, got 10 (choose a number of at most 9)"],
    ),
    (
        "a validator's own words",
        {"lines": [LINE], "note": "damn"},
        ['$.note: must be polite, got "damn"'],
    ),
    (
        "a string that is too long",
        {"lines": [LINE], "note": "longer"},
        [
            (
                '$.note: expected a string of at most 5 characters, got "longer"'
                " (write a string of at most 5 characters)"
            )
        ],
    ),
    (
        "a wrong type",
        {"lines": "none"},
        [
            (
                '$.lines: expected a list of at least 1 item, got "none"'
                " (write a list of at least 1 item)"
            )
        ],
    ),
]


@pytest.mark.parametrize(
    ("value", "violations"), [row[1:] for row in BROKEN], ids=[row[0] for row in BROKEN]
)
def test_what_is_wrong_is_told_by_path(value: JsonValue, violations: list[str]):
    """Path, expected, got and fix; all violations at once."""
    checked = typed_target(Order).decoder.check(value)
    assert isinstance(checked, Invalid)
    assert [str(each) for each in checked.violations] == violations


def test_strict_json_still_reads_dates_and_enums():
    """Pydantic's strict mode for JSON takes what JSON cannot say otherwise."""
    checked = typed_target(Order).decoder.check(
        {"lines": [LINE], "mood": "bad", "day": "2025-03-04"}
    )
    assert isinstance(checked, Valid)
    assert (checked.output.mood, checked.output.day) == (Mood.BAD, date(2025, 3, 4))


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        pytest.param(int, True, id="true is no integer"),
        pytest.param(int, "8", id="text is no integer"),
        pytest.param(int, 8.5, id="a fraction is no integer"),
        pytest.param(date, 20250304, id="a number is no date"),
        pytest.param(bool, 1, id="one is not true"),
        pytest.param(str, 8, id="a number is no text"),
    ],
)
def test_no_value_is_converted_on_the_quiet(kind: type, value: JsonValue):
    """What pydantic would convert in lax mode is for named repairs to decide."""
    assert isinstance(typed_target(kind).decoder.check(value), Invalid)


class Point(NamedTuple):
    """A point."""

    x: int
    y: int


class Row(TypedDict):
    """A row."""

    name: str


@dataclass
class Pair:
    """A pair."""

    left: int
    right: int


@pytest.mark.parametrize(
    ("kind", "value", "output"),
    [
        pytest.param(Pair, {"left": 1, "right": 2}, Pair(1, 2), id="a dataclass"),
        pytest.param(Row, {"name": "a"}, {"name": "a"}, id="a TypedDict"),
        pytest.param(Point, [1, 2], Point(1, 2), id="a NamedTuple"),
        pytest.param(Literal["a", 1], "a", "a", id="a Literal"),
        pytest.param(Mood, "good", Mood.GOOD, id="an Enum"),
        pytest.param(list[int], [1], [1], id="a list"),
        pytest.param(dict[str, float], {"a": 1.5}, {"a": 1.5}, id="a dict"),
        pytest.param(int | None, None, None, id="an optional"),
        pytest.param(Annotated[int, Field(ge=3)], 3, 3, id="an annotated primitive"),
        pytest.param(tuple[int, str], [1, "a"], (1, "a"), id="a tuple"),
        pytest.param(set[int], [1, 2], {1, 2}, id="a set"),
    ],
)
def test_anything_that_pydantic_reads_is_a_target(kind: object, value: JsonValue, output: object):
    """The output is an instance of the type."""
    assert typed_target(kind).decoder.check(value) == Valid(output)


class Colour(Enum):
    """Two names may stand for one value."""

    RED = "red"
    CRIMSON = "red"  # noqa: PIE796  # what is tested
    BLUE = "blue"


def test_a_value_with_two_names_is_shown_once():
    """Some servers refuse a schema that says it twice."""
    target = typed_target(Colour)
    assert target.schema["enum"] == ["red", "blue"]
    assert target.decoder.check("red") == Valid(Colour.RED)
    assert isinstance(target.decoder.check("CRIMSON"), Invalid)


class Inner(BaseModel):
    """What stands elsewhere."""

    town: str = Field(default="none", validation_alias=AliasPath("address", "town"))


@dataclass
class InnerPair:
    """The same as a dataclass."""

    town: Annotated[str, Field(validation_alias=AliasPath("address", 0))] = "none"


class InnerRow(TypedDict):
    """The same as a dict."""

    town: Annotated[str, Field(validation_alias=AliasPath("address"))]


@pytest.mark.parametrize("kind", [Inner, InnerPair, InnerRow, list[Inner]])
def test_a_member_that_is_read_from_within_another_is_refused(kind: object):
    """Its schema shows it as a member of its own, and what a model writes there is dropped."""
    with pytest.raises(SchemaError, match="AliasPath is read from within another one"):
        typed_target(kind)


class Spelt(BaseModel):
    """One with a plain name beside the path."""

    town: str = Field(validation_alias=AliasChoices(AliasPath("address", "town"), "city"))


class ByName(BaseModel):
    """One that takes its own name, too."""

    model_config = ConfigDict(validate_by_name=True)
    town: str = Field(validation_alias=AliasPath("address", "town"))


@pytest.mark.parametrize(("kind", "name"), [(Spelt, "city"), (ByName, "town")])
def test_a_member_that_has_a_name_as_well_is_read_by_it(kind: type[BaseModel], name: str):
    """The name that its schema shows."""
    target = typed_target(kind)
    assert target.schema["required"] == [name]
    checked = target.decoder.check({name: "Rome"})
    assert isinstance(checked, Valid)
    assert getattr(checked.output, "town", None) == "Rome"


class Grade(IntEnum):
    """A grade."""

    GOOD = 1
    BAD = 6


Year = TypeAliasType("Year", Annotated[int, Field(ge=1900)])
Name = TypeAliasType("Name", Annotated[str, Field(min_length=2)])


@pytest.mark.parametrize(
    ("kind", "names", "value", "output"),
    [
        pytest.param(
            dict[Grade, int], {"enum": ["1", "6"]}, {"1": 2}, {Grade.GOOD: 2}, id="numbers"
        ),
        pytest.param(dict[Year, int], None, {"1999": 2}, {1999: 2}, id="any number"),
        pytest.param(dict[Name, int], {"minLength": 2}, {"ab": 2}, {"ab": 2}, id="texts"),
    ],
)
def test_a_schema_says_of_keys_what_they_are_as_texts(
    kind: object, names: JsonValue, value: JsonValue, output: object
):
    """A backend that is held to keys which are numbers can write no key at all."""
    target = typed_target(kind)
    said = resolve(target.schema.get("propertyNames"), root=target.schema)
    assert said == names if names is None else said.items() >= names.items()
    assert target.decoder.check(value) == Valid(output)


def test_a_schema_repeats_no_names():
    """Titles are left out; a property that is called title stays."""

    class Book(BaseModel):
        """A book."""

        title: str

    assert typed_target(Book).schema == {
        "description": "A book.",
        "properties": {"title": {"type": "string"}},
        "required": ["title"],
        "type": "object",
    }


@pytest.mark.parametrize("kind", [object(), type("Opaque", (), {}), list["Unknown"]])  # noqa: F821  # the point
def test_what_is_no_type_for_json_is_a_schema_error(kind: object):
    """Said where the target is declared."""
    with pytest.raises(SchemaError, match="cannot be a target"):
        typed_target(kind)


class Reading(NamedTuple):
    """A number of each kind."""

    share: float
    count: int


@pytest.mark.parametrize("kind", [list[float], Reading], ids=["plain", "with rules for JSON"])
def test_an_integer_is_never_made_infinite(kind: type):
    """A float ends at 309 digits, where pydantic's JSON rules go on with infinity."""
    checked = typed_target(kind).decoder.check([10**309, 3], f"[1{'0' * 309}, 3]")
    assert isinstance(checked, Invalid)
    assert [violation.path for violation in checked.violations] == ["$[0]"]
    assert isinstance(typed_target(kind).decoder.check([10**300, 3]), Valid)
    assert isinstance(typed_target(list[int]).decoder.check([10**309, 3]), Valid)
