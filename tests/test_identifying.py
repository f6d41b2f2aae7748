"""A server that nobody knows is asked once who it is, over real HTTP, in every colour."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from openai import AzureOpenAI, OpenAI
from pydantic import BaseModel

from deterministic_llm import Budget, Cassette, Model, Result, Template
from deterministic_llm._core.exchange import JsonObject
from deterministic_llm._core.ledger import attempts_from_json
from deterministic_llm.testing import FaultServer, ScriptedModel

VLLM: JsonObject = {"data": [{"id": "m", "owned_by": "vllm"}]}
SCORE = Template("Score: {score:int}")
PATIENT = 3.0
"""Seconds, of which a quarter goes to a server that is silent: the rest is plenty for a call."""


class Letter(BaseModel):
    """What the healthy answer is."""

    a: int


def model(server: FaultServer, **options: Any) -> Model:
    return Model("openai:m", base_url=server.base_url("ok"), api_key="k", **options)


def blocking(llm: Model, **options: Any) -> Result[Letter]:
    return llm.run("Hi", Letter, **options)


def awaiting(llm: Model, **options: Any) -> Result[Letter]:
    return asyncio.run(llm.arun("Hi", Letter, **options))


def in_pieces(llm: Model, **options: Any) -> Result[Letter]:
    with llm.stream("Hi", Letter, **options) as events:
        assert list(events)
        return events.result


def in_awaited_pieces(llm: Model, **options: Any) -> Result[Letter]:
    async def told() -> Result[Letter]:
        async with llm.astream("Hi", Letter, **options) as events:
            assert [event async for event in events]
            return events.result

    return asyncio.run(told())


def decorated(llm: Model, **options: Any) -> Result[Letter]:
    @llm.enforce(Letter, **options)
    def letter() -> str:
        return "Hi"

    return letter.run()


COLOURS = [blocking, awaiting, in_pieces, in_awaited_pieces, decorated]
Run = Callable[..., Result[Letter]]


@pytest.mark.parametrize("ask", COLOURS)
def test_a_server_that_says_what_it_is_is_asked_as_that(ask: Run):
    """In its dialect, once, and at nobody's expense; the record and the story say so."""
    with FaultServer(models=VLLM) as server:
        llm = model(server)
        first, second = ask(llm, budget=Budget(calls=1)), ask(llm)
        assert server.looked == ("/ok/v1/models",)
        assert server.counts == {"ok": 2}
    for result in (first, second):
        (attempt,) = result.attempts
        assert (attempt.request.server, attempt.request.constraint.strict) == ("vllm", True)
        assert "its server says it is vllm" in result.explain()
        assert attempts_from_json(result.to_json())[0].request.server == "vllm"
    assert first.usage.total_tokens == 10


def test_a_decorated_function_that_was_made_before_learns_it_too():
    with FaultServer('{"a": 1}', models=VLLM) as server:
        llm = model(server)

        @llm.enforce(Letter)
        def letter() -> str:
            return "Hi"

        runs = [letter.run(), letter.run()]
        assert [each.attempts[0].request.server for each in runs] == ["vllm", "vllm"]
        assert len(server.looked) == 1


def test_a_text_goes_out_in_the_notation_of_that_server():
    bodies: list[str] = []
    with served(VLLM_LISTING, bodies) as address:
        llm = Model("openai:m", base_url=f"{address}/v1", api_key="k")
        assert llm.run("Grade it.", SCORE).mode == "grammar"
    assert '"structured_outputs"' in bodies[0]


@pytest.mark.untraced
@pytest.mark.parametrize("ask", COLOURS)
@pytest.mark.parametrize(
    "models",
    ["html", "401", "404", "500", "broken_json", "redirect", "close", "garbage", "bomb"],
)
def test_where_it_cannot_be_read_nothing_changes(ask: Run, models: str):
    """It is asked once: what was not heard is not asked for again for some minutes."""
    with FaultServer(models=models) as server:
        llm = model(server)
        before = ask(model(server, identify=False))
        assert not server.looked
        first, second = ask(llm), ask(llm)
        assert server.looked.count("/ok/v1/models") == 1
    for result in (first, second):
        (attempt,) = result.attempts
        assert attempt.request.server == "unknown"
        assert attempt.request == before.attempts[0].request
    assert before.attempts[0].request.server is None


@pytest.mark.parametrize("ask", [blocking, awaiting])
@pytest.mark.parametrize("models", ["hang", "drip"])
def test_a_slow_server_is_waited_for_with_a_share_of_the_time(ask: Run, models: str):
    """The most of it is left for the answer; nobody waits again."""
    with FaultServer(models=models, pace=0.05) as server:
        llm = model(server)
        results = [ask(llm, timeout=PATIENT), ask(llm)]
        assert len(server.looked) == 1
    assert [each.attempts[0].request.server for each in results] == ["unknown"] * 2
    assert results[0].attempts[0].request.timeout < PATIENT  # type: ignore[operator]


@pytest.mark.untraced
def test_of_sixty_four_threads_one_asks():
    with FaultServer(models=VLLM) as server:
        llm = model(server)
        with ThreadPoolExecutor(64) as pool:
            results = [*pool.map(lambda _: blocking(llm), range(64))]
        assert {each.attempts[0].request.server for each in results} == {"vllm"}
        assert len(server.looked) == 1


@pytest.mark.untraced
def test_of_sixty_four_tasks_one_asks():
    async def all_at_once(llm: Model) -> list[Result[Letter]]:
        return await asyncio.gather(*(llm.arun("Hi", Letter) for _ in range(64)))

    with FaultServer(models=VLLM) as server:
        results = asyncio.run(all_at_once(model(server)))
        assert {each.attempts[0].request.server for each in results} == {"vllm"}
        assert len(server.looked) == 1


def test_an_asking_that_is_broken_off_leaves_the_next_to_ask():
    async def given_up(llm: Model, server: FaultServer) -> None:
        run = asyncio.create_task(llm.arun("Hi", Letter))
        while not server.looked:  # noqa: ASYNC110  # it is in another thread
            await asyncio.sleep(0.001)
        run.cancel()
        with pytest.raises(asyncio.CancelledError):
            await run

    with FaultServer(models="hang") as server:
        llm = model(server)
        asyncio.run(given_up(llm, server))
        assert blocking(llm, timeout=PATIENT).attempts[0].request.server == "unknown"
        assert len(server.looked) == 2


def test_a_run_that_was_made_before_it_was_known_begins_with_what_is_known_then():
    with FaultServer(models=VLLM) as server:
        llm = model(server)
        with llm.stream("Hi", Letter) as events:
            blocking(llm)
            assert list(events)
            assert events.result.attempts[0].request.server == "vllm"
        assert len(server.looked) == 1


def test_who_was_not_asked_for_want_of_time_is_asked_later():
    with FaultServer(models=VLLM) as server:
        llm = model(server)
        hurried = llm.run("Hi", Letter, timeout=0.3, on_exhausted="return_none")
        assert (server.looked, hurried.attempts[0].request.server) == ((), None)
        assert blocking(llm).attempts[0].request.server == "vllm"


def test_one_that_is_slow_is_no_fault_of_the_next():
    with FaultServer(models="hang") as slow, FaultServer(models=VLLM) as server:
        result = blocking(model(slow), fallback=[model(server)], timeout=PATIENT)
        assert (result.attempts[0].request.server, server.looked) == ("unknown", ())
        assert blocking(model(server)).attempts[0].request.server == "vllm"


UNASKED = [
    pytest.param({"identify": False}, {}, id="told not to"),
    pytest.param({}, {"mode": "json"}, id="a mode of the caller's"),
    pytest.param({}, {"mode": "prompt"}, id="words alone"),
]


@pytest.mark.parametrize(("of_model", "options"), UNASKED)
def test_it_is_not_asked_where_that_changes_nothing(
    of_model: dict[str, Any], options: dict[str, Any]
):
    with FaultServer(models=VLLM) as server:
        result = blocking(model(server, **of_model), **options)
        assert (server.looked, result.attempts[0].request.server) == ((), None)


def test_a_server_that_was_named_is_not_asked():
    with FaultServer(models=VLLM) as server:
        named = Model("ollama:m", base_url=server.base_url("ok"))
        assert blocking(named).attempts[0].request.server is None
        assert server.looked == ()


KNOWN: dict[str, dict[str, Any]] = {
    "openai:m": {},
    "anthropic:m": {"base_url": "http://127.0.0.1:1"},
    "openai:n": {"base_url": "https://x.openai.azure.com/openai/v1/"},
}


@pytest.mark.parametrize(("name", "options"), KNOWN.items())
def test_who_is_known_is_never_asked(name: str, options: dict[str, Any]):
    assert Model(name, api_key="k", **options).source.known.server is None


def test_nor_is_who_is_known_by_a_client():
    with OpenAI(api_key="k") as own, OpenAI(api_key="k", base_url="https://api.x.ai/v1") as other:
        assert Model("m", client=own).source.known.server is None
        assert Model("m", client=other).source.known.server is None
    with AzureOpenAI(api_key="k", azure_endpoint="http://gate", api_version="v") as azure:
        assert Model("m", client=azure).source.known.server is None
    assert ScriptedModel([]).source.known.server is None


def test_a_client_of_the_callers_is_asked_with():
    with FaultServer(models=VLLM) as server:
        with OpenAI(api_key="k", base_url=server.base_url("ok")) as client:
            result = blocking(Model("m", client=client))
        assert (len(server.looked), result.attempts[0].request.server) == (1, "vllm")


def test_no_cassette_asks(tmp_path: Path):
    """Nor does it use what was said before: it is played where nobody has said anything."""
    with FaultServer(models=VLLM) as server:
        blocking(model(server))
        with Cassette(tmp_path / "calls.jsonl"):
            recorded = blocking(model(server))
        address = server.base_url("ok")
        assert len(server.looked) == 1
    with Cassette(tmp_path / "calls.jsonl", mode="replay"):
        replayed = blocking(Model("openai:m", base_url=address, api_key="k"))
    assert recorded.attempts[0].request.server is None
    assert replayed.attempts[0].request == recorded.attempts[0].request


def test_a_fallback_is_asked_as_what_it_says_that_it_is():
    with FaultServer(models=VLLM) as server:
        first = Model("openai:m", base_url=server.base_url("401"), api_key="k", identify=False)
        result = blocking(first, fallback=[model(server)])
    assert [each.request.server for each in result.attempts] == [None, "vllm"]


VLLM_LISTING = b'{"object": "list", "data": [{"id": "m", "owned_by": "vllm"}]}'
_ANSWER = b'{"choices": [{"message": {"content": "Score: 7"}, "finish_reason": "stop"}]}'


@contextmanager
def served(listing: bytes, bodies: list[str], moved: str | None = None) -> Iterator[str]:
    """A server with a *listing*, or one that has *moved*; the *bodies* are what it was asked."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self.answer(listing, 200 if moved is None else 302)

        def do_POST(self) -> None:
            bodies.append(self.rfile.read(int(self.headers["content-length"])).decode())
            self.answer(_ANSWER, 200)

        def answer(self, body: bytes, status: int) -> None:
            self.send_response(status)
            if status == 302:
                self.send_header("location", f"{moved}{self.path}")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_nobody_is_followed_elsewhere():
    """Where the listing has moved to another host, that is not asked, with a key or without."""
    with FaultServer(models=VLLM) as other:
        elsewhere = other.base_url("ok").removesuffix("/v1")
        with served(b"", [], moved=elsewhere) as address:
            llm = Model("openai:m", base_url=f"{address}/v1", api_key="secret-key")
            result = llm.run("Grade it.", SCORE)
        assert (other.looked, result.attempts[0].request.server) == ((), "unknown")
