"""The loop in the caller's event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from typing_extensions import TypeVar

from deterministic_llm._core.attempts import Request
from deterministic_llm._core.exchange import CallFailure, Completion
from deterministic_llm._core.loop import Call, Check, checked, conclude, judge, next_step
from deterministic_llm._core.results import Result
from deterministic_llm._core.resuming import taken_up
from deterministic_llm._core.tasks import Task
from deterministic_llm._drivers.checking import acheck
from deterministic_llm._drivers.log import logged
from deterministic_llm._drivers.stopwatch import OUT_OF_TIME, Stopwatch

T = TypeVar("T")


async def run(
    task: Task[T],
    call: Callable[[Request], Awaitable[Completion | CallFailure]],
    *,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> Result[T]:
    """Carry out *task* with *call*; raises what the loop gives up with."""
    attempts = taken_up(task)
    watch = Stopwatch(task.policy.timeout)
    while True:
        step = next_step(task, attempts)
        if isinstance(step, Call):
            if step.delay:  # sleep(0) would yield to every other task
                await sleep(step.delay)
            request = watch.timed(step.request)
            answer = await _in_time(call, request)
            attempts.append(logged(judge(task, request, answer, watch.now())))
        elif isinstance(step, Check):
            try:
                said = await acheck(step.validator, step.value, task.context, timeout=watch.left())
            except TimeoutError:
                attempts.append(watch.late(attempts[-1], step.validator))
            else:
                attempts[-1] = checked(attempts[-1], said, watch.now())
        else:
            return conclude(step, attempts)


async def _in_time(
    call: Callable[[Request], Awaitable[Completion | CallFailure]], request: Request
) -> Completion | CallFailure:
    """The answer to *request*, or a failure when its time is over first."""
    if request.timeout is None:
        return await call(request)
    limit = asyncio.timeout(request.timeout)
    try:
        async with limit:
            return await call(request)
    except TimeoutError:
        if not limit.expired():
            raise
        return OUT_OF_TIME
