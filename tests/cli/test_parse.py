"""``dllm parse``: the value on the standard output, what is wrong in one line each, and why."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from pydantic import BaseModel
from typer.testing import CliRunner

from deterministic_llm.cli.commands import app

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/parse.md").read_text("utf-8")
SHOWN = re.findall(r"\$ echo '([^\n]+)' \| dllm ([^\n]+)\n(.*?)```", PAGE, re.DOTALL)
SCHEMA = str(ROOT / "examples/score.json")
TEMPLATE = "Essay score: {score:int}/10"


class Optional(BaseModel):
    """Somebody whose age need not be told."""

    name: str
    age: int | None = None


def told(arguments: list[str], text: str | bytes) -> tuple[int, str, str]:
    """What ``dllm parse`` comes to, and what it prints."""
    result = CliRunner().invoke(app, ["parse", *arguments], input=text)
    return result.exit_code, result.stdout, result.stderr


@pytest.mark.parametrize(
    ("arguments", "text", "output"),
    [
        pytest.param(["--schema", SCHEMA], 'Here: {"score": "8/10"}', {"score": 8}, id="a schema"),
        pytest.param(["--schema", "builtins:int"], "5\n", 5, id="a type"),
        pytest.param(["--template", TEMPLATE], "Essay score: 8/10", {"score": 8}, id="a template"),
        pytest.param(
            ["--pattern", r"(?P<year>\d{4})"], "In 1999.", {"year": "1999"}, id="a pattern"
        ),
    ],
)
def test_a_value_is_printed_as_json(arguments: list[str], text: str, output: object) -> None:
    code, out, err = told(arguments, text)
    assert (code, json.loads(out), err) == (0, output, "")


PERSON = {
    "type": "object",
    "properties": {
        "name": {"type": "string"},
        "age": {"type": "integer"},
        "tags": {"type": "array", "items": {"type": "string"}},
        "home": {"type": "object", "properties": {"city": {}, "street": {}}},
    },
    "required": ["name"],
}
CUT = [
    pytest.param('{"name": "Ada", "age": 3', ["$.age", "$.tags", "$.home"], id="in a number"),
    pytest.param(
        '{"name": "Ada", "tags": ["a", "b',
        ["$.age", "$.home", "the rest of $.tags"],
        id="in a list",
    ),
    pytest.param(
        '{"name": "Ada", "age": 3, "tags": [], "home": {"city": "X", "st',
        ["$.home.street"],
        id="in an object within",
    ),
    pytest.param('{"name": "Ada", "age": 3, "tags": [], "home": {}', [], id="before its end"),
]


@pytest.mark.parametrize(("text", "missing"), CUT)
def test_a_text_that_was_cut_is_told_of_with_what_is_missing(
    text: str, missing: list[str], tmp_path: Path
) -> None:
    schema = tmp_path / "person.json"
    schema.write_text(json.dumps(PERSON))
    code, out, err = told(["--schema", str(schema)], text)
    lost = f"missing: {', '.join(missing)}" if missing else "no declared member is missing"
    assert (code, json.loads(out)["name"]) == (0, "Ada")
    assert err == f"dllm: standard input: the text is cut; {lost}\n"
    code, out, err = told(["--schema", str(schema), "--json"], text)
    assert (code, json.loads(out)["missing"], err) == (0, missing, "")


def test_a_type_that_fills_in_what_is_missing_is_told_of_too() -> None:
    code, out, err = told(["--schema", f"{__name__}:Optional"], '{"name": "Ada", "age": 3')
    assert (code, json.loads(out)) == (0, {"name": "Ada", "age": None})
    assert err == "dllm: standard input: the text is cut; missing: $.age\n"


def test_what_is_wrong_is_one_line_each_and_exit_code_1() -> None:
    wrong = "$.score: expected an integer from 0 to 10, got 11 (choose a number from 0 to 10)\n"
    assert told(["--schema", SCHEMA], '{"score": 11}') == (1, "", wrong)


def test_strict_takes_no_repairs() -> None:
    code, out, err = told(["--schema", SCHEMA, "--strict"], 'Here: {"score": 8}')
    assert (code, out) == (1, "")
    assert err.startswith("$: expected")


@pytest.mark.parametrize(
    ("arguments", "text", "sentence"),
    [
        pytest.param(
            [],
            "",
            "say what the text is to be, by one of --schema, --template and --pattern",
            id="no target",
        ),
        pytest.param(
            ["--schema", SCHEMA, "--pattern", "(?P<a>b)"],
            "",
            "say what the text is to be, by one of --schema, --template and --pattern",
            id="two targets",
        ),
        pytest.param(
            ["--schema", "nowhere.json"],
            "",
            "nowhere.json: cannot be read: No such file or directory (check the path)",
            id="no such schema",
        ),
        pytest.param(
            ["--schema", SCHEMA, "nowhere.txt"],
            "",
            "nowhere.txt: cannot be read: No such file or directory (check the path)",
            id="no such text",
        ),
        pytest.param(
            ["--schema", SCHEMA],
            b"a\xff",
            "standard input: is not UTF-8 at byte 1 (save it as UTF-8)",
            id="no text at all",
        ),
        pytest.param(
            ["--template", "none"],
            "",
            'template "none": no field (name the wanted value in braces: {score})',
            id="no field",
        ),
    ],
)
def test_what_cannot_be_read_is_one_sentence_and_exit_code_2(
    arguments: list[str], text: str | bytes, sentence: str
) -> None:
    assert told(arguments, text) == (2, "", f"dllm: {sentence}\n")


@pytest.mark.parametrize(
    ("arguments", "text", "lines"),
    [
        pytest.param(
            ["--template", TEMPLATE],
            "Essay score: 8 of 10",
            [
                "standard input:1:15: leaves template 'Essay score: {score:int}/10' here",
                "  Essay score: 8 of 10",
                "                ^ expected a digit or `/`",
            ],
            id="a template",
        ),
        pytest.param(
            ["--template", TEMPLATE, "--strict"],
            "Essay score: 8",
            [
                "standard input:1:15: ends before it is template 'Essay score: {score:int}/10'",
                "  Essay score: 8",
                "                ^ expected a digit or `/`",
            ],
            id="too short",
        ),
        pytest.param(
            ["--pattern", r"(?P<year>\d{4})!"],
            "x" * 60 + "\nyear",
            ["standard input:1:1: leaves pattern (?P<year>\\d{4})! here"],
            id="a pattern, and a long line",
        ),
        pytest.param(
            ["--template", TEMPLATE],
            "Essay score: 8/10",
            ["standard input: no character leaves template 'Essay score: {score:int}/10'"],
            id="nothing is wrong",
        ),
    ],
)
def test_explain_shows_the_first_character_that_leaves_a_form(
    arguments: list[str], text: str, lines: list[str]
) -> None:
    err = told([*arguments, "--explain"], text)[2].splitlines()
    start = next(at for at, line in enumerate(err) if line.startswith("standard input"))
    assert err[start : start + len(lines)] == lines


def left(text: str, *options: str) -> list[str]:
    """The three lines that say where *text* leaves the schema."""
    err = told(["--schema", SCHEMA, "--explain", *options], text)[2].splitlines()
    start = next(at for at, line in enumerate(err) if line.startswith("standard input"))
    return err[start : start + 3]


@pytest.mark.parametrize(
    ("text", "options", "lines"),
    [
        pytest.param(
            'Sure:\n```json\n{"score": 11}\n```',
            (),
            [
                "standard input:3:12: leaves score here",
                '  {"score": 11}',
                "             ^ expected `,`, `0` or `}`",
            ],
            id="in a fence",
        ),
        pytest.param(
            'Sure: {"score": 1}',
            ("--strict",),
            [
                "standard input:1:1: leaves score here",
                '  Sure: {"score": 1}',
                "  ^ expected `{`",
            ],
            id="words, where none may be",
        ),
        pytest.param(
            '日本語 {"score": "ten"}',
            (),
            [
                "standard input:1:15: leaves score here",
                '  日本語 {"score": "ten"}',
                "                   ^ expected a digit",
            ],
            id="under letters that are wide",
        ),
        pytest.param(
            f'{{"score": 1,{" " * 50}\t"note": "{"and so on " * 9}"}}',
            (),
            [
                "standard input:1:65: leaves score here",
                f'  …{" " * 46}·"note": "and so on and so…',
                f'  {" " * 49}^ expected `score"`',
            ],
            id="in a long line",
        ),
    ],
)
def test_explain_shows_the_first_character_that_leaves_a_schema(
    text: str, options: tuple[str, ...], lines: list[str]
) -> None:
    pytest.importorskip("llguidance")
    assert left(text, *options) == lines


def test_json_tells_programs_the_same() -> None:
    pytest.importorskip("llguidance")
    code, out, err = told(["--schema", SCHEMA, "--json", "--explain"], '{"score": 1} {"score": 3}')
    found = json.loads(out)
    assert (code, err) == (1, "")
    assert [each["code"] for each in found["violations"]] == ["ambiguous"]
    assert [each.get("output") for each in found["documents"]] == [{"score": 1}, {"score": 3}]
    assert found["left"] is None
    code, out, _ = told(["--schema", SCHEMA, "--json"], '{"score": 8}')
    assert (code, json.loads(out)) == (
        0,
        {"output": {"score": 8}, "span": [0, 12], "violations": [], "repairs": []},
    )


@pytest.mark.parametrize(("text", "command", "output"), SHOWN)
def test_the_documentation_shows_what_is_printed(
    text: str, command: str, output: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("llguidance")
    monkeypatch.chdir(ROOT)
    _, name, *arguments = re.findall(r'"[^"]*"|\S+', f"dllm {command}")
    assert name == "parse"
    _, out, err = told([each.strip('"') for each in arguments], f"{text}\n")
    assert output in {"", out + err}
