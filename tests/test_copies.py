"""What is configured, copied and pickled: what goes to another process, and what says why not."""

from __future__ import annotations

import copy
import pickle
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import TypeVar

import pytest
from openai import OpenAI

from deterministic_llm import (
    Breaker,
    Budget,
    BudgetExceeded,
    CallFailure,
    Limits,
    Model,
    ProviderError,
    RetriesExhausted,
    enforce,
    judge,
)
from deterministic_llm.testing import Cassette, FaultServer, ScriptedModel

KEY = "sk-1234567890abcdef"
T = TypeVar("T")


def pickled(thing: T) -> T:
    """*thing* as another process gets it."""
    copied: T = pickle.loads(pickle.dumps(thing))  # noqa: S301  # our own bytes
    return copied


class Named(Model):
    """A model of a program's own, with a member of its own."""

    def __init__(self, port: int) -> None:
        super().__init__("vllm:some-model", base_url=f"http://127.0.0.1:{port}/v1", seed=7)
        self.port = port


CONFIGURED = {
    "with options": Model("openai:gpt-5-mini", temperature=0, max_retries=1),
    "with headers": Model("anthropic:claude-sonnet-5", headers={"x-title": "essays"}),
    "embedded": Model("local:smollm2-135m", seed=7),
    "at an address": Model("vllm:some-model", base_url="http://127.0.0.1:1/v1"),
    "of nobody known": Model("openai:some-model", base_url="http://127.0.0.1:1/v1"),
    "not asked": Model("openai:some-model", base_url="http://127.0.0.1:1/v1", identify=False),
    "with others": Model("openai:gpt-5-mini", fallback=[Model("vllm:other"), "vllm:third"]),
    "of a class of its own": Named(8000),
}


@pytest.mark.parametrize("model", CONFIGURED.values(), ids=CONFIGURED)
def test_a_model_goes_to_another_process_as_it_was_configured(model: Model):
    """What is known of it is the same there, as far as it can be compared."""
    again = pickled(model)
    assert type(again) is type(model)
    assert isinstance(again, Model)
    ours, theirs = model.source.known, again.source.known
    assert (theirs.abilities, theirs.name, theirs.url) == (ours.abilities, ours.name, ours.url)
    assert theirs.options.keys() == ours.options.keys()
    assert (theirs.server is None) == (ours.server is None)
    assert getattr(again, "port", None) == getattr(model, "port", None)


def test_a_model_asks_in_another_process():
    """It makes its clients there."""
    with FaultServer("7") as server:
        model = Model("vllm:some-model", base_url=server.base_url("ok"))
        assert model.generate("How many?", int) == 7
        with ProcessPoolExecutor(1, get_context("spawn")) as pool:
            assert pool.submit(model.generate, "How many?", int).result() == 7


SECRET = [
    (Model("openai:gpt-5-mini", api_key=KEY), "its api_key= is a secret; set it in the environ"),
    (Model(client=OpenAI(api_key=KEY), name="gpt-5-mini"), "its client= is that of one process"),
    (
        Model("openai:gpt-5-mini", headers={"Authorization": f"Bearer {KEY}"}),
        "its options hold a secret, or make it in the process that asks",
    ),
    (Model("openai:gpt-5-mini", extra_body={"api_key": KEY}), "its options hold a secret"),
    (
        Model("vllm:some-model", base_url="http://me:hush@127.0.0.1:1/v1"),
        "its base_url= has a user or a query, where a secret may stand, or make it",
    ),
    (
        Model("vllm:some-model", base_url=f"http://127.0.0.1:1/v1?key={KEY}"),
        "its base_url= has a user or a query",
    ),
    (
        Model("vllm:some-model", fallback=[Model("openai:gpt-5-mini", api_key=KEY)]),
        r"cannot pickle Model\('openai:gpt-5-mini'\): its api_key=",
    ),
]


@pytest.mark.parametrize(("model", "why"), SECRET)
def test_a_model_with_a_secret_is_not_written_down(model: Model, why: str):
    """A copy in the same process is the model itself, with all that it shares."""
    with pytest.raises(TypeError, match=why):
        pickle.dumps(model)
    assert copy.deepcopy(model) is model is copy.copy(model)


def test_a_result_or_an_error_is_written_down_without_the_keys_of_its_calls():
    """They pass from process to process, and into the logs of task queues."""
    given = {"headers": {"Authorization": f"Bearer {KEY}"}, "temperature": 0.5}
    result = ScriptedModel(["7"], **given).run("How many?", int)
    with pytest.raises(RetriesExhausted) as caught:
        ScriptedModel(["many"], max_retries=0, **given).run("How many?", int)
    for kept in (result, caught.value):
        assert KEY.encode() not in pickle.dumps(kept)
        for again in (pickled(kept), copy.deepcopy(kept)):
            assert again.attempts[0].request.parameters == {"temperature": 0.5}
            assert again.attempts[0].request.digest == kept.attempts[0].request.digest
        assert kept.attempts[0].request.parameters["headers"] == given["headers"]


def test_what_a_server_repeats_of_a_header_is_in_no_error():
    """A key of any form: the text alone does not tell that it is one."""
    denied = CallFailure("nobody knows hunter2password", "unauthorized", status=401)
    headers = {"Authorization": "Bearer hunter2password"}
    with pytest.raises(ProviderError) as caught:
        ScriptedModel([denied], headers=headers).run("How many?", int)
    assert str(caught.value) == "the call failed with status 401: nobody knows [hidden]"
    assert b"hunter2" not in pickle.dumps(caught.value)


SHARED = [
    (Budget(calls=1), "cannot pickle a Budget: its limit holds for one process: make one in each"),
    (Limits(rpm=1), "cannot pickle a Limits: its line is that of one process: make one in each"),
    (Breaker(), "cannot pickle a Breaker: it has seen the calls of one process: make one in each"),
    (ScriptedModel(["7"]), "cannot pickle a ScriptedModel: its script is gone through once"),
    (ScriptedModel(["7"]).stream("?", int), "cannot pickle a Stream: it is iterated in the proce"),
    (ScriptedModel(["7"]).astream("?", int), "cannot pickle a AsyncStream: it is iterated in"),
    (Cassette(Path("a.jsonl")), "cannot pickle a Cassette: .* enter one in each, with a file of"),
    (FaultServer(), r"cannot pickle a FaultServer: .* hand on its base_url\(\) instead"),
]


@pytest.mark.parametrize(("thing", "why"), SHARED, ids=lambda each: type(each).__name__)
def test_what_is_shared_stays_in_its_process(thing: object, why: str):
    """A second one with the same state would let a limit be passed twice."""
    for holder in (thing, {"held": [thing]}):
        with pytest.raises(TypeError, match=why):
            pickle.dumps(holder)
    assert copy.deepcopy({"held": thing})["held"] is thing is copy.copy(thing)


@dataclass
class Settings:
    """How a program keeps its configuration."""

    model: Model
    budget: Budget


def test_a_copied_configuration_shares_its_budget():
    """Else each copy had the whole of it."""
    settings = Settings(ScriptedModel(["7", "8"]), Budget(calls=1))
    first, second = asdict(settings), copy.deepcopy(settings)
    assert first["model"].generate("How many?", int, budget=first["budget"]) == 7
    with pytest.raises(BudgetExceeded):
        second.model.generate("How many?", int, budget=second.budget)


def test_a_judge_goes_where_its_model_goes():
    """It is a rule and a model."""
    again = pickled(judge("It is polite.", Model("vllm:some-model")))
    assert getattr(again, "name", None) == "judge"


def test_a_decorated_function_without_a_name_says_so():
    """Where it would be found nobody knows."""
    partly = enforce(int)(partial(pickled, "7"))
    with pytest.raises(TypeError, match=r"cannot pickle <Enforcer .*>: it has no name to be found"):
        pickle.dumps(partly)
