"""What enforcing costs: around a function, and around a call through OpenAI's client."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import median
from time import process_time
from typing import Any

from openai import AsyncOpenAI, OpenAI
from openai.types.chat import ChatCompletion
from pydantic import TypeAdapter
from reasks import compact

from benchmarks.answering import answering
from benchmarks.grading import GRADING
from benchmarks.schemas import EssayGrade
from deterministic_llm import Attempt, Model, Turn, enforce
from deterministic_llm._core.attempts import Answered
from deterministic_llm._core.contract import Contract, constrain
from deterministic_llm._core.exchange import UNCONSTRAINED
from deterministic_llm._core.loop import next_step
from deterministic_llm._core.policy import Policy
from deterministic_llm._core.reask import instructions
from deterministic_llm._core.shapes import chat
from deterministic_llm._core.tasks import Task
from deterministic_llm._core.verdicts import judge_completion
from deterministic_llm.targets import compiled

Work = Callable[[], object]
CONCURRENT = 100


@dataclass(frozen=True, slots=True)
class Enforcement:
    """Seconds that enforcing a grade takes around a function that has its *answers* ready.

    *reading* them and *deciding* what follows are parts of *whole*; *function* is the function
    alone, *validation* pydantic alone on the last answer.
    """

    answers: str
    mark: float
    whole: float
    reading: float
    deciding: float
    function: float
    validation: float


@dataclass(frozen=True, slots=True)
class Race:
    """Seconds of the processor that one call takes: *ours*, *bare*, and the *ratio* of the two."""

    what: str
    ours: float
    bare: float
    ratio: float


def enforcements(*, rounds: int) -> Iterator[Enforcement]:
    """A clean answer, a fenced one, and a bad one that is mended."""
    good, bad = compact(GRADING.good), compact(GRADING.bad)
    fenced = f"Here is the grade:\n\n```json\n{good}\n```\n"
    for answers, mark, script in (
        ("clean", 20e-6, (good,)),
        ("fenced", 20e-6, (fenced,)),
        ("bad, then the field", 60e-6, (bad, compact({"score": 8}))),
        ("bad, then the whole", 60e-6, (bad, good)),
    ):
        works = _enforcing(script)
        times = {name: median(taken) for name, taken in _in_turns(works, rounds=rounds, calls=200)}
        yield Enforcement(answers, mark, **times)


def races(*, rounds: int) -> Iterator[Race]:
    """One call through the client, and many at once, beside the bare client's create()."""
    with answering(compact(GRADING.good)) as base_url:
        yield _race("one blocking call", _blocking_calls(base_url), rounds=rounds, calls=25, of=1)
        with _awaiting_calls(base_url) as works:
            what = f"one of {CONCURRENT} at once"
            yield _race(what, works, rounds=max(3, rounds // 5), calls=1, of=CONCURRENT)


def _enforcing(script: tuple[str, ...]) -> dict[str, Work]:
    def answer() -> str:
        return script[0]

    def answer_turn(turn: Turn) -> str:
        return script[turn.number - 1]

    enforced = enforce(EssayGrade)(answer) if len(script) == 1 else enforce(EssayGrade)(answer_turn)
    attempts = enforced.run().attempts
    target = compiled(EssayGrade)
    contract = Contract(target, UNCONSTRAINED, instructions(target))
    task = Task(contract, Policy())
    adapter = TypeAdapter(EssayGrade)
    good = compact(GRADING.good)
    return {
        "whole": enforced,
        "reading": lambda: _read(contract, attempts),
        "deciding": lambda: [next_step(task, attempts[:n]) for n in range(len(attempts) + 1)],
        "function": lambda: [answer() for _ in script],
        "validation": lambda: adapter.validate_json(good),
    }


def _read(contract: Contract[object], attempts: tuple[Attempt[object], ...]) -> None:
    for attempt in attempts:
        if isinstance(attempt, Answered):
            judge_completion(contract, attempt.completion, attempt.request)


def _blocking_calls(base_url: str) -> dict[str, Work]:
    client = OpenAI(base_url=base_url, api_key="none", max_retries=0)
    model = Model("gpt-5-mini", client=client)

    def bare() -> EssayGrade:
        completion: ChatCompletion = client.chat.completions.create(**_HELD)
        return EssayGrade.model_validate_json(completion.choices[0].message.content or "")

    return {"ours": lambda: model.generate(GRADING.prompt, EssayGrade, mode="native"), "bare": bare}


@contextmanager
def _awaiting_calls(base_url: str) -> Iterator[dict[str, Work]]:
    client = AsyncOpenAI(base_url=base_url, api_key="none", max_retries=0)
    model = Model("gpt-5-mini", client=client)

    async def one() -> EssayGrade:
        completion: ChatCompletion = await client.chat.completions.create(**_HELD)
        return EssayGrade.model_validate_json(completion.choices[0].message.content or "")

    async def ours() -> None:
        calls = (
            model.agenerate(GRADING.prompt, EssayGrade, mode="native") for _ in range(CONCURRENT)
        )
        await asyncio.gather(*calls)

    async def bare() -> None:
        await asyncio.gather(*(one() for _ in range(CONCURRENT)))

    with asyncio.Runner() as runner:
        yield {"ours": lambda: runner.run(ours()), "bare": lambda: runner.run(bare())}
        runner.run(client.close())


def _race(what: str, works: Mapping[str, Work], *, rounds: int, calls: int, of: int) -> Race:
    taken = dict(_in_turns(works, rounds=rounds, calls=calls))
    ratios = [ours / bare for ours, bare in zip(taken["ours"], taken["bare"], strict=True)]
    return Race(what, median(taken["ours"]) / of, median(taken["bare"]) / of, median(ratios))


def _in_turns(
    works: Mapping[str, Work], *, rounds: int, calls: int
) -> Iterator[tuple[str, list[float]]]:
    """The seconds of each of *works* a call, in every round; every second one goes backwards.

    It is the processor's time, of all our threads: others that work here do not count.
    """
    taken: dict[str, list[float]] = {name: [] for name in works}
    for work in works.values():
        work()
    for number in range(rounds):
        names = list(works) if number % 2 else list(works)[::-1]
        for name in names:
            gc.collect()
            gc.disable()
            start = process_time()
            for _ in range(calls):
                works[name]()
            taken[name].append((process_time() - start) / calls)
            gc.enable()
    yield from taken.items()


_HELD: dict[str, Any] = {
    "model": "gpt-5-mini",
    "messages": [{"role": "user", "content": GRADING.prompt}],
    "response_format": chat.response_format(constrain(compiled(EssayGrade), "native")),
}
"""The keyword arguments of create() for the same question."""
