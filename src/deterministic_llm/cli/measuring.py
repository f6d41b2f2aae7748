"""What ``dllm stability`` does: its options become a scorer, the report is shown."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import cast

import typer
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from deterministic_llm._core.consensus.rules import Adaptive
from deterministic_llm.cli.naming import is_named, named
from deterministic_llm.cli.questions import Question, text_of
from deterministic_llm.enforcer.enforcers import Enforcer
from deterministic_llm.enforcer.options import ModelOptions
from deterministic_llm.errors import ConfigurationError, DeterministicLLMError
from deterministic_llm.evals.stability import Stability
from deterministic_llm.evals.tables import headline, lines_of
from deterministic_llm.generate import Model
from deterministic_llm.targets import Schema, Template


def show(report: Stability, *, page: Path | None, as_json: bool) -> None:
    """Print *report*, and write its *page*; that it was stopped ends the command."""
    if as_json:
        typer.echo(report.to_json(), nl=False)
    else:
        _table(report, Console(soft_wrap=True, highlight=False))
    if page is not None:
        _save(report, page)
    if report.stopped is not None:
        typer.echo(f"dllm: stopped: {report.stopped}", err=True)
        raise typer.Exit(1)


def _save(report: Stability, page: Path) -> None:
    """Write the page, once what was paid for has been shown."""
    try:
        report.save(page)
    except OSError as error:
        problem = f"{page}: cannot be written: {error.strerror} (check the path)"
        typer.echo(f"dllm: {problem}", err=True)
        raise typer.Exit(2) from error


@contextmanager
def ends_plainly(keep: Path | None) -> Generator[None]:
    """What goes wrong in the block is told in a sentence, and is an exit code."""
    try:
        yield
    except DeterministicLLMError as error:
        typer.echo(f"dllm: {error}", err=True)
        raise typer.Exit(2) from error
    except KeyboardInterrupt as interruption:
        typer.echo(f"dllm: {_interrupted(keep)}", err=True)
        raise typer.Exit(130) from interruption


def called(call: str) -> Enforcer[..., object]:
    """The decorated function at *call*."""
    found = named(call)
    if isinstance(found, Enforcer):
        return cast("Enforcer[..., object]", found)
    kind = type(found).__qualname__
    message = f"--call {call}: expected a function decorated with enforce, got {kind}"
    raise ConfigurationError(message)


def asked(
    model: str | None, prompt: Path | None, answer: str | None, questions: Sequence[Question]
) -> Enforcer[..., object]:
    """*model*, asked *prompt* with each of *questions* in it for *answer*."""
    if model is None or prompt is None or answer is None:
        raise ConfigurationError(_TOO_LITTLE)
    words = text_of(prompt)

    for each in questions:
        if not each.fits(words):
            members = " or ".join(f"{{{name}}}" for name in each.members)
            message = f"{prompt}: has no place for input {each.name} (write {members} in it)"
            raise ConfigurationError(message)

    def asking(question: Question) -> str:
        return question.put(words)

    asking.__name__ = asking.__qualname__ = model
    return Model(model).enforce(_target(answer))(asking)


_TOO_LITTLE = (
    "what is run? give --call module:function, or --model NAME, --prompt FILE and --answer FORM"
)


def _target(answer: str) -> type[object]:
    """What *answer* names: a type, a schema in a file, or the form itself."""
    if "{" in answer:
        target: object = Template(answer)
    else:
        target = named(answer) if is_named(answer) else Schema.from_file(answer)
    return cast("type[object]", target)  # what it is, is found out when it is compiled


def inputs_of(questions: Sequence[Question], *, call: str | None) -> Sequence[object]:
    """What the scorer is called with: members as keywords, or the question as it is."""
    return [dict(each.members) if call is not None else each for each in questions]


def options_of(votes: str | None, temperature: float | None, cache: Path | None) -> ModelOptions:
    """What the scorer is given besides, where it was said."""
    options: ModelOptions = {}
    if votes is not None:
        options["votes"] = Adaptive() if votes == "adaptive" else _count(votes)
    if temperature is not None:
        options["temperature"] = temperature
    if cache is not None:
        options["cache"] = cache
    return options


def _count(votes: str) -> int:
    if votes.isdecimal():
        return int(votes)
    message = f"--votes {votes}: expected a number, or adaptive"
    raise ConfigurationError(message)


def _interrupted(keep: Path | None) -> str:
    if keep is None:
        return "interrupted (with --keep FILE the runs so far would have been kept)"
    return f"interrupted; the runs so far are in {keep}, and the same command goes on"


def _table(report: Stability, console: Console) -> None:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, title_justify="left")
    for heading in ("figure", "value", "95 %", "what it is"):
        table.add_column(heading, justify="right" if heading == "value" else "left")
    for line in lines_of(report.figures):
        means = Text(line.means, "dim")
        table.add_row(Text(line.called, "bold"), line.value, line.between, means)
    console.print(Text(headline(report)))
    console.print(table)
