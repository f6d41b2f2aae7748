"""One log record an attempt, without the texts that went and came."""

from __future__ import annotations

import logging

from typing_extensions import TypeVar

from deterministic_llm._core.attempts import Attempt

T = TypeVar("T")

_LOG = logging.getLogger("deterministic_llm")


def logged(attempt: Attempt[T]) -> Attempt[T]:
    """*attempt*, after one record about it: its number, outcome, duration and tokens.

    Another one warns that another system answered than before.
    """
    if attempt.drift is not None:
        now = " ".join(filter(None, (attempt.model_served, attempt.fingerprint)))
        _LOG.warning("another system answers: %s before, %s now", attempt.drift, now)
    if not _LOG.isEnabledFor(logging.INFO):  # then nor for less
        return attempt
    level = logging.DEBUG if attempt.outcome == "accepted" else logging.INFO
    if _LOG.isEnabledFor(level):
        _LOG.log(
            level,
            "call %d: %s in %.3f s, %d tokens",
            attempt.request.number,
            attempt.outcome,
            attempt.seconds,
            attempt.usage.total_tokens,
        )
    return attempt
