"""What a streamed answer costs: the transport alone and the whole, beside the bare transport."""

from __future__ import annotations

import asyncio
import gc
import json
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache, partial
from operator import truediv
from statistics import median
from time import process_time
from typing import TYPE_CHECKING, cast

from openai import DefaultAsyncHttpxClient, DefaultHttpxClient, OpenAI
from pydantic import BaseModel

from benchmarks.answering import streaming
from benchmarks.schemas import SAMPLES, Criterion
from benchmarks.tables import met, show
from deterministic_llm import FieldClosed, JsonValue, Model
from deterministic_llm._core.attempts import Request
from deterministic_llm.providers.openai import ChatModel

if TYPE_CHECKING:
    from httpx2 import AsyncClient, Client

SIZES = (20, 100, 400)
"""Thousands of characters, in events of four."""
FLOOR = "bare transport"
AWAITED = ", awaited"
PEER = "openai .stream()"
PEER_SIZES = (20, 100)
PEER_ROUNDS = 1
LINEAR = 4.6
"""The most that 400 KB may cost, in times of 100 KB."""
WHOLE = "all of it, each event told"
AIMS = {"our transport": 0.8, WHOLE: 1.5}
"""The most that each may cost, in times of the floor."""
AHEAD = 10
"""How many times ours the peer must take at least."""
PROMPT = "Grade the essay."
_ASKED = Request(1, ({"role": "user", "content": PROMPT},))
_BODY = {"model": "gpt-5-mini", "messages": [*_ASKED.prompt], "stream": True}

Work = Callable[[str], int]
"""Reads the stream at an address, and tells how many characters it had."""


class StreamedGrade(BaseModel):
    """Grade for one essay, with as many criteria as it takes."""

    score: int
    rubric: list[Criterion]
    feedback: str


@dataclass(frozen=True, slots=True)
class Cost:
    """Seconds of the processor by size, each a median, and the ratios to the floor's."""

    seconds: Mapping[int, float]
    ratios: Mapping[int, float]

    @property
    def growth(self) -> float | None:
        """400 KB in times of 100 KB."""
        return self.seconds[400] / self.seconds[100] if 400 in self.seconds else None


def main(*, rounds: int) -> None:
    """Print what each way takes, the median over the rounds in which all take turns."""
    texts = {str(size): essay(1000 * size) for size in SIZES}
    with streaming(texts) as addresses, ExitStack() as stack:
        works = _works(stack)
        lengths = {size: len(texts[str(size)]) for size in SIZES}
        costs = _costs(works, addresses, lengths, rounds=max(3, rounds // 5))
    deltas = {size: -(-length // 4) for size, length in lengths.items()}
    title = "Streams in 4-character deltas, seconds of the processor, medians of rounds in turns"
    header = ["", *(f"{size} KB" for size in SIZES), "growth", f"<= {LINEAR}"]
    show(title, header, [[name, *_seconds_of(cost)] for name, cost in costs.items()])
    header = ["", *(f"{size} KB" for size in SIZES), "ratio", "aim", ""]
    rows = [[name, *_deltas_of(name, cost, deltas)] for name, cost in costs.items()]
    show("The same in microseconds a delta, and in times of the bare transport", header, rows)
    ahead = {size: costs[PEER].seconds[size] / costs[WHOLE].seconds[size] for size in PEER_SIZES}
    for size, times in ahead.items():
        print(
            f"{PEER} takes {times:.0f} times ours at {size} KB, aim >= {AHEAD}", met(times >= AHEAD)
        )


def essay(characters: int) -> str:
    """A grade with as many criteria as make up about so many *characters*, written with blanks."""
    good = SAMPLES[1].good
    items = cast("list[JsonValue]", good["rubric"])
    each = len(json.dumps(items)) / len(items)
    rubric = [items[number % len(items)] for number in range(round(characters / each))]
    return json.dumps({**good, "rubric": rubric}, ensure_ascii=False)


def _works(stack: ExitStack) -> Mapping[str, Work]:
    runner = stack.enter_context(asyncio.Runner())
    awaited = DefaultAsyncHttpxClient()
    stack.callback(lambda: runner.run(awaited.aclose()))
    bare = stack.enter_context(DefaultHttpxClient())
    sdk = stack.enter_context(OpenAI(base_url="http://127.0.0.1", api_key="none", max_retries=0))
    models = cache(lambda address: ChatModel("gpt-5-mini", base_url=address, api_key="none"))
    ours = cache(lambda address: Model("openai:gpt-5-mini", base_url=address, api_key="none"))
    return {
        FLOOR: partial(_bare, bare),
        FLOOR + AWAITED: lambda address: runner.run(_bare_async(awaited, address)),
        "our transport": lambda address: _spoken(models(address)),
        "our transport" + AWAITED: lambda address: runner.run(_spoken_async(models(address))),
        WHOLE: lambda address: _whole(ours(address)),
        WHOLE + AWAITED: lambda address: runner.run(_whole_async(ours(address))),
        PEER: lambda address: _parsed(sdk.with_options(base_url=address)),
    }


def _bare(client: Client, address: str) -> int:
    """What any stream costs: its lines are decoded, and nothing is done with them."""
    size = 0
    with client.stream("POST", f"{address}/chat/completions", json=_BODY) as response:
        for line in response.iter_lines():
            if line.startswith("data: {"):
                choices = json.loads(line[6:])["choices"]
                if choices and (text := choices[0]["delta"].get("content")):
                    size += len(text)
    return size


async def _bare_async(client: AsyncClient, address: str) -> int:
    size = 0
    async with client.stream("POST", f"{address}/chat/completions", json=_BODY) as response:
        async for line in response.aiter_lines():
            if line.startswith("data: {"):
                choices = json.loads(line[6:])["choices"]
                if choices and (text := choices[0]["delta"].get("content")):
                    size += len(text)
    return size


def _spoken(model: ChatModel) -> int:
    with model.stream(_ASKED) as answering:
        return sum(map(len, answering))


async def _spoken_async(model: ChatModel) -> int:
    size = 0
    async with model.astream(_ASKED) as answering:
        async for piece in answering:
            size += len(piece)
    return size


def _whole(model: Model) -> int:
    """Every event, and a snapshot whenever an item of the rubric is closed."""
    with model.stream(PROMPT, StreamedGrade, mode="native") as events:
        for event in events:
            if isinstance(event, FieldClosed) and event.path.endswith("]"):
                events.snapshot()
        return len(events.result.attempts[-1].text or "")


async def _whole_async(model: Model) -> int:
    async with model.astream(PROMPT, StreamedGrade, mode="native") as events:
        async for event in events:
            if isinstance(event, FieldClosed) and event.path.endswith("]"):
                events.snapshot()
        return len(events.result.attempts[-1].text or "")


def _parsed(client: OpenAI) -> int:
    """The SDK's own helper, which has an object of what came so far at every delta."""
    size = 0
    with client.chat.completions.stream(
        model="gpt-5-mini",
        messages=[{"role": "user", "content": PROMPT}],
        response_format=StreamedGrade,
    ) as events:
        for event in events:
            if event.type == "content.delta":
                size += len(event.delta)
    return size


def _costs(
    works: Mapping[str, Work],
    addresses: Mapping[str, str],
    lengths: Mapping[int, int],
    *,
    rounds: int,
) -> Mapping[str, Cost]:
    """The costs of *works*; in each round all take turns, and every second one goes backwards."""
    taken: dict[str, dict[int, list[float]]] = {name: {} for name in works}
    for number in range(rounds):
        for name in list(works)[:: -1 if number % 2 else 1]:
            for size, length in lengths.items():
                if name == PEER and (size not in PEER_SIZES or number >= PEER_ROUNDS):
                    continue
                seconds = _seconds(works[name], addresses[str(size)], length)
                taken[name].setdefault(size, []).append(seconds)
    costs: dict[str, Cost] = {}
    for name, sizes in taken.items():
        floor = taken[_floor_of(name)]
        costs[name] = Cost(
            {size: median(each) for size, each in sizes.items()},
            {size: median(map(truediv, each, floor[size])) for size, each in sizes.items()},
        )
    return costs


def _floor_of(name: str) -> str:
    """What the cost of *name* is a multiple of: the bare transport of its own colour."""
    return FLOOR + AWAITED if name.endswith(AWAITED) else FLOOR


def _seconds(work: Work, address: str, length: int) -> float:
    """Seconds of the processor, all threads of ours counted and the server not."""
    gc.collect()
    start = process_time()
    size = work(address)
    seconds = process_time() - start
    if size != length:
        message = f"read {size} of {length} characters"
        raise ValueError(message)
    return seconds


def _seconds_of(cost: Cost) -> list[object]:
    growth = cost.growth
    cells = [_written(cost.seconds.get(size), "{:.3f}") for size in SIZES]
    return [*cells, _written(growth, "{:.2f}"), "-" if growth is None else met(growth <= LINEAR)]


def _deltas_of(name: str, cost: Cost, deltas: Mapping[int, int]) -> list[object]:
    each = [
        _written(
            1e6 * cost.seconds[size] / deltas[size] if size in cost.seconds else None, "{:.1f}"
        )
        for size in SIZES
    ]
    ratios = " / ".join(f"{cost.ratios[size]:.2f}" for size in SIZES if size in cost.ratios)
    aim = AIMS.get(name.removesuffix(AWAITED))
    if aim is None:
        return [*each, ratios, "-", "-"]
    return [*each, ratios, f"<= {aim}", met(all(each <= aim for each in cost.ratios.values()))]


def _written(figure: float | None, form: str) -> str:
    return "-" if figure is None else form.format(figure)
