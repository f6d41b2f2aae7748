"""How many texts are read right, and how many wrong: the validation split and fresh damage."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from core.case_running import CASES, Case, JsonObject, Refusal, Value, Verdict, judge, load

from benchmarks.damage import damaged
from benchmarks.peers import READERS, Reader
from benchmarks.tables import met, percent, show
from deterministic_llm import ResponseError


@dataclass(frozen=True, slots=True)
class Trial:
    """A case with the *families* that it counts for."""

    case: Case
    families: tuple[str, ...]

    @property
    def fatal(self) -> bool:
        """Whether the text must be refused."""
        return isinstance(self.case.wanted, Refusal)


@dataclass(frozen=True, slots=True)
class Judged:
    """What a reader made of a trial."""

    trial: Trial
    got: Value | Refusal
    verdict: Verdict


def main(*, seed: int, cases: int, shown: int) -> None:
    """Print a line a reader and, for ours, a line a family.

    Of the validation split only counts are ever shown; of the damaged values the first *shown*
    faults in full.
    """
    validation = [Trial(case, (_file(case),)) for case in load(CASES / "validation")]
    of_json = [trial for trial in validation if trial.case.target.keys() & {"schema", "python"}]
    fresh = list(_damaged(seed, cases))
    print(f"\nReading: the damaged values of this run are those of --seed {seed}")
    ours = {"deterministic_llm": READERS["deterministic_llm"]}
    of_validation = _compare("validation", validation, ours)
    _compare("validation, JSON targets", of_json, READERS)
    of_damage = _compare("damaged values", fresh, READERS)
    _show_families("validation, by family", of_validation)
    _show_families("damaged values, by damage", of_damage)
    for each in [each for each in of_damage if each.verdict != "solved"][:shown]:
        _show_fault(each)


def _file(case: Case) -> str:
    return case.id.partition(": ")[0].partition("/")[2]


def _damaged(seed: int, count: int) -> Iterator[Trial]:
    for number in range(count):
        made = damaged(f"{seed}:{number}")
        wanted = Refusal() if made.fatal else Value(made.value)
        case = Case(f"{seed}:{number}", {"schema": made.schema}, made.raw, wanted)
        yield Trial(case, made.damages)


def _compare(
    title: str, trials: Sequence[Trial], readers: Mapping[str, Callable[[JsonObject], Reader]]
) -> list[Judged]:
    """Print how every reader does, and give what the first one made of each trial."""
    results = {
        name: [_judged(trial, reader(trial.case.target)) for trial in trials]
        for name, reader in readers.items()
    }
    rows = [[name, *_figures(judged)] for name, judged in results.items()]
    header = [f"{title} ({len(trials)})", "solved", "must-fail refused", "WRONG", "97 %, 100 %, 0"]
    show("Accuracy", header, rows)
    return next(iter(results.values()))


def _judged(trial: Trial, reader: Reader) -> Judged:
    try:
        got: Value | Refusal = Value(reader(trial.case.raw))
    except ResponseError as error:
        got = Refusal(tuple(violation.code for violation in error.violations))
    except (ValueError, RecursionError):
        got = Refusal()
    return Judged(trial, got, judge(got, trial.case.wanted))


def _figures(judged: Sequence[Judged]) -> list[object]:
    verdicts = Counter(each.verdict for each in judged)
    fatal = [each for each in judged if each.trial.fatal]
    refused = sum(each.verdict == "solved" for each in fatal)
    held = verdicts["solved"] >= 0.97 * len(judged) and refused == len(fatal)
    return [
        percent(verdicts["solved"], len(judged)),
        percent(refused, len(fatal)),
        verdicts["wrong"],
        met(held and not verdicts["wrong"]),
    ]


def _show_families(title: str, judged: Sequence[Judged]) -> None:
    families = defaultdict[str, list[Verdict]](list)
    for each in judged:
        for family in each.trial.families:
            families[family].append(each.verdict)
    rows = [
        [name, len(verdicts), *(verdicts.count(each) for each in ("solved", "missed", "wrong"))]
        for name, verdicts in sorted(families.items())
    ]
    show("Families", [title, "texts", "solved", "missed", "WRONG"], rows)


def _show_fault(fault: Judged) -> None:
    case = fault.trial.case
    print(f"\n{case.id} {fault.verdict}: {', '.join(fault.trial.families)}")
    print(f"schema {case.target['schema']}\n{case.raw}\nwanted {case.wanted}\ngot    {fault.got}")
