"""What a program leaves behind at its end: closed clients, and nothing on its standard error."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from deterministic_llm.testing import FaultServer

PROGRAM = """
import atexit, gc, sys

def clients():
    import openai
    made = [each for each in gc.get_objects() if type(each) is openai.OpenAI]
    print(*[each.is_closed() for each in made])

atexit.register(clients)  # what is registered first is called last

import asyncio, os
from openai import OpenAI
from deterministic_llm import Model

url = sys.argv[1]
model = Model("openai:m", base_url=url, api_key="k")

{body}
"""
BLOCKING = "print(model.generate('Hi', dict))"
CALLS = f"""
@model.enforce(dict, timeout=60)
def ask(essay):
    return essay

print(ask("Hi"))
{BLOCKING}
print(asyncio.run(model.agenerate("Hi", dict)))
"""
STREAMS = """
async def leave():
    async with model.astream("Hi", dict) as events:
        async for _ in events:
            break

asyncio.run(leave())
with model.stream("Hi", dict) as events:
    next(iter(events))
"""
DROPPED = f"""
{BLOCKING}
del model
gc.collect()
clients()
own = OpenAI(base_url=url, api_key="k")
print(Model("m", client=own).generate("Hi", dict))
gc.collect()
clients()
own.close()
"""
ENDS = {
    "calls": (CALLS, ["{'a': 1}"] * 3 + ["True"]),
    "streams that are left": (STREAMS, ["True"]),
    "models that are dropped, one with a client of the caller's own": (
        DROPPED,
        ["{'a': 1}", "", "{'a': 1}", "False", "True"],
    ),
}


@pytest.fixture(scope="module")
def server() -> Iterator[FaultServer]:
    with FaultServer(chunk=1) as started:
        yield started


def ended(server: FaultServer, body: str) -> subprocess.CompletedProcess[str]:
    """A program of its own that has come to its end."""
    program = PROGRAM.format(body=body)
    command = [sys.executable, "-W", "default::ResourceWarning", "-c", program]
    return subprocess.run(  # noqa: S603  # our own program
        [*command, server.base_url("ok")], capture_output=True, text=True, timeout=50, check=False
    )


@pytest.mark.parametrize("case", ENDS)
def test_a_program_ends_with_its_clients_closed_and_without_a_word(
    server: FaultServer, case: str
) -> None:
    body, said = ENDS[case]
    done = ended(server, body)
    assert (done.returncode, done.stderr, done.stdout.splitlines()) == (0, "", said)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there are no forks here")
def test_a_child_leaves_the_clients_of_its_parent_alone(server: FaultServer) -> None:
    body = f"""
{BLOCKING}
sys.stdout.flush()
child = os.fork()
if not child:
    sys.exit()
os.waitpid(child, 0)
{BLOCKING}
"""
    before = server.connections
    done = ended(server, body)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == ["{'a': 1}", "False", "{'a': 1}", "True"]
    assert server.connections == before + 1
