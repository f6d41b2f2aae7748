"""Chat messages as items of Responses: they go in, the ``input`` of a request comes out.

What is in the words of Responses already passes through untouched.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TypeAlias, cast

from deterministic_llm._core.exchange import ChatMessage
from deterministic_llm._core.shapes.members import get, items

_Item: TypeAlias = Mapping[str, object]
_OF_CHAT = frozenset(
    {"name", "tool_calls", "function_call", "refusal", "audio", "reasoning_content"}
)
"""Members of a chat message that no item has."""


def items_of(messages: Iterable[ChatMessage]) -> list[_Item]:
    """The items that say the same as *messages*."""
    custom: set[object] = set()
    found: list[_Item] = []
    for message in messages:
        found += _items(message, custom)
    return found


def _items(message: ChatMessage, custom: set[object]) -> Iterator[_Item]:
    """The items of one *message*; *custom* are the calls of custom tools, which it adds to."""
    if "type" in message:
        yield message
    elif message.get("role") == "tool":
        called = message.get("tool_call_id")
        kind = "custom_tool_call_output" if called in custom else "function_call_output"
        output = _content(message.get("content"), "input_text")
        yield {"type": kind, "call_id": called, "output": output}
    else:
        yield from _spoken(message)
        for call in items(message.get("tool_calls")):
            if get(call, "custom") is not None:
                custom.add(get(call, "id"))
            yield _call(call)


def _spoken(message: ChatMessage) -> Iterator[_Item]:
    assistant = message.get("role") == "assistant"
    content = _content(message.get("content"), "output_text" if assistant else "input_text")
    refusal = message.get("refusal")
    if refusal:
        content = [{"type": "refusal", "refusal": refusal}]
    if content or not message.get("tool_calls"):
        kept = {key: value for key, value in message.items() if key not in _OF_CHAT}
        yield {**kept, "content": content}


def _call(call: object) -> _Item:
    custom, function = get(call, "custom"), get(call, "function")
    called: _Item = {"call_id": get(call, "id"), "name": get(custom or function, "name")}
    if custom is not None:
        return {"type": "custom_tool_call", **called, "input": get(custom, "input")}
    return {"type": "function_call", **called, "arguments": get(function, "arguments")}


def _content(content: object, text: str) -> object:
    parts = items(content)
    return [_part(part, text) for part in parts] if parts else content


def _part(part: object, text: str) -> object:
    write = _PARTS.get(str(get(part, "type")))
    return part if write is None else write(part, text)


def _text(part: object, text: str) -> _Item:
    return {"type": text, "text": get(part, "text")}


def _image(part: object, text: str) -> _Item:
    del text
    image = get(part, "image_url")
    url = image if isinstance(image, str) else get(image, "url")
    return {"type": "input_image", "image_url": url, "detail": get(image, "detail") or "auto"}


def _file(part: object, text: str) -> _Item:
    del text
    file = get(part, "file")
    named: _Item = cast("_Item", file) if isinstance(file, Mapping) else {}
    return {"type": "input_file", **named}


_PARTS: Mapping[str, Callable[[object, str], _Item]] = {
    "text": _text,
    "image_url": _image,
    "file": _file,
}
"""Parts of chat messages that are called otherwise."""
