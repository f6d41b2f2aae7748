"""Bounds: never fewer tokens than there are, and no bound where there is none."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deterministic_llm._core.attempts import Request
from deterministic_llm._core.exchange import Constraint, Notation
from deterministic_llm.metering.bounds import Unbounded, estimated_tokens, worst_case
from deterministic_llm.metering.prices import Price
from deterministic_llm.metering.spend import Spend

ASKED = ({"role": "user", "content": "How much?"},)
LIMITED = {"max_tokens": 100}


def request(content: object = "How much?", **parameters: object) -> Request:
    return Request(1, prompt=({"role": "user", "content": content},), parameters=parameters)


def tokens(asked: Request) -> int:
    bound = worst_case(asked)
    assert isinstance(bound, Spend)
    return bound.tokens


@given(st.text(max_size=400), st.text(max_size=100), st.integers(1, 5000))
def test_every_byte_of_the_prompt_and_all_of_max_tokens_counts(text: str, feedback: str, most: int):
    """A byte-level token stands for at least one byte; the template adds some of its own."""
    asked = Request(
        1,
        prompt=({"role": "system", "content": text}, {"role": "user", "content": text}),
        feedback=feedback,
        parameters={"max_tokens": most},
    )
    written = text.encode(errors="replace") * 2 + feedback.encode(errors="replace")
    assert tokens(asked) >= len(written) + most + 3 * 16


HELD = (lambda s: Constraint("tool", schema=s), lambda s: Constraint("native", schema=s))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(st.dictionaries(st.text(max_size=9), JSON, min_size=1, max_size=4), st.sampled_from(HELD))
def test_a_schema_counts_at_twice_its_bytes(
    schema: dict[str, object], constrain: Callable[..., Constraint]
):
    """Providers put it into words of their own."""
    constraint = constrain(schema)
    bare = Request(1, prompt=ASKED, parameters=LIMITED)
    held = Request(1, prompt=ASKED, parameters=LIMITED, constraint=constraint)
    written = len(json.dumps(schema, ensure_ascii=False).encode(errors="replace"))
    assert tokens(held) - tokens(bare) >= 2 * written


@pytest.mark.parametrize(
    "notation", [Notation("x" * 500), Notation("x", regex="x" * 500), Notation(lark="x" * 500)]
)
def test_a_grammar_counts_as_a_schema_does(notation: Notation):
    """It may be put in the prompt, too, in whichever notation."""
    grammar = Constraint("grammar", grammar=notation)
    held = Request(1, prompt=ASKED, parameters=LIMITED, constraint=grammar)
    assert tokens(held) == tokens(request(**LIMITED)) + 1000 + 1024


@pytest.mark.parametrize(
    ("parameters", "answer"),
    [
        pytest.param({"max_tokens": 100}, 100, id="max_tokens"),
        pytest.param({"max_completion_tokens": 100}, 100, id="max_completion_tokens"),
        pytest.param({"max_tokens": 100, "max_completion_tokens": 300}, 300, id="the larger one"),
        pytest.param({"max_tokens": 100, "n": 4}, 400, id="of four answers each"),
        pytest.param({"max_tokens": 9, "extra_body": {"max_tokens": 700}}, 700, id="what is sent"),
    ],
)
def test_the_answer_counts_in_full(parameters: dict[str, object], answer: int):
    """The dollars show it: the prompt is free here."""
    bound = worst_case(request(**parameters), price=Price(0, 1_000_000))
    assert isinstance(bound, Spend)
    assert (bound.usd, bound.calls) == (Decimal(answer), 1)


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        pytest.param(
            request(), "the length of an answer has no limit: set max_tokens=", id="no max_tokens"
        ),
        pytest.param(
            Request(1, parameters=LIMITED),
            "what a function asks in its own call cannot be counted: "
            "pass reserve=Spend(usd=..., tokens=...)",
            id="a function that makes its own call",
        ),
        pytest.param(
            request([{"type": "text", "text": "?"}, {"type": "image_url"}], **LIMITED),
            "the tokens of a part of the prompt that is no text (image_url) cannot be counted: "
            "pass reserve=Spend(usd=..., tokens=...)",
            id="an image",
        ),
        pytest.param(
            request([{"type": "tool_result", "content": [{"type": "image"}]}], **LIMITED),
            "the tokens of a part of the prompt that is no text (image) cannot be counted: "
            "pass reserve=Spend(usd=..., tokens=...)",
            id="an image inside the result of a tool",
        ),
        pytest.param(
            Request(1, prompt=({"role": "assistant", "audio": {"id": "1"}},), parameters=LIMITED),
            "the tokens of a part of the prompt that is no text (audio) cannot be counted: "
            "pass reserve=Spend(usd=..., tokens=...)",
            id="something said before",
        ),
        pytest.param(
            Request(1, prompt=({"type": "item_reference", "id": "1"},), parameters=LIMITED),
            "the tokens of a part of the prompt that is no text (item_reference) cannot be "
            "counted: pass reserve=Spend(usd=..., tokens=...)",
            id="an item that the server remembers",
        ),
        pytest.param(
            Request(
                1,
                prompt=(
                    {"type": "function_call", "arguments": "{}"},
                    {"type": "function_call_output", "output": [{"type": "input_image"}]},
                ),
                parameters=LIMITED,
            ),
            "the tokens of a part of the prompt that is no text (input_image) cannot be counted: "
            "pass reserve=Spend(usd=..., tokens=...)",
            id="an image that a tool gave",
        ),
        pytest.param(
            request([b"?"], **LIMITED),
            "the tokens of a part of the prompt that is no text (bytes) cannot be counted: "
            "pass reserve=Spend(usd=..., tokens=...)",
            id="bytes",
        ),
        pytest.param(
            request(extra_body={"previous_response_id": "r"}, **LIMITED),
            "what previous_response_id= adds to the prompt cannot be counted: "
            "pass reserve=Spend(usd=..., tokens=...)",
            id="a prompt that the server remembers",
        ),
    ],
)
def test_what_has_no_bound_says_so_and_what_to_do(asked: Request, reason: str):
    """A made-up bound would let a budget be passed."""
    assert worst_case(asked) == Unbounded(reason)
    assert str(Unbounded(reason)) == reason


@pytest.mark.parametrize(
    "content",
    [
        pytest.param([{"type": "text", "text": "x" * 50}], id="a text part"),
        pytest.param([{"text": "x" * 50}], id="a part without a type"),
        pytest.param(["x" * 50], id="a bare text"),
        pytest.param([{"type": "tool_result", "content": "x" * 50}], id="the result of a tool"),
    ],
)
def test_text_in_parts_is_text(content: object):
    """Whichever provider's form it has."""
    assert tokens(request(content, **LIMITED)) > tokens(request("", **LIMITED)) + 50


def test_an_estimate_is_near_and_takes_max_tokens_in_full():
    """For limits on tokens a minute, where too much would be too slow."""
    assert estimated_tokens(request("word " * 300, **LIMITED)) == 611
    assert estimated_tokens(request("word " * 300)) == 511
