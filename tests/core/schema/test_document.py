"""JSON Schema documents as targets: refused when declared, validated in full, nothing fetched."""

from __future__ import annotations

import pytest
from loopback import Reply, serving

from deterministic_llm import SchemaError
from deterministic_llm._core.exchange import JsonObject, JsonValue
from deterministic_llm._core.schema.document import schema_target
from deterministic_llm._core.schema.target import Invalid, Valid

REFUSED: list[tuple[str, JsonObject, str]] = [
    ("an unknown type", {"type": "strnig"}, "answer $.type: not a valid JSON Schema"),
    ("bounds in words", {"minimum": "low"}, "answer $.minimum: not a valid JSON Schema"),
    ("a reference to a URL", {"$ref": "https://x.test/s.json"}, "nothing is fetched"),
    ("a reference to a file", {"items": {"$ref": "file:///etc/passwd"}}, "answer #/items: "),
    ("a reference to a relative file", {"$ref": "other.json#/a"}, "nothing is fetched"),
    ("a dynamic reference outside", {"$dynamicRef": "//host/x"}, "nothing is fetched"),
    ("a reference to nowhere", {"$ref": "#/$defs/x"}, "which is not there"),
    ("an unknown dialect", {"$schema": "https://x.test/draft"}, "unknown dialect"),
    ("a pattern that backtracks", {"pattern": "^(a+)+$"}, "exponential"),
    ("a pattern that is none", {"pattern": "("}, "answer"),
    ("keys by a pattern that backtracks", {"patternProperties": {"^(a+)+$": {}}}, "exponential"),
    ("an anchor that is not there", {"items": {"$ref": "#x"}}, "which is not there"),
    (
        "a pointer that is read from the nearest identifier",
        {"$defs": {"a": {"$id": "x:y", "$ref": "#/$defs/b"}, "b": {}}},
        "which is not there",
    ),
    ("a reference to itself", {"$ref": "#"}, "leads back to itself"),
    ("a part that refers to the whole", {"allOf": [{"$ref": "#"}]}, "leads back to itself"),
    (
        "two that refer to each other",
        {"$ref": "#/$defs/a", "$defs": {"a": {"anyOf": [{}, {"$ref": "#"}]}}},
        "leads back to itself",
    ),
    (
        "a key that asks for the whole again",
        {"dependentSchemas": {"a": {"$ref": "#"}}},
        "leads back to itself",
    ),
]


@pytest.mark.parametrize(
    ("schema", "message"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED]
)
def test_a_schema_that_cannot_work_is_refused_when_declared(schema: JsonObject, message: str):
    """What, where and fix in one sentence."""
    with pytest.raises(SchemaError) as caught:
        schema_target(schema, name="answer")
    assert message in str(caught.value)


def test_a_schema_that_is_too_deep_is_refused():
    """By our own error, as everything that cannot work is."""
    schema: JsonObject = {"type": "string"}
    for _ in range(300):
        schema = {"items": schema}
    with pytest.raises(SchemaError, match="nested too deep"):
        schema_target(schema, name="answer")


def test_nothing_is_fetched():
    """A canary server behind every kind of reference is never asked."""
    with serving([Reply(body=b"{}")]) as server:
        for keyword in ("$ref", "$dynamicRef"):
            with pytest.raises(SchemaError):
                schema_target({keyword: f"{server.base_url}/s.json"}, name="answer")
        assert server.bodies == []


CHECKED: list[tuple[str, JsonObject, JsonValue, list[str]]] = [
    (
        "an integer too large to be divided by a fraction",
        {"multipleOf": 0.3},
        10**400,
        ["$: expected no integer beyond all floats"],
    ),
    (
        "a bound",
        {"properties": {"score": {"type": "integer", "minimum": 0, "maximum": 10}}},
        {"score": 11},
        ["$.score: expected an integer from 0 to 10, got 11 (choose a number from 0 to 10)"],
    ),
    (
        "two missing members",
        {"required": ["a", "b"], "properties": {"a": {"type": "string"}}},
        {},
        [
            '$.a: expected a string, got nothing (add "a")',
            '$.b: expected any value, got nothing (add "b")',
        ],
    ),
    (
        "an extra member",
        {"properties": {"a": {}}, "additionalProperties": False},
        {"a": 1, "b": 2},
        ["$.b: expected no such member, got 2 (leave it out)"],
    ),
    (
        "a format",
        {"items": {"type": "string", "format": "date"}},
        ["2025-13-01"],
        ['$[0]: expected a date (YYYY-MM-DD), got "2025-13-01" (write a date (YYYY-MM-DD))'],
    ),
    (
        "a list that repeats itself",
        {"type": "array", "uniqueItems": True},
        [1, 1],
        ["$: expected a list, got [1, 1] (write a list)"],
    ),
    (
        "one of two kinds",
        {"anyOf": [{"type": "integer"}, {"type": "null"}]},
        "x",
        ['$: expected an integer or null, got "x" (write an integer or null)'],
    ),
    (
        "a member behind a reference",
        {"$ref": "#/$defs/N", "$defs": {"N": {"type": "object", "required": ["n"]}}},
        {},
        ['$.n: expected any value, got nothing (add "n")'],
    ),
]


@pytest.mark.parametrize(
    ("schema", "value", "violations"), [row[1:] for row in CHECKED], ids=[row[0] for row in CHECKED]
)
def test_a_value_is_validated_in_full(schema: JsonObject, value: JsonValue, violations: list[str]):
    """All violations, by path, in our words."""
    checked = schema_target(schema, name="answer").decoder.check(value)
    assert isinstance(checked, Invalid)
    assert [str(each) for each in checked.violations] == violations


@pytest.mark.parametrize(
    "schema",
    [
        {"$schema": "http://json-schema.org/draft-07/schema#", "items": [{"type": "integer"}]},
        {"$ref": "#/$defs/a~1b", "$defs": {"a/b": {"type": "array"}}},
        {"$ref": "#/$defs/a%20%C3%BC", "$defs": {"a ü": {"type": "array"}}},
        {"$ref": "#/$defs/a%2520b", "$defs": {"a%20b": {"type": "array"}}},
        {"$ref": "#/$defs/a%", "$defs": {"a%": {"type": "array"}}},
        {"properties": {"$ref": {"type": "string"}}},
        {"enum": [{"$ref": "https://x.test"}, [1]]},
        {"items": {"$ref": "#x"}, "$defs": {"a": {"$anchor": "x", "type": "integer"}}},
        {"items": {"anyOf": [{"$ref": "#"}, {"type": "integer"}]}, "type": "array"},
        {},
    ],
    ids=[
        "an older draft",
        "an escaped pointer",
        "a pointer as addresses are written",
        "a pointer to a name with an escape",
        "a percent sign alone",
        "a property so called",
        "data so called",
        "an anchor",
        "itself in an item",
        "all",
    ],
)
def test_a_schema_that_works_is_taken(schema: JsonObject):
    """References inside, older drafts, and names that only look like keywords."""
    assert schema_target(schema, name="answer").decoder.check([1]) == Valid([1])
