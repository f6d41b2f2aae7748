"""What a server says of its rate limits: headers go in, waits and what is left come out."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import cast

from deterministic_llm._core.exchange import Allowance, Quota
from deterministic_llm._core.regexes import expression
from deterministic_llm._core.shapes.members import get, items, text

_SPAN = expression(r"(?:(\d+)h)?(?:(\d+)m(?!s))?(?:(\d+(?:\.\d+)?)s)?(?:(\d+(?:\.\d+)?)ms)?")
_RESETS = (
    ("x-ratelimit-reset-requests", "x-ratelimit-remaining-requests"),
    ("x-ratelimit-reset-tokens", "x-ratelimit-remaining-tokens"),
    ("anthropic-ratelimit-requests-reset", "anthropic-ratelimit-requests-remaining"),
    ("anthropic-ratelimit-tokens-reset", "anthropic-ratelimit-tokens-remaining"),
    ("anthropic-ratelimit-input-tokens-reset", "anthropic-ratelimit-input-tokens-remaining"),
    ("anthropic-ratelimit-output-tokens-reset", "anthropic-ratelimit-output-tokens-remaining"),
)
"""When each limit is renewed, and what is left of it until then."""


_REQUESTS = ("x-ratelimit-{}-requests", "anthropic-ratelimit-requests-{}")
_TOKENS = (
    "x-ratelimit-{}-tokens",
    "anthropic-ratelimit-tokens-{}",
    "anthropic-ratelimit-input-tokens-{}",
)
"""How the headers of a limit are called: itself, what is remaining, and its reset."""


def lowered(headers: object) -> Mapping[str, str]:
    """*headers* with their names in lower case; none when they are no mapping."""
    if not isinstance(headers, Mapping):
        return {}
    pairs = cast("Mapping[object, object]", headers).items()
    return {str(name).lower(): value for name, value in pairs if isinstance(value, str)}


def asked_wait(headers: Mapping[str, str]) -> float | None:
    """Seconds in ``retry-after-ms`` or ``retry-after``; a date counts from the response's own."""
    waits = (
        _number(headers.get("retry-after-ms"), scale=0.001),
        _number(headers.get("x-ms-retry-after-ms"), scale=0.001),
        _number(headers.get("retry-after")),
        _until(headers.get("retry-after"), headers, parsedate_to_datetime),
    )
    return _first(waits)


def renewal_wait(headers: Mapping[str, str], error: object = None) -> float | None:
    """Seconds until a used up rate limit is renewed, from the headers or the *error*'s details.

    Limits that have something left are not waited for; when none says so, the longest counts.
    """
    waits = [(_renewal(headers, reset), headers.get(left)) for reset, left in _RESETS]
    known = [(wait, left) for wait, left in waits if wait is not None]
    used_up = [wait for wait, left in known if left is not None and _number(left) == 0]
    longest = max(used_up or [wait for wait, _ in known], default=None)
    delays = (_span(text(get(detail, "retryDelay"))) for detail in items(get(error, "details")))
    return longest if longest is not None else _first(delays)


def quota_of(headers: object) -> Quota | None:
    """What *headers* say is left of the rate limits; None when they say nothing of them."""
    told = lowered(headers)
    requests, tokens = _allowance(told, _REQUESTS), _allowance(told, _TOKENS)
    return Quota(requests, tokens) if requests or tokens else None


def _allowance(headers: Mapping[str, str], patterns: Iterable[str]) -> Allowance | None:
    for pattern in patterns:
        left = _number(headers.get(pattern.format("remaining")))
        if left is not None:
            limit = _number(headers.get(pattern.format("limit")))
            renewed = _renewal(headers, pattern.format("reset"))
            return Allowance(int(left), None if limit is None else int(limit), renewed)
    return None


def _renewal(headers: Mapping[str, str], name: str) -> float | None:
    written = headers.get(name)
    return _first(
        (_span(written), _number(written), _until(written, headers, datetime.fromisoformat))
    )


def _until(
    written: str | None, headers: Mapping[str, str], read: Callable[[str], datetime]
) -> float | None:
    """Seconds from the response's own date to the one *written*: a clock may go wrong, theirs."""
    try:
        now = parsedate_to_datetime(headers["date"])
        return max(0.0, (read(written or "") - now).total_seconds())
    except (KeyError, ValueError, TypeError):
        return None


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


def _first(waits: Iterable[float | None]) -> float | None:
    return next((wait for wait in waits if wait is not None), None)
