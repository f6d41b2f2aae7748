"""A document in the form that a backend was held to goes in, one in that of its original comes out.

Alignment and validation then see what they would see without any lowering.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from deterministic_llm._core.attempts import Violation
from deterministic_llm._core.drafts import Draft
from deterministic_llm._core.exchange import JsonValue
from deterministic_llm._core.reading.outcomes import Unread
from deterministic_llm._core.reading.syntax.documents import Document
from deterministic_llm._core.schema.locations import location_of
from deterministic_llm._core.schema.target import Invalid
from deterministic_llm._core.schema.violations import json_path

if TYPE_CHECKING:
    from deterministic_llm._core.schema.raising import Ascent


def raised_document(
    document: Document, ascent: Ascent[object] | None, context: object
) -> Document | Unread:
    """*document* as its original is written; what is cut there is left out of it."""
    if ascent is None:
        return document
    if document.truncated:
        spine = location_of(document.open_path or "$") or ()
        kept, opened = ascent.cut(document.value, spine)
        if kept is None:
            return Unread((_CUT,), document.repairs)
        document = replace(document, value=kept.output)
        document = replace(document, open_paths=_last(ascent.lenient(kept.output), opened))
    original = ascent.original(document.value, context)
    if isinstance(original, Invalid):
        return _unread(original, document, ascent)
    return (
        document if original.output is document.value else replace(document, value=original.output)
    )


_CUT = Violation("$", "truncated", "expected the whole answer", "one that may be cut off")


def _unread(invalid: Invalid, document: Document, ascent: Ascent[object]) -> Unread:
    value = ascent.lenient(document.value)
    unclear = any(each.code == "ambiguous" for each in invalid.violations)
    if unclear or not isinstance(value, dict | list):
        return Unread(invalid.violations, document.repairs)
    draft = Draft(value, document.truncated, document.open_paths)
    return Unread(invalid.violations, document.repairs, draft)


def _last(value: JsonValue, count: int) -> tuple[str, ...]:
    """The paths of the *count* outermost containers of which each is the last member of another."""
    keys: list[str | int] = []
    paths: list[str] = []
    while isinstance(value, dict | list) and len(paths) < count:
        paths.append(json_path(keys))
        if not value:
            break
        if isinstance(value, dict):
            key, value = next(reversed(value.items()))
            keys.append(key)
        else:
            keys.append(len(value) - 1)
            value = value[-1]
    return tuple(paths)
