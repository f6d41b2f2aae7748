"""Text forms: what a declaration becomes, what is refused when it is declared, how it is said."""

from __future__ import annotations

import copy
import pickle
import re
from collections.abc import Mapping

import pytest

from deterministic_llm._core.exchange import JsonObject
from deterministic_llm._core.schema.forms import (
    ChoiceForm,
    Field,
    PatternForm,
    TemplateForm,
    compile_choice,
    compile_pattern,
    compile_template,
)
from deterministic_llm._core.schema.phrasing import canonical, instruction, regex_of
from deterministic_llm.errors import SchemaError

SCORE: JsonObject = {"type": "integer", "minimum": 0, "maximum": 10}
TEXT: JsonObject = {"type": "string"}


def test_a_template_is_its_literals_and_fields() -> None:
    form = compile_template("Essay score: {score}/10\n{reason}", {"score": SCORE})
    assert form == TemplateForm(
        "Essay score: {score}/10\n{reason}",
        ("Essay score: ", Field("score", SCORE), "/10\n", Field("reason", TEXT)),
    )
    assert form.fields == (Field("score", SCORE), Field("reason", TEXT))


def test_inline_types_are_json_types() -> None:
    form = compile_template("{a:int} {b:float} {c:str} {d:bool}", {})
    kinds = [field.schema["type"] for field in form.fields]
    assert kinds == ["integer", "number", "string", "boolean"]


def test_doubled_braces_are_literal() -> None:
    form = compile_template("{{{x:int}}} and {{}}", {})
    assert form.pieces == ("{", Field("x", {"type": "integer"}), "} and {}")


def test_forms_can_be_kept_copied_and_pickled() -> None:
    form = compile_template("{score}/10", {"score": SCORE})
    assert len({form, compile_template("{score}/10", {"score": SCORE})}) == 1
    assert pickle.loads(pickle.dumps(form)) == copy.deepcopy(form) == form  # noqa: S301


TEMPLATES: dict[str, tuple[str, Mapping[str, JsonObject], bool, str]] = {
    "no field": ("Essay score", {}, False, "no field"),
    "literal braces only": ("{{score}}", {}, False, "no field"),
    "a field twice": ("{a}, {a}", {}, False, 'the field "a" stands twice'),
    "nothing between two texts": ("{a}{b}", {}, False, "nothing stands between {a} and {b}"),
    "nothing between two numbers": (
        "{a:int}{b:int}",
        {},
        False,
        "nothing stands between {a} and {b}",
    ),
    "a blank between two texts": ("{a} {b}", {}, False, "only a space stands between {a} and {b}"),
    "an unknown inline type": ("{a:date}", {}, False, '{a:date}: unknown type "date"'),
    "a format for a type": ("{a:>10}", {}, False, '{a:>10}: unknown type ">10"'),
    "two types for one field": ("{a:int}", {"a": SCORE}, False, "{a:int} has two types"),
    "an open brace": ("score: {a", {}, False, "{ at 7 has no partner"),
    "a closing brace alone": ("score} {a}", {}, False, "} at 5 has no partner"),
    "an attribute": ("{a.b}", {}, False, '"a.b" cannot name a field'),
    "an index": ("{a[0]}", {}, False, '"a[0]" cannot name a field'),
    "a conversion": ("{a!r}", {}, False, '"a!r" cannot name a field'),
    "a private name": ("{__class__}", {}, False, '"__class__" cannot name a field'),
    "no name": ("{}", {}, False, '"" cannot name a field'),
    "a number for a name": ("{0}", {}, False, '"0" cannot name a field'),
    "a field that the text lacks": ("{a}", {"b": SCORE}, False, 'no field "b"'),
    "a line break in one record a line": (
        "{a:int}\n{b}",
        {},
        True,
        "one record a line cannot have line breaks",
    ),
}


@pytest.mark.parametrize(
    ("text", "fields", "many", "problem"),
    [pytest.param(*row, id=name) for name, row in TEMPLATES.items()],
)
def test_a_template_that_could_not_be_read_back_is_refused(
    text: str,
    fields: Mapping[str, JsonObject],
    many: bool,  # noqa: FBT001
    problem: str,
) -> None:
    with pytest.raises(SchemaError) as caught:
        compile_template(text, fields, many=many)
    assert caught.value.problem == problem
    assert caught.value.where.startswith("template ")
    assert caught.value.fix


@pytest.mark.parametrize("text", ["{a:int} {b}", "{a}\n{b}", "{a}, {b}", "{a} {b:int}", "{a}-{b}"])
def test_fields_that_can_be_told_apart_are_taken(text: str) -> None:
    assert [field.name for field in compile_template(text, {}).fields] == ["a", "b"]


def test_a_pattern_is_its_named_groups() -> None:
    form = compile_pattern(r"(?P<year>\d{4})-(\d+)-(?P<day>\d+)", {"day": SCORE})
    assert form == PatternForm(
        r"(?P<year>\d{4})-(\d+)-(?P<day>\d+)", (Field("year", TEXT), Field("day", SCORE))
    )


PATTERNS: dict[str, tuple[str, Mapping[str, JsonObject], str]] = {
    "no group": (r"\d+", {}, "no named group"),
    "a numbered group only": (r"(\d+)", {}, "no named group"),
    "no expression": (r"(?P<a>[)", {}, "not a regular expression: "),
    "a group that is not there": (r"(?P<a>x)", {"b": SCORE}, 'no group "b"'),
    "a private group": (r"(?P<_a>x)", {}, '"_a" cannot name a field'),
    "one that can explode": (r"(?P<a>(x+x+)+y)", {}, "can take exponential time: overlapping"),
    "one that cannot be checked": (
        r"(?P<a>\((?:[^()]|(?R))*\))",
        {},
        "can take exponential time: it holds the construct",
    ),
}


@pytest.mark.parametrize(
    ("source", "fields", "problem"), [pytest.param(*row, id=name) for name, row in PATTERNS.items()]
)
def test_a_pattern_that_cannot_work_is_refused(
    source: str, fields: Mapping[str, JsonObject], problem: str
) -> None:
    with pytest.raises(SchemaError) as caught:
        compile_pattern(source, fields)
    assert caught.value.problem.startswith(problem)


def test_the_lint_can_be_overridden() -> None:
    assert compile_pattern(r"(?P<a>(x+x+)+y)", {}, unsafe=True).unsafe


def test_a_choice_keeps_its_options_as_written() -> None:
    assert compile_choice(["Yes", "NO"]) == ChoiceForm(("Yes", "NO"))
    assert compile_choice(["only"]) == ChoiceForm(("only",))


@pytest.mark.parametrize(
    "options",
    [
        pytest.param(("A+", "A", "A-"), id="grades with signs"),
        pytest.param(("C", "C#", "C++"), id="names with signs"),
        pytest.param(("1", "-1", "1.5", "15"), id="numbers"),
        pytest.param(("好", "不好"), id="another script"),
    ],
)
def test_options_that_differ_in_meaning_are_told_apart(options: tuple[str, ...]) -> None:
    assert compile_choice(options).options == options


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        pytest.param((), "no option", id="none"),
        pytest.param(("yes", ""), "an empty option", id="an empty one"),
        pytest.param(("yes", "  "), "an empty option", id="a blank one"),
        pytest.param(
            ("yes", "Yes"),
            '"yes" and "Yes" differ in case, spacing or punctuation only',
            id="case",
        ),
        pytest.param(
            ("not urgent", "NOT_URGENT."),
            '"not urgent" and "NOT_URGENT." differ in case, spacing or punctuation only',
            id="separators and a full stop",
        ),
        pytest.param(
            ("yes", "\uff59es"),
            '"yes" and "\uff59es" differ in case, spacing or punctuation only',
            id="width",
        ),
    ],
)
def test_options_that_cannot_be_told_apart_are_refused(
    options: tuple[str, ...], problem: str
) -> None:
    with pytest.raises(SchemaError) as caught:
        compile_choice(options)
    assert caught.value.problem == problem


def test_the_instruction_shows_the_form_and_says_what_its_fields_mean() -> None:
    form = compile_template(
        "Essay score: {score}/10\nReason: {reason}",
        {"score": {**SCORE, "description": "The overall grade."}},
    )
    assert instruction(form) == (
        "Answer in exactly this form, and write nothing else:\n"
        "Essay score: {score}/10\n"
        "Reason: {reason}\n"
        "where {score} is an integer from 0 to 10 (The overall grade), {reason} is text."
    )


def test_the_instruction_for_lines_asks_for_one_record_a_line() -> None:
    form = compile_template("{name}: {ok:bool}", {}, many=True)
    assert instruction(form) == (
        "Write one record a line, each in exactly this form, and write nothing else:\n"
        "{name}: {ok}\n"
        "where {name} is text on one line, {ok} is true or false."
    )


def test_choices_and_patterns_are_said_in_words() -> None:
    assert instruction(compile_choice(["yes", "no"])) == (
        'Answer with exactly "yes" or "no" and write nothing else.'
    )
    pattern = compile_pattern(r"(?P<year>\d{4})", {"year": {"type": "integer"}})
    assert instruction(pattern) == (
        "Answer with text that this regular expression matches as a whole,"
        " and write nothing else:\n"
        "(?P<year>\\d{4})\n"
        "where {year} is an integer."
    )
    assert canonical(pattern) == r"text that matches (?P<year>\d{4})"
    assert canonical(compile_choice(["a", "b", "c"])) == 'one of "a", "b", "c"'


EXPRESSIONS: dict[str, tuple[JsonObject, list[str], list[str]]] = {
    "an integer": (SCORE, ["9", "-3"], ["9.0", "09", "x"]),
    "a number": ({"type": "number"}, ["9", "-0.5", "1e3"], [".5", "1."]),
    "a boolean": ({"type": "boolean"}, ["true", "false"], ["True"]),
    "an enumeration": ({"enum": ["a b", 2, None]}, ["a b", "2", "null"], ["a"]),
    "a date": ({"type": "string", "format": "date"}, ["2025-03-04"], ["2025-3-4"]),
    "a text": (TEXT, ["a (b)", "é"], ["", "a\nb"]),
    "a list": ({"type": "array"}, ["[1]"], ["1"]),
    "nothing in particular": ({}, ["1", "x"], [""]),
}


@pytest.mark.parametrize(
    ("schema", "taken", "refused"),
    [pytest.param(*row, id=name) for name, row in EXPRESSIONS.items()],
)
def test_the_expression_of_a_template_is_anchored_and_named(
    schema: JsonObject, taken: list[str], refused: list[str]
) -> None:
    expression = re.compile(regex_of(compile_template("x = {x};", {"x": schema})))
    for text in taken:
        found = expression.match(f"x = {text};")
        assert found is not None
        assert found.groupdict() == {"x": text}
    assert not any(expression.match(f"x = {text};") for text in refused)
    assert not expression.match(f"an x = {taken[0]};")
    assert not expression.match(f"x = {taken[0]}; or so")


def test_the_expression_of_lines_takes_one_or_more() -> None:
    expression = re.compile(regex_of(compile_template("{a:int}/{b}", {}, many=True)))
    assert expression.match("1/x\n2/y")
    assert expression.match("1/x\n")
    assert not expression.match("1/x\n\n2/y")


def test_the_expression_of_a_choice_is_its_options() -> None:
    expression = re.compile(regex_of(compile_choice(["A+", "no (yet)"])))
    assert [text for text in ("A+", "no (yet)", "A", "AA+") if expression.match(text)] == [
        "A+",
        "no (yet)",
    ]


def test_the_expression_of_a_pattern_keeps_its_flags_in_front() -> None:
    form = compile_pattern(r"(?i)^(?P<a>yes)$", {})
    assert regex_of(form) == r"(?i)\A(?:^(?P<a>yes)$)\Z"
    assert re.compile(regex_of(form)).match("YES")


def test_a_text_that_ends_a_template_with_line_breaks_may_have_some() -> None:
    expression = re.compile(regex_of(compile_template("Score: {a:int}\n{b}", {})))
    found = expression.match("Score: 3\nOne.\n\nTwo.")
    assert found is not None
    assert found["b"] == "One.\n\nTwo."
