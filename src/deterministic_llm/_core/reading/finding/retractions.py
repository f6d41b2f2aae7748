"""A label that is taken back in the next breath: the text behind it goes in, out comes whether."""

from __future__ import annotations

import re
from collections.abc import Iterable

_CORRECTING = re.compile(
    r"(?:^|[.!?;:…\n–—-])[\s*_]*"
    r"(?:actually|wait|hmm+|sorry|oops|(?:or )?rather|correction|scratch that|make that|i mean"
    r"|on (?:second|further) thoughts?|on reflection|no(?=\s*[,;:—–-]))\b"
    r"[\s,.!:…—–-]*([^.!?\n]{0,60})",
    re.IGNORECASE,
)
"""Words that open a correction, and the clause that they open."""
_SEPARATORS = re.compile(r"[_\s-]+")


def is_taken_back(behind: str, others: Iterable[str]) -> bool:
    """Whether *behind*, which follows an answer, corrects it to one of the *others*."""
    clauses = [found[1] for found in _CORRECTING.finditer(behind)]
    if not clauses:
        return False
    words = "|".join(_spelled(other) for other in others if other)
    said = re.compile(rf"(?<!\w)(?:{words})(?!\w)", re.IGNORECASE)
    return bool(words) and any(said.search(clause) for clause in clauses)


def _spelled(label: str) -> str:
    """*label* with any signs between its words."""
    return r"[\W_]+".join(map(re.escape, filter(None, _SEPARATORS.split(label)))) or re.escape(
        label
    )
