"""Limits, breaker and meter around one server that does everything: the books are its own."""

from __future__ import annotations

import asyncio
import contextlib
import random
import threading
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest

from deterministic_llm._core.answering import Answer, AwaitingCall, BlockingCall
from deterministic_llm._core.attempts import Request
from deterministic_llm._core.exchange import CallFailure, Completion, Usage
from deterministic_llm.metering.bounds import worst_case
from deterministic_llm.metering.breaker import Breaker
from deterministic_llm.metering.budgets import Budget
from deterministic_llm.metering.gates import agated, gated
from deterministic_llm.metering.limits import Limits, alimited, limited
from deterministic_llm.metering.meter import Meter
from deterministic_llm.metering.prices import Price
from deterministic_llm.metering.spend import NOTHING, ONE_CALL, Spend

PRICE = Price("0.25", 2)
REQUEST = Request(
    1, prompt=({"role": "user", "content": "How much?"},), parameters={"max_tokens": 500}
)
WORST = worst_case(REQUEST, price=PRICE)
CUT_OFF = (KeyError, asyncio.CancelledError)


class Server:
    """Answers, refuses, breaks off and raises, and keeps books of its own."""

    def __init__(self) -> None:
        self.random = random.Random(4)  # noqa: S311  # a script, guards nothing
        self.lock = threading.Lock()
        self.spent = self.unsettled = NOTHING

    def answer(self) -> Answer:
        """What it does next."""
        with self.lock:
            kind = self.random.choice(("good", "good", "good", "silent", "busy", "broken", "bug"))
            if kind == "good":
                usage = Usage(self.random.randrange(1, 50), self.random.randrange(1, 500))
                cost = Decimal(usage.input_tokens * 25 + usage.output_tokens * 200).scaleb(-8)
                self.spent += Spend(cost, usage.total_tokens, 1)
                return Completion("9", model="mine", usage=usage)
            if kind == "silent":
                self.spent += ONE_CALL
                self.unsettled += Spend(WORST.usd, WORST.tokens)
                return Completion("9", model="mine")
            if kind == "busy":
                self.spent += ONE_CALL
                return CallFailure("busy", "rate_limited", status=429)
            self.unsettled += WORST
        if kind == "bug":
            raise KeyError(kind)
        return CallFailure("broken", "cut_off")

    def cancelled(self) -> None:
        """A call was cut off by its caller."""
        with self.lock:
            self.unsettled += WORST


def guarded(server: Server, meter: Meter, limits: Limits) -> tuple[BlockingCall, AwaitingCall]:
    """The server behind all there is, in both colours."""

    def call(_: Request) -> Answer:
        return server.answer()

    async def acall(_: Request) -> Answer:
        try:
            await asyncio.sleep(0)
        except asyncio.CancelledError:
            server.cancelled()
            raise
        return server.answer()

    breaker = Breaker(failures=10**6)
    ask = limited(gated(gated(call, meter), breaker), limits)
    return ask, alimited(agated(agated(acall, meter), breaker), limits)


def asked_by_a_thread(ask: BlockingCall) -> list[Answer]:
    """20 calls, one after the other."""
    answers: list[Answer] = []
    for _ in range(20):
        with contextlib.suppress(KeyError):
            answers.append(ask(REQUEST))
    return answers


async def asked_by_tasks(ask: AwaitingCall) -> list[Answer]:
    """640 calls by 32 tasks, every fifth of them cancelled."""
    answers: list[Answer] = []

    async def work(number: int) -> None:
        for turn in range(20):
            asking = asyncio.ensure_future(ask(REQUEST))
            if (number + turn) % 5 == 0:
                await asyncio.sleep(0)
                asking.cancel()
            with contextlib.suppress(*CUT_OFF):
                answers.append(await asking)

    await asyncio.gather(*(work(number) for number in range(32)))
    return answers


@pytest.mark.untraced
@pytest.mark.parametrize("usd", ["1000", "0.05"])
def test_the_books_of_1600_mixed_calls_are_those_of_the_server(usd: str):
    """From 64 tasks in two loops and 16 threads, some cancelled; no slot or reservation is left."""
    server, purse, limits = Server(), Budget(usd=usd), Limits(concurrency=24)
    meter = Meter((purse,), model="mine", table={"mine": PRICE})
    ask, aask = guarded(server, meter, limits)
    with ThreadPoolExecutor(18) as pool:
        done = [pool.submit(asked_by_a_thread, ask) for _ in range(16)]
        done += [pool.submit(lambda: asyncio.run(asked_by_tasks(aask))) for _ in range(2)]
        answers = [answer for each in done for answer in each.result()]
    kinds = {answer.kind for answer in answers if isinstance(answer, CallFailure)}
    assert (purse.spent, purse.unsettled) == (server.spent, server.unsettled)
    assert purse.spent.usd + purse.unsettled.usd <= purse.limits.usd
    assert ("over_budget" in kinds) == (usd == "0.05")
    assert (purse.reserved, limits.in_flight, limits.waiting) == (NOTHING, 0, 0)
