"""The fast reader of slightly damaged JSON: rewrite its damaged tokens, decode at native speed.

It knows single quotes, unquoted keys, Python's literals, comments, trailing commas and raw line
breaks in strings, and gives up on everything else. What it reads, `build` reads the same way.
The text is taken apart once: all strings in one plane, all that stands between them in another,
each joined on NUL, so that compiled scanners mend a plane at a time.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from itertools import accumulate, islice

from deterministic_llm._core.attempts import Repair
from deterministic_llm._core.reading.syntax.blanks import is_plain
from deterministic_llm._core.reading.syntax.documents import Document
from deterministic_llm._core.reading.syntax.edits import MAX_PLACES, in_order, repair
from deterministic_llm._core.reading.syntax.native import native
from deterministic_llm._core.reading.syntax.words import LITERALS
from deterministic_llm._core.regexes import expression


def rewrite(text: str, start: int, end: int) -> Document | None:
    """The document that fills *text* from *start* to *end*, or None if it is not that simple."""
    if not _OPENING.match(text, start, end):
        return None
    piece = text[start:end]
    parts = _STRINGS.split(piece)
    # An empty last part is a string that never closes.
    if "\0" in piece or not parts[-1]:
        return None
    structure, strings = _Structure("\0".join(parts[0::2])), _Strings(parts[1::2])
    try:
        joined = _joined(structure, strings)
        value = native(joined.encode(), floats=structure.may_overflow)
    except ValueError:
        return None
    offsets = list(accumulate(map(len, parts), initial=start))
    repairs = in_order([*structure.repairs(offsets[0::2]), *strings.repairs(offsets[1:-1:2])])
    return Document(value, end - len(parts[-1]) + len(parts[-1].rstrip()), repairs)


_OPENING = expression(r"[ \t\r\n]*+[{\[]")
_STRINGS = expression(
    r"""("[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z)"""
    r"""|'(?<![^\W_].)[^'\\]*+(?:\\.[^'\\]*+)*+(?:'|\\?\Z))""",
    re.DOTALL,
)
_COMMENT = expression(
    r"(?:\#|/(?=[/*]))(?<![^\s,{}\[\]].)"
    r"(?:(?:(?<=\#)|/)[^\n\0]*+(?=\n|\Z)|\*(?:[^*\0]++|\*(?!/))*+\*/)"
)
_WORD = expression(r"([A-Za-z_$\x80-\U0010ffff](?<![\w$.+-].)[\w$-]*+)(\s*+:)?")
_TRAILING_COMMA = expression(r",(?<![\s,\[{],)(?=\s*+[}\]])")
_LITERALS = {
    word: json.dumps(value) for word, value in LITERALS.items() if word != json.dumps(value)
}
_ESCAPE_OR_QUOTE = expression(r'\\(.)|"', re.DOTALL)
_ESCAPED_BREAK = expression(r"\\[\n\r\t]")


def _joined(structure: _Structure, strings: _Strings) -> str:
    between, inside = structure.mended.split("\0"), strings.mended()
    parts = between + inside
    parts[0::2], parts[1::2] = between, inside
    return "".join(parts)


class _Structure:
    """What stands between the strings: mended, with the places of its repairs."""

    __slots__ = ("_commas", "_comment", "_found", "_plane", "mended")

    def __init__(self, plane: str) -> None:
        self._comment: tuple[str, str] | None = None
        self._found: dict[str, list[int]] = {}
        if "/" in plane or "#" in plane:
            plane = _COMMENT.sub(self._blank, plane)
        self._plane = plane
        without_commas, self._commas = _TRAILING_COMMA.subn(" ", plane)
        self.mended = _WORD.sub(self._mend, without_commas)

    @property
    def may_overflow(self) -> bool:
        """Whether a number may be too large for a float: by its exponent, or by 300 digits."""
        return len(self.mended) > 300 or "e" in self.mended or "E" in self.mended

    def _blank(self, match: re.Match[str]) -> str:
        """Blanks for a comment; one that is more than that stays, and is no JSON."""
        comment = match[0]
        if not is_plain(comment):
            return comment
        self._comment = self._comment or (comment[:80], "")
        self._note("comment", match)
        return " " * len(comment)

    def _mend(self, match: re.Match[str]) -> str:
        word, colon = match.groups()
        if colon is not None:
            self._note("unquoted key", match)
            return f'"{word}"{colon}'
        if (literal := _LITERALS.get(word)) is None:
            return match[0]
        self._note("other literal", match)
        return literal

    def _note(self, rule: str, match: re.Match[str]) -> None:
        self._found.setdefault(rule, []).append(match.start())

    def repairs(self, offsets: Sequence[int]) -> Iterator[Repair]:
        """What was mended, where it is in the text; NUL parts one piece from the next."""
        for rule, found in self._found.items():
            shown = self._comment if rule == "comment" else None
            places = self._places(found[:MAX_PLACES], offsets)
            yield repair(rule, places, count=len(found), shown=shown)
        if self._commas:
            commas = islice(_TRAILING_COMMA.finditer(self._plane), MAX_PLACES)
            places = self._places([comma.start() for comma in commas], offsets)
            yield repair("trailing comma", places, count=self._commas)

    def _places(self, found: Sequence[int], offsets: Sequence[int]) -> list[int]:
        plane = self._plane
        return [
            offsets[plane.count("\0", 0, at)] + at - plane.rfind("\0", 0, at) - 1 for at in found
        ]


class _Strings:
    """The strings of a text, and what is not JSON's in them."""

    __slots__ = ("_plane", "_strings", "breaks", "single")

    def __init__(self, strings: list[str]) -> None:
        self._strings = strings
        self._plane = plane = "\0".join(strings)
        self.single = plane.count("\0'") + plane.startswith("'")
        self.breaks = "\n" in plane or "\t" in plane or "\r" in plane

    def mended(self) -> list[str]:
        """The strings as JSON."""
        plane = self._plane
        if not (self.single or self.breaks):
            return self._strings
        if self.single:
            plane = self._requoted().replace("'\0", '"\0').replace("\0'", '\0"')
            plane = f'"{plane[1:-1]}"'
        if self.breaks and not _ESCAPED_BREAK.search(plane):
            plane = plane.replace("\n", "\\n").replace("\r", "\\r").replace("\t", "\\t")
        return plane.split("\0")

    def _requoted(self) -> str:
        """The plane with the inside of single-quoted strings as it stands in double quotes."""
        plane = self._plane
        if "\\" not in plane and plane.count('"') == 2 * (len(self._strings) - self.single):
            return plane
        if self.single == len(self._strings) and "\\\\" not in plane and '\\"' not in plane:
            return plane.replace("\\'", "'").replace('"', '\\"')
        return "\0".join(
            [
                _requoted(string)
                if string[0] == "'" and ('"' in string or "\\" in string)
                else string
                for string in self._strings
            ]
        )

    def repairs(self, offsets: Sequence[int]) -> Iterator[Repair]:
        """What was mended; *offsets* say where each string begins in the text."""
        if self.single:
            strings = zip(offsets, self._strings, strict=True)
            places = [at for at, string in strings if string[0] == "'"]
            yield repair("single quotes", places[:MAX_PLACES], count=self.single)
        if self.breaks:
            strings = zip(offsets, self._strings, strict=True)
            breaks = [at + found.start() for at, each in strings if (found := _BREAK.search(each))]
            yield repair("raw control character", breaks[:MAX_PLACES], count=len(breaks))


def _requoted(string: str) -> str:
    """A single-quoted string with its inside as it stands in double quotes."""
    if "\\" in string:
        if "\\\\" in string or '\\"' in string:
            return _ESCAPE_OR_QUOTE.sub(_requote, string)
        string = string.replace("\\'", "'")
    return string.replace('"', '\\"')


def _requote(match: re.Match[str]) -> str:
    escaped: str | None = match[1]
    if escaped is None:
        return '\\"'
    return "'" if escaped == "'" else match[0]


_BREAK = expression(r"[\n\r\t]")
