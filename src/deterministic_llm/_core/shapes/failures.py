"""A foreign exception or error body as a failed call, told apart by shape and by name."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import cast

from deterministic_llm._core.exchange import CallFailure, FailureKind
from deterministic_llm._core.shapes.members import get, text

_KINDS: Mapping[int, FailureKind] = {
    401: "unauthorized",
    403: "unauthorized",
    408: "timeout",
    409: "conflict",
    429: "rate_limited",
    503: "overloaded",
    529: "overloaded",
}
_FINAL_CODES = frozenset({"insufficient_quota", "credit_balance_exhausted", "billing_hard_limit"})
_TRANSPORT_ERRORS = frozenset(
    {
        "APIConnectionError",
        "APITimeoutError",
        "ConnectError",
        "ConnectTimeout",
        "ReadError",
        "ReadTimeout",
        "PoolTimeout",
        "WriteError",
        "WriteTimeout",
        "RemoteProtocolError",
        "DecodingError",
        "ServerDisconnectedError",
        "ClientConnectionError",
    }
)
"""Names of classes that mean "no answer came", whichever HTTP library raised them."""
_SPAN = re.compile(r"(?:(\d+)h)?(?:(\d+)m(?!s))?(?:(\d+(?:\.\d+)?)s)?(?:(\d+(?:\.\d+)?)ms)?")


def failure_of(error: BaseException, *, seconds: float = 0.0) -> CallFailure | None:
    """The failed call that *error* stands for; None when it is no transport or provider error."""
    status = getattr(error, "status_code", None)
    if isinstance(status, int):
        return _status_failure(error, status, seconds)
    names = {kind.__name__ for kind in type(error).__mro__}
    if names & _TRANSPORT_ERRORS or isinstance(error, ConnectionError | TimeoutError):
        message = " ".join(filter(None, (type(error).__name__, str(error))))
        return CallFailure(message, seconds=seconds)
    return None


def error_body(body: object, *, seconds: float = 0.0) -> CallFailure | None:
    """The failure that a JSON *body* reports although its status said 200; None if it does not."""
    error = get(body, "error")
    if not error:
        return None
    status = get(error, "code")
    code = text(get(error, "code")) or text(get(error, "type"))
    number = int(status) if isinstance(status, int | str) and str(status).isdecimal() else None
    message = text(get(error, "message")) or str(error)
    kind = _kind(number or 500, code)
    return CallFailure(message, kind, status=number, code=code, seconds=seconds)


def _kind(status: int, code: str | None) -> FailureKind:
    if code in _FINAL_CODES:
        return "quota"
    return _KINDS.get(status, "server_error" if status >= 500 else "bad_request")


def _status_failure(error: BaseException, status: int, seconds: float) -> CallFailure:
    body = cast("object", getattr(error, "body", None))
    inner = get(body, "error") or body
    code = text(get(inner, "code")) or text(get(inner, "type"))
    headers = cast("object", getattr(getattr(error, "response", None), "headers", None))
    asked = _header(headers, "x-should-retry")
    return CallFailure(
        text(get(inner, "message")) or str(error),
        _kind(status, code),
        final=asked == "false",
        status=status,
        code=code,
        retry_after=_retry_after(headers),
        seconds=seconds,
    )


def _retry_after(headers: object) -> float | None:
    """Seconds that the server asks to wait, from the most to the least exact header."""
    waits = [
        _number(_header(headers, "retry-after-ms"), scale=0.001),
        _number(_header(headers, "retry-after")),
        *(_span(_header(headers, f"x-ratelimit-reset-{what}")) for what in ("requests", "tokens")),
    ]
    return next((wait for wait in waits if wait is not None), None)


def _number(written: str | None, *, scale: float = 1.0) -> float | None:
    try:
        value = float(written or "") * scale
    except ValueError:
        return None
    return value if 0 <= value < math.inf else None


def _span(written: str | None) -> float | None:
    """``6m0s``, ``1s``, ``20ms`` in seconds."""
    match = _SPAN.fullmatch(written or "")
    if not match or not written:
        return None
    hours, minutes, seconds, milliseconds = (float(part or 0) for part in match.groups())
    return hours * 3600 + minutes * 60 + seconds + milliseconds / 1000


def _header(headers: object, name: str) -> str | None:
    return text(get(cast("object", headers), name)) if isinstance(headers, Mapping) else None
