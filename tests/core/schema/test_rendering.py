"""What a schema looks like in a prompt: one line a member, no constraint lost."""

from __future__ import annotations

import json
from collections.abc import Iterator
from inspect import cleandoc
from typing import cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deterministic_llm._core.exchange import JsonObject, JsonValue
from deterministic_llm._core.schema.naming import named
from deterministic_llm._core.schema.rendering import render
from deterministic_llm._core.schema.walking import subschemas

ESSAY: JsonObject = {
    "type": "object",
    "description": "Grade for one essay.",
    "properties": {
        "score": {
            "type": "integer",
            "minimum": 0,
            "maximum": 10,
            "description": "overall score, 0 (bad) to 10 (good)",
        },
        "rubric": {
            "type": "array",
            "items": {"$ref": "#/$defs/Criterion"},
            "minItems": 5,
            "maxItems": 5,
        },
        "feedback": {"type": "string"},
    },
    "required": ["score", "rubric", "feedback"],
    "$defs": {
        "Criterion": {
            "type": "object",
            "properties": {"name": {"type": "string"}, "points": {"type": "integer"}},
            "required": ["name", "points"],
        },
    },
}
NODE: JsonObject = {
    "type": "object",
    "properties": {
        "value": {"type": "integer"},
        "children": {"type": "array", "items": {"$ref": "#/$defs/Node"}},
    },
    "required": ["value", "children"],
}
ADDRESS: JsonObject = {
    "type": "object",
    "description": "where mail goes",
    "properties": {"street": {"type": "string"}},
    "required": ["street"],
}
SEARCH: JsonObject = {
    "type": "object",
    "properties": {
        "kind": {"const": "search"},
        "query": {"type": "string", "minLength": 1, "maxLength": 200},
    },
    "required": ["kind", "query"],
}
WAIT: JsonObject = {
    "type": "object",
    "properties": {"kind": {"const": "wait"}, "seconds": {"type": "number"}},
    "required": ["kind", "seconds"],
}


@pytest.mark.parametrize(
    ("schema", "notation"),
    [
        pytest.param({}, "any", id="a schema that says nothing takes anything"),
        pytest.param({"type": "string"}, "string", id="a word"),
        pytest.param({"type": "integer", "minimum": 0, "maximum": 10}, "int 0..10", id="a range"),
        pytest.param({"type": "number", "minimum": 0.5}, "number >=0.5", id="a lower bound"),
        pytest.param({"type": "number", "maximum": 1}, "number <=1", id="an upper bound"),
        pytest.param(
            {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1},
            "number >0 <1",
            id="bounds that are left out themselves",
        ),
        pytest.param(
            {"type": "integer", "multipleOf": 5}, "int // a multiple of 5", id="a multiple"
        ),
        pytest.param({"minimum": 3}, "any // minimum=3", id="a bound without a type is a comment"),
        pytest.param(
            {"type": "integer", "minimum": 0, "exclusiveMinimum": True},
            "int >=0 // exclusiveMinimum=true",
            id="draft 4 says by a flag that the bound itself is left out",
        ),
        pytest.param(
            {"type": "string", "minLength": 1, "maxLength": 20, "pattern": "^[a-z]+$"},
            "string // 1 to 20 characters; matches ^[a-z]+$",
            id="a length and a pattern",
        ),
        pytest.param(
            {"type": "string", "format": "date"},
            "string // a date (YYYY-MM-DD)",
            id="a format that has words",
        ),
        pytest.param(
            {"type": "string", "format": "ipv4"}, "string // format=ipv4", id="any other format"
        ),
        pytest.param(
            {"type": "string", "enum": ["low", "high"]}, '"low" | "high"', id="a closed list"
        ),
        pytest.param({"const": 3}, "3", id="a constant"),
        pytest.param(
            {"type": "string", "enum": ["low", None]},
            '("low" | null) & string',
            id="a type that narrows a closed list",
        ),
        pytest.param(
            {"type": ["integer", "array", "object"], "enum": [1, [2], {"a": 3.5}]},
            '1 | [2] | {"a": 3.5}',
            id="constants of any kind",
        ),
        pytest.param(
            {"type": "integer", "enum": [1, 5], "minimum": 2},
            "(1 | 5) & int >=2",
            id="a closed list with a bound keeps both",
        ),
        pytest.param({"type": "string", "enum": "x"}, "string", id="an enum that is no list"),
        pytest.param({"enum": []}, "never", id="a closed list of nothing"),
        pytest.param(
            {"anyOf": [{"type": "string", "maxLength": 9}, {"type": "null"}]},
            "string | null // at most 9 characters",
            id="what may be null keeps its bounds",
        ),
        pytest.param({"type": ["string", "null"]}, "string | null", id="a list of types"),
        pytest.param(
            {"oneOf": [{"type": "string", "pattern": "^a"}, {"type": "integer"}]},
            "string /* matches ^a */ | int",
            id="a bound of one member of a union stands beside that member",
        ),
        pytest.param(
            {"allOf": [{"type": "string"}, {"pattern": "^a"}]},
            "string // matches ^a",
            id="what must hold at once is one type where it can be",
        ),
        pytest.param(
            {"type": "array", "items": {"type": "string", "maxLength": 5}, "uniqueItems": True},
            "string[] // no duplicates; each: at most 5 characters",
            id="a list, with the bounds of each item",
        ),
        pytest.param(
            {"type": "array", "items": {"type": ["integer", "null"]}, "minItems": 1},
            "(int | null)[] // at least 1 item",
            id="a list of a union",
        ),
        pytest.param(
            {
                "type": "array",
                "prefixItems": [{"type": "integer"}, {}],
                "minItems": 2,
                "maxItems": 2,
            },
            "[int, any]",
            id="a row of fixed length",
        ),
        pytest.param(
            {"type": "array", "prefixItems": [{"type": "integer"}], "items": {"type": "string"}},
            "[int?, ...string[]]",
            id="a row that may end early or go on",
        ),
        pytest.param(
            {"type": "array", "items": [{"type": "integer"}], "additionalItems": False},
            "[int?]",
            id="a row as older drafts write it",
        ),
        pytest.param(
            {"type": "object", "additionalProperties": {"type": "integer"}},
            "{[key: string]: int}",
            id="a map",
        ),
        pytest.param({"type": "object"}, "{[key: string]: any}", id="an object of anything"),
        pytest.param(
            {"patternProperties": {"^x-": {"type": "string"}}, "additionalProperties": False},
            "{[key: /^x-/]: string} // no other keys",
            id="keys of a form, and no others",
        ),
        pytest.param(
            {"properties": {"a b": {"type": "null"}}, "required": ["c"]},
            '{"a b"?: null, c: any}',
            id="optional keys, odd keys, and keys of which only the name is known",
        ),
        pytest.param(
            {"type": "object", "maxProperties": 3, "propertyNames": {"maxLength": 2}},
            '{[key: string]: any} // at most 3 members; propertyNames={"maxLength": 2}',
            id="what has no short form is quoted",
        ),
        pytest.param(
            {"type": "string", "default": "x", "title": "Name", "$comment": "draft"},
            'string // default "x"',
            id="a default is told, titles and comments for authors are not",
        ),
        pytest.param(
            {"type": ["array", "null"], "uniqueItems": False, "default": None},
            "any[] | null",
            id="what changes nothing is not told",
        ),
        pytest.param(
            {"type": "string", "description": "First line.\nSecond line."},
            "// First line.\n// Second line.\nstring",
            id="a long description stands above",
        ),
    ],
)
def test_a_schema_is_written_as_types(schema: JsonObject, notation: str) -> None:
    assert render(schema) == notation


def test_an_object_has_a_line_for_each_member_and_keeps_short_objects_on_one() -> None:
    assert render(ESSAY) == cleandoc("""
        // Grade for one essay.
        {
         score: int 0..10, // overall score, 0 (bad) to 10 (good)
         rubric: {name: string, points: int}[], // 5 items
         feedback: string
        }
    """)


def test_a_type_that_contains_itself_is_named() -> None:
    schema: JsonObject = {"$ref": "#/$defs/Node", "$defs": {"Node": NODE}}
    assert render(schema) == cleandoc("""
        Node
        type Node = {value: int, children: Node[]}
    """)


def test_a_whole_that_contains_itself_is_named() -> None:
    schema: JsonObject = {"type": "array", "items": {"$ref": "#"}}
    assert render(schema) == cleandoc("""
        Answer
        type Answer = Answer[]
    """)


def test_a_type_that_is_used_twice_is_written_once() -> None:
    use: JsonObject = {"$ref": "#/$defs/address"}
    schema: JsonObject = {
        "type": "object",
        "properties": {"home": {**use, "description": "since May"}, "work": use},
        "required": ["home"],
        "$defs": {"address": ADDRESS},
    }
    assert render(schema) == cleandoc("""
        {
         home: Address, // since May
         work?: Address
        }
        type Address = {street: string} // where mail goes
    """)


def test_two_types_of_one_name_are_told_apart() -> None:
    schema: JsonObject = {
        "type": "array",
        "prefixItems": [
            {"$ref": "#/$defs/item"},
            {"$ref": "#/definitions/Item"},
            {"$ref": "#/$defs/item"},
            {"$ref": "#/definitions/Item"},
        ],
        "items": False,
        "minItems": 4,
        "$defs": {"item": {"type": "string", "pattern": "^a"}},
        "definitions": {"Item": {"type": "integer"}},
    }
    assert render(schema) == cleandoc("""
        [Item, Item2, Item, Item2] // at least 4 items
        type Item = string // matches ^a
        type Item2 = int
    """)


def test_a_union_of_objects_shows_what_tells_them_apart() -> None:
    schema: JsonObject = {
        "type": "array",
        "items": {
            "oneOf": [{"$ref": "#/$defs/Search"}, {**WAIT, "description": "do nothing"}],
            "discriminator": {"propertyName": "kind"},
        },
        "$defs": {"Search": SEARCH},
    }
    assert render(schema) == cleandoc("""
        // each: told apart by kind
        ({
         kind: "search",
         query: string // 1 to 200 characters
        } | {kind: "wait", seconds: number} /* do nothing */)[]
    """)


def test_a_note_on_a_union_member_of_several_lines_follows_its_first() -> None:
    schema: JsonObject = {"anyOf": [{"type": "integer"}, {**SEARCH, "description": "look it up"}]}
    assert render({"anyOf": [schema, {"type": "boolean"}]}) == cleandoc("""
        int | { // look it up
         kind: "search",
         query: string // 1 to 200 characters
        } | boolean
    """)


def test_types_that_must_hold_at_once_are_joined() -> None:
    schema: JsonObject = {
        "type": "object",
        "properties": {"a": {"type": "integer"}},
        "anyOf": [{"required": ["a"]}, {"required": ["b"]}],
    }
    assert render(schema) == "{a?: int} & ({a: any} | {b: any})"


def test_a_condition_is_quoted_and_what_it_refers_to_is_named() -> None:
    schema: JsonObject = {
        "type": "object",
        "not": {"required": ["b"], "properties": {"b": {"$ref": "#/$defs/odd"}}},
        "dependentRequired": {"c": ["d"]},
        "$defs": {"odd": {"type": "integer", "multipleOf": 3}},
    }
    condition = '{"required": ["b"], "properties": {"b": {"$ref": "Odd"}}}'
    assert render(schema).splitlines() == [
        f'{{[key: string]: any}} // not={condition}; dependentRequired={{"c": ["d"]}}',
        "type Odd = int // a multiple of 3",
    ]


def test_what_is_referred_to_within_a_quoted_part_may_be_anything() -> None:
    schema: JsonObject = {"not": {"$ref": "#/$defs/all"}, "$defs": {"all": True}}
    assert render(schema).splitlines() == ['any // not={"$ref": "All"}', "type All = any"]


def test_a_reference_that_leads_nowhere_is_shown_as_it_is() -> None:
    assert render({"$ref": "#/$defs/Lost"}) == 'any // $ref="#/$defs/Lost"'


TEXTS = st.from_regex(r"[a-z]{3,8}( [a-z]{2,6}){0,4}", fullmatch=True)
NUMBERS = st.integers(-1000, 1000)
PATTERNS = st.from_regex(r"\^[a-z]{1,5}\[0-9\]\{[1-9]\}\$", fullmatch=True)
NOTED: dict[str, st.SearchStrategy[JsonObject]] = {
    "string": st.fixed_dictionaries(
        {"type": st.just("string")},
        optional={
            "minLength": st.integers(0, 9),
            "maxLength": st.integers(10, 99),
            "pattern": PATTERNS,
            "format": st.sampled_from(["date", "email", "ipv6"]),
        },
    ),
    "number": st.fixed_dictionaries(
        {"type": st.sampled_from(["integer", "number"])},
        optional={
            "minimum": NUMBERS,
            "maximum": NUMBERS,
            "exclusiveMinimum": NUMBERS,
            "exclusiveMaximum": NUMBERS,
            "multipleOf": st.integers(1, 50),
        },
    ),
    "constant": st.fixed_dictionaries({"enum": st.lists(TEXTS, min_size=1, max_size=3)}),
    "reference": st.just({"$ref": "#/$defs/shared"}),
    "untyped": st.fixed_dictionaries({"minimum": NUMBERS, "pattern": PATTERNS}),
}


def _containers(inner: st.SearchStrategy[JsonObject]) -> st.SearchStrategy[JsonObject]:
    members = st.dictionaries(TEXTS, inner, min_size=1, max_size=3)
    unions = st.lists(inner, min_size=1, max_size=3)
    return st.one_of(
        st.fixed_dictionaries({"type": st.just("array"), "items": inner}),
        st.fixed_dictionaries({"type": st.just("array"), "prefixItems": unions, "items": inner}),
        st.fixed_dictionaries(
            {"type": st.just("object"), "properties": members},
            optional={
                "additionalProperties": st.booleans() | inner,
                "required": st.lists(TEXTS, max_size=2),
                "minProperties": st.integers(0, 9),
                "not": inner,
            },
        ),
        *(st.fixed_dictionaries({keyword: unions}) for keyword in ("anyOf", "oneOf", "allOf")),
    )


def _described(schema: st.SearchStrategy[JsonObject]) -> st.SearchStrategy[JsonObject]:
    described = st.tuples(schema, st.none() | TEXTS)
    return described.map(
        lambda pair: pair[0] if pair[1] is None else {**pair[0], "description": pair[1]}
    )


LEAVES = _described(st.one_of(*NOTED.values()))
NODES = st.recursive(LEAVES, lambda inner: _described(_containers(inner)), max_leaves=6)
SCHEMAS = st.tuples(NODES, NODES).map(lambda pair: {**pair[0], "$defs": {"shared": pair[1]}})
WRITTEN = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "minLength", "maxLength")
WRITTEN += ("multipleOf", "minProperties", "pattern")


def _constraints(schema: JsonObject) -> Iterator[str]:
    """Every text of *schema* that its notation must contain."""
    used = cast("JsonValue", schema if _uses_shared(schema) else {**schema, "$defs": {}})
    for _, node in subschemas(used):
        yield from (str(node[keyword]) for keyword in WRITTEN if keyword in node)
        if isinstance(description := node.get("description"), str):
            yield description
        for option in cast("list[str]", node.get("enum", [])):
            yield json.dumps(option)


def _uses_shared(schema: JsonObject) -> bool:
    outside = {keyword: value for keyword, value in schema.items() if keyword != "$defs"}
    return any("$ref" in node for _, node in subschemas(outside))


@pytest.mark.untraced
@given(SCHEMAS)
@settings(deadline=None)
def test_no_description_bound_or_pattern_is_lost(schema: JsonObject) -> None:
    notation = render(schema)
    assert [text for text in _constraints(schema) if text not in notation] == []


@pytest.mark.untraced
@given(SCHEMAS)
@settings(deadline=None)
def test_every_name_that_a_notation_uses_is_explained_once(schema: JsonObject) -> None:
    lines = render(schema).splitlines()
    assert [line.split()[1] for line in lines if line.startswith("type ")] == [
        *named(schema).values()
    ]
