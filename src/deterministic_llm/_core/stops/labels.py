"""The beginning of a text where a label is wanted: whether any label can still come of it."""

from __future__ import annotations

import re
from functools import lru_cache

from deterministic_llm._core.reading.alignment.labels import fold_accents
from deterministic_llm._core.reading.alignment.vocabulary import FRAME
from deterministic_llm._core.records import frozen
from deterministic_llm._core.regexes import expression


def can_be_label(begun: str, labels: tuple[str, ...], name: str) -> bool:
    """Whether a text that begins with *begun* may name one of *labels*, for the member *name*.

    A label may be spelled in other ways, stand behind an option letter or before a description, or
    in a sentence of words that say nothing else.
    """
    said = _said(labels, name)
    words = _WORD.findall(_plain(begun))
    finished = words[:-1] if begun[-1:].isalnum() else words
    if not finished or not said.starts or said.words.issuperset(finished):
        return True
    lettered = len(words[0]) <= _LONGEST_LETTER
    begins = (_squeezed("".join(words[first:])) for first in range(1 + lettered))
    return any(
        start.startswith(begin) or begin.startswith(start)
        for begin in begins
        for start in said.starts
    )


@frozen
class _Said:
    """How a text may begin that names a label, and the *words* of which a sentence is made."""

    starts: frozenset[str]
    words: frozenset[str]


@lru_cache(maxsize=1024)
def _said(labels: tuple[str, ...], name: str) -> _Said:
    lettered = [_LETTERED.fullmatch(label) for label in labels]
    rests = [each["rest"] for each in lettered if each is not None]
    starts = frozenset(_squeezed(each) for each in (*labels, *rests))
    parts = [*labels, name, *(_CAMEL.sub(" ", each) for each in (*labels, name))]
    words = FRAME.union(*(_WORD.findall(_plain(each)) for each in parts))
    # A label of signs alone may begin with anything.
    return _Said(frozenset() if "" in starts else starts, words)


def _plain(text: str) -> str:
    return fold_accents(text).replace("\u2019", "'")


def _squeezed(text: str) -> str:
    """The letters and digits of *text* alone."""
    return _MARKS.sub("", fold_accents(text))


_LONGEST_LETTER = 2
"""Characters of what an option goes by."""
_LETTERED = expression(r"\(?(?:[A-Za-z]|\d{1,2})[).:\]]\s+(?P<rest>\S.*)", re.DOTALL)
_CAMEL = expression(r"(?<=[a-z])(?=[A-Z])")
_WORD = expression(r"[^\W_]+(?:'[^\W_]+)?")
_MARKS = expression(r"[\W_]+")
