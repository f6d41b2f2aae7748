"""An output that is found in one pass over its text is the one that two passes find."""

from __future__ import annotations

import json
from functools import partial
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from typing_extensions import TypedDict

from deterministic_llm._core.exchange import JsonValue
from deterministic_llm._core.reading.goals import Shortcut, goal_of
from deterministic_llm._core.reading.outright import output_of
from deterministic_llm._core.reading.syntax.native import native
from deterministic_llm._core.schema.membership import count_of
from deterministic_llm._core.schema.target import JsonTarget
from deterministic_llm._core.schema.typed import typed_target


class Line(BaseModel):
    """A part."""

    name: str = Field(max_length=6)
    points: float | None = Field(ge=0, le=10)


class Grade(BaseModel):
    """All kinds of members, each of which must be there."""

    score: int = Field(ge=0, le=10)
    label: Literal["a", "b", 1, True]
    done: bool
    best: Line | None
    lines: list[Line]
    sizes: list[float]
    counts: dict[str, int]
    by_name: dict[str, Line]


class Aliased(BaseModel):
    """A member by two names."""

    model_config = ConfigDict(populate_by_name=True, extra="forbid")
    score: int = Field(alias="points")
    name: str


class Twofold(BaseModel):
    """Two members of one name."""

    first: int = Field(alias="x")
    second: int = Field(alias="x")


class Tree(BaseModel):
    """Parts like the whole."""

    name: str
    parts: list[Tree]


class Partial(BaseModel):
    """A member that may be left out."""

    score: int
    name: str = ""


class Pair(TypedDict):
    """No model."""

    left: int


COUNTED: list[tuple[object, JsonValue, int]] = [
    (int, 3, 0),
    (list[str], ["a: b"], 0),
    (list[int | None], [1, None], 0),
    (Line, {"name": "a", "points": 1.5}, 2),
    (list[Line], [{"name": "a", "points": 1.5}, {"name": "b", "points": None}], 4),
    (Line | None, None, 0),
    (dict[str, int], {"a": 1, "b": 2}, 2),
    (dict[str, Line], {"a": {"name": "a", "points": 1}}, 3),
    (list[list[dict[str, list[int]]]], [[{"a": [1]}, {}], [{"b": []}]], 2),
    (Aliased, {"points": 1, "name": ""}, 2),
    (
        Grade,
        {
            "score": 1,
            "label": "a",
            "done": True,
            "best": {"name": "a", "points": 1},
            "lines": [{"name": "a", "points": 1}],
            "sizes": [1, 2.5],
            "counts": {"x": 1, "y": 2},
            "by_name": {"z": {"name": "a", "points": None}},
        },
        8 + 2 + 2 + 2 + 3,
    ),
]
UNCOUNTED = [Any, list[Any], Tree, Partial, Pair, Twofold, list[Partial], dict[str, Any], int | str]


@pytest.mark.parametrize(("kind", "value", "count"), COUNTED, ids=lambda each: str(each)[:40])
def test_a_value_has_as_many_members_as_its_json_has_colons(
    kind: object, value: JsonValue, count: int
):
    """Counted from the output alone."""
    target = target_of(kind)
    assert target.direct is not None
    output = target.direct.read(json.dumps(value), strict=True, extra="forbid")
    assert target.direct.members(output) == count


@pytest.mark.parametrize("kind", UNCOUNTED, ids=str)
def test_where_members_may_be_left_out_nothing_is_counted(kind: object):
    """Nor where a type holds itself, or does not say what it holds."""
    assert target_of(kind).direct is None


@pytest.mark.parametrize("core_schema", [None, {}, {"type": "definition-ref", "schema_ref": "x"}])
def test_what_is_no_core_schema_has_no_count(core_schema: object):
    """A type whose schema is not there yet is read in two passes."""
    assert count_of(core_schema) is None


SCALARS = st.sampled_from(
    [
        *("0", "7", "-1", "11", "1.0", "2.5", "1e2", "1e999", "NaN", "Infinity", "true", "null"),
        *('"a"', '"b"', '"x: y"', '"much, much longer"', '"\\u00e9"', '"..."', "{}", "[]"),
    ]
)
NAMES = st.sampled_from(
    [
        *("score", "label", "done", "best", "lines", "sizes", "counts", "by_name"),
        *("name", "points", "first", "x"),
    ]
)


def _object(members: list[tuple[str, str]]) -> str:
    return "{" + ", ".join(f'"{name}": {value}' for name, value in members) + "}"


LINES = st.builds(
    lambda name, points, more: _object([("name", name), ("points", points), *more]),
    SCALARS,
    SCALARS,
    st.lists(st.tuples(NAMES, SCALARS), max_size=1),
)
VALUES = st.recursive(
    SCALARS | LINES,
    lambda inner: (
        st.lists(inner, max_size=3).map(lambda items: f"[{', '.join(items)}]")
        | st.lists(st.tuples(NAMES, inner), max_size=3).map(_object)
    ),
    max_leaves=6,
)
SOUND = {
    "score": "8",
    "label": '"a"',
    "done": "true",
    "best": '{"name": "a", "points": 1}',
    "lines": '[{"name": "b: c", "points": 2}]',
    "sizes": "[1.5]",
    "counts": '{"x": 1}',
    "by_name": '{"y": {"name": "d", "points": null}}',
}
GRADES = st.lists(st.tuples(st.sampled_from([*SOUND]), VALUES), max_size=2).map(
    lambda wrong: _object([*SOUND.items(), *wrong])
)
CHANGED = st.dictionaries(st.sampled_from([*SOUND]), VALUES, max_size=2).map(
    lambda wrong: _object([*{**SOUND, **wrong}.items()])
)
KINDS = (Grade, Line, Aliased, list[Line], dict[str, Line], list[float], dict[str, int], int, float)


@given(st.sampled_from(KINDS), VALUES)
def test_one_pass_finds_what_two_passes_find(kind: object, text: str):
    """The same output, or the same that is wrong, or no JSON for both."""
    assert read(kind, text, at_once=True) == read(kind, text, at_once=False)


@pytest.mark.untraced
@given(GRADES | CHANGED)
def test_one_pass_finds_what_two_passes_find_in_what_is_nearly_right(text: str):
    """With members that are wrong, or said twice."""
    assert read(Grade, text, at_once=True) == read(Grade, text, at_once=False)


TWICE = [
    (Line, '{"name": "a", "points": 1, "points": 2}'),
    (Line, '{"name": "a", "name" : "a", "points": 2}'),
    (Line, '{"n\\u0061me": "a", "name": "a", "points": 2}'),
    (list[Line], '[{"name": "a", "points": 1}, {"name": "a", "name": "a", "points": 1}]'),
    (dict[str, int], '{"a": 1, "b": 2, "a": 1}'),
    (Aliased, '{"points": 1, "points": 1, "name": "a"}'),
    (Grade, _object([*SOUND.items(), ("score", "8")])),
    (Grade, _object([*SOUND.items(), ("counts", '{"x": 1, "x": 1}')])),
    (Grade, _object([*{**SOUND, "best": '{"name":"a","name":"a","points":1}'}.items()])),
    (list[float], "[1, NaN]"),
    (list[float], "[1e999]"),
    (list[float], "[Infinity, -Infinity]"),
    (Line, '{"name": "a", "points": NaN}'),
]


@pytest.mark.parametrize(("kind", "text"), TWICE, ids=lambda each: str(each)[-40:])
def test_what_json_rules_out_is_no_output(kind: object, text: str):
    """A member that is said twice, be it with the same value, and what is no number."""
    assert read(kind, text, at_once=True) is None


def target_of(kind: object) -> JsonTarget[object]:
    return typed_target(kind)


def read(kind: object, text: str, *, at_once: bool) -> object:
    """The output in words, or what is wrong with it; None where *text* is no JSON."""
    target = target_of(kind)
    assert target.validate is not None
    validate = partial(target.validate, extra="forbid")
    direct = target.direct if at_once else None
    shortcut = Shortcut(goal_of(target), validate, target.floats, lists_texts=False, direct=direct)
    try:
        return repr(output_of(text, shortcut))
    except ValidationError as error:
        return shortcut.goal.complaints.of(error) if is_json(text.encode(), shortcut) else None
    except ValueError:
        return None


def is_json(data: bytes, shortcut: Shortcut[object]) -> bool:
    try:
        native(data, floats=shortcut.floats)
    except ValueError:
        return False
    return True
