"""Targets as users write them, and parse(): what comes out, and what is refused when declared."""

from __future__ import annotations

import copy
import json
import pickle
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, Field, model_validator
from typing_extensions import TypedDict

from deterministic_llm import (
    Choice,
    JsonValue,
    Pattern,
    Record,
    ResponseError,
    Schema,
    SchemaError,
    Template,
    enforce,
    parse,
)
from deterministic_llm.targets import Declared, compiled

Score = Annotated[int, Field(ge=0, le=10)]


class Grade(BaseModel):
    """A grade."""

    score: Score
    word: Literal["poor", "fair", "good"] = "fair"


@dataclass
class Span:
    """Two numbers in order."""

    low: int
    high: int


class Row(TypedDict):
    """A name and a count."""

    name: str
    count: int


class Sure(BaseModel):
    """A grade that is only given when sure."""

    score: Score

    @model_validator(mode="after")
    def _sure(self) -> Sure:
        if self.score == 5:
            message = "5 is not a verdict"
            raise ValueError(message)
        return self


def violations(text: str, target: object) -> list[str]:
    with pytest.raises(ResponseError) as caught:
        parse(text, target)
    return [str(violation) for violation in caught.value.violations]


def test_a_template_with_inline_types_gives_a_record():
    """The example of the page: a score, with nothing declared for it."""
    assert parse("Essay score: 9/10", Template("Essay score: {score:int}/10")).output.score == 9


def test_a_value_outside_its_bounds_names_path_bound_and_value():
    """No value comes back."""
    assert violations("Essay score: 11/10", Template("Essay score: {score}/10", score=Score)) == [
        "$.score: expected an integer from 0 to 10, got 11 (choose a number from 0 to 10)"
    ]


def test_two_different_scores_are_an_ambiguity():
    """Not the first, not the last."""
    text = "Essay score: 7/10\nEssay score: 8/10"
    with pytest.raises(ResponseError) as caught:
        parse(text, Template("Essay score: {score}/10", score=Score))
    assert [violation.code for violation in caught.value.violations] == ["ambiguous"]
    assert caught.value.text == text


@pytest.mark.parametrize(
    ("text", "target", "output"),
    [
        pytest.param(
            "Score 7: good",
            Template("Score {score}: {word}", Grade),
            Grade(score=7, word="good"),
            id="a model",
        ),
        pytest.param(
            "Score 7", Template("Score {score}", Grade), Grade(score=7), id="an optional left out"
        ),
        pytest.param("3-8", Template("{low}-{high}", Span), Span(3, 8), id="a dataclass"),
        pytest.param(
            "oak: 3",
            Template("{name}: {count}", Row),
            {"name": "oak", "count": 3},
            id="a TypedDict",
        ),
        pytest.param(
            "oak: 3\nelm: 4",
            Template.lines("{name}: {count}", Row),
            [{"name": "oak", "count": 3}, {"name": "elm", "count": 4}],
            id="one a line",
        ),
        pytest.param(
            "oak=3",
            Template("{name}={count}", count=Schema({"type": "integer"})),
            Record({"name": "oak", "count": 3}),
            id="a field with a schema",
        ),
        pytest.param("{7}", Template("{{{score:int}}}"), Record({"score": 7}), id="literal braces"),
        pytest.param(
            "3 to 8",
            Pattern(r"(?P<low>\d+) to (?P<high>\d+)", Span),
            Span(3, 8),
            id="a pattern with a type",
        ),
        pytest.param(
            "v7",
            Pattern(r"v(?P<major>\d+)", major=int),
            Record({"major": 7}),
            id="a pattern with a typed group",
        ),
        pytest.param("Yes.", Choice("yes", "no"), "yes", id="a choice, as written here"),
        pytest.param('{"a": 1}', Schema({"type": "object"}), {"a": 1}, id="a schema"),
        pytest.param('{"score": 7}', Grade, Grade(score=7), id="a type"),
        pytest.param("7", Annotated[int, Field(ge=0)], 7, id="an annotated type"),
        pytest.param("hello there", str, "hello there", id="any text"),
        pytest.param("<think>hm</think> hello", str, "hello", id="any text but thinking"),
    ],
)
def test_what_is_written_as_a_target_is_what_comes_out(text: str, target: object, output: object):
    """Types, templates, patterns, choices and schemas alike."""
    assert parse(text, target).output == output


def test_violations_of_a_records_fields_are_told_all_at_once():
    """Each with the path of its field."""
    target = Template("{first} and {second}", first=int, second=Schema({"type": "integer"}))
    assert violations("oak and elm", target) == [
        '$.first: expected an integer, got "oak" (write an integer)',
        '$.second: expected an integer, got "elm" (write an integer)',
    ]


def test_a_validator_of_the_type_is_heard():
    """What the type refuses is refused, in the validator's words; one record a line is counted."""
    assert violations("Score 5", Template("Score {score}", Sure)) == [
        '$: 5 is not a verdict, got {"score": 5}'
    ]
    assert violations("Score 4\nScore 5", Template.lines("Score {score}", Sure)) == [
        '$[1]: 5 is not a verdict, got {"score": 5}'
    ]


@pytest.mark.parametrize("strict", [False, True])
@pytest.mark.parametrize(
    "form", [{"type": "array"}, {}, {"enum": [["x"], ["y"]]}], ids=["list", "any", "listed"]
)
def test_what_is_done_to_an_output_changes_no_other(form: dict[str, object], *, strict: bool):
    """Fields are remembered by their texts, but for those that can be changed."""
    target = Template("Tags: {tags}", tags=Schema(form))
    for _ in range(3):
        record = parse('Tags: ["x"]', target, strict=strict).output
        assert record == Record({"tags": ["x"]})
        record.tags.append("y")


def test_a_record_is_frozen_comparable_and_picklable():
    """Its fields are attributes, and an unknown one is named."""
    record = Record({"score": 9, "word": "good"})
    assert (record.score, record.word) == (9, "good")
    assert record == Record({"score": 9, "word": "good"})
    assert record != Record({"score": 8, "word": "good"})
    turned = Record({"word": "good", "score": 9})
    assert (record, hash(record)) == (turned, hash(turned))
    assert repr(record) == "Record(score=9, word='good')"
    assert "score" in dir(record)
    assert pickle.loads(pickle.dumps(record)) == copy.deepcopy(record) == record  # noqa: S301  # ours
    with pytest.raises(AttributeError, match="frozen"):
        record.score = 10
    with pytest.raises(AttributeError, match="no field 'grade', only score, word"):
        _ = record.grade


REFUSED = [
    pytest.param(lambda: Template("no field"), "no field", id="no field"),
    pytest.param(lambda: Template("{a} and {a}"), "stands twice", id="a field twice"),
    pytest.param(lambda: Template("{a}{b}"), "nothing stands between", id="adjacent free texts"),
    pytest.param(lambda: Template("{a}", b=int), 'no field "b"', id="a type without its field"),
    pytest.param(lambda: Template("{word}", Grade), 'no field "score"', id="one unfilled"),
    pytest.param(lambda: Template("{a}", int), "has no fields", id="a type without fields"),
    pytest.param(lambda: Template("{a}", a=Choice("x")), "text form itself", id="a form in a form"),
    pytest.param(lambda: Pattern(r"\d+"), "no named group", id="a pattern without groups"),
    pytest.param(lambda: Pattern(r"(?P<a>(x+)+y)"), "exponential", id="a pattern that explodes"),
    pytest.param(lambda: Choice("yes", "Yes"), "yes", id="options that are one"),
    pytest.param(lambda: Schema({"type": "nothing"}), "not a valid", id="an invalid schema"),
    pytest.param(lambda: Choice(*[["a", "b"]]), "Choice(*words)", id="a list of words"),
    pytest.param(lambda: Choice(*[1, 2]), "1 is no text", id="words that are numbers"),
    pytest.param(lambda: Schema("a.json"), "Schema.from_file(path)", id="a file for a schema"),
    pytest.param(lambda: parse("[1]", Iterable[int]), "those of a list", id="items not yet read"),
    pytest.param(lambda: parse("{}", dict[str, Iterable[int]]), "those of a list", id="and within"),
    pytest.param(lambda: parse("x", type[Path]), "type[Path] is a class", id="a class"),
    pytest.param(lambda: parse("[]", list[type[Path]]), "which no JSON says", id="classes"),
    pytest.param(lambda: enforce(len), "len: is a function", id="a function, the type left out"),
    pytest.param(lambda: compiled({"type": "int"}), "in Schema(", id="a schema as it is"),
    pytest.param(lambda: compiled("Score: {n}/10"), "write Template(", id="a form as it is"),
    pytest.param(lambda: compiled("int"), "or the type itself", id="the name of a type"),
    pytest.param(lambda: compiled([int]), "write list[TYPE]", id="a type in a list"),
    pytest.param(lambda: compiled((int, str)), "write A | B", id="two types in a tuple"),
    pytest.param(lambda: compiled(Grade(score=3)), "name its class", id="an output"),
    pytest.param(lambda: compiled(BaseModel), "has no members", id="the base of all models"),
    pytest.param(
        lambda: parse("[1]", Iterable[int]), "write list[TYPE]", id="what to write instead"
    ),
]


def test_a_form_shows_what_it_is():
    """In a notebook, and where it stands in a message."""
    shown = [Template("{a:int}/10"), Template.lines("{a}"), Choice("a", "b"), Pattern("(?P<a>x)")]
    assert [*map(repr, shown)] == [
        "<target template '{a:int}/10'>",
        "<target template '{a}'>",
        "<target one of a, b>",
        "<target pattern (?P<a>x)>",
    ]


@pytest.mark.parametrize(("declare", "message"), REFUSED)
def test_what_could_not_be_read_back_is_refused_when_declared(declare, message: str):
    """What, where and fix, before any model is asked."""
    with pytest.raises(SchemaError) as caught:
        declare()
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("text", "target", "output"),
    [
        pytest.param('[1, "a", null]', JsonValue, [1, "a", None], id="as the whole"),
        pytest.param('{"a": [{"b": 0.5}]}', dict[str, JsonValue], {"a": [{"b": 0.5}]}, id="within"),
    ],
)
def test_anything_that_json_can_say_is_a_target(text: str, target: object, output: object):
    """By the name that the package exports for it."""
    assert parse(text, target).output == output


FORMS = [
    pytest.param(Template("Score: {n}", n=Score), "Score: 7", id="a template"),
    pytest.param(Template("{score}: {word}", Grade), "7: good", id="a template of a type"),
    pytest.param(Template.lines("{n:int}"), "7\n8", id="lines"),
    pytest.param(Pattern(r"(?P<n>\d+)%", n=Score), "7%", id="a pattern"),
    pytest.param(Choice("yes", "no"), "no", id="a choice"),
    pytest.param(Schema({"type": "integer"}, name="n"), "7", id="a schema"),
]


@pytest.mark.parametrize(("form", "text"), FORMS)
def test_a_form_is_pickled_as_it_was_written(form: Declared[object], text: str):
    """Another process reads by it, and a copy of what holds it does."""
    unpickled = pickle.loads(pickle.dumps(form))  # noqa: S301  # our own
    for again in (unpickled, copy.deepcopy(form)):
        assert type(again) is type(form)
        assert parse(text, again).output == parse(text, form).output


@pytest.mark.parametrize("text", [None, b"7", {"a": 1}])
def test_what_is_no_text_is_not_read(text: Any):
    with pytest.raises(TypeError, match=f"parse reads a str, .* got {type(text).__name__}"):
        parse(text, int)


def test_a_schema_is_read_from_a_file_and_named_after_it(tmp_path: Path):
    """A file that is missing, broken or no object is one sentence with its path."""
    good = tmp_path / "grade.v1.json"
    good.write_text(json.dumps({"type": "object", "required": ["score"]}), "utf-8")
    assert parse('{"score": 1}', Schema.from_file(good)).output == {"score": 1}
    (tmp_path / "broken.json").write_text("{", "utf-8")
    (tmp_path / "list.json").write_text("[]", "utf-8")
    for name, problem in [
        ("none.json", "cannot be read"),
        ("broken.json", "is not JSON"),
        ("list.json", "is no JSON object"),
    ]:
        with pytest.raises(SchemaError, match=f"{name}: {problem}"):
            Schema.from_file(tmp_path / name)
