"""What backslashes in a string mean: JSON's own escapes, and the ones that models invent."""

from __future__ import annotations

import json
import re
from re import Match

from deterministic_llm._core.reading.syntax.documents import ReadingError
from deterministic_llm._core.reading.syntax.edits import Edits
from deterministic_llm._core.regexes import expression


def unescape(raw: str, at: int, *, mark: str, role: str, edits: Edits) -> str:
    r"""The text that *raw* stands for; *raw* is what is between two *mark*s, from index *at* on.

    An escape that JSON does not know keeps its backslash (`\d`, `\alpha`), one before a quotation
    mark loses it. A string whose backslashes could be read in two ways is error.
    """
    if raw and (control := _CONTROL.search(raw)):
        edits.add("raw control character", at + control.start())
    if "\\" not in raw:
        return raw
    value = json_text(raw)
    if value is None:
        value = _Escapes(raw, at, mark=mark, role=role, edits=edits).value()
    if lone := _SURROGATE.search(value):
        spelled = f"\\u{ord(lone[0]):04x}"
        place = raw.casefold().find(spelled)
        raise ReadingError("surrogate", "expected no half of a surrogate pair", at + max(place, 0))
    return value


_JSON = json.JSONDecoder(strict=False)
_CONTROL = expression(r"[\x00-\x1f]")
_SURROGATE = expression(r"[\ud800-\udfff]")
_PLAIN = {'"': '"', "\\": "\\", "/": "/", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_HEX = r"[0-9a-fA-F]"
_ESCAPE = expression(
    rf"\\(?:(?P<pair>u[dD][89abAB]{_HEX}{{2}}\\u[dD][c-fC-F]{_HEX}{{2}})|(?P<unit>u{_HEX}{{4}})"
    rf"|(?P<byte>x{_HEX}{{2}})|(?P<wide>U{_HEX}{{8}})|(?P<char>.)|\Z)",
    re.DOTALL,
)
_KNOWN = expression(
    rf"[^\\]*+(?:\\(?:[\"\\/bfnrt'`\n]|u{_HEX}{{4}}|x{_HEX}{{2}}|U{_HEX}{{8}})[^\\]*+)*+"
)
_FILE_PATH = expression(r"""[A-Za-z]:(?:\\{1,2}(?!')[^\\/:*?"<>|\n]*+)++""")
COMMAND = expression(
    r"\\(?:n(?:abla|eq?|eg|ot(?:in)?|u|ewline|cong|mid|parallel|i)|t(?:au|heta|imes|an|anh|ext"
    r"(?:bf|it|rm)?|o|op|ilde|riangle|frac)|r(?:ho|ight(?:arrow)?|angle|ceil|floor)|r?vert)"
    r"(?![A-Za-z])"
)


def json_text(raw: str) -> str | None:
    """What JSON itself makes of *raw*, or None if it does not allow it."""
    try:
        value: object = _JSON.decode(f'"{raw}"')
    except ValueError:
        return None
    return value if isinstance(value, str) else None


class _Escapes:
    """The escapes of one string in which not all are JSON's."""

    __slots__ = ("_at", "_edits", "_literal", "_mark", "_raw", "_role")

    def __init__(self, raw: str, at: int, *, mark: str, role: str, edits: Edits) -> None:
        self._raw, self._at, self._mark, self._role, self._edits = raw, at, mark, role, edits
        self._literal = _KNOWN.fullmatch(raw) is None

    def value(self) -> str:
        """The whole string."""
        if self._literal and _FILE_PATH.fullmatch(self._raw):
            self._edits.add("invalid escape", self._at + 2)
            return self._raw.replace("\\\\", "\\")
        return _ESCAPE.sub(self._one, self._raw)

    def _one(self, match: Match[str]) -> str:
        kind = match.lastgroup
        if kind == "char":
            return self._char(match, match["char"])
        if kind in ("pair", "unit"):
            return json_text(match[0]) or ""
        if kind is not None and (kind == "wide" or self._mark == "'"):
            return self._code_point(match, match[kind][1:])
        raise self._doubt(match)

    def _char(self, match: Match[str], char: str) -> str:
        if char in _PLAIN:
            return match[0] if self._is_command(match, char) else _PLAIN[char]
        if char == self._mark:
            return char
        self._edits.add("invalid escape", self._at + match.start(), shown=(match[0], char))
        if not char.isprintable() or (char == "u" and self._raw.startswith("{", match.end())):
            raise self._doubt(match)
        if char in "'`\u2018\u2019\u201c\u201d" or (self._role == "key" and not char.isalnum()):
            return char
        return match[0]

    def _is_command(self, match: Match[str], char: str) -> bool:
        """Whether a known escape is the start of a word, in a text that does not escape."""
        following = self._raw[match.end() : match.end() + 1]
        if not (self._literal and char.isalpha() and following.isalpha()):
            return False
        if char in "bf" or COMMAND.match(self._raw, match.start()):
            return True
        raise self._doubt(match)

    def _code_point(self, match: Match[str], digits: str) -> str:
        self._edits.add("invalid escape", self._at + match.start())
        if (number := int(digits, 16)) > 0x10FFFF:
            raise self._doubt(match)
        return chr(number)

    def _doubt(self, match: Match[str]) -> ReadingError:
        return ReadingError(
            "ambiguous",
            "expected one reading of the backslash",
            self._at + match.start(),
            fix="write each backslash twice",
        )
