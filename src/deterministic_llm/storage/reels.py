"""The calls of one run on a cassette: recorded as they are made, or played without waiting."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Protocol

from typing_extensions import TypeVar, override

from deterministic_llm._core.answering import (
    Answer,
    AsyncOpening,
    AsyncTold,
    AwaitingCall,
    BlockingCall,
    Opening,
    Told,
)
from deterministic_llm._core.attempts import Request
from deterministic_llm.storage.cassettes import Cassette, running
from deterministic_llm.storage.keys import Describe
from deterministic_llm.storage.noting import AsyncNoted, Noted

A = TypeVar("A")


class Reel(Protocol):
    """How one run is carried out: its calls, its clock and its waiting."""

    def blocking(self, call: BlockingCall) -> BlockingCall:
        """*call*, recorded or replaced."""
        ...

    def awaiting(self, call: AwaitingCall) -> AwaitingCall:
        """*call*, recorded or replaced, to be awaited."""
        ...

    def opening(self, opening: Opening) -> Opening:
        """*opening* of answers in pieces, recorded or replaced."""
        ...

    def aopening(self, opening: AsyncOpening) -> AsyncOpening:
        """The same, to be awaited."""
        ...

    @property
    def played(self) -> bool:
        """Whether nothing is waited for."""
        ...

    def clock(self) -> float:
        """Seconds, from any beginning."""
        ...

    def sleep(self, seconds: float, /) -> None:
        """Wait."""
        ...

    async def asleep(self, seconds: float, /) -> None:
        """Wait, and let others go on."""
        ...


def reel(describing: Callable[[A], Describe], asked: A) -> Reel:
    """How a run that begins now is carried out; *describing* is *asked* only for a cassette."""
    cassette = running()
    if cassette is None:
        return _LIVE
    if cassette.replays:
        return _Played(cassette, describing(asked))
    return _Recorded(cassette, describing(asked))


class _Live:
    """A run off any cassette."""

    played = False

    def blocking(self, call: BlockingCall) -> BlockingCall:
        return call

    def awaiting(self, call: AwaitingCall) -> AwaitingCall:
        return call

    def opening(self, opening: Opening) -> Opening:
        return opening

    def aopening(self, opening: AsyncOpening) -> AsyncOpening:
        return opening

    clock = staticmethod(time.perf_counter)
    sleep = staticmethod(time.sleep)
    asleep = staticmethod(asyncio.sleep)


_LIVE = _Live()


class _Recorded(_Live):
    """A run that is recorded."""

    def __init__(self, cassette: Cassette, describe: Describe) -> None:
        self._cassette = cassette
        self._describe = describe
        self._began = self.clock()

    def blocking(self, call: BlockingCall) -> BlockingCall:
        def ask(request: Request) -> Answer:
            return self._noted(request, call(request))

        return ask

    def awaiting(self, call: AwaitingCall) -> AwaitingCall:
        async def ask(request: Request) -> Answer:
            return self._noted(request, await call(request))

        return ask

    @override
    def opening(self, opening: Opening) -> Opening:
        return lambda request: Noted(opening(request), partial(self._noted, request))

    @override
    def aopening(self, opening: AsyncOpening) -> AsyncOpening:
        return lambda request: AsyncNoted(opening(request), partial(self._noted, request))

    def _noted(self, request: Request, answer: Answer) -> Answer:
        ended = self.clock() - self._began
        return self._cassette.record(self._describe, request, answer, ended)


class _Played:
    """A run that is played: nothing is waited for, and its clock shows the recorded time."""

    played = True

    def __init__(self, cassette: Cassette, describe: Describe) -> None:
        self._cassette = cassette
        self._describe = describe
        self._now = 0.0

    def blocking(self, call: BlockingCall) -> BlockingCall:
        del call
        return self._answer

    def awaiting(self, call: AwaitingCall) -> AwaitingCall:
        del call

        async def ask(request: Request) -> Answer:
            await asyncio.sleep(0)  # others go on here, as while a call is under way
            return self._answer(request)

        return ask

    def opening(self, opening: Opening) -> Opening:
        del opening
        return lambda request: Told(request, self._answer(request))

    def aopening(self, opening: AsyncOpening) -> AsyncOpening:
        del opening
        return lambda request: AsyncTold(request, self._answer(request))

    def clock(self) -> float:
        return self._now

    def sleep(self, seconds: float, /) -> None:
        self._now += seconds

    async def asleep(self, seconds: float, /) -> None:
        self._now += seconds
        await asyncio.sleep(0)

    def _answer(self, request: Request) -> Answer:
        take = self._cassette.play(self._describe, request)
        self._now = max(self._now, take.ended)
        return replace(take.answer, origin="cassette")
