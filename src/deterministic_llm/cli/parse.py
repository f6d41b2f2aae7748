"""``dllm parse``: a text on the way in, its value or what is wrong with it on the way out."""

from __future__ import annotations

from typing import Annotated

import typer

SchemaName = Annotated[
    str | None, typer.Option("--schema", help="A JSON Schema file, or module:Type.")
]
TemplateText = Annotated[
    str | None, typer.Option("--template", help='Text with fields: "Score: {score:int}/10".')
]
PatternText = Annotated[
    str | None, typer.Option("--pattern", help="A regular expression with named groups.")
]
Strict = Annotated[bool, typer.Option("--strict", help="The text as it stands, or not at all.")]
Explain = Annotated[
    bool,
    typer.Option(
        "--explain", help="Show where the text leaves the target, its repairs and its rivals."
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON alone.")]


def parse(  # noqa: PLR0913  # each is an option of the command
    file: Annotated[str, typer.Argument(help="The text; - is the standard input.")] = "-",
    *,
    schema: SchemaName = None,
    template: TemplateText = None,
    pattern: PatternText = None,
    strict: Strict = False,
    explain: Explain = False,
    as_json_alone: AsJson = False,
) -> None:
    """Read FILE, what a model wrote, and print its value as JSON, or what is wrong with it.

    Exit code 0 means that it has a value, 1 that it has none, 2 that it could not be read at all.
    The value of a text that was cut is its closed members; what is missing is said besides.
    """
    from deterministic_llm.cli.parsing import show_parsed, target_of

    target = target_of(schema, template, pattern)
    show_parsed(file, target, strict=strict, explain=explain, as_json_alone=as_json_alone)
