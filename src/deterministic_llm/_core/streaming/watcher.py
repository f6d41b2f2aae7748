"""One answer as it is written: pieces of its text go in, events come out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TypeAlias, cast

from deterministic_llm._core.attempts import Request
from deterministic_llm._core.exchange import JsonValue
from deterministic_llm._core.reading.incremental import Closed, Grown, Opened, Replaced
from deterministic_llm._core.schema.locations import Location, without
from deterministic_llm._core.schema.merges import merged
from deterministic_llm._core.schema.target import Invalid
from deterministic_llm._core.stops.scrutiny import Scrutiny
from deterministic_llm._core.streaming.events import FieldClosed, Item, Restarted, TextGrown
from deterministic_llm._core.streaming.held import Held
from deterministic_llm._core.tasks import Task

Watched: TypeAlias = FieldClosed | TextGrown | Item[object] | Restarted
"""What can happen while an answer is written."""


class Watcher:
    """Watches one answer; *held* is what the caller has been told so far.

    A member is told when it closes, and only if it is valid by itself.
    """

    def __init__(self, task: Task[object], request: Request, held: Held, *, listed: bool) -> None:
        policy = task.policy
        self._scrutiny = Scrutiny(
            task.contract,
            request,
            context=task.context,
            early=policy.early_stop,
            max_chars=policy.max_chars,
        )
        self._held = held
        self._listed = listed
        self._growing: Location | None = None
        self._whole: Location = ()
        self._path = ""
        self._anew = False
        self._watched = False

    @property
    def doomed(self) -> bool:
        """Whether no continuation of the answer can be valid, or none is waited for."""
        return bool(self._scrutiny.reasons)

    def feed(self, piece: str) -> Sequence[Watched]:
        """What *piece*, the next of the answer's text, brings."""
        scrutiny = self._scrutiny
        events: list[Watched] = []
        for change in scrutiny.feed(piece):
            match change:
                case Grown():
                    if change.location is not self._growing or self._watched:
                        self._grow(change)
                    events.append(TextGrown(self._path, change.piece, self._anew))
                    self._anew = False
                case Closed():
                    self._close(change.location, change.value, events)
                case Opened():
                    scrutiny.opened(change)
                case Replaced():
                    self.abandon()
                    scrutiny.replaced()
                    events.append(Restarted(change.reason, self._held.restart(scrutiny.patch)))
        if scrutiny.unsettled and not scrutiny.reasons:
            scrutiny.settle()
        return events

    def snapshot(self) -> JsonValue:
        """The members that are closed so far, as plain data, with those that were kept."""
        patch, said = self._scrutiny.patch, self._scrutiny.reader.snapshot()
        if patch is None:
            return said
        kept = patch.base
        for place in patch.places.values():
            if not place.appends and place.location:
                kept = without(kept, place.location)
        return merged(replace(patch, base=kept), said if isinstance(said, dict) else {})

    def abandon(self) -> None:
        """Nothing more is read of the answer: a text that was being told ends where it is."""
        if self._path:
            self._held.begun(self._whole)

    def _grow(self, change: Grown) -> None:
        """The text at a place begins to grow, or one goes on that may get too long."""
        if change.location is not self._growing:
            site, self._whole, self._path = self._scrutiny.spot(change.location)
            self._growing = change.location
            self._watched = site.bounds.most_characters is not None
            self._anew = self._held.begins_anew(self._whole)
        if self._watched:
            self._scrutiny.grown(change.location, change.piece)

    def _close(self, location: Location, value: JsonValue, events: list[Watched]) -> None:
        if not location and isinstance(value, (dict, list)):
            self._close_whole(value, events)
            return
        told = self._scrutiny.closed(location, value)
        if told is None:
            return
        site, whole, path, checked = told
        item = self._listed and len(whole) == 1
        if isinstance(checked, Invalid):
            self._held.begun(whole)
            return
        if item and checked is None:
            return  # only the whole list can tell what its elements are
        news = self._held.put(whole, value, site)
        if news != "known":
            output = value if checked is None else checked.output
            if item:
                events.append(Item(cast("int", whole[0]), output, news == "changed"))
            else:
                events.append(FieldClosed(path, output, news == "changed"))

    def _close_whole(self, value: JsonValue, events: list[Watched]) -> None:
        """Tell what was not known to be a part of the answer before all of it was there."""
        if self._scrutiny.patch is None:
            for location, member, _ in [*self._held.differences(value)]:
                if location:
                    self._close(location, member, events)
        self._scrutiny.over()


def told_as(
    whole: Location, path: str, output: object, *, changed: bool, item: bool
) -> FieldClosed | Item[object]:
    """The event of a member that closed, or of an *item* of the list that is wanted."""
    if item:
        return Item(cast("int", whole[0]), output, changed)
    return FieldClosed(path, output, changed)
