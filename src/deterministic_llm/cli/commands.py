"""The commands of ``dllm``, put together."""

from __future__ import annotations

from importlib import metadata
from typing import Annotated

import typer

from deterministic_llm.cli import cache, demo, models, parse, schema, stability

app = typer.Typer(
    name="dllm",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def _told(asked: bool) -> None:  # noqa: FBT001  # as typer calls it
    if asked:
        typer.echo(f"dllm {metadata.version('deterministic-llm')}")
        raise typer.Exit


@app.callback()
def dllm(
    *,
    version: Annotated[
        bool,
        typer.Option("--version", callback=_told, is_eager=True, help="Show the version and exit."),
    ] = False,
) -> None:
    """Typed values from language models."""


app.command("demo")(demo.demo)
app.command("parse")(parse.parse)
app.command("stability")(stability.stability)
app.add_typer(cache.app)
app.add_typer(models.app)
app.add_typer(schema.app)
