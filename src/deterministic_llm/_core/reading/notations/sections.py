"""Sections: each property a heading, and its value below it, or beside it where it is short.

In: the whole text and the shape of an object. Out: the record, or None when unsure. A heading is
one of Markdown, a name in bold, or a line of a name with a colon; all of one text look the same.
What stands below is the value to its end, so nothing may stand behind the last one that could be
said of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from deterministic_llm._core.exchange import JsonObject, JsonValue
from deterministic_llm._core.reading.finding import marks
from deterministic_llm._core.reading.finding.courtesies import are_courtesies
from deterministic_llm._core.reading.notations.cells import (
    Shape,
    Unsure,
    cell,
    kind_of,
    node_of,
    says_none,
)
from deterministic_llm._core.reading.notations.lines import EMBLEM, ITEM, line_of
from deterministic_llm._core.records import frozen
from deterministic_llm._core.regexes import expression


@frozen
class _Heading:
    """A *title* that looks like *style* in the line at *place*, and the property that it names.

    *inline* is what the line says besides.
    """

    place: int
    style: str
    title: str
    name: str | None
    inline: str


def sections_start(text: str, shape: Shape) -> int:
    """Where the first heading with a property of *shape* begins; the length of *text* if none."""
    lines = text.split("\n")
    named = next((each for each in _headings(lines, shape) if each.name), None)
    return len(text) if named is None else sum(len(line) + 1 for line in lines[: named.place])


def read_sections(text: str, shape: Shape) -> JsonValue:
    """The record that the sections of *text* are; None when there is none, or in doubt."""
    lines = text.split("\n")
    headings = list(_headings(lines, shape))
    named = [each for each in headings if each.name]
    if shape.many or all(each.inline for each in named) or len({each.style for each in named}) > 1:
        return None
    style = named[0].style
    ends = [each for each in headings if _ends(each.style, style)]
    record: JsonObject = {}
    for heading, following in zip(ends, [*ends[1:], None], strict=True):
        if heading.place < named[0].place:
            continue
        stop = len(lines) if following is None else following.place
        block = [heading.inline, *lines[heading.place + 1 : stop]]
        if heading.name is None:
            said = "\n".join((heading.title, *block))
            if heading.style != style or _is_of_the_whole(said, shape):
                return None
            continue
        if heading.name in record or any(_names(line, shape) for line in block):
            return None
        try:
            record[heading.name] = _value(block, heading, shape, last=following is None)
        except Unsure:
            return None
    return record if shape.covers(record) else None


def _headings(lines: Sequence[str], shape: Shape) -> Iterator[_Heading]:
    """The headings among *lines*; a name with a colon is one only where it names a property."""
    for place, line in enumerate(lines):
        found = _HEADING.fullmatch(line)
        if found is None:
            continue
        style = found["hashes"] or ("**" if found["bold"] else ":")
        title = found["title"] or found["bold"] or found["plain"]
        name = shape.property(title.strip(" *_:：").strip())
        if name is not None or style != ":":
            yield _Heading(place, style, title, name, found["inline"].strip())


def _ends(style: str, own: str) -> bool:
    """Whether a heading of *style* ends a section whose heading looks like *own*."""
    if own[0] != "#":
        return style == own
    return style[0] == "#" and len(style) <= len(own)


def _speaks_of(said: str, shape: Shape) -> bool:
    """Whether what is *said*, which names no property, has a word of one: "Final score"."""
    words = {word.casefold() for word in _WORD.findall(said)}
    return any(words & {*map(str.casefold, _WORD.findall(name))} for name in shape.properties)


def _names(line: str, shape: Shape) -> bool:
    """Whether *line* says a property, too."""
    key = line_of(line).key
    return bool(key) and shape.property(key) is not None


def _value(block: Sequence[str], heading: _Heading, shape: Shape, *, last: bool) -> JsonValue:
    """What stands in the *block* of lines below *heading*."""
    said = _said_last(block) if last else _said(block)
    node = shape.properties[heading.name or ""]
    later = _later(said) if last else ""
    if later and (heading.style[0] != "#" or _is_of_the_whole(later, shape)):
        raise Unsure
    if heading.style == ":" and any(_LABEL.match(line) for line in said):
        raise Unsure
    if len(said) == 1 and ITEM.match(said[0].lstrip()) is None:
        value = shape.cell(said[0], heading.name)
        if value is None:
            raise Unsure
        return value
    if kind_of(node) == "array":
        return _items(said, node_of(node.get("items"), shape.root), shape.root)
    if not said or kind_of(node) != "string" or not node.keys().isdisjoint(_OF_ONE_LINE):
        raise Unsure
    return "\n".join(line.rstrip() for line in said)


def _said(block: Sequence[str]) -> list[str]:
    """The lines of *block* without blank ones and rules around them."""
    kept = [place for place, line in enumerate(block) if not _parts(line)]
    if not kept:
        return []
    said = list(block[kept[0] : kept[-1] + 1])
    if any(map(_RULE.fullmatch, said)) or said[-1].rstrip().endswith(":"):
        raise Unsure  # what belongs to it stands elsewhere
    return said


def _said_last(block: Sequence[str]) -> list[str]:
    """The same of the last block, without words of courtesy in a paragraph at its end."""
    lines = list(block)
    while lines and _parts(lines[-1]):
        lines.pop()
    begin = max((place for place, line in enumerate(lines) if _parts(line)), default=0)
    courtesies = are_courtesies("\n".join(lines[begin + 1 :]))
    return _said(lines[:begin] if courtesies else lines)


def _parts(line: str) -> bool:
    """Whether *line* parts paragraphs."""
    return not line.strip() or _RULE.fullmatch(line) is not None


def _later(said: Sequence[str]) -> str:
    """The paragraphs behind the first one."""
    blank = next((place for place, line in enumerate(said) if not line.strip()), len(said))
    return "\n".join(said[blank:])


def _is_of_the_whole(later: str, shape: Shape) -> bool:
    """Whether *later* paragraphs may say something of what stands above their own section."""
    return (
        _DIGIT.search(later) is not None
        or _speaks_of(later, shape)
        or marks.is_set_aside("", later)
    )


def _items(said: Sequence[str], item: JsonObject, root: JsonObject) -> JsonValue:
    """The items of a list of scalars, each on a line with a bullet."""
    lines = [line for line in said if line.strip()]
    bullets = [ITEM.match(line.lstrip()) for line in lines]
    indents = {len(line) - len(line.lstrip()) for line in lines}
    if not all(bullets) or len(indents) > 1 or kind_of(item) in {"object", "array"}:
        raise Unsure
    items = [ITEM.sub("", line.lstrip(), count=1) for line in lines]
    if len(items) == 1 and says_none(items[0]):
        raise Unsure
    return [cell(each, item, root) for each in items]


_PICTURE = rf"(?:{EMBLEM})?"
_NUMBER = r"(?:\d{1,2}[.)][ \t]+)?"
_NAME = r"[^\W_][^\n:：*]{0,60}"
_HEADING = expression(
    rf"{_NUMBER}(?:(?P<hashes>\#{{1,6}})[ \t]+{_NUMBER}{_PICTURE}(?:\*\*)?{_PICTURE}"
    rf"(?P<title>{_NAME})"
    rf"|{_PICTURE}\*\*{_PICTURE}(?P<bold>{_NAME})(?=[:：]?\*\*)"
    rf"|{_PICTURE}(?P<plain>{_NAME})(?=[:：][ \t]*\Z))"
    r"(?:[:：]?\*\*[:：]?|[:：])?(?P<inline>(?:(?<=[:：*])[ \t]+\S[^\n]*)?)[ \t#]*"
)
_LABEL = expression(r"[ \t]|[^\W_][^\n:：.!?]{0,40}[:：][ \t]*\Z")
"""How a line begins that is a part of one above, or what lines are listed below."""
_RULE = expression(r"[ \t]*(?:-{3,}|\*{3,}|_{3,})[ \t]*")
_WORD = expression(r"[^\W\d_]{3,}")
_DIGIT = expression(r"\d")
_OF_ONE_LINE = frozenset({"enum", "const", "format", "pattern"})
"""Keywords of texts that are no prose."""
