"""A blocking call is left when its time is over, and its connection hung up, whoever reads it."""

from __future__ import annotations

import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from threading import Event
from types import SimpleNamespace
from typing import Any

import pytest
from openai import OpenAI
from typing_extensions import override

from deterministic_llm import CallFailure, Completion
from deterministic_llm._core.attempts import Request
from deterministic_llm.providers.openai.posts import chat
from deterministic_llm.providers.openai.profiles import UNKNOWN
from deterministic_llm.providers.openai.service import OpenAIService
from deterministic_llm.testing import FaultServer
from deterministic_llm.transport.deadline import Line, OverdueError, within
from deterministic_llm.transport.remote import Remote


@contextmanager
def connected(http_version: str = "HTTP/1.1") -> Iterator[tuple[Any, socket.socket]]:
    """A response and the connection that it is read from, whose other end says nothing."""
    ours, theirs = socket.socketpair()
    ours.settimeout(5)
    stream = SimpleNamespace(get_extra_info={"socket": ours}.get)
    with ours, theirs:
        yield (
            SimpleNamespace(extensions={"network_stream": stream}, http_version=http_version),
            ours,
        )


class Slow(OpenAIService):
    """Makes its client in a while, as the first one of a process is."""

    @override
    def new_blocking(self) -> OpenAI:
        Event().wait(0.3)
        return super().new_blocking()


def in_pieces(model: Remote[Any, Any], request: Request) -> CallFailure | Completion:
    with model.stream(request) as answering:
        list(answering)
    return answering.answer()


@pytest.mark.parametrize("ask", [Remote.complete, in_pieces])
def test_what_has_no_client_in_time_is_not_sent(ask: Callable[..., CallFailure | Completion]):
    """Not later either: the run is told that nobody can have charged for it."""
    with FaultServer() as server:
        service = Slow("m", server.base_url("ok"), "k", api=chat(lambda: UNKNOWN))
        model = Remote(service)
        failure = ask(model, Request(1, timeout=0.05))
        assert isinstance(failure, CallFailure)
        assert (failure.kind, failure.sent) == ("late", False)
        assert failure.seconds >= 0.05
        assert isinstance(ask(model, Request(2, timeout=30.0)), Completion)
        assert server.counts == {"ok": 1}


def test_what_the_work_returns_and_raises_comes_through():
    """In the caller's context."""
    language = ContextVar("language", default="")
    language.set("latin")
    assert within(5.0, lambda _: language.get()) == "latin"

    def fail(_: Line) -> str:
        raise KeyError("a")

    with pytest.raises(KeyError, match="a"):
        within(5.0, fail)


def test_a_time_out_of_the_work_is_not_ours():
    """It was done in time, and failed."""

    def time_out(_: Line) -> str:
        raise TimeoutError("its own")

    with pytest.raises(TimeoutError, match="its own"):
        within(5.0, time_out)


def test_a_read_that_goes_on_is_woken():
    """The thread ends although the other side says nothing."""
    read = Event()
    with connected() as (response, ours):

        def work(line: Line) -> bytes:
            line.take(response)
            got = ours.recv(1)
            read.set()
            return got

        with pytest.raises(OverdueError):
            within(0.05, work)
        assert read.wait(2)


@pytest.mark.skipif(not hasattr(signal, "pthread_kill"), reason="no such signals here")
def test_what_comes_with_an_interrupt_is_unwanted():
    """It is there already, but nobody gets it."""
    workers: list[threading.Thread] = []

    def work(_: Line) -> str:
        workers.append(threading.current_thread())
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
        return "answer"

    def interrupt(*_: object) -> None:
        workers[0].join(5)
        raise KeyboardInterrupt

    closed: list[str] = []
    before = signal.signal(signal.SIGINT, interrupt)
    try:
        with pytest.raises(KeyboardInterrupt):
            within(5.0, work, unwanted=closed.append)
    finally:
        signal.signal(signal.SIGINT, before)
    assert closed == ["answer"]


def test_a_response_that_comes_too_late_is_hung_up_at_once():
    """Nobody waits for it any more."""
    with connected() as (response, ours):
        line = Line()
        line.abandon()
        line.take(response)
        assert ours.recv(1) == b""


def test_a_connection_that_was_given_back_is_left_alone():
    """It may be another call's by then."""
    with connected() as (response, ours):
        line = Line()
        line.take(response)
        line.release()
        line.abandon()
        assert is_open(ours)


@pytest.mark.parametrize("version", ["HTTP/2"])
def test_a_connection_that_calls_share_is_left_alone(version: str):
    """The client closes the one stream of it."""
    with connected(version) as (response, ours):
        line = Line()
        line.take(response)
        line.abandon()
        assert is_open(ours)


def is_open(connection: socket.socket) -> bool:
    """Whether there is still something to wait for."""
    connection.settimeout(0.01)
    try:
        return connection.recv(1) != b""
    except TimeoutError:
        return True
