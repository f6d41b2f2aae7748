"""The public names: told three times alike, and loaded only when they are used."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

import deterministic_llm

SOURCE = Path(deterministic_llm.__file__).read_text("utf-8")
LOADED_WHEN_NEEDED = {
    "asyncio",
    "jsonschema",
    "openai",
    "regex",
    "rich",
    "tenacity",
    "typer",
    "xllamacpp",
}


def imported_for_checkers() -> dict[str, str]:
    """The imports under TYPE_CHECKING: name to module."""
    block = next(node for node in ast.parse(SOURCE).body if isinstance(node, ast.If))
    return {
        alias.asname or alias.name: statement.module or ""
        for statement in block.body
        if isinstance(statement, ast.ImportFrom)
        for alias in statement.names
    }


def test_all_is_sorted_and_equals_the_table_and_the_imports_for_checkers() -> None:
    homes = deterministic_llm._HOME_OF
    assert deterministic_llm.__all__ == sorted(homes)
    assert {name: f"deterministic_llm.{home}" for name, home in homes.items()} == (
        imported_for_checkers()
    )


@pytest.mark.parametrize("name", deterministic_llm.__all__)
def test_each_name_is_what_its_module_calls_so(name: str) -> None:
    home = import_module(f"deterministic_llm.{deterministic_llm._HOME_OF[name]}")
    assert getattr(deterministic_llm, name) is getattr(home, name)
    assert name in dir(deterministic_llm)


def test_each_name_stands_on_its_page() -> None:
    page = Path(__file__).parents[1] / "docs/api.md"
    rows = [row.split("|")[1] for row in page.read_text("utf-8").splitlines() if "|" in row]
    told = [name for cell in rows for name in re.findall(r"`(\w+)`", cell)]
    assert sorted(told) == deterministic_llm.__all__


def test_no_submodule_is_called_as_a_public_name_is() -> None:
    """Importing such a module would put it in the place of the name."""
    folder = Path(deterministic_llm.__file__).parent
    assert {path.stem for path in folder.iterdir()} & set(deterministic_llm.__all__) == set()


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'deterministic_llm' has no attribute 'x'"):
        deterministic_llm.x  # noqa: B018


READS_A_MESS = """
from deterministic_llm import parse
print(parse("Sure! Here it is: ```json\\n{'score': 8, }\\n``` All the best!", dict[str, int]))
"""
TELLS_COMMANDS = """
import sys
from deterministic_llm.cli import main
sys.argv = ["dllm", "--help"]
try:
    main()
except SystemExit as end:
    assert end.code == 0
"""
SDKS = {"anthropic", "google.genai", "llguidance", "openai", "xllamacpp"}
OF_CALLS = {"asyncio", "deterministic_llm._core.loop", "sqlite3", "tenacity"}
OF_DOCUMENTS = {"deterministic_llm._core.schema.lowering.lowering", "jsonschema", "referencing"}
OF_COMMANDS = {"rich.console", "typer"}


@pytest.mark.parametrize(
    ("script", "absent"),
    [
        pytest.param("import deterministic_llm", {*LOADED_WHEN_NEEDED, "pydantic"}, id="package"),
        pytest.param(
            "from deterministic_llm import Violation, SchemaError",
            LOADED_WHEN_NEEDED,
            id="records and errors",
        ),
        pytest.param(
            "from deterministic_llm import parse",
            {*SDKS, *OF_CALLS, *OF_DOCUMENTS, *OF_COMMANDS},
            id="parse",
        ),
        pytest.param(
            READS_A_MESS, {*SDKS, *OF_CALLS, *OF_DOCUMENTS, *OF_COMMANDS}, id="a messy answer"
        ),
        pytest.param(
            "from deterministic_llm import enforce",
            {*SDKS, *OF_COMMANDS, "jsonschema", "referencing"},
            id="enforce",
        ),
        pytest.param(
            "from deterministic_llm import Model",
            {*SDKS, *OF_COMMANDS, "jsonschema", "referencing"},
            id="Model",
        ),
        pytest.param(
            TELLS_COMMANDS,
            {*SDKS, *OF_CALLS, *OF_DOCUMENTS, "deterministic_llm.targets", "pydantic"},
            id="dllm --help",
        ),
    ],
)
def test_importing_loads_nothing_that_is_not_needed(script: str, absent: set[str]) -> None:
    """In a fresh process, since this one has loaded everything."""
    loaded = subprocess.run(  # noqa: S603  # our own script
        [sys.executable, "-c", f"{script}\nimport sys\nprint(*sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    assert "deterministic_llm" in loaded
    assert absent.intersection(loaded) == set()
