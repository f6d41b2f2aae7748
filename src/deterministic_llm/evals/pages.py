"""A stability report as one page of HTML that needs no other file and runs nothing."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from typing import TYPE_CHECKING

from deterministic_llm.evals.plots import MOST, answers, calibration, flips, reliability, scores
from deterministic_llm.evals.tables import headline, lines_of

if TYPE_CHECKING:
    from deterministic_llm.evals.stability import Stability

_STYLE = """
:root { color-scheme: light dark; --ink: #1c2430; --pale: #6b7686; --line: #dde2ea; --back: #fff;
  --main: #2a6fdb; --bad: #d9572b; --good: #1f8a5b; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6eaf0; --pale: #97a3b4; --line: #323a46;
  --back: #14181e; --main: #6ea2f5; --bad: #f08a62; --good: #57c492; } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--back);
  max-width: 860px; margin: 2.5rem auto; padding: 0 1.2rem; }
h1 { font-size: 1.5rem; margin: 0 0 .3rem; } h2 { font-size: 1.1rem; margin: 2.2rem 0 .2rem; }
p { margin: .2rem 0 .8rem; color: var(--pale); } .stopped { color: var(--bad); }
table { border-collapse: collapse; width: 100%; }
td, th { text-align: left; padding: .32rem .7rem .32rem 0; border-bottom: 1px solid var(--line); }
td:nth-child(2) { text-align: right; font-variant-numeric: tabular-nums; font-weight: 600; }
td:nth-child(3), td:nth-child(4), th { color: var(--pale); font-weight: 400; }
td:nth-child(3) { font-variant-numeric: tabular-nums; white-space: nowrap; }
svg { width: 100%; height: auto; display: block; } svg text { font-size: 12px; fill: var(--pale); }
svg .name { fill: var(--ink); } .grid { stroke: var(--line); }
.dot { fill: var(--main); fill-opacity: .75; } .person { stroke: var(--bad); stroke-width: 2;
  fill: none; } .flip { fill: var(--bad); } .right { fill: var(--good); }
.between { stroke: var(--ink); stroke-width: 1.5; }
.part { fill: var(--main); stroke: var(--back); }
.shade1 { fill-opacity: .65; } .shade2 { fill-opacity: .45; } .shade3 { fill-opacity: .3; }
.shade4 { fill-opacity: .18; }
"""


def page(report: Stability) -> str:
    """The page: figures with intervals, and what lies behind them."""
    title = escape(f"Stability of {report.name}")
    return "\n".join(
        [
            "<!doctype html>",
            '<html lang="en"><head><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{title}</title><style>{_STYLE}</style></head><body>",
            f"<h1>{title}</h1>",
            f"<p>{escape(headline(report))}. Intervals are of 95 %.</p>",
            *_stopped(report),
            *_figures(report),
            *_pictures(report),
            "</body></html>\n",
        ]
    )


def _stopped(report: Stability) -> Iterator[str]:
    if report.stopped is not None:
        yield f'<p class="stopped">Stopped early: {escape(report.stopped)}</p>'


def _figures(report: Stability) -> Iterator[str]:
    yield "<table><tbody>"
    for line in lines_of(report.figures):
        cells = (line.called, line.value, line.between, line.means)
        yield f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in cells)}</tr>"
    yield "</tbody></table>"


def _pictures(report: Stability) -> Iterator[str]:
    numeric = report.figures.reliability is not None
    count = len(report.rows)
    only = f" The first {MOST} of {count:,} questions." if count > MOST else ""
    if numeric:
        told = "A dot is a score, as large as it is frequent; a cross is that of a person."
        yield from _section("Scores by question", told + only, scores(report))
    else:
        told = "Each part of a bar is an answer, the most frequent first."
        yield from _section("Answers by question", told + only, answers(report))
    told = "How often two runs of a question differ, the least stable first."
    yield from _section("Flips", told, flips(report))
    told = "How often the most frequent score is that of a person, by how many runs gave it."
    yield from _section("What agreement is worth", told, calibration(report))
    told = "How reliable the mean of several votes is, by Spearman and Brown from ICC(2,1)."
    yield from _section("What votes are worth", told, reliability(report))


def _section(title: str, told: str, picture: str) -> Iterator[str]:
    if picture:
        yield f"<h2>{escape(title)}</h2><p>{escape(told)}</p>{picture}"
