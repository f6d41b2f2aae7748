"""Guards of texts under way: none kills what can still live, each names the first wrong sign."""

from __future__ import annotations

import json
from random import Random
from typing import Any

import pytest
from core.random_schemas import documents
from core.sampling import instances
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from deterministic_llm._core.guards import Dead, Guards, Language, Verdict
from deterministic_llm.grammars import guards

pytest.importorskip("llguidance")

ANSWER = {
    "type": "object",
    "properties": {
        "label": {"enum": ["positive", "negative"]},
        "score": {"type": "integer", "maximum": 10},
        "code": {"type": "string", "pattern": r"^[A-Z]{2}\d+$"},
        "note": {"type": "string", "maxLength": 5},
    },
    "required": ["label"],
    "additionalProperties": False,
}
MANY = {str(each): {"const": str(each)} for each in range(99)}
OVERLAPPING = {"^a": {"type": "string"}, "^ab": {"minLength": 2}}
SPELLINGS = ("compact", "ascii", "shuffled and indented", "padded")


def verdict(language: Language, text: str, size: int = 10**6) -> Verdict:
    """What is said of *text*, which comes in pieces of *size*."""
    made: Guards | None = guards()
    assert made is not None
    guard, said = made(language, patience=60), "alive"
    for start in range(0, len(text), size):
        said = guard.feed(text[start : start + size])
    return said


def spelled(value: Any, spelling: str, random: Random) -> str:
    """*value* as JSON in one of several ways."""
    if spelling == "shuffled and indented":
        return json.dumps(shuffled(value, random), indent=random.choice([1, 2, "\t"]))
    if spelling == "ascii":
        return json.dumps(value).replace("/", "\\/")
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return f"\n  {text} \n" if spelling == "padded" else text


def shuffled(value: Any, random: Random) -> Any:
    """*value* with the members of its objects in any order."""
    if isinstance(value, list):
        return [shuffled(each, random) for each in value]
    if not isinstance(value, dict):
        return value
    names = random.sample([*value], len(value))
    return {name: shuffled(value[name], random) for name in names}


@given(
    schema=documents(),
    seed=st.integers(0, 999),
    spelling=st.sampled_from(SPELLINGS),
    size=st.integers(1, 9),
)
def test_no_text_that_becomes_a_valid_instance_is_dead(
    schema: Any, seed: int, spelling: str, size: int
):
    random = Random(seed)  # noqa: S311  # draws examples
    language = Language(schema)
    for value in instances(Draft202012Validator(schema), random, tries=4):
        text = spelled(value, spelling, random)
        for cut in (len(text), random.randint(0, len(text))):
            assert not isinstance(verdict(language, text[:cut], size), Dead), text[:cut]


@pytest.mark.parametrize(
    ("text", "offset", "expected"),
    [
        pytest.param('{"label": "posh', 14, 'expected `itive"`', id="a letter of no label"),
        pytest.param('{"label": "\\u0070osh', 19, 'expected `itive"`', id="behind an escape"),
        pytest.param('{"lable', 5, 'expected `el"`', id="a name that is not there"),
        pytest.param('{"score": 11', 11, "expected `,`, `0` or `}`", id="a digit too many"),
        pytest.param('{"score": "1"', 10, "expected a digit or `-`", id="quotes around a number"),
        pytest.param('{"code": "AB1x', 13, 'expected a digit, `"` or `\\`', id="no such letter"),
        pytest.param('{"note": "abcdef', 15, 'expected `"`', id="one character too many"),
        pytest.param('  ["a"', 2, "expected `{`", id="another kind"),
        pytest.param("Sure: {", 0, "expected `{`", id="words"),
        pytest.param('{"label": "positive" "', 21, "expected `,` or `}`", id="no comma"),
    ],
)
def test_the_first_wrong_character_is_named(text: str, offset: int, expected: str):
    language = Language(ANSWER, plain_numbers=True)
    for size in (1, 4, 100):
        assert verdict(language, text, size) == Dead(offset, expected)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param("", "alive", id="nothing yet"),
        pytest.param('{"label": "pos', "alive", id="half a label"),
        pytest.param('{"label": "positive"}', "complete", id="all of it"),
        pytest.param('{"label": "positive"}\n\nSo much', "complete", id="words behind it"),
        pytest.param("{}", "complete", id="a member is missing, which the whole will tell"),
        pytest.param('{"label": "\\u00', "alive", id="half an escape"),
    ],
)
def test_what_lives_is_told_so(text: str, said: str):
    assert verdict(Language(ANSWER), text, 1) == said


@pytest.mark.parametrize(
    "schema",
    [
        pytest.param({"$ref": "https://example.org/other.json"}, id="a reference that leaves it"),
        pytest.param({"type": "something"}, id="a type that there is not"),
    ],
)
def test_nothing_is_said_of_a_language_that_the_engine_does_not_take(schema: Any):
    assert verdict(Language(schema), "anything") == "unknown"


@pytest.mark.parametrize(
    "schema",
    [
        pytest.param({"properties": {"a": {}}, "$defs": {"x": {"$id": "y"}}}, id="other bases"),
        pytest.param({"pattern": "(?=a)b"}, id="a look ahead"),
        pytest.param({"properties": MANY}, id="many kinds of members"),
        pytest.param({"patternProperties": OVERLAPPING}, id="patterns of names that overlap"),
    ],
)
def test_what_the_engine_cannot_read_is_left_to_the_validation(schema: Any):
    assert verdict(Language(schema), '{"a": 1, "ab": [2]}') in {"complete", "unknown"}


def test_a_reference_to_any_place_is_followed():
    schema = {
        "properties": {
            "first": {"type": "string", "maxLength": 2},
            "b": {"$ref": "#/properties/first"},
        },
        "additionalProperties": {"$ref": "#"},
    }
    assert verdict(Language(schema), '{"c": {"b": "abc') == Dead(15, 'expected `"`')


def test_a_text_need_not_wait_for_its_language():
    made = guards()
    assert made is not None
    guard = made(Language({**ANSWER, "description": "another"}), patience=0)
    assert guard.feed('{"label": ') in {"alive", "unknown"}
    assert made(Language(ANSWER), patience=60).feed("[") == Dead(0, "expected `{`")
