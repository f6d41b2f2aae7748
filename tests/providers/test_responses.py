"""OpenAI's Responses over real HTTP on loopback: what is sent, and what the answers come to."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest
from loopback import Reply, serving
from openai import AsyncOpenAI, AzureOpenAI, OpenAI
from pydantic import BaseModel

from deterministic_llm import (
    CallFailure,
    Completion,
    ConfigurationError,
    Filtered,
    Model,
    Template,
    Usage,
)
from deterministic_llm._core.attempts import Request
from deterministic_llm._core.exchange import Constraint, JsonObject, Notation, ToolCall
from deterministic_llm.providers.openai import ChatModel, ResponsesModel
from deterministic_llm.providers.openai.profiles import OPENAI
from deterministic_llm.sources import source_of
from deterministic_llm.testing import FAULTS, FaultServer

KEY = "sk-canary-0123456789"
PROMPT = ({"role": "user", "content": "Hi"},)
ASKED = Request(1, PROMPT)
Answer = Completion | CallFailure
Ask = Callable[[ChatModel | ResponsesModel, Request], Answer]


class Point(BaseModel):
    """What the healthy answer is."""

    a: int


def blocking(model: ChatModel | ResponsesModel, request: Request) -> Answer:
    return model.complete(request)


def awaiting(model: ChatModel | ResponsesModel, request: Request) -> Answer:
    return asyncio.run(model.acomplete(request))


def in_pieces(model: ChatModel | ResponsesModel, request: Request) -> Answer:
    with model.stream(request) as answering:
        list(answering)
    return answering.answer()


def in_awaited_pieces(model: ChatModel | ResponsesModel, request: Request) -> Answer:
    async def story() -> Answer:
        async with model.astream(request) as answering:
            async for _ in answering:
                pass
        return answering.answer()

    return asyncio.run(story())


both = pytest.mark.parametrize("ask", [blocking, awaiting])
streaming = pytest.mark.parametrize("ask", [in_pieces, in_awaited_pieces])


def bare(answer: Answer) -> Answer:
    if isinstance(answer, Completion):
        return replace(answer, seconds=0.0, first_token=None)
    return replace(answer, seconds=0.0)


def asked(
    ask: Ask, body: JsonObject | bytes, request: Request = ASKED, status: int = 200
) -> Answer:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    with serving([Reply(body=raw, status=status)]) as server:
        return bare(ask(ResponsesModel("m", base_url=server.base_url, api_key=KEY), request))


def sent(request: Request, **members: Any) -> dict[str, Any]:
    """The body of *request*, less the model and, where it is the plain prompt, the input."""
    with serving([Reply(body=b"{}")]) as server:
        model = ResponsesModel("m", base_url=server.base_url, api_key=KEY)
        model.complete(replace(request, **members))
        assert server.paths == ["/v1/responses"]
        (body,) = server.bodies
    assert body.pop("model") == "m"
    if body["input"] == list(PROMPT):
        del body["input"]
    return body


SCHEMA: JsonObject = {"type": "object", "properties": {"a": {"type": "integer"}}}
GRAMMAR = Notation(gbnf='root ::= "a"', lark="start: /a/", regex="a")
CONSTRAINTS = {
    "nothing": (Constraint(), {}),
    "JSON": (Constraint("json"), {"text": {"format": {"type": "json_object"}}}),
    "a schema": (
        Constraint("native", "point", SCHEMA, strict=True),
        {
            "text": {
                "format": {"type": "json_schema", "name": "point", "strict": True, "schema": SCHEMA}
            }
        },
    ),
    "a tool": (
        Constraint("tool", "point", SCHEMA),
        {
            "tools": [{"type": "function", "name": "point", "strict": False, "parameters": SCHEMA}],
            "tool_choice": {"type": "function", "name": "point"},
        },
    ),
    "an expression": (
        Constraint("grammar", "score", grammar=GRAMMAR),
        {
            "tools": [
                {
                    "type": "custom",
                    "name": "score",
                    "format": {"type": "grammar", "syntax": "regex", "definition": "a"},
                }
            ],
            "tool_choice": {"type": "custom", "name": "score"},
        },
    ),
    "a notation that it does not know": (
        Constraint("grammar", grammar=Notation(gbnf='root ::= "a"')),
        {},
    ),
}


@pytest.mark.parametrize(
    ("constraint", "expected"), [pytest.param(*row, id=name) for name, row in CONSTRAINTS.items()]
)
def test_a_constraint_is_sent_in_its_words(constraint: Constraint, expected: JsonObject) -> None:
    assert sent(ASKED, constraint=constraint) == expected


def test_a_grammar_in_lark_alone_is_sent_as_that() -> None:
    constraint = Constraint("grammar", grammar=Notation(lark="start: /a/"))
    (tool,) = sent(ASKED, constraint=constraint)["tools"]
    assert tool["format"] == {"type": "grammar", "syntax": "lark", "definition": "start: /a/"}


PARAMETERS: dict[str, tuple[JsonObject, JsonObject]] = {
    "its own": (
        {"max_output_tokens": 9, "reasoning": {"effort": "low"}, "store": False},
        {"max_output_tokens": 9, "reasoning": {"effort": "low"}, "store": False},
    ),
    "a limit in chat completions' words": ({"max_tokens": 9}, {"max_output_tokens": 9}),
    "the newer ones": ({"max_completion_tokens": 9}, {"max_output_tokens": 9}),
    "what it does not know": ({"seed": 7, "temperature": 0}, {"temperature": 0}),
    "members of others": (
        {"reasoning_effort": "low", "reasoning": {"summary": "auto"}, "verbosity": "low"},
        {"reasoning": {"effort": "low", "summary": "auto"}, "text": {"verbosity": "low"}},
    ),
    "the tokens of the answer": (
        {"logprobs": True, "top_logprobs": 20, "include": ["reasoning.encrypted_content"]},
        {
            "top_logprobs": 20,
            "include": ["reasoning.encrypted_content", "message.output_text.logprobs"],
        },
    ),
    "more body": ({"extra_body": {"seed": 1}}, {"seed": 1}),
}


@pytest.mark.parametrize(
    ("given", "expected"), [pytest.param(*row, id=name) for name, row in PARAMETERS.items()]
)
def test_parameters_are_sent_in_its_words(given: JsonObject, expected: JsonObject) -> None:
    assert sent(ASKED, parameters=given) == expected


def test_a_format_stands_beside_what_the_caller_says_of_the_text() -> None:
    body = sent(ASKED, parameters={"verbosity": "low"}, constraint=Constraint("json"))
    assert body == {"text": {"verbosity": "low", "format": {"type": "json_object"}}}


def test_headers_and_queries_are_no_part_of_the_body() -> None:
    with serving([Reply(body=b"{}")]) as server:
        model = ResponsesModel("m", base_url=server.base_url, api_key=KEY)
        parameters: JsonObject = {"extra_headers": {"x-a": "b"}, "extra_query": {"c": "d"}}
        model.complete(replace(ASKED, parameters=parameters))
        assert server.paths == ["/v1/responses?c=d"]
        assert server.headers[0]["x-a"] == "b"
        assert server.bodies[0].keys() == {"model", "input"}


MESSAGES: dict[str, tuple[Sequence[Mapping[str, Any]], Sequence[Mapping[str, Any]]]] = {
    "plain messages": (
        [{"role": "system", "content": "S"}, {"role": "assistant", "content": "A", "name": "n"}],
        [{"role": "system", "content": "S"}, {"role": "assistant", "content": "A"}],
    ),
    "images and files": (
        [
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "What is it?"},
                    {"type": "image_url", "image_url": {"url": "data:x", "detail": "low"}},
                    {"type": "image_url", "image_url": {"url": "https://x"}},
                    {"type": "file", "file": {"filename": "a.pdf", "file_data": "data:y"}},
                ],
            }
        ],
        [
            {
                "role": "user",
                "content": [
                    {"type": "input_text", "text": "What is it?"},
                    {"type": "input_image", "image_url": "data:x", "detail": "low"},
                    {"type": "input_image", "image_url": "https://x", "detail": "auto"},
                    {"type": "input_file", "filename": "a.pdf", "file_data": "data:y"},
                ],
            }
        ],
    ),
    "earlier calls of tools": (
        [
            {
                "role": "assistant",
                "content": None,
                "tool_calls": [
                    {"id": "1", "type": "function", "function": {"name": "f", "arguments": "{}"}},
                    {"id": "2", "type": "custom", "custom": {"name": "g", "input": "x"}},
                ],
            },
            {"role": "tool", "tool_call_id": "1", "content": "7"},
            {"role": "tool", "tool_call_id": "2", "content": [{"type": "text", "text": "8"}]},
        ],
        [
            {"type": "function_call", "call_id": "1", "name": "f", "arguments": "{}"},
            {"type": "custom_tool_call", "call_id": "2", "name": "g", "input": "x"},
            {"type": "function_call_output", "call_id": "1", "output": "7"},
            {
                "type": "custom_tool_call_output",
                "call_id": "2",
                "output": [{"type": "input_text", "text": "8"}],
            },
        ],
    ),
    "what was said before a call": (
        [
            {
                "role": "assistant",
                "content": [{"type": "text", "text": "Let me see."}],
                "tool_calls": [
                    {"id": "1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
                ],
            }
        ],
        [
            {"role": "assistant", "content": [{"type": "output_text", "text": "Let me see."}]},
            {"type": "function_call", "call_id": "1", "name": "f", "arguments": "{}"},
        ],
    ),
    "a refusal": (
        [{"role": "assistant", "content": None, "refusal": "No."}],
        [{"role": "assistant", "content": [{"type": "refusal", "refusal": "No."}]}],
    ),
    "items of its own": (
        [
            {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "x"},
            {"type": "message", "role": "assistant", "content": [], "phase": "final_answer"},
            {"role": "user", "content": [{"type": "input_text", "text": "a"}]},
            {"type": "item_reference", "id": "msg_1"},
        ],
        [
            {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "x"},
            {"type": "message", "role": "assistant", "content": [], "phase": "final_answer"},
            {"role": "user", "content": [{"type": "input_text", "text": "a"}]},
            {"type": "item_reference", "id": "msg_1"},
        ],
    ),
}


@pytest.mark.parametrize(
    ("messages", "items"), [pytest.param(*row, id=name) for name, row in MESSAGES.items()]
)
def test_a_conversation_is_sent_as_items(
    messages: Sequence[Mapping[str, Any]], items: Sequence[Mapping[str, Any]]
) -> None:
    assert sent(Request(1, tuple(messages)))["input"] == list(items)


def response(*output: JsonObject, **members: Any) -> JsonObject:
    usage: JsonObject = {
        "input_tokens": 7,
        "output_tokens": 3,
        "input_tokens_details": {"cached_tokens": 2},
        "output_tokens_details": {"reasoning_tokens": 1},
    }
    told = {"object": "response", "status": "completed", "model": "m-1", "error": None}
    return {**told, "output": list(output), "usage": usage, **members}


def said(text: str, **members: Any) -> JsonObject:
    part: JsonObject = {"type": "output_text", "text": text}
    return {"type": "message", "role": "assistant", "content": [part], **members}


def done(text: str | None, **members: Any) -> Completion:
    usage = Usage(7, 3, cached_tokens=2, reasoning_tokens=1)
    return replace(Completion(text, model="m-1", usage=usage), **members)


def broken_off(text: str) -> CallFailure:
    message = "the answer stopped, and nobody said that it was over"
    return CallFailure(message, "cut_off", partial=text)


CUSTOM: JsonObject = {"type": "custom_tool_call", "call_id": "1", "name": "score", "input": "7/10"}
CALL: JsonObject = {"type": "function_call", "call_id": "1", "name": "f", "arguments": "{}"}
CUT: JsonObject = {"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}}
ANSWERS: dict[str, tuple[JsonObject, Answer]] = {
    "a text": (response(said("hello")), done("hello")),
    "reasoning, a remark, and the answer": (
        response(
            {"type": "reasoning", "summary": [{"type": "summary_text", "text": "so"}]},
            said("I will count.", phase="commentary"),
            said("7", phase="final_answer"),
        ),
        done("7", reasoning="soI will count."),
    ),
    "a call": (response(CALL), done("{}", calls=(ToolCall("f", "{}"),))),
    "a call of a custom tool": (response(CUSTOM), done("7/10", calls=(ToolCall("score", "7/10"),))),
    "two calls": (
        response(CALL, CUSTOM),
        done(None, calls=(ToolCall("f", "{}"), ToolCall("score", "7/10"))),
    ),
    "a refusal": (
        response({"type": "message", "content": [{"type": "refusal", "refusal": "No."}]}),
        done(None, finish="refusal", refusal="No."),
    ),
    "a cut text": (response(said("hel"), **CUT), done("hel", finish="length")),
    "a filtered one": (
        response(status="incomplete", incomplete_details={"reason": "content_filter"}),
        done(None, finish="filter"),
    ),
    "one that was cancelled": (response(status="cancelled"), done(None, finish="aborted")),
    "one that is still being made": (response(status="queued"), done(None, finish="unfinished")),
    "a failure": (
        response(status="failed", error={"code": "server_error", "message": "Oops."}),
        CallFailure("Oops.", "server_error", code="server_error"),
    ),
    "a failure by a rate limit": (
        response(status="failed", error={"code": "rate_limit_exceeded", "message": "Slow."}),
        CallFailure("Slow.", "rate_limited", code="rate_limit_exceeded"),
    ),
    "a failure by the image": (
        response(status="failed", error={"code": "invalid_image", "message": "Bad."}),
        CallFailure("Bad.", "bad_request", code="invalid_image"),
    ),
    "a failure by the policy": (
        response(status="failed", error={"code": "bio_policy", "message": "No."}),
        Completion(None, "filter", refusal="No."),
    ),
}


@both
@pytest.mark.parametrize(
    ("body", "expected"), [pytest.param(*row, id=name) for name, row in ANSWERS.items()]
)
def test_an_answer_is_read_by_shape(ask: Ask, body: JsonObject, expected: Answer) -> None:
    assert asked(ask, body) == expected


def events(*told: JsonObject) -> bytes:
    return b"".join(f"event: {e['type']}\ndata: {json.dumps(e)}\n\n".encode() for e in told)


def added(item: JsonObject, index: int = 0) -> JsonObject:
    return {"type": "response.output_item.added", "output_index": index, "item": item}


def grown(kind: str, delta: str, index: int = 0) -> JsonObject:
    return {"type": f"response.{kind}.delta", "output_index": index, "delta": delta}


STREAMS: dict[str, tuple[bytes, Answer]] = {
    "a text and all of it": (
        events(
            {"type": "response.created", "response": response(status="in_progress")},
            grown("output_text", "hel"),
            grown("output_text", "lo"),
            {"type": "response.completed", "response": response(said("hello"))},
        ),
        done("hello"),
    ),
    "a text that breaks off": (
        events(added(said("")), grown("output_text", "hel")),
        broken_off("hel"),
    ),
    "a call that breaks off": (
        events(added({**CALL, "arguments": ""}), grown("function_call_arguments", '{"a')),
        broken_off('{"a'),
    ),
    "a custom tool that breaks off": (
        events(added({**CUSTOM, "input": ""}), grown("custom_tool_call_input", "7/1")),
        broken_off("7/1"),
    ),
    "thoughts, a remark and a refusal that break off": (
        events(
            added({"type": "reasoning"}),
            grown("reasoning_summary_text", "so "),
            grown("reasoning_text", "so "),
            added(said("", phase="commentary"), 1),
            grown("output_text", "far", 1),
            grown("refusal", "No", 2),
        ),
        Completion(None, "refusal", refusal="No", reasoning="so so far"),
    ),
    "a cut text": (
        events(
            grown("output_text", "hel"),
            {"type": "response.incomplete", "response": response(said("hel"), **CUT)},
        ),
        done("hel", finish="length"),
    ),
    "a failure": (
        events(
            grown("output_text", "hel"),
            {
                "type": "response.failed",
                "response": response(error={"code": "server_error", "message": "Oops."}),
            },
        ),
        CallFailure("Oops.", "server_error", code="server_error", partial="hel"),
    ),
    "an error": (
        events({"type": "error", "code": "rate_limit_exceeded", "message": "Slow.", "param": None}),
        CallFailure("Slow.", "rate_limited", code="rate_limit_exceeded"),
    ),
    "a whole answer that was asked for in pieces": (
        json.dumps(response(said("hello"))).encode(),
        done("hello"),
    ),
}


@streaming
@pytest.mark.parametrize(
    ("body", "expected"), [pytest.param(*row, id=name) for name, row in STREAMS.items()]
)
def test_a_stream_is_read_event_by_event(ask: Ask, body: bytes, expected: Answer) -> None:
    assert asked(ask, body) == expected


SPOKEN = Completion(
    "hm, so",
    "length",
    usage=Usage(5, 4, cached_tokens=3, reasoning_tokens=2),
    calls=(ToolCall("answer", '{"a":1}'), ToolCall("other", "{}")),
    reasoning="thinking",
)


@pytest.mark.parametrize("ask", [blocking, awaiting, in_pieces, in_awaited_pieces])
@pytest.mark.parametrize(
    "answer",
    [
        Completion("hello", usage=Usage(7, 3)),
        SPOKEN,
        Completion(None, "refusal", refusal="No."),
        Completion("x", "filter"),
        Completion("x", "unfinished"),
    ],
    ids=["a text", "all there is", "a refusal", "filtered", "unfinished"],
)
def test_the_fault_server_speaks_it(ask: Ask, answer: Completion) -> None:
    with FaultServer(answer) as server:
        model = ResponsesModel("m", base_url=server.base_url("ok"), api_key=KEY)
        assert bare(ask(model, ASKED)) == replace(answer, model="faulty")
        assert server.charged == answer.usage


def test_the_sdk_reads_what_the_fault_server_speaks() -> None:
    with (
        FaultServer(replace(SPOKEN, finish="stop")) as server,
        OpenAI(base_url=server.base_url("ok"), api_key=KEY, max_retries=0) as client,
    ):
        assert client.responses.create(model="m", input="?").output_text == "hm, so"
        with client.responses.stream(model="m", input="?") as stream:
            whole = stream.get_final_response()
        assert whole.status == "completed"
        assert whole.output_text == "hm, so"


NOT_IN_ITS_WORDS = {"dict_arguments", "surrogate", "huge", "bomb", "redirect"}
"""What a message of chat completions alone can say, and what takes long or tells its path."""
QUICK = [
    name
    for name, fault in FAULTS.items()
    if not name.startswith("stream")
    and name not in NOT_IN_ITS_WORDS
    and not any(word in fault.about for word in ("Silence", "now and then"))
]


@pytest.mark.parametrize("name", QUICK)
def test_a_fault_comes_to_the_same_in_either_words(name: str) -> None:
    with FaultServer() as server:
        address = server.base_url(name)
        chat, responses = (
            bare(model("m", base_url=address, api_key=KEY).complete(ASKED))
            for model in (ChatModel, ResponsesModel)
        )
    if isinstance(chat, CallFailure):
        assert isinstance(responses, CallFailure)
        chat, responses = replace(chat, message=""), replace(responses, message="")
    assert responses == chat


SERVED = "openai-responses:gpt-5-mini"


def named(address: str) -> Point:
    return Model(SERVED, base_url=address, api_key=KEY).generate("?", Point)


def lent(address: str) -> Point:
    with OpenAI(base_url=address, api_key=KEY) as client:
        return Model(client=client, name=SERVED).generate("?", Point)


async def lent_to_await(address: str) -> Point:
    async with AsyncOpenAI(base_url=address, api_key=KEY) as client:
        return await Model(client=client, name=SERVED).agenerate("?", Point)


@pytest.mark.parametrize(
    "ask",
    [named, lent, lambda address: asyncio.run(lent_to_await(address))],
    ids=["", "sync", "async"],
)
def test_a_model_is_asked_by_its_name(ask: Callable[[str], Point]) -> None:
    with serving([Reply(body=json.dumps(response(said('{"a": 1}'))).encode())]) as server:
        assert ask(server.base_url) == Point(a=1)
        assert server.paths == ["/v1/responses"]
        assert server.bodies[0]["model"] == "gpt-5-mini"


def test_a_model_of_a_client_keeps_a_name_with_a_colon() -> None:
    with serving([Reply("1")]) as server, OpenAI(base_url=server.base_url, api_key=KEY) as client:
        assert Model(client=client, name="llama3:8b").generate("?", int) == 1
        assert server.bodies[0]["model"] == "llama3:8b"


def test_a_run_streams_re_asks_and_gives_more_room() -> None:
    cut = Completion('{"a": 1', "length", usage=Usage(7, 3))
    steps = ["429_now", cut, Completion('{"a": "x"}'), Completion('{"a": 1}')]
    with FaultServer() as server:
        llm = Model("openai-responses:m", base_url=server.script("run", steps), api_key=KEY)
        result = llm.run("?", Point, max_output_tokens=64)
    assert result.output == Point(a=1)
    limits = [attempt.request.parameters["max_output_tokens"] for attempt in result.attempts]
    assert limits[:3] == [64, 64, 128]


def test_a_template_is_held_by_a_custom_tool() -> None:
    body = json.dumps(response({**CUSTOM, "name": "answer"})).encode()
    with serving([Reply(body=body)]) as server:
        llm = Model("openai-responses:m", base_url=server.base_url, api_key=KEY)
        record = llm.generate("?", Template("{score:int}/10"), mode="grammar")
        (tool,) = server.bodies[0]["tools"]
    assert record.score == 7
    assert tool["format"]["syntax"] == "regex"


@both
def test_chat_completions_of_openai_hold_a_text_by_a_custom_tool_too(ask: Ask) -> None:
    called = {"tool_calls": [{"type": "custom", "custom": {"name": "answer", "input": "7"}}]}
    with serving([Reply(None, "tool_calls", message=called)]) as server:
        constraint = Constraint("grammar", grammar=Notation(regex="[0-9]", lark="start: /[0-9]/"))
        model = ChatModel("m", base_url=server.base_url, api_key="k", profile=OPENAI)
        answer = ask(model, Request(1, PROMPT, constraint=constraint))
    grammar = {"syntax": "regex", "definition": "[0-9]"}
    tool = {"name": "answer", "format": {"type": "grammar", "grammar": grammar}}
    (body,) = server.bodies
    assert body["tools"] == [{"type": "custom", "custom": tool}]
    assert body["tool_choice"] == {"type": "custom", "custom": {"name": "answer"}}
    assert isinstance(answer, Completion)
    assert (answer.text, answer.calls) == ("7", (ToolCall("answer", "7"),))


AZURE = "https://res.openai.azure.com"


@pytest.mark.parametrize(
    ("name", "path"), [("azure:d", "/chat/completions"), ("azure-responses:d", "/responses")]
)
def test_a_deployment_on_azure_is_asked(
    name: str, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the variables that OpenAI's SDK reads; a bare endpoint is given its path."""
    body = response(said("1")) if name.startswith("azure-") else None
    reply = Reply("1", body=None if body is None else json.dumps(body).encode())
    with serving([reply]) as server:
        endpoint = server.base_url.removesuffix("/v1")
        monkeypatch.setenv("AZURE_OPENAI_ENDPOINT", endpoint)
        monkeypatch.setenv("AZURE_OPENAI_API_KEY", KEY)
        monkeypatch.setenv("OPENAI_API_KEY", "sk-of-openai")
        assert Model(name).generate("?", int) == 1
        assert server.paths == [f"/openai/v1{path}"]
        assert server.headers[0]["authorization"] == f"Bearer {KEY}"


@pytest.mark.parametrize(
    ("given", "missing"),
    [({}, "AZURE_OPENAI_ENDPOINT"), ({"base_url": AZURE}, "AZURE_OPENAI_API_KEY")],
    ids=["no address", "no key"],
)
def test_a_deployment_without_an_address_or_a_key_is_refused(
    given: Mapping[str, str], missing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("ENDPOINT", "API_KEY", "AD_TOKEN"):
        monkeypatch.delenv(f"AZURE_OPENAI_{name}", raising=False)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-openai")
    with pytest.raises(ConfigurationError, match=missing):
        Model("azure:d", **given)


def test_azures_own_client_builds_the_path_of_a_deployment() -> None:
    with serving([Reply("1")]) as server:
        endpoint = server.base_url.removesuffix("/v1")
        with AzureOpenAI(azure_endpoint=endpoint, api_key=KEY, api_version="2024-10-21") as client:
            assert Model(client=client, name="dep").generate("?", int) == 1
        (path,) = server.paths
        assert server.headers[0]["api-key"] == KEY
    assert path == "/openai/deployments/dep/chat/completions?api-version=2024-10-21"


def test_a_token_of_azure_is_told_to_nobody() -> None:
    token = "eyJhbGciOi-canary"  # noqa: S105  # no secret
    with (
        serving(
            [Reply(status=401, body=f'{{"error": {{"message": "no {token}"}}}}'.encode())]
        ) as s,
        AzureOpenAI(
            azure_endpoint=s.base_url, azure_ad_token=token, api_version="2024-10-21"
        ) as client,
    ):
        failure = ChatModel("dep", client=client).complete(ASKED)
    assert isinstance(failure, CallFailure)
    assert token not in repr(failure)


def test_what_one_interface_refuses_is_not_known_of_the_other() -> None:
    urls = {source_of(f"{name}:m").known.url for name in ("openai", "openai-responses")}
    assert len(urls) == 2


FILTERED_BY_AZURE: JsonObject = {
    "error": {
        "message": "The response was filtered by the content management policy.",
        "type": None,
        "param": "prompt",
        "code": "content_filter",
        "status": 400,
        "innererror": {"code": "ResponsibleAIPolicyViolation", "content_filter_result": {}},
    }
}


@pytest.mark.parametrize("code", ["content_filter", None], ids=["by its code", "by the inner one"])
def test_a_prompt_that_azure_filters_is_filtered(code: str | None) -> None:
    body = {"error": {**FILTERED_BY_AZURE["error"], "code": code}}  # type: ignore[dict-item]
    with serving([Reply(status=400, body=json.dumps(body).encode())]) as server:
        llm = Model("azure:d", base_url=server.base_url, api_key=KEY)
        with pytest.raises(Filtered):
            llm.generate("?", int)
