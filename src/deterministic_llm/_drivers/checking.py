"""One validator asked about one output, blocking or awaiting, and never for longer than allowed."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable
from concurrent.futures import Future, wait
from copy import deepcopy
from functools import partial
from time import perf_counter
from typing import cast

from typing_extensions import TypeVar

from deterministic_llm._core.attempts import Checked
from deterministic_llm._core.checks import Findings, Validator, findings, is_candidate, record
from deterministic_llm._core.patience import left_of
from deterministic_llm._drivers.background import background_loop, started

T = TypeVar("T")

_GRACE = 0.1
"""Seconds that a cancelled check gets to close what it opened."""


class CheckTimedOutError(TimeoutError):
    """A check was not done in the time that was left for it."""


def check(
    validator: Validator, value: object, context: object = None, *, timeout: float | None = None
) -> Checked:
    """What *validator* says of *value*, within *timeout* seconds.

    Raises CheckTimedOutError when they are over, and what the check raises besides its failures.
    """
    clock = _Clock(timeout)
    first = _found(validator, value, context, clock)
    if not first.violations or validator.fix is None:
        return record(validator, first, None, clock.taken())
    try:
        after = _returned(partial(validator.fix, deepcopy(value)), clock)
    except validator.failures:  # the fix knows no better
        return record(validator, first, None, clock.taken())
    second = _found(validator, after, context, clock) if is_candidate(value, after) else None
    return record(validator, first, second, clock.taken())


async def acheck(
    validator: Validator,
    value: object,
    context: object = None,
    *,
    timeout: float | None = None,  # noqa: ASYNC109  # also for functions that cannot be cancelled
) -> Checked:
    """What *validator* says of *value*, in the caller's event loop; otherwise as check()."""
    clock = _Clock(timeout)
    first = await _afound(validator, value, context, clock)
    if not first.violations or validator.fix is None:
        return record(validator, first, None, clock.taken())
    try:
        after = await _areturned(partial(validator.fix, deepcopy(value)), clock)
    except validator.failures:
        return record(validator, first, None, clock.taken())
    second = await _afound(validator, after, context, clock) if is_candidate(value, after) else None
    return record(validator, first, second, clock.taken())


class _Clock:
    """The seconds that a check has taken, and those that are left for it."""

    __slots__ = ("_began", "_timeout")

    def __init__(self, timeout: float | None) -> None:
        self._began = perf_counter()
        self._timeout = timeout

    def taken(self) -> float:
        return perf_counter() - self._began

    def left(self) -> float | None:
        return left_of(self._timeout, self.taken())

    def over(self) -> bool:
        return self._timeout is not None and self._timeout <= self.taken()


def _found(validator: Validator, value: object, context: object, clock: _Clock) -> Findings:
    try:
        returned = _returned(_asking(validator, validator.check, value, context, clock), clock)
    except validator.failures as error:
        returned = error
    return findings(validator, value, returned)


async def _afound(validator: Validator, value: object, context: object, clock: _Clock) -> Findings:
    asked = validator.acheck or validator.check
    try:
        returned = await _areturned(_asking(validator, asked, value, context, clock), clock)
    except validator.failures as error:
        returned = error
    return findings(validator, value, returned)


def _asking(
    validator: Validator,
    asked: Callable[..., object],
    value: object,
    context: object,
    clock: _Clock,
) -> Callable[[], object]:
    if clock.over():
        raise CheckTimedOutError
    given = (value, context) if validator.takes_context else (value,)
    told = {"timeout": clock.left()} if validator.takes_timeout else {}
    return partial(asked, *given, **told)


def _returned(asked: Callable[[], object], clock: _Clock) -> object:
    """What *asked* gives, awaited on the background loop where that is needed."""
    if clock.left() is None or _gives_coroutine(asked):
        returned = asked()
    else:
        returned = _in_time(started(asked), clock)
    if not inspect.isawaitable(returned):
        return returned
    return _in_time(background_loop().submit(_awaited(returned)), clock)


def _in_time(future: Future[T], clock: _Clock) -> T:
    try:
        done, _ = wait((future,), clock.left())
    finally:
        future.cancel()  # in vain when it is done
    if not done:
        raise CheckTimedOutError
    return future.result()


async def _areturned(asked: Callable[[], object], clock: _Clock) -> object:
    if clock.left() is None or _gives_coroutine(asked):
        returned = asked()
    else:
        returned = await _awaited_in_time(asyncio.wrap_future(started(asked)), clock)
    if not inspect.isawaitable(returned):
        return returned
    return await _awaited_in_time(_awaited(returned), clock)


async def _awaited_in_time(awaitable: Awaitable[object], clock: _Clock) -> object:
    """What *awaitable* gives; one that does not let itself be cancelled is left behind."""
    left = clock.left()
    if left is None:
        return await awaitable
    task = asyncio.ensure_future(awaitable)
    try:
        await asyncio.wait({task}, timeout=left)
    except asyncio.CancelledError:
        await _cancelled(task)
        raise
    if not task.done():
        await _cancelled(task)
        raise CheckTimedOutError
    return task.result()


async def _cancelled(task: asyncio.Future[object]) -> None:
    task.cancel()
    await asyncio.wait({task}, timeout=_GRACE)
    if task.done() and not task.cancelled():
        task.exception()  # looked at, so that asyncio does not report it


def _gives_coroutine(asked: Callable[[], object]) -> bool:
    """Whether calling *asked* only makes a coroutine, which takes no time."""
    inner = cast("partial[object]", asked).func
    return inspect.iscoroutinefunction(inner) or inspect.iscoroutinefunction(
        getattr(inner, "__call__", None)  # noqa: B004  # the method itself is asked
    )


async def _awaited(awaitable: Awaitable[object]) -> object:
    return await awaitable
