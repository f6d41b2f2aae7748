"""What the reader of arriving text costs: microseconds of CPU a delta, and how they grow."""

from __future__ import annotations

import gc
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median
from time import process_time
from typing import cast

from pydantic import BaseModel

from benchmarks.schemas import SAMPLES, Criterion
from benchmarks.tables import met, show
from deterministic_llm import JsonValue
from deterministic_llm._core.reading.incremental import Change, Closed, Incremental
from deterministic_llm.targets import compiled

DELTA = 4
"""Characters a delta, as a chat server sends them."""
SIZES = (20, 100, 400)
"""Characters of an answer, in thousands."""
MOST_CPU = 2.0
"""Microseconds a delta."""
MOST_GROWTH = 4.6
"""Of the CPU from the second size to the third, which is four times as long."""


class LongGrade(BaseModel):
    """The grade of an essay, with as many criteria as there are."""

    score: int
    rubric: list[Criterion]
    feedback: str


@dataclass(frozen=True, slots=True)
class Shape:
    """A way to fill an answer with a number of characters."""

    name: str
    fill: Callable[[int], JsonValue]


def main(*, rounds: int) -> None:
    """Print the medians over some of the *rounds*, each answer read once a round."""
    rows: list[list[object]] = []
    for shape in SHAPES:
        texts = [json.dumps(shape.fill(size * 1000), ensure_ascii=False) for size in SIZES]
        bare = [_median(text, rounds, _feed) for text in texts]
        shown = [_median(text, rounds, _feed_and_look) for text in texts]
        for size, text, one, other in zip(SIZES, texts, bare, shown, strict=True):
            deltas = len(text) / DELTA
            cost = 1e6 * one / deltas
            looked = f"{1e6 * other / deltas:.2f}"
            rows.append([f"{shape.name}, {size} KB", f"{cost:.2f}", met(cost <= MOST_CPU), looked])
        growth = [each[2] / each[1] for each in (bare, shown)]
        held = met(max(growth) <= MOST_GROWTH)
        rows.append(
            [f"{shape.name}, 400 KB to 100 KB", f"x {growth[0]:.2f}", held, f"x {growth[1]:.2f}"]
        )
    header = [
        f"deltas of {DELTA} characters",
        "us a delta",
        f"<= {MOST_CPU:g}, <= x {MOST_GROWTH:g}",
        "with a snapshot an item",
    ]
    show("Reading text as it arrives, CPU", header, rows)


def _median(text: str, rounds: int, read: Callable[[Sequence[str]], JsonValue]) -> float:
    deltas = [text[at : at + DELTA] for at in range(0, len(text), DELTA)]
    times = [_time(deltas, read) for _ in range(max(3, rounds // 5))]
    if read(deltas) != json.loads(text):
        message = "the last snapshot is not what the text says"
        raise AssertionError(message)
    return median(times)


def _time(deltas: Sequence[str], read: Callable[[Sequence[str]], JsonValue]) -> float:
    gc.collect()
    start = process_time()
    read(deltas)
    return process_time() - start


def _feed(deltas: Sequence[str]) -> JsonValue:
    reader = Incremental(_TARGET)
    for delta in deltas:
        for change in reader.feed(delta):
            _consume(change)
    return reader.snapshot()


def _feed_and_look(deltas: Sequence[str]) -> JsonValue:
    """The same, with a snapshot whenever an item of the rubric closes."""
    reader = Incremental(_TARGET)
    for delta in deltas:
        for change in reader.feed(delta):
            if isinstance(change, Closed) and len(change.location) == _OF_AN_ITEM:
                reader.snapshot()
    return reader.snapshot()


def _consume(change: Change) -> None:
    del change


def _items(characters: int) -> JsonValue:
    grade = cast("dict[str, JsonValue]", dict(SAMPLES[1].good))
    some = cast("list[JsonValue]", grade["rubric"])
    each = len(json.dumps(some, ensure_ascii=False)) / len(some)
    count = round((characters - len(str(grade["feedback"]))) / each)
    return {**grade, "rubric": [some[place % len(some)] for place in range(count)]}


def _one_string(characters: int) -> JsonValue:
    grade = cast("dict[str, JsonValue]", dict(SAMPLES[1].good))
    said = f"{grade['feedback']} "
    return {**grade, "feedback": (said * (characters // len(said) + 1))[:characters]}


_TARGET = compiled(LongGrade)
_OF_AN_ITEM = 2
SHAPES = (Shape("many items", _items), Shape("one string", _one_string))
