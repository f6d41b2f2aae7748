"""A server that cannot hold an answer costs one call once, in every colour, over real HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator

import pytest
from loopback import Reply, serving
from pydantic import BaseModel

from deterministic_llm import Cassette, Model, ProviderError, Result, Template
from deterministic_llm._core.exchange import Abilities
from deterministic_llm.enforcer.known import Known
from deterministic_llm.sources import Asked
from deterministic_llm.testing import FaultServer

ABLE = Abilities(("native", "tool", "json"), shows_schema=True)


class Letter(BaseModel):
    """What the healthy answer is."""

    a: int


@pytest.fixture(scope="module")
def server() -> Iterator[FaultServer]:
    with FaultServer() as running:
        yield running


def model(server: FaultServer, fault: str, name: str) -> Model:
    """A model of its own *name*, so that nothing is known of it yet."""
    asked = Model(f"openai:{name}", base_url=server.base_url(fault), api_key="k")
    source = asked.source
    known = Known(ABLE, source.known.options, source.known.name, source.known.url)
    asked._source = Asked(source.backend, known)
    return asked


Run = Callable[..., Result[Letter]]


def blocking(asked: Model, **options: int) -> Result[Letter]:
    return asked.run("Hi", Letter, **options)  # type: ignore[arg-type]


def awaiting(asked: Model, **options: int) -> Result[Letter]:
    return asyncio.run(asked.arun("Hi", Letter, **options))  # type: ignore[arg-type]


def in_pieces(asked: Model, **options: int) -> Result[Letter]:
    with asked.stream("Hi", Letter, **options) as events:  # type: ignore[arg-type]
        assert list(events)
        return events.result


COLOURS = [blocking, awaiting, in_pieces]


def told(result: Result[Letter]) -> list[tuple[str, str]]:
    return [(each.request.constraint.mode, each.outcome) for each in result.attempts]


STORIES = [
    pytest.param("no_schemas", ["native"], "tool", id="one rung down"),
    pytest.param("no_constraints", ["native", "tool", "json"], "prompt", id="down to the words"),
]


@pytest.mark.parametrize(("fault", "refused", "mode"), STORIES)
def test_every_colour_goes_down_the_same_way_and_only_once(
    server: FaultServer, fault: str, refused: list[str], mode: str
):
    runs: list[list[tuple[str, str]]] = []
    for ask in COLOURS:
        asked = model(server, fault, f"{ask.__name__}-{fault}")
        first, second = ask(asked), ask(asked)
        runs.append(told(first))
        assert (first.mode, first.output) == (mode, Letter(a=1))
        assert told(second) == [(mode, "accepted")]
    assert runs == [[*((each, "unsupported") for each in refused), (mode, "accepted")]] * 3


@pytest.mark.parametrize("ask", COLOURS)
def test_what_is_known_of_a_model_is_known_of_no_other(server: FaultServer, ask: Run):
    name = f"another-{ask.__name__}"
    ask(model(server, "no_schemas", name))
    assert len(ask(model(server, "no_schemas", f"{name}-still")).attempts) == 2


def test_what_was_learned_changes_the_task_of_a_method_once(server: FaultServer):
    """And not each time that the method is looked up."""
    asked = model(server, "no_schemas", "method")

    class Post:
        @asked.enforce(Letter)
        def read(self) -> str:
            return "Hi"

    post = Post()
    assert len(post.read.run().attempts) == 2
    one, other = (post.read.run().attempts[0].request.constraint for _ in range(2))
    assert one.mode == "tool"
    assert one is other


@pytest.mark.parametrize("ask", COLOURS)
def test_a_seed_that_is_not_taken_is_left_out_and_told(server: FaultServer, ask: Run):
    """The result says what was sent for the answer."""
    asked = model(server, "no_seed", f"seedless-{ask.__name__}")
    first = ask(asked, seed=7, temperature=0)
    assert [dict(each.request.parameters) for each in first.attempts] == [
        {"seed": 7, "temperature": 0},
        {"temperature": 0},
    ]
    second = ask(asked, seed=7, temperature=0)
    assert [dict(each.request.parameters) for each in second.attempts] == [{"temperature": 0}]
    assert (first.parameters, first.mode) == (second.parameters, "native")


@pytest.mark.parametrize("ask", COLOURS)
def test_a_limit_goes_by_its_other_name(server: FaultServer, ask: Run):
    result = ask(model(server, "no_max_tokens", f"limited-{ask.__name__}"), max_tokens=20)
    assert result.parameters == {"max_completion_tokens": 20}


def test_a_decorated_function_learns_too(server: FaultServer):
    """Its first question is made once for all its runs, and again when something is learned."""
    asked = model(server, "no_schemas", "decorated")

    @asked.enforce(Letter)
    def letter() -> str:
        return "Hi"

    assert told(letter.run()) == [("native", "unsupported"), ("tool", "accepted")]
    assert told(letter.run()) == [("tool", "accepted")]


def test_a_mode_that_was_asked_for_stays(server: FaultServer):
    asked = model(server, "no_schemas", "named")
    for _ in range(2):
        with pytest.raises(ProviderError) as caught:
            asked.run("Hi", Letter, mode="native")
        assert caught.value.failure.kind == "unsupported"


def test_a_cassette_holds_all_the_way_down(server: FaultServer, tmp_path: object):
    """It is played where nothing was learned yet."""
    path = f"{tmp_path}/calls.jsonl"
    asked = model(server, "no_schemas", "taped")
    asked.run("Hi", Letter)
    with Cassette(path):
        assert len(asked.run("Hi", Letter).attempts) == 2
    with Cassette(path, mode="replay"):
        assert len(asked.run("Hi", Letter).attempts) == 2


CUSTOM = b'{"error": {"message": "Invalid value: \'custom\'.", "param": "tools[0].type"}}'


def test_a_text_is_held_by_a_schema_where_no_tool_takes_one():
    """The grammar of a template goes with a custom tool, which only newer models have."""
    seven, eight = Reply('{"answer": "7/10"}'), Reply('{"answer": "8/10"}')
    with serving([Reply(status=400, body=CUSTOM), seven, eight]) as server:
        asked = Model("azure:older", base_url=server.base_url, api_key="k")
        for ways, score in ((["grammar", "native"], 7), (["native"], 8)):
            result = asked.run("Hi", Template("{score:int}/10"))
            assert [each.request.constraint.mode for each in result.attempts] == ways
            assert result.output.score == score


def test_the_story_tells_the_way(server: FaultServer):
    story = model(server, "no_schemas", "told").run("Hi", Letter).explain().splitlines()
    assert story[0].startswith("1. told: unsupported: This response_format type is unavailable now")
    assert story[1].startswith("2. faulty, in tool mode: accepted")


def test_the_story_tells_what_was_left_out(server: FaultServer):
    asked = model(server, "no_seed", "told-of-a-seed")
    story = asked.run("Hi", Letter, seed=7).explain().splitlines()
    assert story[1].startswith("2. faulty, without seed: accepted")
