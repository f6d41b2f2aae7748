"""What an exception of a call stands for, in words that hold no secret of the client."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

from deterministic_llm._core.attempts import Request
from deterministic_llm._core.exchange import CallFailure, Completion
from deterministic_llm._core.patience import Allowed, overdue
from deterministic_llm._core.secrecy import HIDDEN, masked
from deterministic_llm._core.shapes.failures import failure_of
from deterministic_llm._core.shapes.waits import quota_of
from deterministic_llm.transport.bodies import TooLargeError
from deterministic_llm.transport.service import Peer

_BEFORE_SENDING = frozenset(
    {
        "ConnectError",
        "ConnectTimeout",
        "PoolTimeout",
        "UnsupportedProtocol",
        "InvalidURL",
        "UnicodeEncodeError",
    }
)
_SHORTEST_SECRET = 8
UNREADY = CallFailure("there was no time to make a client and ask", "late", sent=False)
"""The first call imports the SDK, which takes a while."""


def told(
    error: Exception, peer: Peer, limit: Allowed | None, seconds: float
) -> Completion | CallFailure | None:
    """What *error* stands for, after *seconds*; None when it is no failure of a call."""
    if isinstance(error, TooLargeError):
        return CallFailure(str(error), "too_large", seconds=seconds)
    outcome = failure_of(error, seconds=seconds)
    if not isinstance(outcome, CallFailure):
        return outcome
    if outcome.kind == "timeout" and limit is not None and seconds >= limit[0]:
        return late(peer, limit, seconds)
    if outcome.status is None:
        cause = error.__cause__ or error
        message = f"no answer from {peer.address} ({type(cause).__name__}: {cause})"
        outcome = replace(outcome, message=message)
    named = outcome.parameter
    parameter = None if named is None else peer.names.get(named, named)
    return hushed(replace(outcome, sent=not _never_left(error, peer), parameter=parameter), peer)


def noted(
    answer: Completion | CallFailure, request: Request, headers: object
) -> Completion | CallFailure:
    """*answer* with what its *headers* say is left of the rate limits, if *request* asks that."""
    quota = quota_of(headers) if request.limited else None
    return answer if quota is None else replace(answer, quota=quota)


def _never_left(error: Exception, peer: Peer) -> bool:
    """Whether nothing was sent: no connection to the server itself, not to where it sent us on."""
    cause = error.__cause__ or error
    if _BEFORE_SENDING.isdisjoint(kind.__name__ for kind in type(cause).__mro__):
        return False
    try:
        asked = str(cast("Any", cause).request.url)
    except (AttributeError, RuntimeError):  # nobody got as far as a request
        return True
    return asked.startswith(peer.url)


def late(peer: Peer, limit: Allowed, seconds: float) -> CallFailure:
    """The failure of a call that was not answered within its *limit*."""
    return replace(overdue(limit, whom=peer.address), seconds=seconds)


def hushed(failure: CallFailure, peer: Peer) -> CallFailure:
    """*failure* in words without keys, the client's own and others, which some servers repeat."""
    message = masked(failure.message)
    for secret in peer.secrets:
        if len(secret) >= _SHORTEST_SECRET:
            message = message.replace(secret, HIDDEN)
    return replace(failure, message=message)
