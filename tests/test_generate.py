"""Model: the names it takes, what it sends as a prompt, and which options win."""

from __future__ import annotations

import asyncio

import pytest
from anthropic import Anthropic
from loopback import Reply, serving
from openai import OpenAI
from tenacity.wait import wait_none

from deterministic_llm import (
    Choice,
    ConfigurationError,
    Model,
    RetriesExhausted,
    Template,
)
from deterministic_llm.testing import ScriptedModel

GRADE = Template("Essay score: {score:int}/10")


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("gpt-5", "model 'gpt-5' names no provider: write 'openai:gpt-5', or pass client="),
        ("nowhere:x", "unknown provider 'nowhere' of 'nowhere:x': write one of anthropic, azure, "),
        ("openai:", "'openai:' names no model: write 'openai:' and its name"),
        ("openai", "'openai' names no model: write 'openai:' and its name"),
    ],
)
def test_an_unknown_name_is_refused_with_what_to_write(name: str, problem: str):
    """Before anything is asked."""
    with pytest.raises(ConfigurationError) as caught:
        Model(name)
    assert str(caught.value).startswith(problem)


def test_a_missing_model_file_is_one_sentence():
    """Said at the first call, which is when the file is needed."""
    with pytest.raises(ConfigurationError, match=r"no-such\.gguf"):
        Model("local:no-such.gguf").generate("x", int)


def test_every_way_to_ask_gives_the_same():
    """Decorated or not, blocking or awaited, output alone or with its evidence."""
    answers = ["Essay score: 7/10"] * 6
    llm = ScriptedModel(answers)

    @llm.enforce(GRADE)
    def grade(essay: str) -> str:
        return f"Grade: {essay}"

    @llm.enforce(GRADE)
    async def grade_later(essay: str) -> str:
        return f"Grade: {essay}"

    scores = [
        grade("x").score,
        asyncio.run(grade_later("x")).score,
        llm.generate("Grade: x", GRADE).score,
        llm.run([{"role": "user", "content": "Grade: x"}], GRADE).output.score,
        asyncio.run(llm.agenerate("Grade: x", GRADE)).score,
        asyncio.run(llm.arun("Grade: x", GRADE)).output.score,
    ]
    assert scores == [7] * 6
    assert {str(request.messages) for request in llm.requests} == {str(llm.requests[0].messages)}


def test_a_conversation_passes_through_untouched():
    """Only the last user message is added to; parts, roles and unknown keys stay as they are."""
    llm = ScriptedModel(["yes", "yes"])
    said = [
        {"role": "system", "content": "Be brief.", "name": "s"},
        {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:x"}}]},
    ]
    llm.generate(said, Choice("yes", "no"))
    llm.generate(said[:1], Choice("yes", "no"))
    with_parts, without_user = llm.requests
    assert list(with_parts.messages[:2]) == said
    assert [message["role"] for message in with_parts.messages] == ["system", "user", "user"]
    assert [message["role"] for message in without_user.messages] == ["system", "user"]


@pytest.mark.parametrize(
    ("prompt", "got"),
    [
        (7, "int"),
        ([], "an empty list"),
        (["text", 7], "a list of int and str"),
        (None, "NoneType"),
    ],
)
def test_what_is_no_prompt_is_named(prompt: object, got: str):
    """A TypeError says what came."""
    said = f"a prompt is a str or a list of chat messages, got {got}$"
    with pytest.raises(TypeError, match=said):
        ScriptedModel(["yes"]).generate(prompt, Choice("yes", "no"))


def test_options_of_the_call_win_over_those_of_the_model():
    """Parameters are laid over each other, key by key."""
    llm = ScriptedModel(["no", "no"], max_retries=0, temperature=0.0, max_tokens=5)
    with pytest.raises(RetriesExhausted):
        llm.generate("x", int)
    assert llm.run("x", int, max_tokens=9, on_exhausted="return_none").output is None
    assert [dict(request.parameters) for request in llm.requests] == [
        {"temperature": 0.0, "max_tokens": 5},
        {"temperature": 0.0, "max_tokens": 9},
    ]
    assert repr(llm) == "Model('scripted')"


def test_awaited_runs_settle_like_blocking_ones():
    """on_exhausted holds for both."""
    llm = ScriptedModel(["no", "no"], max_retries=0)
    assert asyncio.run(llm.agenerate("x", int, on_exhausted=lambda _: 7)) == 7
    assert asyncio.run(llm.arun("x", int, on_exhausted="return_none")).exhausted


def test_a_given_client_is_asked_with_the_name_as_it_is():
    """With or without the provider in front."""
    with serving([Reply("7")]) as server, OpenAI(base_url=server.base_url, api_key="k") as client:
        for name in ("some-model", "openai:some-model"):
            assert Model(name, client=client, wait=wait_none()).generate("x", int) == 7
    assert [body["model"] for body in server.bodies] == ["some-model"] * 2


@pytest.mark.parametrize(
    "part", [OpenAI(api_key="-").chat, OpenAI, Anthropic(api_key="-").messages]
)
def test_a_part_of_a_client_is_no_client(part: object):
    """Nor is its class."""
    wanted = "client=: expected a client of openai, anthropic or google-genai, got "
    with pytest.raises(ConfigurationError, match=wanted):
        Model("some-model", client=part)  # type: ignore[arg-type]


def test_a_mode_that_does_not_fit_is_refused():
    """A template cannot be what a tool is called with."""
    with pytest.raises(ConfigurationError, match="mode='tool' cannot hold template"):
        ScriptedModel([]).run("x", GRADE, mode="tool")


def test_a_mode_that_is_asked_for_is_sent():
    """Native and JSON mode in the request, and recorded in the result."""
    with serving([Reply('{"a": 1}')]) as server:
        llm = Model("openai:m", base_url=server.base_url, api_key="k")
        native = llm.run("x", dict[str, int], mode="native")
        loose = llm.run("x", dict[str, int], mode="json")
    assert (native.mode, loose.mode) == ("native", "json")
    assert [body["response_format"]["type"] for body in server.bodies] == [
        "json_schema",
        "json_object",
    ]
