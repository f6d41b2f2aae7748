"""The loop in the caller's event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from time import perf_counter

from typing_extensions import TypeVar

from deterministic_llm._core.attempts import Attempt, Request
from deterministic_llm._core.events import (
    Accepted,
    CallFinished,
    CallStarted,
    GaveUp,
    decided,
    ended,
)
from deterministic_llm._core.exchange import CallFailure, Completion
from deterministic_llm._core.loop import (
    Accept,
    Call,
    Check,
    GiveUp,
    checked,
    conclude,
    judge,
    next_step,
    without_ruling,
)
from deterministic_llm._core.results import Result
from deterministic_llm._core.resuming import taken_up
from deterministic_llm._core.tasks import Task
from deterministic_llm._core.voting import (
    Draw,
    Vote,
    next_votes,
    votes_taken_up,
    with_all_votes,
    with_votes,
)
from deterministic_llm._drivers.checking import CheckTimedOutError, acheck
from deterministic_llm._drivers.hooks import Teller
from deterministic_llm._drivers.log import logged
from deterministic_llm._drivers.stopwatch import OUT_OF_TIME, Stopwatch
from deterministic_llm.errors import EnforcementError

T = TypeVar("T")

_SLACK = 0.05
"""Seconds that a call has for ending by itself: it knows best what became of its request."""


async def run(
    task: Task[T],
    call: Callable[[Request], Awaitable[Completion | CallFailure]],
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    clock: Callable[[], float] = perf_counter,
) -> Result[T]:
    """Carry out *task* with *call*; raises what the loop gives up with."""
    watch = Stopwatch(task.policy.timeout, clock)
    if not task.hooks:
        return await _run(task, _Means(call, sleep, watch))
    teller = Teller(task.hooks, watch)
    try:
        result = await _run(task, _Means(call, sleep, watch, teller))
    except (Exception, asyncio.CancelledError) as error:
        await teller.atell([GaveUp(error)], cut_short=not isinstance(error, Exception))
        raise
    await teller.atell([Accepted(result)])
    return result


@dataclass(slots=True)  # not frozen, which takes three times as long to make
class _Means:
    """What a run is carried out with."""

    call: Callable[[Request], Awaitable[Completion | CallFailure]]
    sleep: Callable[[float], Awaitable[None]]
    watch: Stopwatch
    teller: Teller | None = None


async def _run(task: Task[T], means: _Means) -> Result[T]:
    if task.voting is None:
        return conclude(*await _followed(task, taken_up(task), means))
    attempts = votes_taken_up(task)
    while isinstance(step := next_votes(task, task.voting, attempts), Draw):
        try:
            drawn = await _drawn(step, means)
        except EnforcementError as error:
            raise with_all_votes(error, attempts) from error.__cause__
        attempts = with_votes(attempts, drawn)
    return conclude(step, attempts)


async def _followed(
    task: Task[T], before: Sequence[Attempt[T]], means: _Means
) -> tuple[Accept[T] | GiveUp, Sequence[Attempt[T]]]:
    """How a run that goes on from the attempts *before* ends, and all its attempts."""
    attempts, teller, watch = list(before), means.teller, means.watch
    while True:
        step = next_step(task, attempts)
        if teller:
            await teller.atell(decided(step, attempts))
        if isinstance(step, Call):
            if step.delay:  # sleep(0) would yield to every other task
                await means.sleep(step.delay)
            request = watch.timed(step.request)
            if teller:
                await teller.atell([CallStarted(request, step.delay)])
            answer = await _in_time(means.call, request)
            attempts.append(logged(judge(task, request, answer, watch.now())))
            if teller:
                await teller.atell([CallFinished(attempts[-1])])
        elif isinstance(step, Check):
            attempts[-1:] = await after_check(task, step, attempts, watch)
        else:
            return step, attempts


async def _drawn(draw: Draw[T], means: _Means) -> Sequence[Sequence[Attempt[T]]]:
    """The attempts of the votes that are taken now: of one here, of several in tasks."""
    if not draw.apart:
        vote = draw.votes[0]
        return [(await _followed(vote.task, vote.attempts, means))[1]]
    tasks = [asyncio.ensure_future(_alone(vote, means)) for vote in draw.votes]
    try:
        return await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)


async def _alone(vote: Vote[T], means: _Means) -> Sequence[Attempt[T]]:
    """The attempts of one vote of several at the same time: hooks are told of it as of a run."""
    if means.teller is None:
        return (await _followed(vote.task, vote.attempts, means))[1]
    teller = Teller(vote.task.hooks, means.watch)
    try:
        step, attempts = await _followed(vote.task, vote.attempts, replace(means, teller=teller))
    except (Exception, asyncio.CancelledError) as error:
        await teller.atell([GaveUp(error)], cut_short=not isinstance(error, Exception))
        raise
    await teller.atell([ended(step, attempts)])
    return attempts


async def after_check(
    task: Task[T], step: Check, attempts: Sequence[Attempt[T]], watch: Stopwatch
) -> Sequence[Attempt[T]]:
    """The last of *attempts* with what the validator says of it, or that time ran out after it.

    Where a model that it asks gives no ruling the run ends with the error of that.
    """
    last = attempts[-1]
    try:
        said = step.recorded or await acheck(
            step.validator, step.value, task.context, timeout=watch.left()
        )
    except CheckTimedOutError:
        return last, watch.late(last, step.validator)
    except EnforcementError as error:
        raise without_ruling(attempts, step.validator, error) from error
    return (checked(task, last, said, watch.now()),)


async def _in_time(
    call: Callable[[Request], Awaitable[Completion | CallFailure]], request: Request
) -> Completion | CallFailure:
    """The answer to *request*, or a failure when its time is over first."""
    if request.timeout is None:
        return await call(request)
    limit = asyncio.timeout(request.timeout + _SLACK)
    try:
        async with limit:
            return await call(request)
    except TimeoutError:
        if not limit.expired():
            raise
        return OUT_OF_TIME
