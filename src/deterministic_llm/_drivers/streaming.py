"""The loop with answers that come in pieces: a task goes in, events of what is shown come out."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from time import perf_counter
from typing import Generic

from typing_extensions import TypeVar

from deterministic_llm._core.answering import Answering, AsyncOpening, Opening
from deterministic_llm._core.attempts import Attempt, Request
from deterministic_llm._core.events import Accepted, CallFinished, CallStarted, GaveUp, decided
from deterministic_llm._core.exchange import CallFailure, Completion
from deterministic_llm._core.loop import Call, Check, conclude, judge, next_step
from deterministic_llm._core.records import frozen
from deterministic_llm._core.resuming import taken_up
from deterministic_llm._core.streaming.events import StreamEvent
from deterministic_llm._core.streaming.shown import Shown
from deterministic_llm._core.tasks import Task
from deterministic_llm._drivers import awaiting, blocking
from deterministic_llm._drivers.hooks import Teller
from deterministic_llm._drivers.log import logged
from deterministic_llm._drivers.stopwatch import Stopwatch
from deterministic_llm._drivers.telling import Left, tell

T = TypeVar("T")


class Hold:
    """What a blocking stream has under way, to be let go of from any thread."""

    def __init__(self) -> None:
        self.released = False
        self._woken = threading.Event()
        self._lock = threading.Lock()
        self._answering: Answering | None = None

    def release(self) -> None:
        """End the answer under way; the thread that waits for it finds out at once."""
        self.released = True
        self._woken.set()
        with self._lock:
            if self._answering is not None:
                self._answering.stop()

    def sleep(self, seconds: float) -> None:
        """Wait so long, or until it is released."""
        self._woken.wait(seconds)

    def check(self) -> None:
        """Raise GeneratorExit when it was released, as if the stream were closed from here."""
        if self.released:
            raise GeneratorExit

    @contextmanager
    def on(self, answering: Answering) -> Generator[None]:
        """The block in which *answering* is under way."""
        with self._lock:
            self._answering = answering
        try:
            self.check()
            yield
        finally:
            with self._lock:  # its connection may serve another call from now on
                self._answering = None


def stream(
    task: Task[T],
    shown: Shown[T],
    opening: Opening,
    hold: Hold,
    *,
    sleep: Callable[[float], None] | None = None,
    clock: Callable[[], float] = perf_counter,
) -> Generator[StreamEvent[T]]:
    """Carry out *task* with answers of *opening*; raises what the loop gives up with."""
    run = _begun(task, shown, clock)
    try:
        run.attempts.extend(taken_up(task))
        while True:
            step = next_step(task, run.attempts)
            run.teller.tell(decided(step, run.attempts))
            yield from shown.follows(step, run.attempts)
            if isinstance(step, Call):
                if step.delay:
                    (sleep or hold.sleep)(step.delay)
                yield from _answered(run, step, opening, hold)
            elif isinstance(step, Check):
                run.attempts[-1:] = blocking.after_check(task, step, run.attempts, run.watch)
            else:
                break
        result = conclude(step, run.attempts)
    except BaseException as error:
        run.teller.tell([GaveUp(error)], cut_short=not isinstance(error, Exception))
        raise
    run.teller.tell([Accepted(result)])
    yield from shown.final(result)


async def astream(
    task: Task[T],
    shown: Shown[T],
    opening: AsyncOpening,
    *,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    clock: Callable[[], float] = perf_counter,
) -> None:
    """The same in the caller's event loop: it tells its events, as in telling.py."""
    run = _begun(task, shown, clock)
    try:
        run.attempts.extend(taken_up(task))
        while True:
            step = next_step(task, run.attempts)
            await run.teller.atell(decided(step, run.attempts))
            for event in shown.follows(step, run.attempts):
                await tell(event)
            if isinstance(step, Call):
                await _aanswered(run, step, opening, sleep)
            elif isinstance(step, Check):
                run.attempts[-1:] = await awaiting.after_check(task, step, run.attempts, run.watch)
            else:
                break
        result = conclude(step, run.attempts)
    except (Exception, asyncio.CancelledError, Left) as error:
        why = GeneratorExit() if isinstance(error, Left) else error
        await run.teller.atell([GaveUp(why)], cut_short=not isinstance(error, Exception))
        raise
    await run.teller.atell([Accepted(result)])
    for event in shown.final(result):
        await tell(event)


@frozen
class _Run(Generic[T]):
    """A run under way: what is *shown* of its *attempts*, and who is told of them."""

    task: Task[T]
    shown: Shown[T]
    watch: Stopwatch
    teller: Teller
    attempts: list[Attempt[T]]

    def request(self, call: Call) -> Request:
        """What is asked, with the time that is left for it."""
        return self.watch.streamed(call.request, self.task.policy)

    def attempt(self, request: Request, answer: Completion | CallFailure) -> Attempt[T]:
        """The record of *answer*, kept."""
        self.attempts.append(logged(judge(self.task, request, answer, self.watch.now())))
        return self.attempts[-1]


def _begun(task: Task[T], shown: Shown[T], clock: Callable[[], float]) -> _Run[T]:
    """The run of *task*, whose time begins."""
    watch = Stopwatch(task.policy.timeout, clock)
    return _Run(task, shown, watch, Teller(task.hooks, watch), [])


def _answered(run: _Run[T], call: Call, opening: Opening, hold: Hold) -> Generator[StreamEvent[T]]:
    """What one call shows while its answer comes; its attempt is kept."""
    hold.check()
    request = run.request(call)
    run.teller.tell([CallStarted(request, call.delay)])
    watcher = run.shown.watch(request)
    with opening(request) as answering, hold.on(answering):
        for piece in answering:
            yield from watcher.feed(piece)
            if hold.released:
                break
            if watcher.doomed:
                answering.stop()
                break
        hold.check()
        answer = answering.answer()
    run.teller.tell([CallFinished(run.attempt(request, answer))])


async def _aanswered(
    run: _Run[T], call: Call, opening: AsyncOpening, sleep: Callable[[float], Awaitable[None]]
) -> None:
    """The same in the caller's event loop."""
    if call.delay:  # sleep(0) would yield to every other task
        await sleep(call.delay)
    request = run.request(call)
    await run.teller.atell([CallStarted(request, call.delay)])
    watcher = run.shown.watch(request)
    async with opening(request) as answering:
        async for piece in answering:
            for event in watcher.feed(piece):
                await tell(event)
            if watcher.doomed:
                await answering.stop()
                break
        answer = answering.answer()
    await run.teller.atell([CallFinished(run.attempt(request, answer))])
