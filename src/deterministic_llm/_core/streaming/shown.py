"""What a caller has been shown of a run: its steps and its result go in, events come out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Generic, cast

from typing_extensions import TypeVar

from deterministic_llm._core.attempts import Accepted, Answered, Attempt, Request
from deterministic_llm._core.exchange import JsonValue
from deterministic_llm._core.loop import Call, Step
from deterministic_llm._core.reading.syntax.documents import same
from deterministic_llm._core.results import Result
from deterministic_llm._core.schema.complaints import as_json
from deterministic_llm._core.schema.forms import TemplateForm
from deterministic_llm._core.schema.kinds import kinds
from deterministic_llm._core.schema.locations import sole
from deterministic_llm._core.schema.sites import UNKNOWN, without_ignored
from deterministic_llm._core.schema.target import Target, TextTarget, Valid
from deterministic_llm._core.schema.violations import json_path
from deterministic_llm._core.streaming.events import (
    FieldClosed,
    Final,
    Item,
    Restarted,
    StreamEvent,
)
from deterministic_llm._core.streaming.held import Difference, Held
from deterministic_llm._core.streaming.watcher import Watcher, told_as
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
        self._held = Held()
        self._listed = is_listed(task.contract.target)
        self._watcher: Watcher | None = None
        self._payload: JsonValue = None

    def follows(self, step: Step[T], attempts: Sequence[Attempt[T]]) -> Iterator[StreamEvent[T]]:
        """What there is to tell when *step* follows *attempts*, before it is carried out."""
        if isinstance(step, Call) and self._watcher is not None:
            self._watcher.abandon()
            discarded = self._held.restart(step.request.patch)
            self.watch(step.request)  # what is kept for it is there at once
            yield Restarted(attempts[-1].summary, discarded)

    def watch(self, request: Request) -> Watcher:
        """What watches the answer to *request*."""
        self._watcher = Watcher(self._task, request, self._held, listed=self._listed)
        return self._watcher

    def final(self, result: Result[T]) -> Iterator[StreamEvent[T]]:
        """What was withheld, what turned out other than it was told, and the *result*."""
        self._watcher = None
        payload = self._payload_of(result)
        if payload is None:
            self._payload = as_json(result.output)
            if any(self._held.differences(self._payload)):
                yield FieldClosed("$", result.output, self._held.holds_any)
        else:
            self._payload = payload.output
            for each in self._held.differences(payload.output):
                yield self._told(each, result.output)
        yield Final(result)

    def snapshot(self) -> JsonValue:
        """The members that are closed so far, as plain data; None when there are none."""
        return self._payload if self._watcher is None else self._watcher.snapshot()

    def _payload_of(self, result: Result[T]) -> Valid[JsonValue] | None:
        """The JSON that says the output, member by member; None where that is not known.

        It is what was read; of an output that was fixed, what is written of it, if that of the one
        before was just what had been read.
        """
        task, last = self._task, result.attempts[-1] if result.attempts else None
        if result.exhausted or not isinstance(last, Answered) or last.outcome != "accepted":
            return None
        read = said(task.contract, last.completion, last.request, task.context)
        if read is None or not isinstance(last.verdict, Accepted):
            return None
        site = task.contract.target.site
        payload = read.output if site is None else without_ignored(read.output, site)
        if last.verdict.output is result.output:
            return Valid(payload)
        plain = same(as_json(last.verdict.output), payload)
        return Valid(as_json(result.output)) if plain else None

    def _told(self, difference: Difference, output: object) -> FieldClosed | Item[object]:
        location, value, changed = difference
        if not location:
            return FieldClosed("$", output, changed)
        site = self._task.contract.target.site or UNKNOWN
        for token in location:
            site = site.inner(token)
        checked = site.check(value, self._task.context)
        typed: object = checked.output if isinstance(checked, Valid) else value
        item = self._listed and len(location) == 1
        if item and checked is None:
            typed = _item_of(output, cast("int", location[0]), value)
        return told_as(location, json_path(location), typed, changed=changed, item=item)


def is_listed(target: Target[object]) -> bool:
    """Whether an answer is a list, each element of which is of one kind."""
    if isinstance(target, TextTarget):
        return isinstance(target.form, TemplateForm) and target.form.many
    known = sole(target.schema, target.schema) or {}
    return kinds(target.schema) == frozenset({"array"}) and "prefixItems" not in known


def _item_of(output: object, index: int, value: JsonValue) -> object:
    """The element of the *output* that was read from *value*, where it is a sequence of them."""
    if isinstance(output, (list, tuple)):
        items = cast("Sequence[object]", output)
        return items[index] if index < len(items) else value
    return value
