"""Answers as streams: the healthy one piece by piece, and every way in which one goes wrong."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping, Sequence

from deterministic_llm._core.exchange import Completion, JsonObject
from deterministic_llm.testing.envelopes import deltas, envelope, error, event, sent_event, usage_of
from deterministic_llm.testing.fault import Fault
from deterministic_llm.testing.interfaces import interface_of, worded
from deterministic_llm.testing.wire import Wire

_FIRST = event({"role": "assistant", "content": '{"a"'})
_REST = event({"content": ":1}"})
_END = event({}, "stop")
_DONE = b"data: [DONE]\n\n"
_WHOLE: Sequence[bytes] = (_REST, _END, _DONE)
_OVERLOADED: JsonObject = {"type": "overloaded_error", "message": "Overloaded", "code": "529"}
_NO_OPTIONS = error("Unrecognized request argument supplied: stream_options")


async def speak(wire: Wire, answer: Completion) -> None:
    """The healthy *answer* a few characters at a time, until the client hangs up."""
    await wire.begin_events()
    other = interface_of(wire)
    size = wire.tempo.chunk
    events = _events(answer, size) if other is None else other.events(envelope(answer), size)
    for sent, characters in events:
        await wire.chunk(sent)
        wire.count(characters)
        if characters and not await wire.rested():
            return
    if other is not None:
        wire.charge(answer.usage)
        await wire.end_events()
        return
    if wire.counts_tokens:
        wire.charge(answer.usage)
        await wire.chunk(event(None, usage=usage_of(answer)))
    await wire.chunk(_DONE)
    await wire.end_events()


def _events(answer: Completion, size: int) -> Iterator[tuple[bytes, int]]:
    for delta, finish, characters in deltas(answer, size):
        yield event(delta, finish), characters


def _streaming(about: str, *events: bytes, last: bool = True) -> Fault:
    """These server-sent events after a first one, and the end of the connection."""

    async def play(wire: Wire, answer: Completion) -> None:
        del answer
        await wire.events([_FIRST, *events], last=last)
        wire.hang_up()

    return Fault(about, play)


async def _reset(wire: Wire, answer: Completion) -> None:
    del answer
    await wire.events([_FIRST], last=False)
    await wire.left_alone(0.02)
    wire.reset()


async def _late_reset(wire: Wire, answer: Completion) -> None:
    del answer
    await wire.events([_FIRST, _REST, _END], last=False)
    await wire.left_alone(0.02)
    wire.reset()


async def _stall(wire: Wire, answer: Completion) -> None:
    del answer
    await wire.events([_FIRST], last=False)
    await wire.silence()


async def _linger(wire: Wire, answer: Completion) -> None:
    del answer
    await wire.events([_FIRST, *_WHOLE], last=False)
    await wire.silence()


async def _drip(wire: Wire, answer: Completion) -> None:
    del answer
    await wire.events([_FIRST], last=False)
    blank = event({"content": " "})
    await wire.drops(b"%x\r\n%s\r\n" % (len(blank), blank), 60)


async def _ping(wire: Wire, answer: Completion) -> None:
    del answer
    await wire.events([_FIRST], last=False)
    await wire.drops(b"8\r\n: ping\n\n\r\n", 60)


async def _whole(wire: Wire, answer: Completion) -> None:
    wire.charge(answer.usage)
    await wire.reply(worded(wire, envelope(answer)))


async def _without_options(wire: Wire, answer: Completion) -> None:
    if "stream_options" in wire.asked:
        await wire.reply(_NO_OPTIONS, status=400)
    else:
        await speak(wire, answer)


async def _gzip(wire: Wire, answer: Completion) -> None:
    del answer
    press = zlib.compressobj(wbits=zlib.MAX_WBITS | 16)
    parts = [press.compress(each) + press.flush(zlib.Z_SYNC_FLUSH) for each in (_FIRST, *_WHOLE)]
    await wire.begin_events({"content-encoding": "gzip"})
    for part in (*parts, press.flush()):
        await wire.chunk(part)
    await wire.end_events()


def _cut(events: Sequence[bytes]) -> Iterator[bytes]:
    """*events* a few bytes at a time, so that characters and line ends are cut, too."""
    whole = b"".join(events)
    return (whole[at : at + 3] for at in range(0, len(whole), 3))


_UTF_8 = b'data: {"choices": [{"delta": {"content": "\xc3\xa9\xf0\x9f\x98\x80"}}]}\n\n'
STREAMS: Mapping[str, Fault] = {
    "stream": Fault("The healthy answer as a stream.", speak),
    "stream_eof": _streaming("The end without a reason or [DONE]."),
    "stream_no_done": _streaming("A reason for the end, and no [DONE].", _REST, _END),
    "stream_no_last_chunk": _streaming("Closed without the last chunk.", _REST, last=False),
    "stream_lingers": Fault("Silence after [DONE].", _linger),
    "stream_late_reset": Fault("Reset after the reason for the end.", _late_reset),
    "stream_reset": Fault("Reset after the first event.", _reset),
    "stream_error": _streaming("An error among the data.", sent_event({"error": _OVERLOADED})),
    "stream_error_event": _streaming(
        "An error as an event of Anthropic's.",
        b"event: error\n" + sent_event({"type": "error", "error": _OVERLOADED}),
    ),
    "stream_error_text": _streaming(
        "An error that is a text.", sent_event({"error": "overloaded"})
    ),
    "stream_malformed": _streaming("An event that is no JSON.", b'data: {"id": \n\n', *_WHOLE),
    "stream_half_event": _streaming("The end in the middle of an event.", b'data: {"id": "x", "ch'),
    "stream_latin1": _streaming(
        "An event that is not UTF-8.", b'data: {"id": "\xe9"}\n\n', *_WHOLE
    ),
    "stream_comments": _streaming("Comments between the events.", b": ping\n\n", *_WHOLE),
    "stream_usage": _streaming(
        "A last event with usage and no choices.", _REST, _END, event(None, usage={}), _DONE
    ),
    "stream_double_finish": _streaming("Two reasons for the end.", _REST, _END, _END, _DONE),
    "stream_crlf": _streaming(
        "Lines that end in CRLF.", *(each.replace(b"\n", b"\r\n") for each in _WHOLE)
    ),
    "stream_multi_line": _streaming(
        "Data in several lines.", *(each.replace(b', "', b',\ndata: "') for each in _WHOLE)
    ),
    "stream_cut": _streaming("Three bytes at a time, whatever they are.", *_cut([_UTF_8, *_WHOLE])),
    "stream_joined": _streaming("All events at once.", b"".join(_WHOLE)),
    "stream_gzip": Fault("Compressed events.", _gzip),
    "stream_whole": Fault("A whole answer, though a stream was asked.", _whole),
    "stream_options": Fault("Status 400 where stream_options are sent.", _without_options),
    "stream_stall": Fault("Silence after the first event.", _stall),
    "stream_pings": Fault("A comment now and then, 60 times.", _ping),
    "stream_drip": Fault("A blank now and then, 60 times.", _drip),
    "stream_endless": _streaming(
        "The same word 20,000 times.", *[event({"content": "ha "})] * 20_000, _END, _DONE
    ),
}
"""A stream and its faults, by the name that scripts and addresses call them."""
