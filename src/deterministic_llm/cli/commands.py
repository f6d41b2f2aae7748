"""The commands of ``dllm``, put together."""

from __future__ import annotations

import typer

from deterministic_llm.cli import cache, demo, models, parse, schema, stability

app = typer.Typer(
    name="dllm",
    help="Typed values from language models.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command("demo")(demo.demo)
app.command("parse")(parse.parse)
app.command("stability")(stability.stability)
app.add_typer(cache.app)
app.add_typer(models.app)
app.add_typer(schema.app)
