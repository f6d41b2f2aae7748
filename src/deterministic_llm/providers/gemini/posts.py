"""What is posted for a request, in the words of Gemini's generateContent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from deterministic_llm._core.attempts import Request
from deterministic_llm._core.exchange import Constraint
from deterministic_llm.providers.gemini.contents import contents_of, system_of
from deterministic_llm.transport.posts import OPTIONS

_NAMES: Mapping[str, str] = {
    "max_tokens": "maxOutputTokens",
    "max_completion_tokens": "maxOutputTokens",
    "stop": "stopSequences",
    "top_p": "topP",
}
"""Parameters that are called otherwise; all of them are members of the generationConfig."""
OURS: Mapping[str, str] = {
    "maxOutputTokens": "max_tokens",
    "max_output_tokens": "max_tokens",
    "stopSequences": "stop",
    "stop_sequences": "stop",
    "topP": "top_p",
    "topK": "top_k",
    "presencePenalty": "presence_penalty",
    "frequencyPenalty": "frequency_penalty",
    "Logprobs": "logprobs",
    "responseLogprobs": "logprobs",
    "response_logprobs": "logprobs",
}
"""What its parameters are called here: as its server names them, in either spelling."""
_JSON = "application/json"


def content(request: Request) -> dict[str, object]:
    """The body that asks for the answer to *request*."""
    messages = request.messages
    sent = _parameters(request.parameters)
    extra = sent.pop("extra_body", None)
    system = system_of(messages)
    body: dict[str, object] = {"contents": contents_of(messages)}
    body |= {} if system is None else {"systemInstruction": system}
    more = cast("dict[str, object]", extra) if isinstance(extra, dict) else {}
    body |= more
    given = more.get("generationConfig")
    config = {**sent, **(cast("dict[str, object]", given) if isinstance(given, dict) else {})}
    config |= _held_in(request.constraint)
    body |= {"generationConfig": config} if config else {}
    return body | _called(request.constraint)


def _parameters(given: Mapping[str, object]) -> dict[str, object]:
    renamed = {
        _NAMES.get(name, name): value for name, value in given.items() if name not in OPTIONS
    }
    if "max_completion_tokens" in given:  # the newer of two names counts
        renamed["maxOutputTokens"] = given["max_completion_tokens"]
    renamed |= _probabilities(renamed.pop("logprobs", None), renamed.pop("top_logprobs", None))
    stop = renamed.get("stopSequences")
    return {**renamed, "stopSequences": [stop]} if isinstance(stop, str) else renamed


def _probabilities(asked: object, others: object) -> dict[str, object]:
    """Whether those of tokens are *asked* for, and of how many *others*: here that is one number.

    It is what a caller that has it from Google's documents means by *asked*.
    """
    if not isinstance(asked, bool):
        return {} if asked is None else {"logprobs": asked}
    told = {} if others is None else {"logprobs": others}
    return {"responseLogprobs": True, **told} if asked else {}


def _held_in(constraint: Constraint) -> dict[str, object]:
    """The members of the generationConfig that hold the answer to *constraint*."""
    if constraint.mode == "native":
        return {"responseMimeType": _JSON, "responseJsonSchema": constraint.schema}
    return {"responseMimeType": _JSON} if constraint.mode == "json" else {}


def _called(constraint: Constraint) -> dict[str, object]:
    """The function that must be called with the answer, where there is one."""
    if constraint.mode != "tool":
        return {}
    declared = {"name": constraint.name, "parametersJsonSchema": constraint.schema}
    chosen = {"mode": "ANY", "allowedFunctionNames": [constraint.name]}
    return {
        "tools": [{"functionDeclarations": [declared]}],
        "toolConfig": {"functionCallingConfig": chosen},
    }
