"""From a completion to our verdict: the output, or what the answer came to and why."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace

from pydantic_core import ValidationError, to_json, to_jsonable_python
from typing_extensions import TypeVar

from deterministic_llm._core.attempts import (
    Accepted,
    Draft,
    Patch,
    Rejected,
    Repair,
    Request,
    Violation,
)
from deterministic_llm._core.contract import Contract
from deterministic_llm._core.exchange import (
    AnswerOutcome,
    Completion,
    Constraint,
    Finish,
    JsonObject,
    JsonValue,
)
from deterministic_llm._core.reading.goals import shortcut_to
from deterministic_llm._core.reading.reader import Parsed, Unread, read
from deterministic_llm._core.schema.patches import merged, opened_in, patch_target, picked
from deterministic_llm._core.schema.target import JsonTarget
from deterministic_llm._core.schema.violations import json_path
from deterministic_llm._core.schema.wording import quote

T_co = TypeVar("T_co", covariant=True)


def judge_completion(
    contract: Contract[T_co],
    completion: Completion,
    request: Request | None = None,
    context: object = None,
) -> Accepted[T_co] | Rejected:
    """The verdict on *completion*: the output, or what it came to and why.

    An answer to a *request* for a patch is merged into what was valid, and the whole is judged.
    """
    constraint = contract.constraint if request is None else request.constraint
    unread = _without_reading(completion, constraint)
    if unread is not None:
        return unread
    text = _said(completion, constraint)
    if request is None or request.patch is None:
        reading = read(text, contract.target, strict=contract.strict, context=context)
    else:
        reading = _read_patch(text, contract, request.patch, context)
    if not isinstance(reading, Parsed):
        return _rejected(reading, text, completion.finish)
    cut = completion.finish == "length"
    # In prompt mode a correction may still have followed the cut; elsewhere the first document
    # is the whole answer.
    more_to_come = cut and constraint.mode == "prompt" and text[reading.span[1] :].strip()
    if more_to_come or (reading.truncated and completion.finish != "stop"):
        value = to_jsonable_python(reading.output, by_alias=True)
        draft = Draft(value, reading.truncated, reading.open_paths) if reading.truncated else None
        return Rejected("truncated", _CUT.violations, reading.repairs, draft)
    return Accepted(reading.output, reading.repairs, reading.span)


def _said(completion: Completion, constraint: Constraint) -> str:
    """What is read: the arguments of the tool that was asked for, else the text."""
    if completion.calls and (constraint.tool is not None or not completion.text):
        return completion.calls[0].arguments
    return completion.text or ""


def _without_reading(completion: Completion, constraint: Constraint) -> Rejected | None:
    """The verdict on what holds no text to read, or none that was asked for."""
    if completion.finish == "refusal":
        return _turned_away("refused", completion.refusal)
    if completion.finish in _TURNED_AWAY:
        return _turned_away(_TURNED_AWAY[completion.finish], None)
    text = completion.text
    names = tuple(dict.fromkeys(call.name for call in completion.calls))
    if constraint.tool is not None and names and names != (constraint.tool["name"],):
        wanted = f"expected a call of {constraint.tool['name']}"
        return Rejected("wrong_tool", (Violation("$", "no_value", wanted, quote(names[0])),))
    said = dict.fromkeys(call.arguments for call in completion.calls)
    is_text = text is not None and bool(text.strip())
    if len(said) > 1 and (constraint.tool is not None or not is_text):
        violation = Violation("$", "several_values", "expected one tool call", quote([*said]))
        return Rejected("several_calls", (violation,))
    return None if is_text or said else _nothing_said(completion)


def _nothing_said(completion: Completion) -> Rejected:
    if completion.finish == "length":
        return _CUT
    return _ONLY_REASONING if completion.reasoning else _EMPTY


def _rejected(reading: Unread, text: str, finish: Finish) -> Rejected:
    outcome: AnswerOutcome = "truncated" if finish == "length" else "invalid"
    if any(violation.code == "refusal" for violation in reading.violations):
        outcome = "refused"
    elif finish != "stop" and not _is_closed(reading.draft) and is_endless(text):
        return _DEGENERATE
    return Rejected(outcome, reading.violations, reading.repairs_tried, reading.draft)


def _read_patch(
    text: str, contract: Contract[T_co], patch: Patch, context: object
) -> Parsed[T_co] | Unread:
    """The whole that comes of merging what *text* brings into what was valid."""
    target = contract.target
    if not isinstance(target, JsonTarget):  # a patch is only made of JSON
        return read(text, target, strict=contract.strict, context=context)
    part = read(text, patch_target(target, patch), strict=contract.strict)
    said = part.output if isinstance(part, Parsed) else None
    if isinstance(part, Parsed) and isinstance(said, dict) and said.keys() & patch.places.keys():
        notes = (*part.repairs, *_not_asked(said, patch))
        return _merged(contract, patch, said, replace(part, repairs=notes), context)
    whole = read(text, target, strict=contract.strict, context=context)
    if isinstance(whole, Parsed) and not whole.truncated:
        said = picked(patch, to_jsonable_python(whole.output, by_alias=True))
        notes = (*whole.repairs, _TAKEN_FROM_THE_WHOLE)
        return _merged(contract, patch, said, replace(whole, repairs=notes), context)
    if isinstance(whole, Unread) and _has_all_of(patch.base, whole.draft):
        return whole  # the whole again, and wrong again
    return part if isinstance(part, Unread) else _NOTHING_ASKED


def _has_all_of(base: JsonValue, draft: Draft | None) -> bool:
    """Whether *draft* is as complete as *base*, so that nothing is lost if it takes its place."""
    if draft is None or not isinstance(base, dict) or not isinstance(draft.value, dict):
        return False
    return base.keys() <= draft.value.keys()


def _merged(
    contract: Contract[T_co],
    patch: Patch,
    answer: JsonObject,
    part: Parsed[object],
    context: object,
) -> Parsed[T_co] | Unread:
    """The whole, judged in full, once *answer*, read as *part*, is merged into what was valid."""
    value = merged(patch, answer)
    left_open = tuple(opened_in(patch, path) for path in part.open_paths)
    whole = _whole(contract, value, context)
    if not isinstance(whole, Parsed):
        return replace(whole, draft=Draft(value, part.truncated, left_open))
    repairs = (*part.repairs, *whole.repairs)
    return Parsed(whole.output, repairs, part.span, part.truncated, left_open)


def _whole(contract: Contract[T_co], value: JsonValue, context: object) -> Parsed[T_co] | Unread:
    """*value* judged in full; it need not be written where a reader would validate it at once."""
    shortcut = shortcut_to(contract.target)
    if shortcut and not contract.strict:
        with suppress(ValidationError):
            return Parsed(shortcut.validate(value, strict=True), (), (0, 0))
    text = to_json(value).decode()
    return read(text, contract.target, strict=contract.strict, context=context)


def _not_asked(answer: JsonObject, patch: Patch) -> tuple[Repair, ...]:
    """A record of each member that was brought without being asked for, and was not taken."""
    return tuple(
        Repair("a member that was not asked for", json_path((key,)), value, None, "none")
        for key, value in answer.items()
        if key not in patch.places
    )


_NOTHING_ASKED = Unread(
    (Violation("$", "missing", "expected the members that were asked for", "none of them"),)
)
_TAKEN_FROM_THE_WHOLE = Repair("members taken from a whole answer", "$", None, None, "none")


_TURNED_AWAY: Mapping[Finish, AnswerOutcome] = {"filter": "filtered", "aborted": "aborted"}


def _turned_away(outcome: AnswerOutcome, said: str | None) -> Rejected:
    got = None if said is None else quote(said)
    return Rejected(outcome, (Violation("$", "refusal", "expected an answer", got),))


def _is_closed(draft: Draft | None) -> bool:
    return draft is not None and not draft.truncated


def is_endless(text: str) -> bool:
    """Whether *text* ends in blanks or in one short run again and again.

    The bounds are 256 blanks, and 50 times the same up to 64 characters.
    """
    said = text.rstrip()
    if len(text) - len(said) >= _BLANKS:
        return True
    for length in range(1, min(_PERIOD, len(said) // _TIMES) + 1):
        run = said[-length:]
        if said.endswith(run, 0, -length) and said.endswith(run * _TIMES):
            return True
    return False


_BLANKS = 256
_PERIOD = 64
_TIMES = 50


_EMPTY = Rejected("empty", (Violation("$", "empty", "expected an answer", "nothing"),))
_ONLY_REASONING = Rejected(
    "reasoning_only", (Violation("$", "empty", "expected an answer", "thinking alone"),)
)
_DEGENERATE = Rejected(
    "degenerate",
    (Violation("$", "no_value", "expected an answer", "the same words again and again"),),
)
_CUT = Rejected(
    "truncated",
    (Violation("$", "truncated", "expected the whole answer", "one cut at the token limit"),),
)
