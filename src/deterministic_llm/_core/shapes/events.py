"""Server-sent events of a chat server: bytes go in as they come, new text of the answer comes out.

An event holds one chunk of the answer as JSON
(https://html.spec.whatwg.org/multipage/server-sent-events.html). A body that holds no events is
taken as a whole answer.
"""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass, field
from typing import cast

from typing_extensions import override

from deterministic_llm._core.exchange import CallFailure, Completion
from deterministic_llm._core.shapes.answers import body_of
from deterministic_llm._core.shapes.frames import Frame, chunk_of, learnt
from deterministic_llm._core.shapes.streams import Voice

_FIELDS = (b"data:", b"event:", b"id:", b"retry:", b":")
_LONGEST_FIELD = 6
_BOM = b"\xef\xbb\xbf"
_SHOWN = 100
_LESSONS = 8
"""Events in a row that a frame is learnt from in vain, before that is given up."""


class BadEventError(ValueError):
    """An event that is no JSON object; it shows the beginning of its *data*."""

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self.data = data

    @override
    def __str__(self) -> str:
        shown = self.data[:_SHOWN].decode(errors="replace")
        return f"an event of the server's answer is no JSON object: {json.dumps(shown)}"


@dataclass(slots=True)
class Events:
    """The body of one answer under way, of which *voice* is the text.

    *ended* says that the server has said all; what comes all the same is passed over.
    """

    voice: Voice
    ended: bool = False
    _kept: int = 0
    _rest: list[bytes] = field(default_factory=list[bytes])
    _data: list[bytes] = field(default_factory=list[bytes])
    _whole: bool | None = None
    _frame: Frame | None = None
    _lessons: int = _LESSONS

    @property
    def size(self) -> int:
        """How many characters and bytes of the answer are held."""
        return self.voice.streamed.words + self._kept

    def feed(self, data: bytes) -> str:
        """The text that comes with *data*; raises BadEventError."""
        frame = self._frame
        if frame is not None and not self._rest and not self._data:
            said = frame.alone(data)
            if said is not None:
                return self._grown(frame, said)
        if self._whole is None:
            data = self._begun(data)
        if self._whole or self._whole is None:
            self._keep(data)
            return ""
        if self._rest or self._data or not data.endswith(b"\n\n") or b"\r" in data:
            return self._lines(data)
        return self._events(data[:-2])

    def end(self) -> str:
        """The text of what was left when the body ended: an event may lack its blank line."""
        if self._whole is None:
            self._whole = not b"".join(self._rest).startswith(_FIELDS)
        if self._whole:
            return ""
        try:
            return self._lines(b"\n\n")
        except BadEventError:  # half an event
            return ""

    def answer(
        self, *, seconds: float = 0.0, first_token: float | None = None
    ) -> Completion | CallFailure:
        """What all of it comes to."""
        if self._whole:
            return body_of(b"".join(self._rest), seconds=seconds)
        return self.voice.streamed.answer(seconds=seconds, first_token=first_token)

    def _begun(self, data: bytes) -> bytes:
        """All that came so far, once it is known whether it holds events; else to be kept."""
        begun = b"".join((*self._rest, data)).removeprefix(_BOM).lstrip()
        self._rest.clear()
        if len(begun) >= _LONGEST_FIELD or begun.startswith(b":"):
            self._whole = not begun.startswith(_FIELDS)
            self._kept = 0
        elif not begun:  # nothing but blanks, which are counted all the same
            self._kept += len(data)
        return begun

    def _keep(self, data: bytes) -> None:
        if data:
            self._rest.append(data)
            self._kept += len(data)

    def _events(self, data: bytes) -> str:
        """The text of whole events, written as nearly all servers write them."""
        texts: list[str] = []
        for event in data.split(b"\n\n"):
            frame = self._frame
            said = None if frame is None else frame.inside(event)
            if frame is not None and said is not None:
                texts.append(self._grown(frame, said))
            elif event.startswith(b"data: ") and b"\n" not in event:
                texts.append(self._event(event[6:]))
            else:
                texts.append(self._lines(event + b"\n\n"))
        return "".join(texts)

    def _lines(self, data: bytes) -> str:
        """The text of the events that *data* completes, whatever way their lines end."""
        if b"\n" not in data and b"\r" not in data and self._rest[-1:] != [b"\r"]:
            self._keep(data)
            return ""
        self._kept -= sum(map(len, self._rest))
        data = b"".join((*self._rest, data))
        self._rest.clear()
        ended = data.removesuffix(b"\r")
        *lines, rest = ended.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
        text = "".join(filter(None, map(self._line, lines)))
        self._keep(rest)
        self._keep(data[len(ended) :])  # maybe half a line end
        return text

    def _line(self, line: bytes) -> str:
        """The text of the event that *line* ends, if it ends one."""
        if line:
            name, _, value = line.partition(b":")
            if name == b"data":
                self._data.append(value.removeprefix(b" "))
                self._kept += len(self._data[-1])
            return ""
        self._kept -= sum(map(len, self._data))
        data = b"\n".join(self._data)
        self._data.clear()
        return self._event(data) if data else ""

    def _event(self, data: bytes) -> str:
        """The text that the event with *data* adds."""
        self._frame = None
        if self.ended or data.strip() == b"[DONE]":
            self.ended = True
            return ""
        chunk = _object(data)
        streamed = self.voice.streamed
        with suppress(TypeError):  # an event of an unknown form says nothing to us
            streamed.add(chunk)
        self.ended = streamed.whole is not None
        if self._lessons:
            self._lessons -= 1
            self._frame = learnt(data, streamed)
        return self.voice.fresh()

    def _grown(self, frame: Frame, said: str) -> str:
        """The text that is new, now that *said* stood in *frame*."""
        self._lessons = _LESSONS
        self.voice.streamed.grow(frame.parts, said)
        return self.voice.fresh()


def _object(data: bytes) -> object:
    try:
        chunk = chunk_of(data)
    except (ValueError, RecursionError) as error:
        raise BadEventError(data) from error
    if not isinstance(chunk, dict):
        raise BadEventError(data)
    return cast("object", chunk)
