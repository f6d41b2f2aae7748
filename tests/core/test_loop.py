"""The loop as a table: from a transcript of answers to what was asked and how it ended."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field
from tenacity.wait import wait_fixed, wait_none

from deterministic_llm import (
    DeadlineExceeded,
    EnforcementError,
    Filtered,
    FirstTo,
    NoProgress,
    ProviderError,
    Refused,
    RetriesExhausted,
    Truncated,
)
from deterministic_llm._core.attempts import Attempt, Checked, Failed, Request
from deterministic_llm._core.checks import Validator, validator
from deterministic_llm._core.contract import Contract
from deterministic_llm._core.exchange import (
    UNCONSTRAINED,
    AnswerOutcome,
    CallFailure,
    Completion,
    Constraint,
    FailureKind,
    ToolCall,
)
from deterministic_llm._core.loop import Accept, Call, Check, GiveUp, checked, judge, next_step
from deterministic_llm._core.policy import FOLLOWS, Policy
from deterministic_llm._core.reask import instructions
from deterministic_llm._core.schema.typed import typed_target
from deterministic_llm._core.tasks import Task, Way
from deterministic_llm._drivers.checking import check
from deterministic_llm.testing import ScriptedModel


class Person(BaseModel):
    """Somebody."""

    age: int = Field(ge=0, le=150)


GOOD = Completion('{"age": 36}')
BAD = Completion('{"age": 200}')
WORSE = Completion('{"age": -1}')
NOTHING = Completion(None)
CUT = Completion('{"age": 3', "length")
BUSY = CallFailure("busy", "overloaded", status=503)
TOLD = CallFailure("slow down", "rate_limited", status=429, retry_after=7.0)
DENIED = CallFailure("no such key", "unauthorized", status=401)
TARGET = typed_target(Person)


def task(
    *,
    max_retries: int = 2,
    transport_retries: int | None = None,
    parameters: dict[str, int] | None = None,
    constraint: Constraint = UNCONSTRAINED,
) -> Task[Person]:
    policy = Policy(max_retries, transport_retries, wait=wait_fixed(4))
    contract = Contract(TARGET, constraint, instructions(TARGET))
    prompt = ({"role": "user", "content": "How old is Ada?"},)
    return Task(contract, policy, prompt, dict(parameters or {}))


@dataclass
class Story:
    """What a transcript comes to: the delays before the calls, and the end."""

    delays: list[float] = field(default_factory=list)
    attempts: list[Attempt[Person]] = field(default_factory=list)
    end: Accept[Person] | GiveUp | None = None


def tell(job: Task[Person], answers: list[Completion | CallFailure]) -> Story:
    """Play *answers* to the loop until it ends."""
    story = Story()
    script = iter(answers)
    while isinstance(step := next_step(job, story.attempts), Call):
        story.delays.append(step.delay)
        story.attempts.append(judge(job, step.request, next(script)))
    story.end = step
    return story


ENDS = [
    pytest.param([GOOD], None, id="a valid answer ends the run"),
    pytest.param([BAD, GOOD], None, id="an invalid answer is asked for again"),
    pytest.param(
        [BAD, WORSE, BAD], RetriesExhausted, id="three invalid answers exhaust two retries"
    ),
    pytest.param([BAD, BAD], NoProgress, id="the same wrong answer twice is no progress"),
    pytest.param([NOTHING, GOOD], None, id="an empty answer is asked for again"),
    pytest.param([NOTHING] * 3, RetriesExhausted, id="three empty answers exhaust two retries"),
    pytest.param([Completion(None, "refusal", "no")], Refused, id="a refusal field ends the run"),
    pytest.param(
        [Completion("I'm sorry, but I can't help with that.")], Refused, id="so does refusing prose"
    ),
    pytest.param([Completion("x", "filter")], Filtered, id="a filtered answer ends the run"),
    pytest.param([CUT], Truncated, id="a cut answer without a known limit ends the run"),
    pytest.param([BUSY, BUSY, GOOD], None, id="a busy server is waited for"),
    pytest.param([DENIED], ProviderError, id="a wrong key is not tried again"),
    pytest.param([BAD, BUSY, WORSE, BUSY, GOOD], None, id="waiting does not use up re-asks"),
]


@pytest.mark.parametrize(("answers", "error"), ENDS)
def test_a_transcript_ends_as_the_policy_says(
    answers: list[Completion | CallFailure], error: type[EnforcementError] | None
):
    """Each row of the policy table, told as a whole run."""
    story = tell(task(), answers)
    assert len(story.attempts) == len(answers)
    if error is None:
        assert isinstance(story.end, Accept)
        assert story.end.output == Person(age=36)
    else:
        assert isinstance(story.end, GiveUp)
        assert type(story.end.error) is error
        assert story.end.error.attempts == tuple(story.attempts)


def test_transport_retries_count_calls_in_a_row():
    """Two failures, an answer, two failures: never more than two in a row."""
    answers = [BUSY, BUSY, BAD, BUSY, BUSY, GOOD]
    assert isinstance(tell(task(transport_retries=2), answers).end, Accept)
    story = tell(task(transport_retries=1), answers)
    assert isinstance(story.end, GiveUp)
    assert isinstance(story.end.error, ProviderError)
    assert (story.end.error.status, story.end.error.retryable) == (503, True)
    assert len(story.attempts) == 2


def test_the_servers_wait_is_taken_as_told():
    """A Retry-After wins over the strategy, whose wait is spread between half and all of it."""
    delays = tell(task(), [TOLD, BUSY, GOOD]).delays
    assert delays[:2] == [0.0, 7.0]
    assert 2.0 <= delays[2] <= 4.0


def test_a_replay_waits_exactly_as_long():
    """The spread comes from the run's seed, not from the clock."""
    assert tell(task(), [BUSY, BUSY, GOOD]).delays == tell(task(), [BUSY, BUSY, GOOD]).delays


def test_a_cut_answer_is_asked_for_again_with_twice_the_room():
    """The prompt stays; only the limit grows."""
    story = tell(task(parameters={"max_tokens": 20}), [CUT, GOOD])
    first, second = (attempt.request for attempt in story.attempts)
    assert isinstance(story.end, Accept)
    assert (first.parameters, second.parameters) == ({"max_tokens": 20}, {"max_tokens": 40})
    assert first.messages == second.messages


def test_a_complete_value_before_the_cut_is_not_taken_in_prompt_mode():
    """A correction may have been cut off; a backend held to the form cannot have corrected."""
    cut = Completion('{"age": 36} or rather', "length")
    prompted = tell(task(), [cut])
    assert isinstance(prompted.end, GiveUp)
    assert isinstance(prompted.end.error, Truncated)
    held = tell(task(constraint=Constraint("native", schema={})), [cut])
    assert isinstance(held.end, Accept)


def test_closed_members_are_taken_only_when_the_model_stopped_by_itself():
    """A text without its closers is accepted after stop, never after length or silence."""
    text = '{"age": 36, "name": "Ada"'
    assert isinstance(tell(task(max_retries=0), [Completion(text, "stop")]).end, Accept)
    for finish in ("length", "unfinished"):
        story = tell(task(max_retries=0), [Completion(text, finish)])
        assert isinstance(story.end, GiveUp)
        assert isinstance(story.end.error, Truncated)


def test_a_reask_says_what_was_wrong_after_an_unchanged_prompt():
    """The prompt is the prefix; path, bound and value stand in one line; nothing adds up."""
    story = tell(task(), [BAD, WORSE, GOOD])
    first, second, third = (attempt.request for attempt in story.attempts)
    asked = [str(request.messages[0]["content"]) for request in (first, second, third)]
    assert all(text.startswith("How old is Ada?\n\n") for text in asked)
    line = "- $.age: expected an integer from 0 to 150, got 200 (choose a number from 0 to 150)"
    assert line in asked[1].splitlines()
    assert len(asked[2]) < len(asked[1])
    assert "200" not in asked[0] + asked[2]


def test_every_outcome_has_a_row():
    """The policy table is closed over the outcomes."""
    assert set(FOLLOWS) == {*get_args(AnswerOutcome), *get_args(FailureKind)}


@pytest.mark.parametrize("kind", get_args(FailureKind))
def test_a_failed_call_is_followed_as_its_row_says(kind: FailureKind):
    """Resent as often as the row allows, or the end with the row's own error."""
    follow = FOLLOWS[kind]
    failed: Completion | CallFailure = CallFailure("broken", kind)
    if follow.step == "resend":
        assert isinstance(tell(task(), [failed, GOOD]).end, Accept)
        most = min(8, 8 if follow.at_most is None else follow.at_most)
        story = tell(task(), [failed] * 20)
        assert len(story.attempts) == 1 + most
    else:
        story = tell(task(), [failed, GOOD])
        assert len(story.attempts) == 1
    assert isinstance(story.end, GiveUp)
    assert type(story.end.error) is follow.error


@pytest.mark.parametrize("kind", get_args(FailureKind))
def test_a_server_that_forbids_to_ask_again_is_heeded(kind: FailureKind):
    """Whatever the row says."""
    story = tell(task(), [CallFailure("no", kind, final=True), GOOD])
    assert len(story.attempts) == 1
    assert isinstance(story.end, GiveUp)


def tool(*calls: tuple[str, str]) -> Completion:
    made = tuple(ToolCall(*call) for call in calls)
    return Completion(made[0].arguments if len(made) == 1 else None, calls=made)


TOOL = Constraint("tool", "Person")
GRAMMAR = Constraint("grammar", "Person")
ANSWERS = [
    pytest.param(GOOD, UNCONSTRAINED, "accepted", id="a valid answer"),
    pytest.param(BAD, UNCONSTRAINED, "invalid", id="a bound passed"),
    pytest.param(Completion('{"age": 3'), UNCONSTRAINED, "invalid", id="broken after a stop"),
    pytest.param(NOTHING, UNCONSTRAINED, "empty", id="null content"),
    pytest.param(Completion(" \n"), UNCONSTRAINED, "empty", id="blanks"),
    pytest.param(
        Completion(None, reasoning="36, I think"),
        UNCONSTRAINED,
        "reasoning_only",
        id="thinking and no answer",
    ),
    pytest.param(tool(("Person", '{"age": 36}')), TOOL, "accepted", id="the tool that was asked"),
    pytest.param(tool(("Person", '{"age": "x"}')), TOOL, "invalid", id="broken arguments"),
    pytest.param(tool(("Search", '{"age": 36}')), TOOL, "wrong_tool", id="another tool"),
    pytest.param(
        tool(("Person", '{"age": 36}'), ("Person", '{"age": 37}')),
        TOOL,
        "several_calls",
        id="two calls that differ",
    ),
    pytest.param(
        replace(tool(("Person", '{"age": 36}')), text="Let me see."),
        TOOL,
        "accepted",
        id="a call with words beside it",
    ),
    pytest.param(
        replace(tool(("Person", '{"age": 36}')), text="Let me see."),
        GRAMMAR,
        "accepted",
        id="a tool that holds a grammar",
    ),
    pytest.param(GOOD, GRAMMAR, "accepted", id="a grammar that no tool holds"),
    pytest.param(
        replace(tool(("Person", '{"age": 36}'), ("Person", '{"age": 37}')), text="Two, then."),
        TOOL,
        "several_calls",
        id="calls that differ with words beside them",
    ),
    pytest.param(
        Completion("ha " * 400, "length"), UNCONSTRAINED, "degenerate", id="the same without end"
    ),
    pytest.param(
        Completion('{"age":' + " " * 400, "length"),
        UNCONSTRAINED,
        "degenerate",
        id="endless blanks",
    ),
    pytest.param(Completion('{"age"', "aborted"), UNCONSTRAINED, "aborted", id="broken off"),
    pytest.param(CUT, UNCONSTRAINED, "truncated", id="cut at the limit"),
    pytest.param(Completion(None, "length"), UNCONSTRAINED, "truncated", id="cut while thinking"),
    pytest.param(Completion(None, "refusal", "no"), UNCONSTRAINED, "refused", id="a refusal field"),
    pytest.param(
        Completion("I'm sorry, but I can't help with that."),
        UNCONSTRAINED,
        "refused",
        id="refusing prose",
    ),
    pytest.param(Completion('{"age": 36}', "filter"), UNCONSTRAINED, "filtered", id="filtered"),
]


@pytest.mark.parametrize(("answer", "constraint", "outcome"), ANSWERS)
def test_an_answer_comes_to_its_outcome(
    answer: Completion, constraint: Constraint, outcome: AnswerOutcome
):
    """And what follows is the step of its row."""
    job = task(constraint=constraint, parameters={"max_tokens": 10})
    first = next_step(job, ())
    assert isinstance(first, Call)
    attempt = judge(job, first.request, answer)
    assert attempt.outcome == outcome
    step = next_step(job, [attempt])
    expected = {"accept": Accept, "stop": GiveUp}.get(FOLLOWS[outcome].step, Call)
    assert type(step) is expected


class Noted(BaseModel):
    """Somebody, and what is said of them unless nothing is."""

    age: int
    note: str = ""
    tags: list[str] = []


BROKEN_OFF = [
    pytest.param('{"age": 36, "note": "a', "invalid", id="within a text"),
    pytest.param('{"age": 36, "note":', "invalid", id="behind a colon"),
    pytest.param('{"age": 36, "note"', "invalid", id="behind a key"),
    pytest.param('{"age": 36, "no', "invalid", id="within a key"),
    pytest.param('{"age": 36,', "invalid", id="behind a comma"),
    pytest.param('{"age": 36, "tags": [', "invalid", id="before the first item"),
    pytest.param('{"age": 36, "tags": ["a", "b', "invalid", id="within an item"),
    pytest.param('{"age": 36, "tags": ["a",', "invalid", id="behind an item"),
    pytest.param('{"age": 36, "note": "a"', "accepted", id="without its closer alone"),
    pytest.param('{"age": 36, "tags": ["a"', "accepted", id="without two closers alone"),
]


@pytest.mark.parametrize(("text", "outcome"), BROKEN_OFF)
def test_no_default_stands_in_for_what_was_begun(text: str, outcome: AnswerOutcome):
    """Also of an answer that the model is said to have finished: a stop sequence may have cut it.

    What is closed is kept, and the rest alone is asked for.
    """
    target = typed_target(Noted)
    contract = Contract(target, UNCONSTRAINED, instructions(target))
    job: Task[Noted] = Task(contract, Policy(), ({"role": "user", "content": "Who?"},))
    first = next_step(job, ())
    assert isinstance(first, Call)
    attempt = judge(job, first.request, Completion(text, "stop"))
    assert attempt.outcome == outcome
    again = next_step(job, [attempt])
    assert isinstance(again, Accept if outcome == "accepted" else Call)
    if isinstance(again, Call):
        assert again.request.patch is not None
        assert "age" not in again.request.patch.places


def test_every_outcome_of_an_answer_is_shown():
    """The table above has them all."""
    assert {row.values[2] for row in ANSWERS} == set(get_args(AnswerOutcome))


def test_a_wait_past_the_deadline_is_not_begun():
    """The run ends at once, with what it has."""
    job = replace(task(), policy=Policy(timeout=5.0))
    story = tell(job, [TOLD, GOOD])
    assert isinstance(story.end, GiveUp)
    assert type(story.end.error) is DeadlineExceeded
    assert story.delays == [0.0]


def test_the_last_model_that_cannot_be_waited_for_ends_the_run():
    """It is the time that is over, whatever the call came to."""
    job = replace(falling_back("second"), policy=Policy(timeout=5.0))
    story = tell(job, [TOLD, TOLD, GOOD])
    assert isinstance(story.end, GiveUp)
    assert type(story.end.error) is DeadlineExceeded
    assert story.delays == [0.0, 0.0]


def test_a_late_answer_is_evidence_and_no_value():
    """It came, it is kept, and the run is over all the same."""
    job = replace(task(), policy=Policy(timeout=5.0))
    first = next_step(job, ())
    assert isinstance(first, Call)
    late = judge(job, first.request, GOOD, ended=5.1)
    end = next_step(job, [late])
    assert isinstance(end, GiveUp)
    assert type(end.error) is DeadlineExceeded
    assert end.error.text == '{"age": 36}'


def falling_back(*others: str) -> Task[Person]:
    told = instructions(TARGET)
    ways = tuple(Way(UNCONSTRAINED, told, {"temperature": float(n)}) for n, _ in enumerate(others))
    return replace(task(max_retries=1), fallback=ways)


FALLS = [
    pytest.param([BAD, WORSE, GOOD], [0, 0, 1], id="when the re-asks are used up"),
    pytest.param([BAD, BAD, GOOD], [0, 0, 1], id="when there is no progress"),
    pytest.param([DENIED, GOOD], [0, 1], id="when a call cannot succeed"),
    pytest.param([Completion(None, "refusal"), GOOD], [0, 1], id="when it refuses"),
    pytest.param([BAD, WORSE, BAD, BUSY, GOOD], [0, 0, 1, 1, 1], id="with re-asks of its own"),
    pytest.param([DENIED, DENIED, GOOD], [0, 1, 2], id="and then the next"),
    pytest.param([TOLD, GOOD], [0, 1], id="when there is no time to wait for it"),
    pytest.param([TOLD, TOLD, GOOD], [0, 1, 2], id="nor for the next"),
]


@pytest.mark.parametrize(("answers", "models"), FALLS)
def test_the_next_model_is_asked(answers: list[Completion | CallFailure], models: list[int]):
    """With the first question again, its own parameters, and max_retries afresh."""
    job = replace(falling_back("second", "third"), policy=Policy(max_retries=1, timeout=5.0))
    story = tell(job, answers)
    assert isinstance(story.end, Accept)
    assert [attempt.request.model for attempt in story.attempts] == models
    fresh = next(each.request for each in story.attempts if each.request.model == 1)
    assert fresh.parameters == {"temperature": 0.0}
    assert fresh.feedback == story.attempts[0].request.feedback


DOWN = CallFailure("no connection", "unreachable")
HUNG = CallFailure("no answer in time", "timeout")
LIMITED = CallFailure("slow down", "rate_limited", status=429)
SOON = CallFailure("slow down", "rate_limited", status=429, retry_after=1.0)
CONFLICT = CallFailure("again", "conflict", status=409)
BROKEN = CallFailure("it broke", "server_error", status=500)
HALF = CallFailure("it stopped", "cut_off")
PAGE = CallFailure("a page", "malformed")
OFF = Completion('{"age"', "aborted")
PATIENCE = [
    pytest.param([DOWN] * 3 + [GOOD], None, [0, 0, 0, 1], id="twice resent without a connection"),
    pytest.param([BUSY] * 3 + [GOOD], None, [0, 0, 0, 1], id="or while it is overloaded"),
    pytest.param([BROKEN] * 3 + [GOOD], None, [0, 0, 0, 1], id="or broken"),
    pytest.param([HALF] * 3 + [GOOD], None, [0, 0, 0, 1], id="or cut off"),
    pytest.param([CONFLICT] * 3 + [GOOD], None, [0, 0, 0, 1], id="or in conflict"),
    pytest.param([LIMITED] * 3 + [GOOD], None, [0, 0, 0, 1], id="or over its rate"),
    pytest.param([PAGE] * 3 + [GOOD], None, [0, 0, 0, 1], id="a page is as it was"),
    pytest.param([OFF] * 3 + [GOOD], None, [0, 0, 0, 1], id="so is what the server breaks off"),
    pytest.param([HUNG] * 2 + [GOOD], None, [0, 0, 1], id="once after a call that took too long"),
    pytest.param([BUSY, DOWN, BROKEN, GOOD], None, [0, 0, 0, 1], id="whatever it is each time"),
    pytest.param([BUSY, HUNG, GOOD], None, [0, 0, 1], id="the last one decides"),
    pytest.param([HUNG, BUSY, GOOD], None, [0, 0, 0], id="and may be more patient"),
    pytest.param([BUSY, BUSY, GOOD], None, [0, 0, 0], id="not sooner"),
    pytest.param([HUNG, GOOD], None, [0, 0], id="not sooner than that either"),
    pytest.param([BUSY, BUSY, BAD, BUSY, BUSY, GOOD], None, [0] * 6, id="an answer lies between"),
    pytest.param([SOON] * 2 + [GOOD], None, [0, 0, 0], id="a short wait that it asks for"),
    pytest.param([SOON] * 3 + [GOOD], None, [0, 0, 0, 1], id="and not for ever"),
    pytest.param([TOLD, GOOD], None, [0, 1], id="a long wait that it asks for is not begun"),
    pytest.param([SOON, TOLD, GOOD], None, [0, 0, 1], id="nor after a short one"),
    pytest.param([BUSY] * 11 + [GOOD], None, [0] * 3 + [1] * 9, id="the last one is all there is"),
    pytest.param([DENIED, TOLD, GOOD], None, [0, 1, 1], id="and waited for as it wishes"),
    pytest.param([BUSY] * 8 + [GOOD], 8, [0] * 9, id="as often as the caller says"),
    pytest.param([HUNG] * 4 + [GOOD], 3, [0] * 4 + [1], id="and no more often"),
    pytest.param([TOLD, GOOD], 8, [0, 0], id="then also for as long as it asks"),
    pytest.param([BUSY, GOOD], 0, [0, 1], id="or not at all"),
]


@pytest.mark.parametrize(("answers", "transport_retries", "models"), PATIENCE)
def test_a_model_that_is_down_is_not_waited_for_while_another_is_left(
    answers: list[Completion | CallFailure], transport_retries: int | None, models: list[int]
):
    """Unless the caller has said how often."""
    job = falling_back("second")
    job = replace(job, policy=replace(job.policy, transport_retries=transport_retries))
    story = tell(job, answers)
    assert isinstance(story.end, Accept)
    assert [attempt.request.model for attempt in story.attempts] == models


def test_every_failure_that_is_resent_says_how_often_while_another_model_is_left():
    """None is as patient as if there were no other."""
    for outcome, follow in FOLLOWS.items():
        resent = (follow.with_fallback, follow.at_most) != (None, None)
        assert resent or follow.step != "resend", outcome


@pytest.mark.parametrize("told", [LIMITED, SOON])
def test_seven_answers_of_429_are_waited_for(told: CallFailure):
    """Where there is no other model: exactly 8 calls, as the headers say."""
    story = tell(task(), [told] * 7 + [GOOD])
    assert isinstance(story.end, Accept)
    assert len(story.attempts) == 8
    assert told is LIMITED or story.delays == [0.0] + [1.0] * 7


def test_a_voter_is_the_only_one_to_give_its_vote():
    """The models of ``fallback=`` are not for it."""
    voter = ScriptedModel([BUSY] * 8 + [Completion("7")])
    other, first = ScriptedModel(["7"]), ScriptedModel([BUSY] * 3 + [Completion("8")])
    votes = FirstTo(2, voters=[voter])
    result = first.run("How many?", int, votes=votes, fallback=[other], wait=wait_none())
    assert result.output == 7
    assert [len(each.requests) for each in (first, other, voter)] == [3, 1, 9]


def test_the_next_model_is_waited_for_as_the_first_was():
    """How often another one failed says nothing about it."""
    job = falling_back("second")
    job = replace(job, policy=replace(job.policy, transport_retries=1))
    delays = tell(job, [BUSY, BUSY, BUSY, GOOD]).delays
    assert delays == [0.0, delays[1], 0.0, delays[1]]


@pytest.mark.parametrize("kind", ["over_budget", "late"])
def test_no_other_model_is_asked_when_money_or_time_is_over(kind: FailureKind):
    """They are those of the whole run."""
    story = tell(falling_back("second"), [CallFailure("over", kind), GOOD])
    assert isinstance(story.end, GiveUp)
    assert len(story.attempts) == 1


@pytest.mark.untraced
@given(
    st.lists(st.sampled_from([GOOD, BAD, NOTHING, CUT, BUSY, TOLD, DENIED]), min_size=40),
    st.integers(0, 3),
    st.integers(0, 3),
)
def test_no_run_calls_more_than_its_policy_allows(
    answers: list[Completion | CallFailure], max_retries: int, transport_retries: int
):
    """At most one answer more than the re-asks, each with its own failures before it."""
    job = task(max_retries=max_retries, transport_retries=transport_retries)
    story = tell(job, answers)
    answered = sum(
        attempt.text is not None or attempt.outcome == "empty" for attempt in story.attempts
    )
    assert answered <= 1 + max_retries
    assert len(story.attempts) <= (1 + max_retries) * (1 + transport_retries)
    numbers = [attempt.request.number for attempt in story.attempts]
    assert numbers == list(range(1, len(numbers) + 1))


class Sum(BaseModel):
    """Parts and what they come to."""

    parts: list[int]
    total: int = Field(le=10)


ADDS = validator(
    lambda sums: sums.total == sum(sums.parts),
    fix=lambda sums: sums.model_copy(update={"total": sum(sums.parts)}),
    name="adds up",
)
SMALL = validator(lambda sums: sums.total < 8, name="small")
ROUND = validator(
    lambda sums: sums.total % 5 == 0,
    fix=lambda sums: sums.model_copy(update={"total": sums.total // 5 * 5}),
    name="round",
)


def checked_through(text: str, *validators: Validator) -> tuple[object, tuple[str, ...]]:
    """What *text* comes to behind *validators*: an output, or violations as said."""
    target = typed_target(Sum)
    job = Task(Contract(target, UNCONSTRAINED, ""), Policy(), validators=validators)
    first = next_step(job, ())
    assert isinstance(first, Call)
    attempt = judge(job, first.request, Completion(text))
    while isinstance(step := next_step(job, [attempt]), Check):
        attempt = checked(job, attempt, check(step.validator, step.value))
    output = step.output.model_dump() if isinstance(step, Accept) else None
    return output, tuple(violation.expected for violation in attempt.violations)


def test_what_brought_no_answer_is_checked_by_nobody():
    failed = Failed(Request(1), BUSY)
    assert checked(task(), failed, Checked("a rule")) is failed


def test_a_result_tells_what_is_only_warned_of():
    meh = validator(lambda _: "meh", severity="warning", name="taste")
    result = ScriptedModel(["7"]).run("How many?", int, validators=[meh])
    assert [each.expected for each in result.warnings] == ["meh"]


FIXES = [
    pytest.param([ADDS], "[2, 3]", ({"parts": [2, 3], "total": 5}, ()), id="a fix that helps"),
    pytest.param(
        [ADDS],
        "[5, 9]",
        (None, ("expected an integer of at most 10",)),
        id="a fix that leaves the target is not taken",
    ),
    pytest.param(
        [SMALL, ADDS],
        "[5, 4]",
        (None, ("must pass: small",)),
        id="a rule that held before a fix is asked again after it",
    ),
    pytest.param(
        [ADDS, ROUND],
        "[3, 4]",
        (None, ("the fix of adds up and another disagree",)),
        id="fixes that undo each other end",
    ),
]


@pytest.mark.parametrize(("validators", "parts", "end"), FIXES)
def test_what_a_fix_made_is_held_to_everything(
    validators: list[Validator], parts: str, end: tuple[object, tuple[str, ...]]
):
    """To the target, and to all validators that saw another value."""
    assert checked_through(f'{{"parts": {parts}, "total": 4}}', *validators) == end
