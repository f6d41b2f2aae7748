"""A grade that is given in prose without the name of it: "8/10", "I'd give it an 8".

In: what a text says besides its answer. Out: the number, if it gives one alone.
"""

from __future__ import annotations

from itertools import islice

from deterministic_llm._core.reading.finding.regrades import MOST as MOST_CHARACTERS
from deterministic_llm._core.reading.finding.regrades import moved_to
from deterministic_llm._core.regexes import expression

MOST = 64
"""Places that are looked at; a text with more of them grades many things."""
LEADS = (
    r"(?:(?:so|thus|therefore|hence|overall|in short|in total|all in all|actually|wait|edit|but"
    r"|however|finally|honestly|frankly|in hindsight|in the end|ultimately|again|apologies"
    r"|correction|update|(?:up)?on (?:second thoughts?|reflection|review))\b[\s,:;.…—–-]{1,3}){0,2}"
)
"""Words that lead to a statement and say nothing of their own, in lower case."""

OPINION = (
    r"(?:(?:very|really|truly|fairly|pretty)\s)?(?:solid|strong|good|great|decent|fair|firm|clear"
    r"|excellent|outstanding|impressive|remarkable|superb|perfect|flawless"
    r"|well[- ](?:deserved|earned)"
    r"|respectable|confident|competent|commendable|satisfactory|adequate|modest|mediocre|weak|poor"
    r"|disappointing|dismal|mere|soli[dt]er|starker|guter|schwacher)"
)
"""What a grade may be called beside its figure, which leaves it what it is."""


def is_grade(name: str) -> bool:
    """Whether a *name* in lower case is that of a grade."""
    return _NAME.search(name) is not None


def grade_given(talk: str, *, most: float | None) -> float | None:
    """The only grade that *talk* gives, out of *most* or of what it does not say."""
    if _DIGIT.search(talk) is None:
        return None
    moved = moved_to(f"\n{talk}".casefold())
    if moved is not None:
        return moved
    found = {
        float(each["number"])
        for each in islice(_GIVEN.finditer(f"\n{talk}".casefold()), MOST)
        if (each["led"] if each["most"] is None else float(each["most"]) == most)
    }
    return found.pop() if len(found) == 1 else None


def speaks_of_another(talk: str) -> bool:
    """Whether *talk* gives a second work a grade: "The other essay scores 6/10."."""
    return _OF_ANOTHER.search(talk[:MOST_CHARACTERS].casefold()) is not None


def grade_stated(talk: str) -> tuple[int, int] | None:
    """Where the only grade stands that *talk* gives in a statement, with what it is out of.

    None where another one is spoken of, or where it may be somebody else's.
    """
    said = f"\n{talk}".casefold()
    if len(said) != len(talk) + 1 or len(list(islice(_RATIO.finditer(said), 2))) != 1:
        return None
    stated = [each for each in islice(_GIVEN.finditer(said), MOST) if each["led"]]
    if len(stated) != 1 or stated[0]["most"] is None or _QUOTED.match(stated[0][0]) is not None:
        return None
    behind = stated[0].end("most")
    if _ANOTHER.search(said, behind) is not None or _TOLD.search(said, behind) is not None:
        return None
    if moved_to(said) is not None:
        return None
    return stated[0].start("number") - 1, stated[0].end("most") - 1


_WORK = (
    r"(?:essay|text|paper|answer|submission|work|piece|response|story|report|article|document|code"
    r"|solution|translation|summary|review)"
)
_DIGIT = expression(r"\d")
_RATIO = expression(r"\d\s*(?:/|out of|of)\s*\d")
_QUOTED = expression(r"[^\w\n]*\n?[^\w]*[\"'“”‘’„«»>|]")
_ANOTHER = expression(
    r"\b(?:final|overall|actual|real|true|adjusted|total|second|other|next) (?:one|score|grade"
    rf"|rating|mark|{_WORK})\b"
)
_TELL = r"(?:said|says|wrote|writes|thinks|thought|claims|claimed|told|argued|argues)"
_TOLD = expression(
    rf"[,.!\"”]\s(?:(?:he|she|they|(?:the|my|his|her|their) \w+|\w+) {_TELL}\b|{_TELL} \w"
    r"|according to)|(?:[,;:]|\s[-–—])\s(?:not|or|pending|maybe|perhaps|possibly|give or take|if"
    r"|unless|subject to|tentative\w*|provisional\w*|at (?:most|best|least)|for now|so far)\b"
)
_OF_ANOTHER = expression(
    rf"(?:\A|[.!?;\n] ?)\W{{0,6}}(?:(?:the|an?|my)\s)?"
    rf"(?:(?:second|third|other|next|revised|original) {_WORK}|revision|rewrite|original)\s"
    r"(?:scores|gets|deserves|earns|receives|merits|is an?)\s[^.!?\n]{0,20}\d"
)
_NAME = expression(r"score|grade|rating|points|marks?\Z|stars")
_GIVEN = expression(
    rf"(?:\n[^\w\n]{{0,12}}+|[.!?] ){LEADS}"
    rf"(?P<led>(?:that|this|it|(?:the|this) {_WORK})(?:['’]s| is) an? (?:{OPINION} )?"
    rf"|an? {OPINION} "
    r"|(?:that|this|it|which) makes (?:it )?(?:an? )?"
    r"|(?:better|fairer|(?:or )?(?:maybe|perhaps)|or rather|more accurately)[:,]?\s(?:an? )?"
    r"|i(?:['’]d| would)? (?:give|gave|rate|rated|score|scored|grade|graded|award|awarded)"
    rf" (?:it|you|this|(?:the|this) {_WORK}) (?:an? )?"
    rf"|(?:it|this|(?:the|this) {_WORK}) (?:deserves|gets|earns|receives|merits|scores) (?:an? )?"
    r"|i (?:now )?(?:think|believe|feel)(?: that)? (?:an? )?|make (?:it|that) (?:an? )?)?"
    r"[*_`]{0,3}(?P<number>\d+(?:\.\d+)?)(?:\s?(?:/|out of)\s?(?P<most>\d+))?(?: points?)?"
    r"[*_`]{0,3}(?=\s*(?:[.,;!)](?!\d)|\n|\Z|[-–—:]\s)"
    r"|\s(?:because|since|overall|in total|from me)\b"
    r"|\s(?:is|was|would be|would have been|seems|might be|may be) (?:\w+ )?(?:better|fairer|fair"
    r"|closer|more|right|appropriate|accurate|warranted|deserved|justified)\b)"
)
