"""Plain tables on the standard output."""

from __future__ import annotations

from collections.abc import Sequence


def show(title: str, header: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print *rows* under *header*: the first column to the left, the others to the right."""
    lines = [list(header), *([str(cell) for cell in row] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    print(f"\n{title}")
    for line in lines:
        first, *others = (cell.rjust(width) for cell, width in zip(line, widths, strict=True))
        print("  ".join([first.strip().ljust(widths[0]), *others]).rstrip())


def percent(part: int, whole: int) -> str:
    """*part* of *whole*, with one digit behind the point; a dash when there is no whole."""
    return f"{100 * part / whole:.1f} %" if whole else "-"


def met(condition: object) -> str:
    """How an aim stands."""
    return "ok" if condition else "MISSED"
