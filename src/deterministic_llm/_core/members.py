"""An answer to a question for some members: its text goes in, the whole that it makes comes out."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from pydantic_core import ValidationError, from_json, to_json
from typing_extensions import TypeVar

from deterministic_llm._core.attempts import Repair, Request, Violation
from deterministic_llm._core.contract import Contract
from deterministic_llm._core.drafts import Draft, Patch
from deterministic_llm._core.exchange import JsonObject, JsonValue
from deterministic_llm._core.intact import left_aside, may_be_inside, read_intact
from deterministic_llm._core.reading.alignment.bends import (
    ENVELOPE,
    LIST_OF_ONE,
    SCHEMA_ECHO,
    TOOL_CALL,
    TYPED_VALUE,
)
from deterministic_llm._core.reading.goals import shortcut_to
from deterministic_llm._core.reading.omissions import may_omit
from deterministic_llm._core.reading.reader import Parsed, Unread, read
from deterministic_llm._core.sayings import as_said
from deterministic_llm._core.schema.locations import schema_at, sole, without
from deterministic_llm._core.schema.merges import (
    merged,
    opened_in,
    picked,
    restated,
    unanswered,
)
from deterministic_llm._core.schema.patches import patch_target
from deterministic_llm._core.schema.raising import raised
from deterministic_llm._core.schema.target import (
    Checked,
    JsonTarget,
    Valid,
)
from deterministic_llm._core.schema.violations import json_path

T_co = TypeVar("T_co", covariant=True)


_Way: TypeAlias = "Callable[[str, _Question, _Brought], _Brought]"


def read_members(
    text: str,
    contract: Contract[T_co],
    target: JsonTarget[T_co],
    patch: Patch,
    request: Request,
    context: object = None,
) -> Parsed[T_co] | Unread:
    """The whole, judged in full, that comes of merging what *text* brings into what was valid.

    Members that the *request* did not ask for, as those of *patch*, are not taken. Where none that
    it did is there, all that it told is still wrong.
    """
    told, dialect = request.violations, request.constraint.dialect
    if not (contract.strict or dialect):
        intact = read_intact(text, target, patch)
        if intact is not None:
            return intact
    question = _Question(target, patch, dialect)
    return _in_full(text, contract, target, question, context, told)


@dataclass(frozen=True, slots=True)
class _Question:
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


def _in_full(
    text: str,
    contract: Contract[T_co],
    target: JsonTarget[T_co],
    question: _Question,
    context: object,
    told: Sequence[Violation],
) -> Parsed[T_co] | Unread:
    patch = question.patch
    flat = read(text, question.asked, strict=contract.strict)
    if (exact := _exactly(flat, patch)) is not None:
        return _merged(contract, target, patch, exact, context)
    brought = _by_key(flat, patch)
    if _is_opened(brought.repairs, target):
        brought = _NOTHING
    elsewhere = brought.others and _may_be_without_key(brought, target, patch)
    if elsewhere or _says_two_values(flat):
        return _nothing(flat, told)
    for way in _ways(brought, patch, strict=contract.strict):
        brought = way(text, question, brought)
        if brought.members:
            break
    if _hides(brought, patch) or not (brought.members or brought.truncated):
        return _nothing(flat, told)
    if (key := restated(patch, brought.members, cut=brought.truncated)) is not None:
        return Unread((_said_again(patch, key),), brought.repairs)
    return _merged(contract, target, patch, brought, context)


def _says_two_values(reading: Parsed[JsonValue] | Unread) -> bool:
    """Whether it was refused for two values of one member, of which a draft holds the first."""
    return isinstance(reading, Unread) and any(
        each.code == "duplicate_key" for each in reading.violations
    )


def _exactly(reading: Parsed[JsonValue] | Unread, patch: Patch) -> _Brought | None:
    """What a text brings that says the members that were asked for, all of them and no others."""
    if not isinstance(reading, Parsed) or reading.repairs or reading.truncated:
        return None
    said = reading.output
    if not isinstance(said, dict) or said.keys() != patch.places.keys():
        return None
    if any(place.appends for place in patch.places.values()):
        return None  # a rest may begin again with what had come
    return _Brought(said, {}, (), reading.span)


@dataclass(frozen=True, slots=True)
class _Brought:
    """The asked *members* that a text brings, its *others*, and what of it was left open."""

    members: JsonObject
    others: JsonObject
    repairs: tuple[Repair, ...] = ()
    span: tuple[int, int] = (0, 0)
    truncated: bool = False
    open_paths: tuple[str, ...] = ()


def _ways(brought: _Brought, patch: Patch, *, strict: bool) -> Sequence[_Way]:
    """The other ways to read a text of which this was *brought* by the keys alone."""
    if brought.truncated:
        return ()
    if not brought.members:
        return (_in_the_whole,) if strict else _WAYS
    appends = any(place.appends for place in patch.places.values())
    is_all = not appends and brought.members.keys() == patch.places.keys()
    return () if is_all or not brought.others else (_in_the_whole,)


def _is_opened(repairs: Iterable[Repair], target: JsonTarget[object]) -> bool:
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


class _AnyValue:
    """Takes whatever stands there."""

    def check(
        self, value: JsonValue, text: str | None = None, context: object = None
    ) -> Checked[JsonValue]:
        del text, context
        return Valid(value)


_OBJECT: JsonTarget[JsonValue] = JsonTarget("object", {"type": "object"}, _AnyValue())
_LIST: JsonTarget[JsonValue] = JsonTarget("list", {"type": "array"}, _AnyValue())


def _by_key(reading: Parsed[JsonValue] | Unread, patch: Patch) -> _Brought:
    """What an object with the asked keys brings, be it whole or not."""
    if isinstance(reading, Parsed):
        said, repairs, span = reading.output, reading.repairs, reading.span
        truncated, open_paths = reading.truncated, reading.open_paths
    elif (draft := reading.draft) is not None:
        said, repairs, span = draft.value, reading.repairs_tried, (0, 0)
        truncated, open_paths = draft.truncated, draft.open_paths
    else:
        return _NOTHING
    if not isinstance(said, dict):
        return _NOTHING
    members = {key: said[key] for key in said if key in patch.places}
    others = {key: said[key] for key in said if key not in patch.places}
    return _Brought(members, others, (*repairs, *left_aside(others)), span, truncated, open_paths)


def _in_the_whole(text: str, question: _Question, brought: _Brought) -> _Brought:
    """The members at their places in the whole again, or in a part of it that holds them alone."""
    target, patch = question.target, question.patch
    reading = read(text, question.whole)
    if isinstance(reading, Parsed):
        value, repairs, truncated = reading.output, reading.repairs, reading.truncated
    elif (draft := reading.draft) is not None:
        value, repairs, truncated = draft.value, reading.repairs_tried, draft.truncated
    else:
        return brought
    if _says_two_values(reading):
        return brought
    if truncated or _is_opened(repairs, target) or _may_be_item(value, target, patch):
        return brought
    members = picked(target, patch, value)
    if not _is_whole(value, patch):
        members = {**members, **brought.members}
    if not members:
        return brought
    span = reading.span if isinstance(reading, Parsed) else brought.span
    return _Brought(
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


def _hides(brought: _Brought, patch: Patch) -> bool:
    """Whether an asked member that did not come may be inside another that was not read."""
    lacking = (place for key, place in patch.places.items() if key not in brought.members)
    inside = {place.location[0] for place in lacking if len(place.location) > 1}
    return not brought.truncated and not inside.isdisjoint(brought.others)


def _may_be_without_key(brought: _Brought, target: JsonTarget[object], patch: Patch) -> bool:
    """Whether all of it may be inside the one member asked for, which holds one of its own name."""
    place, *others = patch.places.values()
    said = brought.members.keys() | brought.others.keys()
    return not others and bool(brought.members) and may_be_inside(target, place.location, said)


def _under_other_paths(text: str, question: _Question, brought: _Brought) -> _Brought:
    """The members under paths that are spelled in another way: ``$.a[0].b`` or ``a.0.b``."""
    reading = read(text, _OBJECT)
    said = reading.output if isinstance(reading, Parsed) and not reading.truncated else None
    if not isinstance(said, dict):
        return brought
    members = _respelled(said.items(), question.patch)
    if len(members) < len(said):
        return brought  # the others may hold the rest
    return _aligned(members, question, brought, "paths in another spelling")


def _as_pairs(text: str, question: _Question, brought: _Brought) -> _Brought:
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


def _alone(text: str, question: _Question, brought: _Brought) -> _Brought:
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


_FENCED = re.compile(r"\s*```\w*\n(.*)\n\s*```\s*", re.DOTALL)


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


_BETWEEN = re.compile(r"[$.#/\[\]\"']+")
"""What stands between the names and numbers of a path, however it is spelled."""


def _aligned(members: JsonObject, question: _Question, brought: _Brought, rule: str) -> _Brought:
    """*members*, read as if they had come under their keys."""
    if not members:
        return brought
    found = _by_key(read(to_json(members).decode(), question.asked), question.patch)
    return replace(found, repairs=(*found.repairs, _noted(rule)), span=brought.span)


def _nothing(reading: Parsed[JsonValue] | Unread, told: Sequence[Violation]) -> Unread:
    """Why *reading* brings nothing that was asked for, and what is wrong as before."""
    if not isinstance(reading, Unread):
        return Unread(tuple(told) or (_NOTHING_ASKED,), reading.repairs)
    if any(each.code == "refusal" for each in reading.violations):
        return replace(reading, draft=None)
    said = (each for each in reading.violations if each.path == "$")
    return Unread(tuple(dict.fromkeys((*said, *told))) or (_NOTHING_ASKED,), reading.repairs_tried)


def _said_again(patch: Patch, key: str) -> Violation:
    path = json_path(patch.places[key].location)
    return Violation(path, "several_values", "expected only what comes after what had come", _AGAIN)


def _merged(
    contract: Contract[T_co],
    target: JsonTarget[T_co],
    patch: Patch,
    brought: _Brought,
    context: object,
) -> Parsed[T_co] | Unread:
    """The whole, judged in full, once what was *brought* is merged into what was valid."""
    left_open: tuple[str, ...] = ()
    if brought.truncated:
        base, to_come = unanswered(patch, brought.members)
        patch = replace(patch, base=base)
        left_open = (*to_come, *(opened_in(patch, path) for path in brought.open_paths))
    value = merged(patch, brought.members)
    whole = _judged(value, target, strict=contract.strict, context=context)
    if isinstance(whole, Parsed):
        repairs = (*brought.repairs, *whole.repairs)
        return Parsed(whole.output, repairs, brought.span, brought.truncated, left_open)
    draft = Draft(value, truncated=True, open_paths=left_open) if brought.truncated else whole.draft
    return replace(whole, draft=draft)


def _judged(
    value: JsonValue, target: JsonTarget[T_co], *, strict: bool, context: object
) -> Parsed[T_co] | Unread:
    """*value* judged in full; it need not be written where a reader would validate it at once."""
    shortcut, said = shortcut_to(target), to_json(value).decode()
    if shortcut and not strict and not may_omit(said):
        try:
            return Parsed(shortcut.validate(value, strict=True), (), (0, 0))
        except ValidationError:
            pass  # it may have to be bent
    return read(said, target, strict=strict, context=context)


def _noted(rule: str) -> Repair:
    return Repair(rule, "$", None, None, "none")


_NOTHING = _Brought({}, {})
_NOTHING_ASKED = Violation(
    "$", "missing", "expected the members that were asked for", "none of them"
)
_AGAIN = "some of that again"
_WAYS: Sequence[_Way] = (_under_other_paths, _as_pairs, _in_the_whole, _alone)
