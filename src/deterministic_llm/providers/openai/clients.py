"""The SDK's clients of one model: one a process and one an event loop, made when first needed."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from deterministic_llm.errors import ConfigurationError

if TYPE_CHECKING:
    from openai import AsyncOpenAI, OpenAI

_NO_KEY = "no API key for {!r}: set OPENAI_API_KEY, or pass api_key= or client="
_WRONG_COLOUR = "this Model has {0}, which cannot do that: call {1}(), or give it openai.{2}(...)"
_MOST_POOL_TIMEOUTS = 3


@dataclass(slots=True)
class Seat:
    """The client of one event loop, with the calls that are under way on it.

    Cancelled calls can leave the pool of httpx full of connections that nobody uses. A client of
    our own that has no connection to give three times in a row is retired: the next call makes a
    new one, and the old one is closed when its last call has ended.
    """

    client: AsyncOpenAI
    lent: bool
    closing: AsyncGenerator[None]
    retired: bool = False
    _calls: int = 0
    _pool_timeouts: int = 0

    @asynccontextmanager
    async def used(self) -> AsyncGenerator[None]:
        """While one call is under way."""
        self._calls += 1
        try:
            yield
        finally:
            self._calls -= 1
            if self.retired and not self._calls:
                await self.closing.aclose()

    def note(self, error: Exception | None) -> None:
        """How a call ended; None when a response came."""
        waited = type(error.__cause__ or error).__name__ == "PoolTimeout" if error else False
        self._pool_timeouts = self._pool_timeouts + 1 if waited else 0
        self.retired = self.retired or (
            not self.lent and self._pool_timeouts >= _MOST_POOL_TIMEOUTS
        )


@dataclass(slots=True)
class Clients:
    """Makes and keeps the clients of the model *name*, or hands out the *given* one.

    Raises ConfigurationError when there is no key, or the given client is of the other colour.
    """

    name: str
    base_url: str | None
    api_key: str | None = field(repr=False)
    given: OpenAI | AsyncOpenAI | None = field(repr=False)
    _lent: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _blocking: dict[int, OpenAI] = field(default_factory=dict[int, "OpenAI"])
    _awaiting: WeakKeyDictionary[asyncio.AbstractEventLoop, Seat] = field(
        default_factory=WeakKeyDictionary[asyncio.AbstractEventLoop, Seat]
    )

    def blocking(self) -> OpenAI:
        """The client of this process: a forked child must not share its parent's connections."""
        process = os.getpid()
        with self._lock:
            if process not in self._blocking:
                self._blocking[process] = self._new_blocking()
            return self._blocking[process]

    def made(self) -> OpenAI | None:
        """The client of this process, if there is one yet."""
        return self._blocking.get(os.getpid())

    async def awaiting(self) -> Seat:
        """The client of the running event loop: connections belong to the loop they began in."""
        loop = asyncio.get_running_loop()
        with self._lock:
            seat = self._awaiting.get(loop)
            if seat is not None and not seat.retired:
                return seat
            lent = self.given is not None and not self._lent
            client = self._new_awaiting(lent=lent)
            self._lent = self._lent or lent
            seat = Seat(client, lent, _closed_with_its_loop(client))
            self._awaiting[loop] = seat
        if not lent:  # what the caller made, the caller closes
            await anext(seat.closing)
        return seat

    def _new_blocking(self) -> OpenAI:
        from openai import AsyncOpenAI, OpenAI, OpenAIError

        if isinstance(self.given, AsyncOpenAI):
            raise ConfigurationError(_WRONG_COLOUR.format("an async client", "arun", "OpenAI"))
        if self.given is not None:
            return self.given.with_options(max_retries=0)
        try:
            return OpenAI(base_url=self.base_url, api_key=self.api_key, max_retries=0)
        except OpenAIError as error:
            raise ConfigurationError(_NO_KEY.format(self.name)) from error

    def _new_awaiting(self, *, lent: bool) -> AsyncOpenAI:
        from openai import AsyncOpenAI, DefaultAsyncHttpxClient, OpenAI, OpenAIError

        if isinstance(self.given, OpenAI):
            raise ConfigurationError(_WRONG_COLOUR.format("a sync client", "run", "AsyncOpenAI"))
        if self.given is not None and lent:
            return self.given.with_options(max_retries=0)
        if self.given is not None:  # its connections belong to the loop that came first
            return self.given.copy(http_client=DefaultAsyncHttpxClient(), max_retries=0)
        try:
            return AsyncOpenAI(base_url=self.base_url, api_key=self.api_key, max_retries=0)
        except OpenAIError as error:
            raise ConfigurationError(_NO_KEY.format(self.name)) from error


async def _closed_with_its_loop(client: AsyncOpenAI) -> AsyncGenerator[None]:
    """Close *client* when its event loop shuts down: loops close the generators they started."""
    try:
        yield
    finally:
        await client.close()
