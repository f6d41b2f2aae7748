"""What the embedded engine is held to, it keeps to: a hundred answers of a hundred, at random."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import pytest
from pydantic import Field

from deterministic_llm import Model, Pattern, Schema, Template
from deterministic_llm._core.exchange import Mode

SCHEMAS = Path(__file__).parents[2] / "schemas"
WEATHER = Schema.from_file(SCHEMAS / "weather_report.v1.json")
GRADE = Schema.from_file(SCHEMAS / "essay_grade.v1.json")
SCORE = Template("Essay score: {score}/10", score=Annotated[int, Field(ge=0, le=10)])
MOOD = Template("{mood}, {sure}", mood=Literal["glad", "sad"], sure=bool)
YEAR = Pattern(r"(?P<year>(?:19|20)\d{2})-(?P<month>0[1-9]|1[0-2])")
REPORT = "Rain in Bergen today, nine to twelve degrees, wind from the west."
ESSAY = "Dogs are good. I like dogs because they are loyal, and cats are loyal too."

# The bounds of a schema say how many tokens its longest answer can have.
HELD = [
    pytest.param("native", WEATHER, f"Report the weather. {REPORT}", 600, 85, id="weather reports"),
    pytest.param("native", GRADE, f"Grade this essay. {ESSAY}", 1200, 15, id="grades of essays"),
    pytest.param("grammar", SCORE, f"Grade this essay. {ESSAY}", 20, 40, id="scores"),
    pytest.param("grammar", MOOD, f"How does the writer feel? {ESSAY}", 20, 30, id="moods"),
    pytest.param("grammar", YEAR, "When was the great flood?", 20, 30, id="months"),
]


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize(("mode", "target", "prompt", "max_tokens", "answers"), HELD)
def test_every_answer_is_valid_at_once(
    mode: Mode, target: object, prompt: str, max_tokens: int, answers: int
):
    model = Model("local:smollm2-135m", temperature=1, max_tokens=max_tokens)
    for seed in range(answers):
        result = model.run(prompt, target, mode=mode, max_retries=0, seed=seed)
        assert (result.mode, len(result.attempts), result.repairs) == (mode, 1, ())
