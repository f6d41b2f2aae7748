"""What is wrong with a schema, and what changed between two of them."""

from __future__ import annotations

from typing import Any

import pytest

from deterministic_llm import SchemaError
from deterministic_llm._core.schema.changes import changes_between
from deterministic_llm._core.schema.lint import backends, lint

TEXT: Any = {"type": "string"}
FOUND: list[tuple[str, Any, list[str]]] = [
    ("nothing", {"type": "object", "properties": {"a": TEXT}, "required": ["a"]}, []),
    (
        "a required name that nothing describes",
        {"type": "object", "properties": {"a": TEXT}, "required": ["b"]},
        ['warning # required: "b" is required and not in properties'],
    ),
    (
        "a required name that is refused",
        {"properties": {"a": TEXT}, "required": ["b"], "additionalProperties": False},
        ['error # required: "b" is required and not in properties'],
    ),
    (
        "bounds that cross",
        {"items": {"type": "number", "minimum": 3, "maximum": 2}},
        ["error #/items bounds: minimum 3 leaves nothing below maximum 2"],
    ),
    (
        "bounds that touch",
        {"type": "number", "minimum": 2, "exclusiveMaximum": 2},
        ["error # bounds: minimum 2 leaves nothing below exclusiveMaximum 2"],
    ),
    ("bounds that meet", {"type": "number", "minimum": 2, "maximum": 2}, []),
    (
        "a label of another type",
        {"type": "string", "enum": ["a", 1]},
        ["warning # enum: 1 in enum is not valid for the rest of this schema"],
    ),
    (
        "labels of another type",
        {"type": "string", "enum": [1]},
        ["error # enum: 1 in enum is not valid for the rest of this schema"],
    ),
    (
        "a default of another type",
        {"properties": {"a": {**TEXT, "default": 1}}},
        ["warning #/properties/a default: the default 1 is not valid for its own schema"],
    ),
    (
        "a default behind a reference",
        {"properties": {"a": {"$ref": "#/$defs/T", "default": "x"}}, "$defs": {"T": TEXT}},
        [],
    ),
    (
        "alternatives that look alike",
        {"oneOf": [{"type": "object"}, {"type": "object", "properties": {"a": TEXT}}]},
        ["warning # ambiguous: a value may be valid for two alternatives of oneOf"],
    ),
    ("alternatives by type", {"anyOf": [TEXT, {"type": "null"}]}, []),
    ("alternatives by value", {"oneOf": [{"const": 1}, {"enum": [2, 3]}]}, []),
    (
        "alternatives by label",
        {
            "oneOf": [
                {"type": "object", "properties": {"k": {"const": label}}, "required": ["k"]}
                for label in ("a", "b")
            ]
        },
        [],
    ),
    (
        "a contradiction of parts",
        {"type": "object", "allOf": [{"type": "array"}]},
        ["error # unsatisfiable: $: no value can fit this schema"],
    ),
]


@pytest.mark.parametrize(
    ("schema", "said"), [row[1:] for row in FOUND], ids=[row[0] for row in FOUND]
)
def test_what_is_wrong_is_found(schema: Any, said: list[str]):
    """With its place and its rule; what only looks so is not."""
    found = [f"{each.level} {each.pointer} {each.rule}: {each.message}" for each in lint(schema)]
    assert found == said


def test_a_backend_says_what_it_does_not_hold_to():
    """Or why it cannot be given the schema at all."""
    taken = {each.dialect: each for each in backends({"type": "string", "minLength": 2})}
    assert [loss.keyword for loss in taken["gemini"].losses] == ["minLength"]
    assert taken["openai"].losses == ()
    refused = {each.refused for each in backends({"enum": []})}
    assert refused == {"$: no value can fit this schema (correct its contradictions)"}


def members(**properties: Any) -> Any:
    return {"type": "object", "properties": properties}


CHANGES: list[tuple[str, Any, Any, list[str]]] = [
    ("nothing", members(a=TEXT), members(a={**TEXT, "title": "A", "description": "d"}), []),
    ("a new member", members(), members(a=TEXT), ["$.a added"]),
    (
        "a new member of a closed object",
        {**members(), "additionalProperties": False},
        {**members(a=TEXT), "additionalProperties": False},
        ["$.a added: readers"],
    ),
    (
        "a new required member",
        members(),
        {**members(a=TEXT), "required": ["a"]},
        ["$.a added, required: writers"],
    ),
    ("a member less", members(a=TEXT), members(), ["$.a removed"]),
    (
        "a required member less",
        {**members(a=TEXT), "required": ["a"]},
        {**members(), "additionalProperties": False},
        ["$.a removed, was required: writers, readers", "$ other members are refused: writers"],
    ),
    (
        "a member that became required",
        members(a=TEXT),
        {**members(a=TEXT), "required": ["a"]},
        ["$.a became required: writers"],
    ),
    (
        "a member that is no longer required",
        {**members(a=TEXT), "required": ["a"]},
        members(a=TEXT),
        ["$.a is no longer required: readers"],
    ),
    (
        "a wider type",
        members(a={"type": "integer"}),
        members(a={"type": "number"}),
        ["$.a type integer became number: readers"],
    ),
    (
        "a narrower type",
        members(a={"type": ["string", "null"]}),
        members(a=TEXT),
        ["$.a type string or null became string: writers"],
    ),
    (
        "another type",
        members(a=TEXT),
        members(a={"type": "null"}),
        ["$.a type string became null: writers, readers"],
    ),
    ("any type", members(a=TEXT), members(a={}), ["$.a type string became any: readers"]),
    ("a type at last", members(a={}), members(a=TEXT), ["$.a type any became string: writers"]),
    (
        "labels",
        {"enum": ["a", "b"]},
        {"enum": ["b", "c"]},
        ['$ values removed: "a": writers', '$ values added: "c": readers'],
    ),
    ("labels at last", TEXT, {**TEXT, "enum": ["a"]}, ['$ held to "a": writers']),
    ("no labels", {"const": "a"}, {}, ['$ no longer held to "a": readers']),
    (
        "bounds",
        {"minimum": 1, "maximum": 5},
        {"minimum": 2, "maximum": 6},
        ["$ minimum 1 became 2: writers", "$ maximum 5 became 6: readers"],
    ),
    (
        "a bound more and a bound less",
        {"minLength": 1},
        {"maxLength": 5},
        ["$ minLength 1 was removed: readers", "$ maxLength 5 was added: writers"],
    ),
    (
        "patterns",
        {"pattern": "a", "format": "date"},
        {"pattern": "b", "uniqueItems": True},
        [
            '$ pattern "a" became "b": writers, readers',
            '$ format "date" was removed: readers',
            "$ uniqueItems true was added: writers",
        ],
    ),
    ("a condition", {}, {"not": TEXT}, ["$ not changed: writers, readers"]),
    (
        "other members",
        {"additionalProperties": False},
        {"additionalProperties": TEXT},
        ["$ other members are admitted: readers"],
    ),
    (
        "values of a map",
        {"additionalProperties": TEXT},
        {"additionalProperties": {**TEXT, "minLength": 1}},
        ['$["*"] minLength 1 was added: writers'],
    ),
    (
        "items",
        {"items": TEXT, "prefixItems": [TEXT]},
        {"items": {}, "prefixItems": [{"type": "null"}]},
        [
            "$[0] type string became null: writers, readers",
            '$["*"] type string became any: readers',
        ],
    ),
    (
        "alternatives",
        {"anyOf": [TEXT, {"type": "null"}]},
        {"anyOf": [TEXT, {"type": "integer"}]},
        ["$ alternatives removed: 1: writers", "$ alternatives added: 1: readers"],
    ),
    ("alternatives at last", {}, {"anyOf": [TEXT]}, ["$ alternatives are asked for: writers"]),
    ("no alternatives", {"oneOf": [TEXT]}, {}, ["$ no alternatives are asked for: readers"]),
    (
        "behind a reference",
        {"$ref": "#/$defs/A", "$defs": {"A": {"type": "array", "items": {"$ref": "#"}}}},
        {"$ref": "#/$defs/B", "$defs": {"B": {"type": "array", "items": {"$ref": "#"}}}},
        [],
    ),
    (
        "nothing fits",
        {"items": TEXT},
        {"items": {"allOf": [TEXT, {"type": "null"}]}},
        ['$["*"] nothing fits it now: writers'],
    ),
    (
        "something fits",
        {"items": False},
        {"items": TEXT},
        ['$["*"] something fits it now: readers'],
    ),
]


@pytest.mark.parametrize(
    ("old", "new", "said"), [row[1:] for row in CHANGES], ids=[row[0] for row in CHANGES]
)
def test_a_change_breaks_whom_it_breaks(old: Any, new: Any, said: list[str]):
    """Writers where something is refused anew, readers where something is admitted anew."""
    found = [
        f"{each.path} {each.what}" + (f": {', '.join(each.breaks)}" if each.breaks else "")
        for each in changes_between(old, new)
    ]
    assert found == said


def test_a_reference_to_nowhere_is_refused():
    """By whatever looks at the schema."""
    with pytest.raises(SchemaError):
        changes_between({"$ref": "#/$defs/none"}, {})
