"""One check, blocking and awaiting: the same record, within its time, in the caller's context."""

from __future__ import annotations

import asyncio
import multiprocessing
import subprocess
import sys
import threading
import time
from contextvars import ContextVar
from dataclasses import replace

import pytest

from deterministic_llm import Repair, Violation
from deterministic_llm._core.attempts import UNCHANGED, Checked
from deterministic_llm._core.checks import Judgement, Validator, as_validator, validator
from deterministic_llm._drivers import checking
from deterministic_llm.errors import ModelRetry

USER = ContextVar("USER", default="nobody")


def blocking(validator: Validator, value: object, context: object = None, **limit) -> Checked:
    return checking.check(validator, value, context, **limit)


def awaiting(validator: Validator, value: object, context: object = None, **limit) -> Checked:
    return asyncio.run(checking.acheck(validator, value, context, **limit))


def blocking_in_a_loop(validator: Validator, value: object, context: object = None, **limit):
    async def notebook() -> Checked:
        return checking.check(validator, value, context, **limit)

    return asyncio.run(notebook())


ways = pytest.mark.parametrize("ask", [blocking, awaiting, blocking_in_a_loop])
limits = pytest.mark.parametrize("limit", [{}, {"timeout": 30.0}], ids=["no limit", "a limit"])


def even(value: list[int]) -> None:
    if value[0] % 2:
        message = "expected an even number"
        raise ModelRetry(message, path="[0]", fix="add one")


async def even_awaited(value: list[int]) -> None:
    await asyncio.sleep(0)
    even(value)


class EvenObject:
    """The same as a callable object, whose result is only then seen to be awaitable."""

    def __call__(self, value: list[int]) -> object:
        """Wait, and look."""
        return even_awaited(value)


def grown(value: list[int]) -> list[int]:
    value[0] += 1
    return value


async def grown_awaited(value: list[int]) -> list[int]:
    await asyncio.sleep(0)
    return grown(value)


ODD = Violation("$[0]", "validator", "expected an even number", "3", "add one")
GROWN = Repair("fixed by even", "$", [3], [4], "format")


@ways
@limits
@pytest.mark.parametrize("check", [even, even_awaited, EvenObject()], ids=["plain", "async", "obj"])
def test_each_colour_of_a_check_gives_one_record(ask, limit, check):
    """Passed, failed, and mended by a fix of either colour."""
    each = validator(check, name="even")
    assert replace(ask(each, [4], **limit), seconds=0.0) == Checked("even")
    assert replace(ask(each, [3], **limit), seconds=0.0) == Checked("even", violations=(ODD,))
    for fix in (grown, grown_awaited):
        value = [3]
        checked = ask(replace(each, fix=fix), value, **limit)
        assert replace(checked, seconds=0.0) == Checked("even", repair=GROWN, value=[4])
        assert value == [3], "a fix works on a copy"


def unfixable(_value: list[int]) -> list[int]:
    message = "no way"
    raise ValueError(message)


@ways
@pytest.mark.parametrize(
    "fix",
    [unfixable, lambda value: [value[0] + 2], lambda _: None],
    ids=["gives up", "wrong again", "nothing"],
)
def test_a_fix_that_fails_leaves_the_violations(ask, fix):
    """Whether it gives up, gives a wrong value, or none."""
    checked = ask(validator(even, fix=fix), [3])
    assert (checked.violations, checked.repair, checked.value) == ((ODD,), None, UNCHANGED)


@ways
@limits
def test_the_context_of_the_run_is_handed_over(ask, limit):
    """To whoever takes it, in either colour."""

    async def mentions(value: list[int], context: object) -> str | None:
        return None if str(value[0]) in str(context) else f"expected one of {context}"

    assert ask(as_validator(mentions), [3], "3, 5", **limit).violations == ()
    assert ask(as_validator(mentions), [4], "3, 5", **limit).violations[0].expected == (
        "expected one of 3, 5"
    )


@ways
@limits
@pytest.mark.parametrize("color", ["plain", "async"])
def test_a_check_sees_the_context_variables_of_its_caller(ask, limit, color):
    """A budget or a trace that is open around the run is open in its checks."""

    def who(_value: object) -> str:
        return USER.get()

    async def who_awaited(_value: object) -> str:
        return USER.get()

    token = USER.set("Ada")
    try:
        checked = ask(as_validator(who if color == "plain" else who_awaited), [3], **limit)
    finally:
        USER.reset(token)
    assert checked.violations[0].expected == "Ada"


@ways
@limits
@pytest.mark.parametrize("error", [KeyError("x"), TimeoutError("mine"), ZeroDivisionError()])
@pytest.mark.parametrize("color", ["plain", "async"])
def test_a_bug_in_a_check_is_passed_on(ask, limit, error, color):
    """As it was raised: it is no violation, and a TimeoutError of its own is no deadline."""

    def fails(_value: object) -> None:
        raise error

    async def fails_awaited(_value: object) -> None:
        raise error

    with pytest.raises(type(error)) as caught:
        ask(as_validator(fails if color == "plain" else fails_awaited), [3], **limit)
    assert type(caught.value) is type(error)


@ways
@pytest.mark.parametrize("color", ["plain", "async", "stubborn"])
def test_a_slow_check_ends_with_its_time(ask, color):
    """The caller is back within a quarter of a second, whatever the check goes on doing."""
    released = threading.Event()

    def stuck(_value: object) -> None:
        released.wait(20)

    async def sleeps(_value: object) -> None:
        await asyncio.sleep(20)

    async def stubborn(_value: object) -> None:
        until = time.monotonic() + 0.5
        while time.monotonic() < until and not released.is_set():
            try:
                await asyncio.sleep(0.05)
            except asyncio.CancelledError:
                released.wait(0)

    slow = {"plain": stuck, "async": sleeps, "stubborn": stubborn}[color]
    began = time.perf_counter()
    taken: list[float] = []

    def timed(*args, **limit) -> None:
        try:
            ask(*args, **limit)
        finally:
            taken.append(time.perf_counter() - began)

    try:
        with pytest.raises(checking.CheckTimedOutError):
            timed(as_validator(slow), [3], timeout=0.05)
    finally:
        released.set()
    if (ask, color) != (awaiting, "stubborn"):  # there asyncio.run itself waits for the task
        assert taken[0] < 0.3 + 0.25


def test_an_abandoned_check_is_cancelled():
    """It can close what it opened."""
    closed = threading.Event()

    async def holds(_value: object) -> None:
        try:
            await asyncio.sleep(20)
        finally:
            closed.set()

    for ask in (blocking, awaiting):
        closed.clear()
        with pytest.raises(TimeoutError):
            ask(as_validator(holds), [3], timeout=0.01)
        assert closed.wait(5)


@pytest.mark.parametrize("limit", [None, 20.0])
def test_cancelling_the_run_cancels_the_check(limit):
    """And nothing is left behind in the caller's loop."""
    ended: list[str] = []

    async def holds(_value: object) -> None:
        try:
            await asyncio.sleep(20)
        finally:
            ended.append("closed")

    async def run() -> int:
        task = asyncio.ensure_future(checking.acheck(as_validator(holds), [3], timeout=limit))
        await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return len(asyncio.all_tasks())

    assert asyncio.run(run()) == 1
    assert ended == ["closed"]


@ways
def test_a_check_is_told_what_is_left(ask):
    """A keyword parameter called timeout: seconds, or None without a limit."""
    told: list[float | None] = []

    def patient(_value: object, *, timeout: float | None) -> None:
        told.append(timeout)

    ask(as_validator(patient), [3])
    ask(as_validator(patient), [3], timeout=5.0)
    assert told[0] is None
    assert told[1] is not None
    assert 4 < told[1] <= 5


def test_a_check_of_two_colours_is_asked_in_the_one_of_the_run():
    """Blocking without an event loop, awaiting without a thread."""

    async def acheck(_value: object) -> Judgement:
        return Judgement((), ("awaited",))  # type: ignore[arg-type]  # anything will do

    def check(_value: object) -> Judgement:
        return Judgement((), ("blocked",))  # type: ignore[arg-type]  # anything will do

    both = replace(as_validator(check), acheck=acheck)
    assert blocking(both, [3]).attempts == ("blocked",)
    assert awaiting(both, [3]).attempts == ("awaited",)


def test_a_blocking_run_inside_an_async_check_does_not_wait_for_itself():
    """The loop that its caller blocks is not the one that it needs."""

    async def outer(value: list[int]) -> list[Violation]:
        return list(blocking(as_validator(even_awaited), value).violations)

    assert blocking(as_validator(outer), [3]).violations == (ODD,)


def test_threads_share_one_loop():
    """Many blocking runs at a time start one thread between them."""
    results: list[Checked] = []
    threads = [
        threading.Thread(target=lambda: results.append(blocking(as_validator(even_awaited), [3])))
        for _ in range(20)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [each.violations for each in results] == [(ODD,)] * 20
    names = [each.name for each in threading.enumerate()]
    assert names.count("deterministic-llm-loop") == 1


def _in_child(queue: multiprocessing.Queue[int]) -> None:
    queue.put(len(blocking(as_validator(even_awaited), [3]).violations))


@pytest.mark.skipif(sys.platform == "win32", reason="no fork there")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_fork_gets_a_loop_of_its_own():
    """The thread of the parent is not there in the child."""
    blocking(as_validator(even_awaited), [4])
    context = multiprocessing.get_context("fork")
    queue = context.Queue()
    child = context.Process(target=_in_child, args=(queue,))
    child.start()
    assert queue.get(timeout=20) == 1
    child.join(20)


def test_a_process_ends_while_a_check_hangs():
    """Silently, and at once."""
    code = """
import time
from deterministic_llm._core.checks import as_validator
from deterministic_llm._drivers.checking import check
async def quick(value): return True
def stuck(value): time.sleep(60)
check(as_validator(quick), 1)
try: check(as_validator(stuck), 1, timeout=0.01)
except TimeoutError: print("late")
"""
    done = subprocess.run(  # noqa: S603  # the code above
        [sys.executable, "-X", "dev", "-W", "error", "-c", code],
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    assert (done.stdout, done.stderr) == ("late\n", "")


def test_seconds_are_measured():
    """Of the check and its fix together."""

    def naps_once(_value: list[int]) -> bool:
        time.sleep(0.02)
        return False

    assert 0.02 <= blocking(as_validator(naps_once), [3]).seconds < 5
