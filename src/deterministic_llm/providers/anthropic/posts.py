"""What is posted for a request, in the words of Anthropic's Messages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from deterministic_llm._core.attempts import Request
from deterministic_llm._core.exchange import Constraint
from deterministic_llm.providers.anthropic.messages import system_of, turns_of
from deterministic_llm.transport.posts import OPTIONS

PATH = "/v1/messages"
DEFAULT_MAX_TOKENS = 8_192
"""The API has no default of its own; every model of the last two years allows as much."""
_NAMES: Mapping[str, str] = {"max_completion_tokens": "max_tokens", "stop": "stop_sequences"}
"""Parameters that are called otherwise."""
OURS: Mapping[str, str] = {"stop_sequences": "stop"}
"""What its parameters are called here."""
_NONE = frozenset({"seed"})
"""Parameters that there are none of."""


def message(name: str, request: Request, *, pieces: bool) -> dict[str, object]:
    """The body that asks the model *name*, for *pieces* of its answer or for the whole."""
    messages = request.messages
    sent = {"max_tokens": DEFAULT_MAX_TOKENS, **_parameters(request.parameters)}
    extra = sent.pop("extra_body", None)
    system = system_of(messages)
    body: dict[str, object] = {"model": name, "messages": turns_of(messages), **sent}
    body |= {} if system is None else {"system": system}
    body |= cast("dict[str, object]", extra) if isinstance(extra, dict) else {}
    body |= _held(request.constraint, body.get("output_config"))
    return {**body, "stream": True} if pieces else body


def _parameters(given: Mapping[str, object]) -> dict[str, object]:
    renamed = {
        _NAMES.get(name, name): value
        for name, value in given.items()
        if name not in OPTIONS and name not in _NONE
    }
    if "max_completion_tokens" in given:  # the newer of two names counts
        renamed["max_tokens"] = given["max_completion_tokens"]
    stop = renamed.get("stop_sequences")
    return {**renamed, "stop_sequences": [stop]} if isinstance(stop, str) else renamed


def _held(constraint: Constraint, output_config: object) -> dict[str, object]:
    """The members of a body that hold the answer to *constraint*."""
    if constraint.mode == "native":
        given = cast("dict[str, object]", output_config) if isinstance(output_config, dict) else {}
        form = {"type": "json_schema", "schema": constraint.schema}
        return {"output_config": {**given, "format": form}}
    if constraint.mode == "tool":
        strict = {"strict": True} if constraint.strict else {}
        tool = {"name": constraint.name, "input_schema": constraint.schema, **strict}
        chosen = {"type": "tool", "name": constraint.name, "disable_parallel_tool_use": True}
        return {"tools": [tool], "tool_choice": chosen}
    return {}
