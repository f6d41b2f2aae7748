"""The native decoder with the checks that it leaves out: bytes of plain JSON in, a value out."""

from __future__ import annotations

import marshal

import jiter

from deterministic_llm._core.exchange import JsonValue


def native(data: bytes, *, floats: bool = True) -> JsonValue:
    """The value of the JSON document in *data*; anything doubtful raises ValueError.

    The data are read as the only item of a list, so that 200 levels, not 201, are the limit. Where
    no number with a fraction is wanted (*floats* is False), none is looked at for overflow.
    """
    items: list[JsonValue] = jiter.from_json(
        b"[%b]" % data, allow_inf_nan=False, catch_duplicate_keys=True
    )
    if len(items) != 1:
        raise NotPlainError(_SEVERAL)
    if floats:
        packed = marshal.dumps(items)
        if _INFINITY in packed or _MINUS_INFINITY in packed:
            raise NotPlainError(_TOO_LARGE)
    return items[0]


class NotPlainError(ValueError):
    """What the decoder let pass and should not have."""


_SEVERAL, _TOO_LARGE = "expected one value", "number too large for a float"
_INFINITY, _MINUS_INFINITY = b"\0\0\0\0\0\0\xf0\x7f", b"\0\0\0\0\0\0\xf0\xff"
