"""Google's clients: how they are made, and asked for content."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import Protocol, cast
from urllib.parse import urlencode

from deterministic_llm._core.attempts import Request
from deterministic_llm.errors import ConfigurationError
from deterministic_llm.providers.gemini.clients import Caller, ContentClient, elsewhere
from deterministic_llm.providers.gemini.posts import OURS, content
from deterministic_llm.transport.bodies import RawResponse
from deterministic_llm.transport.service import Peer, SdkService, missing


class _Package(Protocol):
    """The package ``google.genai``."""

    def Client(self, *, api_key: str | None, http_options: object) -> ContentClient:  # noqa: N802
        """A client."""
        ...


_NO_KEY = "no API key for {!r}: set GEMINI_API_KEY, or pass api_key= or client= ({})"
_WHOLE = "generateContent"
_PIECES = "streamGenerateContent"
_EVENTS = {"alt": "sse"}


@dataclass(slots=True)
class ContentService(SdkService[ContentClient]):
    """Content of the model *name*; a client of Google's blocks and can be awaited alike."""

    def post(self, client: Caller, request: Request, *, pieces: bool) -> RawResponse:
        """Ask, and wait until the response begins."""
        path = self._path(client, request, pieces=pieces)
        return client.post(path, content(request), request, pieces=pieces)

    async def apost(self, client: Caller, request: Request, *, pieces: bool) -> RawResponse:
        """As post(), awaited."""
        path = self._path(client, request, pieces=pieces)
        return await client.apost(path, content(request), request, pieces=pieces)

    def peer(self, client: Caller) -> Peer:
        """Whom *client* calls."""
        secret = client.secret
        secrets = () if secret is None else (secret,)
        return Peer(client.url, secrets, client.timeout, OURS)

    def new_blocking(self) -> Caller:
        """A client, whose own retries are off."""
        return Caller.of(self._new() if self.client is None else self.client)

    def new_awaiting(self, *, lent: bool) -> Caller:
        """A client to be awaited, whose own retries are off."""
        if self.client is None:
            return Caller.of(self._new())
        return Caller.of(self.client, None if lent else elsewhere(self.client))

    async def close(self, client: Caller) -> None:
        """Close the connections of *client*."""
        await client.aclose()

    def _new(self) -> ContentClient:
        try:
            package = cast("_Package", import_module("google.genai"))
            failure = import_module("google.auth.exceptions").GoogleAuthError
        except ImportError as error:
            raise missing("gemini", self.name) from error
        options = None if self.base_url is None else {"base_url": self.base_url}
        try:
            return package.Client(api_key=self.api_key, http_options=options)
        except (ValueError, cast("type[Exception]", failure)) as error:
            raise ConfigurationError(_NO_KEY.format(self.name, error)) from error

    def _path(self, client: Caller, request: Request, *, pieces: bool) -> str:
        asked = request.parameters.get("extra_query")
        query = {**(asked if isinstance(asked, dict) else {}), **(_EVENTS if pieces else {})}
        path = f"{_placed(self.name, vertex=client.vertex)}:{_PIECES if pieces else _WHOLE}"
        return f"{path}?{urlencode(query)}" if query else path


def _placed(name: str, *, vertex: bool) -> str:
    """The path of the model *name*, which may be a path already."""
    if not vertex:
        return name if name.startswith(("models/", "tunedModels/")) else f"models/{name}"
    if name.startswith(("projects/", "models/", "publishers/")):
        return name
    publisher, slash, model = name.partition("/")
    return f"publishers/{publisher if slash else 'google'}/models/{model or name}"
