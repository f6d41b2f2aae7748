"""Options of a run as what stands before its calls: one set for each model that may be asked."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from math import inf, nan
from typing import Any, cast

import pytest
from tenacity.wait import wait_none

from deterministic_llm import (
    Breaker,
    Budget,
    CallFailure,
    Completion,
    ConfigurationError,
    EnforcementError,
    Final,
    FirstTo,
    Limits,
    Model,
    Price,
    Result,
    Spend,
    Turn,
    Usage,
    enforce,
    judge,
)
from deterministic_llm.testing import ScriptedModel

Ask = Callable[..., Result[int]]


def blocking(model: ScriptedModel, **options: Any) -> Result[int]:
    return model.run("How many?", int, wait=wait_none(), **options)


def awaiting(model: ScriptedModel, **options: Any) -> Result[int]:
    return asyncio.run(model.arun("How many?", int, wait=wait_none(), **options))


both = pytest.mark.parametrize("ask", [blocking, awaiting], ids=["blocking", "awaiting"])
DEAD = CallFailure("no answer", "unreachable")
SEVEN = Completion("7", model="small", usage=Usage(1_000_000, 500_000))

WRONG = [
    pytest.param({"budget": 5}, "budget=: expected Budget, got int", id="dollars for a budget"),
    pytest.param({"limits": {"rpm": 1}}, "limits=: expected Limits, got dict", id="a dict"),
    pytest.param({"breaker": True}, "breaker=: expected Breaker, got bool", id="a switch"),
    pytest.param({"reserve": 100}, "reserve=: expected Spend, got int", id="tokens alone"),
    pytest.param({"prices": [1]}, "prices=: expected Mapping, got list", id="a list of prices"),
    pytest.param({"timeout": 0}, "timeout=0: expected seconds above 0", id="no time at all"),
    pytest.param({"timeout": "5"}, "timeout='5': expected seconds above 0", id="a text of them"),
    pytest.param({"timeout": inf}, "expected seconds above 0, or None", id="endless time"),
    pytest.param({"call_timeout": 0.0}, "call_timeout=0.0: expected seconds above 0", id="no call"),
    pytest.param({"call_timeout": "5"}, "call_timeout='5': expected seconds", id="a call in words"),
    pytest.param({"call_timeout": inf}, "expected seconds above 0, or None", id="an endless call"),
    pytest.param({"call_timeout": nan}, "call_timeout=nan: expected seconds", id="no number"),
    pytest.param({"call_timeout": True}, "call_timeout=True: expected seconds", id="yes, a limit"),
    pytest.param({"call_timout": 5}, "did you mean call_timeout", id="a letter less"),
    pytest.param({"idle_timeout": -1.0}, "expected seconds above 0", id="less than no time"),
    pytest.param({"max_chars": 0}, "max_chars=0: expected 1 or more", id="no characters"),
    pytest.param({"early_stop": True}, "expected 'auto', 'always' or 'never'", id="a yes"),
    pytest.param({"max_retries": -1}, "expected 0 or more", id="fewer than no retries"),
    pytest.param({"max_retries": None}, "expected 0 or more", id="nobody knows how many retries"),
    pytest.param({"transport_retries": 2.5}, "expected 0 or more", id="half a retry"),
    pytest.param({"max_tokens_ceiling": "x"}, "expected 1 or more", id="no number of tokens"),
    pytest.param({"wait": 5}, "wait=5: expected a wait strategy of tenacity", id="just seconds"),
    pytest.param(
        {"on_exhausted": "none"}, "expected 'raise', 'return_none' or a function", id="no such end"
    ),
    pytest.param({"max_retries": "2"}, "'2': expected 0 or more", id="a number in words"),
    pytest.param({"timeout": "3"}, "'3': expected seconds above 0", id="seconds in words"),
    pytest.param({"timeout": inf}, "None for no limit", id="time without end"),
    pytest.param({"seed": "7"}, "expected a whole number", id="a seed in words"),
    pytest.param({"seed": True}, "expected a whole number", id="a seed that is none"),
    pytest.param({"temperature": False}, "expected a number", id="a temperature that is none"),
    pytest.param({"strict": "yes"}, "expected True or False", id="a word for yes"),
    pytest.param({"hooks": print}, "hooks=: expected a list of", id="a hook alone"),
    pytest.param({"hooks": None}, "hooks=: expected a list of", id="no list of hooks"),
    pytest.param({"validators": abs}, "validators=: expected a list of", id="a rule alone"),
    pytest.param({"fallback": "openai:x"}, "expected a list, of models", id="a name alone"),
    pytest.param({"resume": [3]}, "resume=: expected the attempts", id="no record"),
    pytest.param({"abstain_below": "0.9"}, "expected a share", id="a share in words"),
    pytest.param({"max_tokens": 0}, "expected 1 or more", id="no room"),
    pytest.param({"headers": {"a": 3}}, "headers=:.*got dict$", id="a header that is no text"),
    pytest.param({"extra_body": 3}, "extra_body=:.*got int$", id="no body"),
    pytest.param({"fallback": [5]}, "expected models or names", id="no model to fall back on"),
]


@pytest.mark.parametrize(("options", "message"), WRONG)
def test_an_option_of_the_wrong_kind_is_refused_before_any_call(
    options: dict[str, Any], message: str
):
    """What it is, what was expected, what was got."""
    model = ScriptedModel(["7"])
    with pytest.raises(ConfigurationError, match=message):
        model.run("How many?", int, **options)
    assert model.requests == ()


def test_an_option_of_a_model_is_looked_at_when_it_is_made():
    """And not when it is first asked."""
    with pytest.raises(ConfigurationError, match="timeout=-1: expected seconds above 0"):
        Model("openai:some-model", timeout=-1)


def test_none_takes_back_an_option_that_is_none_by_default():
    """As one of the model, for a call."""
    names = ("timeout", "max_chars", "seed", "key", "temperature", "max_tokens", "headers")
    taken_back = cast("Any", dict.fromkeys([*names, "call_timeout"]))
    model = ScriptedModel(["7"], timeout=1.0, call_timeout=1.0, seed=3)
    assert model.generate("How many?", int, **taken_back) == 7
    assert (model.requests[0].timeout, model.requests[0].call_timeout) == (None, None)


@both
def test_a_breaker_leaves_a_dead_provider_alone(ask: Ask):
    """After so many failures in a row the next run ends without a call."""
    breaker = Breaker(failures=3, cooldown=60)
    model = ScriptedModel([DEAD] * 3)
    with pytest.raises(EnforcementError):
        ask(model, breaker=breaker, transport_retries=2)
    with pytest.raises(EnforcementError, match="3 calls in a row failed"):
        ask(model, breaker=breaker)
    assert len(model.requests) == 3


@both
def test_each_model_has_its_own_limits_and_prices(ask: Ask):
    """Those of the model that is fallen back on are its own; the budget is that of the run."""
    mine, theirs = Limits(concurrency=1), Limits(concurrency=1)
    other = ScriptedModel([SEVEN], limits=theirs, prices={"scripted": Price(1, 2)})
    purse = Budget(usd=10, calls=5)
    result = ask(
        ScriptedModel([DEAD]),
        fallback=[other],
        limits=mine,
        transport_retries=0,
        budget=purse,
        prices={"scripted": Price(1, 1)},
        max_tokens=10,
    )
    assert (result.output, result.cost) == (7, 2)
    assert (purse.spent.usd, purse.spent.tokens) == (2, 1_500_000)
    assert (mine.in_flight, theirs.in_flight, mine.waiting) == (0, 0, 0)


def call_times(*models: ScriptedModel) -> list[list[float | None]]:
    """How long each call to each of *models* may take."""
    return [[request.call_timeout for request in model.requests] for model in models]


def streaming(model: ScriptedModel, **options: Any) -> Result[int]:
    with model.stream("How many?", int, wait=wait_none(), **options) as events:
        *_, last = events
    return cast("Final[int]", last).result


def astreaming(model: ScriptedModel, **options: Any) -> Result[int]:
    async def told() -> Result[int]:
        async with model.astream("How many?", int, wait=wait_none(), **options) as events:
            return cast("Final[int]", [event async for event in events][-1]).result

    return asyncio.run(told())


@pytest.mark.parametrize("ask", [blocking, awaiting, streaming, astreaming])
def test_each_call_is_told_its_own_time(ask: Ask):
    """Of a re-ask, and of a fallback, which may have another of its own; it is no parameter."""
    first = ScriptedModel([DEAD, "x", "z"], call_timeout=9.0)
    second = ScriptedModel(["y", Completion(None, "refusal")], call_timeout=2.0)
    third = ScriptedModel([SEVEN])
    result = ask(first, fallback=[second, third], max_retries=1, limits=Limits(concurrency=1))
    assert result.output == 7
    assert call_times(first, second, third) == [[9.0, 9.0, 9.0], [2.0, 2.0], [9.0]]
    assert all("call_timeout" not in each.parameters for each in first.requests)
    assert first.requests[0].limited


@both
def test_votes_and_judges_have_it_too(ask: Ask):
    """A judge has that of its own model, or what is said with the rule."""
    model = ScriptedModel(["7"] * 3, call_timeout=9.0)
    voter = ScriptedModel(["7"] * 3, call_timeout=2.0)
    ruling = '{"reason": "It is.", "ok": true}'
    own, told = ScriptedModel([ruling] * 9, call_timeout=1.0), ScriptedModel([ruling] * 9)
    rules = [judge("Be small.", own), judge("Be odd.", told, call_timeout=3.0)]
    ask(model, votes=FirstTo(2, voters=[voter]), validators=rules)
    assert call_times(model, voter) == [[9.0], [2.0]]
    assert {time for model in call_times(own, told) for time in model} == {1.0, 3.0}


def test_a_function_falls_back_on_another_with_the_same_arguments():
    """Blocking or awaiting, with or without a Turn of its own."""

    def sure(name: str, surname: str, turn: Turn) -> str:  # noqa: ARG001
        return name + surname

    def surely(turn: Turn, name: str) -> str:
        return f"{len(name)}, says turn {turn.number}" if turn.number > 9 else str(len(name))

    @enforce(int, fallback=[surely], max_retries=0)
    def count(name: str) -> str:
        return f"How would I know {name}?"

    assert count("Ada") == 3
    with pytest.raises(TypeError, match="'turn' is a Turn"):
        enforce(int, fallback=[sure])(len)

    async def awaited(name: str) -> str:
        return str(len(name))

    @enforce(int, fallback=[awaited], max_retries=0)
    async def acount(name: str) -> str:
        return f"How would I know {name}?"

    assert asyncio.run(acount("Ada")) == 3
    with pytest.raises(ConfigurationError, match="expected functions with the same parameters"):
        enforce(int, fallback=["openai:gpt-5"])(len)


def test_a_function_that_makes_its_own_call_says_what_it_may_cost():
    """Else a budget in tokens could not be kept."""

    def seven() -> dict[str, Any]:
        usage = {"prompt_tokens": 5, "completion_tokens": 2}
        return {"choices": [{"message": {"content": "7"}, "finish_reason": "stop"}], "usage": usage}

    purse = Budget(tokens=100)
    with pytest.raises(ConfigurationError, match="reserve="):
        enforce(int, budget=purse)(seven)()
    counted = enforce(int, budget=purse, reserve=Spend(tokens=90))(seven)
    assert counted() == 7
    assert purse.spent.tokens == 7
    assert purse.reserved.tokens == 0
