"""One model behind a chat-completions server: requests go in, completions or failures come out.

The SDK gives authentication, addresses, headers and error types; its retries are off, because the
loop owns them, and bodies are read raw, because building its objects costs more than all we do.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from time import perf_counter
from typing import TYPE_CHECKING, Any

from deterministic_llm._core.answering import Answering, AsyncAnswering
from deterministic_llm._core.attempts import Request
from deterministic_llm._core.exchange import CallFailure, Completion
from deterministic_llm._core.shapes.answers import body_of
from deterministic_llm.providers.openai.awaiting import AwaitingSpeech
from deterministic_llm.providers.openai.blocking import BlockingSpeech
from deterministic_llm.providers.openai.bodies import read, read_async
from deterministic_llm.providers.openai.clients import Clients
from deterministic_llm.providers.openai.deadline import Line, OverdueError, within
from deterministic_llm.providers.openai.outcomes import UNREADY, late, noted, told
from deterministic_llm.providers.openai.posts import PATH, posted
from deterministic_llm.providers.openai.speech import Server

if TYPE_CHECKING:
    from openai import AsyncOpenAI, OpenAI


@dataclass(slots=True)
class ChatModel:
    """One model on one server; makes a client per process and event loop, or uses the one given.

    Calls answer with a Completion or a CallFailure; they raise ConfigurationError when there is no
    client to call with, and nothing else of their own. An answer of more than *max_bytes*, counted
    after it is inflated, is not read to its end.
    """

    name: str
    base_url: str | None = None
    api_key: str | None = field(default=None, repr=False)
    client: OpenAI | AsyncOpenAI | None = field(default=None, repr=False)
    max_bytes: int = 20_000_000
    _clients: Clients = field(init=False, repr=False)
    _server: Server = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._clients = Clients(self.name, self.base_url, self.api_key, self.client)
        self._server = Server(self.name, self._clients)

    def complete(self, request: Request) -> Completion | CallFailure:
        """Ask, and wait for the answer, as long as the request says or else the client."""
        if request.timeout is None:
            return self._answer(request, None)
        started = perf_counter()
        try:
            return within(request.timeout, partial(self._answer, request))
        except OverdueError:
            seconds = perf_counter() - started
            client = self._clients.made()
            if client is None:  # the first call imports the SDK
                return replace(UNREADY, seconds=seconds)
            return late(client, request.timeout, seconds)

    async def acomplete(self, request: Request) -> Completion | CallFailure:
        """Ask, and await the answer, as long as the request says or else the client."""
        seat = await self._clients.awaiting()
        sent = posted(self.name, seat.client, request)
        deadline = asyncio.timeout(request.timeout)
        started = perf_counter()
        async with seat.used():
            try:
                async with deadline:
                    raw, headers = await self._read(seat.client, sent)
            except Exception as error:
                seat.note(error)
                seconds = perf_counter() - started
                if request.timeout is not None and deadline.expired():
                    return late(seat.client, request.timeout, seconds)
                outcome = told(error, seat.client, request.timeout, seconds)
                if outcome is None:
                    raise
                return outcome
            seat.note(None)
        return noted(body_of(raw, seconds=perf_counter() - started), request, headers)

    def stream(self, request: Request) -> Answering:
        """Ask for the answer in pieces, as long as the request says or else the client."""
        return BlockingSpeech(self._server, request, self.max_bytes)

    def astream(self, request: Request) -> AsyncAnswering:
        """Ask for the answer in pieces, to be awaited."""
        return AwaitingSpeech(self._server, request, self.max_bytes)

    def _answer(self, request: Request, line: Line | None) -> Completion | CallFailure:
        client = self._clients.blocking()
        started = perf_counter()
        try:
            response = client.post(PATH, **posted(self.name, client, request))
            if line is not None:
                line.take(response)
            try:
                raw = read(response, self.max_bytes)
            finally:
                if line is not None:
                    line.release()
                response.close()
        except Exception as error:
            outcome = told(error, client, request.timeout, perf_counter() - started)
            if outcome is None:
                raise
            return outcome
        answer = body_of(raw, seconds=perf_counter() - started)
        return noted(answer, request, response.headers)

    async def _read(
        self, client: AsyncOpenAI, posted: Mapping[str, Any]
    ) -> tuple[bytes, Mapping[str, str]]:
        response = await client.post(PATH, **posted)
        try:
            return await read_async(response, self.max_bytes), response.headers
        finally:
            await response.aclose()
