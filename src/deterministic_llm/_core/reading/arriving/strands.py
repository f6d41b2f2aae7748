"""One string that is still arriving: its pieces are shown as they come, its escapes as they end."""

from __future__ import annotations

import re
from collections.abc import Sequence

from deterministic_llm._core.reading.arriving.changes import Change, Grown, Location, Opened
from deterministic_llm._core.reading.arriving.frames import UndecidedError
from deterministic_llm._core.reading.arriving.manners import can_be_null
from deterministic_llm._core.reading.arriving.trees import Tree
from deterministic_llm._core.reading.finding.thinking import holds_tag
from deterministic_llm._core.reading.finding.whitespace import may_be_cleaned
from deterministic_llm._core.reading.syntax.edits import Edits
from deterministic_llm._core.reading.syntax.escapes import COMMAND, json_text, unescape
from deterministic_llm._core.reading.syntax.punctuation import QUOTES
from deterministic_llm._core.reading.syntax.strings import Role, read_string
from deterministic_llm._core.regexes import expression

MOST_MARKS = 200
"""Inner quotation marks of a string; with more of them it is left to the whole text."""


class Strand:
    """The open string of a document; the same one serves all of them, one after another.

    It is *growing* while its pieces are shown, *guarded* while it may yet come to be a word for
    null, and otherwise shown when it closes.
    """

    __slots__ = (
        "_closer",
        "_closers",
        "_escaped",
        "_growing",
        "_guarded",
        "_location",
        "_mark",
        "_raw",
        "_run",
        "_said",
        "_strict",
        "_tree",
        "_was_shown",
        "is_plain",
        "marks",
        "open",
        "regular",
        "role",
    )

    def __init__(self, tree: Tree, *, strict: bool, regular: bool) -> None:
        self.regular = regular
        """Whether every quotation mark of the text so far opens or closes a string of JSON."""
        self._tree = tree
        self._strict = strict
        self._location: Location = ()
        self._growing = self._guarded = self._escaped = self._was_shown = False
        self._raw: list[str] = []
        self._said: list[str] = self._raw
        self._mark = self._closer = self._closers = '"'
        self._run = _RUNS['"']
        self.role: Role = "root"
        self.marks = 0
        """Its own quotation marks so far."""
        self.open = False
        """Whether the text so far ends inside the string, and behind no part of an escape."""
        self.is_plain = self._run.fullmatch
        """Tells whether a piece is text of the string and nothing else."""

    def begin(self, mark: str, role: Role) -> None:
        """A string opens with *mark*."""
        self.role = role
        if mark != self._mark or self._strict:
            self._mark, self._closers = mark, QUOTES[mark].closers
            self.regular = self.regular and mark == '"'
            self._run = _STRICT_RUN if self._strict else _RUNS[mark]
            self.is_plain = self._run.fullmatch
        self._raw = self._said = []
        self._escaped = self._growing = self._guarded = self._was_shown = False
        self.marks = 0
        if role == "key":
            return
        pace = self._tree.pace()
        if pace == "at once":
            self._grow()
        elif pace != "closed":
            self._guarded = True

    def _grow(self) -> None:
        """From now on what comes is shown."""
        self._growing, self._guarded, self._was_shown = True, False, True
        self._location = self._tree.location()
        self._tree.changes.append(Opened(self._location, "string"))
        if self._said:
            self._tree.changes.append(Grown(self._location, "".join(self._said)))

    def go_on(self, piece: str) -> Sequence[Change]:
        """Take *piece*, which is plain and not empty, while the string is open."""
        if self._guarded:
            self._tree.changes = []
            self._take(piece, piece)
            return self._tree.changes
        self._raw.append(piece)
        if not self._growing:
            return ()
        if self._escaped:
            self._said.append(piece)
        return (Grown(self._location, piece),)

    def read(self, text: str, at: int) -> tuple[int, bool]:
        """Read on from *at*: how far that came, and whether the string may be closed there."""
        size = len(text)
        while at < size:
            run = self._run.match(text, at)
            end = at
            if run is not None:
                end, piece = run.end(), run[0]
                self._take(piece, piece)
            if end == size:
                return end, False
            if text[end] in self._closers:
                self._closer = text[end]
                return end + 1, True
            if text[end] != "\\":
                raise UndecidedError  # a control character, and none is let pass
            at = self._escape(text, end)
            if at == end:
                return end, False
        return at, False

    def _take(self, raw: str, said: str) -> None:
        """*raw* was written, and means *said*."""
        self._raw.append(raw)
        if self._growing:
            if self._escaped:
                self._said.append(said)
            self._tree.changes.append(Grown(self._location, said))
        elif self._guarded:
            if self._escaped:
                self._said.append(said)
            if not can_be_null("".join(self._said)):
                self._grow()

    def _escape(self, text: str, at: int) -> int:
        """Where the text goes on behind the escape at *at*; *at* while that has not come."""
        if not self._escaped:
            self._escaped, self._said = True, self._raw.copy()
        found = _ESCAPE.match(text, at)
        if found is None:
            return self._invalid_escape(text, at)
        if (self._growing or self._guarded) and not self._strict:
            doubtful = self._is_doubtful(text, at, found.end())
            if doubtful is None:
                return at
            if doubtful:
                self._hold()
        raw = found[0]
        self._take(raw, _PLAIN.get(raw) or json_text(raw) or "")
        return found.end()

    def _invalid_escape(self, text: str, at: int) -> int:
        """One that is none of JSON's, or half of one."""
        if _ESCAPE_CUT.match(text, at):
            return at
        if self._strict:
            raise UndecidedError
        self._hold()
        self._take(text[at : at + 2], "")
        return at + 2

    def _is_doubtful(self, text: str, at: int, end: int) -> bool | None:
        """Whether the escape may be two plain characters; None while that cannot be told.

        So it is in the paths of files and in formulas, which only a later escape gives away.
        """
        if _DRIVE.fullmatch("".join(self._raw[:3])):
            return True
        sign = text[at + 1]
        if sign not in "bfnrt":
            return False
        word = _LETTERS.match(text, end)
        behind = end if word is None else word.end()
        if behind == len(text) and behind - end < _LONGEST_COMMAND:
            return None
        return behind > end and (sign in "bf" or COMMAND.match(text, at) is not None)

    def _hold(self) -> None:
        """Show no more of the string before it closes."""
        self._growing = self._guarded = False

    def raw(self) -> str:
        """The string so far, as it was written."""
        return "".join(self._raw)

    def value(self) -> str:
        """What the string says; raises ReadingError when that is in doubt."""
        raw = self.raw()
        if "\n" in raw or not self.regular:
            self._check(raw)
        if not self._escaped:
            return raw
        return unescape(raw, 0, mark=self._mark, role=self.role, edits=Edits())

    def _check(self, raw: str) -> None:
        """Leave to the whole text what it may take for marks outside of any string."""
        lined = "\n" in raw
        self.regular = self.regular and not lined
        tagged = (lined or self._mark != '"') and holds_tag(raw)
        if tagged or may_be_cleaned(raw):
            raise UndecidedError(void=self._was_shown)

    def put(self) -> None:
        """The string is closed."""
        value = self.value()
        if self._escaped and self._was_shown:
            self._complete(value)
        self._tree.put(value)

    def pass_mark(self, gap: str) -> None:
        """The mark that was read is one inside the string, and so are the blanks behind it."""
        self.marks += 1
        if self.marks > MOST_MARKS or not self._raw:
            raise UndecidedError
        if not self._escaped:
            self._escaped, self._said = True, self._raw.copy()
        self._hold()
        self._raw.append(self._closer + gap)
        self.regular = False

    def put_around(self, following: str) -> None:
        """The string is closed, around its inner marks, and *following* stands behind it."""
        raw = self.raw()
        self._check(raw)
        written = f"{self._mark}{raw}{self._closer}"
        text = written + following
        quoted = read_string(text, 0, len(text), role=self.role, edits=Edits())
        if quoted is None or quoted.end != len(written):
            raise UndecidedError
        if self._was_shown:
            self._complete(quoted.value)
        self._tree.put(quoted.value)

    def _complete(self, value: str) -> None:
        """Show what is left to show of *value*."""
        said = "".join(self._said)
        if not value.startswith(said):
            raise UndecidedError(void=True)
        if len(said) < len(value):
            self._tree.changes.append(Grown(self._location, value[len(said) :]))


_RUNS = {mark: expression(rf"[^\\{re.escape(quote.closers)}]++") for mark, quote in QUOTES.items()}
_STRICT_RUN = expression(r'[^"\\\x00-\x1f]++')
_ESCAPE = expression(
    r"\\(?:[\"\\/bfnrt]|u(?![dD][89a-fA-F])[0-9a-fA-F]{4}"
    r"|u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})"
)
_ESCAPE_CUT = expression(
    r"\\(?:u(?:[0-9a-fA-F]{0,3}"
    r"|[dD][89abAB][0-9a-fA-F]{2}(?:\\(?:u(?:[dD](?:[c-fC-F][0-9a-fA-F]?)?)?)?)?))?\Z"
)
_PLAIN = {
    '\\"': '"',
    "\\\\": "\\",
    "\\/": "/",
    "\\b": "\b",
    "\\f": "\f",
    "\\n": "\n",
    "\\r": "\r",
    "\\t": "\t",
}
_DRIVE = expression(r"[A-Za-z]:")
_LETTERS = expression(r"[A-Za-z]*+")
_LONGEST_COMMAND = 12
