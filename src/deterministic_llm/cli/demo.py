"""``dllm demo``: essays go in, a table of a model's answers comes out, free and enforced."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from deterministic_llm.cli.essays import read_essay, shipped, shipped_briefly
from deterministic_llm.errors import ConfigurationError, ProviderError

_AGAIN = 4

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
    from rich.console import Console

    from deterministic_llm.cli.demonstration import grade, repeat
    from deterministic_llm.cli.repeating import Repetition
    from deterministic_llm.cli.report import Report

    runs = again if again is not None else _AGAIN if model.startswith("local:") else 0
    report = Report(model, Repetition(model, runs))
    code = 2
    try:
        essays = shipped() if essay is None else [read_essay(path) for path in essay]
        grade(report, essays)
        if runs:
            repeat(report, essays if essay is not None else [*shipped_briefly(), *essays])
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
