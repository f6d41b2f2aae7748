"""Answers of every provider, as JSON and as objects: text, calls, reasoning, usage, the end."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest

from deterministic_llm import CallFailure, Completion, Usage
from deterministic_llm._core.exchange import ToolCall
from deterministic_llm._core.shapes.answers import answer_of, body_of

ARGUMENTS = '{"a": 1}'
CALL = ToolCall("answer", ARGUMENTS)


def objects(value: Any) -> Any:
    """*value* as an SDK would give it, members as attributes."""
    if isinstance(value, dict):
        return SimpleNamespace(**{name: objects(member) for name, member in value.items()})
    return [objects(item) for item in value] if isinstance(value, list) else value


def chat(finish: str = "stop", **message: object) -> dict[str, object]:
    return {"choices": [{"message": message, "finish_reason": finish}]}


def called(*arguments: object) -> list[object]:
    return [{"function": {"name": "answer", "arguments": one}} for one in arguments]


def responses(*output: object, **members: object) -> dict[str, object]:
    return {"output": list(output), "status": "completed", **members}


def anthropic(*content: object, **members: object) -> dict[str, object]:
    return {"content": list(content), "stop_reason": "end_turn", **members}


def gemini(*parts: object, **members: object) -> dict[str, object]:
    return {"candidates": [{"content": {"parts": list(parts)}, "finishReason": "STOP"}], **members}


SPOKEN = {"type": "message", "content": [{"type": "output_text", "text": "hi"}]}
ANSWERS: list[tuple[str, dict[str, object], Completion]] = [
    ("a text", chat(content="hi"), Completion("hi")),
    (
        "a text beside a call",
        chat(content="hi", tool_calls=called(ARGUMENTS)),
        Completion("hi", calls=(CALL,)),
    ),
    (
        "one call",
        chat("tool_calls", content=None, tool_calls=called(ARGUMENTS)),
        Completion(ARGUMENTS, calls=(CALL,)),
    ),
    (
        "the same call twice",
        chat("tool_calls", tool_calls=called(ARGUMENTS, ARGUMENTS), content=None),
        Completion(ARGUMENTS, calls=(CALL, CALL)),
    ),
    (
        "two calls are no text",
        chat("tool_calls", content=None, tool_calls=called(ARGUMENTS, "{}")),
        Completion(None, calls=(CALL, ToolCall("answer", "{}"))),
    ),
    (
        "a call of a custom tool",
        chat("tool_calls", content=None, tool_calls=[{"custom": {"name": "f", "input": "7/10"}}]),
        Completion("7/10", calls=(ToolCall("f", "7/10"),)),
    ),
    (
        "a call of the old kind",
        chat(
            "function_call", content=None, function_call={"name": "answer", "arguments": ARGUMENTS}
        ),
        Completion(ARGUMENTS, calls=(CALL,)),
    ),
    (
        "a call without arguments",
        chat(content=None, tool_calls=called(None)),
        Completion(None, calls=(ToolCall("answer", ""),)),
    ),
    (
        "reasoning_content",
        chat(content="hi", reasoning_content="hm"),
        Completion("hi", reasoning="hm"),
    ),
    ("reasoning", chat(content=None, reasoning="hm"), Completion(None, reasoning="hm")),
    (
        "thinking among the parts",
        chat(
            content=[
                {"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]},
                {"type": "text", "text": "hi"},
            ]
        ),
        Completion("hi", reasoning="hm"),
    ),
    (
        "a legacy completion",
        {"choices": [{"text": "hi", "finish_reason": "stop"}]},
        Completion("hi"),
    ),
    (
        "a refusal among the parts",
        chat(content=[{"type": "refusal", "refusal": "no"}]),
        Completion(None, "refusal", "no"),
    ),
    ("responses: a text", responses(SPOKEN), Completion("hi")),
    (
        "responses: a call",
        responses({"type": "function_call", "name": "answer", "arguments": ARGUMENTS}),
        Completion(ARGUMENTS, calls=(CALL,)),
    ),
    (
        "responses: reasoning is no text",
        responses(
            {
                "type": "reasoning",
                "content": [{"type": "reasoning_text", "text": "hm"}],
                "summary": [{"type": "summary_text", "text": "!"}],
            },
            SPOKEN,
        ),
        Completion("hi", reasoning="hm!"),
    ),
    (
        "responses: cut",
        responses(SPOKEN, status="incomplete", incomplete_details={"reason": "max_output_tokens"}),
        Completion("hi", "length"),
    ),
    (
        "anthropic: thinking, a text and tokens",
        anthropic(
            {"type": "thinking", "thinking": "hm"},
            {"type": "text", "text": "hi"},
            usage={
                "input_tokens": 5,
                "cache_read_input_tokens": 3,
                "cache_creation_input_tokens": 2,
                "output_tokens": 7,
                "output_tokens_details": {"thinking_tokens": 4},
            },
        ),
        Completion("hi", reasoning="hm", usage=Usage(10, 7, 3, 4, 2)),
    ),
    (
        "gemini: a thought, a text and tokens",
        gemini(
            {"text": "hm", "thought": True},
            {"text": "hi"},
            usageMetadata={
                "promptTokenCount": 5,
                "candidatesTokenCount": 3,
                "thoughtsTokenCount": 4,
            },
        ),
        Completion("hi", reasoning="hm", usage=Usage(5, 7, reasoning_tokens=4)),
    ),
    (
        "gemini: a prompt kept back",
        {"promptFeedback": {"blockReason": "SAFETY"}},
        Completion(None, "filter", refusal="SAFETY"),
    ),
    (
        "gemini: an answer kept back, and why",
        {"candidates": [{"finishReason": "RECITATION", "finishMessage": "it is a song"}]},
        Completion(None, "filter", refusal="it is a song"),
    ),
    (
        "gemini: no candidate, and nobody says why",
        {"usageMetadata": {"promptTokenCount": 5, "toolUsePromptTokenCount": 2}},
        Completion(None, "unfinished", usage=Usage(7)),
    ),
    (
        "anthropic: declined, and why",
        anthropic(
            stop_reason="refusal", stop_details={"type": "refusal", "explanation": "it is harmful"}
        ),
        Completion(None, "refusal", refusal="it is harmful"),
    ),
]


@pytest.mark.parametrize(
    ("answer", "expected"), [pytest.param(answer, said, id=name) for name, answer, said in ANSWERS]
)
def test_an_answer_is_read_by_shape(answer: dict[str, object], expected: Completion):
    """As JSON and as the SDK's objects alike."""
    assert answer_of(answer) == expected
    assert answer_of(objects(answer)) == expected


OBJECT_ARGUMENTS: list[tuple[str, dict[str, object]]] = [
    ("chat", chat(content=None, tool_calls=called({"a": 1}))),
    ("anthropic", anthropic({"type": "tool_use", "name": "answer", "input": {"a": 1}})),
    ("gemini", gemini({"functionCall": {"name": "answer", "args": {"a": 1}}})),
]


@pytest.mark.parametrize(
    "answer", [pytest.param(answer, id=name) for name, answer in OBJECT_ARGUMENTS]
)
def test_arguments_that_are_an_object_are_written_as_json(answer: dict[str, object]):
    """The text is what a model would have written."""
    completion = answer_of(answer)
    assert isinstance(completion, Completion)
    assert (completion.text, completion.calls) == (ARGUMENTS, (CALL,))


NO_ANSWERS: list[tuple[str, object]] = [
    ("no choices", {"choices": []}),
    ("choices that are null", {"choices": None}),
    ("choices that are a text", {"choices": "x"}),
    ("a choice that is null", {"choices": [None]}),
    ("a choice that is a text", {"choices": ["x"]}),
    ("a message that is null", {"choices": [{"message": None}]}),
    ("a message that is a text", {"choices": [{"message": "x"}]}),
]


@pytest.mark.parametrize("answer", [pytest.param(answer, id=name) for name, answer in NO_ANSWERS])
def test_an_answer_without_a_choice_is_a_failed_call(answer: object):
    """Whether it came from an SDK or as a body."""
    for failure in (
        answer_of(answer),
        answer_of(objects(answer)),
        body_of(json.dumps(answer).encode()),
    ):
        assert isinstance(failure, CallFailure)
        assert failure.kind == "malformed"


@pytest.mark.parametrize(
    "raw",
    [b"", b"null", b"[]", b"5", b'"text"', b"{", b"<html>", b'{"a": "\xe9"}', b"[" * 100_000],
)
def test_a_body_that_is_no_answer_is_a_failed_call(raw: bytes):
    """However deep, short or foreign it is."""
    failure = body_of(raw, seconds=2.0)
    assert isinstance(failure, CallFailure)
    assert (failure.kind, failure.seconds) == ("malformed", 2.0)
    assert len(failure.message) < 300


def test_a_body_may_begin_with_a_mark_and_hold_half_a_pair():
    """What only the strict parser minds is left to the reader of the text."""
    raw = b"\xef\xbb\xbf" + json.dumps(chat(content="\ud800")).encode()
    assert body_of(raw) == Completion("\ud800")


def test_an_unknown_object_is_a_mistake_of_the_caller():
    """The sentence names what was given."""
    with pytest.raises(TypeError, match=r"cannot read an answer from builtins\.int"):
        answer_of(7)
    with pytest.raises(TypeError, match="returned None: return the answer of its call"):
        answer_of(None)


@pytest.mark.parametrize("tokens", [-5, True, "7", 1.5, None])
def test_tokens_that_are_no_count_are_none(tokens: object):
    """A budget is never paid back."""
    answer = {**chat(content="hi"), "usage": {"prompt_tokens": tokens}}
    assert answer_of(answer) == Completion("hi")
