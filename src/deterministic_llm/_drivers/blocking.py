"""The loop in the caller's own thread."""

from __future__ import annotations

import time
from collections.abc import Callable

from typing_extensions import TypeVar

from deterministic_llm._core.attempts import Request
from deterministic_llm._core.exchange import CallFailure, Completion
from deterministic_llm._core.loop import Call, Check, checked, conclude, judge, next_step
from deterministic_llm._core.results import Result
from deterministic_llm._core.resuming import taken_up
from deterministic_llm._core.tasks import Task
from deterministic_llm._drivers.checking import check
from deterministic_llm._drivers.log import logged
from deterministic_llm._drivers.stopwatch import Stopwatch

T = TypeVar("T")


def run(
    task: Task[T],
    call: Callable[[Request], Completion | CallFailure],
    *,
    sleep: Callable[[float], None] = time.sleep,
) -> Result[T]:
    """Carry out *task* with *call*; raises what the loop gives up with."""
    attempts = taken_up(task)
    watch = Stopwatch(task.policy.timeout)
    while True:
        step = next_step(task, attempts)
        if isinstance(step, Call):
            if step.delay:  # sleep(0) would yield the processor
                sleep(step.delay)
            request = watch.timed(step.request)
            answer = call(request)
            attempts.append(logged(judge(task, request, answer, watch.now())))
        elif isinstance(step, Check):
            try:
                said = check(step.validator, step.value, task.context, timeout=watch.left())
            except TimeoutError:
                attempts.append(watch.late(attempts[-1], step.validator))
            else:
                attempts[-1] = checked(attempts[-1], said, watch.now())
        else:
            return conclude(step, attempts)
