"""Runs in which the schema was lowered: in every dialect, the value is that of a run without.

A script answers as a backend that is held to the schema of each request would.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any, Literal, cast

import pytest
from loopback import Reply, serving
from pydantic import BaseModel, Field

from deterministic_llm import (
    Completion,
    FieldClosed,
    Final,
    Item,
    Model,
    Restarted,
    Schema,
    SchemaError,
    StreamEvent,
    TextGrown,
)
from deterministic_llm._core.attempts import Request
from deterministic_llm._core.drafts import Patch
from deterministic_llm._core.exchange import JsonObject, JsonValue
from deterministic_llm._core.schema.complaints import as_json
from deterministic_llm._core.schema.locations import put, value_at
from deterministic_llm._core.schema.lowering.dialects import DIALECTS
from deterministic_llm._core.schema.patches import patch_target
from deterministic_llm._core.schema.raising import raised
from deterministic_llm._core.schema.target import JsonTarget
from deterministic_llm.enforcer.known import Known
from deterministic_llm.providers.openai import ChatModel
from deterministic_llm.sources import Asked
from deterministic_llm.targets import compiled
from deterministic_llm.testing import Abilities, FaultServer, ScriptedModel
from deterministic_llm.testing.scripted import ScriptEndedError


class Line(BaseModel):  # noqa: D101 - a docstring would be part of the schema
    sku: str
    count: int = Field(default=1, ge=1)
    tags: dict[str, int] = {}


class Order(BaseModel):  # noqa: D101
    number: int
    note: str | None = None
    due: date | None = None
    state: Literal["open", "Paid"] = "open"
    size: tuple[int, float] = (1, 1.0)
    lines: list[Line]
    extra: Any = None


class Node(BaseModel):  # noqa: D101
    name: str
    below: list[Node] = []


class Card(BaseModel):  # noqa: D101
    kind: Literal["card"]
    digits: str


class Cash(BaseModel):  # noqa: D101
    kind: Literal["cash"]
    amount: Decimal


class Paid(BaseModel):  # noqa: D101
    by: Card | Cash = Field(discriminator="kind")
    rates: dict[str, list[float]]


LINES = [{"sku": "a"}, {"sku": "b", "count": 3, "tags": {"x": 1, "y": 2}}]
ORDER = {"number": 7, "due": "2026-03-09", "size": [2, 0.5], "lines": LINES, "extra": {"a": [1]}}
TARGETS: dict[str, tuple[Any, Any]] = {
    "optional members, maps and tuples": (Order, ORDER),
    "a list": (list[Line], LINES),
    "a map": (dict[str, Line], {"one": LINES[0], "two": LINES[1]}),
    "a tuple": (tuple[int, str], [1, "b"]),
    "a number": (int, 7),
    "a label": (Literal["yes", "no"], "yes"),
    "something recursive": (Node,
                            {"name": "a", "below": [{"name": "b", "below": [{"name": "c"}]}]}),
    "alternatives": (Paid, {"by": {"kind": "cash", "amount": "1.50"}, "rates": {"eur": [1.5]}}),
    "alternatives at the root": (Card | Cash, {"kind": "card", "digits": "1234"}),
    "a document": (
        Schema({"type": "object", "properties": {"a": {"type": "integer"}, "b": {}},
                "patternProperties": {"^x-": {"type": "string"}}, "required": ["a"],
                "additionalProperties": False}),
        {"a": 1, "b": [None], "x-c": "d"},
    ),
}  # fmt: skip
BROKEN: dict[str, tuple[Any, Any, tuple[str | int, ...]]] = {
    "optional members, maps and tuples": (Order, ORDER, ("lines", 1, "tags", "y")),
    "a list": (list[Line], LINES, (1, "count")),
    "a map": (dict[str, Line], {"one": LINES[0], "two": LINES[1]}, ("two", "tags", "x")),
    "a tuple in it": (Order, ORDER, ("size", 0)),
}
every_dialect = pytest.mark.parametrize("dialect", DIALECTS)


def model(answers: list[str | Completion], dialect: str) -> ScriptedModel:
    return ScriptedModel(answers, abilities=Abilities(("native",), dialect=dialect))


def text_of(target: JsonTarget[Any], value: Any, dialect: str | None) -> str:
    """*value* as a backend that is held to *dialect* writes it, be it valid or not."""
    ascent = raised(target, dialect).ascent
    return json.dumps(value if ascent is None else ascent.codec.down(value))


def answer_to(request: Request, target: JsonTarget[Any], value: Any) -> str:
    """What such a backend answers to *request*, when all of it would be *value*."""
    dialect, patch = request.constraint.dialect, request.patch
    if patch is None:
        return text_of(target, value, dialect)
    return text_of(patch_target(target, patch), dict(members(patch, value)), dialect)


def members(patch: Patch, value: JsonValue) -> JsonObject:
    """The members of *value* that *patch* asks for."""
    found: JsonObject = {}
    for key, place in patch.places.items():
        member, before = value_at(value, place.location), value_at(patch.base, place.location)
        if place.appends and isinstance(member, list) and isinstance(before, list):
            member = member[len(before) :]
        elif place.appends and isinstance(member, dict) and isinstance(before, dict):
            member = {name: member[name] for name in member if name not in before}
        if place.appends or member is not None:
            found[key] = member
    return found


def output_after(first: Completion, output_type: Any, value: Any, dialect: str) -> Any:
    """The output when *first* is followed by what is asked for after it, for *value*."""
    script: list[str | Completion] = [first]
    target = cast("JsonTarget[Any]", compiled(output_type))
    for _ in range(4):
        try:
            options: Any = {"max_retries": 3, "max_tokens": 50}
            return model(script, dialect).run("Order?", output_type, **options).output
        except ScriptEndedError as ended:
            script.append(answer_to(ended.request, target, value))
    raise AssertionError(script)


def expected(output_type: Any, value: Any) -> Any:
    """The output of a run without lowering."""
    return ScriptedModel([json.dumps(value)]).run("Order?", output_type).output


@pytest.mark.untraced
@every_dialect
@pytest.mark.parametrize(("output_type", "value"), TARGETS.values(), ids=TARGETS)
def test_a_whole_answer_says_what_it_says_without_lowering(
    output_type: Any, value: Any, dialect: str
):
    """It takes one call, and what was sent is strict."""
    target = cast("JsonTarget[Any]", compiled(output_type))
    scripted = model([text_of(target, value, dialect)], dialect)
    result = scripted.run("Order?", output_type, max_retries=0)
    assert result.output == expected(output_type, value)
    assert scripted.requests[0].constraint.strict


@pytest.mark.untraced
@every_dialect
@pytest.mark.parametrize(("output_type", "value"), TARGETS.values(), ids=TARGETS)
def test_a_backend_that_held_an_answer_to_nothing_is_read_all_the_same(
    output_type: Any, value: Any, dialect: str
):
    """What is written in the form of the original is that."""
    scripted = model([json.dumps(value)], dialect)
    assert scripted.generate("Order?", output_type) == expected(output_type, value)


@every_dialect
@pytest.mark.parametrize(("output_type", "value", "at"), BROKEN.values(), ids=BROKEN)
def test_a_wrong_member_is_asked_for_again(
    output_type: Any, value: Any, at: tuple[str | int, ...], dialect: str
):
    """In the same dialect, and merged into the rest."""
    target = cast("JsonTarget[Any]", compiled(output_type))
    wrong = Completion(text_of(target, put(value, at, "wrong"), dialect))
    assert output_after(wrong, output_type, value, dialect) == expected(output_type, value)


@every_dialect
@pytest.mark.parametrize(("output_type", "value"), TARGETS.values(), ids=TARGETS)
def test_a_cut_answer_is_gone_on_with(output_type: Any, value: Any, dialect: str):
    """From what of it could be raised, wherever it was cut."""
    target = cast("JsonTarget[Any]", compiled(output_type))
    text = text_of(target, value, dialect)
    share = 0.3 + 0.04 * [*DIALECTS].index(dialect)
    cut = Completion(text[: int(len(text) * share)], finish="length")
    assert output_after(cut, output_type, value, dialect) == expected(output_type, value)


@every_dialect
@pytest.mark.parametrize(("output_type", "value"), TARGETS.values(), ids=TARGETS)
def test_a_stream_tells_the_members_of_the_original(output_type: Any, value: Any, dialect: str):
    """Folded, they are what the run comes to, and nothing of it has to be taken back."""
    target = cast("JsonTarget[Any]", compiled(output_type))
    texts: dict[str, str] = {}
    with model([text_of(target, value, dialect)], dialect).stream("Order?", output_type) as events:
        for event in events:
            match event:
                case FieldClosed(path, output, changed):
                    assert not changed
                    assert texts.get(path, output) == output
                case TextGrown(path, delta):
                    texts[path] = texts.get(path, "") + delta
                case Item(index, output):
                    assert as_json(output) == as_json(expected(output_type, value)[index])
                case Restarted():
                    raise AssertionError(event)
                case Final(result):
                    assert result.output == expected(output_type, value)


def test_items_of_a_wrapped_list_come_one_by_one():
    """As soon as each is closed."""
    target = cast("JsonTarget[Any]", compiled(list[Line]))
    scripted = model([text_of(target, LINES, "openai")], "openai")
    with scripted.stream_items("Order?", list[Line]) as items:
        outputs = [each.output for each in items]
    assert outputs == [Line.model_validate(each) for each in LINES]


def test_what_no_value_fits_is_refused_before_a_call():
    """Whatever the backend takes, with what contradicts what."""
    bounded: Any = {"type": "integer", "minimum": 5, "maximum": 2}
    target: Any = Schema({"type": "object", "properties": {"a": bounded}, "required": ["a"]})
    for scripted in (ScriptedModel([]), model([], "openai")):
        with pytest.raises(SchemaError, match="minimum 5 leaves nothing below maximum 2"):
            scripted.generate("Order?", target)
    assert not scripted.requests


class Wired(Model):
    """A model of a chat-completions server at *base_url* that takes schemas in *dialect*."""

    def __init__(self, base_url: str, dialect: str) -> None:
        chat = ChatModel("served", base_url=base_url, api_key="key")
        known = Known(Abilities(("native",), shows_schema=True, dialect=dialect), name="served")
        self.name = "served"
        self._source = Asked(lambda: chat, known)


@pytest.mark.parametrize("dialect", ["openai", "azure", "deepseek", "cohere"])
def test_over_the_wire_the_schema_is_strict_and_the_answer_that_of_the_target(dialect: str):
    """A wrong member is asked for again in the same dialect, with no word of the schema beside."""
    target = cast("JsonTarget[Any]", compiled(Order))
    wrong = text_of(target, put(ORDER, ("lines", 1, "tags", "y"), "wrong"), dialect)
    part = {"lines[1].tags.y": 2}
    with serving([Reply(wrong), Reply(json.dumps(part))]) as server:
        output = Wired(server.base_url, dialect).generate("Order?", Order)
        whole, members = [body["response_format"]["json_schema"] for body in server.bodies]
    assert output == expected(Order, ORDER)
    assert (whole["strict"], members["strict"]) == (True, True)
    assert whole["schema"] == cast("Any", raised(target, dialect)).schema
    assert members["schema"]["required"] == [*part]


@pytest.mark.parametrize("dialect", ["openai", "anthropic", "xgrammar"])
def test_over_the_wire_a_stream_is_that_of_the_target(dialect: str):
    """Item by item, out of the wrapper."""
    target = cast("JsonTarget[Any]", compiled(list[Line]))
    with FaultServer() as server:
        url = server.script("lines", [Completion(text_of(target, LINES, dialect))])
        with Wired(url, dialect).stream_items("Order?", list[Line]) as items:
            outputs = [each.output for each in items]
    assert outputs == [Line.model_validate(each) for each in LINES]


@pytest.mark.parametrize("at", [("lines", 2, "count"), ("lines", 2, "tags", "x"), ("size", 0)])
@pytest.mark.parametrize("dialect", ["openai", "anthropic", "llama.cpp"])
def test_a_stream_is_stopped_at_a_wrong_member_and_gone_on_with(
    at: tuple[str | int, ...], dialect: str
):
    """What had come before it is kept, in the form of the original."""
    lines: list[JsonValue] = [{"sku": f"s{n}", "count": 1, "tags": {"x": n}} for n in range(12)]
    order: Any = {**ORDER, "lines": lines}
    target = cast("JsonTarget[Any]", compiled(Order))
    script: list[str | Completion] = [text_of(target, put(order, at, "wrong"), dialect)]
    with pytest.raises(ScriptEndedError) as ended:
        list(told(script, dialect))
    assert ended.value.request.patch is not None
    script.append(answer_to(ended.value.request, target, order))
    *_, last = told(script, dialect)
    assert isinstance(last, Final)
    assert last.result.output == expected(Order, order)
    assert [each.finish for each in last.result.attempts] == ["stopped", "stop"]


def told(script: list[str | Completion], dialect: str) -> Iterator[StreamEvent[Order]]:
    """What a stream of an order tells."""
    with model(script, dialect).stream("Order?", Order) as events:
        yield from events
