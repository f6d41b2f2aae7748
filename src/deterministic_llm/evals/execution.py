"""The runs of several questions carried out, some at once: a call of one goes in, runs come out."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Generator
from concurrent.futures import FIRST_EXCEPTION, wait
from dataclasses import dataclass
from typing import TypeAlias

from deterministic_llm._core.results import Result
from deterministic_llm._drivers.background import started
from deterministic_llm.errors import (
    BudgetExceeded,
    DeadlineExceeded,
    EnforcementError,
    ProviderError,
)
from deterministic_llm.evals.journal import Journal
from deterministic_llm.evals.runs import Run, Score, failed, succeeded

Question: TypeAlias = tuple[int, int]
"""Which question, and the number of its run."""
Advance: TypeAlias = Callable[[int, int], None]
"""Told how many runs there are, of how many."""


@dataclass(slots=True)
class Round:
    """The runs to be made: what is known already is not made again.

    The first run of every question comes before the second of any, so that what is interrupted
    says something of all. *stopped* is why no more runs were made.
    """

    questions: int
    runs: int
    journal: Journal
    score: Score | None
    advance: Advance | None = None
    stopped: BudgetExceeded | None = None

    def pending(self) -> Generator[Question]:
        """What is still to be run, until something stopped it."""
        known = self.journal.runs
        self._tell()
        for number in range(self.runs):
            for item in range(self.questions):
                if self.stopped is not None:
                    return
                if (item, number) not in known:
                    yield item, number

    def brought(self, question: Question, result: Result[object]) -> None:
        """Keep what a run came to."""
        self._keep(succeeded(*question, result, self.score))

    def missed(self, question: Question, error: EnforcementError) -> None:
        """Keep that a run has no output; raises *error* where the next would have none either."""
        if isinstance(error, BudgetExceeded):
            self.stopped = error
            return
        if isinstance(error, ProviderError) and not error.retryable:
            raise error
        answered = not isinstance(error, ProviderError | DeadlineExceeded)
        self._keep(failed(*question, error, answered=answered))

    def _keep(self, run: Run) -> None:
        self.journal.note(run)
        self._tell()

    def _tell(self) -> None:
        if self.advance is not None:
            self.advance(len(self.journal.runs), self.questions * self.runs)


def carry_out(this: Round, ask: Callable[[Question], Result[object]], concurrency: int) -> None:
    """Make the runs of *this* round in so many threads; raises what a run must not go on after."""
    pending, lock = this.pending(), threading.Lock()

    def work() -> None:
        while True:
            with lock:
                question = next(pending, None)
            if question is None:
                return
            try:
                this.brought(question, ask(question))
            except EnforcementError as error:
                this.missed(question, error)

    workers = [started(work) for _ in range(concurrency)]
    try:
        done, _ = wait(workers, return_when=FIRST_EXCEPTION)
        for worker in done:
            worker.result()
    except BaseException as error:
        with lock:
            pending.close()  # the others end after the run that they are at
        wait(workers, timeout=None if isinstance(error, Exception) else _GRACE)
        raise


_GRACE = 2.0
"""Seconds for runs to end that are under way at an interrupt: a dead server would take minutes."""


async def acarry_out(
    this: Round, ask: Callable[[Question], Awaitable[Result[object]]], concurrency: int
) -> None:
    """The same in so many tasks, all of which end when one raises."""
    pending = this.pending()

    async def work() -> None:
        for question in pending:
            try:
                this.brought(question, await ask(question))
            except EnforcementError as error:
                this.missed(question, error)

    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(concurrency):
                group.create_task(work())
    except* Exception as errors:  # noqa: BLE001  # raised below, as a thread would raise it
        first = errors.exceptions[0]
    else:
        return
    raise first
