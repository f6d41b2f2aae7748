"""The wait for the embedded engine is a part of the run's time, and none of the call's."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from time import perf_counter

import pytest
from patience import lateness
from typing_extensions import override

from deterministic_llm import CallFailure, Completion
from deterministic_llm._core.attempts import Request
from deterministic_llm.embedded import Embedded
from deterministic_llm.providers.openai import ChatModel
from deterministic_llm.testing import FaultServer

STARTING = 0.3
"""Seconds until the engine is there."""
Ask = Callable[[Embedded, Request], Completion | CallFailure]


class Starting(Embedded):
    """An engine that takes a while to start, and is a server at the address that is its name."""

    @override
    def engine(self) -> ChatModel:
        asked = ChatModel("m", base_url=self.name, api_key="k")
        threading.Event().wait(STARTING)
        return asked


def blocking(model: Embedded, request: Request) -> Completion | CallFailure:
    return model.complete(request)


def awaiting(model: Embedded, request: Request) -> Completion | CallFailure:
    return asyncio.run(model.acomplete(request))


def in_pieces(model: Embedded, request: Request) -> Completion | CallFailure:
    with model.stream(request) as answering:
        list(answering)
    return answering.answer()


def in_awaited_pieces(model: Embedded, request: Request) -> Completion | CallFailure:
    async def told() -> Completion | CallFailure:
        async with model.astream(request) as answering:
            async for _ in answering:
                pass
        return answering.answer()

    return asyncio.run(told())


every_way = pytest.mark.parametrize("ask", [blocking, awaiting, in_pieces, in_awaited_pieces])


@pytest.fixture(scope="module")
def server() -> Iterator[FaultServer]:
    with FaultServer() as running:
        for ask in (blocking, awaiting):  # what is imported once
            ask(Starting(running.base_url("ok")), request())
        yield running


def request(timeout: float | None = None, call_timeout: float | None = None) -> Request:
    prompt = ({"role": "user", "content": "Hi"},)
    return Request(1, prompt, timeout=timeout, call_timeout=call_timeout)


@every_way
def test_the_call_has_what_is_left_once_the_engine_is_there(server: FaultServer, ask: Ask):
    """And the run ends in its time."""
    began = perf_counter()
    with lateness() as late:
        failure = ask(Starting(server.base_url("hang")), request(timeout=2 * STARTING))
        assert perf_counter() - began < 2 * STARTING + 0.25 + late()
    assert isinstance(failure, CallFailure)
    assert (failure.kind, failure.sent) == ("late", True)
    left = float(failure.message.split(" in the ")[1].split()[0])
    assert left <= STARTING


@every_way
def test_an_engine_that_is_not_there_in_time_was_not_asked(server: FaultServer, ask: Ask):
    """There was nobody to ask."""
    before = server.counts.get("ok", 0)
    failure = ask(Starting(server.base_url("ok")), request(timeout=0.05))
    assert failure == CallFailure("the engine was not there in time", "late", sent=False)
    assert server.counts.get("ok", 0) == before


@every_way
def test_the_engines_start_is_no_part_of_a_call(server: FaultServer, ask: Ask):
    """Which may be shorter than that."""
    answer = ask(Starting(server.base_url("slow")), request(call_timeout=0.2))
    assert isinstance(answer, Completion)
    failure = ask(Starting(server.base_url("hang")), request(timeout=60.0, call_timeout=0.2))
    assert isinstance(failure, CallFailure)
    assert (failure.kind, failure.message.split(" in the ")[1]) == (
        "timeout",
        "0.2 s that one call may take",
    )
