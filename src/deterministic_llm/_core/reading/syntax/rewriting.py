"""The fast reader of slightly damaged JSON: rewrite its damaged tokens, decode at native speed.

It knows single quotes, unquoted keys, Python's literals, comments, trailing commas and raw line
breaks in strings, and gives up on everything else. What it reads, `build` reads the same way.
The text is taken apart once: all strings in one plane, all that stands between them in another,
each joined on NUL, so that compiled scanners mend a plane at a time.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from itertools import accumulate, islice

from deterministic_llm._core.reading.syntax.blanks import is_plain
from deterministic_llm._core.reading.syntax.documents import Document
from deterministic_llm._core.reading.syntax.edits import MAX_PLACES, Edits
from deterministic_llm._core.reading.syntax.native import native
from deterministic_llm._core.reading.syntax.words import LITERALS


def rewrite(text: str, start: int, end: int) -> Document | None:
    """The document that fills *text* from *start* to *end*, or None if it is not that simple."""
    if not _OPENING.match(text, start, end):
        return None
    piece, edits = text[start:end], Edits()
    if "#" in piece or "/" in piece:
        parts = _without_comments(_COMMENTS.split(piece), start, edits)
    else:
        parts = _STRINGS.split(piece)
    # An empty last part is a string that never closes.
    if "\0" in piece or not parts[-1]:
        return None
    structure, strings = _Structure("\0".join(parts[0::2])), _Strings(parts[1::2])
    try:
        value = native(_joined(structure, strings).encode())
    except ValueError:
        return None
    offsets = list(accumulate(map(len, parts), initial=start))
    structure.note(offsets[0::2], edits)
    strings.note(offsets[1::2], edits)
    return Document(value, end - len(parts[-1]) + len(parts[-1].rstrip()), edits.repairs())


_OPENING = re.compile(r"[ \t\r\n]*+[{\[]")
_STRINGS = re.compile(
    r"""("[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z)|'[^'\\]*+(?:\\.[^'\\]*+)*+(?:'|\\?\Z))""", re.DOTALL
)
_COMMENTS = re.compile(
    _STRINGS.pattern
    + r"|((?:\#|/(?=[/*]))(?<![^\s,{}\[\]].)"
    + r"(?:(?<=\#)[^\n]*+|/[^\n]*+|\*(?:[^*]++|\*(?!/))*+(?:\*/|\Z)))",
    re.DOTALL,
)
_WORD_OR_COMMA = re.compile(
    r"([A-Za-z_$\x80-\U0010ffff](?<![\w$.+-].)[\w$-]*+)(\s*+:)?|,(?<![\s,\[{],)(?=\s*+[}\]])"
)
_LITERALS = {
    word: json.dumps(value) for word, value in LITERALS.items() if word != json.dumps(value)
}
_ESCAPE_OR_QUOTE = re.compile(r'\\(.)|"', re.DOTALL)
_ESCAPED_BREAK = re.compile(r"\\[\n\r\t]")


def _without_comments(split: Sequence[str | None], start: int, edits: Edits) -> list[str]:
    """What stands between strings and the strings, in turns, with each comment blanked.

    In goes what stands between two tokens, a string or None, a comment or None, in turns. A
    comment that is more than that stays, and is no JSON.
    """
    parts: list[str] = []
    between, at = [split[0] or ""], start + len(split[0] or "")
    for string, comment, after in zip(split[1::3], split[2::3], split[3::3], strict=True):
        if comment is None:
            parts += ("".join(between), string or "")
            between = []
        elif is_plain(comment) and (comment[:2] != "/*" or comment.endswith("*/")):
            edits.add("comment", at, shown=(comment[:80], ""))
            between.append(" " * len(comment))
        else:
            between.append(comment)
        at += len(string or comment or "") + len(after or "")
        between.append(after or "")
    return [*parts, "".join(between)]


def _joined(structure: _Structure, strings: _Strings) -> str:
    between, inside = structure.mended.split("\0"), strings.mended()
    parts = between + inside
    parts[0::2], parts[1::2] = between, inside
    return "".join(parts)


class _Structure:
    """What stands between the strings: mended, with the places of its repairs."""

    __slots__ = ("_commas", "_keys", "_literals", "_plane", "mended")

    def __init__(self, plane: str) -> None:
        self._plane = plane
        self._keys: list[int] = []
        self._literals: list[int] = []
        self._commas: list[int] = []
        self.mended = _WORD_OR_COMMA.sub(self._mend, plane)

    def _mend(self, match: re.Match[str]) -> str:
        word, colon = match.groups()
        if word is None:
            self._commas.append(match.start())
            return ""
        if colon is not None:
            self._keys.append(match.start())
            return f'"{word}"{colon}'
        if (literal := _LITERALS.get(word)) is None:
            return match[0]
        self._literals.append(match.start())
        return literal

    def note(self, offsets: Sequence[int], edits: Edits) -> None:
        """Record each repair where it is in the text; NUL parts one piece from the next."""
        plane = self._plane
        for rule, found in (
            ("unquoted key", self._keys),
            ("other literal", self._literals),
            ("trailing comma", self._commas),
        ):
            if found:
                places = [
                    offsets[plane.count("\0", 0, at)] + at - plane.rfind("\0", 0, at) - 1
                    for at in found[:MAX_PLACES]
                ]
                edits.add_all(rule, places, count=len(found))


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
        if '"' not in plane and "\\" not in plane:
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

    def note(self, offsets: Sequence[int], edits: Edits) -> None:
        """Record what was mended; *offsets* say where each string begins in the text."""
        if self.single == len(self._strings):
            edits.add_all(
                "single quotes", offsets[: min(self.single, MAX_PLACES)], count=self.single
            )
        elif self.single:
            found = (
                at for at, string in zip(offsets, self._strings, strict=False) if string[0] == "'"
            )
            edits.add_all("single quotes", list(islice(found, MAX_PLACES)), count=self.single)
        if self.breaks:
            for at, string in zip(offsets, self._strings, strict=False):
                if match := _BREAK.search(string):
                    edits.add("raw control character", at + match.start())


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


_BREAK = re.compile(r"[\n\r\t]")
