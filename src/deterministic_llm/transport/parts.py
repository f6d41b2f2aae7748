"""What chat messages in OpenAI's form hold, read for providers with words of their own.

Messages that are in a provider's own form already are none of these, and pass through untouched.
"""

from __future__ import annotations

import json
import mimetypes
from collections.abc import Mapping, Sequence
from typing import cast

from deterministic_llm._core.exchange import ChatMessage
from deterministic_llm._core.records import frozen
from deterministic_llm._core.shapes.members import get, items, text

_DATA = "data:"
_BASE64 = ";base64"


@frozen
class Medium:
    """An image, a sound or a file: its *data* in base64, or else where it is, *url* or *file_id*.

    *kind* is the media type, None where nobody says; *image* says that it is one all the same.
    """

    kind: str | None = None
    data: str | None = None
    url: str | None = None
    file_id: str | None = None
    title: str | None = None
    image: bool = False


def medium_of(part: object) -> Medium | None:
    """The medium in a content *part*; None for a part of any other form."""
    kind = get(part, "type")
    if kind == "image_url":
        image = get(part, "image_url")
        return _located(text(image) or text(get(image, "url")), image=True)
    if kind == "input_audio":
        sound = get(part, "input_audio")
        form = text(get(sound, "format")) or "wav"
        return Medium(f"audio/{form}", text(get(sound, "data")))
    if kind == "file":
        file = get(part, "file")
        title, file_id = text(get(file, "filename")), text(get(file, "file_id"))
        located = _located(text(get(file, "file_data")), title)
        return Medium(file_id=file_id, title=title) if located is None and file_id else located
    return None


@frozen
class Called:
    """A tool that the model called before: its *arguments* as an object."""

    id: str
    name: str
    arguments: Mapping[str, object]


def calls_of(message: ChatMessage) -> Sequence[Called]:
    """The tools that the assistant's *message* calls."""
    functions = [(call, get(call, "function")) for call in items(message.get("tool_calls"))]
    return [
        Called(
            text(get(call, "id")) or "",
            text(get(function, "name")) or "",
            _object(get(function, "arguments")),
        )
        for call, function in functions
    ]


def _located(
    written: str | None, title: str | None = None, *, image: bool = False
) -> Medium | None:
    """A medium by its address, which may hold the data itself."""
    if written is None:
        return None
    head, comma, data = written.partition(",")
    if head.startswith(_DATA) and head.endswith(_BASE64) and comma:
        kind = head.removeprefix(_DATA).partition(";")[0]
        return Medium(kind or "text/plain", data, title=title, image=image)
    return Medium(mimetypes.guess_type(written)[0], url=written, title=title, image=image)


def _object(arguments: object) -> Mapping[str, object]:
    """*arguments* of a call as an object; a text that is none is kept as the one member of one."""
    if isinstance(arguments, Mapping):
        return cast("Mapping[str, object]", arguments)
    try:
        said = json.loads(arguments) if isinstance(arguments, str) else None
    except ValueError:
        said = None
    return cast("Mapping[str, object]", said) if isinstance(said, dict) else {"text": arguments}
