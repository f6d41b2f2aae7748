"""Two versions of a schema compared: what changed, by field, and whom it breaks.

A writer makes values of the old version that are read by the new one; a reader knows the old
version and is given values of the new one. What is refused anew breaks writers, what is admitted
anew breaks readers.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, TypeAlias

from deterministic_llm._core.exchange import JsonObject, JsonValue
from deterministic_llm._core.records import frozen
from deterministic_llm._core.schema.lowering.editions import modern
from deterministic_llm._core.schema.lowering.intersections import (
    RESIDUE,
    EmptyIntersection,
    intersection,
    other_member,
)
from deterministic_llm._core.schema.lowering.parts import HOLDING, flattened, types_of
from deterministic_llm._core.schema.lowering.references import References, references_in
from deterministic_llm._core.schema.lowering.scope import key_of
from deterministic_llm._core.schema.violations import json_path
from deterministic_llm._core.schema.wording import quote

Party: TypeAlias = Literal["writers", "readers"]


@frozen
class Change:
    """What changed at *path*, and whom it *breaks*; nobody where it is compatible."""

    path: str
    what: str
    breaks: tuple[Party, ...] = ()


def changes_between(old: JsonObject, new: JsonObject) -> tuple[Change, ...]:
    """Every change from *old* to *new* that matters to a value, in the order of the members.

    Raises SchemaError for a ``$ref`` that leads nowhere or outside.
    """
    before, after = modern(old), modern(new)
    comparison = _Comparison(references_in(before), references_in(after), set())
    return tuple(dict.fromkeys(comparison.compare(before, after, ())))


_Path: TypeAlias = tuple[str | int, ...]


@frozen
class _Comparison:
    old: References
    new: References
    seen: set[tuple[str, str]]

    def compare(self, before: JsonValue, after: JsonValue, path: _Path) -> Iterator[Change]:
        """What changed from *before* to *after*, which stand at *path*."""
        pair = (key_of(before), key_of(after))
        if pair in self.seen:
            return
        self.seen.add(pair)
        old, new = _whole(self.old, before), _whole(self.new, after)
        if old is None or new is None:
            yield from _existence(old, new, path)
            return
        for part in (_types, _constants, _bounds, _rules, _conditions):
            yield from part(old, new, path)
        yield from self._members(old, new, path)
        yield from self._items(old, new, path)
        yield from self._alternatives(old, new, path)

    def _members(self, old: JsonObject, new: JsonObject, path: _Path) -> Iterator[Change]:
        before, after = _object(old, "properties"), _object(new, "properties")
        for name in {**before, **after}:
            here = (*path, name)
            if name in before and name in after:
                yield from _required(name, old, new, here)
                yield from self.compare(before[name], after[name], here)
            elif name in after:
                yield _added(name, old, new, here)
            else:
                yield _removed(name, old, new, here)
        for name in sorted({*_names(old), *_names(new)} - before.keys() - after.keys()):
            yield from _required(name, old, new, (*path, name))
        if old.get("additionalProperties", True) != new.get("additionalProperties", True):
            yield from self._rest(old, new, path)

    def _rest(self, old: JsonObject, new: JsonObject, path: _Path) -> Iterator[Change]:
        before = old.get("additionalProperties", True)
        after = new.get("additionalProperties", True)
        if after is False:
            yield Change(json_path(path), "other members are refused", ("writers",))
        elif before is False:
            yield Change(json_path(path), "other members are admitted", ("readers",))
        else:
            yield from self.compare(before, after, (*path, "*"))

    def _items(self, old: JsonObject, new: JsonObject, path: _Path) -> Iterator[Change]:
        first, second = _list(old, "prefixItems"), _list(new, "prefixItems")
        before, after = old.get("items", True), new.get("items", True)
        for index in range(max(len(first), len(second))):
            one = first[index] if index < len(first) else before
            other = second[index] if index < len(second) else after
            yield from self.compare(one, other, (*path, index))
        if before != after:
            yield from self.compare(before, after, (*path, "*"))

    def _alternatives(self, old: JsonObject, new: JsonObject, path: _Path) -> Iterator[Change]:
        before = _list(old, "anyOf") or _list(old, "oneOf")
        after = _list(new, "anyOf") or _list(new, "oneOf")
        wholes = [key_of(_whole(self.old, each)) for each in before]
        others = [key_of(_whole(self.new, each)) for each in after]
        gone = [each for each in wholes if each not in others]
        come = [each for each in others if each not in wholes]
        here = json_path(path)
        if not before and after:
            yield Change(here, "alternatives are asked for", ("writers",))
        elif before and not after:
            yield Change(here, "no alternatives are asked for", ("readers",))
        elif gone or come:
            if gone:
                yield Change(here, f"alternatives removed: {len(gone)}", ("writers",))
            if come:
                yield Change(here, f"alternatives added: {len(come)}", ("readers",))


def _whole(references: References, node: JsonValue) -> JsonObject | None:
    """*node* as one, without references and annotations; None when nothing fits it."""
    try:
        whole = intersection(flattened(references, node))
    except EmptyIntersection:
        return None
    if not isinstance(whole, dict):
        return {}
    return {key: whole[key] for key in whole if key in HOLDING or key == RESIDUE}


def _existence(old: JsonObject | None, new: JsonObject | None, path: _Path) -> Iterator[Change]:
    if new is None and old is not None:
        yield Change(json_path(path), "nothing fits it now", ("writers",))
    elif old is None and new is not None:
        yield Change(json_path(path), "something fits it now", ("readers",))


def _types(old: JsonObject, new: JsonObject, path: _Path) -> Iterator[Change]:
    before, after = _kinds(old), _kinds(new)
    breaks: list[Party] = []
    if after and not all(_covers(after, kind) for kind in before or ["any"]):
        breaks.append("writers")
    if before and not all(_covers(before, kind) for kind in after or ["any"]):
        breaks.append("readers")
    if breaks:
        said = f"type {' or '.join(before) or 'any'} became {' or '.join(after) or 'any'}"
        yield Change(json_path(path), said, tuple(breaks))


def _kinds(node: JsonObject) -> list[str]:
    return types_of(node) if "type" in node else []


def _covers(kinds: list[str], kind: str) -> bool:
    return kind in kinds or (kind == "integer" and "number" in kinds)


def _constants(old: JsonObject, new: JsonObject, path: _Path) -> Iterator[Change]:
    before, after = _options(old), _options(new)
    here = json_path(path)
    if before is None and after is not None:
        yield Change(here, f"held to {', '.join(after)}", ("writers",))
    elif before is not None and after is None:
        yield Change(here, f"no longer held to {', '.join(before)}", ("readers",))
    elif before is not None and after is not None:
        gone = [each for each in before if each not in after]
        come = [each for each in after if each not in before]
        if gone:
            yield Change(here, f"values removed: {', '.join(gone)}", ("writers",))
        if come:
            yield Change(here, f"values added: {', '.join(come)}", ("readers",))


def _options(node: JsonObject) -> list[str] | None:
    if "const" in node:
        return [quote(node["const"])]
    options = node.get("enum")
    return [quote(each) for each in options] if isinstance(options, list) else None


_LOWER = ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties")
_UPPER = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties")


def _bounds(old: JsonObject, new: JsonObject, path: _Path) -> Iterator[Change]:
    for keywords, sign in ((_LOWER, 1), (_UPPER, -1)):
        for keyword in keywords:
            before, after = old.get(keyword), new.get(keyword)
            if before == after:
                continue
            tighter = before is None or (after is not None and _less(before, after, sign))
            party: Party = "writers" if tighter else "readers"
            yield Change(json_path(path), _from_to(keyword, before, after), (party,))


def _less(before: JsonValue, after: JsonValue, sign: int) -> bool:
    low = before if isinstance(before, int | float) else 0
    high = after if isinstance(after, int | float) else 0
    return (high - low) * sign > 0


def _rules(old: JsonObject, new: JsonObject, path: _Path) -> Iterator[Change]:
    for keyword in ("pattern", "format", "multipleOf", "uniqueItems"):
        before, after = old.get(keyword), new.get(keyword)
        if before == after:
            continue
        breaks: tuple[Party, ...] = ("writers", "readers")
        if before in (None, False):
            breaks = ("writers",)
        elif after in (None, False):
            breaks = ("readers",)
        yield Change(json_path(path), _from_to(keyword, before, after), breaks)


_CONDITIONS = (
    "not",
    "if",
    "then",
    "else",
    "contains",
    "minContains",
    "maxContains",
    "propertyNames",
    "patternProperties",
    "dependentRequired",
    "dependentSchemas",
    "unevaluatedItems",
    "unevaluatedProperties",
    RESIDUE,
)


def _conditions(old: JsonObject, new: JsonObject, path: _Path) -> Iterator[Change]:
    """Rules whose change is not looked into: either party may break."""
    for keyword in _CONDITIONS:
        if old.get(keyword) != new.get(keyword):
            said = "allOf" if keyword == RESIDUE else keyword
            yield Change(json_path(path), f"{said} changed", ("writers", "readers"))


def _required(name: str, old: JsonObject, new: JsonObject, path: _Path) -> Iterator[Change]:
    before, after = name in _names(old), name in _names(new)
    if after and not before:
        yield Change(json_path(path), "became required", ("writers",))
    elif before and not after:
        yield Change(json_path(path), "is no longer required", ("readers",))


def _added(name: str, old: JsonObject, new: JsonObject, path: _Path) -> Change:
    needed = name in _names(new) and name not in _names(old)
    writers: tuple[Party, ...] = ("writers",) if needed else ()
    readers: tuple[Party, ...] = ("readers",) if other_member(old, name) is False else ()
    return Change(json_path(path), f"added{', required' if needed else ''}", (*writers, *readers))


def _removed(name: str, old: JsonObject, new: JsonObject, path: _Path) -> Change:
    needed = name in _names(old) and name not in _names(new)
    writers: tuple[Party, ...] = ("writers",) if other_member(new, name) is False else ()
    readers: tuple[Party, ...] = ("readers",) if needed else ()
    said = "removed, was required" if needed else "removed"
    return Change(json_path(path), said, (*writers, *readers))


def _names(node: JsonObject) -> list[str]:
    return [str(each) for each in _list(node, "required")]


def _object(node: JsonObject, keyword: str) -> JsonObject:
    value = node.get(keyword)
    return value if isinstance(value, dict) else {}


def _list(node: JsonObject, keyword: str) -> list[JsonValue]:
    value = node.get(keyword)
    return value if isinstance(value, list) else []


def _from_to(keyword: str, before: JsonValue, after: JsonValue) -> str:
    if before is None:
        return f"{keyword} {quote(after)} was added"
    if after is None:
        return f"{keyword} {quote(before)} was removed"
    return f"{keyword} {quote(before)} became {quote(after)}"
