"""In whose words the server speaks: a chat completion goes in, a body, events or an error comes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TypeAlias

from deterministic_llm._core.exchange import JsonObject, JsonValue
from deterministic_llm._core.records import frozen
from deterministic_llm.testing.anthropic import message, message_error, message_events
from deterministic_llm.testing.gemini import content, content_error, content_events
from deterministic_llm.testing.responses import response, response_events
from deterministic_llm.testing.wire import Wire

_Events: TypeAlias = Callable[[JsonObject, int], Iterator[tuple[bytes, int]]]


@frozen
class Interface:
    """The words of one interface that is not that of chat completions."""

    whole: Callable[[JsonObject], JsonObject]
    events: _Events
    error: Callable[[int, JsonObject], JsonObject]


def _as_it_is(status: int, body: JsonObject) -> JsonObject:
    del status
    return body


_OTHERS: Mapping[str, Interface] = {
    "/responses": Interface(response, response_events, _as_it_is),
    "/messages": Interface(message, message_events, message_error),
    ":generateContent": Interface(content, content_events, content_error),
    ":streamGenerateContent": Interface(content, content_events, content_error),
}
"""By how the path of a request ends."""


def interface_of(wire: Wire) -> Interface | None:
    """The interface that was asked for last; None for chat completions."""
    path = wire.path.partition("?")[0]
    return next((other for end, other in _OTHERS.items() if path.endswith(end)), None)


def worded(wire: Wire, body: JsonObject) -> JsonObject:
    """The chat completion *body* in the words that were asked for."""
    other = interface_of(wire)
    return body if other is None else other.whole(body)


def blamed(wire: Wire, status: int, body: bytes | JsonValue) -> bytes | JsonValue:
    """An error in OpenAI's form in the words that were asked for; any other *body* as it is."""
    other = interface_of(wire)
    if other is None or not isinstance(body, dict):
        return body
    return other.error(status, body)
