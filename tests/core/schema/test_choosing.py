"""Alternatives are left at the first thing that they refuse, and tell the same values apart."""

from __future__ import annotations

from time import process_time
from typing import Any

import pytest
from core.random_schemas import documents
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from deterministic_llm import JsonValue, Schema
from deterministic_llm._core.schema.choosing import NEWEST
from deterministic_llm._core.schema.lowering.dialects import DIALECTS
from deterministic_llm._core.schema.lowering.lowering import lower
from deterministic_llm.targets import compiled

Scalars = st.none() | st.booleans() | st.integers(-3, 9) | st.sampled_from(["a", "b", "A", "12"])
Json = st.recursive(
    Scalars,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["name", "value", "next", "a"]), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(schema=documents(), value=Json)
def test_the_same_values_are_valid(schema: Any, value: JsonValue):
    """As by the validator of jsonschema, which lists all that each alternative refuses."""
    try:
        wanted = Draft202012Validator(schema).is_valid(value)
    except RecursionError:  # it leads back to itself, and is refused when it is declared
        return
    assert NEWEST(schema).is_valid(value) == wanted


@pytest.mark.parametrize("keyword", ["anyOf", "oneOf"])
@pytest.mark.parametrize("value", [1, 2, "a", 12])
def test_one_alternative_is_one(keyword: str, value: JsonValue):
    """And several are several."""
    schema: Any = {keyword: [{"type": "integer"}, {"minimum": 2}, {"enum": [12]}]}
    assert NEWEST(schema).is_valid(value) == Draft202012Validator(schema).is_valid(value)


def _node(kind: str) -> Any:
    members = {"kind": {"const": kind}, "of": {"$ref": "#/$defs/Tree"}, "x": {"type": "string"}}
    return {"type": "object", "properties": members, "required": ["kind", "of"]}


TREE: Any = {
    "type": "object",
    "properties": {"tree": {"$ref": "#/$defs/Tree"}},
    "required": ["tree"],
    "$defs": {"Tree": {"anyOf": [*map(_node, "abc"), {"type": "integer"}]}},
}


def _chain(kind: str, end: JsonValue) -> Any:
    value: Any = end
    for _ in range(40):
        value = {"kind": kind, "of": value}
    return {"tree": value}


@pytest.mark.parametrize("end", [1, "x"], ids=["valid", "wrong at its end"])
@pytest.mark.parametrize("edition", [{}, {"$schema": "http://json-schema.org/draft-07/schema#"}])
def test_a_tree_takes_time_in_proportion(end: JsonValue, edition: Any):
    """Each level that is looked at twice would double it."""
    begin = process_time()
    checked = compiled(Schema(edition | TREE)).decoder.check(_chain("c", end))
    lowered = lower(TREE, DIALECTS["openai"])
    answer = lowered.push_down(_chain("c", 1))
    assert lowered.raise_back(answer) == _chain("c", 1)
    assert process_time() - begin < 10
    assert hasattr(checked, "output") == (end == 1)
