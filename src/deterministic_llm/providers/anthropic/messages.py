"""Chat messages in OpenAI's form become Anthropic's; those in Anthropic's own pass untouched."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from itertools import dropwhile, takewhile

from deterministic_llm._core.exchange import ChatMessage
from deterministic_llm._core.shapes.members import get, items, text
from deterministic_llm.transport.parts import Medium, calls_of, medium_of

_SYSTEM = frozenset({"system", "developer"})
_FOREIGN = frozenset(
    {
        "annotations",
        "audio",
        "function_call",
        "name",
        "reasoning",
        "reasoning_content",
        "refusal",
        "tool_call_id",
        "tool_calls",
    }
)
"""Members of a chat message that say nothing here, or that are said otherwise."""


def system_of(messages: Sequence[ChatMessage]) -> object:
    """What *messages* begin with as the system, which is no turn here; None when it is nothing."""
    said = [message.get("content") for message in takewhile(_is_system, messages)]
    if all(isinstance(content, str) for content in said):
        return "\n\n".join(map(str, said)) or None
    return [block for content in said for block in _blocks(content)]


def turns_of(messages: Sequence[ChatMessage]) -> list[ChatMessage]:
    """The turns after the system's; the results of tools are one turn of the user."""
    turns: list[ChatMessage] = []
    results: list[object] | None = None
    for message in dropwhile(_is_system, messages):
        if message.get("role") == "tool":
            if results is None:
                results = []
                turns.append({"role": "user", "content": results})
            results.append(_result(message))
        else:
            results = None
            turns.append(_turn(message))
    return turns


def _is_system(message: ChatMessage) -> bool:
    return message.get("role") in _SYSTEM


def _turn(message: ChatMessage) -> ChatMessage:
    if message.get("role") == "developer":
        message = {**message, "role": "system"}
    content = message.get("content")
    blocks = [_block(part) for part in items(content)]
    called = [
        {"type": "tool_use", "id": call.id, "name": call.name, "input": call.arguments}
        for call in calls_of(message)
    ]
    changed = any(block is not part for block, part in zip(blocks, items(content), strict=True))
    if not called and not changed and _FOREIGN.isdisjoint(message):
        return message
    kept = {name: value for name, value in message.items() if name not in _FOREIGN}
    if called:
        return {**kept, "content": [*(blocks or _blocks(content)), *called]}
    return {**kept, "content": blocks} if changed else kept


def _result(message: ChatMessage) -> Mapping[str, object]:
    content = message.get("content")
    said = [_block(part) for part in items(content)] or content
    return {"type": "tool_result", "tool_use_id": message.get("tool_call_id"), "content": said}


def _blocks(content: object) -> Sequence[object]:
    """*content* as blocks; one that is a text is a block, and none is none."""
    said = text(content)
    return [_block(part) for part in items(content)] if said is None else [_said(said)]


def _block(part: object) -> object:
    """A *part* of OpenAI's form as a block; any other one as it is."""
    medium = medium_of(part)
    if medium is not None:
        return _shown(medium) or part
    refusal = text(get(part, "refusal")) if get(part, "type") == "refusal" else None
    return part if refusal is None else _said(refusal)


def _said(words: str) -> Mapping[str, object]:
    return {"type": "text", "text": words}


def _shown(medium: Medium) -> Mapping[str, object] | None:
    """The block of *medium*; None for what there is no block for."""
    kind = medium.kind or ""
    source = _source(medium)
    if source is None or kind.startswith("audio/"):
        return None
    if medium.image or kind.startswith("image/"):
        return {"type": "image", "source": source}
    title = {} if medium.title is None else {"title": medium.title}
    return {"type": "document", "source": source, **title}


def _source(medium: Medium) -> Mapping[str, object] | None:
    if medium.file_id is not None:
        return {"type": "file", "file_id": medium.file_id}
    if medium.url is not None:
        return {"type": "url", "url": medium.url}
    if medium.data is None:
        return None
    if medium.kind == "text/plain":
        words = base64.b64decode(medium.data).decode(errors="replace")
        return {"type": "text", "media_type": medium.kind, "data": words}
    return {"type": "base64", "media_type": medium.kind, "data": medium.data}
