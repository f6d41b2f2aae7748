"""What a Turn wants, in each provider's own words: it goes in, keyword arguments come out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal, TypeAlias

from deterministic_llm._core.exchange import JsonObject, JsonValue
from deterministic_llm._core.records import frozen
from deterministic_llm.errors import ConfigurationError

Provider: TypeAlias = Literal["openai", "responses", "anthropic", "gemini"]
"""Whose words: OpenAI's chat completions and all that copy them, its Responses, and two others."""


@frozen
class Wanted:
    """What one call should say besides model and prompt.

    *response_format* is OpenAI's; *schema* is there where one holds the answer, and *tool* where
    the answer is to be the arguments of one. *timeout* is in seconds. *logprobs* is of how many
    other tokens the probabilities are wanted; Anthropic and Gemini are not asked for them.
    """

    response_format: JsonObject
    schema: JsonObject | None = None
    tool: JsonObject | None = None
    max_tokens: int | None = None
    seed: int | None = None
    timeout: float | None = None
    logprobs: int | None = None

    @property
    def in_json(self) -> bool:
        """Whether the answer is JSON at all."""
        return self.response_format["type"] != "text"

    @property
    def object_schema(self) -> JsonObject | None:
        """The schema, if it is one of an object, as hosted backends want it."""
        held = self.response_format["type"] == "json_schema" and self.schema
        return held if held and held.get("type") == "object" else None


def keywords_for(provider: str, wanted: Wanted) -> dict[str, Any]:
    """The keyword arguments of *provider*'s SDK that say what is *wanted*.

    Raises ConfigurationError for a provider that is not known.
    """
    write = _PROVIDERS.get(provider)
    if write is None:
        known = ", ".join(map(repr, _PROVIDERS))
        message = f"turn.request({provider!r}): expected one of {known}"
        raise ConfigurationError(message)
    return write(wanted)


def _openai(wanted: Wanted) -> dict[str, Any]:
    """``client.chat.completions.create(...)``."""
    form: dict[str, Any] = {}
    if wanted.tool is not None:
        form["tools"] = [{"type": "function", "function": wanted.tool}]
        form["tool_choice"] = {"type": "function", "function": {"name": wanted.tool["name"]}}
    elif wanted.object_schema is not None or wanted.response_format["type"] == "json_object":
        form["response_format"] = wanted.response_format
    limits = {"max_tokens": wanted.max_tokens, "seed": wanted.seed, "timeout": wanted.timeout}
    if wanted.logprobs is not None:
        form |= {"logprobs": True, "top_logprobs": wanted.logprobs}
    return form | _set(limits)


def _responses(wanted: Wanted) -> dict[str, Any]:
    """``client.responses.create(...)``, which has no seed."""
    form: dict[str, Any] = {}
    if wanted.tool is not None:
        name = wanted.tool["name"]
        form["tools"] = [{"type": "function", "strict": None, **wanted.tool}]
        form["tool_choice"] = {"type": "function", "name": name}
    elif wanted.object_schema is not None:
        form["text"] = {"format": {"type": "json_schema", **_inner(wanted.response_format)}}
    elif wanted.response_format["type"] == "json_object":
        form["text"] = {"format": {"type": "json_object"}}
    if wanted.logprobs is not None:
        form["include"] = ["message.output_text.logprobs"]
        form["top_logprobs"] = wanted.logprobs
    return form | _set({"max_output_tokens": wanted.max_tokens, "timeout": wanted.timeout})


def _anthropic(wanted: Wanted) -> dict[str, Any]:
    """``client.messages.create(...)``, which has no seed."""
    form: dict[str, Any] = {}
    if wanted.tool is not None:
        name = wanted.tool["name"]
        form["tools"] = [{"name": name, "input_schema": wanted.tool["parameters"]}]
        form["tool_choice"] = {"type": "tool", "name": name}
    elif wanted.object_schema is not None:
        held = {"type": "json_schema", "schema": wanted.object_schema}
        form["output_config"] = {"format": held}
    return form | _set({"max_tokens": wanted.max_tokens, "timeout": wanted.timeout})


def _gemini(wanted: Wanted) -> dict[str, Any]:
    """``client.models.generate_content(...)``, where all of it is the *config*."""
    config: dict[str, Any] = {}
    if wanted.tool is not None:
        name, schema = wanted.tool["name"], wanted.tool["parameters"]
        declared = {"name": name, "parameters_json_schema": schema}
        called = {"mode": "ANY", "allowed_function_names": [name]}
        config["tools"] = [{"function_declarations": [declared]}]
        config["tool_config"] = {"function_calling_config": called}
    elif wanted.in_json:
        config["response_mime_type"] = "application/json"
        if wanted.response_format["type"] == "json_schema":
            config["response_json_schema"] = wanted.schema
    config |= _set({"max_output_tokens": wanted.max_tokens, "seed": wanted.seed})
    if wanted.timeout is not None:
        config["http_options"] = {"timeout": max(1, int(wanted.timeout * 1000))}
    return {"config": config}


_PROVIDERS: Mapping[str, Callable[[Wanted], dict[str, Any]]] = {
    "openai": _openai,
    "responses": _responses,
    "anthropic": _anthropic,
    "gemini": _gemini,
}


def _set(values: Mapping[str, object]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def _inner(response_format: JsonObject) -> dict[str, JsonValue]:
    """Name and schema of a chat completion's ``response_format``."""
    inner = response_format["json_schema"]
    return inner if isinstance(inner, dict) else {}
