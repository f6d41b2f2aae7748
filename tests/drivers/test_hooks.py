"""What hooks are told of a run: the same by both drivers, and never at the run's cost."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import replace

import pytest
from pydantic import BaseModel, Field
from tenacity import wait_none

from deterministic_llm import (
    Accepted,
    CallFailure,
    CallFinished,
    CallStarted,
    Completion,
    ConfigurationError,
    Curtailed,
    DeadlineExceeded,
    EnforcementError,
    Escalated,
    Event,
    GaveUp,
    OutputRejected,
    Reasked,
    RetriesExhausted,
    enforce,
)
from deterministic_llm.testing import Answer, ScriptedModel


class Person(BaseModel):
    """Somebody."""

    name: str
    age: int = Field(ge=0, le=150)


GOOD = '{"name": "Ada", "age": 36}'
BAD = '{"name": "Ada", "age": 200}'
BUSY = CallFailure("busy", "overloaded", status=503)


def by_blocking(model: ScriptedModel, *hooks: object, **options: object) -> object:
    try:
        return model.run("Who?", Person, hooks=hooks, wait=wait_none(), **options).output
    except EnforcementError as error:
        return type(error)


def by_awaiting(model: ScriptedModel, *hooks: object, **options: object) -> object:
    async def main() -> object:
        result = await model.arun("Who?", Person, hooks=hooks, wait=wait_none(), **options)
        return result.output

    try:
        return asyncio.run(main())
    except EnforcementError as error:
        return type(error)


Driver = Callable[..., object]
DRIVERS = [by_blocking, by_awaiting]
CALL = ["CallStarted", "CallFinished"]
REASK = ["OutputRejected", "Reasked"]
STORIES = [
    pytest.param([GOOD], [*CALL, "Accepted"], id="a good answer is accepted"),
    pytest.param(
        [BAD, '{"age": 36}'],
        [*CALL, *REASK, *CALL, "Accepted"],
        id="a bad answer is rejected and asked for again",
    ),
    pytest.param(
        [BUSY, GOOD], [*CALL, *CALL, "Accepted"], id="a busy server is asked the same once more"
    ),
    pytest.param(
        [BAD, '{"age": 201}', GOOD],
        [*CALL, *REASK, *CALL, "OutputRejected", "Escalated", "Reasked", *CALL, "Accepted"],
        id="members asked for twice in vain: the whole is the next rung",
    ),
    pytest.param(
        [Completion(None, "refusal", "no")],
        [*CALL, "OutputRejected", "GaveUp"],
        id="a refusal ends the run",
    ),
    pytest.param([CallFailure("no", "bad_request")], [*CALL, "GaveUp"], id="so does a bad request"),
]


@pytest.mark.parametrize(("script", "names"), STORIES)
def test_both_drivers_tell_the_same_events(script: list[Answer], names: list[str]):
    told: list[list[Event]] = []
    for driver in DRIVERS:
        events: list[Event] = []
        driver(ScriptedModel(script), events.append)
        told.append(events)
    assert [type(event).__name__ for event in told[0]] == names
    first, second = ([comparable(event) for event in events] for events in told)
    assert first == second


def comparable(event: Event) -> object:
    """Exceptions are equal only to themselves."""
    if isinstance(event, GaveUp) and isinstance(event.error, EnforcementError):
        return type(event.error), event.error.attempts
    return event


def test_the_next_model_is_an_escalation():
    events: list[Event] = []
    model = ScriptedModel([BAD], max_retries=0)
    by_blocking(model, events.append, fallback=[ScriptedModel([GOOD])])
    escalated = next(event for event in events if isinstance(event, Escalated))
    assert (escalated.to, escalated.request.model) == ("model", 1)
    assert not any(isinstance(event, Reasked) for event in events)


def test_events_carry_the_evidence():
    """The request as it went out, its wait, the attempt, and the very result."""
    events: list[Event] = []
    model = ScriptedModel([replace(BUSY, retry_after=0.001), BAD, '{"age": 36}'])
    result = model.run("Who?", Person, hooks=[events.append])
    started = [event for event in events if isinstance(event, CallStarted)]
    assert [event.waited for event in started] == [0.0, 0.001, 0.0]
    assert tuple(event.request for event in started) == model.requests
    finished = [event.attempt for event in events if isinstance(event, CallFinished)]
    assert tuple(finished) == result.attempts
    rejected = next(event for event in events if isinstance(event, OutputRejected))
    assert rejected.attempt == result.attempts[1]
    assert events[-1] == Accepted(result)


def test_an_output_that_validators_reject_is_told_once_they_have_spoken():
    events: list[Event] = []

    def grown_up(person: Person) -> bool:
        return person.age >= 18

    model = ScriptedModel(['{"name": "Ada", "age": 6}', GOOD])
    by_blocking(model, events.append, validators=[grown_up])
    rejected = [event.attempt for event in events if isinstance(event, OutputRejected)]
    assert [attempt.checks[0].validator for attempt in rejected] == ["grown_up"]


@pytest.mark.parametrize("driver", DRIVERS)
def test_hooks_are_functions_coroutines_or_objects_with_methods(driver: Driver):
    told: list[tuple[str, str]] = []

    def plain(event: Event) -> None:
        told.append(("plain", type(event).__name__))

    async def waiting(event: Event) -> None:
        await asyncio.sleep(0)
        told.append(("waiting", type(event).__name__))

    class Methods:
        """Only some events."""

        def call_finished(self, event: CallFinished) -> None:
            told.append(("method", event.attempt.outcome))

        async def accepted(self, event: Accepted) -> None:
            told.append(("method", f"accepted after {len(event.result.attempts)}"))

    assert driver(ScriptedModel([GOOD]), plain, waiting, Methods()) == Person(name="Ada", age=36)
    assert told == [
        ("plain", "CallStarted"),
        ("waiting", "CallStarted"),
        ("plain", "CallFinished"),
        ("waiting", "CallFinished"),
        ("method", "accepted"),
        ("plain", "Accepted"),
        ("waiting", "Accepted"),
        ("method", "accepted after 1"),
    ]


@pytest.mark.parametrize("driver", DRIVERS)
@pytest.mark.parametrize("waits", [False, True], ids=["sync", "async"])
def test_a_hook_that_raises_breaks_nothing(
    driver: Driver, caplog: pytest.LogCaptureFixture, *, waits: bool
):
    """One warning a run, with the type of the exception and none of its words."""

    def broken(event: Event) -> None:
        raise LookupError(f"a secret of {event}")

    async def broken_too(event: Event) -> None:
        broken(event)

    with caplog.at_level(logging.WARNING, "deterministic_llm"):
        output = driver(ScriptedModel([BAD, GOOD]), broken_too if waits else broken)
    assert output == Person(name="Ada", age=36)
    assert [record.getMessage() for record in caplog.records] == [
        "hook 1 of the run raised LookupError"
    ]


@pytest.mark.parametrize("driver", DRIVERS)
def test_an_async_hook_cannot_hold_a_run_past_its_deadline(driver: Driver):
    async def endless(event: Event) -> None:
        del event
        await asyncio.Event().wait()

    assert driver(ScriptedModel([GOOD]), endless, timeout=0.05) is DeadlineExceeded


def test_the_runs_of_a_hook_are_told_apart():
    events: list[Event] = []
    for _ in range(2):
        by_blocking(ScriptedModel([BAD, GOOD]), events.append)
    first, second = dict.fromkeys(event.run for event in events)
    assert second == first + 1
    assert [event.run for event in events] == [first] * 7 + [second] * 7


def test_what_a_function_raises_ends_the_run_for_hooks_too():
    events: list[Event] = []
    error = LookupError("no such essay")

    @enforce(int, hooks=[events.append])
    def broken() -> str:
        raise error

    with pytest.raises(LookupError):
        broken()
    assert [type(event).__name__ for event in events] == ["CallStarted", "GaveUp"]
    assert events[-1] == GaveUp(error)


def test_what_a_function_raises_ends_its_vote_for_hooks_too():
    """Each of several votes at once is told as a run, and so is the whole."""
    events: list[Event] = []

    def broken() -> str:
        raise LookupError

    async def awaited() -> str:
        raise LookupError

    way = Curtailed(3, parallel=True)
    with pytest.raises(LookupError):
        enforce(int, votes=way, hooks=[events.append])(broken)()
    blocking, events = events, []
    with pytest.raises(LookupError):
        asyncio.run(enforce(int, votes=way, hooks=[events.append])(awaited)())
    for told in (blocking, events):  # the others may still be told of, in threads of their own
        asked = [event for event in told if isinstance(event, CallStarted)]
        first = next(event.run for event in asked if not event.request.sample)
        assert first in {event.run for event in told if isinstance(event, GaveUp)}


def test_a_cancelled_run_is_told_and_stays_cancelled():
    told: list[str] = []
    begun = asyncio.Event()

    async def hook(event: Event) -> None:
        await asyncio.sleep(0)
        told.append(type(event).__name__)

    @enforce(int, hooks=[hook])
    async def endless() -> str:
        begun.set()
        await asyncio.Event().wait()
        return "7"

    async def main() -> None:
        running = asyncio.ensure_future(endless())
        await begun.wait()
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running

    asyncio.run(main())
    assert told == ["CallStarted", "GaveUp"]


def test_a_run_taken_up_again_is_told_from_where_it_goes_on():
    model = ScriptedModel([BAD])
    with pytest.raises(RetriesExhausted) as caught:
        model.run("Who?", Person, max_retries=0)
    events: list[Event] = []
    by_blocking(ScriptedModel(['{"age": 36}']), events.append, resume=caught.value.to_json())
    assert [type(event).__name__ for event in events] == [*REASK, *CALL, "Accepted"]


@pytest.mark.parametrize(
    ("hook", "message"),
    [
        pytest.param(
            7,
            "hooks=: expected functions of an event, or objects with a method such as "
            "call_finished, got int",
            id="a number is no hook",
        ),
        pytest.param(
            Person,
            "hooks=: expected an instance of Person, got the class",
            id="a class would be made anew for each event",
        ),
    ],
)
def test_what_cannot_be_told_is_refused_when_declared(hook: object, message: str):
    with pytest.raises(ConfigurationError) as caught:
        enforce(int, hooks=[hook])(lambda: "7")
    assert str(caught.value) == message
