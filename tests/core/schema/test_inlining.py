"""A schema with its definitions in place: of the same meaning, and shorter."""

from __future__ import annotations

import json
from typing import Any

import pytest
from core.random_schemas import documents
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from pydantic import BaseModel, Field

from deterministic_llm._core.exchange import JsonObject
from deterministic_llm._core.schema.inlining import inlined

TEXT: JsonObject = {"type": "string", "description": "words"}
PART: JsonObject = {"$ref": "#/$defs/Part"}


def whole(defs: JsonObject, *parts: JsonObject, **more: Any) -> JsonObject:
    """An object of *parts* with these definitions."""
    return {"$defs": defs, "properties": {f"p{at}": each for at, each in enumerate(parts)}, **more}


def bare(*parts: JsonObject) -> JsonObject:
    """The same without definitions."""
    return {"properties": {f"p{at}": each for at, each in enumerate(parts)}}


PUT = [
    pytest.param(whole({"Part": TEXT}, PART), bare(TEXT), id="the only one"),
    pytest.param(
        whole({"Part": TEXT}, {**PART, "description": "name", "default": "x"}),
        bare({"type": "string", "description": "name", "default": "x"}),
        id="what is noted beside the reference goes before",
    ),
    pytest.param(
        whole({"Part": {"items": {"$ref": "#/$defs/Item"}}, "Item": TEXT}, PART),
        bare({"items": TEXT}),
        id="one inside another",
    ),
    pytest.param(
        whole({"Part": TEXT, "Item": {"type": "null"}}, PART, PART, {"$ref": "#/$defs/Item"}),
        whole({"Part": TEXT}, PART, PART, {"type": "null"}),
        id="one of two",
    ),
    pytest.param(
        whole({"Tree": {"items": {"$ref": "#/$defs/Tree"}}, "Part": TEXT}, TEXT, PART),
        bare(TEXT, TEXT),
        id="one that only itself refers to",
    ),
]
LEFT = [
    pytest.param(whole({"Part": TEXT}, PART, PART), id="needed twice"),
    pytest.param(whole({"Part": TEXT}, {**PART, "maxLength": 3}), id="bounds beside it"),
    pytest.param(whole({"Part": TEXT}, {"$ref": "#/$defs/Other"}), id="nowhere"),
    pytest.param(whole({"Part": TEXT}, PART, {"$ref": "#"}), id="the whole"),
    pytest.param(
        whole({"Part": bare(TEXT)}, PART, {"$ref": "#/$defs/Part/properties/p0"}), id="a piece"
    ),
    pytest.param(whole({"Part": {"$id": "urn:x", **TEXT}}, PART), id="an identifier"),
    pytest.param(whole({"Part": {"$anchor": "x", **TEXT}}, PART), id="an anchor"),
    pytest.param(whole({"Part": True}, PART), id="no object"),
    pytest.param(whole({"a/b": TEXT}, {"$ref": "#/$defs/a~1b"}), id="an escaped name"),
    pytest.param(
        whole({"Tree": {"items": {"$ref": "#/$defs/Tree"}}}, {"$ref": "#/$defs/Tree"}), id="a tree"
    ),
    pytest.param({"definitions": {"Part": TEXT}, "$ref": "#/definitions/Part"}, id="elsewhere"),
    pytest.param({"const": {"$defs": {}, "$ref": "#/$defs/Part"}}, id="a value"),
    pytest.param(
        whole({f"d{n}": {"$ref": f"#/$defs/d{n + 1}"} for n in range(2000)}, id="deep"),
        id="more than 64",
    ),
]


@pytest.mark.parametrize(("schema", "expected"), PUT)
def test_a_definition_is_put_where_it_is_needed(schema: JsonObject, expected: JsonObject) -> None:
    before = json.dumps(schema)
    assert inlined(schema) == expected
    assert json.dumps(schema) == before


@pytest.mark.parametrize("schema", LEFT)
def test_a_schema_is_left_as_it_is(schema: JsonObject) -> None:
    assert inlined(schema) == schema


@pytest.mark.untraced
@given(
    documents(),
    st.recursive(
        st.none() | st.booleans() | st.integers(-2, 12) | st.sampled_from(("", "ab", "12")),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(("name", "score", "x")), inner)
        ),
        max_leaves=6,
    ),
)
def test_it_takes_what_the_schema_takes(schema: Any, value: Any) -> None:
    assert takes(inlined(schema), value) == takes(schema, value)


def takes(schema: Any, value: Any) -> bool | None:
    """Whether *value* fits; None where a schema goes in circles."""
    try:
        return bool(Draft202012Validator(schema).is_valid(value))
    except RecursionError:
        return None


class Item(BaseModel):
    """What is listed."""

    name: str


class Listed(BaseModel):
    """A list, and how long it is."""

    items: list[Item] = Field(description="all of them")


def test_a_list_of_a_model_needs_no_reference() -> None:
    schema = Listed.model_json_schema()
    assert "$ref" in json.dumps(schema)
    assert "$ref" not in json.dumps(inlined(schema))
