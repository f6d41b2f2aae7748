"""``dllm demo``: what it shows, how it ends, and that nothing done is lost."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path

import pytest
from click.testing import Result
from loopback import Loopback, Reply, failing, serving
from typer.testing import CliRunner

from deterministic_llm._core.exchange import Usage
from deterministic_llm.cli import main
from deterministic_llm.cli.commands import app
from deterministic_llm.cli.essays import shipped, shipped_briefly
from deterministic_llm.cli.prices import daily_cost
from deterministic_llm.cli.report import quoted

NINE = Reply("Essay score: 9/10")
TOO_LONG = Reply(
    status=400,
    body=b'{"error": {"code": 400, "type": "exceed_context_size_error", "message": "5000 tokens"}}',
)
FIGURES = r" +([0-9]+/10|none) +(\d+) +(\d+) +([\d,]+) +\d+\.\d *$"


def demo(*arguments: str, server: Loopback | None = None) -> Result:
    """The command run here, with a hosted model on loopback."""
    environment = {"COLUMNS": "100", "OPENAI_API_KEY": "key" if server else None}
    if server is not None:
        environment["OPENAI_BASE_URL"] = server.base_url
    model = ["--model", "openai:gpt-5-mini"] if server else []
    return CliRunner(env=environment).invoke(
        app, ["demo", *model, *arguments], catch_exceptions=False
    )


def rows(result: Result) -> list[tuple[str, ...]]:
    """Name, what stands between, and the figures of each row but the seconds, which vary."""
    found = (re.match(r" *(\S+) +(yes|no|)" + FIGURES, line) for line in result.stdout.splitlines())
    return [match.groups() for match in found if match]


def repeated(result: Result) -> list[tuple[str, ...]]:
    """Rule, flips, and calls of each row of the essays that were graded again."""
    row = re.compile(r" *(1 vote|5 votes|adaptive, at most 9) +(\d+%|none) .* +(\d+) +\d+\.\d *$")
    found = map(row.match, result.stdout.splitlines())
    return [match.groups() for match in found if match]


@pytest.fixture
def essays(tmp_path: Path) -> list[str]:
    """The arguments that name two essays."""
    (tmp_path / "first.txt").write_text("\ufeffAn essay on marshes and walls.", "utf-8")
    (tmp_path / "second.txt").write_text("Füße.", "utf-8")
    return [f"--essay={tmp_path / name}.txt" for name in ("first", "second")]


def test_the_version_is_told():
    result = CliRunner().invoke(app, ["--version"])
    assert (result.exit_code, result.stdout) == (0, f"dllm {version('deterministic-llm')}\n")


def test_a_hosted_model_is_shown_free_and_enforced_with_what_asking_again_cost(essays) -> None:
    """First essay: unusable, then enforced. Second: usable, then asked again. Then by words."""
    oops = Reply("I \x1b[31mlike\nit[/]")
    with serving(
        [oops, NINE, Reply("Essay score: 3/10"), oops, NINE, oops, Reply("hm"), NINE]
    ) as server:
        result = demo(*essays, server=server)
    assert (result.exit_code, result.stderr) == (0, "Grading 2 essays with openai:gpt-5-mini\n")
    assert rows(result) == [
        ("first", "no", "9/10", "1", "0", "10"),
        ("second", "yes", "9/10", "2", "0", "20"),
        ("second", "", "9/10", "3", "0", "30"),
        ("first", "", "9/10", "1", "0", "10"),
    ]
    assert "I  [31mlike it[/]" not in result.stdout
    assert "I [31mlike it[/]" in result.stdout
    assert "Usable answers: 1 of 2 free, 2 of 2 enforced." in result.stdout
    assert "1,000,000 essays a day on gpt-5-mini: about $" in result.stdout
    assert "not good judgements" not in result.stdout
    assert [body["model"] for body in server.bodies] == ["gpt-5-mini"] * 9


def test_the_free_question_holds_the_prompt_and_nothing_of_ours(essays) -> None:
    """What the enforced question adds is missing from the free one."""
    with serving([NINE]) as server:
        demo(essays[1], server=server)
    free, enforced, _ = server.bodies
    assert free["messages"] == [
        {
            "role": "user",
            "content": "Grade this essay from 0 to 10.\n\nFüße.\n\nOutput in the following "
            "format: Essay score: {score}/10 and nothing else.",
        }
    ]
    assert enforced["messages"][0]["content"].startswith(free["messages"][0]["content"])
    assert free.keys() == {"model", "messages", "seed"}


def test_an_essay_without_a_score_is_a_finding(essays) -> None:
    """The same answer twice, and no valid one."""
    with serving([Reply("no")]) as server:
        result = demo(essays[0], server=server)
    assert result.exit_code == 0
    assert rows(result) == [
        ("first", "no", "none", "2", "0", "20"),
        ("first", "", "none", "2", "0", "20"),
    ]
    assert "Usable answers: 0 of 1 free, 0 of 1 enforced." in result.stdout


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        pytest.param(None, "cannot be read: No such file or directory (check the path)", id="none"),
        pytest.param(b" \n\t", "is empty (put an essay into it)", id="blanks only"),
        pytest.param(
            b"Fu\xdfe", "is not UTF-8: byte 0xdf at 2 (save it as UTF-8 text)", id="Latin-1"
        ),
        pytest.param(
            b"a" * 1_000_001, "is too long: more than 1,000,000 bytes (shorten it)", id="a megabyte"
        ),
    ],
)
def test_a_bad_file_is_one_sentence_before_any_call(essays, tmp_path, content, sentence) -> None:
    """The good essay before it is not graded first: nothing is paid for."""
    path = tmp_path / "bad.txt"
    if content is not None:
        path.write_bytes(content)
    with serving([NINE]) as server:
        result = demo(*essays, f"--essay={path}", server=server)
    assert (result.exit_code, result.stdout, result.stderr) == (2, "", f"dllm: {path} {sentence}\n")
    assert server.bodies == []


def test_a_folder_is_no_essay(tmp_path) -> None:
    """The operating system says so."""
    result = demo(f"--essay={tmp_path}")
    assert (result.exit_code, result.stderr) == (
        2,
        f"dllm: {tmp_path} cannot be read: Is a directory (check the path)\n",
    )


def test_an_essay_too_long_for_the_model_is_one_sentence_and_the_rest_goes_on(essays) -> None:
    """The first is too long, the second is graded."""
    with serving([TOO_LONG, NINE]) as server:
        result = demo(*essays, server=server)
    assert result.exit_code == 2
    assert [row[0] for row in rows(result)] == ["second", "second"]
    assert result.stderr.splitlines()[1:] == [
        "dllm: first is too long for this model (shorten it): 5000 tokens"
    ]


def test_a_server_that_stops_answering_loses_nothing_that_was_done(essays) -> None:
    """The first essay is shown although the second could not be graded."""
    with serving([NINE, NINE, failing(401)]) as server:
        result = demo(*essays, server=server)
    assert result.exit_code == 2
    assert rows(result) == [("first", "yes", "9/10", "1", "0", "10")]
    assert result.stderr.splitlines()[1:] == ["dllm: the call failed with status 401: status 401"]


@pytest.mark.parametrize(
    ("model", "sentence"),
    [
        pytest.param("openai:gpt-5-mini", "OPENAI_API_KEY is not set (set it,", id="no key"),
        pytest.param("gpt-5-mini", "names no provider", id="no provider"),
        pytest.param("local:smollm3", "neither a known model nor a GGUF file", id="unknown model"),
        pytest.param("local:/none.gguf", "No such file", id="no such file"),
    ],
)
def test_a_model_that_cannot_be_asked_is_one_sentence(essays, model, sentence) -> None:
    """Nothing is shown but why."""
    result = demo(*essays, "--model", model)
    assert (result.exit_code, result.stdout) == (2, "")
    [line] = [line for line in result.stderr.splitlines() if not line.startswith("Grading")]
    assert line.startswith("dllm: ")
    assert sentence in line


@dataclass
class Hanging(Reply):
    """An answer that never comes; *reached* says that it is waited for."""

    reached: threading.Event = field(default_factory=threading.Event)

    def payload(self) -> bytes:
        """Wait in vain."""
        self.reached.set()
        threading.Event().wait()  # the server's threads are daemons: this one ends with the tests
        return b""


@pytest.mark.skipif(sys.platform == "win32", reason="there is no such signal")
def test_ctrl_c_ends_with_code_130_and_shows_what_was_done(essays) -> None:
    """Interrupted while the second essay is waited for."""
    hanging = Hanging()
    with (
        serving([NINE, NINE, hanging]) as server,
        started(server, "--model", "openai:gpt-5-mini", *essays) as process,
    ):
        assert hanging.reached.wait(30)
        process.send_signal(signal.SIGINT)
        shown, complaints = process.communicate(timeout=30)
    assert process.returncode == 130
    assert re.search(r"first +yes" + FIGURES, shown, re.MULTILINE)
    assert complaints.splitlines()[-1] == "dllm: interrupted; above is what was done so far"


def started(server: Loopback, *arguments: str) -> subprocess.Popen[str]:
    environment = os.environ | {"OPENAI_BASE_URL": server.base_url, "OPENAI_API_KEY": "key"}
    command = [sys.executable, "-c", "from deterministic_llm.cli import main; main()", "demo"]
    return subprocess.Popen(  # noqa: S603  # our own command
        [*command, *arguments],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_the_embedded_model_is_held_to_the_format_and_does_not_pose_as_a_judge(tmp_path) -> None:
    """The real thing, on two words: how long it takes is a matter of the essay."""
    path = tmp_path / "short.txt"
    path.write_text("Marshes grow.", "utf-8")
    result = demo(f"--essay={path}", "--again=1")
    assert (result.exit_code, result.stderr) == (0, "Grading 1 essay with local:smollm2-135m\n")
    enforced = rows(result)[0]
    assert [name for name, _, _ in repeated(result)] == ["1 vote", "5 votes", "adaptive, at most 9"]
    assert (enforced[0], enforced[3:5]) == ("short", ("1", "0"))
    assert re.fullmatch(r"([0-9]|10)/10", enforced[2])
    shown = " ".join(result.stdout.split())
    assert "the enforced run (mode grammar)." in shown
    assert "they are not good judgements" in shown


def test_several_votes_flip_less_than_one(essays) -> None:
    """One that passes and one that fails, by one vote; by five the same two pass."""
    passed, fail = Reply("Essay grade: pass"), Reply("Essay grade: fail")
    graded = [NINE, NINE, NINE]
    one, five = [passed, fail], [passed, fail, passed, fail, passed]
    with serving([*graded, *one, *five, *five, *[passed] * 8]) as server:
        result = demo(essays[0], "--again=2", server=server)
    assert repeated(result) == [
        ("1 vote", "100%", "2"),
        ("5 votes", "0%", "10"),
        ("adaptive, at most 9", "0%", "8"),
    ]
    assert len(server.bodies) == 23


def test_a_hosted_model_is_not_asked_again_unasked(essays) -> None:
    """That would cost money."""
    with serving([NINE]) as server:
        assert repeated(demo(essays[0], server=server)) == []
    assert len(server.bodies) == 3


def test_the_essays_that_ship_are_found() -> None:
    """From the best to the worst, by the names of their files; twelve of them."""
    long, brief = ([each.name for each in essays] for essays in (shipped(), shipped_briefly()))
    assert (long, brief) == (sorted(long), sorted(brief))
    assert len(long) + len(brief) == 12


@pytest.mark.parametrize(
    ("model", "usage", "sentence"),
    [
        pytest.param(
            "gpt-5-mini",
            Usage(input_tokens=800, output_tokens=20),
            r"1,000,000 essays a day on gpt-5-mini: about \$\d+ a day, "
            r"at the 400 tokens in and 10 out that an essay took here\.",
            id="a known price",
        ),
        pytest.param(
            "no-such-model",
            Usage(input_tokens=800, output_tokens=20),
            r".*: cost unknown, genai-prices has no price for this model\.",
            id="an unknown model",
        ),
        pytest.param(
            "gpt-5-mini",
            Usage(),
            r".*: cost unknown, the server did not say how many tokens it used\.",
            id="no tokens told",
        ),
    ],
)
def test_a_cost_is_known_or_called_unknown(model: str, usage: Usage, sentence: str) -> None:
    """Never a zero that nobody knows."""
    assert re.fullmatch(sentence, daily_cost(model, usage, 2))


def test_without_genai_prices_it_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """None in sys.modules is how Python is told that a module is not there."""
    monkeypatch.setitem(sys.modules, "genai_prices", None)
    assert daily_cost("gpt-5-mini", Usage(input_tokens=1), 1) == (
        "1,000,000 essays a day on gpt-5-mini: cost unknown, genai-prices is not installed "
        "(pip install 'deterministic-llm[cost]')."
    )


@pytest.mark.parametrize(
    ("text", "line"),
    [
        pytest.param(None, "nothing", id="nothing"),
        pytest.param("a\n\x1b]0;b\x07 c", '"a ]0;b c"', id="control characters"),
        pytest.param("x" * 61, f'"{59 * "x"}…"', id="too long by one"),
        pytest.param("x" * 60, f'"{60 * "x"}"', id="just short enough"),
    ],
)
def test_answers_are_shown_on_one_harmless_line(text: str | None, line: str) -> None:
    """A model's text must not steer the terminal."""
    assert quoted(text) == line


def test_dllm_runs_with_the_arguments_of_the_process(monkeypatch, capsys) -> None:
    """What the installed script calls."""
    monkeypatch.setattr(sys, "argv", ["dllm", "demo", "--help"])
    with pytest.raises(SystemExit, match="0"):
        main()
    assert "--essay" in capsys.readouterr().out


@pytest.mark.parametrize("missing", ["typer", "rich"])
def test_without_its_extra_dllm_says_how_to_get_it(missing: str) -> None:
    """One sentence instead of a traceback."""
    script = (
        f"import sys; sys.modules[{missing!r}] = None\n"
        "from deterministic_llm.cli import main; main()"
    )
    assert finished([sys.executable, "-c", script]) == (
        1,
        f"dllm: {missing} is not installed (pip install 'deterministic-llm[cli]')\n",
    )


def finished(command: Sequence[str]) -> tuple[int, str]:
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    return done.returncode, done.stderr
