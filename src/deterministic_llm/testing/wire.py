"""One connection of the fault server: requests are read from it, and answers, or less, written."""

from __future__ import annotations

import asyncio
import json
import socket
import struct
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from deterministic_llm._core.exchange import JsonValue, Usage

_REASONS = {200: "OK", 307: "Temporary Redirect"}
_JSON = "application/json"


@dataclass(frozen=True, slots=True)
class Asked:
    """One request: the name in its path or header, and its body."""

    name: str
    body: bytes


@dataclass(slots=True)
class Wire:
    """Reads requests and writes bytes.

    *charge* is told the tokens of every answer whose usage a client can read. *pace* is the time
    between two drops and *patience* that of a silence, in seconds; nobody listens at *dead_port*.
    """

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    charge: Callable[[Usage], None]
    pace: float
    patience: float
    dead_port: int

    async def request(self) -> Asked:
        """The next request; raises IncompleteReadError when there is none."""
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        pairs = (line.partition(":") for line in head[1:])
        headers = {name.lower(): value.strip() for name, _, value in pairs}
        body = await self.reader.readexactly(int(headers.get("content-length", "0")))
        path = head[0].split(" ")[1]
        return Asked(headers.get("x-fault") or path.split("/")[1], body)

    async def reply(
        self,
        body: bytes | JsonValue,
        *,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """A whole response; a *body* that is no bytes is sent as JSON."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        await self.send(self._head(status, len(content), headers or {}), content)

    async def begin(self, length: int = 1_000) -> None:
        """The head of a response that promises *length* bytes."""
        await self.send(self._head(200, length, {}))

    async def send(self, *parts: bytes) -> None:
        """These bytes, as they are."""
        for part in parts:
            self.writer.write(part)
            await self.writer.drain()

    async def events(self, events: Iterable[bytes], *, last: bool = True) -> None:
        """A response in chunks, an event each; without the *last*, empty chunk it is not ended."""
        head = {"content-type": "text/event-stream", "transfer-encoding": "chunked"}
        await self.send(self._head(200, None, head))
        for event in events:
            await self.chunk(event)
        if last:
            await self.send(b"0\r\n\r\n")

    async def chunk(self, event: bytes) -> None:
        """One chunk of a response in chunks."""
        await self.send(b"%x\r\n%s\r\n" % (len(event), event))

    async def left_alone(self, seconds: float) -> bool:
        """Say nothing for *seconds*, or until the client hangs up; whether it stayed."""
        try:
            await asyncio.wait_for(self.reader.read(1), seconds)
        except TimeoutError:
            return True
        return False

    def hang_up(self) -> None:
        """End the connection as a server does that has said all it has to say."""
        self.writer.close()

    def reset(self) -> None:
        """Break the connection off."""
        connection = self.writer.get_extra_info("socket")
        linger = struct.pack("ii", 1, 0)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.writer.transport.abort()

    def _head(self, status: int, length: int | None, headers: Mapping[str, str]) -> bytes:
        lines = {"content-type": _JSON, **headers}
        if length is not None:
            lines["content-length"] = str(length)
        written = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        return f"HTTP/1.1 {status} {_REASONS.get(status, 'Error')}\r\n{written}\r\n".encode()
