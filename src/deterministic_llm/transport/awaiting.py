"""An answer in pieces, read in the caller's event loop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Self, cast

from deterministic_llm._core.attempts import Request
from deterministic_llm._core.exchange import CallFailure
from deterministic_llm.transport.bodies import RawResponse
from deterministic_llm.transport.clients import Clients
from deterministic_llm.transport.deadline import OverdueError
from deterministic_llm.transport.service import A, B
from deterministic_llm.transport.speech import DRAINING, Speech
from deterministic_llm.transport.waiting import Alarm


class AwaitingSpeech(Speech[B, A]):
    """An answer under way in the caller's event loop."""

    def __init__(self, clients: Clients[B, A], request: Request, most: int) -> None:
        super().__init__(clients, request, most)
        self._stack = AsyncExitStack()
        self._pieces: AsyncGenerator[str] | None = None

    async def __aenter__(self) -> Self:
        self._begin()
        try:
            await self._open()
        except BaseException:
            await self._stack.aclose()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
        /,
    ) -> None:
        try:
            if self._pieces is not None:
                await self._pieces.aclose()
            await self._close()
        finally:
            await self._stack.aclose()

    def __aiter__(self) -> AsyncIterator[str]:
        self._pieces = self._read()
        return self._pieces

    async def stop(self) -> None:
        """End the answer here."""
        self._stopped = True
        await self._close()

    async def _open(self) -> None:
        seat = await self._clients.awaiting()
        await self._stack.enter_async_context(seat.used())
        self._client = seat.client
        limit = self._sending()
        deadline = asyncio.timeout(None if limit is None else limit[0])
        try:
            async with deadline:
                response = await self._clients.service.apost(
                    seat.client, self._request, pieces=True
                )
        except Exception as error:
            seat.note(error)
            if limit is not None and deadline.expired():
                self._patience.overdue = limit[1]
            if not self._failed(error):
                raise
        else:
            seat.note(None)
            self._answered(response)

    async def _read(self) -> AsyncGenerator[str]:
        response = self._response
        if response is None or self._stopped:
            return
        chunks, take, events = _chunks(response), self._taking(), self._events
        try:
            async for raw in self._waited(chunks) if self._patience.limited else chunks:
                text = take(raw)
                if text:
                    yield text
                if events.ended:
                    await self._drain(chunks)
                    break
            else:
                text = events.end()
                if text:
                    yield text
            self._end()
        except Exception as error:
            if not self._failed(error):
                raise
        finally:
            await self._close()

    async def _waited(self, chunks: AsyncIterator[bytes]) -> AsyncGenerator[bytes]:
        """*chunks*, for which nobody waits longer than allowed."""
        alarm = Alarm(self._patience)
        try:
            while True:
                self._wait()
                alarm.waiting()
                try:
                    raw = await anext(chunks, None)
                except asyncio.CancelledError:
                    if alarm.rang():
                        raise OverdueError from None
                    raise
                alarm.waited()
                if raw is None:
                    return
                yield raw
        finally:
            alarm.close()

    async def _drain(self, chunks: AsyncIterator[bytes]) -> None:
        """Read the end of the response, so that its connection may serve another call."""
        if isinstance(self._streamed.whole, CallFailure):
            return
        async with asyncio.timeout(DRAINING.timeout):
            async for _ in chunks:
                pass

    async def _close(self) -> None:
        response, self._response = self._response, None
        if response is not None:
            await response.aclose()


def _chunks(response: RawResponse) -> AsyncIterator[bytes]:
    if response.is_stream_consumed:
        return _at_once(response.content)
    return aiter(cast("AsyncIterable[bytes]", response.stream))


async def _at_once(content: bytes) -> AsyncIterator[bytes]:
    yield content
