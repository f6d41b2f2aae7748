"""What a guard costs beside the rules that watch an answer: microseconds of CPU a delta."""

from __future__ import annotations

import gc
import json
from collections.abc import Sequence
from statistics import median
from time import process_time

from benchmarks.incremental import DELTA, SHAPES, LongGrade
from benchmarks.tables import met, show
from deterministic_llm import Schema
from deterministic_llm._core.contract import Contract
from deterministic_llm._core.exchange import Constraint
from deterministic_llm._core.guards import Guards, Language
from deterministic_llm._core.stops.languages import language_of
from deterministic_llm._core.stops.scrutiny import Scrutiny
from deterministic_llm.grammars import guards
from deterministic_llm.targets import compiled

CHARACTERS = 20_000
"""Of one answer."""
MOST_CPU = 10.0
"""Microseconds a delta that the guard adds."""


def main(*, rounds: int) -> None:
    """Print the medians over some of the *rounds*; nothing where the engine is not installed."""
    engine = guards()
    if engine is None:
        print("\nguarding: not measured, llguidance is not installed")
        return
    rows: list[list[object]] = []
    _compile(engine)
    for shape in SHAPES:
        text = json.dumps(shape.fill(CHARACTERS), ensure_ascii=False)
        deltas = [text[at : at + DELTA] for at in range(0, len(text), DELTA)]
        bare, guarded = (_median(deltas, each, rounds) for each in (None, engine))
        cells = (f"{each:.2f}" for each in (bare, guarded, guarded - bare))
        rows.append([shape.name, *cells, met(guarded - bare <= MOST_CPU)])
    header = [f"deltas of {DELTA} characters", "us a delta", "guarded", "more", f"<= {MOST_CPU:g}"]
    show("A strict answer held against its schema as it arrives, CPU", header, rows)


def _compile(engine: Guards) -> None:
    language = language_of(_CONTRACT.target, strict=True)
    engine(language or Language({}), patience=60.0)


def _median(deltas: Sequence[str], engine: Guards | None, rounds: int) -> float:
    times = [_time(deltas, engine) for _ in range(max(3, rounds // 5))]
    return 1e6 * median(times) / len(deltas)


def _time(deltas: Sequence[str], engine: Guards | None) -> float:
    contract = Contract(_CONTRACT.target, _CONTRACT.constraint, "", strict=True, guards=engine)
    scrutiny = Scrutiny(contract)
    gc.collect()
    start = process_time()
    for delta in deltas:
        scrutiny.follow(delta)
    taken = process_time() - start
    if scrutiny.reasons:
        message = f"a valid answer was stopped: {scrutiny.reasons}"
        raise AssertionError(message)
    return taken


_TARGET = compiled(Schema(LongGrade.model_json_schema()))
_CONTRACT = Contract(_TARGET, Constraint("native"), "")
