"""What a caller has been shown of a run: its steps and its result go in, events come out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Generic

from typing_extensions import TypeVar

from deterministic_llm._core.attempts import Accepted, Answered, Attempt, Request
from deterministic_llm._core.exchange import JsonValue
from deterministic_llm._core.loop import Call, Step
from deterministic_llm._core.results import Result
from deterministic_llm._core.schema.complaints import as_json
from deterministic_llm._core.streaming.events import Final, Restarted, StreamEvent
from deterministic_llm._core.streaming.held import Held
from deterministic_llm._core.streaming.watcher import Watcher
from deterministic_llm._core.tasks import Task
from deterministic_llm._core.verdicts import said

T = TypeVar("T")


class Shown(Generic[T]):
    """What the caller of one streamed run of *task* has been shown.

    Folding its FieldClosed and Item events, each put at its place, gives exactly the payload of the
    result, whatever was restarted on the way.
    """

    def __init__(self, task: Task[T]) -> None:
        self._task = task
        self._held = Held(task.contract.target)
        self._watcher: Watcher | None = None

    def follows(self, step: Step[T], attempts: Sequence[Attempt[T]]) -> Iterator[StreamEvent[T]]:
        """What there is to tell when *step* follows *attempts*, before it is carried out."""
        if isinstance(step, Call) and self._watcher is not None:
            self._watcher = None
            yield Restarted(attempts[-1].summary)

    def watch(self, request: Request) -> Watcher:
        """What watches the answer to *request*."""
        del request
        self._watcher = Watcher()
        return self._watcher

    def final(self, result: Result[T]) -> Iterator[StreamEvent[T]]:
        """What was withheld, what turned out other than it was told, and the *result*."""
        yield from self._held.settled(self._payload(result), result.output)
        yield Final(result)

    def snapshot(self) -> JsonValue:
        """The members that are closed so far, as plain data; None when there are none."""
        return None if self._watcher is None else self._watcher.snapshot()

    def _payload(self, result: Result[T]) -> JsonValue:
        """The JSON that says the output: as it was read, where nothing was made of it since."""
        last = result.attempts[-1] if result.attempts else None
        untouched = (
            isinstance(last, Answered)
            and isinstance(last.verdict, Accepted)
            and last.verdict.output is result.output
        )
        if isinstance(last, Answered) and untouched:
            task = self._task
            payload = said(task.contract, last.completion, last.request, task.context)
            if payload is not None:
                return payload.output
        return as_json(result.output)
