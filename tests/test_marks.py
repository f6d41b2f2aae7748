"""What asking again may cost at most, in characters: the same figures in every run."""

from __future__ import annotations

import pytest
from pydantic import BaseModel, Field
from reasks import (
    LONG_PROMPT,
    Grading,
    asked_for_field,
    asked_for_whole,
    asked_with_own_schema,
    compact,
    mended_one_by_one,
)

from deterministic_llm import JsonValue, Mode

MODES: tuple[Mode, ...] = ("prompt", "json", "native", "tool")
CHARACTERS_A_TOKEN = 4.45
"""Of an essay's grade as JSON, in cl100k."""


class Criterion(BaseModel):  # noqa: D101 - a docstring would be part of the schema
    criterion: str
    points: int
    comment: str


class EssayGrade(BaseModel):
    """Grade for one essay."""

    score: int = Field(ge=0, le=10, description="overall score, 0 (bad) to 10 (good)")
    rubric: list[Criterion] = Field(min_length=5, max_length=5)
    feedback: str


def _grade(score: int) -> dict[str, JsonValue]:
    comment = (
        "Paragraph two supports the claim with dated examples, but the one after it drifts off "
        "into an aside at the end"
    )
    names = ("Argument", "Structure", "Evidence", "Style", "Language")
    rubric: list[JsonValue] = [
        {"criterion": name, "points": points, "comment": comment}
        for name, points in zip(names, (2, 2, 1, 2, 1), strict=True)
    ]
    return {"score": score, "rubric": rubric, "feedback": 3 * f"{comment}. "}


ESSAY = "Cities should charge drivers who enter the centre, because roads are scarce. " * 6
GRADING = Grading(f"Grade this essay.\n{ESSAY}", EssayGrade, _grade(8), _grade(11))


def test_answer_and_prompt_have_the_size_of_those_that_the_marks_were_set_for() -> None:
    assert len(LONG_PROMPT) == 5400
    assert round(len(compact(GRADING.good)) / CHARACTERS_A_TOKEN) == 262
    assert round(len(GRADING.prompt) / CHARACTERS_A_TOKEN) == 108


@pytest.mark.parametrize("mode", MODES)
def test_reasks_say_little_more_than_the_prompt_and_never_grow(mode: Mode) -> None:
    story = mended_one_by_one(mode)
    added = [each.messages - len(LONG_PROMPT) for each in story.reasks]
    assert len(added) == 3
    assert max(added) <= 1500
    assert sorted(added, reverse=True) == added
    sent = [each.sent for each in story.reasks]
    assert sorted(sent, reverse=True) == sent


@pytest.mark.parametrize("mode", MODES)
def test_reasks_are_little_more_than_the_prompt_in_all(mode: Mode) -> None:
    assert max(each.sent for each in mended_one_by_one(mode).reasks) <= len(LONG_PROMPT) + 1500


@pytest.mark.parametrize("mode", MODES)
def test_answers_to_reasks_are_a_small_part_of_a_whole_one(mode: Mode) -> None:
    story = mended_one_by_one(mode)
    assert max(each.said for each in story.reasks) < 0.15 * story.whole


@pytest.mark.parametrize("mode", MODES)
def test_every_request_begins_with_the_unchanged_prompt(mode: Mode) -> None:
    assert all(each.keeps_prompt for each in mended_one_by_one(mode).questions)


@pytest.mark.parametrize(
    ("mode", "items", "in_part"),
    [
        pytest.param("prompt", 4, True, id="nothing but words is sent: always the bad members"),
        pytest.param("json", 4, True, id="JSON mode stays as it is: always the bad members"),
        pytest.param("native", 4, False, id="a short answer is cheaper than a prompt read anew"),
        pytest.param("native", 20, True, id="a long answer is dearer than a prompt read anew"),
        pytest.param("tool", 4, False, id="a tool's schema is a part of the prompt, too"),
        pytest.param("tool", 20, True, id="the members of a long answer, as a tool"),
    ],
)
def test_what_is_asked_for_again_is_chosen_by_price(
    mode: Mode, items: int, *, in_part: bool
) -> None:
    story = mended_one_by_one(mode, items=items)
    assert [each.in_part for each in story.reasks] == [in_part] * 3


@pytest.mark.parametrize("mode", MODES)
def test_mending_one_field_of_a_grade_costs_no_more_than_1800_tokens(mode: Mode) -> None:
    story = asked_for_field(GRADING, mode, len, answered="field")
    assert story.cost <= 1800 * CHARACTERS_A_TOKEN


@pytest.mark.parametrize("mode", MODES)
def test_a_whole_answer_to_the_question_for_one_field_costs_no_more_than_2650_tokens(
    mode: Mode,
) -> None:
    story = asked_for_field(GRADING, mode, len, answered="whole")
    assert story.cost <= 2650 * CHARACTERS_A_TOKEN


@pytest.mark.parametrize("mode", MODES)
def test_asking_for_the_whole_again_costs_no_more_than_2650_tokens(mode: Mode) -> None:
    story = asked_for_whole(GRADING, mode, len)
    assert story.cost <= 2650 * CHARACTERS_A_TOKEN


def test_a_function_with_a_schema_of_its_own_hears_of_the_one_field_and_may_say_all() -> None:
    first, second = asked_with_own_schema(GRADING, len).questions
    assert second.in_part
    assert second.schema == first.schema
    assert second.messages <= first.messages + 300
    assert first.keeps_prompt
    assert second.keeps_prompt


def test_a_function_that_says_it_sends_the_schema_costs_no_more_than_2650_tokens() -> None:
    story = asked_with_own_schema(GRADING, len, mode="native")
    assert story.cost <= 2650 * CHARACTERS_A_TOKEN
    assert story.cost < asked_with_own_schema(GRADING, len).cost
