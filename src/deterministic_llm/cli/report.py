"""What the demo found, as tables and totals on a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from deterministic_llm._core.exchange import Usage
from deterministic_llm.cli.essays import Essay
from deterministic_llm.cli.grading import Grading, Run
from deterministic_llm.cli.prices import daily_cost
from deterministic_llm.cli.repeating import Repetition

_CLIP = 60
_PRICED = "gpt-5-mini"
"""The hosted model whose price is shown when the demo ran on none."""
_NO_JUDGE = (
    "These scores are well-formed, but they are not good judgements: the embedded model is far too "
    "small to grade essays. What it shows is that each answer can be used by a program."
)


@dataclass(slots=True)
class Report:
    """What was found so far, on the *model* with this name."""

    model: str
    repetition: Repetition
    gradings: list[Grading] = field(default_factory=list[Grading])
    worded: list[tuple[Essay, Run]] = field(default_factory=list[tuple[Essay, Run]])
    problems: list[str] = field(default_factory=list[str])

    def show(self, console: Console) -> None:
        """Print all of it; nothing when nothing was found."""
        if self.gradings:
            console.print(_gradings(self.gradings), "")
        if self.worded:
            console.print(_worded(self.worded), "")
        if self.repetition.figures():
            console.print(self.repetition.table(), "")
        if self.gradings:
            self._show_totals(console)

    def _show_totals(self, console: Console) -> None:
        count = len(self.gradings)
        free = sum(grading.usable for grading in self.gradings)
        enforced = sum(not grading.enforced.exhausted for grading in self.gradings)
        lines = [
            f"Usable answers: {free} of {count} free, {enforced} of {count} enforced.",
            *self._costs(),
        ]
        if self.model.startswith("local:"):
            lines.append(_NO_JUDGE)
        for line in lines:
            console.print(Text(line))

    def _costs(self) -> list[str]:
        provider, _, name = self.model.partition(":")
        priced = _PRICED if provider == "local" else name
        runs = [grading.enforced for grading in self.gradings]
        lines = [daily_cost(priced, _usage(runs), len(runs))]
        again = [run for _, run in self.worded]
        if again:
            lines.append(f"Asked by words alone, {daily_cost(priced, _usage(again), len(again))}")
        return lines


def _gradings(gradings: Sequence[Grading]) -> Table:
    modes = ", ".join(sorted({grading.enforced.mode for grading in gradings}))
    table = _table(
        "essay, and the free answer",
        "usable",
        title="The same prompt, free and enforced",
        caption="usable: the free answer is the format and nothing else. "
        f"From score on: the enforced run (mode {modes}).",
    )
    for grading in gradings:
        usable = Text("yes", "green") if grading.usable else Text("no", "red")
        answer = _beneath(grading.essay, [quoted(grading.free.text)])
        table.add_row(answer, usable, *_figures(grading.enforced))
    return table


def _worded(worded: Sequence[tuple[Essay, Run]]) -> Table:
    table = _table(
        "essay, and every answer",
        title="Enforced by words alone",
        caption="Nothing holds the answer here (mode prompt): an invalid one is asked for again, "
        "and that costs.",
    )
    for essay, run in worded:
        tries = [f"{attempt.outcome}: {quoted(attempt.text)}" for attempt in run.attempts]
        table.add_row(_beneath(essay, tries), *_figures(run))
    return table


def _table(*first: str, title: str, caption: str) -> Table:
    table = Table(
        box=box.SIMPLE_HEAD,
        pad_edge=False,
        collapse_padding=True,
        title=title,
        caption=caption,
        title_style="bold",
        title_justify="left",
        caption_justify="left",
    )
    table.add_column(first[0], overflow="fold")
    for name in (*first[1:], "score", "attempts", "repairs", "tokens", "seconds"):
        table.add_column(name, justify="right", no_wrap=True)
    return table


def _beneath(essay: Essay, lines: Sequence[str]) -> Text:
    return Text.assemble((essay.name, "bold"), "\n", ("\n".join(lines), "dim"))


def _figures(run: Run) -> list[Text]:
    score = Text("none", "red") if run.output is None else Text(f"{run.output.score}/10", "green")
    figures = (
        f"{len(run.attempts)}",
        f"{sum(repair.count for repair in run.repairs)}",
        f"{run.usage.total_tokens:,}",
        f"{run.elapsed:.1f}",
    )
    return [score, *map(Text, figures)]


def _usage(runs: Sequence[Run]) -> Usage:
    return sum((run.usage for run in runs), start=Usage())


def quoted(text: str | None) -> str:
    """*text* on one line, at most 60 characters of it, without what would steer a terminal."""
    if text is None:
        return "nothing"
    line = "".join(char if char.isprintable() else " " for char in text)
    line = " ".join(line.split())
    return f'"{line}"' if len(line) <= _CLIP else f'"{line[: _CLIP - 1]}…"'
