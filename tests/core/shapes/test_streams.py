"""Streams of every provider, chunk by chunk, come to the answer that would have come at once."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from deterministic_llm import CallFailure, Completion, Usage
from deterministic_llm._core.exchange import FailureKind, ToolCall
from deterministic_llm._core.shapes.streams import Streamed


def objects(value: Any) -> Any:
    """*value* as an SDK would give it, members as attributes."""
    if isinstance(value, dict):
        told = {
            name: member if name == "args" else objects(member) for name, member in value.items()
        }
        return SimpleNamespace(**told)
    return [objects(item) for item in value] if isinstance(value, list) else value


def delta(finish: str | None = None, **members: object) -> dict[str, object]:
    return {"choices": [{"delta": members, "finish_reason": finish}], "model": "m"}


def calling(index: int, **function: str) -> dict[str, object]:
    return delta(tool_calls=[{"index": index, "function": function}])


def answer_of(chunks: list[Any]) -> Completion | CallFailure:
    streamed = Streamed()
    for chunk in chunks:
        streamed.add(chunk)
    return streamed.answer(seconds=1.0)


def said(text: str | None, finish: Any = "stop", **members: Any) -> Completion:
    return Completion(text, finish, seconds=1.0, **members)


HI = [delta(content="h"), delta(content="i")]
CHAT_USAGE = {"prompt_tokens": 5, "completion_tokens": 2}
ANTHROPIC = [
    {
        "type": "message_start",
        "message": {
            "type": "message",
            "role": "assistant",
            "content": [],
            "model": "c",
            "usage": {"input_tokens": 5, "output_tokens": 1},
        },
    },
    {"type": "content_block_start", "index": 0, "content_block": {"type": "thinking"}},
    {
        "type": "content_block_delta",
        "index": 0,
        "delta": {"type": "thinking_delta", "thinking": "hm"},
    },
    {"type": "content_block_delta", "index": 1, "delta": {"type": "text_delta", "text": "h"}},
    {"type": "ping"},
    {"type": "content_block_delta", "index": 1, "delta": {"type": "text_delta", "text": "i"}},
    {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 7}},
    {"type": "message_stop"},
]
RESPONSE = {
    "output": [{"type": "message", "content": [{"type": "output_text", "text": "hi"}]}],
    "status": "completed",
}
STREAMS: list[tuple[str, list[Any], Completion]] = [
    ("chat: a text", [*HI, delta("stop")], said("hi", model="m")),
    ("chat: cut", HI, said("hi", "unfinished", model="m")),
    ("chat: at the limit", [*HI, delta("length")], said("hi", "length", model="m")),
    ("chat: two reasons for the end", [*HI, delta("stop"), delta("stop")], said("hi", model="m")),
    (
        "chat: tokens behind the end",
        [*HI, delta("stop"), {"choices": [], "usage": CHAT_USAGE}],
        said("hi", model="m", usage=Usage(5, 2)),
    ),
    (
        "chat: thinking",
        [delta(reasoning_content="hm"), *HI, delta("stop")],
        said("hi", model="m", reasoning="hm"),
    ),
    (
        "chat: a refusal",
        [delta(refusal="n"), delta(refusal="o"), delta("stop")],
        said(None, "refusal", refusal="no", model="m"),
    ),
    (
        "chat: a call in pieces",
        [
            calling(0, name="answer", arguments=""),
            calling(0, arguments='{"a"'),
            calling(0, arguments=": 1}"),
            delta("tool_calls"),
        ],
        said('{"a": 1}', model="m", calls=(ToolCall("answer", '{"a": 1}'),)),
    ),
    (
        "chat: two calls are no text",
        [
            calling(0, name="f", arguments="1"),
            calling(1, name="f", arguments="2"),
            delta("tool_calls"),
        ],
        said(None, model="m", calls=(ToolCall("f", "1"), ToolCall("f", "2"))),
    ),
    (
        "anthropic: a thought and a text",
        ANTHROPIC,
        said("hi", model="c", reasoning="hm", usage=Usage(5, 7)),
    ),
    (
        "anthropic: a tool",
        [
            {
                "type": "content_block_start",
                "index": 0,
                "content_block": {"type": "tool_use", "name": "answer"},
            },
            {"type": "content_block_delta", "index": 0, "delta": {"partial_json": '{"a"'}},
            {"type": "content_block_delta", "index": 0, "delta": {"partial_json": ": 1}"}},
            {"type": "message_delta", "delta": {"stop_reason": "tool_use"}},
        ],
        said('{"a": 1}', calls=(ToolCall("answer", '{"a": 1}'),)),
    ),
    (
        "responses: reasoning is no text, and the last event has it all",
        [
            {"type": "response.reasoning_text.delta", "delta": "hm"},
            {"type": "response.output_text.delta", "delta": "h"},
            {"type": "response.completed", "response": RESPONSE},
        ],
        said("hi"),
    ),
    (
        "responses: cut",
        [{"type": "response.output_text.delta", "delta": "h"}],
        said("h", "unfinished"),
    ),
    (
        "gemini: a thought, a text and a call",
        [
            {"candidates": [{"content": {"parts": [{"text": "hm", "thought": True}]}}]},
            {"candidates": [{"content": {"parts": [{"text": "h"}]}}]},
            {"candidates": [{"content": {"parts": [{"functionCall": {"name": "f", "args": {}}}]}}]},
            {
                "candidates": [{"content": {"parts": [{"text": "i"}]}, "finishReason": "STOP"}],
                "usageMetadata": {"promptTokenCount": 5, "candidatesTokenCount": 2},
            },
        ],
        said("hi", reasoning="hm", calls=(ToolCall("f", "{}"),), usage=Usage(5, 2)),
    ),
]


@pytest.mark.parametrize(
    ("chunks", "expected"), [pytest.param(chunks, end, id=name) for name, chunks, end in STREAMS]
)
def test_chunks_are_put_together(chunks: list[Any], expected: Completion):
    """As JSON and as the SDK's objects alike."""
    assert answer_of(chunks) == expected
    assert answer_of(objects(chunks)) == expected


def test_texts_are_joined_and_nobody_says_why_they_end():
    """Also when there are none."""
    assert answer_of(["h", "i"]) == said("hi", "unfinished")
    assert answer_of([]) == said(None, "unfinished")


OVERLOADED = {"type": "overloaded_error", "message": "Overloaded"}
ERRORS: list[tuple[str, Any, FailureKind]] = [
    ("among the data", {"error": OVERLOADED}, "overloaded"),
    ("as an event", {"type": "error", "error": OVERLOADED}, "overloaded"),
    ("as a text", {"error": "oops"}, "malformed"),
    (
        "as a response that failed",
        {"type": "response.failed", "response": {"error": {"code": "server_error"}}},
        "server_error",
    ),
]


@pytest.mark.parametrize(
    ("chunk", "kind"), [pytest.param(chunk, kind, id=name) for name, chunk, kind in ERRORS]
)
def test_an_error_in_the_stream_makes_it_a_failed_call(chunk: Any, kind: FailureKind):
    """Whatever was said before and comes behind."""
    failure = answer_of([*HI, chunk, delta("stop")])
    assert isinstance(failure, CallFailure)
    assert (failure.kind, failure.seconds) == (kind, 1.0)


def test_an_unknown_chunk_is_a_mistake_of_the_caller():
    """The sentence names what was given."""
    with pytest.raises(TypeError, match=r"cannot read an answer from builtins\.int"):
        answer_of([7])
