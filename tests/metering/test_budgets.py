"""Budgets: exact sums, limits that nothing answered passes, from any thread, task or ending."""

# ruff: noqa: D102  # the rules of the machine are sentences themselves
from __future__ import annotations

import asyncio
import gc
import threading
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal, localcontext

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    invariant,
    multiple,
    rule,
)

from deterministic_llm._core.exchange import EXACT
from deterministic_llm.errors import ConfigurationError
from deterministic_llm.metering.budgets import Budget, Reservation, Short, reserve_in
from deterministic_llm.metering.purses import ambient, budget
from deterministic_llm.metering.spend import NOTHING, Left, Spend


@pytest.mark.parametrize(
    ("limits", "left"),
    [
        pytest.param({"usd": 0.1}, Left(usd=Decimal("0.1")), id="a float is a decimal as written"),
        pytest.param({"usd": "1e-7"}, Left(usd=Decimal("0.0000001")), id="text is exact"),
        pytest.param({"usd": 5, "calls": 0}, Left(Decimal(5), None, 0), id="nothing may be called"),
        pytest.param({"tokens": 7}, Left(tokens=7), id="tokens only"),
        pytest.param({}, Left(), id="no limit, only counted"),
    ],
)
def test_a_new_budget_has_all_of_its_limits_left(limits: dict[str, object], left: Left):
    """What is not limited is None."""
    purse = Budget(**limits)
    assert (purse.left, purse.limits, purse.spent) == (left, left, NOTHING)


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        pytest.param(
            {"usd": -1},
            "usd: expected US dollars, a finite number from 0 up, got -1 (write usd=5 or usd=0.25)",
            id="negative dollars",
        ),
        pytest.param(
            {"usd": "five"},
            "usd: expected US dollars, a finite number from 0 up, got 'five' "
            "(write usd=5 or usd=0.25)",
            id="words",
        ),
        pytest.param(
            {"tokens": 1e6},
            "tokens: expected a whole number from 0 up, got 1000000.0 (write tokens=100)",
            id="a float of tokens",
        ),
    ],
)
def test_a_nonsense_limit_is_refused_with_what_to_write(limits: dict[str, object], message: str):
    """What, where, got, fix."""
    with pytest.raises(ConfigurationError) as raised:
        Budget(**limits)
    assert str(raised.value) == message


@pytest.mark.parametrize("usd", [float("nan"), float("inf"), "-inf", True, "1e999", b"5", [5]])
def test_dollars_are_finite_numbers(usd: object):
    """Neither nan nor a bool nor more digits than can be added exactly."""
    with pytest.raises(ConfigurationError, match=r"^usd: expected US dollars"):
        Budget(usd=usd)


@pytest.mark.parametrize("tokens", [-1, True, "5", None])
def test_tokens_and_calls_are_whole_numbers(tokens: object):
    """None is the one other thing that may be said."""
    if tokens is None:
        assert Budget(tokens=tokens, calls=tokens).limits == Left()
        return
    for name in ("tokens", "calls"):
        with pytest.raises(ConfigurationError, match=f"^{name}: expected a whole number"):
            Budget(**{name: tokens})


def test_a_spend_adds_up_whatever_the_callers_context_rounds_to():
    """0.1 and 0.2 dollars are 0.3, and no digit is lost to a context of two digits."""
    with localcontext() as context:
        context.prec = 2
        total = Spend(usd=0.1, tokens=1) + Spend(usd="0.200001", calls=2)
    assert total == Spend(Decimal("0.300001"), 1, 2)


def test_the_repr_shows_what_is_spent_and_left():
    """As exact as the books."""
    purse = Budget(usd=5, calls=10)
    purse.reserve(Spend("0.5", 100, 1)).settle(Spend("0.0105", 1234, 1))
    assert repr(purse) == ("<Budget: $0.0105, 1,234 tokens, 1 call spent, $4.9895, 9 calls left>")
    assert repr(Budget()) == "<Budget: $0, 0 tokens, 0 calls spent, no limit left>"


WORST = Spend(usd="0.06", tokens=1000, calls=1)


@pytest.mark.parametrize(
    ("ending", "spent", "unsettled"),
    [
        pytest.param(
            lambda r: r.settle(Spend("0.02", 300, 1)),
            Spend("0.02", 300, 1),
            NOTHING,
            id="answered: the rest goes back",
        ),
        pytest.param(
            lambda r: r.settle(Spend("0.09", 2000, 1)),
            Spend("0.09", 2000, 1),
            NOTHING,
            id="answered at more than the worst case: recorded as it was",
        ),
        pytest.param(
            lambda r: r.settle(Spend(0, 300, 1), unsettled=Spend("0.06")),
            Spend(0, 300, 1),
            Spend("0.06"),
            id="answered, the cost unknown: its share stays",
        ),
        pytest.param(lambda r: r.release(), NOTHING, NOTHING, id="never sent: all goes back"),
        pytest.param(lambda r: r.abandon(), NOTHING, WORST, id="never answered: all stays away"),
    ],
)
def test_a_reservation_ends_in_one_of_three_ways(ending, spent: Spend, unsettled: Spend):
    """Whatever comes after the first ending changes nothing."""
    purse = Budget(usd=1, tokens=10_000, calls=9)
    reservation = purse.reserve(WORST)
    assert (purse.reserved, purse.left) == (WORST, Left(Decimal("0.94"), 9000, 8))
    for end in (ending, Reservation.release, Reservation.abandon):
        end(reservation)
    assert (purse.spent, purse.reserved, purse.unsettled) == (spent, NOTHING, unsettled)
    gone = spent + unsettled
    assert purse.left == Left(1 - gone.usd, 10_000 - gone.tokens, 9 - gone.calls)


@pytest.mark.parametrize(
    ("limits", "fits"),
    [
        pytest.param({"usd": "0.06", "tokens": 1000, "calls": 1}, True, id="exactly"),
        pytest.param({"usd": "0.0599999"}, False, id="dollars short"),
        pytest.param({"tokens": 999}, False, id="tokens short"),
        pytest.param({"calls": 0}, False, id="calls short"),
    ],
)
def test_a_reservation_must_fit_whole(limits: dict[str, object], *, fits: bool):
    """Never in part, and a refused one leaves nothing."""
    purse = Budget(**limits)
    assert (purse.reserve(WORST) is not None) == fits
    assert purse.reserved == (WORST if fits else NOTHING)


def test_a_call_is_reserved_in_all_budgets_or_in_none():
    """The refusal names what was asked and what was left where it failed."""
    outer, inner = Budget(usd=1), Budget(usd="0.05")
    short = reserve_in((outer, inner), WORST)
    assert short == Short(WORST, Left(usd=Decimal("0.05")), Left(usd=Decimal("0.05")))
    told = "at its worst it takes $0.06, 1,000 tokens, 1 call; left are $0.05 of $0.05"
    assert str(short) == told
    assert (outer.reserved, inner.reserved) == (NOTHING, NOTHING)


def test_a_budget_that_is_named_twice_counts_once():
    """As when a purse is around a call and passed to it too."""
    purse = Budget(calls=1)
    reservation = reserve_in((purse, purse), WORST)
    reservation.settle(Spend(calls=1))
    assert purse.spent == Spend(calls=1)


def test_after_an_overrun_nothing_more_is_let_in():
    """What is left is below 0 then, and says so."""
    purse = Budget(tokens=10)
    purse.reserve(Spend(tokens=10)).settle(Spend(tokens=25))
    assert (purse.left, purse.reserve(NOTHING)) == (Left(tokens=-15), None)
    assert str(Left(usd=Decimal("-0.20"))) == "-$0.2"


class Ledger(RuleBasedStateMachine):
    """Any order of reserving and ending, in one budget or two, against a sum over all events."""

    held = Bundle("held")
    dollars = st.decimals(0, 3, places=4, allow_nan=False)
    amounts = st.builds(Spend, dollars, st.integers(0, 40), st.integers(0, 3))

    def __init__(self) -> None:
        super().__init__()
        self.budgets = (Budget(usd=10, tokens=100, calls=8), Budget(usd=5))
        self.reserved = [[], []]
        self.spent = [[], []]
        self.unsettled = [[], []]
        self.overrun = False

    @rule(target=held, worst=amounts, where=st.sampled_from([(0,), (1,), (0, 1), (1, 0, 1)]))
    def reserve(self, worst: Spend, where: tuple[int, ...]):
        fits = all(self.fits(worst, at) for at in where)
        got = reserve_in([self.budgets[at] for at in where], worst)
        assert isinstance(got, Reservation) == fits
        if not fits:
            return multiple()
        for at in set(where):
            self.reserved[at].append(worst)
        return got, frozenset(where)

    @rule(held=consumes(held), share=st.fractions(0, 1))
    def settle(self, held, share):
        reservation, where = held
        worst = reservation.worst
        actual = Spend(EXACT.divide(worst.usd, 2), int(worst.tokens * share), min(1, worst.calls))
        reservation.settle(actual)
        self.end(where, worst, spent=actual)

    @rule(held=consumes(held), more=amounts)
    def overrun_the_reservation(self, held, more: Spend):
        reservation, where = held
        reservation.settle(reservation.worst + more)
        self.overrun = self.overrun or more != NOTHING
        self.end(where, reservation.worst, spent=reservation.worst + more)

    @rule(held=consumes(held))
    def release(self, held):
        reservation, where = held
        reservation.release()
        self.end(where, reservation.worst)

    @rule(held=consumes(held), again=st.booleans())
    def abandon(self, held, *, again: bool):
        reservation, where = held
        reservation.abandon()
        if again:
            reservation.settle(reservation.worst)
        self.end(where, reservation.worst, unsettled=reservation.worst)

    @invariant()
    def the_books_are_the_sums_of_what_happened(self):
        for at, purse in enumerate(self.budgets):
            assert purse.spent == self.total(self.spent[at])
            assert purse.reserved == self.total(self.reserved[at])
            assert purse.unsettled == self.total(self.unsettled[at])

    @invariant()
    def no_limit_is_passed_unless_a_call_cost_more_than_its_worst_case(self):
        if self.overrun:
            return
        for purse in self.budgets:
            left = purse.left
            assert all(
                amount is None or amount >= 0 for amount in (left.usd, left.tokens, left.calls)
            )

    def fits(self, worst: Spend, at: int) -> bool:
        taken = self.total([*self.spent[at], *self.reserved[at], *self.unsettled[at], worst])
        limits = self.budgets[at].limits
        pairs = zip(
            (taken.usd, taken.tokens, taken.calls),
            (limits.usd, limits.tokens, limits.calls),
            strict=True,
        )
        return all(limit is None or amount <= limit for amount, limit in pairs)

    def end(self, where, worst: Spend, *, spent: Spend = NOTHING, unsettled: Spend = NOTHING):
        for at in where:
            self.reserved[at].remove(worst)
            self.spent[at].append(spent)
            self.unsettled[at].append(unsettled)

    @staticmethod
    def total(amounts: list[Spend]) -> Spend:
        return sum(amounts, start=NOTHING)


TestLedger = pytest.mark.untraced(Ledger.TestCase)


def spend_it_all(purses: tuple[Budget, ...], answered: list[Spend]) -> None:
    """Call until refused, at a third of the worst case."""
    actual = Spend("0.003", 100, 1)
    while isinstance(reservation := reserve_in(purses, Spend("0.009", 300, 1)), Reservation):
        reservation.settle(actual)
        answered.append(actual)


def test_64_threads_never_pass_a_limit_and_lose_no_cent():
    """Two budgets that are locked in either order, to the last call that fits."""
    first, second = Budget(usd=1), Budget(calls=400)
    answered: list[Spend] = []
    start = threading.Barrier(64)

    def work(number: int) -> None:
        start.wait()
        spend_it_all((first, second) if number % 2 else (second, first), answered)

    with ThreadPoolExecutor(64) as pool:
        list(pool.map(work, range(64)))
    total = sum(answered, start=NOTHING)
    assert (first.spent, second.spent) == (total, total)
    assert (first.reserved, second.reserved) == (NOTHING, NOTHING)
    assert Decimal("0.991") - 63 * Decimal("0.009") < total.usd <= 1
    assert total.calls < 400


def test_64_tasks_in_a_block_share_its_budget():
    """Tasks see the blocks that they were started in, and nothing of each other's."""
    answered: list[Spend] = []

    async def work() -> tuple[Budget, ...]:
        with budget(calls=10) as mine:
            await asyncio.sleep(0)
            spend_it_all(ambient(), answered)
            return mine, *ambient()

    async def main() -> tuple[Budget, list[tuple[Budget, ...]]]:
        with budget(calls=100) as ours:
            return ours, await asyncio.gather(*(work() for _ in range(64)))

    ours, seen = asyncio.run(main())
    assert ours.spent == sum(answered, start=NOTHING) == Spend("0.3", 10_000, 100)
    assert [purses[1:] for purses in seen] == [(ours, purses[0]) for purses in seen]
    assert sum((purses[0].spent for purses in seen), start=NOTHING) == ours.spent
    assert ambient() == ()


def test_blocks_nest_outermost_first_and_end_with_an_exception_too():
    """The variable is put back whatever ends the block."""
    with budget(usd=5) as outer:
        with budget(calls=1) as inner:
            assert ambient() == (outer, inner)
        with pytest.raises(ConfigurationError), budget(tokens=1):
            Budget(usd=-1)
        assert ambient() == (outer,)
    assert ambient() == ()


def test_a_thread_has_the_block_that_it_is_given():
    """``asyncio.to_thread`` copies the context; a bare thread starts without one."""

    async def main() -> tuple[object, object]:
        with budget(calls=1) as purse:
            assert await asyncio.to_thread(ambient) == (purse,)
            with ThreadPoolExecutor(1) as pool:
                return pool.submit(ambient).result(), purse

    assert asyncio.run(main())[0] == ()


def test_an_ending_by_the_garbage_collector_needs_no_lock():
    """It may run in the very thread that holds the books; the next look sees it booked."""
    purse = Budget(calls=2)

    class Dropped:
        def __init__(self) -> None:
            self.itself = self  # a cycle: only the collector frees it
            self.reservation = purse.reserve(Spend(calls=1))

        def __del__(self) -> None:
            self.reservation.abandon()

    Dropped()
    with purse.books.changes.lock:
        gc.collect()
        assert purse.books.unsettled.calls == 0
    assert (purse.unsettled, purse.reserved) == (Spend(calls=1), NOTHING)
