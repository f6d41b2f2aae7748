"""Where the values of a JSON text stand: its bytes go in, a place for each value comes out."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import TypeAlias

from deterministic_llm._core.records import frozen
from deterministic_llm._core.regexes import expression

Location: TypeAlias = tuple[str | int, ...]

_BLANKS = expression(rb"[ \t\r\n]*")
_STRING = expression(rb'"(?:[^"\\]|\\.)*+"', re.DOTALL)
_SCALAR = expression(rb'"(?:[^"\\]|\\.)*+"|-?[0-9][0-9.eE+-]*+|true|false|null', re.DOTALL)
_CLOSING = {b"{": b"}", b"[": b"]"}
_NO_JSON = "no JSON at byte {}"


@frozen
class Leaf:
    """One value that holds no others: where in the document it is, and its bytes in the text."""

    location: Location
    start: int
    end: int


def leaves(data: bytes, start: int = 0) -> Sequence[Leaf]:
    """Every value of the JSON document at *start* of *data* that holds no others, in their order.

    An empty list or object is one. The document is taken for strict JSON, as a reader has made sure
    before; raises ValueError where it is none.
    """
    found: list[Leaf] = []
    location: list[str | int] = []
    at = start
    while True:
        at = _blanks(data, at)
        inner = _entered(data, at, location)
        if inner is not None:
            at = inner
            continue
        end = _end_of_leaf(data, at)
        found.append(Leaf(tuple(location), at, end))
        following = _following(data, end, location)
        if following is None:
            return found
        at = following


def _entered(data: bytes, at: int, location: list[str | int]) -> int | None:
    """Where the first value of the container at *at* stands; None for an empty one, or none."""
    opening = data[at : at + 1]
    if opening not in _CLOSING:
        return None
    inner = _blanks(data, at + 1)
    if data[inner : inner + 1] == _CLOSING[opening]:
        return None
    if opening == b"[":
        location.append(0)
        return inner
    name, inner = _name(data, inner)
    location.append(name)
    return inner


def _end_of_leaf(data: bytes, at: int) -> int:
    if data[at : at + 1] in _CLOSING:  # an empty one
        return _blanks(data, at + 1) + 1
    scalar = _SCALAR.match(data, at)
    if scalar is None:
        raise ValueError(_NO_JSON.format(at))
    return scalar.end()


def _following(data: bytes, at: int, location: list[str | int]) -> int | None:
    """Where the next value stands after one that ended at *at*; None when that was the last."""
    while location:
        at = _blanks(data, at)
        mark = data[at : at + 1]
        if mark == b",":
            at, last = _blanks(data, at + 1), location[-1]
            if isinstance(last, int):
                location[-1] = last + 1
            else:
                location[-1], at = _name(data, at)
            return at
        if mark != (b"]" if isinstance(location[-1], int) else b"}"):
            raise ValueError(_NO_JSON.format(at))
        location.pop()
        at += 1
    return None


def _name(data: bytes, at: int) -> tuple[str, int]:
    """The name of a member that begins at *at*, and where its value may begin."""
    string = _STRING.match(data, at)
    colon = at if string is None else _blanks(data, string.end())
    if string is None or data[colon : colon + 1] != b":":
        raise ValueError(_NO_JSON.format(at))
    return str(json.loads(string[0])), colon + 1


def _blanks(data: bytes, at: int) -> int:
    blanks = _BLANKS.match(data, at)
    return at if blanks is None else blanks.end()
