"""Own calls through the real SDKs, in every form that these have: each is read, or told apart."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import closing
from typing import Any

import openai
import pytest
from anthropic import Anthropic, AsyncAnthropic
from openai import AsyncOpenAI, OpenAI
from pydantic import BaseModel

from deterministic_llm import ProviderError, Usage, enforce
from deterministic_llm.testing import FaultServer

HTTP: Any = pytest.importorskip("httpx" if openai.__version__.startswith("2.") else "httpx2")
"""The SDK's HTTP library: httpx up to openai 2, httpx2 since."""


class User(BaseModel):
    """What is asked for."""

    name: str
    age: int


JASON = User(name="Jason", age=25)
HELLO: Any = [{"role": "user", "content": "Who?"}]


class Sdks:
    """Clients of a server on loopback, all to be closed."""

    def __init__(self, server: FaultServer) -> None:
        self._server = server
        self.address = server.base_url("ok")
        self.origin = self.address.removesuffix("/v1")
        self.http: Any = HTTP.Client()
        self.openai: Any = OpenAI(base_url=self.address, api_key="-")
        self.anthropic: Any = Anthropic(base_url=self.origin, api_key="-")
        self.chat = self.openai.chat.completions
        self.messages = self.anthropic.messages

    def posted(self, fault: str = "ok") -> Any:
        """A response of the HTTP library's own."""
        address = f"{self._server.base_url(fault)}/chat/completions"
        return self.http.post(address, json={"model": "m", "messages": HELLO})

    def close(self) -> None:
        """Close all."""
        for client in (self.http, self.openai, self.anthropic):
            client.close()


@pytest.fixture(scope="module")
def sdks() -> Iterator[Sdks]:
    """Clients of one server, which says who was asked for."""
    with FaultServer(JASON.model_dump_json()) as server, closing(Sdks(server)) as clients:
        yield clients


def _in_events(sdks: Sdks) -> Iterator[object]:
    with sdks.chat.stream(model="m", messages=HELLO) as events:
        yield from events


def _in_events_of_anthropic(sdks: Sdks) -> Iterator[object]:
    with sdks.messages.stream(model="m", max_tokens=9, messages=HELLO) as events:
        yield from events


def _parsed_in_its_block(sdks: Sdks) -> object:
    with sdks.chat.with_streaming_response.create(model="m", messages=HELLO) as response:
        return response.parse()


COUNTED = Usage(7, 3)
READ: dict[str, tuple[Callable[[Sdks], object], Usage]] = {
    "raw": (
        lambda sdks: sdks.chat.with_raw_response.create(model="m", messages=HELLO),
        COUNTED,
    ),
    "raw responses": (
        lambda sdks: sdks.openai.responses.with_raw_response.create(model="m", input=HELLO),
        COUNTED,
    ),
    "raw of anthropic": (
        lambda sdks: sdks.messages.with_raw_response.create(
            model="m", max_tokens=9, messages=HELLO
        ),
        COUNTED,
    ),
    "read where it is streamed": (_parsed_in_its_block, COUNTED),
    "its own parsing": (
        lambda sdks: sdks.chat.parse(model="m", messages=HELLO, response_format=User),
        COUNTED,
    ),
    "the events of its helper": (_in_events, Usage()),
    "the events of anthropic's helper": (_in_events_of_anthropic, COUNTED),
    "a choice": (
        lambda sdks: sdks.chat.create(model="m", messages=HELLO).choices[0],
        Usage(),
    ),
    "a message": (
        lambda sdks: sdks.chat.create(model="m", messages=HELLO).choices[0].message,
        Usage(),
    ),
    "a response of HTTP": (Sdks.posted, COUNTED),
}


@pytest.mark.parametrize("form", READ)
def test_each_form_of_an_answer_is_read(form: str, sdks: Sdks):
    """With its tokens, where it has them."""
    ask, counted = READ[form]
    result = enforce(User, max_retries=0)(ask).run(sdks)
    assert (result.output, result.usage) == (JASON, counted)


def test_each_form_is_read_when_it_was_awaited(sdks: Sdks):
    """The SDKs have other classes then."""

    async def raw() -> object:
        async with AsyncOpenAI(base_url=sdks.address, api_key="-") as client:
            asked = client.chat.completions.with_raw_response
            return await asked.create(model="m", messages=HELLO)

    async def raw_of_anthropic() -> object:
        async with AsyncAnthropic(base_url=sdks.origin, api_key="-") as client:
            asked = client.messages.with_raw_response
            return await asked.create(model="m", max_tokens=9, messages=HELLO)

    async def in_events() -> AsyncIterator[object]:
        async with (
            AsyncOpenAI(base_url=sdks.address, api_key="-") as client,
            client.chat.completions.stream(model="m", messages=HELLO) as events,
        ):
            async for event in events:
                yield event

    for function in (raw, raw_of_anthropic, in_events):
        assert asyncio.run(enforce(User, max_retries=0)(function)()) == JASON


def _not_entered(sdks: Sdks) -> object:
    return sdks.chat.stream(model="m", messages=HELLO)


def _left(sdks: Sdks) -> object:
    with sdks.chat.with_streaming_response.create(model="m", messages=HELLO) as response:
        return response


def _raw_stream(sdks: Sdks) -> object:
    return sdks.chat.with_raw_response.create(model="m", messages=HELLO, stream=True)


def _unread(sdks: Sdks) -> object:
    address = f"{sdks.address}/chat/completions"
    with sdks.http.stream("POST", address, json={"model": "m", "messages": HELLO}) as response:
        return response


MISTAKES: dict[str, tuple[Callable[[Sdks], object], str]] = {
    "a helper that nobody entered": (_not_entered, r"StreamManager: enter it, as in 'with"),
    "raw, and left unread": (_left, r"body was not read: return its \.parse\(\), within its with"),
    "raw, and streamed": (_raw_stream, r"body was not read: return its \.parse\(\)"),
    "a response of HTTP, unread": (_unread, r"body was not read: return it after its \.read\(\)"),
    "its body": (lambda sdks: sdks.posted().content, r"bytes: return the text"),
    "the output": (lambda _sdks: JASON, r"User: return what the model wrote"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_what_is_no_answer_yet_is_told_what_to_return(mistake: str, sdks: Sdks):
    """A TypeError names the form and the remedy."""
    ask, told = MISTAKES[mistake]
    with pytest.raises(TypeError, match=told):
        enforce(User)(ask)(sdks)


def test_a_response_of_http_may_say_that_there_is_no_answer(sdks: Sdks):
    """HTTP libraries raise nothing by themselves; the server's own words are in the error."""
    ask = enforce(User, transport_retries=0)(sdks.posted)
    with pytest.raises(ProviderError, match="429") as limited:
        ask("429_after")
    assert (limited.value.status, limited.value.retryable) == (429, True)
    assert limited.value.failure.retry_after is not None
    with pytest.raises(ProviderError, match="Please log in"):
        ask("502_html")
    with pytest.raises(ProviderError, match="not JSON"):
        ask("html")
