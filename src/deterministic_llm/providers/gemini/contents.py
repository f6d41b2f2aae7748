"""Chat messages in OpenAI's form become Gemini's contents; those in Gemini's own pass untouched."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from typing import cast

from pydantic import BaseModel

from deterministic_llm._core.exchange import ChatMessage
from deterministic_llm._core.shapes.members import get, items, text
from deterministic_llm.transport.parts import Medium, calls_of, medium_of

_SYSTEM = frozenset({"system", "developer"})
_MODEL = frozenset({"assistant", "model"})


def system_of(messages: Sequence[ChatMessage]) -> Mapping[str, object] | None:
    """What *messages* say as the system, which has no turn here; None when they say nothing."""
    said = [message for message in messages if message.get("role") in _SYSTEM]
    parts = [part for message in said for part in _parts(message)]
    return {"parts": parts} if parts else None


def contents_of(messages: Sequence[ChatMessage]) -> list[ChatMessage]:
    """The turns of user and model; the results of functions are one turn of the user."""
    names = {call.id: call.name for message in messages for call in calls_of(message)}
    contents: list[ChatMessage] = []
    results: list[object] | None = None
    for message in messages:
        role = message.get("role")
        if role in _SYSTEM:
            continue
        if role == "tool":
            if results is None:
                results = []
                contents.append({"role": "user", "parts": results})
            results.append(_result(message, names))
        else:
            results = None
            contents.append(_turn(message))
    return contents


def _turn(message: ChatMessage) -> ChatMessage:
    """A message in Gemini's own form has *parts*, and is sent as JSON can say it."""
    if "parts" in message:
        return cast("ChatMessage", _plain(message))
    called = [
        {"functionCall": {"name": call.name, "args": call.arguments}} for call in calls_of(message)
    ]
    role = "model" if message.get("role") in _MODEL else "user"
    return {"role": role, "parts": [*_parts(message), *called]}


def _parts(message: ChatMessage) -> list[object]:
    """The content of *message* as parts."""
    own = message.get("parts")
    if own is not None:
        return [_plain(part) for part in items(own)]
    content = message.get("content")
    said = text(content)
    return [_part(part) for part in items(content)] if said is None else [{"text": said}]


def _part(part: object) -> object:
    """A *part* of OpenAI's form as one of Gemini's; any other one as it is."""
    kind = get(part, "type")
    if kind == "text":
        return {"text": get(part, "text")}
    if kind == "refusal":
        return {"text": get(part, "refusal")}
    medium = medium_of(part)
    return _plain(part) if medium is None else _shown(medium)


def _shown(medium: Medium) -> Mapping[str, object]:
    kind = {} if medium.kind is None else {"mimeType": medium.kind}
    if medium.data is not None:
        return {"inlineData": {**kind, "data": medium.data}}
    return {"fileData": {**kind, "fileUri": medium.url or medium.file_id}}


def _result(message: ChatMessage, names: Mapping[str, str]) -> Mapping[str, object]:
    """The result of a function, by the name that it was called with."""
    called = message.get("tool_call_id")
    name = names.get(called) if isinstance(called, str) else None
    response = {"name": name or message.get("name"), "response": _object(message.get("content"))}
    return {"functionResponse": response}


def _object(content: object) -> Mapping[str, object]:
    """The *content* of a result as the object that is wanted here."""
    said = text(content) or "".join(str(get(part, "text") or "") for part in items(content))
    try:
        told = json.loads(said)
    except ValueError:
        return {"result": said}
    return cast("Mapping[str, object]", told) if isinstance(told, dict) else {"result": told}


def _plain(value: object) -> object:
    """*value* as JSON can say it: the SDK's own objects by their members, bytes in base64."""
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json", by_alias=True, exclude_none=True)
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, Mapping):
        members = cast("Mapping[str, object]", value)
        return {name: _plain(member) for name, member in members.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in cast("Sequence[object]", value)]
    return value
