"""How many votes are enough: the tallies so far go in, and whether that settles it comes out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from bisect import insort
from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field, replace
from math import comb
from statistics import median_low

from typing_extensions import override

from deterministic_llm._core.consensus.merging import Tally
from deterministic_llm.errors import ConfigurationError


@dataclass(frozen=True)
class Voting(ABC):
    """How votes are taken, whichever rule ends them.

    *parallel* asks at the same time for the votes that are surely needed. *voters* are the models,
    or functions, that vote in turns; without any it is always the same one. *keys* are the members
    that tell the items of a list apart, by its path: ``keys={"$.items": "id"}``.
    """

    _: KW_ONLY
    parallel: bool = False
    voters: Sequence[object] = ()
    keys: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    @abstractmethod
    def most(self) -> int:
        """Votes at most."""

    @abstractmethod
    def is_clear(self, tally: Tally) -> bool:
        """Whether one question needs no more votes."""

    @property
    def median(self) -> bool:
        """Whether the lower median is taken of numbers."""
        return False

    def settled(self, tallies: Sequence[Tally], votes: int) -> bool:
        """Whether *votes*, which fell as *tallies* say, are enough."""
        decisive = [tally for tally in tallies if tally.decisive]
        return votes >= self.most or (bool(decisive) and all(map(self.is_clear, decisive)))

    def needed(self, tallies: Sequence[Tally], votes: int) -> int:
        """How many more votes it takes at least, when all of them say what most have said.

        So many can be asked for at the same time without one too many.
        """
        known = tallies or (Tally("$", 0, ()),)
        more = 1
        while not self.settled([_with_more(tally, more) for tally in known], votes + more):
            more += 1
        return more


@dataclass(frozen=True)
class Fixed(Voting):
    """So many *votes*, whatever they say."""

    votes: int

    def __post_init__(self) -> None:
        _checked("votes", self.votes)

    @property
    @override
    def most(self) -> int:
        return self.votes

    @override
    def is_clear(self, tally: Tally) -> bool:
        return False


@dataclass(frozen=True)
class Adaptive(Voting):
    """Votes until it is *confidence* probable that the leader is the more frequent answer of two.

    That is the Beta rule of Aggarwal et al. 2023 (https://arxiv.org/abs/2305.11860). With 0.95 the
    earliest end is 4 to 0, with 0.90 it is 3 to 0; *cap* is the most votes.
    """

    confidence: float = 0.95
    cap: int = 9

    def __post_init__(self) -> None:
        _checked("cap", self.cap)
        if not 0.5 < self.confidence < 1:
            message = f"Adaptive: confidence={self.confidence!r} is not between 0.5 and 1"
            raise ConfigurationError(message)

    @property
    @override
    def most(self) -> int:
        return self.cap

    @override
    def is_clear(self, tally: Tally) -> bool:
        first, second = _leaders(tally)
        return leads_truly(first, second) >= self.confidence


@dataclass(frozen=True)
class FirstTo(Voting):
    """Votes until one answer was given *times* times; *cap* is twice that less one by default."""

    times: int
    cap: int | None = None

    def __post_init__(self) -> None:
        _checked("times", self.times)
        if self.cap is None:
            return
        _checked("cap", self.cap)
        if self.cap < self.times:
            message = f"votes=: cap={self.cap} votes cannot give one answer {self.times} times"
            raise ConfigurationError(message)

    @property
    @override
    def most(self) -> int:
        return 2 * self.times - 1 if self.cap is None else self.cap

    @override
    def is_clear(self, tally: Tally) -> bool:
        return _leaders(tally)[0] >= self.times


@dataclass(frozen=True)
class Curtailed(Voting):
    """So many *votes*, ended as soon as no outstanding one can change the winner."""

    votes: int

    def __post_init__(self) -> None:
        _checked("votes", self.votes)

    @property
    @override
    def most(self) -> int:
        return self.votes

    @override
    def is_clear(self, tally: Tally) -> bool:
        first, second = _leaders(tally)
        return first - second > self.votes - tally.votes


@dataclass(frozen=True)
class Median(Curtailed):
    """Of numbers the lower median of *votes*, ended as soon as no outstanding one can move it."""

    votes: int = 5

    @property
    @override
    def median(self) -> bool:
        return True

    @override
    def is_clear(self, tally: Tally) -> bool:
        numbers, left = tally.numbers, self.votes - tally.votes
        if not numbers:
            return super().is_clear(tally)
        middle = (len(numbers) + left - 1) // 2
        return left <= middle < len(numbers) and numbers[middle - left] == numbers[middle]


def voting_of(option: object) -> Voting:
    """The rule that ``votes=`` means; raises ConfigurationError for what is none."""
    if isinstance(option, Voting):
        return option
    if isinstance(option, int) and not isinstance(option, bool):
        return Fixed(option)
    kind = type(option).__qualname__
    message = f"votes=: expected a number or a rule such as Adaptive(), got {kind}"
    raise ConfigurationError(message)


def leads_truly(first: int, second: int) -> float:
    """The probability that an answer given *first* times is more frequent than one given *second*.

    It is the integral from 0.5 to 1 of the Beta distribution with parameters *first* + 1 and
    *second* + 1, which for counts is a sum of binomial coefficients.
    """
    draws = first + second + 1
    return sum(comb(draws, each) for each in range(first + 1)) / (1 << draws)


def _leaders(tally: Tally) -> tuple[int, int]:
    """How often the two most frequent answers were given."""
    first, second, *_ = (*tally.counts, 0, 0)
    return first, second


def _with_more(tally: Tally, more: int) -> Tally:
    """*tally* after *more* votes that say what most have said."""
    first, others = (*tally.counts, 0)[0], tally.counts[1:]
    numbers = list(tally.numbers)
    if numbers:
        middle = median_low(numbers)
        for _ in range(more):
            insort(numbers, middle)
    counts = (first + more, *others)
    return replace(tally, votes=tally.votes + more, counts=counts, numbers=tuple(numbers))


def _checked(name: str, number: int) -> None:
    if number < 1:
        message = f"votes=: {name}={number!r} is not a number of votes from 1 up"
        raise ConfigurationError(message)
