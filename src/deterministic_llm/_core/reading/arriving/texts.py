"""Answers that are text: prose of which all is the answer, and the records of a template.

In go the pieces, out come the changes that are sure. A line of a template is read when it is whole,
by the rules of `forms`.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice, takewhile

from deterministic_llm._core.exchange import JsonObject, JsonValue
from deterministic_llm._core.reading.arriving.changes import (
    Change,
    Closed,
    Grown,
    Opened,
    Replaced,
)
from deterministic_llm._core.reading.arriving.frames import UndecidedError
from deterministic_llm._core.reading.arriving.thoughts import Thoughts
from deterministic_llm._core.reading.finding.marks import marking
from deterministic_llm._core.reading.forms.claims import Matched
from deterministic_llm._core.reading.forms.exact import exact_line
from deterministic_llm._core.reading.forms.folding import folded
from deterministic_llm._core.reading.forms.layouts import Slot, layout_of
from deterministic_llm._core.reading.forms.lines import (
    MOST_BROKEN,
    Line,
    is_header,
    lines_of,
    may_be_numbered,
    record_of,
)
from deterministic_llm._core.reading.forms.matching import settled
from deterministic_llm._core.reading.forms.records import claims_in
from deterministic_llm._core.reading.forms.surroundings import sums_up
from deterministic_llm._core.schema.forms import TemplateForm

_UNDONE = Replaced("what came so far was thinking")


class TextAnswer:
    """An answer that is read without its thinking; *read* takes what is visible of it."""

    __slots__ = ("_muted", "_thoughts", "changes", "started")

    def __init__(self) -> None:
        self._thoughts = Thoughts()
        self._muted = False
        self.changes: list[Change] = []
        self.started = False

    def feed(self, piece: str) -> Sequence[Change]:
        """What *piece* changes."""
        if self._muted:
            return ()
        self.changes = []
        try:
            visible = self._thoughts.feed(piece)
            if visible.anew:
                self.forget()
            self.read(visible.text)
        except UndecidedError as undecided:
            self._muted = True
            if undecided.void:
                self.forget()
        return self.changes

    def read(self, text: str) -> None:
        """Take more of the answer."""
        raise NotImplementedError

    def forget(self) -> None:
        """Nothing that was shown is the answer."""
        if self.started:
            self.changes.append(_UNDONE)
        self.started = False

    def snapshot(self) -> JsonValue:
        """What is closed."""
        return None


class ProseAnswer(TextAnswer):
    """All of the text is the answer, but for the blanks around it."""

    __slots__ = ("_blanks",)

    def __init__(self) -> None:
        super().__init__()
        self._blanks: list[str] = []

    def read(self, text: str) -> None:
        if not text or text.isspace():
            self._blanks.append(text)
            return
        whole = "".join([*self._blanks, text])
        kept = whole.rstrip()
        self._blanks = [whole[len(kept) :]]
        if not self.started:
            kept = kept.lstrip()
            if kept.startswith('"'):
                raise UndecidedError  # the whole text may be one string of JSON
            self.started = True
            self.changes.append(Opened((), "string"))
        self.changes.append(Grown((), kept))


class LinesAnswer(TextAnswer):
    """One record a line."""

    __slots__ = ("_broken", "_form", "_layout", "_line", "_lines", "_rows")

    def __init__(self, form: TemplateForm) -> None:
        super().__init__()
        self._form = form
        self._layout = layout_of(form)
        self._line: list[str] = []
        self._lines = self._broken = 0
        self._rows: list[JsonValue] = []

    def snapshot(self) -> JsonValue:
        return self._rows.copy() if self._rows else None

    def forget(self) -> None:
        super().forget()
        self._rows, self._line, self._lines = [], [], 0

    def read(self, text: str) -> None:
        *ended, last = text.split("\n")
        for line in ended:
            self._take("".join([*self._line, line]))
            self._line = []
        self._line.append(last)

    def _take(self, text: str) -> None:
        """Read a whole line."""
        if not _ONE_LINE.isdisjoint(text):
            raise UndecidedError
        table = "|" in self._form.text
        line = next(iter(lines_of(text, numbers=True, table=table)), None)
        if line is None:
            return
        self._lines += 1
        if table and self._lines <= _LINES_OF_HEADER and is_header(self._layout, line):
            return
        self._check(line)
        claim = record_of(self._layout, line)
        if claim is None:
            self._broken += 1
            if self._broken >= MOST_BROKEN:
                raise UndecidedError
            return
        other = exact_line(self._form, text.strip())
        if claim.violations or (other is not None and other != claim.payload):
            raise UndecidedError
        if not self.started:
            self.started = True
            self.changes.append(Opened((), "list"))
        self.changes.append(Closed((len(self._rows),), claim.payload))
        self._rows.append(claim.payload)

    def _check(self, line: Line) -> None:
        """Leave to the whole text what only it can tell of a line."""
        numbered = line.number is not None and may_be_numbered(self._layout)
        is_json = not self.started and line.text[0] in "[{"
        if numbered or is_json or (self.started and sums_up(line.text)):
            raise UndecidedError


class RecordAnswer(TextAnswer):
    """One record, of which a field is shown when its line is whole.

    A text may hold the labels of the fields behind it, so those before the first one are shown.
    """

    __slots__ = ("_fields", "_layout", "_line", "_looks", "_names", "_pieces", "_reach", "_text")

    def __init__(self, form: TemplateForm) -> None:
        super().__init__()
        self._layout = layout_of(form)
        sure = takewhile(lambda slot: not slot.text, self._layout.slots)
        self._names = [slot.place.field.name for slot in sure]
        self._reach = 2 * len(form.text) + 200
        self._fields: JsonObject = {}
        self._text = self._line = ""
        self._pieces: list[str] = []
        self._looks = _MOST_LOOKS

    def snapshot(self) -> JsonValue:
        return self._fields.copy() if self._fields else None

    def forget(self) -> None:
        super().forget()
        self._fields, self._pieces = {}, []
        self._text = self._line = ""

    def read(self, text: str) -> None:
        *ended, last = text.split("\n")
        for line in ended:
            self._add(f"{line}\n")
            if self._looks:
                self._look("".join(self._pieces))
            self._pieces, self._line = [], ""
        self._add(last)

    def _add(self, text: str) -> None:
        self._line = self._line[-self._reach :] + text
        if self._looks:
            self._pieces.append(text)
        if self.started and _begins_again(self._layout.slots[0], self._line):
            self.changes.append(Replaced("another record begins"))
            self._fields, self.started = {}, False

    def _look(self, line: str) -> None:
        """Read the lines so far, the last of which is whole."""
        if not self._text and line.isspace():
            return
        self._text += line
        self._looks -= 1
        if len(self._text) > _LONGEST_RECORD or self._text.lstrip()[:1] in _OF_JSON:
            self._looks = 0
            return
        said = self._said()
        if said and not self.started:
            self.started = True
            self.changes.append(Opened((), "object"))
        new = {name: value for name, value in said.items() if name not in self._fields}
        self.changes.extend(Closed((name,), value) for name, value in new.items())
        self._fields.update(new)

    def _said(self) -> JsonObject:
        """The fields that are sure, as far as the record has come."""
        found = settled(self._layout, self._text)
        if isinstance(found, Matched):
            return self._sure(found.payload)
        claims = list(islice(claims_in(self._text, self._layout), 2))
        if len(claims) != 1 or claims[0].passing:
            return {}
        claim = claims[0]
        end = len(self._text)
        if marking(self._text, claim.start, claim.end, floor=0, ceiling=end) is not None:
            return {}
        sure = self._sure(claim.payload)
        for each in claim.violations:
            sure.pop(each.path.removeprefix("$."), None)
            if each.code not in _STILL_OPEN:
                return {}
        return sure

    def _sure(self, payload: JsonValue) -> JsonObject:
        members = payload if isinstance(payload, dict) else {}
        return {name: members[name] for name in self._names if name in members}


def _begins_again(slot: Slot, line: str) -> bool:
    """Whether a record may begin in *line*."""
    sign = slot.label or slot.closer
    if sign is None:
        return bool(line.strip())
    return sign.expression.search(folded(line)) is not None


_ONE_LINE = frozenset("\u2028\u2029\x85")
_LINES_OF_HEADER = 3
_LONGEST_RECORD = 20_000
_MOST_LOOKS = 64
_OF_JSON = frozenset("[{`")
_STILL_OPEN = frozenset({"missing", "truncated", "syntax"})
"""What is said of fields that have not come."""
