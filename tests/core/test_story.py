"""The story of a run, word for word: what a person reads in a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field
from tenacity import wait_none

from deterministic_llm import CallFailure, Completion, Curtailed, EnforcementError, Usage
from deterministic_llm._core.attempts import (
    Accepted,
    Answered,
    Attempt,
    Checked,
    Failed,
    Rejected,
    Request,
)
from deterministic_llm._core.story import story
from deterministic_llm.testing import Answer, ScriptedModel
from deterministic_llm.validators import validator


class Person(BaseModel):
    """Somebody."""

    name: str
    age: int = Field(ge=0, le=150)
    city: str


GOOD = '{"name": "Ada", "age": 36, "city": "London"}'
BAD = '{"name": "Ada", "age": 200, "city": "London"}'
WORSE = '{"name": "Ada", "age": 200, "city": null}'
BUSY = CallFailure("slow down", "rate_limited", status=429, seconds=0.1)


def said(text: str | None, **more: object) -> Completion:
    """An answer with figures as a provider tells them."""
    figures: dict[str, object] = {
        "model": "mini-1",
        "usage": Usage(812, 45),
        "cost": Decimal("0.00042"),
        "seconds": 1.2,
    }
    return Completion(text, **{**figures, **more})


def told(answers: Sequence[Answer], **options: object) -> str:
    """The story of a run on a script, as if our own work took no time at all."""
    model = ScriptedModel(answers)
    try:
        result = model.run("Who?", Person, wait=wait_none(), **options)
    except EnforcementError as error:
        return type(error)(at_once(error.attempts), *error.args[1:]).explain()
    return replace(result, attempts=at_once(result.attempts)).explain()


def at_once(attempts: Sequence[Attempt[object]]) -> tuple[Attempt[object], ...]:
    return tuple(replace(attempt, ended=0.0) for attempt in attempts)


STORIES = [
    pytest.param(
        [GOOD],
        {},
        ["1. scripted: accepted", "accepted after 1 call"],
        id="nothing but the answer is known",
    ),
    pytest.param(
        [said(BAD), said('{"age": 36,}', usage=Usage(830, 6, cached_tokens=768))],
        {},
        [
            (
                "1. mini-1: invalid: $.age expected an integer from 0 to 150, got 200 "
                "(812 + 45 tokens, $0.0004, 1.20 s)"
            ),
            (
                "2. mini-1, asked for $.age alone: accepted "
                "(830 (768 cached) + 6 tokens, $0.0004, 1.20 s)"
            ),
            "   repaired: trailing comma at $",
            "accepted after 2 calls: 1,642 (768 cached) + 51 tokens, $0.0008, 2.40 s",
        ],
        id="a member asked for alone, and a repair",
    ),
    pytest.param(
        [BUSY, said(GOOD)],
        {},
        [
            "1. scripted: rate limited: slow down (0.10 s)",
            "2. mini-1: accepted (812 + 45 tokens, $0.0004, 1.20 s)",
            "accepted after 2 calls: 812 + 45 tokens, $0.0004, 1.30 s",
        ],
        id="a busy server",
    ),
    pytest.param(
        [said(BAD, cost=None), said('{"age": 201}'), said(GOOD)],
        {},
        [
            (
                "1. mini-1: invalid: $.age expected an integer from 0 to 150, got 200 "
                "(812 + 45 tokens, cost unknown, 1.20 s)"
            ),
            (
                "2. mini-1, asked for $.age alone: invalid: "
                "$.age expected an integer from 0 to 150, got 201 "
                "(812 + 45 tokens, $0.0004, 1.20 s)"
            ),
            "3. mini-1, asked for the whole: accepted (812 + 45 tokens, $0.0004, 1.20 s)",
            "accepted after 3 calls: 2,436 + 135 tokens, cost unknown, 3.60 s",
        ],
        id="the whole once more, and a cost that nobody told",
    ),
    pytest.param(
        [Completion('{"name": "Ada", "age": 3', "length"), GOOD],
        {"max_tokens": 20},
        [
            "1. scripted: truncated: cut at the token limit",
            "2. scripted, with max_tokens=40: accepted",
            "accepted after 2 calls",
        ],
        id="an answer that needed more room",
    ),
    pytest.param(
        [Completion(None, "refusal", "I will not\ndo that")],
        {},
        [
            '1. scripted: refused: "I will not\\ndo that"',
            "gave up: the model refused to answer after 1 call",
        ],
        id="a refusal",
    ),
    pytest.param(
        [BUSY] * 9,
        {},
        [
            "1. scripted: rate limited: slow down (0.10 s)",
            "2. scripted: rate limited: slow down (0.10 s)",
            "   … 5 more: 5 rate limited",
            "8. scripted: rate limited: slow down (0.10 s)",
            "9. scripted: rate limited: slow down (0.10 s)",
            "gave up: no valid answer after 9 calls: 0.90 s",
        ],
        id="a long story is folded",
    ),
    pytest.param(
        [WORSE],
        {"max_retries": 0, "fallback": [ScriptedModel([said(GOOD, model="other-1")])]},
        [
            "1. scripted: invalid: $.age expected an integer from 0 to 150, got 200 and 1 more",
            "2. other-1, the next model: accepted (812 + 45 tokens, $0.0004, 1.20 s)",
            "accepted after 2 calls: 812 + 45 tokens, cost unknown, 1.20 s",
        ],
        id="another model",
    ),
    pytest.param(
        [GOOD],
        {"votes": Curtailed(2, voters=[ScriptedModel([said(GOOD, model="other-1")])])},
        [
            "1. scripted: accepted",
            "2.1. other-1: accepted (812 + 45 tokens, $0.0004, 1.20 s)",
            "   2 votes: 100% agree",
            "accepted after 2 calls: 812 + 45 tokens, cost unknown, 1.20 s",
        ],
        id="another voter",
    ),
    pytest.param(
        [GOOD],
        {"validators": [validator(lambda _: "the city is not known", severity="warning")]},
        [
            "1. scripted: accepted",
            '   warned: $ the city is not known, got {"name": "Ada", "age": 36, "city": "London"}',
            "accepted after 1 call",
        ],
        id="a warning",
    ),
    pytest.param(
        ["who?"],
        {"max_retries": 0, "on_exhausted": "return_none"},
        [
            '1. scripted: invalid: $ expected an object, got "who?"',
            "gave up, and on_exhausted gave the output after 1 call",
        ],
        id="a value in the place of the answer",
    ),
    pytest.param(
        [Completion(GOOD, cost=Decimal("0.25"))],
        {},
        ["1. scripted: accepted ($0.2500)", "accepted after 1 call: $0.2500"],
        id="a price without a count of tokens",
    ),
    pytest.param(
        [CallFailure("no such key: Bearer abcdefghijkl", "unauthorized", status=401)],
        {},
        [
            "1. scripted: unauthorized: no such key: [hidden]",
            "gave up: no valid answer after 1 call",
        ],
        id="a key in a complaint",
    ),
]


@pytest.mark.parametrize(("answers", "options", "lines"), STORIES)
def test_a_run_is_told_so(answers: list[Answer], options: dict[str, object], lines: list[str]):
    assert told(answers, **options).splitlines() == lines


def test_waiting_is_told():
    """It is what lies between the end of one call and the beginning of the next."""
    busy = Failed(Request(1), CallFailure("busy", "overloaded", seconds=0.2), ended=0.2)
    good = Answered(Request(2), Completion("7", seconds=1.0), Accepted(7), ended=4.2)
    assert story([busy, good], end="accepted") == (
        "1. overloaded: busy (0.20 s)\n"
        "2. after waiting 3.00 s: accepted (1.00 s)\n"
        "accepted after 2 calls: 4.20 s"
    )


def test_the_calls_of_judges_are_counted():
    paid = Answered(Request(1), said("7"), Accepted(7))
    asked = Checked("fair", seconds=1.2, attempts=(paid,))
    good = Answered(Request(1), said("7"), Accepted(7), (asked,), ended=2.4)
    assert story([good], end="accepted") == (
        "1. mini-1: accepted (1,624 + 90 tokens, $0.0008, 1.20 s)\n"
        "accepted after 1 call and 1 of judges: 1,624 + 90 tokens, $0.0008, 2.40 s"
    )


OUTCOMES = st.sampled_from([BUSY, said(GOOD), said(BAD), said(None), said("{" * 500)])


@given(st.lists(OUTCOMES, min_size=1, max_size=30))
def test_no_story_is_longer_than_ten_lines_of_reasonable_length(
    answers: list[Completion | CallFailure],
):
    attempts: list[Attempt[object]] = [
        Failed(Request(number), answer)
        if isinstance(answer, CallFailure)
        else Answered(Request(number), answer, Rejected("invalid", ()))
        for number, answer in enumerate(answers, 1)
    ]
    lines = story(attempts, end="gave up").splitlines()
    assert len(lines) <= 10
    assert max(map(len, lines)) <= 250
