"""The fault server plays what it was told, and counts what it was asked."""

from __future__ import annotations

import json
import socket
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from urllib.parse import urlsplit

import openai
import pytest
from pydantic import BaseModel
from tenacity.wait import wait_none

from deterministic_llm import Completion, Model, Usage
from deterministic_llm._core.exchange import ToolCall
from deterministic_llm.testing import FAULTS, FaultServer


class Point(BaseModel):
    """What the healthy answer is."""

    a: int


def client(address: str) -> openai.OpenAI:
    return openai.OpenAI(base_url=address, api_key="k", max_retries=0)


def said(address: str, **headers: str) -> str | None:
    """The content that a plain client of OpenAI's gets."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    with client(address) as sdk:
        answer = sdk.chat.completions.create(
            model="m", messages=[{"role": "user", "content": "?"}], extra_headers=named
        )
    return answer.choices[0].message.content


def test_a_script_is_played_a_step_a_request():
    """The last step again and again; statuses, bodies and answers of one's own."""
    with FaultServer() as server:
        address = server.script("run-17", ["503_now", "html", Completion("oops"), "ok"])
        model = Model("openai:m", base_url=address, api_key="k", wait=wait_none())
        result = model.run("?", Point)
        assert result.output == Point(a=1)
        assert [attempt.outcome for attempt in result.attempts] == [
            "overloaded",
            "malformed",
            "invalid",
            "accepted",
        ]
        assert model.generate("?", Point) == Point(a=1)
        assert server.counts == {"run-17": 5}
        assert (server.answered, server.charged) == (3, Usage(14, 6))


def test_a_header_names_the_script_too():
    """So one client plays many scripts."""
    with FaultServer("first") as server:
        server.script("other", [Completion("second")])
        assert said(server.base_url("ok")) == "first"
        assert said(server.base_url("ok"), x_fault="other") == "second"
        assert server.counts == {"ok": 1, "other": 1}


def test_an_answer_is_sent_as_it_was_given():
    """Text, calls, reasoning, names, tokens and the reason for the end."""
    answer = Completion(
        "hm",
        "length",
        model="m-1",
        fingerprint="fp",
        usage=Usage(5, 4, cached_tokens=3, reasoning_tokens=2),
        calls=(ToolCall("answer", "{}"),),
        reasoning="so",
    )
    with FaultServer(answer) as server, client(server.base_url("ok")) as sdk:
        seen = sdk.chat.completions.create(model="m", messages=[{"role": "user", "content": "?"}])
        assert server.charged == answer.usage
    choice = seen.choices[0]
    assert (seen.model, seen.system_fingerprint, choice.finish_reason) == ("m-1", "fp", "length")
    assert choice.message.content == "hm"
    assert choice.message.model_dump()["reasoning_content"] == "so"
    calls = choice.message.model_dump()["tool_calls"]
    assert [call["function"] for call in calls] == [{"name": "answer", "arguments": "{}"}]
    assert seen.usage is not None
    assert seen.usage.total_tokens == 9


def test_what_does_not_exist_is_refused():
    """Unknown faults when they are named, and a request for one with a sentence."""
    with FaultServer() as server:
        with pytest.raises(ValueError, match="no fault or script is called 'nonsense'"):
            server.base_url("nonsense")
        with pytest.raises(ValueError, match="no fault is called 'nonsense'"):
            server.script("run", ["ok", "nonsense"])
        with pytest.raises(ValueError, match="a script has a step"):
            server.script("run", [])
        with pytest.raises(openai.NotFoundError, match="no fault is called 'nonsense'"):
            said(server.base_url("ok"), x_fault="nonsense")


@pytest.mark.parametrize("name", FAULTS)
def test_every_fault_says_what_it_is(name: str):
    """In one sentence."""
    assert FAULTS[name].about.endswith(".")


STREAMS = {
    "stream": (5, b"0\r\n\r\n"),
    "stream_lingers": (4, b"\n\n\r\n"),
    "stream_late_reset": (3, b"\n\n\r\n"),
    "stream_crlf": (4, b"0\r\n\r\n"),
    "stream_multi_line": (16, b"0\r\n\r\n"),
    "stream_joined": (4, b"0\r\n\r\n"),
    "stream_options": (5, b"0\r\n\r\n"),
    "stream_pings": (1, b"\n\n\r\n"),
    "stream_eof": (1, b"0\r\n\r\n"),
    "stream_no_done": (3, b"0\r\n\r\n"),
    "stream_no_last_chunk": (2, b"\n\n\r\n"),
    "stream_reset": (1, b"\n\n\r\n"),
    "stream_error": (2, b"0\r\n\r\n"),
    "stream_error_event": (2, b"0\r\n\r\n"),
    "stream_error_text": (2, b"0\r\n\r\n"),
    "stream_malformed": (5, b"0\r\n\r\n"),
    "stream_half_event": (2, b"0\r\n\r\n"),
    "stream_latin1": (5, b"0\r\n\r\n"),
    "stream_comments": (4, b"0\r\n\r\n"),
    "stream_usage": (5, b"0\r\n\r\n"),
    "stream_double_finish": (5, b"0\r\n\r\n"),
    "stream_stall": (1, b"\n\n\r\n"),
    "stream_drip": (61, b"\n\n\r\n"),
    "stream_endless": (20_003, b"0\r\n\r\n"),
}


@pytest.mark.parametrize("name", STREAMS)
def test_a_stream_fault_sends_its_events(name: str):
    """So many events, and the end of the bytes."""
    with FaultServer(pace=0.002, patience=0.05) as server:
        raw = received(server.base_url(name))
    events, end = STREAMS[name]
    assert raw.count(b"data: ") == events
    assert raw.endswith(end)


def received(address: str) -> bytes:
    """Everything that the server sends until it hangs up."""
    parts = urlsplit(address)
    got = b""
    with socket.create_connection((parts.hostname, parts.port)) as connection:
        path = f"{parts.path}/chat/completions"
        connection.sendall(f"POST {path} HTTP/1.1\r\ncontent-length: 0\r\n\r\n".encode())
        connection.settimeout(2)
        try:
            while not got.endswith(b"[DONE]\n\n\r\n0\r\n\r\n") and (
                piece := connection.recv(65_536)
            ):
                got += piece
        except ConnectionResetError:
            pass
    return got


def test_a_whole_stream_can_be_read_by_the_sdk():
    """Text, the reason for the end, and the tokens."""
    with FaultServer("hello") as server, client(server.base_url("stream")) as sdk:
        chunks = list(
            sdk.chat.completions.create(
                model="m",
                messages=[{"role": "user", "content": "?"}],
                stream=True,
                stream_options={"include_usage": True},
            )
        )
        assert (server.answered, server.charged) == (1, Usage(7, 3))
    texts = [chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices]
    assert "".join(texts) == "hello"


def test_many_ask_at_once_and_each_is_counted():
    """From threads, on connections that are kept."""
    with FaultServer() as server:
        address = urlsplit(server.base_url("ok"))

        def ask(_: int) -> list[int]:
            connection = HTTPConnection(address.netloc)
            statuses: list[int] = []
            for _ in range(20):
                connection.request("POST", f"{address.path}/chat/completions", "{}")
                response = connection.getresponse()
                json.loads(response.read())
                statuses.append(response.status)
            connection.close()
            return statuses

        with ThreadPoolExecutor(16) as pool:
            assert list(pool.map(ask, range(16))) == [[200] * 20] * 16
        assert server.counts == {"ok": 320}
        assert (server.answered, server.charged.total_tokens) == (320, 3_200)
