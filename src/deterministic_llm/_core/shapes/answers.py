"""A provider's answer as a completion, whichever SDK or server it came from."""

from __future__ import annotations

import json
from collections.abc import AsyncIterable, Awaitable, Callable, Coroutine, Iterable, Mapping
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from dataclasses import replace
from typing import TypeAlias

from pydantic import BaseModel
from pydantic_core import from_json

from deterministic_llm._core.exchange import CallFailure, Completion, ToolCall, Usage
from deterministic_llm._core.shapes.decisions import decision, is_decision
from deterministic_llm._core.shapes.failures import error_body, failed_reply
from deterministic_llm._core.shapes.finishes import finish_of
from deterministic_llm._core.shapes.members import count, first, get, has, items, joined, text
from deterministic_llm._core.shapes.messages import (
    as_chat,
    is_langchain,
    is_message,
    spoken,
    thoughts,
)
from deterministic_llm._core.shapes.replies import Reply, reply_of
from deterministic_llm._core.shapes.tokens import chosen_tokens, tokens_of
from deterministic_llm._core.shapes.waits import quota_of

_LONGEST_QUOTE = 200
_REFUSED = 300
"""From here on a status is no answer."""


def answer_of(answer: object, *, seconds: float = 0.0) -> Completion | CallFailure:
    """The completion in *answer*: a str, or any supported provider's response or its JSON.

    What was read already, a Completion or a CallFailure, stays as it is. What reports an error, or
    has the form of an answer and none in it, is a failed call. Raises TypeError, naming what it
    got, when the form is none of these.
    """
    if isinstance(answer, str):
        return Completion.of_text(answer, seconds)
    if isinstance(answer, Completion | CallFailure):
        return answer if answer.seconds else replace(answer, seconds=seconds)
    failure = error_body(answer, seconds=seconds)
    if failure is not None:
        return failure
    read = _reader_of(answer)
    if read is not None:
        return read(answer, seconds)
    if has(answer, "choices"):
        return _without_choices(answer, seconds)
    reply = reply_of(answer)
    if reply is not None:
        return _replied(reply, seconds)
    raise TypeError(_unreadable(answer))


def _unreadable(answer: object) -> str:
    """What the function should have returned instead of *answer*."""
    if answer is None:
        return "the function returned None: return the answer of its call"
    kind = type(answer)
    named = f"{kind.__module__}.{kind.__qualname__}"
    remedy = next((told for recognised, told in _MISTAKES if recognised(answer)), None)
    if isinstance(answer, Coroutine):
        answer.close()  # else Python warns of what nobody awaited, too
    if remedy is not None:
        return f"the function returned {named}: {remedy}"
    return (
        f"cannot read an answer from {named}: return a str, a chat completion, a Responses, "
        "Anthropic or Gemini response, a message of LangChain, a dict of such a shape, or a "
        "Completion"
    )


_MISTAKES: tuple[tuple[Callable[[object], bool], str], ...] = (
    (
        lambda answer: isinstance(answer, Awaitable | AsyncIterable),
        "make it async def, and await the call in it",
    ),
    (
        lambda answer: isinstance(answer, AbstractContextManager | AbstractAsyncContextManager),
        "enter it, as in 'with ... as stream: yield from stream'",
    ),
    (lambda answer: isinstance(answer, bytes), "return the text, as in body.decode()"),
    (
        lambda answer: isinstance(answer, BaseModel),
        "return what the model wrote, as text or as its SDK's response: it is validated here",
    ),
)
"""What is returned by mistake, and what to do instead."""


def _replied(reply: Reply, seconds: float) -> Completion | CallFailure:
    """What the body of *reply* says, where its status does not say that there is no answer."""
    if reply.status < _REFUSED:
        said = body_of(reply.body, seconds=seconds)
        return replace(said, quota=quota_of(reply.headers))
    try:
        body = _parsed(reply.body)
    except (ValueError, RecursionError):
        body = reply.body.decode(errors="replace")
    return failed_reply(reply.status, reply.headers, body, seconds=seconds)


def body_of(raw: bytes, *, seconds: float = 0.0) -> Completion | CallFailure:
    """The completion in the *raw* body of a server; a body that is none is a failed call."""
    try:
        body = _parsed(raw)
    except (ValueError, RecursionError):
        said = _quoted(raw[:_LONGEST_QUOTE].decode(errors="replace"))
        message = f"the server's answer is not JSON: {said}"
        return CallFailure(message, "malformed", seconds=seconds)
    failure = error_body(body, seconds=seconds)
    if failure is not None:
        return failure
    read = _reader_of(body)
    return _without_choices(body, seconds) if read is None else read(body, seconds)


def _reader_of(answer: object) -> _Reader | None:
    """What reads an *answer* of this shape."""
    return next((read for recognised, read in _SHAPES if recognised(answer)), None)


def _parsed(raw: bytes) -> object:
    """The JSON in *raw*; half a surrogate pair is kept, for the reader to refuse what holds it."""
    try:
        return from_json(raw)
    except ValueError:
        return json.loads(raw)


def _without_choices(answer: object, seconds: float) -> CallFailure:
    message = f"the server's answer has no choices: {_quoted(answer)}"
    return CallFailure(message, "malformed", seconds=seconds)


def _quoted(value: object) -> str:
    written = json.dumps(value, ensure_ascii=False, default=str)
    return written if len(written) <= _LONGEST_QUOTE else f"{written[: _LONGEST_QUOTE - 1]}…"


def _is_chat(answer: object) -> bool:
    choice = first(get(answer, "choices"))
    message = get(choice, "message")
    spoken = isinstance(message, Mapping) or has(message, "content")
    return spoken or isinstance(get(choice, "text"), str)


def _chat(answer: object, seconds: float) -> Completion:
    """OpenAI chat completions, and every server that copies them; legacy completions too."""
    choice = first(get(answer, "choices"))
    message = get(choice, "message")
    content = get(message, "content")
    parts = items(content)
    refusal = text(get(message, "refusal")) or joined(parts, "refusal")
    called = [*map(function_of, items(get(message, "tool_calls"))), get(message, "function_call")]
    calls = tuple(_called(call, "arguments") for call in called if call)
    usage, written = get(answer, "usage"), get(choice, "logprobs")
    return Completion(
        text(content) or joined(spoken(parts)) or text(get(choice, "text")) or agreed(calls),
        "refusal" if refusal else finish_of(get(choice, "finish_reason")),
        refusal=refusal,
        model=text(get(answer, "model")),
        fingerprint=text(get(answer, "system_fingerprint")),
        usage=Usage(
            count(usage, "prompt_tokens"),
            count(usage, "completion_tokens"),
            count(get(usage, "prompt_tokens_details"), "cached_tokens"),
            count(get(usage, "completion_tokens_details"), "reasoning_tokens"),
        ),
        seconds=seconds,
        calls=calls,
        reasoning=text(get(message, "reasoning_content"))
        or text(get(message, "reasoning"))
        or thoughts(parts),
        tokens=tokens_of(get(written, "content")) if written else (),
    )


def _message(answer: object, seconds: float) -> Completion:
    """A message without the completion around it."""
    return _chat(as_chat(answer), seconds)


def _responses(answer: object, seconds: float) -> Completion:
    """OpenAI Responses; what it thought or remarked on the way is no part of the text."""
    output = items(get(answer, "output"))
    thinking = [item for item in output if is_aside(item)]
    parts = [
        part for item in output if item not in thinking for part in items(get(item, "content"))
    ]
    called = [(item, CALLED.get(str(get(item, "type")))) for item in output]
    calls = tuple(_called(item, member) for item, member in called if member is not None)
    refusal = joined(parts, "refusal")
    reason = get(get(answer, "incomplete_details"), "reason") or get(answer, "status")
    usage = get(answer, "usage")
    return Completion(
        joined(parts) or agreed(calls),
        "refusal" if refusal else finish_of(reason),
        refusal=refusal,
        model=text(get(answer, "model")),
        usage=Usage(
            count(usage, "input_tokens"),
            count(usage, "output_tokens"),
            count(get(usage, "input_tokens_details"), "cached_tokens"),
            count(get(usage, "output_tokens_details"), "reasoning_tokens"),
        ),
        seconds=seconds,
        calls=calls,
        reasoning=joined(
            part
            for item in thinking
            for part in (*items(get(item, "content")), *items(get(item, "summary")))
        ),
        tokens=tokens_of([token for part in parts for token in items(get(part, "logprobs"))]),
    )


def _anthropic(answer: object, seconds: float) -> Completion:
    """Anthropic messages; a tool's input comes as an object and is written back as JSON.

    What was said before the model declined is no reason for it.
    """
    content = items(get(answer, "content"))
    calls = _calls((part for part in content if get(part, "type") == "tool_use"), "input")
    usage = get(answer, "usage")
    cached = count(usage, "cache_read_input_tokens")
    written = count(usage, "cache_creation_input_tokens")
    return Completion(
        joined(spoken(content)) or agreed(calls),
        finish_of(get(answer, "stop_reason")),
        refusal=text(get(get(answer, "stop_details"), "explanation")),
        model=text(get(answer, "model")),
        usage=Usage(
            count(usage, "input_tokens") + cached + written,
            count(usage, "output_tokens"),
            cached,
            count(get(usage, "output_tokens_details"), "thinking_tokens"),
            written,
        ),
        seconds=seconds,
        calls=calls,
        reasoning=thoughts(content),
    )


def _gemini(answer: object, seconds: float) -> Completion:
    """Gemini's generateContent, as its SDK's object or as JSON; thoughts are no part of the text.

    Without a candidate the prompt may have been kept back.
    """
    candidate = first(get(answer, "candidates"))
    parts = items(get(get(candidate, "content"), "parts"))
    functions = (_either(part, "function_call", "functionCall") for part in parts)
    calls = _calls(functions, "args")
    finish = finish_of(_either(candidate, "finish_reason", "finishReason"))
    if not candidate and _either(answer, "prompt_feedback", "promptFeedback"):
        finish = "filter"
    return Completion(
        joined(part for part in parts if not get(part, "thought")) or agreed(calls),
        finish,
        refusal=_gemini_refusal(answer, candidate) if finish == "filter" else None,
        model=text(_either(answer, "model_version", "modelVersion")),
        usage=_gemini_usage(_either(answer, "usage_metadata", "usageMetadata")),
        seconds=seconds,
        calls=calls,
        reasoning=joined(part for part in parts if get(part, "thought")),
        tokens=chosen_tokens(_either(candidate, "logprobs_result", "logprobsResult")),
    )


def _gemini_usage(usage: object) -> Usage:
    """What tools brought is input beside the prompt, and thoughts are output beside the answer."""
    thought = count(usage, "thoughts_token_count", "thoughtsTokenCount")
    return Usage(
        count(usage, "prompt_token_count", "promptTokenCount")
        + count(usage, "tool_use_prompt_token_count", "toolUsePromptTokenCount"),
        count(usage, "candidates_token_count", "candidatesTokenCount") + thought,
        count(usage, "cached_content_token_count", "cachedContentTokenCount"),
        thought,
    )


def _gemini_refusal(answer: object, candidate: object) -> str | None:
    """Why an answer, or the prompt already, was kept back, as far as that is told."""
    kept_back = _either(answer, "prompt_feedback", "promptFeedback")
    reason = _either(kept_back, "block_reason", "blockReason")
    return (
        text(_either(candidate, "finish_message", "finishMessage"))
        or text(_either(kept_back, "block_reason_message", "blockReasonMessage"))
        or text(getattr(reason, "value", reason))
    )


def _either(holder: object, name: str, camel: str) -> object:
    """A member that the SDK calls by one *name*, and its JSON in *camel* case."""
    return get(holder, name) or get(holder, camel)


def _calls(functions: Iterable[object], arguments: str) -> tuple[ToolCall, ...]:
    """The *functions* that were called, their member *arguments* as JSON text."""
    return tuple(_called(function, arguments) for function in functions if function)


def _called(function: object, arguments: str) -> ToolCall:
    return ToolCall(text(get(function, "name")) or "", written(get(function, arguments)))


CALLED: Mapping[str, str] = {"function_call": "arguments", "custom_tool_call": "input"}
"""Items of Responses that call a tool, and the member that says with what."""


def is_aside(item: object) -> bool:
    """Whether an *item* of Responses is something thought, or remarked on the way."""
    return get(item, "type") == "reasoning" or get(item, "phase") == "commentary"


def function_of(call: object) -> object:
    """The function that *call* calls; a custom tool's input stands for its arguments."""
    custom = get(call, "custom")
    if custom is None:
        return get(call, "function")
    return {"name": get(custom, "name"), "arguments": get(custom, "input")}


def written(arguments: object) -> str:
    """The *arguments* of a call as JSON text, which some servers send as an object."""
    if isinstance(arguments, str):
        return arguments
    return "" if arguments is None else json.dumps(arguments, ensure_ascii=False, default=str)


def agreed(calls: tuple[ToolCall, ...]) -> str | None:
    """The arguments of the one tool that was called; two that differ cannot be picked from."""
    return text(calls[0].arguments) if len(set(calls)) == 1 else None


_Reader: TypeAlias = Callable[[object, float], Completion]
_SHAPES: tuple[tuple[Callable[[object], bool], _Reader], ...] = (
    (_is_chat, _chat),
    (lambda answer: isinstance(get(answer, "output"), list), _responses),
    (is_langchain, _message),  # it may have members of the next two
    (
        lambda answer: (
            isinstance(get(answer, "candidates"), list)
            or bool(_either(answer, "prompt_feedback", "promptFeedback"))
            or bool(_either(answer, "usage_metadata", "usageMetadata"))
        ),
        _gemini,
    ),
    (lambda answer: isinstance(get(answer, "content"), list), _anthropic),
    (is_decision, decision),
    (is_message, _message),
)
