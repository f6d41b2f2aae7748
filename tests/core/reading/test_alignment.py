"""Values bent to schemas: every table case, and what holds for any schema and any value."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator, FormatChecker

from deterministic_llm._core.attempts import Repair, Violation
from deterministic_llm._core.exchange import JsonObject, JsonValue
from deterministic_llm._core.reading.alignment import bends
from deterministic_llm._core.reading.alignment.plans import Aligned, compile_schema
from deterministic_llm._core.schema.wording import quote

CASES = Path(__file__).parents[1] / "cases" / "alignment"
CODES = {
    "required": "missing",
    "enum": "enum",
    "const": "enum",
    "minimum": "range",
    "maximum": "range",
    "format": "format",
    "additionalProperties": "extra",
}
unhurried = settings()


def table() -> list[Any]:
    return [
        pytest.param(case, id=f"{file.stem}: {case['id']}")
        for file in sorted(CASES.glob("*.json"))
        for case in json.loads(file.read_text(encoding="utf-8"))["cases"]
        if "schema" in case["target"]  # of a type it is for a whole reading to say
    ]


def aligned_to(value: JsonValue, schema: JsonObject) -> Aligned:
    return compile_schema(schema).align(value)


@pytest.mark.parametrize("case", table())
def test_a_value_is_bent_to_what_is_expected_or_refused(case: dict[str, Any]) -> None:
    schema = case["target"]["schema"]
    aligned = aligned_to(json.loads(case["raw"]), schema)
    validator = Draft202012Validator(schema, format_checker=FormatChecker())
    errors = [
        CODES.get(str(error.validator), "type") for error in validator.iter_errors(aligned.value)
    ]
    told = [(violation.code, violation.path) for violation in aligned.violations]
    if "violation" not in case:
        assert (quote(aligned.value), told, errors) == (quote(case["expected"]), [], [])
    elif told:
        expected = case["violation"]
        assert told == [(expected["code"], expected.get("path", told[0][1]))]
    else:
        assert case["violation"]["code"] in errors


@pytest.mark.untraced
@pytest.mark.parametrize("case", table())
def test_what_was_bent_needs_no_further_bending(case: dict[str, Any]) -> None:
    plan = compile_schema(case["target"]["schema"])
    first = plan.align(json.loads(case["raw"]))
    again = plan.align(first.value)
    assert quote(again.value) == quote(first.value)
    assert first.violations or again == Aligned(first.value, (), ())


def test_every_edit_names_a_rule_with_its_loss() -> None:
    rules = [each for each in vars(bends).values() if isinstance(each, bends.Rule)]
    listed = {(rule.name, rule.loss) for rule in rules}
    made = {
        (repair.rule, repair.loss)
        for case in table()
        for repair in aligned_to(
            json.loads(case.values[0]["raw"]), case.values[0]["target"]["schema"]
        ).repairs
    }
    assert made == listed
    assert "meaning" not in {loss for _, loss in listed}


def test_an_edit_says_where_what_and_by_which_rule() -> None:
    schema = {"type": "object", "properties": {"a b": {"items": {"type": "integer"}}}}
    value = {"A_B": [1, "\uff12"]}
    assert aligned_to(value, schema) == Aligned(
        {"a b": [1, 2]},
        (
            Repair("key spelling", '$["a b"]', "A_B", "a b"),
            Repair("digits of another script", '$["a b"][1]', "\uff12", 2),
        ),
        (),
    )


def test_a_refusal_says_what_was_expected() -> None:
    assert aligned_to("7-8", {"type": "integer"}) == Aligned(
        "7-8",
        (),
        (
            Violation(
                "$",
                "several_values",
                "expected one exact number, not a range or an estimate",
                '"7-8"',
                "choose one number",
            ),
        ),
    )


def test_nothing_is_done_past_200_levels() -> None:
    schema: dict[str, Any] = {
        "type": "array",
        "items": {"anyOf": [{"$ref": "#"}, {"type": "integer"}]},
    }
    deep: Any = ["1"]
    for _ in range(5000):
        deep = [deep]
    assert aligned_to(deep, schema).value is deep


@pytest.mark.parametrize(
    "schema",
    [
        pytest.param({"$ref": "#"}, id="a reference to itself"),
        pytest.param({"anyOf": [{"$ref": "#"}, {"$ref": "#"}]}, id="alternatives that are itself"),
        pytest.param({"allOf": [{"$ref": "#"}]}, id="a conjunction of itself"),
        pytest.param({"$ref": "#/$defs/gone"}, id="a reference to nothing"),
        pytest.param({"type": "nonsense", "enum": 3, "properties": []}, id="nonsense"),
        pytest.param({"type": "object", "properties": {"a": False}}, id="false"),
    ],
)
def test_a_strange_schema_leaves_the_value(schema: dict[str, Any]) -> None:
    value = {"a": [{"a": "1"}]}
    assert aligned_to(value, schema) == Aligned(value, (), ())


def test_nested_alternatives_take_linear_time() -> None:
    def node(own: str) -> dict[str, Any]:
        properties = {"next": {"$ref": "#/$defs/u"}, own: {"type": "integer"}}
        return {"type": "object", "properties": properties, "required": ["next"]}

    schema = {"$defs": {"u": {"anyOf": [node("a"), node("b"), {"type": "integer"}]}}}
    value: Any = "x"
    for _ in range(100):
        value = {"Next": value}
    assert aligned_to(value, {**schema, "$ref": "#/$defs/u"}) == Aligned(value, (), ())


@pytest.mark.parametrize(
    ("schema", "text"),
    [
        pytest.param({"type": "string", "format": "time"}, "13 pm", id="an hour past 12 with pm"),
        pytest.param({"type": "string", "format": "time"}, "7:05", id="an hour that may be pm"),
        pytest.param({"type": "string", "format": "time"}, "7:75 pm", id="a minute past 59"),
        pytest.param({"type": "string", "format": "date-time"}, "2025-03-04", id="no time of day"),
        pytest.param({"type": "string", "format": "date-time"}, "soon at 19:05", id="no date"),
        pytest.param({"type": "string", "format": "date-time"}, "2025-03-04 19:05 EST", id="EST"),
        pytest.param({"type": "integer"}, "9" * 5000, id="more digits than Python reads"),
        pytest.param({"enum": ["low", "high"]}, "low " * 100, id="a long text with a label"),
        pytest.param({"type": "string"}, 10**5000, id="more digits than Python writes"),
        pytest.param({"anyOf": [{"type": "string", "pattern": "(a+)+$"}]}, 7.5, id="a float"),
    ],
)
def test_what_no_rule_can_bend_is_left(schema: dict[str, Any], text: Any) -> None:
    aligned = aligned_to(text, schema)
    assert aligned.value is text
    assert aligned.repairs == aligned.violations == ()


names = st.sampled_from(["essay_score", "feedback", "max_points", "größe", "оценка_эссе", "点数"])
labels = st.sampled_from(["low", "very_high", "not_urgent", "mittelmäßig", "低い", "высокий"])
words = st.text("abcdefghij äöüжд点数", min_size=1, max_size=12)


def leaves() -> st.SearchStrategy[tuple[dict[str, Any], st.SearchStrategy[Any]]]:
    """Schemas of single values, each with a strategy of its valid instances."""
    return st.one_of(
        st.just(({"type": "integer"}, st.integers(-(10**20), 10**20))),
        st.just(({"type": "integer", "minimum": 0, "maximum": 10}, st.integers(0, 10))),
        st.just(({"type": "number"}, st.floats(allow_nan=False, allow_infinity=False))),
        st.just(({"type": "string"}, words)),
        st.just(({"type": "boolean"}, st.booleans())),
        st.just(({"type": "string", "format": "date"}, st.dates().map(str))),
        st.lists(labels, min_size=1, unique=True).map(
            lambda each: ({"enum": each}, st.sampled_from(each))
        ),
    )


def schemas() -> st.SearchStrategy[tuple[dict[str, Any], st.SearchStrategy[Any]]]:
    """Schemas with a strategy of their valid instances: leaves, objects, lists and optionals."""
    return st.recursive(
        leaves(), lambda inner: st.one_of(objects(inner), lists(inner)), max_leaves=8
    )


def objects(inner: Any) -> Any:
    def built(members: dict[str, Any]) -> Any:
        schema = {
            "type": "object",
            "properties": {name: each[0] for name, each in members.items()},
            "required": list(members),
        }
        return schema, st.fixed_dictionaries({name: each[1] for name, each in members.items()})

    return st.dictionaries(names, inner, min_size=1, max_size=4).map(built)


def lists(inner: Any) -> Any:
    return st.one_of(
        inner.map(
            lambda each: ({"type": "array", "items": each[0]}, st.lists(each[1], max_size=4))
        ),
        inner.map(lambda each: ({"anyOf": [each[0], {"type": "null"}]}, st.none() | each[1])),
    )


@st.composite
def instances(draw: Any) -> tuple[dict[str, Any], Any]:
    schema, values = draw(schemas())
    return schema, draw(values)


@pytest.mark.untraced
@unhurried
@given(instances())
def test_what_fits_is_returned_untouched(pair: tuple[dict[str, Any], Any]) -> None:
    schema, value = pair
    aligned = aligned_to(value, schema)
    assert aligned.value is value
    assert (aligned.repairs, aligned.violations) == ((), ())


@st.composite
def damaged(draw: Any, value: Any, schema: dict[str, Any]) -> Any:
    """*value* with keys and labels in another case and integers as text."""
    if isinstance(value, dict):
        spell = draw(st.sampled_from([str.upper, str.title, lambda key: f"**{key}**"]))
        return {
            spell(key).replace("_", draw(st.sampled_from(["_", "-", " "]))): draw(
                damaged(each, schema.get("properties", {}).get(key, {}))
            )
            for key, each in value.items()
        }
    schema = schema["anyOf"][0] if "anyOf" in schema else schema
    if isinstance(value, dict):
        return draw(damaged(value, schema))
    if isinstance(value, list):
        return [draw(damaged(each, schema.get("items", {}))) for each in value]
    if schema.get("type") == "integer" and value is not None:
        return draw(st.sampled_from([str, "{:,}".format, "{:_}".format, "{}.".format]))(value)
    if "enum" in schema and value is not None:
        return draw(st.sampled_from([str.upper, str.title, '"{}"'.format, "{}.".format]))(value)
    return value


@pytest.mark.untraced
@unhurried
@given(st.data())
def test_damage_to_spelling_is_undone_exactly(data: Any) -> None:
    schema, value = data.draw(instances())
    spoilt = data.draw(damaged(value, schema))
    aligned = aligned_to(spoilt, schema)
    assert (aligned.value, aligned.violations) == (value, ())
    assert aligned_to(aligned.value, schema) == Aligned(aligned.value, (), ())


anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(["9/10", "1,234", "N/A", "yes", "- a\n- b", "[1]", "03/04/2025", '{"a": 1}']),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.text(max_size=8) | names | st.sampled_from(["data", "value", "type"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=15,
)
keywords = st.sampled_from(
    [
        "type",
        "enum",
        "const",
        "properties",
        "required",
        "items",
        "prefixItems",
        "anyOf",
        "oneOf",
        "allOf",
        "$ref",
        "format",
        "pattern",
        "minimum",
        "maximum",
        "additionalProperties",
        "propertyNames",
        "discriminator",
        "x-aliases",
        "minItems",
    ]
)
fragments = st.dictionaries(
    keywords,
    st.recursive(
        anything
        | st.sampled_from(["object", "array", "string", "integer", "date", "#", "#/properties/a"]),
        lambda inner: (
            st.dictionaries(keywords | names, inner, max_size=4) | st.lists(inner, max_size=3)
        ),
        max_leaves=8,
    ),
    max_size=5,
)


@unhurried
@given(anything, fragments)
def test_no_value_and_no_schema_raises(value: Any, schema: dict[str, Any]) -> None:
    aligned = aligned_to(value, schema)
    assert isinstance(aligned, Aligned)


@pytest.mark.untraced
@unhurried
@given(anything, instances())
def test_what_is_bent_either_fits_or_stays_bent(
    value: Any, pair: tuple[dict[str, Any], Any]
) -> None:
    first = aligned_to(value, pair[0])
    again = aligned_to(first.value, pair[0])
    assert quote(again.value) == quote(first.value)
