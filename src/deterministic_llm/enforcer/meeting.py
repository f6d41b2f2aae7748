"""Servers that nobody knows are asked who they are, before a run begins that it matters to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from time import perf_counter

from typing_extensions import TypeVar

from deterministic_llm._core.tasks import Task
from deterministic_llm.enforcer.known import Known, Server

T = TypeVar("T")

_LONGEST = 2.0
"""Seconds for all that a run asks of servers, however patient it is."""
_SHARE = 0.25
"""Of the run's own time, so that enough is left for what it is about."""


def met(task: Task[object], models: Sequence[Known]) -> float | None:
    """Meet the *models*' servers that *task* needs to know; the seconds it took, None for none."""
    began, asked = perf_counter(), False
    for server in _strangers(task, models):
        server.meet(_left(task, began))
        asked = True
    return perf_counter() - began if asked else None


async def amet(task: Task[object], models: Sequence[Known]) -> float | None:
    """As met(), awaited."""
    began, asked = perf_counter(), False
    for server in _strangers(task, models):
        await server.ameet(_left(task, began))
        asked = True
    return perf_counter() - began if asked else None


def later(task: Task[T], asked: Task[T], seconds: float) -> Task[T]:
    """*task* with the ways of one that was *asked* for anew, *seconds* of its time being over."""
    policy = task.policy
    if policy.timeout is not None:
        policy = replace(policy, timeout=max(policy.timeout - seconds, 0.0))
    return replace(
        task,
        contract=asked.contract,
        parameters=asked.parameters,
        fallback=asked.fallback,
        voters=asked.voters,
        server=asked.server,
        policy=policy,
        opening=None,
    )


def _strangers(task: Task[object], models: Sequence[Known]) -> Iterator[Server]:
    """The servers that have said nothing yet, of models that there is more than one way to hold."""
    for number, known in enumerate(models):
        server = known.server
        if server is not None and server.said is None and task.way(number).weaker:
            yield server


def _left(task: Task[object], began: float) -> float:
    timeout = task.policy.timeout
    whole = _LONGEST if timeout is None else min(_LONGEST, timeout * _SHARE)
    return max(whole - (perf_counter() - began), 0.0)
