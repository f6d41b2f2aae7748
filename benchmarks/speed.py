"""How fast texts are read, beside peers on the same text in the same run."""

from __future__ import annotations

import gc
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import median
from time import perf_counter
from typing import Any, Literal, cast

import json_repair
from pydantic import BaseModel, TypeAdapter

from benchmarks.schemas import SAMPLES, EssayGrade
from benchmarks.tables import met, show
from benchmarks.writing import Style, Tree, write
from deterministic_llm import ResponseError, parse

Work = Callable[[str], object]


class Count(BaseModel):
    """The least that a model can be."""

    count: int


class RemarkedGrade(EssayGrade):
    """A grade with a member that may be missing, so that a respelled one could be passed over."""

    remark: str | None = None


class Review(BaseModel):
    """A short verdict."""

    sentiment: Literal["positive", "neutral", "negative"]
    stars: int
    tags: list[str]
    would_recommend: Literal["yes", "no", "maybe"]


MESSY = """Sure, here is the review you asked for:

```json
{
  'sentiment': 'Positive',
  'stars': 4,
  'tags': ['battery life', 'screen', 'value for money',],
  // from the last line
  'would_recommend': "YES",
}
```
Let me know if you need anything else, I am happy to help!
"""


@dataclass(frozen=True, slots=True)
class Race:
    """Two ways to read *text*, the aim for ours, and whether it is met.

    That is told from both times, in seconds, and from their ratio, each a median over the rounds.
    The peer may be given the text *against* it instead.
    """

    what: str
    text: str
    ours: Work
    peer: str
    beside: Work
    aim: str
    holds: Callable[[float, float, float], bool]
    against: str | None = None
    calls: int = 200


def main(*, rounds: int) -> None:
    """Print the median times over *rounds* rounds in which both ways take turns."""
    rows = [_row(race, rounds if race.calls > 1 else max(3, rounds // 5)) for race in _races()]
    header = ["reading", "ours", "", "beside", "ratio", "aim", ""]
    show("Speed, medians of rounds in turns", header, rows)
    rows = [_hostile(name, text, EssayGrade) for name, text in _HOSTILE.items()]
    rows += [_hostile(name, text, target) for name, (text, target) in _HOSTILE_FOR.items()]
    columns = ["text, for a model unless said", "seconds", "refused as", "aim < 1 s"]
    show("Hostile texts", columns, rows)


def _races() -> list[Race]:
    essay = json.dumps(SAMPLES[1].good, ensure_ascii=False)
    types = (EssayGrade, RemarkedGrade, Count, list[EssayGrade])
    one, remarked, least, many = (TypeAdapter[object](each) for each in types)
    values = [SAMPLES[1].good] * (1_000_000 // len(essay))
    bare = json.dumps(values, ensure_ascii=False)
    style = Style(string="'", key="'", trailing=True)
    messy = write(cast("Tree", values), style)
    return [
        Race(
            "1 KB of valid JSON to a model",
            essay,
            _grade,
            "pydantic",
            lambda text: one.validate_json(text, strict=True),
            "<= 1.6 times",
            lambda _ours, _beside, ratio: ratio <= 1.6,
        ),
        Race(
            "the same to a model with an optional member",
            essay,
            lambda text: parse(text, RemarkedGrade),
            "pydantic",
            lambda text: remarked.validate_json(text, strict=True),
            "-",
            lambda *_: True,
        ),
        Race(
            "the least JSON to the least model",
            '{"count": 1}',
            lambda text: parse(text, Count),
            "pydantic",
            lambda text: least.validate_json(text, strict=True),
            "<= 2 us more",
            lambda ours, beside, _ratio: ours - beside <= 2e-6,
        ),
        Race(
            f"{len(MESSY)} messy characters to a model",
            MESSY,
            lambda text: parse(text, Review),
            "json_repair, no model",
            json_repair.loads,
            "<= 25 us",
            lambda ours, _beside, _ratio: ours <= 25e-6,
        ),
        Race(
            "1 KB in prose and a fence to a model",
            f"Here is the grade:\n\n```json\n{essay}\n```\n",
            _grade,
            "ours, bare",
            _grade,
            "<= 5 us more",
            lambda ours, beside, _ratio: ours - beside <= 5e-6,
            against=essay,
        ),
        Race(
            "1 KB with a member out of bounds",
            json.dumps({**SAMPLES[1].good, "score": 11}, ensure_ascii=False),
            lambda text: _refused(text, EssayGrade),
            "ours, within",
            _grade,
            "<= 25 us",
            lambda ours, _beside, _ratio: ours <= 25e-6,
            against=essay,
        ),
        Race(
            "1 MB of valid JSON to models",
            bare,
            _grades,
            "pydantic",
            lambda text: many.validate_json(text, strict=True),
            "-",
            lambda *_: True,
            calls=1,
        ),
        Race(
            "1 MB in prose and a fence to models",
            f"Here are all grades:\n\n```json\n{bare}\n```\n\nTell me if one is missing.",
            _grades,
            "ours, bare",
            _grades,
            "<= 1.15 times",
            lambda _ours, _beside, ratio: ratio <= 1.15,
            against=bare,
            calls=1,
        ),
        Race(
            f"{len(messy) / 1e6:.1f} MB of messy JSON to models",
            messy,
            _grades,
            "json_repair, no model",
            json_repair.loads,
            "10 times faster",
            lambda _ours, _beside, ratio: ratio <= 0.1,
            calls=1,
        ),
    ]


def _grade(text: str) -> object:
    return parse(text, EssayGrade)


def _grades(text: str) -> object:
    return parse(text, list[EssayGrade])


def _refused(text: str, output_type: type[BaseModel]) -> ResponseError:
    """Why *text* is refused."""
    try:
        said = parse(text, output_type)
    except ResponseError as error:
        return error
    message = f"taken for {said.output!r}"
    raise ValueError(message)


def _row(race: Race, rounds: int) -> list[object]:
    ours, beside, ratio = _times(race, rounds)
    verdict = met(race.holds(ours, beside, ratio))
    return [race.what, _unit(ours), race.peer, _unit(beside), f"{ratio:.2f}", race.aim, verdict]


def _times(race: Race, rounds: int) -> tuple[float, float, float]:
    """Seconds a call of ours and of the peer, and the ratio, each the median over the rounds."""
    pairs: list[tuple[float, float]] = []
    against = race.text if race.against is None else race.against
    for number in range(rounds + 1):  # the first is for nothing but to fill the caches
        if number % 2:
            beside = _seconds(race.beside, against, race.calls)
            pairs.append((_seconds(race.ours, race.text, race.calls), beside))
        else:
            ours = _seconds(race.ours, race.text, race.calls)
            pairs.append((ours, _seconds(race.beside, against, race.calls)))
    ours, beside = (median(times) for times in zip(*pairs[1:], strict=True))
    return ours, beside, median(mine / theirs for mine, theirs in pairs[1:])


def _seconds(work: Work, text: str, calls: int) -> float:
    """How long *work* takes with *text*, as a string that nobody has read before.

    Python keeps the UTF-8 of a string once someone has asked for it.
    """
    texts = [text[:-1] + text[-1:] for _ in range(calls)]
    gc.collect()
    gc.disable()
    start = perf_counter()
    for each in texts:
        work(each)
    taken = perf_counter() - start
    gc.enable()
    return taken / calls


def _unit(seconds: float) -> str:
    return f"{seconds * 1e6:.1f} us" if seconds < 1e-3 else f"{seconds * 1e3:.1f} ms"


_HOSTILE: Mapping[str, str] = {
    "200,000 opening brackets": "[" * 200_000,
    '200,000 times {"a":': '{"a":' * 200_000,
    "100,000 brackets that close": "[" * 100_000 + "]" * 100_000,
    "1 MB of backslashes": "\\" * 1_000_000,
    "1 MB of backticks": "`" * 1_000_000,
    "1 MB of double quotes": '"' * 1_000_000,
    "1 MB of single quotes": "'" * 1_000_000,
    "1 MB of quotes and backslashes": '"\\' * 500_000,
    "1 MB of digits": "1" * 1_000_000,
    "1 MB of {}": "{}" * 500_000,
    "1 MB of open lists of numbers": "[1, " * 250_000,
    "1 MB of open thoughts": "<think>" * 150_000,
    "1 MB of bracket noise": "{ [ } ] " * 125_000,
    "1 MB of prose": "All is well here. " * 55_000,
    "1 MB of comments": "{ // and\n" * 110_000,
    "1 MB of answers in an open string": '{"score": "x}x}x}' + "x}" * 500_000,
}


_HOSTILE_FOR: Mapping[str, tuple[str, Any]] = {
    "10,000 lists behind a label": ("a\n" + "[1] " * 10_000, Literal["a", "b"]),
    "5,000 objects for a list of numbers": ('{"a":1} ' * 5_000, list[int]),
}
"""What took seconds, with what was wanted."""


def _hostile(name: str, text: str, target: Any) -> list[object]:
    start = perf_counter()
    try:
        came = f"a value: {parse(text, target).output!r:.30}"
    except ResponseError as error:
        came = error.violations[0].code
    seconds = perf_counter() - start
    return [name, f"{seconds:.3f}", came, met(seconds < 1)]
