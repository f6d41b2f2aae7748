"""turn.request(): what each provider's SDK takes, as its types have it, and nothing else."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from pydantic import BaseModel, Field

from deterministic_llm import ConfigurationError, Template, Turn, enforce

SCHEMA = {
    "type": "object",
    "description": "A grade.",
    "properties": {
        "score": {"type": "integer", "minimum": 0, "maximum": 10},
        "comment": {"type": "string"},
    },
    "required": ["score", "comment"],
}
PART = {
    "type": "object",
    "properties": {"score": {"type": "integer", "minimum": 0, "maximum": 10}},
    "required": ["score"],
}
TAKEN = {
    "openai": {"response_format", "tools", "tool_choice", "max_tokens", "seed", "timeout"},
    "responses": {"text", "tools", "tool_choice", "max_output_tokens", "timeout"},
    "anthropic": {"output_config", "tools", "tool_choice", "max_tokens", "timeout"},
    "gemini": {"config"},
}
"""Parameters of ``chat.completions.create`` and ``responses.create`` of openai 3.57, of
``messages.create`` of anthropic 2.14 and ``models.generate_content`` of google-genai 3.6."""
CONFIG = {
    "response_mime_type",
    "response_json_schema",
    "tools",
    "tool_config",
    "max_output_tokens",
    "seed",
    "http_options",
}
"""Fields of google-genai's GenerateContentConfig."""


class Grade(BaseModel):
    """A grade."""

    score: int = Field(ge=0, le=10)
    comment: str


GRADE = json.dumps({"score": 9, "comment": "Well told."})


def told(
    provider: str, target: object = Grade, first: str = GRADE, **options: object
) -> list[dict[str, Any]]:
    """What the turns of a run said to *provider*."""
    said: list[dict[str, Any]] = []

    @enforce(target)
    def ask(turn: Turn) -> str:
        said.append(turn.request(provider))  # type: ignore[arg-type]  # any, on purpose
        return first if turn.number == 1 else '{"score": 9}'

    ask.with_options(**options).run()
    return said


def chat(name: str, schema: Mapping[str, object]) -> dict[str, Any]:
    held = {"name": name, "schema": schema}
    return {"response_format": {"type": "json_schema", "json_schema": held}}


def responses(name: str, schema: Mapping[str, object]) -> dict[str, Any]:
    return {"text": {"format": {"type": "json_schema", "name": name, "schema": schema}}}


def anthropic(_: str, schema: Mapping[str, object]) -> dict[str, Any]:
    return {"output_config": {"format": {"type": "json_schema", "schema": schema}}}


def gemini(_: str, schema: Mapping[str, object]) -> dict[str, Any]:
    config = {"response_mime_type": "application/json", "response_json_schema": schema}
    return {"config": config}


NATIVE = {"openai": chat, "responses": responses, "anthropic": anthropic, "gemini": gemini}


@pytest.mark.parametrize("provider", NATIVE)
def test_the_answer_is_held_to_the_schema_and_then_to_a_part_of_it(provider: str):
    first, second = told(provider, first='{"score": 11, "comment": "Well told."}')
    assert first == NATIVE[provider]("Grade", SCHEMA)
    assert second == NATIVE[provider]("Grade_members", PART)


@pytest.mark.parametrize(
    ("provider", "wanted"),
    [
        (
            "openai",
            {
                "tools": [
                    {"type": "function", "function": {"name": "Grade", "parameters": SCHEMA}}
                ],
                "tool_choice": {"type": "function", "function": {"name": "Grade"}},
            },
        ),
        (
            "responses",
            {
                "tools": [
                    {"type": "function", "strict": None, "name": "Grade", "parameters": SCHEMA}
                ],
                "tool_choice": {"type": "function", "name": "Grade"},
            },
        ),
        (
            "anthropic",
            {
                "tools": [{"name": "Grade", "input_schema": SCHEMA}],
                "tool_choice": {"type": "tool", "name": "Grade"},
            },
        ),
        (
            "gemini",
            {
                "config": {
                    "tools": [
                        {
                            "function_declarations": [
                                {"name": "Grade", "parameters_json_schema": SCHEMA}
                            ]
                        }
                    ],
                    "tool_config": {
                        "function_calling_config": {
                            "mode": "ANY",
                            "allowed_function_names": ["Grade"],
                        }
                    },
                }
            },
        ),
    ],
)
def test_in_tool_mode_the_answer_is_the_arguments_of_a_tool(provider: str, wanted: dict[str, Any]):
    assert told(provider, mode="tool") == [wanted]


@pytest.mark.parametrize(
    ("provider", "wanted"),
    [
        ("openai", {"response_format": {"type": "json_object"}}),
        ("responses", {"text": {"format": {"type": "json_object"}}}),
        ("anthropic", {}),
        ("gemini", {"config": {"response_mime_type": "application/json"}}),
    ],
)
def test_in_json_mode_the_answer_is_some_json_where_there_is_a_word_for_it(
    provider: str, wanted: dict[str, Any]
):
    assert told(provider, mode="json") == [wanted]


@pytest.mark.parametrize(
    ("provider", "wanted"),
    [
        ("openai", {}),
        ("responses", {}),
        ("anthropic", {}),
        (
            "gemini",
            {
                "config": {
                    "response_mime_type": "application/json",
                    "response_json_schema": {"type": "integer"},
                }
            },
        ),
    ],
)
def test_only_an_object_is_held_where_a_schema_must_be_one(provider: str, wanted: dict[str, Any]):
    assert told(provider, int, "7") == [wanted]


@pytest.mark.parametrize("provider", NATIVE)
def test_text_is_held_to_nothing(provider: str):
    wanted: dict[str, Any] = {"config": {}} if provider == "gemini" else {}
    assert told(provider, Template("Score: {score:int}"), "Score: 7") == [wanted]


@pytest.mark.parametrize(
    ("provider", "wanted"),
    [
        ("openai", {"max_tokens": 300, "seed": 7}),
        ("responses", {"max_output_tokens": 300}),
        ("anthropic", {"max_tokens": 300}),
        ("gemini", {"max_output_tokens": 300, "seed": 7}),
    ],
)
def test_options_have_their_own_names(provider: str, wanted: dict[str, Any]):
    (said,) = told(provider, str, "Yes.", max_tokens=300, seed=7, timeout=20.0)
    said = said.get("config", said)
    left = said.pop("timeout", None) or said.pop("http_options")["timeout"] / 1000
    assert 19 < left <= 20
    said.pop("response_mime_type", None)
    said.pop("response_json_schema", None)
    assert said == wanted


@pytest.mark.parametrize(
    ("provider", "wanted"),
    [
        ("openai", {"logprobs": True, "top_logprobs": 20}),
        ("responses", {"include": ["message.output_text.logprobs"], "top_logprobs": 20}),
        ("anthropic", {}),
    ],
)
def test_confidence_asks_for_the_tokens_where_they_can_be_had(
    provider: str, wanted: dict[str, Any]
):
    (sure,) = told(provider, confidence=True)
    (said,) = told(provider)
    assert sure == said | wanted


@pytest.mark.parametrize("mode", ["auto", "tool", "json"])
@pytest.mark.parametrize("provider", NATIVE)
def test_nothing_is_said_that_an_sdk_does_not_take(provider: str, mode: str):
    (said,) = told(provider, mode=mode, max_tokens=300, seed=7, timeout=20.0)
    assert said.keys() <= TAKEN[provider]
    assert said.get("config", {}).keys() <= CONFIG


def test_a_provider_that_is_not_known_is_named():
    with pytest.raises(ConfigurationError) as caught:
        told("mistral")
    assert str(caught.value) == (
        "turn.request('mistral'): expected one of 'openai', 'responses', 'anthropic', 'gemini'"
    )


def test_a_turn_tells_the_seed():
    seeds: list[int | None] = []

    @enforce(int)
    def ask(turn: Turn) -> str:
        seeds.append(turn.seed)
        return "7"

    ask.run()
    ask.with_options(seed=3).run()
    assert seeds == [None, 3]
