"""What the documentation shows is so: each example runs, each path is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pytest_examples import CodeExample, EvalExample, find_examples

from deterministic_llm.providers import local
from deterministic_llm.storage import models

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "ARCHITECTURE.md", *sorted(ROOT.glob("docs/**/*.md"))]
EXAMPLES = list(find_examples(*PAGES))
LINKS = re.compile(r"\]\(([^)#:]+)\)")
PLACES = re.compile(r"`([\w./-]+(?:/|\.(?:py|md|toml|json)))`")
ROOTS = (ROOT, ROOT / "src/deterministic_llm")


def named(example: CodeExample) -> str:
    return f"{example.path.name}:{example.start_line}"


@pytest.fixture
def hosted(monkeypatch: pytest.MonkeyPatch) -> None:
    """The embedded engine in the place of a hosted server: it speaks the same interface."""
    endpoint = local.address(models.locate("smollm2-135m"))
    monkeypatch.setenv("OPENAI_BASE_URL", endpoint.base_url)
    monkeypatch.setenv("OPENAI_API_KEY", endpoint.api_key)


@pytest.mark.untraced
@pytest.mark.parametrize("example", EXAMPLES, ids=named)
def test_examples_run_and_print_what_they_say(
    example: CodeExample, eval_example: EvalExample, request: pytest.FixtureRequest
) -> None:
    """Every Python example of every page, each in a namespace of its own."""
    if "OpenAI()" in example.source:
        request.getfixturevalue("hosted")
    if eval_example.update_examples:  # pytest --update-examples writes what is printed
        eval_example.run_print_update(example)
    else:
        eval_example.run_print_check(example)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_and_paths_lead_somewhere(page: Path) -> None:
    """A renamed file is noticed in the pages that name it."""
    text = page.read_text("utf-8")
    links = [link for link in LINKS.findall(text) if not (page.parent / link).exists()]
    places = [
        place
        for place in PLACES.findall(text)
        if page.name == "ARCHITECTURE.md" and not any((root / place).exists() for root in ROOTS)
    ]
    assert (links, places) == ([], [])
