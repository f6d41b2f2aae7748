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

    *ended* says that the server has said all; what comes all the same is passed over. *words* is
    how many characters it has said in all, and *kept* how many bytes wait for more.
    """

    voice: Voice
    ended: bool = False
    words: int = 0
    kept: int = 0
    _rest: list[bytes] = field(default_factory=list[bytes])
    _data: list[bytes] = field(default_factory=list[bytes])
    _whole: bool | None = None
    _frame: Frame | None = None
    _ready: Frame | None = None
    _lessons: int = _LESSONS

    def feed(self, data: bytes) -> str:
        """The text that comes with *data*; raises BadEventError."""
        frame = self._ready
        if frame is not None:
            said = frame.alone(data)
            if said is not None:
                frame.parts.append(said)
                self.words += len(said)
                return said if frame.shown else ""
        text = self._read(data)
        # A read is taken for one event only where nothing was begun before it.
        self._ready = None if self._rest or self._data else self._frame
        return text

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

    @property
    def over(self) -> bool:
        """Whether what was read to its end is all: of a stream the server must have said so."""
        return self.ended or bool(self._whole)

    def _read(self, data: bytes) -> str:
        """The text of *data*, whichever way it comes."""
        if self._whole is None:
            data = self._begun(data)
        if self._whole or self._whole is None:
            self._keep(self._rest, data)
            return ""
        if self._data or b"\r" in data or self._rest[-1:] == [b"\r"]:
            return self._lines(data)
        if b"\n" in data:
            data = self._taken(self._rest) + data
            end = data.rfind(b"\n\n")
            if end < 0:
                return self._lines(data)
            self._keep(self._rest, data[end + 2 :])
            return self._events(data[:end])
        self._keep(self._rest, data)
        return ""

    def _begun(self, data: bytes) -> bytes:
        """All that came so far, once it is known whether it holds events; else to be kept."""
        begun = (self._taken(self._rest) + data).removeprefix(_BOM).lstrip()
        if not begun:  # blanks count all the same, there may be no end of them
            self.kept += len(data)
        elif len(begun) >= _LONGEST_FIELD or begun.startswith(b":"):
            self._whole = not begun.startswith(_FIELDS)
            self.kept = 0
        return begun

    def _events(self, data: bytes) -> str:
        """The text of whole events, whose lines end as nearly all servers end them."""
        texts: list[str] = []
        for event in data.split(b"\n\n"):
            frame = self._frame
            said = None if frame is None else frame.inside(event)
            if frame is not None and said is not None:
                frame.parts.append(said)
                self.words += len(said)
                texts.append(said if frame.shown else "")
            elif event.startswith(b"data: ") and b"\n" not in event:
                texts.append(self._event(event[6:]))
            else:
                texts.extend(map(self._line, [*event.split(b"\n"), b""]))
        return "".join(texts)

    def _lines(self, data: bytes) -> str:
        """The text of the events that *data* completes, whichever way its lines end."""
        data = self._taken(self._rest) + data
        ended = data.removesuffix(b"\r")
        *lines, rest = ended.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
        text = "".join(map(self._line, lines))
        self._keep(self._rest, rest)
        self._keep(self._rest, data[len(ended) :])  # maybe half a line end
        return text

    def _line(self, line: bytes) -> str:
        """The text of the event that *line* ends, if it ends one."""
        if line:
            name, _, value = line.partition(b":")
            if name == b"data":
                self._keep(self._data, value.removeprefix(b" "))
            return ""
        data = self._taken(self._data, b"\n")
        return self._event(data) if data else ""

    def _event(self, data: bytes) -> str:
        """The text that the event with *data* adds."""
        frame, self._frame = self._frame, None
        if frame is not None and frame.used:
            self._lessons = _LESSONS
        if self.ended or data.strip() == b"[DONE]":
            self.ended = True
            return ""
        chunk = _object(data)
        voice, streamed = self.voice, self.voice.streamed
        voice.given_all()
        words = streamed.words
        with suppress(TypeError):  # an event of an unknown form says nothing to us
            streamed.add(chunk)
        self.ended = streamed.over or streamed.whole is not None
        fresh = voice.fresh()
        if streamed.words > words:
            self.words += streamed.words - words
            self._learn(data)
        return fresh

    def _learn(self, data: bytes) -> None:
        """Expect the next event to look like the last one, unless that was in vain too often."""
        if self._lessons:
            self._lessons -= 1
            self._frame = learnt(data, self.voice)

    def _keep(self, parts: list[bytes], data: bytes) -> None:
        if data:
            parts.append(data)
            self.kept += len(data)

    def _taken(self, parts: list[bytes], between: bytes = b"") -> bytes:
        """All *parts* that were kept, which are no more."""
        if not parts:
            return b""
        data = between.join(parts)
        self.kept -= sum(map(len, parts))
        parts.clear()
        return data


def _object(data: bytes) -> object:
    try:
        chunk = chunk_of(data)
    except (ValueError, RecursionError) as error:
        raise BadEventError(data) from error
    if not isinstance(chunk, dict):
        raise BadEventError(data)
    return cast("object", chunk)
