"""The loop in the caller's own thread."""

from __future__ import annotations

import time
from collections.abc import Callable

from typing_extensions import TypeVar

from deterministic_llm._core.attempts import Attempt, Request, Result
from deterministic_llm._core.exchange import CallFailure, Completion
from deterministic_llm._core.loop import Call, Task, conclude, judge, next_step
from deterministic_llm._drivers.log import logged

T = TypeVar("T")


def run(
    task: Task[T],
    call: Callable[[Request], Completion | CallFailure],
    *,
    resume: tuple[Attempt[T], ...] = (),
    sleep: Callable[[float], None] = time.sleep,
) -> Result[T]:
    """Carry out *task* with *call*; raises what the loop gives up with."""
    attempts = list(resume)
    while isinstance(step := next_step(task, attempts), Call):
        if step.delay:  # sleep(0) would yield the processor
            sleep(step.delay)
        attempts.append(logged(judge(task, step.request, call(step.request))))
    return conclude(step, attempts)
