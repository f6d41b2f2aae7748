"""Buckets and windows: never faster than the limit, and back to it after trouble."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from deterministic_llm.metering.pacing import Bucket, Window


def test_a_bucket_is_full_at_first_and_fills_by_the_minute():
    """60 at once, then one a second."""
    bucket = Bucket.of(60, now=0.0)
    bucket.take(60)
    assert bucket.seconds_until(1, now=0.0) == 1.0
    assert bucket.seconds_until(30, now=10.0) == 20.0
    assert bucket.seconds_until(30, now=30.0) == 0.0
    assert bucket.seconds_until(60, now=1e9) == 0.0


def test_more_than_a_minutes_worth_waits_for_a_full_bucket_and_leaves_a_debt():
    """Or it would wait for ever."""
    bucket = Bucket.of(60, now=0.0)
    bucket.take(10)
    assert bucket.seconds_until(100, now=0.0) == 10.0
    assert bucket.seconds_until(100, now=10.0) == 0.0
    bucket.take(100)
    assert bucket.seconds_until(1, now=10.0) == 41.0


def test_what_is_given_back_never_overflows():
    """A bucket holds a minute's worth."""
    bucket = Bucket.of(60, now=0.0)
    bucket.take(-1000)
    bucket.take(60)
    assert bucket.seconds_until(1, now=0.0) == 1.0


@given(
    st.integers(1, 1000),
    st.lists(st.tuples(st.floats(0, 30), st.integers(1, 50)), min_size=1, max_size=40),
)
def test_no_stretch_of_time_sees_more_than_the_bucket_and_its_refill(
    a_minute: int, asked: list[tuple[float, int]]
):
    """Whoever waits as long as told stays within the limit in every stretch."""
    bucket, now, taken = Bucket.of(a_minute, now=0.0), 0.0, []
    for later, wanted in asked:
        amount = min(wanted, a_minute)
        now += later
        now += bucket.seconds_until(amount, now=now)
        assert bucket.seconds_until(amount, now=now) == 0.0
        bucket.take(amount)
        taken.append((now, amount))
    for first in range(len(taken)):
        total = 0
        for at, amount in taken[first:]:
            total += amount
            assert total <= a_minute * (1 + (at - taken[first][0]) / 60) + 1e-3
    assert all(before <= after for (before, _), (after, _) in pairwise(taken))


def grown(window: Window, successes: int) -> int | None:
    for _ in range(successes):
        window.grow()
    return window.allowed


def test_a_window_halves_grows_by_one_after_a_window_of_successes_and_has_bounds():
    """Half and half again, never below one, never above what was allowed at first."""
    window = Window(8)
    sizes = []
    for _ in range(5):
        sizes.append(window.allowed)
        window.halve()
    assert sizes == [8, 4, 2, 1, 1]
    assert [grown(window, n) for n in (1, 1, 1, 2, 1, 4)] == [2, 2, 3, 3, 4, 5]
    assert grown(window, 5 + 6 + 7 + 8) == 8
    assert grown(window, 100) == 8


def test_calls_that_were_sent_before_a_halving_do_not_halve_again():
    """One burst of refusals is one sign."""
    window = Window(64)
    started = [window.start() for _ in range(64)]
    for each in started:
        window.halve(each)
        window.end()
    assert (window.allowed, window.in_flight) == (32, 0)
    window.halve(window.start())
    assert window.allowed == 16


def test_a_window_without_a_ceiling_learns_one_from_what_was_under_way():
    """And grows on without end."""
    window = Window(None)
    started = [window.start() for _ in range(10)]
    assert (window.has_room, window.allowed) == (True, None)
    assert grown(window, 5) is None
    window.halve(started[0])
    assert (window.has_room, window.allowed) == (False, 5)
    assert grown(window, sum(range(5, 20))) == 20
