"""Lines of ``key: value``: YAML-like blocks, bold labels and bullets in, records out.

A block runs from the first to the last line whose key names a property. Lines of prose within it
that belong to no value, or right behind it, leave two readings: then nothing is read.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from textwrap import dedent

from deterministic_llm._core.exchange import JsonObject, JsonValue
from deterministic_llm._core.reading.finding.courtesies import are_courtesies
from deterministic_llm._core.reading.notations.cells import (
    Shape,
    Unsure,
    cell,
    kind_of,
    node_of,
    says_none,
)
from deterministic_llm._core.reading.notations.lines import (
    ITEM,
    MOST_WORDS,
    Line,
    line_of,
    parted,
    without_signs,
)
from deterministic_llm._core.regexes import expression

MAX_DEPTH = 6
"""Mappings and lists within one another; deeper ones are left unread."""


def mapping_start(text: str, shape: Shape) -> int:
    """Where the first line with a property of *shape* begins; the length of *text* if none does."""
    at = 0
    for each in text.split("\n"):
        line = line_of(each)
        if line.key and shape.property(line.key):
            return at
        at += len(each) + 1
    return len(text)


def read_mapping(text: str, shape: Shape) -> JsonValue:
    """The record, or the list of records, that lines of *text* spell; None when there is none."""
    lines = parted([line_of(each) for each in text.split("\n")], shape)
    keyed = [place for place, line in enumerate(lines) if line.key and shape.property(line.key)]
    if not keyed:
        return None
    lines = without_signs(lines, keyed)
    margin = min(lines[place].indent for place in keyed)
    if shape.many:
        return _records(lines, keyed, shape)
    own = [place for place in keyed if lines[place].indent - margin < 2]
    record = _Block(lines, shape).read(own[0], own[-1], closing=True)
    return record if shape.covers(record) else None


class _Block:
    """One record being read from lines."""

    def __init__(self, lines: Sequence[Line], shape: Shape) -> None:
        self._lines = lines
        self._shape = shape
        self._record: JsonObject = {}

    def read(self, first: int, last: int, *, closing: bool) -> JsonObject:
        """The record in the lines from *first* to *last*, and in what belongs to the last one.

        *closing* says that the text may go on behind it.
        """
        at, style = first, self._lines[first].style
        while at <= last:
            line = self._lines[at]
            if line.blank or _RULE.fullmatch(line.text):
                at += 1
                continue
            name = self._shape.property(line.key) if line.key else None
            if name is None and (not self._is_keyed(line) or line.style != style):
                raise Unsure
            at = self._member(name or line.key, at, last)
        at = self._extras(at, style)
        rest = () if closing else self._lines[at:]
        if any(not line.blank and not _RULE.fullmatch(line.text) for line in rest):
            raise Unsure
        return self._record

    def _member(self, name: str, at: int, last: int) -> int:
        """Take the value that begins in line *at*; return the line behind it."""
        node = self._shape.properties.get(name, {})
        following = self._following(at, last)
        block = [line.text for line in self._lines[at + 1 : following]]
        inline = self._lines[at].value
        if any(text.lstrip().startswith(";") for text in block):
            raise Unsure  # commented out
        if any(text.strip() for text in block):
            value = _value(inline, block, node, self._shape.root)
        else:
            value = self._shape.cell(inline, name)
        if following > last and isinstance(value, str) and kind_of(node) in {"string", ""}:
            self._check_talk(following)
        if name in self._record and self._record[name] != value:
            raise Unsure
        self._record[name] = value
        return following

    def _check_talk(self, at: int) -> None:
        """Refuse prose from line *at* on, which may go on with the text above it."""
        talk: list[str] = []
        for line in self._lines[at:]:
            keyed = self._is_keyed(line) and line.value and not self._is_sentence(line)
            if keyed or _RULE.fullmatch(line.text):
                break
            talk.append(line.text)
        said = "\n".join(talk).strip()
        if said and not are_courtesies(said):
            raise Unsure

    def _is_sentence(self, line: Line) -> bool:
        """Whether what looks like a key of *line* begins a sentence, or is of another look."""
        if self._shape.property(line.key) is not None:
            return False
        capitals = {each.key[0].isupper() for each in self._lines if self._shape.property(each.key)}
        return _ARTICLE.match(line.key) is not None or line.key[0].isupper() not in capitals

    def _is_keyed(self, line: Line) -> bool:
        """Whether *line* has a key: one that is no property has few words."""
        if not line.key:
            return False
        return len(line.key.split()) <= MOST_WORDS or self._shape.property(line.key) is not None

    def _following(self, at: int, last: int) -> int:
        """The line behind the value that begins in line *at*."""
        line = self._lines[at]
        under = at + 1
        while under < len(self._lines):
            each = self._lines[under]
            named = self._is_keyed(each) and each.style == line.style and each.indent <= line.indent
            if named or _RULE.fullmatch(each.text):
                break
            inside = each.indent > line.indent or (
                not line.value and each.bullet and not line.bullet
            )
            # Right below a key without a value there can only be its value.
            inside = inside or (not line.value and not self._lines[under - 1].blank)
            if not each.blank and not inside and under > last:
                break
            under += 1
        while under > at + 1 and self._lines[under - 1].blank:
            under -= 1
        if under > last and under < len(self._lines):
            behind = self._lines[under]
            if not behind.blank and not self._is_keyed(behind) and not _RULE.fullmatch(behind.text):
                raise Unsure  # more of the value, or prose?
        return under

    def _extras(self, at: int, style: str) -> int:
        """Take members of the same look behind the last known one; return the line behind."""
        while at < len(self._lines):
            line = self._lines[at]
            if not self._is_keyed(line) or line.style != style or not line.value:
                break
            at = self._member(line.key, at, at)
        return at


def _records(lines: Sequence[Line], keyed: Sequence[int], shape: Shape) -> JsonValue:
    """One record for each repetition of the first key."""
    opening = lines[keyed[0]]
    first = shape.property(opening.key)
    starts = [place for place in keyed if shape.property(lines[place].key) == first]
    if opening.bullet and not all(lines[place].bullet for place in keyed):
        starts = [place for place in keyed if lines[place].bullet]
        lines = [_without_bullet(line) if line.key else line for line in lines]
    records: list[JsonValue] = []
    for place, start in enumerate(starts):
        stop = starts[place + 1] if place + 1 < len(starts) else len(lines)
        chunk = lines[start:stop]
        own = [at - start for at in keyed if start <= at < stop]
        last = place + 1 == len(starts)
        record = _Block(chunk, shape).read(0, own[-1], closing=last)
        if not shape.covers(record):
            return None
        records.append(record)
    return records


def _without_bullet(line: Line) -> Line:
    """*line* with its bullet turned into indentation, so that it lines up with what follows."""
    if not line.bullet:
        return line
    return replace(
        line, indent=line.indent + len(line.bullet), bullet="", style=line.style.lstrip("-")
    )


def _value(inline: str, block: Sequence[str], node: JsonObject, root: JsonObject) -> JsonValue:
    """The value of a key: what stands beside it, and what is indented below."""
    if _SCALAR_BLOCK.fullmatch(inline):
        return _block_text(inline, block)
    if not any(text.strip() for text in block):
        return cell(inline, node, root)
    if not inline:
        return _nested(block, node, root, depth=1)
    if kind_of(node) in {"array", "object", "integer", "number", "boolean"}:
        raise Unsure
    return _joined(inline, block)


def _joined(inline: str, block: Sequence[str]) -> str:
    """A text that goes on below its key: indented lines are folded, others keep their breaks."""
    folded = all(not text.strip() or text[:1] in " \t" for text in block)
    return (" " if folded else "\n").join([inline, *(text.strip() for text in block)])


def _block_text(mark: str, block: Sequence[str]) -> str:
    """A text below ``|`` (its line breaks kept) or ``>`` (folded), without the break at its end."""
    lines = dedent("\n".join(block)).strip("\n").split("\n")
    return "\n".join(lines) if mark[0] == "|" else " ".join(line.strip() for line in lines)


def _nested(block: Sequence[str], node: JsonObject, root: JsonObject, *, depth: int) -> JsonValue:
    """A list, a mapping or a text, whichever the lines below a key are."""
    lines = [line_of(text) for text in block if text.strip()]
    if depth > MAX_DEPTH:
        raise Unsure
    margin = lines[0].indent
    if any(line.indent < margin for line in lines):
        raise Unsure
    if ITEM.match(lines[0].text, margin):
        return _list(lines, margin, node, root, depth=depth)
    if lines[0].key and kind_of(node) != "string":
        return _dict(lines, margin, node, root, depth=depth)
    if kind_of(node) not in {"string", ""}:
        raise Unsure
    return "\n".join(line.text.strip() for line in lines)


def _list(
    lines: Sequence[Line], margin: int, node: JsonObject, root: JsonObject, *, depth: int
) -> JsonValue:
    item = node_of(node.get("items"), root)
    values: list[JsonValue] = []
    for group in _grouped(lines, margin):
        dash = ITEM.match(group[0].text, margin)
        if dash is None:
            raise Unsure
        first = " " * dash.end() + group[0].text[dash.end() :]
        texts = [first, *(line.text for line in group[1:])]
        is_mapping = line_of(first).key and kind_of(item) != "string"
        if is_mapping:
            values.append(_nested(texts, item, root, depth=depth + 1))
        elif len(texts) == 1:
            values.append(cell(first, item, root))
        elif any(ITEM.match(text.lstrip()) for text in texts[1:]):
            raise Unsure  # a list within an item
        else:
            values.append(_joined(first.strip(), texts[1:]))
    if len(values) == 1 and isinstance(values[0], str) and says_none(values[0]):
        raise Unsure
    return values


def _dict(
    lines: Sequence[Line], margin: int, node: JsonObject, root: JsonObject, *, depth: int
) -> JsonValue:
    properties = node.get("properties")
    known = properties if isinstance(properties, dict) else {}
    members: JsonObject = {}
    for group in _grouped(lines, margin):
        head = group[0]
        if not head.key or head.key in members:
            raise Unsure
        below = [line.text for line in group[1:]]
        member = node_of(known.get(head.key), root)
        if below and not head.value:
            members[head.key] = _nested(below, member, root, depth=depth + 1)
        else:
            members[head.key] = _value(head.value, below, member, root)
    return members


def _grouped(lines: Sequence[Line], margin: int) -> list[list[Line]]:
    """The lines at *margin*, each with those below it that are indented further."""
    groups: list[list[Line]] = []
    for line in lines:
        if line.indent == margin:
            groups.append([line])
        else:
            groups[-1].append(line)
    return groups


_ARTICLE = expression(r"(?:the|an?|this|that|these|those|my|your|our)\s", re.IGNORECASE)
_SCALAR_BLOCK = expression(r"[|>][+-]?\d?")
_RULE = expression(r"[ \t]*(?:-{3,}|\*{3,}|={3,}|\.{3}|[`~]{3,}[\w+-]*|</?[\w-]+>)[ \t\r]*")
