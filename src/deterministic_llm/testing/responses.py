"""A chat completion in the words of OpenAI's Responses: it goes in, a body or events come out."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from itertools import chain
from typing import TypeAlias

from deterministic_llm._core.exchange import JsonObject, JsonValue
from deterministic_llm.testing.completions import choice_of, object_of, objects_of
from deterministic_llm.testing.envelopes import pieces_of

_REASONS: Mapping[JsonValue, str] = {
    "length": "max_output_tokens",
    "content_filter": "content_filter",
}
_STATUSES: Mapping[JsonValue, str] = {
    "stop": "completed",
    "tool_calls": "completed",
    "abort": "cancelled",
}
_USAGE: Mapping[str, str] = {
    "input_tokens": "prompt_tokens",
    "output_tokens": "completion_tokens",
    "total_tokens": "total_tokens",
    "input_tokens_details": "prompt_tokens_details",
    "output_tokens_details": "completion_tokens_details",
}
_Event: TypeAlias = tuple[str, JsonObject, int]
"""What an event is called, its members, and how many characters of the answer it brings."""


def response_events(body: JsonObject, size: int) -> Iterator[tuple[bytes, int]]:
    """The events of the completion *body*, its texts *size* characters at a time, with how many."""
    whole = response(body)
    begun: JsonObject = {**whole, "status": "in_progress", "output": [], "usage": None}
    first: _Event = ("response.created", {"response": begun}, 0)
    last: _Event = (f"response.{whole['status']}", {"response": whole}, 0)
    for number, told in enumerate(chain((first,), _growing(whole, size), (last,))):
        kind, members, characters = told
        data = {"type": kind, "sequence_number": number, **members}
        yield f"event: {kind}\ndata: {json.dumps(data)}\n\n".encode(), characters


def response(body: JsonObject) -> JsonObject:
    """The response that says what the chat completion *body* says."""
    choice, said = choice_of(body)
    finish = choice.get("finish_reason")
    reason = _REASONS.get(finish)
    usage = object_of(body.get("usage"))
    return {
        "id": "resp_0",
        "object": "response",
        "created_at": 0,
        "status": _STATUSES.get(finish, "incomplete"),
        "error": None,
        "incomplete_details": None if reason is None else {"reason": reason},
        "model": body.get("model"),
        "output": [*_items(said)],
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
        "usage": {name: usage.get(chat) for name, chat in _USAGE.items()},
    }


def _items(message: JsonObject) -> Iterator[JsonObject]:
    thought = message.get("reasoning_content")
    if thought:
        summary: JsonObject = {"type": "summary_text", "text": thought}
        yield {"type": "reasoning", "id": "rs_0", "summary": [summary]}
    parts: list[JsonValue] = [*_parts(message)]
    if parts:
        yield {
            "type": "message",
            "id": "msg_0",
            "role": "assistant",
            "status": "completed",
            "content": parts,
        }
    for index, call in enumerate(objects_of(message.get("tool_calls"))):
        called: JsonObject = {"id": f"fc_{index}", "call_id": call["id"], "status": "completed"}
        yield {"type": "function_call", **called, **object_of(call["function"])}


def _parts(message: JsonObject) -> Iterator[JsonObject]:
    content, refusal = message.get("content"), message.get("refusal")
    for part in objects_of(content) or [{"text": content}]:
        if isinstance(part.get("text"), str):
            yield {"type": "output_text", "text": part["text"], "annotations": []}
    if refusal:
        yield {"type": "refusal", "refusal": refusal}


def _growing(whole: JsonObject, size: int) -> Iterator[_Event]:
    """Each item begins, grows and is done."""
    for index, item in enumerate(objects_of(whole["output"])):
        place: JsonObject = {"output_index": index, "item_id": item["id"]}
        bare: JsonObject = {name: empty for name, empty in _EMPTY.items() if name in item}
        started: JsonObject = {**item, **bare}
        yield "response.output_item.added", {"output_index": index, "item": started}, 0
        for kind, members, text in _texts(item):
            if isinstance(members.get("part"), dict):
                yield "response.content_part.added", {**place, **members}, 0
            for piece in pieces_of(text, size):
                at: JsonObject = {name: members[name] for name in members if name != "part"}
                yield f"response.{kind}.delta", {**place, **at, "delta": piece}, len(piece)
        yield "response.output_item.done", {"output_index": index, "item": item}, 0


_EMPTY: JsonObject = {"content": [], "summary": [], "arguments": ""}


def _texts(item: JsonObject) -> Iterator[tuple[str, JsonObject, str]]:
    """The texts of *item*: the events they grow by, where they stand, and themselves."""
    if "arguments" in item:
        yield "function_call_arguments", {}, str(item["arguments"])
    for index, part in enumerate(objects_of(item.get("summary"))):
        yield "reasoning_summary_text", {"summary_index": index}, str(part["text"])
    for index, part in enumerate(objects_of(item.get("content"))):
        name = "text" if "text" in part else "refusal"
        kind = "output_text" if name == "text" else name
        at: JsonObject = {"content_index": index, "part": {**part, name: ""}}
        yield kind, at, str(part[name])
