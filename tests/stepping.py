"""A chat server on loopback that writes the next piece of its answer when it is told to."""

from __future__ import annotations

import asyncio
import json
import threading
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

from deterministic_llm.testing.envelopes import event

_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
_END = b""


class Stepping:
    """Answers of which nothing is sent that was not told: no pace, no guess.

    Each begins with *first*, when there is one, and what is told next goes to whoever is there.
    *sent* counts the pieces that went out, *asked* holds the bodies of the requests, and *left* is
    set when a client hangs up before the end of its answer; *gone* counts those.
    """

    def __init__(self, *, first: str = "") -> None:
        self._first = first
        self.sent = 0
        self.gone = 0
        self.asked: list[dict[str, Any]] = []
        self.left = threading.Event()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)
        self._open: set[asyncio.Task[None]] = set()

    def __enter__(self) -> Self:
        self._thread.start()
        self._ready.wait()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()

    @property
    def base_url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self._port}/v1"

    def say(self, *pieces: str) -> None:
        """Send each of *pieces* as an event of its own, now or when it is asked."""
        for piece in pieces:
            self._tell(event({"content": piece}))

    def end(self) -> None:
        """End the answer as a model does that has said all."""
        self._tell(event({}, "stop"))
        self._tell(b"data: [DONE]\n\n")
        self._tell(_END)

    def _tell(self, data: bytes) -> None:
        self._loop.call_soon_threadsafe(self._told.put_nowait, data)

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._told: asyncio.Queue[bytes] = asyncio.Queue()
        self._stop = asyncio.Event()
        server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        self._port = server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._stop.wait()
        server.close()
        for task in tuple(self._open):
            task.cancel()
        await asyncio.gather(*self._open)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._open.add(task)
        try:
            with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
                while True:
                    await self._answer(reader, writer)
        finally:
            writer.close()
            self._open.discard(task)

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        length = int(head.partition("content-length:")[2].partition("\r\n")[0])
        self.asked.append(json.loads(await reader.readexactly(length)))
        writer.write(_HEAD)
        gone = asyncio.ensure_future(reader.read(1))
        try:
            if self._first:
                await self._send(writer, event({"content": self._first}))
            while data := await self._next(gone):
                await self._send(writer, data)
            writer.write(b"0\r\n\r\n")
        finally:
            gone.cancel()

    async def _send(self, writer: asyncio.StreamWriter, data: bytes) -> None:
        self.sent += 1  # before, for the client may have read it by the time this goes on
        writer.write(b"%x\r\n%s\r\n" % (len(data), data))
        await writer.drain()

    async def _next(self, gone: asyncio.Future[bytes]) -> bytes:
        """What is told next; ConnectionError when the client is *gone* first."""
        told = asyncio.ensure_future(self._told.get())
        await asyncio.wait({gone, told}, return_when=asyncio.FIRST_COMPLETED)
        if told.done():
            return told.result()
        told.cancel()
        self.gone += 1
        self.left.set()
        raise ConnectionError
