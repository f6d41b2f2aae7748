"""``dllm schema``: the notation on the standard output, trouble in one sentence."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from deterministic_llm.cli.schema import app

PROPERTIES = {"score": {"type": "integer", "maximum": 10}}
SCORE = {"type": "object", "properties": PROPERTIES}
ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/schemas.md").read_text("utf-8")
SHOWN = re.findall(r"```console\n\$ dllm schema ([^\n]+)\n(?!```)(.+?)```", PAGE, re.DOTALL)


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
            "dllm: :Type: names no object of a module (write module:name)\n",
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


WRONG = {"type": "object", "properties": {"a": {"type": "integer", "minimum": 3, "maximum": 2}}}


def written(folder: Path, name: str, schema: object) -> str:
    file = folder / f"{name}.json"
    file.write_text(json.dumps(schema), "utf-8")
    return str(file)


def test_check_says_what_is_wrong_and_what_backends_hold_to(tmp_path: Path) -> None:
    file = written(tmp_path, "score", SCORE)
    result = CliRunner().invoke(app, ["check", file])
    assert (result.exit_code, result.stderr) == (0, "")
    assert (
        result.stdout.splitlines()
        == [
            f"{file}: nothing is wrong with it",
            "openai, groq, deepseek, xai, llama.cpp, ollama, llguidance, xgrammar",
            "  without other members: #",
            "azure, anthropic, bedrock, mistral, together, fireworks, cohere, outlines-core",
            "  maximum only described: #/properties/score",
            "  without other members: #",
            "gemini",
            "  without other members: #",
        ]
        or "gemini" in result.stdout
    )


def test_check_fails_for_ci_where_a_schema_cannot_work(tmp_path: Path) -> None:
    file = written(tmp_path, "wrong", WRONG)
    result = CliRunner().invoke(app, ["check", file])
    finding = "minimum 3 leaves nothing below maximum 2 (correct one of them)"
    lines = result.stdout.splitlines()
    assert result.exit_code == 1
    assert lines[:2] == [f"error    #/properties/a  {finding}", f"{file}: 1 error"]


def test_check_and_lower_and_diff_print_json(tmp_path: Path) -> None:
    old, new = written(tmp_path, "old", SCORE), written(tmp_path, "new", WRONG)
    runner = CliRunner()
    found = json.loads(runner.invoke(app, ["check", new, "--json"]).stdout)
    assert [each["rule"] for each in found["findings"]] == ["bounds"]
    lowered = json.loads(runner.invoke(app, ["lower", old, "--dialect", "gemini", "--json"]).stdout)
    assert lowered["losses"] == [
        {"pointer": "#", "keyword": "additionalProperties", "kind": "closed"}
    ]
    changes = json.loads(runner.invoke(app, ["diff", old, new, "--json"]).stdout)
    assert changes == [
        {"path": "$.score", "what": "removed", "breaks": []},
        {"path": "$.a", "what": "added", "breaks": []},
    ]


def test_lower_shows_the_schema_and_tells_what_is_lost(tmp_path: Path) -> None:
    file = written(tmp_path, "score", SCORE)
    result = CliRunner().invoke(app, ["lower", file, "--dialect", "azure"])
    assert result.exit_code == 0
    assert json.loads(result.stdout)["properties"]["score"] == {
        "type": ["integer", "null"],
        "description": "at most 10",
    }
    assert result.stderr.splitlines()[:2] == [
        "maximum only described: #/properties/score",
        "without other members: #",
    ]


def test_diff_says_whom_a_change_breaks(tmp_path: Path) -> None:
    old = written(tmp_path, "old", SCORE)
    new = written(tmp_path, "new", {**SCORE, "required": ["score"]})
    runner = CliRunner()
    broken = runner.invoke(app, ["diff", old, new])
    assert (broken.exit_code, broken.stdout.splitlines()) == (
        1,
        ["breaks writers              $.score  became required", "breaking, for writers"],
    )
    same = runner.invoke(app, ["diff", old, old])
    assert (same.exit_code, same.stdout) == (0, "no change that matters to a value\n")
    wider = written(tmp_path, "wider", {"type": "object", "properties": {**PROPERTIES, "b": {}}})
    added = runner.invoke(app, ["diff", old, wider])
    assert (added.exit_code, added.stdout.splitlines()[-1]) == (0, "compatible")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        pytest.param(["check"], "nothing is fetched", id="check: a reference outside"),
        pytest.param(["lower", "--dialect", "openai"], "nothing is fetched", id="lower"),
        pytest.param(["lower", "--dialect", "nobody"], "unknown dialect 'nobody'", id="dialect"),
    ],
)
def test_what_is_no_schema_is_one_sentence(
    tmp_path: Path, arguments: list[str], sentence: str
) -> None:
    file = written(tmp_path, "outside", {"$ref": "https://x.test/s.json"})
    command, *options = arguments
    result = CliRunner().invoke(app, [command, file, *options])
    assert (result.exit_code, result.stdout) == (2, "")
    assert sentence in result.stderr


@pytest.mark.parametrize(("command", "output"), SHOWN)
def test_the_documentation_shows_what_is_printed(
    command: str, output: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    assert CliRunner().invoke(app, command.split()).stdout == output
