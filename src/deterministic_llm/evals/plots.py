"""Pictures of a stability report, as SVG: runs go in, elements of a page come out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from html import escape
from math import sqrt
from typing import TYPE_CHECKING

from deterministic_llm._core.consensus.agreement import pair_flip_rate
from deterministic_llm._core.consensus.intervals import wilson
from deterministic_llm._core.consensus.reliability import of_votes
from deterministic_llm.evals.runs import Run

if TYPE_CHECKING:
    from deterministic_llm.evals.stability import Stability

MOST = 100
"""How many questions are drawn."""
_ROW = 22
_LEFT = 190
_WIDE = 620
_LABEL = 24


def scores(report: Stability) -> str:
    """Each question's scores as dots as large as they are frequent, and a person's as a cross."""
    rows = list(zip(report.names, report.rows, report.labels, strict=True))[:MOST]
    known = [run.score for _, row, _ in rows for run in row if run.score is not None]
    known += [label for _, _, label in rows if label is not None]
    if not known:
        return ""
    low, high = min(known), max(known)
    low, high = (low - 1, high + 1) if low == high else (low, high)
    parts = [*_scale(low, high, len(rows))]
    for index, (name, row, label) in enumerate(rows):
        middle = _ROW * index + _ROW / 2
        parts.append(_named(name, middle))
        counts = Counter(run.score for run in row if run.score is not None)
        for score, count in sorted(counts.items()):
            radius = 2 + 7 * sqrt(count / max(len(row), 1))
            title = f"{score:g}: {count} of {len(row)}"
            place = _across(score, low, high)
            parts.append(_dot(place, middle, radius, title))
        if label is not None:
            parts.append(_cross(_across(label, low, high), middle, f"{label:g}: a person"))
    return _picture(_ROW * len(rows) + 30, parts)


def answers(report: Stability) -> str:
    """Each question's answers as parts of a bar, the most frequent first."""
    parts: list[str] = []
    rows = list(zip(report.names, report.rows, strict=True))[:MOST]
    for index, (name, row) in enumerate(rows):
        top = _ROW * index
        parts.append(_named(name, top + _ROW / 2))
        left = float(_LEFT)
        counts = Counter(_said(run) for run in row if run.answered)
        for shade, (said, count) in enumerate(counts.most_common()):
            width = (_WIDE - _LEFT - 10) * count / max(counts.total(), 1)
            title = f"{said}: {count} of {counts.total()}"
            parts.append(_bar(left, top + 3, width, f"part shade{min(shade, 4)}", title))
            left += width
    return _picture(_ROW * len(rows) + 6, parts)


def flips(report: Stability) -> str:
    """How often two runs of a question differ, the least stable question first."""
    rates = [
        (rate, name)
        for name, row in zip(report.names, report.rows, strict=True)
        if (rate := pair_flip_rate([[_compared(run) for run in row]])) == rate
    ]
    parts: list[str] = []
    for index, (rate, name) in enumerate(sorted(rates, key=lambda each: -each[0])[:MOST]):
        top = _ROW * index
        width = (_WIDE - _LEFT - 60) * rate
        parts += [
            _named(name, top + _ROW / 2),
            _bar(_LEFT, top + 5, width, "flip", f"{rate:.0%}"),
            _text(_LEFT + width + 6, top + _ROW / 2 + 4, f"{rate:.0%}"),
        ]
    return _picture(_ROW * len(rates[:MOST]) + 6, parts) if rates else ""


def calibration(report: Stability) -> str:
    """Of the questions on which so large a share of the runs agrees: how many they get right."""
    buckets = sorted(_right_by_share(report).items(), reverse=True)
    parts: list[str] = []
    for index, (share, (right, number)) in enumerate(buckets):
        top, known = _ROW * index, wilson(right, number)
        width = _WIDE - _LEFT - 110
        parts += [
            _named(f"{share} % of the runs agree", top + _ROW / 2),
            _bar(_LEFT, top + 5, width * known.value, "right", f"{right} of {number} right"),
            _line(_LEFT + width * known.low, _LEFT + width * known.high, top + _ROW / 2),
            _text(_LEFT + width + 10, top + _ROW / 2 + 4, f"{right} of {number} right"),
        ]
    return _picture(_ROW * len(buckets) + 6, parts) if buckets else ""


def reliability(report: Stability) -> str:
    """How reliable the mean of so many votes is, by Spearman and Brown."""
    known = report.figures.reliability
    if known is None or not 0 < known.agreement.value < 1:
        return ""
    parts: list[str] = []
    for index, votes in enumerate((1, 3, 5, 9, 15)):
        top, value = _ROW * index, of_votes(known.agreement.value, votes)
        width = (_WIDE - _LEFT - 60) * value
        parts += [
            _named("1 vote" if votes == 1 else f"{votes} votes", top + _ROW / 2),
            _bar(_LEFT, top + 5, width, "right", f"{value:.2f}"),
            _text(_LEFT + width + 6, top + _ROW / 2 + 4, f"{value:.2f}"),
        ]
    return _picture(_ROW * 5 + 6, parts)


def _right_by_share(report: Stability) -> dict[int, tuple[int, int]]:
    """By the share of runs behind the most frequent score, in tens: how many are the label."""
    counts: dict[int, tuple[int, int]] = {}
    for row, label in zip(report.rows, report.labels, strict=True):
        given = Counter(run.score for run in row if run.score is not None)
        if label is None or not given:
            continue
        most = max(given.values())
        score = min(each for each, count in given.items() if count == most)
        share = int(10 * most / len(row)) * 10
        right, number = counts.get(share, (0, 0))
        counts[share] = (right + (score == label), number + 1)
    return counts


def _compared(run: Run) -> float | str | None:
    return run.answer if run.score is None else run.score


def _said(run: Run) -> str:
    return run.error or "none" if run.answer is None else _clipped(run.answer, 200)


def _scale(low: float, high: float, rows: int) -> Iterator[str]:
    """Lines at round numbers, with these beneath."""
    bottom = _ROW * rows
    count = int(high - low)
    step = max(1, -(-count // 10)) if count >= 2 else (high - low) / 4
    value = low
    while value <= high + 1e-9:
        place = _across(value, low, high)
        yield f'<line class="grid" x1="{place:.1f}" x2="{place:.1f}" y1="0" y2="{bottom}"/>'
        yield _text(place, bottom + 16, f"{value:g}", anchor="middle")
        value += step


def _across(value: float, low: float, high: float) -> float:
    return _LEFT + 14 + (_WIDE - _LEFT - 28) * (value - low) / (high - low)


def _picture(height: float, parts: Sequence[str]) -> str:
    inside = "\n".join(parts)
    return f'<svg viewBox="0 0 {_WIDE} {height:g}" role="img">\n{inside}\n</svg>'


def _named(name: str, middle: float) -> str:
    shown, title = escape(_clipped(name, _LABEL)), escape(name)
    return (
        f'<text class="name" x="{_LEFT - 8}" y="{middle + 4:g}" text-anchor="end">{shown}'
        f"<title>{title}</title></text>"
    )


def _text(left: float, bottom: float, text: str, *, anchor: str = "start") -> str:
    return f'<text x="{left:.1f}" y="{bottom:g}" text-anchor="{anchor}">{escape(text)}</text>'


def _dot(left: float, middle: float, radius: float, title: str) -> str:
    inside = f"<title>{escape(title)}</title>"
    return f'<circle class="dot" cx="{left:.1f}" cy="{middle:g}" r="{radius:.1f}">{inside}</circle>'


def _cross(left: float, middle: float, title: str) -> str:
    path = f"M{left - 5:.1f} {middle - 5:g}l10 10m0 -10l-10 10"
    return f'<path class="person" d="{path}"><title>{escape(title)}</title></path>'


def _bar(left: float, top: float, width: float, kind: str, title: str) -> str:
    size = f'x="{left:.1f}" y="{top:g}" width="{max(width, 1):.1f}" height="{_ROW - 8}"'
    return f'<rect class="{kind}" {size} rx="2"><title>{escape(title)}</title></rect>'


def _line(left: float, right: float, middle: float) -> str:
    return (
        f'<line class="between" x1="{left:.1f}" x2="{right:.1f}" y1="{middle:g}" y2="{middle:g}"/>'
    )


def _clipped(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"
