"""The loop in the caller's own thread."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from threading import Event

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
from deterministic_llm._drivers.background import started
from deterministic_llm._drivers.checking import CheckTimedOutError, check
from deterministic_llm._drivers.hooks import Teller
from deterministic_llm._drivers.log import logged
from deterministic_llm._drivers.stopwatch import Stopwatch
from deterministic_llm.errors import EnforcementError

T = TypeVar("T")


def run(
    task: Task[T],
    call: Callable[[Request], Completion | CallFailure],
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.perf_counter,
) -> Result[T]:
    """Carry out *task* with *call*; raises what the loop gives up with."""
    watch = Stopwatch(task.policy.timeout, clock)
    if not task.hooks:
        return _run(task, _Means(call, sleep, watch))
    teller = Teller(task.hooks, watch)
    try:
        result = _run(task, _Means(call, sleep, watch, teller))
    except BaseException as error:
        teller.tell([GaveUp(error)], cut_short=not isinstance(error, Exception))
        raise
    teller.tell([Accepted(result)])
    return result


@dataclass(slots=True)  # not frozen, which takes three times as long to make
class _Means:
    """What a run is carried out with."""

    call: Callable[[Request], Completion | CallFailure]
    sleep: Callable[[float], None]
    watch: Stopwatch
    teller: Teller | None = None


def _run(task: Task[T], means: _Means) -> Result[T]:
    if task.voting is None:
        return conclude(*_followed(task, taken_up(task), means))
    attempts = votes_taken_up(task)
    while isinstance(step := next_votes(task, task.voting, attempts), Draw):
        try:
            drawn = _drawn(step, means)
        except EnforcementError as error:
            raise with_all_votes(error, attempts) from error.__cause__
        attempts = with_votes(attempts, drawn)
    return conclude(step, attempts)


def _followed(
    task: Task[T], before: Sequence[Attempt[T]], means: _Means
) -> tuple[Accept[T] | GiveUp, Sequence[Attempt[T]]]:
    """How a run that goes on from the attempts *before* ends, and all its attempts."""
    attempts, teller, watch = list(before), means.teller, means.watch
    while True:
        step = next_step(task, attempts)
        if teller:
            teller.tell(decided(step, attempts))
        if isinstance(step, Call):
            if step.delay:  # sleep(0) would yield the processor
                means.sleep(step.delay)
            request = watch.timed(step.request)
            if teller:
                teller.tell([CallStarted(request, step.delay)])
            answer = means.call(request)
            attempts.append(logged(judge(task, request, answer, watch.now())))
            if teller:
                teller.tell([CallFinished(attempts[-1])])
        elif isinstance(step, Check):
            attempts[-1:] = after_check(task, step, attempts, watch)
        else:
            return step, attempts


def _drawn(draw: Draw[T], means: _Means) -> Sequence[Sequence[Attempt[T]]]:
    """The attempts of the votes that are taken now: of one here, of several in threads."""
    if not draw.apart:
        vote = draw.votes[0]
        return [_followed(vote.task, vote.attempts, means)[1]]
    stopped = Event()

    def call(request: Request) -> Completion | CallFailure:
        if stopped.is_set():  # another vote has raised what ends the run
            raise InterruptedError
        return means.call(request)

    votes = [started(partial(_alone, vote, replace(means, call=call))) for vote in draw.votes]
    try:
        return [vote.result() for vote in votes]
    finally:
        stopped.set()


def _alone(vote: Vote[T], means: _Means) -> Sequence[Attempt[T]]:
    """The attempts of one vote of several at the same time: hooks are told of it as of a run."""
    if means.teller is None:
        return _followed(vote.task, vote.attempts, means)[1]
    teller = Teller(vote.task.hooks, means.watch)
    try:
        step, attempts = _followed(vote.task, vote.attempts, replace(means, teller=teller))
    except BaseException as error:
        teller.tell([GaveUp(error)], cut_short=not isinstance(error, Exception))
        raise
    teller.tell([ended(step, attempts)])
    return attempts


def after_check(
    task: Task[T], step: Check, attempts: Sequence[Attempt[T]], watch: Stopwatch
) -> Sequence[Attempt[T]]:
    """The last of *attempts* with what the validator says of it, or that time ran out after it.

    Where a model that it asks gives no ruling the run ends with the error of that.
    """
    last = attempts[-1]
    try:
        said = step.recorded or check(
            step.validator, step.value, task.context, timeout=watch.left()
        )
    except CheckTimedOutError:
        return last, watch.late(last, step.validator)
    except EnforcementError as error:
        raise without_ruling(attempts, step.validator, error) from error
    return (checked(task, last, said, watch.now()),)
