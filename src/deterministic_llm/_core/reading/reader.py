"""A model's text to the output it says: strictly first, then every candidate, judged together."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Generic

from pydantic_core import from_json, to_json
from typing_extensions import TypeVar

from deterministic_llm._core.attempts import Repair, Violation
from deterministic_llm._core.exchange import JsonObject, JsonValue
from deterministic_llm._core.reading.alignment import Plan, compile_schema
from deterministic_llm._core.reading.bends import DATE_SPELLING, LIST_OF_ONE, TIME_SPELLING
from deterministic_llm._core.reading.candidates import Candidate
from deterministic_llm._core.reading.documents import Document, Unreadable
from deterministic_llm._core.reading.doubts import doubts_about
from deterministic_llm._core.reading.finding import Found, extraction, find, glance
from deterministic_llm._core.reading.lenient import loads
from deterministic_llm._core.reading.marks import choose
from deterministic_llm._core.reading.matching import Matched, match
from deterministic_llm._core.reading.native import native
from deterministic_llm._core.reading.notations import read_notation
from deterministic_llm._core.reading.phrases import scalar_phrases
from deterministic_llm._core.reading.refusals import refusal_in
from deterministic_llm._core.reading.strict import decode
from deterministic_llm._core.reading.thinking import thinking
from deterministic_llm._core.schema.kinds import (
    is_scalar,
    kinds,
    kinds_of_items,
    required_names,
)
from deterministic_llm._core.schema.target import JsonTarget, Target, TextTarget, Valid
from deterministic_llm._core.schema.wording import describe, quote

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

MAX_CHARACTERS = 10_000_000
"""The longest text that is read."""


@dataclass(frozen=True, slots=True)
class Parsed(Generic[T_co]):
    """What a text says: the *output*, the *repairs* it took, and the *span* where it stood.

    *truncated* says that closers were missing and only closed members were taken.
    """

    output: T_co
    repairs: tuple[Repair, ...]
    span: tuple[int, int]
    truncated: bool = False


@dataclass(frozen=True, slots=True)
class Unread:
    """The text is not the target: why, and which repairs did not help."""

    violations: tuple[Violation, ...]
    repairs_tried: tuple[Repair, ...] = ()


_ENDLESS_THINKING = Unread(
    (
        Violation(
            "$", "truncated", "expected an answer after the thinking", "thinking that never ended"
        ),
    )
)


def read(text: str, target: Target[T], *, strict: bool = False) -> Parsed[T] | Unread:
    """Parsed *target* from *text*; *strict* takes the whole text as it stands or not at all."""
    if len(text) > MAX_CHARACTERS:
        expected = f"expected at most {MAX_CHARACTERS:,} characters"
        return Unread((Violation("$", "too_large", expected, f"{len(text):,}"),))
    if not text or text.isspace():
        return Unread((Violation("$", "empty", "expected an answer", "nothing"),))
    if isinstance(target, TextTarget):
        return _read_form(text, target, strict=strict)
    if strict:
        return _read_strictly(text, target)
    try:
        value = native(text.encode(), floats=target.floats)
    except ValueError:
        return (_read_prose if _is_any_text(target.schema) else _read_candidates)(text, target)
    return _read_json(text, value, target)


def _read_form(text: str, target: TextTarget[T], *, strict: bool) -> Parsed[T] | Unread:
    matched = match(target.form, text if strict else outside_thinking(text), strict=strict)
    if not isinstance(matched, Matched):
        return Unread(matched.violations, matched.repairs_tried)
    checked = target.build(matched.payload)
    if not isinstance(checked, Valid):
        return Unread(checked.violations, matched.repairs)
    return Parsed(checked.output, matched.repairs, matched.span)


def outside_thinking(text: str) -> str:
    """*text* with its reasoning blocks blanked, so that places in it stay where they are."""
    pieces: list[str] = []
    at = 0
    for start, end in thinking(text).blocks:
        pieces += [text[at:start], " " * (end - start)]
        at = end
    return "".join([*pieces, text[at:]])


def _read_strictly(text: str, target: JsonTarget[T]) -> Parsed[T] | Unread:
    document = decode(text)
    if isinstance(document, Unreadable):
        return Unread((document.violation,))
    checked = target.decoder.check(document.value, text)
    if not isinstance(checked, Valid):
        return Unread(checked.violations)
    aligned = _plan(target).align(document.value)
    if aligned.violations or any(each.rule in _MOMENTS for each in aligned.repairs):
        # Pydantic takes digits alone for the seconds since 1970, also in its strict mode.
        return Unread(aligned.violations or (_NO_SECONDS,), aligned.repairs)
    return Parsed(checked.output, document.repairs, (0, len(text)))


_MOMENTS = frozenset({DATE_SPELLING.name, TIME_SPELLING.name})
_NO_SECONDS = Violation("$", "format", "expected dates and times as ISO 8601 writes them")


def _read_json(text: str, value: JsonValue, target: JsonTarget[T]) -> Parsed[T] | Unread:
    """The whole *text* is JSON: valid as it stands, or once it is bent to the schema."""
    doubts = doubts_about(target)
    if doubts is None or not doubts.arise(text):
        checked = target.decoder.check(value, text)
        if isinstance(checked, Valid):
            return Parsed(checked.output, (), (0, len(text)))
    if _is_any_text(target.schema):
        return _read_prose(text, target)
    return _bent(Document(value, len(text)), target, start=0)


def _is_any_text(schema: JsonObject) -> bool:
    return schema.get("type") == "string" and not schema.keys() - {"type", "description"}


def _read_prose(text: str, target: JsonTarget[T]) -> Parsed[T] | Unread:
    """The whole answer as text: where any text will do there is nothing to look for in it."""
    if thinking(text).unfinished:
        return _ENDLESS_THINKING
    checked = target.decoder.check(outside_thinking(text).strip())
    if not isinstance(checked, Valid):
        return Unread(checked.violations)
    return Parsed(checked.output, (), (0, len(text)))


def _read_candidates(text: str, target: JsonTarget[T]) -> Parsed[T] | Unread:
    glimpsed = glance(text)
    if glimpsed is not None:
        reading = _judge(text, (glimpsed,), target)
        rest = (text[: glimpsed.start], text[glimpsed.end :])
        if isinstance(reading, Parsed) and not reading.truncated and not _names_all(rest, target):
            found = Found(text, (), (), unfinished_thinking=False, prose="")
            repairs = (*extraction(found, glimpsed), *reading.repairs)
            return Parsed(reading.output, repairs, reading.span)
    found = find(text)
    judged = [(each, _judge(found.text, each, target)) for each in _to_be_judged(found, target)]
    answers = [(each, reading) for each, reading in judged if isinstance(reading, Parsed)]
    if not answers:
        failed = [reading for _, reading in judged if isinstance(reading, Unread)]
        return _without_candidate(found, target, failed)
    distinct = dict.fromkeys(_canonical(reading.output) for _, reading in answers)
    if len(distinct) > 1 or _another_unread(found, judged, target):
        said = " and ".join([*distinct, "another that cannot be read"][:2])
        fix = "give one answer, or say which one is final"
        return Unread((Violation("$", "ambiguous", "expected one answer", said[:400], fix),))
    (candidate, *_), reading = answers[0]
    return replace(reading, repairs=(*extraction(found, candidate), *reading.repairs))


def _to_be_judged(found: Found, target: JsonTarget[object]) -> list[tuple[Candidate, ...]]:
    """The candidates that may be the answer; where a list is wanted, a run of lines is one."""
    candidates = choose(found.candidates)
    singles = [each for each in candidates if each.kind != "lines"]
    runs: list[tuple[Candidate, ...]] = []
    if kinds(target.schema) == frozenset({"array"}):
        nested = "array" in kinds_of_items(target.schema)
        for run in (each for each in candidates if each.kind == "lines"):
            inside = tuple(each for each in singles if run.start <= each.start < run.end)
            # Two lists one after another are two answers, unless a list of lists is wanted.
            if nested or not any(found.text.startswith("[", each.start) for each in inside):
                runs.append(inside)
                singles = [each for each in singles if each not in inside]
    if _wants_scalar(target):
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
) -> bool:
    """Whether a second answer stands there that could not be read, and so not be compared.

    It is told by its keys: all required members of the target, quoted and followed by a colon.
    """
    unread = [
        found.text[run[0].start : run[-1].end]
        for run, reading in judged
        if isinstance(reading, Unread) and reading.violations[0].code in _UNREADABLE
    ]
    spans = [(each.start, each.end) for each in found.candidates if each.kind not in _WHOLE]
    rest = "".join(_outside([*spans, *thinking(found.text).blocks], found.text))
    return _names_all(unread, target, quoted=False) or _names_all((rest,), target)


def _names_all(texts: Sequence[str], target: JsonTarget[object], *, quoted: bool = True) -> bool:
    """Whether one of *texts* names every required member as a key, in prose as a *quoted* one."""
    keys = _key_patterns(target, quoted=quoted)
    return bool(keys) and any(all(key.search(text) for key in keys) for text in texts)


def _outside(spans: Sequence[tuple[int, int]], text: str) -> Iterator[str]:
    """What of *text* no span covers."""
    at = 0
    for start, end in sorted(spans):
        yield text[at:start]
        at = max(at, end)
    yield text[at:]


_UNREADABLE = frozenset({"syntax", "truncated", "ambiguous"})
_WHOLE = frozenset({"whole", "lines"})


@lru_cache(maxsize=1024)
def _key_patterns(target: JsonTarget[object], *, quoted: bool) -> tuple[re.Pattern[str], ...]:
    """How the required members of *target*, or of its items, are written as keys."""
    return tuple(_key_pattern(name, quoted=quoted) for name in required_names(target.schema))


def _key_pattern(name: str, *, quoted: bool) -> re.Pattern[str]:
    """*name* as a key in any style: ``"peak_share"``, ``"Peak Share"``, bare ``peakShare``."""
    words = map(re.escape, _WORDS_OF_A_NAME.findall(name) or [name])
    joined = r"[\W_]*".join(words)
    before, after = (r"[\"'`“‘]", r"\\?[\"'`”’]") if quoted else (r"(?<!\w)", r"\W{0,3}?")
    return re.compile(rf"{before}{joined}{after}\s*[:：=]", re.IGNORECASE)


_WORDS_OF_A_NAME = re.compile(r"[A-Z]?[^\W_A-Z]+|[A-Z]+(?![^\W_A-Z])|\d+")


def _phrases(found: Found) -> Iterator[Candidate]:
    """Values named in a sentence; a sign around a bare one, as in (5), is a part of it."""
    for phrase in choose(scalar_phrases(found.text)):
        around = found.text[: phrase.start] + found.text[phrase.end :]
        if _WORD.search(around) or not around.strip(_EMPHASIS):
            yield phrase


_OPENINGS = ("{", "[", '"', "\\")
_WORD = re.compile(r"\w")
_EMPHASIS = " \t\r\n*_`\"'“”.:#"


def _judge(text: str, run: tuple[Candidate, ...], target: JsonTarget[T]) -> Parsed[T] | Unread:
    """What a candidate, or a run of them, says: bent to the schema and validated in full."""
    first = run[0]
    plain = _plain_json(text, first) if len(run) == 1 else None
    if plain is not None:
        reading = _read_json(text[first.start : first.end], plain.value, target)
        if isinstance(reading, Unread):
            return reading
        return Parsed(reading.output, reading.repairs, (first.start, first.end))
    document = _document(text, first, target) if len(run) == 1 else _gathered(text, run, target)
    if isinstance(document, Unreadable):
        return Unread((document.violation,))
    return _bent(document, target, start=run[0].start)


def _bent(document: Document, target: JsonTarget[T], *, start: int) -> Parsed[T] | Unread:
    """*document* bent to the schema and validated in full."""
    aligned = _plan(target).align(document.value)
    repairs = (*document.repairs, *aligned.repairs)
    if aligned.violations:
        return Unread(aligned.violations, repairs)
    open_lists = ("$", *document.open_paths) if document.truncated else ()
    if any(each.rule == LIST_OF_ONE.name and each.path in open_lists for each in repairs):
        return Unread((_CUT,), repairs)  # there may have been more than one
    checked = target.decoder.check(aligned.value)
    if not isinstance(checked, Valid):
        return Unread(checked.violations, repairs)
    return Parsed(checked.output, repairs, (start, document.end), document.truncated)


def _document(text: str, candidate: Candidate, target: JsonTarget[object]) -> Document | Unreadable:
    """The JSON-like value of *candidate*; where a scalar is wanted, plain words are one, too."""
    piece = text[candidate.start : candidate.end]
    if _wants_scalar(target) and not piece.lstrip().startswith(("{", "[", '"')):
        if candidate.open:
            return Unreadable(_CUT)
        return Document(piece.strip(), candidate.end)
    document = loads(text, candidate.start, candidate.end)
    if isinstance(document, Document) and (rest := text[document.end : candidate.end].strip()):
        return Unreadable(Violation("$", "ambiguous", "expected one value", quote(rest)))
    return document


_CUT = Violation("$", "truncated", "expected the whole answer", "one that may be cut off")


def _plain_json(text: str, candidate: Candidate) -> Document | None:
    """The value of a candidate that is JSON as it stands."""
    if not _LIKE_JSON.match(text, candidate.start, candidate.end):
        return None
    try:
        value = native(text[candidate.start : candidate.end].encode())
    except ValueError:
        return None
    return Document(value, candidate.end)


_LIKE_JSON = re.compile(r"\s*+(?:\"|[\[{]\s*+[\"\[{\]}\d])")


def _gathered(
    text: str, run: tuple[Candidate, ...], target: JsonTarget[object]
) -> Document | Unreadable:
    """The values that stand one after another in *run*, as a list."""
    items: list[JsonValue] = []
    repairs: list[Repair] = []
    for candidate in run:
        document = _plain_json(text, candidate) or _document(text, candidate, target)
        if isinstance(document, Unreadable):
            return document
        repairs.extend(document.repairs)
        if document.truncated:
            return Document(items, document.end, tuple(repairs), truncated=True)
        items.append(document.value)
    repairs.append(Repair("values on lines of their own", "$", None, None, "format", len(items)))
    return Document(items, run[-1].end, tuple(repairs))


def _without_candidate(
    found: Found, target: JsonTarget[T], failed: Sequence[Unread]
) -> Parsed[T] | Unread:
    """Another notation, or the best reason why there is no answer."""
    if found.unfinished_thinking:
        return _ENDLESS_THINKING
    noted = read_notation(found.text, target.schema)
    if noted is not None:
        return _noted(found, target, *noted)
    said = refusal_in(found.prose)
    if said is not None:
        return Unread((Violation("$", "refusal", "expected an answer", quote(said)),))
    if failed:
        return min(failed, key=lambda each: len(each.violations))
    wanted = describe(target.schema, root=target.schema)
    got = quote(found.prose.strip())
    return Unread((Violation("$", "no_value", f"expected {wanted}", got, f"write {wanted}"),))


def _noted(
    found: Found, target: JsonTarget[T], value: JsonValue, repairs: tuple[Repair, ...]
) -> Parsed[T] | Unread:
    """What another notation says; an item that is only dots means that more was left out."""
    if _DOTS_ALONE.search(json.dumps(value, ensure_ascii=False)):
        return Unread((Violation("$", "ellipsis", "expected every item", '"..."', "write all"),))
    document = Document(value, len(found.text), (*found.repairs, *repairs))
    return _bent(document, target, start=0)


_DOTS_ALONE = re.compile(r'"\s*(?:\.{3,}|…)\s*"')


@lru_cache(maxsize=1024)
def _wants_scalar(target: JsonTarget[object]) -> bool:
    return is_scalar(target.schema)


def _canonical(output: object) -> str:
    return json.dumps(from_json(to_json(output, fallback=repr)), sort_keys=True, ensure_ascii=False)


@lru_cache(maxsize=1024)
def _plan(target: JsonTarget[object]) -> Plan:
    return compile_schema(target.schema)
