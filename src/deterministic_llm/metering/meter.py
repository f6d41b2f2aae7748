"""What a call costs: reserved before it, booked after it, in every budget that it counts in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field, replace
from decimal import Decimal
from functools import partial
from typing import cast

from deterministic_llm._core.answering import Answer, AwaitingCall, BlockingCall
from deterministic_llm._core.attempts import Request
from deterministic_llm._core.exchange import (
    EXACT,
    UNCOUNTED,
    CallFailure,
    Completion,
    FailureKind,
)
from deterministic_llm._core.records import frozen
from deterministic_llm.errors import ConfigurationError
from deterministic_llm.metering.bounds import Unbounded, all_parameters, worst_case
from deterministic_llm.metering.budgets import Budget, Reservation, Short, reserve_in
from deterministic_llm.metering.gates import agated, gated
from deterministic_llm.metering.price_lists import price_of
from deterministic_llm.metering.prices import Price, cost_of
from deterministic_llm.metering.purses import ambient
from deterministic_llm.metering.spend import NOTHING, ONE_CALL, Spend, checked

_ANSWERED: frozenset[FailureKind] = frozenset(
    {
        "rate_limited",
        "overloaded",
        "conflict",
        "quota",
        "unauthorized",
        "bad_request",
        "unsupported",
        "prompt_too_long",
    }
)
"""Failures that only the server's own word can be: no answer was made, nothing is charged."""
_GATEWAYS = frozenset({408, 499, 502, 504, *range(520, 528)})
"""Statuses of something in between that lost sight of the server, which may still be working."""

_STANDARD = ("auto", "default")
_UNBOUNDED = "a budget in dollars or tokens cannot be kept: {}"
_UNPRICED = (
    "a budget in dollars needs a price, and nobody knows one of {0!r}: pass prices={{{0!r}: "
    "Price(input, output)}}, install deterministic-llm[cost], or say allow_unpriced=True, and "
    "its calls cost nothing in the budget"
)
_UNKNOWN = (
    "a budget in dollars needs to know what a call of the function costs: pass "
    "reserve=Spend(usd=...), the most that one may cost"
)
_NO_PRICE = "prices[{0!r}]: expected a Price, got {1!r} (write Price(input, output), US dollars)"
_UNSAID = "the budget limits what reserve= leaves out: set {0} in {1!r}"


@frozen
class Meter:
    """The gate that keeps calls of *model* within *budgets* and those of the blocks around them.

    Prices come from the *table*, else from genai-prices for the server at *url*. *reserve* is what
    one call of a function that makes its own call costs at most. ``enter()`` raises
    ConfigurationError when a limit could not be kept: a price or a bound is missing.
    """

    budgets: tuple[Budget, ...] = ()
    model: str | None = None
    table: Mapping[str, Price] = field(default_factory=dict[str, Price])
    url: str | None = None
    reserve: Spend | None = None
    allow_unpriced: bool = False

    def __post_init__(self) -> None:
        for name, price in cast("Mapping[str, object]", self.table).items():
            if not isinstance(price, Price):
                raise ConfigurationError(_NO_PRICE.format(name, price))
        if self.reserve is not None:
            checked(self.reserve, what="reserve")

    def enter(self, request: Request) -> Charge | CallFailure:
        """Reserve the worst case of *request* everywhere, or say what was asked and left."""
        budgets = ambient() + self.budgets
        if not budgets:
            return Charge(self, request, None)
        reservation = reserve_in(budgets, self.worst(request, budgets))
        if isinstance(reservation, Short):
            return CallFailure(str(reservation), "over_budget", sent=False)
        return Charge(self, request, reservation)

    def worst(self, request: Request, budgets: Sequence[Budget]) -> Spend:
        """What *request* costs at most, as far as *budgets* limit it."""
        limits = [budget.books.limits for budget in budgets]
        in_dollars = any(each.usd is not None for each in limits)
        in_tokens = any(each.tokens is not None for each in limits)
        if not in_dollars and not in_tokens:
            return ONE_CALL if self.reserve is None else _with_a_call(self.reserve)
        if self.reserve is not None:
            return self._reserved(self.reserve, in_dollars=in_dollars, in_tokens=in_tokens)
        price = self._price(request) if in_dollars else None
        if price is None and not in_tokens:
            return ONE_CALL
        bound = worst_case(request, price=price)
        if isinstance(bound, Unbounded):
            raise ConfigurationError(_UNBOUNDED.format(bound))
        return bound

    def priced(self, request: Request, answer: Answer) -> Answer:
        """*answer* to *request*; a completion comes with its cost, where that is known."""
        if isinstance(answer, CallFailure) or answer.usage is UNCOUNTED:
            return answer
        cost = self.cost(request, answer)
        return answer if cost is answer.cost else replace(answer, cost=cost)

    def cost(self, request: Request, completion: Completion) -> Decimal | None:
        """US dollars for *completion* of *request*, at the price of what served it, if known."""
        usage = completion.usage
        if completion.cost is not None or not (usage.input_tokens or usage.output_tokens):
            return completion.cost
        asked, served = self.model, completion.model
        price = self.table.get(asked) if asked is not None else None
        price = price or self._price_of(served, request)
        if price is None and asked != served:
            price = self._price_of(asked, request)
        return None if price is None else cost_of(usage, price)

    def at_most(self, request: Request, written: int) -> Spend | None:
        """What *request* costs at most when so much was *written*; None when nobody can say."""
        price = self._price_of(self.model, request)
        bound = None if self.reserve else worst_case(request, price=price, written=written)
        return bound if isinstance(bound, Spend) else None

    def _price(self, request: Request) -> Price | None:
        price = self._price_of(self.model, request)
        if price is None and not self.allow_unpriced:
            told = _UNKNOWN if self.model is None else _UNPRICED.format(self.model)
            raise ConfigurationError(told)
        return price

    def _price_of(self, model: str | None, request: Request) -> Price | None:
        tier = all_parameters(request).get("service_tier")
        asked = tier if isinstance(tier, str) and tier not in _STANDARD else None
        return price_of(model, self.table, url=self.url, tier=asked)

    def _reserved(self, reserve: Spend, *, in_dollars: bool, in_tokens: bool) -> Spend:
        unsaid = {
            "usd=": in_dollars and not reserve.usd and not self.allow_unpriced,
            "tokens=": in_tokens and not reserve.tokens,
        }
        if any(unsaid.values()):
            missing = " and ".join(name for name in unsaid if unsaid[name])
            raise ConfigurationError(_UNSAID.format(missing, reserve))
        return _with_a_call(reserve)


class Charge:
    """One call under way, with what is reserved for it; without an answer that stays unsettled."""

    __slots__ = ("_meter", "_request", "_reservation")

    def __init__(self, meter: Meter, request: Request, reservation: Reservation | None) -> None:
        self._meter = meter
        self._request = request
        self._reservation = reservation

    def dropped(self) -> None:
        """Leave what was reserved unsettled."""
        if self._reservation is not None:
            self._reservation.abandon()

    def closed(self, answer: Answer) -> Answer:
        """Book what *answer* cost; a completion comes back with its cost."""
        if isinstance(answer, Completion):
            return self._completed(answer)
        if self._reservation is not None:
            _fail(self._reservation, answer)
        return answer

    def _completed(self, completion: Completion) -> Completion:
        cost = self._meter.cost(self._request, completion)
        if self._reservation is not None and completion.finish == "stopped":
            known = Spend(NOTHING.usd if cost is None else cost, completion.usage.total_tokens, 1)
            most = self._meter.at_most(self._request, completion.usage.output_tokens)
            _settle_stopped(self._reservation, known, most)
        elif self._reservation is not None:
            _settle(self._reservation, cost, completion.usage.total_tokens)
        return completion if cost is completion.cost else replace(completion, cost=cost)


def metered(call: BlockingCall, meter: Meter) -> BlockingCall:
    """*call* behind *meter*; outside all budgets nothing is reserved, the answer is only priced."""
    # A new function each time would undo what the interpreter learned of the last one.
    return partial(_metered, call, meter)


def _metered(call: BlockingCall, meter: Meter, request: Request) -> Answer:
    if meter.budgets or ambient():
        return gated(call, meter)(request)
    return meter.priced(request, call(request))


def ametered(call: AwaitingCall, meter: Meter) -> AwaitingCall:
    """*call* behind *meter*, to be awaited."""
    return partial(_ametered, call, meter)


async def _ametered(call: AwaitingCall, meter: Meter, request: Request) -> Answer:
    if meter.budgets or ambient():
        return await agated(call, meter)(request)
    return meter.priced(request, await call(request))


def _with_a_call(reserve: Spend) -> Spend:
    """*reserve*, which is for one call when it does not say for how many."""
    return reserve if reserve.calls else Spend(reserve.usd, reserve.tokens, 1)


def _settle(reservation: Reservation, cost: Decimal | None, tokens: int) -> None:
    """Book what is known; what nobody told keeps its share of the worst case."""
    worst = reservation.worst
    actual = Spend(NOTHING.usd if cost is None else cost, tokens, 1)
    if cost is not None and tokens and worst.calls == 1:
        reservation.settle(actual)
        return
    unknown = Spend(
        worst.usd if cost is None else NOTHING.usd,
        0 if tokens else worst.tokens,
        worst.calls - 1,
    )
    reservation.settle(actual, unsettled=unknown)


def _settle_stopped(reservation: Reservation, known: Spend, most: Spend | None) -> None:
    """Book the estimate of an answer that we stopped; what its prompt may take besides stays."""
    worst = reservation.worst
    most = worst if most is None else most
    unknown = Spend(
        max(NOTHING.usd, EXACT.subtract(min(most.usd, worst.usd), known.usd)),
        max(0, min(most.tokens, worst.tokens) - known.tokens),
        worst.calls - 1,
    )
    reservation.settle(known, unsettled=unknown)


def _fail(reservation: Reservation, failure: CallFailure) -> None:
    if not failure.sent:
        reservation.release()
    elif _refused_by_server(failure):
        reservation.settle(ONE_CALL)
    else:
        reservation.abandon()


def _refused_by_server(failure: CallFailure) -> bool:
    """Whether the server itself said no, before it made an answer."""
    if failure.status in _GATEWAYS:
        return False
    return failure.kind in _ANSWERED or (failure.status or 0) >= 400
