"""An answer held against its language: pieces of it go in, the first wrong character comes out."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from deterministic_llm._core.attempts import Violation
from deterministic_llm._core.exchange import JsonValue
from deterministic_llm._core.guards import Dead, Guards, Language
from deterministic_llm._core.regexes import expression
from deterministic_llm._core.schema.complaints import below
from deterministic_llm._core.schema.locations import Location
from deterministic_llm._core.schema.target import Invalid
from deterministic_llm._core.schema.violations import json_path
from deterministic_llm._core.schema.wording import quote
from deterministic_llm._core.stops.documents import begun_in
from deterministic_llm._core.stops.places import Spot
from deterministic_llm._core.stops.rules import LEFT_SCHEMA, NO_MATCH, Reason

SOON = 0.005
"""Seconds that a stream waits for its language, once; most take one millisecond."""
AT_LENGTH = 1.0
"""The same where the text is there already."""


class Guarded:
    """One text in *language*; where words *lead* to it, it begins with its first bracket."""

    __slots__ = ("_begun", "_guard", "_size", "start")

    def __init__(
        self, guards: Guards, language: Language, *, leads: bool = False, patience: float = SOON
    ) -> None:
        self._guard = guards(language, patience=patience)
        self._begun = not leads
        self._size = 0
        self.start = 0

    def feed(self, piece: str) -> Dead | None:
        """The first wrong character, once it is in *piece*."""
        if not self._begun:
            bracket = _BRACKET.search(piece)
            if bracket is None:
                self._size += len(piece)
                return None
            self._begun, self.start = True, self._size + bracket.start()
            piece = piece[bracket.start() :]
        verdict = self._guard.feed(piece)
        return verdict if isinstance(verdict, Dead) else None


_BRACKET = expression(r"[{\[]")


def left(text: str, dead: Dead) -> Reason:
    """Why *text* cannot be read as it stands: nothing that is goes on as it does."""
    before, after = text[: dead.offset], text[dead.offset : dead.offset + _AROUND]
    expected = f"{dead.expected} after {quote(before[-_AROUND:])}" if before else dead.expected
    return Reason(
        LEFT_SCHEMA, (Violation(json_path(_place(text, dead)), "syntax", expected, quote(after)),)
    )


def _place(text: str, dead: Dead) -> Location:
    """The place of the wrong character, or of what stands before it."""
    before = text[: dead.offset]
    for begun in (text[: dead.offset + 1], f"{before}0", before):
        with suppress(ValueError):
            return _end_of(begun_in(begun))[0]
    return ()


def unmatched(text: str, dead: Dead, spot: Callable[[Location], Spot]) -> Reason | None:
    """Why *text* cannot be read even with repairs, if a text in it is what died.

    A quotation mark may be a part of what it seems to end; and what is no JSON says nothing.
    """
    begun = text[: dead.offset + 1]
    if begun.endswith('"'):
        return None
    try:
        location, said = _end_of(begun_in(begun))
    except ValueError:
        return None
    site, whole, path = spot(location)
    checked = site.check(said)
    wrong = checked.violations if isinstance(checked, Invalid) else ()
    violations = tuple(below(whole, each) for each in wrong) or (
        Violation(path, "pattern", dead.expected, quote(said)),
    )
    return Reason(NO_MATCH, violations, whole)


def _end_of(value: JsonValue) -> tuple[Location, JsonValue]:
    """Where *value* ends, in its last member of all, and what stands there."""
    location: Location = ()
    while isinstance(value, dict | list) and value:
        token: str | int
        if isinstance(value, dict):
            token, value = next(reversed(value.items()))
        else:
            token, value = len(value) - 1, value[-1]
        location = (*location, token)
    return location, value


_AROUND = 24
"""Characters on each side of the wrong one that are told."""
