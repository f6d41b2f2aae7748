"""A label that is taken back in the next breath: the text behind it goes in, out comes whether."""

from __future__ import annotations

import re
from collections.abc import Iterable

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
_ALLOWING = re.compile(_ALLOWED, re.IGNORECASE)
"""Words behind another label by which that is an answer, too."""
_SEPARATORS = re.compile(r"[_\s-]+")


def is_taken_back(behind: str, others: Iterable[str]) -> bool:
    """Whether *behind*, which follows an answer, corrects it to one of the *others*."""
    clauses = [found[1] for found in _CORRECTING.finditer(behind)]
    may_be_more = _ALLOWING.search(behind) is not None
    words = "|".join(_spelled(other) for other in others if other)
    if not words or not (clauses or may_be_more):
        return False
    said = re.compile(rf"(?<!\w)(?:{words})(?!\w)", re.IGNORECASE)
    allowed = re.compile(rf"(?<!\w)(?:{words})(?!\w)\W{{0,3}}{_ALLOWED}", re.IGNORECASE)
    return any(said.search(clause) for clause in clauses) or (
        may_be_more and allowed.search(behind) is not None
    )


def _spelled(label: str) -> str:
    """*label* with any signs between its words."""
    return r"[\W_]+".join(map(re.escape, filter(None, _SEPARATORS.split(label)))) or re.escape(
        label
    )
