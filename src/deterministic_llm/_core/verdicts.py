"""From a completion to our verdict: the output, or what the answer came to and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from typing_extensions import TypeVar

from deterministic_llm._core.attempts import Accepted, Rejected, Request, Violation
from deterministic_llm._core.contract import Contract
from deterministic_llm._core.drafts import Draft
from deterministic_llm._core.endings import is_open
from deterministic_llm._core.exchange import (
    AnswerOutcome,
    Completion,
    Constraint,
    Finish,
    JsonValue,
    Mode,
)
from deterministic_llm._core.members import read_members
from deterministic_llm._core.policy import Policy
from deterministic_llm._core.reading.outcomes import Parsed, Unread
from deterministic_llm._core.reading.reader import read
from deterministic_llm._core.reading.syntax.edits import CUT_OFF
from deterministic_llm._core.sayings import as_said
from deterministic_llm._core.schema.envelopes import ENVELOPE, is_cut, opened
from deterministic_llm._core.schema.raising import raised
from deterministic_llm._core.schema.target import JsonTarget, Target, Valid
from deterministic_llm._core.schema.wording import quote
from deterministic_llm._core.stops.remains import remains
from deterministic_llm._core.stops.rules import REPETITION
from deterministic_llm._core.stops.scrutiny import Scrutiny

T_co = TypeVar("T_co", covariant=True)


def judge_completion(
    contract: Contract[T_co],
    completion: Completion,
    request: Request | None = None,
    context: object = None,
    policy: Policy = Policy(),  # noqa: B008  # frozen
) -> Accepted[T_co] | Rejected:
    """The verdict on *completion*: the output, or what it came to and why.

    An answer to a *request* for a patch is merged into what was valid, and the whole is judged. One
    that was stopped, as *policy* has it, is never accepted.
    """
    constraint = contract.constraint if request is None else request.constraint
    text = _heard(completion, constraint)
    if isinstance(text, Rejected):
        return text
    if completion.finish == "stopped":
        return _stopped(text, contract, request, context, policy)
    if constraint.dialect == ENVELOPE:
        if is_cut(text):
            return _CUT if completion.finish == "length" else _HALF
        text = opened(text)
    reading = _read(text, contract, request, context)
    if not isinstance(reading, Parsed):
        return _rejected(reading, text, completion.finish)
    if reading.truncated or completion.finish == "length":
        broken = _broken_off(reading, text, contract.target, constraint, completion.finish)
        if broken is not None:
            draft = _draft(text, contract, request, context) if reading.truncated else None
            return replace(broken, repairs_tried=reading.repairs, draft=draft)
    return Accepted(reading.output, reading.repairs, reading.span)


def _broken_off(
    reading: Parsed[object],
    text: str,
    target: Target[object],
    constraint: Constraint,
    finish: Finish,
) -> Rejected | None:
    """What an answer came to that can be read, but may not be the whole of it."""
    # In prompt mode a correction may still have followed the cut; elsewhere the first document
    # is the whole answer.
    start, end = reading.span
    if text[end:].strip():
        more_to_come = constraint.mode == "prompt"
    else:
        more_to_come = finish == "length" and is_open(text[start:end], reading.output, target)
    if (finish == "length" and more_to_come) or (reading.truncated and finish != "stop"):
        return _CUT
    # A default in the place of what was begun would be a value that the model did not give: a
    # stop sequence may have cut it.
    lost = any(each.rule == CUT_OFF for each in reading.repairs)
    return _UNFINISHED if lost else None


def said(
    contract: Contract[object],
    completion: Completion,
    request: Request | None = None,
    context: object = None,
) -> Valid[JsonValue] | None:
    """The JSON in *completion* that says the output; None where it is not read as one value."""
    constraint = contract.constraint if request is None else request.constraint
    said = Contract(as_said(contract.target), constraint, contract.instructions, contract.strict)
    text = spoken(completion, constraint)
    if constraint.dialect == ENVELOPE:
        text = opened(text)
    reading = _read(text, said, request, context)
    return Valid(reading.output) if isinstance(reading, Parsed) else None


def _read(
    text: str, contract: Contract[T_co], request: Request | None, context: object
) -> Parsed[T_co] | Unread:
    target = contract.target
    if not isinstance(target, JsonTarget):
        return read(text, target, strict=contract.strict, context=context)
    if request is None or request.patch is None:
        constraint = contract.constraint if request is None else request.constraint
        dialect = constraint.dialect
        put = target if dialect is None else raised(target, dialect)
        return read(text, put, strict=contract.strict, context=context)
    return read_members(text, contract, target, request.patch, request, context)


def _draft(
    text: str, contract: Contract[object], request: Request | None, context: object
) -> Draft | None:
    """What of a cut *text* is closed, as it stands there."""
    target = contract.target
    if not isinstance(target, JsonTarget):
        return None
    said = Contract(as_said(target), contract.constraint, contract.instructions, contract.strict)
    reading = _read(text, said, request, context)
    if not isinstance(reading, Parsed):
        return reading.draft
    return Draft(reading.output, reading.truncated, reading.open_paths, reading.begun)


def _stopped(
    text: str,
    contract: Contract[object],
    request: Request | None,
    context: object,
    policy: Policy,
) -> Rejected:
    """Why *text* was stopped, and what of it holds all the same.

    It is found again by the rules that stopped it: a record of it is judged alike.
    """
    early, most = policy.early_stop, policy.max_chars
    reasons = Scrutiny(contract, request, context=context, early=early, max_chars=most).read(text)
    told = dict.fromkeys(violation for reason in reasons for violation in reason.violations)
    violations = tuple(told) or _STOPPED
    if any(reason.rule is REPETITION for reason in reasons):
        return Rejected("degenerate", violations)
    wrong = [reason.member for reason in reasons if reason.member is not None]
    draft = _draft(text, contract, request, context) if wrong else None
    kept = None if draft is None or len(wrong) < len(reasons) else remains(draft, wrong)
    return Rejected("invalid", violations, (), kept)


_STOPPED = (Violation("$", "truncated", "expected the whole answer", "one that was stopped"),)


_CALLING = frozenset[Mode]({"tool", "grammar"})
"""Where the answer may be what a tool is called with; a grammar is held by one on some servers."""


def spoken(completion: Completion, constraint: Constraint) -> str:
    """What is read: the arguments of the tool that was asked for, else the text."""
    if completion.calls and (constraint.mode in _CALLING or not completion.text):
        return completion.calls[0].arguments
    return completion.text or ""


_TURNED_AWAY: Mapping[Finish, AnswerOutcome] = {"filter": "filtered", "aborted": "aborted"}
_NOT_READ = frozenset[Finish]({"refusal", *_TURNED_AWAY})
"""Ends of an answer that says nothing, whatever text there is."""


def _heard(completion: Completion, constraint: Constraint) -> str | Rejected:
    """What is read, or the verdict on what holds nothing to read."""
    text, is_read = completion.text, completion.finish not in _NOT_READ
    if is_read and text and not completion.calls and not text.isspace():  # as most do
        return text
    return _without_reading(completion, constraint) or spoken(completion, constraint)


def _without_reading(completion: Completion, constraint: Constraint) -> Rejected | None:
    """The verdict on what holds no text to read, or none that was asked for."""
    if completion.finish == "refusal":
        return _turned_away("refused", completion.refusal)
    if completion.finish in _TURNED_AWAY:
        return _turned_away(_TURNED_AWAY[completion.finish], None)
    text = completion.text
    is_text = bool(text and not text.isspace())
    if not completion.calls:
        return None if is_text else _nothing_said(completion)
    names = tuple(dict.fromkeys(call.name for call in completion.calls))
    if constraint.mode in _CALLING and names != (constraint.name,):
        wanted = f"expected a call of {constraint.name}"
        return Rejected("wrong_tool", (Violation("$", "no_value", wanted, quote(names[0])),))
    said = dict.fromkeys(call.arguments for call in completion.calls)
    if len(said) > 1 and (constraint.mode in _CALLING or not is_text):
        violation = Violation("$", "several_values", "expected one tool call", quote([*said]))
        return Rejected("several_calls", (violation,))
    return None


def _nothing_said(completion: Completion) -> Rejected:
    if completion.finish == "length":
        return _CUT
    return _ONLY_REASONING if completion.reasoning else _EMPTY


def _rejected(reading: Unread, text: str, finish: Finish) -> Rejected:
    outcome: AnswerOutcome = "truncated" if finish == "length" else "invalid"
    for violation in reading.violations:
        if violation.code == "refusal":
            outcome = "refused"
            break
    else:
        if finish != "stop" and not _is_closed(reading.draft) and is_endless(text):
            return _DEGENERATE
    return Rejected(outcome, reading.violations, reading.repairs_tried, reading.draft)


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
_HALF = Rejected(
    "invalid",
    (Violation("$", "truncated", "expected the whole answer", "one that ends within its text"),),
)
_UNFINISHED = Rejected(
    "invalid",
    (Violation("$", "truncated", "expected the whole answer", "one that breaks off in a member"),),
)
