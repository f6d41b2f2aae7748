"""The fast reader of slightly damaged JSON: rewrite its damaged tokens, decode at native speed.

It knows single quotes, unquoted keys, Python's literals, comments, trailing commas and raw line
breaks in strings, and gives up on everything else. What it reads, `build` reads the same way.
The text is taken apart once: all strings in one plane, all that stands between them in another,
each joined on NUL, so that compiled scanners mend a plane at a time.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from itertools import islice

from deterministic_llm._core.reading.blanks import is_plain
from deterministic_llm._core.reading.documents import Document
from deterministic_llm._core.reading.edits import MAX_PLACES, Edits
from deterministic_llm._core.reading.native import native
from deterministic_llm._core.reading.words import LITERALS


def rewrite(text: str, start: int, end: int) -> Document | None:
    """The document that fills *text* from *start* to *end*, or None if it is not that simple."""
    if not _OPENING.match(text, start, end):
        return None
    piece, edits = text[start:end], Edits()
    if "#" in piece or "/" in piece:
        piece = _without_comments(piece, start=start, edits=edits)
    parts = _STRINGS.split(piece)
    # An empty last part is a string that never closes.
    if "\0" in piece or not parts[-1]:
        return None
    structure = _Structure("\0".join(parts[0::2]))
    strings = _Strings(parts[1::2])
    mended = parts.copy()
    mended[0::2] = structure.mended.split("\0")
    if strings.damaged:
        mended[1::2] = strings.mended().split("\0")
    try:
        value = native("".join(mended).encode())
    except ValueError:
        return None
    _Places(parts, start).note(structure, strings, edits)
    return Document(value, start + len(piece.rstrip()), edits.repairs())


_OPENING = re.compile(r"[ \t\r\n]*+[{\[]")
_STRINGS = re.compile(
    r"""("[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z)|'[^'\\]*+(?:\\.[^'\\]*+)*+(?:'|\\?\Z))""", re.DOTALL
)
_COMMENTS = re.compile(
    _STRINGS.pattern
    + r"|((?:\#|/(?=[/*]))(?<![^\s,{}\[\]].)"
    + r"(?:(?<=\#)[^\n]*+|/[^\n]*+|\*(?:[^*]++|\*(?!/))*+\*/))",
    re.DOTALL,
)
_WORD = re.compile(r"([A-Za-z_$\x80-\U0010ffff](?<![\w$.+-].)[\w$-]*+)(\s*+:)?")
_TRAILING_COMMA = re.compile(r",(?<![\s,\[{],)(?=\s*+[}\]])")
_LITERALS = {word: json.dumps(value) for word, value in LITERALS.items()}
_ESCAPE_OR_QUOTE = re.compile(r'\\(.)|"', re.DOTALL)
_ESCAPED_BREAK = re.compile(r"\\[\n\r\t]")


def _without_comments(piece: str, *, start: int, edits: Edits) -> str:
    """The text with each comment blanked; one that says "and so on" stays, and is no JSON."""

    def blank(match: re.Match[str]) -> str:
        comment = match[2]
        if comment is None or not is_plain(comment):
            return match[0]
        edits.add("comment", start + match.start(), shown=(comment[:80], ""))
        return " " * len(comment)

    return _COMMENTS.sub(blank, piece)


class _Structure:
    """What stands between the strings: mended, with the places of its repairs."""

    __slots__ = ("commas", "keys", "literals", "mended", "plane")

    def __init__(self, plane: str) -> None:
        self.plane = plane
        self.keys: list[int] = []
        self.literals: list[int] = []
        self.mended, self.commas = _TRAILING_COMMA.subn("", _WORD.sub(self._word, plane))

    def _word(self, match: re.Match[str]) -> str:
        word, colon = match.groups()
        if colon is not None:
            self.keys.append(match.start())
            return f'"{word}"{colon}'
        literal = _LITERALS.get(word)
        if literal is None or literal == word:
            return word
        self.literals.append(match.start())
        return literal


class _Strings:
    """The strings of a text, and what is not JSON's in them."""

    __slots__ = ("breaks", "plane", "single", "strings")

    def __init__(self, strings: list[str]) -> None:
        self.strings = strings
        self.plane = plane = "\0".join(strings)
        self.single = plane.count("\0'") + plane.startswith("'")
        self.breaks = "\n" in plane or "\t" in plane or "\r" in plane

    @property
    def damaged(self) -> bool:
        """Whether there is anything to mend."""
        return self.single > 0 or self.breaks

    def mended(self) -> str:
        """The plane of the strings as JSON."""
        plane = self.plane
        if self.single:
            if '"' in plane or "\\" in plane:
                plane = "\0".join([_requoted(string) for string in self.strings])
            plane = plane.replace("'\0", '"\0').replace("\0'", '\0"')
            plane = f'"{plane[1:-1]}"'
        if self.breaks and not _ESCAPED_BREAK.search(plane):
            plane = plane.replace("\n", "\\n").replace("\r", "\\r").replace("\t", "\\t")
        return plane


def _requoted(string: str) -> str:
    """The inside of a single-quoted string as it stands in double quotes."""
    if string[0] == '"':
        return string
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


class _Places:
    """Where in the text the parts of its two planes are."""

    __slots__ = ("_parts", "_start")

    def __init__(self, parts: list[str], start: int) -> None:
        self._parts, self._start = parts, start

    def note(self, structure: _Structure, strings: _Strings, edits: Edits) -> None:
        """Record the repairs of both planes."""
        self._note_structure(structure, edits)
        if strings.single:
            single = (i for i, string in enumerate(strings.strings) if string[0] == "'")
            edits.add_all("single quotes", self._of_strings(single), count=strings.single)
        if strings.breaks:
            breaks = ((i, _BREAK.search(string)) for i, string in enumerate(strings.strings))
            found = [self._offset(2 * i + 1) + match.start() for i, match in breaks if match]
            edits.add_all("raw control character", found, count=len(found))

    def _note_structure(self, structure: _Structure, edits: Edits) -> None:
        plane, keys, literals = structure.plane, structure.keys, structure.literals
        commas: list[int] = []
        if structure.commas:
            matches = islice(_TRAILING_COMMA.finditer(plane), MAX_PLACES)
            commas = [match.start() for match in matches]
        for rule, found, count in (
            ("unquoted key", keys, len(keys)),
            ("other literal", literals, len(literals)),
            ("trailing comma", commas, structure.commas),
        ):
            edits.add_all(rule, self._between(plane, found), count=count)

    def _between(self, plane: str, found: list[int]) -> list[int]:
        places: list[int] = []
        for place in found[:MAX_PLACES]:
            number = plane.count("\0", 0, place)
            inside = place - plane.rfind("\0", 0, place) - 1
            places.append(self._offset(2 * number) + inside)
        return places

    def _of_strings(self, numbers: Iterable[int]) -> list[int]:
        return [self._offset(2 * number + 1) for number in islice(numbers, MAX_PLACES)]

    def _offset(self, number: int) -> int:
        return self._start + sum(map(len, self._parts[:number]))


_BREAK = re.compile(r"[\n\r\t]")
