"""The general reader of JSON-like text: one walk over its tokens, with a stack of its own.

In goes a text and where its value starts, out comes the value with a record of every mark that
was not JSON's, or the reason why no value was taken. It never recurses and never walks back.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeAlias

from deterministic_llm._core.exchange import JsonValue
from deterministic_llm._core.reading.syntax.blanks import skip
from deterministic_llm._core.reading.syntax.documents import (
    Document,
    Reading,
    ReadingError,
    unreadable,
)
from deterministic_llm._core.reading.syntax.edits import CUT_OFF, Edits
from deterministic_llm._core.reading.syntax.native import native
from deterministic_llm._core.reading.syntax.nesting import Nesting, Open, OpenList, OpenObject
from deterministic_llm._core.reading.syntax.punctuation import (
    BARE_KEY,
    BLANK,
    CLOSERS,
    COLON,
    COMMA,
    COMMAS,
    GAP,
    KEY_AHEAD,
    OPENERS,
    QUOTE,
    QUOTED,
    QUOTES,
)
from deterministic_llm._core.reading.syntax.runs import STARTS, run_ahead
from deterministic_llm._core.reading.syntax.strings import Role, read_string
from deterministic_llm._core.reading.syntax.words import read_word, scalar, several, spelled
from deterministic_llm._core.regexes import expression


def build(text: str, start: int, end: int) -> Reading:
    """The first JSON-like value of *text* between *start* and *end*."""
    builder = _Builder(text, start, end)
    try:
        return builder.document()
    except ReadingError as error:
        return unreadable(error, text, path=builder.path())


_Step: TypeAlias = "Callable[[], _Step | None]"
_COLON = expression(COLON)
_BARE_KEY = expression(rf"({BARE_KEY})(?={GAP}{COLON})")
_KEY_CUT_OFF = expression(rf"(?:{BARE_KEY})?{BLANK}*+\Z")
_KEY_AHEAD = expression(KEY_AHEAD)
_PLUS = expression(rf"{GAP}\+{GAP}(?={QUOTE})")
_NEXT_LINE = expression(rf"[ \t]*+\r?\n\s*+(?={QUOTE})(?!{KEY_AHEAD})")
_ADJACENT = expression(rf"\s*+(?={QUOTE})")
_U_PREFIX = expression(r"[uU](?=[\"'])")
_ITEM_AHEAD = expression(rf"{QUOTE}|[\[{{(\uff5b\uff3b\uff08\-\d]|(?:[Tt]rue|[Ff]alse|null|None)\b")
_ELLIPSIS = expression(r"\.{3}|\u2026")
_END_OF_LINE = expression(r"[ \t]*+(?:\r?\n|\Z|[}\])]|//|#)")
_CLOSER_AFTER = expression(rf"{BLANK}*+([}}\]\uff5d\uff3d])")
_MEMBER_AFTER = expression(rf"{GAP}{COMMA}{GAP}{QUOTED}{GAP}{COLON}")
_COMMA_AFTER = expression(rf"{GAP}{COMMA}")
_ENDS_OF_STRINGS = frozenset("".join(quote.closers for quote in QUOTES.values()))
_ENDS_OF_VALUES = frozenset(",:}]")


class _Builder:
    """What was read so far, the index reached, and the step that comes next."""

    __slots__ = ("_at", "_comma", "_edits", "_end", "_nesting", "_runs", "_text", "_token_end")

    def __init__(self, text: str, start: int, end: int) -> None:
        self._text, self._at, self._end = text, start, end
        self._edits = Edits()
        self._nesting = Nesting(self._edits)
        self._comma = self._token_end = -1
        self._runs = True

    def path(self) -> str:
        return self._nesting.path()

    def document(self) -> Document:
        step: _Step | None = self._value
        while step is not None:
            self._at = skip(self._text, self._at, self._end, edits=self._edits)
            step = step() if self._at < self._end else None
        if self._nesting.complete:
            self._finish()
            return Document(self._nesting.value, self._at, self._edits.repairs())
        if self._nesting.top is None:
            raise ReadingError("empty", "expected a value", self._at)
        paths = self._nesting.cut_off(self._end, more=self._comma >= 0)
        read = self._nesting.value, self._end, self._edits.repairs()
        return Document(*read, truncated=True, open_paths=paths, begun=self._nesting.begun)

    def _value(self) -> _Step | None:
        """A value of any kind, or what may stand in its place."""
        char = self._text[self._at]
        if char in STARTS and (step := self._run(self._nesting.top)) is not None:
            return step
        if char in QUOTES:
            return self._string()
        if char in OPENERS:
            self._nesting.open(char, self._at)
            self._at, self._comma = self._at + 1, -1
            return self._key if OPENERS[char] == "{" else self._value
        top = self._nesting.top
        if char in CLOSERS and isinstance(top, OpenList):
            return self._close_after_comma()
        if char in COMMAS and isinstance(top, OpenList):
            return self._another_comma(self._value)
        return self._word() if top is not None else self._lone_word()

    def _run(self, top: Open | None) -> _Step | None:
        """Take all members or items from here on that are plain JSON, at native speed."""
        listed = isinstance(top, OpenList)
        if not self._runs or top is None or (isinstance(top, OpenObject) and top.key is not None):
            return None
        run = run_ahead(self._text, self._at, self._end, listed=listed)
        if run is None or not self._take(top, f"[{run.plain}]" if listed else f"{{{run.plain}}}"):
            return None
        self._token_end = self._at + len(run.plain)
        self._at, self._comma = run.end, run.comma
        if run.comma < 0:
            return self._after
        return self._value if listed else self._key

    def _take(self, top: Open, container: str) -> bool:
        """Put what a plain *container* holds into *top*; not if a key is there twice."""
        try:
            value = native(container.encode())
        except ValueError:
            self._runs = False
            return False
        if isinstance(top, OpenList) and isinstance(value, list):
            top.content += value
            top.commas += len(value)
        elif isinstance(top, OpenObject) and isinstance(value, dict):
            if not top.members.keys().isdisjoint(value):
                self._runs = False
                return False
            top.members.update(value)
        return True

    def _string(self) -> _Step | None:
        """A string with all that is joined to it."""
        at, top = self._at, self._nesting.top
        role: Role = "item" if isinstance(top, OpenList) else "member" if top else "root"
        pieces: list[str] = []
        while self._at < self._end:
            quoted = read_string(self._text, self._at, self._end, role=role, edits=self._edits)
            if quoted is None:
                break
            pieces.append(quoted.value)
            self._at = quoted.end
            if (joint := self._joint(role)) is None:
                return self._put("".join(pieces), at, quoted=True)
            self._edits.add("string concatenation", self._at)
            self._at = joint
        return self._cut_off(at)

    def _joint(self, role: Role) -> int | None:
        """Where the next piece of the string begins that ends here, if there is one."""
        if self._text[self._at : self._at + 1] in _ENDS_OF_VALUES:
            return None
        patterns = [_PLUS]
        top = self._nesting.top
        if isinstance(top, OpenList) and top.opener == "(":
            patterns.append(_ADJACENT)
        elif role == "member":
            patterns.append(_NEXT_LINE)
        matches = (pattern.match(self._text, self._at, self._end) for pattern in patterns)
        return next((match.end() for match in matches if match), None)

    def _word(self) -> _Step | None:
        if prefix := _U_PREFIX.match(self._text, self._at, self._end):
            self._edits.add("string prefix", self._at)
            self._at = prefix.end()
            return self._string()
        top = self._nesting.top
        if isinstance(top, OpenList) and (run := several(self._text, self._at, self._end)):
            return self._items_in_a_row(run, top)
        bracketed = isinstance(top, OpenList) and top.opener == "("
        word = read_word(
            self._text,
            self._at,
            self._end,
            in_parentheses=bracketed,
            edits=self._edits,
        )
        if word is None:
            return self._cut_off(self._at)
        if isinstance(top, OpenList):
            top.bare = True
        at, self._at = self._at, word.end
        return self._put(word.value, at)

    def _items_in_a_row(self, run: re.Match[str], top: OpenList) -> _Step:
        """Numbers and literals with blanks for commas."""
        items = [scalar(word, self._at, edits=self._edits) for word in run[0].split()]
        for _ in items[1:]:
            self._edits.add("missing comma", self._at)
        top.content += items
        self._at = self._token_end = run.end()
        self._comma = -1
        return self._after

    def _lone_word(self) -> _Step | None:
        """A number or a literal that is the whole value; other words are prose."""
        word = spelled(self._text, self._at, self._end)
        stop = self._at + len(word)
        value = scalar(word, self._at, edits=self._edits) if word else ""
        if isinstance(value, str) or not _END_OF_LINE.match(self._text, stop, self._end):
            raise ReadingError("no_value", "expected a JSON value", self._at)
        at, self._at = self._at, stop
        return self._put(value, at)

    def _put(self, value: JsonValue, at: int, *, quoted: bool = False) -> _Step | None:
        self._token_end, self._comma = self._at, -1
        if quoted and isinstance(self._nesting.top, OpenList):
            self._at = skip(self._text, self._at, self._end, edits=self._edits)
            if _COLON.match(self._text, self._at, self._end):
                return self._key_in_list(str(value), at)
        self._nesting.put(value, at)
        return None if self._nesting.complete else self._after

    def _key_in_list(self, key: str, at: int) -> _Step | None:
        """A key where an item should be: the list around it lacks its closer."""
        top, parent = self._nesting.top, self._nesting.parent
        if top is None or not top.content or not isinstance(parent, OpenObject):
            raise ReadingError("syntax", "expected an item, not a key", at)
        self._nesting.close_innermost(at)
        parent.key = key
        return self._colon()

    def _key(self) -> _Step | None:
        """The next key of an object, or its end."""
        char = self._text[self._at]
        if char == '"' and (step := self._run(self._nesting.top)) is not None:
            return step
        if char in QUOTES:
            return self._quoted_key()
        if char in CLOSERS:
            return self._close_after_comma()
        if char in COMMAS:
            return self._another_comma(self._key)
        if char == "{":
            return self._next_object()
        return self._bare_key()

    def _quoted_key(self) -> _Step | None:
        at = self._at
        quoted = read_string(self._text, at, self._end, role="key", edits=self._edits)
        if quoted is None:
            self._nesting.begun = self._text[at + 1 : self._end]
            return self._cut_off(at)
        self._at = quoted.end
        return self._named(quoted.value, at)

    def _bare_key(self) -> _Step | None:
        at = self._at
        if prefix := _U_PREFIX.match(self._text, at, self._end):
            self._edits.add("string prefix", at)
            self._at = prefix.end()
            return self._quoted_key()
        if key := _BARE_KEY.match(self._text, at, self._end):
            self._edits.add("unquoted key", at, shown=(key[1], key[1]))
            self._at = key.end()
            return self._named(key[1], at)
        if _KEY_CUT_OFF.match(self._text, at, self._end):
            return self._cut_off(at)
        if _ELLIPSIS.match(self._text, at, self._end):
            raise ReadingError("ellipsis", "expected every member, not an ellipsis", at)
        raise ReadingError("syntax", "expected a key", at)

    def _named(self, key: str, at: int) -> _Step | None:
        if isinstance(top := self._nesting.top, OpenObject):
            top.key = key
        self._at = skip(self._text, self._at, self._end, edits=self._edits)
        if self._at >= self._end:
            return self._cut_off(at)
        return self._colon()

    def _colon(self) -> _Step | None:
        colon = _COLON.match(self._text, self._at, self._end)
        if colon is None:
            raise ReadingError("syntax", "expected a colon after the key", self._at)
        if colon[0] != ":":
            self._edits.add("other colon", self._at, shown=(colon[0], ":"))
        self._at, self._comma = colon.end(), -1
        return self._value

    def _next_object(self) -> _Step | None:
        """An opening brace where a key should be: the object before it lacks its closer."""
        top = self._nesting.top
        if top is None or not top.content or not isinstance(self._nesting.parent, OpenList):
            raise ReadingError("syntax", "expected a key", self._at)
        self._nesting.close_innermost(self._at)
        return self._value

    def _after(self) -> _Step | None:
        """What follows a value inside a container."""
        char = self._text[self._at]
        if char in CLOSERS:
            return self._close()
        if char not in COMMAS:
            return self._missing_comma()
        return self._take_comma("other comma" if char != "," else None)

    def _take_comma(self, rule: str | None) -> _Step:
        if rule is not None:
            self._edits.add(rule, self._at)
        self._comma = self._at
        self._at += 1
        top = self._nesting.top
        if isinstance(top, OpenList):
            top.commas += 1
            return self._value
        return self._key

    def _another_comma(self, step: _Step) -> _Step:
        """A comma where a key or an item should be."""
        top = self._nesting.top
        if self._comma < 0:
            self._take_comma("leading comma")
            return step
        between = self._text[self._comma + 1 : self._at]
        hole = isinstance(top, OpenList) and between and "\n" not in between
        if hole or top is None or not top.content or self._text[self._comma - 1] in COMMAS:
            raise ReadingError("ambiguous", "expected an item between the commas", self._at)
        self._take_comma("doubled comma")
        return step

    def _close_after_comma(self) -> _Step | None:
        top = self._nesting.top
        if self._comma >= 0:
            if top is None or not top.content:
                raise ReadingError("syntax", "expected a value beside the comma", self._at)
            self._edits.add("trailing comma", self._comma)
        return self._close()

    def _close(self) -> _Step | None:
        char = self._text[self._at]
        last = self._text[self._token_end - 1] if self._token_end > 0 else ""
        self._nesting.close(char, self._at, last=last)
        self._at += 1
        self._token_end, self._comma = self._at, -1
        return None if self._nesting.complete else self._after

    def _missing_comma(self) -> _Step | None:
        """Anything but a comma or a closer behind a value."""
        at, top = self._at, self._nesting.top
        gap = self._text[self._token_end : at]
        if isinstance(top, OpenObject):
            if not _KEY_AHEAD.match(self._text, at, self._end):
                raise ReadingError("syntax", "expected a comma or a closing brace", at)
            self._edits.add("missing comma", at)
            return self._key
        adjacent = not gap and self._text[at - 1] not in CLOSERS
        if adjacent or not ("\n" in gap or _ITEM_AHEAD.match(self._text, at, self._end)):
            raise ReadingError("syntax", "expected a comma or a closing bracket", at)
        if self._goes_on(at, gap):
            raise ReadingError(
                "ambiguous", "expected a comma or a plus sign between the strings", at
            )
        self._edits.add("missing comma", at)
        return self._value

    def _goes_on(self, at: int, gap: str) -> bool:
        """Whether two strings on two lines read on, so that they could be one."""
        last = self._text[self._token_end - 2 : self._token_end]
        following = self._text[at : at + 2]
        if "\n" not in gap or following[:1] not in QUOTES or last[1:] not in _ENDS_OF_STRINGS:
            return False
        return last[:1].isspace() or following[1:].isspace()

    def _cut_off(self, at: int) -> _Step:
        """The text ended inside the token that began at *at*: it is no value."""
        self._edits.add(CUT_OFF, at)
        self._at = self._end
        return self._after

    def _finish(self) -> None:
        """Look behind the whole value for signs that it ended too early."""
        while closer := _CLOSER_AFTER.match(self._text, self._at, self._end):
            self._nesting.extra_closer(closer.start(1))
            self._at = closer.end()
        damaged = "extra closer" in self._edits, "missing closer" in self._edits
        if (
            all(damaged)
            or (any(damaged) and _COMMA_AFTER.match(self._text, self._at, self._end))
            or _MEMBER_AFTER.match(self._text, self._at, self._end)
        ):
            problem = "expected each closer in its place, the value ended"
            raise ReadingError("ambiguous", problem, self._at)
