"""One model behind OpenAI's Responses: what is posted for a request, in its words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Unpack, cast

from deterministic_llm._core.attempts import Request
from deterministic_llm._core.exchange import Constraint, Notation
from deterministic_llm._core.shapes.members import items
from deterministic_llm.providers.openai.items import items_of
from deterministic_llm.providers.openai.service import Api, OpenAIModel
from deterministic_llm.transport.posts import OPTIONS
from deterministic_llm.transport.service import ClientOptions

if TYPE_CHECKING:
    from openai import AsyncOpenAI, OpenAI

_OUTPUT_LIMITS = ("max_tokens", "max_completion_tokens")
"""Chat completions' words for ``max_output_tokens``."""
_UNKNOWN = frozenset({"seed", "stream_options", *_OUTPUT_LIMITS})
"""Parameters of chat completions that Responses refuses."""
_TOKENS = "message.output_text.logprobs"
"""What is to be included where the tokens of the answer are wanted."""
_NESTED: Mapping[str, tuple[str, str]] = {
    "reasoning_effort": ("reasoning", "effort"),
    "verbosity": ("text", "verbosity"),
}
"""Parameters of chat completions that are members of others there."""


class ResponsesModel(OpenAIModel):
    """The model *name* on one server."""

    def __init__(self, name: str, **options: Unpack[ClientOptions[OpenAI | AsyncOpenAI]]) -> None:
        super().__init__(name, RESPONSES, **options)


def _responses(name: str, request: Request, *, pieces: bool, counts: bool) -> dict[str, object]:
    """The body that asks the model *name*; tokens of *pieces* are counted in any case."""
    del counts
    body: dict[str, object] = {"model": name, "input": items_of(request.messages)}
    body |= _parameters(request.parameters) | ({"stream": True} if pieces else {})
    for member, held in _held(request.constraint).items():
        body[member] = _merged(body.get(member), held)
    return body


RESPONSES = Api("/responses", _responses)


def _parameters(given: Mapping[str, object]) -> dict[str, object]:
    """What is sent of the parameters, which may have chat completions' names."""
    sent = {key: value for key, value in given.items() if key not in OPTIONS}
    extra = sent.pop("extra_body", None)
    limit = next((sent[name] for name in _OUTPUT_LIMITS if name in sent), None)
    if limit is not None:
        sent.setdefault("max_output_tokens", limit)
    for name, (holder, member) in _NESTED.items():
        if name in sent:
            sent[holder] = _merged({member: sent.pop(name)}, sent.get(holder, {}))
    if sent.pop("logprobs", False):
        sent["include"] = [*items(sent.get("include")), _TOKENS]
    body = {key: value for key, value in sent.items() if key not in _UNKNOWN}
    return body | (extra if isinstance(extra, dict) else {})


def _merged(given: object, held: object) -> object:
    """What the caller has *given* beside what is *held*, where there may be both."""
    if isinstance(given, Mapping) and isinstance(held, Mapping):
        told, ours = cast("Mapping[str, object]", given), cast("Mapping[str, object]", held)
        return {**told, **ours}
    return held


def _held(constraint: Constraint) -> dict[str, object]:
    """The members of a body that hold the answer to *constraint*."""
    if constraint.mode == "json":
        return {"text": {"format": {"type": "json_object"}}}
    if constraint.mode == "grammar":
        return _custom(constraint)
    if constraint.schema is None or constraint.mode not in ("native", "tool"):
        return {}
    named = {"name": constraint.name, "strict": constraint.strict}
    if constraint.mode == "native":
        schema = {"type": "json_schema", **named, "schema": constraint.schema}
        return {"text": {"format": schema}}
    tool = {"type": "function", **named, "parameters": constraint.schema}
    return _called("function", constraint.name, tool)


def _custom(constraint: Constraint) -> dict[str, object]:
    """A tool that is called with a text, whose grammar is that of the answer."""
    syntax = _syntax(constraint.grammar)
    if syntax is None:
        return {}
    grammar = {"type": "grammar", "syntax": syntax[0], "definition": syntax[1]}
    tool = {"type": "custom", "name": constraint.name, "format": grammar}
    return _called("custom", constraint.name, tool)


def _syntax(notation: Notation | None) -> tuple[str, str] | None:
    """A grammar as custom tools take it: in which syntax, and what it says."""
    if notation is None:
        return None
    said = {"regex": notation.regex, "lark": notation.lark}
    return next(((name, text) for name, text in said.items() if text is not None), None)


def _called(kind: str, name: str, tool: Mapping[str, object]) -> dict[str, object]:
    """The one *tool* that is there, and must be called."""
    chosen = {"type": kind, "name": name}
    return {"tools": [tool], "tool_choice": chosen}
