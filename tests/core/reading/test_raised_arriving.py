"""An answer in a lowered form as it arrives: what is shown of it is what the whole text says."""

from __future__ import annotations

import json
from random import Random
from time import process_time
from typing import Any

import pytest
from core.random_types import shape
from core.reading.arriving import changes_of, cuts_of, read_alike
from core.reading.arriving import read as arriving
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from deterministic_llm import SchemaError
from deterministic_llm._core.contract import Contract
from deterministic_llm._core.exchange import Constraint
from deterministic_llm._core.reading.incremental import Closed, Grown, Incremental
from deterministic_llm._core.reading.outcomes import Parsed
from deterministic_llm._core.reading.reader import read
from deterministic_llm._core.sayings import as_said
from deterministic_llm._core.schema.locations import value_at
from deterministic_llm._core.schema.lowering.codecs import InexpressibleError
from deterministic_llm._core.schema.lowering.dialects import DIALECTS
from deterministic_llm._core.schema.raising import raised
from deterministic_llm._core.schema.target import JsonTarget
from deterministic_llm._core.stops.scrutiny import Scrutiny
from deterministic_llm.targets import compiled


class Note(BaseModel):  # noqa: D101 - a docstring would be part of the schema
    text: str
    mood: str = "calm"
    counts: dict[str, int] = {}


class Case(BaseModel):  # noqa: D101
    title: str
    note: Note
    pair: tuple[int, str]
    extra: Any


NOTE = '{"text": "ab", "mood": null, "counts": [{"key": "c", "value": 1}]}'
TOLD: list[tuple[str, Any, str, list[tuple[tuple[str | int, ...], Any]]]] = [
    ("members", Case,
     f'{{"title": "t", "note": {NOTE}, "pair": {{"item0": 1, "item1": "y"}}, "extra": "[2]"}}',
     [(("title",), "t"), (("note", "text"), "ab"), (("note", "counts"), {"c": 1}),
      (("note",), {"text": "ab", "counts": {"c": 1}}), (("pair",), [1, "y"]), (("extra",), [2]),
      ((), {"title": "t", "note": {"text": "ab", "counts": {"c": 1}}, "pair": [1, "y"],
            "extra": [2]})]),
    ("items in a wrapper", list[Note], f'{{"value": [{NOTE}]}}',
     [((0, "text"), "ab"), ((0, "counts"), {"c": 1}), ((0,), {"text": "ab", "counts": {"c": 1}}),
      ((), [{"text": "ab", "counts": {"c": 1}}])]),
    ("a map in a wrapper", dict[str, int], '{"value": [{"key": "a", "value": 1}]}',
     [((), {"a": 1})]),
    ("the form of the original", Case,
     '{"title": "t", "note": {"text": "ab", "counts": {"c": "1"}}, "pair": [1, "y"], "extra": [2]}',
     [(("title",), "t"), (("note", "text"), "ab"), (("note", "counts"), {"c": 1}),
      (("note",), {"text": "ab", "counts": {"c": 1}}), (("pair",), [1, "y"]), (("extra",), [2]),
      ((), {"title": "t", "note": {"text": "ab", "counts": {"c": 1}}, "pair": [1, "y"],
            "extra": [2]})]),
    ("no wrapper", list[int], "[1, 2]", [((), [1, 2])]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("output_type", "text", "closed"), [row[1:] for row in TOLD], ids=[row[0] for row in TOLD]
)
def test_members_close_with_their_values_above(output_type: Any, text: str, closed: Any):
    """Each once, in the places of the original: those that have another form as a whole."""
    target: Any = raised(compiled(output_type), "openai")
    changes = changes_of(text, target)
    assert [(c.location, c.value) for c in changes if isinstance(c, Closed)] == closed


STRICTLY = [row for row in TOLD if row[0] != "the form of the original"]


@pytest.mark.parametrize(
    ("output_type", "text", "closed"), [row[1:] for row in STRICTLY], ids=[r[0] for r in STRICTLY]
)
def test_members_close_with_the_same_values_without_repairs(
    output_type: Any, text: str, closed: Any
):
    """A member that null leaves out in the lowered form is not told as null."""
    target: Any = raised(compiled(output_type), "openai")
    changes = changes_of(text, target, strict=True)
    assert [(c.location, c.value) for c in changes if isinstance(c, Closed)] == closed


def test_a_map_in_the_form_of_the_original_is_no_empty_one():
    """Its keys are not those of the wrapper."""
    target: Any = raised(compiled(dict[str, int]), "openai")
    for strict in (False, True):
        changes = changes_of('{"a": 1}', target, strict=strict)
        assert [c.value for c in changes if isinstance(c, Closed)] == [{"a": 1}]


def test_a_snapshot_stays_as_it_was():
    """What closes later comes into the next one alone."""
    reader = Incremental(raised(compiled(list[Note]), "openai"))
    taken = []
    for char in f'{{"value": [{NOTE}, {NOTE}]}}':
        reader.feed(char)
        taken.append((reader.snapshot(), json.dumps(reader.snapshot())))
    assert all(json.dumps(snapshot) == said for snapshot, said in taken)
    assert {said for _, said in taken} == {
        "null",
        '[{"text": "ab"}]',
        '[{"text": "ab", "counts": {"c": 1}}]',
        '[{"text": "ab", "counts": {"c": 1}}, {"text": "ab"}]',
        '[{"text": "ab", "counts": {"c": 1}}, {"text": "ab", "counts": {"c": 1}}]',
    }


def test_a_snapshot_of_each_item_takes_time_in_proportion():
    """Of two thousand they took eight seconds, when all was put together each time."""
    reader = Incremental(raised(compiled(list[Note]), "openai"))
    begin = process_time()
    for piece in [f'{{"value": [{NOTE}', *[f", {NOTE}"] * 2_000]:
        reader.feed(piece)
        reader.snapshot()
    assert process_time() - begin < 3


def test_only_texts_that_stay_texts_grow():
    """What is JSON in a text is no text above."""
    target: Any = raised(compiled(Case), "openai")
    text = (
        f'{{"title": "to", "note": {NOTE}, "pair": {{"item0": 1, "item1": "y"}}, "extra": "[2]"}}'
    )
    grown = [c for c in changes_of(text, target) if isinstance(c, Grown)]
    assert {each.location for each in grown} == {("title",), ("note", "text")}


@given(seed=st.integers(0, 2**32), dialect=st.sampled_from([*DIALECTS]))
def test_what_is_shown_is_what_the_whole_text_says(seed: int, dialect: str):
    """Whatever was lowered, and wherever the text is cut."""
    random = Random(seed)  # noqa: S311  # guards nothing
    kind = shape(random, 3)
    target, value = compiled(kind.type), kind.make(random)
    assert isinstance(target, JsonTarget)
    try:
        put = raised(as_said(target), dialect)
        answer = value if put.ascent is None else put.ascent.lowered.push_down(value)
    except (SchemaError, InexpressibleError):
        return
    text = json.dumps(answer, ensure_ascii=random.random() < 0.5)
    shown, _ = read_alike(text, put, random)
    strictly, _ = arriving(text, put, cuts_of(text, random), strict=True)
    for strict, told in ((False, shown), (True, strictly)):
        reading = read(text, put, strict=strict)
        if isinstance(reading, Parsed):
            for location, member in told.closed.items():
                assert value_at(reading.output, location) == member


@given(seed=st.integers(0, 2**32), dialect=st.sampled_from([*DIALECTS]))
def test_what_can_be_read_is_never_stopped(seed: int, dialect: str):
    """In the form of either schema, and in ways that are mended."""
    random = Random(seed)  # noqa: S311  # guards nothing
    kind = shape(random, 3)
    target, value = compiled(kind.type), kind.make(random)
    assert isinstance(target, JsonTarget)
    try:
        put = raised(target, dialect)
        answer = value if put.ascent is None else put.ascent.lowered.push_down(value)
    except (SchemaError, InexpressibleError):
        return
    strict = random.random() < 0.3
    said = random.choice([value, answer])
    text = json.dumps(said if strict else _mistyped(said, random))
    constraint = Constraint("native", dialect=None if put.ascent is None else dialect)
    scrutiny = Scrutiny(Contract(target, constraint, "", strict))
    for start in range(0, len(text), 3):
        scrutiny.follow(text[start : start + 3])
    scrutiny.settle()
    if isinstance(read(text, put, strict=strict), Parsed):
        assert scrutiny.reasons == ()


def _mistyped(value: Any, random: Random) -> Any:
    """*value* with some numbers and truths as texts, which are read all the same."""
    if isinstance(value, dict):
        return {name: _mistyped(each, random) for name, each in value.items()}
    if isinstance(value, list):
        return [_mistyped(each, random) for each in value]
    return str(value) if isinstance(value, int) and random.random() < 0.3 else value
