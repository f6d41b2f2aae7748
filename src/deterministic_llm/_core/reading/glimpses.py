"""The one payload of a text, seen without a search: between its first and its last bracket.

In: a text and a goal. Out: what the payload says, where only plain prose stands around it that can
hold no other answer; else None, and the text must be searched in full.
"""

from __future__ import annotations

import re
from functools import lru_cache

from typing_extensions import TypeVar

from deterministic_llm._core.attempts import Repair
from deterministic_llm._core.reading.finding import marks
from deterministic_llm._core.reading.finding.brackets import LONGEST_NOTE, is_citation
from deterministic_llm._core.reading.finding.candidates import Candidate, Kind
from deterministic_llm._core.reading.finding.declining import declined
from deterministic_llm._core.reading.finding.found import left_around
from deterministic_llm._core.reading.finding.spans import next_start
from deterministic_llm._core.reading.goals import Goal, Shortcut
from deterministic_llm._core.reading.judging import LIKE_JSON, judge
from deterministic_llm._core.reading.omissions import may_omit
from deterministic_llm._core.reading.outcomes import Parsed
from deterministic_llm._core.reading.outright import output_of
from deterministic_llm._core.reading.rivals import (
    Claim,
    are_denied,
    claims,
    in_json,
    is_relabelled,
    names_all,
)
from deterministic_llm._core.reading.syntax.native import half_a_pair
from deterministic_llm._core.reading.unopened import MEMBER
from deterministic_llm._core.records import frozen
from deterministic_llm._core.regexes import expression
from deterministic_llm._core.schema.target import JsonTarget

T = TypeVar("T")


def read_glimpsed(text: str, goal: Goal[T], context: object) -> Parsed[T] | None:
    """What stands between the first and the last bracket, if nothing else may be an answer."""
    if (seen := glance(text)) is None:
        return None
    start, end = seen
    before, behind = text[:start], text[end:]
    if text[start] == "[" and _names_a_source(text, start, end):
        return None
    heard = _heard_before if len(before) + len(behind) <= _FEW else _heard
    talk = heard(before, behind, goal.target)
    if talk is None:
        return None
    payload = Candidate(start, end, talk.holder)
    reading = judge(text, (payload,), goal, context)
    if not isinstance(reading, Parsed) or reading.truncated:
        return None
    denied = bool(talk.claims) and are_denied(talk.claims, in_json(reading.output))
    if denied or is_relabelled(behind, goal.target, reading.output):
        return None
    left_out = talk.left_out or left_around(text, payload)
    return Parsed(reading.output, (*left_out, *reading.repairs), reading.span)


def _names_a_source(text: str, start: int, end: int) -> bool:
    """Whether brackets hold a link, a note or a ticked box, or bullets stand beside them."""
    if _is_beside_others(text, start, end):
        return True
    words = next_start(text, start, len(text)) != start
    return words and not _stands_for_itself(text[:start], text[start:end], text[end:])


def _is_beside_others(text: str, start: int, end: int) -> bool:
    """Whether brackets are the sign of a note, or bullets beside them may be another list."""
    if end - start <= LONGEST_NOTE and is_citation(text, start, end):
        return True
    around = text[:start], text[end:]
    return any("\n" in said and _BULLETS.search(said) is not None for said in around)


def _stands_for_itself(before: str, piece: str, behind: str) -> bool:
    """Whether words in brackets are a list: they may as well be a link, a note or a ticked box."""
    before = _LONE_BULLET.sub("", before)
    if "," not in piece or _BULLET.search(before) or _BULLET.search(behind):
        return False
    line = before[before.rfind("\n") + 1 :]
    return _LEADS.search(line[-_FEW:]) is not None and _ENDS.match(behind) is not None


_MARK = r"[ \t>]*+(?:[-*+•]|\d{1,3}[.)])[ \t]"
_BULLETS = expression(rf"^{_MARK}++[^\s\[{{][^\n]*\n(?:[ \t]*\n)?{_MARK}", re.MULTILINE)
"""Two bullets, one after another."""
_BULLET = expression(rf"^{_MARK}", re.MULTILINE)
_LONE_BULLET = expression(r"^[ \t>]*+[-*+•][ \t]++\Z", re.MULTILINE)
_LEADS = expression(r"(?:\A[ \t>]*|[:=(>`：|]\*{0,2}[ \t]*|\b(?:is|are)[ \t])[*_`]*\Z")
_ENDS = expression(r"[*_`]*[ \t]*[.!)|]?[*_`]*[ \t]*$", re.MULTILINE)


def seen_intact(text: str, shortcut: Shortcut[T]) -> Parsed[T] | None:
    """The same where that is JSON and valid as it stands, with few words around it.

    None where read_glimpsed() has to tell, or a search; *text* is not JSON as a whole.
    """
    seen = None if shortcut.goal.scalar else glance(text)
    if seen is None or may_omit(text, lists=shortcut.lists_texts):
        return None
    start, end = seen
    before, piece, behind = text[:start], text[start:end], text[end:]
    if len(before) + len(behind) > _FEW:
        return None
    if piece[0] != "{" and (not LIKE_JSON.match(piece) or _is_beside_others(text, start, end)):
        return None  # an object that is JSON is like it
    talk = _heard_before(before, behind, shortcut.goal.target)
    if talk is None or talk.claims:
        return None
    try:
        output = output_of(piece, shortcut)
    except ValueError:  # pydantic's is one, too
        return None
    left_out = talk.left_out or left_around(text, Candidate(start, end, talk.holder))
    relabelled = is_relabelled(behind, shortcut.goal.target, output)
    return None if relabelled else Parsed(output, left_out, (start, end))


def glance(text: str) -> tuple[int, int] | None:
    """Where the first and the last bracket of *text* are, if they are a pair."""
    if text.startswith(_FENCE_OPENS) and text.endswith(_FENCE_CLOSES):  # the most frequent form
        return len(_FENCE_OPENS) - 1, len(text) - len(_FENCE_CLOSES) + 1
    first = _FIRST.search(text)
    closer = None if first is None else _CLOSER.get(first[0])
    if first is None or closer is None:
        return None
    start, end = first.start(), text.rfind(closer) + 1
    return (start, end) if end > start else None


@frozen
class Talk:
    """Plain prose around one payload: what holds that, and what is said of members.

    *left_out* is the record of the prose, where it begins the text: else it has another place.
    """

    holder: Kind
    claims: tuple[Claim, ...]
    left_out: tuple[Repair, ...]


def _heard(before: str, behind: str, target: JsonTarget[object]) -> Talk | None:
    """The talk around a payload; None where it may hold another one, or sets this one aside."""
    if before.startswith("analysis") or MEMBER.match(before) or _LOADED.search(behind):
        return None
    fences = _fences(before)
    if fences > 1 or fences != _fences(behind) or marks.is_set_aside(before, behind):
        return None
    if declined(before, behind) is not None:
        return None
    talk = f"{before}\n\n{behind}"
    if half_a_pair(talk) is not None or _ROW.search(talk):
        return None
    if _QUOTE.search(talk.replace("```", "")) and names_all((talk,), target):
        return None
    holder: Kind = "fence" if fences else "span"
    left_out = left_around(before, Candidate(len(before), len(before), holder))
    return Talk(holder, claims(talk, target), left_out)


_FEW = 400
"""Characters around a payload that are remembered with what they come to."""
_heard_before = lru_cache(maxsize=1024)(_heard)
"""Models lead up to their answers in few words, the same ones every time."""


def _fences(text: str) -> int:
    """How many runs of ticks are in *text*."""
    ticks = text.count("```")
    return ticks if ticks < 2 and "~~~" not in text else len(_TICKS.findall(text))


_FENCE_OPENS, _FENCE_CLOSES = "```json\n{", "}\n```"
_CLOSER = {"{": "}", "[": "]"}
_FIRST = expression(r"[{\[｛［<◁\x1b]")
_LOADED = expression(r"[{}\[\]｛｝［］<◁\x1b]|^[ \t]*\w{1,40}\.\w{1,60}[ \t]*=", re.MULTILINE)
"""A bracket, or code that gives a member another value."""
_ROW = expression(r"^[ \t>]*+\|[^\n]*\|", re.MULTILINE)
_TICKS = expression(r"`{3,}|~{3,}")
_QUOTE = expression("[\"'`“‘]")
