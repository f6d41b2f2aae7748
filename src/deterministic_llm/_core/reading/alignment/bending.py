"""What one alignment has done so far, and the interface of the nodes that do it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from deterministic_llm._core.exchange import JsonValue
from deterministic_llm._core.reading.alignment.bends import Refused, Rule
from deterministic_llm._core.reading.alignment.keys import Names

DEEPEST = 200
"""Containers within one another that are still looked into."""

Path: TypeAlias = "tuple[str | int, Path] | None"
"""Keys and indices from the outside in, as a linked list."""
Event: TypeAlias = "tuple[Path, Rule | Refused, JsonValue, JsonValue]"
"""Where, which rule was applied or refused, the value before and after."""


class Node(Protocol):
    """A compiled schema node; one is equal to itself alone."""

    def __hash__(self) -> int: ...

    @property
    def plain(self) -> frozenset[type]:
        """Types whose values this node never changes."""
        ...

    @property
    def names(self) -> Names | None:
        """The properties that the node declares, if it is an object."""
        ...

    def bend(self, value: JsonValue, trace: Trace) -> JsonValue:
        """*value*, or what it becomes; *trace* learns of each edit, with paths from here on."""
        ...

    def fits(self, value: JsonValue, trace: Trace) -> bool:
        """Whether *value* has the type, members and bounds; patterns are left to the validator."""
        ...


Compile: TypeAlias = Callable[[JsonValue, str], Node]
"""Makes the node of a subschema that stands under a name; its own members come later."""


@dataclass(slots=True)
class Trial:
    """What *value* became under one node: with which *events*, at which *cost*, fitting or not."""

    value: JsonValue
    events: Sequence[Event]
    cost: int
    fits: bool


_FAILED = Trial(None, (), 0, fits=False)


class Trace:
    """Edits and refusals of one alignment in document order, and the trials that led to them."""

    __slots__ = ("_fitting", "_trials", "depth", "events", "extras")

    def __init__(self, depth: int = 0) -> None:
        self.events: list[Event] = []
        self.extras = 0
        self.depth = depth
        self._trials: dict[tuple[int, int], tuple[JsonValue, Trial]] = {}
        self._fitting: dict[tuple[int, int], tuple[JsonValue, bool]] = {}

    @property
    def is_refused(self) -> bool:
        """Whether a rule said why there is no value."""
        return any(isinstance(what, Refused) for _, what, _, _ in self.events)

    def note(self, what: Rule | Refused, before: JsonValue, after: JsonValue = None) -> None:
        """Record one edit or refusal at the node that is being bent."""
        self.events.append((None, what, before, after))

    def under(self, key: str | int, mark: int) -> None:
        """Move the events since *mark* under the member *key*."""
        events = self.events
        for place in range(mark, len(events)):
            path, what, before, after = events[place]
            events[place] = ((key, path), what, before, after)

    def attempt(self, node: Node, value: JsonValue) -> Trial:
        """What *value* would become under *node*; each pair is tried once, however often asked.

        That keeps nested alternatives linear. The value is stored with its trial, so that its
        identity is not given to another one meanwhile.
        """
        pair = (id(value), id(node))
        if pair in self._trials:
            return self._trials[pair][1]
        self._trials[pair] = (value, _FAILED)
        events, extras = self.events, self.extras
        self.events, self.extras = [], 0
        bent = node.bend(value, self)
        tried, left = self.events, self.extras
        self.events, self.extras = events, extras
        costs = [what.cost for _, what, _, _ in tried if isinstance(what, Rule)]
        fits = len(costs) == len(tried) and node.fits(bent, self)
        trial = Trial(bent, tried, sum(costs) + 3 * left, fits)
        self._trials[pair] = (value, trial)
        return trial

    def take(self, trial: Trial) -> JsonValue:
        """Accept *trial*: its events are ours now."""
        self.events.extend(trial.events)
        return trial.value

    def fits_once(
        self, value: JsonValue, union: Node, fits: Callable[[JsonValue, Trace], bool]
    ) -> bool:
        """Whether *value* *fits* the members of *union*; asked once of containers."""
        if not isinstance(value, (dict, list)):
            return fits(value, self)
        pair = (id(value), id(union))
        if pair not in self._fitting:
            self._fitting[pair] = (value, False)
            self._fitting[pair] = (value, fits(value, self))
        return self._fitting[pair][1]
