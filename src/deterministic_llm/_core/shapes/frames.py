"""The bytes round the one new text of an event, which are mostly those of the next event too.

Decoding a chunk takes ten times as long as decoding the string in it. A frame is learnt from one
event that is tried with another text. Any string that stands in it later does the same, because
JSON that is the same round a string says the same round it.
"""

from __future__ import annotations

import json
import re

from pydantic_core import from_json

from deterministic_llm._core.shapes.streams import Streamed

_TEXT = re.compile(rb'"(?:content|arguments|reasoning_content|reasoning|text)"\s*:\s*(?=")')
_STRING = re.compile(rb'"(?:[^"\\]|\\.)*+"')
_FIELD = b"data: "
_END = b"\n\n"
_TRIED = "?"


class Frame:
    """What stands before and after the text of an event, and the *parts* that it goes to."""

    __slots__ = ("_after", "_before", "_end", "parts")

    def __init__(self, before: bytes, after: bytes, parts: list[str]) -> None:
        self._before = _FIELD + before
        self._after = after
        self._end = after + _END
        self.parts = parts

    def alone(self, data: bytes) -> str | None:
        """The text in *data*, if that is one event of this frame and nothing else."""
        if data.startswith(self._before) and data.endswith(self._end):
            return _string(data[len(self._before) : -len(self._end)])
        return None

    def inside(self, event: bytes) -> str | None:
        """The text of *event*, which has lost its blank line, if it is one of this frame."""
        if event.startswith(self._before) and event.endswith(self._after):
            return _string(event[len(self._before) : -len(self._after)])
        return None


def learnt(data: bytes, streamed: Streamed) -> Frame | None:
    """The frame of an event with *data*, if all that it adds to *streamed* is one text."""
    found = list(_TEXT.finditer(data))
    string = _STRING.match(data, found[0].end()) if len(found) == 1 else None
    if string is None or b"\n" in data:
        return None
    before, after = data[: string.start()], data[string.end() :]
    tried, expected = streamed.blank(), streamed.blank()
    try:
        tried.add(chunk_of(before + json.dumps(_TRIED).encode() + after))
    except (ValueError, TypeError):
        return None
    grown = [
        (parts, added) for parts, added in zip(streamed.texts, tried.texts, strict=False) if added
    ]
    if [added for _, added in grown] != [[_TRIED]]:
        return None
    ((parts, added),) = grown
    added.clear()
    tried.words = expected.words
    return Frame(before, after, parts) if tried == expected else None


def chunk_of(data: bytes) -> object:
    """The JSON of an event; half a surrogate pair is kept, for the reader to refuse."""
    try:
        return from_json(data)
    except ValueError:
        return json.loads(data)


def _string(written: bytes) -> str | None:
    """The one string that is *written*, if it is one on a line of its own."""
    if b"\n" in written:  # more than one event
        return None
    try:
        said = from_json(written)
    except ValueError:
        return None
    return said if type(said) is str else None
