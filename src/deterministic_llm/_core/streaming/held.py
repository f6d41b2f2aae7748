"""What a caller holds of an answer: members go in at their places, and what is news comes out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

from deterministic_llm._core.exchange import JsonValue
from deterministic_llm._core.reading.syntax.documents import same
from deterministic_llm._core.schema.kinds import kinds
from deterministic_llm._core.schema.locations import Location
from deterministic_llm._core.schema.target import JsonTarget, Target
from deterministic_llm._core.schema.violations import json_path
from deterministic_llm._core.streaming.events import FieldClosed, Item


class Held:
    """The members of an answer to *target* that a caller was told, each by its place."""

    def __init__(self, target: Target[object]) -> None:
        self._members: dict[Location, JsonValue] = {}
        self._listed = isinstance(target, JsonTarget) and kinds(target.schema) == _LIST

    def settled(self, payload: JsonValue, output: object) -> Iterator[FieldClosed | Item[object]]:
        """The members of the *payload* of the *output* that were not told, or told otherwise."""
        for location, value in _members(payload, ()):
            known = location in self._members
            if not known or not same(self._members[location], value):
                self._members[location] = value
                yield self._told(location, value, output, changed=known)

    def _told(
        self, location: Location, value: JsonValue, output: object, *, changed: bool
    ) -> FieldClosed | Item[object]:
        if self._listed and len(location) == 1:
            index = cast("int", location[0])
            items = cast("list[object]", output)
            return Item(index, items[index], changed)
        return FieldClosed(json_path(location), value, changed)


_LIST = frozenset({"array"})


def _members(value: JsonValue, location: Location) -> Iterator[tuple[Location, JsonValue]]:
    """The members of *value* in the order in which they close; the whole only where it has none."""
    inner = (
        list(value.items())
        if isinstance(value, dict)
        else list(enumerate(value))
        if isinstance(value, list)
        else []
    )
    for token, member in inner:
        yield from _members(member, (*location, token))
    if location or not inner:
        yield location, value
