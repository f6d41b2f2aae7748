"""A template compiled for reading: each field with what stands before and behind it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import lru_cache

from deterministic_llm._core.reading.forms.captures import Place, place_of
from deterministic_llm._core.reading.forms.literals import Ending, Label, ending, label
from deterministic_llm._core.records import frozen
from deterministic_llm._core.regexes import expression
from deterministic_llm._core.schema.forms import TemplateForm
from deterministic_llm._core.schema.phrasing import is_open_ended


@frozen
class Slot:
    """A field between its *label* and its *ending*, which is *literal* in the template.

    *breaks* says that the next slot has a label or line of its own; *text* that any text may stand
    here, and *open_ended* that it runs to the end of the answer.
    """

    place: Place
    label: Label | None
    ending: Ending | None
    literal: str
    breaks: bool
    text: bool
    open_ended: bool

    @property
    def closer(self) -> Ending | None:
        """The ending, if the value is not over without it."""
        return self.ending if self.ending is not None and not self.ending.optional else None


@frozen
class Layout:
    """The slots of a template in their order, and the form they were made from."""

    form: TemplateForm
    slots: tuple[Slot, ...]


@lru_cache(maxsize=256)
def layout_of(form: TemplateForm) -> Layout:
    """The compiled template; kept, because answers come in numbers."""
    return Layout(form, tuple(_slots(form)))


def _slots(form: TemplateForm) -> Iterator[Slot]:
    before, pieces = "", list(form.pieces)
    if isinstance(pieces[0], str):
        before = _last_line(pieces[0])
        del pieces[0]
    for index, field in enumerate(pieces):
        if isinstance(field, str):
            continue
        following = pieces[index + 1] if index + 1 < len(pieces) else ""
        literal = following if isinstance(following, str) else ""
        behind, coming = _divided(literal)
        yield Slot(
            place_of(field),
            label(before, loose=not field.is_free_text),
            ending(behind),
            behind,
            coming is not None,
            field.is_free_text,
            is_open_ended(form, field),
        )
        before = coming or ""


def _divided(literal: str) -> tuple[str, str | None]:
    """What belongs to the field before a literal, and the label of the next one if it has one.

    They are divided by a line break, or by a sign in front of words that end with a colon.
    """
    behind, line_break, coming = literal.partition("\n")
    if line_break:
        return behind, coming
    found = _DIVIDED.fullmatch(literal)
    return (literal, None) if found is None else (found["behind"], found["label"])


def _last_line(literal: str) -> str:
    """What stands right before the first field: the lines above are not asked for."""
    above, _, last = literal.rpartition("\n")
    if last.strip() or not above.strip():
        return last
    return above.rstrip().rpartition("\n")[2] + "\n"


def reordered(layout: Layout, order: Sequence[int]) -> Layout:
    """The same slots in another *order*; each must have a label of its own."""
    lines = "\n" in layout.form.text
    last = order[-1]
    slots = (
        replace(
            layout.slots[index],
            breaks=index != last,
            open_ended=lines and index == last and layout.slots[index].text,
        )
        for index in order
    )
    return Layout(layout.form, tuple(slots))


_DIVIDED = expression(
    r"(?P<behind>[^,;|\n]*?)(?:[ \t]*[,;|.][ \t]+|[ \t]+[-–—|][ \t]+)"
    r"(?P<label>[^,;|.\n]*[^\W\d_][^,;|.\n]*[:=：][ \t]*)"
)
