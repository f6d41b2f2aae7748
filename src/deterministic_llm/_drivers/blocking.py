"""The loop in the caller's own thread."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from typing_extensions import TypeVar

from deterministic_llm._core.attempts import Attempt, Request
from deterministic_llm._core.events import Accepted, CallFinished, CallStarted, GaveUp, decided
from deterministic_llm._core.exchange import CallFailure, Completion
from deterministic_llm._core.loop import Call, Check, checked, conclude, judge, next_step
from deterministic_llm._core.results import Result
from deterministic_llm._core.resuming import taken_up
from deterministic_llm._core.tasks import Task
from deterministic_llm._drivers.checking import CheckTimedOutError, check
from deterministic_llm._drivers.hooks import Teller
from deterministic_llm._drivers.log import logged
from deterministic_llm._drivers.stopwatch import Stopwatch

T = TypeVar("T")


def run(
    task: Task[T],
    call: Callable[[Request], Completion | CallFailure],
    *,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.perf_counter,
) -> Result[T]:
    """Carry out *task* with *call*; raises what the loop gives up with."""
    watch = Stopwatch(task.policy.timeout, clock)
    if not task.hooks:
        return _run(task, call, sleep, watch)
    teller = Teller(task.hooks, watch)
    try:
        result = _run(task, call, sleep, watch, teller)
    except BaseException as error:
        teller.tell([GaveUp(error)], cut_short=not isinstance(error, Exception))
        raise
    teller.tell([Accepted(result)])
    return result


def _run(
    task: Task[T],
    call: Callable[[Request], Completion | CallFailure],
    sleep: Callable[[float], None],
    watch: Stopwatch,
    teller: Teller | None = None,
) -> Result[T]:
    attempts = taken_up(task)
    while True:
        step = next_step(task, attempts)
        if teller:
            teller.tell(decided(step, attempts))
        if isinstance(step, Call):
            if step.delay:  # sleep(0) would yield the processor
                sleep(step.delay)
            request = watch.timed(step.request)
            if teller:
                teller.tell([CallStarted(request, step.delay)])
            answer = call(request)
            attempts.append(logged(judge(task, request, answer, watch.now())))
            if teller:
                teller.tell([CallFinished(attempts[-1])])
        elif isinstance(step, Check):
            attempts[-1:] = _checked(task, step, attempts[-1], watch)
        else:
            return conclude(step, attempts)


def _checked(
    task: Task[T], step: Check, last: Attempt[T], watch: Stopwatch
) -> Sequence[Attempt[T]]:
    """*last* with what the validator says of it, or followed by the record that time ran out."""
    try:
        said = check(step.validator, step.value, task.context, timeout=watch.left())
    except CheckTimedOutError:
        return last, watch.late(last, step.validator)
    return (checked(task, last, said, watch.now()),)
