"""The bytes round the one new text of an event, which are mostly those of the next event too.

Decoding a chunk takes ten times as long as decoding the string in it. A frame is learnt from one
event that is tried with another text. Any string that stands in it later does the same, because
JSON that is the same round a string says the same round it.
"""

from __future__ import annotations

import json

from pydantic_core import from_json
from typing_extensions import override

from deterministic_llm._core.regexes import expression
from deterministic_llm._core.shapes.streams import Voice

_TEXT = expression(rb'"(?:content|arguments|reasoning_content|reasoning|text)"\s*:\s*(?=")')
_STRING = expression(rb'"(?:[^"\\]|\\.)*+"')
_NOISY = expression(rb'^(.*,\s*"obfuscation"\s*:\s*")[^"\\]*"\}$')
_NOISE = expression(rb'[^"\\\n]*"\}')
_FIELD = b"data: "
_END = b"\n\n"
_TRIED = "?"


class Frame:
    """What stands before and after the text of an event, and the *parts* that the text goes to.

    *shown* says that these are the text of the answer.
    """

    __slots__ = ("_after", "_before", "_end", "_first", "_last", "_since", "parts", "shown")

    def __init__(self, before: bytes, after: bytes, parts: list[str], *, shown: bool) -> None:
        self._before = _FIELD + before
        self._after = after
        self._end = after + _END
        self._first = len(self._before)
        self._last = -len(self._end)
        self._since = len(parts)
        self.parts = parts
        self.shown = shown

    @property
    def used(self) -> bool:
        """Whether another text has stood in it since it was learnt."""
        return len(self.parts) > self._since

    def alone(self, data: bytes) -> str | None:
        """The text in *data*, if that is one event of this frame and nothing else."""
        if data.startswith(self._before) and data.endswith(self._end):
            return _string(data[self._first : self._last])
        return None

    def inside(self, event: bytes) -> str | None:
        """The text of *event*, which has lost its blank line, if it is one of this frame."""
        if event.startswith(self._before) and event.endswith(self._after):
            return _string(event[self._first : -len(self._after)])
        return None


class NoisyFrame(Frame):
    """A frame of events that end in noise, with which OpenAI hides how long a token is."""

    __slots__ = ()

    @override
    def alone(self, data: bytes) -> str | None:
        """The text in *data*, if that is one event of this frame and nothing else."""
        return self.inside(data[: -len(_END)]) if data.endswith(_END) else None

    @override
    def inside(self, event: bytes) -> str | None:
        """The text of *event*, which has lost its blank line, if it is one of this frame."""
        end = event.rfind(self._after)
        if end < self._first or not event.startswith(self._before):
            return None
        noise = event[end + len(self._after) :]
        return _string(event[self._first : end]) if _NOISE.fullmatch(noise) else None


def learnt(data: bytes, voice: Voice) -> Frame | None:
    """The frame of the event *data*, if one text more is all that such events bring."""
    found = list(_TEXT.finditer(data))
    string = _STRING.match(data, found[0].end()) if len(found) == 1 else None
    if string is None or b"\n" in data:
        return None
    before, after = data[: string.start()], data[string.end() :]
    streamed = voice.streamed
    tried, expected = streamed.blank(), streamed.blank()
    tried.add(chunk_of(before + json.dumps(_TRIED).encode() + after))
    pairs = zip(streamed.texts, tried.texts, strict=False)
    grown = [(parts, added) for parts, added in pairs if added]
    if [added for _, added in grown] != [[_TRIED]]:
        return None
    ((parts, added),) = grown
    added.clear()
    tried.words = expected.words
    if tried != expected:
        return None
    shown = parts is voice.parts
    noisy = _NOISY.search(after)
    if noisy is None:
        return Frame(before, after, parts, shown=shown)
    return NoisyFrame(before, noisy[1], parts, shown=shown)


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
