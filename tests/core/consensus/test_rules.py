"""Stopping rules: they end where their formulas say, with the samples and errors that follow."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import product
from math import sqrt
from statistics import median_low

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deterministic_llm import ConfigurationError
from deterministic_llm._core.consensus.merging import Ballots, Merged, Tally, merge
from deterministic_llm._core.consensus.rules import (
    Adaptive,
    Curtailed,
    FirstTo,
    Fixed,
    Median,
    Voting,
    leads_truly,
    voting_of,
)

# Where the Beta rule ends first, and the probability there.
ENDS = [
    (0.95, [(4, 0, 0.969), (6, 1, 0.965), (8, 2, 0.967), (9, 3, 0.954)]),
    (0.90, [(3, 0, 0.938), (5, 1, 0.938), (6, 2, 0.910)]),
]


@pytest.mark.parametrize(("confidence", "ends"), ENDS)
def test_the_beta_rule_ends_as_soon_as_it_is_sure(
    confidence: float, ends: list[tuple[int, int, float]]
):
    for first, second, probability in ends:
        assert leads_truly(first, second) == pytest.approx(probability, abs=0.0005)
        assert leads_truly(first, second) >= confidence > leads_truly(first - 1, second)


@given(st.integers(0, 30), st.integers(0, 30))
def test_the_sum_is_the_integral(first: int, second: int):
    """By Simpson's rule, which is exact enough for these powers."""
    steps = 4000

    def area(low: float, high: float) -> float:
        width = (high - low) / steps
        points = [low + width * step for step in range(steps + 1)]
        heights = [x**first * (1 - x) ** second for x in points]
        return (
            width
            / 3
            * (heights[0] + heights[-1] + 4 * sum(heights[1::2]) + 2 * sum(heights[2:-1:2]))
        )

    assert leads_truly(first, second) == pytest.approx(area(0.5, 1) / area(0, 1), abs=1e-6)
    assert leads_truly(first, second) + leads_truly(second, first) == pytest.approx(1)


def tally(*counts: int) -> Tally:
    return Tally("$", sum(counts), tuple(sorted(counts, reverse=True)))


def exact(rule: Voting, truth: float) -> tuple[float, float]:
    """Mean votes and probability of a wrong winner, for an answer that is right with *truth*."""
    states, votes, wrong = {(0, 0): 1.0}, 0.0, 0.0
    while states:
        following: Counter[tuple[int, int]] = Counter()
        for (right, false), mass in states.items():
            number = right + false
            if number and rule.settled([tally(right, false)], number):
                votes += number * mass
                wrong += mass * ((false > right) + 0.5 * (false == right))
                continue
            following[right + 1, false] += mass * truth
            following[right, false + 1] += mass * (1 - truth)
        states = dict(following)
    return votes, wrong


# Mean votes and errors of the exact dynamic programme for a binary answer.
PROGRAMME = {
    0.60: [
        (Fixed(5), 5, 0.317),
        (Curtailed(5), 4.1, 0.317),
        (FirstTo(3), 4.1, 0.317),
        (Adaptive(0.90, cap=15), 9.6, 0.232),
        (Adaptive(0.95, cap=15), 12.2, 0.217),
        (Fixed(15), 15, 0.213),
        (Adaptive(0.95, cap=40), 24.2, 0.124),
        (Fixed(40), 40, 0.102),
    ],
    0.80: [
        (Fixed(5), 5, 0.058),
        (Curtailed(5), 3.6, 0.058),
        (FirstTo(3), 3.6, 0.058),
        (Adaptive(0.90, cap=15), 5.8, 0.012),
        (Adaptive(0.95, cap=15), 7.9, 0.006),
        (Fixed(15), 15, 0.004),
        (Adaptive(0.95, cap=40), 8.7, 0.002),
        (Fixed(40), 40, 0.000),
    ],
    0.95: [
        (Fixed(5), 5, 0.001),
        (Curtailed(5), 3.2, 0.001),
        (FirstTo(3), 3.2, 0.001),
        (Adaptive(0.90, cap=15), 3.5, 0.000),
        (Adaptive(0.95, cap=15), 4.7, 0.000),
        (Fixed(15), 15, 0.000),
        (Adaptive(0.95, cap=40), 4.7, 0.000),
        (Fixed(40), 40, 0.000),
    ],
}
ROWS = [(truth, *row) for truth, rows in PROGRAMME.items() for row in rows]


@pytest.mark.parametrize(("truth", "rule", "votes", "wrong"), ROWS)
def test_votes_and_errors_are_those_of_the_exact_programme(
    truth: float, rule: Voting, votes: float, wrong: float
):
    mean, error = exact(rule, truth)
    assert mean == pytest.approx(votes, abs=0.0501)
    assert error == pytest.approx(wrong, abs=0.000501)


@cache  # of a thousand who say yes or no, most say what others said before
def merged_alike(votes: tuple[object, ...], *, median: bool) -> Merged:
    return merge(votes, Ballots(median=median))


def voted(rule: Voting, said: Iterator[object]) -> tuple[int, object]:
    """How many votes it took, and who won, asking for what is needed at the same time."""
    votes: tuple[object, ...] = ()
    merged = None
    while merged is None or not rule.settled(merged.tallies, len(votes)):
        needed = rule.needed(merged.tallies if merged else (), len(votes))
        votes += tuple(next(said) for _ in range(needed))
        merged = merged_alike(votes, median=rule.median)
    return len(votes), merged.value


@pytest.mark.untraced
@pytest.mark.parametrize("truth", PROGRAMME)
@pytest.mark.parametrize(
    "rule", [Curtailed(5), FirstTo(3), Adaptive(0.90, cap=15), Adaptive()], ids=str
)
def test_simulated_voters_do_as_the_exact_programme(rule: Voting, truth: float):
    """Within four standard errors, through the same merging that a run uses."""
    chance, worlds = random.Random(f"{rule}{truth}"), 1500  # noqa: S311  # voters
    outcomes = [voted(rule, iter(lambda: chance.random() < truth, None)) for _ in range(worlds)]
    mean, error = exact(rule, truth)
    votes = [number for number, _ in outcomes]
    found = sum(votes) / worlds
    spread = sqrt(sum((number - found) ** 2 for number in votes) / worlds / worlds)
    assert found == pytest.approx(mean, abs=4 * spread + 1e-9)
    lost = sum(winner is not True for _, winner in outcomes) / worlds
    assert lost == pytest.approx(error, abs=4 * sqrt(error * (1 - error) / worlds) + 2 / worlds)


@given(st.lists(st.sampled_from("abc"), min_size=9, max_size=9))
def test_curtailing_changes_no_winner(said: list[str]):
    """An odd number of votes may still be a tie of three answers: then all are taken."""
    _, winner = voted(Curtailed(9), iter(said))
    assert winner == merge(said, Ballots()).value


@given(st.lists(st.integers(0, 4), min_size=7, max_size=7))
def test_a_curtailed_median_is_the_median_of_all(said: list[int]):
    number, winner = voted(Median(7), iter(said))
    assert winner == median_low(said)
    assert 4 <= number <= 7


def test_a_median_of_equal_scores_needs_no_more_than_half():
    assert voted(Median(9), iter([7] * 9)) == (5, 7)
    assert voted(Median(9), iter("a" * 9)) == (5, "a")


RULES = [Fixed(3), Adaptive(), Adaptive(0.9, cap=4), FirstTo(2), Curtailed(5), Median(5), Fixed(1)]


@pytest.mark.parametrize("rule", RULES, ids=str)
def test_what_is_asked_at_the_same_time_is_surely_needed(rule: Voting):
    """No number of votes below what is needed could have been enough."""
    for said in product([1, 2], repeat=rule.most):
        votes: list[int] = []
        while True:
            merged = merge(votes, Ballots(median=rule.median)) if votes else None
            if merged is not None and rule.settled(merged.tallies, len(votes)):
                break
            needed = rule.needed(merged.tallies if merged else (), len(votes))
            for fewer in range(1, needed):
                early = merge(said[: len(votes) + fewer], Ballots(median=rule.median))
                assert not rule.settled(early.tallies, len(votes) + fewer)
            votes = list(said[: len(votes) + needed])
        assert 1 <= len(votes) <= rule.most


def needed_at_first(rule: Voting) -> int:
    return rule.needed((), 0)


def test_the_first_wave_is_the_earliest_end():
    rules = [Adaptive(), Adaptive(0.9), FirstTo(2), Curtailed(9), Median(9), Fixed(5)]
    assert [needed_at_first(rule) for rule in rules] == [4, 3, 2, 5, 5, 5]


def test_every_question_must_be_settled():
    rule = FirstTo(2)
    assert rule.settled([tally(2), tally(2, 1)], 3)
    assert not rule.settled([tally(2), tally(1, 1)], 2)


def test_free_text_settles_nothing():
    """Alone it takes all votes, beside others none."""
    text = Tally("$.reason", 2, (1, 1), decisive=False)
    assert FirstTo(2).settled([text, tally(2)], 2)
    assert not FirstTo(2).settled([text], 2)
    assert FirstTo(2).settled([text], 3)


def test_a_number_is_a_rule():
    assert voting_of(5) == Fixed(5)
    assert voting_of(Median()) == Median(5)


def made(rule: type[Voting], *options: object, **named: object) -> Voting:
    return rule(*options, **named)


WRONG: list[tuple[Sequence[object], str]] = [
    ((Fixed, 0), "votes=: votes=0 is not a number of votes from 1 up"),
    ((Curtailed, 0), "votes=: votes=0 is not"),
    ((Median, 0), "votes=: votes=0 is not"),
    ((FirstTo, 0), "votes=: times=0 is not"),
    ((FirstTo, 2, 0), "votes=: cap=0 is not"),
    ((FirstTo, 2, 1), "votes=: cap=1 votes cannot give one answer 2 times"),
    ((Adaptive, 0.95, 0), "votes=: cap=0 is not"),
    ((Adaptive, 0.5), "Adaptive: confidence=0.5 is not between 0.5 and 1"),
    ((Adaptive, 1), "Adaptive: confidence=1 is not between"),
    ((voting_of, True), "votes=: expected a number or a rule such as Adaptive(), got bool"),
    ((voting_of, "5"), "votes=: expected a number or a rule"),
]


@pytest.mark.parametrize(("said", "problem"), WRONG)
def test_a_rule_that_makes_no_sense_is_refused(said: Sequence[object], problem: str):
    with pytest.raises(ConfigurationError) as caught:
        made(*said)  # type: ignore[arg-type]
    assert problem in str(caught.value)
