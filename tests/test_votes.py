"""Votes: several answers, the one that they agree on, and how far they do."""

from __future__ import annotations

import asyncio
import pickle
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal, Self

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, model_validator

from deterministic_llm import (
    Accepted,
    Adaptive,
    Budget,
    BudgetExceeded,
    CallFailure,
    CallFinished,
    CallStarted,
    Cassette,
    Choice,
    Completion,
    ConfigurationError,
    Curtailed,
    DeadlineExceeded,
    EnforcementError,
    Event,
    FirstTo,
    GaveUp,
    Median,
    NoConsensus,
    ProviderError,
    RecordError,
    Refused,
    Result,
    RetriesExhausted,
    Schema,
    Template,
    Turn,
    Votes,
    Voting,
    enforce,
)
from deterministic_llm._core.attempts import Request
from deterministic_llm._core.checks import Judgement
from deterministic_llm._core.exchange import Abilities
from deterministic_llm.enforcer.known import Known
from deterministic_llm.generate import Model
from deterministic_llm.sources import Asked
from deterministic_llm.testing import Answer, ScriptedModel
from deterministic_llm.validators import validator

DEAD = CallFailure("wrong key", "unauthorized", status=401)


class Grade(BaseModel):
    """What is asked for."""

    reason: str
    score: int


def answers(script: Sequence[Answer] | Answer) -> list[Answer]:
    """The answers of one vote."""
    return [script] if isinstance(script, (str, Completion, CallFailure)) else list(script)


class Voters(Model):
    """A model with a script for each vote, whatever the order that they come in."""

    def __init__(self, *scripts: Sequence[Answer] | Answer, name: str = "voters") -> None:
        self.name = name
        self._source = Asked(lambda: self, Known(Abilities(), {}, name))
        self._scripts = [
            [each] if isinstance(each, (str, Completion, CallFailure)) else list(each)
            for each in scripts
        ]
        self.requests: list[Request] = []

    def complete(self, request: Request) -> Completion | CallFailure:
        """The next answer of the vote."""
        self.requests.append(request)
        answer = self._scripts[request.sample].pop(0)
        return Completion(answer) if isinstance(answer, str) else answer

    async def acomplete(self, request: Request) -> Completion | CallFailure:
        """The next answer of the vote, a moment later."""
        await asyncio.sleep(0)
        return self.complete(request)


def blocking(model: Model, target: object, **options: object) -> object:
    try:
        return model.run("?", target, **options)
    except EnforcementError as error:
        return error


def awaiting(model: Model, target: object, **options: object) -> object:
    async def run() -> Result[object]:
        return await model.arun("?", target, **options)

    try:
        return asyncio.run(run())
    except EnforcementError as error:
        return error


def ways(
    votes: Callable[..., Voting], **options: object
) -> list[tuple[Callable[..., object], Voting]]:
    """One after another and at the same time, in both colours."""
    rules = (votes(**options), votes(**options, parallel=True))
    return [(run, rule) for run in (blocking, awaiting) for rule in rules]


def rule(kind: type[Voting], *given: object) -> Callable[..., Voting]:
    return lambda **options: kind(*given, **options)


def told(counts: dict[str, int], share: float, chosen: int, path: str = "$") -> Votes:
    """What valid answers came to, all about one value."""
    return Votes(sum(counts.values()), share, {path: share}, counts, chosen)


NUMBER = Schema({"type": "object", "properties": {"n": {"type": "integer"}}})
TWO_OF_THREE = told({"1": 2, "2": 1}, 2 / 3, 0)
STORIES = [
    pytest.param(rule(FirstTo, 2), int, "121", 1, TWO_OF_THREE, id="two of three"),
    pytest.param(
        rule(FirstTo, 2),
        int,
        ["2", "1", ["no", "1"]],
        1,
        told({"1": 2, "2": 1}, 2 / 3, 1),
        id="a vote that is asked again",
    ),
    pytest.param(
        rule(Curtailed, 5),
        Literal["a", "b"],
        ['"b"', '"a"', '"b"', '"b"'],
        "b",
        told({'"b"': 3, '"a"': 1}, 0.75, 0),
        id="no vote that changes nothing",
    ),
    pytest.param(
        rule(Adaptive), bool, ["true"] * 4, True, told({"true": 4}, 1.0, 0), id="four that agree"
    ),
    pytest.param(
        rule(Median), int, "91438", 4, told(dict.fromkeys("91438", 1), 0.2, 2), id="the median"
    ),
    pytest.param(
        rule(Curtailed, 3),
        Choice("yes", "no"),
        ["no", "yes", "yes"],
        "yes",
        told({'"yes"': 2, '"no"': 1}, 2 / 3, 1),
        id="a choice",
    ),
    pytest.param(
        rule(Curtailed, 3),
        str,
        ["It is so.", "It is, so.", "Bananas"],
        "It is so.",
        told({'"It is so."': 1, '"It is, so."': 1, '"Bananas"': 1}, 1 / 3, 0),
        id="free text: the likest",
    ),
    pytest.param(
        rule(FirstTo, 2),
        NUMBER,
        ['{"n": 2}', '{"n": 2}'],
        {"n": 2},
        told({'{"n":2}': 2}, 1.0, 0, "$.n"),
        id="a JSON Schema",
    ),
]


@pytest.mark.parametrize(("votes", "target", "scripts", "output", "came_to"), STORIES)
def test_what_votes_come_to(
    votes: Callable[..., Voting],
    target: object,
    scripts: Sequence[Sequence[Answer]],
    output: object,
    came_to: Votes,
):
    """In turn and at the same time, blocking and awaiting: the same attempts, votes and output."""
    stories = []
    for run, way in ways(votes):
        model = Voters(*scripts)
        result = run(model, target, votes=way)
        assert isinstance(result, Result)
        assert result.output == output
        assert (result.votes, result.determinism) == (came_to, "consensus")
        assert len(model.requests) == len(result.attempts)
        stories.append(
            [(each.request.sample, each.request.number, each.text) for each in result.attempts]
        )
    assert stories == [sorted(stories[0])] * 4


def test_the_output_is_that_of_a_vote_which_says_all_that_was_agreed_on():
    """Its reason belongs to its score: it is not put together of two answers."""
    votes = [
        '{"reason": "Well argued, but short.", "score": 6}',
        '{"reason": "Well argued.", "score": 8}',
        '{"reason": "Clear and well argued.", "score": 8}',
    ]
    result = Voters(*votes).run("?", Grade, votes=FirstTo(2))
    assert result.output == Grade(reason="Well argued.", score=8)
    assert result.votes is not None
    assert (result.votes.chosen, result.votes.merged) == (1, False)
    assert (result.raw, result.accepted) == (votes[1], result.attempts[1])
    assert result.votes.share == pytest.approx(2 / 3)


class Person(BaseModel):
    """Two fields that are asked for by themselves."""

    born: int
    died: int


SPLIT = [
    '{"born": 1815, "died": 1852}',
    '{"born": 1815, "died": 1853}',
    '{"born": 1816, "died": 1852}',
]


def test_what_no_vote_said_as_a_whole_is_put_together_field_by_field():
    votes = [*SPLIT[1:], '{"born": 1815, "died": 1860}', '{"born": 1820, "died": 1852}']
    result = Voters(*votes).run("?", Person, votes=4)
    assert result.output == Person(born=1815, died=1852)
    assert result.votes is not None
    assert (result.votes.merged, result.votes.share) == (True, 0.5)
    assert result.votes.shares == {"$.born": 0.5, "$.died": 0.5}
    assert set(result.votes.counts.values()) == {1}


class Span(Person):
    """A rule across two fields, which a merge can break."""

    @model_validator(mode="after")
    def lived(self) -> Self:
        """Who died was born before."""
        if self.died < self.born:
            message = "died before being born"
            raise ValueError(message)
        return self


APART = [
    '{"born": 1, "died": 2}',
    '{"born": 9, "died": 10}',
    '{"born": 9, "died": 11}',
    '{"born": 0, "died": 2}',
]


def test_what_is_put_together_and_not_valid_gives_way_to_the_nearest_vote():
    result = Voters(*APART).run("?", Span, votes=4)
    assert result.votes is not None
    assert (result.output, result.votes.merged) == (Span(born=9, died=10), False)
    assert result.votes.shares == {"$.born": 0.5, "$.died": 0.25}


def test_with_validators_only_what_they_have_seen_is_taken():
    seen: list[Person] = []
    votes = [*SPLIT[1:], '{"born": 1815, "died": 1860}', '{"born": 1820, "died": 1852}']
    result = Voters(*votes).run("?", Person, votes=4, validators=[seen.append])
    assert result.output in seen
    assert result.votes is not None
    assert not result.votes.merged


def test_templates_and_their_lines_are_voted_on_by_field():
    line = Template.lines("{name} is {age:int}")
    votes = ["Ada is 36\nBob is 7", "Bob is 7\nAda is 36", "Ada is 36\nBob is 8"]
    result = Voters(*votes).run("?", line, votes=3)
    assert [(record.name, record.age) for record in result.output] == [("Ada", 36), ("Bob", 7)]
    keyed = Curtailed(3, keys={"$": "name"})
    result = Voters(*votes).run("?", line, votes=keyed)
    assert [(record.name, record.age) for record in result.output] == [("Ada", 36), ("Bob", 7)]


def test_a_vote_without_a_valid_answer_is_missing():
    for run, way in ways(rule(Curtailed, 5)):
        result = run(Voters("7", ["no", "no", "no"], "7", "7"), int, votes=way)
        assert isinstance(result, Result)
        assert result.output == 7
        assert result.votes == Votes(3, 1.0, {"$": 1.0}, {"7": 3}, 0, failed=1)
        assert "3 votes, 1 without a valid answer: 100% agree" in result.explain()


ENDS = [
    pytest.param([["a", "b"], "7", ["a", "b"], ["a", "b"]], RetriesExhausted, id="not valid"),
    pytest.param([DEAD, "7", DEAD, DEAD], ProviderError, id="a provider that is gone"),
    pytest.param([Completion(None, "refusal")] * 3, Refused, id="a model that declines"),
]


@pytest.mark.parametrize(("scripts", "kind"), ENDS)
def test_when_more_than_half_of_the_votes_are_missing_the_run_is_over(
    scripts: Sequence[Sequence[Answer] | Answer], kind: type[EnforcementError]
):
    """With the error of the last one, and the attempts of all."""
    for run, way in ways(rule(Curtailed, 5)):
        model = Voters(*scripts, "7", "7", "7")
        error = run(model, int, votes=way, max_retries=1)
        assert isinstance(error, kind)
        assert len(error.attempts) == len(model.requests)
        assert error.attempts[-1].request.sample == max(each.sample for each in model.requests)


def test_a_budget_is_kept_by_all_votes_together():
    for run, way in ways(rule(Curtailed, 5)):
        model = Voters("7", "8", "7", "8", "7")
        error = run(model, int, votes=way, budget=Budget(calls=2))
        assert isinstance(error, BudgetExceeded)
        assert len(model.requests) == 2
        assert error.attempts[-1].outcome == "over_budget"
        assert sum(attempt.sent for attempt in error.attempts) == 2


def test_a_deadline_is_that_of_all_votes_together():
    class Slow(Voters):
        """Takes its time."""

        def complete(self, request: Request) -> Completion | CallFailure:
            """The answer, after 60 ms."""
            threading.Event().wait(0.06)
            return super().complete(request)

    with pytest.raises(DeadlineExceeded) as caught:
        Slow(*"12345").run("?", int, votes=5, timeout=0.1)
    assert 1 <= len(caught.value.attempts) <= 2


def test_too_little_agreement_is_no_output():
    for run, way in ways(rule(Curtailed, 5)):
        error = run(Voters(*"12345"), int, votes=way, abstain_below=0.6)
        assert isinstance(error, NoConsensus)
        assert (error.votes.share, len(error.attempts), error.wanted) == (0.2, 5, 0.6)
        assert str(error) == "the votes do not agree enough: 20% of 5, and 60% are wanted"
        again = pickle.loads(pickle.dumps(error))  # noqa: S301  # our own
        assert (str(again), again.votes) == (str(error), error.votes)
    result = Voters(*"11145").run("?", int, votes=5, abstain_below=0.6)
    assert (result.output, result.votes and result.votes.share) == (1, 0.6)
    told = Voters(*"12345").run("?", int, votes=5, abstain_below=0.6, on_exhausted="return_none")
    assert (told.output, told.exhausted, told.determinism) == (None, True, None)


def test_other_models_vote_in_turns():
    first, second = ScriptedModel(["1", "1", "1"]), ScriptedModel(["no", "2", "2"])
    result = first.run("?", int, votes=Curtailed(5, voters=[second]))
    assert (result.output, len(first.requests), len(second.requests)) == (1, 3, 3)
    assert [each.request.model for each in result.attempts] == [0, 1, 1, 0, 1, 0]


def test_a_voter_is_no_model_to_fall_back_on():
    first, second, last = ScriptedModel(["no", "1"]), ScriptedModel(["2"]), ScriptedModel(["3"])
    options = {"fallback": [last], "max_retries": 0}
    result = first.run("?", int, votes=Curtailed(3, voters=[second]), **options)
    assert [each.text for each in result.attempts] == ["no", "3", "2", "1"]
    failed = ScriptedModel(["1", "1"]).run(
        "?", int, votes=Curtailed(3, voters=[ScriptedModel(["no"])]), max_retries=0
    )
    assert failed.votes == Votes(2, 1.0, {"$": 1.0}, {"1": 2}, 0, failed=1)


def test_functions_vote_each_with_a_turn_of_its_own():
    def second(essay: str) -> str:
        return "2" if essay else ""

    numbers: list[int] = []

    @enforce(int, votes=Curtailed(3, voters=[second]))
    def first(turn: Turn, essay: str) -> str:
        numbers.append(turn.number)
        return "1" if essay and turn.number > 1 else "no"

    result = first.run("a")
    assert (result.output, numbers) == (1, [1, 2, 1, 2])

    @enforce(int, votes=Curtailed(3, parallel=True))
    async def third() -> str:
        return "3"

    assert asyncio.run(third()) == 3


def test_each_vote_has_a_seed_of_its_own_and_a_place_in_the_cache(tmp_path: Path):
    """Two more votes are two more calls."""
    cache = tmp_path / "answers.sqlite"
    model = Voters(*"12345")
    three = model.run("?", int, votes=3, cache=cache, seed=7)
    five = model.run("?", int, votes=5, cache=cache, seed=7)
    again = Voters().run("?", int, votes=Curtailed(5, parallel=True), cache=cache, seed=7)
    one = Voters().run("?", int, cache=cache, seed=7)
    assert [each.parameters["seed"] for each in model.requests] == [7, 8, 9, 10, 11]
    assert [each.origin for each in five.attempts] == ["cache"] * 3 + ["call"] * 2
    assert [run.determinism for run in (three, five, again, one)] == [
        "consensus", "consensus", "replay", "replay",
    ]  # fmt: skip
    assert five.canonical_json() == again.canonical_json()
    assert one.output == 1


def test_votes_without_a_seed_are_samples_of_their_own_in_the_cache(tmp_path: Path):
    cache = tmp_path / "answers.sqlite"
    first = Voters(["no", "1"], "2", ["no", "1"]).run("?", int, votes=FirstTo(2), cache=cache)
    again = Voters().run("?", int, votes=FirstTo(2, parallel=True), cache=cache)
    assert [each.text for each in again.attempts] == [each.text for each in first.attempts]
    assert (again.output, again.determinism) == (1, "replay")


def test_votes_are_replayed_from_a_cassette(tmp_path: Path):
    path = tmp_path / "votes.jsonl"
    with Cassette(path):
        recorded = Voters("1", ["no", "2"], "2").run("?", int, votes=Curtailed(3, parallel=True))
    for run, way in ways(rule(Curtailed, 3)):
        with Cassette(path):
            played = run(Voters(), int, votes=way)
        assert isinstance(played, Result)
        assert [each.text for each in played.attempts] == [each.text for each in recorded.attempts]
        assert (played.output, played.determinism) == (2, "replay")


def test_a_run_is_gone_on_with_wherever_it_was_stopped():
    """After each attempt, vote by vote; nothing that was answered is asked again."""
    scripts: list[Sequence[Answer]] = ["1", ["no", "2"], ["no", "no", "no"], "2", "2"]
    options = {"votes": Curtailed(5)}
    whole = Voters(*scripts).run("?", int, **options)
    for number in range(len(whole.attempts) + 1):
        left = list(map(answers, scripts))
        for attempt in whole.attempts[:number]:
            left[attempt.request.sample].pop(0)
        model = Voters(*left)
        for way in (Curtailed(5), Curtailed(5, parallel=True)):
            model = Voters(*left)
            result = model.run("?", int, votes=way, resume=whole.attempts[:number])
            assert (result.output, result.votes) == (whole.output, whole.votes)
            assert len(model.requests) == len(whole.attempts) - number
    record = whole.to_json()
    assert Voters().run("?", int, votes=5, resume=record).votes == whole.votes
    with pytest.raises(RecordError, match="belongs to another run"):
        Voters().run("!", int, votes=5, resume=record)


def test_judges_of_votes_are_not_paid_twice():
    """A vote that is taken up again finds what was said of its output."""
    asked: list[object] = []

    def check(value: object) -> Judgement:
        asked.append(value)
        return Judgement(attempts=ScriptedModel(["7"]).run("Fair?", int).attempts)

    rule = replace(validator(check, name="fair"), waits=True)
    whole = ScriptedModel(["7", "8", "7"]).run("?", int, validators=[rule], votes=3)
    again = ScriptedModel([]).run("?", int, validators=[rule], votes=3, resume=whole.to_json())
    assert (again.output, asked) == (7, [7, 8, 7])


def events(way: Voting, run: Callable[..., object]) -> list[Event]:
    told: list[Event] = []
    run(Voters("1", ["no", "2"], "2"), int, votes=way, hooks=[told.append])
    return told


def test_hooks_are_told_of_each_vote():
    """One after another all is one run; at the same time each vote is told as one, too."""
    for run in (blocking, awaiting):
        in_turn = events(Curtailed(3), run)
        assert len({each.run for each in in_turn}) == 1
        assert Counter(map(type, in_turn))[CallStarted] == 4
        assert [type(each) for each in in_turn[-1:]] == [Accepted]
        assert Counter(map(type, in_turn))[Accepted] == 1
        at_once = events(Curtailed(3, parallel=True), run)
        runs = Counter(each.run for each in at_once)
        assert len(runs) == 4
        assert Counter(map(type, at_once))[CallFinished] == 4
        assert Counter(map(type, at_once))[Accepted] == 4
        assert at_once[-1].run == min(runs)


def test_a_vote_that_gives_up_is_told_where_it_is_a_run_of_its_own():
    told: list[Event] = []
    scripts: list[Sequence[Answer]] = ["7", ["no"], "7", "7"]
    Voters(*scripts).run(
        "?", int, votes=Curtailed(5, parallel=True), max_retries=0, hooks=[told.append]
    )
    assert Counter(map(type, told))[GaveUp] == 1


def test_what_a_function_raises_ends_all_votes():
    calls: list[int] = []

    def answered(turn: Turn) -> str:
        calls.append(turn.number)
        message = "a bug"
        raise ZeroDivisionError(message)

    for way in (Curtailed(3), Curtailed(3, parallel=True)):
        with pytest.raises(ZeroDivisionError, match="a bug"):
            enforce(int, votes=way)(answered)()

    async def awaited(turn: Turn) -> str:
        return answered(turn)

    with pytest.raises(ZeroDivisionError, match="a bug"):
        asyncio.run(enforce(int, votes=Curtailed(3, parallel=True))(awaited)())


def test_a_vote_that_is_cancelled_cancels_the_others():
    started: list[int] = []

    @enforce(int, votes=Curtailed(5, parallel=True))
    async def never() -> str:
        started.append(1)
        await asyncio.sleep(60)
        return "1"

    async def story() -> None:
        task = asyncio.create_task(never())
        while len(started) < 3:  # noqa: ASYNC110  # the other end of the test
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(story())


def test_one_vote_is_an_answer_like_any_other():
    result = ScriptedModel(["7"]).run("?", int, votes=1)
    assert (result.output, result.determinism) == (7, "shape")
    assert ScriptedModel(["7"]).run("?", int).votes is None


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"votes": 0}, "votes=0 is not a number of votes"),
        ({"votes": "many"}, "votes=: expected a number or a rule"),
        ({"abstain_below": 0.5}, "abstain_below= is a share of votes: pass votes="),
        ({"votes": 3, "abstain_below": 1.5}, "abstain_below=1.5: expected a share"),
        ({"votes": Curtailed(3, voters=[7])}, "fallback= of a model: expected models or names"),
    ],
)
def test_options_that_make_no_sense_are_refused(options: dict[str, object], said: str):
    with pytest.raises(ConfigurationError) as caught:
        ScriptedModel([]).run("?", int, **options)
    assert said in str(caught.value)


@given(
    st.lists(st.integers(0, 3), min_size=9, max_size=9),
    st.sampled_from([Adaptive(), Curtailed(9), FirstTo(3)]),
)
def test_the_share_is_that_of_the_votes_which_say_the_output(said: list[int], way: Voting):
    result = Voters(*map(str, said)).run("?", int, votes=way)
    votes = result.votes
    assert votes is not None
    drawn = said[: votes.number]
    assert votes.share == drawn.count(result.output) / len(drawn)
    assert drawn.count(result.output) == max(Counter(drawn).values())
    assert sum(votes.counts.values()) == votes.number == len(result.attempts)
