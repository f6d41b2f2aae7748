"""The Anthropic provider over real HTTP on loopback: what is posted, and with which clients."""

from __future__ import annotations

import asyncio
import base64
import subprocess
import sys
from collections.abc import Callable
from decimal import Decimal
from time import perf_counter
from typing import Any

import pytest
from anthropic import Anthropic, AsyncAnthropic
from loopback import Reply, serving
from patience import eventually
from tenacity.wait import wait_none
from words import KEY, WORDS

from deterministic_llm import CallFailure, Completion, ConfigurationError, Model, Price, Usage
from deterministic_llm._core.attempts import Request
from deterministic_llm._core.exchange import Constraint, JsonObject, ToolCall
from deterministic_llm.providers.anthropic import MessagesModel
from deterministic_llm.providers.anthropic.posts import message
from deterministic_llm.testing import FaultServer

SCHEMA: JsonObject = {"type": "object", "properties": {"a": {"type": "integer"}}}
PROMPT = ({"role": "user", "content": "Hi"},)
ANSWER = Completion("7", model="m", usage=Usage(10, 2, cached_tokens=4, written_tokens=3))
WORDED = Reply(body=WORDS["anthropic"].body(ANSWER))


def blocking(model: MessagesModel, request: Request) -> Completion | CallFailure:
    return model.complete(request)


def awaiting(model: MessagesModel, request: Request) -> Completion | CallFailure:
    return asyncio.run(model.acomplete(request))


Ask = Callable[[MessagesModel, Request], Completion | CallFailure]
both = pytest.mark.parametrize("ask", [blocking, awaiting])


def posted(*messages: dict[str, Any], **members: Any) -> dict[str, object]:
    """The body for *messages* to a model, without its name."""
    body = message("m", Request(1, messages, **members), pieces=False)
    assert body.pop("model") == "m"
    return body


PNG = base64.b64encode(b"png").decode()
OWN: list[dict[str, Any]] = [
    {
        "role": "user",
        "content": [
            {"type": "text", "text": "Look", "cache_control": {"type": "ephemeral"}},
            {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PNG}},
            {"type": "document", "source": {"type": "file", "file_id": "file_1"}, "title": "t"},
        ],
    },
    {
        "role": "assistant",
        "content": [
            {"type": "thinking", "thinking": "hm", "signature": "s"},
            {"type": "tool_use", "id": "toolu_1", "name": "look", "input": {"at": 1}},
        ],
    },
    {
        "role": "user",
        "content": [{"type": "tool_result", "tool_use_id": "toolu_1", "content": "a cat"}],
    },
    {"role": "assistant", "content": "{"},
]


def test_messages_in_its_own_form_pass_untouched():
    """Several turns of several parts, earlier calls and a beginning of the answer."""
    turns = posted(*OWN)["messages"]
    assert isinstance(turns, list)
    assert all(sent is given for sent, given in zip(turns, OWN, strict=True))


def test_the_system_is_no_turn():
    """A text, or the blocks of several messages; one that comes later stays where it is."""
    assert posted({"role": "system", "content": "A"}, *PROMPT)["system"] == "A"
    blocks = [{"type": "text", "text": "B", "cache_control": {"type": "ephemeral"}}]
    body = posted(
        {"role": "system", "content": "A"},
        {"role": "developer", "content": blocks},
        *PROMPT,
        {"role": "developer", "content": "C"},
    )
    assert body["system"] == [{"type": "text", "text": "A"}, *blocks]
    assert body["messages"] == [*PROMPT, {"role": "system", "content": "C"}]
    assert "system" not in posted(*PROMPT)


TRANSLATED: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    (
        "an image as data",
        {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG}"}},
        {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PNG}},
    ),
    (
        "an image elsewhere",
        {"type": "image_url", "image_url": {"url": "https://x.example/cat", "detail": "low"}},
        {"type": "image", "source": {"type": "url", "url": "https://x.example/cat"}},
    ),
    (
        "a document",
        {
            "type": "file",
            "file": {"file_data": f"data:application/pdf;base64,{PNG}", "filename": "a.pdf"},
        },
        {
            "type": "document",
            "source": {"type": "base64", "media_type": "application/pdf", "data": PNG},
            "title": "a.pdf",
        },
    ),
    (
        "a text that is a file",
        {"type": "file", "file": {"file_data": f"data:text/plain;base64,{PNG}"}},
        {
            "type": "document",
            "source": {"type": "text", "media_type": "text/plain", "data": "png"},
        },
    ),
    (
        "a file by its id",
        {"type": "file", "file": {"file_id": "file_1"}},
        {"type": "document", "source": {"type": "file", "file_id": "file_1"}},
    ),
    ("a refusal", {"type": "refusal", "refusal": "no"}, {"type": "text", "text": "no"}),
    (
        "a sound, which there is no block for",
        {"type": "input_audio", "input_audio": {"data": PNG, "format": "wav"}},
        {"type": "input_audio", "input_audio": {"data": PNG, "format": "wav"}},
    ),
]


@pytest.mark.parametrize(
    ("part", "block"), [pytest.param(part, block, id=name) for name, part, block in TRANSLATED]
)
def test_a_part_in_openais_form_becomes_a_block(part: dict[str, Any], block: dict[str, Any]):
    """The parts round it stay as they are."""
    text = {"type": "text", "text": "Look"}
    (turn,) = posted({"role": "user", "content": [text, part], "name": "bob"})["messages"]  # type: ignore[misc]
    assert turn == {"role": "user", "content": [text, block]}


def test_earlier_calls_and_their_results_are_translated():
    """Results that follow each other are one turn; arguments that are no object are kept."""

    def called(at: int, arguments: str) -> dict[str, Any]:
        function = {"name": "look", "arguments": arguments}
        return {"id": f"call_{at}", "type": "function", "function": function}

    body = posted(
        {
            "role": "assistant",
            "content": "Wait",
            "refusal": None,
            "tool_calls": [called(1, '{"at": 1}'), called(2, "oops")],
        },
        {"role": "tool", "tool_call_id": "call_1", "content": "a cat"},
        {"role": "tool", "tool_call_id": "call_2", "content": [{"type": "text", "text": "a dog"}]},
        {"role": "user", "content": "And?"},
    )
    assert body["messages"] == [
        {
            "role": "assistant",
            "content": [
                {"type": "text", "text": "Wait"},
                {"type": "tool_use", "id": "call_1", "name": "look", "input": {"at": 1}},
                {"type": "tool_use", "id": "call_2", "name": "look", "input": {"text": "oops"}},
            ],
        },
        {
            "role": "user",
            "content": [
                {"type": "tool_result", "tool_use_id": "call_1", "content": "a cat"},
                {
                    "type": "tool_result",
                    "tool_use_id": "call_2",
                    "content": [{"type": "text", "text": "a dog"}],
                },
            ],
        },
        {"role": "user", "content": "And?"},
    ]


def test_a_constraint_is_said_in_its_words():
    """Beside what the caller asks of the output; the words of the prompt need none."""
    native = Constraint("native", "answer", SCHEMA, strict=True)
    effort = {"extra_body": {"output_config": {"effort": "low"}}}
    form = {"type": "json_schema", "schema": SCHEMA}
    body = posted(*PROMPT, constraint=native, parameters=effort)
    assert body["output_config"] == {"effort": "low", "format": form}
    body = posted(*PROMPT, constraint=Constraint("tool", "answer", SCHEMA, strict=True))
    assert body["tools"] == [{"name": "answer", "input_schema": SCHEMA, "strict": True}]
    chosen = {"type": "tool", "name": "answer", "disable_parallel_tool_use": True}
    assert body["tool_choice"] == chosen
    assert set(posted(*PROMPT)) == {"messages", "max_tokens"}


def test_parameters_are_called_as_it_calls_them():
    """The newer name of two counts, a limit there is always, and a seed there is none."""
    given = {
        "max_tokens": 5,
        "max_completion_tokens": 9,
        "stop": "x",
        "seed": 7,
        "temperature": 0,
        "headers": {"x": "y"},
        "extra_body": {"metadata": {"user_id": "u"}},
    }
    assert posted(*PROMPT, parameters=given) == {
        "messages": [*PROMPT],
        "max_tokens": 9,
        "stop_sequences": ["x"],
        "temperature": 0,
        "metadata": {"user_id": "u"},
    }
    assert posted(*PROMPT)["max_tokens"] == 8192


def test_a_run_has_a_value_its_tokens_and_its_cost():
    """Tokens from and for the cache have prices of their own."""
    prices = {"m": Price(1, 10, cached_input="0.1", written_input="1.25")}
    with serving([Reply(body=b"{}", status=529), WORDED]) as server:
        address = server.base_url.removesuffix("/v1")
        llm = Model("anthropic:m", base_url=address, api_key=KEY, prices=prices, wait=wait_none())
        result = llm.run("Give a number.", int)
    assert [attempt.outcome for attempt in result.attempts] == ["overloaded", "accepted"]
    assert (result.output, result.usage, result.mode) == (7, ANSWER.usage, "native")
    assert result.cost == Decimal("0.00002715")
    assert server.headers[0]["anthropic-version"]
    assert [body["max_tokens"] for body in server.bodies] == [8192, 8192]
    assert server.bodies[1]["output_config"]["format"]["type"] == "json_schema"


def test_a_lent_client_is_known_by_its_package():
    """Also under a name that holds a colon; its own retries are off, and it keeps them."""
    tool = Completion('{"a": 1}', calls=(ToolCall("dict_str_int", '{"a": 1}'),))
    with serving([Reply(body=WORDS["anthropic"].body(tool))]) as server:
        address = server.base_url.removesuffix("/v1")
        with Anthropic(base_url=address, api_key=KEY) as own:
            llm = Model(client=own, name="anthropic:m", mode="tool")
            assert llm.generate("?", dict[str, int]) == {"a": 1}
            assert own.max_retries == 2
    assert server.bodies[0]["model"] == "m"


@both
def test_its_own_retries_are_off(ask: Ask):
    """A failure of the server is one request."""
    with serving([Reply(body=b"{}", status=500)]) as server:
        address = server.base_url.removesuffix("/v1")
        ask(MessagesModel("m", base_url=address, api_key=KEY), Request(1, PROMPT))
        assert len(server.bodies) == 1


def test_a_lent_client_is_copied_for_later_loops():
    """It serves the first loop itself, and its owner closes it."""
    with serving([WORDED]) as server:
        given = AsyncAnthropic(base_url=server.base_url.removesuffix("/v1"), api_key=KEY)
        model = MessagesModel("m", client=given)

        async def first() -> Completion | CallFailure:
            async with given:
                return await model.acomplete(Request(1, PROMPT))

        assert isinstance(asyncio.run(first()), Completion)
        for _ in range(2):
            assert isinstance(awaiting(model, Request(1, PROMPT)), Completion)


def test_a_client_of_the_wrong_colour_is_named():
    """The sentence says what to call instead."""
    request = Request(1, PROMPT)
    with pytest.raises(ConfigurationError, match=r"has an async client.*arun.*Anthropic"):
        blocking(MessagesModel("m", client=AsyncAnthropic(api_key=KEY)), request)
    with pytest.raises(ConfigurationError, match=r"has a sync client.*run.*AsyncAnthropic"):
        awaiting(MessagesModel("m", client=Anthropic(api_key=KEY)), request)


@both
def test_no_key_is_one_clear_sentence(ask: Ask, monkeypatch: pytest.MonkeyPatch, tmp_path: Any):
    """Nothing is sent; the sentence names the variable and the model."""
    for name in ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("ANTHROPIC_CONFIG_DIR", str(tmp_path))
    with pytest.raises(ConfigurationError, match=r"claude-x.*ANTHROPIC_API_KEY"):
        ask(MessagesModel("claude-x"), Request(1, PROMPT))


@pytest.mark.parametrize(
    ("name", "package"), [("anthropic", "anthropic"), ("gemini", "google.genai")]
)
def test_a_missing_extra_is_one_clear_sentence(name: str, package: str):
    """It says what to install; importing the library needs none of them."""
    program = (
        f"import sys; sys.modules[{package!r}] = None\n"
        "from deterministic_llm import ConfigurationError, Model\n"
        f"try: Model('{name}:some-model', api_key='k').generate('?', int)\n"
        "except ConfigurationError as error: print(error)\n"
    )
    told = subprocess.run(  # noqa: S603  # our own words
        [sys.executable, "-c", program], capture_output=True, check=True, text=True
    )
    assert f"some-model': pip install 'deterministic-llm[{name}]'" in told.stdout.replace("no ", "")


@both
@pytest.mark.parametrize("fault", ["hang", "drip"])
def test_a_deadline_bounds_a_call(fault: str, ask: Ask):
    """However the server stays away."""
    with FaultServer(pace=0.1) as server:
        address = server.base_url(fault)
        model = MessagesModel("m", base_url=address, api_key=KEY)
        began = perf_counter()
        failure = ask(model, Request(1, PROMPT, timeout=1.0))
        seconds = perf_counter() - began
    assert isinstance(failure, CallFailure)
    assert (failure.kind, seconds < 3.0) == ("late", True)


def test_a_cancelled_call_closes_its_connection():
    """Nobody waits for the rest of it."""
    with FaultServer(patience=20) as server:
        model = MessagesModel("m", base_url=server.base_url("hang"), api_key=KEY)

        async def story() -> None:
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(model.acomplete(Request(1, PROMPT)), 1.5)

        asyncio.run(story())
        assert eventually(lambda: server.open == 0)
        assert server.counts["hang"] == 1
