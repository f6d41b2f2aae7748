"""A call behind a gate: it is let in or refused first, and told what came of it afterwards."""

from __future__ import annotations

from typing import Protocol

from deterministic_llm._core.answering import Answer, AwaitingCall, BlockingCall
from deterministic_llm._core.attempts import Request
from deterministic_llm._core.exchange import CallFailure


class Passage(Protocol):
    """One call that was let in, and ends in one of two ways."""

    def closed(self, answer: Answer) -> Answer:
        """Book *answer*, and hand it on."""
        ...

    def dropped(self) -> None:
        """The call ended in an exception: nobody knows what came of it."""
        ...


class Gate(Protocol):
    """Decides at once whether a call may be made; Meter and Breaker are gates."""

    def enter(self, request: Request) -> Passage | CallFailure:
        """Let *request* in, or say why not; never waits."""
        ...


def gated(call: BlockingCall, gate: Gate) -> BlockingCall:
    """*call* behind *gate*."""

    def ask(request: Request) -> Answer:
        passage = gate.enter(request)
        if isinstance(passage, CallFailure):
            return passage
        try:
            return passage.closed(call(request))
        except BaseException:
            passage.dropped()
            raise

    return ask


def agated(call: AwaitingCall, gate: Gate) -> AwaitingCall:
    """*call* behind *gate*, to be awaited."""

    async def ask(request: Request) -> Answer:
        passage = gate.enter(request)
        if isinstance(passage, CallFailure):
            return passage
        try:
            return passage.closed(await call(request))
        except BaseException:
            passage.dropped()
            raise

    return ask
