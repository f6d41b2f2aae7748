"""What a client of an SDK made by Stainless posts: OpenAI's and Anthropic's are.

Their ``post`` gives the raw response where the class of the HTTP library's responses is asked for.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from functools import cache
from types import ModuleType
from typing import Any, Protocol, cast

from deterministic_llm._core.attempts import Request
from deterministic_llm._core.patience import allowed, opening
from deterministic_llm.transport.bodies import ENCODINGS, RawResponse

OPTIONS: Mapping[str, str] = {
    "headers": "headers",
    "extra_headers": "headers",
    "extra_query": "params",
}
"""Parameters that speak to the client rather than to the model, and what its options call them."""


class Client(Protocol):
    """What is read of an SDK's client."""

    @property
    def timeout(self) -> object:
        """Its own timeout: seconds, phases or none."""
        ...


class Phases(Protocol):
    """The timeouts of an HTTP library, a phase each."""

    connect: float | None
    read: float | None
    write: float | None
    pool: float | None


def posted(
    sdk: str, client: Client, request: Request, body: Mapping[str, object], *, pieces: bool
) -> dict[str, Any]:
    """The arguments of the ``post`` of *sdk*'s *client* for *request*, in its words *body*."""
    library = _library_of(sdk)
    options: dict[str, object] = {"headers": headers(request, pieces=pieces)}
    query = request.parameters.get("extra_query")
    if query is not None:
        options["params"] = query
    limit = opening(request)
    if limit is not None:
        options["timeout"] = cut(client.timeout, limit[0], library)
    return {"body": body, "cast_to": library.Response, "options": options, "stream": True}


def fetched(sdk: str, client: Client, seconds: float) -> dict[str, Any]:
    """The arguments of the ``get`` of *sdk*'s *client*: in *seconds*, and from nowhere else."""
    library = _library_of(sdk)
    options: dict[str, object] = {
        "headers": {"Accept-Encoding": ENCODINGS},
        "timeout": cut(client.timeout, seconds, library),
        "follow_redirects": False,
    }
    return {"cast_to": library.Response, "options": options, "stream": True}


def headers(request: Request, *, pieces: bool) -> dict[str, object]:
    """The headers of *request*, with what its answer may be compressed with."""
    given = request.parameters.get("extra_headers", request.parameters.get("headers"))
    return {
        "Accept-Encoding": "identity" if pieces else ENCODINGS,
        **(cast("Mapping[str, object]", given) if isinstance(given, Mapping) else {}),
    }


def cut(own: object, left: float, library: ModuleType) -> Phases:
    """The client's *own* timeouts, none longer than what is *left*.

    Waiting for a connection is cut short a little earlier, to be told from waiting for an answer.
    """
    kind = library.Timeout
    phases = cast("Phases", own if isinstance(own, kind) else kind(own))
    whole = kind(
        connect=shorter(phases.connect, left),
        read=shorter(phases.read, left),
        write=shorter(phases.write, left),
        pool=shorter(phases.pool, 0.9 * left),
    )
    return cast("Phases", whole)


def shorter(own: float | None, left: float) -> float:
    """The shorter of a client's *own* time, which may be endless, and what is *left*."""
    return left if own is None else min(own, left)


def read_of(client: Client) -> float | None:
    """How long *client* waits for the next bytes by itself."""
    own = client.timeout
    return own if own is None or isinstance(own, int | float) else cast("Phases", own).read


def begun(response: RawResponse, read: float | None, request: Request) -> None:
    """From here on a read of *response* may take as long as the client itself allows, *read*.

    The HTTP library looks up how long when it begins to read the body.
    """
    phases = response.request.extensions.get("timeout")
    if request.first_token_timeout is not None and isinstance(phases, dict):
        whole = allowed(request)
        phases["read"] = read if whole is None else shorter(read, whole[0])


def library_of(client: object) -> ModuleType:
    """The HTTP library of a *client* or of its class: httpx, or httpx2 since."""
    kinds = (client if isinstance(client, type) else type(client)).__mro__
    made = next(kind for kind in kinds if kind.__name__ in {"Client", "AsyncClient"})
    return importlib.import_module(made.__module__)


@cache
def _library_of(sdk: str) -> ModuleType:
    return library_of(importlib.import_module(sdk).DefaultHttpxClient)
