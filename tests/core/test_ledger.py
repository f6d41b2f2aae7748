"""The record of a run: lossless, without secrets, and refused where it cannot be read."""

from __future__ import annotations

import copy
import json
import logging
import pickle
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from decimal import Decimal
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from deterministic_llm import (
    Attempt,
    CallFailure,
    Completion,
    JsonValue,
    ProviderError,
    RecordError,
    RetriesExhausted,
    Usage,
    attempts_from_json,
)
from deterministic_llm._core.attempts import (
    UNCHANGED,
    Accepted,
    Answered,
    Checked,
    Code,
    Failed,
    Loss,
    Rejected,
    Repair,
    Request,
    Violation,
)
from deterministic_llm._core.digests import Digest
from deterministic_llm._core.drafts import Draft, Patch, Place
from deterministic_llm._core.exchange import (
    Allowance,
    AnswerOutcome,
    Constraint,
    FailureKind,
    Finish,
    Mode,
    Notation,
    Quota,
    ToolCall,
)
from deterministic_llm._core.ledger import attempts_to_json
from deterministic_llm._core.schema.envelopes import FORMS
from deterministic_llm._core.shapes.failures import failure_of
from deterministic_llm.testing import ScriptedModel

TEXT = st.text(st.characters(), max_size=8)  # lone surrogates included
COUNT = st.integers(0, 10**30)
SECONDS = st.floats(0, 1e6)
VALUE: st.SearchStrategy[JsonValue] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)
OBJECT = st.dictionaries(TEXT, VALUE, max_size=3)


def some(inner: st.SearchStrategy[object]) -> st.SearchStrategy[tuple[object, ...]]:
    return st.lists(inner, max_size=2).map(tuple)


def literal(of: object) -> st.SearchStrategy[str]:
    return st.sampled_from(get_args(of))


MAYBE_TEXT = st.none() | TEXT
VIOLATION = st.builds(Violation, TEXT, literal(Code), TEXT, MAYBE_TEXT, MAYBE_TEXT, some(TEXT))
REPAIR = st.builds(Repair, TEXT, TEXT, VALUE, VALUE, literal(Loss), COUNT, some(COUNT))
PLACE = st.builds(Place, st.tuples(TEXT | COUNT, COUNT), st.booleans())
NOTATION = st.builds(Notation, MAYBE_TEXT, MAYBE_TEXT, MAYBE_TEXT, st.none() | some(TEXT))
CONSTRAINT = st.builds(
    Constraint,
    literal(Mode),
    TEXT,
    st.none() | OBJECT,
    st.booleans(),
    st.none() | st.sampled_from(sorted(FORMS)),
    st.none() | NOTATION,
)
REQUEST = st.builds(
    Request,
    number=COUNT,
    prompt=some(OBJECT),
    feedback=TEXT,
    violations=some(VIOLATION),
    constraint=CONSTRAINT,
    parameters=st.fixed_dictionaries({}, optional={"temperature": SECONDS, "stop": VALUE}),
    patch=st.none() | st.builds(Patch, VALUE, st.dictionaries(TEXT, PLACE, max_size=2)),
    model=COUNT,
    timeout=st.none() | SECONDS,
    call_timeout=st.none() | SECONDS,
    idle_timeout=st.none() | SECONDS,
    first_token_timeout=st.none() | SECONDS,
    name=MAYBE_TEXT,
    server=MAYBE_TEXT,
)
ALLOWANCE = st.none() | st.builds(Allowance, COUNT, st.none() | COUNT, st.none() | SECONDS)
QUOTA = st.none() | st.builds(Quota, ALLOWANCE, ALLOWANCE)
COMPLETION = st.builds(
    Completion,
    text=MAYBE_TEXT,
    finish=literal(Finish),
    refusal=MAYBE_TEXT,
    model=MAYBE_TEXT,
    fingerprint=MAYBE_TEXT,
    usage=st.builds(Usage, COUNT, COUNT, COUNT, COUNT, COUNT),
    seconds=SECONDS,
    calls=some(st.builds(ToolCall, TEXT, TEXT)),
    reasoning=MAYBE_TEXT,
    first_token=st.none() | SECONDS,
    cost=st.none() | st.decimals(0, 10, places=6),
    quota=QUOTA,
    saved_tokens=st.none() | COUNT,
)
FAILURE = st.builds(
    CallFailure,
    message=TEXT,
    kind=literal(FailureKind),
    final=st.booleans(),
    status=st.none() | COUNT,
    code=MAYBE_TEXT,
    retry_after=st.none() | SECONDS,
    seconds=SECONDS,
    sent=st.booleans(),
    quota=QUOTA,
    partial=MAYBE_TEXT,
)
DIGEST = st.none() | st.builds(Digest.made, TEXT) | st.builds(Digest.untold, TEXT)
SPAN = st.tuples(COUNT, COUNT)
DRAFT = st.builds(Draft, VALUE, st.booleans(), some(TEXT))
VERDICT = st.builds(Accepted, VALUE, some(REPAIR), SPAN) | st.builds(
    Rejected, literal(AnswerOutcome), some(VIOLATION), some(REPAIR), st.none() | DRAFT
)


def attempts(checks: st.SearchStrategy[object]) -> st.SearchStrategy[Attempt[object]]:
    answered = st.builds(Answered, REQUEST, COMPLETION, VERDICT, some(checks), SECONDS, DIGEST)
    return answered | st.builds(Failed, REQUEST, FAILURE, SECONDS, DIGEST)


CHECKED = st.builds(
    Checked,
    TEXT,
    st.sampled_from(["error", "warning"]),
    some(VIOLATION),
    st.none() | REPAIR,
    st.just(UNCHANGED) | VALUE,
    SECONDS,
    some(attempts(st.builds(Checked, TEXT))),
    DIGEST,
)


def digests(record: tuple[Attempt[object], ...]) -> list[str]:
    """What the digests in *record* say."""
    told = [attempt.arguments for attempt in record]
    told += [check.about for attempt in record for check in attempt.checks]
    return [repr(each) for each in told]


def quotas(record: tuple[Attempt[object], ...]) -> list[Quota | None]:
    """What servers said is left."""
    return [
        attempt.failure.quota if isinstance(attempt, Failed) else attempt.completion.quota
        for attempt in record
    ]


@pytest.mark.untraced
@given(some(attempts(CHECKED)))
def test_a_record_comes_back_as_it_was(record: tuple[Attempt[object], ...]):
    """Every member, and those too which the comparison of attempts leaves out."""
    back = attempts_from_json(attempts_to_json(record, end="accepted"))
    assert back == record
    assert [attempt.ended for attempt in back] == [attempt.ended for attempt in record]
    assert digests(back) == digests(record)
    assert quotas(back) == quotas(record)
    assert [attempt.request.digest for attempt in back] == [
        attempt.request.digest for attempt in record
    ]


class Person(BaseModel):
    """Somebody."""

    name: str
    age: int


def test_the_record_of_a_run_is_versioned_json_with_outcomes_and_digests():
    result = ScriptedModel(["who?", '{"name": "Ada", "age": 36}']).run("Who?", Person)
    record = json.loads(result.to_json())
    assert {key: record[key] for key in ("version", "end")} == {"version": 1, "end": "accepted"}
    assert [each["outcome"] for each in record["attempts"]] == ["invalid", "accepted"]
    assert [each["request"]["digest"] for each in record["attempts"]] == [
        attempt.request.digest for attempt in result.attempts
    ]
    assert record["attempts"][1]["verdict"]["output"] == {"name": "Ada", "age": 36}


def test_an_error_has_the_same_record():
    with pytest.raises(RetriesExhausted) as caught:
        ScriptedModel(["who?"]).generate("Who?", Person, max_retries=0)
    assert attempts_from_json(caught.value.to_json()) == caught.value.attempts
    assert json.loads(caught.value.to_json())["end"] == "RetriesExhausted"


def test_an_attempt_tells_what_was_asked_served_and_paid():
    answer = Completion(
        "7",
        model="scripted-2026-01",
        fingerprint="fp_1",
        usage=Usage(100, 20, cached_tokens=64, reasoning_tokens=5),
        seconds=1.5,
        first_token=0.25,
        cost=Decimal("0.0012"),
    )
    (attempt,) = ScriptedModel([answer]).run("How many?", int).attempts
    assert attempt.request.name == "scripted"
    assert attempt.model_served == "scripted-2026-01"
    assert (attempt.fingerprint, attempt.finish) == ("fp_1", "stop")
    assert (attempt.seconds, attempt.first_token) == (1.5, 0.25)
    assert (attempt.usage.cached_tokens, attempt.usage.reasoning_tokens) == (64, 5)
    assert attempt.cost == Decimal("0.0012")


def request(**changes: object) -> Request:
    asked = Request(1, ({"role": "user", "content": "Who?"},), parameters={"max_tokens": 20})
    return replace(asked, **changes)


@pytest.mark.parametrize(
    ("changes", "same"),
    [
        pytest.param({"number": 2, "timeout": 3.0}, True, id="number and time decide nothing"),
        pytest.param({"idle_timeout": 3.0}, True, id="nor do the times of a stream"),
        pytest.param(
            {"parameters": {"max_tokens": 20, "headers": {"a": "b"}}}, True, id="nor headers"
        ),
        pytest.param({"parameters": {"max_tokens": 40}}, False, id="parameters do"),
        pytest.param({"feedback": "Answer again."}, False, id="feedback does"),
        pytest.param(
            {"prompt": ({"role": "user", "content": "Where?"},)}, False, id="the prompt does"
        ),
        pytest.param({"model": 1}, False, id="the model does"),
        pytest.param({"constraint": Constraint("json")}, False, id="the mode does"),
        pytest.param({"patch": Patch({}, {"a": Place(("a",))})}, False, id="the patch does"),
    ],
)
def test_the_digest_is_of_what_decides_the_request(changes: Mapping[str, object], *, same: bool):
    assert (request(**changes).digest == request().digest) is same


def test_the_digest_does_not_depend_on_the_order_of_keys():
    turned = ({"content": "Who?", "role": "user"},)
    assert request(prompt=turned).digest == request().digest


CANARY = "canary-sk-5f0c9a7b"
SECRETS: Mapping[str, object] = {
    "headers": {"Authorization": f"Bearer {CANARY}", "X-Title": "essays"},
    "extra_headers": {"x-api-key": CANARY},
    "server_api_key": CANARY,
    "extra_body": {"apiKey": CANARY, "access_token": CANARY, "nested": [{"password": CANARY}]},
    "max_tokens": 20,
}


def test_no_key_is_in_any_record_repr_log_or_text(caplog: pytest.LogCaptureFixture):
    """Also where the server repeats it in its answer or its complaint."""
    denied = CallFailure(f"no such key: {CANARY}", "unauthorized", status=401)
    model = ScriptedModel([f"Your key is {CANARY}.", denied], **SECRETS)
    with caplog.at_level(logging.DEBUG), pytest.raises(ProviderError) as caught:
        model.generate("Who?", Person)
    error = caught.value
    assert CANARY not in error.to_json()
    sent = error.attempts[0].request
    assert sent.parameters == SECRETS
    assert CANARY not in repr(sent) + caplog.text
    (first, _) = attempts_from_json(error.to_json())
    assert first.request.parameters == {"max_tokens": 20, "extra_body": {"nested": [{}]}}
    assert first.text == "Your key is [hidden]."


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({"X-Kind": "prompt"}, id="one of our names"),
        pytest.param({"X-Api-Key": "attempts"}, id="a key that is one of our names"),
        pytest.param({"Authorization": "Bearer problem"}, id="a key in a digest"),
        pytest.param({"Authorization": "Bearer openai"}, id="a key that is one of our words"),
        pytest.param({"X-Api-Key": "accepted"}, id="a key that is an outcome"),
        pytest.param({"X-Api-Key": "123456"}, id="a key that is one of our numbers"),
        pytest.param({"anthropic-version": "2023-06-01"}, id="a date"),
        pytest.param({"X-Since": "2023-06-01T12:00:00Z"}, id="a time"),
        pytest.param({"X-Title": "essays"}, id="a title"),
    ],
)
def test_a_header_changes_nothing_in_a_record_but_what_is_secret(headers: Mapping[str, str]):
    model = ScriptedModel(['{"name": "essays", "age": 36}'], headers=headers)
    result = model.run("Which essays, 2023-06-01T12:00:00Z?", Person)
    (attempt,) = result.attempts
    usage = Usage(input_tokens=123456, output_tokens=7)
    asked = replace(attempt.request, constraint=Constraint("native", schema={}, dialect="openai"))
    assert isinstance(attempt, Answered)
    changed = replace(
        attempt,
        request=asked,
        completion=replace(attempt.completion, usage=usage),
        arguments=Digest.untold("a set"),
    )
    shown = attempts_to_json([changed], end="accepted")
    bare = replace(changed, request=replace(asked, parameters={"headers": {}}))
    assert shown == attempts_to_json([bare], end="accepted")


SAID = "6f1d8a52e0b94c77"


@pytest.mark.parametrize(
    ("parameters", "secret"),
    [
        pytest.param({"headers": {"X-Team": SAID}}, SAID, id="what can be no word"),
        pytest.param({"headers": {"X-Key": "hunter"}}, "hunter", id="a header called key"),
        pytest.param({"headers": {"X-Team-Token": "hunter"}}, "hunter", id="a token of ours"),
        pytest.param({"headers": {"Cookie": f"id={SAID}; theme=x"}}, SAID, id="in a cookie"),
        pytest.param({"headers": {"Authorization": "Bearer hunter"}}, "hunter", id="a scheme"),
        pytest.param({"extra_body": {"headers": [["A", "hunter"]]}}, "hunter", id="a list"),
        pytest.param({"password": ["hunter"]}, "hunter", id="a list of secrets"),
        pytest.param({"password": "12345678"}, "12345678", id="a number"),
        pytest.param({"password": 'hun"ter'}, 'hun"ter', id="a quote in it"),
    ],
)
def test_a_secret_is_hidden_wherever_it_stands(parameters: Mapping[str, object], secret: str):
    """In texts, in the names that users give, and as a number of an output."""
    answer = json.dumps({secret: [secret, 12345678]})
    model = ScriptedModel([answer], **parameters)
    result = model.run(f"Bearer of {secret}", dict[str, list[str | int]])
    record = result.to_json()
    assert json.dumps(secret)[1:-1] not in record
    (attempt,) = attempts_from_json(record)
    assert attempt.request.prompt == ({"role": "user", "content": "Bearer of [hidden]"},)
    with pytest.raises(RecordError, match="it is not whole"):
        model.run(f"Bearer of {secret}", dict[str, list[str | int]], resume=record)


def test_what_looks_like_a_key_in_a_complaint_is_hidden():
    denied = CallFailure("Incorrect API key: sk-abcdefghijkl1234", "unauthorized", status=401)
    with pytest.raises(ProviderError) as caught:
        ScriptedModel([denied]).generate("Who?", Person)
    assert "sk-abcdefghijkl1234" not in caught.value.to_json() + caught.value.explain()


def test_a_failure_never_holds_what_looks_like_a_key():
    """It is in the text of the error and its notes, too."""
    failure = failure_of(ConnectionError("401, Received=sk-1234abcd, Basic YWxhZGRpbjpvcGVu"))
    assert isinstance(failure, CallFailure)
    assert failure.message == "ConnectionError 401, Received=[hidden], [hidden]"


@pytest.mark.parametrize(
    ("name", "secret"),
    [
        ("api_key", True),
        ("Authorization", True),
        ("default_headers", True),
        ("session_token", True),
        ("max_tokens", False),
        ("max_completion_tokens", False),
        ("stop_token", False),
        ("author", False),
    ],
)
def test_a_parameter_is_a_secret_by_its_name(name: str, *, secret: bool):
    record = attempts_to_json([Failed(Request(1, parameters={name: "v"}), BUSY)], end="x")
    assert (name not in attempts_from_json(record)[0].request.parameters) is secret


BUSY = CallFailure("busy", "overloaded", status=503)


def test_prompts_in_a_providers_own_form_are_written_as_json():
    """Such as message objects, bytes and numbers that JSON does not know."""
    prompt = (
        {"role": "user", "content": [Person(name="Ada", age=36), b"\xff", float("nan"), {1}]},
    )
    record = attempts_to_json([Failed(Request(1, prompt), BUSY)], end="x")
    assert attempts_from_json(record)[0].request.prompt == (
        {"role": "user", "content": [{"name": "Ada", "age": 36}, "_w==", "nan", [1]]},
    )


@dataclass
class Endless:
    """What holds itself."""

    itself: object = None


class Odd:
    """What no JSON can say."""

    def __repr__(self) -> str:
        raise ValueError


def test_what_has_no_words_in_json_never_keeps_a_record_from_being_written():
    endless = Endless()
    endless.itself = endless
    odd = {"role": "user", "content": [Odd(), endless]}
    waits = CallFailure("later", "rate_limited", retry_after=float("inf"))
    record = attempts_to_json([Failed(Request(1, (odd,)), waits)], end="x")
    (back,) = attempts_from_json(record)
    told = ["<Unserializable Odd object>", "<Endless>"]
    assert back.request.prompt == ({"role": "user", "content": told},)
    assert isinstance(back, Failed)
    assert back.failure == waits


GOOD = json.loads(attempts_to_json([Failed(Request(1), BUSY)], end="ProviderError"))


def broken(*path: str | int, to: object) -> str:
    record = copy.deepcopy(GOOD)
    holder = record
    for key in path[:-1]:
        holder = holder[key]
    holder[path[-1]] = to
    return json.dumps(record)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("", "$: is no JSON: Expecting value: line 1 column 1 (char 0)", id="nothing"),
        pytest.param("[" * 100_000, "$: is nested too deeply to be a record", id="far too deep"),
        pytest.param('{"version": NaN}', "$: is no JSON: NaN is no number of JSON", id="no number"),
        pytest.param("[]", "$: expected an object with version and attempts", id="a list"),
        pytest.param("{}", "$.version: expected 1, got null", id="no version"),
        pytest.param(broken("version", to=2), "$.version: expected 1, got 2", id="a later version"),
        pytest.param('{"version": 1}', "$.attempts: expected a list, got null", id="no attempts"),
        pytest.param(
            broken("attempts", 0, to=3), "$.attempts[0]: expected an object, got 3", id="a number"
        ),
        pytest.param(
            broken("attempts", 0, "request", "number", to="1"),
            '$.attempts[0].request.number: expected an integer, got "1"',
            id="a number as text",
        ),
        pytest.param(
            broken("attempts", 0, "request", to={}),
            "$.attempts[0].request.number: is missing",
            id="a member that is missing",
        ),
        pytest.param(
            broken("attempts", 0, "ended", to=True),
            "$.attempts[0].ended: expected a number, got true",
            id="true as seconds",
        ),
        pytest.param(
            broken("attempts", 0, "failure", "final", to=0),
            "$.attempts[0].failure.final: expected true or false, got 0",
            id="zero as false",
        ),
        pytest.param(
            broken("attempts", 0, "failure", "message", to=None),
            "$.attempts[0].failure.message: expected a string, got null",
            id="null as text",
        ),
        pytest.param(
            broken("attempts", 0, "request", "constraint", to={"dialect": "klingon"}),
            "$.attempts[0].request.constraint.dialect: expected the name of a dialect, "
            'got "klingon"',
            id="a dialect that nobody knows",
        ),
        pytest.param(
            broken("attempts", 0, "request", "constraint", to={"dialect": ["openai"]}),
            "$.attempts[0].request.constraint.dialect: expected the name of a dialect, "
            'got ["openai"]',
            id="a list of dialects",
        ),
        pytest.param(
            broken("attempts", 0, "request", "constraint", to={"mode": "magic"}),
            "$.attempts[0].request.constraint.mode: expected one of "
            'auto, grammar, json, native, prompt, tool, got "magic"',
            id="an unknown word",
        ),
        pytest.param(
            broken(
                "attempts",
                to=[
                    {
                        "request": {"number": 1},
                        "verdict": {"output": 1},
                        "completion": {"text": "1", "cost": "much"},
                    }
                ],
            ),
            '$.attempts[0].completion.cost: expected a decimal number as a string, got "much"',
            id="a cost that is no number",
        ),
        pytest.param(
            broken(
                "attempts",
                0,
                "request",
                "patch",
                to={"base": {}, "places": {"a": {"location": []}}},
            ),
            "$.attempts[0].request.patch.places.a.location: expected a path, got []",
            id="a place that is nowhere",
        ),
    ],
)
def test_a_record_that_cannot_be_read_says_where(text: str, message: str):
    with pytest.raises(RecordError) as caught:
        attempts_from_json(text)
    assert str(caught.value) == message
    assert isinstance(caught.value, ValueError)


def test_its_error_pickles():
    error = RecordError("$.version", "expected 1, got 2")
    again = pickle.loads(pickle.dumps(error))  # noqa: S301  # our own
    assert (str(again), again.where, again.problem) == (str(error), error.where, error.problem)


def test_members_that_are_not_known_are_passed_over():
    """A record may be annotated, and later versions of the library may say more."""
    text = broken("attempts", 0, "remark", to="looked at")
    assert attempts_from_json(text) == (Failed(Request(1), BUSY),)


def test_the_constraint_is_as_it_was_sent():
    constraint = Constraint("native", "essay", {"type": "object"}, strict=True)
    (back,) = attempts_from_json(
        attempts_to_json([Failed(Request(1, constraint=constraint), BUSY)], end="x")
    )
    assert asdict(back.request.constraint) == asdict(constraint)


FIRST_CONSTRAINTS = [
    (
        {
            "mode": "native",
            "response_format": {
                "type": "json_schema",
                "json_schema": {"name": "essay", "schema": {"type": "object"}, "strict": True},
            },
        },
        Constraint("native", "essay", {"type": "object"}, strict=True),
    ),
    ({"mode": "native", "response_format": {}}, Constraint("native")),
    ({"mode": "json", "response_format": {"type": "json_object"}}, Constraint("json")),
    (
        {"mode": "tool", "tool": {"name": "essay", "parameters": {"type": "object"}}},
        Constraint("tool", "essay", {"type": "object"}),
    ),
    (
        {"mode": "grammar", "grammar": "root ::= [0-9]"},
        Constraint("grammar", grammar=Notation("root ::= [0-9]")),
    ),
]


@pytest.mark.parametrize(("told", "constraint"), FIRST_CONSTRAINTS)
def test_a_constraint_of_the_first_records_is_read(told: object, constraint: Constraint):
    """They had it in the words of chat completions."""
    (back,) = attempts_from_json(broken("attempts", 0, "request", "constraint", to=told))
    assert back.request.constraint == constraint


def test_a_grammar_is_recorded_in_all_its_notations():
    notation = Notation("root ::= [0-9]", "start: /[0-9]/", "[0-9]", ("0", "1"))
    held = Request(1, constraint=Constraint("grammar", grammar=notation))
    (back,) = attempts_from_json(attempts_to_json([Failed(held, BUSY)], end="x"))
    assert back.request.constraint.grammar == notation
