"""Streams that go wrong: read by a model, and through the SDK by a function of the user's."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from openai import AsyncOpenAI, OpenAI

from deterministic_llm import CallFailure, Completion, Usage
from deterministic_llm._core.answering import Answering, AsyncAnswering
from deterministic_llm._core.attempts import Request
from deterministic_llm._core.exchange import FailureKind
from deterministic_llm.providers.function import ask, ask_async, astream, stream
from deterministic_llm.providers.openai import ChatModel
from deterministic_llm.testing import FAULTS, FaultServer

STREAM: dict[str, Any] = {
    "model": "m",
    "messages": [{"role": "user", "content": "?"}],
    "stream": True,
    "stream_options": {"include_usage": True},
}


ASKED = Request(1, ({"role": "user", "content": "?"},))


def client(address: str) -> OpenAI:
    return OpenAI(base_url=address, api_key="k", max_retries=0, timeout=0.2)


def async_client(address: str) -> AsyncOpenAI:
    return AsyncOpenAI(base_url=address, api_key="k", max_retries=0, timeout=0.2)


def blocking(address: str) -> Completion | CallFailure:
    with client(address) as sdk:
        return ask(partial(chunks, sdk), Request(1))


def awaiting(address: str) -> Completion | CallFailure:
    async def asking() -> Completion | CallFailure:
        async with async_client(address) as sdk:
            return await ask_async(partial(chunks_async, sdk), Request(1))

    return asyncio.run(asking())


def in_pieces(address: str) -> Completion | CallFailure:
    with client(address) as sdk:
        return put_together(stream(partial(chunks, sdk), ASKED))


def in_pieces_awaiting(address: str) -> Completion | CallFailure:
    async def asking() -> Completion | CallFailure:
        async with async_client(address) as sdk:
            return await put_together_async(astream(partial(chunks_async, sdk), ASKED))

    return asyncio.run(asking())


def by_model(address: str) -> Completion | CallFailure:
    with client(address) as sdk:
        return put_together(ChatModel("m", client=sdk).stream(ASKED))


def by_model_awaiting(address: str) -> Completion | CallFailure:
    async def asking() -> Completion | CallFailure:
        async with async_client(address) as sdk:
            return await put_together_async(ChatModel("m", client=sdk).astream(ASKED))

    return asyncio.run(asking())


def chunks(sdk: OpenAI) -> Iterator[object]:
    yield from sdk.chat.completions.create(**STREAM)


async def chunks_async(sdk: AsyncOpenAI) -> AsyncIterator[object]:
    async for chunk in await sdk.chat.completions.create(**STREAM):
        yield chunk


def put_together(answering: Answering) -> Completion | CallFailure:
    with answering:
        pieces = list(answering)
    return checked(pieces, answering.answer())


async def put_together_async(answering: AsyncAnswering) -> Completion | CallFailure:
    async with answering:
        pieces = [piece async for piece in answering]
    return checked(pieces, answering.answer())


def checked(pieces: list[str], answer: Completion | CallFailure) -> Completion | CallFailure:
    """The *answer*, whose text came in *pieces*, however it ended."""
    said = answer.text if isinstance(answer, Completion) else answer.partial
    assert "".join(pieces) in {"", said}
    return answer


def said(text: str, finish: Any = "stop", **members: Any) -> Completion:
    return Completion(text, finish, model="faulty", **members)


def failed(kind: FailureKind) -> CallFailure:
    return CallFailure("", kind)


EXPECTED: dict[str, Completion | CallFailure] = {
    "stream": said('{"a":1}', usage=Usage(7, 3)),
    "stream_eof": failed("cut_off"),
    "stream_no_done": said('{"a":1}'),
    "stream_no_last_chunk": failed("unreachable"),
    "stream_lingers": said('{"a":1}'),
    "stream_reset": failed("unreachable"),
    "stream_error": CallFailure("", "overloaded", status=529, code="529"),
    "stream_error_event": CallFailure("", "overloaded", status=529, code="529"),
    "stream_error_text": failed("malformed"),
    "stream_malformed": failed("malformed"),
    "stream_half_event": failed("cut_off"),
    "stream_latin1": failed("malformed"),
    "stream_comments": said('{"a":1}'),
    "stream_usage": said('{"a":1}'),
    "stream_double_finish": said('{"a":1}'),
    "stream_crlf": said('{"a":1}'),
    "stream_multi_line": said('{"a":1}'),
    "stream_cut": said('{"a"é😀:1}'),
    "stream_joined": said('{"a":1}'),
    "stream_gzip": said('{"a":1}'),
    "stream_stall": failed("timeout"),
    "stream_pings": failed("unreachable"),
    "stream_drip": failed("unreachable"),
    "stream_endless": said('{"a"' + "ha " * 20_000),
}
BY_MODEL: dict[str, Completion] = {
    "stream_whole": said('{"a":1}', usage=Usage(7, 3)),
    "stream_options": said('{"a":1}'),
    "stream_late_reset": said('{"a":1}'),
}
"""What the SDK gets nothing from, or less."""
SLOW = {"stream_endless": pytest.mark.slow}


@pytest.mark.parametrize(
    "asked",
    [blocking, awaiting, in_pieces, in_pieces_awaiting, by_model, by_model_awaiting],
)
@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=SLOW.get(name, ()))
        for name in FAULTS
        if name.startswith("stream") and name not in BY_MODEL
    ],
)
def test_every_stream_comes_to_what_the_table_says(
    asked: Callable[[str], Completion | CallFailure], name: str
):
    """A completion, whole or unfinished, or a failure with what had come, never an exception."""
    with FaultServer(pace=0.002) as server:
        outcome = asked(server.base_url(name))
    if isinstance(outcome, CallFailure):
        assert (outcome.partial or "").startswith('{"a"')
        outcome = replace(outcome, message="", partial=None)
    else:
        assert outcome.first_token is not None
        assert 0 < outcome.first_token < outcome.seconds
        outcome = replace(outcome, first_token=None)
    assert replace(outcome, seconds=0.0) == EXPECTED[name]


@pytest.mark.parametrize("by", [by_model, by_model_awaiting])
@pytest.mark.parametrize("name", BY_MODEL)
def test_a_model_gets_an_answer_all_the_same(
    by: Callable[[str], Completion | CallFailure], name: str
):
    """A whole body is an answer, tokens need no counting, and what was ended cannot break."""
    with FaultServer() as server:
        outcome = by(server.base_url(name))
    assert isinstance(outcome, Completion)
    assert replace(outcome, seconds=0.0, first_token=None) == BY_MODEL[name]
