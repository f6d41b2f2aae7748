"""What one stretch of a text says: in goes where it stands, out comes the output or why not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from pydantic_core import ValidationError
from typing_extensions import TypeVar

from deterministic_llm._core.attempts import Repair, Violation
from deterministic_llm._core.drafts import Draft
from deterministic_llm._core.exchange import JsonValue
from deterministic_llm._core.reading.alignment.bends import LIST_OF_ONE, SINGLE_ITEM
from deterministic_llm._core.reading.alignment.plans import Aligned
from deterministic_llm._core.reading.finding.candidates import Candidate
from deterministic_llm._core.reading.finding.thinking import thinking
from deterministic_llm._core.reading.goals import Goal, shortcut_to
from deterministic_llm._core.reading.outcomes import Parsed, Unread
from deterministic_llm._core.reading.raising import raised_document
from deterministic_llm._core.reading.syntax.documents import Document, Unreadable
from deterministic_llm._core.reading.syntax.lenient import loads
from deterministic_llm._core.reading.syntax.native import native
from deterministic_llm._core.regexes import expression
from deterministic_llm._core.schema.complaints import names_extras
from deterministic_llm._core.schema.locations import location_of
from deterministic_llm._core.schema.target import Invalid, Valid
from deterministic_llm._core.schema.violations import json_path
from deterministic_llm._core.schema.wording import quote

T = TypeVar("T")

Refusal: TypeAlias = Invalid | ValidationError
"""Why a value as it stands is not the target; an error is put in our words only where needed."""

ENDLESS_THINKING = Unread(
    (
        Violation(
            "$", "truncated", "expected an answer after the thinking", "thinking that never ended"
        ),
    )
)


def refused(said: str) -> Unread:
    """Declined by what was *said*."""
    return Unread((Violation("$", "refusal", "expected an answer", quote(said)),))


def judge(
    text: str, run: tuple[Candidate, ...], goal: Goal[T], context: object
) -> Parsed[T] | Unread:
    """What a candidate, or a run of them, says: bent to the schema and validated in full."""
    first = run[0]
    document: Document | Unreadable
    if len(run) == 1:
        piece = text[first.start : first.end]
        if LIKE_JSON.match(piece):
            try:
                value = native(piece.encode(), floats=goal.target.floats)
            except ValueError:
                pass
            else:
                return read_json(piece, value, goal, context, at=first.start)
        document = _document(text, first, goal)
    else:
        document = _gathered(text, run, goal)
    if isinstance(document, Unreadable):
        return Unread((document.violation,))
    raised = raised_document(document, goal.ascent, context)
    if isinstance(raised, Unread):
        return raised
    return bend(raised, goal, context, start=first.start)


def bend(
    document: Document,
    goal: Goal[T],
    context: object,
    *,
    start: int,
    refusal: Refusal | None = None,
) -> Parsed[T] | Unread:
    """*document* bent to the schema and validated in full; *refusal* is what it is as it stands."""
    aligned = goal.plan.align(document.value)
    repairs = (*document.repairs, *aligned.repairs)
    left_open = _left_open(document, aligned) if document.truncated else ()
    if aligned.violations:
        return Unread(aligned.violations, repairs, _draft(aligned.value, document, left_open))
    if document.truncated and _takes_one_of_an_open_list(document, repairs):
        return Unread((_CUT,), repairs)
    if refusal is None or aligned.value is not document.value or names_extras(refusal):
        checked = goal.target.decoder.check(aligned.value, None, context)
    elif isinstance(refusal, ValidationError):
        checked = Invalid(goal.complaints.of(refusal))
    else:
        checked = refusal
    if not isinstance(checked, Valid):
        return Unread(checked.violations, repairs, _draft(aligned.value, document, left_open))
    cut, span, begun = document.truncated, (start, document.end), _begun(document, left_open)
    return Parsed(checked.output, repairs, span, cut, left_open, begun)


def _takes_one_of_an_open_list(document: Document, repairs: Sequence[Repair]) -> bool:
    """Whether an item was taken from a list of which there may have been more."""
    open_lists = ("$", *document.open_paths)
    return any(each.rule == LIST_OF_ONE.name and each.path in open_lists for each in repairs)


def _draft(value: JsonValue, document: Document, left_open: tuple[str, ...]) -> Draft | None:
    if not isinstance(value, dict | list):
        return None
    return Draft(value, document.truncated, left_open, _begun(document, left_open))


def _begun(document: Document, left_open: Sequence[str]) -> tuple[str, ...]:
    """The path of the member that was under way in the innermost container."""
    if not document.begun or not left_open:
        return ()
    return (json_path((*(location_of(left_open[-1]) or ()), document.begun)),)


def _left_open(document: Document, aligned: Aligned) -> tuple[str, ...]:
    """The containers of the *aligned* value that may have gone on where *document* was cut off.

    Those are the last of the last: alignment keeps the order of members. It may take wrappers
    away, which then counts some as open that are closed, and may put an item in a list.
    """
    wrapped = sum(each.rule == SINGLE_ITEM.name for each in aligned.repairs)
    keys: list[str | int] = []
    paths: list[str] = []
    inner = aligned.value
    while isinstance(inner, dict | list) and len(paths) < len(document.open_paths) + wrapped:
        paths.append(json_path(keys))
        if not inner:
            break
        if isinstance(inner, dict):
            key, inner = next(reversed(inner.items()))
            keys.append(key)
        else:
            keys.append(len(inner) - 1)
            inner = inner[-1]
    return tuple(paths)


def _document(text: str, candidate: Candidate, goal: Goal[object]) -> Document | Unreadable:
    """The JSON-like value of *candidate*; where a scalar is wanted, plain words are one, too."""
    if goal.scalar and not text[candidate.start : candidate.end].lstrip().startswith(_OPENINGS):
        if candidate.open:
            return Unreadable(_CUT)
        return Document(text[candidate.start : candidate.end].strip(), candidate.end)
    document = loads(text, candidate.start, candidate.end)
    if isinstance(document, Document) and _holds_a_variable(document, text, candidate):
        return Unreadable(_VARIABLE)
    if isinstance(document, Document) and (rest := text[document.end : candidate.end].strip()):
        return Unreadable(Violation("$", "ambiguous", "expected one value", quote(rest)))
    return document


def _holds_a_variable(document: Document, text: str, candidate: Candidate) -> bool:
    """Whether a member of *document* is its own name without quotes, as in code: {"age": age}."""
    if all(each.rule != _UNQUOTED for each in document.repairs):
        return False
    return _VARIABLE_MEMBER.search(text, candidate.start, candidate.end) is not None


_UNQUOTED = "unquoted string"
_VARIABLE_MEMBER = expression(r"(?<!\w)([A-Za-z_]\w{0,63})[\"'`]?\s?:\s{0,3}\1\s*[,}\n]")
_VARIABLE = Violation("$", "placeholder", "expected values, not the names of variables")
_OPENINGS = ("{", "[", '"')
_CUT = Violation("$", "truncated", "expected the whole answer", "one that may be cut off")


def _plain_json(piece: str, goal: Goal[object]) -> Document | None:
    """The value of a text that is JSON as it stands."""
    if not LIKE_JSON.match(piece):
        return None
    try:
        return Document(native(piece.encode(), floats=goal.target.floats), len(piece))
    except ValueError:
        return None


LIKE_JSON = expression(r"\s*+(?:\"|[\[{]\s*+[\"\[{\]}\d])")
"""How a text begins that is worth a try as JSON."""


def _gathered(text: str, run: tuple[Candidate, ...], goal: Goal[object]) -> Document | Unreadable:
    """The values that stand one after another in *run*, as a list."""
    items: list[JsonValue] = []
    repairs: list[Repair] = []
    for candidate in run:
        piece = text[candidate.start : candidate.end]
        document = _plain_json(piece, goal) or _document(text, candidate, goal)
        if isinstance(document, Unreadable):
            return document
        repairs.extend(document.repairs)
        if document.truncated:
            return Document(items, document.end, tuple(repairs), truncated=True, open_paths=("$",))
        items.append(document.value)
    repairs.append(Repair("values on lines of their own", "$", None, None, "format", len(items)))
    return Document(items, run[-1].end, tuple(repairs))


def read_json(
    text: str, value: JsonValue, goal: Goal[T], context: object, *, at: int = 0
) -> Parsed[T] | Unread:
    """The whole *text* is JSON: valid as it stands, or once it is bent to the schema.

    It stands *at* that place of what the model said.
    """
    if goal.ascent is None:
        return _read_original(text, value, goal, context, at=at, written=text)
    raised = raised_document(Document(value, at + len(text)), goal.ascent, context)
    if isinstance(raised, Unread):
        return raised
    return _read_original(text, raised.value, goal, context, at=at)


def _read_original(
    text: str,
    value: JsonValue,
    goal: Goal[T],
    context: object,
    *,
    at: int,
    written: str | None = None,
) -> Parsed[T] | Unread:
    """The same of a *value* in the form of the original; *written* is the JSON that says it."""
    span = at, at + len(text)
    if (shortcut := shortcut_to(goal.target)) is not None:
        try:
            return Parsed(shortcut.validate(value, strict=True), (), span)
        except ValidationError as error:
            return read_refused(text, value, goal, context, at=at, refusal=error)
    if (done := _at_once(text, value, goal, span)) is not None:
        return done
    if goal.doubts is not None and goal.doubts.arise(text):
        return read_refused(text, value, goal, context, at=at)
    checked = goal.target.decoder.check(value, written, context)
    if isinstance(checked, Valid):
        return Parsed(checked.output, (), span)
    return read_refused(text, value, goal, context, at=at, refusal=checked)


def read_refused(
    text: str,
    value: JsonValue,
    goal: Goal[T],
    context: object,
    *,
    at: int = 0,
    refusal: Refusal | None = None,
) -> Parsed[T] | Unread:
    """What the JSON of *text* is once it is bent to the schema; *refusal* is why as it stands."""
    if goal.any_text:
        return read_prose(text, goal, context)
    if isinstance(refusal, ValidationError):
        broken = goal.complaints.of_bounds(refusal)
        if broken is not None:  # kinds and names are bent, and those are right
            return Unread(broken, (), Draft(value) if isinstance(value, dict | list) else None)
    document = Document(value, at + len(text))
    return bend(document, goal, context, start=at, refusal=refusal)


def _at_once(text: str, value: JsonValue, goal: Goal[T], span: tuple[int, int]) -> Parsed[T] | None:
    """The output of a *value* with no member but those of the type, so that none is respelled."""
    if goal.validate_closed is None or goal.doubts is None or goal.doubts.arise_from_words(text):
        return None
    try:
        return Parsed(goal.validate_closed(value, strict=True, extra="forbid"), (), span)
    except ValidationError:
        return None


def said_first(text: str, end: int, goal: Goal[T], context: object) -> Parsed[T] | None:
    """The answer that the first line, or its first word, is by itself, if it is before *end*."""
    line, over, _ = outside_thinking(text[:end]).lstrip().partition("\n")
    said = line.lstrip("#> \t").strip()
    word = _FIRST_WORD.match(said)
    if word is not None and (first := _said_alone(word[1] or word[2], goal, context)) is not None:
        return first
    return _said_alone(said, goal, context) if over else None


def _said_alone(said: str, goal: Goal[T], context: object) -> Parsed[T] | None:
    if not said or len(said) > _LONGEST_LINE or goal.ascent is not None:
        return None
    reading = bend(Document(said, len(said)), goal, context, start=0)
    return reading if isinstance(reading, Parsed) else None


_FIRST_WORD = expression(
    r"[*_`\"'“]{0,3}(?:([^\W\d_]{2,20})[*_`\"'”]{0,3}(?:[,.;!。，；！]|\s[-–—]\s)"
    r"|(\d{1,6}(?:[.,]\d{1,3})?(?:/\d{1,3})?)[*_`\"'”]{0,3}(?:[,;]|\s[-–—])\s[^\W\d_])"
)
"""A word or a number in front, for which a sentence is over or goes on: "Yes, the answer is no"."""
_LONGEST_LINE = 60
"""Characters of a line that may be an answer by itself."""


def read_prose(text: str, goal: Goal[T], context: object) -> Parsed[T] | Unread:
    """The whole answer as text: where any text will do there is nothing to look for in it."""
    if thinking(text).unfinished:
        return ENDLESS_THINKING
    checked = goal.target.decoder.check(outside_thinking(text).strip(), None, context)
    if not isinstance(checked, Valid):
        return Unread(checked.violations)
    return Parsed(checked.output, (), (0, len(text)))


def outside_thinking(text: str) -> str:
    """*text* with its reasoning blocks blanked, so that places in it stay where they are."""
    pieces: list[str] = []
    at = 0
    for start, end in thinking(text).blocks:
        pieces += [text[at:start], " " * (end - start)]
        at = end
    return "".join([*pieces, text[at:]])
