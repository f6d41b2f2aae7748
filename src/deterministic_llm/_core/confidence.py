"""How sure each part of an output is: a task and its attempts go in, evidence by path comes out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from deterministic_llm._core.attempts import Answered, Attempt
from deterministic_llm._core.evidence.estimates import averaged, of_value, of_votes
from deterministic_llm._core.evidence.evidence import Evidence, Scalar, unknown
from deterministic_llm._core.evidence.labels import legal_values
from deterministic_llm._core.evidence.spans import Location
from deterministic_llm._core.evidence.transcript import transcript_of
from deterministic_llm._core.exchange import JsonValue
from deterministic_llm._core.schema.complaints import as_json
from deterministic_llm._core.schema.forms import ChoiceForm, TextForm
from deterministic_llm._core.schema.locations import schema_at, sole, stands_at, value_at
from deterministic_llm._core.schema.phrasing import resolved
from deterministic_llm._core.schema.target import Target, TextTarget
from deterministic_llm._core.schema.violations import json_path
from deterministic_llm._core.standing import Places, parts, places_of
from deterministic_llm._core.tasks import Task
from deterministic_llm._core.verdicts import spoken

NO_TOKENS = "the answer came without the probabilities of its tokens"
NO_MATCH = "the tokens do not say the text that was read"
NOT_THERE = "the value does not stand in the text as it is"


def confidence_of(
    task: Task[object], attempts: Sequence[Attempt[object]], output: object
) -> Mapping[str, Evidence]:
    """How sure each value of *output* is, by its path, from the tokens of the last answer.

    Of an answer for some members the others are looked for in the answers before.
    """
    value = as_json(output)
    sources = [_Written(task, each, value) for each in _heard(attempts)]
    return {json_path(at): _first_known(sources, at, part) for at, part in parts(value)}


def confidence_of_votes(
    task: Task[object],
    answers: Sequence[Sequence[Attempt[object]]],
    votes: Sequence[JsonValue],
    value: JsonValue,
    shares: Mapping[str, float],
) -> Mapping[str, Evidence]:
    """How sure each part of *value* is, which *votes* came to: what tokens say, else the shares.

    *answers* are the attempts of each vote. Their distributions are averaged, since each answer had
    its own reasons.
    """
    sources = [
        [_Written(task, each, vote) for each in _heard(attempts)]
        for attempts, vote in zip(answers, votes, strict=True)
    ]
    return {
        json_path(at): _by_all(task, sources, votes, at, part)
        or Evidence(part, "votes", shares.get(json_path(at)))
        for at, part in parts(value)
    }


def _by_all(
    task: Task[object],
    sources: Sequence[Sequence[_Written]],
    votes: Sequence[JsonValue],
    location: Location,
    part: JsonValue,
) -> Evidence | None:
    """What all votes say of *part*; None for an item, which may stand elsewhere in another list."""
    if not all(isinstance(step, str) for step in location):
        return None
    said = [value_at(vote, location) for vote in votes if stands_at(vote, location)]
    if not said:
        return None
    known = [
        _first_known(source, location, value_at(vote, location))
        for source, vote in zip(sources, votes, strict=True)
    ]
    spread = [each for each in known if each.distribution]
    if len(spread) == len(known):
        return averaged(part, spread)
    return of_votes(part, said, labels_at(task.contract.target, location))


def labels_at(target: Target[object], location: Location) -> Sequence[Scalar] | None:
    """The values that may stand at *location* of *target*, where they are few."""
    if isinstance(target, TextTarget):
        return _labels_of_form(target.form, location)
    node = schema_at(target, location)
    alone = sole(node, target.schema)
    values = None if alone is None else legal_values(alone)
    if values is not None and alone is not node and _admits_null(node):
        values = [*values, *([] if None in values else [None])]
    return values


def _admits_null(node: JsonValue) -> bool:
    branches = node.get("anyOf", node.get("oneOf")) if isinstance(node, dict) else None
    return isinstance(branches, list) and {"type": "null"} in branches


def _labels_of_form(form: TextForm, location: Location) -> Sequence[Scalar] | None:
    if isinstance(form, ChoiceForm):
        return legal_values({"enum": [*form.options]})
    named = {each.name: each for each in form.fields}
    last = location[-1] if location else None
    field_there = named.get(last) if isinstance(last, str) else None
    return None if field_there is None else legal_values(resolved(field_there))


def _heard(attempts: Sequence[Attempt[object]]) -> Iterator[Answered[object]]:
    """The accepted answer, and those before it that it is only a part of, the last one first."""
    for attempt in reversed(attempts):
        if isinstance(attempt, Answered):
            yield attempt
            if attempt.request.patch is None:
                return


def _first_known(sources: Sequence[_Written], location: Location, value: JsonValue) -> Evidence:
    """What the last of the answers says that has *value* at *location*."""
    known = [source.evidence(location, value) for source in sources]
    told = (each for each in known if each.source is not None)
    return next(told, known[-1] if known else unknown(value, NO_TOKENS))


class _Written:
    """One answer with its tokens, and where the parts of *value* stand in it."""

    def __init__(self, task: Task[object], attempt: Answered[object], value: JsonValue) -> None:
        tokens = attempt.completion.tokens
        text = spoken(attempt.completion, attempt.request.constraint)
        self._decided = attempt.completion.decided
        self._target = task.contract.target
        self._reason = NO_MATCH if tokens else NO_TOKENS
        self._transcript = transcript_of(text, tokens) if tokens else None
        self._places: Places = {}
        if self._transcript is not None:
            self._places = places_of(self._target, attempt, text, value)

    def evidence(self, location: Location, value: JsonValue) -> Evidence:
        """How sure *value* at *location* is; without a source where the answer does not say it."""
        if self._transcript is None:
            return unknown(value, self._reason)
        place = self._places.get(location)
        if place is None:
            return unknown(value, NOT_THERE)
        figures = of_value(self._transcript, value, place, labels_at(self._target, location))
        if not self._decided or figures.source is None:
            return figures
        return replace(figures, source="decision", log_probability=None, tokens=0, weakest=None)
