"""A blocking call that is waited for only so long, whatever the server does."""

from __future__ import annotations

import socket
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from contextvars import copy_context
from dataclasses import dataclass, field
from functools import partial
from threading import Lock, Thread
from typing import Protocol, cast

from typing_extensions import TypeVar

from deterministic_llm.transport.bodies import RawResponse

T = TypeVar("T")


class OverdueError(Exception):
    """The time for a call is over and its answer not there."""


class _Stream(Protocol):
    """The network stream among the extensions of a response."""

    def get_extra_info(self, info: str) -> object: ...


@dataclass(slots=True)
class Line:
    """The connection of a call in another thread: hung up when nobody waits for its answer."""

    _response: RawResponse | None = None
    _abandoned: bool = False
    _lock: Lock = field(default_factory=Lock)

    def take(self, response: RawResponse) -> None:
        """From now on *response* is being read."""
        with self._lock:
            self._response = response
            if self._abandoned:
                _hang_up(response)

    def release(self) -> None:
        """The response was read: its connection may serve another call from now on."""
        with self._lock:
            self._response = None

    def abandon(self) -> None:
        """Nobody waits any more; a read that goes on ends at once."""
        with self._lock:
            self._abandoned = True
            if self._response is not None:
                _hang_up(self._response)


def within(
    seconds: float, work: Callable[[Line], T], *, unwanted: Callable[[T], object] | None = None
) -> T:
    """What *work* returns or raises; OverdueError after *seconds*.

    The SDK's own timeout counts from byte to byte, so a dripping server never meets it: the work
    is done in a thread of its own, which is not waited for longer than that. What it returns later
    is *unwanted*, and told so.
    """
    line = Line()
    future: Future[T] = Future()
    thread = Thread(target=copy_context().run, args=(_do, work, line, future), daemon=True)
    taken = False
    try:
        thread.start()
        answer = _answer_in(seconds, future)
        taken = True
        return answer
    finally:
        if not future.done():
            line.abandon()
        if not taken and unwanted is not None:  # an interrupt may come when it is there already
            future.add_done_callback(partial(_discard, unwanted))


def _answer_in(seconds: float, future: Future[T]) -> T:
    try:
        return future.result(seconds)
    except TimeoutError as error:
        if future.done():  # it came this very moment, or is the work's own
            return future.result()
        raise OverdueError from error


def _do(work: Callable[[Line], T], line: Line, future: Future[T]) -> None:
    try:
        answer = work(line)
    except BaseException as error:  # noqa: BLE001  # raised again in the thread that waits
        future.set_exception(error)
    else:
        future.set_result(answer)


def _discard(unwanted: Callable[[T], object], done: Future[T]) -> None:
    if done.exception() is None:
        unwanted(done.result())


def _hang_up(response: RawResponse) -> None:
    """Wake the thread that reads; closing from here would leave it waiting.

    A connection that several calls share is left to the client.
    """
    stream = response.extensions.get("network_stream")
    if stream is None or not response.http_version.startswith("HTTP/1"):
        return
    connection = cast("_Stream", stream).get_extra_info("socket")
    if isinstance(connection, socket.socket):
        with suppress(OSError):  # not SSLSocket.shutdown, which takes the cipher from the reader
            socket.socket.shutdown(connection, socket.SHUT_RDWR)
