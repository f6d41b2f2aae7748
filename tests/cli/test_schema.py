"""``dllm schema``: the notation on the standard output, trouble in one sentence."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from deterministic_llm.cli.schema import app

SCORE = {"type": "object", "properties": {"score": {"type": "integer", "maximum": 10}}}


def test_render_shows_the_notation_of_a_schema_file(tmp_path: Path) -> None:
    file = tmp_path / "score.json"
    file.write_text(json.dumps(SCORE), "utf-8")
    result = CliRunner().invoke(app, ["render", str(file)])
    assert (result.exit_code, result.stdout) == (0, "{score?: int <=10}\n")


def test_render_shows_the_notation_of_a_type_by_its_module(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = (
        "from typing import NamedTuple\nclass Seat(NamedTuple):\n    row: int\n    place: str\n"
    )
    (tmp_path / "theatre_seats.py").write_text(module, "utf-8")
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(app, ["render", "theatre_seats:Seat"])
    assert (result.exit_code, result.stdout) == (0, "[int, string]\n")


@pytest.mark.parametrize(
    ("file", "sentence"),
    [
        pytest.param(
            "nowhere.json",
            "dllm: nowhere.json: cannot be read: No such file or directory (check the path)\n",
            id="a file that is not there",
        ),
        pytest.param(
            "no_such_module:Type",
            "dllm: no_such_module:Type: cannot be imported: No module named 'no_such_module' "
            "(check module and name)\n",
            id="a module that is not there",
        ),
        pytest.param(
            "json:Nothing",
            "dllm: json:Nothing: cannot be imported: module 'json' has no attribute 'Nothing' "
            "(check module and name)\n",
            id="a name that is not there",
        ),
        pytest.param(
            ":Type",
            "dllm: :Type: cannot be imported: Empty module name (check module and name)\n",
            id="no module at all",
        ),
    ],
)
def test_bad_input_is_one_sentence_and_exit_code_2(file: str, sentence: str) -> None:
    result = CliRunner().invoke(app, ["render", file])
    assert (result.exit_code, result.stdout, result.stderr) == (2, "", sentence)


def test_a_text_form_has_no_schema(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module = "from deterministic_llm import Choice\nANSWER = Choice('yes', 'no')\n"
    (tmp_path / "choice_of_answers.py").write_text(module, "utf-8")
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(app, ["render", "choice_of_answers:ANSWER"])
    sentence = "is read from plain text (name a type or a JSON Schema)"
    assert (result.exit_code, result.stderr) == (
        2,
        f"dllm: choice_of_answers:ANSWER: {sentence}\n",
    )
