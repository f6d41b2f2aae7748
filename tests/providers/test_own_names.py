"""A parameter refused under the name that a provider has for it is known by ours."""

from __future__ import annotations

import json
from typing import Any

import pytest
from loopback import Reply, serving
from pydantic import BaseModel

from deterministic_llm import Completion, Model, ProviderError
from deterministic_llm.testing.anthropic import message
from deterministic_llm.testing.envelopes import envelope
from deterministic_llm.testing.gemini import content


class Letter(BaseModel):
    """What the healthy answer is."""

    a: int


HEALTHY = envelope(Completion('{"a": 1}'))
WORDED = {"gemini": content(HEALTHY), "anthropic": message(HEALTHY)}


def refusal(said: str) -> Reply:
    told = {"code": 400, "message": said, "status": "INVALID_ARGUMENT"}
    return Reply(status=400, body=json.dumps({"type": "error", "error": told}).encode())


def unknown(name: str) -> str:
    """As Gemini's server has it."""
    return f"Invalid JSON payload received. Unknown name \"{name}\" at 'generation_config': No."


LEARNED = [
    pytest.param("gemini", unknown("topP"), {"top_p": 0.5}, {}, id="gemini: topP"),
    pytest.param("gemini", unknown("topK"), {"top_k": 5}, {}, id="gemini: topK"),
    pytest.param(
        "gemini",
        unknown("presencePenalty"),
        {"presence_penalty": 1, "seed": 3},
        {"seed": 3},
        id="gemini: presencePenalty",
    ),
    pytest.param(
        "gemini",
        "Logprobs is not enabled for this model",
        {"logprobs": True, "top_logprobs": 5},
        {"top_logprobs": 5},
        id="gemini: probabilities",
    ),
    pytest.param("gemini", unknown("seed"), {"seed": 3}, {}, id="gemini: its name is ours"),
    pytest.param(
        "anthropic",
        "top_p: Extra inputs are not permitted",
        {"top_p": 0.5, "temperature": 0},
        {"temperature": 0},
        id="anthropic: its name is ours",
    ),
]


@pytest.mark.parametrize(("provider", "said", "given", "left"), LEARNED)
def test_it_is_left_out_and_the_mode_stays(
    provider: str, said: str, given: dict[str, Any], left: dict[str, Any]
):
    healthy = Reply(body=json.dumps(WORDED[provider]).encode())
    with serving([refusal(said), healthy]) as server:
        address = server.base_url.removesuffix("/v1")
        llm = Model(f"{provider}:{said}", base_url=address, api_key="key-of-the-caller")
        first = llm.run("Hi", Letter, **given)
        second = llm.run("Hi", Letter, **given)
    sent = [{name: each.request.parameters.get(name) for name in given} for each in first.attempts]
    assert sent == [given, {name: left.get(name) for name in given}]
    assert (first.mode, len(second.attempts)) == ("native", 1)


LIMITS = [
    pytest.param("gemini", unknown("stopSequences"), {"stop": ["x"]}, "stop", 1, id="gemini: stop"),
    pytest.param(
        "anthropic",
        "stop_sequences: Extra inputs are not permitted",
        {"stop": ["x"]},
        "stop",
        1,
        id="anthropic: stop",
    ),
    pytest.param(
        "gemini", unknown("maxOutputTokens"), {"max_tokens": 9}, "max_tokens", 2, id="gemini: limit"
    ),
]


@pytest.mark.parametrize(("provider", "said", "given", "name", "calls"), LIMITS)
def test_no_limit_is_lifted(provider: str, said: str, given: dict[str, Any], name: str, calls: int):
    """The error says what is not taken, in the caller's words."""
    with serving([refusal(said)]) as server:
        address = server.base_url.removesuffix("/v1")
        llm = Model(f"{provider}:{said}", base_url=address, api_key="key-of-the-caller")
        with pytest.raises(ProviderError) as raised:
            llm.run("Hi", Letter, **given)
    assert raised.value.failure.parameter == name
    assert len(server.bodies) == calls
