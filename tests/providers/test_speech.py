"""Answers read while they are written: when pieces come, what ends them, what is left behind."""

from __future__ import annotations

import asyncio
import gc
import importlib
import json
import socket
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from time import perf_counter
from typing import Any, Self

import pytest
from loopback import Reply, serving
from openai import AsyncOpenAI, DefaultHttpxClient, OpenAI
from patience import eventually

from deterministic_llm import CallFailure, Completion, ConfigurationError, Usage
from deterministic_llm._core.attempts import Request
from deterministic_llm._core.exchange import Constraint, ToolCall
from deterministic_llm.providers.openai import ChatModel
from deterministic_llm.testing import FaultServer

HTTP: Any = importlib.import_module(DefaultHttpxClient.__mro__[1].__module__)
"""The SDK's HTTP library: httpx up to openai 2, httpx2 since."""
PROMPT = ({"role": "user", "content": "Hi"},)
ASKED = Request(1, PROMPT)
KEY = "sk-canary-0123456789"
LEFT = 0.2
GRACE = 2.0
"""Seconds that a busy machine may take."""
LONG = Completion("x" * 16_000, model="m", usage=Usage(7, 4_000))
"""An answer of 4,000 tokens."""

Answer = Completion | CallFailure
Read = Callable[[ChatModel, Request], tuple[list[str], Answer]]


def blocking(model: ChatModel, request: Request) -> tuple[list[str], Answer]:
    with model.stream(request) as answering:
        pieces = list(answering)
    return pieces, answering.answer()


def awaiting(model: ChatModel, request: Request) -> tuple[list[str], Answer]:
    return asyncio.run(read(model, request))


async def read(model: ChatModel, request: Request) -> tuple[list[str], Answer]:
    async with model.astream(request) as answering:
        pieces = [piece async for piece in answering]
    return pieces, answering.answer()


both = pytest.mark.parametrize("ask", [blocking, awaiting])


def model_of(server: FaultServer, name: str = "ok") -> ChatModel:
    return ChatModel("m", base_url=server.base_url(name), api_key=KEY)


def untimed(answer: Answer) -> Answer:
    if isinstance(answer, Completion):
        return replace(answer, seconds=0.0, first_token=None)
    return replace(answer, seconds=0.0, message="")


@both
def test_an_answer_comes_in_pieces_and_is_whole_at_the_end(ask: Read):
    """With the tokens that the server counted, and the time to its first word."""
    with FaultServer("hello, world") as server:
        pieces, answer = ask(model_of(server), ASKED)
        assert (server.answered, server.sent) == (1, 12)
    assert pieces == ["hell", "o, w", "orld"]
    assert untimed(answer) == Completion("hello, world", model="faulty", usage=Usage(7, 3))
    assert isinstance(answer, Completion)
    assert answer.first_token is not None
    assert 0 < answer.first_token < answer.seconds


TOOL = Constraint("tool", schema={"type": "object"})
CALLED = Completion(
    "hm", calls=(ToolCall("answer", '{"a":1}'), ToolCall("other", "{}")), reasoning="so so"
)
PIECES = [
    pytest.param(CALLED, ASKED, ["hm"], id="the content"),
    pytest.param(
        CALLED,
        replace(ASKED, constraint=TOOL),
        ['{"a"', ":1}"],
        id="the arguments of the tool that was asked for",
    ),
    pytest.param(
        replace(CALLED, text=None), ASKED, ['{"a"', ":1}"], id="or of one that nobody asked for"
    ),
    pytest.param(Completion(None, reasoning="so so"), ASKED, [], id="never the thinking"),
    pytest.param(Completion(None, "refusal", refusal="no"), ASKED, [], id="nor a refusal"),
]


@both
@pytest.mark.parametrize(("answer", "request_", "expected"), PIECES)
def test_the_pieces_are_the_text_that_is_read(
    ask: Read, answer: Completion, request_: Request, expected: list[str]
):
    """All else is in the answer."""
    with FaultServer(answer) as server:
        pieces, told = ask(model_of(server), request_)
    assert pieces == expected
    assert untimed(told) == replace(answer, model="faulty")


@both
def test_what_is_sent_asks_for_a_stream_and_its_tokens(ask: Read):
    """What the caller says of it stands."""
    body = b'data: {"choices": [{"delta": {"content": "x"}, "finish_reason": "stop"}]}\n\n'
    options = {"include_usage": False}
    with serving([Reply(body=body)]) as server:
        model = ChatModel("m", base_url=server.base_url, api_key="k")
        ask(model, ASKED)
        ask(model, replace(ASKED, parameters={"extra_body": {"stream_options": options}}))
    asked = {"model": "m", "messages": [*PROMPT], "stream": True}
    assert server.bodies == [
        {**asked, "stream_options": {"include_usage": True}},
        {**asked, "stream_options": options},
    ]
    assert server.headers[0]["accept-encoding"] == "identity"


@both
def test_a_server_without_stream_options_is_asked_without_them(ask: Read):
    """It is asked twice once, and remembered; another complaint is one."""
    with FaultServer() as server:
        model = model_of(server, "stream_options")
        for _ in range(2):
            assert untimed(ask(model, ASKED)[1]) == Completion('{"a":1}', model="faulty")
        assert server.counts == {"stream_options": 3}
        pieces, refused = ask(model_of(server, "400"), ASKED)
        assert isinstance(refused, CallFailure)
        assert (pieces, refused.kind, server.counts["400"]) == ([], "bad_request", 1)


class Steps:
    """A server that sends the next event only when it is told to."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(5)
        self.address = f"http://127.0.0.1:{self._listener.getsockname()[1]}/v1"
        self._connection: socket.socket | None = None

    def __enter__(self) -> Self:
        threading.Thread(target=self._answer, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._connection is not None:
            self._connection.close()
        self._listener.close()

    def _answer(self) -> None:
        connection, _ = self._listener.accept()
        self._connection = connection
        connection.recv(65_536)
        head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n"
        connection.sendall(head.encode())
        self.say("0")

    def say(self, text: str) -> None:
        """Send one event with *text*."""
        assert self._connection is not None
        chunk = {"choices": [{"index": 0, "delta": {"content": text}}]}
        self._connection.sendall(b"data: " + json.dumps(chunk).encode() + b"\n\n")


def test_each_piece_is_there_before_the_next_is_sent():
    """Nothing is held back until more comes: each event is sent once the last was read."""
    with Steps() as server:
        model = ChatModel("m", base_url=server.address, api_key="k")
        with model.stream(replace(ASKED, timeout=5.0)) as answering:
            for number, piece in enumerate(answering):
                assert piece == str(number)
                if number == 5:
                    break
                server.say(str(number + 1))


def test_each_piece_is_there_before_the_next_is_sent_awaiting():
    """The same in an event loop."""

    async def reading(address: str, say: Callable[[str], None]) -> None:
        model = ChatModel("m", base_url=address, api_key="k")
        number = 0
        async with model.astream(replace(ASKED, timeout=5.0)) as answering:
            async for piece in answering:
                assert piece == str(number)
                number += 1
                if number == 5:
                    break
                say(str(number))

    with Steps() as server:
        asyncio.run(reading(server.address, server.say))


class MineError(Exception):
    """Raised in the body of a block."""


def left(model: ChatModel) -> None:
    with model.stream(ASKED) as answering:
        for _ in answering:
            break


def raised(model: ChatModel) -> None:
    with suppress(MineError), model.stream(ASKED) as answering:
        for _ in answering:
            raise MineError


def stopped(model: ChatModel) -> None:
    with model.stream(ASKED) as answering:
        for _ in answering:
            answering.stop()


def stopped_from_outside(model: ChatModel) -> None:
    with model.stream(ASKED) as answering:
        for _ in answering:
            thread = threading.Thread(target=answering.stop)
            thread.start()
            thread.join()


def pieces_of(model: ChatModel) -> Iterator[str]:
    with model.stream(ASKED) as answering:
        yield from answering


def dropped(model: ChatModel) -> None:
    for _ in pieces_of(model):
        break


def closed(model: ChatModel) -> None:
    pieces = pieces_of(model)
    next(pieces)
    pieces.close()  # type: ignore[attr-defined]  # it is a generator


async def left_async(model: ChatModel) -> None:
    async with model.astream(ASKED) as answering:
        async for _ in answering:
            break


async def raised_async(model: ChatModel) -> None:
    with suppress(MineError):
        async with model.astream(ASKED) as answering:
            async for _ in answering:
                raise MineError


async def stopped_async(model: ChatModel) -> None:
    async with model.astream(ASKED) as answering:
        async for _ in answering:
            await answering.stop()


async def cancelled_async(model: ChatModel) -> None:
    begun = asyncio.Event()

    async def reading() -> None:
        async with model.astream(ASKED) as answering:
            async for _ in answering:
                begun.set()

    task = asyncio.ensure_future(reading())
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def pieces_of_async(model: ChatModel) -> AsyncIterator[str]:
    async with model.astream(ASKED) as answering:
        async for piece in answering:
            yield piece


async def dropped_async(model: ChatModel) -> None:
    async for _ in pieces_of_async(model):
        break


async def closed_async(model: ChatModel) -> None:
    pieces = pieces_of_async(model)
    await anext(pieces)
    await pieces.aclose()  # type: ignore[attr-defined]  # it is a generator


@pytest.mark.parametrize("way", [left, raised, stopped, stopped_from_outside, dropped, closed])
def test_whatever_ends_the_reading_ends_the_response(way: Callable[[ChatModel], None]):
    """Of 4,000 tokens at most a tenth is written, and no connection, thread or slot is left."""
    threads = threading.active_count()
    with FaultServer(LONG, pause=0.002) as server:
        way(model_of(server))
        assert eventually(lambda: server.busy == 0 and server.open == 0)
        assert server.sent < len(LONG.text or "") / 10
        assert server.answered == 0
    assert threading.active_count() == threads


@pytest.mark.parametrize(
    "way",
    [left_async, raised_async, stopped_async, cancelled_async, dropped_async, closed_async],
)
def test_whatever_ends_the_reading_ends_the_response_awaiting(
    way: Callable[[ChatModel], Any],
):
    """While the event loop goes on; no task is left."""

    async def ending(server: FaultServer) -> None:
        await way(model_of(server))
        for _ in range(1_000):
            await asyncio.sleep(0.005)
            if (server.busy, server.open, len(asyncio.all_tasks())) == (0, 0, 1):
                return
        raise AssertionError("something is still under way")

    with FaultServer(LONG, pause=0.002) as server:
        asyncio.run(ending(server))
        assert server.sent < len(LONG.text or "") / 10


def test_a_stopped_answer_is_what_had_come():
    """With an estimate of its tokens, and those that it saved."""
    request = replace(ASKED, parameters={"max_tokens": 100})
    with FaultServer(LONG, pause=0.002) as server:
        with model_of(server).stream(request) as answering:
            for number, _ in enumerate(answering, 1):
                if number == 10:
                    answering.stop()
        assert untimed(answering.answer()) == Completion(
            "x" * 40, "stopped", model="faulty", usage=Usage(1, 10), saved_tokens=90
        )


def test_an_answer_that_was_left_was_stopped_too():
    """Also when nothing of it was read."""
    with FaultServer(LONG, pause=0.002) as server, model_of(server).stream(ASKED) as answering:
        pass
    assert untimed(answering.answer()) == Completion(None, "stopped", usage=Usage(1, 0))


def test_a_wait_is_ended_from_another_thread():
    """The iteration ends at once, although the server says nothing."""
    with FaultServer() as server:
        with model_of(server, "stream_stall").stream(ASKED) as answering:
            pieces: list[str] = []
            for piece in answering:
                pieces.append(piece)
                threading.Timer(0.05, answering.stop).start()
        assert eventually(lambda: server.busy == 0)
    assert pieces == ['{"a"']
    answer = answering.answer()
    assert isinstance(answer, Completion)
    assert (answer.text, answer.finish) == ('{"a"', "stopped")


@both
def test_a_connection_serves_the_next_answer(ask: Read):
    """It was read to its end; where the server does not end it, it is not waited for."""
    with FaultServer() as server:
        model = model_of(server)
        if ask is blocking:
            for _ in range(3):
                ask(model, ASKED)
        else:
            asyncio.run(three_times(model))
        assert server.connections == 1
        started = perf_counter()
        pieces, answer = ask(model_of(server, "stream_lingers"), ASKED)
        assert perf_counter() - started < 2
        assert pieces == ['{"a"', ":1}"]
        assert untimed(answer) == Completion('{"a":1}', model="faulty")


async def three_times(model: ChatModel) -> None:
    for _ in range(3):
        await read(model, ASKED)


LIMITS = [
    pytest.param("hang", {"timeout": LEFT}, "late", id="silence, and the deadline"),
    pytest.param("drip_head", {"timeout": LEFT}, "late", id="a dripping head"),
    pytest.param("stall", {"timeout": LEFT}, "late", id="silence in a whole body"),
    pytest.param("stream_stall", {"timeout": LEFT}, "late", id="silence among the events"),
    pytest.param("stream_pings", {"timeout": LEFT}, "late", id="nothing but comments"),
    pytest.param("stream_drip", {"timeout": LEFT}, "late", id="a word now and then"),
    pytest.param("hang", {"call_timeout": LEFT}, "timeout", id="silence, and the call's time"),
    pytest.param("stall", {"call_timeout": LEFT}, "timeout", id="silence after a whole body began"),
    pytest.param("stream_drip", {"call_timeout": LEFT}, "timeout", id="words, but no end of them"),
    pytest.param(
        "stream_drip",
        {"call_timeout": LEFT, "first_token_timeout": 9.0, "idle_timeout": 9.0, "timeout": 9.0},
        "timeout",
        id="the whole of a call, however steady it is",
    ),
    pytest.param(
        "stream_drip", {"call_timeout": 9.0, "timeout": LEFT}, "late", id="the run's time is less"
    ),
    pytest.param("hang", {"first_token_timeout": LEFT}, "timeout", id="no first word"),
    pytest.param("drip", {"first_token_timeout": LEFT}, "timeout", id="blanks are no word"),
    pytest.param("stream_stall", {"idle_timeout": LEFT}, "timeout", id="no next word"),
    pytest.param("stream_pings", {"idle_timeout": LEFT}, "timeout", id="comments are no words"),
    pytest.param(
        "stream_stall", {"idle_timeout": LEFT, "timeout": 9.0}, "timeout", id="the first counts"
    ),
    pytest.param(
        "stream_stall",
        {"first_token_timeout": LEFT, "idle_timeout": 9.0, "timeout": 2 * LEFT},
        "late",
        id="a first word in time",
    ),
]


@both
@pytest.mark.parametrize(("name", "limits", "kind"), LIMITS)
def test_a_wait_ends_when_its_time_is_over(
    ask: Read, name: str, limits: dict[str, float], kind: str
):
    """Whatever the server does; what had come is kept."""
    threads = threading.active_count()
    with FaultServer(pace=0.02) as server:
        model = model_of(server, name)
        model._clients.blocking()  # what takes a while once
        started = perf_counter()
        pieces, answer = ask(model, replace(ASKED, **limits))
        seconds = perf_counter() - started
        assert eventually(lambda: server.busy == 0)
    assert isinstance(answer, CallFailure)
    assert answer.kind == kind
    least = limits["timeout"] if kind == "late" else LEFT
    assert least <= seconds < least + GRACE
    assert answer.partial == ("".join(pieces) or None)
    assert "127.0.0.1" in answer.message
    assert threading.active_count() == threads


@both
def test_in_time_the_limits_change_nothing(ask: Read):
    """All of them at once."""
    names = ("timeout", "call_timeout", "first_token_timeout", "idle_timeout")
    limits = dict.fromkeys(names, 30.0)
    with FaultServer("hello, world", pause=0.002) as server:
        pieces, answer = ask(model_of(server), replace(ASKED, **limits))
    assert pieces == ["hell", "o, w", "orld"]
    assert untimed(answer) == Completion("hello, world", model="faulty", usage=Usage(7, 3))


@both
def test_a_slow_rest_is_no_slow_beginning(ask: Read):
    """The time for the first word is no time of the others."""
    with FaultServer("hello, w", pause=0.6) as server:
        pieces, answer = ask(model_of(server), replace(ASKED, first_token_timeout=0.5))
    assert pieces == ["hell", "o, w"]
    assert isinstance(answer, Completion)


def test_a_slow_reader_is_no_slow_server():
    """The time between two words is that of waiting, not of working on them."""
    with FaultServer("hello, world") as server:
        with model_of(server).stream(replace(ASKED, idle_timeout=0.3)) as answering:
            for _ in answering:
                threading.Event().wait(0.35)
        assert isinstance(answering.answer(), Completion)


def test_a_slow_reader_is_no_slow_server_awaiting():
    """The same in an event loop."""

    async def reading(model: ChatModel) -> Answer:
        async with model.astream(replace(ASKED, idle_timeout=0.3)) as answering:
            async for _ in answering:
                await asyncio.sleep(0.35)
        return answering.answer()

    with FaultServer("hello, world") as server:
        assert isinstance(asyncio.run(reading(model_of(server))), Completion)


def test_a_response_that_comes_too_late_is_thrown_away():
    """Its connection is closed, and nobody waits for it."""
    with FaultServer() as server:
        model = model_of(server, "slow")
        model._clients.blocking()
        pieces, answer = blocking(model, replace(ASKED, timeout=0.02))
        assert isinstance(answer, CallFailure)
        assert (pieces, answer.kind) == ([], "late")
        assert eventually(lambda: server.open == 0)


def test_a_cancelled_wait_is_no_failure():
    """The cancellation passes through, also when a time of ours is over a moment later."""

    async def cancelled(server: FaultServer) -> None:
        for limits in ({}, {"idle_timeout": 0.06}):
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.05):
                    await read(model_of(server, "stream_stall"), replace(ASKED, **limits))
        task = asyncio.current_task()
        assert task is not None
        assert task.cancelling() == 0

    with FaultServer() as server:
        asyncio.run(cancelled(server))
        assert eventually(lambda: server.busy == 0)


SECRETS = [
    pytest.param(Reply(status=401, body=b"@"), id="with a status"),
    pytest.param(
        Reply(body=b'data: {"error": {"message": "wrong key @"}}\n\n'), id="in an error event"
    ),
    pytest.param(Reply(body=b"data: wrong key @\n\n"), id="in a broken event"),
    pytest.param(Reply(body=b'{"error": {"message": "wrong key @"}}'), id="in a whole body"),
    pytest.param(Reply(body=b"wrong key @"), id="in no JSON"),
]


@both
@pytest.mark.parametrize("reply", SECRETS)
@pytest.mark.parametrize("key", [KEY, "an-odd-key-0123456789"])
def test_keys_are_in_no_message(ask: Read, reply: Reply, key: str):
    """Some servers repeat them."""
    body = (reply.body or b"").replace(b"@", key.encode())
    with serving([replace(reply, body=body)]) as server:
        model = ChatModel("m", base_url=server.base_url, api_key=key)
        answer = ask(model, ASKED)[1]
    assert isinstance(answer, CallFailure)
    assert "wrong key" in answer.message or answer.status == 401
    assert key not in repr(answer)
    assert key not in repr(model.stream(ASKED))


def test_a_transport_without_a_network_is_read_too():
    """A given client may answer from memory, as tests of others do."""
    body = b'data: {"choices": [{"delta": {"content": "hello"}}]}\n\ndata: [DONE]\n\n'
    transport = HTTP.MockTransport(lambda _: HTTP.Response(200, content=body))
    with OpenAI(api_key="k", http_client=HTTP.Client(transport=transport)) as given:
        for left in (None, 5.0):
            pieces, answer = blocking(ChatModel("m", client=given), replace(ASKED, timeout=left))
            assert pieces == ["hello"]
            assert isinstance(answer, Completion)


def test_what_cannot_be_hung_up_ends_with_the_next_read():
    """Nothing of it is text any more."""
    event = b'data: {"choices": [{"delta": {"content": "hello"}}]}\n\n'
    transport = HTTP.MockTransport(lambda _: HTTP.Response(200, content=iter([event] * 3)))
    with OpenAI(api_key="k", http_client=HTTP.Client(transport=transport)) as given:
        with ChatModel("m", client=given).stream(ASKED) as answering:
            pieces = iter(answering)
            assert next(pieces) == "hello"
            answering.stop()
            assert list(pieces) == []
        answer = answering.answer()
    assert isinstance(answer, Completion)
    assert (answer.text, answer.finish) == ("hello", "stopped")


def test_a_transport_without_a_network_is_read_too_awaiting():
    """The same in an event loop."""
    body = b'data: {"choices": [{"delta": {"content": "hello"}}]}\n\n'
    transport = HTTP.MockTransport(lambda _: HTTP.Response(200, content=body))

    async def reading() -> None:
        client = HTTP.AsyncClient(transport=transport)
        async with AsyncOpenAI(api_key="k", http_client=client) as given:
            for left in (None, 5.0):
                asked = replace(ASKED, timeout=left)
                assert (await read(ChatModel("m", client=given), asked))[0] == ["hello"]

    asyncio.run(reading())


@pytest.mark.skipif(HTTP.__name__ == "httpx", reason="openai 2 makes it a failed connection")
def test_a_bug_in_the_callers_client_passes_through():
    """It is no failure of a call, with a deadline or without."""

    def buggy(_: object) -> None:
        raise KeyError("mine")

    hooks: Any = {"event_hooks": {"request": [buggy]}}
    with OpenAI(api_key="k", http_client=DefaultHttpxClient(**hooks)) as given:
        for left in (None, 5.0):
            with pytest.raises(KeyError, match="mine"):
                blocking(ChatModel("m", client=given), replace(ASKED, timeout=left))


def test_a_client_of_the_wrong_colour_is_named():
    """When the block is entered, and not before."""
    for left in (None, 5.0):
        asked = replace(ASKED, timeout=left)
        with pytest.raises(ConfigurationError, match="has an async client"):
            blocking(ChatModel("m", client=AsyncOpenAI(api_key="k")), asked)
        with pytest.raises(ConfigurationError, match="has a sync client"):
            awaiting(ChatModel("m", client=OpenAI(api_key="k")), asked)


@both
def test_a_stream_may_be_longer_than_the_cap_and_its_text_not(ask: Read):
    """What counts is what is kept, not what came."""
    with FaultServer(Completion("x" * 1_000)) as server:
        model = ChatModel("m", base_url=server.base_url("ok"), api_key=KEY)
        model.max_bytes = 1_000
        assert isinstance(ask(model, ASKED)[1], Completion)
        model.max_bytes = 999
        answer = ask(model, ASKED)[1]
        assert isinstance(answer, CallFailure)
        assert answer.kind == "too_large"


@pytest.mark.untraced
def test_nothing_is_left_after_many_streams():
    """Read, left, stopped and failed, in turns: no connection, no thread."""
    threads = threading.active_count()
    with FaultServer(pace=0.002) as server:
        models = [model_of(server, name) for name in ("ok", "stream_reset", "stream_drip", "500")]
        for number in range(40):
            with models[number % 4].stream(replace(ASKED, timeout=9.0)) as answering:
                for _ in answering:
                    if number % 3 == 0:
                        answering.stop()
                    if number % 3 == 1:
                        break
        del models, answering
        assert eventually(lambda: bool(gc.collect() or True) and server.open == 0)
    assert threading.active_count() == threads
