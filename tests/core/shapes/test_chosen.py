"""The tokens of Gemini's answers: by its SDK's types and by its JSON, exact or none."""

from __future__ import annotations

from typing import Any

import pytest
from google.genai import types

from deterministic_llm._core.exchange import Completion, Token
from deterministic_llm._core.shapes.answers import answer_of
from deterministic_llm._core.shapes.streams import Streamed
from deterministic_llm._core.shapes.tokens import chosen_tokens


def candidate(token: str, probability: float) -> dict[str, Any]:
    return {"token": token, "tokenId": 7, "logProbability": probability}


CHOSEN = [candidate('{"a":', -0.5), candidate(" 1", -0.25), candidate("}", -0.001)]
TOP = [
    {"candidates": [candidate('{"a":', -0.5), candidate("[", -3.0)]},
    {"candidates": [candidate(" 1", -0.25), candidate(" 2", -2.0), candidate(" 3", -90.0)]},
    {"candidates": [candidate("}", -0.001)]},
]
TOKENS = (
    Token('{"a":', -0.5, (("[", -3.0),)),
    Token(" 1", -0.25, ((" 2", -2.0),)),
    Token("}", -0.001),
)
ALONE = tuple(Token(each.text, each.logprob) for each in TOKENS)


def answered(result: dict[str, Any], *texts: str) -> dict[str, Any]:
    parts = [{"text": text} for text in texts or ('{"a": 1}',)]
    content = {"role": "model", "parts": parts}
    return {"candidates": [{"content": content, "finishReason": "STOP", "logprobsResult": result}]}


READ = [
    pytest.param({"chosenCandidates": CHOSEN, "topCandidates": TOP}, TOKENS, id="with others"),
    pytest.param({"chosenCandidates": CHOSEN}, ALONE, id="alone"),
    pytest.param({"chosenCandidates": CHOSEN, "topCandidates": TOP[:2]}, (), id="a list too few"),
    pytest.param({"chosenCandidates": [{"token": "1"}]}, (), id="no number"),
    pytest.param({"chosenCandidates": [{"logProbability": -1.0}]}, (), id="no text"),
    pytest.param({"topCandidates": TOP}, (), id="none was chosen"),
    pytest.param({}, (), id="nothing"),
]


@pytest.mark.parametrize(("result", "tokens"), READ)
def test_tokens_are_those_of_the_types_and_of_the_json(
    result: dict[str, Any], tokens: tuple[Token, ...]
):
    in_json = answer_of(answered(result))
    typed = answer_of(types.GenerateContentResponse.model_validate(answered(result)))
    assert isinstance(in_json, Completion)
    assert isinstance(typed, Completion)
    assert (in_json.tokens, typed.tokens) == (tokens, tokens)


@pytest.mark.parametrize("wrong", [None, 5, "x", [], {"chosenCandidates": "x"}, {"chosen": [1]}])
def test_what_is_no_result_has_no_tokens(wrong: object):
    assert chosen_tokens(wrong) == ()


@pytest.mark.parametrize("number", ["x", True, float("nan"), None])
def test_a_number_that_is_none_makes_it_none(number: object):
    assert chosen_tokens({"chosenCandidates": [{"token": "1", "logProbability": number}]}) == ()


def test_those_of_a_stream_are_put_together():
    streamed = Streamed()
    for at, text in enumerate(('{"a":', " 1", "}")):
        result = {"chosenCandidates": CHOSEN[at : at + 1], "topCandidates": TOP[at : at + 1]}
        streamed.add(answered(result, text))
    answer = streamed.answer()
    assert isinstance(answer, Completion)
    assert (answer.text, answer.tokens) == ('{"a": 1}', TOKENS)
