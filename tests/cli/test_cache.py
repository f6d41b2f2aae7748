"""``dllm cache``: what it shows, what it removes, and how it ends."""

from __future__ import annotations

from pathlib import Path

from typer.testing import CliRunner

from deterministic_llm import Cache, Completion
from deterministic_llm.cli.cache import app


def filled(path: Path) -> Path:
    """Three answers: one of 1970, two of 2026."""
    for key, now in (("a", 0.0), ("b", 1.79e9), ("c", 1.79e9)):
        with Cache(path, clock=lambda now=now: now) as cache:
            cache.keep(key, Completion("9", model="m-1" if key == "c" else None))
    return path


def test_stats_tells_what_there_is(tmp_path: Path) -> None:
    path = filled(tmp_path / "answers.sqlite")
    result = CliRunner().invoke(app, ["stats", "--path", str(path)])
    lines = result.stdout.splitlines()
    assert (result.exit_code, lines[0]) == (0, str(path))
    span = "from 1970-01-01 00:00 UTC to 2026-09-21 14:13 UTC"
    assert lines[2:] == ["  unnamed: 2", "  m-1: 1", span]
    assert lines[1].startswith("3 answers, 0.0 MB")


def test_clear_removes_the_old_ones_or_all(tmp_path: Path) -> None:
    path = filled(tmp_path / "answers.sqlite")
    old = CliRunner().invoke(app, ["clear", "--path", str(path), "--older-than", "9000"])
    assert (old.exit_code, old.stdout) == (0, "removed 1 answers\n")
    every = CliRunner().invoke(app, ["clear", "--path", str(path)])
    assert (every.exit_code, every.stdout) == (0, "removed 2 answers\n")
    empty = CliRunner().invoke(app, ["stats", "--path", str(path)])
    assert empty.stdout.splitlines()[1].startswith("0 answers")


def test_a_cache_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "answers.sqlite"
    for command in ("stats", "clear"):
        result = CliRunner().invoke(app, [command, "--path", str(path)])
        assert result.exit_code == 1
        assert result.stderr == (
            f"dllm: {path}: there is no cache yet (it is made at the first answer)\n"
        )
    assert not path.exists()


def test_a_file_of_another_kind_is_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "answers.sqlite"
    path.write_text("a text\n" * 500)
    for command in ("stats", "clear"):
        result = CliRunner().invoke(app, [command, "--path", str(path)])
        assert result.exit_code == 1
        assert result.stderr.startswith(f"dllm: {path}: is no cache of answers: ")
