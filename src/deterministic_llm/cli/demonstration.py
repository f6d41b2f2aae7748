"""What ``dllm demo`` does: essays go in, a report is filled with what a model makes of them."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator
from contextlib import contextmanager

import typer

from deterministic_llm.cli.essays import Essay
from deterministic_llm.cli.grading import Grader, Grading
from deterministic_llm.cli.progress import bar
from deterministic_llm.cli.repeating import VOTES
from deterministic_llm.cli.report import Report
from deterministic_llm.errors import ConfigurationError, PromptTooLong
from deterministic_llm.storage import models

_WORDED = 2
"""How many essays, the shortest, are graded by words alone as well."""
_NO_KEY = "OPENAI_API_KEY is not set (set it, or leave --model out to use the embedded model)"

Advance = Callable[[str], None]


def grade(report: Report, essays: list[Essay]) -> None:
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


def repeat(report: Report, essays: list[Essay]) -> None:
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
