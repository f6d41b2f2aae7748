"""The examples are short, and run as a user runs them."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from deterministic_llm import Schema, parse

ROOT = Path(__file__).parents[1]
SCRIPTS = sorted((ROOT / "examples").glob("*.py"))
ESSAYS = sorted((ROOT / "examples/essays").glob("*.txt"))
SCHEMAS = sorted((ROOT / "schemas").glob("*.json"))


def run(script: str, *arguments: str) -> str:
    """What a script prints, started without any environment variable that could configure it."""
    environment = {name: value for name, value in os.environ.items() if "OPENAI" not in name}
    command = [sys.executable, "-W", "error", str(ROOT / "examples" / script), *arguments]
    finished = subprocess.run(  # noqa: S603  # our own examples
        command, env=environment, capture_output=True, text=True, check=False, timeout=60
    )
    assert (finished.returncode, finished.stderr) == (0, "")
    return finished.stdout


def test_essay_score_prints_a_number_and_how_it_was_come_by() -> None:
    score, attempt, summary = run("essay_score.py").splitlines()
    assert re.fullmatch(r"([0-9]|10) of 10 points", score)
    assert re.fullmatch(r"1\. SmolLM2.*: accepted \(.* tokens, cost unknown, .* s\)", attempt)
    assert re.fullmatch(r"accepted after 1 call: .* tokens, cost unknown, .* s", summary)


def test_essay_grade_prints_a_valid_grade() -> None:
    grade = json.loads(run("essay_grade.py"))
    assert list(grade) == ["level", "score", "strengths"]
    assert 0 <= grade["score"] <= 10


def test_weather_prints_json_that_is_valid_for_the_schema_file() -> None:
    report = run("weather.py", "--model", "local:smollm2-135m")
    schema = Schema.from_file(ROOT / "schemas/weather_report.v1.json")
    assert parse(report, schema, strict=True).output == json.loads(report)


def test_stream_grades_ends_with_all_fields() -> None:
    shown = ast.literal_eval(run("stream_grades.py"))
    assert list(shown) == ["$.score", "$.summary"]
    assert 0 <= int(shown["$.score"]) <= 10


def test_every_example_is_run_by_a_test_of_its_own() -> None:
    assert [script.name for script in SCRIPTS] == [
        "essay_grade.py",
        "essay_score.py",
        "stream_grades.py",
        "weather.py",
    ]


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_examples_are_under_40_lines(script: Path) -> None:
    assert len(script.read_text("utf-8").splitlines()) < 40


@pytest.mark.parametrize("essay", ESSAYS, ids=lambda path: path.stem)
def test_essays_have_80_to_250_words(essay: Path) -> None:
    assert 80 <= len(essay.read_text("utf-8").split()) <= 250


def test_there_are_at_least_six_essays() -> None:
    assert len(ESSAYS) >= 6


@pytest.mark.parametrize("path", SCHEMAS, ids=lambda path: path.name)
def test_shipped_schemas_are_targets_in_which_everything_is_bounded_and_described(
    path: Path,
) -> None:
    schema = json.loads(path.read_text("utf-8"))
    Schema.from_file(path)
    nodes = list(walk(schema))
    assert all("maxLength" in node for node in nodes if node.get("type") == "string")
    assert all("maxItems" in node for node in nodes if node.get("type") == "array")
    members = [child for node in nodes for child in node.get("properties", {}).values()]
    assert [child for child in members if "description" not in child] == []
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"


def walk(node: object):
    """Every object below *node*, itself included."""
    if isinstance(node, dict):
        yield node
    children = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    for child in children:
        yield from walk(child)
