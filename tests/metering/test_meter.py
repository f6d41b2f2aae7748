"""The meter before a call: what is reserved, what is booked, whatever the call comes to."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from decimal import Decimal

import pytest

from deterministic_llm._core.answering import Answer
from deterministic_llm._core.attempts import Request
from deterministic_llm._core.exchange import CallFailure, Completion, Usage
from deterministic_llm.errors import ConfigurationError
from deterministic_llm.metering.budgets import Budget
from deterministic_llm.metering.gates import agated, gated
from deterministic_llm.metering.meter import Meter
from deterministic_llm.metering.prices import Price
from deterministic_llm.metering.purses import budget
from deterministic_llm.metering.spend import NOTHING, Spend

PRICES = {"mine": Price(1, 2)}
REQUEST = Request(
    1, prompt=({"role": "user", "content": "How much?"},), parameters={"max_tokens": 1000}
)
WORST = Spend("0.00233", 1330, 1)
ANSWER = Completion("9", model="mine-2026", usage=Usage(100, 10))
TOLD = Spend("0.00012", 110, 1)


def by_blocking(answer: Answer | BaseException, meter: Meter) -> Answer:
    def call(request: Request) -> Answer:
        assert request is REQUEST
        if isinstance(answer, BaseException):
            raise answer
        return answer

    return gated(call, meter)(REQUEST)


def by_awaiting(answer: Answer | BaseException, meter: Meter) -> Answer:
    async def call(request: Request) -> Answer:
        assert request is REQUEST
        await asyncio.sleep(0)
        if isinstance(answer, BaseException):
            raise answer
        return answer

    return asyncio.run(_asked(agated(call, meter)))


async def _asked(call: Callable[[Request], Awaitable[Answer]]) -> Answer:
    return await call(REQUEST)


DRIVERS = pytest.mark.parametrize("ask", [by_blocking, by_awaiting])


@DRIVERS
def test_a_completion_comes_back_with_its_cost_and_is_booked_at_it(ask):
    """In the budget that was passed, and in that of the block around."""
    purse = Budget(usd=1)
    with budget(tokens=5000) as around:
        answer = ask(ANSWER, Meter((purse,), model="mine", table=PRICES))
    assert answer == replace(ANSWER, cost=Decimal("0.00012"))
    assert (purse.spent, around.spent) == (TOLD, TOLD)
    assert (purse.reserved, purse.unsettled) == (NOTHING, NOTHING)


ONE = Spend(calls=1)


@DRIVERS
@pytest.mark.parametrize(
    ("failure", "spent", "unsettled"),
    [
        pytest.param(CallFailure("busy", "rate_limited", status=429), ONE, NOTHING, id="429"),
        pytest.param(CallFailure("no", "bad_request", status=400), ONE, NOTHING, id="400"),
        pytest.param(CallFailure("oh", "server_error", status=500), ONE, NOTHING, id="500"),
        pytest.param(CallFailure("full", "overloaded", status=503), ONE, NOTHING, id="503"),
        pytest.param(CallFailure("busy", "rate_limited"), ONE, NOTHING, id="no status, but a word"),
        pytest.param(
            CallFailure("refused", sent=False), NOTHING, NOTHING, id="no connection was made"
        ),
        pytest.param(CallFailure("broken"), NOTHING, WORST, id="the connection broke"),
        pytest.param(CallFailure("slow", "timeout"), NOTHING, WORST, id="no answer in time"),
        pytest.param(CallFailure("slow", "late"), NOTHING, WORST, id="the run's time was over"),
        pytest.param(CallFailure("gw", "server_error", status=504), NOTHING, WORST, id="504"),
        pytest.param(CallFailure("cf", "server_error", status=524), NOTHING, WORST, id="524"),
        pytest.param(CallFailure("slow", "timeout", status=408), NOTHING, WORST, id="408"),
        pytest.param(CallFailure("?", "malformed"), NOTHING, WORST, id="an unreadable answer"),
        pytest.param(CallFailure("cut", "cut_off"), NOTHING, WORST, id="half an answer"),
        pytest.param(CallFailure("error", "server_error"), NOTHING, WORST, id="an error with 200"),
        pytest.param(
            CallFailure("open", "circuit_open", sent=False), NOTHING, NOTHING, id="never called"
        ),
    ],
)
def test_a_failure_costs_what_can_have_been_charged(
    ask, failure: CallFailure, spent: Spend, unsettled: Spend
):
    """Nothing where the server said no, all of it where nobody knows."""
    purse = Budget(usd=1, tokens=5000)
    assert ask(failure, Meter((purse,), model="mine", table=PRICES)) is failure
    assert (purse.spent, purse.unsettled, purse.reserved) == (spent, unsettled, NOTHING)


@DRIVERS
@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError, ConfigurationError])
def test_an_exception_passes_through_and_leaves_its_share_unsettled(ask, error):
    """The request may have been sent before."""
    purse = Budget(usd=1)
    with pytest.raises(error):
        ask(error("stop"), Meter((purse,), model="mine", table=PRICES))
    assert (purse.spent, purse.unsettled, purse.reserved) == (NOTHING, WORST, NOTHING)


def test_without_a_budget_a_call_has_a_cost_and_leaves_nothing():
    """Failures and exceptions pass as they are."""
    meter = Meter(model="mine", table=PRICES)
    assert by_blocking(ANSWER, meter) == replace(ANSWER, cost=Decimal("0.00012"))
    failure = CallFailure("slow", "timeout")
    assert by_blocking(failure, meter) is failure
    with pytest.raises(ValueError, match="stop"):
        by_blocking(ValueError("stop"), meter)


@pytest.mark.parametrize(
    ("tier", "cost"),
    [
        pytest.param("auto", Decimal("0.000045"), id="what the server takes for standard"),
        pytest.param("flex", Decimal("0.0000225"), id="another tier, at its own price"),
        pytest.param("nobody's", None, id="a tier without a price: the cost is unknown"),
    ],
)
def test_the_tier_that_was_asked_for_decides_the_price(tier: str, cost: Decimal | None):
    """Wherever it stands in the request."""
    asked = replace(REQUEST, parameters={"extra_body": {"service_tier": tier}})
    meter = Meter(model="gpt-5-mini", url="https://api.openai.com/v1")
    completion = replace(ANSWER, model="gpt-5-mini-2025-08-07")
    assert gated(lambda _: completion, meter)(asked) == replace(completion, cost=cost)


def test_a_cancelled_call_leaves_its_share_unsettled():
    """And nothing reserved, and the cancellation goes on."""
    purse = Budget(calls=3)
    never = asyncio.Event()

    async def call(_: Request) -> Answer:
        await never.wait()
        return ANSWER

    async def main() -> None:
        asking = asyncio.ensure_future(agated(call, Meter((purse,)))(REQUEST))
        await asyncio.sleep(0)
        assert purse.reserved == ONE
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking

    asyncio.run(main())
    assert (purse.spent, purse.unsettled, purse.reserved) == (NOTHING, ONE, NOTHING)


@DRIVERS
def test_a_call_that_does_not_fit_is_not_made(ask):
    """The failure tells what was asked and left."""
    purse = Budget(usd="0.002")
    failure = ask(AssertionError("called"), Meter((purse,), model="mine", table=PRICES))
    message = "at its worst it takes $0.00233, 1,330 tokens, 1 call; left are $0.002 of $0.002"
    assert failure == CallFailure(message, "over_budget", sent=False)
    assert (purse.spent, purse.unsettled, purse.reserved) == (NOTHING, NOTHING, NOTHING)


@pytest.mark.parametrize(
    ("completion", "meter", "spent", "unsettled"),
    [
        pytest.param(
            Completion("9", model="mine"),
            Meter(model="mine", table=PRICES),
            ONE,
            Spend(WORST.usd, WORST.tokens),
            id="the server told no usage: the worst case stays",
        ),
        pytest.param(
            replace(ANSWER, cost=Decimal("0.5")),
            Meter(model="mine", table=PRICES),
            Spend("0.5", 110, 1),
            NOTHING,
            id="the server told the cost itself",
        ),
        pytest.param(
            ANSWER,
            Meter(model="local", allow_unpriced=True),
            Spend(0, 110, 1),
            NOTHING,
            id="unpriced, as allowed: no dollars",
        ),
        pytest.param(
            Completion("9"),
            Meter(reserve=Spend("0.3", 900)),
            ONE,
            Spend("0.3", 900),
            id="a reserve without a number of calls is for one",
        ),
        pytest.param(
            ANSWER,
            Meter(reserve=Spend("0.3", 900)),
            Spend(0, 110, 1),
            Spend("0.3"),
            id="reserved by the user, the price unknown: the dollars stay",
        ),
        pytest.param(
            Completion("9"),
            Meter(reserve=Spend("0.3", 900, calls=3)),
            ONE,
            Spend("0.3", 900, 2),
            id="a function of three calls that tells nothing",
        ),
        pytest.param(
            ANSWER,
            Meter(model="mine", table={"mine": Price(1, 2), "mine-2026": Price(100, 200)}),
            TOLD,
            NOTHING,
            id="the user's price of what was asked wins over that of what was served",
        ),
        pytest.param(
            Completion("9", model="big", usage=Usage(1000, 1000)),
            Meter(model="auto", table={"big": Price(5, 5)}, reserve=Spend("0.001", 100)),
            Spend("0.01", 2000, 1),
            NOTHING,
            id="what was served cost more than was reserved: booked as it was",
        ),
    ],
)
def test_what_is_known_is_booked_and_the_rest_stays_unsettled(
    completion: Completion, meter: Meter, spent: Spend, unsettled: Spend
):
    """So that no limit is passed by what nobody told."""
    purse = Budget(usd=1, tokens=5000)
    by_blocking(completion, replace(meter, budgets=(purse,)))
    assert (purse.spent, purse.unsettled, purse.reserved) == (spent, unsettled, NOTHING)


UNLIMITED = replace(REQUEST, parameters={})


@pytest.mark.parametrize(
    ("meter", "limits", "asked", "message"),
    [
        pytest.param(
            Meter(),
            {"usd": 1},
            REQUEST,
            "a budget in dollars needs to know what a call of the function costs: pass "
            "reserve=Spend(usd=...), the most that one may cost",
            id="a function, whose model nobody knows",
        ),
        pytest.param(
            Meter(model="no-such-model"),
            {"usd": 1},
            REQUEST,
            "a budget in dollars needs a price, and nobody knows one of 'no-such-model': pass "
            "prices={'no-such-model': Price(input, output)}, install deterministic-llm[cost], or "
            "say allow_unpriced=True, and its calls cost nothing in the budget",
            id="dollars without a price",
        ),
        pytest.param(
            Meter(model="mine", table=PRICES),
            {"usd": 1},
            UNLIMITED,
            "a budget in dollars or tokens cannot be kept: "
            "the length of an answer has no limit: set max_tokens=",
            id="dollars without max_tokens",
        ),
        pytest.param(
            Meter(),
            {"tokens": 1},
            Request(1),
            "a budget in dollars or tokens cannot be kept: what a function asks in its own call "
            "cannot be counted: pass reserve=Spend(usd=..., tokens=...)",
            id="tokens around a function",
        ),
        pytest.param(
            Meter(reserve=Spend(calls=2)),
            {"usd": 1, "tokens": 1},
            Request(1),
            "the budget limits what reserve= leaves out: set usd= and tokens= in "
            "Spend(usd=Decimal('0'), tokens=0, calls=2)",
            id="a reserve that says too little",
        ),
    ],
)
def test_a_limit_that_could_not_be_kept_is_an_error_before_the_first_call(
    meter: Meter, limits: dict[str, int], asked: Request, message: str
):
    """What, where, got, fix."""
    with budget(**limits) as purse, pytest.raises(ConfigurationError) as raised:
        gated(lambda _: pytest.fail("called"), meter)(asked)
    assert (str(raised.value), purse.reserved) == (message, NOTHING)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        pytest.param(
            {"table": {"mine": 0.5}},
            "prices['mine']: expected a Price, got 0.5 (write Price(input, output), US dollars)",
            id="a number for a price",
        ),
        pytest.param(
            {"reserve": Spend(Decimal(-1))},
            "reserve.usd: expected US dollars, a finite number from 0 up, got Decimal('-1') "
            "(write reserve.usd=5 or reserve.usd=0.25)",
            id="less than nothing reserved",
        ),
    ],
)
def test_nonsense_is_refused_when_the_meter_is_made(options: dict[str, object], message: str):
    """Not after the first paid call."""
    with pytest.raises(ConfigurationError) as raised:
        Meter(**options)
    assert str(raised.value) == message


def test_a_reserve_without_a_number_of_calls_is_held_to_a_limit_on_calls():
    """Two calls do not fit where one may be made."""
    meter = Meter((Budget(calls=1),), reserve=Spend("0.3"))
    assert by_blocking(ANSWER, meter) == ANSWER
    assert by_blocking(ANSWER, meter).kind == "over_budget"


@pytest.mark.parametrize(
    ("meter", "limits"),
    [
        pytest.param(Meter(), {"calls": 1}, id="calls need no price and no max_tokens"),
        pytest.param(Meter(allow_unpriced=True), {"usd": 1}, id="unpriced dollars bind nothing"),
        pytest.param(Meter(), {}, id="no budget"),
    ],
)
def test_what_needs_no_bound_asks_for_none(meter: Meter, limits: dict[str, int]):
    """A call without max_tokens is made."""
    with budget(**limits):
        assert gated(lambda _: ANSWER, meter)(UNLIMITED) is ANSWER
