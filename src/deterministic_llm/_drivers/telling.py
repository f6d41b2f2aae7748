"""A coroutine that tells as it goes: it goes in, and what it tells can be iterated.

It is to ``await`` what a generator's ``yield from`` is to calls. Async generators inside each other
would have to be closed one by one, and the garbage collector finishes them in whatever context it
happens to run in.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Coroutine, Generator
from contextlib import suppress
from contextvars import Context
from inspect import CORO_CLOSED, getcoroutinestate
from types import coroutine
from typing import Any, TypeAlias, cast

Speaker: TypeAlias = Coroutine[Any, Any, None]


class Left(BaseException):  # not GeneratorExit: thrown at an await, that forbids to await any more
    """Nobody listens any longer; raised where a coroutine tells something."""


@coroutine
def tell(said: object) -> Generator[tuple[object]]:
    """Tell *said*, and go on when more is asked for."""
    yield (said,)  # futures and None are for the event loop; tuples are not


async def told(begin: Callable[[], Speaker], context: Context) -> AsyncGenerator[object]:
    """What the coroutine that *begin* makes tells, all of its steps taken in *context*."""
    speaker = begin()
    try:
        while True:
            said = await _Step(context, speaker, speaker.send, None)
            if said is None:
                break
            yield said
    finally:
        if getcoroutinestate(speaker) != CORO_CLOSED:  # it may have something to close
            with suppress(Left):
                await _Step(context, speaker, speaker.throw, Left())


class _Step:
    """*speaker* goes on as *how* says, until it tells something; None when it is at its end."""

    __slots__ = ("_context", "_given", "_how", "_speaker")

    def __init__(
        self, context: Context, speaker: Speaker, how: Callable[[Any], object], given: object
    ) -> None:
        self._context = context
        self._speaker = speaker
        self._how = how
        self._given = given

    def __await__(self) -> Generator[object, object, object]:
        run, speaker = self._context.run, self._speaker
        try:
            waited = run(self._how, self._given)
            while type(waited) is not tuple:
                try:
                    given = yield waited
                except BaseException as error:  # noqa: BLE001  # thrown on to where it waits
                    waited = run(speaker.throw, error)
                else:
                    waited = run(speaker.send, given)
        except StopIteration:
            return None
        return cast("tuple[object]", waited)[0]
