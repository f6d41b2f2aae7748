"""``dllm cache``: what a cache of answers holds, and emptying it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from deterministic_llm.cli.failing import failed
from deterministic_llm.errors import ConfigurationError

if TYPE_CHECKING:
    from deterministic_llm.storage.cache import Cache

app = typer.Typer(name="cache", help="Answers that were kept.", no_args_is_help=True)

Place = Annotated[
    Path | None, typer.Option("--path", help="The file; the user's own cache by default.")
]
Days = Annotated[float | None, typer.Option(help="Only what is older than so many days.")]
_A_DAY = 86400.0


@app.command("stats")
def show(*, path: Place = None) -> None:
    """Show how many answers there are, of which models, how old and how large."""
    try:
        with _existing(path) as cache:
            stats = cache.stats()
    except ConfigurationError as error:
        raise failed(error, code=1) from error
    count = sum(stats.answers.values())
    typer.echo(stats.path)
    typer.echo(f"{count:,} answers, {stats.size / 1e6:.1f} MB")
    for model, answers in stats.answers.items():
        typer.echo(f"  {model or 'unnamed'}: {answers:,}")
    if stats.oldest is not None and stats.newest is not None:
        typer.echo(f"from {_day(stats.oldest)} to {_day(stats.newest)}")


@app.command("clear")
def clear(*, path: Place = None, older_than: Days = None) -> None:
    """Remove the answers, all of them or the old ones."""
    try:
        with _existing(path) as cache:
            gone = cache.clear(older_than=None if older_than is None else older_than * _A_DAY)
    except ConfigurationError as error:
        raise failed(error, code=1) from error
    typer.echo(f"removed {gone:,} answers")


def _existing(path: Path | None) -> Cache:
    """The cache at *path*, which a look does not make; raises ConfigurationError without one."""
    from deterministic_llm.storage.cache import Cache

    cache = Cache(path)
    if not cache.path.exists():
        message = f"{cache.path}: there is no cache yet (it is made at the first answer)"
        raise ConfigurationError(message)
    return cache


def _day(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M UTC")
