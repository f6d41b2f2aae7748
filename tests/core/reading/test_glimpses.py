"""One payload in plain prose is seen without a search, and anything else is left to one."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from deterministic_llm._core.attempts import Repair
from deterministic_llm._core.exchange import JsonValue
from deterministic_llm._core.reading.glimpses import glance, read_glimpsed, seen_intact
from deterministic_llm._core.reading.goals import goal_of, shortcut_to
from deterministic_llm._core.reading.outcomes import Parsed
from deterministic_llm._core.reading.reader import read
from deterministic_llm._core.schema.typed import typed_target

GOAL = goal_of(typed_target(dict[str, list[int] | int | str]))
LISTED = goal_of(typed_target(list[int]))
LONG = "Some words about it, all of them plain. " * 20

SEEN: dict[str, tuple[str, JsonValue, str]] = {
    "an object in prose": ('Here: {"a": [1]}. Done.', {"a": [1]}, "surrounding text"),
    "an object in a fence": ('Here:\n```json\n{"a": "```"}\n```\n', {"a": "```"}, "code fence"),
    "an object behind many words": (f'{LONG}{{"a": 1}}', {"a": 1}, "surrounding text"),
    "an object before many words": (f'{{"a": 1}}\n{LONG}', {"a": 1}, "surrounding text"),
}


@pytest.mark.parametrize(("text", "wanted", "rule"), SEEN.values(), ids=SEEN)
def test_one_payload_in_plain_prose_is_seen(text: str, wanted: JsonValue, rule: str) -> None:
    for _ in range(2):  # the second time the talk is known
        seen = read_glimpsed(text, GOAL, None)
        assert seen is not None
        assert (seen.output, [each.rule for each in seen.repairs]) == (wanted, [rule])
        assert text[slice(*seen.span)][0] == "{"


def test_a_list_alone_has_nothing_left_out() -> None:
    assert read_glimpsed("[1, 2]", LISTED, None) == Parsed([1, 2], (), (0, 6))


def test_what_is_left_out_is_recorded_with_its_place() -> None:
    seen = read_glimpsed('{"a": 1} there', GOAL, None)
    assert seen == Parsed(
        {"a": 1}, (Repair("surrounding text", "$", "there", "", "none", 1, (8,)),), (0, 8)
    )


@pytest.mark.parametrize("more", ["", LONG], ids=["few words", "many words"])
@pytest.mark.parametrize(
    "text",
    [
        "no bracket",
        '<think>{"a": 1}</think>',
        '{"a": 1} <b>',
        'Example: {"a": 1}',
        '{"a": 1}\nWait, that\'s wrong.',
        '```json\n{"a": 1}\n```\n```',
        "{ never closed",
        '{"a": 1]',
        'analysisWe say {"a": 1}',
    ],
)
def test_a_glimpse_gives_up_where_more_must_be_read(text: str, more: str) -> None:
    assert read_glimpsed(f"{text}\n{more}", GOAL, None) is None


@given(st.text(alphabet='{}[]<\x1b｛a 1:,"\n'))
def test_a_glance_sees_a_pair_of_brackets(text: str) -> None:
    seen = glance(text)
    assert seen is None or text[seen[0]] + text[seen[1] - 1] in {"{}", "[]"}


class Grade(BaseModel):
    """A target that is validated at once."""

    score: int
    feedback: str
    notes: list[str]


GRADE = typed_target(Grade)
BY_SEARCH = replace(GRADE, validate=None, closable=False)
"""The same target, of which every text is read in full."""
WORDS = [
    *("", "Sure! Here is the grade:\n\n", "Score: 7", "score: 5\n", "Draft:", "Final answer:\n"),
    *("\ud800", "\nHope this helps…", "<think>no</think>", "```", "```json\n", "\n```\n", "\n```"),
    *('"score":', " [1] ", "e.g. ", "\n\nWait, that's wrong.", "I can't help with that.", "  \n"),
]
PAYLOADS = [
    '{"score": 7, "feedback": "It is clear.", "notes": ["a"]}',
    '{"score": 7, "feedback": "```", "notes": []}',
    '{"score": 7, "feedback": "...", "notes": ["é"]}',
    '{"score": 7, "feedback": "\ud800", "notes": []}',
    '{"score": "7", "feedback": "x", "notes": []}',
    '{"score": 7, "score": 8, "feedback": "x", "notes": []}',
    '{"score": 7, "feedback": "x", "notes": [], "Score": 8}',
    '{"score": 7, "feedback": "x", "notes": ["',
    '{"score": 1e999, "feedback": "x", "notes": []}',
    "{ }",
    "[]",
    "",
]


OTHER = PAYLOADS[0].replace("7", "8")
FRAMES: dict[str, tuple[str, int | None]] = {
    "one fence and no more": (f"```json\n{PAYLOADS[0]}\n```", 7),
    "ticks in a string": (f"```json\n{PAYLOADS[1]}\n```", 7),
    "a fence in a string": (
        f"```json\n{PAYLOADS[0].replace('It', '```json{}```')}\n```",
        7,
    ),
    "a fence in a fence": (f"```json\n```json\n{PAYLOADS[0]}\n```\n```", 7),
    "two fences": (f"```json\n{PAYLOADS[0]}\n```\n\n```json\n{OTHER}\n```", None),
    "two objects in one": (f"```json\n{PAYLOADS[0]}\n{OTHER}\n```", None),
    "text between two": (f"```json\n{OTHER}\n```\nNo:\n```json\n{PAYLOADS[0]}\n```", None),
    "text before": (f"Here:\n```json\n{PAYLOADS[0]}\n```", 7),
    "text behind": (f"```json\n{PAYLOADS[0]}\n```\nWait, that's wrong.", None),
    "no end": (f"```json\n{PAYLOADS[0]}\n", 7),
    "cut": (f"```json\n{PAYLOADS[0][:-9]}", None),
    "cut, but closed": (f"```json\n{PAYLOADS[0][:-9]}}}\n```", None),
    "a member said twice": (f"```json\n{PAYLOADS[5]}\n```", None),
    "a member under two names": (f"```json\n{PAYLOADS[6]}\n```", None),
    "dots for a value": (f"```json\n{PAYLOADS[2]}\n```", None),
    "nothing in it": ("```json\n{}\n```", None),
}


@pytest.mark.parametrize(("text", "score"), FRAMES.values(), ids=FRAMES)
def test_a_fence_round_all_is_no_other_than_it_is_for_a_search(
    text: str, score: int | None
) -> None:
    reading = read(text, GRADE)
    assert reading == read(text, BY_SEARCH)
    assert (reading.output.score if isinstance(reading, Parsed) else None) == score


def test_a_fence_round_all_is_recorded_with_its_place() -> None:
    reading = read(FRAMES["one fence and no more"][0], GRADE)
    assert isinstance(reading, Parsed)
    fence = Repair("code fence", "$", "```json", "", "none", 1, (0,))
    assert (reading.repairs, reading.span) == ((fence,), (8, 8 + len(PAYLOADS[0])))


@settings(max_examples=settings.default.max_examples * 3)
@given(
    st.lists(st.sampled_from(WORDS), max_size=3),
    st.sampled_from(PAYLOADS),
    st.lists(st.sampled_from([*WORDS, *PAYLOADS]), max_size=3),
)
def test_what_is_seen_intact_is_what_a_full_reading_says(
    before: list[str], payload: str, behind: list[str]
) -> None:
    text = "".join([*before, payload, *behind])
    for _ in range(2):  # the second time the talk is known
        assert read(text, GRADE) == read(text, BY_SEARCH)


@pytest.mark.parametrize(
    "text",
    [
        f"Here is the grade:\n\n```json\n{PAYLOADS[0]}\n```\n",
        f"{PAYLOADS[0]}\nHope this helps!",
        f"\n\n```\n{PAYLOADS[1]}\n```",
    ],
)
def test_the_plainest_answers_are_seen_intact(text: str) -> None:
    shortcut = shortcut_to(GRADE)
    assert shortcut is not None
    seen = seen_intact(text, shortcut)
    assert seen == read(text, BY_SEARCH)
    assert isinstance(seen, Parsed)
