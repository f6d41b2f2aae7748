"""Reasoning blocks of a completion: what a model said to itself, which is never a source of values.

In: the text. Out: the stretches that are thinking, and whether the last one never ended (the model
was cut off before it answered). A tag inside a string of a payload is data and stays.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from itertools import islice
from typing import Literal

import regex

from deterministic_llm._core.reading.finding import spans
from deterministic_llm._core.records import frozen
from deterministic_llm._core.regexes import expression, partial_expression

MAX_TAGS = 5_000
"""A text with so many tags never comes to an answer."""
MAX_RESCUES = 8
"""Failed looks beyond a tag for the end of a string; after so many, tags are taken as tags."""


@frozen
class Thinking:
    """Stretches of thinking in order; *unfinished* when the last one never ended."""

    blocks: tuple[tuple[int, int], ...]
    unfinished: bool

    def visible(self, length: int) -> tuple[tuple[int, int], ...]:
        """What is left of a text of *length* characters."""
        edges = [0, *(edge for block in self.blocks for edge in block), length]
        pairs = zip(edges[::2], edges[1::2], strict=True)
        return tuple((start, end) for start, end in pairs if start < end)


NOTHING_THOUGHT = Thinking((), unfinished=False)
"""No thinking at all."""


def thinking(text: str, *, keep: frozenset[str] = frozenset()) -> Thinking:
    """The reasoning blocks of *text*; tags named in *keep* are the answer's own fields.

    Everything before a closing tag without an opening one is thinking, too: servers often cut
    the opening tag off as part of the prompt.
    """
    found = list(islice(_TAG.finditer(text), MAX_TAGS))
    if len(found) == MAX_TAGS:
        return Thinking(((0, len(text)),), unfinished=True)
    tags = [tag for match in found if (tag := _tag(text, match, keep)) is not None]
    if not tags:
        return NOTHING_THOUGHT
    endings = _Endings(tags)
    blocks: list[tuple[int, int]] = []
    at, rescues = 0, MAX_RESCUES
    first = spans.next_start(text, 0, len(text))
    for tag in tags:
        if tag.start < at:
            continue
        payload_end, failed = _data_over(text, at, tag, first=first, rescues=rescues)
        rescues -= failed
        if payload_end > tag.start:
            at = payload_end
        elif tag.role == "close":
            blocks, at = [(0, tag.end)], tag.end
        else:
            end = endings.after(tag)
            if end < 0:
                return Thinking((*blocks, (tag.start, len(text))), unfinished=True)
            blocks.append((tag.start, end))
            at = end
    return Thinking(tuple(blocks), unfinished=False)


def leaks_ahead(beginning: str) -> bool | None:
    """Whether a text with this *beginning* may hold the signs of a channel without their marks.

    None while it is too short to tell.
    """
    if len(beginning) <= len(_LEAK) and _LEAK.startswith(beginning.casefold()):
        return None
    return beginning.startswith(_LEAK) or _LEAKED.match(beginning) is not None


def holds_tag(text: str) -> bool:
    """Whether there is a tag in *text*."""
    return _TAG.search(text) is not None


def tag_at(text: str, at: int) -> Tag | bool:
    """The tag that begins at *at*; False when none does, True while the text to come may tell."""
    if _MAY_BE_TAG.match(text, at) is None:
        return False
    arriving = _ARRIVING.match(text, at, partial=True)
    if arriving is None:
        return False
    found = _TAG.match(text, at)
    if arriving.partial or found is None or found.end() == len(text):
        return True
    return _tag(text, found, frozenset()) or False


@frozen
class Tag:
    """A tag that opens or closes a block, by its *name* in lower case."""

    start: int
    end: int
    name: str
    role: Literal["open", "close"]


class _Endings:
    """Where a block opened by a tag ends: at its namesake, else at any closing tag."""

    def __init__(self, tags: list[Tag]) -> None:
        self._ends: dict[str, list[tuple[int, int]]] = {"": []}
        for tag in tags:
            if tag.role == "close":
                for name in ("", tag.name):
                    self._ends.setdefault(name, []).append((tag.start, tag.end))

    def after(self, tag: Tag) -> int:
        for name in (tag.name, ""):
            ends = self._ends.get(name, [])
            place = bisect_left(ends, (tag.end, 0))
            if place < len(ends):
                return ends[place][1]
        return -1


def _tag(text: str, match: re.Match[str], keep: frozenset[str]) -> Tag | None:
    start, end = match.span()
    if text[start - 1 : start] == "`" == text[end : end + 1]:
        return None  # a mention, not a tag
    if match["channel"]:
        role: Literal["open", "close"] = "open" if match["channel"] == "analysis" else "close"
        return Tag(start, end, "channel", role)
    if match["leak"]:
        role = "open" if match["leak"] == "analysis" else "close"
        leaked = role == "open" or text.startswith("analysis")
        return Tag(start, end, "leak", role) if leaked else None
    name = (match["name"] or "think").lower()
    if name in keep:
        return None
    return Tag(start, end, name, "close" if match["slash"] or match["over"] else "open")


def _data_over(text: str, at: int, tag: Tag, *, first: int, rescues: int) -> tuple[int, int]:
    """End of the payload, or else of the string, with *tag* in it; and how many looks failed.

    *first* is where the first payload begins: before it no string is data.
    """
    end, failed = _payload_over(text, at, tag, rescues=rescues)
    return (end if not 0 <= first < tag.start else max(end, _string_over(text, tag))), failed


def _payload_over(text: str, at: int, tag: Tag, *, rescues: int) -> tuple[int, int]:
    """End of the payload with *tag* in one of its strings, or -1; and how many looks failed."""
    if _BEGINS_LINE.search(text, max(0, tag.start - 64), tag.start):
        return -1, 0
    while (start := spans.next_start(text, at, tag.start)) >= 0:
        walk = spans.walk(text, start, tag.start, quotes="fitting")
        if walk.stop == "closed":
            at = walk.end
        elif walk.stop == "open" or rescues <= 0:
            return -1, 0
        else:
            beyond = spans.walk(text, start, len(text), quotes="fitting")
            return (beyond.end, 0) if beyond.stop == "closed" else (-1, 1)
    return -1, 0


def _string_over(text: str, tag: Tag) -> int:
    """End of the string with *tag* in it that opens and closes on its line, or -1."""
    before = _STRING_OPENS.search(text, max(0, tag.start - 1_000), tag.start)
    if before is None:
        return -1
    closes = _STRING_CLOSES[before.lastgroup or ""]
    after = closes.match(text, tag.end, min(tag.end + 1_000, len(text)))
    return -1 if after is None else after.end()


_STRINGS = {
    "double": ('"', '"'),
    "single": ("'", "'"),
    "backtick": ("`", "`"),
    "curly": ("[“„]", "[”“]"),
    "curly_single": ("[‘\u201a]", "[’‘]"),
    "guillemet": ("«", "»"),
    "corner": ("「", "」"),
}
_FITS = r"(?=[ \t]*+(?:[,:}\])+;，：；｝］、\r\n]|\Z|//|/\*|\#|\\[nrt]))"
_STRING_OPENS = expression(
    r"[:,\[{(+=，：［｛][ \t]*+(?:"
    + "|".join(
        rf"(?P<{name}>{opening})(?:(?!{closing})[^\\\n]|\\.)*+\Z"
        for name, (opening, closing) in _STRINGS.items()
    )
    + r"|(?P<escaped>\\\")(?:[^\"\\\n]|\\(?!\"))*+\Z)"
)
_STRING_CLOSES = {
    name: expression(rf"(?:(?!{closing})[^\\\n]|\\.|{closing}(?!{_FITS}))*+{closing}{_FITS}")
    for name, (_, closing) in _STRINGS.items()
} | {"escaped": expression(rf"(?:[^\"\\\n]|\\(?!\"))*+\\\"{_FITS}")}
_BEGINS_LINE = expression(r"(?:\n|\A)[ \t>]*+\Z")
_NAMES = (
    "think|thinking|thoughts?|reasoning|scratch_?pad|reflection|analysis|monologue|inner_monologue"
    "|chain_of_thought|cot|deliberation|internal_thoughts?|internal_reasoning"
)
_TAGS = rf"""
    <(?=[/a-z])(?P<slash>/)?(?:[a-z]{{1,16}}:)?(?P<name>{_NAMES})(?:\s[^<>]{{0,200}})?>
    | (?:\[|◁|<\|)(?:(?P<over>/|end_|end_of_)|start_|begin_of_)?
      (?:think(?:ing)?|thought)(?:\]|▷|\|>)
    | <\|channel\|>\s{{0,8}}(?P<channel>[a-z]+)[^<]{{0,80}}
      (?:<\|constrain\|>[^<]{{0,20}})?(?:<\|message\|>)?
    | (?P<leak>\Aanalysis(?=[A-Z])|assistantfinal)
    """
_LEAK = "analysis"
_LEAKED = expression(rf"{_LEAK}[a-z]", re.IGNORECASE)
_TAG = expression(_TAGS, re.VERBOSE | re.IGNORECASE)
_MAY_BE_TAG = expression(r"<(?:[/a-z|]|\Z)|[\[◁](?:[/a-z]|\Z)", re.IGNORECASE)
_ARRIVING = partial_expression(_TAGS, regex.VERBOSE | regex.IGNORECASE)
