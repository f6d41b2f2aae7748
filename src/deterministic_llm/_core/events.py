"""What happens in a run, as hooks are told it: a step and the attempts go in, events come out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import KW_ONLY, field
from typing import Literal, TypeAlias

from deterministic_llm._core.attempts import Answered, Attempt, Request
from deterministic_llm._core.loop import Accept, Call, Check, GiveUp, Step, conclude
from deterministic_llm._core.policy import FOLLOWS
from deterministic_llm._core.records import frozen
from deterministic_llm._core.results import Result


@frozen
class _OfRun:
    """*run* tells the runs of one process apart; it counts from 1."""

    _: KW_ONLY
    run: int = field(default=0, compare=False)


@frozen
class CallStarted(_OfRun):
    """The *request* goes out, after a wait of *waited* seconds."""

    request: Request
    waited: float = 0.0


@frozen
class CallFinished(_OfRun):
    """A call is over: it failed, or brought an answer, on which validators have not spoken yet."""

    attempt: Attempt[object]


@frozen
class OutputRejected(_OfRun):
    """An answer came that is not accepted; ``attempt.violations`` say why."""

    attempt: Answered[object]


@frozen
class Reasked(_OfRun):
    """The same model is asked again, by *request*, as its answer was not accepted."""

    request: Request


@frozen
class Escalated(_OfRun):
    """Another way of asking: for the *whole* in place of members, the next *model*, or a *mode*.

    Another mode holds the answer where the server does not take the one before.
    """

    request: Request
    to: Literal["whole", "model", "mode"]


@frozen
class Accepted(_OfRun):
    """The run has its value."""

    result: Result[object]


@frozen
class GaveUp(_OfRun):
    """The run ends without a value, by an EnforcementError or by what a function of it raised."""

    error: BaseException


Event: TypeAlias = (
    CallStarted | CallFinished | OutputRejected | Reasked | Escalated | Accepted | GaveUp
)
"""Anything that hooks are told; the last of every run is Accepted or GaveUp."""

METHODS: Mapping[type[Event], str] = {
    CallStarted: "call_started",
    CallFinished: "call_finished",
    OutputRejected: "output_rejected",
    Reasked: "reasked",
    Escalated: "escalated",
    Accepted: "accepted",
    GaveUp: "gave_up",
}
"""The method by which an object is told each event; those that it does not have are left out."""


def decided(step: Step[object], attempts: Sequence[Attempt[object]]) -> Iterator[Event]:
    """What there is to tell when *step* follows *attempts*, before it is carried out."""
    if isinstance(step, Check) or not attempts:
        return
    last = attempts[-1]
    if isinstance(last, Answered) and last.outcome != "accepted":
        yield OutputRejected(last)
    if isinstance(step, Call):
        yield from _asked_next(step.request, last)


def ended(step: Accept[object] | GiveUp, attempts: Sequence[Attempt[object]]) -> Event:
    """What there is to tell when a run is over."""
    if isinstance(step, GiveUp):
        return GaveUp(step.error)
    return Accepted(conclude(step, attempts))


def _asked_next(request: Request, last: Attempt[object]) -> Iterator[Event]:
    before = last.request
    if request.model != before.model:
        yield Escalated(request, "model")
    elif FOLLOWS[last.outcome].step == "lower":
        if request.constraint != before.constraint:
            yield Escalated(request, "mode")
    elif FOLLOWS[last.outcome].step != "resend":
        if before.patch is not None and request.patch is None:
            yield Escalated(request, "whole")
        yield Reasked(request)
