"""Every provider says the same: one table of answers and errors in the words of each of them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest
from loopback import Reply, serving
from patience import eventually
from words import KEY, MODEL, WORDS, Words

from deterministic_llm import CallFailure, Completion, Model, Usage
from deterministic_llm._core.attempts import Request
from deterministic_llm._core.exchange import Constraint, ToolCall
from deterministic_llm.testing import FaultServer
from deterministic_llm.transport.remote import Remote

PROMPT = ({"role": "user", "content": "?"},)
ASKED = Request(1, PROMPT)
TOOL = replace(ASKED, constraint=Constraint("tool", "answer", {"type": "object"}))
TOKENS = Usage(10, 7)


def said(text: str | None, finish: Any = "stop", **members: Any) -> Completion:
    return Completion(text, finish, **{"model": MODEL, "usage": TOKENS, **members})


ANSWERS: dict[str, tuple[Request, Completion]] = {
    "a text": (ASKED, said("hi there")),
    "words of all kinds": (ASKED, said('é 😀 "quoted" \\ \n tab\t')),
    "a thought and a text": (ASKED, said("hi there", reasoning="let me see")),
    "the call of a tool": (
        TOOL,
        said('{"a": 1}', calls=(ToolCall("answer", '{"a": 1}'),)),
    ),
    "a refusal": (ASKED, said(None, "refusal", refusal="I will not")),
    "cut at the limit": (ASKED, said("hi the", "length")),
    "kept back": (ASKED, said(None, "filter")),
    "tokens of all kinds": (
        ASKED,
        said("hi", reasoning="hm", usage=Usage(10, 7, cached_tokens=3, reasoning_tokens=4)),
    ),
}
NEEDS = {"a refusal": "refusal", "kept back": "filter"}
"""What an answer needs a word for that not every provider has."""
ROWS = [
    pytest.param(words, request, answer, id=f"{provider}: {name}")
    for provider, words in WORDS.items()
    for name, (request, answer) in ANSWERS.items()
    if NEEDS.get(name) not in words.lacks
]


def blocking(model: Remote[Any, Any], request: Request) -> Completion | CallFailure:
    return model.complete(request)


def awaiting(model: Remote[Any, Any], request: Request) -> Completion | CallFailure:
    return asyncio.run(model.acomplete(request))


def in_pieces(model: Remote[Any, Any], request: Request) -> Completion | CallFailure:
    with model.stream(request) as answering:
        pieces = list(answering)
    return told(pieces, answering.answer())


def in_awaited_pieces(model: Remote[Any, Any], request: Request) -> Completion | CallFailure:
    async def story() -> Completion | CallFailure:
        async with model.astream(request) as answering:
            pieces = [piece async for piece in answering]
        return told(pieces, answering.answer())

    return asyncio.run(story())


def told(pieces: list[str], answer: Completion | CallFailure) -> Completion | CallFailure:
    """The *answer*, the text of which came in *pieces*."""
    text = answer.text if isinstance(answer, Completion) else answer.partial
    assert "".join(pieces) in {"", text}
    return answer


Ask = Callable[[Remote[Any, Any], Request], Completion | CallFailure]
at_once = pytest.mark.parametrize("ask", [blocking, awaiting])
piecemeal = pytest.mark.parametrize("ask", [in_pieces, in_awaited_pieces])
every_way = pytest.mark.parametrize("ask", [blocking, awaiting, in_pieces, in_awaited_pieces])


def asked(words: Words, ask: Ask, reply: Reply, request: Request) -> Completion | CallFailure:
    """What one request to a server that sends *reply* comes to, however long it took."""
    with serving([reply]) as server:
        answer = ask(words.model(server.base_url.removesuffix("/v1")), request)
    if isinstance(answer, CallFailure):
        return answer
    return replace(answer, seconds=0.0, first_token=None)


def streaming(events: list[str]) -> Reply:
    headers = {"content-type": "text/event-stream"}
    return Reply(body="".join(events).encode(), headers=headers)


@at_once
@pytest.mark.parametrize(("words", "request_", "answer"), ROWS)
def test_an_answer_is_the_same_whoever_says_it(
    words: Words, request_: Request, answer: Completion, ask: Ask
):
    """Text, tool call, refusal, truncation, filter, thoughts and tokens."""
    assert asked(words, ask, Reply(body=words.body(answer)), request_) == answer


@piecemeal
@pytest.mark.parametrize(("words", "request_", "answer"), ROWS)
def test_an_answer_in_pieces_is_the_same_whoever_says_it(
    words: Words, request_: Request, answer: Completion, ask: Ask
):
    """And the pieces make up its text."""
    assert asked(words, ask, streaming(words.events(answer)), request_) == answer


FAILURES = [
    pytest.param(words, kind, id=f"{provider}: {kind}")
    for provider, words in WORDS.items()
    for kind in words.kinds
]


@every_way
@pytest.mark.parametrize(("words", "kind"), FAILURES)
def test_an_error_is_the_same_whoever_reports_it(words: Words, kind: str, ask: Ask):
    """Its kind, its status, and how long to wait; the key that is repeated in it is not told."""
    status, name = words.kinds[kind]
    body = words.error(status, name, f"no, {KEY}")
    waits = words.wait if kind == "rate_limited" else {}
    reply = Reply(status=status, headers=dict(waits), body=json.dumps(body).encode())
    failure = asked(words, ask, reply, ASKED)
    assert isinstance(failure, CallFailure)
    wait = 12.0 if kind == "rate_limited" else None
    assert (failure.kind, failure.status, failure.retry_after) == (kind, status, wait)
    assert failure.message.startswith("no, ")
    assert KEY not in repr(failure)


@every_way
@pytest.mark.parametrize("provider", WORDS)
def test_a_page_with_an_error_status_is_the_same_whoever_sends_it(provider: str, ask: Ask):
    """A gateway says nothing in a provider's words."""
    reply = Reply(status=502, body=b"<html>", headers={"content-type": "text/html"})
    failure = asked(WORDS[provider], ask, reply, ASKED)
    assert isinstance(failure, CallFailure)
    assert (failure.kind, failure.status) == ("server_error", 502)


@at_once
@pytest.mark.parametrize("body", [b"<html>", b"null", b"[]", b"{}", b'{"a": "\xe9"}'])
@pytest.mark.parametrize("provider", WORDS)
def test_a_body_that_is_no_answer_is_the_same_whoever_sends_it(
    provider: str, body: bytes, ask: Ask
):
    """With a status of 200."""
    failure = asked(WORDS[provider], ask, Reply(body=body), ASKED)
    assert isinstance(failure, CallFailure)
    assert failure.kind == "malformed"


@piecemeal
@pytest.mark.parametrize("provider", WORDS)
def test_an_error_in_a_stream_is_the_same_whoever_reports_it(provider: str, ask: Ask):
    """What had come until then is kept."""
    words = WORDS[provider]
    events = words.events(said("hi there"))
    begun = next(at for at, event in enumerate(events, 1) if '"hi t"' in event)
    error = words.event({"type": "error", **words.error(529, "overloaded_error", "Overloaded")})
    failure = asked(words, ask, streaming([*events[:begun], error]), ASKED)
    assert isinstance(failure, CallFailure)
    assert (failure.kind, failure.partial) == ("overloaded", "hi t")


PLAYED = [
    *("ok", "slow", "null_content", "empty_content", "parts", "length"),
    *("two_calls", "same_calls", "unknown_tool", "reasoning_only", "surrogate"),
    *("400", "401", "403", "404", "409", "413", "429", "500", "503", "500_final", "502_html"),
    *("429_after", "429_now", "400_context", "html", "broken_json", "empty", "close", "reset"),
    *("truncated", "redirect", "stream_whole"),
]
"""Faults that every interface knows, by their names."""


@pytest.fixture(scope="module")
def models() -> Iterator[Mapping[str, Remote[Any, Any]]]:
    """A model of each provider, which all ask one server; a header says for which fault."""
    answer = Completion('{"a":1}', usage=Usage(7, 3, 2, 1), reasoning="hm")
    with FaultServer(answer) as server:
        address = server.base_url("ok").removesuffix("/v1")
        yield {provider: words.model(address) for provider, words in WORDS.items()}


@pytest.mark.parametrize("fault", PLAYED)
@pytest.mark.parametrize("provider", [name for name in WORDS if name != "openai"])
@pytest.mark.parametrize("ask", [blocking, in_pieces])
def test_the_fault_server_speaks_as_it_is_asked(
    models: Mapping[str, Remote[Any, Any]], provider: str, fault: str, ask: Ask
):
    """What it plays comes to the same as in a chat completion."""
    request = replace(ASKED, parameters={"headers": {"x-fault": fault}})
    assert outcome(ask(models[provider], request)) == outcome(ask(models["openai"], request))


@every_way
@pytest.mark.parametrize("fault", ["hang", "drip"])
@pytest.mark.parametrize("provider", WORDS)
def test_a_call_has_a_time_of_its_own_whoever_is_asked(provider: str, fault: str, ask: Ask):
    """It is that of the call: the client, which is made at the first one, takes none of it."""
    with FaultServer(pace=0.1) as server:
        model = WORDS[provider].model(server.base_url(fault).removesuffix("/v1"))
        failure = ask(model, replace(ASKED, call_timeout=0.3))
        assert eventually(lambda: server.busy == 0)
        assert server.counts[fault] == 1
    assert isinstance(failure, CallFailure)
    assert (failure.kind, failure.sent, failure.seconds < 1.0) == ("timeout", True, True)
    assert failure.message.endswith("in the 0.3 s that one call may take")


@at_once
@pytest.mark.parametrize(
    ("provider", "fault", "finish"),
    [("anthropic", "refusal", "refusal"), ("gemini", "content_filter", "filter")],
)
def test_the_fault_server_declines_as_it_is_asked(provider: str, fault: str, finish: str, ask: Ask):
    """Each in the one way it has."""
    with FaultServer() as server:
        model = WORDS[provider].model(server.base_url(fault).removesuffix("/v1"))
        answer = ask(model, ASKED)
    assert isinstance(answer, Completion)
    assert (answer.text, answer.finish) == (None, finish)


def outcome(answer: Completion | CallFailure) -> object:
    """What an answer says, however its JSON is spaced, or what kind of failure it is."""
    if isinstance(answer, CallFailure):
        return answer.kind, answer.status, answer.retry_after, answer.final
    text = answer.text and answer.text.replace('": ', '":')
    calls = [(call.name, call.arguments.replace('": ', '":')) for call in answer.calls]
    return text, answer.finish, calls, answer.reasoning, answer.usage


UNTAKEN = {
    "anthropic": "output_config.format.schema: 'maximum' is not supported for integers",
    "gemini": "Unknown name \"maximum\" at 'generation_config.response_json_schema': no such field",
}


@pytest.mark.parametrize("provider", UNTAKEN)
def test_a_schema_that_is_not_taken_costs_one_call_once(provider: str):
    """The next weaker way is taken at once, and from the first call on in the next run."""
    words = WORDS[provider]
    tool = words.body(said('{"a": 1}', calls=(ToolCall("dict_str_int", '{"a": 1}'),)))
    body = words.error(*words.kinds["bad_request"], UNTAKEN[provider])
    refused = Reply(status=400, body=json.dumps(body).encode())
    with serving([refused, Reply(body=tool)]) as server:
        address = server.base_url.removesuffix("/v1")
        llm = Model(f"{provider}:m", base_url=address, api_key=KEY)
        first, second = (llm.run("?", dict[str, int]) for _ in range(2))
    assert [attempt.outcome for attempt in first.attempts] == ["unsupported", "accepted"]
    assert [attempt.outcome for attempt in second.attempts] == ["accepted"]
    assert (first.output, first.mode) == (second.output, second.mode) == ({"a": 1}, "tool")
