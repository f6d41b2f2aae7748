"""Streamed runs at random: what a caller folds from the events is the payload of the result."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

from core.random_types import Shape, breaks, broken, shape, text_of
from hypothesis import given
from hypothesis import strategies as st

from deterministic_llm import EnforcementError
from deterministic_llm._core.attempts import Attempt, Request
from deterministic_llm._core.contract import Contract
from deterministic_llm._core.exchange import CallFailure, Completion, Constraint, JsonValue, Mode
from deterministic_llm._core.loop import Call, conclude, judge, next_step
from deterministic_llm._core.policy import Policy
from deterministic_llm._core.schema.complaints import as_json
from deterministic_llm._core.schema.locations import Location, location_of, value_at
from deterministic_llm._core.schema.target import JsonTarget, Valid
from deterministic_llm._core.streaming.events import (
    FieldClosed,
    Final,
    Item,
    Restarted,
    StreamEvent,
    TextGrown,
)
from deterministic_llm._core.streaming.shown import Shown
from deterministic_llm._core.tasks import Task
from deterministic_llm.targets import compiled


@dataclass
class Caller:
    """Somebody who keeps what a stream tells: closed members by their places, and texts."""

    closed: dict[Location, JsonValue] = field(default_factory=dict[Location, JsonValue])
    texts: dict[Location, str] = field(default_factory=dict[Location, str])
    growing: set[Location] = field(default_factory=set[Location])
    folded: JsonValue = None
    restarts: int = 0
    last: StreamEvent[object] | None = None

    def hear(self, events: Iterable[StreamEvent[object]]) -> None:
        """Take *events*; what must not be told fails."""
        for event in events:
            self._hear(event)

    def _hear(self, event: StreamEvent[object]) -> None:
        assert not isinstance(self.last, Final)
        self.last = event
        match event:
            case FieldClosed(path, value, changed):
                self._put(location_of(path) or (), as_json(value), changed=changed)
            case Item(index, value, changed):
                self._put((index,), as_json(value), changed=changed)
            case TextGrown(path, delta, anew):
                location = location_of(path) or ()
                assert not anew or self.restarts
                self.texts[location] = ("" if anew else self.texts.get(location, "")) + delta
                self.growing.add(location)
            case Restarted():
                self.restarts += 1
                self.growing.clear()
            case Final():
                pass

    def _put(self, location: Location, value: JsonValue, *, changed: bool) -> None:
        known = self.closed.get(location)
        if not isinstance(value, (dict, list)):
            assert location not in self.closed or known != value
        assert not changed or self.restarts
        if location in self.growing:
            assert self.texts[location] == value
        depth = len(location)
        kept = {key: each for key, each in self.closed.items() if key[:depth] != location}
        self.closed = {**kept, location: value}
        self.folded = put_in(self.folded, location, value)


def put_in(value: JsonValue, location: Location, member: JsonValue) -> JsonValue:
    """*value* with *member* at *location*; items before it may still have to come."""
    if location and isinstance(location[0], int):
        items = list(value) if isinstance(value, list) else []
        items += [None] * (location[0] + 1 - len(items))
        items[location[0]] = put_in(items[location[0]], location[1:], member)
        return items
    if location:
        members = value if isinstance(value, dict) else {}
        name = str(location[0])
        return {**members, name: put_in(members.get(name), location[1:], member)}
    return member


def answer(random: Random, kind: Shape, value: JsonValue, request: Request) -> str:
    """What a model says to *request* that has *value* in mind, and may be wrong about it."""
    wrong = broken(value, breaks(random, kind, value, random.choice([0, 0, 1, 2])))
    if request.patch is None:
        said: Any = wrong
    else:
        said = {}
        for key, place in request.patch.places.items():
            said[key] = value_at(random.choice([value, wrong]), place.location)
            if place.appends:
                before: Any = value_at(request.patch.base, place.location)
                said[key] = rest(said[key], before)
    text = text_of(said)
    cut = random.random()
    if cut < 0.15:
        return text[: random.randint(0, len(text))]
    return f"Here it is:\n{text}\nBye." if cut < 0.25 else text


def rest(said: Any, before: Any) -> Any:
    """What comes in *said* behind what was there *before*."""
    if isinstance(said, list):
        return said[len(before or ()) :]
    known = said if isinstance(said, dict) else {}
    return {name: member for name, member in known.items() if name not in (before or {})}


def pieces_of(random: Random, text: str) -> Sequence[str]:
    """*text*, cut at random."""
    cuts = sorted(random.sample(range(len(text) + 1), min(len(text), random.randint(0, 60))))
    return [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)]


def stream(random: Random, kind: Shape, value: JsonValue, caller: Caller) -> object:
    """Play a run to *caller*; its output."""
    mode: Mode = random.choice(["prompt", "json", "native"])
    policy = Policy(max_retries=4, early_stop=random.choice(["auto", "auto", "always", "never"]))
    task = Task(Contract(compiled(kind.type), Constraint(mode), ""), policy)
    shown, attempts = Shown(task), list[Attempt[object]]()
    while True:
        step = next_step(task, attempts)
        caller.hear(shown.follows(step, attempts))
        if not isinstance(step, Call):
            result = conclude(step, attempts)
            caller.hear(shown.final(result))
            return result.output
        said = answer(random, kind, value, step.request)
        answered: Completion | CallFailure = watch(random, shown, step.request, said, caller)
        if random.random() < 0.1:
            answered = CallFailure("it broke", "cut_off")
        attempts.append(judge(task, step.request, answered))


def watch(
    random: Random, shown: Shown[object], request: Request, text: str, caller: Caller
) -> Completion:
    """What comes of *text*, given in pieces to *shown* until no more is wanted."""
    watcher, said = shown.watch(request), ""
    for piece in pieces_of(random, text):
        said += piece
        caller.hear(watcher.feed(piece))
        assert as_json(shown.snapshot()) == shown.snapshot()
        if watcher.doomed:
            return Completion(said, "stopped")
    return Completion(said)


@given(seed=st.integers(0, 10**6))
def test_folding_the_events_of_any_run_gives_its_payload(seed: int):
    random = Random(seed)  # noqa: S311  # draws examples
    kind = shape(random, 3)
    value: Any = kind.make(random)
    caller = Caller()
    try:
        output = stream(random, kind, value, caller)
    except EnforcementError:
        return
    target = compiled(kind.type)
    assert isinstance(target, JsonTarget)
    assert isinstance(caller.last, Final)
    assert target.decoder.check(caller.folded) == Valid(output)
