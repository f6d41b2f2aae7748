"""The reader as a whole: strict, doubtful, ambiguous and hostile texts."""

from __future__ import annotations

import json
import math
from datetime import date
from decimal import Decimal
from time import perf_counter
from typing import Annotated

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field, TypeAdapter, ValidationError

from deterministic_llm import ResponseError, Schema, parse

Json = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


class City(BaseModel):
    """A city."""

    city: str
    pop: int


class Event(BaseModel):
    """What happens when."""

    name: str
    day: date | None = None
    note: str | None = None
    price: Decimal = Decimal(0)


def refused(text: str, target: object) -> list[str]:
    with pytest.raises(ResponseError) as caught:
        parse(text, target)
    return [violation.code for violation in caught.value.violations]


DOUBTFUL = [
    pytest.param('{"name": "x", "Note": "y"}', Event(name="x", note="y"), id="a member respelled"),
    pytest.param('{"name": "x", "note": "N/A"}', Event(name="x"), id="null in words"),
    pytest.param(
        '{"name": "x", "day": "2025-03-04"}', Event(name="x", day=date(2025, 3, 4)), id="a date"
    ),
    pytest.param(
        '{"name": "x", "price": "$1,234.50"}',
        Event(name="x", price=Decimal("1234.50")),
        id="a decimal keeps its digits",
    ),
    pytest.param(
        '{"name": "save", "arguments": {"name": "x", "note": "y"}}',
        Event(name="x", note="y"),
        id="a tool call's own name is not the answer's",
    ),
]


@pytest.mark.parametrize(("text", "output"), DOUBTFUL)
def test_valid_json_that_may_mean_something_else_gets_a_second_look(text: str, output: Event):
    """Plain validation would take each of these for another value."""
    assert parse(text, Event).output == output


def test_digits_alone_are_no_seconds():
    """Pydantic would take them for seconds since 1970."""
    assert parse('{"name": "x", "day": "20250304"}', Event).output.day == date(2025, 3, 4)
    assert refused('{"name": "x", "day": "1741046400"}', Event) == ["format"]
    for digits in ("20250304", "1741046400"):
        with pytest.raises(ResponseError):
            parse(f'{{"name": "x", "day": "{digits}"}}', Event, strict=True)


class Walk(BaseModel):
    """A walk, which may have a length."""

    name: str
    length: int = 0
    stops: list[City] = []


def test_valid_json_without_a_stray_member_is_what_it_says():
    """A stray one gets a second look: it may be the optional member in another spelling."""
    assert parse('{"name": "x", "length": 3}', Walk).repairs == ()
    assert parse('{"name": "x"}', Walk).output == Walk(name="x")
    respelled = parse('{"name": "x", "Length": 3}', Walk)
    assert respelled.output == Walk(name="x", length=3)
    assert [each.rule for each in respelled.repairs] == ["key spelling"]
    assert parse('{"name": "x", "mood": "fine"}', Walk).output == Walk(name="x")


AMBIGUOUS = [
    pytest.param(
        '{"city": "Oslo", "pop": 1}\nor\n{"city": "Oslo", "pop": 2}', id="two different answers"
    ),
    pytest.param(
        '"city": "Oslo", "pop": 1\n\n{"city": "Oslo", "pop": 2}',
        id="a second answer that cannot be read",
    ),
    pytest.param(
        '"City": "Oslo", "Pop": 1\n\n{"city": "Oslo", "pop": 2}',
        id="a second answer that cannot be read, in another style",
    ),
]


@pytest.mark.parametrize("text", AMBIGUOUS)
def test_two_answers_are_an_ambiguity(text: str):
    """Position decides nothing, and what cannot be read cannot be compared."""
    assert refused(text, City) == ["ambiguous"]


def test_two_lists_are_not_one_list():
    """Objects on lines of their own are a list; lists are two answers."""
    item = '{"city": "Oslo", "pop": %d}'
    assert len(parse(f"{item % 1}\n{item % 2}", list[City]).output) == 2
    assert refused(f"[{item % 1}]\n\n[{item % 2}]", list[City]) == ["ambiguous"]


def test_an_item_of_a_list_that_was_cut_off_is_not_the_answer():
    """There may have been more than one."""
    assert refused('{"cities": [{"city": "Oslo", "pop": 700}, {"city": "Be', City) == ["truncated"]


def test_what_is_left_out_of_a_notation_is_told():
    """Dots for an item mean that there were more."""
    assert refused("- oak\n- elm\n- …", list[str]) == ["ellipsis"]


HOSTILE = {
    "opening brackets": "[" * 200_000,
    "opening braces with keys": '{"a":' * 60_000,
    "balanced brackets": "[" * 100_000 + "]" * 100_000,
    "backslashes": "\\" * 1_000_000,
    "backticks": "`" * 1_000_000,
    "quotes": '"' * 1_000_000,
    "digits": "7" * 500_000,
    "objects": "{}" * 150_000,
    "angle brackets": "<" * 300_000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_text_is_refused_within_a_second_or_two(name: str):
    """No crash, no recursion, no more than linear time; the figures are in the benchmark."""
    started = perf_counter()
    with pytest.raises(ResponseError):
        parse(HOSTILE[name], City)
    assert perf_counter() - started < 10  # a quadratic scan of these takes minutes


def test_a_text_over_the_limit_is_not_read():
    """Ten million characters."""
    assert refused(" " * 10_000_001, City) == ["too_large"]


@given(st.text())
def test_no_text_raises_anything_but_the_declared_error(text: str):
    """For an object, a number and a list of texts."""
    for target in (City, int, list[str]):
        try:
            parse(text, target)
        except ResponseError as error:
            assert error.violations  # noqa: PT017  # both ends are checked


@pytest.mark.untraced
@given(Json, st.sampled_from([City, int, str, list[int], dict[str, float], Event]))
def test_strict_accepts_a_subset_of_plain_pydantic_with_the_same_values(
    value: object, target: type
):
    """What strict reading takes, validate_json takes, and gives the same."""
    text = json.dumps(value)
    try:
        read = parse(text, target, strict=True).output
    except ResponseError:
        return
    assert read == TypeAdapter(target).validate_json(text)


@pytest.mark.untraced
@given(Json)
def test_any_json_value_reads_back_equal(value: object):
    """As it is, indented, in a fence and in prose; under a schema that admits anything."""
    text = json.dumps(value, indent=1)
    anything = Schema({})
    assert parse(text, anything).output == json.loads(text)
    if isinstance(value, dict | list):
        for around in (f"```json\n{text}\n```", f"Here it is:\n{text}\nThat is all."):
            assert parse(around, anything).output == json.loads(text)


@given(st.text(alphabet='{}[]":,0123456789.eE-+ naNulltrufsI', max_size=40))
def test_strict_never_takes_what_pydantic_refuses(text: str):
    """NaN, infinity and conflicting keys are refused although pydantic takes them."""
    try:
        read = parse(text, Schema({}), strict=True).output
    except ResponseError:
        return
    assert read == TypeAdapter(object).validate_json(text)
    assert not isinstance(read, float) or math.isfinite(read)
    with pytest.raises((ResponseError, ValidationError)):
        parse(f"{text} x", Schema({}), strict=True)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param('{"comment": "\ud800"}', id="in JSON"),
        pytest.param('Here:\n{"comment": "\udfff"}', id="behind prose"),
        pytest.param("{'comment': 'x', '\ud83d': 1}", id="in a key of messy JSON"),
    ],
)
def test_half_a_surrogate_pair_is_no_text(text: str):
    """Nothing could be sent or written with it; pydantic would let it pass."""
    for strict in (False, True):
        with pytest.raises(ResponseError) as caught:
            parse(text, dict[str, str], strict=strict)
        assert [each.code for each in caught.value.violations] == ["surrogate"]


@pytest.mark.parametrize("pattern", [r"^\p{Lu}+$", r"^(a+)+$"])
def test_an_only_member_that_no_document_may_describe_is_not_looked_for(pattern: str):
    """The patterns of types are of another engine, and are not held to those of a Schema."""

    class Codes(BaseModel):
        codes: list[Annotated[str, Field(pattern=pattern)]]

    with pytest.raises(ResponseError):
        parse('["AA"]', Codes)
