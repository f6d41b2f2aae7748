"""A bar for what takes more than two seconds: on standard error, if that is a terminal."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import Progress, TaskID, TimeElapsedColumn


@contextmanager
def bar(steps: int) -> Generator[tuple[Progress, TaskID]]:
    """The bar, for so many *steps*; it is gone at the end."""
    console = Console(stderr=True)
    columns = (*Progress.get_default_columns()[:-1], TimeElapsedColumn())
    shown = Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
    with shown:
        yield shown, shown.add_task("", total=steps)
