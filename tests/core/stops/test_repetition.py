"""Endless texts, and long ones that are none."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deterministic_llm._core.stops.repetition import CHUNK, Repetition

ENDLESS = [
    pytest.param('{"a": "' + "the " * 600, id="a word again and again"),
    pytest.param('{"a": "' + "-" * 2_600, id="a sign again and again"),
    pytest.param('{"a": 1.' + "0" * 2_600, id="digits without end"),
    pytest.param('{"a": 1,' + " " * 2_600, id="blanks"),
    pytest.param('{"a": 1,' + "\n\t  " * 650, id="blanks of several kinds"),
    pytest.param('{"a": "' + "no, no, no! " * 300, id="words with commas"),
    pytest.param('{"a": "' + "\\n" * 1_300, id="line breaks in a string"),
    pytest.param("[" + "0, " * 3_000, id="thousands of zeros"),
    pytest.param("[" + '{"label": "none"}, ' * 2_200, id="thousands of items, all alike"),
    pytest.param("x" * 700 + "ab" * 1_100, id="what begins in the middle"),
]
FINITE = [
    pytest.param("[" + "0, " * 1_000 + "0]", id="a list of zeros"),
    pytest.param("[" + "true, " * 500 + "true]", id="a list of truths"),
    pytest.param("[" + '"neutral", ' * 500 + '"neutral"]', id="the same label for many rows"),
    pytest.param("[" + '{"label": "none"}, ' * 500 + "]", id="the same object for many rows"),
    pytest.param('{"label": "none"}\n' * 300, id="the same line many times"),
    pytest.param("neutral\n" * 300, id="the same words on many lines"),
    pytest.param('{"a": "' + "-" * 900 + '"}', id="a long rule"),
    pytest.param('{"a": ' + " " * 900 + "1}", id="wide blanks"),
    pytest.param(json.dumps({"a": list(range(2_000))}), id="numbers that count"),
    pytest.param("the same but for " + " ".join(map(str, range(600))), id="words that count"),
    pytest.param("abcdefgh" * 40, id="a run that ends soon"),
]


def is_endless(text: str) -> bool:
    """Whether *text* is found endless at any chunk."""
    repetition = Repetition()
    ends = range(CHUNK, len(text) + 1, CHUNK)
    return any(repetition.feed(text[end - CHUNK : end]) for end in ends)


@pytest.mark.parametrize("text", ENDLESS)
def test_what_repeats_itself_without_end_is_told(text: str):
    assert is_endless(text)


@pytest.mark.parametrize("text", FINITE)
def test_what_may_well_end_is_left_alone(text: str):
    assert not is_endless(text)


@given(run=st.text("abc {}", min_size=1, max_size=64), before=st.text("abc\n", max_size=600))
def test_any_run_is_found_wherever_it_begins(run: str, before: str):
    assert is_endless(before + run * (8_000 // len(run)))


@given(words=st.lists(st.sampled_from(["the", "cat", "sat", "on", "a", "mat"]), max_size=2_000))
def test_words_in_no_order_are_no_repetition(words: list[str]):
    assert not is_endless(" ".join(words)) or len(set(words)) < len(words) / 20
