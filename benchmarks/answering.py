"""A chat server in a process of its own that gives every request the same answer at once."""

from __future__ import annotations

import asyncio
import json
import multiprocessing
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from multiprocessing.connection import Connection
from typing import cast

from typing_extensions import override

_ENVELOPE = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "created": 1_790_000_000,
    "model": "gpt-5-mini",
}
_USAGE = {"prompt_tokens": 300, "completion_tokens": 257, "total_tokens": 557}


@contextmanager
def answering(text: str) -> Iterator[str]:
    """The base URL of a server on loopback whose answer is *text*."""
    with _serving({"": _response(text)}) as address:
        yield f"{address}/v1"


@contextmanager
def streaming(texts: Mapping[str, str]) -> Iterator[Mapping[str, str]]:
    """Base URLs, by the names of *texts*, at which each is answered in events of 4 characters."""
    responses = {name: _streamed(text) for name, text in texts.items()}
    with _serving(responses) as address:
        yield {name: f"{address}/{name}/v1" for name in texts}


@contextmanager
def _serving(responses: Mapping[str, bytes]) -> Iterator[str]:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(responses, theirs), daemon=True)
    process.start()
    try:
        yield f"http://127.0.0.1:{ours.recv()}"
    finally:
        process.terminate()
        process.join()


def _serve(responses: Mapping[str, bytes], told: Connection) -> None:
    async def serve() -> None:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: _Answering(responses), "127.0.0.1", 0)
        told.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(serve())


class _Answering(asyncio.Protocol):
    """One connection: a whole request goes in, the response of its path comes out."""

    def __init__(self, responses: Mapping[str, bytes]) -> None:
        self._responses = responses
        self._received = b""
        self._transport: asyncio.WriteTransport | None = None

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.WriteTransport", transport)

    @override
    def data_received(self, data: bytes) -> None:
        self._received += data
        head, blank, body = self._received.partition(b"\r\n\r\n")
        if not blank:
            return
        length = head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0]
        if len(body) >= int(length) and self._transport is not None:
            self._received = body[int(length) :]
            name = head.split(b" ", 2)[1].split(b"/")[1].decode()
            self._transport.write(self._responses.get(name) or self._responses[""])


def _response(text: str) -> bytes:
    message = {"role": "assistant", "content": text, "refusal": None}
    choices = [{"index": 0, "message": message, "finish_reason": "stop"}]
    body = json.dumps({**_ENVELOPE, "choices": choices, "usage": _USAGE}).encode()
    return _head(f"application/json\r\ncontent-length: {len(body)}") + body


def _streamed(text: str) -> bytes:
    """A chunk of the response for each event, and an event for four characters of *text*."""
    events = [
        _event({"role": "assistant", "content": ""}),
        *(_event({"content": text[at : at + 4]}) for at in range(0, len(text), 4)),
        _event({}, finish="stop"),
        _event(None),
        b"data: [DONE]\n\n",
    ]
    head = _head("text/event-stream\r\ntransfer-encoding: chunked")
    return head + b"".join(_chunks([*events, b""]))


def _event(delta: Mapping[str, str] | None, *, finish: str | None = None) -> bytes:
    """One event; without a *delta* it has the usage and no choices."""
    chunk: dict[str, object] = {
        **_ENVELOPE,
        "object": "chat.completion.chunk",
        "service_tier": "default",
        "system_fingerprint": "fp_0123456789",
        "choices": [],
    }
    if delta is None:
        chunk["usage"] = _USAGE
    else:
        chunk["choices"] = [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}]
    return b"data: " + json.dumps(chunk, separators=(",", ":")).encode() + b"\n\n"


def _chunks(events: Iterable[bytes]) -> Iterator[bytes]:
    return (b"%x\r\n%b\r\n" % (len(event), event) for event in events)


def _head(kind: str) -> bytes:
    return f"HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\n\r\n".encode()
