"""What is kept of a text that is not the target: the draft, the open paths; and the context."""

from __future__ import annotations

import copy
import pickle
from dataclasses import FrozenInstanceError, replace
from typing import Annotated

import pytest
from pydantic import AfterValidator, BaseModel, Field, ValidationInfo

from deterministic_llm._core.drafts import Draft
from deterministic_llm._core.reading.outcomes import Parsed, Unread
from deterministic_llm._core.reading.reader import MAX_CHARACTERS, read
from deterministic_llm._core.schema.document import schema_target
from deterministic_llm._core.schema.target import JsonTarget
from deterministic_llm._core.schema.typed import typed_target


class Grade(BaseModel):
    """A grade."""

    score: Annotated[int, Field(ge=0, le=10)]
    notes: list[str]
    comment: str = ""


GRADE = typed_target(Grade)
WHOLE = Draft({"score": 11, "notes": ["clear"]})

DRAFTS = [
    pytest.param('{"score": 11, "notes": ["clear"]}', WHOLE, id="JSON that breaks a bound"),
    pytest.param('{"Score": "11", "notes": ["clear"]}', WHOLE, id="bent as far as it goes"),
    pytest.param(
        "Here:\n```json\n{'score': 11, 'notes': ['clear'],}\n```\nBye.", WHOLE, id="in a fence"
    ),
    pytest.param('Well, {"score": 11, "notes": ["clear"]} it is.', WHOLE, id="in prose"),
    pytest.param(
        '{"score": 11, "notes": ["clear"]}\n```\n{"score": 11, "notes": ["clear"]}\n```',
        WHOLE,
        id="the same one twice",
    ),
    pytest.param(
        '{"notes": ["clear", "dee',
        Draft({"notes": ["clear"]}, truncated=True, open_paths=("$", "$.notes")),
        id="cut off in a list",
    ),
    pytest.param(
        '{"Notes": ["clear"], "comment": "fi',
        Draft({"notes": ["clear"]}, truncated=True, open_paths=("$",), begun=("$.comment",)),
        id="cut off in a text, which is no value",
    ),
    pytest.param(
        '```json\n{"comment": "fine", "score": 1',
        Draft({"comment": "fine"}, truncated=True, open_paths=("$",), begun=("$.score",)),
        id="cut off in a number, which is no value",
    ),
    pytest.param('{"score": 11}\n{"score": 12}', None, id="two different ones"),
    pytest.param(
        '{"score": 11, "notes": []}\n"score": 12, "notes": ["vague"]', None, id="one and a torn one"
    ),
    pytest.param('{"score": 11, "score": 12, "notes": []}', None, id="a key with two values"),
    pytest.param("score: 11\nnotes: clear", None, id="another notation"),
    pytest.param("I would rather not say.", None, id="no document"),
    pytest.param('"eleven"', None, id="neither an object nor a list"),
]


@pytest.mark.parametrize(("text", "draft"), DRAFTS)
def test_the_draft_is_what_the_only_document_says(text: str, draft: Draft | None):
    """Closed members only, never a choice between two documents."""
    reading = read(text, GRADE)
    assert isinstance(reading, Unread)
    assert reading.draft == draft


def test_a_draft_holds_what_the_other_schema_bent():
    """A JSON Schema is served like a type."""
    schema = schema_target(
        {"type": "object", "properties": {"n": {"type": "integer", "maximum": 3}}}, name="small"
    )
    reading = read('{"N": "4"}', schema)
    assert isinstance(reading, Unread)
    assert reading.draft == Draft({"n": 4})


class Report(BaseModel):
    """Grades of one class."""

    title: str
    grades: list[Grade] = []


OPEN = [
    pytest.param('{"title": "A", "gra', ("$",), id="in a key"),
    pytest.param(
        '{"title": "A", "grades": [{"score": 1, "notes": []}, {"score": 2, "notes": ["x", "y',
        ("$", "$.grades", "$.grades[1]", "$.grades[1].notes"),
        id="in a list of a list",
    ),
    pytest.param(
        '{"Title": "A", "Grades": [{"score": 1, "notes": []},',
        ("$", "$.grades"),
        id="under keys in another spelling",
    ),
    pytest.param('{"title": "A", "grades": []}', (), id="not at all"),
]


@pytest.mark.parametrize(("text", "paths"), OPEN)
def test_a_truncated_answer_tells_what_may_have_gone_on(text: str, paths: tuple[str, ...]):
    """The paths are those of the value, not of the text."""
    reading = read(text, typed_target(Report))
    assert isinstance(reading, Parsed)
    assert (reading.open_paths, reading.truncated) == (paths, bool(paths))


def test_an_envelope_that_was_cut_off_counts_all_that_ends_the_text_as_open():
    """More may be called open than is, never less."""
    reading = read('{"report": {"title": "A", "grades": [{"score": 1, "notes": []},', REPORT)
    assert isinstance(reading, Parsed)
    assert reading.open_paths == ("$", "$.grades", "$.grades[0]")


REPORT = typed_target(Report)


def _within_budget(cents: int, info: ValidationInfo) -> int:
    if cents > info.context["budget"]:
        message = f"at most {info.context['budget']}"
        raise ValueError(message)
    return cents


Cents = Annotated[int, AfterValidator(_within_budget)]


class Order(BaseModel):
    """What it costs."""

    cents: Cents


WAYS = [
    pytest.param('{"cents": 7}', True, id="strict"),
    pytest.param('{"cents": 7}', False, id="as it stands"),
    pytest.param("Take {'cents': '7',} then", False, id="in prose"),
    pytest.param("cents: 7", False, id="in another notation"),
]


@pytest.mark.parametrize(("text", "strict"), WAYS)
def test_the_context_reaches_the_validators(text: str, *, strict: bool):
    """On every way through the reader."""
    order = typed_target(Order)
    reading = read(text, order, strict=strict, context={"budget": 7})
    assert isinstance(reading, Parsed)
    assert reading.output == Order.model_construct(cents=7)
    refused = read(text, order, strict=strict, context={"budget": 6})
    assert isinstance(refused, Unread)
    assert [str(each) for each in refused.violations] == ["$.cents: at most 6, got 7"]


def test_a_parsed_answer_is_a_frozen_record():
    """It is equal to its copies, can be a key, and cannot be changed."""
    parsed = Parsed(5, (), (0, 1))
    assert pickle.loads(pickle.dumps(parsed)) == copy.deepcopy(parsed) == parsed  # noqa: S301
    assert len({parsed, Parsed(5, (), (0, 1)), replace(parsed, truncated=True)}) == 2
    assert Parsed(5, (), (0, 1), True, ("$",)) != parsed  # noqa: FBT003
    with pytest.raises(FrozenInstanceError):
        parsed.output = 6  # type: ignore[misc]


def test_a_text_over_the_limit_is_not_read_as_nothing():
    """Also where null would do."""
    reading = read(f"1{' ' * MAX_CHARACTERS}", typed_target(int | None))
    assert isinstance(reading, Unread)
    assert [violation.code for violation in reading.violations] == ["too_large"]


@pytest.mark.parametrize("text", ["", " \n\t"], ids=["no character", "blanks"])
@pytest.mark.parametrize("strict", [False, True], ids=["lenient", "strict"])
@pytest.mark.parametrize(
    "target", [typed_target(Grade), typed_target(str), typed_target(int | None)], ids=str
)
def test_nothing_is_no_answer(text: str, target: JsonTarget[object], *, strict: bool):
    """For no target."""
    reading = read(text, target, strict=strict)
    assert isinstance(reading, Unread)
    assert [violation.code for violation in reading.violations] == ["empty"]
