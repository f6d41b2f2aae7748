"""Which types may be validated from values instead of from text, and that nobody sees which."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from enum import Enum
from typing import Annotated, Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from typing_extensions import TypedDict

from deterministic_llm._core.reading.syntax.native import native
from deterministic_llm._core.schema.plainness import is_plain, keeps_extras


class Pair(TypedDict):
    """Two of a kind."""

    left: int
    right: float | None


class Leaf(BaseModel):
    """An end."""

    kind: Literal["leaf"]
    label: str = Field(max_length=3)


class Branch(BaseModel):
    """A fork; extra members are kept."""

    model_config = ConfigDict(extra="allow")
    kind: Literal["branch"] = "branch"
    weight: Annotated[float, Field(gt=-1)] = 0.5
    parts: list[Annotated[Leaf | Branch, Field(discriminator="kind")]] = []


class Closed(BaseModel):
    """Nothing but what is named."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)
    name: str = Field(alias="Name")
    flag: bool | None = None
    code: Literal["a", 1, True] | None = "a"


PLAIN = [
    int,
    float,
    str,
    bool,
    None,
    Any,
    list[int],
    dict[str, float | None],
    list[Any],
    Pair,
    Leaf,
    Branch,
    Closed,
]
NUMBERS = st.sampled_from(
    f"0 -0 -0.0 1 1.0 1e2 1E400 -1e400 9007199254740993 36893488147419103233 1{'0' * 308}"
    " 2.2250738585072011e-308 5e-324 0.1 123456789.123456789".split()
)
SCALARS = st.one_of(
    NUMBERS,
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    st.integers().map(repr),
    st.sampled_from(["true", "false", "null", '"a"', '"leaf"', '" ab "', '""', '"\\u00e9\\n"']),
    st.text(max_size=5).map(json.dumps),
)
KEYS = st.sampled_from(["left", "right", "kind", "label", "weight", "parts", "Name", "flag", "x"])


def _object(members: dict[str, str]) -> str:
    return "{" + ", ".join(f'"{key}": {value}' for key, value in members.items()) + "}"


LEAVES = st.builds(
    lambda label: f'{{"kind": "leaf", "label": {label}}}', st.text(max_size=4).map(json.dumps)
)
TEXTS = st.recursive(
    SCALARS | LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3).map(lambda items: f"[{', '.join(items)}]")
        | st.dictionaries(KEYS, inner, max_size=4).map(_object)
        | st.builds(
            lambda weight, parts: f'{{"kind": "branch", "weight": {weight}, "parts": {parts}}}',
            SCALARS,
            inner,
        )
        | st.builds(lambda left, right: f'{{"right": {right}, "left": {left}}}', inner, inner)
        | st.builds(lambda name, flag: f'{{"Name": {name}, "flag": {flag}}}', inner, inner)
    ),
    max_leaves=8,
)


@pytest.mark.parametrize("kind", PLAIN, ids=str)
def test_types_of_what_json_has_itself_are_plain(kind: object):
    """They need no rules for JSON."""
    assert is_plain(TypeAdapter(kind).core_schema)


@pytest.mark.untraced
@given(st.sampled_from(PLAIN), TEXTS)
def test_a_value_of_a_plain_type_is_judged_like_its_text(kind: object, text: str):
    """The same output, or none on both ways; only infinite numbers are never let through."""
    try:
        value = native(text.encode())
    except ValueError:
        return
    adapter: TypeAdapter[object] = TypeAdapter(kind)
    assert _outcome(adapter, value=value) == _outcome(adapter, text=text)


def _outcome(adapter: TypeAdapter[object], **source: object) -> str:
    """What came out, with its types; or what was wrong, by place and kind."""
    try:
        if "text" in source:
            return repr(adapter.validate_json(str(source["text"]), strict=True))
        return repr(adapter.validate_python(source["value"], strict=True))
    except ValidationError as error:
        return repr([each["loc"] for each in error.errors()])


def test_an_integer_too_large_for_a_float_is_no_infinity():
    """JSON rules would take it for one; rules for values refuse it."""
    adapter = TypeAdapter(float)
    with pytest.raises(ValidationError):
        adapter.validate_python(10**309, strict=True)
    assert adapter.validate_json(f"1{'0' * 309}", strict=True) == float("inf")


class Mood(Enum):
    """How it feels."""

    GOOD = "good"


@dataclass
class Point:
    """A place."""

    x: int


class Checked(BaseModel):
    """A number with code of its own."""

    even: Annotated[int, AfterValidator(lambda number: number * 2)]


class Private(BaseModel):
    """A model that does something once it is there."""

    number: int

    def model_post_init(self, context: Any, /) -> None:
        """Look at it."""


class Handmade(BaseModel):
    """A model that is made in its own way."""

    number: int

    def __init__(self, **members: Any) -> None:
        super().__init__(**members)


OTHERS = [
    date,
    Mood,
    Point,
    Checked,
    Private,
    Handmade,
    bytes,
    set[int],
    tuple[int, int],
    int | str,
    list[date],
    dict[int, str],
    Literal[Mood.GOOD],
    Annotated[str, AfterValidator(str.upper)],
]


@pytest.mark.parametrize("kind", OTHERS, ids=str)
def test_types_that_are_read_from_json_in_another_way_are_not_plain(kind: object):
    """Nor are those with code of their own, which could tell."""
    assert not is_plain(TypeAdapter(kind).core_schema)


def test_what_is_no_core_schema_is_not_plain():
    """A type whose schema is not there yet is read from text."""
    assert not is_plain(None)


@pytest.mark.parametrize(
    ("kind", "keeps"),
    [(Branch, True), (list[Branch], True), (Closed, False), (Pair, False), (dict[str, Any], False)],
    ids=str,
)
def test_types_that_keep_what_they_do_not_name_are_known(kind: object, *, keeps: bool):
    """At any depth; the members of a dictionary are all named."""
    assert keeps_extras(TypeAdapter(kind).core_schema) is keeps
