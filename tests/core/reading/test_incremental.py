"""The incremental reader: what it shows before a text is whole is what the whole text says."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random
from typing import cast

import pytest
from core.case_running import CASES, Case, Value, load, run, same, target_of
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from deterministic_llm import JsonValue, Schema
from deterministic_llm._core.reading.incremental import (
    Change,
    Closed,
    Grown,
    Incremental,
    Location,
    Opened,
    Replaced,
)
from deterministic_llm._core.schema.target import Target
from deterministic_llm.targets import compiled

FAMILIES: dict[str, list[Case]] = {}
for each in load(CASES):
    FAMILIES.setdefault(each.id.partition(": ")[0], []).append(each)
ANYTHING = compiled(Schema({}))
Json = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


class Criterion(BaseModel):
    """One criterion and its points."""

    criterion: str
    points: int


class Grade(BaseModel):
    """The grade of an essay."""

    score: int
    rubric: list[Criterion]
    feedback: str | None


GRADE = compiled(Grade)


@dataclass(slots=True)
class Shown:
    """What a reader has shown: closed values, and strings as far as they came."""

    closed: dict[Location, JsonValue] = field(default_factory=dict[Location, JsonValue])
    texts: dict[Location, str] = field(default_factory=dict[Location, str])

    def learn(self, changes: Sequence[Change]) -> None:
        """Take note of *changes*; what is contrary to the ones before fails."""
        for change in changes:
            match change:
                case Closed(location, value):
                    assert self.texts.get(location, value) == value
                    self.closed[location] = value
                case Grown(location, piece):
                    assert location not in self.closed
                    self.texts[location] += piece
                case Opened(location, kind):
                    if kind == "string":
                        self.texts[location] = ""
                case Replaced():
                    self.closed.clear()
                    self.texts.clear()


def read(
    text: str, target: Target[object], cuts: Sequence[int] = (), **options: bool
) -> tuple[Shown, JsonValue]:
    """What is shown of *text* in the end, cut at *cuts*, and the last snapshot."""
    reader = Incremental(target, **options)
    shown = Shown()
    for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True):
        shown.learn(reader.feed(text[start:end]))
    assert reader.text == text
    return shown, reader.snapshot()


def changes_of(text: str, target: Target[object], size: int = 1) -> list[Change]:
    """Every change, piece by piece."""
    reader = Incremental(target)
    pieces = [text[at : at + size] for at in range(0, len(text), size)]
    return [change for piece in pieces for change in reader.feed(piece)]


def cuts_of(text: str, random: Random) -> list[int]:
    """Where to cut *text*, at random."""
    return sorted(random.sample(range(len(text) + 1), min(len(text), random.randint(0, 40))))


@pytest.mark.parametrize("family", FAMILIES)
def test_one_piece_and_many_show_the_same_and_what_the_whole_text_says(family: str) -> None:
    for case in FAMILIES[family]:
        target = compiled(target_of(case.target))
        whole = read(case.raw, target)
        assert read(case.raw, target, range(1, len(case.raw))) == whole, case.id
        assert read(case.raw, target, cuts_of(case.raw, Random(case.id))) == whole, case.id  # noqa: S311
        if isinstance(got := run(case), Value):
            for location, value in whole[0].closed.items():
                assert agree(value, at(got.value, location)), (case.id, location)


def at(value: JsonValue, location: Location) -> JsonValue:
    """The part of *value* at *location*."""
    for step in location:
        value = cast("dict[str | int, JsonValue]", value)[step]
    return value


def agree(shown: JsonValue, wanted: JsonValue) -> bool:
    """Whether a type could make *wanted* of *shown*: with other digits, or with defaults."""
    match shown, wanted:
        case dict(), dict():
            return all(agree(each, wanted[name]) for name, each in shown.items() if name in wanted)
        case list(), list():
            return len(shown) == len(wanted) and all(map(agree, shown, wanted))
        case _:
            return same(shown, wanted) or str(wanted) in {str(shown), f"{shown:.1f}"}


@given(Json, st.randoms(use_true_random=False))
def test_json_is_shown_as_it_is_decoded(value: JsonValue, random: Random) -> None:
    text = json.dumps(value, ensure_ascii=random.random() < 0.5, indent=random.choice([None, 2]))
    shown, snapshot = read(text, ANYTHING, cuts_of(text, random))
    if isinstance(value, dict | list) and value:
        assert (shown.closed[()], snapshot) == (value, value)


def test_a_text_is_shown_as_it_comes_and_a_number_once_it_is_over() -> None:
    text = '{"score": 12, "feedback": "It is clear.", "rubric": [{"criterion": "a", "points": 3}]}'
    assert changes_of(text, GRADE, size=4) == [
        Opened((), "object"),
        Closed(("score",), 12),
        Opened(("feedback",), "string"),
        Grown(("feedback",), "I"),
        Grown(("feedback",), "t is"),
        Grown(("feedback",), " cle"),
        Grown(("feedback",), "ar."),
        Closed(("feedback",), "It is clear."),
        Opened(("rubric",), "list"),
        Opened(("rubric", 0), "object"),
        Opened(("rubric", 0, "criterion"), "string"),
        Grown(("rubric", 0, "criterion"), "a"),
        Closed(("rubric", 0, "criterion"), "a"),
        Closed(("rubric", 0, "points"), 3),
        Closed(("rubric", 0), {"criterion": "a", "points": 3}),
        Closed(("rubric",), [{"criterion": "a", "points": 3}]),
        Closed((), json.loads(text)),
    ]
