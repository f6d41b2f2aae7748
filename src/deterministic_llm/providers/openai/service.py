"""OpenAI's clients: how they are made, and asked in the words of one of its interfaces."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol, Unpack, cast

from deterministic_llm._core.attempts import Request
from deterministic_llm._core.records import frozen
from deterministic_llm._core.shapes.members import get
from deterministic_llm.errors import ConfigurationError
from deterministic_llm.providers.openai.identity import LISTING
from deterministic_llm.transport.bodies import RawResponse
from deterministic_llm.transport.posts import fetched, posted, read_of
from deterministic_llm.transport.remote import Remote
from deterministic_llm.transport.service import ClientOptions, Peer, SdkService

if TYPE_CHECKING:
    from openai import AsyncOpenAI, OpenAI

_NO_KEY = "no API key for {!r}: set OPENAI_API_KEY, or pass api_key= or client="
_WRONG_COLOUR = "this Model has {0}, which cannot do that: call {1}(), or give it openai.{2}(...)"


class Body(Protocol):
    """What writes the body of a request."""

    def __call__(
        self, name: str, request: Request, *, pieces: bool, counts: bool
    ) -> dict[str, object]:
        """The body that asks the model *name*; *pieces* are counted where it *counts*."""
        ...


@frozen
class Api:
    """One interface of a server: its path, and the body of a request in its words."""

    path: str
    body: Body


@dataclass(slots=True)
class OpenAIService(SdkService["OpenAI | AsyncOpenAI"]):
    """The model *name* behind one *api*; remembers whether its server counts what it streams."""

    api: Api = field(kw_only=True)
    counts: bool = True

    def post(self, client: OpenAI, request: Request, *, pieces: bool) -> RawResponse:
        """Ask, and wait until the response begins."""
        sent = self._posted(client, request, pieces=pieces)
        try:
            return cast("RawResponse", client.post(self.api.path, **sent))
        except Exception as error:
            if not self._forgives(error, sent):
                raise
        sent = self._posted(client, request, pieces=True)
        return cast("RawResponse", client.post(self.api.path, **sent))

    async def apost(self, client: AsyncOpenAI, request: Request, *, pieces: bool) -> RawResponse:
        """As post(), awaited."""
        sent = self._posted(client, request, pieces=pieces)
        try:
            return cast("RawResponse", await client.post(self.api.path, **sent))
        except Exception as error:
            if not self._forgives(error, sent):
                raise
        sent = self._posted(client, request, pieces=True)
        return cast("RawResponse", await client.post(self.api.path, **sent))

    def fetch(self, client: OpenAI, path: str, seconds: float) -> RawResponse:
        """What the server has at *path*, beside its ``/v1`` where that is no listing."""
        sent = fetched("openai", client, seconds)
        return cast("RawResponse", client.get(_place(client, path), **sent))

    async def afetch(self, client: AsyncOpenAI, path: str, seconds: float) -> RawResponse:
        """As fetch(), awaited."""
        sent = fetched("openai", client, seconds)
        return cast("RawResponse", await client.get(_place(client, path), **sent))

    def peer(self, client: OpenAI | AsyncOpenAI) -> Peer:
        """Whom *client* calls."""
        token = get(client, "_azure_ad_token")
        secrets = (client.api_key, token) if isinstance(token, str) else (client.api_key,)
        return Peer(str(client.base_url), secrets, read_of(client))

    def new_blocking(self) -> OpenAI:
        """A client, whose own retries are off."""
        _import_whole()
        from openai import AsyncOpenAI, OpenAI, OpenAIError

        if isinstance(self.client, AsyncOpenAI):
            raise ConfigurationError(_WRONG_COLOUR.format("an async client", "arun", "OpenAI"))
        if self.client is not None:
            return self.client.with_options(max_retries=0)
        try:
            return OpenAI(base_url=self.base_url, api_key=self.api_key, max_retries=0)
        except OpenAIError as error:
            raise ConfigurationError(_NO_KEY.format(self.name)) from error

    def new_awaiting(self, *, lent: bool) -> AsyncOpenAI:
        """A client to be awaited, whose own retries are off."""
        _import_whole()
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

    async def close(self, client: AsyncOpenAI) -> None:
        """Close the connections of *client*."""
        await client.close()

    def _posted(
        self, client: OpenAI | AsyncOpenAI, request: Request, *, pieces: bool
    ) -> dict[str, Any]:
        body = self.api.body(self.name, request, pieces=pieces, counts=self.counts)
        return posted("openai", client, request, body, pieces=pieces)

    def _forgives(self, error: Exception, sent: dict[str, Any]) -> bool:
        """Whether what was *sent* may be sent again without asking for the tokens."""
        if "stream_options" not in sent["body"] or not _refuses_counting(error):
            return False
        self.counts = False
        return True


def _import_whole() -> None:
    """Import what HTTP libraries there are, before the SDK looks into them.

    It does so as soon as they are in ``sys.modules``: be they half imported, by another thread.
    """
    for name in ("httpx", "httpx2"):
        with suppress(ImportError):
            import_module(name)


def _place(client: OpenAI | AsyncOpenAI, path: str) -> str:
    """Where *path* is: the listing in the interface, everything else beside it."""
    if path == LISTING:
        return path
    return f"{str(client.base_url).rstrip('/').removesuffix('/v1')}{path}"


class OpenAIModel(Remote["OpenAI", "AsyncOpenAI"]):
    """The model *name* behind one *api*; makes clients of its own, or uses the one it is given."""

    def __init__(
        self,
        name: str,
        api: Api,
        *,
        counts: bool = True,
        **options: Unpack[ClientOptions[OpenAI | AsyncOpenAI]],
    ) -> None:
        self._server = OpenAIService(name, api=api, counts=counts, **options)
        super().__init__(self._server)


def _refuses_counting(error: Exception) -> bool:
    """Whether the server knows no ``stream_options``, which ask it to count the tokens."""
    status, body = get(error, "status_code"), get(error, "body")
    return status in {400, 422} and "stream_options" in f"{error} {body}"
