"""One story through every door: a model or a function of the user's, prompted or decorated."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from pydantic import BaseModel, Field

from deterministic_llm import (
    AsyncStream,
    BudgetExceeded,
    CallFailure,
    Completion,
    EnforcementError,
    Final,
    NoProgress,
    ProviderError,
    Refused,
    Result,
    RetriesExhausted,
    Stream,
    Turn,
    enforce,
)
from deterministic_llm._core.exchange import Finish, Usage
from deterministic_llm.metering.budgets import Budget
from deterministic_llm.testing import ScriptedModel


class Line(BaseModel):
    """One line of an order."""

    sku: str
    count: int = Field(ge=1)


class Order(BaseModel):
    """What the stories are about."""

    buyer: str = Field(max_length=10)
    lines: list[Line]


@dataclass(frozen=True)
class Said:
    """An answer of the model: its text, and why it ended."""

    text: str | None
    finish: Finish = "stop"

    @property
    def completion(self) -> Completion:
        """As a script has it."""
        return Completion(self.text, self.finish, usage=Usage(10, 5))

    @property
    def response(self) -> dict[str, Any]:
        """As a chat completion."""
        message = {"content": self.text}
        words = {"stop": "stop", "length": "length", "filter": "content_filter"}
        choice = {"message": message, "finish_reason": words[self.finish]}
        return {"choices": [choice], "usage": {"prompt_tokens": 10, "completion_tokens": 5}}

    @property
    def chunks(self) -> Iterator[dict[str, Any]]:
        """As the chunks of a streamed one."""
        whole = self.response
        (choice,) = whole["choices"]
        text = self.text or ""
        for at in range(0, len(text), 3):
            yield {"choices": [{"delta": {"content": text[at : at + 3]}}]}
        yield {"choices": [{"delta": {}, "finish_reason": choice["finish_reason"]}]}
        yield {"choices": [], "usage": whole["usage"]}


class BusyError(Exception):
    """What an SDK raises for a status."""

    def __init__(self, status: int) -> None:
        super().__init__("busy")
        self.status_code = status
        self.response = type("Response", (), {"headers": {"retry-after-ms": "0"}})

    @property
    def failure(self) -> CallFailure:
        """As a script has it."""
        kinds = {429: "rate_limited", 401: "unauthorized"}
        return CallFailure("busy", kinds[self.status_code], status=self.status_code, retry_after=0)  # type: ignore[arg-type]  # of the table


Script = Sequence[Said | BusyError]
Run = tuple[object, list[str], list[list[str]], int]


def scripted(script: Script) -> ScriptedModel:
    return ScriptedModel(
        [each.completion if isinstance(each, Said) else each.failure for each in script]
    )


def by_prompt(script: Script, options: dict[str, Any]) -> Result[Order]:
    return scripted(script).run("Order!", Order, **options)


def by_prompt_awaited(script: Script, options: dict[str, Any]) -> Result[Order]:
    return asyncio.run(scripted(script).arun("Order!", Order, **options))


def by_decorator(script: Script, options: dict[str, Any]) -> Result[Order]:
    return scripted(script).enforce(Order, **options)(lambda: "Order!").run()


def by_decorator_awaited(script: Script, options: dict[str, Any]) -> Result[Order]:
    async def order() -> str:
        return "Order!"

    return asyncio.run(scripted(script).enforce(Order, **options)(order).run())


def by_own_call(script: Script, options: dict[str, Any]) -> Result[Order]:
    answers = iter(script)

    @enforce(Order, **options)
    def order(turn: Turn) -> object:  # noqa: ARG001  # it is enough to be told
        answer = next(answers)
        if isinstance(answer, BusyError):
            raise answer
        return answer.response

    return order.run()


def by_own_call_awaited(script: Script, options: dict[str, Any]) -> Result[Order]:
    answers = iter(script)

    @enforce(Order, **options)
    async def order(turn: Turn) -> object:  # noqa: ARG001  # it is enough to be told
        answer = next(answers)
        if isinstance(answer, BusyError):
            raise answer
        return answer.response

    return asyncio.run(order.run())


def end_of(events: Stream[Order]) -> Result[Order]:
    """The result of a stream that is read to its end."""
    with events:
        *_, last = events
        assert isinstance(last, Final)
        assert last.result is events.result
    return last.result


async def end_of_awaited(events: AsyncStream[Order]) -> Result[Order]:
    async with events:
        *_, last = [event async for event in events]
        assert isinstance(last, Final)
        assert last.result is events.result
    return last.result


def by_stream(script: Script, options: dict[str, Any]) -> Result[Order]:
    return end_of(scripted(script).stream("Order!", Order, **options))


def by_stream_awaited(script: Script, options: dict[str, Any]) -> Result[Order]:
    return asyncio.run(end_of_awaited(scripted(script).astream("Order!", Order, **options)))


def by_decorated_stream(script: Script, options: dict[str, Any]) -> Result[Order]:
    return end_of(scripted(script).enforce(Order, **options)(lambda: "Order!").stream())


def by_decorated_stream_awaited(script: Script, options: dict[str, Any]) -> Result[Order]:
    async def order() -> str:
        return "Order!"

    model = scripted(script)
    return asyncio.run(end_of_awaited(model.enforce(Order, **options)(order).stream()))


def by_own_stream(script: Script, options: dict[str, Any]) -> Result[Order]:
    answers = iter(script)

    @enforce(Order, **options)
    def order(turn: Turn) -> Iterator[object]:
        assert turn.stream
        answer = next(answers)
        if isinstance(answer, BusyError):
            raise answer
        yield from answer.chunks

    return end_of(order.stream())


def by_own_stream_awaited(script: Script, options: dict[str, Any]) -> Result[Order]:
    answers = iter(script)

    @enforce(Order, **options)
    async def order(turn: Turn) -> AsyncIterator[object]:
        assert turn.stream
        answer = next(answers)
        if isinstance(answer, BusyError):
            raise answer
        for chunk in answer.chunks:
            yield chunk

    return asyncio.run(end_of_awaited(order.stream()))


DOORS: list[Callable[[Script, dict[str, Any]], Result[Order]]] = [
    by_prompt,
    by_prompt_awaited,
    by_decorator,
    by_decorator_awaited,
    by_own_call,
    by_own_call_awaited,
    by_stream,
    by_stream_awaited,
    by_decorated_stream,
    by_decorated_stream_awaited,
    by_own_stream,
    by_own_stream_awaited,
]

GOOD = Said('{"buyer": "Ann", "lines": [{"sku": "A1", "count": 2}]}')
ZERO = Said('{"buyer": "Ann", "lines": [{"sku": "A1", "count": 0}]}')
TWO = Said('{"lines[0].count": 2}')
CUT = Said('{"buyer": "Ann", "lines": [{"sku": "A1", "count": 2}, {"sku": "B', "length")
REST = Said('{"lines": [{"sku": "B1", "count": 1}]}')
LIMITED, DENIED = BusyError(429), BusyError(401)
ANN = {"buyer": "Ann", "lines": [{"sku": "A1", "count": 2}]}


def no_bob(order: Order) -> bool:
    """The buyer is not Bob."""
    return order.buyer != "Bob"


async def slowly_no_bob(order: Order) -> bool:
    """The buyer is not Bob."""
    return no_bob(order)


BOB = Said('{"buyer": "Bob", "lines": [{"sku": "A1", "count": 2}]}')
STORIES = [
    pytest.param([GOOD], {}, ANN, id="a good answer"),
    pytest.param([Said("```\n" + str(GOOD.text) + "\n```")], {}, ANN, id="one in a fence"),
    pytest.param([LIMITED, LIMITED, GOOD], {}, ANN, id="a busy server"),
    pytest.param([ZERO, TWO], {}, ANN, id="a field mended alone"),
    pytest.param([ZERO, ZERO, GOOD], {}, ANN, id="the same members in vain, then the whole"),
    pytest.param([Said(None), GOOD], {}, ANN, id="nothing, then an answer"),
    pytest.param(
        [CUT, REST],
        {},
        {"buyer": "Ann", "lines": [*ANN["lines"], {"sku": "B1", "count": 1}]},
        id="a cut answer, continued",
    ),
    pytest.param([BOB, GOOD], {"validators": [no_bob]}, ANN, id="a validator that says no"),
    pytest.param(
        [BOB, GOOD], {"validators": [slowly_no_bob]}, ANN, id="a validator that waits and says no"
    ),
    pytest.param([ZERO, ZERO, ZERO], {}, NoProgress, id="the same wrong answer"),
    pytest.param([ZERO, BOB], {"max_retries": 0}, RetriesExhausted, id="no retries"),
    pytest.param([DENIED], {}, ProviderError, id="a call that cannot succeed"),
    pytest.param(
        [Said("I'm sorry, but I can't help with that.")], {}, Refused, id="a refusal in prose"
    ),
    pytest.param([ZERO, TWO], {"budget": 1}, BudgetExceeded, id="a budget of one call"),
]


def told(
    door: Callable[[Script, dict[str, Any]], Result[Order]], script: Script, options: Any
) -> Run:
    """How a story goes through *door*: its end, its outcomes, what was asked for, its tokens."""
    if "budget" in options:
        options = {**options, "budget": Budget(calls=options["budget"])}
    try:
        result = door(script, options)
    except EnforcementError as error:
        end, attempts, tokens = type(error), error.attempts, error.usage.total_tokens
    else:
        end, attempts, tokens = (
            result.output.model_dump(),
            result.attempts,
            result.usage.total_tokens,
        )
    asked = [list(each.request.patch.places) if each.request.patch else [] for each in attempts]
    return end, [each.outcome for each in attempts], asked, tokens


@pytest.mark.parametrize(("script", "options", "end"), STORIES)
def test_a_story_goes_the_same_through_every_door(script: Script, options: Any, end: object):
    """The same end, outcomes, questions and tokens."""
    first, *others = (told(door, script, options) for door in DOORS)
    assert first[0] == end
    assert others == [first] * len(others)
