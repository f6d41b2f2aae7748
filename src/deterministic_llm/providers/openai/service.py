"""OpenAI's clients: how they are made, and asked for a chat completion."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from deterministic_llm._core.attempts import Request
from deterministic_llm.errors import ConfigurationError
from deterministic_llm.providers.openai.posts import PATH, chat, refuses_counting
from deterministic_llm.transport.bodies import RawResponse
from deterministic_llm.transport.posts import posted, read_of
from deterministic_llm.transport.service import Peer

if TYPE_CHECKING:
    from openai import AsyncOpenAI, OpenAI

_NO_KEY = "no API key for {!r}: set OPENAI_API_KEY, or pass api_key= or client="
_WRONG_COLOUR = "this Model has {0}, which cannot do that: call {1}(), or give it openai.{2}(...)"


@dataclass(slots=True)
class ChatService:
    """Chat completions of the model *name*; remembers whether its server counts what it streams."""

    name: str
    base_url: str | None
    api_key: str | None = field(repr=False)
    client: OpenAI | AsyncOpenAI | None = field(repr=False)
    counts: bool = True

    @property
    def given(self) -> bool:
        """Whether the client is the caller's own."""
        return self.client is not None

    def post(self, client: OpenAI, request: Request, *, pieces: bool) -> RawResponse:
        """Ask, and wait until the response begins."""
        sent = self._posted(client, request, pieces=pieces)
        try:
            return cast("RawResponse", client.post(PATH, **sent))
        except Exception as error:
            if not self._forgives(error, sent):
                raise
        return cast("RawResponse", client.post(PATH, **self._posted(client, request, pieces=True)))

    async def apost(self, client: AsyncOpenAI, request: Request, *, pieces: bool) -> RawResponse:
        """As post(), awaited."""
        sent = self._posted(client, request, pieces=pieces)
        try:
            return cast("RawResponse", await client.post(PATH, **sent))
        except Exception as error:
            if not self._forgives(error, sent):
                raise
        sent = self._posted(client, request, pieces=True)
        return cast("RawResponse", await client.post(PATH, **sent))

    def peer(self, client: OpenAI | AsyncOpenAI) -> Peer:
        """Whom *client* calls."""
        return Peer(str(client.base_url), (client.api_key,), read_of(client))

    def new_blocking(self) -> OpenAI:
        """A client, whose own retries are off."""
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
        body = chat(self.name, request, pieces=pieces, counts=self.counts)
        return posted("openai", client, request, body, pieces=pieces)

    def _forgives(self, error: Exception, sent: dict[str, Any]) -> bool:
        """Whether what was *sent* may be sent again without asking for the tokens."""
        if "stream_options" not in sent["body"] or not refuses_counting(error):
            return False
        self.counts = False
        return True
