"""Identical calls at the same time: one is made, and the others get what it brought."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from patience import eventually

from deterministic_llm import (
    Budget,
    BudgetExceeded,
    CallFailure,
    CallStarted,
    Completion,
    DeadlineExceeded,
    EnforcementError,
    ProviderError,
    Result,
    enforce,
)
from deterministic_llm._core.attempts import Request
from deterministic_llm._core.exchange import Abilities
from deterministic_llm.enforcer.known import Known
from deterministic_llm.generate import Model
from deterministic_llm.sources import Asked
from deterministic_llm.storage import flights

Answer = Completion | CallFailure | Exception


class Held(Model):
    """A model whose calls stay open until they are released; each gives the next answer."""

    def __init__(self, *answers: Answer) -> None:
        self.name = "held"
        self._source = Asked(lambda: self, Known(Abilities(), {}, "held"))
        self._answers = iter(answers)
        self.calls: list[Request] = []
        self.released = threading.Event()

    def complete(self, request: Request) -> Completion | CallFailure:
        """Wait for the release, then answer."""
        self.calls.append(request)
        assert self.released.wait(10)
        answer = next(self._answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def acomplete(self, request: Request) -> Completion | CallFailure:
        """Wait for the release, then answer."""
        return await asyncio.to_thread(self.complete, request)


class Arrivals:
    """Counts the runs that have come to their call."""

    def __init__(self) -> None:
        self._count = 0
        self._lock = threading.Lock()

    def call_started(self, event: CallStarted) -> None:
        """One more."""
        del event
        with self._lock:
            self._count += 1

    def come(self, number: int) -> bool:
        """Whether so many have come, a moment later at the latest."""
        return eventually(lambda: self._count >= number)


def outcome(run: Callable[[], Result[int]]) -> object:
    try:
        return run()
    except (EnforcementError, ZeroDivisionError) as error:
        return error


def together(model: Held, path: Path, number: int, **options: object) -> Sequence[object]:
    """The outcomes of so many identical runs that are all there before the first answer."""
    arrivals = Arrivals()
    given = {
        "cache": path,
        "hooks": [arrivals],
        "max_retries": 0,
        "transport_retries": 0,
        **options,
    }
    with ThreadPoolExecutor(number) as pool:
        runs = [pool.submit(outcome, lambda: model.run("?", int, **given)) for _ in range(number)]
        assert arrivals.come(number)
        assert eventually(lambda: waiting() == number - 1)
        model.released.set()
        return [run.result(10) for run in runs]


def waiting() -> int:
    """How many threads wait for the one call that is under way."""
    return sum(len(flight._landed._waiters) for flight in flights._BOARD._flights.values())


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "answers.sqlite"


def test_64_identical_calls_in_threads_and_event_loops_make_one(path: Path):
    """32 threads that block, and two event loops with 16 tasks each."""
    model, arrivals = Held(Completion("9")), Arrivals()

    async def tasks() -> list[Result[int]]:
        runs = (model.arun("?", int, cache=path, hooks=[arrivals]) for _ in range(16))
        return await asyncio.gather(*runs)

    with ThreadPoolExecutor(34) as pool:
        blocking = [
            pool.submit(model.run, "?", int, cache=path, hooks=[arrivals]) for _ in range(32)
        ]
        loops = [pool.submit(asyncio.run, tasks()) for _ in range(2)]
        assert arrivals.come(64)
        model.released.set()
        results = [run.result(10) for run in blocking]
        results += [result for loop in loops for result in loop.result(10)]
    assert len(model.calls) == 1
    assert [result.output for result in results] == [9] * 64
    assert sorted(result.determinism or "" for result in results) == ["replay"] * 63 + ["shape"]


def test_a_failure_of_the_server_is_that_of_all_who_wait(path: Path):
    model = Held(CallFailure("no credit", "quota", status=429))
    errors = together(model, path, 8)
    assert len(model.calls) == 1
    assert all(isinstance(error, ProviderError) for error in errors)
    assert sorted(error.attempts[0].sent for error in errors) == [False] * 7 + [True]  # type: ignore[attr-defined]


def test_what_the_leader_raises_is_its_own(path: Path):
    """Those who wait ask for themselves, one of them for all the others."""
    model = Held(ZeroDivisionError(), Completion("9"))
    results = together(model, path, 8)
    raised = [each for each in results if isinstance(each, ZeroDivisionError)]
    assert (len(raised), len(model.calls)) == (1, 2)
    assert {each.output for each in results if isinstance(each, Result)} == {9}


def test_an_answer_that_was_broken_off_is_nobodys(path: Path):
    model = Held(*[Completion("9", "aborted")] * 12)
    assert len(together(model, path, 4)) == 4
    assert len(model.calls) == 12


def test_the_budget_of_one_is_nobody_elses(path: Path):
    model, empty = Held(Completion("9")), Budget(calls=1)
    model.released.set()
    model.run("another question", int, budget=empty)
    model._answers = iter([Completion("9")])
    with pytest.raises(BudgetExceeded):
        model.run("?", int, budget=empty, cache=path)
    assert model.run("?", int, cache=path).output == 9


def test_who_waits_does_not_wait_beyond_its_deadline(path: Path):
    """The call goes on for the others."""
    model = Held(Completion("9"))
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(model.run, "?", int, cache=path)
        assert eventually(lambda: len(model.calls) == 1)  # a run that has only begun may yet wait
        with pytest.raises(DeadlineExceeded) as caught:
            model.run("?", int, cache=path, timeout=0.05)
        with pytest.raises(DeadlineExceeded):
            asyncio.run(model.arun("?", int, cache=path, timeout=0.05))
        model.released.set()
        assert first.result(10).output == 9
    assert (caught.value.attempts[0].sent, len(model.calls)) == (False, 1)


def test_a_task_that_is_cancelled_leaves_the_call_to_another(path: Path):
    model, arrivals = Held(Completion("8"), Completion("9")), Arrivals()

    async def story() -> int:
        first = asyncio.create_task(model.arun("?", int, cache=path, hooks=[arrivals]))
        await asyncio.sleep(0)
        second = asyncio.create_task(model.arun("?", int, cache=path, hooks=[arrivals]))
        await asyncio.sleep(0)
        first.cancel()
        model.released.set()
        with pytest.raises(asyncio.CancelledError):
            await first
        return (await second).output

    assert asyncio.run(story()) in {8, 9}
    assert len(model.calls) == 2


def test_a_blocking_call_in_an_event_loop_does_not_wait_for_a_task_of_it(path: Path):
    """The task could not go on while the loop is held up."""
    model = Held(Completion("8"), Completion("8"))
    model.released.set()

    async def story() -> list[int]:
        task = asyncio.create_task(model.arun("?", int, cache=path))
        await asyncio.sleep(0)
        return [model.run("?", int, cache=path).output, (await task).output]

    assert asyncio.run(story()) == [8, 8]


def test_a_function_that_asks_itself_does_not_wait_for_itself(path: Path):
    def answered(essay: str) -> str:
        calls.append(essay)
        return str(grade(essay) + 1) if len(calls) < 3 else "1"

    calls: list[str] = []
    grade = enforce(int, cache=path)(answered)
    assert (grade("a"), calls) == (3, ["a"] * 3)


def test_a_loop_that_is_gone_is_not_told():
    flight, leads = flights.join(("here", "k"), awaiting=False)
    assert leads

    async def waiting() -> None:
        await flight.awaited(0.01)

    asyncio.run(waiting())
    flight.land(Completion("9"))
    assert flight.brought == Completion("9")
    assert flights.join(("here", "k"), awaiting=False)[1]
