"""Compiled schema nodes with alternatives: the member that needs the mildest edits is taken."""

from __future__ import annotations

from collections.abc import Sequence

from deterministic_llm._core.exchange import JsonObject, JsonValue
from deterministic_llm._core.reading.alignment.bending import Node, Trace, Trial
from deterministic_llm._core.reading.alignment.bends import NULL_WORD, Refused
from deterministic_llm._core.reading.alignment.keys import Names
from deterministic_llm._core.reading.alignment.leaves import Anything, LabelNode, NullNode, TextNode
from deterministic_llm._core.reading.alignment.objects import ObjectNode
from deterministic_llm._core.reading.alignment.scalars import null_word
from deterministic_llm._core.reading.alignment.tags import Tags
from deterministic_llm._core.reading.alignment.vocabulary import NULL_LITERALS, NULL_WORDS
from deterministic_llm._core.reading.syntax.documents import same


class UnionNode:
    """anyOf, oneOf or several types.

    Where an output would not keep members that its kind does not name, a value with members of
    several objects fits none, in whatever spelling: one of them would be lost. A tag says which is
    meant.
    """

    __slots__ = (
        "_apart",
        "_loose",
        "_members",
        "_null_words",
        "_tags",
        "names",
        "plain",
        "settled",
        "sole",
    )

    def __init__(
        self, members: Sequence[Node], tags: Tags | None, *, keeps_others: bool = True
    ) -> None:
        self._members = tuple(members)
        self._tags = tags
        objects = [each for each in members if isinstance(each, ObjectNode)]
        told = keeps_others or tags is not None
        unnamed = any(isinstance(each, Anything | UnionNode) for each in members)
        self._apart = () if told or unnamed or len(objects) < 2 else tuple(objects)
        self._loose: tuple[ObjectNode, ...] | None = None
        self.names: Names | None = None
        others = [member for member in members if not isinstance(member, NullNode)]
        self.sole = others[0] if len(others) == 1 else None
        nullable = len(others) < len(members)
        self._null_words = _null_words(others) if nullable else frozenset[str]()
        self.settled = frozenset[type]().union(*map(_settled, members))
        self.plain = self.settled - {str} if self._null_words else self.settled

    def bend(self, value: JsonValue, trace: Trace) -> JsonValue:
        """*value* as the member that fits it with the fewest and mildest edits."""
        if isinstance(value, str) and self._null_words and null_word(value, self._null_words):
            trace.note(NULL_WORD, value, None)
            return None
        if type(value) in self.settled:
            return value
        if self.sole is not None:
            return self.sole.bend(value, trace)
        if self.fits(value, trace):
            return self._meant(value, trace)
        member = self._tags.member(value) if self._tags is not None else None
        if member is None:
            return self._mildest(value, self._members, trace)
        return member.bend(value, trace)

    def fits(self, value: JsonValue, trace: Trace) -> bool:
        """Whether *value* fits a member."""
        return trace.fits_once(value, self, self._fits)

    def _fits(self, value: JsonValue, trace: Trace) -> bool:
        if isinstance(value, dict) and self._apart:
            named = {
                key for key in value if any(each.declared(key) is not None for each in self._apart)
            }
            said = {key for key in named if value[key] is not None}
            fitting = [each for each in self._apart if each.fits(value, trace)]
            knowing = [each.keeps_others or said <= each.members.keys() for each in fitting]
            # Pydantic may take any that fits: past a null none may fit that would lose a member.
            return any(knowing) if said == named else all(knowing) and bool(knowing)
        return any(each.fits(value, trace) for each in self._members)

    def _is_nobodys(self, value: JsonObject, trace: Trace) -> bool:
        """Whether *value* fits only what needs no members, and has none of those.

        As a card with a wrong number, which is taken for no cash.
        """
        if self._loose is None:
            nodes = [each for each in self._members if isinstance(each, ObjectNode)]
            self._loose = tuple(each for each in nodes if each.is_loose)
        if not self._loose:
            return False
        if any(each.names_one_of(value) and each.fits(value, trace) for each in self._loose):
            return False
        others = [each for each in self._members if each not in self._loose]
        return not any(each.fits(value, trace) for each in others)

    def _meant(self, value: JsonValue, trace: Trace) -> JsonValue:
        """*value*, which fits, as it is; or as what knows its members, if nothing fitting does."""
        if not isinstance(value, dict) or not value or not self._is_nobodys(value, trace):
            return value
        objects = [each for each in self._members if isinstance(each, ObjectNode)]
        knowing = [each for each in objects if each.knows(value)]
        mark = len(trace.events)
        bent = self._mildest(value, knowing, trace)
        if len(trace.events) == mark:
            trace.note(_NOT_MEANT, value)
        return bent

    def _mildest(self, value: JsonValue, members: Sequence[Node], trace: Trace) -> JsonValue:
        trials = [trace.attempt(member, value) for member in members]
        fitting = sorted((trial for trial in trials if trial.fits), key=lambda trial: trial.cost)
        if not fitting:
            return _refused(value, trials, trace)
        best = fitting[0]
        rivals = [trial for trial in fitting if trial.cost == best.cost]
        if all(same(best.value, trial.value) for trial in rivals):
            if self._apart and not self.fits(best.value, trace):
                trace.note(_MIXED, value)
                return value
            return trace.take(best)
        reason = "expected a value that only one of the alternatives can be"
        trace.note(Refused("ambiguous", reason), value)
        return value


_MIXED = Refused("ambiguous", "expected one of the alternatives, not members of several")
_NOT_MEANT = Refused("no_value", "expected all of one alternative, not members of another or none")


def _settled(member: Node) -> frozenset[type]:
    """Types whose values no other member needs to be asked about."""
    held = isinstance(member, TextNode) and not member.free
    return frozenset() if held else member.plain


def _refused(value: JsonValue, trials: Sequence[Trial], trace: Trace) -> JsonValue:
    """*value* as it is; the reason of the one member that has one is told.

    So is what is mixed inside, where each has that for a reason: of several the first is as good.
    """
    told = [[event for event in trial.events if isinstance(event[1], Refused)] for trial in trials]
    reasons = [events for events in told if events]
    mixed = [[event for event in events if event[1] is _MIXED] for events in reasons]
    if len(reasons) == 1:
        trace.events.extend(reasons[0])
    elif mixed and all(mixed):
        trace.events.extend(mixed[0])
    return value


def _null_words(members: Sequence[Node]) -> frozenset[str]:
    """Words that mean null beside *members*: none if they may mean something else there."""
    if any(isinstance(member, Anything | UnionNode) for member in members):
        return frozenset()
    labels = [text for member in members if isinstance(member, LabelNode) for text in member.texts]
    if any(null_word(text) for text in labels):
        return frozenset()
    free = any(isinstance(member, TextNode) and str in member.plain for member in members)
    return NULL_LITERALS if free else NULL_WORDS
