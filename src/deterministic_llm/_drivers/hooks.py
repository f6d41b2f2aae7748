"""Hooks told what happens in a run, blocking or awaiting; what they raise never gets out."""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import replace
from functools import partial
from itertools import count
from typing import TypeAlias, cast

from deterministic_llm._core.events import METHODS, Event
from deterministic_llm._drivers.background import background_loop
from deterministic_llm._drivers.stopwatch import Stopwatch
from deterministic_llm.errors import ConfigurationError

Hook: TypeAlias = Callable[[Event], object]

_LOG = logging.getLogger("deterministic_llm")
_RUNS = count(1)
_GRACE = 0.1
"""Seconds that an async hook gets however late it is, where no other one took them."""
_LEAST = 0.01
"""Seconds that it gets in any case: enough to write a line."""


def as_hooks(hooks: Iterable[object]) -> tuple[Hook, ...]:
    """Each of ``hooks=`` as a function of an event: functions, and objects with methods for some.

    Raises ConfigurationError for what is neither.
    """
    return tuple(map(_as_hook, hooks))


class Teller:
    """Tells the *hooks* of one run what happens in it, within the time that *watch* leaves."""

    __slots__ = ("_failed", "_hooks", "_run", "_slow", "_spare", "_watch")

    def __init__(self, hooks: Sequence[Hook], watch: Stopwatch) -> None:
        self._hooks = hooks
        self._watch = watch
        self._run = next(_RUNS)
        self._failed: set[int] = set()
        self._slow: set[int] = set()
        self._spare = _GRACE

    def tell(self, events: Iterable[Event], *, cut_short: bool = False) -> None:
        """Tell every hook, and wait for those that are async: in a run *cut_short* only briefly."""
        for event, place, hook in self._due(events):
            try:
                returned = hook(event)
                if inspect.isawaitable(returned):
                    future = background_loop().submit(_awaited(returned))
                    try:
                        future.result(self._left(place, cut_short=cut_short))
                    finally:
                        future.cancel()  # in vain when it is done
            except TimeoutError as error:
                self._dawdling(place, error)
            except Exception as error:  # noqa: BLE001  # a hook never breaks a run
                self._failing(place, error)

    async def atell(self, events: Iterable[Event], *, cut_short: bool = False) -> None:
        """The same in the caller's event loop."""
        for event, place, hook in self._due(events):
            try:
                returned = hook(event)
                if inspect.isawaitable(returned):
                    await asyncio.wait_for(returned, self._left(place, cut_short=cut_short))
            except TimeoutError as error:
                self._dawdling(place, error)
            except Exception as error:  # noqa: BLE001
                self._failing(place, error)

    def _due(self, events: Iterable[Event]) -> Iterable[tuple[Event, int, Hook]]:
        for event in events:
            stamped = replace(event, run=self._run)
            for place, hook in enumerate(self._hooks):
                yield stamped, place, hook

    def _left(self, place: int, *, cut_short: bool) -> float | None:
        """Seconds for a hook: a few more when the time is over, but for one that was late."""
        left = 0.0 if cut_short else self._watch.left()
        if left is None:
            return None
        return max(left, 0.001 if place in self._slow else max(self._spare, _LEAST))

    def _dawdling(self, place: int, error: TimeoutError) -> None:
        """The hook was late: once the time is over it is waited for no more."""
        self._slow.add(place)
        self._spare = 0.0
        self._failing(place, error)

    def _failing(self, place: int, error: Exception) -> None:
        """One record a hook and run, without what the exception says."""
        if place not in self._failed:
            self._failed.add(place)
            _LOG.warning("hook %d of the run raised %s", place + 1, type(error).__name__)


def _as_hook(hook: object) -> Hook:
    if isinstance(hook, type):
        message = f"hooks=: expected an instance of {hook.__qualname__}, got the class"
        raise ConfigurationError(message)
    if any(hasattr(hook, name) for name in METHODS.values()):
        return partial(_by_method, hook)
    if callable(hook):
        return cast("Hook", hook)
    message = (
        f"hooks=: expected functions of an event, or objects with a method such as call_finished, "
        f"got {type(hook).__qualname__}"
    )
    raise ConfigurationError(message)


def _by_method(hook: object, event: Event) -> object:
    method = cast("Hook | None", getattr(hook, METHODS[type(event)], None))
    return None if method is None else method(event)


async def _awaited(awaitable: Awaitable[object]) -> object:
    return await awaitable
