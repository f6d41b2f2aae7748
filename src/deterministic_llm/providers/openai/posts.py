"""What the client posts for a request: body, options, and the raw response that it is to give."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, cast

from deterministic_llm._core.attempts import Request
from deterministic_llm._core.shapes.members import get
from deterministic_llm.providers.openai.bodies import ENCODINGS, RawResponse

if TYPE_CHECKING:
    from openai import AsyncOpenAI, OpenAI, Timeout

PATH = "/chat/completions"
IN_PIECES: Mapping[str, object] = {"stream": True}
"""The members of a body that asks for the answer in pieces."""
COUNTED: Mapping[str, object] = {**IN_PIECES, "stream_options": {"include_usage": True}}
"""And for its tokens, which are else not counted."""
_WHOLE: Mapping[str, object] = {}
_OPTIONS = {"headers": "headers", "extra_headers": "headers", "extra_query": "params"}
"""Parameters that speak to the client rather than to the model, and what its options call them."""


def posted(
    name: str,
    client: OpenAI | AsyncOpenAI,
    request: Request,
    *,
    streams: Mapping[str, object] = _WHOLE,
) -> dict[str, Any]:
    """The arguments of the client's ``post``: what speaks to the client is no part of the body.

    *streams* are the members of a body that asks for the answer in pieces.
    """
    chosen = request.parameters.keys() & _OPTIONS.keys()
    options: dict[str, object] = {_OPTIONS[key]: request.parameters[key] for key in chosen}
    given = options.get("headers")
    options["headers"] = {
        "Accept-Encoding": "identity" if streams else ENCODINGS,
        **(given if isinstance(given, dict) else {}),
    }
    times = (request.timeout, request.first_token_timeout)
    left = min((seconds for seconds in times if seconds is not None), default=None)
    if left is not None:
        options["timeout"] = _timeout(client.timeout, left)
    return {
        "body": {**streams, **_body(name, request)},
        "cast_to": _raw_response(),
        "options": options,
        "stream": True,
    }


def begun(response: RawResponse, client: OpenAI | AsyncOpenAI, request: Request) -> None:
    """From here on a read of *response* may take longer than its beginning did.

    The HTTP library looks up how long when it begins to read the body.
    """
    phases = response.request.extensions.get("timeout")
    if request.first_token_timeout is not None and isinstance(phases, dict):
        own = client.timeout
        read = own if own is None or isinstance(own, int | float) else own.read
        left = request.timeout
        phases["read"] = read if left is None else _shorter(read, left)


def refuses_counting(error: Exception) -> bool:
    """Whether the server knows no ``stream_options``, which ask it to count the tokens."""
    status, body = get(error, "status_code"), get(error, "body")
    return status in {400, 422} and "stream_options" in f"{error} {body}"


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
