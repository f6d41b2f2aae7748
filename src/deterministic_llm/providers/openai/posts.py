"""What is posted for a request, in the words of OpenAI's chat completions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from deterministic_llm._core.attempts import Request
from deterministic_llm._core.exchange import Constraint, Notation
from deterministic_llm._core.shapes.chat import response_format, tool
from deterministic_llm.providers.openai.profiles import Profile
from deterministic_llm.providers.openai.service import Api
from deterministic_llm.transport.posts import OPTIONS

_IN_PIECES: Mapping[str, object] = {"stream": True}
"""The members of a body that asks for the answer in pieces."""
_COUNTED: Mapping[str, object] = {**_IN_PIECES, "stream_options": {"include_usage": True}}
"""And for its tokens, which are else not counted."""


def chat(profile: Callable[[], Profile]) -> Api:
    """Chat completions, as a server of what is now its *profile* is asked for them."""
    return Api("/chat/completions", partial(_chat, profile))


def _chat(
    profile: Callable[[], Profile], name: str, request: Request, *, pieces: bool, counts: bool
) -> dict[str, object]:
    """The body that asks the model *name*; *pieces* are counted where it *counts*."""
    streams = _COUNTED if counts else _IN_PIECES
    body = _body(name, request, profile())
    return {**streams, **body} if pieces else body


def _body(name: str, request: Request, profile: Profile) -> dict[str, object]:
    sent = {key: value for key, value in request.parameters.items() if key not in OPTIONS}
    extra = sent.pop("extra_body", None)
    body: dict[str, object] = {"model": name, "messages": list(request.messages), **sent}
    body |= extra if isinstance(extra, dict) else {}
    held = _held(request.constraint, profile)
    return {**body, **_beside(body, profile.held), **held} if held else body


def _beside(body: Mapping[str, object], held: Mapping[str, object]) -> dict[str, object]:
    """The members *held* that go along with a constraint; what the caller said in them stays."""
    return {
        name: {**member, **given}
        if isinstance(member, dict) and isinstance(given := body.get(name), dict)
        else member
        for name, member in held.items()
    }


def _held(constraint: Constraint, profile: Profile) -> Mapping[str, object]:
    """The members of a body that hold the answer to *constraint*."""
    if constraint.grammar is not None:
        return _grammar(constraint.grammar, profile)
    declared = tool(constraint)
    if declared is not None:
        chosen = {"type": "function", "function": {"name": constraint.name}}
        return {"tools": [{"type": "function", "function": declared}], "tool_choice": chosen}
    held = response_format(constraint)
    return {} if held is None else {"response_format": held}


def _grammar(notation: Notation, profile: Profile) -> Mapping[str, object]:
    """The first of the notations that *profile* takes; in llama.cpp's where it takes none."""
    said = ((getattr(notation, name), spot) for name, spot in profile.grammars.items())
    for grammar, spot in said:
        if grammar is not None:
            return spot.body([*grammar] if isinstance(grammar, tuple) else grammar)
    return {"grammar": notation.gbnf}
