"""Places of a text that read like the form, judged together: claims go in, one answer comes out."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace

from deterministic_llm._core.attempts import Repair, Violation
from deterministic_llm._core.exchange import JsonValue
from deterministic_llm._core.reading.finding.candidates import Candidate
from deterministic_llm._core.reading.finding.marks import REACH, choose, marking, takes_back
from deterministic_llm._core.reading.forms.drift import AROUND, REPEATED, SET_ASIDE, repair
from deterministic_llm._core.records import frozen
from deterministic_llm._core.regexes import expression
from deterministic_llm._core.schema.wording import quote

MAX_CLAIMS = 1000
"""Claims that are told apart; a text with more of them is no answer to one question."""


@frozen
class Matched:
    """The *payload* (an object, a list of them, an option), where it stood and what it took."""

    payload: JsonValue
    span: tuple[int, int]
    repairs: tuple[Repair, ...] = ()


@frozen
class Unmatched:
    """The text is not the form: why, and which repairs did not help."""

    violations: tuple[Violation, ...]
    repairs_tried: tuple[Repair, ...] = ()


@frozen
class Claim:
    """A place that reads like the form, from *start* to *end*.

    With *violations* it holds no value. It is *firm* when it is an answer all the same, only a
    wrong one: such a claim contradicts another; a mere mention of the form does not. A claim in
    *passing*, inside of a sentence that says more, is no answer, but can take one back.
    """

    start: int
    end: int
    payload: JsonValue
    violations: tuple[Violation, ...] = ()
    repairs: tuple[Repair, ...] = ()
    firm: bool = True
    passing: bool = False


def settle(text: str, claims: Sequence[Claim]) -> Matched | Unmatched | None:
    """The one answer among *claims*, which are in the order of the text; None without any.

    Equal ones are one answer. Different ones are ambiguous unless the words around them call all
    but one a draft, example, quotation or corrected one.
    """
    if len(claims) > MAX_CLAIMS:
        return _too_many(claims)
    remarks = [claim for claim in claims if claim.passing and not claim.violations]
    claims = [claim for claim in claims if not claim.passing]
    kept = _chosen(text, claims)
    firm = [claim for claim in kept if claim.firm]
    if not firm:
        rest = [claim for claim in kept or claims if claim.violations]
        return Unmatched(rest[-1].violations, rest[-1].repairs) if rest else _all_aside(claims)
    distinct = {_key(claim): claim for claim in reversed(firm)}
    if len(distinct) > 1:
        return _ambiguous(list(reversed(distinct.values())))
    answer = firm[-1]
    if answer.violations:
        return Unmatched(answer.violations, answer.repairs)
    contrary = [
        each for each in remarks if each.start > answer.start and _key(each) != _key(answer)
    ]
    if contrary:
        return _ambiguous([answer, contrary[0]])
    return Matched(answer.payload, (answer.start, answer.end), _record(text, claims, firm))


def _chosen(text: str, claims: Sequence[Claim]) -> list[Claim]:
    ends = [0, *(claim.end for claim in claims)]
    starts = [*(claim.start for claim in claims[1:]), len(text)]
    candidates: dict[Candidate, Claim] = {}
    opened = bool(claims) and _opens(text, claims[0])
    for claim, before, ceiling in zip(claims, ends, starts, strict=False):
        floor = _behind_retraction(text, min(before, claim.start), claim.start)
        mark = marking(text, claim.start, claim.end, floor=floor, ceiling=ceiling)
        void = mark is not None and mark.weak and (len(claims) == 1 or opened)
        kind = None if mark is None or void else mark.mark
        candidates[Candidate(claim.start, claim.end, "span", kind)] = claim
    return [candidates[each] for each in choose(tuple(candidates))]


def _opens(text: str, claim: Claim) -> bool:
    """Whether *claim* is all of the first line, so that "Output:" below may be of another input."""
    behind = text[claim.end :]
    line = behind[: behind.find("\n")] if "\n" in behind else behind
    return bool(_BARE.fullmatch(text[: claim.start]) and _BARE.fullmatch(line))


def _behind_retraction(text: str, floor: int, start: int) -> int:
    """Where the words on a claim begin: a sentence that takes back the one before is not on it."""
    begin = max(floor, start - 2 * REACH)
    ends = [each.end() for each in _SENTENCE.finditer(text, begin, start) if takes_back(each[0])]
    return ends[-1] if ends else floor


def _key(claim: Claim) -> str:
    shown: object = [str(each) for each in claim.violations] or claim.payload
    return json.dumps(shown, sort_keys=True, default=str)


def _too_many(claims: Sequence[Claim]) -> Unmatched:
    expected = f"expected one answer, not more than {MAX_CLAIMS:,}"
    return Unmatched((Violation("$", "ambiguous", expected, f"{len(claims):,}"),))


def _all_aside(claims: Sequence[Claim]) -> Unmatched | None:
    if not claims:
        return None
    expected = "expected an answer, not only an example, a draft or a quotation of one"
    fix = "give the answer itself"
    return Unmatched((Violation("$", "no_value", expected, quote(claims[-1].payload), fix),))


def _ambiguous(claims: Sequence[Claim]) -> Unmatched:
    said = [
        quote(claim.payload) if not claim.violations else str(claim.violations[0].got)
        for claim in claims[:5]
    ]
    fix = "give one answer, or say which is final"
    expected = "expected one answer"
    return Unmatched((Violation("$", "ambiguous", expected, " and ".join(said), fix),))


def _record(text: str, claims: Sequence[Claim], firm: Sequence[Claim]) -> tuple[Repair, ...]:
    answer = firm[-1]
    found = list(answer.repairs)
    if len(firm) > 1:
        found.append(repair(REPEATED, "", "", *(claim.start for claim in firm[:-1])))
    aside = [claim for claim in claims if claim not in firm]
    if aside:
        before = text[aside[0].start : aside[0].end]
        found.append(repair(SET_ASIDE, before, "", *(claim.start for claim in aside)))
    around = (text[: answer.start] + text[answer.end :]).strip()
    if not _BARE.fullmatch(around):
        found.append(repair(AROUND, around, "", 0 if text[: answer.start].strip() else answer.end))
    return tuple(found)


_SENTENCE = expression(r"[^.!?\n]++[.!?]*+")
_BARE = expression(r"[\s*_`~#\"'.>-]*")


def with_repairs(claim: Claim, *repairs: Repair) -> Claim:
    """*claim* with more records of what it took."""
    return replace(claim, repairs=(*claim.repairs, *repairs))
