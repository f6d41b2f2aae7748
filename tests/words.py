"""One answer in the words of every provider, said with the types of its own SDK."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any

import anthropic.types as claude
from google.genai import types as gemini
from openai.types import CompletionUsage, responses
from openai.types.chat import ChatCompletion, ChatCompletionChunk
from pydantic import BaseModel

from deterministic_llm import Completion
from deterministic_llm.providers.anthropic import MessagesModel
from deterministic_llm.providers.gemini import ContentModel
from deterministic_llm.providers.openai import ChatModel, ResponsesModel
from deterministic_llm.transport.remote import Remote

KEY = "canary-0123456789"
MODEL = "some-model"


@dataclass(frozen=True)
class Words:
    """How a provider says things: an answer, its pieces, and what goes wrong.

    *model* is one that calls the server at an address. *lacks* names what it has no word for.
    """

    model: Callable[[str], Remote[Any, Any]]
    whole: Callable[[Completion], BaseModel]
    pieces: Callable[[Completion], Iterable[BaseModel]]
    event: Callable[[dict[str, Any]], str]
    error: Callable[[int, str, str], dict[str, Any]]
    kinds: Mapping[str, tuple[int, str]]
    wait: Mapping[str, str] = field(default_factory=dict[str, str])
    lacks: frozenset[str] = frozenset()

    def body(self, answer: Completion) -> bytes:
        """The body that says *answer*."""
        return json.dumps(_said(self.whole(answer))).encode()

    def events(self, answer: Completion) -> list[str]:
        """The events that say it in pieces."""
        return [self.event(_said(piece)) for piece in self.pieces(answer)]


def _said(said: BaseModel) -> dict[str, Any]:
    return said.model_dump(mode="json", by_alias=True, exclude_none=True)


def _halves(text: str | None) -> Iterator[str]:
    text = text or ""
    cut = len(text) // 2
    return filter(None, (text[:cut], text[cut:]))


def _chat_usage(answer: Completion) -> dict[str, Any]:
    usage = answer.usage
    return {
        "prompt_tokens": usage.input_tokens,
        "completion_tokens": usage.output_tokens,
        "total_tokens": usage.total_tokens,
        "prompt_tokens_details": {"cached_tokens": usage.cached_tokens},
        "completion_tokens_details": {"reasoning_tokens": usage.reasoning_tokens},
    }


def _chat_finish(answer: Completion) -> str:
    if answer.calls and answer.finish == "stop":
        return "tool_calls"
    return {"length": "length", "filter": "content_filter"}.get(answer.finish, "stop")


def _chat_whole(answer: Completion) -> BaseModel:
    calls = [
        {
            "id": f"call_{at}",
            "type": "function",
            "function": {"name": call.name, "arguments": call.arguments},
        }
        for at, call in enumerate(answer.calls)
    ]
    message = {
        "role": "assistant",
        "content": None if calls else answer.text,
        "refusal": answer.refusal if answer.finish == "refusal" else None,
        "reasoning_content": answer.reasoning,
        "tool_calls": calls or None,
    }
    choice = {"index": 0, "message": message, "finish_reason": _chat_finish(answer)}
    return ChatCompletion.model_validate(
        {
            "id": "chatcmpl-0",
            "object": "chat.completion",
            "created": 0,
            "model": MODEL,
            "choices": [choice],
            "usage": _chat_usage(answer),
        }
    )


def _chat_pieces(answer: Completion) -> Iterator[BaseModel]:
    def chunk(delta: dict[str, Any], finish: str | None = None) -> BaseModel:
        choice = {"index": 0, "delta": delta, "finish_reason": finish}
        return ChatCompletionChunk.model_validate(
            {
                "id": "chatcmpl-0",
                "object": "chat.completion.chunk",
                "created": 0,
                "model": MODEL,
                "choices": [choice],
            }
        )

    yield chunk({"role": "assistant"})
    yield from (chunk({"reasoning_content": piece}) for piece in _halves(answer.reasoning))
    for at, call in enumerate(answer.calls):
        begun = {"index": at, "id": f"call_{at}", "type": "function"}
        yield chunk({"tool_calls": [{**begun, "function": {"name": call.name, "arguments": ""}}]})
        for piece in _halves(call.arguments):
            yield chunk({"tool_calls": [{"index": at, "function": {"arguments": piece}}]})
    if not answer.calls:
        yield from (chunk({"content": piece}) for piece in _halves(answer.text))
    if answer.finish == "refusal":
        yield from (chunk({"refusal": piece}) for piece in _halves(answer.refusal))
    last = chunk({}, _chat_finish(answer))
    yield last
    usage = CompletionUsage.model_validate(_chat_usage(answer))
    yield last.model_copy(update={"choices": [], "usage": usage})


def _response(answer: Completion, output: list[dict[str, Any]], status: str) -> dict[str, Any]:
    usage = answer.usage
    reasons = {"length": "max_output_tokens", "filter": "content_filter"}
    reason = reasons.get(answer.finish)
    counts = {
        "input_tokens": usage.input_tokens,
        "output_tokens": usage.output_tokens,
        "total_tokens": usage.total_tokens,
        "input_tokens_details": {"cached_tokens": usage.cached_tokens, "cache_write_tokens": 0},
        "output_tokens_details": {"reasoning_tokens": usage.reasoning_tokens},
    }
    return {
        "id": "resp_0",
        "object": "response",
        "created_at": 0,
        "model": MODEL,
        "status": status if reason is None else "incomplete",
        "incomplete_details": reason and {"reason": reason},
        "output": output,
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
        "usage": counts,
    }


def _response_items(answer: Completion) -> Iterator[dict[str, Any]]:
    if answer.reasoning:
        summary = [{"type": "summary_text", "text": answer.reasoning}]
        yield {"type": "reasoning", "id": "rs_0", "summary": summary}
    said = {"type": "message", "id": "msg_0", "role": "assistant", "status": "completed"}
    if answer.finish == "refusal":
        yield {**said, "content": [{"type": "refusal", "refusal": answer.refusal}]}
    elif answer.text and not answer.calls:
        part = {"type": "output_text", "text": answer.text, "annotations": []}
        yield {**said, "content": [part]}
    for at, call in enumerate(answer.calls):
        called = {"name": call.name, "arguments": call.arguments, "call_id": f"call_{at}"}
        yield {"type": "function_call", "id": f"fc_{at}", **called}


def _response_whole(answer: Completion) -> BaseModel:
    return responses.Response.model_validate(
        _response(answer, [*_response_items(answer)], "completed")
    )


def _response_pieces(answer: Completion) -> Iterator[BaseModel]:
    numbers = count()
    yield responses.ResponseCreatedEvent.model_validate(
        {
            "type": "response.created",
            "sequence_number": next(numbers),
            "response": _response(replace(answer, finish="stop"), [], "in_progress"),
        }
    )
    for at, item in enumerate(_response_items(answer)):
        begun = {**item, "content": [], "summary": [], "arguments": ""}
        place = {"output_index": at, "item_id": item["id"]}
        yield responses.ResponseOutputItemAddedEvent.model_validate(
            {
                "type": "response.output_item.added",
                "sequence_number": next(numbers),
                "output_index": at,
                "item": {name: begun[name] for name in item},
            }
        )
        kind, event, text = _response_text(item)
        for piece in _halves(text):
            yield event.model_validate(
                {
                    "type": f"response.{kind}.delta",
                    "sequence_number": next(numbers),
                    "content_index": 0,
                    "summary_index": 0,
                    "logprobs": [],
                    **place,
                    "delta": piece,
                }
            )
    whole = _response_whole(answer)
    ended = {"sequence_number": next(numbers), "response": whole}
    if answer.finish in ("length", "filter"):
        yield responses.ResponseIncompleteEvent.model_validate(
            {"type": "response.incomplete", **ended}
        )
    else:
        yield responses.ResponseCompletedEvent.model_validate(
            {"type": "response.completed", **ended}
        )


def _response_text(item: dict[str, Any]) -> tuple[str, type[BaseModel], str]:
    if item["type"] == "function_call":
        event = responses.ResponseFunctionCallArgumentsDeltaEvent
        return "function_call_arguments", event, item["arguments"]
    if item["type"] == "reasoning":
        thought = item["summary"][0]["text"]
        return "reasoning_summary_text", responses.ResponseReasoningSummaryTextDeltaEvent, thought
    part = item["content"][0]
    if part["type"] == "refusal":
        return "refusal", responses.ResponseRefusalDeltaEvent, part["refusal"]
    return "output_text", responses.ResponseTextDeltaEvent, part["text"]


def _claude_usage(answer: Completion) -> dict[str, Any]:
    usage = answer.usage
    return {
        "input_tokens": usage.input_tokens - usage.cached_tokens - usage.written_tokens,
        "cache_read_input_tokens": usage.cached_tokens,
        "cache_creation_input_tokens": usage.written_tokens,
        "output_tokens": usage.output_tokens,
        "output_tokens_details": {"thinking_tokens": usage.reasoning_tokens},
    }


def _claude_end(answer: Completion) -> dict[str, Any]:
    reasons = {"length": "max_tokens", "refusal": "refusal"}
    reason = reasons.get(answer.finish, "tool_use" if answer.calls else "end_turn")
    details = {"type": "refusal", "category": None, "explanation": answer.refusal}
    return {"stop_reason": reason, "stop_details": details if answer.refusal else None}


def _claude_message(answer: Completion, content: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "id": "msg_0",
        "type": "message",
        "role": "assistant",
        "model": MODEL,
        "content": content,
        "usage": _claude_usage(answer),
    }


def _claude_whole(answer: Completion) -> BaseModel:
    content: list[dict[str, Any]] = []
    if answer.reasoning:
        content.append({"type": "thinking", "thinking": answer.reasoning, "signature": "s"})
    if answer.text and not answer.calls:
        content.append({"type": "text", "text": answer.text})
    content += [
        {
            "type": "tool_use",
            "id": f"toolu_{at}",
            "name": call.name,
            "input": json.loads(call.arguments),
            "caller": {"type": "direct"},
        }
        for at, call in enumerate(answer.calls)
    ]
    whole = {**_claude_message(answer, content), **_claude_end(answer)}
    return claude.Message.model_validate(whole)


_DELTAS = {
    "thinking": "thinking_delta",
    "text": "text_delta",
    "partial_json": "input_json_delta",
}


def _claude_pieces(answer: Completion) -> Iterator[BaseModel]:
    blocks: list[tuple[dict[str, Any], str, str | None]] = []
    if answer.reasoning:
        thinking = {"type": "thinking", "thinking": "", "signature": ""}
        blocks.append((thinking, "thinking", answer.reasoning))
    if answer.text and not answer.calls:
        blocks.append(({"type": "text", "text": ""}, "text", answer.text))
    for at, call in enumerate(answer.calls):
        used = {"type": "tool_use", "id": f"toolu_{at}", "name": call.name, "input": {}}
        called = {**used, "caller": {"type": "direct"}}
        blocks.append((called, "partial_json", call.arguments))
    yield claude.RawMessageStartEvent.model_validate(
        {"type": "message_start", "message": _claude_message(answer, [])}
    )
    for at, (block, member, text) in enumerate(blocks):
        yield claude.RawContentBlockStartEvent.model_validate(
            {"type": "content_block_start", "index": at, "content_block": block}
        )
        for piece in _halves(text):
            delta = {"type": _DELTAS[member], member: piece}
            yield claude.RawContentBlockDeltaEvent.model_validate(
                {"type": "content_block_delta", "index": at, "delta": delta}
            )
        yield claude.RawContentBlockStopEvent.model_validate(
            {"type": "content_block_stop", "index": at}
        )
    yield claude.RawMessageDeltaEvent.model_validate(
        {"type": "message_delta", "delta": _claude_end(answer), "usage": _claude_usage(answer)}
    )
    yield claude.RawMessageStopEvent.model_validate({"type": "message_stop"})


def _gemini_answer(
    answer: Completion, parts: list[dict[str, Any]], *, last: bool = True
) -> BaseModel:
    usage = answer.usage
    reasons = {"length": "MAX_TOKENS", "filter": "SAFETY"}
    candidate = {
        "index": 0,
        "content": {"role": "model", "parts": parts},
        "finish_reason": reasons.get(answer.finish, "STOP") if last else None,
        "finish_message": answer.refusal if last else None,
    }
    counts = {
        "prompt_token_count": usage.input_tokens,
        "cached_content_token_count": usage.cached_tokens,
        "candidates_token_count": usage.output_tokens - usage.reasoning_tokens,
        "thoughts_token_count": usage.reasoning_tokens,
        "total_token_count": usage.total_tokens,
    }
    return gemini.GenerateContentResponse.model_validate(
        {"candidates": [candidate], "usage_metadata": counts, "model_version": MODEL}
    )


def _gemini_parts(answer: Completion) -> Iterator[dict[str, Any]]:
    yield from ({"text": piece, "thought": True} for piece in _halves(answer.reasoning))
    if not answer.calls:
        yield from ({"text": piece} for piece in _halves(answer.text))
    for call in answer.calls:
        yield {"function_call": {"name": call.name, "args": json.loads(call.arguments)}}


def _gemini_pieces(answer: Completion) -> Iterator[BaseModel]:
    for part in _gemini_parts(answer):
        yield _gemini_answer(answer, [part], last=False)
    yield _gemini_answer(answer, [])


def _chat_error(status: int, kind: str, message: str) -> dict[str, Any]:
    del status
    return {"error": {"message": message, "type": kind, "param": None, "code": kind}}


def _claude_error(status: int, kind: str, message: str) -> dict[str, Any]:
    del status
    error = {"type": kind, "message": message}
    return {"type": "error", "error": error, "request_id": "req_011CSHoEeqs5C35K2UUqR7Fy"}


def _gemini_error(status: int, kind: str, message: str) -> dict[str, Any]:
    details = [{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "12s"}]
    told = {"code": status, "message": message, "status": kind}
    return {"error": {**told, "details": details} if status == 429 else told}


WORDS: dict[str, Words] = {
    "openai": Words(
        lambda address: ChatModel(MODEL, base_url=f"{address}/v1", api_key=KEY),
        _chat_whole,
        _chat_pieces,
        lambda event: f"data: {json.dumps(event)}\n\n",
        _chat_error,
        {
            "rate_limited": (429, "rate_limit_exceeded"),
            "overloaded": (503, "server_error"),
            "server_error": (500, "server_error"),
            "unauthorized": (401, "invalid_api_key"),
            "bad_request": (400, "invalid_request_error"),
        },
        {"retry-after": "12"},
    ),
    "openai-responses": Words(
        lambda address: ResponsesModel(MODEL, base_url=f"{address}/v1", api_key=KEY),
        _response_whole,
        _response_pieces,
        lambda event: f"event: {event['type']}\ndata: {json.dumps(event)}\n\n",
        _chat_error,
        {
            "rate_limited": (429, "rate_limit_exceeded"),
            "overloaded": (503, "server_error"),
            "server_error": (500, "server_error"),
            "unauthorized": (401, "invalid_api_key"),
            "bad_request": (400, "invalid_request_error"),
        },
        {"retry-after": "12"},
    ),
    "anthropic": Words(
        lambda address: MessagesModel(MODEL, base_url=address, api_key=KEY),
        _claude_whole,
        _claude_pieces,
        lambda event: f"event: {event['type']}\ndata: {json.dumps(event)}\n\n",
        _claude_error,
        {
            "rate_limited": (429, "rate_limit_error"),
            "overloaded": (529, "overloaded_error"),
            "server_error": (500, "api_error"),
            "unauthorized": (401, "authentication_error"),
            "bad_request": (400, "invalid_request_error"),
        },
        {"retry-after": "12"},
        frozenset({"filter"}),
    ),
    "gemini": Words(
        lambda address: ContentModel(MODEL, base_url=address, api_key=KEY),
        lambda answer: _gemini_answer(answer, [*_gemini_parts(answer)]),
        _gemini_pieces,
        lambda event: f"data: {json.dumps(event)}\r\n\r\n",
        _gemini_error,
        {
            "rate_limited": (429, "RESOURCE_EXHAUSTED"),
            "overloaded": (503, "UNAVAILABLE"),
            "server_error": (500, "INTERNAL"),
            "unauthorized": (403, "PERMISSION_DENIED"),
            "bad_request": (400, "INVALID_ARGUMENT"),
        },
        lacks=frozenset({"refusal", "written"}),
    ),
}
"""By the prefix of a model's name."""
