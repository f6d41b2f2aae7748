"""Schema nodes in words, the same for people and for the model that is asked again."""

from __future__ import annotations

import json

import pytest

from deterministic_llm._core.exchange import JsonObject, JsonValue
from deterministic_llm._core.schema.violations import json_path, member
from deterministic_llm._core.schema.wording import describe, lookup, quote

PHRASES: list[tuple[JsonValue, str]] = [
    ({"type": "integer", "minimum": 0, "maximum": 10}, "an integer from 0 to 10"),
    ({"type": "number", "minimum": 0}, "a number of at least 0"),
    ({"type": "number", "maximum": 1}, "a number of at most 1"),
    ({"type": "number", "exclusiveMinimum": 0}, "a number above 0"),
    ({"type": "number", "exclusiveMaximum": 1}, "a number below 1"),
    ({"type": "integer", "multipleOf": 5}, "an integer, a multiple of 5"),
    ({"type": "string", "maxLength": 5}, "a string of at most 5 characters"),
    ({"type": "string", "minLength": 1, "maxLength": 1}, "a string of 1 character"),
    ({"type": "array", "minItems": 2, "maxItems": 3}, "a list of 2 to 3 items"),
    ({"type": "object", "minProperties": 1}, "an object of at least 1 member"),
    ({"type": "string", "pattern": "^a$"}, "a string matching ^a$"),
    ({"type": "string", "format": "date"}, "a date (YYYY-MM-DD)"),
    ({"type": ["string", "null"]}, "a string or null"),
    ({"anyOf": [{"type": "integer"}, {"type": "boolean"}]}, "an integer or true or false"),
    ({"const": "x"}, '"x"'),
    ({"enum": ["a", "b"]}, '"a" or "b"'),
    ({"enum": ["a", "b", "c"]}, 'one of "a", "b", "c"'),
    ({"enum": [*range(40)]}, f"one of {', '.join(map(str, range(30)))}, …"),
    ({}, "any value"),
    (True, "any value"),
    ({"type": "unheard"}, "unheard"),
    ({"$ref": "#/$defs/N", "$defs": {"N": {"type": "null"}}}, "null"),
    ({"$ref": "#/$defs/missing"}, "any value"),
]


@pytest.mark.parametrize(("node", "phrase"), PHRASES)
def test_a_node_is_a_noun_phrase(node: JsonValue, phrase: str):
    """Bounds, lengths and alternatives are in it."""
    assert describe(node, root=node if isinstance(node, dict) else None) == phrase


def test_a_value_is_quoted_and_clipped():
    """As JSON, on one line, at most 200 characters."""
    assert quote('say "hi"\n') == '"say \\"hi\\"\\n"'
    assert quote("x" * 500) == f'"{"x" * 197}…"'
    assert json.loads(quote('\n"' * 300)).endswith("…")
    assert len(quote("\x00" * 300)) <= 200
    assert len(quote(["x" * 500])) == 200


@pytest.mark.parametrize("mark", ["\x85", "\x9b", "\u2028", "\u2029", "\u202e", "\u2066"])
def test_a_quoted_value_stays_on_its_line_and_in_its_order(mark: str):
    """Whatever ends a line or turns the text around is an escape; what joins letters stays."""
    assert quote(f"é{mark}x") == f'"é\\u{ord(mark):04x}x"'
    assert len(quote(f"{mark}é" * 300)) <= 200
    assert json.loads(quote({f"é{mark}": mark})) == {f"é{mark}": mark}
    assert quote("न\u200dम 👩\u200d🔬") == '"न\u200dम 👩\u200d🔬"'


def test_a_path_is_jsonpath():
    """Names that are no identifiers stand in brackets."""
    assert json_path(("items", 0, "a b", "c")) == '$.items[0]["a b"].c'


ROOT: JsonObject = {
    "properties": {"a": {"anyOf": [{"$ref": "#/$defs/A"}, {"type": "null"}]}},
    "additionalProperties": {"type": "integer"},
    "prefixItems": [{"type": "null"}],
    "items": {"type": "string"},
    "$defs": {"A": {"properties": {"b": {"type": "boolean"}}}, "loop": {"anyOf": [{"$ref": "#"}]}},
    "anyOf": [{"$ref": "#/$defs/loop"}],
}


@pytest.mark.parametrize(
    ("path", "found"),
    [
        (("a", "b"), {"type": "boolean"}),
        (("other",), {"type": "integer"}),
        ((0,), {"type": "null"}),
        ((1,), {"type": "string"}),
        (("a", "c"), {}),
    ],
)
def test_a_members_schema_is_found_through_references_and_alternatives(
    path: tuple[str | int, ...], found: JsonValue
):
    """Also where they go in a circle."""
    node: JsonValue = ROOT
    for token in path:
        node = member(node, token, ROOT)
    assert node == found


@pytest.mark.parametrize(
    ("pointer", "found"),
    [
        ("#/prefixItems/0", {"type": "null"}),
        ("#/prefixItems/7", None),
        ("#/items/type/0", None),
        ("https://x.test", None),
    ],
)
def test_only_local_pointers_are_followed(pointer: str, found: JsonValue):
    """Into objects and lists; anything else leads nowhere."""
    assert lookup(ROOT, pointer) == found
