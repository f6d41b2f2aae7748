"""Lines taken apart: text in, and bullets, keys, values and the look of each out.

A line that holds several pairs is one for each, without the signs that part them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import islice, pairwise

from deterministic_llm._core.reading.notations.cells import Shape, Unsure
from deterministic_llm._core.records import frozen
from deterministic_llm._core.regexes import expression

EMBLEM = (
    r"(?:(?![\u26d4\u2716-\u2718\u274c\u274e\U0001f6ab])"
    r"[\u2600-\u27bf\u2b00-\u2bff\U0001f300-\U0001faff]\ufe0f?[ \t]?){1,2}"
)
"""Pictures before a name, but no sign that strikes it out."""
MOST_WORDS = 4
"""Words of a key that the schema does not name; more of them are a sentence."""
ITEM = expression(r"(?:[-*+•]|\d{1,3}[.)])[ \t]+")


@frozen
class Line:
    """A line as *indent*, *bullet*, *key* and *value*; a line without a key has only *text*."""

    text: str
    indent: int
    bullet: str
    key: str
    value: str
    style: str

    @property
    def blank(self) -> bool:
        """Whether nothing stands in it."""
        return not self.text.strip()


def line_of(text: str) -> Line:
    """*text* taken apart."""
    indent = len(text) - len(text.lstrip(" \t>"))
    match = _LINE.fullmatch(text, indent)
    if match is None:
        item = ITEM.match(text, indent)
        return Line(text, indent, "" if item is None else item[0], "", "", "")
    marks = match["marks"] or ""
    value = match["value"].strip()
    if marks and not match["closing"] and value.startswith(marks):
        value = value.removeprefix(marks).strip()  # "**Score:** 8"
    elif marks and not match["closing"] and value.endswith(marks):
        value = value.removesuffix(marks).strip()  # "**Score: 8**"
    bullet = match["bullet"] or ""
    sign = match["sign"].strip()
    style = ("-" if bullet else "") + marks + ("" if sign in ":：" else sign)
    return Line(text, indent, bullet, match["key"].strip(), value, style)


def without_signs(lines: list[Line], keyed: Sequence[int]) -> list[Line]:
    """*lines* without the signs behind their values, where all but the last have the same."""
    ended = any(
        all(lines[place].value.endswith(sign) for place in keyed[:-1]) for sign in _ENDS_PAIRS
    )
    if len(keyed) < 2 or not ended or any(after - at > 1 for at, after in pairwise(keyed)):
        return lines
    bare = {place: lines[place].value.rstrip(",; ") for place in keyed}
    return [replace(each, value=bare.get(at, each.value)) for at, each in enumerate(lines)]


def parted(lines: Sequence[Line], shape: Shape) -> list[Line]:
    """*lines*, with one for each pair of those that hold several: ``Name: Ann, Age: 30``."""
    own = {name for line in lines if line.key and (name := shape.property(line.key))}
    apart: list[Line] = []
    for line in lines:
        found = _pairs_within(line, shape)
        if not shape.many:  # a member with a line of its own is only spoken of in another
            found = [each for each in found if each[1] not in own]
        if any(name in own for _, name in found) or not _are_parted(line, [at for at, _ in found]):
            raise Unsure
        ends = [*(at for at, _ in found), len(line.text)]
        lead = line.text[: line.indent] + line.bullet
        pieces = [line.text[at:end].rstrip(_PARTS_PAIRS) for at, end in pairwise(ends)]
        if found and any(_OTHER_PAIR.search(each) for each in (line.text[: ends[0]], *pieces)):
            raise Unsure
        apart.append(line_of(line.text[: ends[0]].rstrip(_PARTS_PAIRS)) if found else line)
        apart += [line_of(lead + piece) for piece in pieces]
    return apart


def _pairs_within(line: Line, shape: Shape) -> list[tuple[int, str]]:
    """Where the value of *line* goes on with other properties of *shape*, and with which."""
    name = shape.property(line.key) if line.key else None
    if name is None:
        return []
    at = line.text.index(line.key) + len(line.key) + 1
    found: list[tuple[int, str]] = []
    for sign in islice(_SIGN.finditer(line.text, at), _MOST_SIGNS):
        begin = max(at, sign.start() - _LONGEST_KEY)
        words = list(_WORD.finditer(line.text, begin, sign.start()))[-MOST_WORDS:]
        keys = ((each.start(), line.text[each.start() : words[-1].end()]) for each in words)
        start, other = next(
            ((start, other) for start, key in keys if (other := shape.property(key))), (0, None)
        )
        if other in {None, name} or line.text.count('"', at, start) % 2:
            continue
        marks = _MARKS_AHEAD.search(line.text, max(begin, start - 3), start)
        found.append((start if marks is None else marks.start(), other or ""))
    return found


def _are_parted(line: Line, places: Sequence[int]) -> bool:
    """Whether each of *places* in *line* has a sign before it that parts pairs."""
    parted = all(line.text[:at].rstrip(" ")[-1] in _PARTS_PAIRS for at in places)
    return parted and not (places and line.text.rstrip().endswith(_MARKS))


_LINE = expression(
    r"(?P<bullet>(?:[-*+•–]|\d{1,3}[.)])[ \t]{1,4})?(?:\#{1,6}[ \t]{1,4})?"
    rf"(?:{EMBLEM})?(?P<marks>\*{{1,3}}|__?|`|[\"'])?(?:{EMBLEM})?"
    r"(?P<key>[^\W_][^:：=|<>{}\[\]\n\"*`]{0,63}?)(?P<closing>\*{1,3}|__?|`|[\"'])?"
    r"[ \t]{0,4}(?P<sign>:(?=\s|\Z|\*|\")|：|=>?|->|→|[ \t][–—][ \t])(?P<value>[^\n]*)"
)
_MOST_SIGNS = 64
"""Signs in a line behind which a pair is looked for."""
_LONGEST_KEY = 80
_SIGN = expression(r"\s?(?:\*{1,3}|__?|`)?(?::(?=\s|\*)|=(?![=>])|：)")
_WORD = expression(r"[^\W_][\w'-]*")
_OTHER_PAIR = expression(r"[,;|]\s{1,4}[^\W\d_][\w -]{0,30}:\s")
_MARKS = ("*", "_", "`")
_MARKS_AHEAD = expression(r"(?:\*{1,3}|__?|`)\Z")
_ENDS_PAIRS = ",;"
_PARTS_PAIRS = ",;|·•–—-\t "
"""What parts one pair of a key and a value from the next in one line."""
