"""Who the server at an address is, asked once a process by whoever needs it first."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache
from threading import Lock
from time import monotonic
from typing import TypeAlias

from deterministic_llm.providers.openai.identity import UNHEARD, Identity
from deterministic_llm.providers.openai.profiles import UNKNOWN, Profile

Ask: TypeAlias = Callable[[float], Identity | None]
"""Asks a server who it is, for so many seconds at most; None is as if nobody had asked."""
AwaitingAsk: TypeAlias = Callable[[float], Awaitable[Identity | None]]
"""The same, awaited."""
_AGAIN = 300.0
"""Seconds after which a server that was not heard may be asked again."""
_MOST_SERVERS = 1024


@dataclass(slots=True)
class Whois:
    """What is known of one server; of those who want to know at the same time one asks."""

    _known: Identity | None = None
    _until: float = 0.0
    _asking: Future[Identity] | None = field(default=None, repr=False)
    _asker: int = field(default=0, repr=False)
    _lock: Lock = field(default_factory=Lock, repr=False)

    @property
    def known(self) -> Identity | None:
        """Who it is; None while nobody asked, and once it is time to ask again."""
        known = self._known
        if known is None or known.lasting or monotonic() < self._until:
            return known
        return None

    @property
    def profile(self) -> Profile:
        """How it is asked, by what is known."""
        return UNKNOWN if self._known is None else self._known.profile

    def meet(self, seconds: float, ask: Ask) -> None:
        """Know who it is, by *ask* or from who is asking, or that it was not heard in *seconds*."""
        asking, leads = self._join()
        if not leads:
            with suppress(TimeoutError):
                asking.result(seconds)
            return
        found: Identity | None = None
        try:
            found = ask(seconds)
        finally:
            self._settle(asking, found)

    async def ameet(self, seconds: float, ask: AwaitingAsk) -> None:
        """The same, awaited."""
        asking, leads = self._join()
        if not leads:
            with suppress(TimeoutError):
                waiting = asyncio.shield(asyncio.wrap_future(asking))
                await asyncio.wait_for(waiting, seconds)
            return
        found: Identity | None = None
        try:
            found = await ask(seconds)
        finally:
            self._settle(asking, found)

    def _join(self) -> tuple[Future[Identity], bool]:
        """Who is asking or has just asked, and whether that is the caller."""
        with self._lock:
            if self._asking is not None and self._asker == os.getpid():  # in a child nobody asks
                return self._asking, False
            asking = Future[Identity]()
            known = self.known
            if known is not None:
                asking.set_result(known)
                return asking, False
            self._asking, self._asker = asking, os.getpid()
            return asking, True

    def _settle(self, asking: Future[Identity], found: Identity | None) -> None:
        """Tell those who wait; an asking that was broken off is not remembered."""
        with self._lock:
            if found is not None:
                self._known, self._until = found, monotonic() + _AGAIN
            self._asking = None
        asking.set_result(found or UNHEARD)


@lru_cache(maxsize=_MOST_SERVERS)
def whois_at(address: str) -> Whois:
    """What is known of the server at *address*."""
    del address
    return Whois()
