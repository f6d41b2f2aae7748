"""What was found about schemas, for a terminal and as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict

from rich.console import Console
from rich.text import Text

from deterministic_llm._core.schema.changes import Change
from deterministic_llm._core.schema.lint import Backend, Finding
from deterministic_llm._core.schema.lowering.scope import Loss, LossKind

_SAID: dict[LossKind, str] = {
    "described": "only described",
    "text": "as JSON text",
    "closed": "without other members",
    "null": "null or nothing is the same",
    "narrowed": "of one type alone",
}
_ORDER = {kind: place for place, kind in enumerate(_SAID)}
_COLOURS = {"error": "red", "warning": "yellow"}
_WIDTH = len("breaks writers and readers  ")
_SHOWN = 3
"""Places of one kind of loss that a line names."""


def show_check(file: str, found: Sequence[Finding], taken: Sequence[Backend]) -> None:
    """Print what is wrong first, then what each backend makes of it."""
    console = Console(soft_wrap=True, highlight=False)
    for finding in found:
        console.print(
            Text.assemble(
                (f"{finding.level:9}", _COLOURS[finding.level]),
                (f"{finding.pointer}", "bold"),
                f"  {finding.message} ({finding.fix})",
            )
        )
    console.print(Text(f"{file}: {_count(found)}"))
    for names, lines in _alike(taken):
        console.print(Text(", ".join(names), "bold"))
        for line in lines:
            console.print(Text(f"  {line}"))


def _alike(taken: Sequence[Backend]) -> list[tuple[list[str], list[str]]]:
    """Backends that make the same of it, together."""
    groups: dict[tuple[str, ...], list[str]] = {}
    for backend in taken:
        groups.setdefault(tuple(_backend(backend)), []).append(backend.dialect)
    return [(names, [*said]) for said, names in groups.items()]


def _backend(backend: Backend) -> list[str]:
    if backend.refused is not None:
        return [f"refused: {backend.refused}"]
    return [*worded(backend.losses)] or ["held to all of it"]


def _count(found: Sequence[Finding]) -> str:
    errors = sum(finding.level == "error" for finding in found)
    warnings = len(found) - errors
    said = [
        f"{count} {noun}{'' if count == 1 else 's'}"
        for count, noun in ((errors, "error"), (warnings, "warning"))
        if count
    ]
    return ", ".join(said) or "nothing is wrong with it"


def worded(losses: Sequence[Loss]) -> Iterator[str]:
    """A line for each kind of loss and the places where it is, with the keywords lost there."""
    places: dict[tuple[LossKind, str], list[str]] = {}
    for loss in losses:
        places.setdefault((loss.kind, loss.keyword), []).append(loss.pointer)
    keywords: dict[tuple[LossKind, tuple[str, ...]], list[str]] = {}
    for (kind, keyword), pointers in places.items():
        keywords.setdefault((kind, tuple(pointers)), []).append(keyword)
    for (kind, at), lost in sorted(keywords.items(), key=lambda each: _ORDER[each[0][0]]):
        shown = ", ".join(at[:_SHOWN])
        more = f" and {len(at) - _SHOWN} more" if len(at) > _SHOWN else ""
        subject = f"{', '.join(lost)} " if kind == "described" else ""
        yield f"{subject}{_SAID[kind]}: {shown}{more}"


def checked(found: Sequence[Finding], taken: Sequence[Backend]) -> dict[str, object]:
    """The same as JSON."""
    return {
        "findings": [asdict(finding) for finding in found],
        "backends": {
            backend.dialect: {
                "refused": backend.refused,
                "losses": [asdict(loss) for loss in backend.losses],
            }
            for backend in taken
        },
    }


def show_changes(found: Sequence[Change]) -> None:
    """Print every change, and then whether it is compatible."""
    console = Console(soft_wrap=True, highlight=False)
    for change in found:
        broken = " and ".join(change.breaks)
        label = Text(f"breaks {broken}", "red") if broken else Text("compatible", "green")
        label.pad_right(max(0, _WIDTH - len(label)))
        console.print(Text.assemble(label, (change.path, "bold"), f"  {change.what}"))
    parties = sorted({party for change in found for party in change.breaks}, reverse=True)
    if not found:
        console.print("no change that matters to a value")
    elif parties:
        console.print(f"breaking, for {' and '.join(parties)}")
    else:
        console.print("compatible")
