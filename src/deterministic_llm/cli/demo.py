"""``dllm demo``: essays go in, a table of a model's answers comes out, free and enforced."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from deterministic_llm.cli.essays import Essay, read_essay, shipped, shipped_briefly
from deterministic_llm.cli.grading import Grader, Grading
from deterministic_llm.cli.progress import bar
from deterministic_llm.cli.repeating import VOTES, Repetition
from deterministic_llm.cli.report import Report
from deterministic_llm.errors import ConfigurationError, PromptTooLong, ProviderError
from deterministic_llm.storage import models

_AGAIN = 4
_WORDED = 2
"""How many essays, the shortest, are graded by words alone as well."""
_NO_KEY = "OPENAI_API_KEY is not set (set it, or leave --model out to use the embedded model)"

Advance = Callable[[str], None]
Essays = Annotated[
    list[Path] | None,
    typer.Option("--essay", metavar="FILE", help="Grade this text file instead; repeatable."),
]
ModelName = Annotated[
    str,
    typer.Option("--model", help="Which model grades: local:NAME, local:FILE.gguf, openai:NAME."),
]
Again = Annotated[
    int | None,
    typer.Option(min=0, help="How often each essay is then graded; 4 with the embedded model."),
]


def demo(
    *, essay: Essays = None, model: ModelName = "local:smollm2-135m", again: Again = None
) -> None:
    """Grade essays freely and enforced, and show side by side what a program could use.

    With the embedded model they are then graded again and again, by one vote and by several.
    """
    runs = again if again is not None else _AGAIN if model.startswith("local:") else 0
    report = Report(model, Repetition(model, runs))
    code = 2
    try:
        essays = shipped() if essay is None else [read_essay(path) for path in essay]
        _grade(report, essays)
        if runs:
            _repeat(report, essays if essay is not None else [*shipped_briefly(), *essays])
    except (ConfigurationError, ProviderError) as error:
        report.problems.append(str(error))
    except KeyboardInterrupt:
        report.problems.append("interrupted; above is what was done so far")
        code = 130
    report.show(Console())
    for problem in report.problems:
        typer.echo(f"dllm: {problem}", err=True)
    if report.problems:
        raise typer.Exit(code)


def _grade(report: Report, essays: list[Essay]) -> None:
    """Grade *essays* into *report*, which holds what was done when this raises."""
    grader = Grader(report.model)
    if not grader.embedded and not os.environ.get("OPENAI_API_KEY"):
        raise ConfigurationError(_NO_KEY)
    if grader.embedded:
        # Here, because fetching it draws a progress bar of its own.
        models.locate(report.model.removeprefix("local:"))
    count = "1 essay" if len(essays) == 1 else f"{len(essays)} essays"
    typer.echo(f"Grading {count} with {report.model}", err=True)
    with _progress(2 * len(essays) + _WORDED) as advance:
        graded = [essay for essay in essays if _graded(report, grader, essay, advance)]
        for essay in sorted(graded, key=lambda essay: len(essay.text))[:_WORDED]:
            advance(f"{essay.name}, by words alone")
            report.worded.append((essay, grader.worded(essay)))


def _repeat(report: Report, essays: list[Essay]) -> None:
    """Grade *essays* again and again into *report*, the shortest first."""
    with _progress(len(essays) * len(VOTES)) as advance:
        for essay in sorted(essays, key=lambda essay: len(essay.text)):
            report.repetition.grade(essay, advance)


def _graded(report: Report, grader: Grader, essay: Essay, advance: Advance) -> bool:
    """Whether *essay* could be graded; one that is too long is a problem, and the rest goes on."""
    try:
        advance(f"{essay.name}, free")
        free = grader.free(essay)
        advance(f"{essay.name}, enforced")
        report.gradings.append(Grading(essay, free, grader.enforced(essay)))
    except PromptTooLong as error:
        said = error.attempts[-1].summary
        report.problems.append(f"{essay.name} is too long for this model (shorten it): {said}")
        return False
    return True


@contextmanager
def _progress(steps: int) -> Generator[Advance]:
    """Told the name of each step when it begins."""
    with bar(steps) as (shown, task):
        shown.update(task, completed=-1)  # a step is told when it begins
        yield lambda name: shown.update(task, advance=1, description=name)
