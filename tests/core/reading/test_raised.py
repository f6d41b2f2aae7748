"""Answers in the form of a lowered schema, read: what the same answer says without any lowering."""

from __future__ import annotations

import json
from random import Random
from typing import Any, Literal

import pytest
from core.random_types import shape
from hypothesis import assume, given
from hypothesis import strategies as st
from pydantic import BaseModel, Field

from deterministic_llm import SchemaError
from deterministic_llm._core.reading.outcomes import Parsed, Unread
from deterministic_llm._core.reading.reader import read
from deterministic_llm._core.sayings import as_said
from deterministic_llm._core.schema.lowering.codecs import InexpressibleError
from deterministic_llm._core.schema.lowering.dialects import DIALECTS
from deterministic_llm._core.schema.raising import raised
from deterministic_llm._core.schema.target import JsonTarget
from deterministic_llm.targets import Schema, compiled


class Note(BaseModel):  # noqa: D101 - a docstring would be part of the schema
    text: str
    tags: dict[str, int] = Field(default={}, max_length=3)


class Case(BaseModel):  # noqa: D101
    score: int
    reason: str | None = None
    weight: float = 1.5
    pair: tuple[int, str] = (1, "x")
    notes: dict[str, Note] = {}
    extra: Any = None


class Plain(BaseModel):  # noqa: D101
    kind: Literal["plain"]
    value: int = 0


class Mapped(BaseModel):  # noqa: D101
    kind: Literal["mapped"]
    counts: dict[str, int] = {}


ANY: Any = Schema({"type": "object", "properties": {"a": {}}, "required": ["a"]})
EMPTY = {"score": 1, "reason": None, "weight": None, "pair": None, "notes": None, "extra": None}

SAID: list[tuple[str, Any, Any, Any]] = [
    ("members that are left out", Case, EMPTY, Case(score=1)),
    ("members that are not there", Case, {"score": 1}, Case(score=1)),
    ("a map", Case, {**EMPTY, "notes": [{"key": "a", "value": {"text": "b", "tags": None}}]},
     Case(score=1, notes={"a": Note(text="b")})),
    ("a map in a map", Case,
     {**EMPTY, "notes": [{"key": "a", "value": {"text": "b", "tags": [{"key": "c", "value": 2}]}}]},
     Case(score=1, notes={"a": Note(text="b", tags={"c": 2})})),
    ("a tuple", Case, {**EMPTY, "pair": {"item0": 2, "item1": "y"}}, Case(score=1, pair=(2, "y"))),
    ("JSON in a text", Case, {**EMPTY, "extra": '{"a": [1.5]}'}, Case(score=1, extra={"a": [1.5]})),
    ("a text in a text", Case, {**EMPTY, "extra": '"a"'}, Case(score=1, extra="a")),
    ("a number in a text, as asked for", Case, {**EMPTY, "extra": "5"}, Case(score=1, extra=5)),
    ("a list in its wrapper", list[Note], {"value": [{"text": "b", "tags": None}]},
     [Note(text="b")]),
    ("a map in its wrapper", dict[str, int], {"value": [{"key": "a", "value": 1}]}, {"a": 1}),
    ("a map of anything in its wrapper", dict[str, Any],
     {"value": [{"key": "a", "value": "1"}, {"key": "b", "value": "null"}]}, {"a": 1, "b": None}),
    ("a map of anything with such a key", dict[str, Any], {"value": [1, "1"]},
     {"value": [1, "1"]}),
    ("a number in its wrapper", int, {"value": 5}, 5),
    ("an alternative", Plain | Mapped,
     {"value": {"kind": "mapped", "counts": [{"key": "a", "value": 1}]}},
     Mapped(kind="mapped", counts={"a": 1})),
    ("another spelling of a number", Case, {**EMPTY, "score": "7"}, Case(score=7)),
    ("the form of the original", Case,
     {"score": 1, "pair": [2, "y"], "notes": {"a": {"text": "b"}}},
     Case(score=1, pair=(2, "y"), notes={"a": Note(text="b")})),
    ("a list without its wrapper", list[Note], [{"text": "b", "tags": {"c": 1}}],
     [Note(text="b", tags={"c": 1})]),
    ("a map without its wrapper", dict[str, int], {"a": 1}, {"a": 1}),
    ("a map with a key of that name", dict[str, int], {"value": 1}, {"value": 1}),
    ("an alternative without its wrapper", Plain | Mapped, {"kind": "plain", "value": 3},
     Plain(kind="plain", value=3)),
]  # fmt: skip


@pytest.mark.parametrize("around", ["{}", "Here it is:\n```json\n{}\n```\nDone."])
@pytest.mark.parametrize(
    ("output_type", "said", "output"), [row[1:] for row in SAID], ids=[row[0] for row in SAID]
)
def test_an_answer_is_read_in_either_form(output_type: Any, said: Any, output: Any, around: str):
    """In that of the lowered schema, and in that of the original where the backend held to none."""
    target = raised(compiled(output_type), "openai")
    reading = read(around.replace("{}", json.dumps(said)), target)
    assert isinstance(reading, Parsed)
    assert reading.output == output


WRONG: list[tuple[str, Any, Any, list[str]]] = [
    ("a value in a map", Case,
     {**EMPTY, "notes": [{"key": "a", "value": {"text": "b", "tags": [
         {"key": "c", "value": "d"}]}}]},
     ["$.notes.a.tags.c: type"]),
    ("an item of a tuple", Case, {**EMPTY, "pair": {"item0": 2, "item1": None}},
     ["$.pair[1]: type"]),
    ("a text that is no JSON", Case, {**EMPTY, "extra": "b"}, ["$.extra: syntax"]),
    ("a key twice", Case,
     {**EMPTY, "notes": [{"key": "a", "value": {"text": each, "tags": None}} for each in "bc"]},
     ["$.notes.a: duplicate_key"]),
    ("an item in its wrapper", list[int], {"value": [1, "b"]}, ["$[1]: type"]),
    ("a rule that was only described", Case,
     {**EMPTY, "notes": [{"key": "a", "value": {"text": "b", "tags": [
         {"key": key, "value": 1} for key in "cdef"]}}]},
     ["$.notes.a.tags: length"]),
    ("an empty map, or the key of its wrapper", dict[str, list[int]], {"value": []},
     ["$: ambiguous"]),
    ("an entry that may be a member", dict[str, Any], {"value": [{"key": "a", "value": "x"}]},
     ["$.a: syntax"]),
    ("a number, or the text of one", Case, {"score": 1, "extra": "5"}, ["$: ambiguous"]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("output_type", "said", "wrong"), [row[1:] for row in WRONG], ids=[row[0] for row in WRONG]
)
def test_what_is_wrong_is_told_of_the_original(output_type: Any, said: Any, wrong: list[str]):
    """Its places are those of the target as it was declared; what means two things is refused."""
    reading = read(json.dumps(said), raised(compiled(output_type), "openai"))
    assert isinstance(reading, Unread)
    assert [f"{each.path}: {each.code}" for each in reading.violations] == wrong


def test_a_wrong_answer_leaves_a_draft_of_the_original():
    """So that its members can be asked for again, and merged."""
    said = {**EMPTY, "score": "high", "notes": [{"key": "a", "value": {"text": "b", "tags": None}}]}
    reading = read(json.dumps(said), raised(compiled(Case), "openai"))
    assert isinstance(reading, Unread)
    assert reading.draft is not None
    assert reading.draft.value == {
        "score": "high",
        "reason": None,
        "notes": {"a": {"text": "b"}},
        "extra": None,
    }


CUT: list[tuple[str, Any, str, Any, tuple[str, ...]]] = [
    ("in a text", Case, '{"score": 1, "reason": "he', {"score": 1}, ("$",)),
    ("in a map", Case,
     '{"score": 1, "notes": [{"key": "a", "value": {"text": "b", "tags": null}}, {"key": "c", "va',
     {"score": 1, "notes": {"a": {"text": "b"}}}, ("$", "$.notes")),
    ("in a value of a map", Case,
     '{"score": 1, "notes": [{"key": "a", "value": {"text": "b", "tags": [{"key": "c", ',
     {"score": 1, "notes": {}}, ("$", "$.notes")),
    ("in a tuple", Case, '{"score": 1, "pair": {"item0": 1, "it', {"score": 1}, ("$",)),
    ("in an item", list[Note], '{"value": [{"text": "a", "tags": null}, {"text": "b", "tags": [',
     [{"text": "a"}, {"text": "b"}], ("$", "$[1]")),
    ("behind the list", list[int], '{"value": [1, 2]', [1, 2], ()),
    ("before the list", list[int], '{"value": ', None, ()),
]  # fmt: skip


@pytest.mark.parametrize(
    ("output_type", "text", "value", "open_paths"),
    [row[1:] for row in CUT],
    ids=[row[0] for row in CUT],
)
def test_what_came_before_a_cut_is_kept(
    output_type: Any, text: str, value: Any, open_paths: tuple[str, ...]
):
    """What has another form above is kept where it is whole, and what was open is told of that."""
    target: Any = compiled(output_type)
    reading = read(text, raised(as_said(target), "openai"))
    if value is None:
        assert isinstance(reading, Unread)
        assert reading.draft is None
        return
    held = reading if isinstance(reading, Parsed) else reading.draft
    assert held is not None
    assert held.truncated
    assert (held.output if isinstance(held, Parsed) else held.value) == value
    assert held.open_paths == open_paths


@pytest.mark.untraced
@given(seed=st.integers(0, 2**32), dialect=st.sampled_from([*DIALECTS]))
def test_lowering_changes_no_value(seed: int, dialect: str):
    """What goes down comes up as what the same text says without any lowering."""
    random = Random(seed)  # noqa: S311  # guards nothing
    kind = shape(random, 3)
    target, value = compiled(kind.type), kind.make(random)
    assert isinstance(target, JsonTarget)
    plain = read(json.dumps(value), target)
    assume(isinstance(plain, Parsed))
    assert isinstance(plain, Parsed)
    try:
        put = raised(target, dialect)
    except SchemaError:
        return
    if put.ascent is None:
        return
    try:
        answer = put.ascent.lowered.push_down(value)
    except InexpressibleError:
        return
    reading = read(json.dumps(answer), put)
    if isinstance(reading, Parsed):
        assert reading.output == plain.output
    else:
        assert {each.code for each in reading.violations} <= {"ambiguous"}
