"""An answer in pieces, read in the caller's own thread."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from time import perf_counter
from types import TracebackType
from typing import Self, cast

from deterministic_llm._core.attempts import Request
from deterministic_llm._core.exchange import CallFailure
from deterministic_llm._core.patience import Patience
from deterministic_llm.transport.bodies import RawResponse
from deterministic_llm.transport.clients import Clients
from deterministic_llm.transport.deadline import Line, OverdueError, within
from deterministic_llm.transport.outcomes import UNREADY
from deterministic_llm.transport.service import A, B
from deterministic_llm.transport.speech import DRAINING, Speech
from deterministic_llm.transport.waiting import Watchdog


class BlockingSpeech(Speech[B, A]):
    """An answer under way in the caller's own thread."""

    def __init__(self, clients: Clients[B, A], request: Request, most: int) -> None:
        super().__init__(clients, request, most)
        self._line = Line()
        self._dog: Watchdog | None = None

    def __enter__(self) -> Self:
        self._begin()
        client = self._clients.within(self._request.timeout)
        if client is None:
            self._fail(UNREADY)
            return self
        self._client = client
        limit = self._sending()
        try:
            if limit is None:
                self._open(self._post(client, self._line))
            else:
                self._open(within(limit[0], partial(self._post, client), unwanted=_closed))
        except Exception as error:
            if isinstance(error, OverdueError) and limit is not None:
                self._patience.overdue = limit[1]
            if not self._failed(error):
                raise
        except BaseException:  # a block that is not entered is not left either
            self._close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
        /,
    ) -> None:
        self._close()

    def __iter__(self) -> Iterator[str]:
        response = self._response
        if response is None or self._stopped:
            return
        try:
            if self._patience.limited:
                self._dog = Watchdog(self._patience, self._line)
            chunks, take, events = _chunks(response), self._taking(), self._events
            for raw in self._waited(chunks) if self._dog else chunks:
                text = take(raw)
                if text:
                    yield text
                if events.ended:
                    self._drain(chunks)
                    break
            else:
                yield from filter(None, (events.end(),))
            self._end()
        except Exception as error:
            if not self._failed(error):
                raise
        finally:
            self._close()

    def stop(self) -> None:
        """End the answer here, from whichever thread."""
        self._stopped = True
        self._line.abandon()

    def _open(self, response: RawResponse) -> None:
        self._answered(response)
        self._line.take(response)

    def _waited(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        """*chunks* under the eyes of the watchdog, which is told when they are waited for."""
        while True:
            self._wait()
            raw = next(chunks, None)
            if self._patience.overdue:
                raise OverdueError
            if raw is None:
                return
            yield raw

    def _drain(self, chunks: Iterator[bytes]) -> None:
        """Read the end of the response, so that its connection may serve another call."""
        if isinstance(self._streamed.whole, CallFailure):
            return
        if self._dog is not None:
            self._dog.close()
        self._dog = Watchdog(Patience(DRAINING, perf_counter()), self._line)
        for _ in chunks:
            pass

    def _close(self) -> None:
        dog, self._dog = self._dog, None
        if dog is not None:
            dog.close()
        response, self._response = self._response, None
        if response is not None:
            self._line.release()
            response.close()

    def _post(self, client: B, line: Line) -> RawResponse:
        response = self._clients.service.post(client, self._request, pieces=True)
        line.take(response)
        return response


def _chunks(response: RawResponse) -> Iterator[bytes]:
    """The body as it comes; a transport without a network has read it all."""
    if response.is_stream_consumed:
        return iter((response.content,))
    return iter(cast("Iterable[bytes]", response.stream))


def _closed(response: RawResponse) -> None:
    response.close()
