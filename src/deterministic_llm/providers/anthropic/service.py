"""Anthropic's clients: how they are made, and asked for a message."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Protocol, Self, cast

from typing_extensions import TypeVar

from deterministic_llm._core.attempts import Request
from deterministic_llm.errors import ConfigurationError
from deterministic_llm.providers.anthropic.posts import OURS, PATH, message
from deterministic_llm.transport.bodies import RawResponse
from deterministic_llm.transport.posts import posted, read_of
from deterministic_llm.transport.service import Peer, SdkService, missing

_NO_KEY = "no API key for {!r}: set ANTHROPIC_API_KEY, or pass api_key= or client="
_WRONG_COLOUR = (
    "this Model has {0}, which cannot do that: call {1}(), or give it anthropic.{2}(...)"
)
_CREDENTIALS = ("api_key", "auth_token", "credentials")


class MessagesClient(Protocol):
    """A client of Anthropic's, told from others by what it has."""

    @property
    def base_url(self) -> object:
        """Where it calls."""
        ...

    @property
    def messages(self) -> object:
        """What it asks for messages."""
        ...


class Sdk(Protocol):
    """As much of a client as is used, be it blocking or awaited."""

    @property
    def base_url(self) -> object:
        """Where it calls."""
        ...

    @property
    def timeout(self) -> object:
        """How long it waits by itself."""
        ...

    def with_options(self, *, max_retries: int) -> Self:
        """Itself with other options."""
        ...

    def copy(self, *, http_client: object, max_retries: int) -> Self:
        """Itself with other connections."""
        ...


class Blocking(Sdk, Protocol):
    """``anthropic.Anthropic``."""

    def close(self) -> None:
        """Close its connections."""
        ...

    def post(self, path: str, **posted: object) -> RawResponse:
        """Ask."""
        ...


class Awaiting(Sdk, Protocol):
    """``anthropic.AsyncAnthropic``."""

    def post(self, path: str, **posted: object) -> Awaitable[RawResponse]:
        """Ask."""
        ...

    async def close(self) -> None:
        """Close its connections."""
        ...


class _Package(Protocol):
    """The package ``anthropic``."""

    Anthropic: type[Blocking]
    AsyncAnthropic: type[Awaiting]
    AnthropicError: type[Exception]
    DefaultAsyncHttpxClient: type


C = TypeVar("C", bound=Sdk)


@dataclass(slots=True)
class MessagesService(SdkService[MessagesClient]):
    """Messages of the model *name*."""

    def post(self, client: Blocking, request: Request, *, pieces: bool) -> RawResponse:
        """Ask, and wait until the response begins."""
        return client.post(PATH, **self._posted(client, request, pieces=pieces))

    async def apost(self, client: Awaiting, request: Request, *, pieces: bool) -> RawResponse:
        """As post(), awaited."""
        return await client.post(PATH, **self._posted(client, request, pieces=pieces))

    def peer(self, client: Sdk) -> Peer:
        """Whom *client* calls."""
        keys: list[object] = [getattr(client, name, None) for name in ("api_key", "auth_token")]
        secrets = tuple(key for key in keys if isinstance(key, str))
        return Peer(str(client.base_url), secrets, read_of(client), OURS)

    def new_blocking(self) -> Blocking:
        """A client, whose own retries are off."""
        package = self._package()
        if isinstance(self.client, package.AsyncAnthropic):
            raise ConfigurationError(_WRONG_COLOUR.format("an async client", "arun", "Anthropic"))
        if self.client is not None:
            return cast("Blocking", self.client).with_options(max_retries=0)
        return self._made(package.Anthropic, package.AnthropicError)

    def new_awaiting(self, *, lent: bool) -> Awaiting:
        """A client to be awaited, whose own retries are off."""
        package = self._package()
        if isinstance(self.client, package.Anthropic):
            raise ConfigurationError(_WRONG_COLOUR.format("a sync client", "run", "AsyncAnthropic"))
        if self.client is None:
            return self._made(package.AsyncAnthropic, package.AnthropicError)
        client = cast("Awaiting", self.client)
        if lent:
            return client.with_options(max_retries=0)
        # its connections belong to the loop that came first
        return client.copy(http_client=package.DefaultAsyncHttpxClient(), max_retries=0)

    async def close(self, client: Awaiting) -> None:
        """Close the connections of *client*."""
        await client.close()

    def _posted(self, client: Sdk, request: Request, *, pieces: bool) -> dict[str, object]:
        body = message(self.name, request, pieces=pieces)
        return posted("anthropic", client, request, body, pieces=pieces)

    def _package(self) -> _Package:
        try:
            return cast("_Package", import_module("anthropic"))
        except ImportError as error:
            raise missing("anthropic", self.name) from error

    def _made(self, kind: Callable[..., C], unauthorised: type[Exception]) -> C:
        """A client of *kind*; the SDK makes one without a key, too, to fail at the first call."""
        try:
            client = kind(base_url=self.base_url, api_key=self.api_key, max_retries=0)
        except unauthorised as error:
            message = f"{_NO_KEY.format(self.name)} ({error})"
            raise ConfigurationError(message) from error
        if not any(getattr(client, name, None) for name in _CREDENTIALS):
            raise ConfigurationError(_NO_KEY.format(self.name))
        return client
