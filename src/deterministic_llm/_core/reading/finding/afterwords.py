"""The words behind a candidate that take it back, call it an example, or give another value.

Each rule is a name, what it looks like right behind a candidate, and the mark that it gives; all
texts are lower-case.
"""

from __future__ import annotations

import re

from deterministic_llm._core.reading.finding.candidates import Mark
from deterministic_llm._core.reading.finding.phrasebook import ASKS_FOR_INPUT

_TAKEN_BACK = (
    r"(?:(?:wait|hmm+|no|oops|ah|oh|actually|hold on|(?:up)?on (?:second thoughts?|reflection"
    r"|review|closer (?:look|inspection))|thinking about it|looking again|come to think of it"
    r"|sorry|scratch that|edit|but|and)\b"
    r"[\s,.!…—–-]*){0,4}"
    r"(?:(?:that|this|it|the above|which|my (?:first |initial )?(?:answer|attempt|draft))"
    r"(?:(?:['’]s| is| was| looks| seems)(?: still| clearly| actually| just| also)? "
    r"(?:wrong|incorrect|a mistake|an error|mistaken|invalid|(?:only |just )?a draft(?!-)"
    r"|too (?:high|low|harsh|lenient|generous|strict))"
    r"|(?:['’]s not| is not| was not| isn['’]t| wasn['’]t)(?: quite| entirely)? "
    r"(?:right|correct|valid|final|what you asked for))(?=\s*(?:[.!,;:…)—–-]|$|because|since|as\b))"
    r"|i (?:made|see) (?:a|an|the|my) (?:mistake|error)|i (?:misread|miscounted|miscalculated)\b"
    r"|i (?:meant|mean)\b|make (?:that|it) [\"'“]?(?:an? )?\d"
    r"|i (?:think|believe|feel) .{1,40}\b(?:fits better|is better|is more (?:accurate|fitting)"
    r"|is closer|instead)\b"
    r"|(?:please )?(?:do not|don['’]t) (?:use|trust|take) (?:this|that|it)\b|not (?:yet )?final\b"
    r"|(?:is|was) (?:just |only )?(?:my |an? |the )?(?:first |initial |early |rough |old |previous"
    r"|original )*(?:draft|attempt|guess|try)\b(?!-)|(?:(?:first|rough|early) )?draft\s*[.!)]*$"
    r"|(?:would|will|could) (?:also )?be"
    r" (?:wrong|incorrect|a mistake|too (?:high|low|harsh|lenient))\b"
    r"|let me (?:correct|fix|redo|revise) (?:that|this|it|my)\b"
    r"|let me (?:recalculate|recheck|reconsider|redo|revise|try again|start over)\b"
    r"|(?:scratch|strike) that|(?:wrong|incorrect)\s*[.!)]"
    r"|(?:is|was)(?: \w+)? (?:wrong|incorrect|rejected|false|invalid|outdated"
    r"|not (?:right|correct|valid))\b"
    r"|(?:correction|erratum)\s?:?\s+\S|(?:edit|updated|revised)\s?:\s+\S"
    r"|(?:the |its |this |that |it )?(?:\w+ ){0,3}?should (?:be|have been|read) [\"'“]?\d"
    r"|(?:das|dies) (?:ist|war) (?:falsch|nicht richtig)|c['’]est (?:faux|incorrect)"
    r"|(?:eso|esto) (?:es|está) (?:incorrecto|mal)|不对|不正确|错了|間違い|違います)"
)
_ALL_OF_IT = (
    r"(?:this|that|it|which|these|all of (?:this|these|it)"
    r"|(?:the|these|those|all) (?:above|(?:\w+ ){0,2}?"
    r"(?:values?|numbers?|data|json|fields?|answers?|entries|scores?"
    r"|object|record)(?: above| here| given| shown)?))"
)
BEHIND: tuple[tuple[str, re.Pattern[str], Mark], ...] = (
    ("taken back", re.compile(_TAKEN_BACK), "draft"),
    (
        "another value",
        re.compile(
            r"(?:(?:actually|wait|rather|sorry|oops|hmm+|no(?=[,:!—–-]| wait)"
            r"|(?:up)?on (?:reflection|second thoughts?))\b[\s,.!:…—–-]*){1,4}"
            r"(?:(?:it|that|this)(?:['’]s| is)? |i (?:mean|meant) |make (?:it|that) "
            r"|i(?:['’]d| would) (?:say|give(?: it)?|go (?:for|with)) )?"
            r"[\"'“]?[-+$€£]?\d"
            r"|(?:or|maybe|perhaps|possibly|minus|plus|[±+])\s*[$€£]?\d"
            r"|\d[\d.,]*\s+(?:after|before)\b"
        ),
        "draft",
    ),
    (
        "called an example",
        re.compile(
            rf"(?:(?:please )?(?:note|remember|nb)\b(?: that)?[\s:,]*)?(?:{_ALL_OF_IT}"
            r" (?:is|was|are|were) (?:all |just |only |merely |simply |purely )?(?:an? |the )?"
            r"(?:fictional |made[- ]up |hypothetical |mere |random )?"
            r"(?:example|illustration|illustrative|placeholder|template|sample|dummy|made[ -]up"
            r"|fictional|fictitious|invented|hypothetical)s?\b"
            r"|(?:is|was) (?:just |only |merely |simply )?(?:an? |the )?(?:\w+ )?"
            r"(?:example|illustration|placeholder|template|sample|format|schema|structure)\b"
            r"|(?:please )?replace (?:(?:the|these|this|all|any|every|each)\b|\S+ (?:with|by)\b)"
            r"|(?:would|could|might|may) (?:also )?"
            r"(?:be (?:an?|one|another) \w+|be possible|work\b)"
            r"|is (?:one|an?) (?:possible |plausible )?(?:option|possibility|candidate)\b"
            r"|is what (?:i|you|it) (?:would|could|might)\b|is what i['’]d\b"
            r"|or (?:something (?:like|similar|along)|similar|the like)"
            r"|(?:for (?:instance|example)|just an idea)\s*[.!)]*(?:\n|$)"
            r"|(?:just |only )?(?:an? )?(?:example|illustration|sample|placeholder)(?: only)?\s*\))"
        ),
        "example",
    ),
    ("asked for the input", re.compile(ASKS_FOR_INPUT + r"(?:[.!]|$)"), "draft"),
)
