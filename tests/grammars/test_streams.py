"""A stream under guard: stopped at its first wrong character, asked again, and never less right."""

from __future__ import annotations

import json

import pytest
from core.stops.test_guarded import CAR, CARS, patient
from hypothesis import given

from deterministic_llm import ResponseError, Schema, parse
from deterministic_llm._core.stops.languages import language_of
from deterministic_llm.targets import compiled
from deterministic_llm.testing import Abilities, ScriptedModel

pytest.importorskip("llguidance")

ANY_CAR = Schema(CAR)
TALE = "the plate of this car is a long story. " * 9
RIGHT = '{"plate": "AB12", "seats": 4}'


@pytest.mark.parametrize(
    ("wrong", "strict", "came", "why"),
    [
        pytest.param(
            f'{{"seats": 4, "plate": "{TALE}"}}',
            False,
            '{"seats": 4, "plate": "the plate of this car',
            "$.plate",
            id="a text that its pattern cannot match",
        ),
        pytest.param(
            f"Sure! {RIGHT}",
            True,
            "Sure!",
            "$ expected `{`",
            id="words, where no repair is allowed",
        ),
    ],
)
def test_a_stopped_answer_is_asked_for_again(wrong: str, strict: bool, came: str, why: str):  # noqa: FBT001  # a case
    target = Schema(CAR)
    language = language_of(compiled(target), strict=strict)
    assert language is not None
    assert patient(language, patience=0).feed(RIGHT) == "complete"  # it is compiled by now
    model = ScriptedModel([wrong, RIGHT], abilities=Abilities(modes=("native",)), chunk=8)
    with model.stream("Which car?", target, strict=strict) as events:
        for _ in events:
            pass
    result = events.result
    first = result.attempts[0]
    assert first.text is not None
    assert first.text.startswith(came[:8])
    assert len(first.text) < len(came) + 16
    assert (first.outcome, result.output) == ("invalid", parse(RIGHT, target).output)
    assert why in result.explain()


@given(car=CARS)
def test_what_is_read_is_what_a_stream_comes_to(car: object):
    text = json.dumps(car)
    try:
        output = parse(text, ANY_CAR).output
    except ResponseError:
        return
    model = ScriptedModel([text], abilities=Abilities(modes=("native",)), chunk=5)
    with model.stream("Which car?", ANY_CAR, max_retries=0) as events:
        for _ in events:
            pass
    assert events.result.output == output
