"""A chat completion in the words of Anthropic's Messages: it goes in, a body or events come out."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from deterministic_llm._core.exchange import JsonObject, JsonValue
from deterministic_llm.testing.completions import called, choice_of, object_of, texts_of
from deterministic_llm.testing.envelopes import pieces_of

_REASONS: Mapping[JsonValue, str] = {
    "stop": "end_turn",
    "length": "max_tokens",
    "tool_calls": "tool_use",
    "content_filter": "refusal",
}
_DELTAS: Mapping[str, tuple[str, str]] = {
    "thinking": ("thinking_delta", "thinking"),
    "text": ("text_delta", "text"),
    "tool_use": ("input_json_delta", "partial_json"),
}


def message(body: JsonObject) -> JsonObject:
    """The message that says what the chat completion *body* says."""
    choice, said = choice_of(body)
    usage = object_of(body.get("usage"))
    cached = object_of(usage.get("prompt_tokens_details")).get("cached_tokens")
    thought = object_of(usage.get("completion_tokens_details")).get("reasoning_tokens")
    read = usage.get("prompt_tokens")
    fresh = read - cached if isinstance(read, int) and isinstance(cached, int) else read
    finish, refusal = choice.get("finish_reason"), said.get("refusal")
    details: JsonObject = {"type": "refusal", "category": None, "explanation": refusal}
    return {
        "id": "msg_0",
        "type": "message",
        "role": "assistant",
        "model": body.get("model"),
        "content": [*_blocks(said)],
        "stop_reason": "refusal" if refusal else _REASONS.get(finish, finish),
        "stop_details": details if refusal else None,
        "stop_sequence": None,
        "usage": {
            "input_tokens": fresh,
            "cache_read_input_tokens": cached,
            "cache_creation_input_tokens": 0,
            "output_tokens": usage.get("completion_tokens"),
            "output_tokens_details": {"thinking_tokens": thought},
        },
    }


def message_events(body: JsonObject, size: int) -> Iterator[tuple[bytes, int]]:
    """The events of that message, its texts *size* characters at a time, with how many it has."""
    whole = message(body)
    begun: JsonObject = {**whole, "content": [], "stop_reason": None, "stop_details": None}
    yield _event("message_start", {"message": begun}), 0
    for index, block in enumerate(_blocks(choice_of(body)[1])):
        kind, member = _DELTAS[str(block["type"])]
        empty: JsonValue = {} if member == "partial_json" else ""
        held = "input" if member == "partial_json" else member
        place: JsonObject = {"index": index}
        started: JsonObject = {**block, held: empty}
        yield _event("content_block_start", {**place, "content_block": started}), 0
        text = block[held] if isinstance(block[held], str) else json.dumps(block[held])
        for piece in pieces_of(str(text), size):
            delta: JsonObject = {"type": kind, member: piece}
            yield _event("content_block_delta", {**place, "delta": delta}), len(piece)
        yield _event("content_block_stop", place), 0
    end: JsonObject = {name: whole[name] for name in ("stop_reason", "stop_details")}
    yield _event("message_delta", {"delta": end, "usage": whole["usage"]}), 0
    yield _event("message_stop", {}), 0


def message_error(status: int, body: JsonObject) -> JsonObject:
    """An error of OpenAI's as one of Anthropic's."""
    del status
    error = object_of(body.get("error"))
    kind = error.get("code") or error.get("type")
    told: JsonObject = {"type": kind, "message": error.get("message")}
    return {"type": "error", "error": told, "request_id": "req_0"}


def _blocks(said: JsonObject) -> Iterator[JsonObject]:
    thought = said.get("reasoning_content")
    if thought:
        yield {"type": "thinking", "thinking": thought, "signature": "sig_0"}
    for text in texts_of(said):
        yield {"type": "text", "text": text}
    for index, (name, arguments) in enumerate(called(said)):
        yield {"type": "tool_use", "id": f"toolu_{index}", "name": name, "input": arguments}


def _event(kind: str, members: JsonObject) -> bytes:
    data: JsonObject = {"type": kind, **members}
    return f"event: {kind}\ndata: {json.dumps(data)}\n\n".encode()
