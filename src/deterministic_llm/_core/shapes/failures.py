"""A foreign exception or error body as a failed call, told apart by shape and by name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import cast

from deterministic_llm._core.exchange import CallFailure, Completion
from deterministic_llm._core.secrecy import masked
from deterministic_llm._core.shapes.kinds import kind_of_classes, kind_of_reply
from deterministic_llm._core.shapes.members import get, text
from deterministic_llm._core.shapes.untaken import untaken
from deterministic_llm._core.shapes.waits import asked_wait, lowered, quota_of, renewal_wait

_FILTERED = frozenset(
    {
        "content_filter",
        "content_policy_violation",
        "image_content_policy_violation",
        "bio_policy",
        "misalignment_policy_violation",
        "ResponsibleAIPolicyViolation",
    }
)
_STATUS_CLASSES = frozenset({"APIError", "HTTPError", "GoogleAPICallError", "ClientResponseError"})
"""Classes whose ``code`` or ``status`` may be the status of the response."""
_JSON: tuple[type[object], ...] = (dict, list)
_LONGEST_MESSAGE = 1_000
_LINKS = 6


def failure_of(error: BaseException, *, seconds: float = 0.0) -> CallFailure | Completion | None:
    """The failed call that *error* stands for; None when it is no transport or provider error.

    What the provider's filter kept back is no failure but a filtered answer.
    """
    response = cast("object", getattr(error, "response", None))
    status = _status(error, response)
    if status is not None or "APIError" in _names(error):
        body = next(filter(None, (get(error, "body"), get(error, "details"))), None)
        reported = _reported(
            get(body, "error") or body, error, status, lowered(get(response, "headers"))
        )
        if reported is not None:
            return _timed(reported, seconds)
    kind = kind_of_classes(_names(link) for link in _chain(error))
    if kind is None:
        return None
    return CallFailure(_clipped(f"{type(error).__name__} {error}".strip()), kind, seconds=seconds)


def error_body(body: object, *, seconds: float = 0.0) -> CallFailure | Completion | None:
    """The failure that a JSON *body* reports although its status said 200; None if it does not."""
    error = get(body, "error")
    if not error:
        return None
    reported = _reported(error, error, _number(get(error, "code")), {})
    return _timed(reported or CallFailure(_message(error, error), "malformed"), seconds)


def failed_reply(
    status: int, headers: Mapping[str, str], body: object, *, seconds: float = 0.0
) -> CallFailure | Completion:
    """What a reply came to whose *status* says that it is no answer; its *body* may say why."""
    reported = _reported(get(body, "error") or body, body, status, headers)
    return _timed(reported or CallFailure(_clipped(str(body)), "malformed"), seconds)


def _reported(
    error: object, carrier: object, status: int | None, headers: Mapping[str, str]
) -> CallFailure | Completion | None:
    """What the *error* object of a body says, or the exception that is its *carrier*."""
    names = (
        get(holder, name)
        for holder in (error, carrier, get(error, "innererror"))
        for name in ("code", "type", "status")
    )
    codes = tuple(filter(None, map(text, names)))
    message = _message(error, carrier)
    if not _FILTERED.isdisjoint(codes):
        return Completion(None, "filter", refusal=message)
    kind = kind_of_reply(status, codes, message)
    if kind is None:
        return None
    untaken_name = None
    if kind == "bad_request":
        told = text(get(error, "param"))
        untaken_name = untaken(codes, told, message)
        kind = "bad_request" if untaken_name is None else "unsupported"
    wait = asked_wait(headers)
    if wait is None and kind == "rate_limited":
        wait = renewal_wait(headers, error)
    return CallFailure(
        message,
        kind,
        final=headers.get("x-should-retry") == "false",
        status=status,
        code=next(iter(codes), None),
        retry_after=wait,
        quota=quota_of(headers),
        parameter=untaken_name,
    )


def _timed(outcome: CallFailure | Completion, seconds: float) -> CallFailure | Completion:
    return replace(outcome, seconds=seconds)


def _status(error: BaseException, response: object) -> int | None:
    """The status of the response that *error* is about, told by itself or by the response."""
    told = [get(error, "status_code"), get(response, "status_code")]
    if not _STATUS_CLASSES.isdisjoint(_names(error)):
        told += [get(error, "status"), get(error, "code")]
    return next((number for number in map(_number, told) if number is not None), None)


def _number(told: object) -> int | None:
    """*told* as a status that is an error."""
    if isinstance(told, str) and told.isdecimal() and len(told) == 3:
        told = int(told)
    return told if type(told) is int and 300 <= told < 600 else None


def _message(error: object, carrier: object) -> str:
    """What was said, in whatever words: the whole body, where it is of no known shape.

    FastAPI and its like call it ``detail``: a text, or a list of what is wrong.
    """
    said = error if isinstance(error, str) else text(get(error, "message") or get(error, "detail"))
    known = get(error, "code") or get(error, "type") or not isinstance(error, _JSON)
    return _clipped(said or str(carrier if known or not error else error))


def _clipped(message: str) -> str:
    """*message* without the keys that some servers repeat, and not longer than is read."""
    message = masked(message)
    if len(message) <= _LONGEST_MESSAGE:
        return message
    return f"{message[: _LONGEST_MESSAGE - 1]}…"


def _names(error: BaseException) -> tuple[str, ...]:
    """The names of the classes of *error*, each alone and with its module."""
    classes = type(error).__mro__
    return tuple(
        name for kind in classes for name in (kind.__name__, f"{kind.__module__}.{kind.__name__}")
    )


def _chain(error: BaseException) -> Iterator[BaseException]:
    """*error*, what caused it, and so on: not further than anybody wraps."""
    link: BaseException | None = error
    for _ in range(_LINKS):
        if link is None:
            return
        yield link
        link = link.__cause__
