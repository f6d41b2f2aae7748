"""Texts against templates, patterns and choices: every table case, and what holds for any text."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tracing import sweep

from deterministic_llm._core.attempts import Repair, Violation
from deterministic_llm._core.exchange import JsonObject, JsonValue
from deterministic_llm._core.reading.alignment.bends import Rule
from deterministic_llm._core.reading.forms import drift
from deterministic_llm._core.reading.forms.claims import Matched, Unmatched
from deterministic_llm._core.reading.forms.matching import match
from deterministic_llm._core.schema.forms import (
    TextForm,
    compile_choice,
    compile_pattern,
    compile_template,
)

CASES = Path(__file__).parents[1] / "cases" / "templates"
SCORE: JsonObject = {"type": "integer", "minimum": 0, "maximum": 10}
ESSAY = compile_template("Essay score: {score}/10", {"score": SCORE})
LINES = compile_template("{name}: {score}/10", {"score": SCORE}, many=True)
REVIEW = compile_template(
    "Score: {score}/10\nVerdict: {verdict}\nReason: {reason}",
    {"score": SCORE, "verdict": {"enum": ["accept", "reject"]}},
)
ANSWER = compile_choice(["yes", "no"])
MONTH = compile_pattern(r"(?P<year>\d{4})-(?P<month>\d{2})", {"year": {"type": "integer"}})
FORMS: tuple[TextForm, ...] = (ESSAY, LINES, REVIEW, ANSWER, MONTH)
unhurried = settings()


def form_of(target: dict[str, Any]) -> TextForm:
    if "template" in target:
        many = target.get("many", False)
        return compile_template(target["template"], target.get("fields", {}), many=many)
    if "pattern" in target:
        return compile_pattern(target["pattern"], target.get("fields", {}))
    return compile_choice(target["choice"])


def table() -> list[Any]:
    return [
        pytest.param(case, id=f"{file.stem}: {case['id']}")
        for file in sorted(CASES.glob("*.json"))
        for case in json.loads(file.read_text(encoding="utf-8"))["cases"]
    ]


@pytest.mark.parametrize("case", table())
def test_a_text_gives_the_value_or_the_violation_of_its_case(case: dict[str, Any]) -> None:
    found = match(form_of(case["target"]), case["raw"])
    if "expected" in case:
        assert isinstance(found, Matched), found
        assert found.payload == case["expected"]
        return
    assert isinstance(found, Unmatched), found
    wanted = case["violation"]
    assert found.violations[0].code == wanted["code"], found
    assert found.violations[0].path == wanted.get("path", found.violations[0].path)


@pytest.mark.untraced
@pytest.mark.parametrize("case", table())
def test_a_strict_reading_agrees_or_refuses(case: dict[str, Any]) -> None:
    form = form_of(case["target"])
    strict = match(form, case["raw"], strict=True)
    if isinstance(strict, Matched):
        assert strict == match(form, case["raw"])
        assert strict.payload == case["expected"]
        assert strict.repairs == ()


def test_the_table_is_large_and_mostly_about_what_must_fail() -> None:
    cases = [parameter.values[0] for parameter in table()]
    failing = [case for case in cases if "violation" in case]
    assert len(cases) >= 120
    assert len(failing) >= 45


def test_a_lone_field_takes_the_whole_text_but_no_apology() -> None:
    form = compile_template("{answer}", {})
    text = "One line.\n\nAnother."
    assert match(form, f" {text}\n", strict=True) == Matched({"answer": text}, (1, 20))
    refused = match(form, "I'm sorry, but I can't help with that.", strict=True)
    assert isinstance(refused, Unmatched)
    assert refused.violations[0].code == "refusal"


def test_a_violation_says_what_where_got_and_fix() -> None:
    assert match(ESSAY, "Essay score: 11/10") == Unmatched(
        (
            Violation(
                "$.score",
                "range",
                "expected an integer from 0 to 10",
                "11",
                "choose a number from 0 to 10",
            ),
        )
    )


def test_both_answers_of_an_ambiguous_text_are_named() -> None:
    found = match(ESSAY, "Essay score: 7/10\nEssay score: 8/10")
    assert isinstance(found, Unmatched)
    assert str(found.violations[0]) == (
        '$: expected one answer, got {"score": 7} and {"score": 8}'
        " (give one answer, or say which is final)"
    )


def test_a_text_in_another_form_is_told_the_form() -> None:
    found = match(ESSAY, "It is a fine essay.")
    assert isinstance(found, Unmatched)
    assert str(found.violations[0]) == (
        '$: expected the answer in its form, got "It is a fine essay."'
        " (write Essay score: {score}/10)"
    )


def test_every_edit_is_a_record_of_a_named_rule() -> None:
    found = match(ESSAY, "Sure! **essay score:** nine out of ten\nEssay score: 9/10")
    assert isinstance(found, Matched)
    assert found == Matched(
        {"score": 9},
        (39, 56),
        (
            Repair("form repeated", "$", "", "", "none", 1, (8,)),
            Repair(
                "text around the form",
                "$",
                "Sure! **essay score:** nine out of ten",
                "",
                "none",
                1,
                (0,),
            ),
        ),
    )


def test_the_span_is_where_the_answer_stands() -> None:
    text = "Draft: Essay score: 7/10\n\nFinal answer: Essay score: 8/10. Done."
    found = match(ESSAY, text)
    assert isinstance(found, Matched)
    assert text[slice(*found.span)] == "Essay score: 8/10"


def test_no_rule_costs_meaning_and_none_is_named_twice() -> None:
    rules = [each for each in vars(drift).values() if isinstance(each, Rule)]
    assert {rule.loss for rule in rules} <= {"none", "format"}
    assert len({rule.name for rule in rules}) == len(rules)


def test_a_pattern_that_takes_too_long_is_told_as_a_matter_of_time() -> None:
    form = compile_pattern(r"(?P<a>(a|aa)+)b", {}, unsafe=True)
    found = match(form, "a" * 60)
    assert isinstance(found, Unmatched)
    assert found.violations[0].code == "pattern"
    assert found.violations[0].expected == "expected a text that the pattern matches within 1 s"
    assert found.violations[0].fix == (
        "try again: the time limit was hit, which depends on the load of the machine"
    )


def title(text: str) -> str:
    return text.title()


def bold(text: str) -> str:
    return f"**{text}**"


def bold_label(text: str) -> str:
    return text.replace("Essay score:", "**Essay score:**")


def fenced(text: str) -> str:
    return f"```text\n{text}\n```"


def prefaced(text: str) -> str:
    return f"Here is my assessment:\n\n{text}"


def explained(text: str) -> str:
    return f"{text}\n\nThe argument is clear and well supported."


def stopped(text: str) -> str:
    return f"{text}."


def spaced(text: str) -> str:
    return text.replace(":", " : ").replace("/", " / ")


def full_width(text: str) -> str:
    return text.translate(str.maketrans("0123456789:/", "０１２３４５６７８９：／"))  # noqa: RUF001


def arabic(text: str) -> str:
    return text.translate(str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩"))


def in_words(text: str) -> str:
    return text.replace("/10", " out of 10")


def dashed(text: str) -> str:
    return text.replace(":", " -")


def unbroken(text: str) -> str:
    return text.replace(" ", "\u00a0")


def repeated(text: str) -> str:
    return f"{text}\n\n{text}"


# In an order in which no later drift undoes an earlier one.
INNER: tuple[Callable[[str], str], ...] = (title, in_words, bold_label, spaced, dashed, unbroken)
DIGITS: tuple[Callable[[str], str], ...] = (full_width, arabic)
OUTER: tuple[Callable[[str], str], ...] = (stopped, bold, fenced, repeated, explained, prefaced)


@given(
    st.integers(0, 10),
    st.lists(st.sampled_from(INNER), unique=True, max_size=2),
    st.lists(st.sampled_from(DIGITS), max_size=1),
    st.lists(st.sampled_from(OUTER), unique=True, max_size=3),
)
@unhurried
def test_a_score_is_read_back_whatever_drift_it_went_through(
    score: int,
    inner: list[Callable[[str], str]],
    digits: list[Callable[[str], str]],
    outer: list[Callable[[str], str]],
) -> None:
    text = f"Essay score: {score}/10"
    for damage in (*sorted(inner, key=INNER.index), *digits, *sorted(outer, key=OUTER.index)):
        text = damage(text)
    found = match(ESSAY, text)
    assert isinstance(found, Matched), (text, found)
    assert found.payload == {"score": score}


words = st.lists(
    st.sampled_from(
        ["clear", "Aufbau", "Größe", "論点", "well-made", "essay", "of", "ideas", "naïve", "x²"]
    ),
    min_size=1,
    max_size=5,
).map(" ".join)


@given(st.integers(0, 10), st.sampled_from(["accept", "reject"]), words, st.permutations([0, 1, 2]))
@unhurried
def test_a_record_is_read_back_in_any_order_of_its_lines(
    score: int, verdict: str, reason: str, order: list[int]
) -> None:
    lines = [f"**Score:** {score} / 10", f"- verdict: {verdict.upper()}.", f"Reason: {reason}"]
    found = match(REVIEW, "\n".join(lines[index] for index in order))
    assert isinstance(found, Matched), found
    assert found.payload == {"score": score, "verdict": verdict, "reason": reason}


@given(st.lists(st.tuples(words, st.integers(0, 10)), min_size=1, max_size=5), st.booleans())
@unhurried
def test_lines_are_read_back_one_by_one(rows: list[tuple[str, int]], marked: bool) -> None:  # noqa: FBT001
    text = "\n".join(f"{'- ' if marked else ''}{name}: {score}/10" for name, score in rows)
    found = match(LINES, text)
    assert isinstance(found, Matched), (text, found)
    assert found.payload == [{"name": name, "score": score} for name, score in rows]


@given(st.integers(-50, 150), st.integers(1, 120))
@unhurried
def test_a_number_never_passes_for_another_one(score: int, scale: int) -> None:
    found = match(ESSAY, f"Essay score: {score}/{scale}")
    if isinstance(found, Matched):
        assert (found.payload, scale) == ({"score": score}, 10)
    else:
        assert scale != 10 or not 0 <= score <= 10


@given(st.integers(0, 10), st.integers(0, 10), st.sampled_from(["\n", ". ", " or ", ", "]))
@unhurried
def test_two_scores_are_one_only_if_they_are_equal(one: int, other: int, between: str) -> None:
    found = match(ESSAY, f"Essay score: {one}/10{between}Essay score: {other}/10")
    if isinstance(found, Matched):
        assert one == other
        assert found.payload == {"score": one}


@given(st.integers(0, 10), st.integers(0, 17))
@unhurried
def test_a_text_that_is_cut_off_gives_no_other_value(score: int, length: int) -> None:
    found = match(ESSAY, f"Essay score: {score}/10"[:length])
    assert isinstance(found, Unmatched) or found.payload == {"score": score}


fragments = st.sampled_from(
    [
        *("Essay score: ", "Score:", "9", "/10", "10/10", " or ", "**", "`", "```", "\n", '"', "{"),
        *("}", "Verdict: accept", "Reason:", "Ada: 9/10", "yes", "no", "answer: ", "2024-05", "-"),
        *("[", "：", "Final answer:", "for example", "I'm sorry, I can't", "\ud800", "\x00", "½"),
        *("٩", "\u200b", "."),
    ]
)
anything = st.one_of(st.text(max_size=60), st.lists(fragments, max_size=12).map("".join))


@given(anything, st.sampled_from(FORMS))
def test_no_text_raises_and_strict_is_a_subset(text: str, form: TextForm) -> None:
    lenient, strict = match(form, text), match(form, text, strict=True)
    assert isinstance(lenient, Matched) or lenient.violations
    if isinstance(strict, Matched):
        assert strict == lenient


HOSTILE = {
    "blanks": " " * 1_000_000 + "x",
    "line breaks": "\n" * 1_000_000 + "x",
    "labels": "Essay score: " * 77_000,
    "labels on lines": "Essay score: \n" * 71_000,
    "answers": "Essay score: 9/10\n" * 55_000,
    "records": "Ada: 9/10\n" * 50_000,
    "broken lines": "Score: 8/10\nReason: " + "x\n" * 200_000,
    "denominators": "/10" * 333_000,
    "digits": "1" * 1_000_000,
    "stars": "*" * 1_000_000,
    "backticks": "`" * 1_000_000,
    "brackets": "{" * 1_000_000,
    "options": "yes or no. " * 90_000,
    "another script": "评分" * 500_000,
    "one long line": "Reason: " + "a" * 1_000_000,
    "doubts": "Essay score: 9/10 " + "or " * 300_000,
}

SHOWN = HOSTILE.keys() - {"answers", "broken lines", "options", "records"}
SIZES = [
    pytest.param(100_000, id="100 KB"),
    pytest.param(1_000_001, id="1 MB", marks=pytest.mark.slow),
]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", sweep(HOSTILE, shown=SHOWN))
def test_a_hostile_text_takes_linear_time(name: str, size: int) -> None:
    text = HOSTILE[name][-size:]
    before = time.process_time()
    for form in FORMS:
        match(form, text)
    # All five forms together; a quadratic step would take minutes.
    assert time.process_time() - before < 20


def test_values_are_plain_json() -> None:
    found = match(compile_template("{a:float} {b:bool} {c}", {}), "2.5 true x")
    assert isinstance(found, Matched)
    expected: JsonValue = {"a": 2.5, "b": True, "c": "x"}
    assert found.payload == expected
