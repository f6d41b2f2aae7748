"""What an answer for some members brings: its text goes in, the members that it holds come out."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import TypeAlias

from pydantic_core import from_json, to_json

from deterministic_llm._core.attempts import Repair
from deterministic_llm._core.drafts import Patch
from deterministic_llm._core.exchange import JsonObject, JsonValue
from deterministic_llm._core.intact import left_aside
from deterministic_llm._core.reading.alignment.bends import (
    ENVELOPE,
    LIST_OF_ONE,
    SCHEMA_ECHO,
    TOOL_CALL,
    TYPED_VALUE,
)
from deterministic_llm._core.reading.outcomes import Parsed, Unread
from deterministic_llm._core.reading.reader import read
from deterministic_llm._core.records import frozen
from deterministic_llm._core.regexes import expression
from deterministic_llm._core.sayings import as_said
from deterministic_llm._core.schema.locations import schema_at, sole, without
from deterministic_llm._core.schema.merges import picked
from deterministic_llm._core.schema.patches import patch_target
from deterministic_llm._core.schema.raising import raised
from deterministic_llm._core.schema.target import Checked, JsonTarget, Valid

_Way: TypeAlias = "Callable[[str, Question, Brought], Brought]"


@frozen
class Question:
    """The members of *patch* that were asked for, of *target* and in *dialect*."""

    target: JsonTarget[object]
    patch: Patch
    dialect: str | None

    @property
    def asked(self) -> JsonTarget[JsonValue]:
        """The answer that brings them."""
        return raised(patch_target(self.target, self.patch), self.dialect)

    @property
    def whole(self) -> JsonTarget[JsonValue]:
        """The answer that brings all there is."""
        return raised(as_said(self.target), self.dialect)


@frozen
class Brought:
    """The asked *members* that a text brings, its *others*, and what of it was left open."""

    members: JsonObject
    others: JsonObject
    repairs: tuple[Repair, ...] = ()
    span: tuple[int, int] = (0, 0)
    truncated: bool = False
    open_paths: tuple[str, ...] = ()
    begun: tuple[str, ...] = ()


NOTHING = Brought({}, {})


def by_key(reading: Parsed[JsonValue] | Unread, patch: Patch) -> Brought:
    """What an object with the asked keys brings, be it whole or not."""
    if isinstance(reading, Parsed):
        said, repairs, span = reading.output, reading.repairs, reading.span
        truncated, open_paths, begun = reading.truncated, reading.open_paths, reading.begun
    elif (draft := reading.draft) is not None:
        said, repairs, span = draft.value, reading.repairs_tried, (0, 0)
        truncated, open_paths, begun = draft.truncated, draft.open_paths, draft.begun
    else:
        return NOTHING
    if not isinstance(said, dict):
        return NOTHING
    members = {key: said[key] for key in said if key in patch.places}
    others = {key: said[key] for key in said if key not in patch.places}
    repairs = (*repairs, *left_aside(others))
    return Brought(members, others, repairs, span, truncated, open_paths, begun)


def says_two_values(reading: Parsed[JsonValue] | Unread) -> bool:
    """Whether it was refused for two values of one member, of which a draft holds the first."""
    return isinstance(reading, Unread) and any(
        each.code == "duplicate_key" for each in reading.violations
    )


def ways(brought: Brought, patch: Patch, *, strict: bool) -> Sequence[_Way]:
    """The other ways to read a text of which this was *brought* by the keys alone."""
    if brought.truncated:
        return ()
    if not brought.members:
        return (_in_the_whole,) if strict else _WAYS
    appends = any(place.appends for place in patch.places.values())
    is_all = not appends and brought.members.keys() == patch.places.keys()
    return () if is_all or not brought.others else (_in_the_whole,)


def is_opened(repairs: Iterable[Repair], target: JsonTarget[object]) -> bool:
    """Whether what was opened may be a member, or an item, with members of its own."""
    opened = [each.before for each in repairs if each.rule in _OPENINGS and each.path == "$"]
    if not opened:
        return False
    names = json.dumps(target.schema)
    return any(
        not isinstance(each, dict)
        or any(f"{json.dumps(token)}:" in names for key in each for token in _tokens(key))
        for each in opened
    )


_OPENINGS = frozenset(
    each.name for each in (ENVELOPE, SCHEMA_ECHO, TYPED_VALUE, TOOL_CALL, LIST_OF_ONE)
)


def _in_the_whole(text: str, question: Question, brought: Brought) -> Brought:
    """The members at their places in the whole again, or in a part of it that holds them alone."""
    target, patch = question.target, question.patch
    reading = read(text, question.whole)
    if isinstance(reading, Parsed):
        value, repairs, truncated = reading.output, reading.repairs, reading.truncated
    elif (draft := reading.draft) is not None:
        value, repairs, truncated = draft.value, reading.repairs_tried, draft.truncated
    else:
        return brought
    if says_two_values(reading):
        return brought
    if truncated or is_opened(repairs, target) or _may_be_item(value, target, patch):
        return brought
    members = picked(target, patch, value)
    if not _is_whole(value, patch):
        members = {**members, **brought.members}
    if not members:
        return brought
    span = reading.span if isinstance(reading, Parsed) else brought.span
    return Brought(
        members, brought.others, (*repairs, _noted("members taken from a whole answer")), span
    )


def _is_whole(value: JsonValue, patch: Patch) -> bool:
    """Whether *value* has all that was there, and so more than was asked for."""
    if not isinstance(value, dict) or not isinstance(patch.base, dict):
        return True
    return patch.base.keys() <= value.keys() and bool(patch.base.keys() - patch.places.keys())


def _may_be_item(value: JsonValue, target: JsonTarget[object], patch: Patch) -> bool:
    """Whether *value* may as well be the one member that was asked for, in a recursive type."""
    place, *others = patch.places.values()
    if others or not isinstance(value, dict) or not isinstance(patch.base, dict):
        return False
    names = (sole(schema_at(target, place.location), target.schema) or {}).get("properties")
    if not isinstance(names, dict) or not value.keys() <= names.keys():
        return False
    return without(value, place.location[:1]) != without(patch.base, place.location[:1])


def _under_other_paths(text: str, question: Question, brought: Brought) -> Brought:
    """The members under paths that are spelled in another way: ``$.a[0].b`` or ``a.0.b``."""
    reading = read(text, _OBJECT)
    said = reading.output if isinstance(reading, Parsed) and not reading.truncated else None
    if not isinstance(said, dict):
        return brought
    members = _respelled(said.items(), question.patch)
    if len(members) < len(said):
        return brought  # the others may hold the rest
    return _aligned(members, question, brought, "paths in another spelling")


def _as_pairs(text: str, question: Question, brought: Brought) -> Brought:
    """The members as a list of objects with a path and a value."""
    reading = read(text, _LIST)
    said = reading.output if isinstance(reading, Parsed) and not reading.truncated else None
    items = said if isinstance(said, list) else []
    pairs = [
        (str(each["path"]), each["value"])
        for each in items
        if isinstance(each, dict) and each.keys() == {"path", "value"}
    ]
    members = _respelled(pairs, question.patch)
    if len(members) < len(items):
        return brought
    return _aligned(members, question, brought, "a list of paths and values")


def _alone(text: str, question: Question, brought: Brought) -> Brought:
    """The one member that was asked for, without its key."""
    target = question.target
    fenced = _FENCED.fullmatch(text)
    try:
        value: JsonValue = from_json(text if fenced is None else fenced[1], allow_inf_nan=False)
    except ValueError:
        return brought
    (key, place), *others = question.patch.places.items()
    known = sole(schema_at(target, place.location), target.schema) or {}
    if others or value is None or not _can_only_be(value, known, target):
        return brought
    return _aligned({key: value}, question, brought, "a member without its key")


_FENCED = expression(r"\s*```\w*\n(.*)\n\s*```\s*", re.DOTALL)


def _can_only_be(value: JsonValue, node: JsonObject, target: JsonTarget[object]) -> bool:
    """Whether *value* cannot be the whole, nor a part of it other than one of *node*."""
    root = sole(target.schema, target.schema) or {}
    if isinstance(value, list):
        return root.get("type") == "object"
    if isinstance(value, dict):
        names, own = node.get("properties"), root.get("properties")
        if not isinstance(names, dict) or not isinstance(own, dict):
            return False
        return bool(value) and value.keys() <= names.keys() and not value.keys() & own.keys()
    return not (isinstance(value, str) and value.lstrip()[:1] in ("{", "["))


def _respelled(said: Iterable[tuple[str, JsonValue]], patch: Patch) -> JsonObject:
    """What of *said* is under the path of exactly one member that was asked for."""
    keys = [*patch.places]
    spelled = [_tokens(key) for key in keys]
    found: JsonObject = {}
    for name, value in said:
        tokens = _tokens(name)
        if spelled.count(tokens) == 1:
            key = keys[spelled.index(tokens)]
            if key in found:
                return {}  # said twice: neither is it
            found[key] = value
    return found


def _tokens(path: str) -> list[str]:
    return [each for each in _BETWEEN.split(path) if each]


_BETWEEN = expression(r"[$.#/\[\]\"']+")
"""What stands between the names and numbers of a path, however it is spelled."""


def _aligned(members: JsonObject, question: Question, brought: Brought, rule: str) -> Brought:
    """*members*, read as if they had come under their keys."""
    if not members:
        return brought
    found = by_key(read(to_json(members).decode(), question.asked), question.patch)
    return replace(found, repairs=(*found.repairs, _noted(rule)), span=brought.span)


def _noted(rule: str) -> Repair:
    return Repair(rule, "$", None, None, "none")


class _AnyValue:
    """Takes whatever stands there."""

    def check(
        self, value: JsonValue, text: str | None = None, context: object = None
    ) -> Checked[JsonValue]:
        del text, context
        return Valid(value)


_OBJECT: JsonTarget[JsonValue] = JsonTarget("object", {"type": "object"}, _AnyValue())


_LIST: JsonTarget[JsonValue] = JsonTarget("list", {"type": "array"}, _AnyValue())


_WAYS: Sequence[_Way] = (_under_other_paths, _as_pairs, _in_the_whole, _alone)
