"""``dllm schema``: what a schema costs, what is wrong with it, what backends make of it."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated

import typer

from deterministic_llm._core.schema.lowering.dialects import DIALECTS
from deterministic_llm.cli.failing import failed
from deterministic_llm.errors import ConfigurationError, SchemaError

app = typer.Typer(name="schema", help="Schemas of answers.", no_args_is_help=True)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead.")]
DialectName = Annotated[str, typer.Option("--dialect", help=f"One of {', '.join(DIALECTS)}.")]
_UNUSABLE = (ConfigurationError, SchemaError)


@app.callback()
def schema() -> None:
    """Schemas of answers."""


@app.command("render")
def render_schema(file: str) -> None:
    """Show FILE, a JSON Schema or module:Type, as the notation that a prompt would hold."""
    from deterministic_llm._core.schema.rendering import render
    from deterministic_llm.cli.schemas import schema_at, token_count

    try:
        notation = render(schema_at(file))
    except _UNUSABLE as error:
        raise failed(error, code=2) from error
    typer.echo(notation)
    count = token_count(notation)
    if count is not None:
        typer.echo(f"{count} tokens (cl100k)", err=True)


@app.command("check")
def check_schema(file: str, *, as_json: AsJson = False) -> None:
    """Say what is wrong with FILE, a JSON Schema or module:Type, and what backends hold to.

    Exit code 0 means that it can work, 1 that it cannot, 2 that FILE is no schema.
    """
    from deterministic_llm._core.schema.lint import backends, lint
    from deterministic_llm.cli.findings import checked, show_check
    from deterministic_llm.cli.schemas import read_schema

    known = read_schema(file)
    found, taken = lint(known), backends(known)
    if as_json:
        typer.echo(json.dumps(checked(found, taken), indent=2, ensure_ascii=False))
    else:
        show_check(file, found, taken)
    if any(finding.level == "error" for finding in found):
        raise typer.Exit(1)


@app.command("lower")
def lower_schema(file: str, *, dialect: DialectName, as_json: AsJson = False) -> None:
    """Show FILE, a JSON Schema or module:Type, as the backend DIALECT takes it.

    What an answer is not held to is told on standard error.
    """
    from deterministic_llm._core.schema.lowering.lowering import lower
    from deterministic_llm.cli.findings import worded
    from deterministic_llm.cli.schemas import schema_at, token_count

    if dialect not in DIALECTS:
        typer.echo(f"dllm: unknown dialect {dialect!r}: use one of {', '.join(DIALECTS)}", err=True)
        raise typer.Exit(2)
    try:
        lowered = lower(schema_at(file), DIALECTS[dialect])
    except _UNUSABLE as error:
        raise failed(error, code=2) from error
    if as_json:
        told = {"schema": lowered.schema, "losses": [asdict(each) for each in lowered.losses]}
        typer.echo(json.dumps(told, indent=2, ensure_ascii=False))
        return
    typer.echo(json.dumps(lowered.schema, indent=2, ensure_ascii=False))
    for line in worded(lowered.losses):
        typer.echo(line, err=True)
    count = token_count(json.dumps(lowered.schema, separators=(",", ":"), ensure_ascii=False))
    if count is not None:
        typer.echo(f"{count} tokens (cl100k), sent without blanks", err=True)


@app.command("diff")
def diff_schemas(old: str, new: str, *, as_json: AsJson = False) -> None:
    """Say what changed from OLD to NEW, by field, and whether it breaks writers or readers.

    Exit code 0 means compatible, 1 breaking, 2 that one of them is no schema.
    """
    from deterministic_llm._core.schema.changes import changes_between
    from deterministic_llm.cli.findings import show_changes
    from deterministic_llm.cli.schemas import schema_at

    try:
        found = changes_between(schema_at(old), schema_at(new))
    except _UNUSABLE as error:
        raise failed(error, code=2) from error
    if as_json:
        told = [asdict(change) for change in found]
        typer.echo(json.dumps(told, indent=2, ensure_ascii=False))
    else:
        show_changes(found)
    if any(change.breaks for change in found):
        raise typer.Exit(1)
