"""An answer taken back in the next breath: the text behind it goes in, out comes whether."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from itertools import islice

from deterministic_llm._core.regexes import expression

OTHERS: Mapping[bool, Sequence[str]] = {True: ("no", "false"), False: ("yes", "true")}
"""The words that would have said the other one of true and false."""
_CORRECTING = expression(
    r"(?:^|[.!?;:…\n–—-])[\s*_]*"
    r"(?:actually|wait|hmm+|sorry|oops|(?:or )?rather|correction|scratch that|make that|i mean"
    r"|(?:up)?on (?:second thoughts?|further thoughts?|reflection|review|reconsideration)"
    r"|korrektur|berichtigung|corrección|correção|correzione|更正|修正|訂正|정정"
    r"|no(?=\s*[,;:—–-]))\b"
    r"[\s,.!:：…—–-]*([^.!?\n]{0,60})",
    re.IGNORECASE,
)
"""Words that open a correction, and the clause that they open."""
_ALLOWED = (
    r"(?: \w+)?? (?:(?:is|are|would be) (?:also|equally|just as|as well)\b"
    r"|(?:could|might|may|can|would) (?:also|equally|just as well|apply|be (?:argued|possible"
    r"|right|correct))\b|works? (?:too|as well|equally)\b)"
)
"""Words behind another label by which that is an answer, too."""
_STATED = (
    r"(?<!\w)(?:it|this|that|the (?:overall )?(?:review|text|comment|message|tweet|post|statement"
    r"|claim|sentiment|tone|answer|label|verdict|mood|class|category|priority))(?:['’]s|\s(?:is|(?:might|may|could|would|should)(?:\salso)?\sbe))\s"
    r"(?:(?:an?|the|also|rather|actually|really|clearly|more)\s){0,2}"
)
"""Words before another label by which that is the answer."""
_SUMMED = (
    r"(?<!\w)(?:so|thus|therefore|hence|overall|on balance|all in all|in sum|in total|insgesamt"
    r"|eigentlich|daher|somit|donc|au total|globalement|finalement|en general|por lo tanto|quindi"
    r"|nel complesso|portanto)[,:]?\s(?:(?:clearly|es ist|das ist|c['’]est|es|è|é)\s)?"
)
"""Words before another label by which that is what the words come to."""
_MOVED = (
    r"(?<!\w)(?:(?:change|set|switch|correct|revise|adjust|move)\s[^.!?\n]{0,30}?\bto"
    r"|i(?:['’]d| would)(?: rather| now| actually)? (?:say|go with|call it|choose|pick)"
    r"|(?:final|corrected|revised|updated|new) \w+\s?[:=])\s(?:an? )?[*_\"'“]{0,3}"
)
"""Words before another label by which it is put in the place of the first."""
_FITTER = (
    r"\s(?:would|might|may|could|is|seems)(?: \w+)? "
    r"(?:better|fairer|closer|more (?:accurate|appropriate|fitting))\b(?! (?:if|had|were|with))"
)
"""Words behind another label by which that is the better one."""
_OVER = r"(?=\W*(?:[.!,;]|$|\n|\Z)|\s(?:because|since|instead|too)\b)"
_SAYING = expression(rf"{_ALLOWED}|{_FITTER}|{_STATED}|{_SUMMED}|{_MOVED}", re.IGNORECASE)
_FLAG = expression(r"^(?:is|are|was|has|contains)(?:_|(?=[A-Z]))")
_WORK = r"(?:comment|tweet|post|review|ticket|statement|claim|document|sentence|input|content)"
_SUPPOSED = expression(r"\b(?:if|had|were|unless)\b[^.!?\n]{0,80}\Z", re.IGNORECASE)
_SEPARATORS = expression(r"[_\s-]+")


def is_taken_back(behind: str, others: Iterable[str]) -> bool:
    """Whether *behind*, which follows an answer, corrects it to one of the *others*."""
    clauses = [found[1] for found in _CORRECTING.finditer(behind)]
    says_more = _SAYING.search(behind) is not None
    words = "|".join(_spelled(other) for other in others if other)
    if not words or not (clauses or says_more):
        return False
    said = rf"(?<!\w)(?:{words})(?!\w)"
    if any(re.search(said, clause, re.IGNORECASE) for clause in clauses):
        return True
    also = rf"{said}(?:\W{{0,3}}{_ALLOWED}|{_FITTER})|(?:{_STATED}|{_SUMMED}|{_MOVED}){said}{_OVER}"
    return says_more and any(
        _SUPPOSED.search(behind, 0, found.start()) is None
        for found in re.finditer(also, behind, re.IGNORECASE)
    )


def denies_flag(behind: str, name: str, *, said: bool) -> bool:
    """Whether *behind*, which follows a yes or no called *name*, says that it is the other one.

    "It is not spam" denies that ``is_spam`` is so.
    """
    noun = _FLAG.sub("", name)
    if not noun or noun == name:
        return False
    called = rf"(?:an? |any )?{_spelled(noun)}(?!\w){_OVER}"
    denied = r"(?:n['’]t|\snot|\sno longer)(?: actually| really)?\s" if said else r"\s"
    stated = rf"(?<!\w)(?:it|this|that|(?:the|this) (?:message|mail|e-?mail|text|{_WORK}))"
    if re.search(rf"{stated}(?:['’]s|\s(?:is|was)){denied}{called}", behind, re.IGNORECASE):
        return True
    return (
        said
        and re.search(rf"(?:final \w+\s?[:=]|(?:^|\n))\W{{0,3}}not {called}", behind, re.IGNORECASE)
        is not None
    )


def is_another_number(behind: str, said: float | Decimal) -> bool:
    """Whether *behind*, which follows the number *said*, gives or wonders about another one.

    That stands on a line of its own, is asked for, or is what follows: "Is it 43?", "So 43.".
    """
    others = (found["number"] for pattern in _NUMBERS for found in pattern.finditer(behind))
    # A float is near what it was written as, and an integer may be beyond all floats.
    kind = float if isinstance(said, float) else Decimal
    return any(kind(each.replace(",", "")) != abs(said) for each in islice(others, _MOST))


_FIGURE = r"(?P<number>\d{1,300}(?:,\d{3})*(?:\.\d+)?)"
_NUMBERS = (
    expression(rf"\n[^\w\n]{{0,12}}{_FIGURE}\s?%?[^\w\n]{{0,12}}(?=\n|\Z)"),
    expression(
        r"\b(?:is|was|could|should|might) (?:it|that|this|the (?:answer|number|score|value))"
        rf"(?: (?:also|really|actually|rather|be|instead)){{0,3}} {_FIGURE}[^\w\n]{{0,6}}\?",
        re.IGNORECASE,
    ),
    expression(
        r"\b(?:actually|hmm+|wait|or|maybe|perhaps)\b[\s,.…:—–-]{1,4}(?:actually\s)?"
        r"(?:it|that|this|the (?:answer|number|result|score|total|value))(?:['’]s|\s(?:is|might|may"
        r"|could|should|must))(?: (?:also|really|actually|rather|be)){0,3} (?:an? )?"
        rf"{_FIGURE}(?=[*_`]{{0,3}}(?:[.!,](?:\s|\Z)|\s*\n|\s*\Z))",
        re.IGNORECASE,
    ),
    expression(
        r"(?:[.!?:;\n]\s{0,2}|\A\s{0,2})(?:so|thus|therefore|hence),? "
        r"(?:(?:it|that|this|the (?:answer|number|result|score|total|value))(?: is|['’]s) )?"
        rf"(?:actually |really )?{_FIGURE}(?=[*_`]{{0,3}}(?:[.!](?:\s|\Z)|\s*\n|\s*\Z))",
        re.IGNORECASE,
    ),
)
_MOST = 64
"""Numbers that are looked at."""


def _spelled(label: str) -> str:
    """*label* with any signs between its words."""
    return r"[\W_]+".join(map(re.escape, filter(None, _SEPARATORS.split(label)))) or re.escape(
        label
    )
