"""What an exception of a call stands for, in words that hold no secret of the client."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

from deterministic_llm._core.attempts import Request
from deterministic_llm._core.exchange import CallFailure, Completion
from deterministic_llm._core.secrecy import HIDDEN
from deterministic_llm._core.shapes.failures import failure_of
from deterministic_llm._core.shapes.waits import quota_of
from deterministic_llm.providers.openai.bodies import TooLargeError

if TYPE_CHECKING:
    from openai import AsyncOpenAI, OpenAI

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
_OVERDUE = "no answer from {} in the {:.3g} s that were left"
UNREADY = CallFailure("there was no time to make a client and ask", "late", sent=False)
"""The first call imports the SDK, which takes a while."""


def told(
    error: Exception, client: OpenAI | AsyncOpenAI, timeout: float | None, seconds: float
) -> Completion | CallFailure | None:
    """What *error* stands for; None when it is no failure of a call."""
    if isinstance(error, TooLargeError):
        return CallFailure(str(error), "too_large", seconds=seconds)
    outcome = failure_of(error, seconds=seconds)
    if not isinstance(outcome, CallFailure):
        return outcome
    if outcome.kind == "timeout" and timeout is not None and seconds >= timeout:
        return late(client, timeout, seconds)
    if outcome.status is None:
        cause = error.__cause__ or error
        message = f"no answer from {address(client)} ({type(cause).__name__}: {cause})"
        outcome = replace(outcome, message=message)
    message = without_secret(outcome.message, client.api_key)
    return replace(outcome, message=message, sent=not _never_left(error, client))


def noted(
    answer: Completion | CallFailure, request: Request, headers: object
) -> Completion | CallFailure:
    """*answer* with what its *headers* say is left of the rate limits, if *request* asks that."""
    quota = quota_of(headers) if request.limited else None
    return answer if quota is None else replace(answer, quota=quota)


def _never_left(error: Exception, client: OpenAI | AsyncOpenAI) -> bool:
    """Whether nothing was sent: no connection to the server itself, not to where it sent us on."""
    cause = error.__cause__ or error
    if _BEFORE_SENDING.isdisjoint(kind.__name__ for kind in type(cause).__mro__):
        return False
    try:
        asked = str(cast("Any", cause).request.url)
    except (AttributeError, RuntimeError):  # nobody got as far as a request
        return True
    return asked.startswith(str(client.base_url))


def late(client: OpenAI | AsyncOpenAI, timeout: float, seconds: float) -> CallFailure:
    """The failure of a call that was not answered in the time that the run had left."""
    message = _OVERDUE.format(address(client), timeout)
    return CallFailure(message, "late", seconds=seconds)


def address(client: OpenAI | AsyncOpenAI) -> str:
    """Where *client* calls, without the password that an address may hold."""
    return str(client.base_url.copy_with(userinfo=b""))


def without_secret(message: str, secret: str) -> str:
    """*message* without the client's own key, which some servers repeat."""
    return message.replace(secret, HIDDEN) if len(secret) >= _SHORTEST_SECRET else message
