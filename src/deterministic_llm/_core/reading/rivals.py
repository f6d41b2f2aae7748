"""What stands beside an answer and says another one: a piece of an object, or a line of prose.

In: the answer as JSON, and what a text holds besides. Out: whether that says something else. A
piece counts that gives members of the answer other values, closed or cut off; and a line that
gives a number, a label or a yes or no under the name of a member, as in "Final score: 5".
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import islice
from typing import cast

from pydantic_core import from_json, to_json

from deterministic_llm._core.canonical import settled
from deterministic_llm._core.drafts import Draft
from deterministic_llm._core.exchange import JsonObject, JsonValue
from deterministic_llm._core.reading.alignment.bends import SINGLE_ITEM
from deterministic_llm._core.reading.alignment.keys import folded
from deterministic_llm._core.reading.alignment.subschemas import flat
from deterministic_llm._core.reading.alignment.vocabulary import FALSE_WORDS, TRUE_WORDS
from deterministic_llm._core.reading.finding.brackets import is_note
from deterministic_llm._core.reading.finding.candidates import Candidate
from deterministic_llm._core.reading.finding.grades import LEADS, grade_given, is_grade
from deterministic_llm._core.reading.finding.retractions import (
    OTHERS,
    denies_flag,
    is_taken_back,
)
from deterministic_llm._core.reading.outcomes import Parsed, Unread
from deterministic_llm._core.records import frozen
from deterministic_llm._core.regexes import expression
from deterministic_llm._core.schema.kinds import required_names
from deterministic_llm._core.schema.target import JsonTarget

GAP = "\0"
"""What stands in a text in the place of pieces that are no part of it."""
MAX_LINES = 64
"""Lines about members that are compared; more of them are a text about something else."""


@frozen
class Claim:
    """What a line says: that the member *name* is *value*, a number, a label or a yes or no."""

    name: str
    value: float | str | bool


def is_other_piece(draft: Draft | None, output: object, answer: JsonValue) -> bool:
    """Whether *draft*, which is not the target, gives some members of *answer* other values.

    That is the JSON of *output*, whose sets have no order.
    """
    if draft is None or not isinstance(draft.value, dict) or not isinstance(answer, dict):
        return False
    if not draft.value or not draft.value.keys() < answer.keys():
        return False
    shared = {key: answer[key] for key in draft.value}
    return settled(output, draft.value) != settled(output, shared)


def is_left_of_another(
    text: str,
    answer: tuple[tuple[Candidate, ...], Parsed[object]],
    judged: Sequence[tuple[tuple[Candidate, ...], Parsed[object] | Unread]],
) -> bool:
    """Whether *answer* is one item of a list that is not valid as a whole, or a note beside it.

    Or what is inside of a document that is damaged: it stands before a closer of that.
    """
    run, reading = answer
    failed = [(other, each.draft) for other, each in judged if isinstance(each, Unread)]
    damaged = any(other[-1].end <= run[0].start for other, _ in failed)
    if damaged and _CLOSED_AGAIN.match(text, run[-1].end):
        return True
    lists = any(draft is not None and isinstance(draft.value, list) for _, draft in failed)
    return lists and (
        is_note(text, run[0].start, run[0].end)
        or any((each.rule, each.path) == (SINGLE_ITEM.name, "$") for each in reading.repairs)
    )


_CLOSED_AGAIN = expression(r"\s{0,64}[\]}]")


def claims(talk: str, target: JsonTarget[object]) -> tuple[Claim, ...]:
    """What the lines of *talk* say of the members of *target*."""
    members = _members(target)
    if members is None:
        return ()
    found: list[Claim] = []
    said = f"\n{talk}".casefold()
    named = any(word in said for word in members.words)  # which is told in a fraction of the time
    for line in members.lines.finditer(said) if named else ():
        name = members.names[folded(line["name"])]
        value = _said(line["value"], members.labels[name])
        if value is not None and len(found) < MAX_LINES:
            found.append(Claim(name, value))
    given = None if members.graded is None else grade_given(talk, most=members.graded[1])
    if members.graded is not None and given is not None:
        found.append(Claim(members.graded[0], given))
    return tuple(found)


def are_denied(said: Iterable[Claim], answer: JsonValue) -> bool:
    """Whether *answer* says something else than one of the claims."""
    return isinstance(answer, dict) and any(
        answer.get(each.name, each.value) != each.value for each in said
    )


def is_assigned(text: str, answer: JsonValue) -> bool:
    """Whether code in *text* gives a member of *answer* another value: ``p["age"] = 34``."""
    if not isinstance(answer, dict):
        return False
    for found in islice(_ASSIGNED.finditer(text), MAX_LINES):
        name = found["key"] or found["attribute"]
        if name in answer and answer[name] != _literal(found["value"]):
            return True
    return False


def _literal(code: str) -> JsonValue:
    """The value that *code* writes out, or the code itself."""
    try:
        return cast("JsonValue", from_json(code.replace("'", '"')))
    except ValueError:
        return code


_ASSIGNED = expression(
    r"^[ \t]*[A-Za-z_]\w{0,40}(?:\[[\"'](?P<key>[^\"'\n\]]{1,60})[\"']\]|\.(?P<attribute>\w{1,60}))"
    r"[ \t]*=[ \t]*(?P<value>[^=\s;#][^\n;#]{0,200}?)[ \t]*;?(?=[ \t]*(?:\n|#|\Z))",
    re.MULTILINE,
)


def is_relabelled(behind: str, target: JsonTarget[object], output: object) -> bool:
    """Whether what stands *behind* an object gives its only label, or yes or no, another value."""
    members = _members(target) if _WORD.search(behind) else None
    labelled = [] if members is None else [each for each in members.labels.items() if each[1]]
    if len(labelled) != 1:
        return False
    name, labels = labelled[0]
    answer = in_json(output)
    said = answer.get(name) if isinstance(answer, dict) else None
    if isinstance(said, bool):
        return is_taken_back(behind, OTHERS[said]) or denies_flag(behind, name, said=said)
    others = [each for each in labels.values() if isinstance(each, str) and each != said]
    return isinstance(said, str) and is_taken_back(behind, others)


def in_json(output: object) -> JsonValue:
    """An output as JSON; what JSON has no word for is as it would be printed."""
    return cast("JsonValue", from_json(to_json(output, fallback=repr)))


def canonical(output: object) -> str:
    """An output as JSON text in which the order of its members says nothing."""
    return json.dumps(settled(output, in_json(output)), sort_keys=True, ensure_ascii=False)


def names_all(texts: Sequence[str], target: JsonTarget[object], *, quoted: bool = True) -> bool:
    """Whether one of *texts* names every required member as a key, in prose as a *quoted* one."""
    keys = _key_patterns(target, quoted=quoted)
    return bool(keys) and any(all(key.search(text) for key in keys) for text in texts)


def begins_again(cut: Iterable[str], target: JsonTarget[object]) -> bool:
    """Whether one of *cut*, which break off, is an object with a member, or no more than begun."""
    keys = _key_patterns(target, quoted=False)
    return any(
        _BEGUN.fullmatch(each) is not None or any(key.search(each) for key in keys) for each in cut
    )


@lru_cache(maxsize=1024)
def _key_patterns(target: JsonTarget[object], *, quoted: bool) -> tuple[re.Pattern[str], ...]:
    """How the required members of *target*, or of its items, are written as keys."""
    return tuple(_key_pattern(name, quoted=quoted) for name in required_names(target.schema))


def _key_pattern(name: str, *, quoted: bool) -> re.Pattern[str]:
    """*name* as a key in any style: ``"peak_share"``, ``"Peak Share"``, bare ``peakShare``.

    Or as an element that holds words, and not just a piece in whose place there is a gap.
    """
    words = map(re.escape, _WORDS_OF_A_NAME.findall(name) or [name])
    joined = r"[\W_]*".join(words)
    before, after = (r"[\"'`“‘]", r"\\?[\"'`”’]") if quoted else (r"(?<!\w)", r"\W{0,3}?")
    element = rf"<{joined}\s*>\s*+[^<>\s{GAP}][^<>{GAP}]*+</{joined}\s*>"
    return re.compile(rf"{before}{joined}{after}\s*[:：=]|{element}", re.IGNORECASE)


_BEGUN = expression(r"[\[{]\s*(?:[\"'“][\w -]{0,40}[\"'”]?\s*:?\s*)?")
_WORDS_OF_A_NAME = expression(r"[A-Z]?[^\W_A-Z]+|[A-Z]+(?![^\W_A-Z])|\d+")


@frozen
class _Members:
    """How lines about the members begin, whose name a folded one is, and what labels it has.

    A member without labels is a number. *words* are the first of their names; *graded* is the only
    one that is a grade, with the best that it can be.
    """

    lines: re.Pattern[str]
    names: Mapping[str, str]
    labels: Mapping[str, Mapping[str, str | bool]]
    words: tuple[str, ...]
    graded: tuple[str, float | None] | None


@lru_cache(maxsize=1024)
def _members(target: JsonTarget[object]) -> _Members | None:
    """The members of *target* that a word or a number can state; None when there are none."""
    schema = flat(target.schema, target.schema) or {}
    properties = schema.get("properties")
    labels: dict[str, Mapping[str, str | bool]] = {}
    for name, node in (properties if isinstance(properties, dict) else {}).items():
        own = _labels(flat(node, target.schema) or {})
        if own is not None and folded(name):
            labels[name] = own
    names = {folded(name): name for name in labels}
    if not names:
        return None
    written = "|".join(map(_spelled, sorted(labels, key=len, reverse=True)))
    lines = re.compile(_LINE.format(names=written))
    numbers = [name for name, own in labels.items() if not own]
    grades = [name for name in numbers if is_grade(folded(name))]
    graded = None
    if len(grades) == 1 and isinstance(properties, dict):
        most = (flat(properties[grades[0]], target.schema) or {}).get("maximum")
        graded = grades[0], float(most) if isinstance(most, int | float) else None
    words = tuple({(_PART.findall(name) or [name])[0].casefold() for name in labels})
    return _Members(lines, names, labels, words, graded)


def _labels(node: JsonObject) -> Mapping[str, str | bool] | None:
    """The words that state a value of *node*, none for a number; None for other kinds."""
    options = node.get("enum")
    if isinstance(options, list):
        spelled = {_plain(each): each for each in options if isinstance(each, str)}
        return spelled if len(spelled) == len(options) else None
    if node.get("type") == "boolean":
        return dict.fromkeys(TRUE_WORDS, True) | dict.fromkeys(FALSE_WORDS, False)
    return {} if node.get("type") in ("integer", "number") else None


def _said(value: str, labels: Mapping[str, str | bool]) -> float | str | bool | None:
    """The number or label that *value* begins with, if nothing behind it changes what it says."""
    if not labels:
        number = _NUMBER.match(value)
        return None if number is None else float(number[1].replace(",", ""))
    words = _plain(_END_OF_LABEL.split(value, maxsplit=1)[0])
    return labels.get(words)


def _plain(words: str) -> str:
    return " ".join(_WORD.findall(words.casefold()))


def _spelled(name: str) -> str:
    """*name* in any style, as the pattern of one group in lower case."""
    parts = _PART.findall(name) or [name]
    return r"[\s_-]?".join(re.escape(part.casefold()) for part in parts)


_LINE = (
    r"(?:\n[^\w\n]{{0,12}}+|[.!?] )"
    + LEADS.replace("{", "{{").replace("}", "}}")
    + r"(?:(?:the|my|your|its|her|his|their|final|overall|new|actual|correct|corrected|revised"
    r"|updated|adjusted)\s){{0,3}}?(?P<name>{names})[*_`\"')]{{0,3}}\s?"
    r"(?:\([^()\n]{{1,30}}\)[*_`]{{0,3}}\s?|i (?:gave|give|assigned|would give)\s)?"
    r"(?::|：|=|is\b|should be\b)[ \t*_`\"']{{0,6}}(?P<value>[^\n]{{1,80}})"
)
_NUMBER = expression(
    r"[$€£]?\s?([-+]?\d+(?:,\d{3})*(?:\.\d+)?)(?:\s?(?:/\s?\d+|out of \d+|points?))?[*_`\"']{0,3}"
    r"(?:\s*(?:$|[.,;!)](?!\d)|\(|[-–—]\s(?!\d))|\s(?:because|since|as|for|due)\b)"
)
_END_OF_LABEL = expression(r"[.,;!*`\"'(\n]|\s[-–—]\s|\s(?:because|since|as|for|due)\b")
_WORD = expression(r"[^\W_]+")
_PART = expression(r"[A-Z]?[^\W\d_A-Z]+|[A-Z]+(?![^\W\d_A-Z])|\d+")
