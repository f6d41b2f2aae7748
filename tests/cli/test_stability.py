"""``dllm stability``: what it takes, what it shows, and how it ends."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import Result
from loopback import Loopback, Reply, failing, serving
from typer.testing import CliRunner

from deterministic_llm.cli.commands import app

SCORER = """
from deterministic_llm import Model, enforce

left = {"a": [3, 3, 4], "b": [8, 8, 8]}

@enforce(int)
def grade(text: str) -> str:
    return str(left[text].pop(0))

@enforce(int)
async def awaited(text: str) -> str:
    return "3"

plain = 7
"""
PROMPT = "Grade {text} as {score}/10; {nothing} else."
FORM = "Score: {score:int}/10"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where the command is run, with a module, inputs and a prompt."""
    (tmp_path / "scoring_here.py").write_text(SCORER)
    rows = [{"text": "a", "given": 3, "id": "first"}, {"text": "b", "given": 7, "id": "second"}]
    (tmp_path / "inputs.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "1-a.txt").write_text("a\n")
    (tmp_path / "texts" / "2-b.txt").write_text("b\n")
    (tmp_path / "prompt.txt").write_text(PROMPT)
    monkeypatch.chdir(tmp_path)
    yield tmp_path
    sys.modules.pop("scoring_here", None)


def run(*arguments: str, server: Loopback | None = None) -> Result:
    environment = {"COLUMNS": "100", "OPENAI_API_KEY": "key"}
    if server is not None:
        environment["OPENAI_BASE_URL"] = server.base_url
    return CliRunner(env=environment).invoke(app, ["stability", *arguments])


@pytest.mark.usefixtures("folder")
def test_a_function_is_measured_and_people_are_compared():
    members = ("--label", "given", "--name", "id", "--runs", "3", "--concurrency", "1")
    result = run("inputs.jsonl", "--call", "scoring_here:grade", *members)
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.startswith("grade: 2 questions, 6 runs, 6 calls, at an unknown cost\n")
    lines = {line.split("  ")[0].strip(): line for line in result.stdout.splitlines()}
    assert "33.3%" in lines["flips"]
    assert "+0.67" in lines["bias"]


def test_it_is_printed_as_json_and_written_as_a_page(folder: Path):
    told = run("texts", "--call", "scoring_here:grade", "--runs", "2", "--json", "--html", "p.html")
    record = json.loads(told.stdout)
    assert [each["name"] for each in record["questions"]] == ["1-a", "2-b"]
    assert record["figures"]["flips"]["value"] == 0
    assert (folder / "p.html").read_text().startswith("<!doctype html>")


@pytest.mark.usefixtures("folder")
def test_a_page_that_cannot_be_written_costs_no_report():
    told = run("texts", "--call", "scoring_here:grade", "--runs", "2", "--html", "texts")
    assert told.exit_code == 2
    assert told.stdout.startswith("grade: 2 questions, 4 runs")
    assert told.stderr == "dllm: texts: cannot be written: Is a directory (check the path)\n"


def test_a_line_is_a_line_however_others_divide_texts(folder: Path):
    """JSON may hold the separators of Unicode as they are."""
    row = json.dumps({"text": "a", "note": "x\u2028y\x85z"}, ensure_ascii=False)
    (folder / "one.jsonl").write_text(f"{row}\r\n", "utf-8")
    with serving([Reply("Score: 3/10")]) as server:
        asked = ("--model", "openai:m", "--prompt", "prompt.txt", "--answer", FORM)
        result = run("one.jsonl", *asked, "--runs", "1", server=server)
    assert result.exit_code == 0, result.stderr


@pytest.mark.usefixtures("folder")
def test_a_model_is_asked_the_prompt_with_each_input_in_it():
    with serving([Reply("Score: 3/10")] * 4) as server:
        asked = ("--model", "openai:m", "--prompt", "prompt.txt", "--answer", FORM)
        result = run("texts", *asked, "--runs", "2", "--temperature", "1", server=server)
    assert result.exit_code == 0, result.stderr
    prompts = [request["messages"][0]["content"] for request in server.bodies]
    told = [prompt.partition(";")[0] for prompt in prompts]
    assert sorted(told) == [f"Grade {text} as {{score}}/10" for text in "aabb"]
    assert {request["temperature"] for request in server.bodies} == {1.0}


@pytest.mark.usefixtures("folder")
def test_with_a_cache_the_same_command_makes_no_call_and_says_the_same():
    asked = ("--model", "openai:m", "--prompt", "prompt.txt", "--answer", FORM, "--json")
    kept = ("--cache", "answers.sqlite", "--votes", "3", "--runs", "2", "--concurrency", "1")
    scores = (3, 4, 3, 8, 8, 8, 4, 4, 3, 8, 7, 8)
    with serving([Reply(f"Score: {score}/10") for score in scores]) as server:
        first = json.loads(run("texts", *asked, *kept, server=server).stdout)
        again = json.loads(run("texts", *asked, *kept, server=server).stdout)
    assert len(server.bodies) == first["figures"]["calls"] == 12
    assert again["figures"]["calls"] == 0
    said = [
        [[run["answer"] for run in each["runs"]] for each in record["questions"]]
        for record in (first, again)
    ]
    assert said[0] == said[1] == [['{"score":3}', '{"score":4}'], ['{"score":8}', '{"score":8}']]


def test_runs_that_are_kept_are_gone_on_with(folder: Path):
    call = ("texts", "--call", "scoring_here:grade", "--keep", "runs.jsonl", "--json")
    assert run(*call, "--runs", "2").exit_code == 0
    more = json.loads(run(*call, "--runs", "3", "--concurrency", "1").stdout)
    assert [len(each["runs"]) for each in more["questions"]] == [3, 3]
    assert len((folder / "runs.jsonl").read_text().splitlines()) == 7


@pytest.mark.usefixtures("folder")
def test_a_limit_that_stops_it_is_told():
    with serving([Reply("Score: 3/10")] * 3) as server:
        asked = ("--model", "openai:m", "--prompt", "prompt.txt", "--answer", FORM)
        result = run("texts", *asked, "--calls", "3", "--concurrency", "1", server=server)
    assert result.exit_code == 1
    assert result.stderr.startswith("dllm: stopped: the budget does not cover another call")
    assert "3 calls" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ["texts"],
            "what is run? give --call module:function, or --model NAME, --prompt FILE and --answer",
        ),
        (["none.jsonl", "--call", "scoring_here:grade"], "none.jsonl: cannot be read: No such"),
        (["texts", "--call", "scoring_here:none"], "scoring_here:none: cannot be imported: "),
        (["texts", "--call", "scoring_here.grade"], "scoring_here.grade: names no object of a mo"),
        (
            ["texts", "--call", "scoring_here:plain"],
            "--call scoring_here:plain: expected a function decorated with enforce, got int",
        ),
        (
            ["texts", "--call", "scoring_here:awaited"],
            "--call scoring_here:awaited: expected a function decorated with enforce, got Async",
        ),
        (
            ["texts", "--call", "scoring_here:grade", "--votes", "many"],
            "--votes many: expected a number, or adaptive",
        ),
        (
            ["texts", "--model", "openai:m", "--prompt", "none.txt", "--answer", FORM],
            "none.txt: cannot be read: No such file",
        ),
        (
            ["inputs.jsonl", "--call", "scoring_here:grade", "--label", "text"],
            "inputs.jsonl: input 1: text: expected the number that a person gave, got 'a'",
        ),
        (
            ["texts", "--model", "openai:m", "--prompt", "latin.txt", "--answer", FORM],
            "latin.txt: is not UTF-8 (save it as UTF-8 text)",
        ),
        (
            ["texts", "--model", "openai:m", "--prompt", "placeless.txt", "--answer", FORM],
            "placeless.txt: has no place for input 1-a (write {text} in it)",
        ),
        (
            ["texts", "--call", "scoring_here:grade", "--keep", "texts"],
            "texts: runs cannot be kept here: Is a directory (check the path)",
        ),
        (["prompt.txt", "--call", "scoring_here:grade"], "prompt.txt, line 1: is no JSON: "),
        (["numbers.jsonl", "--call", "scoring_here:grade"], "numbers.jsonl, line 1: expected an "),
        (["empty.jsonl", "--call", "scoring_here:grade"], "empty.jsonl: holds no inputs"),
    ],
)
def test_what_cannot_be_asked_is_one_sentence(folder: Path, arguments: list[str], said: str):
    (folder / "numbers.jsonl").write_text("3\n")
    (folder / "empty.jsonl").write_text("\n")
    (folder / "placeless.txt").write_text("Grade {txt}")
    (folder / "latin.txt").write_bytes("café {text}".encode("latin-1"))
    result = run(*arguments)
    assert result.exit_code == 2
    assert result.stderr.startswith(f"dllm: {said}")
    assert len(result.stderr.splitlines()) == 1


@pytest.mark.usefixtures("folder")
def test_a_server_that_refuses_the_key_ends_it():
    with serving([failing(401)]) as server:
        asked = ("--model", "openai:m", "--prompt", "prompt.txt", "--answer", FORM)
        result = run("texts", *asked, "--concurrency", "1", server=server)
    assert result.exit_code == 2
    assert result.stderr.startswith("dllm: the call failed with status 401")
    assert len(server.bodies) == 1
