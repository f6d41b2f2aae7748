"""Every keyword of JSON Schema under every dialect: enforced, described or refused, and raised."""

from __future__ import annotations

import json
from time import process_time
from typing import Any

import pytest
from core.schema.test_lowering import meta

from deterministic_llm import SchemaError
from deterministic_llm._core.schema.lowering.dialects import DIALECTS
from deterministic_llm._core.schema.lowering.lowering import lower

ALL = frozenset(DIALECTS)
OPENAI = frozenset({"openai", "groq"})
GUIDED = OPENAI | {"deepseek", "llguidance"}
ENGINES = frozenset({"llama.cpp", "ollama", "llguidance", "xgrammar", "outlines-core"})
GBNF = frozenset({"llama.cpp", "ollama"})
CLAUDE = frozenset({"anthropic", "bedrock"})
FULL = frozenset({"llguidance", "xgrammar"})
NUMBERS = GUIDED | {"gemini", "xai", "xgrammar"}
COUNTED = OPENAI | {"gemini", "xai"} | ENGINES
KEPT = frozenset({"gemini", "xai"}) | ENGINES
"""Dialects with maps and tuples of their own."""

ROWS: list[tuple[str, Any, Any, frozenset[str]]] = [
    ("minimum", {"type": "number", "minimum": 0}, 1.5, NUMBERS),
    ("maximum", {"type": "number", "maximum": 9}, 1.5, NUMBERS),
    ("exclusiveMinimum", {"type": "number", "exclusiveMinimum": 0}, 1.5, NUMBERS - {"gemini"}),
    ("exclusiveMaximum", {"type": "number", "exclusiveMaximum": 9}, 1.5, NUMBERS - {"gemini"}),
    ("minimum", {"type": "integer", "exclusiveMinimum": 0}, 1, NUMBERS | GBNF),
    ("maximum", {"type": "integer", "exclusiveMaximum": 9}, 1, NUMBERS | GBNF),
    ("multipleOf", {"type": "number", "multipleOf": 0.5}, 1.5, GUIDED),
    ("minLength", {"type": "string", "minLength": 1}, "a", {"openai", "bedrock", "xai"} | ENGINES),
    ("maxLength", {"type": "string", "maxLength": 9}, "a", {"openai", "bedrock", "xai"} | ENGINES),
    ("maxLength", {"type": "string", "maxLength": 9999}, "a", {"openai", "bedrock"} | ENGINES),
    (
        "maxLength",
        {"type": "string", "pattern": "^a+$", "maxLength": 9},
        "a",
        {"openai", "bedrock", "xai", "llguidance", "outlines-core"},
    ),
    (
        "pattern",
        {"type": "string", "pattern": "^[a-z]+$"},
        "a",
        GUIDED | CLAUDE | ENGINES | {"xai", "cohere"},
    ),
    (
        "pattern",
        {"type": "string", "pattern": r"\d"},
        "a1b",
        GUIDED | CLAUDE | ENGINES | {"xai"},
    ),
    ("pattern", {"type": "string", "pattern": "(?=a)"}, "a", frozenset()),
    ("pattern", {"type": "string", "pattern": r"\bx"}, "x", frozenset()),
    (
        "format",
        {"type": "string", "format": "date"},
        "2026-03-09",
        ALL - {"azure", "mistral", "together", "fireworks", "deepseek"},
    ),
    (
        "format",
        {"type": "string", "format": "ipv4"},
        "192.0.2.1",
        GUIDED | CLAUDE | {"xai", "xgrammar"},
    ),
    ("format", {"type": "string", "format": "iban"}, "x", frozenset()),
    (
        "minItems",
        {"type": "array", "items": {"type": "string"}, "minItems": 1},
        ["a"],
        OPENAI | CLAUDE | KEPT,
    ),
    (
        "minItems",
        {"type": "array", "items": {"type": "string"}, "minItems": 2},
        ["a", "b"],
        OPENAI | KEPT,
    ),
    (
        "maxItems",
        {"type": "array", "items": {"type": "string"}, "maxItems": 2},
        ["a"],
        OPENAI | KEPT,
    ),
    (
        "uniqueItems",
        {"type": "array", "items": {"type": "string"}, "uniqueItems": True},
        ["a"],
        frozenset(),
    ),
    (
        "contains",
        {"type": "array", "items": {"type": "string"}, "contains": {"const": "a"}},
        ["a"],
        frozenset(),
    ),
    (
        "minProperties",
        {"type": "object", "additionalProperties": {"type": "string"}, "minProperties": 1},
        {"a": "b"},
        FULL | OPENAI | CLAUDE | {"xai", "outlines-core"},
    ),
    (
        "maxProperties",
        {"type": "object", "additionalProperties": {"type": "string"}, "maxProperties": 1},
        {"a": "b"},
        FULL | OPENAI | {"xai"},
    ),
    (
        "propertyNames",
        {
            "type": "object",
            "additionalProperties": {"type": "string"},
            "propertyNames": {"pattern": "(?=a)"},
        },
        {"a": "b"},
        frozenset(),
    ),
    ("not", {"type": "string", "not": {"const": "b"}}, "a", frozenset()),
    (
        "if",
        {"type": "string", "if": {"minLength": 3}, "then": {"pattern": "^a"}},
        "a",
        frozenset(),
    ),
    (
        "dependentRequired",
        {
            "type": "object",
            "properties": {"a": {"type": "string"}},
            "required": ["a"],
            "additionalProperties": False,
            "dependentRequired": {"a": ["a"]},
        },
        {"a": "b"},
        frozenset(),
    ),
    (
        "oneOf",
        {"oneOf": [{"type": "number", "multipleOf": 2}, {"type": "number", "multipleOf": 3}]},
        2,
        frozenset(),
    ),
    ("oneOf", {"oneOf": [{"type": "string"}, {"type": "integer"}]}, "a", ALL - {"cohere"}),
    ("anyOf", {"anyOf": [{"type": "string"}, {"type": "null"}]}, None, ALL - {"cohere"}),
    ("type", {"type": ["string", "null"]}, None, ALL - {"cohere"}),
    ("type", {}, {"a": [1]}, ENGINES),
    ("enum", {"enum": ["A", "b"]}, "A", ALL),
    ("enum", {"type": "boolean", "enum": [True]}, True, ALL - {"gemini"}),
    ("enum", {"enum": ["A", 1, None]}, None, ALL - {"cohere", "deepseek"}),
    ("enum", {"enum": [[1], {"a": 1}]}, {"a": 1}, frozenset()),
    ("const", {"const": "A"}, "A", ALL),
    (
        "allOf",
        {
            "allOf": [
                {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]},
                {"properties": {"a": {"enum": ["x", "y"]}}, "unevaluatedProperties": False},
            ]
        },
        {"a": "x"},
        ALL,
    ),
    ("$ref", {"$ref": "#/$defs/S", "$defs": {"S": {"type": "string"}}}, "a", ALL),
    (
        "additionalProperties",
        {
            "type": "object",
            "properties": {"a": {"type": "string"}},
            "required": ["a"],
            "additionalProperties": {"type": "integer"},
        },
        {"a": "b", "c": 1},
        ALL,
    ),
    (
        "patternProperties",
        {
            "type": "object",
            "patternProperties": {"^x": {"type": "integer"}},
            "additionalProperties": False,
        },
        {"xy": 1},
        GUIDED | CLAUDE,
    ),
    (
        "patternProperties",
        {
            "type": "object",
            "patternProperties": {"(?=x)": {"type": "integer"}},
            "additionalProperties": False,
        },
        {"xy": 1},
        frozenset(),
    ),
    (
        "patternProperties",
        {
            "type": "object",
            "properties": {"a": {"type": "integer"}},
            "patternProperties": {"^x": {"type": "string"}},
            "additionalProperties": False,
        },
        {"a": 1, "xy": "b"},
        (GUIDED | CLAUDE) - {"llguidance"},
    ),
    (
        "patternProperties",
        {
            "type": "object",
            "patternProperties": {"^x": {"type": "integer"}},
            "additionalProperties": {"type": "string"},
        },
        {"xy": 1, "b": "c"},
        frozenset(),
    ),
    (
        "properties",
        {
            "type": "object",
            "properties": {"a": False},
            "additionalProperties": {"type": "integer"},
        },
        {"b": 1},
        frozenset(),
    ),
    ("prefixItems", {"type": "array", "prefixItems": [False]}, [], COUNTED),
    (
        "prefixItems",
        {"type": "array", "prefixItems": [{"type": "string"}], "minItems": 3},
        ["a", 1, "b"],
        ENGINES,
    ),
    (
        "prefixItems",
        {
            "type": "array",
            "prefixItems": [{"type": "string"}],
            "items": {"type": "integer"},
            "minItems": 3,
            "maxItems": 4,
        },
        ["a", 1, 2],
        COUNTED,
    ),
    (
        "prefixItems",
        {
            "type": "array",
            "prefixItems": [{"type": "string"}, {"type": "integer"}],
            "items": False,
            "minItems": 2,
            "maxItems": 2,
        },
        ["a", 1],
        ALL,
    ),
    (
        "description",
        {"$ref": "#/$defs/S", "description": "", "$defs": {"S": {"type": "string"}}},
        "a",
        ALL,
    ),
    ("title", {"type": "string", "title": "T", "default": "x", "examples": ["y"]}, "a", ALL),
]


def _named() -> list[Any]:
    return [
        pytest.param(*row[1:], name, id=f"{row[0]} {place} {name}")
        for place, row in enumerate(ROWS)
        for name in DIALECTS
    ]


@pytest.mark.parametrize(("schema", "instance", "enforced", "name"), _named())
def test_a_keyword_is_enforced_or_said(
    schema: Any, instance: Any, enforced: frozenset[str], name: str
):
    """In one of two ways, never silently; and the instance comes back."""
    lowered = lower(schema, DIALECTS[name])
    lost = {loss.keyword for loss in lowered.losses if loss.kind in {"described", "text"}}
    text = json.dumps(lowered.schema)
    assert (not lost, bool(lost) <= ("description" in text)) == (name in enforced, True), text
    assert not list(meta(name).iter_errors(lowered.schema))
    assert lowered.raise_back(lowered.push_down(instance)) == instance


REFUSED = [
    pytest.param({"$ref": "https://x.test/s.json"}, "nothing is fetched", id="outside"),
    pytest.param({"$ref": "#/$defs/none"}, "which is not there", id="nowhere"),
    pytest.param({"allOf": [{"$ref": "#"}]}, "leads back to itself", id="itself"),
    pytest.param(False, "no value can fit", id="nothing"),
    pytest.param(
        {"allOf": [{"type": "string"}, {"type": "integer"}]}, "no value can fit", id="two types"
    ),
    pytest.param(
        {"type": "number", "exclusiveMinimum": 5, "maximum": 5}, "no value can fit", id="no number"
    ),
    pytest.param({"enum": ["a"], "minLength": 2}, "no value can fit", id="no label is left"),
    pytest.param(
        {
            "type": "object",
            "properties": {"a": {"type": "array", "minItems": 3, "maxItems": 2}},
            "required": ["a"],
        },
        "no value can fit",
        id="a list of no length",
    ),
]


@pytest.mark.parametrize("name", DIALECTS)
@pytest.mark.parametrize(("schema", "why"), REFUSED)
def test_what_no_answer_could_fit_is_refused(schema: Any, why: str, name: str):
    """Before any call, and with a fix."""
    root = schema if isinstance(schema, dict) else {"type": "object", "allOf": [schema]}
    with pytest.raises(SchemaError) as caught:
        lower(root, DIALECTS[name])
    assert why in str(caught.value)


@pytest.mark.parametrize("name", DIALECTS)
def test_members_of_two_alternatives_at_once_are_a_recorded_loss(name: str):
    option = {"properties": {"a": {"type": "integer"}}}
    other = {"properties": {"b": {"type": "integer"}}}
    schema = {"type": "object", "unevaluatedProperties": False, "anyOf": [option, other]}
    lost = {(loss.keyword, loss.kind) for loss in lower(schema, DIALECTS[name]).losses}
    assert ("unevaluatedProperties", "closed") in lost


def test_a_thousand_alternatives_with_a_label_are_told_apart_at_once():
    options = [
        {"type": "object", "properties": {"kind": {"const": f"k{each}"}}, "required": ["kind"]}
        for each in range(1_000)
    ]
    begin = process_time()
    lowered = lower({"oneOf": options}, DIALECTS["llguidance"])
    assert process_time() - begin < 3  # it takes a quarter of a second
    assert {loss.keyword for loss in lowered.losses} == {"additionalProperties"}
