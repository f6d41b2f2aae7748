"""OpenAI's decisions: what is asked for a target, and what its probabilities become."""

from __future__ import annotations

import json
from typing import Annotated, Literal

import openai
import pytest
from loopback import Loopback, Reply, serving
from pydantic import BaseModel, Field

from deterministic_llm import Choice, ConfigurationError, Model, Refused, Template
from deterministic_llm._core.exchange import JsonObject
from deterministic_llm._core.shapes.answers import answer_of

Score = Annotated[int, Field(ge=0, le=10)]


class Verdict(BaseModel):
    """What is decided of an essay."""

    score: Score = Field(description="How good the essay is.")
    on_topic: bool = Field(description="The essay keeps to its topic.")
    tone: Literal["formal", "casual"]


SCORE: JsonObject = {
    "type": "score",
    "name": "score",
    "score": 8.3,
    "confidence": 0.6,
    "probabilities": [
        {"label": "1", "value": 1, "probability": 0.05},
        {"label": "8", "value": 8, "probability": 0.6},
        {"label": "10", "value": 10, "probability": 0.35},
    ],
}
ON_TOPIC: JsonObject = {"type": "predicate", "name": "on_topic", "probability": 0.2}
TONE: JsonObject = {
    "type": "choice",
    "name": "tone",
    "choice": "casual",
    "confidence": 0.7,
    "probabilities": [
        {"value": "formal", "probability": 0.3},
        {"value": "casual", "probability": 0.7},
    ],
}


def deciding(*answers: JsonObject) -> Reply:
    usage = {
        "input_tokens": 90,
        "input_tokens_details": {"cache_write_tokens": 0, "cached_tokens": 10},
        "output_tokens": 0,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": 90,
    }
    body = {"answers": list(answers), "model": "gpt-6-luna", "usage": usage}
    return Reply(body=json.dumps(body).encode())


def model(server: Loopback) -> Model:
    return Model("openai-decisions:gpt-6-luna", base_url=server.base_url, api_key="key")


def test_each_member_is_a_question_and_each_answer_a_distribution() -> None:
    with serving([deciding(SCORE, ON_TOPIC, TONE)]) as server:
        result = model(server).run("The essay.", Verdict, confidence=True, seed=7, temperature=0)
    levels = [{"label": str(level)} for level in range(11)]
    assert server.bodies == [
        {
            "model": "gpt-6-luna",
            "input": [{"role": "user", "content": "The essay."}],
            "questions": [
                {
                    "name": "score",
                    "type": "score",
                    "instructions": "How good the essay is.",
                    "levels": levels,
                },
                {
                    "name": "on_topic",
                    "type": "predicate",
                    "instructions": "The essay keeps to its topic.",
                },
                {
                    "name": "tone",
                    "type": "choice",
                    "instructions": "tone",
                    "choices": [{"value": "formal"}, {"value": "casual"}],
                },
            ],
        }
    ]
    assert result.output == Verdict(score=8, on_topic=False, tone="casual")
    assert (result.determinism, result.usage.input_tokens) == ("shape", 90)
    sure = result.confidence
    assert sure is not None
    assert {each.source for each in sure.values()} == {"decision"}
    assert sure["$.score"].mean == pytest.approx(0.05 + 4.8 + 3.5)
    assert sure["$.on_topic"].probability == pytest.approx(0.8)
    assert sure["$.tone"].distribution == {
        "formal": pytest.approx(0.3),
        "casual": pytest.approx(0.7),
    }
    assert sure["$.tone"].tokens == 0


@pytest.mark.parametrize(
    ("target", "answer", "output"),
    [(bool, ON_TOPIC, False), (Score, SCORE, 8), (Literal["formal", "casual"], TONE, "casual")],
)
def test_a_single_value_is_one_question_without_a_name(
    target: object, answer: JsonObject, output: object
) -> None:
    unnamed = {name: member for name, member in answer.items() if name != "name"}
    with serving([deciding(unnamed)]) as server:
        result = model(server).run("The essay.", target, confidence=True)  # type: ignore[call-overload]
    assert (result.output, result.confidence["$"].source) == (output, "decision")
    (question,) = server.bodies[0]["questions"]
    assert (question["type"], "name" in question) == (answer["type"], False)


def test_a_template_of_one_score_is_a_score_question() -> None:
    target = Template("Essay score: {score}/10", score=Score)
    with serving([deciding(SCORE)]) as server:
        result = model(server).run("The essay.", target, confidence=True)
    (question,) = server.bodies[0]["questions"]
    assert (question["type"], question["name"]) == ("score", "score")
    assert result.output.score == 8
    assert result.confidence is not None
    sure = result.confidence["$.score"]
    assert (sure.source, sure.mean) == ("decision", pytest.approx(8.35))


def test_a_choice_is_a_choice_question() -> None:
    with serving([deciding(TONE | {"name": None})]) as server:
        result = model(server).run("The essay.", Choice("formal", "casual"), confidence=True)
    assert server.bodies[0]["questions"][0]["type"] == "choice"
    assert result.confidence is not None
    assert (result.output, result.confidence["$"].source) == ("casual", "decision")


def test_a_question_that_is_declined_is_a_refusal() -> None:
    refused: JsonObject = {"type": "refusal", "name": "tone"}
    with serving([deciding(SCORE, ON_TOPIC, refused)]) as server, pytest.raises(Refused):
        model(server).run("The essay.", Verdict)


class Essay(BaseModel):
    """Text is nothing to be decided."""

    score: Score
    reason: str


@pytest.mark.parametrize(
    ("target", "named", "got"),
    [
        (Essay, "reason", "string"),
        (str, "the target", "string"),
        (list[bool], "the target", "array"),
        (float, "the target", "number"),
        (Literal[1, "a"], "the target", "one of 2 values"),
    ],
)
def test_what_cannot_be_decided_is_said_before_any_call(
    target: object, named: str, got: str
) -> None:
    said = f"{named}: a decision is true or false, .* bounds, got {got} "
    with serving([deciding(SCORE)]) as server:
        with pytest.raises(ConfigurationError, match=said):
            model(server).run("The essay.", target)  # type: ignore[call-overload]
        assert server.bodies == []


def test_a_client_of_ones_own_is_asked_for_decisions_too() -> None:
    with serving([deciding(ON_TOPIC | {"name": None})]) as server:
        client = openai.OpenAI(base_url=server.base_url, api_key="key")
        llm = Model("openai-decisions:gpt-6-luna", client=client)
        assert llm.generate("The essay.", bool) is False
        client.close()


@pytest.mark.skipif(not hasattr(openai.types, "Decision"), reason="openai 2 has no decisions")
def test_the_sdks_own_object_is_read_by_its_shape() -> None:
    """A function that makes its own call may return it."""
    answers = [ON_TOPIC | {"name": None}]
    usage = {"input_tokens": 1, "output_tokens": 0, "total_tokens": 1}
    decision = openai.types.Decision.model_construct(
        answers=answers, model="gpt-6-luna", usage=usage
    )
    found = answer_of(decision)
    assert (getattr(found, "text", None), getattr(found, "decided", None)) == ("false", True)
