"""What a chat completion says, for those who say it in other words."""

from __future__ import annotations

import json
from collections.abc import Iterator

from deterministic_llm._core.exchange import JsonObject, JsonValue
from deterministic_llm._core.shapes.members import items


def choice_of(body: JsonObject) -> tuple[JsonObject, JsonObject]:
    """The first choice of a completion *body*, and its message."""
    choice = objects_of(body["choices"])[0]
    return choice, object_of(choice.get("message"))


def texts_of(message: JsonObject) -> Iterator[str]:
    """The texts of a *message*, of which the content may be a list of parts."""
    content = message.get("content")
    for part in objects_of(content) or [{"text": content}]:
        text = part.get("text")
        if isinstance(text, str):
            yield text


def called(message: JsonObject) -> Iterator[tuple[JsonValue, JsonValue]]:
    """The name and the arguments of each call in *message*: as an object, if they are one."""
    for call in objects_of(message.get("tool_calls")):
        function = object_of(call.get("function"))
        yield function.get("name"), _read(function.get("arguments"))


def object_of(value: JsonValue) -> JsonObject:
    """*value* if it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}


def objects_of(value: JsonValue) -> list[JsonObject]:
    """The objects in the list *value*."""
    return [item for item in items(value) if isinstance(item, dict)]


def _read(arguments: JsonValue) -> JsonValue:
    try:
        said: JsonValue = json.loads(arguments) if isinstance(arguments, str) else arguments
    except ValueError:
        return arguments
    return said
