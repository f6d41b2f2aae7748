"""The body of a response, read chunk by chunk: never more of it in memory than an answer may have.

Chunks are inflated here and not by the HTTP library, which inflates first and counts afterwards.
"""

from __future__ import annotations

import zlib
from collections.abc import AsyncIterable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol, cast

from typing_extensions import override

ENCODINGS = "gzip"
"""What servers may compress with; what they are to be asked for."""
_GZIP_OR_ZLIB = zlib.MAX_WBITS | 32
_AT_ONCE = 1 << 20


class TooLargeError(Exception):
    """The body has more than *most* bytes."""

    def __init__(self, most: int) -> None:
        super().__init__(most)
        self.most = most

    @override
    def __str__(self) -> str:
        return f"the server's answer has more than {self.most:,} bytes"


class RawRequest(Protocol):
    """The request that a response answers."""

    extensions: Mapping[str, object]


class RawResponse(Protocol):
    """What we read of an HTTP response, httpx's or httpx2's."""

    request: RawRequest
    headers: Mapping[str, str]
    extensions: Mapping[str, object]
    is_stream_consumed: bool
    http_version: str

    @property
    def stream(self) -> object:
        """The chunks as they came, iterable in the colour of the client."""
        ...

    @property
    def content(self) -> bytes:
        """The whole body, where it was read before."""
        ...

    def close(self) -> None:
        """Give the connection back, or break it when there is more to come."""
        ...

    async def aclose(self) -> None:
        """Give the connection back, or break it when there is more to come."""
        ...


def read(response: RawResponse, most: int) -> bytes:
    """The inflated body of *response*; raises TooLargeError, and what the HTTP library raises."""
    body = _Body.of(response, most)
    if not response.is_stream_consumed:
        for chunk in cast("Iterable[bytes]", response.stream):
            body.add(chunk)
    return body.whole()


async def read_async(response: RawResponse, most: int) -> bytes:
    """As read(), awaiting the chunks."""
    body = _Body.of(response, most)
    if not response.is_stream_consumed:
        async for chunk in cast("AsyncIterable[bytes]", response.stream):
            body.add(chunk)
    return body.whole()


class Inflater(Protocol):
    """A decompressor that stops where it is told."""

    @property
    def unconsumed_tail(self) -> bytes:
        """What was not inflated yet."""
        ...

    def decompress(self, data: bytes, max_length: int, /) -> bytes:
        """*data* inflated, as far as *max_length* allows."""
        ...


def inflater_of(response: RawResponse) -> Inflater | None:
    """What inflates the body of *response*, if it is compressed and nobody has done so before."""
    encoding = response.headers.get("content-encoding", "").lower()
    compressed = encoding in {"gzip", "x-gzip", "deflate"} and not response.is_stream_consumed
    return zlib.decompressobj(_GZIP_OR_ZLIB) if compressed else None


def inflated(inflater: Inflater, chunk: bytes) -> Iterator[bytes]:
    """What is in *chunk*, a megabyte at a time at most."""
    while chunk:
        yield inflater.decompress(chunk, _AT_ONCE)
        chunk = inflater.unconsumed_tail


@dataclass(slots=True)
class _Body:
    """The chunks so far, inflated."""

    most: int
    inflater: Inflater | None
    chunks: list[bytes] = field(default_factory=list[bytes])
    size: int = 0

    @classmethod
    def of(cls, response: RawResponse, most: int) -> _Body:
        """The still empty body of *response*; a transport without a network has read it all."""
        if response.is_stream_consumed:
            body = cls(most, None)
            body.add(response.content)
            return body
        return cls(most, inflater_of(response))

    def add(self, chunk: bytes) -> None:
        """Take one more *chunk*; of a compressed one only as much as may still come."""
        if self.inflater is not None:
            chunk = self.inflater.decompress(chunk, self.most - self.size + 1)
        self.size += len(chunk)
        if self.size > self.most:
            raise TooLargeError(self.most)
        self.chunks.append(chunk)

    def whole(self) -> bytes:
        """All of it."""
        return b"".join(self.chunks)
