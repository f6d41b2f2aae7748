"""An answer to a question for some members: its text goes in, the whole that it makes comes out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from pydantic_core import ValidationError, to_json
from typing_extensions import TypeVar

from deterministic_llm._core.attempts import Code, Request, Violation
from deterministic_llm._core.brought import (
    NOTHING,
    Brought,
    Question,
    by_key,
    is_opened,
    says_two_values,
    ways,
)
from deterministic_llm._core.contract import Contract
from deterministic_llm._core.drafts import Draft, Patch
from deterministic_llm._core.exchange import JsonValue
from deterministic_llm._core.intact import may_be_inside, read_intact
from deterministic_llm._core.reading.goals import shortcut_to
from deterministic_llm._core.reading.omissions import may_omit
from deterministic_llm._core.reading.outcomes import Parsed, Unread
from deterministic_llm._core.reading.reader import read
from deterministic_llm._core.schema.merges import (
    merged,
    opened_in,
    restated,
    still_begun,
    unanswered,
)
from deterministic_llm._core.schema.target import JsonTarget
from deterministic_llm._core.schema.violations import json_path

T_co = TypeVar("T_co", covariant=True)


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
    question = Question(target, patch, dialect)
    return _in_full(text, contract, target, question, context, told)


def _in_full(
    text: str,
    contract: Contract[T_co],
    target: JsonTarget[T_co],
    question: Question,
    context: object,
    told: Sequence[Violation],
) -> Parsed[T_co] | Unread:
    patch = question.patch
    flat = read(text, question.asked, strict=contract.strict)
    if (exact := _exactly(flat, patch)) is not None:
        return _merged(contract, target, patch, exact, context)
    brought = by_key(flat, patch)
    if is_opened(brought.repairs, target):
        brought = NOTHING
    elsewhere = brought.others and _may_be_without_key(brought, target, patch)
    if elsewhere or says_two_values(flat):
        return _nothing(flat, told)
    for way in ways(brought, patch, strict=contract.strict):
        brought = way(text, question, brought)
        if brought.members:
            break
    if _hides(brought, patch) or not (brought.members or brought.truncated):
        return _nothing(flat, told)
    if (wrong := _no_rest(patch, brought)) is not None:
        return Unread((wrong,), brought.repairs)
    return _merged(contract, target, patch, brought, context)


def _exactly(reading: Parsed[JsonValue] | Unread, patch: Patch) -> Brought | None:
    """What a text brings that says the members that were asked for, all of them and no others."""
    if not isinstance(reading, Parsed) or reading.repairs or reading.truncated:
        return None
    said = reading.output
    if not isinstance(said, dict) or said.keys() != patch.places.keys():
        return None
    if any(place.appends for place in patch.places.values()):
        return None  # a rest may begin again with what had come
    return Brought(said, {}, (), reading.span)


def _hides(brought: Brought, patch: Patch) -> bool:
    """Whether an asked member that did not come may be inside another that was not read."""
    lacking = (place for key, place in patch.places.items() if key not in brought.members)
    inside = {place.location[0] for place in lacking if len(place.location) > 1}
    return not brought.truncated and not inside.isdisjoint(brought.others)


def _may_be_without_key(brought: Brought, target: JsonTarget[object], patch: Patch) -> bool:
    """Whether all of it may be inside the one member asked for, which holds one of its own name."""
    place, *others = patch.places.values()
    said = brought.members.keys() | brought.others.keys()
    return not others and bool(brought.members) and may_be_inside(target, place.location, said)


def _nothing(reading: Parsed[JsonValue] | Unread, told: Sequence[Violation]) -> Unread:
    """Why *reading* brings nothing that was asked for, and what is wrong as before."""
    if not isinstance(reading, Unread):
        return Unread(tuple(told) or (_NOTHING_ASKED,), reading.repairs)
    if any(each.code == "refusal" for each in reading.violations):
        return replace(reading, draft=None)
    said = (each for each in reading.violations if each.path == "$")
    return Unread(tuple(dict.fromkeys((*said, *told))) or (_NOTHING_ASKED,), reading.repairs_tried)


def _merged(
    contract: Contract[T_co],
    target: JsonTarget[T_co],
    patch: Patch,
    brought: Brought,
    context: object,
) -> Parsed[T_co] | Unread:
    """The whole, judged in full, once what was *brought* is merged into what was valid."""
    left_open: tuple[str, ...] = ()
    begun: tuple[str, ...] = ()
    if brought.truncated:
        base, to_come = unanswered(patch, brought.members)
        patch = replace(patch, base=base)
        left_open = (*to_come, *(opened_in(patch, path) for path in brought.open_paths))
        begun = still_begun(patch, brought.members, brought.begun)
    value = merged(patch, brought.members)
    whole = _judged(value, target, strict=contract.strict, context=context)
    if isinstance(whole, Parsed):
        repairs = (*brought.repairs, *whole.repairs)
        return Parsed(whole.output, repairs, brought.span, brought.truncated, left_open, begun)
    if not brought.truncated:
        return whole
    draft = Draft(value, truncated=True, open_paths=left_open, begun=begun)
    return replace(whole, draft=draft)


def _judged(
    value: JsonValue, target: JsonTarget[T_co], *, strict: bool, context: object
) -> Parsed[T_co] | Unread:
    """*value* judged in full; it need not be written where a reader would validate it at once."""
    shortcut, said = shortcut_to(target), to_json(value).decode()
    if shortcut and not strict and not may_omit(said, lists=shortcut.lists_texts):
        try:
            return Parsed(shortcut.validate(value, strict=True), (), (0, 0))
        except ValidationError:
            pass  # it may have to be bent
    return read(said, target, strict=strict, context=context)


def _no_rest(patch: Patch, brought: Brought) -> Violation | None:
    """Why what was *brought* is not the rest of what was cut, where it is not.

    It says some of that again, or nothing of how a list or object that was cut goes on, or of what
    had been begun.
    """
    key, got = restated(patch, brought.members, cut=brought.truncated), "some of that again"
    if key is None and not brought.truncated:
        rests = (each for each, place in patch.places.items() if place.appends or place.begun)
        key, got = next((each for each in rests if each not in brought.members), None), "nothing"
    if key is None:
        return None
    path = json_path(patch.places[key].location)
    code: Code = "missing" if got == "nothing" else "several_values"
    return Violation(path, code, "expected only what comes after what had come", got)


_NOTHING_ASKED = Violation(
    "$", "missing", "expected the members that were asked for", "none of them"
)
