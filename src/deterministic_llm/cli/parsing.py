"""What ``dllm parse`` does: a text and what it is to be go in, what it was read as is shown."""

from __future__ import annotations

import json
from pathlib import Path

import typer
from pydantic_core import to_jsonable_python

from deterministic_llm._core.reading.outcomes import Parsed, Unread
from deterministic_llm._core.reading.reader import read
from deterministic_llm._core.schema.target import Target
from deterministic_llm.cli.accounts import as_json, explanation, missing
from deterministic_llm.cli.failing import failed
from deterministic_llm.cli.naming import is_named, named
from deterministic_llm.errors import ConfigurationError, SchemaError
from deterministic_llm.targets import Pattern, Schema, Template, compiled


def target_of(schema: str | None, template: str | None, pattern: str | None) -> Target[object]:
    """What the text is to be, by the one of these that was given."""
    given = [each for each in (schema, template, pattern) if each is not None]
    if len(given) != 1:
        message = "say what the text is to be, by one of --schema, --template and --pattern"
        raise failed(message, code=2)
    try:
        if schema is not None:
            return compiled(named(schema) if is_named(schema) else Schema.from_file(schema))
        return compiled(Template(given[0]) if pattern is None else Pattern(pattern))
    except (ConfigurationError, SchemaError) as error:
        raise failed(error, code=2) from error


def show_parsed(
    file: str, target: Target[object], *, strict: bool, explain: bool, as_json_alone: bool
) -> None:
    """Read *file* as *target*, and show its value or what is wrong; that ends the command, too."""
    name = "standard input" if file == "-" else file
    text = _text(file, name)
    reading = read(text, target, strict=strict)
    if as_json_alone:
        told = as_json(text, target, reading, strict=strict, explain=explain)
        typer.echo(json.dumps(told, indent=2, ensure_ascii=False))
    else:
        _show(reading)
        if isinstance(reading, Parsed) and reading.truncated:
            absent = ", ".join(missing(text, target, reading))
            lost = f"missing: {absent}" if absent else "no declared member is missing"
            typer.echo(f"dllm: {name}: the text is cut; {lost}", err=True)
    if explain and not as_json_alone:
        for line in explanation(name, text, target, reading, strict=strict):
            typer.echo(line, err=True)
    if not isinstance(reading, Parsed):
        raise typer.Exit(1)


def _show(reading: Parsed[object] | Unread) -> None:
    """Print the value, or on standard error what is wrong."""
    if isinstance(reading, Parsed):
        output: object = to_jsonable_python(reading.output)
        typer.echo(json.dumps(output, indent=2, ensure_ascii=False))
    else:
        for violation in reading.violations:
            typer.echo(str(violation), err=True)


def _text(file: str, name: str) -> str:
    try:
        data = typer.get_binary_stream("stdin").read() if file == "-" else Path(file).read_bytes()
        return data.decode("utf-8")
    except OSError as error:
        problem = f"{name}: cannot be read: {error.strerror} (check the path)"
        raise failed(problem, code=2) from error
    except UnicodeDecodeError as error:
        problem = f"{name}: is not UTF-8 at byte {error.start} (save it as UTF-8)"
        raise failed(problem, code=2) from error
