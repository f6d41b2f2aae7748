"""Many runs at once against a server that misbehaves: every one ends as told, and the books agree.

What each run says of its calls, tokens and dollars is held against what the server counted.
"""

from __future__ import annotations

import asyncio
import random
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest
from openai import AsyncOpenAI, OpenAI, Timeout
from patience import eventually
from pydantic import BaseModel, Field
from tenacity.wait import wait_none

from deterministic_llm import (
    Attempt,
    Budget,
    Completion,
    DeadlineExceeded,
    EnforcementError,
    Filtered,
    Mode,
    Model,
    NoProgress,
    Price,
    PromptTooLong,
    ProviderError,
    Refused,
    Result,
    RetriesExhausted,
    Spend,
    Truncated,
    Usage,
)
from deterministic_llm._core.attempts import Failed
from deterministic_llm.metering.prices import cost_of
from deterministic_llm.testing import FAULTS, FaultServer

PRICE = Price("0.25", 2, cached_input="0.025")


class Point(BaseModel):
    """What is asked for; the name is that of the run."""

    a: int = Field(ge=0, le=10)
    name: str


class Value:
    """The end of a story in which the run has its value."""


@dataclass(frozen=True)
class Story:
    """What the server plays, what each call comes to, and how the run ends.

    A step is the name of a fault, or an answer, in which @ stands for the name of the run.
    """

    steps: Sequence[str]
    outcomes: str
    end: type = Value
    timeout: float | None = None
    mode: Mode = "auto"
    call_timeout: float | None = None


NEAR, FAR = 2.0, 200.0
"""Seconds that a run has: few against a server that says nothing, many for all else."""
GOOD = '{"a": 3, "name": "@"}'
FENCED = f"Here you are:\n```json\n{GOOD}\n```\nAnything else?"
WRONG = '{"a": 99, "name": "@"}'
WORSE = '{"a": 98, "name": "@"}'
HALF = '{"a": 98}'
MENDED = '{"a": 3}'
STORIES = {
    "a good answer": Story([GOOD], "accepted"),
    "one in a fence": Story([FENCED], "accepted"),
    "a busy server": Story(["429_now", GOOD], "rate_limited accepted"),
    "a field mended alone": Story([WRONG, MENDED], "invalid accepted"),
    "a field in vain, then the whole": Story([WRONG, HALF, GOOD], "invalid invalid accepted"),
    "another tool": Story(["unknown_tool", GOOD], "wrong_tool accepted", mode="tool"),
    "nothing, then an answer": Story(["empty_content", GOOD], "empty accepted"),
    "thinking, then an answer": Story(["reasoning_only", GOOD], "reasoning_only accepted"),
    "two calls, then an answer": Story(["two_calls", GOOD], "several_calls accepted"),
    "a very busy server": Story(
        ["429_after_ms", "429_now", "503_now", GOOD],
        "rate_limited rate_limited overloaded accepted",
    ),
    "a server in trouble": Story(
        ["500", "502_html", "529", "409", GOOD],
        "server_error server_error overloaded conflict accepted",
    ),
    "pages and fragments": Story(["html", "no_choices", GOOD], "malformed malformed accepted"),
    "broken connections": Story(
        ["reset", "close", "truncated", "reset_body", "garbage", GOOD],
        "unreachable unreachable unreachable unreachable unreachable accepted",
    ),
    "everything after another": Story(
        ["503_now", WRONG, "close", HALF, "html", GOOD],
        "overloaded invalid unreachable invalid malformed accepted",
    ),
    "cut, then more room": Story(["length", GOOD], "truncated accepted"),
    "cut for good": Story(["length"], "truncated truncated truncated", Truncated),
    "pages only": Story(["html"], "malformed malformed malformed", ProviderError),
    "the same wrong answer": Story([WRONG], "invalid invalid invalid", NoProgress),
    "one wrong answer after another": Story(
        [WRONG, WORSE, HALF], "invalid invalid invalid", RetriesExhausted
    ),
    "a refusal": Story(["refusal"], "refused", Refused),
    "a refusal after trouble": Story(["reset", "refusal"], "unreachable refused", Refused),
    "a filter": Story(["content_filter"], "filtered", Filtered),
    "no credit": Story(["429_quota"], "quota", ProviderError),
    "no right": Story(["401"], "unauthorized", ProviderError),
    "no more asking": Story(["500_final"], "server_error", ProviderError),
    "too long a prompt": Story(["400_context"], "prompt_too_long", PromptTooLong),
    "too far a wait": Story(["429_far"], "rate_limited", DeadlineExceeded, FAR),
    "silence": Story(["hang"], "late", DeadlineExceeded, NEAR),
    "silence after trouble": Story(["503_now", "stall"], "overloaded late", DeadlineExceeded, NEAR),
    "silence, then an answer": Story(["hang", GOOD], "timeout accepted", call_timeout=NEAR),
}
WEIGHTS = [20] * 4 + [10] * (len(STORIES) - 7) + [1] * 3
"""How often each is told: the plain ones more, silence less."""
NEVER_ANSWERED = {"malformed", "unreachable", "late", "timeout"}
"""What leaves open whether the server charged for it; so does a 502, which is a gateway's."""


@dataclass(frozen=True)
class Run:
    """One run: its name, which is also that of its script, its story, and its seconds."""

    name: str
    story: Story
    timeout: float | None


@dataclass(frozen=True)
class Ending:
    """What a run came to."""

    end: type
    output: object
    attempts: Sequence[Attempt[object]]
    usage: Usage


def runs_of(server: FaultServer, number: int) -> list[Run]:
    """So many runs, drawn from the stories, with their scripts on the server.

    Those against silence come first, so that nobody waits for them at the end; every other run has
    a deadline.
    """
    draw = random.Random(20_261_123)  # noqa: S311  # the same mixture every time
    stories = draw.choices(list(STORIES.values()), WEIGHTS, k=number)
    stories.sort(key=lambda story: NEAR not in {story.timeout, story.call_timeout})
    runs = [
        Run(f"run-{at}", story, story.timeout or (FAR if at % 2 else None))
        for at, story in enumerate(stories)
    ]
    for at, run in enumerate(runs):
        usage = Usage(100 + at % 17, 20 + at % 13, cached_tokens=at % 11, reasoning_tokens=at % 3)
        server.script(
            run.name,
            [
                step if step in FAULTS else Completion(step.replace("@", run.name), usage=usage)
                for step in run.story.steps
            ],
        )
    return runs


def address_of(server: FaultServer) -> dict[str, Any]:
    """What a client is made with; a busy machine may take long to connect."""
    return {"base_url": server.base_url("ok"), "api_key": "k", "timeout": Timeout(100.0)}


def model_of(client: OpenAI | AsyncOpenAI, budget: Budget) -> Model:
    return Model(
        "openai:m",
        client=client,
        budget=budget,
        prices={"openai:m": PRICE, "m": PRICE},
        wait=wait_none(),
        max_tokens=64,
    )


def options_of(run: Run) -> dict[str, Any]:
    options: dict[str, Any] = {"headers": {"x-fault": run.name}, "mode": run.story.mode}
    options["call_timeout"] = run.story.call_timeout
    return options if run.timeout is None else {**options, "timeout": run.timeout}


def ending(result: Result[object]) -> Ending:
    return Ending(Value, result.output, result.attempts, result.usage)


def failed(error: EnforcementError) -> Ending:
    return Ending(type(error), None, error.attempts, error.usage)


async def told_at_once(model: Model, runs: Sequence[Run], concurrency: int) -> list[Ending]:
    """How the runs end, so many of them at a time in one event loop."""
    slots = asyncio.Semaphore(concurrency)

    async def told(run: Run) -> Ending:
        async with slots:
            try:
                return ending(await model.arun("Where?", Point, **options_of(run)))
            except EnforcementError as error:
                return failed(error)

    endings = await asyncio.gather(*map(told, runs))
    assert asyncio.all_tasks() == {asyncio.current_task()}
    return endings


def told_in_threads(model: Model, runs: Sequence[Run], concurrency: int) -> list[Ending]:
    """How the runs end, so many of them at a time in threads."""

    def told(run: Run) -> Ending:
        try:
            return ending(model.run("Where?", Point, **options_of(run)))
        except EnforcementError as error:
            return failed(error)

    with ThreadPoolExecutor(concurrency) as pool:
        return list(pool.map(told, runs))


def check_each(server: FaultServer, runs: Sequence[Run], endings: Sequence[Ending]) -> None:
    """Every run ended as its story says, and the server saw the calls that it tells of."""
    counts = server.counts
    for run, seen in zip(runs, endings, strict=True):
        value = Point(a=3, name=run.name) if run.story.end is Value else None
        sent = [attempt for attempt in seen.attempts if attempt.sent]
        outcomes = " ".join(attempt.outcome for attempt in sent)
        assert (seen.end, seen.output, outcomes, len(sent)) == (
            run.story.end,
            value,
            run.story.outcomes,
            counts[run.name],
        )
        assert [each.request.number for each in seen.attempts] == [
            *range(1, len(seen.attempts) + 1)
        ]


def check_books(server: FaultServer, budget: Budget, endings: Sequence[Ending]) -> None:
    """Calls, tokens and dollars are the server's own, to the last one."""
    attempts = [attempt for seen in endings for attempt in seen.attempts]
    charged, asked = server.charged, sum(server.counts.values())
    dollars = cost_of(charged, PRICE)
    sent = [each for each in attempts if each.sent]
    lost = [each for each in sent if each.outcome in NEVER_ANSWERED or is_of_gateway(each)]
    assert sum((seen.usage for seen in endings), start=Usage()) == charged
    assert sum((each.cost or Decimal(0) for each in attempts), start=Decimal(0)) == dollars
    assert len(sent) == asked
    assert budget.spent == Spend(dollars, charged.total_tokens, len(attempts) - len(lost))
    assert budget.unsettled.calls == len(lost)
    assert budget.reserved == Spend()


def is_of_gateway(attempt: Attempt[object]) -> bool:
    return isinstance(attempt, Failed) and attempt.failure.status == 502


SLOW = [pytest.mark.slow, pytest.mark.timeout(900)]
AT_ONCE = [
    pytest.param(500, id="500 runs"),
    pytest.param(10_000, id="10,000 runs", marks=SLOW),
]
IN_THREADS = [
    pytest.param(150, id="150 runs"),
    pytest.param(2_000, id="2,000 runs", marks=SLOW),
]


@pytest.mark.untraced
@pytest.mark.parametrize("number", AT_ONCE)
def test_many_runs_at_once_end_as_told_and_the_books_agree(number: int):
    """64 at a time in one event loop; no task, connection, thread or reservation is left."""
    threads = threading.active_count()
    with FaultServer() as server:
        budget, runs = Budget(usd=1_000, tokens=10**9, calls=10**6), runs_of(server, number)

        async def soak() -> list[Ending]:
            async with AsyncOpenAI(**address_of(server)) as client:
                return await told_at_once(model_of(client, budget), runs, 64)

        endings = asyncio.run(soak())
        check_each(server, runs, endings)
        check_books(server, budget, endings)
        assert eventually(lambda: server.open == 0 and server.busy == 0)
    assert eventually(lambda: threading.active_count() == threads)


@pytest.mark.untraced
@pytest.mark.parametrize("number", IN_THREADS)
def test_many_runs_in_threads_end_as_told_and_the_books_agree(number: int):
    """16 threads share one model; no connection, thread or reservation is left."""
    threads = threading.active_count()
    with FaultServer() as server:
        budget, runs = Budget(usd=1_000, tokens=10**9, calls=10**6), runs_of(server, number)
        with OpenAI(**address_of(server)) as client:
            endings = told_in_threads(model_of(client, budget), runs, 16)
        check_each(server, runs, endings)
        check_books(server, budget, endings)
        assert eventually(lambda: server.open == 0 and server.busy == 0)
    assert eventually(lambda: threading.active_count() == threads)
