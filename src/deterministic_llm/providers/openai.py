"""Any server that speaks OpenAI's chat completions, through OpenAI's client.

The SDK gives authentication, addresses, headers and error types; its retries are off, because the
loop owns them, and bodies are read raw, because building its objects costs more than all we do.
"""

from __future__ import annotations

import asyncio
import importlib
import os
import threading
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field, replace
from functools import cache
from time import perf_counter
from typing import TYPE_CHECKING, Any, Protocol, cast
from weakref import WeakKeyDictionary

from pydantic_core import from_json

from deterministic_llm._core.attempts import Request
from deterministic_llm._core.exchange import CallFailure, Completion
from deterministic_llm._core.schema.wording import quote
from deterministic_llm._core.shapes.answers import completion_of
from deterministic_llm._core.shapes.failures import error_body, failure_of
from deterministic_llm._core.shapes.members import get, items
from deterministic_llm.errors import ConfigurationError

if TYPE_CHECKING:
    from openai import AsyncOpenAI, OpenAI

_PATH = "/chat/completions"
_OPTIONS = {"headers": "headers", "extra_headers": "headers", "extra_query": "params"}
"""Parameters that speak to the client rather than to the model, and what its options call them."""
_NO_KEY = "no API key for {!r}: set OPENAI_API_KEY, or pass api_key= or client="
_WRONG_COLOUR = "this Model has {0}, which cannot do that: call {1}(), or give it openai.{2}(...)"


class RawResponse(Protocol):
    """What we read of an HTTP response."""

    content: bytes


@dataclass(slots=True)
class ChatModel:
    """One model on one server; makes a client per process and event loop, or uses the one given.

    Calls answer with a Completion or a CallFailure; they raise ConfigurationError when there is no
    client to call with, and nothing else of their own.
    """

    name: str
    base_url: str | None = None
    api_key: str | None = field(default=None, repr=False)
    client: OpenAI | AsyncOpenAI | None = field(default=None, repr=False)
    _lent: bool = field(default=False, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)
    _blocking: dict[int, OpenAI] = field(default_factory=dict, repr=False)
    _awaiting: WeakKeyDictionary[asyncio.AbstractEventLoop, tuple[AsyncOpenAI, object]] = field(
        default_factory=WeakKeyDictionary, repr=False
    )

    def complete(self, request: Request) -> Completion | CallFailure:
        """Ask, and wait for the answer."""
        client = self._blocking_client()
        started = perf_counter()
        try:
            answer = client.post(_PATH, **_posted(self.name, request))
        except Exception as error:
            failure = _failure(error, client.base_url, perf_counter() - started)
            if failure is None:
                raise
            return failure
        return _decoded(answer.content, perf_counter() - started)

    async def acomplete(self, request: Request) -> Completion | CallFailure:
        """Ask, and await the answer."""
        client = await self._awaiting_client()
        started = perf_counter()
        try:
            answer = await client.post(_PATH, **_posted(self.name, request))
        except Exception as error:
            failure = _failure(error, client.base_url, perf_counter() - started)
            if failure is None:
                raise
            return failure
        return _decoded(answer.content, perf_counter() - started)

    def _blocking_client(self) -> OpenAI:
        process = os.getpid()  # a forked child must not share its parent's connections
        with self._lock:
            if process not in self._blocking:
                self._blocking[process] = self._new_blocking()
            return self._blocking[process]

    async def _awaiting_client(self) -> AsyncOpenAI:
        loop = asyncio.get_running_loop()  # nor one event loop another's
        with self._lock:
            if loop in self._awaiting:
                return self._awaiting[loop][0]
            lent = self.client is not None and not self._lent
            client = self._new_awaiting(lent=lent)
            self._lent = self._lent or lent
            closing = _closed_with_its_loop(client)
            self._awaiting[loop] = client, closing
        if not lent:  # what the caller made, the caller closes
            await anext(closing)
        return client

    def _new_blocking(self) -> OpenAI:
        from openai import AsyncOpenAI, OpenAI, OpenAIError

        if isinstance(self.client, AsyncOpenAI):
            raise ConfigurationError(_WRONG_COLOUR.format("an async client", "arun", "OpenAI"))
        if self.client is not None:
            return self.client.with_options(max_retries=0)
        try:
            return OpenAI(base_url=self.base_url, api_key=self.api_key, max_retries=0)
        except OpenAIError as error:
            raise ConfigurationError(_NO_KEY.format(self.name)) from error

    def _new_awaiting(self, *, lent: bool) -> AsyncOpenAI:
        from openai import AsyncOpenAI, DefaultAsyncHttpxClient, OpenAI, OpenAIError

        if isinstance(self.client, OpenAI):
            raise ConfigurationError(_WRONG_COLOUR.format("a sync client", "run", "AsyncOpenAI"))
        if self.client is not None and lent:
            return self.client.with_options(max_retries=0)
        if self.client is not None:  # its connections belong to the loop that came first
            return self.client.copy(http_client=DefaultAsyncHttpxClient(), max_retries=0)
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


def _posted(name: str, request: Request) -> dict[str, Any]:
    """The arguments of the client's ``post``: what speaks to the client is no part of the body."""
    sent = {key: value for key, value in request.parameters.items() if key not in _OPTIONS}
    extra = sent.pop("extra_body", None)
    body: dict[str, object] = {"model": name, "messages": list(request.messages), **sent}
    body |= extra if isinstance(extra, dict) else {}
    if request.constraint.response_format is not None:
        body["response_format"] = request.constraint.response_format
    if request.constraint.grammar is not None:
        body["grammar"] = request.constraint.grammar
    chosen = request.parameters.keys() & _OPTIONS.keys()
    options = {_OPTIONS[key]: request.parameters[key] for key in chosen}
    return {"body": body, "cast_to": _raw_response(), "options": options}


@cache
def _raw_response() -> type[RawResponse]:
    """The response class of the SDK's HTTP library: httpx up to openai 2, httpx2 since."""
    import openai

    library = openai.DefaultHttpxClient.__mro__[1].__module__
    return cast("type[RawResponse]", importlib.import_module(library).Response)


def _failure(error: Exception, address: object, seconds: float) -> CallFailure | None:
    failure = failure_of(error, seconds=seconds)
    if failure is None or failure.status is not None:
        return failure
    cause = error.__cause__ or error
    message = f"no answer from {address} ({type(cause).__name__}: {cause})"
    return replace(failure, message=message)


def _decoded(raw: bytes, seconds: float) -> Completion | CallFailure:
    """The completion in the body *raw*; a body that is no answer is a failed call."""
    try:
        body: object = from_json(raw)
    except ValueError:
        said = quote(raw[:200].decode(errors="replace"))
        return CallFailure(f"the server's answer is not JSON: {said}", "malformed")
    failure = error_body(body, seconds=seconds)
    if failure is not None:
        return failure
    if not items(get(body, "choices")):
        said = quote(body)
        return CallFailure(f"the server's answer has no choices: {said}", "malformed")
    return completion_of(body, seconds=seconds)
