"""A model's text to the output it says: strictly first, then every candidate, judged together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from pydantic_core import ValidationError
from typing_extensions import TypeVar

from deterministic_llm._core.attempts import Repair, Violation
from deterministic_llm._core.drafts import Draft
from deterministic_llm._core.exchange import JsonValue
from deterministic_llm._core.reading.doubled import is_doubled
from deterministic_llm._core.reading.equality import equal
from deterministic_llm._core.reading.finding.candidates import Candidate
from deterministic_llm._core.reading.finding.declining import declined
from deterministic_llm._core.reading.finding.found import Found, extraction, find, touching
from deterministic_llm._core.reading.finding.marks import choose
from deterministic_llm._core.reading.finding.phrases import scalar_phrases
from deterministic_llm._core.reading.finding.refusals import refusal_in
from deterministic_llm._core.reading.finding.retractions import is_taken_back
from deterministic_llm._core.reading.finding.thinking import thinking
from deterministic_llm._core.reading.forms.claims import Matched
from deterministic_llm._core.reading.forms.matching import match
from deterministic_llm._core.reading.glimpses import read_glimpsed, seen_intact
from deterministic_llm._core.reading.goals import Goal, Shortcut, goal_of, shortcut_to
from deterministic_llm._core.reading.judging import (
    ENDLESS_THINKING,
    bend,
    judge,
    outside_thinking,
    read_json,
    read_prose,
    read_refused,
    refused,
    said_first,
)
from deterministic_llm._core.reading.lone_members import lone_member, read_alone
from deterministic_llm._core.reading.notations.beside import outside_rows
from deterministic_llm._core.reading.notations.notation import read_notation
from deterministic_llm._core.reading.omissions import may_omit, omissions, whole
from deterministic_llm._core.reading.outcomes import Parsed, Unread
from deterministic_llm._core.reading.outright import output_of
from deterministic_llm._core.reading.rivals import (
    GAP,
    are_denied,
    begins_again,
    canonical,
    claims,
    in_json,
    is_assigned,
    is_left_of_another,
    is_other_piece,
    is_relabelled,
    names_all,
)
from deterministic_llm._core.reading.second_answers import beside, outside, says_another
from deterministic_llm._core.reading.strictly import read_strictly
from deterministic_llm._core.reading.syntax.documents import Document, same
from deterministic_llm._core.reading.syntax.native import half_a_pair, native
from deterministic_llm._core.reading.unopened import with_opener, without_opener
from deterministic_llm._core.regexes import expression
from deterministic_llm._core.schema.forms import ChoiceForm
from deterministic_llm._core.schema.kinds import kinds, kinds_of_items
from deterministic_llm._core.schema.target import JsonTarget, Target, TextTarget, Valid
from deterministic_llm._core.schema.wording import describe, quote

T = TypeVar("T")

MAX_CHARACTERS = 10_000_000
"""The longest text that is read."""


def read(
    text: str, target: Target[T], *, strict: bool = False, context: object = None
) -> Parsed[T] | Unread:
    """Parsed *target* from *text*; *strict* takes the whole text as it stands or not at all.

    *context* is what the validators of a type are told, as in pydantic.
    """
    shortcut, size = shortcut_to(target), len(text)
    if shortcut and size <= MAX_CHARACTERS and not strict:
        # From behind, dots are found in half the time.
        clear = text.rfind("...") < 0 and "…" not in text and "\\u2026" not in text
        lists = shortcut.lists_texts
        if text[:1] in _BEGINNINGS and ((clear and not lists) or not may_omit(text, lists=lists)):
            try:
                return Parsed(output_of(text, shortcut), (), (0, size))
            except ValidationError as error:
                if (bent := _bent(text, shortcut, context, error)) is not None:
                    return _whole(bent, text, target)
            except ValueError:
                pass
        if (seen := seen_intact(text, shortcut)) is not None:
            return seen
    return _whole(_read_in_full(text, target, context, strict=strict), text, target)


def _bent(
    text: str, shortcut: Shortcut[T], context: object, refusal: ValidationError
) -> Parsed[T] | Unread | None:
    """What JSON says that is another value than was wanted; None where that needs a search."""
    try:
        value = native(text.encode(), floats=shortcut.floats)
    except ValueError:
        return None
    if not isinstance(value, dict) and lone_member(shortcut.goal) is not None:
        return None
    return read_refused(text, value, shortcut.goal, context, refusal=refusal)


def _whole(reading: Parsed[T] | Unread, text: str, target: Target[T]) -> Parsed[T] | Unread:
    return whole(reading, target) if isinstance(reading, Parsed) and may_omit(text) else reading


def _read_in_full(
    text: str, target: Target[T], context: object, *, strict: bool
) -> Parsed[T] | Unread:
    if len(text) > MAX_CHARACTERS:
        expected = f"expected at most {MAX_CHARACTERS:,} characters"
        return Unread((Violation("$", "too_large", expected, f"{len(text):,}"),))
    if not text or text.isspace():
        return _NOTHING
    if (half := half_a_pair(text)) is not None:
        got = f"one at character {half}"
        return Unread((Violation("$", "surrogate", "expected no half of a pair", got),))
    if isinstance(target, TextTarget):
        return _read_form(text, target, strict=strict)
    goal = goal_of(target)
    if strict:
        return read_strictly(text, goal, context)
    reading = _read_loosely(text, goal, context)
    return reading if isinstance(reading, Parsed) else _or_alone(text, reading, goal, context)


def _or_alone(text: str, reading: Unread, goal: Goal[T], context: object) -> Parsed[T] | Unread:
    """What *text* says of the only member of an object by itself, if it says no object."""
    lone = lone_member(goal)
    if lone is None:
        return reading
    return read_alone(text, lone, reading, goal, context, _read_loosely)


def _read_loosely(text: str, goal: Goal[T], context: object) -> Parsed[T] | Unread:
    """What a JSON text says, or one that talks around its answer or says it in its own way."""
    if text[:1] in _BEGINNINGS:
        try:
            value = native(text.encode(), floats=goal.target.floats)
        except ValueError:
            pass
        else:
            return read_json(text, value, goal, context)
    if goal.any_text:
        return read_prose(text, goal, context)
    if (opened := with_opener(text, goal)) is not None:
        return without_opener(text, _read_loosely(opened, goal, context))
    reading = _read_candidates(text, goal, context)
    if not isinstance(reading, Parsed) or not goal.scalar:
        return reading
    doubled = is_doubled(reading.output, text[reading.span[1] :], goal.target.schema)
    return _TAKEN_BACK if doubled else reading


_TAKEN_BACK = Unread(
    (
        Violation(
            "$",
            "ambiguous",
            "expected one answer",
            "one that is taken back for another",
            "give one answer, or say which one is final",
        ),
    )
)
_NOTHING = Unread((Violation("$", "empty", "expected an answer", "nothing"),))
_BEGINNINGS = frozenset('{["-0123456789tfn \t\r\n')
"""What JSON may begin with."""


def _read_form(text: str, target: TextTarget[T], *, strict: bool) -> Parsed[T] | Unread:
    visible = text if strict else outside_thinking(text)
    matched = match(target.form, visible, strict=strict)
    if not isinstance(matched, Matched):
        return Unread(matched.violations, matched.repairs_tried)
    if (said := declined(visible[: matched.span[0]], visible[matched.span[1] :])) is not None:
        return refused(said)
    checked = target.build(matched.payload)
    if not isinstance(checked, Valid):
        return Unread(checked.violations, matched.repairs)
    if isinstance(target.form, ChoiceForm):
        others = [each for each in target.form.options if each != matched.payload]
        if is_taken_back(text[matched.span[1] :], others):
            return _TAKEN_BACK
    return Parsed(checked.output, matched.repairs, matched.span)


def _read_candidates(text: str, goal: Goal[T], context: object) -> Parsed[T] | Unread:
    if (reading := read_glimpsed(text, goal, context)) is not None:
        return reading
    target, found = goal.target, find(text)
    judged = [(run, judge(found.text, run, goal, context)) for run in _to_be_judged(found, goal)]
    answers = [(each, reading) for each, reading in judged if isinstance(reading, Parsed)]
    if not answers:
        return _without_candidate(found, goal, judged, context)
    first, *others = [reading.output for _, reading in answers]
    rivals = [each for each in others if not equal(first, each)]
    left = is_left_of_another(found.text, answers[0], judged)
    settled = answers[0][0][0].mark in _SETTLED
    said_too = () if settled else (beside(found), *_failed(found, judged))
    differs = any(says_another(each, goal, first, context) for each in said_too)
    if left or rivals or differs or _another_unread(found, judged, target, first):
        answer, *another = map(canonical, (first, *rivals[:1]))
        said = " and ".join([answer, *(another or ["another that cannot be read"])])
        fix = "give one answer, or say which one is final"
        return Unread((Violation("$", "ambiguous", "expected one answer", said[:400], fix),))
    run, reading = answers[0]
    if run[0].mark not in _SETTLED and (no := _declined(found.text, run)) is not None:
        return refused(no)
    if goal.scalar and run[0].mark not in _SETTLED:
        before = said_first(found.text, run[0].start, goal, context)
        if before is not None and not equal(before.output, reading.output):
            return _TAKEN_BACK  # "Output:" further below may be of another input
    return replace(reading, repairs=(*extraction(found, run[0]), *reading.repairs))


_SETTLED = frozenset({"final", "corrected"})


def _declined(text: str, run: tuple[Candidate, ...]) -> str | None:
    """The sentence around *run* by which it is no answer."""
    visible = outside_thinking(text)
    return declined(visible[: run[0].start], visible[run[-1].end :])


def _to_be_judged(found: Found, goal: Goal[object]) -> list[tuple[Candidate, ...]]:
    """The candidates that may be the answer; where a list is wanted, a run of lines is one."""
    candidates = choose(found.candidates)
    singles = [each for each in candidates if each.kind != "lines"]
    runs: list[tuple[Candidate, ...]] = []
    if kinds(goal.target.schema) == frozenset({"array"}):
        nested = "array" in kinds_of_items(goal.target.schema)
        for run in (each for each in candidates if each.kind == "lines"):
            inside = tuple(each for each in singles if run.start <= each.start < run.end)
            # Two lists one after another are two answers, unless a list of lists is wanted.
            if nested or not any(found.text.startswith("[", each.start) for each in inside):
                runs.append(inside)
                singles = [each for each in singles if not run.start <= each.start < run.end]
    if goal.scalar and not found.unfinished_thinking:
        singles += _phrases(found)
    else:
        singles = [
            each
            for each in singles
            if each.kind != "whole" or found.text.startswith(_OPENINGS, each.start)
        ]
    return [*((each,) for each in singles), *runs]


def _another_unread(
    found: Found,
    judged: Sequence[tuple[tuple[Candidate, ...], Parsed[T] | Unread]],
    target: JsonTarget[T],
    output: T,
) -> bool:
    """Whether a second answer than *output* stands there that could not be read, nor compared.

    It is told by its keys: all required members of the target, quoted and followed by a colon; one
    of them where it is cut off. A piece of the answer with other values is one, too, and a line
    that says something else.
    """
    answer = in_json(output)
    failed = [(run, reading) for run, reading in judged if isinstance(reading, Unread)]
    if any(is_other_piece(reading.draft, output, answer) for _, reading in failed):
        return True
    if answer in ([], {}) and any(reading.draft and reading.draft.value for _, reading in failed):
        return True  # nothing is said at one place, and something at another
    unread = [
        found.text[run[0].start : run[-1].end]
        for run, reading in failed
        if reading.violations[0].code in _UNREADABLE
    ]
    cut = [found.text[run[-1].start : run[-1].end] for run, _ in failed if run[-1].open]
    if begins_again(cut, target):
        return True
    rest = beside(found)
    if names_all(unread, target, quoted=False) or names_all((rest,), target):
        return True
    behind = rest.rpartition(GAP)[2]
    if is_assigned(found.text, answer):
        return True
    return are_denied(claims(rest, target), answer) or is_relabelled(behind, target, output)


def _failed(
    found: Found, judged: Sequence[tuple[tuple[Candidate, ...], Parsed[T] | Unread]]
) -> Iterator[str]:
    """The texts of the candidates that were not read."""
    for run, reading in judged:
        if isinstance(reading, Unread):
            yield found.text[run[0].start : run[-1].end]


_TOLD_APART = frozenset({"table", "elements", "sections"})
_UNREADABLE = frozenset({"syntax", "truncated", "ambiguous"})


def _phrases(found: Found) -> Iterator[Candidate]:
    """Values named in a sentence; a sign around a bare one, as in (5), is a part of it."""
    for phrase in choose(scalar_phrases(found.text)):
        around = found.text[: phrase.start] + found.text[phrase.end :]
        if _WORD.search(around) or not around.strip(_EMPHASIS):
            yield phrase


_OPENINGS = ("{", "[", '"', "\\")
_WORD = expression(r"\w")
_EMPHASIS = " \t\r\n*_`\"'“”.:#"


def _without_candidate(
    found: Found,
    goal: Goal[T],
    judged: Sequence[tuple[tuple[Candidate, ...], Parsed[T] | Unread]],
    context: object,
) -> Parsed[T] | Unread:
    """Another notation, or the best reason why there is no answer."""
    if found.unfinished_thinking:
        return ENDLESS_THINKING
    schema = goal.target.schema
    noted = read_notation(found.text, schema)
    if noted is not None:
        said = declined(found.prose, "")
        return _noted(found, goal, noted, context) if said is None else refused(said)
    said = refusal_in(found.prose)
    if said is not None:
        return refused(said)
    failed = [reading for _, reading in judged if isinstance(reading, Unread)]
    if failed:
        best = min(failed, key=lambda each: len(each.violations))
        return replace(best, draft=_only_draft(found, judged, goal.target))
    wanted = describe(schema, root=schema)
    got = quote(found.prose.strip())
    return Unread((Violation("$", "no_value", f"expected {wanted}", got, f"write {wanted}"),))


def _only_draft(
    found: Found,
    judged: Sequence[tuple[tuple[Candidate, ...], Parsed[T] | Unread]],
    target: JsonTarget[T],
) -> Draft | None:
    """The draft of the one document in the text, if nothing beside it may be another one."""
    drafts = [
        (run[0].start, run[-1].end, reading.draft)
        for run, reading in judged
        if isinstance(reading, Unread) and reading.draft is not None
    ]
    values = [draft.value for _, _, draft in drafts]
    if not drafts or not all(same(values[0], other) for other in values[1:]):
        return None
    spans = [(start, end) for start, end, _ in drafts]
    touches = touching(spans)
    if not all(touches(run[0].start, run[-1].end) for run, _ in judged):
        return None
    rest = GAP.join(outside([*spans, *thinking(found.text).blocks], found.text))
    return None if names_all((rest,), target) else drafts[0][2]


def _noted(
    found: Found,
    goal: Goal[T],
    noted: tuple[JsonValue, tuple[Repair, ...]],
    context: object,
) -> Parsed[T] | Unread:
    """What another notation says, unless some of it was left out there."""
    value, repairs = noted
    if left_out := omissions(value, goal.target.schema):
        return Unread(left_out)
    document = Document(value, len(found.text), (*found.repairs, *repairs))
    reading = bend(document, goal, context, start=0)
    if isinstance(reading, Unread):
        return replace(reading, draft=None)
    apart = any(each.rule in _TOLD_APART for each in repairs)
    said = claims(outside_rows(found.text), goal.target) if apart else ()
    return _TAKEN_BACK if are_denied(said, in_json(reading.output)) else reading
