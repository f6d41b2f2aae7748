"""One client of Google's SDK, which is asked for responses rather than for objects.

The SDK has no public way to a response that is still to be read, and none to switch its own
retries off for a client that somebody else made: the few private names that it takes are all here.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any, Protocol, cast

from deterministic_llm._core.attempts import Request
from deterministic_llm._core.patience import opening
from deterministic_llm._core.records import frozen
from deterministic_llm.transport.bodies import RawResponse
from deterministic_llm.transport.posts import cut, headers, library_of


class ContentClient(Protocol):
    """A client of Google's, ``google.genai.Client``, told from others by what it has."""

    @property
    def aio(self) -> object:
        """Itself, to be awaited."""
        ...

    @property
    def models(self) -> object:
        """What it asks for content."""
        ...


@frozen
class Caller:
    """What posts for *client*, which closes its connections when nobody has it any more.

    *api* is its own caller, with the two HTTP clients that it has set as if they were given: it
    takes no other library for awaited calls then, and closes neither of them.
    """

    client: ContentClient
    api: Any

    @classmethod
    def of(cls, client: ContentClient, connections: object = None) -> Caller:
        """The caller of *client*, with other *connections* for awaited calls where there are."""
        own = cast("Any", client)._api_client  # noqa: SLF001
        api = copy.copy(own)
        awaited = own._async_httpx_client if connections is None else connections  # noqa: SLF001
        given = {"httpx_client": own._httpx_client, "httpx_async_client": awaited}  # noqa: SLF001
        api._http_options = own._http_options.model_copy(update=given)  # noqa: SLF001
        api._async_httpx_client = awaited  # noqa: SLF001
        return cls(client, api)

    @property
    def vertex(self) -> bool:
        """Whether the models are those of Google's cloud, which have longer names."""
        return bool(self.api.vertexai)

    @property
    def url(self) -> str:
        """Where it calls."""
        return str(self.api._http_options.base_url)  # noqa: SLF001

    @property
    def secret(self) -> str | None:
        """Its key."""
        key: object = self.api.api_key
        return key if isinstance(key, str) else None

    @property
    def timeout(self) -> float | None:
        """How long it waits for the next bytes by itself, in seconds."""
        told: object = self.api._http_options.timeout  # noqa: SLF001
        return told / 1000 if isinstance(told, int) else None

    def post(
        self, path: str, body: Mapping[str, object], request: Request, *, pieces: bool
    ) -> RawResponse:
        """The response to *body*, as soon as it begins."""
        asked = self._asked(path, body, request, pieces=pieces)
        answered = self.api._request_once(asked, stream=True)  # noqa: SLF001
        return cast("RawResponse", answered.response_stream)

    async def apost(
        self, path: str, body: Mapping[str, object], request: Request, *, pieces: bool
    ) -> RawResponse:
        """As post(), awaited."""
        asked = self._asked(path, body, request, pieces=pieces)
        answered = await self.api._async_request_once(asked, stream=True)  # noqa: SLF001
        return cast("RawResponse", answered.response_stream)

    def close(self) -> None:
        """Close the connections of calls that block."""
        self.api._httpx_client.close()  # noqa: SLF001

    async def aclose(self) -> None:
        """Close the connections of awaited calls."""
        await self.api._async_httpx_client.aclose()  # noqa: SLF001

    def _asked(
        self, path: str, body: Mapping[str, object], request: Request, *, pieces: bool
    ) -> object:
        asked = self.api._build_request("post", path, dict(body))  # noqa: SLF001
        asked.headers = {**asked.headers, **headers(request, pieces=pieces)}
        limit = opening(request)
        if limit is not None:
            library = library_of(cast("object", self.api._httpx_client))  # noqa: SLF001
            asked.timeout = cut(asked.timeout, limit[0], library)
        return asked


def address_of(client: ContentClient) -> str:
    """Where *client* calls."""
    return str(cast("Any", client)._api_client._http_options.base_url)  # noqa: SLF001


def elsewhere(client: ContentClient) -> object:
    """Connections for *client* in another event loop, to be closed with that."""
    own = cast("Any", client)._api_client  # noqa: SLF001
    arguments = {"follow_redirects": True, **own._async_httpx_client_args}  # noqa: SLF001
    library = library_of(cast("object", own._async_httpx_client))  # noqa: SLF001
    return library.AsyncClient(**arguments)
