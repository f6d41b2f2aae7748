"""A provider's answer as a completion, whichever SDK or server it came from."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import TypeAlias

from deterministic_llm._core.exchange import Completion, Finish, Usage
from deterministic_llm._core.shapes.members import count, get, items, joined, text

_FINISHES: Mapping[str, Finish] = {
    "stop": "stop",
    "tool_calls": "stop",
    "function_call": "stop",
    "end_turn": "stop",
    "stop_sequence": "stop",
    "tool_use": "stop",
    "completed": "stop",
    "STOP": "stop",
    "length": "length",
    "max_tokens": "length",
    "max_output_tokens": "length",
    "MAX_TOKENS": "length",
    "refusal": "refusal",
    "content_filter": "filter",
    "SAFETY": "filter",
    "PROHIBITED_CONTENT": "filter",
    "BLOCKLIST": "filter",
    "RECITATION": "filter",
}
"""The providers' own words for why a model ended; any other word means that nobody said."""


def completion_of(answer: object, *, seconds: float = 0.0) -> Completion:
    """The completion in *answer*: a str, or any supported provider's response or its JSON.

    Raises TypeError, naming what it got, when the shape is none of these.
    """
    if isinstance(answer, str):
        return Completion(answer, "unfinished", seconds=seconds)
    for recognised, read in _SHAPES:
        if recognised(answer):
            return read(answer, seconds)
    kind = type(answer)
    message = (
        f"cannot read an answer from {kind.__module__}.{kind.__qualname__}: return a str, a chat "
        "completion, a Responses, Anthropic or Gemini response, or a dict of such a shape"
    )
    raise TypeError(message)


def delta_of(chunk: object) -> str:
    """The text that one streamed *chunk* adds: a str, or a chunk of a supported provider.

    Raises TypeError, naming what it got, when the shape is none of these.
    """
    if isinstance(chunk, str):
        return chunk
    for part in (*items(get(chunk, "choices")), chunk):
        delta = get(part, "delta")
        if isinstance(delta, str):
            return delta
        if delta is not None:
            return text(get(delta, "content")) or text(get(delta, "text")) or ""
    if get(chunk, "choices") is not None or isinstance(get(chunk, "type"), str):
        return ""  # usage, pings, starts and ends of blocks
    return completion_of(chunk).text or ""


def _finish(word: object) -> Finish:
    return _FINISHES.get(str(getattr(word, "name", word)), "unfinished")


def _chat(answer: object, seconds: float) -> Completion:
    """OpenAI chat completions, and every server that copies them."""
    choices = items(get(answer, "choices"))
    choice = choices[0] if choices else None
    message = get(choice, "message")
    content = get(message, "content")
    said = text(content) or joined(items(content))
    refusal = text(get(message, "refusal"))
    usage = get(answer, "usage")
    return Completion(
        said or _arguments(message),
        "refusal" if refusal else _finish(get(choice, "finish_reason")),
        refusal=refusal,
        model=text(get(answer, "model")),
        fingerprint=text(get(answer, "system_fingerprint")),
        usage=Usage(
            count(usage, "prompt_tokens"),
            count(usage, "completion_tokens"),
            count(get(usage, "prompt_tokens_details"), "cached_tokens"),
            count(get(usage, "completion_tokens_details"), "reasoning_tokens"),
            count(get(usage, "prompt_tokens_details"), "cache_write_tokens"),
        ),
        seconds=seconds,
    )


def _arguments(message: object) -> str | None:
    """The arguments of the one tool call; two calls are no answer that could be picked from."""
    calls = items(get(message, "tool_calls"))
    return text(get(get(calls[0], "function"), "arguments")) if len(calls) == 1 else None


def _responses(answer: object, seconds: float) -> Completion:
    """OpenAI Responses."""
    output = items(get(answer, "output"))
    parts = [part for item in output for part in items(get(item, "content"))]
    calls = [item for item in output if get(item, "type") == "function_call"]
    refusal = next(filter(None, (text(get(part, "refusal")) for part in parts)), None)
    reason = get(get(answer, "incomplete_details"), "reason") or get(answer, "status")
    usage = get(answer, "usage")
    return Completion(
        joined(parts) or (text(get(calls[0], "arguments")) if len(calls) == 1 else None),
        "refusal" if refusal else _finish(reason),
        refusal=refusal,
        model=text(get(answer, "model")),
        usage=Usage(
            count(usage, "input_tokens"),
            count(usage, "output_tokens"),
            count(get(usage, "input_tokens_details"), "cached_tokens"),
            count(get(usage, "output_tokens_details"), "reasoning_tokens"),
            count(get(usage, "input_tokens_details"), "cache_write_tokens"),
        ),
        seconds=seconds,
    )


def _anthropic(answer: object, seconds: float) -> Completion:
    """Anthropic messages; a tool's input comes as an object and is written back as JSON."""
    content = items(get(answer, "content"))
    inputs = [get(part, "input") for part in content if get(part, "type") == "tool_use"]
    usage = get(answer, "usage")
    cached = count(usage, "cache_read_input_tokens")
    written = count(usage, "cache_creation_input_tokens")
    return Completion(
        joined(content) or (json.dumps(inputs[0]) if len(inputs) == 1 else None),
        _finish(get(answer, "stop_reason")),
        model=text(get(answer, "model")),
        usage=Usage(
            count(usage, "input_tokens") + cached + written,
            count(usage, "output_tokens"),
            cached,
            written_tokens=written,
        ),
        seconds=seconds,
    )


def _gemini(answer: object, seconds: float) -> Completion:
    """Gemini's generateContent, as its SDK's object or as JSON; the text has no thoughts."""
    candidates = items(get(answer, "candidates"))
    candidate = candidates[0] if candidates else None
    parts = items(get(get(candidate, "content"), "parts"))
    usage = get(answer, "usage_metadata") or get(answer, "usageMetadata")
    thoughts = count(usage, "thoughts_token_count", "thoughtsTokenCount")
    reason = get(candidate, "finish_reason") or get(candidate, "finishReason")
    return Completion(
        joined(part for part in parts if not get(part, "thought")),
        _finish(reason) if candidate else "filter",
        model=text(get(answer, "model_version")) or text(get(answer, "modelVersion")),
        usage=Usage(
            count(usage, "prompt_token_count", "promptTokenCount"),
            count(usage, "candidates_token_count", "candidatesTokenCount") + thoughts,
            count(usage, "cached_content_token_count", "cachedContentTokenCount"),
            thoughts,
        ),
        seconds=seconds,
    )


_Reader: TypeAlias = Callable[[object, float], Completion]
_SHAPES: tuple[tuple[Callable[[object], bool], _Reader], ...] = (
    (lambda answer: isinstance(get(answer, "choices"), list), _chat),
    (lambda answer: isinstance(get(answer, "output"), list), _responses),
    (lambda answer: isinstance(get(answer, "candidates"), list), _gemini),
    (lambda answer: isinstance(get(answer, "content"), list), _anthropic),
)
