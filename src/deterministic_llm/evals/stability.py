"""stability(): a decorated function and inputs go in, how repeatable its answers are comes out."""

from __future__ import annotations

import os
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from typing import Literal, TypeAlias, cast

from typing_extensions import TypedDict, Unpack

from deterministic_llm._core.canonical import digest, jsonable
from deterministic_llm._core.records import frozen
from deterministic_llm._core.results import Result
from deterministic_llm.enforcer.enforcers import AsyncEnforcer, Enforcer
from deterministic_llm.enforcer.identities import code_of
from deterministic_llm.errors import ConfigurationError
from deterministic_llm.evals.execution import Advance, Question, Round, acarry_out, carry_out
from deterministic_llm.evals.figures import Figures, figures_of
from deterministic_llm.evals.journal import Journal
from deterministic_llm.evals.pages import page
from deterministic_llm.evals.runs import Run, Score
from deterministic_llm.evals.tables import record, table
from deterministic_llm.metering.budgets import Budget
from deterministic_llm.metering.purses import within
from deterministic_llm.storage.files import written_whole
from deterministic_llm.storage.keys import in_round

Path: TypeAlias = "str | os.PathLike[str]"


class Measuring(TypedDict, total=False):
    """How a scorer is measured; each is a keyword of stability() and astability().

    *runs* is how often each input is asked, 5 where nothing is said, and *concurrency* how many
    runs are under way at once, 8. *score* says which number of an output is looked at, a member's
    name or a function; without it an output that is no number is compared as a whole. *labels* are
    the scores of people, None where there is none, and *names* what inputs are called. *budget*
    holds all runs together. *path* is a file that keeps the runs. *progress* is told how many runs
    there are, of how many.
    """

    runs: int
    score: Score | None
    labels: Sequence[float | None]
    names: Sequence[str]
    concurrency: int
    budget: Budget | None
    path: Path | None
    progress: Advance


@frozen
class Stability:
    """How repeatable the scorer *name* is: its *figures*, and the *rows* that they are made of.

    A row holds the runs of one question, which is called as *names* say, and whose score by a
    person is in *labels*, where there is one. *stopped* says why there are fewer runs than were
    asked for. As a str it is a table.
    """

    name: str
    names: tuple[str, ...]
    rows: tuple[tuple[Run, ...], ...]
    labels: tuple[float | None, ...]
    figures: Figures
    stopped: str | None = None

    def __str__(self) -> str:
        return table(self)

    def to_json(self) -> str:
        """Figures, intervals and every run, as JSON."""
        return record(self)

    def to_html(self) -> str:
        """A page that needs no other file: figures, the answers to each question, flips."""
        return page(self)

    def save(self, path: Path) -> None:
        """Write the page to *path*, or JSON where that ends so; the file is whole or not there."""
        name = os.fspath(path)
        written_whole(name, self.to_json() if name.endswith(".json") else self.to_html())


def stability(
    enforcer: Enforcer[..., object],
    inputs: Sequence[object],
    **options: Unpack[Measuring],
) -> Stability:
    """Ask *enforcer* each of *inputs* so many times, and say how often its answers agree.

    An input is its argument, a tuple its arguments, a dict its keywords. What options there are is
    said at Measuring. When a budget is used up the rest is left out, and the report says so; runs
    that the file at ``path=`` has are not made again. With a cache each run is a sample of its own.

    Raises ConfigurationError for what makes no sense, and ProviderError where no run can succeed.
    """
    asked = _Asked("stability", enforcer, inputs, options)
    with asked.round() as this:

        def ask(question: Question) -> Result[object]:
            item, number = question
            arguments, keywords = _arguments(inputs[item])
            with in_round(number):
                return enforcer.run(*arguments, **keywords)

        carry_out(this, ask, asked.concurrency)
    return asked.told(this)


async def astability(
    enforcer: AsyncEnforcer[..., object],
    inputs: Sequence[object],
    **options: Unpack[Measuring],
) -> Stability:
    """As stability(), for an async function."""
    asked = _Asked("astability", enforcer, inputs, options)
    with asked.round() as this:

        async def ask(question: Question) -> Result[object]:
            item, number = question
            arguments, keywords = _arguments(inputs[item])
            with in_round(number):
                return await enforcer.run(*arguments, **keywords)

        await acarry_out(this, ask, asked.concurrency)
    return asked.told(this)


class _Asked:
    """What was asked for; raises ConfigurationError for what makes no sense."""

    def __init__(
        self,
        measure: Literal["stability", "astability"],
        enforcer: Enforcer[..., object] | AsyncEnforcer[..., object],
        inputs: Sequence[object],
        options: Measuring,
    ) -> None:
        _check_kinds(measure, enforcer, inputs)
        unknown = sorted(options.keys() - Measuring.__annotations__.keys())
        if unknown:
            known = ", ".join(Measuring.__annotations__)
            message = f"{measure}: no option {unknown[0]}= (there are: {known})"
            raise ConfigurationError(message)
        self._enforcer = enforcer
        self._inputs = inputs
        self._options = options
        self._runs = options.get("runs", 5)
        self.concurrency = options.get("concurrency", 8)
        for what, number in (("runs", self._runs), ("concurrency", self.concurrency)):
            if number < 1:
                message = f"{what}={number}: expected at least 1"
                raise ConfigurationError(message)
        for what, given in (("labels", options.get("labels")), ("names", options.get("names"))):
            if given and len(given) != len(inputs):
                message = f"{what}=: expected one an input, {len(inputs)}, got {len(given)}"
                raise ConfigurationError(message)

    @contextmanager
    def round(self) -> Generator[Round]:
        """The runs to be made, held to the budget, kept in the file."""
        score, advance = self._options.get("score"), self._options.get("progress")
        purse = self._options.get("budget")
        held = nullcontext() if purse is None else within(purse)
        with Journal(self._options.get("path"), self._questions()) as journal, held:
            yield Round(len(self._inputs), self._runs, journal, score, advance)

    def told(self, this: Round) -> Stability:
        """What *this* round found."""
        known = this.journal.runs
        rows = [
            tuple(known[item, number] for number in range(self._runs) if (item, number) in known)
            for item in range(len(self._inputs))
        ]
        labels = tuple(self._options.get("labels", ())) or (None,) * len(rows)
        names = self._options.get("names") or [f"{index + 1}" for index in range(len(rows))]
        return Stability(
            getattr(self._enforcer, "__name__", repr(self._enforcer)),
            tuple(names),
            tuple(rows),
            labels,
            figures_of(rows, labels),
            None if this.stopped is None else str(this.stopped),
        )

    def _questions(self) -> Sequence[str]:
        """What tells each question from others, by what is asked and how."""
        how = [repr(self._enforcer), code_of(self._enforcer.__wrapped__)]
        return [digest([*how, jsonable(each)]) for each in self._inputs]


def _check_kinds(measure: str, enforcer: object, inputs: object) -> None:
    colour, kind = ("an async", AsyncEnforcer) if measure == "astability" else ("a", Enforcer)
    if not isinstance(enforcer, kind):
        got = type(enforcer).__qualname__
        message = f"{measure}: expected {colour} function decorated with enforce, got {got}"
        raise ConfigurationError(message)
    if isinstance(inputs, str) or not isinstance(inputs, Sequence):
        message = f"{measure}: expected a list of inputs, got {type(inputs).__qualname__}"
        raise ConfigurationError(message)


def _arguments(given: object) -> tuple[tuple[object, ...], Mapping[str, object]]:
    if isinstance(given, tuple):
        return cast("tuple[object, ...]", given), {}
    if isinstance(given, dict):
        return (), cast("dict[str, object]", given)
    return (given,), {}
