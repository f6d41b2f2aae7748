"""One text for one value: anything goes in, RFC 8785 JSON comes out, and its digest.

An integer beyond 2 to the 53rd, for which RFC 8785 has no form, keeps all its digits, and half a
surrogate pair is written as an escape.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import fields, is_dataclass
from decimal import Decimal
from hashlib import sha256
from json.encoder import encode_basestring
from math import isfinite
from typing import cast

from pydantic import BaseModel, RootModel
from pydantic_core import to_jsonable_python

from deterministic_llm._core.exchange import JsonObject, JsonValue
from deterministic_llm._core.regexes import expression


def canonical_json(value: object) -> str:
    """*value* as JSON text by RFC 8785: equal values give equal texts, sets included."""
    return written(settled(value, jsonable(value)))


def digest(value: object) -> str:
    """The SHA-256 of the canonical JSON of *value*, in hexadecimal."""
    return sha256(canonical_json(value).encode()).hexdigest()


def settled(value: object, said: JsonValue) -> JsonValue:
    """*said*, JSON as that of *value*, with what stands for a set in an order of its own.

    A set gives its items in the order of their hashes, which differ from process to process.
    """
    if isinstance(value, RootModel):
        return settled(cast("RootModel[object]", value).root, said)
    if isinstance(said, list) and isinstance(value, AbstractSet):
        return sorted(_items(cast("AbstractSet[object]", value), said), key=written)
    if isinstance(said, list) and isinstance(value, (list, tuple)):
        return _items(cast("Sequence[object]", value), said)
    return _members(value, said) if isinstance(said, dict) else said


def written(value: JsonValue) -> str:
    """Plain JSON as text by RFC 8785 (https://www.rfc-editor.org/rfc/rfc8785).

    Raises ValueError for a number that is not finite.
    """
    return _HALF_PAIR.sub(lambda half: f"\\u{ord(half[0]):04x}", _written(value))


def number(value: float) -> str:
    """*value* in the shortest form that gives it back, as ECMAScript writes it.

    Exponents stand from 1e21 up and below 1e-6. Raises ValueError for what is not finite.
    """
    if not isfinite(value):
        message = f"{value} is no number of JSON"
        raise ValueError(message)
    if value == 0:
        return "0"
    sign, digits, exponent = Decimal(repr(value)).as_tuple()
    figures = "".join(map(str, digits))
    point = len(figures) + int(exponent)  # digits before the point
    return ("-" if sign else "") + _placed(figures.rstrip("0"), point)


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
_HALF_PAIR = expression("[\ud800-\udfff]")


def _key(key: object) -> str:
    return key if isinstance(key, str) else str(jsonable(key))


def _written(value: JsonValue) -> str:
    if isinstance(value, str):
        return encode_basestring(value)
    if value is None or isinstance(value, bool):
        return _LITERALS[value]
    if isinstance(value, int):
        return int.__repr__(value)
    if isinstance(value, float):
        return number(value)
    if isinstance(value, dict):
        members = sorted(value.items(), key=_by_utf16)
        return "{" + ",".join([f"{encode_basestring(k)}:{_written(v)}" for k, v in members]) + "}"
    return "[" + ",".join([_written(item) for item in value]) + "]"


_LITERALS: Mapping[bool | None, str] = {None: "null", True: "true", False: "false"}


def _by_utf16(member: tuple[str, object]) -> bytes:
    """RFC 8785 sorts the members of an object by the UTF-16 code units of their names."""
    return member[0].encode("utf-16-be", "surrogatepass")


def _placed(figures: str, point: int) -> str:
    """*figures* with the decimal point behind the first *point* of them."""
    if len(figures) <= point <= 21:
        return figures + "0" * (point - len(figures))
    if 0 < point <= 21:
        return f"{figures[:point]}.{figures[point:]}"
    if -6 < point <= 0:
        return f"0.{'0' * -point}{figures}"
    fraction = f".{figures[1:]}" if len(figures) > 1 else ""
    return f"{figures[0]}{fraction}e{point - 1:+d}"


def _items(value: Sequence[object] | AbstractSet[object], said: list[JsonValue]) -> list[JsonValue]:
    if len(value) != len(said):  # a serializer of the user's own
        return said
    return [settled(item, told) for item, told in zip(value, said, strict=True)]


def _members(value: object, said: JsonObject) -> JsonObject:
    known = _members_of(value)
    return {
        name: settled(known[name], told) if name in known else told for name, told in said.items()
    }


def _members_of(value: object) -> Mapping[str, object]:
    """The members of *value* by the names that they have in JSON."""
    if isinstance(value, Mapping):
        entries = cast("Mapping[object, object]", value)
        return {_key(key): member for key, member in entries.items()}
    if isinstance(value, BaseModel):
        declared = type(value).model_fields.items()
        aliases = {name: each.serialization_alias or name for name, each in declared}
        return {aliases.get(name, name): member for name, member in value}
    if is_dataclass(value):
        return {each.name: cast("object", getattr(value, each.name)) for each in fields(value)}
    return {}
