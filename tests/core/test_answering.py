"""Answers that are there already, given in pieces and stopped in the middle."""

from __future__ import annotations

import asyncio

import pytest

from deterministic_llm import CallFailure, Completion, Usage
from deterministic_llm._core.answering import AsyncTold, Told, stopped
from deterministic_llm._core.attempts import Request
from deterministic_llm._core.exchange import Constraint, ToolCall

PROMPT = ({"role": "user", "content": "12345678"},)
LIMITED = Request(1, PROMPT, parameters={"max_tokens": 100})


def given(told: Told, most: int) -> list[str]:
    """The pieces of *told*, which is stopped after *most* of them."""
    pieces: list[str] = []
    with told as answering:
        for piece in answering:
            pieces.append(piece)
            if len(pieces) == most:
                answering.stop()
                break
    return pieces


async def given_later(told: AsyncTold, most: int) -> list[str]:
    pieces: list[str] = []
    async with told as answering:
        async for piece in answering:
            pieces.append(piece)
            if len(pieces) == most:
                await answering.stop()
                break
    return pieces


TOOL = Constraint("tool", "answer")
STORIES = [
    pytest.param(
        LIMITED,
        Completion("abcdef", usage=Usage(7, 3)),
        9,
        Completion("abcdef", usage=Usage(7, 3)),
        id="read to its end it is what it is",
    ),
    pytest.param(
        LIMITED,
        Completion("abcdef", usage=Usage(7, 3), model="m"),
        2,
        Completion("abcd", "stopped", usage=Usage(2, 1), model="m", saved_tokens=99),
        id="stopped, it is what was given",
    ),
    pytest.param(
        Request(1, PROMPT, constraint=TOOL),
        Completion("abcdef"),
        1,
        Completion("ab", "stopped", usage=Usage(2, 1), calls=(ToolCall("answer", "ab"),)),
        id="or the arguments of the tool",
    ),
    pytest.param(
        LIMITED, CallFailure("no", "late"), 1, CallFailure("no", "late"), id="a failure stays one"
    ),
]


@pytest.mark.parametrize(("request_", "answer", "most", "expected"), STORIES)
def test_an_answer_that_is_there_is_given_in_pieces(
    request_: Request,
    answer: Completion | CallFailure,
    most: int,
    expected: Completion | CallFailure,
):
    """In both colours alike."""
    pieces = [] if isinstance(answer, CallFailure) else ["ab", "cd", "ef"]
    told, later = Told(request_, answer, pieces), AsyncTold(request_, answer, pieces)
    assert given(told, most) == pieces[:most]
    assert asyncio.run(given_later(later, most)) == pieces[:most]
    assert told.answer() == later.answer() == expected


ESTIMATES = [
    pytest.param(Completion("x" * 9, usage=Usage(5, 2)), LIMITED, Usage(5, 2), 98, id="counted"),
    pytest.param(Completion("x" * 9), LIMITED, Usage(2, 3), 97, id="four bytes a token"),
    pytest.param(Completion("é" * 4), LIMITED, Usage(2, 2), 98, id="bytes, not characters"),
    pytest.param(Completion("x", reasoning="y" * 8), LIMITED, Usage(2, 3), 97, id="thinking too"),
    pytest.param(Completion(None), LIMITED, Usage(2, 0), 100, id="nothing said"),
    pytest.param(Completion("x"), Request(1), Usage(0, 1), None, id="no limit, nothing saved"),
    pytest.param(
        Completion("x" * 9),
        Request(1, parameters={"max_completion_tokens": 2}),
        Usage(0, 3),
        0,
        id="never below nothing",
    ),
    pytest.param(
        Completion("x"),
        Request(1, ({"content": [{"type": "text", "text": "1234"}, {"type": "image"}]},)),
        Usage(1, 1),
        None,
        id="a prompt in parts",
    ),
]


@pytest.mark.parametrize(("said", "asked", "usage", "saved"), ESTIMATES)
def test_what_was_stopped_is_estimated(
    said: Completion, asked: Request, usage: Usage, saved: int | None
):
    """Only where the server did not count."""
    completion = stopped(said, asked)
    assert (completion.finish, completion.usage, completion.saved_tokens) == (
        "stopped",
        usage,
        saved,
    )
