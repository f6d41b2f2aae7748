"""Messages without a completion around them: whole and in pieces, and what is no message."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from deterministic_llm import Completion, Usage
from deterministic_llm._core.exchange import ToolCall
from deterministic_llm._core.shapes.answers import answer_of
from deterministic_llm._core.shapes.streams import Streamed

ARGUMENTS = '{"a": 1}'
CALL = ToolCall("answer", ARGUMENTS)


def langchain(content: object = "", **members: object) -> dict[str, object]:
    return {"content": content, "response_metadata": {}, "additional_kwargs": {}, **members}


def ended(**members: object) -> dict[str, object]:
    return {"response_metadata": members}


def ollama(content: str, *, done: bool = True, **members: object) -> dict[str, object]:
    message = {"role": "assistant", "content": content}
    return {"model": "m", "message": message, "done": done, **members}


def bedrock(*content: object, stop: str = "end_turn") -> dict[str, object]:
    message = {"role": "assistant", "content": list(content)}
    usage = {"inputTokens": 5, "outputTokens": 2, "cacheReadInputTokens": 3}
    return {"output": {"message": message}, "stopReason": stop, "usage": usage}


MESSAGES: list[tuple[str, dict[str, Any], Completion]] = [
    ("langchain: a text", langchain("hi"), Completion("hi", "unfinished")),
    (
        "langchain: of OpenAI, with its figures, which are none of Gemini's",
        langchain(
            "hi",
            response_metadata={
                "finish_reason": "stop",
                "model_name": "m",
                "system_fingerprint": "fp",
            },
            usage_metadata={
                "input_tokens": 5,
                "output_tokens": 2,
                "input_token_details": {"cache_read": 3},
                "output_token_details": {"reasoning": 1},
            },
        ),
        Completion("hi", model="m", fingerprint="fp", usage=Usage(5, 2, 3, 1)),
    ),
    (
        "langchain: of OpenAI, cut",
        langchain("h", **ended(finish_reason="length")),
        Completion("h", "length"),
    ),
    (
        "langchain: of Anthropic, in blocks",
        langchain(
            [{"type": "thinking", "thinking": "hm"}, "h", {"type": "text", "text": "i"}],
            **ended(stop_reason="end_turn", model="c"),
        ),
        Completion("hi", model="c", reasoning="hm"),
    ),
    (
        "langchain: of Responses, cut",
        langchain(
            "h",
            **ended(status="incomplete", incomplete_details={"reason": "max_output_tokens"}),
        ),
        Completion("h", "length"),
    ),
    (
        "langchain: of Ollama",
        langchain("hi", **ended(done_reason="stop"), additional_kwargs={"reasoning_content": "hm"}),
        Completion("hi", reasoning="hm"),
    ),
    (
        "langchain: a refusal",
        langchain("", additional_kwargs={"refusal": "no"}, **ended(finish_reason="stop")),
        Completion(None, "refusal", refusal="no"),
    ),
    (
        "langchain: a call",
        langchain(tool_calls=[{"name": "answer", "args": {"a": 1}}], **ended(finish_reason="stop")),
        Completion(ARGUMENTS, calls=(CALL,)),
    ),
    (
        "langchain: a call that it could not read",
        langchain(tool_calls=[], invalid_tool_calls=[{"name": "answer", "args": '{"a": 1,}'}]),
        Completion('{"a": 1,}', "unfinished", calls=(ToolCall("answer", '{"a": 1,}'),)),
    ),
    (
        "langchain: two calls are no text",
        langchain(tool_calls=[{"name": "f", "args": {"a": 1}}, {"name": "f", "args": {"a": 2}}]),
        Completion(
            None, "unfinished", calls=(ToolCall("f", '{"a": 1}'), ToolCall("f", '{"a": 2}'))
        ),
    ),
    (
        "a message taken out of its completion",
        {"role": "assistant", "content": "hi", "refusal": None},
        Completion("hi", "unfinished"),
    ),
    (
        "a message that calls a tool",
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [{"function": {"name": "answer", "arguments": ARGUMENTS}}],
        },
        Completion(ARGUMENTS, "unfinished", calls=(CALL,)),
    ),
    (
        "a choice taken out of its completion",
        {"message": {"role": "assistant", "content": "h"}, "finish_reason": "length"},
        Completion("h", "length"),
    ),
    (
        "ollama: a text and tokens",
        ollama("hi", done_reason="stop", prompt_eval_count=5, eval_count=2),
        Completion("hi", model="m", usage=Usage(5, 2)),
    ),
    (
        "bedrock: a text and tokens",
        bedrock({"text": "hi"}),
        Completion("hi", usage=Usage(5, 2, 3)),
    ),
    (
        "bedrock: a call",
        bedrock({"toolUse": {"name": "answer", "input": {"a": 1}}}, stop="tool_use"),
        Completion(ARGUMENTS, usage=Usage(5, 2, 3), calls=(CALL,)),
    ),
    (
        "bedrock: cut",
        bedrock({"text": "h"}, stop="max_tokens"),
        Completion("h", "length", usage=Usage(5, 2, 3)),
    ),
]


def objects(value: Any) -> Any:
    """*value* as an SDK would give it; the arguments of calls stay what they are."""
    if isinstance(value, dict):
        kept = {"args", "input"}
        told = {name: each if name in kept else objects(each) for name, each in value.items()}
        return SimpleNamespace(**told)
    return [objects(item) for item in value] if isinstance(value, list) else value


@pytest.mark.parametrize(
    ("message", "expected"), [pytest.param(said, read, id=name) for name, said, read in MESSAGES]
)
def test_a_message_is_read_by_shape(message: dict[str, Any], expected: Completion):
    """As JSON and as an object alike."""
    assert answer_of(message) == expected
    assert answer_of(objects(message)) == expected


NO_MESSAGES: list[tuple[str, dict[str, object]]] = [
    ("of the user", {"role": "user", "content": "hi"}),
    ("an output that has such members", {"message": {"content": "hi"}}),
    ("a message that is a text", {"message": "hi", "role": "assistant"}),
    ("content alone", {"content": "hi"}),
    ("a chain's own output", {"raw": langchain("hi"), "parsed": None}),
]


@pytest.mark.parametrize("answer", [pytest.param(said, id=name) for name, said in NO_MESSAGES])
def test_what_no_model_said_is_no_message(answer: dict[str, object]):
    """It is a mistake of the caller, and never an empty answer."""
    with pytest.raises(TypeError, match="cannot read an answer from"):
        answer_of(answer)


def chunk(content: object = "", *calls: object, **members: object) -> dict[str, object]:
    return langchain(content, type="AIMessageChunk", tool_call_chunks=[*calls], **members)


def said(text: str | None, finish: Any = "stop", **members: Any) -> Completion:
    return Completion(text, finish, **members)


IN_PIECES: list[tuple[str, list[dict[str, Any]], Completion]] = [
    (
        "langchain: of OpenAI, tokens behind the end",
        [
            chunk("h", **ended(model_name="m", system_fingerprint="fp")),
            chunk("i"),
            chunk(**ended(finish_reason="stop")),
            chunk(usage_metadata={"input_tokens": 5, "output_tokens": 2}),
        ],
        said("hi", model="m", fingerprint="fp", usage=Usage(5, 2)),
    ),
    (
        "langchain: of Anthropic, tokens with each",
        [
            chunk([], usage_metadata={"input_tokens": 5, "output_tokens": 0}),
            chunk([{"type": "thinking", "thinking": "hm", "index": 0}]),
            chunk([{"type": "text", "text": "h", "index": 1}]),
            chunk([{"type": "text", "text": "i", "index": 1}]),
            chunk(
                [],
                **ended(stop_reason="end_turn"),
                usage_metadata={"input_tokens": 0, "output_tokens": 7},
            ),
        ],
        said("hi", reasoning="hm", usage=Usage(5, 7)),
    ),
    (
        "langchain: a call in pieces, of which it reads each as far as it goes",
        [
            chunk("", {"index": 0, "name": "answer", "args": ""}, tool_calls=[]),
            chunk(
                "",
                {"index": 0, "name": None, "args": '{"a"'},
                tool_calls=[{"name": "", "args": {}}],
            ),
            chunk("", {"index": 0, "name": None, "args": ": 1}"}),
            chunk(**ended(finish_reason="tool_calls")),
        ],
        said(ARGUMENTS, calls=(CALL,)),
    ),
    (
        "langchain: two whole calls without an index are no text",
        [
            chunk("", {"index": None, "name": "f", "args": "1"}),
            chunk("", {"index": None, "name": "f", "args": "2"}, **ended(finish_reason="stop")),
        ],
        said(None, calls=(ToolCall("f", "1"), ToolCall("f", "2"))),
    ),
    ("langchain: nobody says why it ends", [chunk("h"), chunk("i")], said("hi", "unfinished")),
    (
        "langchain: cut",
        [chunk("h"), chunk(**ended(finish_reason="length"))],
        said("h", "length"),
    ),
    (
        "langchain: a refusal",
        [chunk(additional_kwargs={"refusal": "no"}), chunk(**ended(finish_reason="stop"))],
        said(None, "refusal", refusal="no"),
    ),
    (
        "ollama: tokens at the end",
        [
            ollama("h", done=False),
            ollama("i", done=False),
            ollama("", done_reason="stop", prompt_eval_count=5, eval_count=2),
        ],
        said("hi", model="m", usage=Usage(5, 2)),
    ),
    (
        "ollama: a whole call",
        [
            {
                "message": {
                    "role": "assistant",
                    "content": "",
                    "tool_calls": [{"function": {"name": "answer", "arguments": ARGUMENTS}}],
                },
            },
            ollama("", done_reason="stop"),
        ],
        said(ARGUMENTS, model="m", calls=(CALL,)),
    ),
    (
        "openai's own helper: what its chunks say, and not what it says of them again",
        [
            {"type": "chunk", "chunk": {"choices": [{"delta": {"content": "hi"}}]}, "snapshot": {}},
            {"type": "content.delta", "delta": "hi", "snapshot": "hi", "parsed": None},
            {
                "type": "chunk",
                "chunk": {"choices": [{"delta": {}, "finish_reason": "stop"}]},
                "snapshot": {},
            },
            {"type": "content.done", "content": "hi", "parsed": None},
        ],
        said("hi"),
    ),
]


@pytest.mark.parametrize(
    ("chunks", "expected"), [pytest.param(parts, read, id=name) for name, parts, read in IN_PIECES]
)
def test_pieces_of_a_message_are_put_together(chunks: list[Any], expected: Completion):
    """As JSON and as objects alike."""
    for given in (chunks, objects(chunks)):
        streamed = Streamed()
        for each in given:
            streamed.add(each)
        assert streamed.answer() == expected
