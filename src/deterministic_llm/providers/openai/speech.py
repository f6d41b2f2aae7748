"""An answer that is read while it is written: what its bytes say so far, and what it comes to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from time import perf_counter
from typing import TYPE_CHECKING, Any, cast

from typing_extensions import override

from deterministic_llm._core.attempts import Request
from deterministic_llm._core.exchange import CallFailure, Completion
from deterministic_llm._core.hearing import Hearing
from deterministic_llm._core.secrecy import masked
from deterministic_llm._core.shapes.events import BadEventError, Events
from deterministic_llm.providers.openai.bodies import (
    Inflater,
    RawResponse,
    TooLargeError,
    inflated,
    inflater_of,
)
from deterministic_llm.providers.openai.clients import Clients
from deterministic_llm.providers.openai.outcomes import (
    UNREADY,
    address,
    noted,
    told,
    without_secret,
)
from deterministic_llm.providers.openai.posts import (
    COUNTED,
    IN_PIECES,
    begun,
    posted,
    refuses_counting,
)

if TYPE_CHECKING:
    from openai import AsyncOpenAI, OpenAI

DRAINING = Request(0, timeout=0.25)
"""How long a server may take to end its response, once it has said that all is said."""


@dataclass(slots=True)
class Server:
    """The clients of one model; remembers whether its server counts the tokens of streams."""

    name: str
    clients: Clients
    counts: bool = True

    def posted(self, client: OpenAI | AsyncOpenAI, request: Request) -> dict[str, Any]:
        """The arguments of the client's ``post``."""
        streams = COUNTED if self.counts else IN_PIECES
        return posted(self.name, client, request, streams=streams)

    def forgives(self, error: Exception, sent: dict[str, Any]) -> bool:
        """Whether what was *sent* may be sent again without asking for the tokens."""
        if "stream_options" not in sent["body"] or not refuses_counting(error):
            return False
        self.counts = False
        return True


class _StoppedError(Exception):
    """Nobody wants the rest of an answer."""


class Speech(Hearing):
    """What both colours share: the events of the body, and what an exception makes of the call."""

    def __init__(self, server: Server, request: Request, most: int) -> None:
        super().__init__(request, perf_counter)
        self._server = server
        self._most = most
        self._events = Events(self._voice)
        self._client: OpenAI | AsyncOpenAI | None = None
        self._response: RawResponse | None = None
        self._inflater: Inflater | None = None
        self._headers: Mapping[str, str] = {}

    def _answered(self, response: RawResponse) -> None:
        if self._client is not None:
            begun(response, self._client, self._request)
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
        client, limit = self._client, self._patience.overdue
        if client is None:
            return UNREADY if limit else None
        if limit is not None:
            return self._patience.failure(limit, whom=address(client))
        if isinstance(error, BadEventError):
            return CallFailure(str(error), "malformed")
        return told(error, client, self._request.timeout, self._seconds())

    @override
    def _said(self) -> Completion | CallFailure:
        answer = self._events.answer(seconds=self._seconds(), first_token=self._first)
        return noted(self._kept(answer), self._request, self._headers)

    @override
    def _kept(self, outcome: Completion | CallFailure) -> Completion | CallFailure:
        """*outcome*; a failure keeps the text that had come, and tells no secret."""
        kept = super()._kept(outcome)
        if isinstance(kept, Completion) or self._client is None:
            return kept
        message = without_secret(masked(kept.message), self._client.api_key)
        return replace(kept, message=message)
