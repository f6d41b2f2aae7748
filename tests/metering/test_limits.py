"""Limits: everybody in turn, as fast as allowed, and nothing left behind."""

from __future__ import annotations

import asyncio
import gc
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from metering.clocks import FakeClock

from deterministic_llm._core.answering import Answer
from deterministic_llm._core.attempts import Request
from deterministic_llm._core.exchange import Allowance, CallFailure, Completion, Quota, Usage
from deterministic_llm.errors import ConfigurationError
from deterministic_llm.metering.limits import Limits, alimited, limited
from deterministic_llm.metering.line import Slot

REQUEST = Request(1, prompt=({"role": "user", "content": "How much?"},))
BUSY = CallFailure("busy", "rate_limited", status=429)
LATE = CallFailure(
    "no slot within the rate limits came free in the time that was left", "late", sent=False
)


def by_blocking(limits: Limits, answers: list[Answer], **options: object) -> list[object]:
    def call(_: Request) -> Answer:
        return answers.pop(0)

    ask = limited(call, limits, **options)
    return [ask(REQUEST) for _ in list(answers)]


def by_awaiting(limits: Limits, answers: list[Answer], **options: object) -> list[object]:
    async def call(_: Request) -> Answer:
        return answers.pop(0)

    async def main() -> list[object]:
        ask = alimited(call, limits, **options)
        return [await ask(REQUEST) for _ in list(answers)]

    return asyncio.run(main())


DRIVERS = pytest.mark.parametrize("ask", [by_blocking, by_awaiting])


def used(tokens: int) -> Completion:
    return Completion("9", usage=Usage(tokens))


@DRIVERS
@pytest.mark.parametrize(
    ("limits", "tokens", "answers", "waits"),
    [
        pytest.param({"rpm": 2}, 0, [used(1)] * 4, [30.0, 30.0], id="two a minute"),
        pytest.param({"concurrency": 1}, 0, [used(1)] * 9, [], id="one after the other"),
        pytest.param({"tpm": 600}, 300, [used(300)] * 3, [30.0], id="tokens a minute"),
        pytest.param({"tpm": 600}, 300, [used(100)] * 4, [], id="unused tokens are given back"),
        pytest.param({"tpm": 600}, 300, [used(600)] * 2, [30.0], id="too few were counted"),
        pytest.param({"tpm": 600}, 300, [Completion("9")] * 3, [30.0], id="no usage: as counted"),
        pytest.param({"tpm": 600}, 900, [used(900)] * 2, [90.0], id="more than a minute's worth"),
        pytest.param(
            {"rpm": 60},
            0,
            [CallFailure("busy", "rate_limited", retry_after=7.5), used(1)],
            [7.5],
            id="Retry-After holds everybody back",
        ),
        pytest.param(
            {},
            0,
            [CallFailure("no", "quota", final=True, retry_after=99.0), used(1)],
            [],
            id="the server forbade to ask again: nothing to wait for",
        ),
        pytest.param(
            {"rpm": 1},
            0,
            [CallFailure("no", "over_budget", sent=False), used(1)],
            [],
            id="a call that was never made costs no request",
        ),
    ],
)
def test_calls_wait_as_long_as_the_limits_say(
    ask, limits: dict[str, int], tokens: int, answers: list[Answer], waits: list[float]
):
    """One after the other, by a clock that takes no time."""
    clock = FakeClock()
    shared = Limits(**limits, clock=clock)
    assert ask(shared, list(answers), tokens=lambda _: tokens) == answers
    assert (clock.waits, shared.in_flight, shared.waiting) == (waits, 0, 0)


def left(
    requests: Allowance | None = None, tokens: Allowance | None = None, used: int = 1
) -> Completion:
    return Completion("9", usage=Usage(used), quota=Quota(requests, tokens))


@DRIVERS
@pytest.mark.parametrize(
    ("limits", "answers", "waits"),
    [
        pytest.param(
            {},
            [left(Allowance(2, 60, 58.0)), used(1), used(1), used(1), used(1)],
            [1.0, 1.0],
            id="two requests are left, and one comes back a second",
        ),
        pytest.param(
            {},
            [left(Allowance(0, 60, 60.0)), left(Allowance(59, 60, 1.0)), used(1), used(1)],
            [1.0],
            id="the next answer tells more",
        ),
        pytest.param(
            {},
            [left(tokens=Allowance(50, 6000, 59.5)), used(1)],
            [2.5],
            id="300 tokens are wanted, 50 left, and 100 come back a second",
        ),
        pytest.param(
            {},
            [left(tokens=Allowance(0, 150, 15.0)), used(1)],
            [15.0],
            id="more tokens than there ever are wait for all of them",
        ),
        pytest.param(
            {"rpm": 2},
            [left(Allowance(90, 100, 6.0)), used(1), used(1)],
            [30.0],
            id="the stricter limit counts",
        ),
        pytest.param(
            {},
            [left(Allowance(0, None, 20.0)), used(1), used(1)],
            [20.0, 20.0],
            id="nothing left of nobody knows how many: until all is there",
        ),
        pytest.param({}, [left(Allowance(0, 60, None)), used(1)], [], id="nobody knows until when"),
        pytest.param({}, [left(Allowance(60, 60, 0.0)), used(1)], [], id="all is there"),
        pytest.param({}, [left(Allowance(70, 60, 9.0)), used(1)], [], id="more than all"),
        pytest.param(
            {},
            [
                CallFailure(
                    "busy", "rate_limited", retry_after=2.0, quota=Quota(Allowance(0, 60, 60.0))
                ),
                used(1),
                used(1),
            ],
            [2.0],
            id="a refusal tells it, too: by then two have come back",
        ),
    ],
)
def test_calls_wait_as_the_server_says(
    ask, limits: dict[str, int], answers: list[Answer], waits: list[float]
):
    clock = FakeClock()
    shared = Limits(**limits, clock=clock)
    assert ask(shared, list(answers), tokens=lambda _: 300) == answers
    assert (clock.waits, shared.in_flight, shared.waiting) == (waits, 0, 0)


def test_what_was_sent_since_is_not_there_any_more():
    """The server told what was left before it saw the second and third call."""
    clock = FakeClock()
    limits = Limits(clock=clock)
    first, second, _ = (limits.acquire(10) for _ in range(3))
    assert first
    assert second
    first.closed(left(Allowance(3, 60, 57.0)))
    assert limits.acquire(10, timeout=0.5) is not None
    assert limits.acquire(10, timeout=0.5) is None
    second.closed(CallFailure("never sent", "unreachable", sent=False))
    assert limits.acquire(10, timeout=0.5) is not None


def test_an_older_word_does_not_outvote_a_newer_one():
    """Answers do not come in the order of the calls."""
    limits = Limits(clock=FakeClock())
    first, second = limits.acquire(), limits.acquire()
    assert first
    assert second
    second.closed(left(Allowance(0, 60, 60.0)))
    first.closed(left(Allowance(30, 60, 30.0)))
    assert limits.acquire(timeout=0.5) is None


@DRIVERS
def test_too_many_requests_halve_the_concurrency_and_successes_bring_it_back(ask):
    """Slowly, and what is no sign of congestion changes nothing."""
    limits = Limits(concurrency=8, clock=FakeClock())
    ask(limits, [BUSY])
    assert limits.allowed == 4
    ask(limits, [CallFailure("no", "bad_request", status=400), CallFailure("slow", "timeout")])
    ask(limits, [used(1)] * 4)
    assert limits.allowed == 5
    ask(limits, [CallFailure("full", "overloaded", status=529)])
    assert limits.allowed == 2


def test_told_from_outside_counts_as_now():
    """As when a driver sees the failure first."""
    limits = Limits(concurrency=8, clock=FakeClock())
    limits.told(BUSY)
    limits.told(BUSY)
    assert limits.allowed == 2


@pytest.mark.parametrize(
    ("limits", "before", "timeout", "waited"),
    [
        pytest.param({"rpm": 1}, None, 59.0, 0.0, id="known to be in vain: not waited for"),
        pytest.param({"rpm": 1}, None, 61.0, 60.0, id="in time"),
        pytest.param({"concurrency": 1}, None, 5.0, 5.0, id="nobody knows: waited for in full"),
        pytest.param({"concurrency": 1}, 9.0, 5.0, 0.0, id="held back for longer"),
    ],
)
def test_a_slot_comes_in_time_or_not_at_all(
    limits: dict[str, int], before: float | None, timeout: float, waited: float
):
    """Nothing is left in the queue either way."""
    clock = FakeClock()
    shared = Limits(**limits, clock=clock)
    holder = shared.acquire()
    if before is not None:
        shared.told(CallFailure("busy", "server_error", retry_after=before))
    slot = shared.acquire(timeout=timeout)
    assert (slot is not None) == (waited == 60.0)
    assert (clock.time, shared.waiting) == (waited, 0)
    assert isinstance(holder, Slot)


def test_a_call_without_time_for_a_slot_is_late():
    """And was never sent."""
    limits = Limits(rpm=1, clock=FakeClock())
    limits.acquire()

    def call(_: Request) -> Answer:
        raise AssertionError

    timed = Request(1, timeout=10.0)
    assert limited(call, limits)(timed) == LATE
    assert asyncio.run(_awaited(alimited(call, limits), timed)) == LATE


async def _awaited(ask: Callable[..., object], request: Request) -> object:
    return await ask(request)


class Sleepyhead(FakeClock):
    """Wakes up ten seconds after it should."""

    def wait(self, event: threading.Event, seconds: float | None) -> None:
        """Move the time on, too far."""
        super().wait(event, seconds)
        self.time += 10


def test_a_slot_that_came_when_the_time_was_over_is_not_used():
    """And is there for the next."""
    limits = Limits(rpm=1, clock=Sleepyhead())
    limits.acquire()
    assert limits.acquire(timeout=65.0) is None
    assert (limits.in_flight, limits.waiting) == (1, 0)
    assert limits.acquire(timeout=0.0) is not None


def test_the_wait_is_taken_off_the_time_of_the_request():
    """And its answer is to say what is left of the server's limits."""
    limits = Limits(rpm=1, clock=FakeClock())
    seen: list[Request] = []

    def call(request: Request) -> Answer:
        seen.append(request)
        return used(1)

    timed = Request(1, timeout=100.0)
    for _ in range(2):
        limited(call, limits)(timed)
    assert seen == [timed, Request(1, timeout=40.0)]
    assert [each.limited for each in seen] == [True, True]


def test_slots_as_blocks_are_given_back_and_time_out():
    """Sync and async, whatever ends the block."""
    limits = Limits(concurrency=1, clock=FakeClock())
    with pytest.raises(KeyError), limits.slot():
        {}[limits.in_flight]

    async def main() -> None:
        async with limits.aslot() as slot:
            slot.closed(BUSY)
            assert limits.in_flight == 0

    async def too_late() -> None:
        async with limits.aslot(timeout=3.0):
            pytest.fail("got in")

    asyncio.run(main())
    with limits.slot(), pytest.raises(TimeoutError, match="no slot"):
        asyncio.run(too_late())
    with limits.slot(), pytest.raises(TimeoutError, match="no slot"), limits.slot(timeout=3.0):
        pytest.fail("got in")
    assert (limits.in_flight, limits.waiting) == (0, 0)


def test_a_slot_is_given_back_once():
    """Whatever is said about it later changes nothing."""
    limits = Limits(concurrency=4)
    with limits.slot() as slot:
        assert slot.closed(used(1)) == used(1)
        assert slot.closed(BUSY) == BUSY
    assert (limits.in_flight, limits.allowed) == (0, 4)


def test_slots_are_given_in_the_order_of_asking():
    """A large one in front is not overtaken by small ones, nor is anybody by a newcomer."""
    limits = Limits(tpm=100, concurrency=2, clock=FakeClock())
    order: list[int] = []

    async def work(number: int, tokens: int) -> None:
        async with limits.aslot(tokens) as slot:
            order.append(number)
            await asyncio.sleep(0)
            slot.closed(used(tokens))

    async def main() -> None:
        sizes = [90, 90, 1, 1, 50, 1, 1]
        await asyncio.gather(*(work(n, size) for n, size in enumerate(sizes)))

    asyncio.run(main())
    assert order == list(range(7))


def test_a_cancelled_waiter_leaves_nothing_behind_and_the_next_comes_up():
    """In front of the queue and in the middle of it."""
    limits = Limits(concurrency=1)

    async def main() -> None:
        holder = await limits.aacquire()
        waiters = [asyncio.ensure_future(limits.aacquire()) for _ in range(4)]
        await asyncio.sleep(0)
        assert limits.waiting == 4
        for gone in (waiters[0], waiters[2]):
            gone.cancel()
            with pytest.raises(asyncio.CancelledError):
                await gone
        assert limits.waiting == 2
        for waiter in (waiters[1], waiters[3]):
            holder.closed(used(1))
            holder = await waiter
        holder.closed(used(1))

    asyncio.run(main())
    assert (limits.in_flight, limits.waiting) == (0, 0)


def test_a_waiter_whose_loop_is_gone_blocks_nobody():
    """A loop that was closed around its tasks can wake nobody."""
    limits = Limits(concurrency=1, clock=FakeClock())
    holder = limits.acquire()
    loop = asyncio.new_event_loop()
    waiting = loop.create_task(limits.aacquire())
    loop.call_soon(loop.stop)
    loop.run_forever()
    loop.close()
    assert limits.waiting == 1
    holder.closed(used(1))
    assert limits.waiting == 0
    with limits.slot():
        assert limits.in_flight == 1
    waiting._log_destroy_pending = False  # it is what this test is about
    del waiting
    gc.collect()


def test_a_thread_that_waits_is_woken_by_the_call_that_ends():
    """It takes no timer to find out."""
    limits, came = Limits(concurrency=1), threading.Event()

    def wait() -> None:
        with limits.slot() as slot:
            came.set()
            assert slot.waited > 0

    holder = limits.acquire()
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(wait)
        while not limits.waiting:
            pass
        assert not came.is_set()
        holder.closed(used(1))
        waiting.result()
    assert (came.is_set(), limits.in_flight, limits.waiting) == (True, 0, 0)


def test_the_system_clock_comes_back_when_the_time_is_over():
    """In a thread and in an event loop, without anybody to wake it."""
    limits = Limits(rpm=60_000)
    busy = CallFailure("busy", "server_error", retry_after=0.1)

    async def acquired() -> Slot:
        limits.told(busy)  # a loop may take a while to start
        return await limits.aacquire(timeout=5.0)

    limits.told(busy)
    assert limits.acquire(timeout=5.0).waited > 0
    assert asyncio.run(acquired()).waited > 0


class Gauge:
    """How many are inside at once, at most."""

    def __init__(self) -> None:
        self.inside = self.most = self.total = 0
        self.lock = threading.Lock()

    def enter(self) -> None:
        """One more."""
        with self.lock:
            self.inside += 1
            self.total += 1
            self.most = max(self.most, self.inside)

    def leave(self) -> None:
        """One less."""
        with self.lock:
            self.inside -= 1


def test_threads_and_event_loops_share_the_slots():
    """4 event loops of 64 tasks and 16 threads, never more than 5 at once, and all come to it."""
    limits, gauge = Limits(concurrency=5), Gauge()

    def by_thread() -> None:
        for _ in range(8):
            with limits.slot() as slot:
                gauge.enter()
                gauge.leave()
                slot.closed(used(1))

    async def by_task() -> None:
        async with limits.aslot():
            gauge.enter()
            await asyncio.sleep(0)
            gauge.leave()

    async def main() -> None:
        await asyncio.gather(*(by_task() for _ in range(64)))

    with ThreadPoolExecutor(20) as pool:
        done = [pool.submit(by_thread) for _ in range(16)]
        done += [pool.submit(asyncio.run, main()) for _ in range(4)]
        for each in done:
            each.result()
    assert (gauge.total, limits.in_flight, limits.waiting) == (16 * 8 + 4 * 64, 0, 0)
    assert 1 <= gauge.most <= 5


@pytest.mark.parametrize("limits", [{"rpm": 0}, {"tpm": 1.5}, {"concurrency": -1}, {"rpm": True}])
def test_a_nonsense_limit_is_refused(limits: dict[str, object]):
    """The message names it."""
    (name,) = limits
    with pytest.raises(ConfigurationError, match=rf"^{name}: expected a whole number from 1 up"):
        Limits(**limits)


def test_the_repr_tells_the_limits_and_the_state():
    """For a log line."""
    limits = Limits(rpm=500, concurrency=64)
    limits.acquire()
    assert repr(limits) == "<Limits(rpm=500, concurrency=64): 1 of 64 under way, 0 waiting>"
    assert repr(Limits()) == "<Limits(): 0 of any number under way, 0 waiting>"
