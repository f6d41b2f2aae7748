"""A lowered answer that was cut: what of it is whole enough to be raised."""

from __future__ import annotations

from deterministic_llm._core.exchange import JsonObject, JsonValue
from deterministic_llm._core.schema.lowering.codecs import (
    VALUE,
    Codec,
    Items,
    Location,
    Nullable,
    Reference,
    Wrapped,
    changes,
)
from deterministic_llm._core.schema.lowering.records import Entries, Optional, Record
from deterministic_llm._core.schema.target import Valid


def cut(codec: Codec, value: JsonValue, spine: Location) -> tuple[Valid[JsonValue] | None, int]:
    """*value* less what has another form above and is not complete; None when nothing is left.

    The container *value* is open, and so is each one that *spine* leads to. With it comes how many
    of them, from the outside in, are open above.
    """
    codec = within(codec)
    if isinstance(codec, Wrapped):
        return _unwrapped(codec, value, spine)
    if not changes(codec):
        return Valid(value), len(spine) + 1
    if isinstance(codec, Entries) and isinstance(value, list):
        return Valid(value[:-1] if spine else value), 1
    if isinstance(codec, Items | Record):
        return _inside(codec, value, spine)
    return None, 0


def within(codec: Codec) -> Codec:
    """What *codec* is, but for null and for being a reference."""
    while isinstance(codec, Optional | Nullable | Reference):
        codec = codec.inner
    return codec


def _unwrapped(
    codec: Wrapped, value: JsonValue, spine: Location
) -> tuple[Valid[JsonValue] | None, int]:
    if not isinstance(value, dict) or VALUE not in value:
        return (Valid(value), 1 + len(spine)) if value else (None, 0)
    if not spine:
        return Valid(value), 0
    inner, opened = cut(codec.inner, value[VALUE], spine[1:])
    wrapped: JsonObject | None = None if inner is None else {VALUE: inner.output}
    return None if wrapped is None else Valid(wrapped), opened


def _inside(
    codec: Items | Record, value: JsonValue, spine: Location
) -> tuple[Valid[JsonValue] | None, int]:
    """A container that stays one, with the member that is open in it cut."""
    if not spine:
        return Valid(value), 1
    token = spine[0]
    if isinstance(codec, Items) and isinstance(value, list) and isinstance(token, int):
        inner, opened = cut(codec.item(token), value[token], spine[1:])
        return Valid([*value[:token], *([] if inner is None else [inner.output])]), 1 + opened
    if isinstance(codec, Record) and isinstance(value, dict) and isinstance(token, str):
        inner, opened = cut(codec.member(token), value[token], spine[1:])
        kept: JsonObject = {key: value[key] for key in value if key != token}
        listed = codec.listed is not None and token == codec.rest
        if inner is not None:
            kept[token] = inner.output
        return Valid(kept), 1 + (0 if listed else opened)
    return None, 0
