"""What is kept of earlier calls: the last ones, and none with texts as long as an answer."""

from __future__ import annotations

import gc
import json
import tracemalloc

import pytest

from deterministic_llm import ResponseError, parse
from deterministic_llm._core.remembering import LONGEST, remembered

SHORT, LONG = "a" * LONGEST, "a" * (LONGEST + 1)


@pytest.mark.parametrize(
    ("argument", "again"),
    [
        pytest.param(SHORT, 1, id="a short text"),
        pytest.param(LONG, 2, id="a long text"),
        pytest.param(("a", (1, ("b",))), 1, id="short texts in tuples"),
        pytest.param(("a", ("b", LONG)), 2, id="a long text in tuples"),
        pytest.param(10**9, 1, id="no text"),
        pytest.param(None, 1, id="nothing"),
    ],
)
def test_what_is_long_is_worked_out_again(argument: object, again: int):
    asked: list[object] = []

    @remembered(2)
    def told(given: object) -> object:
        asked.append(given)
        return given

    assert told(argument) == told(argument) == argument
    assert len(asked) == again


@pytest.mark.parametrize(("other", "again"), [("", 1), ("b", 2)])
def test_several_arguments_are_long_together(other: str, again: int):
    asked: list[object] = []

    @remembered(2)
    def told(first: str, second: str) -> str:
        asked.append(first)
        return first + second

    assert told(SHORT, other) == told(SHORT, other) == SHORT + other
    assert len(asked) == again


def test_no_more_are_kept_than_said():
    asked: list[int] = []

    @remembered(2)
    def told(number: int) -> int:
        asked.append(number)
        return number

    assert [told(each) for each in (1, 2, 1, 2, 3, 3, 1)] == [1, 2, 1, 2, 3, 3, 1]
    assert asked == [1, 2, 3, 1]


@pytest.mark.untraced
def test_answers_with_long_keys_are_forgotten():
    """A service that runs for weeks must not keep the keys of a thousand answers."""

    def refuse(number: int) -> None:
        key = f"k{number}" + "x" * 50_000
        with pytest.raises(ResponseError):
            parse(json.dumps({key: {key: "x"}}), dict[str, dict[str, int]])

    refuse(0)
    tracemalloc.start()
    try:
        for number in range(1, 60):
            refuse(number)
        gc.collect()
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert held < 2_000_000
