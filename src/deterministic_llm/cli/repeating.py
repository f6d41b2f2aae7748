"""The same essays graded again and again: essays go in, how often gradings differ comes out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import isnan
from typing import Literal

from rich import box
from rich.table import Table
from rich.text import Text

from deterministic_llm._core.consensus.rules import Adaptive, Voting
from deterministic_llm.cli.essays import Essay
from deterministic_llm.enforcer.enforcers import Enforcer
from deterministic_llm.enforcer.options import ModelOptions
from deterministic_llm.evals.figures import Figures, figures_of
from deterministic_llm.evals.runs import Run
from deterministic_llm.evals.stability import stability
from deterministic_llm.generate import Model
from deterministic_llm.targets import Record, Template

VOTES: Mapping[str, int | Voting] = {"1 vote": 1, "5 votes": 5, "adaptive, at most 9": Adaptive()}
"""The rules that are compared."""
_GRADE = Template("Essay grade: {grade}", grade=Literal["pass", "fail"])
_SAMPLED: ModelOptions = {
    "temperature": 1.0,
    "max_tokens": 12,
    "extra_body": {"cache_prompt": True},  # the essay is read once, and answered many times
}


@dataclass(slots=True)
class Repetition:
    """The gradings so far, *runs* of each essay by each rule."""

    model: str
    runs: int
    rows: dict[str, list[Sequence[Run]]] = field(
        default_factory=lambda: {rule: list[Sequence[Run]]() for rule in VOTES}
    )

    def grade(self, essay: Essay, advance: Callable[[str], None]) -> None:
        """Grade *essay* by every rule; raises ProviderError when no answer comes."""
        grader = _grader(self.model)
        found: dict[str, Sequence[Run]] = {}
        for rule, votes in VOTES.items():
            advance(f"{essay.name}, {rule}")
            report = stability(
                grader.with_options(votes=votes), [essay.text], runs=self.runs, concurrency=1
            )
            found[rule] = report.rows[0]
        for rule, row in found.items():
            self.rows[rule].append([replace(run, item=len(self.rows[rule])) for run in row])

    def figures(self) -> Mapping[str, Figures]:
        """What was found by each rule; nothing before the first essay."""
        return {rule: figures_of(rows) for rule, rows in self.rows.items() if rows}

    def table(self) -> Table:
        """The rules side by side."""
        table = Table(
            box=box.SIMPLE_HEAD,
            pad_edge=False,
            title="The same essays, graded again and again",
            caption=f"Each of {len(next(iter(self.rows.values())))} essays, pass or fail, "
            f"{self.runs} times at temperature 1. flips: how often two gradings of an essay "
            "differ. Votes buy stability, and are no better judges.",
            title_style="bold",
            title_justify="left",
            caption_justify="left",
        )
        for name in ("votes", "flips", "95 %", "always the same", "calls", "seconds"):
            table.add_column(name, justify="left" if name == "votes" else "right", no_wrap=True)
        for rule, known in self.figures().items():
            flips, same = known.flips, known.same_answer
            differ = not isnan(flips.value)  # one grading of each has nothing to differ from
            figures = (
                f"{flips.value:.0%}" if differ else "none",
                f"{flips.low:.0%} to {flips.high:.0%}" if differ else "",
                f"{same.value * known.items:.0f} of {known.items}",
                f"{known.calls:,}",
                f"{known.seconds:.1f}",
            )
            table.add_row(Text(rule, "bold"), *figures)
        return table


def _grader(model: str) -> Enforcer[[str], Record]:
    options: ModelOptions = _SAMPLED if model.startswith("local:") else {}
    grade = Model(model, **options).enforce(_GRADE)
    return grade(_asked)


def _asked(text: str) -> str:
    return (
        f"Grade this essay: pass or fail.\n\n{text}\n\n"
        "Output in the following format: Essay grade: {grade} and nothing else."
    )
