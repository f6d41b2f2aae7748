"""One connection of the fault server: requests are read from it, and answers, or less, written."""

from __future__ import annotations

import asyncio
import json
import socket
import struct
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from deterministic_llm._core.exchange import JsonObject, JsonValue, Usage
from deterministic_llm._core.records import frozen

_REASONS = {200: "OK", 307: "Temporary Redirect"}
_JSON = "application/json"


@frozen
class Asked:
    """One request: the name in its path or header, its body, and whether it only looks."""

    name: str
    body: bytes
    looks: bool = False


@frozen
class Tempo:
    """How fast a server speaks: *pace* between drops, *patience* of a silence, in seconds.

    A stream has *chunk* characters a delta and *pause* seconds between two of them.
    """

    pace: float
    patience: float
    chunk: int
    pause: float


@dataclass(slots=True)
class Wire:
    """Reads requests and writes bytes at a *tempo*; *asked* is the body of the last request.

    *path* is where it was sent to.

    *charge* is told the tokens of every answer whose usage a client can read, and *count* how many
    characters of streamed answers went out; nobody listens at *dead_port*.
    """

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    charge: Callable[[Usage], None]
    count: Callable[[int], None]
    tempo: Tempo
    dead_port: int
    asked: JsonObject = field(default_factory=dict[str, JsonValue])
    path: str = ""

    @property
    def counts_tokens(self) -> bool:
        """Whether the tokens of a stream were asked for."""
        options = self.asked.get("stream_options")
        return isinstance(options, dict) and options.get("include_usage") is True

    @property
    def in_pieces(self) -> bool:
        """Whether a stream was asked for: in the body, or by the path as Gemini is."""
        return bool(self.asked.get("stream")) or ":streamGenerateContent" in self.path

    async def request(self) -> Asked:
        """The next request; raises IncompleteReadError when there is none."""
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        pairs = (line.partition(":") for line in head[1:])
        headers = {name.lower(): value.strip() for name, _, value in pairs}
        body = await self.reader.readexactly(int(headers.get("content-length", "0")))
        path = head[0].split(" ")[1]
        self.asked = _object(body)
        self.path = path
        name = headers.get("x-fault") or path.split("/")[1]
        return Asked(name, body, looks=head[0].startswith("GET "))

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
        await self.begin_events()
        for event in events:
            await self.chunk(event)
        if last:
            await self.end_events()

    async def begin_events(self, headers: Mapping[str, str] | None = None) -> None:
        """The head of a response in chunks."""
        head = {"content-type": "text/event-stream", "transfer-encoding": "chunked"}
        await self.send(self._head(200, None, {**head, **(headers or {})}))

    async def end_events(self) -> None:
        """The last, empty chunk."""
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

    async def rested(self) -> bool:
        """Pause as long as between two deltas; whether the client is still there."""
        if self.tempo.pause:
            return await self.left_alone(self.tempo.pause)
        await asyncio.sleep(0)
        return not self.reader.at_eof()

    async def silence(self) -> None:
        """Say nothing until the patience is over or the client hangs up, and hang up then."""
        await self.left_alone(self.tempo.patience)
        self.hang_up()

    async def drops(self, piece: bytes, times: int) -> None:
        """The same *piece* now and then, until the client hangs up; and the end."""
        for _ in range(times):
            await self.send(piece)
            if not await self.left_alone(self.tempo.pace):
                break
        self.hang_up()

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


def _object(body: bytes) -> JsonObject:
    """The JSON object in *body*; nothing when there is none."""
    try:
        asked: JsonValue = json.loads(body)
    except ValueError:
        return {}
    return asked if isinstance(asked, dict) else {}
