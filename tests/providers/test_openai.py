"""The chat provider over real HTTP on loopback, blocking and awaiting alike."""

from __future__ import annotations

import asyncio
import importlib
import json
import logging
import socket
from collections.abc import Callable
from time import perf_counter
from typing import Any

import pytest
from loopback import Reply, failing, serving
from openai import AsyncOpenAI, DefaultHttpxClient, OpenAI
from tenacity.wait import wait_none

from deterministic_llm import (
    CallFailure,
    Completion,
    ConfigurationError,
    Limits,
    Model,
    ProviderError,
    Usage,
)
from deterministic_llm._core.attempts import Request
from deterministic_llm._core.exchange import Allowance, Constraint, JsonObject, Notation, Quota
from deterministic_llm.providers.openai import ChatModel

HTTP: Any = importlib.import_module(DefaultHttpxClient.__mro__[1].__module__)
"""The SDK's HTTP library: httpx up to openai 2, httpx2 since."""
PROMPT = ({"role": "user", "content": "Hi"},)


def blocking(model: ChatModel, request: Request) -> Completion | CallFailure:
    return model.complete(request)


def awaiting(model: ChatModel, request: Request) -> Completion | CallFailure:
    return asyncio.run(model.acomplete(request))


Ask = Callable[[ChatModel, Request], Completion | CallFailure]
both = pytest.mark.parametrize("ask", [blocking, awaiting])


def in_pieces(model: ChatModel, request: Request) -> Completion | CallFailure:
    with model.stream(request) as answering:
        for _ in answering:
            pass
        return answering.answer()


def in_awaited_pieces(model: ChatModel, request: Request) -> Completion | CallFailure:
    async def story() -> Completion | CallFailure:
        async with model.astream(request) as answering:
            async for _ in answering:
                pass
            return answering.answer()

    return asyncio.run(story())


def asked(ask: Ask, reply: Reply, request: Request | None = None) -> Completion | CallFailure:
    """What one request to a server that answers *reply* comes to, its duration set to zero."""
    with serving([reply]) as server:
        model = ChatModel("some-model", base_url=server.base_url, api_key="sk-canary")
        return ask(model, request or Request(1, PROMPT))


LEFT = {
    "x-ratelimit-limit-requests": "500",
    "x-ratelimit-remaining-requests": "7",
    "x-ratelimit-reset-requests": "2m",
    "x-ratelimit-limit-tokens": "30000",
    "x-ratelimit-remaining-tokens": "20",
    "x-ratelimit-reset-tokens": "59.96s",
}


@pytest.mark.parametrize("ask", [blocking, awaiting, in_pieces, in_awaited_pieces])
@pytest.mark.parametrize(
    "reply",
    [Reply("7", headers=LEFT), Reply(status=429, headers=LEFT, body=b"{}")],
    ids=["an answer", "a refusal"],
)
def test_what_is_left_of_the_limits_of_the_server_is_told_when_asked(ask: Ask, reply: Reply):
    told = asked(ask, reply, Request(1, PROMPT, limited=True))
    assert told.quota == Quota(Allowance(7, 500, 120.0), Allowance(20, 30000, 59.96))
    if isinstance(told, Completion):
        assert asked(ask, reply).quota is None


@both
def test_limits_keep_to_what_the_server_says(ask: Ask):
    """One request is left, and two come back in a second: the third call waits."""
    left = {
        "x-ratelimit-limit-requests": "100",
        "x-ratelimit-remaining-requests": "1",
        "x-ratelimit-reset-requests": "49.5s",
    }
    limits = Limits()
    with serving([Reply("7", headers=left), Reply("7")]) as server:
        llm = Model("openai:m", base_url=server.base_url, api_key="k", limits=limits)
        began = perf_counter()
        for _ in range(3):
            if ask is blocking:
                llm.generate("?", int)
            else:
                asyncio.run(llm.agenerate("?", int))
        assert perf_counter() - began >= 0.45


USAGE = Usage(7, 3, cached_tokens=2, reasoning_tokens=1)
ANSWERS = [
    pytest.param(Reply("hello"), ("hello", "stop", None), id="a text"),
    pytest.param(Reply("hel", finish="length"), ("hel", "length", None), id="a cut text"),
    pytest.param(Reply(None), (None, "stop", None), id="null content"),
    pytest.param(
        Reply(None, message={"refusal": "no"}), (None, "refusal", "no"), id="a refusal field"
    ),
    pytest.param(Reply("x", finish="content_filter"), ("x", "filter", None), id="a content filter"),
    pytest.param(Reply("x", finish="abort"), ("x", "aborted", None), id="broken off"),
    pytest.param(Reply("x", finish="odd"), ("x", "unfinished", None), id="an unknown reason"),
    pytest.param(
        Reply(message={"content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]}),
        ("ab", "stop", None),
        id="content in parts",
    ),
    pytest.param(
        Reply(
            message={"tool_calls": [{"function": {"name": "f", "arguments": '{"a": 1}'}}]},
            finish="tool_calls",
        ),
        ('{"a": 1}', "stop", None),
        id="one tool call",
    ),
    pytest.param(
        Reply(None, message={"reasoning_content": '{"a": 1}'}),
        (None, "stop", None),
        id="reasoning is never the answer",
    ),
]


@both
@pytest.mark.parametrize(("reply", "expected"), ANSWERS)
def test_an_answer_is_read_by_shape(ask: Ask, reply: Reply, expected: tuple[object, ...]):
    """Text, finish and refusal, with the usage, the served model and its fingerprint."""
    completion = asked(ask, reply)
    assert isinstance(completion, Completion)
    assert (completion.text, completion.finish, completion.refusal) == expected
    assert completion.usage == USAGE
    assert (completion.model, completion.fingerprint) == ("served-model", "fp")
    assert completion.seconds > 0


FAILURES = [
    pytest.param(failing(500), ("server_error", 500, None), id="500 may pass"),
    pytest.param(failing(529), ("overloaded", 529, None), id="529 may pass"),
    pytest.param(failing(408), ("timeout", 408, None), id="408 may pass"),
    pytest.param(failing(429, retry_after="7"), ("rate_limited", 429, 7.0), id="429 says how long"),
    pytest.param(
        failing(429, retry_after_ms="250"), ("rate_limited", 429, 0.25), id="to the millisecond"
    ),
    pytest.param(
        failing(429, x_ratelimit_reset_tokens="6m0s"),
        ("rate_limited", 429, 360.0),
        id="or only as a reset",
    ),
    pytest.param(failing(429, code="insufficient_quota"), ("quota", 429, None), id="no quota left"),
    pytest.param(
        failing(503, x_should_retry="false"), ("overloaded", 503, None), id="the server says no"
    ),
    pytest.param(failing(401), ("unauthorized", 401, None), id="a wrong key"),
    pytest.param(failing(404), ("bad_request", 404, None), id="a wrong model"),
    pytest.param(failing(400), ("bad_request", 400, None), id="a bad request"),
    pytest.param(
        Reply(body=b"<html>login</html>"), ("malformed", None, None), id="a page with status 200"
    ),
    pytest.param(Reply(body=b""), ("malformed", None, None), id="nothing with status 200"),
    pytest.param(Reply(body=b"null"), ("malformed", None, None), id="null with status 200"),
    pytest.param(Reply(body=b'{"choices": []}'), ("malformed", None, None), id="no choices"),
    pytest.param(
        Reply(body=b'{"error": {"code": 502, "message": "bad gateway"}}'),
        ("server_error", 502, None),
        id="an error with status 200",
    ),
    pytest.param(
        Reply(body=b'{"error": {"code": "insufficient_quota", "message": "pay"}}'),
        ("quota", None, None),
        id="no quota with status 200",
    ),
]


@both
@pytest.mark.parametrize(("reply", "expected"), FAILURES)
def test_what_is_no_answer_is_a_failure(ask: Ask, reply: Reply, expected: tuple[object, ...]):
    """Which kind of failure, the status and the wait; no exception of the SDK comes out."""
    failure = asked(ask, reply)
    assert isinstance(failure, CallFailure)
    assert (failure.kind, failure.status, failure.retry_after) == expected
    assert "sk-canary" not in repr(failure)


@both
def test_no_server_is_one_clear_sentence(ask: Ask):
    """The address that nobody answers at is named."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{free.getsockname()[1]}/v1"
    failure = ask(ChatModel("m", base_url=address, api_key="k"), Request(1, PROMPT))
    assert isinstance(failure, CallFailure)
    assert (failure.kind, failure.sent) == ("unreachable", False)
    assert failure.message.startswith(f"no answer from {address}")


@both
def test_what_is_sent_is_the_request(ask: Ask):
    """Parameters, extra body, constraint and headers each go where they belong."""
    request = Request(
        1,
        PROMPT,
        feedback="Answer in JSON.",
        constraint=Constraint("json"),
        parameters={
            "temperature": 0,
            "extra_body": {"top_k": 1},
            "headers": {"x-team": "blue"},
        },
    )
    with serving([Reply("x")]) as server:
        ask(ChatModel("some-model", base_url=server.base_url, api_key="k"), request)
    assert server.bodies == [
        {
            "model": "some-model",
            "messages": [{"role": "user", "content": "Hi\n\nAnswer in JSON."}],
            "temperature": 0,
            "top_k": 1,
            "response_format": {"type": "json_object"},
        }
    ]
    assert server.headers[0]["x-team"] == "blue"


@both
def test_a_tool_is_offered_and_asked_for(ask: Ask):
    """The constraint's tool is the only one, and the model must call it."""
    tool: JsonObject = {"name": "answer", "parameters": {"type": "object"}}
    with serving([Reply("x")]) as server:
        request = Request(1, PROMPT, constraint=Constraint("tool", schema={"type": "object"}))
        ask(ChatModel("some-model", base_url=server.base_url, api_key="k"), request)
    assert server.bodies == [
        {
            "model": "some-model",
            "messages": [{"role": "user", "content": "Hi"}],
            "tools": [{"type": "function", "function": tool}],
            "tool_choice": {"type": "function", "function": {"name": "answer"}},
        }
    ]


@both
def test_secrets_are_in_no_message(ask: Ask):
    """Neither a key that the server repeats nor what its address holds: a password, a query."""
    told = {"error": {"message": "wrong key sk-canary-0123", "code": None}}
    with serving([Reply(status=401, body=json.dumps(told).encode())]) as server:
        address = server.base_url.replace("//", "//user:hunter2@") + "?key=hunter3"
        failure = ask(
            ChatModel("m", base_url=address, api_key="sk-canary-0123"), Request(1, PROMPT)
        )
    assert isinstance(failure, CallFailure)
    assert failure.message == "wrong key [hidden]"
    echo = json.dumps({"headers": {"x-key": "canary-key-0123", "also": "sk-canary-0123"}}).encode()
    with serving([Reply(status=200, body=echo)]) as server:
        failure = ask(
            ChatModel("m", base_url=server.base_url, api_key="canary-key-0123"), Request(1, PROMPT)
        )
    assert isinstance(failure, CallFailure)
    assert "canary" not in failure.message
    unreachable = ask(
        ChatModel("m", base_url=address, api_key="sk-canary-0123"), Request(1, PROMPT)
    )
    assert isinstance(unreachable, CallFailure)
    assert "hunter" not in repr(unreachable)


@both
def test_what_cannot_be_written_is_not_sent(ask: Ask):
    """Half a surrogate pair in a prompt has no bytes; no exception comes of it."""
    with serving([Reply("x")]) as server:
        request = Request(1, ({"role": "user", "content": "\ud800"},))
        failure = ask(ChatModel("m", base_url=server.base_url, api_key="k"), request)
        assert server.bodies == []
    assert isinstance(failure, CallFailure)
    assert (failure.kind, failure.sent) == ("bad_request", False)


def test_a_transport_without_a_network_is_read_too():
    """A given client may answer from memory, as tests of others do."""
    body = Reply("hello").payload()
    transport = HTTP.MockTransport(lambda _: HTTP.Response(200, content=body))
    with OpenAI(api_key="k", http_client=HTTP.Client(transport=transport)) as given:
        for left in (None, 5.0):
            completion = ChatModel("m", client=given).complete(Request(1, PROMPT, timeout=left))
            assert isinstance(completion, Completion)
            assert completion.text == "hello"


@pytest.mark.skipif(HTTP.__name__ == "httpx", reason="openai 2 makes it a failed connection")
def test_a_bug_in_the_callers_client_passes_through():
    """It is no failure of a call, with a deadline or without."""

    def buggy(_: object) -> None:
        raise KeyError("mine")

    hooks: Any = {"event_hooks": {"request": [buggy]}}
    with OpenAI(api_key="k", http_client=DefaultHttpxClient(**hooks)) as given:
        for left in (None, 5.0):
            with pytest.raises(KeyError, match="mine"):
                blocking(ChatModel("m", client=given), Request(1, PROMPT, timeout=left))


@both
def test_a_grammar_goes_along(ask: Ask):
    """For servers that hold an answer to one."""
    with serving([Reply("x")]) as server:
        request = Request(
            1, PROMPT, constraint=Constraint("grammar", grammar=Notation("root ::= [0-9]"))
        )
        ask(ChatModel("m", base_url=server.base_url, api_key="k"), request)
    assert server.bodies[0]["grammar"] == "root ::= [0-9]"


@both
def test_a_prompt_that_was_kept_back_is_a_filtered_answer(ask: Ask):
    """Azure says so with a status; nothing failed."""
    outcome = asked(ask, failing(400, code="content_filter"))
    assert isinstance(outcome, Completion)
    assert (outcome.finish, outcome.refusal) == ("filter", "status 400")


def test_a_pool_that_gives_no_connection_is_replaced():
    """Three times in a row retire a client of our own; it is closed when its last call ends."""

    async def retiring() -> None:
        model = ChatModel("m", base_url="http://127.0.0.1:9/v1", api_key="k")
        seat = await model._clients.awaiting()
        full = HTTP.PoolTimeout("full")
        for error in (full, full, None, full, full):
            seat.note(error)
        assert await model._clients.awaiting() is seat
        async with seat.used():
            async with seat.used():
                seat.note(full)
            assert not seat.client.is_closed()
            fresh = await model._clients.awaiting()
        assert seat.client.is_closed()
        assert fresh is not seat
        assert await model._clients.awaiting() is fresh

    asyncio.run(retiring())


def test_a_given_client_is_never_replaced():
    """It is its owner's, whatever becomes of its pool."""

    async def asking() -> None:
        async with AsyncOpenAI(api_key="k") as given:
            model = ChatModel("m", client=given)
            seat = await model._clients.awaiting()
            for _ in range(5):
                async with seat.used():
                    seat.note(HTTP.PoolTimeout("full"))
            assert await model._clients.awaiting() is seat
            assert not given.is_closed()

    asyncio.run(asking())


@both
def test_the_sdk_does_not_retry(ask: Ask):
    """The loop owns retries: one request is one HTTP call."""
    with serving([failing(500)]) as server:
        ask(ChatModel("m", base_url=server.base_url, api_key="k"), Request(1, PROMPT))
        assert len(server.bodies) == 1


def test_a_given_clients_retries_are_off_too():
    """The caller's client is not changed; ours is a copy that does not retry."""
    with serving([failing(500)]) as server, OpenAI(base_url=server.base_url, api_key="k") as own:
        blocking(ChatModel("m", client=own), Request(1, PROMPT))
        assert len(server.bodies) == 1
        assert own.max_retries == 2


def test_one_model_serves_many_event_loops():
    """Connections belong to the loop that opened them, and are closed with it."""
    with serving([Reply("x")]) as server:
        model = ChatModel("m", base_url=server.base_url, api_key="k")
        for _ in range(5):
            assert isinstance(awaiting(model, Request(1, PROMPT)), Completion)


def test_a_given_client_is_copied_for_later_loops():
    """It serves the first loop itself, and its owner closes it."""
    with serving([Reply("x")]) as server:
        given = AsyncOpenAI(base_url=server.base_url, api_key="k")
        model = ChatModel("m", client=given)

        async def first() -> Completion | CallFailure:
            async with given:
                return await model.acomplete(Request(1, PROMPT))

        assert isinstance(asyncio.run(first()), Completion)
        for _ in range(3):
            assert isinstance(awaiting(model, Request(1, PROMPT)), Completion)


def test_a_client_of_the_wrong_colour_is_named():
    """The sentence says what to call instead."""
    request = Request(1, PROMPT)
    with pytest.raises(ConfigurationError, match=r"has an async client.*arun"):
        blocking(ChatModel("m", client=AsyncOpenAI(api_key="k")), request)
    with pytest.raises(ConfigurationError, match=r"has a sync client.*run"):
        awaiting(ChatModel("m", client=OpenAI(api_key="k")), request)


@both
def test_no_key_is_one_clear_sentence(ask: Ask, monkeypatch: pytest.MonkeyPatch):
    """Nothing is sent; the sentence names the variable and the model."""
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with pytest.raises(ConfigurationError, match=r"gpt-5-mini.*OPENAI_API_KEY"):
        ask(ChatModel("gpt-5-mini"), Request(1, PROMPT))


def test_a_run_resends_and_reasks_over_http(caplog: pytest.LogCaptureFixture):
    """A busy server, a bad answer and a good one: three calls, one value, no secret in the log."""
    replies = [failing(503), Reply("no idea"), Reply("7")]
    with serving(replies) as server, caplog.at_level(logging.DEBUG, "deterministic_llm"):
        model = Model("openai:m", base_url=server.base_url, api_key="sk-canary", wait=wait_none())
        result = model.run("Give a number.", int)
    assert result.output == 7
    assert [attempt.outcome for attempt in result.attempts] == [
        "overloaded",
        "invalid",
        "accepted",
    ]
    assert len(server.bodies) == 3
    assert [record.name for record in caplog.records] == ["deterministic_llm"] * 3
    assert "sk-canary" not in caplog.text


def test_a_wrong_model_name_is_the_servers_own_sentence():
    """Status and message of the server are in the error, and nothing is tried twice."""
    with serving([failing(404, code="model_not_found")]) as server:
        model = Model("openai:m", base_url=server.base_url, api_key="k")
        with pytest.raises(ProviderError, match="status 404: status 404") as caught:
            model.generate("x", int)
    assert (caught.value.status, caught.value.code) == (404, "model_not_found")
    assert len(server.bodies) == 1
