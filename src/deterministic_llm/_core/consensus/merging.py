"""One value of many: votes go in, and field by field what most of them say comes out.

The order of the votes has no say: they are sorted first.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import field
from math import fsum
from statistics import median_low

from deterministic_llm._core.canonical import written
from deterministic_llm._core.consensus.likeness import folded, likeness, medoid, paired
from deterministic_llm._core.exchange import JsonObject, JsonValue
from deterministic_llm._core.records import frozen
from deterministic_llm._core.schema.locations import Location
from deterministic_llm._core.schema.violations import json_path


@frozen
class Tally:
    """How *votes* fell on one question: the *counts* of its answers, most first.

    *votes* are all that were taken, those without an answer to it included. *numbers* are all
    answers, sorted, where all are numbers. *decisive* is False for free text, of which no two votes
    say the same. *share* is that of the answer that was taken.
    """

    path: str
    votes: int
    counts: tuple[int, ...]
    numbers: tuple[float, ...] = ()
    decisive: bool = True
    share: float = 0.0


@frozen
class Merged:
    """What votes agree on: the *value*, for each path the share of votes that say so, and tallies.

    There is a tally for each member that has no members of its own, and one for whether a member
    or an item is there, where the votes differ in that.
    """

    value: JsonValue
    shares: Mapping[str, float]
    tallies: tuple[Tally, ...]

    @property
    def share(self) -> float:
        """The share of the weakest part; that of free texts only where there is nothing else."""
        decisive = [tally.share for tally in self.tallies if tally.decisive]
        return min(decisive or [tally.share for tally in self.tallies], default=1.0)


def no_text(location: Location) -> bool:
    """Says that free text stands nowhere."""
    del location
    return False


@frozen
class Ballots:
    """How votes are counted.

    *keys* are the members that tell items apart, by the path of their list, ``$.items`` or
    ``$.orders[*].lines``. *is_text* says where free text stands. *median* takes of numbers the
    lower median, which is always one of them, where they would else be counted.
    """

    keys: Mapping[str, str] = field(default_factory=dict[str, str])
    is_text: Callable[[Location], bool] = no_text
    median: bool = False


def merge(votes: Sequence[JsonValue], ballots: Ballots, *, drawn: int | None = None) -> Merged:
    """What *votes*, of which there is at least one, agree on; *drawn* counts those that failed too.

    A member of an object, or an item of a list, is kept when more than half of the votes that have
    the object or list have it. Lists are aligned by a key, or to the list that is most like all.
    Of answers that are equally frequent the one that is most like all votes is taken, then the
    first by its text. Of free texts it is the one that is most like all.
    """
    count = _Count(ballots, len(votes), len(votes) if drawn is None else drawn)
    value = count.merged(sorted(votes, key=written), ())
    return Merged(value, count.shares, tuple(count.tallies))


def supported(value: JsonValue, votes: Sequence[JsonValue], ballots: Ballots) -> Merged:
    """*value* with the shares of *votes* that say the same of each of its members."""
    count = _Count(ballots, len(votes), len(votes))
    count.compared(value, votes, ())
    return Merged(value, count.shares, tuple(count.tallies))


def agrees(vote: JsonValue, value: JsonValue, ballots: Ballots, at: Location = ()) -> bool:
    """Whether *vote* says all that *value* says, free texts aside, and no more."""
    if isinstance(vote, dict) and isinstance(value, dict):
        return vote.keys() == value.keys() and all(
            agrees(vote[name], value[name], ballots, (*at, name)) for name in vote
        )
    if isinstance(vote, list) and isinstance(value, list):
        pairs = enumerate(zip(vote, value, strict=False))
        return len(vote) == len(value) and all(
            agrees(item, other, ballots, (*at, place)) for place, (item, other) in pairs
        )
    both_texts = isinstance(vote, str) and isinstance(value, str) and ballots.is_text(at)
    return both_texts or written(vote) == written(value)


def nearest(votes: Sequence[JsonValue], value: JsonValue) -> int:
    """The place of the vote that is most like *value*; of equals the first by its text."""
    ranked = [(-likeness(vote, value), written(vote), at) for at, vote in enumerate(votes)]
    return min(ranked)[2]


class _Count:
    """One count of votes, of which there are *voters*; *drawn* are those that failed, too."""

    def __init__(self, ballots: Ballots, voters: int, drawn: int) -> None:
        self._ballots = ballots
        self._voters = voters
        self._drawn = drawn
        self.shares: dict[str, float] = {}
        self.tallies: list[Tally] = []

    def merged(self, votes: Sequence[JsonValue], location: Location) -> JsonValue:
        """What *votes* on what stands at *location* agree on: its kind, and then the rest."""
        objects = [vote for vote in votes if isinstance(vote, dict)]
        lists = [vote for vote in votes if isinstance(vote, list)]
        scalars = [vote for vote in votes if not isinstance(vote, (dict, list))]
        most = max(len(objects), len(lists), len(scalars))
        if len(scalars) == most:
            return self._scalar(scalars, location)
        return (
            self._list(lists, location) if len(lists) == most else self._object(objects, location)
        )

    def compared(self, value: JsonValue, votes: Sequence[JsonValue], location: Location) -> None:
        """Count how many of *votes* say *value* at *location*, member by member."""
        if isinstance(value, dict) and value:
            for name, member in value.items():
                have = [vote[name] for vote in votes if isinstance(vote, dict) and name in vote]
                self.compared(member, have, (*location, name))
        elif isinstance(value, list) and value:
            lists = [vote for vote in votes if isinstance(vote, list)]
            for place, item in enumerate(value):
                at = [vote[place] for vote in lists if place < len(vote)]
                self.compared(item, at, (*location, place))
        else:
            told = written(value)
            self._told(location, sum(written(vote) == told for vote in votes), ())

    def _object(self, votes: Sequence[JsonObject], location: Location) -> JsonObject:
        merged: JsonObject = {}
        for name in dict.fromkeys(name for vote in votes for name in vote):
            have = [vote[name] for vote in votes if name in vote]
            here = (*location, name)
            if len(have) == len(votes) or self._is_kept(len(have), len(votes), here, location):
                merged[name] = self.merged(have, here)
        return merged

    def _list(self, votes: Sequence[list[JsonValue]], location: Location) -> list[JsonValue]:
        merged: list[JsonValue] = []
        for group in _grouped(votes, self._ballots.keys.get(generic(location))):
            here = (*location, len(merged))
            if self._is_kept(len(group), len(votes), here, location):
                merged.append(self.merged(group, here))
        return merged

    def _is_kept(self, have: int, votes: int, here: Location, holder: Location) -> bool:
        """Whether what *have* of *votes* have is there; what is not is a question of its holder."""
        kept = 2 * have > votes
        if kept:
            self._told(here, have, (votes - have,))
        else:
            self._told(holder, votes - have, (have,), of=here)
        return kept

    def _scalar(self, votes: Sequence[JsonValue], location: Location) -> JsonValue:
        if self._ballots.is_text(location):
            chosen = votes[medoid(votes)]
            counts = Counter(folded(str(vote)) for vote in votes)
            same = counts.pop(folded(str(chosen)))
            self._told(location, same, counts.values())
            return chosen
        numbers = [vote for vote in votes if isinstance(vote, (int, float)) and not _is_bool(vote)]
        ordered = sorted(numbers) if len(numbers) == len(votes) else []
        counts = Counter(map(written, votes))
        if self._ballots.median and ordered:
            chosen = median_low(ordered)
        else:
            chosen = _most_frequent(votes, counts)
        same = counts.pop(written(chosen))
        self._told(location, same, counts.values(), numbers=ordered)
        return chosen

    def _told(
        self,
        location: Location,
        same: int,
        others: Iterable[int],
        *,
        numbers: Sequence[float] = (),
        of: Location | None = None,
    ) -> None:
        """Note that *same* votes say what was taken at *location*, and how the *others* fell."""
        path, share = json_path(location), same / self._voters
        decisive = not self._ballots.is_text(location if of is None else of)
        counts = tuple(sorted((same, *others), reverse=True))
        self.tallies.append(Tally(path, self._drawn, counts, tuple(numbers), decisive, share))
        if of is None:
            self.shares[path] = min(share, self.shares.get(path, 1.0))


def generic(location: Location) -> str:
    """The path of *location* for any items: ``$.orders[*].lines``."""
    steps = ("[*]" if isinstance(step, int) else json_path((step,))[1:] for step in location)
    return "$" + "".join(steps)


def _is_bool(value: object) -> bool:
    return isinstance(value, bool)


def _most_frequent(votes: Sequence[JsonValue], counts: Mapping[str, int]) -> JsonValue:
    """The answer that most votes give; of equals the one that is most like all votes."""
    most = max(counts.values())
    known = {written(vote): vote for vote in reversed(votes)}
    best = sorted(text for text, count in counts.items() if count == most)
    if len(best) == 1:
        return known[best[0]]
    return known[max(best, key=lambda text: fsum(likeness(known[text], vote) for vote in votes))]


def _grouped(votes: Sequence[list[JsonValue]], key: str | None) -> Sequence[Sequence[JsonValue]]:
    """The items of the lists in *votes*, those together that are the same one."""
    reference = medoid(votes)
    groups = [[item] for item in votes[reference]]
    for place, vote in enumerate(votes):
        if place == reference:
            continue
        heads = [group[0] for group in groups]
        for item, at in zip(vote, paired(heads, vote, key), strict=True):
            if at is None:
                groups.append([item])
            else:
                groups[at].append(item)
    return groups
