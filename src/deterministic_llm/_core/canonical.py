"""One text for one value: anything goes in, JSON with sorted keys comes out, and its digest."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from hashlib import sha256
from math import isfinite
from typing import cast

from pydantic_core import to_jsonable_python

from deterministic_llm._core.exchange import JsonValue


def canonical_json(value: object) -> str:
    """*value* as JSON text with sorted keys, no blanks, and nothing but ASCII."""
    return json.dumps(jsonable(value), sort_keys=True, separators=(",", ":"), allow_nan=False)


def digest(value: object) -> str:
    """The SHA-256 of the canonical JSON of *value*, in hexadecimal."""
    return sha256(canonical_json(value).encode()).hexdigest()


def jsonable(value: object) -> JsonValue:
    """*value* as JSON can say it; what it has no word for becomes the name of its type.

    Numbers that are not finite become text. Plain JSON comes back equal, lone surrogates included.
    """
    kind = type(value)
    if value is None or kind in _PLAIN:
        return cast("JsonValue", value)
    if isinstance(value, float) and kind is float:
        return value if isfinite(value) else str(value)
    if isinstance(value, Mapping):
        entries = cast("Mapping[object, object]", value)
        return {_key(key): jsonable(member) for key, member in entries.items()}
    if kind in _SEQUENCES:
        return [jsonable(item) for item in cast("Sequence[object]", value)]
    try:
        return cast(
            "JsonValue",
            to_jsonable_python(
                value,
                by_alias=True,
                bytes_mode="base64",
                inf_nan_mode="strings",
                serialize_unknown=True,
            ),
        )
    except ValueError:
        return f"<{kind.__qualname__}>"


_PLAIN = frozenset((bool, int, str))
_SEQUENCES = frozenset((list, tuple))


def _key(key: object) -> str:
    return key if isinstance(key, str) else str(jsonable(key))
