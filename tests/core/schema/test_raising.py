"""Answers to a lowered schema on their way up: what has no meaning is refused, never guessed."""

from __future__ import annotations

import json
from typing import Any

import pytest

from deterministic_llm._core.schema.lowering.dialects import (
    ANTHROPIC,
    COHERE,
    DIALECTS,
    LLAMA_CPP,
    OPENAI,
    Dialect,
)
from deterministic_llm._core.schema.lowering.lowering import UnraisableError, lower
from deterministic_llm._core.schema.lowering.patterns import fitted

ANY: Any = {"type": "object", "properties": {"a": {}}, "required": ["a"]}
MAP: Any = {"type": "object", "additionalProperties": {"type": "integer"}}
LABELS: Any = {**MAP, "propertyNames": {"enum": ["Yes", "No"]}}
ROW: Any = {"type": "array", "prefixItems": [{"type": "integer"}] * 3, "items": False}
LABEL: Any = {"enum": ["Yes", "No", 3]}
MIXED: Any = {"anyOf": [MAP, {"type": "integer"}, {"type": "array", "items": {"type": "null"}}]}

RAISED: list[tuple[str, Any, Dialect, Any, Any]] = [
    ("a value in a text", ANY, OPENAI, {"a": '{"b": [1]}'}, {"a": {"b": [1]}}),
    ("a text in a text", ANY, OPENAI, {"a": '"b"'}, {"a": "b"}),
    ("a value that is none in a text", ANY, OPENAI, {"a": 5}, {"a": 5}),
    ("a map", MAP, OPENAI, {"value": [{"key": "a", "value": 1}]}, {"a": 1}),
    ("the same entry twice", MAP, OPENAI, {"value": [{"key": "a", "value": 1}] * 2}, {"a": 1}),
    ("no wrapper", MAP, OPENAI, {"a": 1}, {"a": 1}),
    ("a row", ROW, OPENAI, {"item0": 1, "item1": 2, "item2": None}, [1, 2]),
    ("a row that is a list", ROW, OPENAI, [1], [1]),
    ("a label in other capitals", LABEL, ANTHROPIC, {"value": "YES"}, "Yes"),
    ("a label that is a number", LABEL, ANTHROPIC, {"value": 3}, 3),
    ("a key in other capitals", LABELS, ANTHROPIC, {"value": [{"key": "YES", "value": 1}]},
     {"Yes": 1}),
    ("another label", LABEL, ANTHROPIC, {"value": "perhaps"}, "perhaps"),
    ("null where nothing may be", {"type": "object", "properties": {"a": {"type": "integer"}}},
     OPENAI, {"a": None}, {}),
    ("an alternative", MIXED, COHERE, {"value": '{"a": 1}'}, {"a": 1}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("schema", "dialect", "answer", "value"),
    [row[1:] for row in RAISED],
    ids=[row[0] for row in RAISED],
)
def test_an_answer_is_raised(schema: Any, dialect: Dialect, answer: Any, value: Any):
    """In the form of the original schema, whatever it is then judged to be."""
    assert lower(schema, dialect).raise_back(answer) == value


REFUSED: list[tuple[str, Any, Any, str]] = [
    ("a text that is not JSON", ANY, {"a": "b"},
     '$.a: expected JSON text, a string in quotes, got "b"'),
    ("a number that no float holds", ANY, {"a": "1e999"},
     '$.a: expected JSON text, a string in quotes, got "1e999"'),
    ("NaN", ANY, {"a": "NaN"}, '$.a: expected JSON text, a string in quotes, got "NaN"'),
    ("half a character", ANY, {"a": '"\\ud800"'},
     '$.a: expected JSON text, a string in quotes, got "\\"\\\\ud800\\""'),
    ("a key twice in a text", ANY, {"a": '{"b": 1, "b": 2}'},
     '$.a: expected JSON text, a string in quotes, got "{\\"b\\": 1, \\"b\\": 2}"'),
    ("two values for a key", MAP,
     {"value": [{"key": "a", "value": 1}, {"key": "a", "value": 2}]},
     "$.a: expected each key once, got 2"),
    ("an entry without a key", MAP, {"value": [{"value": 1}]},
     '$: expected objects of key and value, got {"value": 1}'),
    ("a key that is no text", MAP, {"value": [{"key": 1, "value": 1}]},
     "$: expected a key that is a text, got 1"),
    ("a gap in a row", ROW, {"item0": None, "item1": 2, "item2": None},
     "$[0]: expected every item before the last, got null"),
    ("a place that a row has not", ROW, {"value": 1},
     "$.value: expected no such member, got 1 (leave it out)"),
    ("a second member of the wrapper", {"type": "string"}, {"value": "a", "other": "b"},
     '$.other: expected no such member, got "b" (leave it out)'),
    ("a listed member that has a name", {**MAP, "properties": {"a": {"type": "integer"}}},
     {"a": 1, "rest": [{"key": "a", "value": 2}]},
     "$.a: expected no entry for a member beside, got 2"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("schema", "answer", "said"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED]
)
def test_what_has_no_one_meaning_is_refused(schema: Any, answer: Any, said: str):
    """With the place in the original."""
    with pytest.raises(UnraisableError) as caught:
        lower(schema, OPENAI).raise_back(answer)
    assert str(caught.value) == said


def test_labels_that_differ_by_capitals_alone_are_not_given_to_who_changes_them():
    """An answer in other capitals would be another label."""
    lowered = lower({"enum": ["a", "A"]}, ANTHROPIC)
    assert lowered.schema["properties"] == {
        "value": {"type": "string", "description": '"a" or "A"'}
    }


def test_what_stands_too_deep_moves_to_a_definition():
    """Where the dialect counts depth, from the definition on it is counted anew."""
    schema: Any = {"type": "string"}
    for _ in range(14):
        schema = {"type": "object", "properties": {"a": schema}, "required": ["a"]}
    lowered = lower(schema, OPENAI)
    assert [*lowered.schema["$defs"]] == ["a"]
    assert {loss.kind for loss in lowered.losses} == {"closed"}


def test_what_is_over_the_limits_becomes_text():
    """More properties than the dialect takes, and more labels."""
    wide: Any = {"type": "object", "properties": {f"p{n}": {"type": "null"} for n in range(300)}}
    assert lower(wide, DIALECTS["azure"]).schema["properties"].keys() == {"value"}
    labels = [f"label {n}" for n in range(1200)]
    lowered = lower({"enum": labels}, OPENAI)
    assert lowered.raise_back(lowered.push_down("label 7")) == "label 7"
    assert ("enum", "described") in {(each.keyword, each.kind) for each in lowered.losses}


@pytest.mark.parametrize("name", DIALECTS)
def test_what_would_be_written_out_without_end_becomes_text(name: str):
    """Parts in two places that have parts in two places, where there are no references."""
    parts: Any = {
        f"P{level}": {
            "type": "object",
            "properties": {key: {"$ref": f"#/$defs/P{level + 1}"} for key in "ab"},
            "required": ["a"],
        }
        for level in range(18)
    }
    schema = {"$ref": "#/$defs/P0", "$defs": {**parts, "P18": {"type": "integer"}}}
    lowered = lower(schema, DIALECTS[name])
    assert len(json.dumps(lowered.schema)) < 200_000
    value: Any = 3
    for _ in range(18):
        value = {"a": value}
    assert lowered.raise_back(lowered.push_down(value)) == value


def test_optional_members_beyond_the_limit_are_nullable_and_then_text():
    """Anthropic counts optional members and unions of a request."""
    schema: Any = {
        "type": "object",
        "properties": {f"p{number}": {"type": "integer"} for number in range(50)},
    }
    lowered = lower(schema, ANTHROPIC)
    kinds = [each["type"] for each in lowered.schema["properties"].values()]
    assert kinds == ["integer"] * 24 + [["integer", "null"]] * 16 + ["string"] * 10
    assert lowered.raise_back(lowered.push_down({"p1": 1, "p49": 2})) == {"p1": 1, "p49": 2}


def test_what_is_said_of_a_reference_is_one_of_the_unions():
    """It stands around the reference, and where there is no room for it, the reference is bare."""
    part: Any = {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}
    names = [f"p{number}" for number in range(20)]
    said = {name: {"$ref": "#/$defs/Part", "description": f"the {name}"} for name in names}
    schema = {"type": "object", "properties": said, "required": names, "$defs": {"Part": part}}
    lowered = lower(schema, ANTHROPIC)
    kept = ["anyOf" in each for each in lowered.schema["properties"].values()]
    assert kept == [True] * 16 + [False] * 4


def test_null_beside_a_union_is_no_further_one():
    """As for the optional members beyond the limit."""
    kinds: Any = {"anyOf": [{"type": "integer"}, {"type": "object", "properties": {}}]}
    optional: Any = {f"p{number}": {"type": "integer"} for number in range(24)}
    unions: Any = {f"u{number}": kinds for number in range(16)}
    lowered = lower({"type": "object", "properties": {**optional, **unions}}, ANTHROPIC)
    assert all("anyOf" in lowered.schema["properties"][name] for name in unions)


def test_a_name_that_a_dialect_does_not_take_is_another_below():
    """And comes back as it was."""
    schema: Any = {
        "type": "object",
        "properties": {"first name": {"type": "string"}, "größe": {"type": "integer"}},
        "required": ["first name", "größe"],
    }
    lowered = lower(schema, ANTHROPIC)
    assert [*lowered.schema["properties"]] == ["first_name", "gr_e"]
    value = {"first name": "Ada", "größe": 3}
    assert lowered.raise_back(lowered.push_down(value)) == value


def test_a_name_that_is_made_is_not_that_of_another_member():
    """Whichever of the two comes first."""
    for names in (["first name", "first_name"], ["first_name", "first name"]):
        schema: Any = {
            "type": "object",
            "properties": {name: {"const": name} for name in names},
            "required": names,
        }
        lowered = lower(schema, ANTHROPIC)
        assert {*lowered.schema["required"]} == {"first_name", "first_name2"}
        value = {name: name for name in names}
        assert lowered.raise_back(lowered.push_down(value)) == value


CARD: Any = {"type": "object", "properties": {"pays": {"enum": ["cash", "card"]}}}
INTEGER: Any = {"type": "integer"}
IS_CARD: Any = {"properties": {"pays": {"const": "card"}}}
CONDITIONS: list[tuple[str, Any, Any]] = [
    ("then", {"if": IS_CARD, "then": {"properties": {"number": INTEGER}}}, {"number": 1}),
    ("else", {"if": IS_CARD, "else": {"properties": {"number": INTEGER}}}, {"number": 1}),
    (
        "either",
        {
            "if": IS_CARD,
            "then": {"properties": {"number": INTEGER}},
            "else": {"properties": {"number": {"type": "string"}}},
        },
        {"number": "none"},
    ),
    ("a condition in a condition",
     {"if": IS_CARD, "then": {"if": {"required": ["x"]}, "then": {"required": ["number"]}}},
     {"x": True, "number": 1}),
    ("several conditions",
     {"allOf": [{"if": IS_CARD, "then": {"required": [name]}} for name in ("number", "x")]},
     {"number": 1, "x": 2}),
    ("a name that depends", {"dependentRequired": {"x": ["number"]}}, {"x": [1], "number": 1}),
    ("a schema that depends",
     {"dependentSchemas": {"x": {"properties": {"number": INTEGER}}}}, {"x": [1], "number": 1}),
    ("one of some names", {"anyOf": [{"required": ["x"]}, {"required": ["number"]}]}, {"x": "y"}),
    ("a member that one condition forbids",
     {"if": IS_CARD, "then": {"properties": {"number": INTEGER}},
      "else": {"properties": {"number": False}}}, {"number": 1}),
]  # fmt: skip


@pytest.mark.parametrize("name", DIALECTS)
@pytest.mark.parametrize(
    ("conditions", "members"), [row[1:] for row in CONDITIONS], ids=[row[0] for row in CONDITIONS]
)
def test_a_member_that_only_a_condition_names_can_be_said(conditions: Any, members: Any, name: str):
    """Where other members are not asked for, it would be closed out with them."""
    lowered = lower({**CARD, **conditions}, DIALECTS[name])
    value = {"pays": "card", **members}
    raised = lowered.raise_back(lowered.push_down(value))
    assert {key: raised[key] for key in value} == value


def test_a_member_that_conditions_only_forbid_stays_out():
    """So does one of a schema that closes its objects itself."""
    forbidden = {**CARD, "if": IS_CARD, "then": {"properties": {"number": False}}}
    closed = {**CARD, "additionalProperties": False, "dependentRequired": {"pays": ["number"]}}
    for schema in (forbidden, closed):
        assert [*lower(schema, OPENAI).schema["properties"]] == ["pays"]


PATTERNS = [
    ("^[a-z]+$", "^[a-z]+$", "^[a-z]+$", "^[a-z]+$", "[a-z]+"),
    (r"\d{2}", r"\d{2}", r"^[\s\S]*(?:\d{2})[\s\S]*$", "^.*[0-9]{2}.*$", None),
    ("^a|b$", "^a|b$", None, None, None),
    ("^(?:ab|[x-z])*$", "^(?:ab|[x-z])*$", "^(?:ab|[x-z])*$", "^(ab|[x-z])*$", "(?:ab|[x-z])*"),
    (r"^\w\.x?", r"^\w\.x?", r"^(?:\w\.x?)[\s\S]*$", r"^[A-Za-z0-9_]\.x?.*$", None),
    (r"^[\w-]{2,}$", r"^[\w-]{2,}$", r"^[\w-]{2,}$", "^[A-Za-z0-9_-]{2,}$", r"[\w-]{2,}"),
    (r"^\p{L}$", r"^\p{L}$", r"^\p{L}$", None, r"\p{L}"),
    (r"^[\p{Graph}]$", None, None, None, None),
    ("(?=a)a", None, None, None, None),
    (r"(a)\1", None, None, None, None),
    ("(?i)a", None, None, None, None),
    ("a(", None, None, None, None),
]


@pytest.mark.parametrize(
    ("pattern", "search", "whole", "anchored", "bare"), PATTERNS, ids=[row[0] for row in PATTERNS]
)
def test_a_pattern_is_written_in_the_manner_of_the_dialect(
    pattern: str, search: str | None, whole: str | None, anchored: str | None, bare: str | None
):
    """Or left out where that manner cannot say it."""
    manners = ("search", "whole", "anchored", "bare", "none")
    assert [fitted(pattern, manner) for manner in manners] == [search, whole, anchored, bare, None]


def test_an_engine_that_closes_objects_is_not_told_to():
    """Six tokens an object less."""
    schema: Any = {"type": "object", "properties": {"a": {"type": "null"}}, "required": ["a"]}
    assert lower(schema, LLAMA_CPP).schema == schema


@pytest.mark.parametrize("name", ["openai", "anthropic", "llguidance"])
def test_a_long_chain_of_definitions_takes_no_more_stack(name: str):
    """Each is lowered in its turn; what comes down goes up."""
    chain: Any = {
        f"D{number}": {
            "type": "object",
            "properties": {
                "next": {"$ref": f"#/$defs/D{number + 1}"},
                "also": {"$ref": f"#/$defs/D{number + 1}"},
            },
            "required": ["next"],
        }
        for number in range(400)
    }
    chain["D400"] = {"type": "integer"}
    lowered = lower({"$ref": "#/$defs/D390", "$defs": chain}, DIALECTS[name])
    value: Any = 3
    for _ in range(10):
        value = {"next": value}
    assert lowered.raise_back(lowered.push_down(value)) == value
    assert lower({"$ref": "#/$defs/D0", "$defs": chain}, DIALECTS[name]).schema["type"] == "object"
