"""Older editions in new words, and several schemas as one."""

from __future__ import annotations

from typing import Any

import pytest

from deterministic_llm._core.schema.lowering.editions import modern
from deterministic_llm._core.schema.lowering.intersections import (
    RESIDUE,
    EmptyIntersection,
    intersection,
)

OLD = "http://json-schema.org/draft-07/schema#"
EDITIONS: list[tuple[str, Any, Any]] = [
    ("a tuple", {"items": [{"type": "null"}]}, {"prefixItems": [{"type": "null"}]}),
    (
        "a tuple with more",
        {"items": [True], "additionalItems": {"type": "null"}},
        {"prefixItems": [True], "items": {"type": "null"}},
    ),
    ("an exclusive bound", {"minimum": 0, "exclusiveMinimum": True}, {"exclusiveMinimum": 0}),
    ("an inclusive bound", {"maximum": 0, "exclusiveMaximum": False}, {"maximum": 0}),
    ("a new bound", {"exclusiveMaximum": 3}, {"exclusiveMaximum": 3}),
    ("names that depend", {"dependencies": {"a": ["b"]}}, {"dependentRequired": {"a": ["b"]}}),
    ("schemas that depend", {"dependencies": {"a": {}}}, {"dependentSchemas": {"a": {}}}),
    ("a count with a point", {"maxItems": 2.0, "minLength": 1}, {"maxItems": 2, "minLength": 1}),
    ("a recursive reference", {"$recursiveRef": "#"}, {"$ref": "#"}),
    ("required in place", {"properties": {"a": {"required": True}}}, {"properties": {"a": {}}}),
    (
        "beside a reference in an old edition",
        {"$schema": OLD, "allOf": [{"$ref": "#/a", "type": "null", "description": "d"}]},
        {"$schema": OLD, "allOf": [{"$ref": "#/a", "description": "d"}]},
    ),
    (
        "beside a reference in a new edition",
        {"allOf": [{"$ref": "#/a", "type": "null"}]},
        {"allOf": [{"$ref": "#/a", "type": "null"}]},
    ),
]


@pytest.mark.parametrize(
    ("old", "new"), [row[1:] for row in EDITIONS], ids=[row[0] for row in EDITIONS]
)
def test_an_older_edition_is_said_in_new_words(old: Any, new: Any):
    """The newest ones stay as they are."""
    assert modern(old) == new


A: Any = {"type": "string"}
B: Any = {"minLength": 2}
BOTH: list[tuple[str, list[Any], Any]] = [
    ("nothing", [{}, True], {}),
    ("types", [{"type": ["string", "null"]}, A], {"type": "string"}),
    ("whole numbers", [{"type": "number"}, {"type": ["integer", "null"]}], {"type": "integer"}),
    (
        "bounds",
        [
            {"minimum": 1, "maximum": 9, "multipleOf": 2},
            {"minimum": 0, "maximum": 5, "multipleOf": 3},
        ],
        {"minimum": 1, "maximum": 5, "multipleOf": 6},
    ),
    ("broken steps", [{"multipleOf": 0.5}, {"multipleOf": 2}], {"multipleOf": 2}),
    ("labels", [{"enum": ["a", 1, True]}, {"enum": [1, "b"]}], {"enum": [1]}),
    ("the same constant", [{"const": 1}, {"const": 1}], {"const": 1}),
    ("required", [{"required": ["a"]}, {"required": ["b", "a"]}], {"required": ["a", "b"]}),
    ("words", [{"description": ""}, {"description": "d"}], {"description": "d"}),
    (
        "a member in both",
        [{"properties": {"a": A}}, {"properties": {"a": B}}],
        {"properties": {"a": {"allOf": [A, B]}}},
    ),
    (
        "a member that the other closes",
        [{"properties": {"a": A}}, {"properties": {"b": A}, "additionalProperties": False}],
        {"properties": {"a": False, "b": A}, "additionalProperties": False},
    ),
    (
        "a member that the other has a rule for",
        [{"properties": {"x1": A}}, {"patternProperties": {"^x": B, "(": B}}],
        {"properties": {"x1": {"allOf": [A, B]}}, "patternProperties": {"^x": B, "(": B}},
    ),
    (
        "keys of two patterns",
        [{"patternProperties": {"x": A}}, {"patternProperties": {"x": B, "y": A}}],
        {"patternProperties": {"x": {"allOf": [A, B]}, "y": A}},
    ),
    (
        "places of a row",
        [{"prefixItems": [A, A]}, {"prefixItems": [B], "items": False}],
        {"prefixItems": [{"allOf": [A, B]}, False], "items": False},
    ),
    (
        "two unions",
        [{"anyOf": [A]}, {"anyOf": [B, {"type": "null"}]}],
        {"anyOf": [{"allOf": [A, B]}, {"allOf": [A, {"type": "null"}]}]},
    ),
    (
        "two large unions",
        [{"anyOf": [A] * 4}, {"anyOf": [B] * 4}],
        {"anyOf": [A] * 4, RESIDUE: [{"anyOf": [B] * 4}]},
    ),
    (
        "two patterns",
        [{"pattern": "a"}, {"pattern": "b"}, {"pattern": "c"}],
        {"pattern": "a", RESIDUE: [{"pattern": "b"}, {"pattern": "c"}]},
    ),
    (
        "two conditions",
        [{"if": A, "then": B}, {"if": B, "else": A}],
        {"if": A, "then": B, RESIDUE: [{"if": B, "else": A}]},
    ),
]


@pytest.mark.parametrize(
    ("parts", "whole"), [row[1:] for row in BOTH], ids=[row[0] for row in BOTH]
)
def test_several_schemas_are_one(parts: list[Any], whole: Any):
    """What has no place in it stands beside it."""
    assert intersection(parts) == whole


@pytest.mark.parametrize(
    "parts",
    [
        [{"type": "string"}, {"type": "null"}],
        [{"enum": [1]}, {"enum": [True]}],
        [{"const": 1}, {"const": 2}],
        [{}, False],
    ],
    ids=["types", "labels", "constants", "nothing"],
)
def test_schemas_that_contradict_each_other_are_none(parts: list[Any]):
    """No value fits."""
    with pytest.raises(EmptyIntersection):
        intersection(parts)
