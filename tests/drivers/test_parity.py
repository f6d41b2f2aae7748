"""One story, every driver: the same calls, waits, attempts and end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextvars import copy_context
from dataclasses import replace
from functools import partial

import pytest
from tenacity.wait import wait_fixed
from typing_extensions import override

from deterministic_llm import EnforcementError
from deterministic_llm._core.attempts import Attempt, Request
from deterministic_llm._core.contract import Contract
from deterministic_llm._core.exchange import UNCONSTRAINED, CallFailure, Completion
from deterministic_llm._core.policy import Policy
from deterministic_llm._core.reask import instructions
from deterministic_llm._core.schema.typed import typed_target
from deterministic_llm._core.streaming.events import Final
from deterministic_llm._core.streaming.shown import Shown
from deterministic_llm._core.tasks import Task
from deterministic_llm._drivers import awaiting, blocking, streaming
from deterministic_llm._drivers.streaming import Hold
from deterministic_llm._drivers.telling import told
from deterministic_llm.testing import ScriptedModel

Answer = Completion | CallFailure
Script = list[Answer]
Story = tuple[object, tuple[Attempt[object], ...], list[float], list[Request]]

TARGET = typed_target(int)
TASK = Task(
    Contract(TARGET, UNCONSTRAINED, instructions(TARGET)),
    Policy(max_retries=1, wait=wait_fixed(2)),
    ({"role": "user", "content": "How many?"},),
)
BUSY = CallFailure("busy", "rate_limited", retry_after=3.0)
HUNG = CallFailure("no answer in the 5 s that one call may take", "timeout")


def by_blocking(script: Script, resume: tuple[Attempt[object], ...] = ()) -> Story:
    answers, waits, requests = iter(script), [], []

    def call(request: Request) -> Answer:
        requests.append(request)
        return next(answers)

    try:
        result = blocking.run(replace(TASK, resume=resume), call, sleep=waits.append)
    except EnforcementError as error:
        return type(error), error.attempts, waits, requests
    return result.output, result.attempts, waits, requests


def by_awaiting(script: Script, resume: tuple[Attempt[object], ...] = ()) -> Story:
    answers, waits, requests = iter(script), [], []

    async def call(request: Request) -> Answer:
        requests.append(request)
        return next(answers)

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    try:
        result = asyncio.run(awaiting.run(replace(TASK, resume=resume), call, sleep=sleep))
    except EnforcementError as error:
        return type(error), error.attempts, waits, requests
    return result.output, result.attempts, waits, requests


class Unslept(Hold):
    """Notes the waits, and does not wait."""

    def __init__(self) -> None:
        super().__init__()
        self.waits: list[float] = []

    @override
    def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)


def by_streaming(script: Script, resume: tuple[Attempt[object], ...] = ()) -> Story:
    model, hold, task = ScriptedModel(script, chunk=3), Unslept(), replace(TASK, resume=resume)

    try:
        *_, last = streaming.stream(task, Shown(task), model.source.stream, hold)
    except EnforcementError as error:
        return type(error), error.attempts, hold.waits, list(model.requests)
    assert isinstance(last, Final)
    return last.result.output, last.result.attempts, hold.waits, list(model.requests)


def by_astreaming(script: Script, resume: tuple[Attempt[object], ...] = ()) -> Story:
    model, waits, task = ScriptedModel(script, chunk=3), [], replace(TASK, resume=resume)

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    async def events() -> list[object]:
        begin = partial(streaming.astream, task, Shown(task), model.source.astream, sleep=sleep)
        return [event async for event in told(begin, copy_context())]

    try:
        *_, last = asyncio.run(events())
    except EnforcementError as error:
        return type(error), error.attempts, waits, list(model.requests)
    assert isinstance(last, Final)
    return last.result.output, last.result.attempts, waits, list(model.requests)


DRIVERS: list[Callable[..., Story]] = [by_blocking, by_awaiting, by_streaming, by_astreaming]
STORIES = [
    pytest.param([Completion("7")], id="a good answer"),
    pytest.param([Completion("seventh"), Completion("7")], id="a bad answer and a good one"),
    pytest.param([Completion("x"), Completion("y")], id="bad answers only"),
    pytest.param([BUSY, BUSY, Completion("7")], id="a busy server"),
    pytest.param([HUNG, HUNG, Completion("7")], id="calls that take too long"),
    pytest.param([CallFailure("no", "bad_request")], id="a failure for good"),
    pytest.param([Completion(None, "refusal", "no")], id="a refusal"),
    pytest.param(
        [CallFailure("it broke", "unreachable", partial="1"), Completion("17")],
        id="a connection that breaks in mid-answer",
    ),
    pytest.param([Completion("1", "length")], id="a cut answer"),
]


@pytest.mark.parametrize("script", STORIES)
def test_every_driver_tells_the_same_story(script: Script):
    """Output or error, attempts, waits and requests are equal."""
    first, *others = (driver(script) for driver in DRIVERS)
    assert others == [first] * len(others)
    assert len(first[3]) == len(script)


@pytest.mark.parametrize("driver", DRIVERS)
@pytest.mark.parametrize("cut", [0, 1, 2])
def test_a_run_resumes_after_any_attempt(driver: Callable[..., Story], cut: int):
    """Passing the saved attempts goes on where it stopped, and pays only for what is left."""
    script = [BUSY, Completion("x"), Completion("7")]
    whole = driver(script)
    resumed = driver(script[cut:], resume=whole[1][:cut])
    assert resumed[:2] == whole[:2]
    assert len(resumed[3]) == len(script) - cut
