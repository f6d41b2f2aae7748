"""One model of a provider: requests go in, completions or failures come out.

The SDK gives authentication, addresses, headers and error types; its retries are off, because the
loop owns them, and bodies are read raw, because building its objects costs more than all we do.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from time import perf_counter
from typing import Generic

from deterministic_llm._core.answering import Answering, AsyncAnswering
from deterministic_llm._core.attempts import Request
from deterministic_llm._core.exchange import CallFailure, Completion
from deterministic_llm._core.patience import allowed, later
from deterministic_llm._core.shapes.answers import body_of
from deterministic_llm.transport.awaiting import AwaitingSpeech
from deterministic_llm.transport.blocking import BlockingSpeech
from deterministic_llm.transport.bodies import read, read_async
from deterministic_llm.transport.clients import Clients
from deterministic_llm.transport.deadline import Line, OverdueError, within
from deterministic_llm.transport.outcomes import UNREADY, hushed, late, noted, told
from deterministic_llm.transport.service import A, B, Service


class Remote(Generic[B, A]):
    """A model that is asked through the clients of *service*, one a process and event loop.

    Calls answer with a Completion or a CallFailure; they raise ConfigurationError when there is no
    client to call with, and nothing else of their own. An answer of more than *max_bytes*, counted
    after it is inflated, is not read to its end.
    """

    max_bytes: int = 20_000_000

    def __init__(self, service: Service[B, A]) -> None:
        self._service = service
        self._clients = Clients(service)

    def complete(self, request: Request) -> Completion | CallFailure:
        """Ask, and wait for the answer, as long as the request says or else the client."""
        began = perf_counter()
        client = self._clients.within(request.timeout)
        started = perf_counter()
        if client is None:
            return replace(UNREADY, seconds=started - began)
        request = later(request, started - began)
        limit = allowed(request)
        if limit is None:
            return self._answer(client, request, None)
        try:
            return within(limit[0], partial(self._answer, client, request))
        except OverdueError:
            return late(self._service.peer(client), limit, perf_counter() - started)

    async def acomplete(self, request: Request) -> Completion | CallFailure:
        """Ask, and await the answer, as long as the request says or else the client."""
        began = perf_counter()
        seat = await self._clients.awaiting()
        started = perf_counter()
        request = later(request, started - began)
        limit = allowed(request)
        deadline = asyncio.timeout(None if limit is None else limit[0])
        async with seat.used():
            try:
                async with deadline:
                    raw, headers = await self._read(seat.client, request)
            except Exception as error:
                seat.note(error)
                peer = self._service.peer(seat.client)
                seconds = perf_counter() - started
                if limit is not None and deadline.expired():
                    return late(peer, limit, seconds)
                outcome = told(error, peer, limit, seconds)
                if outcome is None:
                    raise
                return outcome
            seat.note(None)
        return self._said(raw, seat.client, request, headers, perf_counter() - started)

    def stream(self, request: Request) -> Answering:
        """Ask for the answer in pieces, as long as the request says or else the client."""
        return BlockingSpeech(self._clients, request, self.max_bytes)

    def astream(self, request: Request) -> AsyncAnswering:
        """Ask for the answer in pieces, to be awaited."""
        return AwaitingSpeech(self._clients, request, self.max_bytes)

    def _answer(self, client: B, request: Request, line: Line | None) -> Completion | CallFailure:
        started = perf_counter()
        try:
            response = self._service.post(client, request, pieces=False)
            if line is not None:
                line.take(response)
            try:
                raw = read(response, self.max_bytes)
            finally:
                if line is not None:
                    line.release()
                response.close()
        except Exception as error:
            peer = self._service.peer(client)
            outcome = told(error, peer, allowed(request), perf_counter() - started)
            if outcome is None:
                raise
            return outcome
        return self._said(raw, client, request, response.headers, perf_counter() - started)

    def _said(
        self, raw: bytes, client: B | A, request: Request, headers: object, seconds: float
    ) -> Completion | CallFailure:
        """What the whole body *raw* comes to."""
        answer = body_of(raw, seconds=seconds)
        if isinstance(answer, CallFailure):  # it may quote the body
            answer = hushed(answer, self._service.peer(client))
        return noted(answer, request, headers)

    async def _read(self, client: A, request: Request) -> tuple[bytes, Mapping[str, str]]:
        response = await self._service.apost(client, request, pieces=False)
        try:
            return await read_async(response, self.max_bytes), response.headers
        finally:
            await response.aclose()
