"""The Gemini provider over real HTTP on loopback: what is posted, and with which clients."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Callable
from decimal import Decimal
from time import perf_counter
from typing import Any

import httpx2
import pytest
from google.genai import Client, types
from loopback import Reply, serving
from patience import eventually
from pydantic import BaseModel
from tenacity.wait import wait_none
from words import KEY, WORDS

from deterministic_llm import CallFailure, Completion, ConfigurationError, Model, Price, Usage
from deterministic_llm._core.attempts import Request
from deterministic_llm._core.exchange import Constraint, JsonObject, ToolCall
from deterministic_llm.providers.gemini import ContentModel
from deterministic_llm.providers.gemini.posts import content
from deterministic_llm.testing import FaultServer

SCHEMA: JsonObject = {"type": "object", "properties": {"a": {"type": "integer"}}}
PROMPT = ({"role": "user", "content": "Hi"},)
HI = [{"role": "user", "parts": [{"text": "Hi"}]}]
ANSWER = Completion("7", model="m", usage=Usage(10, 2, cached_tokens=4, reasoning_tokens=1))
WORDED = Reply(body=WORDS["gemini"].body(ANSWER))


def blocking(model: ContentModel, request: Request) -> Completion | CallFailure:
    return model.complete(request)


def awaiting(model: ContentModel, request: Request) -> Completion | CallFailure:
    return asyncio.run(model.acomplete(request))


Ask = Callable[[ContentModel, Request], Completion | CallFailure]
both = pytest.mark.parametrize("ask", [blocking, awaiting])


def posted(*messages: dict[str, Any], **members: Any) -> dict[str, object]:
    """The body for *messages*."""
    return content(Request(1, messages, **members))


PNG = base64.b64encode(b"png").decode()
OWN: list[dict[str, Any]] = [
    {
        "role": "user",
        "parts": [
            {"text": "Look"},
            {"inlineData": {"mimeType": "image/png", "data": PNG}},
            {"file_data": {"file_uri": "files/1", "mime_type": "application/pdf"}},
        ],
    },
    {
        "role": "model",
        "parts": [
            {"text": "hm", "thought": True, "thoughtSignature": "c2ln"},
            {"functionCall": {"name": "look", "args": {"at": 1}}},
        ],
    },
    {
        "role": "user",
        "parts": [{"functionResponse": {"name": "look", "response": {"result": "a cat"}}}],
    },
]


def test_messages_in_its_own_form_pass_untouched():
    """Several turns of several parts, and earlier calls; the SDK's objects are said as JSON."""
    assert posted(*OWN)["contents"] == OWN
    look = types.Part.from_text(text="Look")
    image = types.Part.from_bytes(data=b"png", mime_type="image/png")
    raw = {"inlineData": {"mimeType": "image/png", "data": b"png"}}
    assert posted({"role": "user", "parts": [look, image, raw]})["contents"] == [
        {"role": "user", "parts": [{"text": "Look"}, *[OWN[0]["parts"][1]] * 2]}
    ]


def test_the_system_is_no_turn():
    """Of several messages, in either form."""
    body = posted(
        {"role": "system", "content": "A"},
        {"role": "developer", "content": [{"type": "text", "text": "B"}]},
        {"role": "system", "parts": [{"text": "C"}]},
        *PROMPT,
    )
    assert body["systemInstruction"] == {"parts": [{"text": "A"}, {"text": "B"}, {"text": "C"}]}
    assert body["contents"] == HI
    assert "systemInstruction" not in posted(*PROMPT)


TRANSLATED: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    (
        "an image as data",
        {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG}"}},
        {"inlineData": {"mimeType": "image/png", "data": PNG}},
    ),
    (
        "an image elsewhere",
        {"type": "image_url", "image_url": {"url": "https://x.example/cat.jpg"}},
        {"fileData": {"mimeType": "image/jpeg", "fileUri": "https://x.example/cat.jpg"}},
    ),
    (
        "a sound",
        {"type": "input_audio", "input_audio": {"data": PNG, "format": "mp3"}},
        {"inlineData": {"mimeType": "audio/mp3", "data": PNG}},
    ),
    (
        "a document",
        {"type": "file", "file": {"file_data": f"data:application/pdf;base64,{PNG}"}},
        {"inlineData": {"mimeType": "application/pdf", "data": PNG}},
    ),
    (
        "a file by its id",
        {"type": "file", "file": {"file_id": "files/1"}},
        {"fileData": {"fileUri": "files/1"}},
    ),
    ("a refusal", {"type": "refusal", "refusal": "no"}, {"text": "no"}),
    ("a part of its own", {"text": "Look"}, {"text": "Look"}),
]


@pytest.mark.parametrize(
    ("part", "wanted"), [pytest.param(part, wanted, id=name) for name, part, wanted in TRANSLATED]
)
def test_a_part_in_openais_form_is_translated(part: dict[str, Any], wanted: dict[str, Any]):
    """Beside a text."""
    message = {"role": "user", "content": [{"type": "text", "text": "Look"}, part], "name": "bob"}
    assert posted(message)["contents"] == [{"role": "user", "parts": [{"text": "Look"}, wanted]}]


def test_earlier_calls_and_their_results_are_translated():
    """A result goes by the name of the call; an object is a result as it stands."""

    def called(at: int, name: str) -> dict[str, Any]:
        function = {"name": name, "arguments": '{"at": 1}'}
        return {"id": f"call_{at}", "type": "function", "function": function}

    body = posted(
        {"role": "assistant", "content": None, "tool_calls": [called(1, "look"), called(2, "go")]},
        {"role": "tool", "tool_call_id": "call_1", "content": "a cat"},
        {"role": "tool", "tool_call_id": "call_2", "content": '{"gone": true}'},
        {"role": "assistant", "content": "And?"},
    )
    assert body["contents"] == [
        {
            "role": "model",
            "parts": [
                {"functionCall": {"name": "look", "args": {"at": 1}}},
                {"functionCall": {"name": "go", "args": {"at": 1}}},
            ],
        },
        {
            "role": "user",
            "parts": [
                {"functionResponse": {"name": "look", "response": {"result": "a cat"}}},
                {"functionResponse": {"name": "go", "response": {"gone": True}}},
            ],
        },
        {"role": "model", "parts": [{"text": "And?"}]},
    ]


def test_a_constraint_is_said_in_its_words():
    """Beside what the caller asks of the output; the words of the prompt need none."""
    thinking = {"thinkingConfig": {"thinkingBudget": 0}}
    parameters = {"extra_body": {"generationConfig": thinking, "safetySettings": []}}
    native = Constraint("native", "answer", SCHEMA, strict=True)
    assert posted(*PROMPT, constraint=native, parameters=parameters) == {
        "contents": HI,
        "safetySettings": [],
        "generationConfig": {
            **thinking,
            "responseMimeType": "application/json",
            "responseJsonSchema": SCHEMA,
        },
    }
    body = posted(*PROMPT, constraint=Constraint("tool", "answer", SCHEMA))
    declared = {"name": "answer", "parametersJsonSchema": SCHEMA}
    assert body["tools"] == [{"functionDeclarations": [declared]}]
    chosen = {"mode": "ANY", "allowedFunctionNames": ["answer"]}
    assert body["toolConfig"] == {"functionCallingConfig": chosen}
    in_json = posted(*PROMPT, constraint=Constraint("json"))
    assert in_json["generationConfig"] == {"responseMimeType": "application/json"}
    assert posted(*PROMPT) == {"contents": HI}


def test_parameters_are_called_as_it_calls_them():
    """The newer name of two counts."""
    given = {
        "max_tokens": 5,
        "max_completion_tokens": 9,
        "stop": "x",
        "seed": 7,
        "top_p": 0.5,
        "headers": {"x": "y"},
    }
    assert posted(*PROMPT, parameters=given)["generationConfig"] == {
        "maxOutputTokens": 9,
        "stopSequences": ["x"],
        "seed": 7,
        "topP": 0.5,
    }


class Letter(BaseModel):
    """What the answers say."""

    a: int


PROBABILITIES: list[tuple[dict[str, Any], dict[str, object]]] = [
    ({"logprobs": True, "top_logprobs": 5}, {"responseLogprobs": True, "logprobs": 5}),
    ({"logprobs": True}, {"responseLogprobs": True}),
    ({"logprobs": False, "top_logprobs": 5}, {}),
    ({"top_logprobs": 5}, {}),
    ({"logprobs": 3, "responseLogprobs": True}, {"responseLogprobs": True, "logprobs": 3}),
]


@pytest.mark.parametrize(("given", "sent"), PROBABILITIES)
def test_probabilities_are_asked_for_in_its_words(given: dict[str, Any], sent: dict[str, object]):
    """With the number of others, which goes by another name here."""
    assert posted(*PROMPT, parameters={**given, "seed": 7})["generationConfig"] == {
        "seed": 7,
        **sent,
    }


def _told(*tokens: str) -> Reply:
    chosen = [{"token": each, "logProbability": -0.5} for each in tokens]
    candidate = {
        "content": {"role": "model", "parts": [{"text": '{"a": 1}'}]},
        "finishReason": "STOP",
        "logprobsResult": {"chosenCandidates": chosen},
    }
    return Reply(body=json.dumps({"candidates": [candidate]}).encode())


SURE = [
    (('{"a": ', "1", "}"), 0.61),
    (("let me think.", '{"a": ', "1", "}"), 0.61),
    (('{"a": ', "\ufffd", "}"), None),
    (('{"a": ', "2", "}"), None),
]


@pytest.mark.parametrize(("tokens", "probability"), SURE)
def test_how_sure_a_value_is_comes_from_its_tokens(
    tokens: tuple[str, ...], probability: float | None
):
    """Where they write it to the letter."""
    with serving([_told(*tokens)]) as server:
        llm = Model("gemini:m", base_url=server.base_url.removesuffix("/v1"), api_key=KEY)
        result = llm.run("?", Letter, confidence=True)
    known = result.confidence and result.confidence["$.a"].probability
    assert (known and round(known, 2)) == probability
    assert server.bodies[0]["generationConfig"]["logprobs"] == 20


def test_a_run_has_a_value_its_tokens_and_its_cost():
    """Thoughts are paid for as output, and what was cached has a price of its own."""
    prices = {"m": Price(1, 10, cached_input="0.1")}
    with serving([Reply(body=b"{}", status=503), WORDED]) as server:
        address = server.base_url.removesuffix("/v1")
        llm = Model("gemini:m", base_url=address, api_key=KEY, prices=prices, wait=wait_none())
        result = llm.run("Give a number.", int)
    assert [attempt.outcome for attempt in result.attempts] == ["overloaded", "accepted"]
    assert (result.output, result.usage, result.mode) == (7, ANSWER.usage, "native")
    assert result.cost == Decimal("0.0000264")
    assert server.headers[0]["x-goog-api-key"] == KEY
    assert {path.rpartition("/")[2] for path in server.paths} == {"m:generateContent"}


def test_a_lent_client_is_known_by_its_package():
    """It blocks and can be awaited, in one event loop after another; its owner closes it."""
    tool = Completion('{"a": 1}', calls=(ToolCall("dict_str_int", '{"a": 1}'),))
    with serving([Reply(body=WORDS["gemini"].body(tool))]) as server:
        own = lent(server.base_url)
        llm = Model(client=own, name="gemini:m", mode="tool")
        assert llm.generate("?", dict[str, int]) == {"a": 1}

        async def first() -> dict[str, int]:
            async with own.aio:
                return await llm.agenerate("?", dict[str, int])

        assert asyncio.run(first()) == {"a": 1}
        assert asyncio.run(llm.agenerate("?", dict[str, int])) == {"a": 1}
        own.models.generate_content(model="m", contents="?")
    assert len(server.bodies) == 4


@both
def test_its_own_retries_are_off(ask: Ask):
    """A failure of the server is one request."""
    with serving([Reply(body=b"{}", status=503)]) as server:
        address = server.base_url.removesuffix("/v1")
        ask(ContentModel("m", base_url=address, api_key=KEY), Request(1, PROMPT))
        assert len(server.bodies) == 1


def test_a_lent_clients_retries_are_off_too():
    """It is not changed itself."""
    with serving([Reply(body=b"{}", status=503)]) as server:
        own = lent(server.base_url)
        blocking(ContentModel("m", client=own), Request(1, PROMPT))
        assert len(server.bodies) == 1
        assert own._api_client._http_options.retry_options.attempts == 4


def lent(base_url: str) -> Client:
    retries = types.HttpRetryOptions(attempts=4)
    address = base_url.removesuffix("/v1")
    options = types.HttpOptions(base_url=address, retry_options=retries)
    return Client(api_key=KEY, http_options=options)


NAMES: list[tuple[str, dict[str, Any], str]] = [
    ("gemini-x", {}, "/v1/models/gemini-x"),
    ("tunedModels/mine", {}, "/v1/tunedModels/mine"),
    ("gemini-x", {"vertexai": True}, "/publishers/google/models/gemini-x"),
    ("other/x", {"vertexai": True}, "/publishers/other/models/x"),
    ("projects/p/endpoints/1", {"vertexai": True}, "/projects/p/endpoints/1"),
]


@pytest.mark.parametrize(("name", "options", "path"), NAMES)
def test_a_model_is_found_where_the_client_calls(name: str, options: dict[str, Any], path: str):
    """By its name alone, or by its whole path, at Google's two services."""
    with serving([WORDED]) as server:
        http = types.HttpOptions(base_url=server.base_url.removesuffix("/v1"))
        own = Client(api_key=KEY, http_options=http, **options)
        ContentModel(name, client=own).complete(Request(1, PROMPT))
    assert server.paths[0].endswith(f"{path}:generateContent")


def test_what_speaks_to_the_client_is_no_part_of_the_body():
    """Headers and the query."""
    parameters = {"headers": {"x-a": "b"}, "extra_query": {"c": "d"}}
    with serving([WORDED]) as server:
        address = server.base_url.removesuffix("/v1")
        model = ContentModel("m", base_url=address, api_key=KEY)
        model.complete(Request(1, PROMPT, parameters=parameters))
        with model.stream(Request(1, PROMPT, parameters=parameters)) as answering:
            assert list(answering) == []
    assert [body for body in server.bodies if set(body) != {"contents"}] == []
    assert server.headers[0]["x-a"] == "b"
    queries = [path.partition("?")[2] for path in server.paths]
    assert queries == ["c=d", "c=d&alt=sse"]


@both
def test_no_key_is_one_clear_sentence(ask: Ask, monkeypatch: pytest.MonkeyPatch):
    """Nothing is sent; the sentence names the variable and the model."""
    for name in ("GEMINI_API_KEY", "GOOGLE_API_KEY", "GOOGLE_GENAI_USE_VERTEXAI"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(ConfigurationError, match=r"gemini-x.*GEMINI_API_KEY"):
        ask(ContentModel("gemini-x"), Request(1, PROMPT))


def test_a_client_of_another_package_is_refused():
    """The sentence names those that are known."""
    with pytest.raises(ConfigurationError, match=r"openai, anthropic or google-genai, got .*httpx"):
        Model(client=httpx2.Client(), name="m")  # type: ignore[arg-type]


@both
@pytest.mark.parametrize("fault", ["hang", "drip"])
def test_a_deadline_bounds_a_call(fault: str, ask: Ask):
    """However the server stays away, and though the client itself would wait for ever."""
    with FaultServer(pace=0.1) as server:
        model = ContentModel("m", base_url=server.base_url(fault), api_key=KEY)
        began = perf_counter()
        failure = ask(model, Request(1, PROMPT, timeout=1.0))
        seconds = perf_counter() - began
    assert isinstance(failure, CallFailure)
    assert (failure.kind, seconds < 3.0) == ("late", True)


def test_a_cancelled_call_closes_its_connection():
    """Nobody waits for the rest of it."""
    with FaultServer(patience=20) as server:
        model = ContentModel("m", base_url=server.base_url("hang"), api_key=KEY)

        async def story() -> None:
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(model.acomplete(Request(1, PROMPT)), 1.5)

        asyncio.run(story())
        assert eventually(lambda: server.open == 0)
        assert server.counts["hang"] == 1
