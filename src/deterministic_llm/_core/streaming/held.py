"""What a caller holds of an answer: members go in at their places, and what is news comes out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import Enum
from typing import Final, Literal, NamedTuple, TypeAlias

from deterministic_llm._core.drafts import Patch
from deterministic_llm._core.exchange import JsonValue
from deterministic_llm._core.reading.syntax.documents import same
from deterministic_llm._core.schema.locations import Location, stands_at, value_at
from deterministic_llm._core.schema.sites import Site, without_ignored

News: TypeAlias = Literal["new", "changed", "known"]
"""What a member is to the caller: never told, told otherwise before, or told just so."""


class Difference(NamedTuple):
    """A member of which the caller holds nothing, or something else."""

    location: Location
    value: JsonValue
    changed: bool


class Held:
    """The members that a caller was told, each put at its place, and the texts that were begun."""

    def __init__(self) -> None:
        self._told = _Node()
        self._pending: list[tuple[Location, JsonValue, Site]] = []
        self._begun: set[Location] = set()
        self._restarted = False

    def put(self, location: Location, value: JsonValue, site: Site) -> News:
        """Take *value* at *location*, in place of all that was told there and below.

        Members that the type leaves out at *site* are none of it.
        """
        if not self._restarted:
            # A first answer tells each member once: it is put in its place when somebody asks.
            self._pending.append((location, value, site))
            return "new"
        return self._put(location, value, site)

    @property
    def _root(self) -> _Node:
        pending, self._pending = self._pending, []
        for location, value, site in pending:
            self._put(location, value, site)
        return self._told

    def _put(self, location: Location, value: JsonValue, site: Site) -> News:
        node, around = self._told, list[_Node]()
        for token in location:
            if node.told:
                around.append(node)
            node = node.below(token)
        if isinstance(value, (dict, list)) and node.count != len(value):
            value = without_ignored(value, site)
        if node.is_told(value):
            return "known"
        for each in around:
            each.stale = True
        news: News = "changed" if node.told else "new"
        node.tell(value)
        return news

    @property
    def holds_any(self) -> bool:
        """Whether anything was told."""
        return self._root.told or bool(self._root.inner())

    def begun(self, location: Location) -> None:
        """The text at *location* was told in part."""
        self._begun.add(location)

    def begins_anew(self, location: Location) -> bool:
        """Whether of the text at *location* something was told by an answer that was given up."""
        if not self._restarted:
            return False
        return location in self._begun or self._root.holds(location)

    def restart(self, patch: Patch | None = None) -> JsonValue:
        """What is told no longer holds, but for what *patch* keeps; that which does not is given.

        It is kept in mind: what comes again as it was is known.
        """
        void = _void(self._root, (), patch)
        self._restarted = True
        return None if void is _KEPT else void

    def differences(self, payload: JsonValue) -> Iterator[Difference]:
        """What has to be told for the caller to hold *payload*, innermost first."""
        return _differences(self._root, payload, ())


class _Node:
    """What was told at one place and below; *stale* once something else was told below."""

    __slots__ = ("_inner", "stale", "told", "value")

    def __init__(self) -> None:
        self.told = False
        self.stale = False
        self.value: JsonValue = None
        self._inner: dict[str | int, _Node] | None = None

    def tell(self, value: JsonValue) -> None:
        """Take *value* for all that is here."""
        self.told, self.stale, self.value, self._inner = True, False, value, None

    @property
    def count(self) -> int:
        """Of how many members something was told."""
        return 0 if self._inner is None else len(self._inner)

    def inner(self) -> dict[str | int, _Node]:
        """The members, each by itself."""
        if self._inner is None:
            self._inner = {}
            for token, member in _members(self.value) if self.told else ():
                self._inner[token] = node = _Node()
                node.tell(member)
        return self._inner

    def below(self, token: str | int) -> _Node:
        """The place of the member *token*."""
        inner = self.inner()
        node = inner.get(token)
        if node is None:
            inner[token] = node = _Node()
        return node

    def holds(self, location: Location) -> bool:
        """Whether something was told at *location*."""
        if not location:
            return self.told
        if self._inner is None:
            return self.told and stands_at(self.value, location)
        node = self._inner.get(location[0])
        return node is not None and node.holds(location[1:])

    def is_told(self, value: JsonValue) -> bool:
        """Whether just *value* was told."""
        if not self.told or self.stale:
            return False
        return self.value is value or same(self.value, value)


def _members(value: JsonValue) -> Iterable[tuple[str | int, JsonValue]]:
    if isinstance(value, dict):
        return value.items()
    return enumerate(value) if isinstance(value, list) else ()


def _differences(node: _Node, value: JsonValue, location: Location) -> Iterator[Difference]:
    if node.is_told(value):
        return
    members = dict(_members(value))
    for token, member in members.items():
        yield from _differences(node.below(token), member, (*location, token))
    # The whole answer is told by its members, unless it has none, or lost one.
    if location or not members or node.told or node.inner().keys() - members.keys():
        yield Difference(location, value, changed=node.told or (not location and bool(members)))


class _Kept(Enum):
    KEPT = "kept"


_KEPT: Final = _Kept.KEPT
"""Nothing that no longer holds."""


def _void(node: _Node, location: Location, patch: Patch | None) -> JsonValue | _Kept:
    """What was told at *location* and below, and is not kept by *patch*."""
    if node.told and not node.stale:
        if patch is None:
            return node.value
        if _is_kept(node.value, location, patch):
            return _KEPT
        if not isinstance(node.value, (dict, list)) or not node.value:
            return node.value
    void = {token: _void(each, (*location, token), patch) for token, each in node.inner().items()}
    gone = {token: each for token, each in void.items() if each is not _KEPT}
    if not gone:
        return _KEPT
    if any(isinstance(token, int) for token in gone):
        return [*gone.values()]
    return {str(token): each for token, each in gone.items()}


def _is_kept(value: JsonValue, location: Location, patch: Patch) -> bool:
    """Whether *value* stays as it is at *location*, whatever the answer for *patch* brings."""
    for place in patch.places.values():
        at = place.location
        inside = at[: len(location)] == location
        if inside or (not place.appends and location[: len(at)] == at):
            return False
    return stands_at(patch.base, location) and same(value_at(patch.base, location), value)
