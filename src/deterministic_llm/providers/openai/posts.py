"""What is posted for a request, in the words of OpenAI's chat completions."""

from __future__ import annotations

from collections.abc import Mapping

from deterministic_llm._core.attempts import Request
from deterministic_llm._core.exchange import Constraint
from deterministic_llm._core.shapes.chat import grammar, response_format, tool
from deterministic_llm.providers.openai.service import Api
from deterministic_llm.transport.posts import OPTIONS

_IN_PIECES: Mapping[str, object] = {"stream": True}
"""The members of a body that asks for the answer in pieces."""
_COUNTED: Mapping[str, object] = {**_IN_PIECES, "stream_options": {"include_usage": True}}
"""And for its tokens, which are else not counted."""


def chat(name: str, request: Request, *, pieces: bool, counts: bool) -> dict[str, object]:
    """The body that asks the model *name*; *pieces* are counted where it *counts*."""
    streams = _COUNTED if counts else _IN_PIECES
    return {**streams, **_body(name, request)} if pieces else _body(name, request)


CHAT = Api("/chat/completions", chat)


def _body(name: str, request: Request) -> dict[str, object]:
    sent = {key: value for key, value in request.parameters.items() if key not in OPTIONS}
    extra = sent.pop("extra_body", None)
    body: dict[str, object] = {"model": name, "messages": list(request.messages), **sent}
    body |= extra if isinstance(extra, dict) else {}
    return body | _held(request.constraint)


def _held(constraint: Constraint) -> dict[str, object]:
    """The members of a body that hold the answer to *constraint*."""
    if constraint.mode == "grammar":
        return {"grammar": grammar(constraint)}
    declared = tool(constraint)
    if declared is not None:
        chosen = {"type": "function", "function": {"name": constraint.name}}
        return {"tools": [{"type": "function", "function": declared}], "tool_choice": chosen}
    held = response_format(constraint)
    return {} if held is None else {"response_format": held}
