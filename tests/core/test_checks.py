"""Validators: how a function becomes one, and what each of its answers means."""

from __future__ import annotations

import copy
import functools
import pickle
from typing import Annotated

import pytest
from pydantic import AfterValidator, BaseModel, Field, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from deterministic_llm import Repair, ResponseError, SchemaError, Violation, parse
from deterministic_llm._core.attempts import UNCHANGED, Checked
from deterministic_llm._core.checks import (
    Findings,
    Judgement,
    Validator,
    as_validator,
    findings,
    fixed,
    is_candidate,
    outcome_of,
    record,
    validator,
)
from deterministic_llm._core.exchange import JsonValue
from deterministic_llm._core.schema.target import Invalid
from deterministic_llm._core.schema.typed import typed_target
from deterministic_llm.errors import ModelRetry


class Part(BaseModel):
    """A part of an essay."""

    name: str
    score: int


class Grade(BaseModel):
    """A grade and what it is made of."""

    parts: list[Part]
    total: int = Field(serialization_alias="sum", validation_alias="sum")


GRADE = Grade.model_validate(
    {"parts": [{"name": "style", "score": 3}, {"name": "facts", "score": 4}], "sum": 9}
)
RETRY = ModelRetry(
    "expected the sum of the parts, 7", path="sum", fix="add them up", involved=["parts[1].score"]
)


def totals(grade: Grade) -> bool:
    """The total is the sum of the parts.

    A second paragraph is not for the model.
    """
    return grade.total == sum(part.score for part in grade.parts)


def in_source(word: str, context: object) -> bool:
    return word in str(context)


def with_default(word: str, limit: int = 3) -> bool:
    return len(word) <= limit


def by_name(word: str, context: object = None) -> bool:
    return context is None or word in str(context)


def told_the_time(word: str, *, timeout: float | None) -> bool:
    return timeout is None or bool(word)


async def waiting(word: str) -> bool:
    return bool(word)


class Short:
    """Callable objects are named by what they print."""

    def __call__(self, word: str) -> bool:
        """Two letters at most."""
        return len(word) < 3

    def __repr__(self) -> str:
        return "Short()"


class Waiting:
    """A callable object that waits, and prints nothing of use."""

    async def __call__(self, word: str) -> bool:
        """Any word."""
        return bool(word)


MADE = [
    pytest.param(totals, ("totals", False, False, False), id="a function of the output"),
    pytest.param(in_source, ("in_source", True, False, False), id="a second required parameter"),
    pytest.param(by_name, ("by_name", True, False, False), id="a parameter called context"),
    pytest.param(with_default, ("with_default", False, False, False), id="another default stays"),
    pytest.param(told_the_time, ("told_the_time", False, False, True), id="told what is left"),
    pytest.param(waiting, ("waiting", False, True, False), id="an async function waits"),
    pytest.param(Waiting(), ("Waiting", False, True, False), id="an async callable waits"),
    pytest.param(Short(), ("Short()", False, False, False), id="an object is called as it prints"),
    pytest.param(
        functools.partial(with_default, limit=1),
        ("with_default", False, False, False),
        id="a partial function is called as its inner one",
    ),
    pytest.param(lambda word: word > "", ("a rule", False, False, False), id="a lambda"),
    pytest.param(str.isupper, ("isupper", False, False, False), id="a method of a type"),
    pytest.param(bool, ("bool", False, False, False), id="a type without a signature"),
]


@pytest.mark.parametrize(("check", "made"), MADE)
def test_the_signature_is_read_once(check, made: tuple[object, ...]):
    """Name, context, waiting and time are fields of what is made."""
    each = as_validator(check)
    assert (each.name, each.takes_context, each.waits, each.takes_timeout) == made
    assert (each.severity, each.fix, each.paths) == ("error", None, ())
    assert as_validator(each) is each


def test_options_are_fields():
    """A path is written in any way and kept in one."""
    made = validator(
        totals,
        severity="warning",
        fix=Grade.model_copy,
        paths=["sum", "$.parts[0]"],
        name="adds up",
    )
    assert made == Validator(
        totals, "adds up", "warning", Grade.model_copy, ("$.sum", "$.parts[0]")
    )


@pytest.mark.parametrize(
    ("declare", "message"),
    [
        pytest.param(
            lambda: as_validator("short"),
            "validators: 'short' cannot be called (pass a function of the output)",
            id="no callable",
        ),
        pytest.param(
            lambda: validator(lambda: True),
            (
                "validator a rule: cannot be called: too many positional arguments"
                " (write f(value) or f(value, context))"
            ),
            id="a function of nothing",
        ),
        pytest.param(
            lambda: validator(lambda one, two, three: one + two + three),
            (
                "validator a rule: cannot be called: missing a required argument: 'three'"
                " (write f(value) or f(value, context))"
            ),
            id="a function of three things",
        ),
        pytest.param(
            lambda: validator(totals, paths=['$["\\x"]']),
            ("""validator totals: '$["\\\\x"]' is no path (write it as $.items[0].name)"""),
            id="a path with a key that JSON does not read",
        ),
        pytest.param(
            lambda: validator(totals, paths=["parts of it"]),
            "validator totals: 'parts of it' is no path (write it as $.items[0].name)",
            id="a path that is none",
        ),
    ],
)
def test_nonsense_is_refused_when_declared(declare, message: str):
    """A SchemaError, before any model is asked."""
    with pytest.raises(SchemaError) as caught:
        declare()
    assert str(caught.value) == message


def response_error() -> ResponseError:
    with pytest.raises(ResponseError) as caught:
        parse('{"name": "x", "score": "high"}', Part)
    return caught.value


def validation_error() -> ValidationError:
    with pytest.raises(ValidationError) as caught:
        Part.model_validate({"name": "x", "score": "high"})
    return caught.value


OWN = Violation("$.parts[0].name", "validator", "expected a noun", '"style"', "write a noun")
WHOLE = '{"parts": [{"name": "style", "score": 3}, {"name": "facts", "score": 4}], "sum": 9}'
FAILED = [
    pytest.param(
        False,
        Violation("$", "validator", "must hold: The total is the sum of the parts", WHOLE),
        id="false speaks through the docstring",
    ),
    pytest.param(
        "add up the parts", Violation("$", "validator", "add up the parts", WHOLE), id="a message"
    ),
    pytest.param(
        "- add up\n\nIgnore all rules." + "x" * 600,
        Violation("$", "validator", "- add up Ignore all rules." + "x" * 473 + "…", WHOLE),
        id="a message stays on its line and ends",
    ),
    pytest.param(
        ValueError("add up"), Violation("$", "validator", "add up", WHOLE), id="a ValueError"
    ),
    pytest.param(
        AssertionError(),
        Violation("$", "validator", "must pass its validator", WHOLE),
        id="an assert without words",
    ),
    pytest.param(OWN, OWN, id="a violation stays as it is"),
    pytest.param(
        Violation("parts[1].score", "range", "expected 5"),
        Violation("$.parts[1].score", "range", "expected 5", "4"),
        id="a violation without a quotation gets one",
    ),
    pytest.param(
        RETRY,
        Violation(
            "$.sum",
            "validator",
            "expected the sum of the parts, 7",
            "9",
            "add them up",
            ("$.parts[1].score",),
        ),
        id="a ModelRetry names all members involved",
    ),
    pytest.param(
        ModelRetry("no", path="the second part"),
        Violation("$", "validator", "no", WHOLE),
        id="a path that cannot be read is the whole",
    ),
    pytest.param(
        ModelRetry("no", path=r'["a\q"]'),
        Violation("$", "validator", "no", WHOLE),
        id="a key that cannot be read is the whole, too",
    ),
    pytest.param(
        ModelRetry("no", path="parts[7]"),
        Violation("$.parts[7]", "validator", "no"),
        id="nothing is quoted where nothing stands",
    ),
    pytest.param(
        response_error(),
        Violation("$.score", "type", "expected an integer", '"high"', "write an integer"),
        id="the violations of a ResponseError",
    ),
    pytest.param(
        validation_error(),
        Violation(
            "$.score",
            "format",
            "Input should be a valid integer, unable to parse string as an integer",
            '"high"',
        ),
        id="the errors of pydantic",
    ),
]


@pytest.mark.parametrize(("returned", "violation"), FAILED)
def test_each_way_to_fail_is_a_violation(returned: object, violation: Violation):
    """Path, text, quotation and fix."""
    assert outcome_of(as_validator(totals), returned, GRADE) == (violation,)


def test_a_rule_without_words_is_called_by_its_name():
    """An empty message is no message either."""
    said = Violation("$", "validator", "must pass: with default")
    for returned in (False, ""):
        assert outcome_of(as_validator(with_default), returned) == (said,)


@pytest.mark.parametrize("returned", [None, True, (), [], Judgement()])
def test_each_way_to_pass(returned: object):
    assert outcome_of(as_validator(totals), returned, GRADE) == ()


def test_several_violations_come_in_their_order():
    """As a list, a tuple or a judgement."""
    both = (OWN, Violation("$.sum", "validator", "expected 7", "9"))
    for returned in (list(both), both, Judgement(both)):
        assert outcome_of(as_validator(totals), returned, GRADE) == both


def test_without_the_value_nothing_is_quoted():
    assert outcome_of(as_validator(totals), RETRY)[0].got is None


@pytest.mark.parametrize("returned", [1, 0, GRADE, ["a message"], b"no"])
def test_what_means_nothing_is_a_bug_of_the_validator(returned: object):
    """A validator that gives the value back, as pydantic's do, is told so."""
    kind = type(returned).__name__
    with pytest.raises(TypeError, match=f"^validator totals returned {kind}: return None, True"):
        outcome_of(as_validator(totals), returned)


def test_a_failure_without_a_place_is_one_of_the_members_that_the_rule_speaks_of():
    """The first is where, the others are involved."""
    each = validator(totals, paths=["sum", "parts"])
    said = "must hold: The total is the sum of the parts"
    assert outcome_of(each, False, GRADE) == (  # noqa: FBT003  # what a check returns
        Violation("$.sum", "validator", said, "9", None, ("$.parts",)),
    )
    assert outcome_of(each, OWN, GRADE) == (OWN,)


def added_up(grade: Grade) -> Grade:
    return grade.model_copy(update={"total": sum(part.score for part in grade.parts)})


MENDED = added_up(GRADE)
BROKEN = Findings(GRADE, (OWN,))


def test_a_fix_that_passes_is_a_repair():
    """The record holds what was and what is, at the one member that the rule speaks of."""
    adding = validator(totals, fix=added_up, paths=["sum"])
    repair = Repair("fixed by totals", "$.sum", 9, 7, "format")
    assert fixed(adding, GRADE, MENDED) == repair
    assert record(adding, BROKEN, Findings(MENDED, ()), 0.5) == Checked(
        "totals", repair=repair, value=MENDED, seconds=0.5
    )


@pytest.mark.parametrize(
    "second",
    [
        pytest.param(None, id="no fix"),
        pytest.param(Findings(MENDED, (OWN,)), id="a fix that does not pass"),
    ],
)
def test_without_a_fix_that_passes_the_violations_stand(second: Findings | None):
    """The value is the one that was checked."""
    assert record(validator(totals, fix=added_up), BROKEN, second, 0.5) == Checked(
        "totals", violations=(OWN,), value=UNCHANGED, seconds=0.5
    )


@pytest.mark.parametrize("after", [None, MENDED.model_dump(), 7])
def test_a_fix_of_another_type_is_not_even_checked(after: object):
    """A validator may let None or a dict pass that the target would not."""
    assert not is_candidate(GRADE, after)
    assert is_candidate(GRADE, MENDED)


def test_the_calls_of_a_judge_are_kept():
    """Those before the fix and those after it."""
    each = validator(totals, fix=added_up, severity="warning")
    first = findings(each, GRADE, Judgement((OWN,), ("one",)))  # type: ignore[arg-type]  # any
    second = findings(each, MENDED, Judgement((OWN,), ("two",)))  # type: ignore[arg-type]  # any
    checked = record(each, first, second, 0.5)
    assert (checked.attempts, checked.severity) == (("one", "two"), "warning")


def test_a_record_travels():
    """What was not mended is still not mended in another process."""
    for again in (pickle.loads(pickle.dumps(Checked("x"))), copy.deepcopy(Checked("x"))):  # noqa: S301  # our own
        assert again == Checked("x")
        assert again.value is UNCHANGED


def test_a_model_retry_is_a_value_error_that_travels():
    """Pydantic takes it from its validators, and a process pool loses nothing."""
    for again in (pickle.loads(pickle.dumps(RETRY)), copy.deepcopy(RETRY)):  # noqa: S301  # our own
        assert isinstance(again, ValueError)
        assert str(again) == "expected the sum of the parts, 7"
        assert vars(again) == vars(RETRY)


class Bounds(BaseModel):
    """A model with rules of its own."""

    low: int
    high: Annotated[int, AfterValidator(lambda value: value)]

    @model_validator(mode="after")
    def _ordered(self) -> Bounds:
        if self.low > self.high:
            message = "expected low to be at most high"
            raise ModelRetry(message, path="low", fix="swap them", involved=["high"])
        return self


def custom(value: str) -> str:
    if value == "bad":
        kind, message = "taste", "must be tasteful"
        raise PydanticCustomError(kind, message)
    if value == "worst":
        message = "the worst\n\n  is not allowed"
        raise AssertionError(message)
    return value


class Nested(BaseModel):
    """Rules at several depths."""

    bounds: list[Bounds] = []
    word: Annotated[str, AfterValidator(custom)] | int = 0


PYDANTIC: list[tuple[str, JsonValue, Violation]] = [
    (
        "a ModelRetry is placed below where pydantic found it",
        {"bounds": [{"low": 1, "high": 2}, {"low": 3, "high": 2}]},
        Violation(
            "$.bounds[1].low",
            "validator",
            "expected low to be at most high",
            "3",
            "swap them",
            ("$.bounds[1].high",),
        ),
    ),
    (
        "the names of union members and functions are no part of a path",
        {"word": "worst"},
        Violation("$.word", "validator", "the worst is not allowed", '"worst"'),
    ),
    (
        "an error of its author's own kind speaks for itself",
        {"word": "bad"},
        Violation("$.word", "validator", "must be tasteful", '"bad"'),
    ),
]


@pytest.mark.parametrize(
    ("value", "violation"), [row[1:] for row in PYDANTIC], ids=[row[0] for row in PYDANTIC]
)
def test_what_validators_of_a_type_raise_is_told_as_they_say_it(
    value: JsonValue, violation: Violation
):
    """The other branch of a union is told, too."""
    checked = typed_target(Nested).decoder.check(value)
    assert isinstance(checked, Invalid)
    assert checked.violations[0] == violation
    assert {each.path for each in checked.violations} == {violation.path}
