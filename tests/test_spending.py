"""What runs may spend: waits as told, and budgets that nobody passes, however many ask at once."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any

import pytest
from loopback import Loopback, Reply, failing, serving
from openai import AsyncOpenAI, OpenAI, Timeout
from pydantic import BaseModel

from deterministic_llm import (
    Budget,
    BudgetExceeded,
    Completion,
    DeadlineExceeded,
    EnforcementError,
    Model,
    Price,
    ProviderError,
    Result,
    Spend,
    Usage,
    budget,
)
from deterministic_llm._core.attempts import Failed
from deterministic_llm.metering.prices import cost_of
from deterministic_llm.testing import FaultServer


class Point(BaseModel):
    """What is asked for."""

    a: int


def blocking(model: Model, **options: Any) -> Result[Point]:
    return model.run("Where?", Point, **options)


def awaiting(model: Model, **options: Any) -> Result[Point]:
    return asyncio.run(model.arun("Where?", Point, **options))


Ask = Callable[..., Result[Point]]
colours = pytest.mark.parametrize("ask", [blocking, awaiting])
PRICE = Price("0.25", 2)
BUSY = [failing(429, retry_after_ms=str(wait)) for wait in (1, 20, 2, 30, 3, 40, 4)]


def model_at(server: Loopback) -> Model:
    return Model("openai:m", base_url=server.base_url, api_key="k")


@colours
def test_seven_answers_of_429_and_a_good_one_are_eight_calls(ask: Ask):
    """With the defaults; each wait is the one that its header tells."""
    with serving([*BUSY, Reply('{"a": 1}')]) as server:
        result = ask(model_at(server))
    assert result.output == Point(a=1)
    assert [each.outcome for each in result.attempts] == ["rate_limited"] * 7 + ["accepted"]
    assert len(server.bodies) == 8
    assert {header["x-stainless-retry-count"] for header in server.headers} == {"0"}
    waits = [each.failure.retry_after for each in result.attempts if isinstance(each, Failed)]
    assert waits == [0.001, 0.02, 0.002, 0.03, 0.003, 0.04, 0.004]
    ends = [each.ended for each in result.attempts]
    between = [after - before for before, after in pairwise(ends)]
    assert all(took >= (wait or 0) for took, wait in zip(between, waits, strict=True))
    assert ends[-1] - ends[0] < 3.0  # waits of our own would take half a minute


@colours
def test_the_ninth_429_ends_a_run(ask: Ask):
    """Nine calls with the defaults, and not one more: nobody else asks again."""
    with (
        serving([failing(429, retry_after_ms="1")]) as server,
        pytest.raises(ProviderError) as caught,
    ):
        ask(model_at(server))
    assert (caught.value.status, len(caught.value.attempts), len(server.bodies)) == (429, 9, 9)


COSTLY = Completion('{"a": 1}', usage=Usage(400, 64))
LIMITS = [
    pytest.param({"calls": 20}, id="calls"),
    pytest.param({"tokens": 20 * COSTLY.usage.total_tokens}, id="tokens"),
    pytest.param({"usd": 20 * cost_of(COSTLY.usage, PRICE)}, id="dollars"),
    pytest.param({"calls": 10, "tokens": 10**6, "usd": 1}, id="the tightest of three"),
]


@pytest.fixture
def server() -> Iterator[FaultServer]:
    with FaultServer(COSTLY) as running:
        yield running


def model_of(client: OpenAI | AsyncOpenAI, purse: Budget) -> Model:
    """One call of it may cost a little more than it does."""
    prices = {"openai:m": PRICE, "m": PRICE}
    return Model("openai:m", client=client, budget=purse, prices=prices, max_tokens=64)


def blocking_client(server: FaultServer, fault: str = "ok") -> OpenAI:
    return OpenAI(base_url=server.base_url(fault), api_key="k", timeout=Timeout(60.0))


def awaiting_client(server: FaultServer, fault: str = "ok") -> AsyncOpenAI:
    return AsyncOpenAI(base_url=server.base_url(fault), api_key="k", timeout=Timeout(60.0))


def in_threads(server: FaultServer, purse: Budget, number: int) -> list[str]:
    """How so many runs end, a thread each."""
    with blocking_client(server) as client, ThreadPoolExecutor(number) as pool:
        model = model_of(client, purse)

        def end(_number: int) -> str:
            try:
                return str(model.generate("Where?", Point))
            except EnforcementError as error:
                return type(error).__name__

        return list(pool.map(end, range(number)))


async def all_at_once(model: Model, number: int) -> list[str]:
    """How so many runs end, a task each."""

    async def end() -> str:
        try:
            return str(await model.agenerate("Where?", Point))
        except EnforcementError as error:
            return type(error).__name__

    return await asyncio.gather(*(end() for _ in range(number)))


def in_tasks(server: FaultServer, purse: Budget, number: int) -> list[str]:
    """How so many runs end, a task each, in one event loop."""

    async def ends() -> list[str]:
        async with awaiting_client(server) as client:
            return await all_at_once(model_of(client, purse), number)

    return asyncio.run(ends())


@pytest.mark.untraced
@pytest.mark.parametrize("ends", [in_threads, in_tasks])
@pytest.mark.parametrize("limits", LIMITS)
def test_64_calls_at_once_never_pass_a_budget(
    server: FaultServer, ends: Callable[..., Sequence[str]], limits: dict[str, Any]
):
    """What does not fit is never sent, and says so; what was spent is what the server charged."""
    purse = Budget(**limits)
    seen = Counter(ends(server, purse, 64))
    made, charged = seen["a=1"], server.charged
    assert seen == {"a=1": made, BudgetExceeded.__name__: 64 - made}
    assert 0 < made <= 20
    assert (server.counts, server.answered) == ({"ok": made}, made)
    assert purse.spent == Spend(cost_of(charged, PRICE), charged.total_tokens, made)
    assert (purse.reserved, purse.unsettled) == (Spend(), Spend())
    left = purse.left
    assert all(amount is None or amount >= 0 for amount in (left.usd, left.tokens, left.calls))


def test_nested_blocks_hold_all_runs_inside_them_together(server: FaultServer):
    """The outer one counts what is spent in the inner ones; the tightest decides."""

    async def nested() -> list[Spend]:
        async with awaiting_client(server) as client:
            model = model_of(client, Budget())
            with budget(calls=8) as outer:
                with budget(calls=5) as first:
                    await all_at_once(model, 10)
                with budget(calls=5) as second:
                    await all_at_once(model, 10)
            assert await all_at_once(model, 1) == ["a=1"]
            return [first.spent, second.spent, outer.spent]

    calls = [Spend(cost_of(COSTLY.usage, PRICE), 464, 1)] * 9
    assert asyncio.run(nested()) == [
        sum(calls[:5], start=Spend()),
        sum(calls[:3], start=Spend()),
        sum(calls[:8], start=Spend()),
    ]
    assert server.counts == {"ok": 9}


@pytest.mark.parametrize("fault", ["hang", "stall"])
def test_what_was_never_answered_keeps_its_share(server: FaultServer, fault: str):
    """The server may have charged for it: with two such calls there is no room for a third."""
    purse = Budget(calls=2)
    with blocking_client(server, fault) as client:
        model = model_of(client, purse)
        for _ in range(2):
            with pytest.raises(DeadlineExceeded):
                blocking(model, timeout=0.3)
        with pytest.raises(BudgetExceeded):
            blocking(model)
    assert server.counts == {fault: 2}
    assert (purse.spent, purse.reserved, purse.unsettled) == (Spend(), Spend(), Spend(calls=2))
