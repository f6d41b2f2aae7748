"""Streamed runs: terms, a task and how to ask go in, the stream that carries it out comes out."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator, Sequence
from contextvars import Context, copy_context
from typing import Any, TypeAlias

from typing_extensions import TypeVar

from deterministic_llm._core.answering import AsyncOpening, Opening
from deterministic_llm._core.streaming.events import StreamEvent
from deterministic_llm._core.streaming.shown import Shown, is_listed
from deterministic_llm._core.tasks import Task
from deterministic_llm._drivers import streaming
from deterministic_llm._drivers.streaming import Hold
from deterministic_llm._drivers.telling import Speaker, tell
from deterministic_llm.enforcer.terms import Asking, Terms
from deterministic_llm.errors import ConfigurationError, EnforcementError, SchemaError
from deterministic_llm.metering.budgets import Budget
from deterministic_llm.metering.guards import Guards, aguarded_opening, guarded_opening
from deterministic_llm.metering.purses import hold_to
from deterministic_llm.storage.openings import acached_opening, cached_opening
from deterministic_llm.storage.reels import reel

S = TypeVar("S")
T = TypeVar("T")
Kind: TypeAlias = Callable[[Callable[[Hold], Generator[StreamEvent[T]]], Shown[T], Context], S]
"""A class of streams: made of what begins the run, what is shown of it, and its context."""
AsyncKind: TypeAlias = Callable[[Callable[[], Speaker], Shown[T], Context], S]
"""The same for those that are awaited."""
Ask: TypeAlias = Callable[[], Awaitable[tuple[Task[T], AsyncOpening]]]
"""Says what a run is about, and how to ask for an answer in pieces, when it begins."""


def stream(
    kind: Kind[T, S],
    terms: Terms[T],
    task: Task[T],
    opening: Opening,
    guards: Sequence[Guards],
    asked: Asking | None = None,
) -> S:
    """The stream, of *kind*, of *task* with answers of *opening*, otherwise as ``terms.run()``."""
    _check_streamed(task)
    opening, cache = guarded_opening(opening, guards), terms.cache
    if cache is not None:
        opening = cached_opening(opening, cache, terms.describing(asked), on_drift=terms.on_drift)
    shown = Shown(task)

    def begin(hold: Hold) -> Generator[StreamEvent[T]]:
        about = terms.met(task)
        tape = reel(terms.telling, asked)
        sleep = tape.sleep if tape.played else hold.sleep
        source = tape.opening(opening)
        try:
            yield from streaming.stream(about, shown, source, hold, sleep=sleep, clock=tape.clock)
        except EnforcementError as error:
            yield from shown.final(terms.settled(error))

    return kind(begin, shown, _context(terms.purse))


def astream(
    kind: AsyncKind[T, S],
    terms: Terms[T],
    task: Task[T],
    ask: Ask[T],
    guards: Sequence[Guards],
    asked: Asking | None = None,
) -> S:
    """The same, awaited; *task* is still without a prompt, and *ask* gives the whole."""
    _check_streamed(task)
    shown = Shown(task)

    async def begin() -> None:
        about, opening = await ask()
        about = await terms.amet(about)
        opening, cache = aguarded_opening(opening, guards), terms.cache
        if cache is not None:
            opening = acached_opening(
                opening, cache, terms.describing(asked), on_drift=terms.on_drift
            )
        tape = reel(terms.telling, asked)
        source = tape.aopening(opening)
        try:
            await streaming.astream(about, shown, source, sleep=tape.asleep, clock=tape.clock)
        except EnforcementError as error:
            for event in shown.final(terms.settled(error)):
                await tell(event)

    return kind(begin, shown, _context(terms.purse))


def check_listed(terms: Terms[Any]) -> None:
    """Raise SchemaError where the target is no list, which has no items."""
    if not is_listed(terms.target):
        raise SchemaError(terms.target.name, "is no list, so it has no items", "use stream()")


def _check_streamed(task: Task[Any]) -> None:
    """Raise ConfigurationError for votes: nothing is sure of them before they are counted."""
    if task.voting is not None:
        raise ConfigurationError(_VOTES)


_VOTES = "votes=: nothing of an output is sure before the votes are counted (use run())"


def _context(purse: Budget | None) -> Context:
    """A copy of the caller's context, in which all calls are held to *purse*.

    What a stream sets between two events, and unsets later, is none of its caller's business.
    """
    context = copy_context()
    if purse is not None:
        context.run(hold_to, purse)
    return context
