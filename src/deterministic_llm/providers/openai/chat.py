"""One model behind a chat-completions server: requests go in, completions or failures come out.

The SDK gives authentication, addresses, headers and error types; its retries are off, because the
loop owns them, and bodies are read raw, because building its objects costs more than all we do.
"""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache, partial
from time import perf_counter
from typing import TYPE_CHECKING, Any, cast

from deterministic_llm._core.attempts import Request
from deterministic_llm._core.exchange import CallFailure, Completion
from deterministic_llm._core.secrecy import HIDDEN
from deterministic_llm._core.shapes.answers import body_of
from deterministic_llm._core.shapes.failures import failure_of
from deterministic_llm.providers.openai.bodies import (
    ENCODINGS,
    RawResponse,
    TooLargeError,
    read,
    read_async,
)
from deterministic_llm.providers.openai.clients import Clients
from deterministic_llm.providers.openai.deadline import Line, OverdueError, within

if TYPE_CHECKING:
    from openai import AsyncOpenAI, OpenAI, Timeout

_PATH = "/chat/completions"
_OPTIONS = {"headers": "headers", "extra_headers": "headers", "extra_query": "params"}
"""Parameters that speak to the client rather than to the model, and what its options call them."""
_BEFORE_SENDING = frozenset(
    {
        "ConnectError",
        "ConnectTimeout",
        "PoolTimeout",
        "UnsupportedProtocol",
        "InvalidURL",
        "UnicodeEncodeError",
    }
)
_SHORTEST_SECRET = 8
_UNREADY = "there was no time to make a client and ask"
_OVERDUE = "no answer from {} in the {:.3g} s that were left"


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

    def __post_init__(self) -> None:
        self._clients = Clients(self.name, self.base_url, self.api_key, self.client)

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
                return CallFailure(_UNREADY, "late", seconds=seconds, sent=False)
            return _late(client, request.timeout, seconds)

    async def acomplete(self, request: Request) -> Completion | CallFailure:
        """Ask, and await the answer, as long as the request says or else the client."""
        seat = await self._clients.awaiting()
        posted = _posted(self.name, seat.client, request)
        deadline = asyncio.timeout(request.timeout)
        started = perf_counter()
        async with seat.used():
            try:
                async with deadline:
                    raw = await self._read(seat.client, posted)
            except Exception as error:
                seat.note(error)
                seconds = perf_counter() - started
                if request.timeout is not None and deadline.expired():
                    return _late(seat.client, request.timeout, seconds)
                outcome = _told(error, seat.client, request.timeout, seconds)
                if outcome is None:
                    raise
                return outcome
            seat.note(None)
        return body_of(raw, seconds=perf_counter() - started)

    def _answer(self, request: Request, line: Line | None) -> Completion | CallFailure:
        client = self._clients.blocking()
        started = perf_counter()
        try:
            response = client.post(_PATH, **_posted(self.name, client, request))
            if line is not None:
                line.take(response)
            try:
                raw = read(response, self.max_bytes)
            finally:
                if line is not None:
                    line.release()
                response.close()
        except Exception as error:
            outcome = _told(error, client, request.timeout, perf_counter() - started)
            if outcome is None:
                raise
            return outcome
        return body_of(raw, seconds=perf_counter() - started)

    async def _read(self, client: AsyncOpenAI, posted: Mapping[str, Any]) -> bytes:
        response = await client.post(_PATH, **posted)
        try:
            return await read_async(response, self.max_bytes)
        finally:
            await response.aclose()


def _posted(name: str, client: OpenAI | AsyncOpenAI, request: Request) -> dict[str, Any]:
    """The arguments of the client's ``post``: what speaks to the client is no part of the body."""
    chosen = request.parameters.keys() & _OPTIONS.keys()
    options: dict[str, object] = {_OPTIONS[key]: request.parameters[key] for key in chosen}
    given = options.get("headers")
    options["headers"] = {
        "Accept-Encoding": ENCODINGS,
        **(given if isinstance(given, dict) else {}),
    }
    if request.timeout is not None:
        options["timeout"] = _timeout(client.timeout, request.timeout)
    return {
        "body": _body(name, request),
        "cast_to": _raw_response(),
        "options": options,
        "stream": True,
    }


def _body(name: str, request: Request) -> dict[str, object]:
    sent = {key: value for key, value in request.parameters.items() if key not in _OPTIONS}
    extra = sent.pop("extra_body", None)
    body: dict[str, object] = {"model": name, "messages": list(request.messages), **sent}
    body |= extra if isinstance(extra, dict) else {}
    constraint = request.constraint
    if constraint.response_format is not None:
        body["response_format"] = constraint.response_format
    if constraint.grammar is not None:
        body["grammar"] = constraint.grammar
    if constraint.tool is not None:
        chosen = {"name": constraint.tool["name"]}
        body["tools"] = [{"type": "function", "function": constraint.tool}]
        body["tool_choice"] = {"type": "function", "function": chosen}
    return body


def _timeout(own: float | Timeout | None, left: float) -> Timeout:
    """The client's *own* timeouts, none longer than what is *left*.

    Waiting for a connection is cut short a little earlier, to be told from waiting for an answer.
    """
    from openai import Timeout

    phases = own if isinstance(own, Timeout) else Timeout(own)
    return Timeout(
        connect=_shorter(phases.connect, left),
        read=_shorter(phases.read, left),
        write=_shorter(phases.write, left),
        pool=_shorter(phases.pool, 0.9 * left),
    )


def _shorter(own: float | None, left: float) -> float:
    return left if own is None else min(own, left)


@cache
def _raw_response() -> type[RawResponse]:
    """The response class of the SDK's HTTP library: httpx up to openai 2, httpx2 since."""
    import openai

    library = openai.DefaultHttpxClient.__mro__[1].__module__
    return cast("type[RawResponse]", importlib.import_module(library).Response)


def _told(
    error: Exception, client: OpenAI | AsyncOpenAI, timeout: float | None, seconds: float
) -> Completion | CallFailure | None:
    """What *error* stands for; None when it is no failure of a call."""
    if isinstance(error, TooLargeError):
        return CallFailure(str(error), "too_large", seconds=seconds)
    outcome = failure_of(error, seconds=seconds)
    if not isinstance(outcome, CallFailure):
        return outcome
    if outcome.kind == "timeout" and timeout is not None and seconds >= timeout:
        return _late(client, timeout, seconds)
    if outcome.status is None:
        cause = error.__cause__ or error
        message = f"no answer from {_address(client)} ({type(cause).__name__}: {cause})"
        outcome = replace(outcome, message=message)
    message = _without_secret(outcome.message, client.api_key)
    return replace(outcome, message=message, sent=not _never_left(error, client))


def _never_left(error: Exception, client: OpenAI | AsyncOpenAI) -> bool:
    """Whether nothing was sent: no connection to the server itself, not to where it sent us on."""
    cause = error.__cause__ or error
    if _BEFORE_SENDING.isdisjoint(kind.__name__ for kind in type(cause).__mro__):
        return False
    try:
        address = str(cast("Any", cause).request.url)
    except (AttributeError, RuntimeError):  # nobody got as far as a request
        return True
    return address.startswith(str(client.base_url))


def _late(client: OpenAI | AsyncOpenAI, timeout: float, seconds: float) -> CallFailure:
    message = _OVERDUE.format(_address(client), timeout)
    return CallFailure(message, "late", seconds=seconds)


def _address(client: OpenAI | AsyncOpenAI) -> str:
    """Where *client* calls, without the password that an address may hold."""
    return str(client.base_url.copy_with(userinfo=b""))


def _without_secret(message: str, secret: str) -> str:
    return message.replace(secret, HIDDEN) if len(secret) >= _SHORTEST_SECRET else message
