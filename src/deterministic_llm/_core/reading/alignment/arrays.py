"""The compiled schema node of a list: every item comes out, each as its schema wants it."""

from __future__ import annotations

import re

from deterministic_llm._core.exchange import JsonObject, JsonValue
from deterministic_llm._core.reading.alignment.bending import DEEPEST, Compile, Node, Trace, Trial
from deterministic_llm._core.reading.alignment.bends import BULLETS, SINGLE_ITEM, Refused
from deterministic_llm._core.reading.alignment.keys import Names, folded
from deterministic_llm._core.reading.alignment.leaves import Anything
from deterministic_llm._core.reading.alignment.openings import from_text, opened
from deterministic_llm._core.reading.alignment.scalars import null_word
from deterministic_llm._core.reading.alignment.vocabulary import LIST_ENVELOPES, MISSING
from deterministic_llm._core.reading.syntax.documents import same
from deterministic_llm._core.regexes import expression

_SEVERAL_ITEMS = expression(
    r"[,;\n|/•、\uff0c\uff1b→]|[-=]>|\s(?:[>+&]|and|or|und|et|y|e|vs\.?|versus)\s|\betc\b"
    r"|\A\(?\d{1,3}[.)]\s.*?\s\(?\d{1,3}[.)]\s|#\w+\s+#\w",
    re.IGNORECASE,
)
_ANOTHER_NUMBER = expression(r"\s\(?\d{1,3}[.)]\s")
_NO_ITEM = expression(
    rf"(?:no|none|nothing|empty|unknown|nil|null|n/a)\b.*|\W*|not {MISSING}.*",
    re.IGNORECASE | re.DOTALL,
)
_BULLET = expression(r"\s*(?P<mark>[-*•\u2013·‣]|\(?(?P<number>\d{1,3})[.)])\s+(?=\S)")


class ArrayNode:
    """A list: the items that come first, and the items that follow."""

    __slots__ = (
        "_compile",
        "_first",
        "_item",
        "_least",
        "_most",
        "_names",
        "_ready",
        "_schema",
        "plain",
    )

    def __init__(self, schema: JsonObject, compile_node: Compile) -> None:
        self.plain: frozenset[type] = frozenset()
        self._names: Names | None = None
        self._schema = schema
        self._compile = compile_node
        self._ready = False
        self._first: list[Node] = []
        self._item: Node = Anything()
        self._least = _count(schema.get("minItems"), 0)
        self._most = _count(schema.get("maxItems"), None)

    def bend(self, value: JsonValue, trace: Trace) -> JsonValue:
        """*value* with each item as its schema wants it; never with an item less."""
        if not self._ready:
            self._open()
        if not isinstance(value, list):
            return self._from_other(value, trace)
        if trace.depth >= DEEPEST or (
            not self._first and self._item.plain.issuperset(map(type, value))
        ):
            return value
        trace.depth += 1
        bent = self._bent(value, trace)
        trace.depth -= 1
        return bent

    def fits(self, value: JsonValue, trace: Trace) -> bool:
        """Whether *value* is a list of fitting items, neither too many nor too few."""
        if not self._ready:
            self._open()
        if not isinstance(value, list) or trace.depth >= DEEPEST or not self._holds(len(value)):
            return False
        trace.depth += 1
        nodes = self._first
        fitting = all(
            (nodes[place] if place < len(nodes) else self._item).fits(item, trace)
            for place, item in enumerate(value)
        )
        trace.depth -= 1
        return fitting

    @property
    def names(self) -> Names | None:
        """The properties of each item, if that is an object."""
        self.item(0)
        return self._names

    @property
    def is_uniform(self) -> bool:
        """Whether one schema stands for all items."""
        self.item(0)
        return not self._first

    def item(self, place: int) -> Node:
        """The node of the item at *place*."""
        if not self._ready:
            self._open()
        return self._first[place] if place < len(self._first) else self._item

    def _open(self) -> None:
        self._ready = True
        items, first = self._schema.get("items"), self._schema.get("prefixItems")
        if isinstance(items, list):  # the older drafts' way to say prefixItems
            items, first = self._schema.get("additionalItems"), items
        if isinstance(first, list):
            self._first = [self._compile(node, "") for node in first]
        if items is not None:
            self._item = self._compile(items, "")
        if not self._first:
            self._names = self._item.names

    def _holds(self, count: int) -> bool:
        return count >= (self._least or 0) and (self._most is None or count <= self._most)

    def _bent(self, value: list[JsonValue], trace: Trace) -> list[JsonValue]:
        result = value
        first, item_node = self._first, self._item
        for place, item in enumerate(value):
            node = first[place] if place < len(first) else item_node
            if type(item) in node.plain:
                continue
            mark = len(trace.events)
            bent = node.bend(item, trace)
            if len(trace.events) > mark:
                trace.under(place, mark)
            if bent is not item:
                result = list(value) if result is value else result
                result[place] = bent
        return result

    def _from_other(self, value: JsonValue, trace: Trace) -> JsonValue:
        if value is None:
            return value
        if isinstance(value, str):
            bent = from_text(self, value, "[", trace)
            if bent is not value:
                return bent
        inside = opened(self, value, trace, kind="array") if isinstance(value, dict) else None
        alone = self._alone(value, trace)
        if _differ(inside, alone) and not _is_list_envelope(value):
            trace.note(Refused("ambiguous", "expected a list: this may be one or an item"), value)
            return value
        trial = inside or alone
        return value if trial is None else trace.take(trial)

    def _alone(self, value: JsonValue, trace: Trace) -> Trial | None:
        """*value* as the only item, or as lines that are each marked as an item."""
        if self._first or isinstance(self._item, Anything):
            return None
        lines = _bulleted(value) if isinstance(value, str) else []
        items: list[JsonValue] = [*lines] or [value]
        if not lines and isinstance(value, str) and not _is_item(value):
            return None
        rule = BULLETS if lines else SINGLE_ITEM
        trials = [trace.attempt(self._item, item) for item in items]
        if not all(trial.fits for trial in trials) or not self._holds(len(items)):
            return None
        bent: list[JsonValue] = [trial.value for trial in trials]
        events = [
            ((place, path), what, before, after)
            for place, trial in enumerate(trials)
            for path, what, before, after in trial.events
        ]
        cost = rule.cost + sum(trial.cost for trial in trials)
        return Trial(bent, [(None, rule, value, bent), *events], cost, fits=True)


def may_be_several(text: str) -> bool:
    """Whether *text* may enumerate items."""
    return _SEVERAL_ITEMS.search(text) is not None


def _is_item(text: str) -> bool:
    """Whether *text* is clearly one thing: no enumeration, no bracket, no word for nothing."""
    if may_be_several(text) or _NO_ITEM.fullmatch(text) or _BULLET.match(text):
        return False
    return not null_word(text) and text.lstrip()[:1] not in "[{(<"


def _bulleted(text: str) -> list[str]:
    """The items of *text*, if every line is one with the same mark or the next number."""
    lines = [line for line in text.splitlines() if line.strip()]
    matches = [_BULLET.match(line) for line in lines]
    found = [match for match in matches if match is not None]
    if len(found) != len(lines) or not found:
        return []
    items = [match.string[match.end() :].rstrip() for match in found]
    if len(items) == 1 and (items[0][0].isdecimal() or _ANOTHER_NUMBER.search(items[0])):
        return []  # "- 5" may be minus five, "1. 5" one and a half, "1. tea 2. water" two items
    numbers = [match["number"] for match in found]
    if numbers[0] is None:
        regular = len({match["mark"] for match in found}) == 1
    else:
        regular = numbers == [str(place + 1) for place in range(len(numbers))]
    return items if regular else []


def _differ(inside: Trial | None, alone: Trial | None) -> bool:
    """Whether both are there and say different things."""
    return inside is not None and alone is not None and not same(inside.value, alone.value)


def _is_list_envelope(value: JsonValue) -> bool:
    return isinstance(value, dict) and bool({folded(key) for key in value} & LIST_ENVELOPES)


def _count(limit: JsonValue, default: int | None) -> int | None:
    return limit if isinstance(limit, int) and not isinstance(limit, bool) else default
