"""The embedded engine: same request, same bytes; silent; one server a process, gone with it."""

from __future__ import annotations

import gc
import os
import signal
import socket
import subprocess
import sys
import weakref
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from time import perf_counter
from urllib.parse import urlsplit

import openai
import pytest

from deterministic_llm import Completion, DeadlineExceeded, JsonValue, Model, embedded
from deterministic_llm._core.attempts import Request
from deterministic_llm.errors import ConfigurationError
from deterministic_llm.providers import local
from deterministic_llm.providers.local import Endpoint
from deterministic_llm.providers.openai import ChatModel
from deterministic_llm.storage import models

ESSAY = "Dogs are good. I like dogs a lot because they are loyal. " * 4


@pytest.fixture(scope="module")
def model() -> Path:
    return models.locate("smollm2-135m")


@pytest.fixture
def endpoint(model: Path) -> Endpoint:
    return local.address(model)


def ask(endpoint: Endpoint, text: str, *, max_tokens: int = 8) -> list[tuple[str, float]]:
    """Tokens and their log-probabilities: they differ where the words do not do so yet."""
    with openai.OpenAI(
        base_url=endpoint.base_url, api_key=endpoint.api_key, max_retries=0
    ) as client:
        completion = client.chat.completions.create(
            model="any",
            messages=[{"role": "user", "content": text}],
            temperature=0,
            seed=1,
            max_tokens=max_tokens,
            logprobs=True,
        )
    evidence = completion.choices[0].logprobs
    assert evidence is not None
    return [(token.token, token.logprob) for token in evidence.content or []]


def listening(endpoint: Endpoint) -> bool:
    address = urlsplit(endpoint.base_url)
    with socket.socket() as probe:
        return probe.connect_ex((address.hostname, address.port)) == 0


def run(script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", script, *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=50, check=False)  # noqa: S603


def test_an_answer_in_pieces_is_the_same_answer(endpoint: Endpoint) -> None:
    """Stopped, it leaves the engine free for the next one."""
    model = ChatModel("any", base_url=endpoint.base_url, api_key=endpoint.api_key)
    parameters: dict[str, JsonValue] = {"max_tokens": 8, "temperature": 0, "seed": 1}
    request = Request(1, ({"role": "user", "content": ESSAY},), parameters=parameters, timeout=50)
    with model.stream(request) as answering:
        pieces = list(answering)
    streamed, whole = answering.answer(), model.complete(request)
    assert isinstance(streamed, Completion)
    assert isinstance(whole, Completion)
    assert "".join(pieces) == whole.text
    assert replace(streamed, first_token=None, seconds=whole.seconds) == whole
    with model.stream(request) as answering:
        for _ in answering:
            answering.stop()
    again = model.complete(request)
    assert replace(again, seconds=whole.seconds) == whole


def test_the_same_request_gives_the_same_bytes_whatever_was_asked_before_or_meanwhile(
    endpoint: Endpoint,
) -> None:
    request = f"Grade this essay: {ESSAY}"
    answers = [ask(endpoint, request), ask(endpoint, request)]
    ask(endpoint, f"Grade this essay: {ESSAY} Cats, too.", max_tokens=2)
    answers.append(ask(endpoint, request))
    with ThreadPoolExecutor(3) as threads:
        other = threads.submit(ask, endpoint, "Write a story about a cat.")
        answers += threads.map(ask, [endpoint] * 2, [request] * 2)
        other.result()
    assert len(answers[0]) == 8
    assert answers == [answers[0]] * 5


def test_all_threads_share_one_server(model: Path) -> None:
    with ThreadPoolExecutor(8) as threads:
        assert len(set(threads.map(local.address, [model] * 8))) == 1


def test_the_server_answers_only_those_who_hold_the_key_and_hides_it(endpoint: Endpoint) -> None:
    with pytest.raises(openai.AuthenticationError):
        ask(Endpoint(endpoint.base_url, "guessed"), "Hello")
    assert repr(endpoint) == f"Endpoint(base_url={endpoint.base_url!r})"
    assert urlsplit(endpoint.base_url).hostname == "127.0.0.1"


def test_a_server_that_died_is_replaced(model: Path) -> None:
    before = local.address(model)
    local._servers._running[model].process.kill()
    local._servers._running[model].process.wait()
    after = local.address(model)
    assert after != before
    assert len(ask(after, "Hello", max_tokens=1)) == 1


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        pytest.param(
            lambda whole: whole[: len(whole) // 2],
            r"error loading model: tensor '.+' data is not within the file bounds, "
            r"model is corrupted or incomplete",
            id="half of it",
        ),
        pytest.param(
            lambda whole: whole[:4] + b"\x09" + whole[5:],
            r"this GGUF file is version 9 but this software only supports up to version \d+",
            id="a version to come",
        ),
        pytest.param(
            lambda whole: whole[:60_000_000] + b"\xff" * 1000 + whole[60_001_000:],
            r"tensor '.+' has invalid data",
            id="garbage among the numbers",
        ),
    ],
)
def test_a_file_that_the_engine_refuses_is_one_sentence(
    model: Path, tmp_path: Path, spoil: Callable[[bytes], bytes], reason: str
) -> None:
    path = tmp_path / "spoilt.gguf"
    path.write_bytes(spoil(model.read_bytes()))
    sentence = rf"{path}: the engine refused this model file: {reason} \(fetch it again, .*\)"
    with pytest.raises(ConfigurationError, match=sentence):
        local.address(path)
    path.unlink()


def test_a_missing_engine_is_one_sentence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sys, "path", [path for path in sys.path if "site-packages" not in path])
    with pytest.raises(ConfigurationError) as caught:
        local.address(tmp_path / "any.gguf")
    assert str(caught.value) == (
        "the embedded engine is not installed: No module named 'xllamacpp' "
        "(pip install 'deterministic-llm[local]')"
    )


SPEAK = """
import sys
from pathlib import Path
import openai
from deterministic_llm.providers import local
endpoint = local.address(Path(sys.argv[1]))
client = openai.OpenAI(base_url=endpoint.base_url, api_key=endpoint.api_key, max_retries=0)

def ask(**parameters):
    messages = [{"role": "user", "content": "Hello"}]
    return client.chat.completions.create(model="any", messages=messages, **parameters)
"""


@pytest.mark.slow
def test_nothing_is_printed_and_the_server_ends_with_its_process_while_it_answers(
    model: Path,
) -> None:
    script = f"""{SPEAK}
import json
from http.client import HTTPConnection
from urllib.parse import urlsplit
ask(max_tokens=2)
try:
    ask(extra_body={{"grammar": "root ::= nowhere"}})  # the engine complains on standard error
except openai.BadRequestError:
    pass
connection = HTTPConnection(urlsplit(endpoint.base_url).netloc)
body = json.dumps({{"messages": [{{"role": "user", "content": "Hello"}}], "stream": True}})
headers = {{"Authorization": f"Bearer {{endpoint.api_key}}", "Content-Type": "application/json"}}
connection.request("POST", "/v1/chat/completions", body, headers)
connection.getresponse().read(20)
print(endpoint.base_url)
"""
    finished = run(script, str(model))
    assert (finished.returncode, finished.stderr) == (0, "")
    assert not listening(Endpoint(finished.stdout.strip(), ""))


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="there is no such signal")
def test_the_server_of_a_killed_process_ends(model: Path) -> None:
    script = f"""{SPEAK}
import os
os.write(1, endpoint.base_url.encode())
os.kill(os.getpid(), {signal.SIGKILL.value})
"""
    killed = run(script, str(model))
    assert killed.returncode == -signal.SIGKILL
    endpoint = Endpoint(killed.stdout, "")
    while listening(endpoint):  # pytest's timeout ends this when the claim does not hold
        os.sched_yield()


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
def test_a_forked_child_has_a_server_of_its_own_and_leaves_its_parents_alone(model: Path) -> None:
    script = f"""{SPEAK}
import os
child = os.fork()
if not child:
    own = local.address(Path(sys.argv[1]))
    sys.exit(0 if own != endpoint else "the child took its parent's server")
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
assert local.address(Path(sys.argv[1])) == endpoint
ask(max_tokens=1)
"""
    finished = run(script, str(model))
    assert (finished.returncode, finished.stdout, finished.stderr) == (0, "", "")


def test_what_asked_an_engine_that_is_gone_is_let_go() -> None:
    """Each restart has another address and key."""
    endpoints = [Endpoint(f"http://127.0.0.1:{port}/v1", "k") for port in (1, 2)]
    first = weakref.ref(embedded._chat("engine", endpoints[0]))
    assert embedded._chat("engine", endpoints[0]) is first()
    other = embedded._chat("another", endpoints[0])
    embedded._chat("engine", endpoints[1])
    gc.collect()
    assert first() is None
    assert embedded._chat("another", endpoints[0]) is other


def test_importing_the_provider_does_not_import_the_engine() -> None:
    script = "import sys, deterministic_llm.providers.local; sys.exit('xllamacpp' in sys.modules)"
    assert run(script).returncode == 0


def test_a_deadline_holds_while_the_engine_starts_or_answers():
    """The caller is back in time, whatever the engine is at."""
    began = perf_counter()
    with pytest.raises(DeadlineExceeded):
        Model("local:smollm2-135m", max_tokens=400).generate("Tell me a story.", str, timeout=0.05)
    assert perf_counter() - began < 0.3
