"""Limits on money, tokens and calls: the worst case is reserved before a call, settled after.

What was reserved becomes *spent* when the call is answered, goes back when it was never sent, and
stays *unsettled* when nobody knows. Everything here is exact, never waits, and may be used from
any number of threads and event loops at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from functools import partial
from itertools import count

from deterministic_llm._core.exchange import EXACT
from deterministic_llm._core.records import frozen
from deterministic_llm._core.sharing import Shared
from deterministic_llm.metering.changes import Changes
from deterministic_llm.metering.spend import NOTHING, Dollars, Left, Spend, checked, dollars, whole


class Budget(Shared):
    """At most *usd* US dollars, *tokens* tokens and *calls* calls, whoever shares it.

    Each limit may be left out. Nothing that was answered passes a limit, whatever the concurrency,
    as long as no call costs more than was reserved for it; one that did is recorded as it was.
    Raises ConfigurationError for a limit that is no finite number from 0 up.
    """

    __slots__ = ("books",)
    elsewhere = "its limit holds for one process: make one in each, with its part of the limit"

    def __init__(
        self,
        *,
        usd: Dollars | None = None,
        tokens: int | None = None,
        calls: int | None = None,
    ) -> None:
        self.books = Books(
            Left(
                None if usd is None else dollars(usd, what="usd"),
                None if tokens is None else whole(tokens, what="tokens"),
                None if calls is None else whole(calls, what="calls"),
            )
        )

    def __repr__(self) -> str:
        return f"<Budget: {self.spent} spent, {self.left} left>"

    @property
    def limits(self) -> Left:
        """What it was made with."""
        return self.books.limits

    @property
    def spent(self) -> Spend:
        """What answered calls cost."""
        return self.books.read(self.books.spent)

    @property
    def reserved(self) -> Spend:
        """The worst case of the calls that are under way."""
        return self.books.read(self.books.reserved)

    @property
    def unsettled(self) -> Spend:
        """The worst case of what was sent and never answered: it may have been charged for."""
        return self.books.read(self.books.unsettled)

    @property
    def left(self) -> Left:
        """What may still be reserved; below 0 after a call that cost more than its worst case."""
        books = self.books
        with books.changes.lock:
            books.changes.make()
            left = books.left()
        books.changes.catch_up()
        return left

    def reserve(self, worst: Spend) -> Reservation | None:
        """Hold *worst* for one call, or None when less is left; never waits."""
        reservation = reserve_in((self,), checked(worst, what="worst"))
        return reservation if isinstance(reservation, Reservation) else None


class Reservation:
    """The *worst* that one call may cost, held until one of the three ways to end it.

    The first ending counts and later ones change nothing, so a ``finally`` may always abandon. None
    of them ever waits for another thread.
    """

    __slots__ = ("_open", "worst")

    def __init__(self, worst: Spend, books: Sequence[Books]) -> None:
        self.worst = worst
        self._open = [books]

    def settle(self, actual: Spend, *, unsettled: Spend = NOTHING) -> None:
        """The call was answered and cost *actual*; the part that nobody told stays *unsettled*."""
        try:
            books = self._open.pop()  # atomic: of two threads one gets it
        except IndexError:
            return
        for each in books:
            each.changes.note(partial(each.close, self.worst, actual, unsettled))

    def release(self) -> None:
        """The call was never sent: all of it goes back."""
        self.settle(NOTHING)

    def abandon(self) -> None:
        """The call was sent and never answered: its share is gone for good, as unsettled."""
        self.settle(NOTHING, unsettled=self.worst)


@frozen
class Short:
    """A reservation that was refused: *worst* was asked, *left* was there, of *limits*."""

    worst: Spend
    left: Left
    limits: Left

    def __str__(self) -> str:
        return f"at its worst it takes {self.worst}; left are {self.left} of {self.limits}"


def reserve_in(budgets: Sequence[Budget], worst: Spend) -> Reservation | Short:
    """Hold *worst* in all of *budgets* or in none; a budget that is named twice counts once."""
    books = tuple({budget.books for budget in budgets})
    if len(books) > 1:
        books = tuple(sorted(books, key=_number))
    refused = _reserve_from(books, 0, worst)
    for each in books:
        each.changes.catch_up()
    return Reservation(worst, books) if refused is None else refused


def _reserve_from(books: Sequence[Books], first: int, worst: Spend) -> Short | None:
    """Lock the books from *first* on, one in the other; then reserve in all, if all cover it.

    They are locked in the order of their making, so two calls never wait for each other.
    """
    if first == len(books):
        for each in books:
            if not each.covers(worst):
                return Short(worst, each.left(), each.limits)
        for each in books:
            each.reserved.add(worst)
        return None
    with books[first].changes.lock:
        books[first].changes.make()
        return _reserve_from(books, first + 1, worst)


class Books:
    """The accounts of one budget, changed only under the lock of *changes*."""

    __slots__ = ("changes", "limits", "number", "reserved", "spent", "unsettled")

    def __init__(self, limits: Left) -> None:
        self.number = next(_NUMBERS)
        self.changes = Changes()
        self.limits = limits
        self.spent = Account()
        self.reserved = Account()
        self.unsettled = Account()

    def read(self, account: Account) -> Spend:
        """What is in *account* at this moment."""
        with self.changes.lock:
            self.changes.make()
            amount = Spend(account.usd, account.tokens, account.calls)
        self.changes.catch_up()
        return amount

    def covers(self, worst: Spend) -> bool:
        """Whether every limit has room for *worst*; the lock is held."""
        limits, spent, reserved, unsettled = self.limits, self.spent, self.reserved, self.unsettled
        if limits.calls is not None:
            calls = spent.calls + reserved.calls + unsettled.calls + worst.calls
            if calls > limits.calls:
                return False
        if limits.tokens is not None:
            tokens = spent.tokens + reserved.tokens + unsettled.tokens + worst.tokens
            if tokens > limits.tokens:
                return False
        if limits.usd is None:
            return True
        known = EXACT.add(EXACT.add(spent.usd, reserved.usd), unsettled.usd)
        return EXACT.add(known, worst.usd) <= limits.usd

    def left(self) -> Left:
        """The limits less everything spent, reserved and unsettled; the lock is held."""
        limits, gone = self.limits, (self.spent, self.reserved, self.unsettled)
        usd, tokens, calls = limits.usd, limits.tokens, limits.calls
        for account in gone:
            usd = None if usd is None else EXACT.subtract(usd, account.usd)
            tokens = None if tokens is None else tokens - account.tokens
            calls = None if calls is None else calls - account.calls
        return Left(usd, tokens, calls)

    def close(self, worst: Spend, actual: Spend, unsettled: Spend) -> None:
        """End a reservation of *worst*; the lock is held."""
        self.reserved.take(worst)
        self.spent.add(actual)
        if unsettled is not NOTHING:
            self.unsettled.add(unsettled)


class Account:
    """One running sum; plain numbers, because a new Spend a booking would be half the cost."""

    __slots__ = ("calls", "tokens", "usd")

    def __init__(self) -> None:
        self.usd = Decimal(0)
        self.tokens = 0
        self.calls = 0

    def add(self, amount: Spend) -> None:
        """Book *amount*."""
        self.usd = EXACT.add(self.usd, amount.usd)
        self.tokens += amount.tokens
        self.calls += amount.calls

    def take(self, amount: Spend) -> None:
        """Book *amount* back."""
        self.usd = EXACT.subtract(self.usd, amount.usd)
        self.tokens -= amount.tokens
        self.calls -= amount.calls


_NUMBERS = count()


def _number(books: Books) -> int:
    return books.number
