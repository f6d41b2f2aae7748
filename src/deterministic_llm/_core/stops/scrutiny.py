"""One answer under scrutiny: pieces of its text go in, changes and reasons to stop it come out."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from typing import TypeAlias

from deterministic_llm._core.attempts import Request, Violation
from deterministic_llm._core.contract import Contract
from deterministic_llm._core.drafts import Patch
from deterministic_llm._core.exchange import JsonValue, Mode
from deterministic_llm._core.guards import Dead
from deterministic_llm._core.policy import EarlyStop
from deterministic_llm._core.reading.incremental import (
    Change,
    Closed,
    Grown,
    Incremental,
    Opened,
    Replaced,
)
from deterministic_llm._core.records import frozen
from deterministic_llm._core.schema.complaints import below
from deterministic_llm._core.schema.envelopes import ENVELOPE, Envelope
from deterministic_llm._core.schema.forms import ChoiceForm
from deterministic_llm._core.schema.kinds import is_scalar, kinds
from deterministic_llm._core.schema.locations import Location, stands_at
from deterministic_llm._core.schema.patches import patch_target
from deterministic_llm._core.schema.raising import raised
from deterministic_llm._core.schema.sites import Site
from deterministic_llm._core.schema.target import Checked, Invalid, JsonTarget, Target
from deterministic_llm._core.schema.wording import quote
from deterministic_llm._core.stops.documents import begun_in, beyond_mending
from deterministic_llm._core.stops.exactness import may_become_exact
from deterministic_llm._core.stops.guarding import AT_LENGTH, SOON, Guarded, left, unmatched
from deterministic_llm._core.stops.languages import language_of
from deterministic_llm._core.stops.limits import Limits
from deterministic_llm._core.stops.places import Spot, whole_answer
from deterministic_llm._core.stops.repetition import CHUNK
from deterministic_llm._core.stops.rules import DIVERGED, WRONG_MEMBER, Reason

Told: TypeAlias = tuple[Site, Location, str, Checked[object] | None]
"""A closed member: its site, its location in the whole, that as a JSONPath, and what it is by
itself; None where that cannot be told."""


class Scrutiny:
    """Reads one answer as it comes, and finds *reasons* to stop it.

    Where the first document may still be corrected, only those rules find any that hold
    everywhere, unless *early* is "always". *patch* is what is asked for alone.
    """

    def __init__(
        self,
        contract: Contract[object],
        request: Request | None = None,
        *,
        context: object = None,
        early: EarlyStop = "auto",
        max_chars: int | None = None,
    ) -> None:
        constraint = contract.constraint if request is None else request.constraint
        target, patch = _asked_for(contract, request, constraint.dialect)
        mode = constraint.mode
        sure = contract.strict or mode in _HELD
        self.patch = patch
        self._envelope = Envelope() if constraint.dialect == ENVELOPE else None
        self.reader = Incremental(target, strict=contract.strict)
        self.reasons: tuple[Reason, ...] = ()
        self._target = target
        self._context = context
        self._exact = contract.strict and early != "never"
        self._held = early == "always" or (sure and early == "auto")
        self._leads = not sure
        self._whole = whole_answer(contract.target.site, patch)
        self._entered: list[Location] = [()]
        self._around = [self._whole]
        self._suspects: list[_Suspect] = []
        self.unsettled = False
        """Whether something came up that `settle` has to look into."""
        self._growing: Location | None = None
        self._room = sys.maxsize
        self.bounded: dict[Location, int] = {}
        """The lists that may have only so many items."""
        self._guards = contract.guards
        self._guarded = self._guard(SOON)
        self._words_do = _takes_words(target)
        self._limits = Limits(max_chars, watched=early != "never", first_look=self._first_look())

    def _first_look(self) -> int | None:
        """The characters from which on the text is looked at as it stands; None where it is not."""
        if not self._exact:
            return _FIRST_LOOK if self._held else None
        return _FIRST_EXACT if isinstance(self._target, JsonTarget) else 1

    def _guard(self, patience: float) -> Guarded | None:
        """What tells the first wrong character; None where nothing can, or nothing is to."""
        if self._guards is None or self.patch is not None or not (self._exact or self._held):
            return None  # what the members of a patch are is judged in the whole
        language = language_of(self._target, strict=self._exact)
        if language is None:
            return None
        leads = self._leads and not self._exact
        return Guarded(self._guards, language, leads=leads, patience=patience)

    def feed(self, piece: str) -> Sequence[Change]:
        """What *piece*, the next of the text, changes."""
        if self._envelope is not None:
            piece = self._envelope.feed(piece)
        changes = self._take(piece)
        if self._guarded is not None and (dead := self._guarded.feed(piece)) is not None:
            self._died(self._guarded.start, dead)
        return changes

    def _died(self, start: int, dead: Dead) -> None:
        """The document that begins at *start* has a wrong character; it may be forgiven."""
        self._guarded = None
        text = self.reader.text[start:]
        if self._exact:
            self.reasons += (left(text, dead),)
        elif self._held and self.reader.started:
            reason = unmatched(text, dead, self.spot)
            self.reasons += () if reason is None else (reason,)

    def _take(self, piece: str) -> Sequence[Change]:
        limits = self._limits
        size = limits.size + len(piece)
        if size < limits.edge:
            limits.size = size
            limits.chunk.append(piece)
            return self.reader.feed(piece)
        return self._feed_over_edges(piece)

    def _feed_over_edges(self, piece: str) -> list[Change]:
        """Feed *piece* so that what is found does not depend on where pieces are cut."""
        limits = self._limits
        changes: list[Change] = []
        while piece:
            room = limits.edge - limits.size
            head, piece = piece[:room], piece[room:]
            limits.size += len(head)
            limits.chunk.append(head)
            changes += self.reader.feed(head)
            if limits.size == limits.edge:
                self.unsettled = self.unsettled or limits.size == limits.look
                waiting = not self._words_do and not self.reader.started
                self.reasons += tuple(limits.reached(self.reader, waiting=waiting))
        return changes

    def read(self, text: str) -> tuple[Reason, ...]:
        """The reasons to stop in *text*, which is all that came."""
        self._guarded = self._guard(AT_LENGTH)
        for start in range(0, len(text), CHUNK):
            self.follow(text[start : start + CHUNK])
        self.unsettled = True
        self.settle(final=True)
        return self.reasons

    def follow(self, piece: str) -> None:
        """Take *piece* for no more than what it says about the answer."""
        for change in self.feed(piece):
            match change:
                case Closed(location, value):
                    self.closed(location, value)
                case Opened():
                    self.opened(change)
                case Replaced():
                    self.replaced()
                case Grown(location, said):
                    self.grown(location, said)
        self.settle()

    def closed(self, location: Location, value: JsonValue) -> Told | None:
        """The member that closed as *value*; None for one that is no part of the output."""
        site, whole, path = self.spot(location)
        if site.standing == "ignored":
            return None
        checked = site.check(value, self._context)
        if not location:
            self.over()
        elif isinstance(checked, Invalid):
            wrong = tuple(below(whole, each) for each in checked.violations)
            self._suspects.append(_Suspect(location, whole, wrong))
            self.unsettled = True
        return site, whole, path, checked

    def over(self) -> None:
        """The document is complete: nothing is saved by stopping it."""
        self._guarded = None
        self._suspects.clear()
        self._held = False

    def opened(self, change: Opened) -> None:
        """A value begins; it may be one too many."""
        location = change.location
        if change.kind == "list":
            most = self.spot(location)[0].bounds.most_items
            if most is not None:
                self.bounded[location] = most
        if self.bounded and location and isinstance(location[-1], int):
            most = self.bounded.get(location[:-1])
            self.unsettled = self.unsettled or (most is not None and location[-1] >= most)

    def grown(self, location: Location, piece: str) -> None:
        """A text goes on with *piece*; it may get too long."""
        if location is not self._growing:
            self._growing = location
            most = self.spot(location)[0].bounds.most_characters
            self._room = sys.maxsize if most is None else most
        self._room -= len(piece)
        if self._room < 0:
            self._room = sys.maxsize
            self.unsettled = True

    def replaced(self) -> None:
        """What closed so far is void."""
        self._guarded = self._guarded if self._exact else None
        self._suspects.clear()

    def spot(self, location: Location) -> Spot:
        """The place at *location* of the answer."""
        if not location:
            return self._whole.site, self._whole.whole, self._whole.path
        parent, depth = location[:-1], len(location) - 1
        if depth >= len(self._entered) or self._entered[depth] != parent:
            self._enter(parent)
        return self._around[depth].at(location[-1])

    def _enter(self, parent: Location) -> None:
        """Go to the container at *parent*, from the innermost known one around it."""
        entered, around = self._entered, self._around
        depth = min(len(entered) - 1, len(parent))
        while entered[depth] != parent[:depth]:
            depth -= 1
        del entered[depth + 1 :], around[depth + 1 :]
        for token in parent[depth:]:
            entered.append((*entered[-1], token))
            around.append(around[-1].inner(token))

    def settle(self, *, final: bool = False) -> None:
        """Find out whether what came up is beyond mending, whatever follows the text.

        When it is *final*, nothing does.
        """
        if not self.unsettled:
            return
        suspects, text = self._suspects, self.reader.text if self._held else ""
        if suspects and self._held and not final and text.rstrip().endswith(","):
            return  # what closed did so by a comma, which may come to be one in a number
        self._suspects, self.unsettled = [], False
        if self._held:
            self.reasons += tuple(self._beyond_mending(text, suspects))

    def _beyond_mending(self, text: str, suspects: Sequence[_Suspect]) -> Iterator[Reason]:
        target = self._target
        if isinstance(target, JsonTarget):
            try:
                value = begun_in(text, leads=self._leads)
            except ValueError:
                yield from self._diverged(text)
                return
            yield from self._wrong_in(value, target, suspects)
            self._limits.look_again()
            return
        exact = may_become_exact(target.form, text)
        if exact:
            yield from (each.reason() for each in suspects)
            self._limits.look_again(soon=self._exact)
        elif exact is False:
            yield from self._diverged(text)
        else:
            self._held = False

    def _wrong_in(
        self, value: JsonValue, target: JsonTarget[object], suspects: Sequence[_Suspect]
    ) -> Iterator[Reason]:
        """What of *value* is beyond mending; where it has another form, closed members alone."""
        ascent = target.ascent
        if ascent is not None:
            begun = ascent.begun(value)
            if begun is None:
                return
            value = begun.output
        yield from (each.reason() for each in suspects if stands_at(value, each.location))
        if ascent is None:
            yield from beyond_mending(value, self._whole, target)
        elif not ascent.shifts:
            yield from beyond_mending(value, self._whole, ascent.target)

    def _diverged(self, text: str) -> Iterator[Reason]:
        """The text is no beginning of what it must be: so nothing can be told of it, or all is."""
        self._held = False
        if self._exact:
            expected = "expected the exact form and nothing else"
            yield Reason(DIVERGED, (Violation("$", "syntax", expected, quote(text.strip())),))


@frozen
class _Suspect:
    """A member that its own type refuses: where it is in the answer, and in the whole."""

    location: Location
    whole: Location
    violations: tuple[Violation, ...]

    def reason(self) -> Reason:
        return Reason(WRONG_MEMBER, self.violations, self.whole)


def _asked_for(
    contract: Contract[object], request: Request | None, dialect: str | None
) -> tuple[Target[object], Patch | None]:
    """What the answer is read as, and the part of the whole that it is."""
    patch = None if request is None else request.patch
    if not isinstance(contract.target, JsonTarget):
        return contract.target, None
    if patch is None:
        return raised(contract.target, dialect), None
    return raised(patch_target(contract.target, patch), dialect), patch


def _takes_words(target: Target[object]) -> bool:
    """Whether any words may be the value."""
    if isinstance(target, JsonTarget):
        return "string" in kinds(target.schema) and is_scalar(target.schema)
    form = target.form
    return not isinstance(form, ChoiceForm) and any(each.is_free_text for each in form.fields)


_HELD = frozenset[Mode]({"native", "tool", "json", "grammar"})
_FIRST_LOOK = 512
"""Characters of a document from which on it is looked at as it stands."""
_FIRST_EXACT = 16
"""The same of a text that must be exact."""
