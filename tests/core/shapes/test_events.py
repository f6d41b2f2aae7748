"""Server-sent events, cut anywhere and ended in any way, come to the same text and answer."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deterministic_llm import CallFailure, Completion, Usage
from deterministic_llm._core.exchange import ToolCall
from deterministic_llm._core.shapes.events import BadEventError, Events
from deterministic_llm._core.shapes.streams import Streamed, Voice

DONE = b"data: [DONE]\n\n"


def event(data: object) -> bytes:
    return b"data: " + json.dumps(data).encode() + b"\n\n"


def chunk(finish: str | None = None, index: int = 0, **delta: object) -> dict[str, Any]:
    choice = {"index": index, "delta": delta, "logprobs": None, "finish_reason": finish}
    return {"id": "x", "created": 1, "model": "m", "choices": [choice]}


def saying(*texts: str) -> bytes:
    return b"".join(event(chunk(content=text)) for text in texts)


def calling(arguments: object, index: int = 0, name: str | None = None) -> dict[str, Any]:
    function = {"arguments": arguments} | ({} if name is None else {"name": name})
    return chunk(tool_calls=[{"index": index, "function": function}])


def read(*reads: bytes, tool: bool = False) -> tuple[list[str], Completion | CallFailure]:
    """The pieces that come of *reads*, and the answer at the end."""
    events = Events(Voice(Streamed(), tool))
    pieces = [events.feed(each) for each in reads] + [events.end()]
    assert "".join(pieces) == events.voice.text
    return [piece for piece in pieces if piece], events.answer()


END = event(chunk("stop"))
USAGE = event({"choices": [], "usage": {"prompt_tokens": 7, "completion_tokens": 3}})
HELLO = Completion("hello", model="m")
BODIES = [
    pytest.param(saying("hel", "lo") + END + DONE, HELLO, id="two events"),
    pytest.param(saying("hel", "lo") + END, HELLO, id="without [DONE]"),
    pytest.param(saying("hel", "lo"), replace(HELLO, finish="unfinished"), id="nobody said why"),
    pytest.param(
        saying("hel", "lo") + END + USAGE + DONE, replace(HELLO, usage=Usage(7, 3)), id="with usage"
    ),
    pytest.param(saying("hel", "lo") + END[:-2], HELLO, id="the last event without a blank line"),
    pytest.param(saying("hel", "lo") + END[:-1], HELLO, id="nor a whole one"),
    pytest.param(
        saying("hel", "lo") + b'data: {"choices": [{"delta"',
        replace(HELLO, finish="unfinished"),
        id="half an event is none",
    ),
    pytest.param(
        (saying("hel", "lo") + END).replace(b"\n", b"\r\n"), HELLO, id="lines that end in CRLF"
    ),
    pytest.param((saying("hel", "lo") + END).replace(b"\n", b"\r"), HELLO, id="or in CR"),
    pytest.param(
        (saying("hel", "lo") + END).replace(b"data: ", b"data:"), HELLO, id="no blank after a colon"
    ),
    pytest.param(b"\xef\xbb\xbf" + saying("hel", "lo") + END, HELLO, id="a byte order mark"),
    pytest.param(b"\n\n" + saying("hel", "lo") + END, HELLO, id="blank lines first"),
    pytest.param(
        b": hi\n\n" + saying("hel") + b": ping\n\n" + saying("lo") + END, HELLO, id="comments"
    ),
    pytest.param(
        b"id: 1\nevent: message\n" + saying("hel") + b"retry: 5\n\n" + saying("lo") + END,
        HELLO,
        id="other fields",
    ),
    pytest.param(
        saying("hel", "lo").replace(b', "choices"', b',\ndata: "choices"') + END,
        HELLO,
        id="data in several lines",
    ),
    pytest.param(
        saying("hel", "lo") + END + DONE + saying("!!"),
        HELLO,
        id="what comes after [DONE] is nothing",
    ),
    pytest.param(saying("hel", "lo") + END + END, HELLO, id="two reasons for the end"),
    pytest.param(
        saying("hel") + event({"odd": 1}) + saying("lo") + END,
        HELLO,
        id="an event of an unknown form",
    ),
    pytest.param(
        saying("hel") + event(chunk(index=1, content="xx")) + saying("lo") + END,
        HELLO,
        id="of several answers the first",
    ),
    pytest.param(
        event(chunk(reasoning_content="hm")) + saying("hel", "lo") + END,
        replace(HELLO, reasoning="hm"),
        id="thinking is no text",
    ),
    pytest.param(
        saying("hel") + event(chunk(content=None, refusal="no")) + saying("lo"),
        replace(HELLO, finish="refusal", refusal="no"),
        id="a refusal",
    ),
    pytest.param(
        saying("hel") + event({"error": {"message": "full", "code": "529"}}),
        CallFailure("full", "overloaded", status=529, code="529"),
        id="an error among them",
    ),
    pytest.param(
        event({"model": "m", "choices": [{"message": {"content": "hello"}}]}) + DONE,
        replace(HELLO, finish="unfinished"),
        id="one event with the whole answer",
    ),
    pytest.param(
        json.dumps({"model": "m", "choices": [{"message": {"content": "hello"}}]}).encode(),
        replace(HELLO, finish="unfinished"),
        id="a whole body",
    ),
    pytest.param(
        b'{"error": {"message": "full", "code": 529}}',
        CallFailure("full", "overloaded", status=529),
        id="a body with an error",
    ),
    pytest.param(
        b"<html></html>",
        CallFailure('the server\'s answer is not JSON: "<html></html>"', "malformed"),
        id="a page",
    ),
    pytest.param(
        b"data of mine",
        CallFailure('the server\'s answer is not JSON: "data of mine"', "malformed"),
        id="a text",
    ),
    pytest.param(
        b"", CallFailure('the server\'s answer is not JSON: ""', "malformed"), id="nothing at all"
    ),
]


@pytest.mark.parametrize(("body", "expected"), BODIES)
def test_a_body_comes_to_the_same_wherever_it_is_cut(
    body: bytes, expected: Completion | CallFailure
):
    """In one read, byte by byte, and line by line; a whole answer has no pieces."""
    for reads in (
        [body],
        [body[at : at + 1] for at in range(len(body))],
        body.splitlines(keepends=True),
    ):
        pieces, answer = read(*reads)
        assert answer == expected
        assert "".join(pieces) in {"", "hello", "hel"}


def test_events_of_one_read_are_one_piece():
    """And each read gives what it has: nothing is kept back."""
    pieces, _ = read(saying("a"), saying("b", "c", "d"), saying("e") + END, DONE)
    assert pieces == ["a", "bcd", "e"]


def test_the_arguments_of_the_tool_are_the_text():
    """Of the first call; what is said beside it is not."""
    reads = [
        event(calling("", name="answer")),
        saying("hm"),
        event(calling('{"a"')),
        event(calling(":1}")),
        event(calling("[]", 1, "other")),
    ]
    pieces, answer = read(*reads, tool=True)
    calls = (ToolCall("answer", '{"a":1}'), ToolCall("other", "[]"))
    assert pieces == ['{"a"', ":1}"]
    assert answer == Completion("hm", "unfinished", model="m", calls=calls)
    assert read(*reads)[0] == ["hm"]


def test_a_call_that_nobody_asked_for_is_the_text_until_there_is_one():
    """What comes first is read; what comes of the other kind later is not mixed into it."""
    call = event(calling('{"a":1}', name="answer"))
    assert read(call, END)[0] == ['{"a":1}']
    assert read(call, saying("hm"), call)[0] == ['{"a":1}', '{"a":1}']
    assert read(saying("hm"), call, saying("!"))[0] == ["hm", "!"]


def test_arguments_that_come_as_an_object_are_written():
    """As some servers send them."""
    pieces, _ = read(event(calling({"a": 1}, name="answer")), tool=True)
    assert pieces == ['{"a": 1}']


BAD = [
    pytest.param(b"{", id="no JSON"),
    pytest.param(b"\xff", id="no UTF-8"),
    pytest.param(b"null", id="no object"),
    pytest.param(b'"hello"', id="a string"),
    pytest.param(b"[" * 100_000, id="too deep"),
]


@pytest.mark.parametrize("data", BAD)
def test_a_broken_event_is_refused(data: bytes):
    """Its beginning is shown."""
    with pytest.raises(BadEventError, match="is no JSON object") as caught:
        Events(Voice(Streamed())).feed(b"data: " + data + b"\n\n")
    assert len(str(caught.value)) < 700


def test_half_a_surrogate_pair_is_kept():
    """The reader refuses what holds it; here it is a text like another."""
    assert read(b'data: {"choices": [{"delta": {"content": "\\ud800"}}]}\n\n')[0] == ["\ud800"]


def test_what_is_held_is_counted():
    """Bytes that wait for more and words that were said."""
    events = Events(Voice(Streamed()))
    events.feed(saying("hello") + b"data: {")
    assert (events.words, events.kept) == (len("hello"), len("data: {"))
    events.feed(b"\n")
    assert (events.words, events.kept) == (len("hello"), len("{"))


def test_events_that_all_look_different_are_learnt_from_only_so_often():
    """Some servers pad each event with noise; after the first few nothing is tried any more."""
    events = Events(Voice(Streamed()))
    for number in range(20):
        events.feed(event({**chunk(content="a"), "noise": "x" * number}))
        assert events._lessons == max(0, 7 - number)
    assert events.voice.text == "a" * 20
    for _ in range(2):
        events.feed(saying("b"))
    assert events.voice.text == "a" * 20 + "bb"


def test_noise_at_the_end_of_an_event_is_passed_over():
    """OpenAI adds some to every event; what else is different is not."""
    events = Events(Voice(Streamed()))
    for number in range(20):
        events.feed(event({**chunk(content="a"), "obfuscation": "x" * number}))
        assert events._lessons == 7
    events.feed(event({**chunk(content="b", refusal="no"), "obfuscation": "x"}))
    assert (events.voice.text, events.voice.streamed.refused) == ("a" * 20 + "b", ["no"])


def test_events_that_look_alike_are_learnt_from_again():
    """Whenever the envelope has changed, as with the second in it."""
    events = Events(Voice(Streamed()))
    for second in range(20):
        for _ in range(2):
            events.feed(event({**chunk(content="a"), "created": second}))
        assert events._lessons == 7
    assert events.voice.text == "a" * 40


DELTAS = st.one_of(
    st.builds(lambda text: chunk(content=text), st.text(max_size=8)),
    st.builds(lambda text: chunk(reasoning_content=text), st.text(max_size=8)),
    st.builds(lambda text: chunk(content=text, role="assistant"), st.text(max_size=8)),
    st.builds(calling, st.text(max_size=8), st.integers(0, 1), st.none() | st.just("answer")),
    st.builds(lambda text: {**chunk(content=text), "created": len(text)}, st.text(max_size=8)),
    st.builds(lambda text: {**chunk(content=text), "usage": {"prompt_tokens": 1}}, st.text()),
    st.builds(
        lambda text, noise: {**chunk(content=text), "obfuscation": noise},
        st.text(max_size=8),
        st.text(max_size=8) | st.sampled_from(["abc", '"}', '","obfuscation":"', "\\"]),
    ),
    st.just(chunk("stop")),
    st.just(chunk(content='"content":"x"')),
    st.just({**chunk(content="a"), "model": "other"}),
)


@given(
    st.lists(DELTAS, max_size=30),
    st.lists(st.integers(0, 4_000), max_size=20),
    st.sampled_from(["content", "arguments"]),
    st.sampled_from([b"\n", b"\r\n"]),
)
def test_nothing_depends_on_how_it_arrives(
    deltas: list[dict[str, Any]],
    cuts: list[int],
    wanted: str,
    line_end: bytes,
):
    """Chunks decoded one by one say the same, whatever came in one read."""
    expected = Streamed()
    voice = Voice(expected, tool=wanted == "arguments")
    said: list[str] = []
    for each in deltas:
        expected.add(each)
        said.append(voice.fresh())
    written = [event(each).replace(b"\n", line_end) for each in deltas]
    body = b"".join(written)
    places = sorted({0, len(body), *(cut for cut in cuts if cut < len(body))})
    pairs = pairwise(places)
    for reads in ([body], written, [body[start:end] for start, end in pairs]):
        pieces, answer = read(*reads, tool=wanted == "arguments")
        if deltas:
            assert answer == expected.answer()
        assert "".join(pieces) == "".join(said)
