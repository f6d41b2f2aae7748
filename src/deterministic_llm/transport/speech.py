"""An answer that is read while it is written: what its bytes say so far, and what it comes to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from time import perf_counter
from typing import Generic, cast

from typing_extensions import override

from deterministic_llm._core.attempts import Request
from deterministic_llm._core.exchange import CallFailure, Completion
from deterministic_llm._core.hearing import Hearing
from deterministic_llm._core.patience import Allowed, allowed, later, opening
from deterministic_llm._core.shapes.events import BadEventError, Events
from deterministic_llm.transport.bodies import (
    Inflater,
    RawResponse,
    TooLargeError,
    inflated,
    inflater_of,
)
from deterministic_llm.transport.clients import Clients
from deterministic_llm.transport.outcomes import hushed, noted, told
from deterministic_llm.transport.posts import begun
from deterministic_llm.transport.service import A, B, Peer

DRAINING = Request(0, timeout=0.25)
"""How long a server may take to end its response, once it has said that all is said."""


class _StoppedError(Exception):
    """Nobody wants the rest of an answer."""


class Speech(Hearing, Generic[B, A]):
    """What both colours share: the events of the body, and what an exception makes of the call."""

    def __init__(self, clients: Clients[B, A], request: Request, most: int) -> None:
        super().__init__(request, perf_counter)
        self._clients = clients
        self._most = most
        self._events = Events(self._voice)
        self._client: B | A | None = None
        self._response: RawResponse | None = None
        self._inflater: Inflater | None = None
        self._headers: Mapping[str, str] = {}

    def _sending(self) -> Allowed | None:
        """The call is sent now, and this is how long its answer may take to begin.

        What came before, such as making the client, was none of its own time.
        """
        self._request = later(self._request, self._seconds())
        self._begin()
        return opening(self._request)

    def _answered(self, response: RawResponse) -> None:
        peer = None if self._request.first_token_timeout is None else self._peer()
        if peer is not None:
            begun(response, peer.read, self._request)
        self._response, self._headers = response, response.headers
        self._inflater = inflater_of(response)

    def _taking(self) -> Callable[[bytes], str]:
        """What gives the text that comes with the bytes of one read."""
        return self._take if self._inflater is None else self._inflate

    def _inflate(self, data: bytes) -> str:
        inflater = cast("Inflater", self._inflater)
        return "".join(map(self._take, inflated(inflater, data)))

    def _take(self, data: bytes) -> str:
        if self._stopped:  # from another thread, and the line could not be hung up
            raise _StoppedError
        events = self._events
        words = events.words
        text = events.feed(data)
        if events.words != words:
            self._heard()
        if events.words + events.kept > self._most:
            raise TooLargeError(self._most)
        return text

    def _failed(self, error: Exception) -> bool:
        """Whether *error* is a failure of the call, which is what it comes to then.

        Once it was said why an answer ended, and once we have stopped it, nothing can go wrong
        with it.
        """
        told = self._events.ended or self._streamed.finish != "unfinished"
        if self._stopped or told:
            self._end()
            return True
        outcome = self._outcome_of(error)
        if outcome is not None:
            self._fail(outcome)
        return outcome is not None

    def _outcome_of(self, error: Exception) -> Completion | CallFailure | None:
        peer, limit = cast("Peer", self._peer()), self._patience.overdue
        if limit is not None:
            return self._patience.failure(limit, whom=peer.address)
        if isinstance(error, BadEventError):
            return CallFailure(str(error), "malformed")
        return told(error, peer, allowed(self._request), self._seconds())

    @override
    def _over(self) -> bool:
        return self._events.over or self._streamed.finish != "unfinished"

    @override
    def _said(self) -> Completion | CallFailure:
        answer = self._events.answer(seconds=self._seconds(), first_token=self._first)
        return noted(self._kept(answer), self._request, self._headers)

    @override
    def _kept(self, outcome: Completion | CallFailure) -> Completion | CallFailure:
        """*outcome*; a failure keeps the text that had come, and tells no secret."""
        kept = super()._kept(outcome)
        peer = None if isinstance(kept, Completion) else self._peer()
        if isinstance(kept, Completion) or peer is None:
            return kept
        return hushed(kept, peer)

    def _peer(self) -> Peer | None:
        """Whom the client calls, once there is one."""
        return None if self._client is None else self._clients.service.peer(self._client)
