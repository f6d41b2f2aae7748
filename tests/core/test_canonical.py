"""RFC 8785: one text for one value, whatever order, type or process it came from."""

from __future__ import annotations

import decimal
import json
import struct
import subprocess
import sys
from dataclasses import dataclass
from typing import Annotated, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field, RootModel, field_serializer

from deterministic_llm import JsonValue, Record, Template
from deterministic_llm._core.canonical import canonical_json, jsonable, number, written
from deterministic_llm.testing import ScriptedModel

# Appendix B of RFC 8785: the bits of a number, and its text.
NUMBERS = [
    ("0000000000000000", "0"),
    ("8000000000000000", "0"),
    ("0000000000000001", "5e-324"),
    ("8000000000000001", "-5e-324"),
    ("7fefffffffffffff", "1.7976931348623157e+308"),
    ("ffefffffffffffff", "-1.7976931348623157e+308"),
    ("4340000000000000", "9007199254740992"),
    ("c340000000000000", "-9007199254740992"),
    ("4430000000000000", "295147905179352830000"),
    ("44b52d02c7e14af5", "9.999999999999997e+22"),
    ("44b52d02c7e14af6", "1e+23"),
    ("44b52d02c7e14af7", "1.0000000000000001e+23"),
    ("444b1ae4d6e2ef4e", "999999999999999700000"),
    ("444b1ae4d6e2ef4f", "999999999999999900000"),
    ("444b1ae4d6e2ef50", "1e+21"),
    ("3eb0c6f7a0b5ed8c", "9.999999999999997e-7"),
    ("3eb0c6f7a0b5ed8d", "0.000001"),
    ("41b3de4355555553", "333333333.3333332"),
    ("41b3de4355555554", "333333333.33333325"),
    ("41b3de4355555555", "333333333.3333333"),
    ("41b3de4355555556", "333333333.3333334"),
    ("41b3de4355555557", "333333333.33333343"),
    ("becbf647612f3696", "-0.0000033333333333333333"),
    ("43143ff3c1cb0959", "1424953923781206.2"),
]


@pytest.mark.parametrize(("bits", "text"), NUMBERS)
def test_a_number_is_written_as_ecmascript_does(bits: str, text: str):
    value = struct.unpack(">d", bytes.fromhex(bits))[0]
    with decimal.localcontext(prec=3):  # the caller's own arithmetic has no say
        assert number(value) == text


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_what_is_not_finite_is_no_number(value: float):
    with pytest.raises(ValueError, match="is no number of JSON"):
        written([value])


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_is_read_back_as_the_same(value: float):
    assert float(number(value)) == value


def test_the_example_of_the_rfc_is_written_as_it_says():
    """Sections 3.2.2 and 3.2.3."""
    value = json.loads(
        r'{"numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],'
        r'"string": "\u20ac$\u000F\u000aA\u0027\u0042\u0022\u005c\\\"\/",'
        r'"literals": [null, true, false]}'
    )
    assert canonical_json(value) == (
        r'{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],'
        r'"string":"€$\u000f\nA' + "'" + r'B\"\\\\\"/"}'
    )


def test_names_are_sorted_by_their_utf_16_code_units():
    """Section 3.2.3: an emoji stands before U+FB33, which has the higher unit."""
    names = ["\u20ac", "\r", "\ufb33", "1", "\U0001f600", "\x80", "\xf6"]
    ordered = ["\r", "1", "\x80", "\xf6", "\u20ac", "\U0001f600", "\ufb33"]
    assert list(json.loads(canonical_json(dict.fromkeys(names)))) == ordered


JSON: st.SearchStrategy[JsonValue] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(-(2**53), 2**53)  # a larger one is read back as an integer
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(JSON)
def test_the_text_says_the_value_and_is_its_own_canonical_form(value: JsonValue):
    text = canonical_json(value)
    text.encode()
    assert json.loads(text) == value
    assert canonical_json(json.loads(text)) == text


@given(JSON, st.randoms())
def test_the_order_of_members_has_no_say(value: JsonValue, chance):
    def turned(each: JsonValue) -> JsonValue:
        if isinstance(each, dict):
            members = list(each.items())
            chance.shuffle(members)
            return {name: turned(member) for name, member in members}
        return [turned(item) for item in each] if isinstance(each, list) else each

    assert canonical_json(turned(value)) == canonical_json(value)


def test_half_a_surrogate_pair_is_written_as_an_escape():
    text = canonical_json({"a\ud800": "\udfff!"})
    assert text == r'{"a\ud800":"\udfff!"}'
    assert json.loads(text) == {"a\ud800": "\udfff!"}


def test_an_integer_that_no_float_holds_keeps_its_digits():
    assert canonical_json([2**53 + 1, 10**30]) == f"[{2**53 + 1},{10**30}]"


class Named(BaseModel):
    """A set under an alias, and more of them in a dict."""

    labels: Annotated[set[str], Field(serialization_alias="tags")]
    pairs: dict[str, frozenset[int]] = {}


class Point(NamedTuple):
    """A tuple with names."""

    x: int
    of: frozenset[str]


@dataclass
class Row:
    """A dataclass."""

    seen: set[frozenset[str]]


class Bag(RootModel[set[str]]):
    """A set with a name."""


class Counted(BaseModel):
    """A set that is told in its own way."""

    labels: set[str]

    @field_serializer("labels")
    def number(self, labels: set[str]) -> list[int]:
        """How many there are."""
        return [len(labels)]


WORDS = ["mild", "zest", "arc", "kelp", "brim", "oat"]
SETS = [
    pytest.param(lambda: set(WORDS), '["arc","brim","kelp","mild","oat","zest"]', id="a set"),
    pytest.param(
        lambda: Named(labels=set(WORDS[:3]), pairs={"a": frozenset({512, 8, 64})}),
        '{"pairs":{"a":[512,64,8]},"tags":["arc","mild","zest"]}',
        id="in a model, by its alias",
    ),
    pytest.param(
        lambda: [Point(1, frozenset(WORDS[:3])), {"k": (set(WORDS[3:]),)}],
        '[[1,["arc","mild","zest"]],{"k":[["brim","kelp","oat"]]}]',
        id="in tuples, lists and dicts",
    ),
    pytest.param(
        lambda: Row({frozenset(WORDS[:3]), frozenset(WORDS[3:])}),
        '{"seen":[["arc","mild","zest"],["brim","kelp","oat"]]}',
        id="a set of sets in a dataclass",
    ),
    pytest.param(lambda: Counted(labels=set(WORDS)), '{"labels":[6]}', id="a serializer"),
    pytest.param(lambda: Bag(set(WORDS[:3])), '["arc","mild","zest"]', id="a root model"),
]


@pytest.mark.parametrize(("made", "text"), SETS)
def test_a_set_is_written_in_the_order_of_its_items(made, text: str):
    assert canonical_json(made()) == text


def test_sets_are_the_same_in_every_process():
    """Hashes of strings differ from process to process, and with them the order of a set."""
    script = (
        "from deterministic_llm._core.canonical import canonical_json\n"
        f"print(canonical_json([set({WORDS!r}), {{'a': frozenset({WORDS!r})}}]))"
    )
    texts = {
        subprocess.run(  # noqa: S603  # our own script
            [sys.executable, "-c", script],
            env={"PYTHONHASHSEED": str(seed)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in range(3)
    }
    assert len(texts) == 1


def test_a_record_is_an_object():
    """Until now it was written as text, which no resumed run could read."""
    record = Record({"score": 9, "tags": ["a"]})
    assert jsonable({"it": [record]}) == {"it": [{"score": 9, "tags": ["a"]}]}
    result = ScriptedModel(["Essay score: 9/10"]).run("?", Template("Essay score: {score:int}/10"))
    assert result.canonical_json() == b'{"score":9}'
