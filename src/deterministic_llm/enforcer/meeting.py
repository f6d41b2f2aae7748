"""Servers that nobody knows are asked who they are, before a run begins that it matters to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from time import perf_counter

from typing_extensions import TypeVar

from deterministic_llm._core.patience import left_of
from deterministic_llm._core.tasks import Task
from deterministic_llm.enforcer.known import Known, Server

T = TypeVar("T")

_LONGEST = 2.0
"""Seconds for all that a run asks of servers, however patient it is."""
_SHARE = 0.25
"""Of the run's own time, so that enough is left for what it is about."""
_SHORTEST = 0.1
"""Seconds in which a server could be heard; it is not asked for less."""


def met(task: Task[object], models: Sequence[Known]) -> float | None:
    """Meet the *models*' servers that *task* needs to know.

    Gives the seconds that it took, None where there is nothing that the task does not know.
    """
    began, strangers = perf_counter(), _strangers(task, models)
    for server in strangers:
        left = _left(task, began)
        if server.said is None and left >= _SHORTEST:
            server.meet(left)
    return perf_counter() - began if strangers else None


async def amet(task: Task[object], models: Sequence[Known]) -> float | None:
    """As met(), awaited."""
    began, strangers = perf_counter(), _strangers(task, models)
    for server in strangers:
        left = _left(task, began)
        if server.said is None and left >= _SHORTEST:
            await server.ameet(left)
    return perf_counter() - began if strangers else None


def later(task: Task[T], asked: Task[T], seconds: float) -> Task[T]:
    """*task* with the ways of one that was *asked* for anew, *seconds* of its time being over."""
    policy = replace(task.policy, timeout=left_of(task.policy.timeout, seconds))
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


def _strangers(task: Task[object], models: Sequence[Known]) -> Sequence[Server]:
    """The servers that *task* does not know, of models that there is more than one way to hold."""
    ways = [task.way(number) for number in range(len(models))]
    return [
        known.server
        for known, way in zip(models, ways, strict=True)
        if known.server is not None and way.server is None and way.weaker
    ]


def _left(task: Task[object], began: float) -> float:
    timeout = task.policy.timeout
    whole = _LONGEST if timeout is None else min(_LONGEST, timeout * _SHARE)
    return max(whole - (perf_counter() - began), 0.0)
