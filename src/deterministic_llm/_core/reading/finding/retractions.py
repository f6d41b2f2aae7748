"""A label that is taken back in the next breath: the text behind it goes in, out comes whether."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

OTHERS: Mapping[bool, Sequence[str]] = {True: ("no", "false"), False: ("yes", "true")}
"""The words that would have said the other one of true and false."""
_CORRECTING = re.compile(
    r"(?:^|[.!?;:…\n–—-])[\s*_]*"
    r"(?:actually|wait|hmm+|sorry|oops|(?:or )?rather|correction|scratch that|make that|i mean"
    r"|(?:up)?on (?:second thoughts?|further thoughts?|reflection|review|reconsideration)"
    r"|no(?=\s*[,;:—–-]))\b"
    r"[\s,.!:…—–-]*([^.!?\n]{0,60})",
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
    r"(?<!\w)(?:it|this|that)(?:['’]s|\s(?:is|(?:might|may|could|would|should)(?:\salso)?\sbe))\s"
    r"(?:(?:an?|the|also|rather|actually|really|clearly|more)\s){0,2}"
)
"""Words before another label by which that is the answer."""
_OVER = r"(?=\W*(?:[.!,;]|$|\n|\Z)|\s(?:because|since|instead|too)\b)"
_SAYING = re.compile(rf"{_ALLOWED}|{_STATED}", re.IGNORECASE)
_SEPARATORS = re.compile(r"[_\s-]+")


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
    also = rf"{said}\W{{0,3}}{_ALLOWED}|{_STATED}{said}{_OVER}"
    return says_more and re.search(also, behind, re.IGNORECASE) is not None


def _spelled(label: str) -> str:
    """*label* with any signs between its words."""
    return r"[\W_]+".join(map(re.escape, filter(None, _SEPARATORS.split(label)))) or re.escape(
        label
    )
