"""Threads for what must not hold up its caller: one with an event loop, and one a blocking call."""

from __future__ import annotations

import asyncio
import contextvars
import os
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress

from typing_extensions import TypeVar

T = TypeVar("T")


def started(call: Callable[[], T]) -> Future[T]:
    """What *call* gives, from a thread of its own that sees the caller's context variables.

    The thread ends with the process, so a call that never comes back does not keep it alive.
    """
    future: Future[T] = Future()
    context = contextvars.copy_context()

    def carry_out() -> None:
        future.set_running_or_notify_cancel()
        try:
            future.set_result(context.run(call))
        except BaseException as error:  # noqa: BLE001  # it is raised again where it is asked for
            future.set_exception(error)

    threading.Thread(target=carry_out, name="deterministic-llm-check", daemon=True).start()
    return future


class BackgroundLoop:
    """An event loop in a thread of its own, for coroutines of callers that block."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(
            target=self._loop.run_forever, name="deterministic-llm-loop", daemon=True
        )
        self._thread.start()

    def submit(self, coroutine: Coroutine[object, object, T]) -> Future[T]:
        """What *coroutine* gives, run with the caller's context variables."""
        if threading.current_thread() is self._thread:
            # Its caller blocks this very loop, which could not go on with it.
            return started(lambda: asyncio.run(coroutine))
        future: Future[T] = Future()
        task = asyncio.run_coroutine_threadsafe(_told(coroutine, future), self._loop)
        future.add_done_callback(lambda done: done.cancelled() and task.cancel())
        return future


async def _told(coroutine: Coroutine[object, object, T], future: Future[T]) -> None:
    """Tell *future* what *coroutine* gives or raises: out of a task an interrupt ends its loop."""
    try:
        value = await coroutine
    except asyncio.CancelledError:
        future.cancel()
        raise
    except BaseException as error:  # noqa: BLE001  # it is raised again where it is asked for
        with suppress(InvalidStateError):  # cancelled just now
            future.set_exception(error)
    else:
        with suppress(InvalidStateError):
            future.set_result(value)


class _Shared:
    """The one loop of this process, made when it is first needed."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._loops: list[BackgroundLoop] = []
        self._current: BackgroundLoop | None = None

    def loop(self) -> BackgroundLoop:
        with self._lock:
            if self._current is None:
                self._current = BackgroundLoop()
                self._loops.append(self._current)
            return self._current

    def renew(self) -> None:
        """Forget loop and lock, whose threads a fork leaves behind in the parent."""
        self._lock = threading.Lock()
        self._current = None


_SHARED = _Shared()
if hasattr(os, "register_at_fork"):  # not on Windows, which does not fork
    os.register_at_fork(after_in_child=_SHARED.renew)


def background_loop() -> BackgroundLoop:
    """The loop for this process."""
    return _SHARED.loop()
