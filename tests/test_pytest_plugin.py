"""The pytest plugin: a marker puts the calls of a test on a cassette beside it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest

from deterministic_llm.pytest_plugin import _MODES
from deterministic_llm.storage.cassettes import Mode

pytest_plugins = ["pytester"]

TESTS = """
import pytest
from deterministic_llm.testing import ScriptedModel

def ask(*answers):
    return ScriptedModel(answers).generate("?", int)

@pytest.mark.cassette
def test_marked():
    assert ask("1") == 1

@pytest.mark.cassette("shared.jsonl")
@pytest.mark.parametrize("word", ["a b", "a/b"])
def test_shared(word):
    assert ask("2") == 2

class TestClass:
    @pytest.mark.cassette
    @pytest.mark.parametrize("word", ["a b", "a/b"])
    def test_in_a_class(self, word):
        assert ask("3") == 3

def test_by_name(cassette):
    assert ask("4") == 4
    assert len(cassette.takes) == 1

def test_without():
    assert ask("5") == 5
"""
DEAF = TESTS.replace("ScriptedModel(answers)", "ScriptedModel([])")
RUN = ("-p", "no:cacheprovider", "-q")


@pytest.fixture
def written(pytester: pytest.Pytester) -> pytest.Pytester:
    pytester.makepyfile(test_it=TESTS)
    return pytester


def files(pytester: pytest.Pytester) -> list[str]:
    folder = pytester.path / "cassettes"
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*.jsonl"))


def test_a_marked_test_is_recorded_once_and_then_replayed(written: pytest.Pytester):
    written.runpytest_inprocess(*RUN).assert_outcomes(passed=7)
    first = files(written)
    assert [name for name in first if "in_a_class" not in name] == [
        "shared.jsonl",
        "test_it/test_by_name.jsonl",
        "test_it/test_marked.jsonl",
    ]
    assert len(first) == 5
    written.makepyfile(test_it=DEAF)
    written.runpytest_inprocess(*RUN).assert_outcomes(passed=6, failed=1)
    assert files(written) == first


@pytest.mark.parametrize(
    ("mode", "outcomes", "recorded"),
    [
        ("off", {"passed": 6, "failed": 1}, 0),
        ("record", {"passed": 7}, 5),
        ("replay", {"passed": 1, "errors": 6}, 0),
    ],
)
def test_an_option_says_what_all_cassettes_do(
    written: pytest.Pytester, mode: str, outcomes: dict[str, int], recorded: int
):
    written.runpytest_inprocess(*RUN, f"--cassettes={mode}").assert_outcomes(**outcomes)
    assert len(files(written)) == recorded


def test_a_marker_that_cannot_be_read_is_told(pytester: pytest.Pytester):
    pytester.makepyfile(
        """
        import pytest

        @pytest.mark.cassette(moed="record")
        def test_it():
            pass

        @pytest.mark.cassette(mode="always")
        def test_that():
            pass
        """
    )
    result = pytester.runpytest_inprocess(*RUN)
    result.assert_outcomes(errors=2)
    result.stdout.fnmatch_lines(["*pytest.mark.cassette: expected a name and a mode*"])


def test_the_plugin_is_found_and_loads_nothing_heavy(tmp_path: Path):
    """In a session of its own, of which it is a part by being installed."""
    (tmp_path / "test_it.py").write_text(
        "import sys\n"
        "def test_it(pytestconfig):\n"
        "    assert pytestconfig.pluginmanager.has_plugin('deterministic_llm')\n"
        "    assert not {'pydantic', 'openai', 'sqlite3', 'tenacity'} & set(sys.modules)\n"
    )
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        *ALONE,
        str(tmp_path),
    ]
    result = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    assert result.returncode == 0, result.stdout


ALONE = [
    part
    for name in ("xdist", "pytest_cov", "timeout", "hypothesispytest", "pytest_examples", "anyio")
    for part in ("-p", f"no:{name}")
]


def test_the_plugin_names_the_modes_of_a_cassette():
    """They stand there once more, since it is loaded in every session and imports nothing."""
    assert get_args(Mode) == _MODES
