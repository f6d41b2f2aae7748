"""Every fault that a server is known for, over real HTTP, blocking and awaiting alike."""

from __future__ import annotations

import asyncio
import gc
import tracemalloc
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from threading import Event
from time import perf_counter

import pytest
from openai import AsyncOpenAI, OpenAI

from deterministic_llm import CallFailure, Completion, Usage
from deterministic_llm._core.attempts import Request
from deterministic_llm._core.exchange import FailureKind, ToolCall
from deterministic_llm.providers.openai import ChatModel
from deterministic_llm.testing import FAULTS, FaultServer

PROMPT = ({"role": "user", "content": "Hi"},)
KEY = "sk-canary-0123456789"
LEFT = 0.3
PAIR = Usage(7, 3)


def failed(kind: FailureKind, status: int | None = None, **members: object) -> CallFailure:
    return replace(CallFailure("", kind, status=status), **members)  # type: ignore[arg-type]


def error(kind: FailureKind, status: int, **members: object) -> CallFailure:
    return failed(kind, status, **{"code": "server_error", **members})


def said(text: str | None, **members: object) -> Completion:
    answer = Completion(text, model="faulty", usage=PAIR)
    return replace(answer, **members)  # type: ignore[arg-type]


def called(text: str | None, *calls: tuple[str, str]) -> Completion:
    return said(text, calls=tuple(ToolCall(name, arguments) for name, arguments in calls))


TOO_LARGE = failed("too_large")
BROKEN = failed("unreachable")
NO_ANSWER = failed("malformed")
LATE = failed("late")
EXPECTED: dict[str, Completion | CallFailure] = {
    "400": error("bad_request", 400),
    "401": error("unauthorized", 401),
    "403": error("unauthorized", 403),
    "404": error("bad_request", 404),
    "408": error("timeout", 408),
    "409": error("conflict", 409),
    "413": error("prompt_too_long", 413),
    "422": error("bad_request", 422),
    "429": error("rate_limited", 429),
    "500": error("server_error", 500),
    "502": error("server_error", 502),
    "503": error("overloaded", 503),
    "529": error("overloaded", 529),
    "500_final": error("server_error", 500, final=True),
    "502_html": failed("server_error", 502),
    "400_context": error("prompt_too_long", 400, code="context_length_exceeded"),
    "429_quota": error("quota", 429, code="insufficient_quota"),
    "429_after": error("rate_limited", 429, retry_after=1.0),
    "429_after_ms": error("rate_limited", 429, retry_after=0.1),
    "429_reset": error("rate_limited", 429, retry_after=360.0),
    "429_far": error("rate_limited", 429, retry_after=300.0),
    "429_now": error("rate_limited", 429, retry_after=0.0),
    "503_now": error("overloaded", 503, retry_after=0.0),
    "no_schemas": said('{"a":1}'),
    "no_constraints": said('{"a":1}'),
    "no_seed": said('{"a":1}'),
    "no_max_tokens": said('{"a":1}'),
    "ok": said('{"a":1}'),
    "html": NO_ANSWER,
    "text_plain": said('{"a":1}'),
    "broken_json": NO_ANSWER,
    "empty": NO_ANSWER,
    "null": NO_ANSWER,
    "list": NO_ANSWER,
    "error_200": error("server_error", 502),
    "no_choices": NO_ANSWER,
    "null_choices": NO_ANSWER,
    "latin1": NO_ANSWER,
    "nan": said('{"a":1}'),
    "wrong_types": NO_ANSWER,
    "null_content": said(None),
    "empty_content": said(None),
    "parts": said('{"a":1}'),
    "refusal": said(None, finish="refusal", refusal="I cannot help with that."),
    "content_filter": said(None, finish="filter"),
    "length": said('{"a":"xx', finish="length"),
    "abort": said('{"a"', finish="aborted"),
    "surrogate": said('{"a":"\ud800"}'),
    "broken_arguments": called('{"a":', ("answer", '{"a":')),
    "dict_arguments": called('{"a": 1}', ("answer", '{"a": 1}')),
    "two_calls": called(None, ("answer", '{"a":1}'), ("answer", '{"a":2}')),
    "same_calls": called('{"a":1}', ("answer", '{"a":1}'), ("answer", '{"a":1}')),
    "unknown_tool": called('{"a":1}', ("nobody", '{"a":1}')),
    "empty_calls": said(None),
    "reasoning_only": said(None, reasoning='I think {"a":1}'),
    "bomb": TOO_LARGE,
    "not_gzip": NO_ANSWER,
    "huge": TOO_LARGE,
    "close": BROKEN,
    "reset": BROKEN,
    "garbage": BROKEN,
    "truncated": BROKEN,
    "reset_body": BROKEN,
    "hang": LATE,
    "stall": LATE,
    "drip": LATE,
    "drip_head": LATE,
    "redirect": BROKEN,
    "slow": said('{"a":1}'),
}
SILENT = [name for name, expected in EXPECTED.items() if expected is LATE]


@dataclass
class Caller:
    """A server and a model of it, asked in one colour and one event loop."""

    server: FaultServer
    ask: Callable[[Request], Completion | CallFailure]

    def outcome(self, name: str, timeout: float | None = None) -> Completion | CallFailure:
        """What asking for the fault *name* comes to."""
        return self.ask(asking(name, timeout))


def asking(name: str, timeout: float | None = None) -> Request:
    """A request for the fault *name*."""
    return Request(1, PROMPT, parameters={"headers": {"x-fault": name}}, timeout=timeout)


def callers(server: FaultServer, colour: str) -> Iterator[Caller]:
    model = ChatModel("m", base_url=server.base_url("ok"), api_key=KEY)
    if colour == "blocking":
        yield Caller(server, model.complete)
    elif colour == "blocking, in pieces":
        yield Caller(server, lambda request: in_pieces(model, request))
    else:
        ask = model.acomplete if colour == "awaiting" else partial(in_pieces_async, model)
        with asyncio.Runner() as runner:
            yield Caller(server, lambda request: runner.run(ask(request)))


def in_pieces(model: ChatModel, request: Request) -> Completion | CallFailure:
    """What a streamed answer comes to, once its pieces are checked."""
    with model.stream(request) as answering:
        pieces = list(answering)
    return checked(pieces, answering.answer())


async def in_pieces_async(model: ChatModel, request: Request) -> Completion | CallFailure:
    async with model.astream(request) as answering:
        pieces = [piece async for piece in answering]
    return checked(pieces, answering.answer())


def checked(pieces: list[str], answer: Completion | CallFailure) -> Completion | CallFailure:
    """The *answer*, whose text came in *pieces* if there were any."""
    said = answer.text if isinstance(answer, Completion) else answer.partial
    assert not pieces or "".join(pieces) == said
    if isinstance(answer, CallFailure):
        return replace(answer, partial=None)
    assert bool(pieces) == (answer.first_token is not None)
    return replace(answer, first_token=None)


COLOURS = ["blocking", "awaiting", "blocking, in pieces", "awaiting, in pieces"]


@pytest.fixture(scope="module", params=COLOURS)
def caller(request: pytest.FixtureRequest) -> Iterator[Caller]:
    with FaultServer(pace=0.05) as server:
        yield from callers(server, request.param)


def without_words(outcome: Completion | CallFailure) -> Completion | CallFailure:
    """*outcome* without what the HTTP library says in its own words, and without its duration."""
    if isinstance(outcome, Completion):
        return replace(outcome, seconds=0.0)
    assert KEY not in repr(outcome)
    assert 0 < len(outcome.message) <= 1_000
    return replace(outcome, message="", seconds=0.0)


@pytest.mark.parametrize("name", [name for name in FAULTS if not name.startswith("stream")])
def test_every_fault_comes_to_what_the_table_says(caller: Caller, name: str):
    """A completion or a failure of that kind, and never an exception; one call is one request."""
    before = caller.server.counts.get(name, 0)
    outcome = caller.outcome(name, LEFT if name in SILENT else None)
    assert without_words(outcome) == EXPECTED[name]
    assert outcome.seconds > 0
    assert caller.server.counts[name] - before == 1


@pytest.mark.parametrize("name", SILENT)
def test_a_deadline_holds_whatever_the_server_does(caller: Caller, name: str):
    """A drip or a silence, before the headers or in the body, costs a quarter second at most."""
    started = perf_counter()
    outcome = caller.outcome(name, LEFT)
    assert perf_counter() - started < LEFT + 0.25
    assert isinstance(outcome, CallFailure)
    assert outcome.message.endswith("in the 0.3 s that were left")
    assert outcome.seconds >= LEFT


@pytest.mark.parametrize("name", SILENT)
def test_a_call_has_a_time_of_its_own(caller: Caller, name: str):
    """When it is over that is no deadline: the call was sent, and may be made again."""
    started = perf_counter()
    outcome = caller.ask(replace(asking(name, 30.0), call_timeout=LEFT))
    assert perf_counter() - started < LEFT + 0.25
    assert without_words(outcome) == failed("timeout")
    assert isinstance(outcome, CallFailure)
    assert outcome.message.endswith("in the 0.3 s that one call may take")
    assert outcome.seconds >= LEFT


@pytest.mark.parametrize("name", ["ok", "429_after", "html", "reset", "parts"])
def test_a_deadline_changes_nothing_else(caller: Caller, name: str):
    """In time, the answer is the same with a deadline as without."""
    assert without_words(caller.outcome(name, 30.0)) == EXPECTED[name]


@pytest.mark.parametrize("name", ["hang", "stall"])
def test_the_clients_own_timeout_is_no_deadline(caller: Caller, name: str):
    """A call that the client gave up may be made again; a shorter timeout of its own is kept."""
    address = caller.server.base_url(name)
    with OpenAI(base_url=address, api_key=KEY, timeout=0.05) as given:
        for left in (None, 20.0):
            outcome = ChatModel("m", client=given).complete(Request(1, PROMPT, timeout=left))
            assert isinstance(outcome, CallFailure)
            assert outcome.kind == "timeout"
            assert outcome.seconds < 5


@pytest.mark.parametrize("name", ["bomb", "huge"])
def test_memory_is_bounded_by_the_cap(name: str):
    """An answer of 200 MB is given up after the first: what is held is a few times the cap."""
    with FaultServer() as server:
        model = ChatModel("m", base_url=server.base_url("ok"), api_key=KEY)
        model.max_bytes = 1_000_000
        request = asking(name)
        model.complete(request)  # what is made once, on either side
        tracemalloc.start()
        outcome = model.complete(request)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert without_words(outcome) == TOO_LARGE
    assert outcome.message == "the server's answer has more than 1,000,000 bytes"
    assert peak < 16_000_000


def test_an_answer_as_large_as_the_cap_is_read():
    """The cap is the last size that is allowed, and counts what is inflated."""
    with FaultServer("x" * 10_000) as server:
        model = ChatModel("m", base_url=server.base_url("ok"), api_key=KEY)
        client = model._clients.blocking()
        size = len(client.post("/chat/completions", body={}, cast_to=str))
        model.max_bytes = size
        assert isinstance(model.complete(Request(1, PROMPT)), Completion)
        model.max_bytes = size - 1
        assert without_words(model.complete(Request(1, PROMPT))) == TOO_LARGE


@pytest.mark.untraced
@pytest.mark.parametrize("colour", COLOURS)
def test_nothing_is_left_open(colour: str):
    """After every fault and the end of the model, the server has no connection and no request."""
    with FaultServer(pace=0.05) as server:
        for caller in callers(server, colour):
            for name in EXPECTED:
                caller.outcome(name, LEFT / 2 if name in SILENT else None)
        del caller
        assert eventually(lambda: is_idle(server))


def test_a_cancelled_call_closes_its_connection():
    """Whoever cancels leaves no request behind, and the next call is served."""
    with FaultServer() as server:

        async def cancelled_then_asked() -> Completion | CallFailure:
            async with AsyncOpenAI(base_url=server.base_url("ok"), api_key=KEY) as given:
                model = ChatModel("m", client=given)
                for name in ("hang", "stall", "drip"):
                    with pytest.raises(TimeoutError):
                        async with asyncio.timeout(0.05):
                            await model.acomplete(asking(name))
                return await model.acomplete(Request(1, PROMPT))

        assert without_words(asyncio.run(cancelled_then_asked())) == EXPECTED["ok"]
        assert eventually(lambda: is_idle(server))


def is_idle(server: FaultServer) -> bool:
    """Whether nobody is connected any more, clients that are only garbage left out."""
    gc.collect()
    return server.open == 0 and server.busy == 0


def eventually(happened: Callable[[], bool]) -> bool:
    """Whether it *happened* within ten seconds: the server learns of an end a little later."""
    ended = perf_counter() + 10
    while not happened() and perf_counter() < ended:
        Event().wait(0.005)
    return happened()
