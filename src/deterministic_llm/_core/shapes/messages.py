"""A message that stands alone, as LangChain, Ollama and Bedrock give it, as a chat completion."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeAlias

from deterministic_llm._core.shapes.members import count, get, has, items, joined, text

Told: TypeAlias = "dict[str, object]"
"""Members of a chat completion, as its JSON names them."""


def is_langchain(answer: object) -> bool:
    """Whether *answer* is a message of LangChain, or a chunk of one."""
    return has(answer, "response_metadata") and has(answer, "content")


def is_message(answer: object) -> bool:
    """Whether *answer* is a message, or holds one, without the completion around it."""
    return any(_is_said(find(answer)) for find in _PLACES)


def as_chat(answer: object) -> Told:
    """The chat completion in which the message *answer* would have come.

    A message taken out of its completion does not say why it ended.
    """
    if is_langchain(answer):
        return _langchain(answer)
    message = next(filter(_is_said, (find(answer) for find in _PLACES)))
    choice = {
        "message": _message(message),
        "finish_reason": _either(answer, "finish_reason", "done_reason", "stopReason"),
        "logprobs": get(answer, "logprobs"),
    }
    usage = get(answer, "usage")
    counted = {
        "prompt_tokens": count(answer, "prompt_eval_count") or count(usage, "inputTokens"),
        "completion_tokens": count(answer, "eval_count") or count(usage, "outputTokens"),
        "prompt_tokens_details": {"cached_tokens": count(usage, "cacheReadInputTokens")},
    }
    return {"choices": [choice], "model": get(answer, "model"), "usage": counted}


def calls_in(message: object) -> Iterable[tuple[object, object, object]]:
    """The calls in a *message* of LangChain: the index of each, its name and its arguments.

    Those of a chunk are parts of texts, where the others were read already, as far as that went.
    """
    calls = items(get(message, "tool_call_chunks")) or (
        *items(get(message, "tool_calls")),
        *items(get(message, "invalid_tool_calls")),
    )
    return ((get(call, "index"), get(call, "name"), get(call, "args")) for call in calls)


def spoken(parts: Iterable[object]) -> Iterable[object]:
    """The content *parts* that are said aloud."""
    return (part for part in parts if get(part, "type") not in _SILENT)


def thoughts(parts: Iterable[object]) -> str | None:
    """What was thought in content *parts*: a str, or text parts of its own."""
    silent = [part for part in parts if get(part, "type") in _SILENT]
    thought = (
        text(get(part, "thinking"))
        or joined(items(get(part, "thinking")))
        or text(get(part, "reasoning"))
        or text(get(part, "text"))
        for part in silent
    )
    return "".join(filter(None, thought)) or None


_SILENT = frozenset({"thinking", "redacted_thinking", "reasoning"})
_PLACES: tuple[Callable[[object], object], ...] = (
    lambda answer: answer,
    lambda answer: get(answer, "message"),  # a choice of OpenAI's, an answer of Ollama's
    lambda answer: get(get(answer, "output"), "message"),  # an answer of Bedrock's Converse
)


def _is_said(message: object) -> bool:
    return get(message, "role") == "assistant" and has(message, "content")


def _message(message: object) -> Told:
    parts = items(get(message, "content"))
    used = [get(part, "toolUse") for part in parts]
    blocks = [
        {"function": {"name": get(tool, "name"), "arguments": get(tool, "input")}}
        for tool in used
        if tool is not None
    ]
    return {
        "content": get(message, "content"),
        "refusal": get(message, "refusal"),
        "function_call": get(message, "function_call"),
        "tool_calls": [*items(get(message, "tool_calls")), *blocks],
        "reasoning_content": _either(message, "reasoning_content", "reasoning", "thinking"),
    }


def _langchain(message: object) -> Told:
    """Its figures stand beside it, under the provider's names or LangChain's own."""
    told, extra = get(message, "response_metadata"), get(message, "additional_kwargs")
    incomplete = get(get(told, "incomplete_details"), "reason")
    finish = _either(told, "finish_reason", "stop_reason", "done_reason", "stopReason")
    content = get(message, "content")
    parts = [{"text": part} if isinstance(part, str) else part for part in items(content)]
    said = {
        "content": parts or content,
        "refusal": get(extra, "refusal"),
        "reasoning_content": get(extra, "reasoning_content"),
        "tool_calls": [
            {"function": {"name": name, "arguments": arguments}}
            for _, name, arguments in calls_in(message)
        ],
    }
    choice = {
        "message": said,
        "finish_reason": finish or incomplete or get(told, "status"),
        "logprobs": get(told, "logprobs"),
    }
    return {
        "choices": [choice],
        "model": _either(told, "model_name", "model"),
        "system_fingerprint": get(told, "system_fingerprint"),
        "usage": _counted(get(message, "usage_metadata")),
    }


def _counted(usage: object) -> Told:
    read, thought = get(usage, "input_token_details"), get(usage, "output_token_details")
    return {
        "prompt_tokens": count(usage, "input_tokens"),
        "completion_tokens": count(usage, "output_tokens"),
        "prompt_tokens_details": {"cached_tokens": count(read, "cache_read")},
        "completion_tokens_details": {"reasoning_tokens": count(thought, "reasoning")},
    }


def _either(holder: object, *names: str) -> object:
    """The first of the members *names* that says something."""
    return next(filter(None, (get(holder, name) for name in names)), None)
