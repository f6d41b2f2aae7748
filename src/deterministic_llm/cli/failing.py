"""A command that cannot go on: what is wrong goes in, what ends the command comes out."""

from __future__ import annotations

import typer

from deterministic_llm.errors import ConfigurationError, SchemaError


def failed(problem: str | ConfigurationError | SchemaError, *, code: int) -> typer.Exit:
    """The end of a command with the exit *code*, once *problem* is told on standard error."""
    typer.echo(f"dllm: {problem}", err=True)
    return typer.Exit(code)
