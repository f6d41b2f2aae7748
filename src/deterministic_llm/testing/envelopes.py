"""A completion in the words of OpenAI's chat completions: whole, as an error, or as chunks."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from deterministic_llm._core.exchange import Completion, Finish, JsonObject, JsonValue

_FINISHES: Mapping[Finish, str | None] = {
    "stop": "stop",
    "length": "length",
    "refusal": "stop",
    "filter": "content_filter",
    "aborted": "abort",
    "unfinished": None,
    "stopped": None,
}


def envelope(answer: Completion) -> JsonObject:
    """The response body that holds *answer*."""
    message: JsonObject = {"role": "assistant", "content": answer.text, "refusal": answer.refusal}
    if answer.reasoning is not None:
        message["reasoning_content"] = answer.reasoning
    if answer.calls:
        calls: list[JsonValue] = [tool_call(call.name, call.arguments) for call in answer.calls]
        message["tool_calls"] = calls
    choice: JsonObject = {"index": 0, "message": message, "finish_reason": _finish(answer)}
    return {
        "id": "chatcmpl-0",
        "object": "chat.completion",
        "created": 0,
        "model": answer.model or "faulty",
        "system_fingerprint": answer.fingerprint,
        "choices": [choice],
        "usage": usage_of(answer),
    }


def _finish(answer: Completion) -> str | None:
    called = answer.calls and answer.finish == "stop"
    return "tool_calls" if called else _FINISHES[answer.finish]


def with_message(answer: Completion, members: JsonObject, finish: str = "stop") -> JsonObject:
    """As envelope(), with other *members* of the message and another reason for its end."""
    message: JsonObject = {"role": "assistant", "content": None, **members}
    choices: list[JsonValue] = [{"index": 0, "message": message, "finish_reason": finish}]
    return {**envelope(answer), "choices": choices}


def tool_call(name: str, arguments: JsonValue) -> JsonObject:
    """One call of the function *name*."""
    function: JsonObject = {"name": name, "arguments": arguments}
    return {"id": f"call_{name}", "type": "function", "function": function}


def usage_of(answer: Completion) -> JsonObject:
    """The tokens that *answer* costs."""
    usage = answer.usage
    return {
        "prompt_tokens": usage.input_tokens,
        "completion_tokens": usage.output_tokens,
        "total_tokens": usage.total_tokens,
        "prompt_tokens_details": {"cached_tokens": usage.cached_tokens},
        "completion_tokens_details": {"reasoning_tokens": usage.reasoning_tokens},
    }


def error(message: str, *, kind: str = "server_error", code: JsonValue = None) -> JsonObject:
    """An error body."""
    return {"error": {"message": message, "type": kind, "param": None, "code": code}}


def deltas(answer: Completion, size: int) -> Iterator[tuple[JsonObject, str | None, int]]:
    """What the chunks of *answer* add, its texts *size* characters at a time.

    Each comes with the reason for the end, in the last one, and the number of its characters.
    """
    yield {"role": "assistant", "content": ""}, None, 0
    for piece in pieces_of(answer.reasoning, size):
        yield {"reasoning_content": piece}, None, len(piece)
    for piece in pieces_of(answer.text, size):
        yield {"content": piece}, None, len(piece)
    for index, call in enumerate(answer.calls):
        yield {"tool_calls": [{**tool_call(call.name, ""), "index": index}]}, None, 0
        for piece in pieces_of(call.arguments, size):
            said: JsonValue = {"index": index, "function": {"arguments": piece}}
            yield {"tool_calls": [said]}, None, len(piece)
    for piece in pieces_of(answer.refusal, size):
        yield {"refusal": piece}, None, len(piece)
    yield {}, _finish(answer), 0


def pieces_of(text: str | None, size: int) -> Iterator[str]:
    """*text* by *size* characters."""
    text = text or ""
    return (text[at : at + size] for at in range(0, len(text), size))


def event(delta: JsonObject | None, finish: str | None = None, **members: JsonValue) -> bytes:
    """One server-sent event with a chunk that adds *delta*; without one it has no choices."""
    choices: list[JsonValue] = (
        [] if delta is None else [{"index": 0, "delta": delta, "finish_reason": finish}]
    )
    chunk: JsonObject = {
        "id": "chatcmpl-0",
        "object": "chat.completion.chunk",
        "created": 0,
        "model": "faulty",
        "choices": choices,
        **members,
    }
    return sent_event(chunk)


def sent_event(data: JsonValue) -> bytes:
    """One server-sent event with *data* as JSON."""
    return b"data: " + json.dumps(data).encode() + b"\n\n"
