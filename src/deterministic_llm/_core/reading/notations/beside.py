"""What a text says beside the records of a notation, by which they are not what they look like.

In: the text, and the value that was read from it. Out: whether there are more of them, whether
their numbers count thousands, or whether a sign within a value is that of a footnote.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from deterministic_llm._core.exchange import JsonValue
from deterministic_llm._core.reading.finding import marks
from deterministic_llm._core.regexes import expression


def is_amended(text: str, value: JsonValue) -> bool:
    """Whether what *text* says beside *value* makes another one of it."""
    leaves = list(_leaves(value))
    behind = _behind(text, leaves[-1]) if leaves else ""
    if any(map(_CITED.search, leaves)):
        return True
    if marks.is_set_aside("", behind) or any(_has_footnote(each, behind) for each in leaves):
        return True
    digits = any(_DIGITS.search(each) for each in leaves)
    return digits and _IN_THOUSANDS.search(outside_rows(text)) is not None


def outside_rows(text: str) -> str:
    """The lines of *text* that are no rows of a table, and hold no tags."""
    return "\n".join(line for line in text.split("\n") if _ROW_OR_TAG.search(line) is None)


def _leaves(value: JsonValue) -> Iterator[str]:
    """The texts in *value*, in their order."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from _leaves(each)


def _behind(text: str, last: str) -> str:
    """The lines behind the one in which *last* ends."""
    at = text.rfind(last)
    end = text.find("\n", at + len(last))
    return text[end:] if at >= 0 and end >= 0 else ""


def _has_footnote(said: str, behind: str) -> bool:
    """Whether *said* ends in a sign with which a line *behind* begins."""
    found = _SIGN.search(said)
    if found is None:
        return False
    note = rf"^[ \t>_]{{0,8}}{re.escape(found[0])}[ \t]?\S"
    return re.search(note, behind, re.MULTILINE) is not None


_ROW_OR_TAG = expression(r"[|<>]")
_DIGITS = expression(r"\d")
_SIGN = expression(r"(?:\[\d{1,2}\]|[¹²³⁴-⁹†‡§]|\*{1,3})\Z")
_CITED = expression(r"【\d+[†:][^】]*】")
"""Where a tool found it, in the midst of a value."""
_IN_THOUSANDS = expression(
    r"(?<!\w)(?:in|en|em)\s(?:(?:us|usd|eur|euros?|dollars?|units of)?\s?[$€£]?\s?)"
    r"(?:thousands?|millions|billions|lakhs|crores|['’‘]?000s?|tausend|tsd|mio|mrd|milliers|miles)"
    r"(?!\w)",
    re.IGNORECASE,
)
"""Words by which the numbers beside them count more than they say."""
