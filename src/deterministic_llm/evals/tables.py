"""A stability report as lines of a table and as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from math import isnan
from typing import TYPE_CHECKING

from deterministic_llm._core.canonical import jsonable
from deterministic_llm._core.consensus.intervals import Interval
from deterministic_llm._core.exchange import JsonValue
from deterministic_llm._core.records import frozen
from deterministic_llm.evals.figures import Figures, Reliability, Validity

if TYPE_CHECKING:
    from deterministic_llm.evals.stability import Stability


@frozen
class Line:
    """One figure: what it is *called*, its *value*, what it lies between, and what it *means*."""

    called: str
    value: str
    between: str = ""
    means: str = ""


def headline(report: Stability) -> str:
    """What was done, in one sentence."""
    figures = report.figures
    asked = f"{figures.items:,} questions, {figures.runs:,} runs"
    missing = figures.runs - figures.answered
    without = f", {missing:,} without an answer" if missing else ""
    return f"{report.name}: {asked}{without}, {figures.calls:,} calls, {_dollars(figures)}"


def lines_of(figures: Figures) -> Iterator[Line]:
    """Every figure there is, with 95 % intervals."""
    never = figures.fails_below
    bound = "" if never is None else f"none failed: below {never:.1%} with 95 % confidence"
    yield _share("valid outputs", figures.valid, bound or "share of runs that gave a value")
    yield _share("valid at once", figures.plain, "nothing mended, nothing asked again")
    yield _share("same text", figures.same_text, "questions of which all runs wrote the same")
    yield _share("same answer", figures.same_answer, "questions of which all runs meant the same")
    yield _share("flips", figures.flips, "how often two runs differ")
    yield _plain("spread", figures.spread, "entropy of the answers: 0 all one, 1 all different")
    yield _plain("alpha", figures.alpha, "Krippendorff's: 1 full agreement, 0 that of chance")
    if figures.reliability is not None:
        yield from _of_reliability(figures.reliability)
    if figures.validity is not None:
        yield from _of_validity(figures.validity)


def table(report: Stability) -> str:
    """The report as text with aligned columns."""
    rows = [
        (each.called, each.value, each.between, each.means) for each in lines_of(report.figures)
    ]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        f"{called:{widths[0]}}  {value:>{widths[1]}}  {between:{widths[2]}}  {means}".rstrip()
        for called, value, between, means in rows
    ]
    stopped = [] if report.stopped is None else [f"stopped: {report.stopped}"]
    return "\n".join([headline(report), *stopped, *lines])


def record(report: Stability) -> str:
    """Figures and runs as JSON; a figure that there is none of is null."""
    questions: list[JsonValue] = [
        {"name": name, "label": label, "runs": [run.to_json() for run in row]}
        for name, label, row in zip(report.names, report.labels, report.rows, strict=True)
    ]
    figures = _without_nan(jsonable(asdict(report.figures)))
    whole = {
        "scorer": report.name,
        "stopped": report.stopped,
        "figures": figures,
        "questions": questions,
    }
    return json.dumps(whole, indent=2, ensure_ascii=False) + "\n"


def _of_reliability(known: Reliability) -> Iterator[Line]:
    yield _plain("ICC(2,1)", known.agreement, "absolute agreement of single scores")
    yield _plain("ICC(3,1)", known.consistency, "the same, forgiving a run that is always higher")
    yield Line("error", f"{known.error:.2f}", "", "standard error of one score")
    for wanted, votes in known.votes.items():
        needed = "never" if votes is None else f"{votes}"
        yield Line(f"votes for {wanted:g}", needed, "", "votes whose mean is that reliable")


def _of_validity(known: Validity) -> Iterator[Line]:
    yield _plain("kappa", known.kappa, f"with people, quadratic weights, {known.items} questions")
    yield _plain("Spearman", known.spearman, "rank correlation with people")
    yield _plain("distance", known.error, "mean absolute error")
    yield _plain("bias", known.bias, "how much higher than people", signed=True)


def _share(called: str, known: Interval, means: str) -> Line:
    if isnan(known.value):
        return Line(called, "none", "", means)
    return Line(called, f"{known.value:.1%}", f"{known.low:.1%} to {known.high:.1%}", means)


def _plain(called: str, known: Interval, means: str, *, signed: bool = False) -> Line:
    if isnan(known.value):
        return Line(called, "none", "", means)
    form = "+.2f" if signed else ".2f"
    between = "" if isnan(known.low) else f"{known.low:{form}} to {known.high:{form}}"
    return Line(called, f"{known.value:{form}}", between, means)


def _dollars(figures: Figures) -> str:
    return "at an unknown cost" if figures.cost is None else f"${figures.cost:.4f}"


def _without_nan(value: JsonValue) -> JsonValue:
    """*value* with null for what is written as "NaN": JSON has no word for it."""
    if isinstance(value, Mapping):
        return {name: _without_nan(member) for name, member in value.items()}
    if isinstance(value, list):
        return [_without_nan(item) for item in value]
    return None if value == "nan" else value
