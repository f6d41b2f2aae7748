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
    ("arguments", "again"),
    [
        pytest.param((SHORT,), 1, id="a short text"),
        pytest.param((LONG,), 2, id="a long text"),
        pytest.param(("a", (1, ("b",))), 1, id="short texts in tuples"),
        pytest.param((("a", ("b", LONG)),), 2, id="a long text in tuples"),
        pytest.param((SHORT, "b"), 2, id="two texts that are long together"),
        pytest.param((10**9, None), 1, id="no text"),
    ],
)
def test_what_is_long_is_worked_out_again(arguments: tuple[object, ...], again: int):
    asked: list[object] = []

    @remembered(2)
    def told(*given: object) -> object:
        asked.append(given)
        return given

    assert told(*arguments) == told(*arguments) == arguments
    assert len(asked) == again


def test_an_integer_is_no_boolean():
    kept = remembered(4)(repr)
    assert [kept(each) for each in (1, True)] == ["1", "True"]


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
