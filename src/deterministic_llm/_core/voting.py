"""Votes as a fold: the attempts so far go in; who votes next, or what all agree on, comes out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Generic, TypeAlias

from typing_extensions import TypeVar

from deterministic_llm._core.attempts import Attempt
from deterministic_llm._core.canonical import written
from deterministic_llm._core.confidence import confidence_of_votes
from deterministic_llm._core.consensus.merging import (
    Ballots,
    Merged,
    agrees,
    merge,
    nearest,
    supported,
)
from deterministic_llm._core.consensus.rules import Voting
from deterministic_llm._core.consensus.votes import Votes
from deterministic_llm._core.exchange import JsonValue
from deterministic_llm._core.lessons import lessons_of
from deterministic_llm._core.loop import Accept, GiveUp, Step, next_step, retold
from deterministic_llm._core.questions import asked_anew
from deterministic_llm._core.records import frozen
from deterministic_llm._core.resuming import taken_up
from deterministic_llm._core.schema.complaints import as_json
from deterministic_llm._core.schema.forms import ChoiceForm, Field
from deterministic_llm._core.schema.locations import Location, schema_at, sole
from deterministic_llm._core.schema.target import JsonTarget, Target, Valid
from deterministic_llm._core.tasks import Task
from deterministic_llm.errors import EnforcementError, NoConsensus

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


@frozen
class Vote(Generic[T_co]):
    """One vote to be taken: a run of its own, to go on from *attempts*."""

    task: Task[T_co]
    attempts: tuple[Attempt[T_co], ...] = ()


@frozen
class Draw(Generic[T_co]):
    """Take these *votes*: one as a part of the run, or all at once, each a run *apart*."""

    votes: tuple[Vote[T_co], ...]
    apart: bool = False


Turn: TypeAlias = Draw[T_co] | Accept[T_co] | GiveUp


@frozen
class _Ballot(Generic[T_co]):
    """One valid answer: whose, what it is, and the JSON that says it."""

    sample: int
    output: T_co
    payload: JsonValue


def next_votes(task: Task[T_co], voting: Voting, attempts: Sequence[Attempt[T_co]]) -> Turn[T_co]:
    """Decide what follows *attempts*, those of all votes so far, one vote after another.

    A vote that gave up is missing, and counts as taken. When more than half of all votes are
    missing, or one met a limit of the whole run, the run gives up with the error of that vote.
    """
    taken = _by_sample(attempts)
    ends = {sample: next_step(_vote(task, sample), each) for sample, each in taken.items()}
    error = _ended_by(voting, ends)
    if error is not None:
        return GiveUp(_of_all(ends, error, taken))
    unfinished = [at for at, end in ends.items() if not isinstance(end, (Accept, GiveUp))]
    if unfinished:
        return _draw(task, voting, unfinished, taken)
    ballots = [
        _Ballot(sample, end.output, as_json(end.output))
        for sample, end in ends.items()
        if isinstance(end, Accept)
    ]
    counting = _counting(task.contract.target, voting)
    payloads = [ballot.payload for ballot in ballots]
    merged = merge(payloads, counting, drawn=len(ends)) if ballots else None
    if merged is not None and voting.settled(merged.tallies, len(ends)):
        return _decided(task, attempts, ballots, merged, counting)
    needed = voting.needed(() if merged is None else merged.tallies, len(ends))
    return _draw(task, voting, range(len(ends), len(ends) + needed), taken)


def votes_taken_up(task: Task[T]) -> list[Attempt[T]]:
    """The attempts of ``task.resume``, vote by vote, judged again; raises RecordError."""
    attempts: list[Attempt[T]] = []
    for sample, recorded in _by_sample(task.resume).items():
        attempts += taken_up(replace(_vote(task, sample), resume=tuple(recorded)))
    return attempts


def with_votes(
    attempts: Sequence[Attempt[T]], drawn: Sequence[Sequence[Attempt[T]]]
) -> list[Attempt[T]]:
    """*attempts* with those of the votes that were *drawn* in the place of what these had."""
    taken = _by_sample(attempts) | {each[0].request.sample: each for each in drawn if each}
    return [attempt for sample in sorted(taken) for attempt in taken[sample]]


def with_all_votes(
    error: EnforcementError, attempts: Sequence[Attempt[object]]
) -> EnforcementError:
    """The *error* that one vote raised, with the *attempts* of those before it."""
    sample = error.attempts[-1].request.sample
    others = (each for each in attempts if each.request.sample != sample)
    return retold(error, (*others, *error.attempts))


def _by_sample(attempts: Sequence[Attempt[T]]) -> dict[int, Sequence[Attempt[T]]]:
    taken: dict[int, list[Attempt[T]]] = {}
    for attempt in attempts:
        taken.setdefault(attempt.request.sample, []).append(attempt)
    return {**taken}


def _vote(task: Task[T], sample: int, attempts: Sequence[Attempt[T]] = ()) -> Task[T]:
    """The run that is one vote: the models take turns, and what was not taken is not sent again."""
    turn = sample % (1 + len(task.voters))
    model = len(task.fallback) + turn if turn else 0
    lessons = lessons_of(attempts, model)
    opening = asked_anew(task, number=1, model=model, sample=sample, lessons=lessons)
    return replace(task, voting=None, opening=opening, confidence=False)


def _draw(
    task: Task[T],
    voting: Voting,
    samples: Sequence[int],
    taken: Mapping[int, Sequence[Attempt[T]]],
) -> Draw[T]:
    now = samples if voting.parallel else samples[:1]
    before = [attempt for each in taken.values() for attempt in each]
    votes = tuple(Vote(_vote(task, at, before), tuple(taken.get(at, ()))) for at in now)
    return Draw(votes, apart=voting.parallel)


def _ended_by(voting: Voting, ends: Mapping[int, Step[object]]) -> int | None:
    """The vote whose error ends the run, if one does."""
    errors = {sample: end.error for sample, end in ends.items() if isinstance(end, GiveUp)}
    for sample, error in errors.items():
        if not error.falls_back:
            return sample
    return max(errors) if len(errors) > voting.most // 2 else None


def _of_all(
    ends: Mapping[int, Step[object]], sample: int, taken: Mapping[int, Sequence[Attempt[object]]]
) -> EnforcementError:
    """The error of the vote *sample* with the attempts of all votes, its own at the end."""
    end = ends[sample]
    assert isinstance(end, GiveUp)  # noqa: S101  # it is one of those that did
    order = sorted(taken, key=lambda each: (each == sample, each))
    attempts = tuple(attempt for each in order for attempt in taken[each])
    return retold(end.error, attempts)


def _decided(
    task: Task[T],
    attempts: Sequence[Attempt[T]],
    ballots: Sequence[_Ballot[T]],
    merged: Merged,
    counting: Ballots,
) -> Accept[T] | GiveUp:
    """What *ballots* agree on, as an output: that of a vote which says all of it, if there is one.

    Else it is put together, where no validators have to see it; else it is the nearest vote.
    """
    payloads = [ballot.payload for ballot in ballots]
    agreeing = [each for each in ballots if agrees(each.payload, merged.value, counting)]
    put_together = None if agreeing or task.validators else task.validated(merged.value)
    near = agreeing or ballots
    chosen = near[nearest([each.payload for each in near], merged.value)]
    output = chosen.output
    if isinstance(put_together, Valid):
        output = put_together.output
    elif not agreeing:
        merged = supported(chosen.payload, payloads, counting)
    votes = Votes(
        len(ballots),
        merged.share,
        merged.shares,
        dict(Counter(map(written, payloads)).most_common()),
        chosen=_end_of(attempts, chosen.sample),
        failed=len(_by_sample(attempts)) - len(ballots),
        merged=isinstance(put_together, Valid),
    )
    if task.abstain_below is not None and votes.share < task.abstain_below:
        return GiveUp(NoConsensus(tuple(attempts), votes, task.abstain_below))
    if not task.confidence:
        return Accept(output, votes)
    taken = _by_sample(attempts)
    theirs = [taken[each.sample] for each in ballots]
    sure = confidence_of_votes(task, theirs, payloads, as_json(output), votes.shares)
    return Accept(output, votes, sure)


def _end_of(attempts: Sequence[Attempt[object]], sample: int) -> int:
    """The place of the last attempt of the vote *sample*."""
    return max(at for at, each in enumerate(attempts) if each.request.sample == sample)


def _counting(target: Target[object], voting: Voting) -> Ballots:
    """How votes on *target* are counted: where free text stands is for its schema to say."""
    keys = {path if path.startswith("$") else f"$.{path}": key for path, key in voting.keys.items()}
    return Ballots(keys, partial(_is_text, target), median=voting.median)


def _is_text(target: Target[object], location: Location) -> bool:
    if isinstance(target, JsonTarget):
        node = sole(schema_at(target, location), target.schema)
        return node is not None and Field("", node).is_free_text
    if isinstance(target.form, ChoiceForm):
        return False
    free = {each.name for each in target.form.fields if each.is_free_text}
    return bool(location) and location[-1] in free
