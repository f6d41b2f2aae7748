"""The native decoder with the checks that it leaves out: bytes of plain JSON in, a value out."""

from __future__ import annotations

import marshal

import jiter

from deterministic_llm._core.exchange import JsonValue


def native(data: bytes, *, floats: bool = True) -> JsonValue:
    """The value of the JSON document in *data*; anything doubtful raises ValueError.

    An empty container may stand one level deeper than any other. Where no number with a fraction
    is wanted (*floats* is False), none is looked at for overflow.
    """
    value: JsonValue = jiter.from_json(
        data, allow_inf_nan=False, cache_mode="keys", catch_duplicate_keys=True
    )
    if floats and is_infinite(value):
        raise NotPlainError(_TOO_LARGE)
    return value


def is_infinite(value: JsonValue) -> bool:
    """Whether a number in *value* is too large for a float."""
    packed = marshal.dumps(value)
    return _INFINITY in packed or _MINUS_INFINITY in packed


class NotPlainError(ValueError):
    """What the decoder let pass and should not have."""


_TOO_LARGE = "number too large for a float"
_INFINITY, _MINUS_INFINITY = b"\0\0\0\0\0\0\xf0\x7f", b"\0\0\0\0\0\0\xf0\xff"


def half_a_pair(text: str) -> int | None:
    """Where in *text* the first half of a surrogate pair stands alone."""
    if text.isascii():
        return None
    try:
        text.encode("utf-16-le")  # refuses it as UTF-8 does, in a third of the time
    except UnicodeEncodeError as error:
        return error.start
    return None
