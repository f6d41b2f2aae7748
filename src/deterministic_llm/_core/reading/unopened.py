"""Answers that go on with the bracket that their prompt ended in: `{` or `[` goes before them.

In: a text that is no JSON, and a goal. Out: the text with its brackets, if they are missing; and
what it says with them, told in places of the text without them.
"""

from __future__ import annotations

from dataclasses import replace

from typing_extensions import TypeVar

from deterministic_llm._core.attempts import Repair
from deterministic_llm._core.reading.goals import Goal
from deterministic_llm._core.reading.outcomes import Parsed, Unread
from deterministic_llm._core.reading.syntax.native import native
from deterministic_llm._core.regexes import expression
from deterministic_llm._core.schema.kinds import kinds

T = TypeVar("T")


def with_opener(text: str, goal: Goal[object]) -> str | None:
    """*text* with the bracket that is missing before it; None where there is none.

    Of an object a quoted key is in front, and there is a bracket too many that closes it, or none,
    and it is JSON with both. A list is JSON with its bracket.
    """
    if MEMBER.match(text) is not None and _wants(goal, "object"):
        if text.count("}") > text.count("{"):
            return "{" + text
        whole = "{" + text + "}"
        return whole if text.rstrip().endswith(_ENDS) and _is_json(whole) else None
    if text.rstrip().endswith("]") and _wants(goal, "array") and _is_json("[" + text):
        return "[" + text
    return None


def without_opener(text: str, reading: Parsed[T] | Unread) -> Parsed[T] | Unread:
    """What *text* says that was read with a bracket before it, with the record of that."""
    if isinstance(reading, Unread):
        return replace(reading, repairs_tried=(_OPENED, *reading.repairs_tried))
    start, end = reading.span
    span = max(0, start - 1), min(end - 1, len(text))
    return replace(reading, repairs=(_OPENED, *reading.repairs), span=span)


def _wants(goal: Goal[object], kind: str) -> bool:
    """Whether nothing but values of that *kind* are wanted, if any."""
    return kinds(goal.target.schema) - {"null"} == frozenset({kind})


def _is_json(text: str) -> bool:
    try:
        native(text.encode())
    except ValueError:
        return False
    return True


MEMBER = expression(r"\s*+\"(?:[^\"\\\n]|\\.){1,100}+\"\s*+:")
"""How the inside of an object begins."""
_ENDS = ('"', "]", "}")
"""How a text ends whose last value is whole: a number or a word may have gone on."""
_OPENED = Repair("missing opener", "$", None, None, "format")
