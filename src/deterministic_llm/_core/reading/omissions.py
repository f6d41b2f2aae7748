"""Dots in the place of an item or a value: an answer that leaves something out is not whole."""

from __future__ import annotations

import json
import marshal
import re

from pydantic_core import to_json, to_jsonable_python
from typing_extensions import TypeVar

from deterministic_llm._core.attempts import Violation
from deterministic_llm._core.exchange import JsonValue
from deterministic_llm._core.reading.outcomes import Parsed, Unread
from deterministic_llm._core.schema.target import JsonTarget, Target
from deterministic_llm._core.schema.violations import json_path

T = TypeVar("T")

ELLIPSIS = re.compile(r'"\s*(?:\.{3,}|…)\s*"')
"""A JSON string of nothing but dots."""
_DOTS = re.compile(r"\s*(?:\.{3,}|…)\s*")


def may_omit(text: str) -> bool:
    """Whether *text* is worth a look: dots right behind a quotation mark of any make."""
    # From behind, they are found in a third of the time.
    dotted = text.rfind("...") >= 0 or "…" in text
    return dotted and _DOTS_QUOTED.search(text) is not None


def may_hold_dots(value: JsonValue) -> bool:
    """Whether the text of *value* as JSON is worth a look."""
    # Not written as JSON, which takes three times as long.
    packed = marshal.dumps(value)
    if packed.rfind(b"...") < 0 and packed.rfind(_ELLIPSIS) < 0:
        return False
    return may_omit(to_json(value).decode())


_ELLIPSIS = "…".encode()
_DOTS_QUOTED = re.compile(r"[\"'`“”‘’「『]\s*(?:\.{3}|…)")


def whole(reading: Parsed[T], target: Target[T]) -> Parsed[T] | Unread:
    """*reading*, unless some text in its output is dots alone, which no schema asked for."""
    if isinstance(target, JsonTarget) and _asks_for_dots(target):
        return reading
    value: JsonValue = to_jsonable_python(reading.output, by_alias=True, fallback=repr)
    violations = tuple(_omission(location) for location in _dotted(value))
    if not violations:
        return reading
    # No draft: what an output is written as may lack members that it was read from.
    return Unread(violations, reading.repairs)


def _asks_for_dots(target: JsonTarget[object]) -> bool:
    return ELLIPSIS.search(json.dumps(target.schema, ensure_ascii=False)) is not None


def _omission(location: tuple[str | int, ...]) -> Violation:
    path = json_path(location)
    if location and isinstance(location[-1], int):
        return Violation(path, "ellipsis", "expected every item", '"..."', "write all")
    return Violation(path, "placeholder", "expected a value", '"..."', "write it")


def _dotted(value: JsonValue) -> list[tuple[str | int, ...]]:
    """Where in *value* a text is dots alone."""
    found: list[tuple[str | int, ...]] = []
    pending: list[tuple[tuple[str | int, ...], JsonValue]] = [((), value)]
    while pending:
        at, each = pending.pop()
        if isinstance(each, str) and _DOTS.fullmatch(each):
            found.append(at)
        elif isinstance(each, dict):
            pending += [((*at, name), inner) for name, inner in each.items()]
        elif isinstance(each, list):
            pending += [((*at, index), inner) for index, inner in enumerate(each)]
    return found
