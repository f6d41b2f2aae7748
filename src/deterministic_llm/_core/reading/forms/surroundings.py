"""The words right around a form: whether they leave it a statement of its own value.

Everything looks at a folded text, and no farther than a few words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from deterministic_llm._core.reading.finding.attributions import is_said_otherwise
from deterministic_llm._core.reading.forms.literals import LETTER, NUMBER_WORDS
from deterministic_llm._core.regexes import expression

NUMBER = rf"(?:[-+]?\d+(?:[.,]\d+)*|(?:{'|'.join(NUMBER_WORDS)})(?!\w))"
"""A number in digits, or a small one in words."""
_REACH = 60


def opens_freely(flat: str, start: int) -> bool:
    """Whether no word before *start* makes the label there the name of something else.

    "Grammar score: 7" says nothing about the score, "the final score: 7" does.
    """
    before = flat[max(0, start - _REACH) : start]
    said = before.rstrip(_OPENERS)
    if is_said_otherwise(_STATEMENT_BREAK.split(said)[-1]):
        return False
    if not said[-1:].isalnum():
        return True
    if said.endswith(_ALLOWED_SPACELESS):
        return True
    is_determiner = len(said) < len(before) and said.split()[-1].casefold() in _ALLOWED
    is_determiner = is_determiner and "-" not in before[len(said) :]  # "Essay A - score: 7"
    return is_determiner and not is_negated(flat, start)


def is_negated(flat: str, start: int) -> bool:
    """Whether the sentence that leads to *start* says that something is not so, or only may be."""
    sentence = _SENTENCE_BREAK.split(flat[max(0, start - _REACH) : start])[-1]
    return _NEGATION.search(sentence) is not None


def is_joined(flat: str, start: int) -> bool:
    """Whether "or", "not", "maybe" or the like leads to the label at *start*."""
    words = flat[max(0, start - _REACH) : start].rstrip(_OPENERS).split()
    return bool(words) and (words[-1].casefold() in _JOINING or is_negated(flat, start))


def stands_alone(flat: str, start: int, end: int) -> bool:
    """Whether the words from *start* to *end* are a sentence, but for a determiner before them."""
    before = flat[max(0, start - _REACH) : start]
    return _SENTENCE_START.search(before) is not None and _SENTENCE_END.match(flat, end) is not None


def ends_text(flat: str, end: int) -> bool:
    """Whether nothing but emphasis and closers follows *end*."""
    return _NOTHING_BEHIND.match(flat, end) is not None


def ends_bare(flat: str, end: int) -> bool:
    """Whether the text ends right behind *end*, with no sign that it was meant to."""
    return _BARE_END.match(flat, end) is not None


def offers_another(flat: str, end: int) -> bool:
    """Whether a second value, or a doubt, follows the value that ends at *end*."""
    if flat[end : end + 1].isdecimal() or _ANOTHER.match(flat, end) is not None:
        return True
    unit = _UNIT.search(flat, max(0, end - _REACH), end)
    if unit is not None:
        return _GOES_ON["%" if unit[1] == "%" else "/"].match(flat, end) is not None
    word = _UNIT_WORD.search(flat, max(0, end - _REACH), end)
    return word is not None and _goes_on_in(word[1]).match(flat, end) is not None


@lru_cache(maxsize=256)
def _goes_on_in(unit: str) -> re.Pattern[str]:
    return re.compile(_GOES_ON_IN.format(unit=rf"{re.escape(unit)}(?!\w)"), re.IGNORECASE)


def continues_range(flat: str, start: int) -> bool:
    """Whether the number at *start* is the second one of a range or of a choice."""
    return _SEVERAL_BEFORE.search(flat[max(0, start - _REACH) : start]) is not None


def takes_back(flat: str, end: int) -> str | None:
    """The words behind *end* that put another number in the place of the one before."""
    found = _TAKEN_BACK.search(flat, end)
    return None if found is None else found.group().strip(" \n.,;(")


def stated_otherwise(flat: str, last_word: str) -> Iterator[re.Match[str]]:
    """Numbers that are said to be the final, overall or corrected one, without the whole label.

    *last_word* is that of the label: "Score: 8" speaks of the essay score too.
    """
    word = rf"|(?:\A|\n)[ \t*_`#>-]{{0,8}}{re.escape(last_word)}" if last_word else ""
    found = re.compile(
        r"(?:\b(?:final|corrected|revised|updated|adjusted|overall|total)"
        rf"(?:[ \t*_]+[^\W\d_]+){{0,2}}{word})"
        rf"[ \t*_]*(?:\bis\b|:|=|[-–—])[ \t*_]*(?P<number>{NUMBER})",
        re.IGNORECASE,
    )
    return found.finditer(flat)


def is_prefaced(said: str) -> bool:
    """Whether a text that begins a record holds a sentence of its own: "Sure! Ada"."""
    return _PREFACED.search(said) is not None


def sums_up(line: str) -> bool:
    """Whether a line speaks of records before it: "Average: 8", "Correction: ..."."""
    return _SUMMARY.match(line) is not None


def torn(flat: str, start: int, end: int) -> bool:
    """Whether the stretch from *start* to *end* begins or ends inside of a number or a word."""
    behind = flat[max(0, start - 2) : start + 1]
    return bool(_TORN_BEFORE.search(behind) if start else None) or bool(
        _TORN_BEHIND.match(flat, end - 1)
    )


_OPENERS = " \t*_`~#([\"'-"
_DETERMINERS = (
    "the a an my your its this that final overall total resulting so thus therefore hence then is"
    " as with give assign award now here result answer output follows"
    " der die das mein meine le la mon ma el mi il"
)
_ALLOWED = frozenset(_DETERMINERS.split())
_JOINERS = (
    "or and maybe perhaps possibly probably to versus vs not no nor but otherwise alternatively"
    " oder und vielleicht nicht ou et peut-être pas o y e"
)
_JOINING = frozenset(_JOINERS.split())
_ALLOWED_SPACELESS = ("的", "是", "为", "は", "最终", "最終", "总", "綜合", "综合", "本文")
_SENTENCE_BREAK = expression(r"[.!?:;\n]")
_STATEMENT_BREAK = expression(r"[.!?;\n]")
_NEGATION = expression(
    r"\b(?:not|never|cannot|without|unless|if|whether|rather than|instead of)\b|n't\b",
    re.IGNORECASE,
)
_SENTENCE_START = expression(
    r"(?:\A|[\n.!?:;>#]|\n[ \t]*[-*])[ \t*_`#\"']*"
    r"(?:(?:the|my|your|its|this|final|overall|so|thus|therefore|hence|then|der|die|das|le|la|el|mi)"
    r"[ \t,]+){0,2}\Z",
    re.IGNORECASE,
)
_SENTENCE_END = expression(r"[ \t*_`\"')\]]*+(?:[.!](?=[\s*_`\"')]|\Z)|\n|\Z)")
_NOTHING_BEHIND = expression(r"[\s*_`\"')\]>.!]*+\Z")
_BARE_END = expression(r"[ \t*_`\"']*+\Z")
_OR = (
    "or|to|till|until|and|maybe|perhaps|possibly|versus|vs|but|though|no|wait|actually|hmm|rather"
    "|well|however|bis|oder|ou|o|y|minus|plus|less"
)
_LEADING = "even|it's|its|it|is|make|that|a|an|more|like|closer|to|i|mean|meant|should|be"
_CONDITIONS = (
    "if|unless|provided|assuming|is|was|were|would|seems?|might|could|should|may|can|cannot|has"
)
_CLAUSE_END = r"(?=[ \t]*(?:[.,;)]|\n|\Z))"
_INEXACT = (
    rf"[+±]+(?!\w)|(?<=\S)[-–—~]+{_CLAUSE_END}"
    r"|[,;]?[ \t(]*(?:approx(?:imately|imate)?|roughly|ish|or thereabouts|give or take|estimated?"
    r"|at (?:the )?(?:very )?(?:best|worst|most|least)|and up|or (?:above|below))(?!\w)"
    rf"|[,;]?[ \t(]*(?:max|min)(?:imum)?{_CLAUSE_END}"
)
"""A sign or word behind a number by which it is more, less or about that."""
_ANOTHER = expression(
    rf"[ \t*_`\"')]*+(?:\?|{NUMBER}[ \t]*(?:/|out of\b)|[-–—~/&+×±]+[ \t]*+{NUMBER}|(?:->|→|=>)"
    r"|\([ \t]*±|[x×][ \t]*\d|[,;]?[ \t]*(?:plus|minus)\b"
    rf"|{_INEXACT}"
    r"|[ \t]*+\(?before[ \t]+(?:\w+[ \t]+){0,2}(?:penalt|deduct|adjust|bonus|curv|round)"
    r"|/[^\W\d_]|[²³]|[ \t]*+(?:hundred|thousand|million|billion|trillion|dozen|k|bn)(?!\w)"
    r"|[ \t]*+or (?:so|more|less|higher|lower)\b"
    rf"|[,;(.–—-]*[ \t]*+(?:(?:{_OR})(?!\w)[,.…]*[ \t]+)+(?:(?:{_LEADING})[ \t,]+){{0,4}}{NUMBER}"
    rf"|[,;(][ \t]*{NUMBER}[ \t]*(?:/|out of\b|[).]|\n|\Z)"
    rf"|[ \t,]*+(?:{_CONDITIONS})\b)",
    re.IGNORECASE,
)
_UNIT = expression(r"\d[ \t*_`]*(/|%|out of\b)[^%/\n]{0,12}\Z", re.IGNORECASE)
_UNIT_WORD = expression(r"\d[ \t*_`]*([^\W\d_]{1,12})\Z")
# Numbers behind these words are told apart: "up from 7/10", "better than 7/10".
_GOES_ON_IN = (
    r"(?:[^.!?\n()]|\([^()\n]*\)){{1,60}}?(?<!\bfrom )(?<!\bthan )(?<!\bof )(?<![\w.,/])"
    + NUMBER.replace("{", "{{").replace("}", "}}")
    + r"[ \t]*(?:{unit})"
)
_GOES_ON = {
    sign: expression(_GOES_ON_IN.format(unit=unit), re.IGNORECASE)
    for sign, unit in (("/", r"/|out of\b"), ("%", "%"))
}
"""Where the sentence behind a value goes on to another one of the same unit."""
_SEVERAL_BEFORE = expression(
    rf"(?:{NUMBER}[ \t]*(?:/[ \t]*\d+[ \t]*)?(?:[-–—~/&,+*×·]|\b(?:to|or|and|bis|oder)\b)"
    r"|\b(?:between|about|around|approximately|roughly|nearly|almost|over|under|above|below"
    r"|at least|at most|up to|more than|less than|(?:earlier|later) than|before|after|until|till"
    r"|circa)|[<>]=?|[≤≥~≈±])[ \t]*\Z",
    re.IGNORECASE,
)
_TURNING = (
    "actually|wait|sorry|oops|hmm+|correction|corrected|edit|in hindsight|scratch that"
    "|strike that|on (?:second thought|reflection)|upon (?:reflection|review|reconsideration)"
    "|after (?:reconsideration|reconsidering|reflection|review)|rather|korrektur"
)
_CHANGING = (
    "make (?:that|it)|i meant?|let me (?:revise|correct|reconsider|change|adjust|re-?evaluate)"
    r"|change (?:it|that|my \w+)|should (?:be|have been)"
    "|(?:revised|adjusted|updated|downgraded?|upgraded?)|take (?:that|it) back"
    "|(?:lower|raise|reduce|increase|bump) (?:it|that|this|(?:the|my) \\w+) to"
)
_TAKEN_BACK = expression(
    rf"(?:(?:^|[.!?\n,;(–—-])[\s*_`\"'(]{{0,8}}"
    rf"(?:(?:{_TURNING})\b|no[,.!…—–-])[^\n]{{0,80}}?"
    rf"|\b(?:{_CHANGING})\b[^\n]{{0,25}}?)(?<![\w.,/]){NUMBER}"
    r"(?=[ \t*_]*(?:/|out of\b|[.!,;)]|points?\b|\n|\Z))"
    rf"|\bI(?:'d| would)[ \t]+(?:(?:now|rather|actually)[ \t]+)?(?:say|give[ \t]+(?:it|this)|go"
    rf"[ \t]+(?:for|with))[ \t]+(?:an?[ \t]+)?{NUMBER}"
    r"(?![^.!\n]{0,80}\b(?:if|had|were|with|without|for)\b)",
    re.IGNORECASE | re.MULTILINE,
)
_PREFACED = expression(
    r"[!?:;]\s|\w{4,}\.\s|\n|^\W*(?:sure|here (?:is|are)|here's|certainly|of course|okay|ok)\b",
    re.IGNORECASE,
)
_SUMMARY = expression(
    r"[*_`]*(?:average|mean|median|total|overall|sum|summary|correction|corrected|erratum|edit"
    r"|update|notes?|korrektur|corrección|correção|correzione|gesamt|insgesamt|summe|somme|durchschnitt"
    r"|(?:items|lines|rows|records|entries) (?:counted|in total|total)"
    r"|(?:actually|wait|sorry|oops|no)\b[, ][^:=\n]{0,60})[*_`]*\s*[:=–-]",
    re.IGNORECASE,
)
_TORN_BEFORE = expression(rf"(?:\d|\d[.,]|{LETTER})\d\Z|(?:{LETTER}|\d){LETTER}\Z")
_TORN_BEHIND = expression(rf"\d(?:\d|[.,]\d|%|{LETTER})|{LETTER}(?:{LETTER}|\d)")
