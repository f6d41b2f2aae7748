"""What of a target can be shown while its answer arrives in a lowered form.

In: a schema and the way back of its answers. Out: the same schema with anything in the places that
have another form below, and where those places are.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from deterministic_llm._core.exchange import JsonObject, JsonValue
from deterministic_llm._core.records import frozen
from deterministic_llm._core.schema.locations import sole
from deterministic_llm._core.schema.lowering.codecs import (
    SAME,
    Codec,
    Items,
    Nullable,
    Reference,
    changes,
)
from deterministic_llm._core.schema.lowering.cuts import within
from deterministic_llm._core.schema.lowering.records import Optional, Record


@dataclass(frozen=True, slots=True, eq=False)
class Veil:
    """A place of an answer: the *schema* of what may be shown there, and that of its *original*.

    Nothing below an *opaque* place is shown before all of it is there. *codec* raises what closes
    at a place that has another form, or holds one that has.
    """

    schema: JsonValue
    original: JsonValue = True
    codec: Codec = SAME
    opaque: bool = False
    members: Mapping[str, Veil] = field(default_factory=dict[str, "Veil"])
    first: tuple[Veil, ...] = ()
    items: Veil | None = None

    def inner(self, token: str | int) -> Veil:
        """The place of the member or item *token*."""
        if isinstance(token, str):
            return self.members.get(token, CLEAR)
        return self.first[token] if token < len(self.first) else self.items or CLEAR


CLEAR = Veil(schema=True)
"""A place where an answer has the form of the original, and so has all below it."""


def veil(node: JsonValue, codec: Codec, root: JsonObject, *, exact: bool = False) -> Veil:
    """The place of *node*, a part of *root*, with the way back *codec* of what stands there.

    Where it has to be *exact*, a member that is left out has another form, too: elsewhere alignment
    takes null for that.
    """
    return _Weaver(root, changes if exact else shifts).veil(node, codec, ())


@frozen
class _Weaver:
    """Makes the veils of parts of *root*; *differs* tells whether a codec gives another form."""

    root: JsonObject
    differs: Callable[[Codec], bool]

    def veil(self, node: JsonValue, codec: Codec, around: tuple[Codec, ...]) -> Veil:
        """The place of *node*, inside of what the codecs *around* it are for."""
        if not self.differs(codec):
            return Veil(node)
        place, inner, known = None, within(codec), sole(node, self.root)
        if not self.differs(inner):  # it is as it is, or left out
            return Veil(node, node, codec)
        recurs = any(inner is each for each in around)
        plain = known is not None and not known.keys() & _BRANCHES and not _nullable(codec)
        if known is not None and plain and not recurs:
            if isinstance(inner, Record):
                place = self._record(known, inner, (*around, inner))
            elif isinstance(inner, Items):
                place = self._items(known, inner, (*around, inner))
        if place is None:
            return Veil(schema=True, original=node, codec=codec, opaque=True)
        return replace(place, codec=codec)

    def _record(self, node: JsonObject, codec: Record, around: tuple[Codec, ...]) -> Veil | None:
        named = node.get("properties")
        if not isinstance(named, dict) or not codec.plain or "patternProperties" in node:
            return None
        if codec.others is not None and self.differs(codec.others):
            return None
        members = {name: self.veil(named[name], codec.member(name), around) for name in named}
        schema: JsonObject = {name: each.schema for name, each in members.items()}
        return Veil({**node, "properties": schema}, node, codec, members=members)

    def _items(self, node: JsonObject, codec: Items, around: tuple[Codec, ...]) -> Veil | None:
        first, rest = node.get("prefixItems", []), node.get("items", True)
        if isinstance(rest, list) or not isinstance(first, list):
            return None
        places = tuple(
            self.veil(each, codec.item(index), around) for index, each in enumerate(first)
        )
        others = None if codec.rest is None else self.veil(rest, codec.rest, around)
        schema: JsonObject = {**node, **({"items": others.schema} if others else {})}
        if places:
            schema["prefixItems"] = [each.schema for each in places]
        return Veil(schema, node, codec, first=places, items=others)


def _nullable(codec: Codec) -> bool:
    while isinstance(codec, Optional | Reference):
        codec = codec.inner
    return isinstance(codec, Nullable)


_BRANCHES = frozenset({"anyOf", "oneOf", "allOf", "enum", "const"})


def shifts(codec: Codec) -> bool:
    """Whether *codec*, or anything inside it, changes more than whether a member is there."""
    return changes(codec, apart_from=(Optional,))
