"""Dots, or "and 3 more", in the place of values: an answer that leaves some out is not whole."""

from __future__ import annotations

import json
import marshal
from collections.abc import Iterator

from pydantic_core import to_json, to_jsonable_python
from typing_extensions import TypeVar

from deterministic_llm._core.attempts import Violation
from deterministic_llm._core.exchange import JsonObject, JsonValue
from deterministic_llm._core.reading.outcomes import Parsed, Unread
from deterministic_llm._core.regexes import expression
from deterministic_llm._core.schema.target import JsonTarget, Target
from deterministic_llm._core.schema.violations import json_path
from deterministic_llm._core.schema.wording import quote

T = TypeVar("T")

_ALONE = r"[\[(<]?(?:\.{3,}|…)[\])>]?"
_DOTS = expression(rf"\s*{_ALONE}\s*")
_DOTS_IN_JSON = expression(rf'"\s*{_ALONE}\s*"')
_LEAD, _END = r"[\s,.…&+(\[]*", r"[\s.…)\]]*"
_AND = rf"{_LEAD}(?:[Aa]nd|[Pp]lus|[Uu]nd)\s+"
_MORE = r"(?:more|others?|weitere)"
_WAYS = (
    rf"(?:{_AND}|{_LEAD})(?:[Ee]tc|et cetera|et al|usw|und so weiter)",
    rf"{_AND}(?:so on|so forth|the rest)",
    rf"(?:{_AND}|\s*(?:\.{{3,}}|…)[\s(\[]*)(?:(?:many|several|some|a few)\s+)?{_MORE}",
    rf"(?:{_AND}|\s*[.…+(\[]{_LEAD})\d+\s+{_MORE}(?:\s+\w+)?",
    rf"{_LEAD}(?:[Tt]he\s+)?(?:[Rr]est|[Oo]thers|[Rr]emaining \w+)\s+(?:(?:is|are)\s+)?omitted",
)
_FILLER = expression(rf"(?:{'|'.join(_WAYS)}){_END}")
"""What stands behind the items that are given for those that are not."""


def may_omit(text: str, *, lists: bool = True) -> bool:
    """Whether *text* is worth a look: dots right behind a quotation mark of any make.

    Where there may be *lists* of texts, also words for what a list leaves out, at the end of one.
    """
    # From behind, they are found in a third of the time.
    dotted = text.rfind("...") >= 0 or "…" in text or "\\u2026" in text
    if dotted and _DOTS_QUOTED.search(text) is not None:
        return True
    return lists and any(map(text.__contains__, _HINTS)) and _trails_off(text)


def _trails_off(text: str) -> bool:
    """Whether a hint of words for what is left out stands right before a bracket that closes."""
    end = text.find("]")
    while end >= 0:
        last = text[max(0, end - _NEAR) : end].rstrip(_BEHIND_ITEMS)
        if any(map(last[last.rfind('"') + 1 :].__contains__, _HINTS)):
            return True
        end = text.find("]", end + 1)
    return False


def may_hold_omission(value: JsonValue, *, lists: bool) -> bool:
    """Whether the text of *value* as JSON is worth a look."""
    if lists:
        return may_omit(to_json(value).decode())
    # Not written as JSON, which takes three times as long.
    packed = marshal.dumps(value)
    if packed.rfind(b"...") < 0 and packed.rfind(_ELLIPSIS) < 0:
        return False
    return may_omit(to_json(value).decode(), lists=False)


_ELLIPSIS = "…".encode()
_DOTS_QUOTED = expression(r"[\"'`“”‘’「『](?:\s|\\[nrt])*[\[(<]?(?:\.{3}|…|\\u2026)")
_HINTS = (
    "tc",
    "et al",
    "et cet",
    "usw",
    "weiter",
    "so on",
    "forth",
    "the rest",
    "omitted",
    "more",
    "other",
)
_BEHIND_ITEMS = " \t\r\n,\"'`”’"
_LONGEST = 40
"""Characters of the longest item that is taken for such words."""
_NEAR = 80
"""Characters before a closing bracket among which they are, blanks and marks counted."""


def whole(reading: Parsed[T], target: Target[T]) -> Parsed[T] | Unread:
    """*reading*, unless some of its output stands for what is left out, which no schema asked for.

    That is a text or a name of dots alone, or a last item of a list that says that there are more.
    """
    value: JsonValue = to_jsonable_python(reading.output, by_alias=True, fallback=repr)
    violations = omissions(value, target.schema if isinstance(target, JsonTarget) else {})
    if not violations:
        return reading
    # No draft: what an output is written as may lack members that it was read from.
    return Unread(violations, reading.repairs)


def omissions(value: JsonValue, schema: JsonObject) -> tuple[Violation, ...]:
    """What in *value* stands for something that is left out, unless *schema* has such a word."""
    found = tuple(_omissions(value))
    if not found:
        return ()
    asked = json.dumps(schema, ensure_ascii=False)
    if _DOTS_IN_JSON.search(asked) is not None:
        found = tuple((at, said) for at, said in found if _DOTS.fullmatch(said) is None)
    words = ((at, said, json.dumps(said, ensure_ascii=False)) for at, said in found)
    return tuple(_omission(at, said) for at, said, written in words if written not in asked)


def _omission(location: tuple[str | int, ...], said: str) -> Violation:
    path, got = json_path(location), quote(said)
    if location and isinstance(location[-1], int):
        return Violation(path, "ellipsis", "expected every item", got, "write all")
    if location and location[-1] == said:
        return Violation(path, "ellipsis", "expected every member", got, "write all")
    return Violation(path, "placeholder", "expected a value", got, "write it")


def _omissions(value: JsonValue) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Where in *value* something is left out, and the text that says so."""
    pending: list[tuple[tuple[str | int, ...], JsonValue]] = [((), value)]
    while pending:
        at, each = pending.pop()
        if isinstance(each, str):
            if _DOTS.fullmatch(each):
                yield at, each
        elif isinstance(each, dict):
            yield from (((*at, name), name) for name in each if _DOTS.fullmatch(name))
            pending += [((*at, name), inner) for name, inner in each.items()]
        elif isinstance(each, list):
            last = each[-1] if len(each) > 1 else None
            if isinstance(last, str) and len(last) <= _LONGEST and _FILLER.fullmatch(last):
                yield (*at, len(each) - 1), last
            pending += [((*at, index), inner) for index, inner in enumerate(each)]
