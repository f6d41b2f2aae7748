"""A chat completion in the words of Gemini's generateContent: it goes in, a body or events come."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from deterministic_llm._core.exchange import JsonObject, JsonValue
from deterministic_llm.testing.completions import called, choice_of, object_of, texts_of
from deterministic_llm.testing.envelopes import pieces_of

_REASONS: Mapping[JsonValue, str] = {
    "stop": "STOP",
    "length": "MAX_TOKENS",
    "tool_calls": "STOP",
    "content_filter": "SAFETY",
    "abort": "MALFORMED_RESPONSE",
}
_STATUSES: Mapping[int, str] = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}


def content(body: JsonObject) -> JsonObject:
    """The response that says what the chat completion *body* says."""
    return _response(body, [*_parts(choice_of(body)[1])], ended=True)


def content_events(body: JsonObject, size: int) -> Iterator[tuple[bytes, int]]:
    """The events of that response, its texts *size* characters at a time, with how many it has."""
    for part in _parts(choice_of(body)[1]):
        text = part.get("text")
        if not isinstance(text, str):
            yield _event(_response(body, [part], ended=False)), len(json.dumps(part))
            continue
        for piece in pieces_of(text, size):
            said: JsonObject = {**part, "text": piece}
            yield _event(_response(body, [said], ended=False)), len(piece)
    yield _event(_response(body, [], ended=True)), 0


def content_error(status: int, body: JsonObject) -> JsonObject:
    """An error of OpenAI's as one of Google's."""
    error = object_of(body.get("error"))
    told: JsonObject = {"code": status, "message": error.get("message")}
    return {"error": {**told, "status": _STATUSES.get(status, "UNKNOWN")}}


def _response(body: JsonObject, parts: list[JsonValue], *, ended: bool) -> JsonObject:
    choice, said = choice_of(body)
    usage = object_of(body.get("usage"))
    thought = object_of(usage.get("completion_tokens_details")).get("reasoning_tokens")
    written = usage.get("completion_tokens")
    spoken = written - thought if isinstance(written, int) and isinstance(thought, int) else written
    candidate: JsonObject = {"index": 0, "content": {"role": "model", "parts": parts}}
    if ended:
        finish, refusal = choice.get("finish_reason"), said.get("refusal")
        reason = "PROHIBITED_CONTENT" if refusal else _REASONS.get(finish, finish)
        candidate |= {"finishReason": reason, "finishMessage": refusal}
    return {
        "candidates": [candidate],
        "modelVersion": body.get("model"),
        "usageMetadata": {
            "promptTokenCount": usage.get("prompt_tokens"),
            "cachedContentTokenCount": object_of(usage.get("prompt_tokens_details")).get(
                "cached_tokens"
            ),
            "candidatesTokenCount": spoken,
            "thoughtsTokenCount": thought,
            "totalTokenCount": usage.get("total_tokens"),
        },
    }


def _parts(said: JsonObject) -> Iterator[JsonObject]:
    thought = said.get("reasoning_content")
    if thought:
        yield {"text": thought, "thought": True}
    for text in texts_of(said):
        yield {"text": text}
    for name, arguments in called(said):
        yield {"functionCall": {"name": name, "args": arguments}}


def _event(response: JsonObject) -> bytes:
    return f"data: {json.dumps(response)}\r\n\r\n".encode()
