"""The loop in the caller's event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from typing_extensions import TypeVar

from deterministic_llm._core.attempts import Attempt, Request, Result
from deterministic_llm._core.exchange import CallFailure, Completion
from deterministic_llm._core.loop import Call, Task, conclude, judge, next_step
from deterministic_llm._drivers.log import logged

T = TypeVar("T")


async def run(
    task: Task[T],
    call: Callable[[Request], Awaitable[Completion | CallFailure]],
    *,
    resume: tuple[Attempt[T], ...] = (),
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> Result[T]:
    """Carry out *task* with *call*; raises what the loop gives up with."""
    attempts = list(resume)
    while isinstance(step := next_step(task, attempts), Call):
        if step.delay:  # sleep(0) would yield to every other task
            await sleep(step.delay)
        attempts.append(logged(judge(task, step.request, await call(step.request))))
    return conclude(step, attempts)
