"""The embedded engine as a backend: a model's name goes in, what can be asked comes out."""

from __future__ import annotations

import asyncio
from concurrent.futures import wait
from time import perf_counter
from typing import Self

from typing_extensions import override

from deterministic_llm._core.answering import (
    Answering,
    AsyncAnswering,
    AsyncDelegating,
    AsyncTold,
    Told,
)
from deterministic_llm._core.attempts import Request
from deterministic_llm._core.exchange import CallFailure, Completion
from deterministic_llm._core.patience import later
from deterministic_llm._core.records import frozen
from deterministic_llm._drivers.background import started
from deterministic_llm.providers import local
from deterministic_llm.providers.openai import ChatModel
from deterministic_llm.storage import models


@frozen
class Embedded:
    """The embedded engine with the model *name*; looked for each time: a fork or crash ends it."""

    name: str

    def complete(self, request: Request) -> Completion | CallFailure:
        """Ask the engine, which starts at the first call, if there is time for that."""
        began = perf_counter()
        engine = self._in_time(request.timeout)
        if engine is None:
            return _NO_ENGINE
        return engine.complete(later(request, perf_counter() - began))

    async def acomplete(self, request: Request) -> Completion | CallFailure:
        """The same, awaited."""
        began = perf_counter()
        engine = await self.awaited(request.timeout)
        if engine is None:
            return _NO_ENGINE
        return await engine.acomplete(later(request, perf_counter() - began))

    def stream(self, request: Request) -> Answering:
        """Ask the engine, as complete() does, for an answer in pieces."""
        began = perf_counter()
        engine = self._in_time(request.timeout)
        if engine is None:
            return Told(request, _NO_ENGINE)
        return engine.stream(later(request, perf_counter() - began))

    def astream(self, request: Request) -> AsyncAnswering:
        """Ask the engine, once it is there, for an answer in pieces."""
        return _OfEngine(self, request)

    def engine(self) -> ChatModel:
        """What to ask; it is started when it is not there."""
        return _chat(self.name, local.address(models.locate(self.name)))

    async def awaited(self, seconds: float | None) -> ChatModel | None:
        """The engine, when it is there in so many *seconds*; a loop that ends does not wait."""
        engine = asyncio.wrap_future(started(self.engine))
        try:
            done, _ = await asyncio.wait((engine,), timeout=seconds)
        finally:
            engine.cancel()  # once it is there this does nothing
        return engine.result() if done else None

    def _in_time(self, seconds: float | None) -> ChatModel | None:
        if seconds is None:
            return self.engine()
        engine = started(self.engine)
        done, _ = wait((engine,), seconds)
        return engine.result() if done else None


class _OfEngine(AsyncDelegating):
    """An answer in pieces of an *embedded* engine, which starts when it is asked."""

    def __init__(self, embedded: Embedded, request: Request) -> None:
        self._embedded = embedded
        self._request = request

    @override
    async def __aenter__(self) -> Self:
        self._answering = await self._opened()
        return await super().__aenter__()

    async def _opened(self) -> AsyncAnswering:
        began = perf_counter()
        engine = await self._embedded.awaited(self._request.timeout)
        if engine is None:
            return AsyncTold(self._request, _NO_ENGINE)
        return engine.astream(later(self._request, perf_counter() - began))


_NO_ENGINE = CallFailure("the engine was not there in time", "late", sent=False)


def _chat(name: str, endpoint: local.Endpoint) -> ChatModel:
    """What asks *name* at *endpoint*; that of an engine which is gone is let go."""
    known = _CHATS.get(name)
    if known is None or known[0] != endpoint:
        chat = ChatModel(name, base_url=endpoint.base_url, api_key=endpoint.api_key)
        known = _CHATS[name] = endpoint, chat
    return known[1]


_CHATS: dict[str, tuple[local.Endpoint, ChatModel]] = {}
"""By the name of a model, where its engine is now and what asks it."""
