"""What servers say that they do not take, in the words they say it with."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deterministic_llm._core.exchange import CallFailure
from deterministic_llm._core.shapes.failures import error_body
from deterministic_llm._core.shapes.untaken import untaken

TAKEN: list[tuple[str, dict[str, Any], str]] = [
    (
        "OpenAI: a schema that is not strict",
        {
            "message": "Invalid schema for response_format 'Essay': In context=(), "
            "'additionalProperties' is required to be supplied and to be false.",
            "type": "invalid_request_error",
            "param": "response_format",
            "code": None,
        },
        "schema",
    ),
    (
        "OpenAI: the same of a tool",
        {
            "message": "Invalid schema for function 'Essay': schema must be a JSON Schema of "
            "'type: \"object\"', got 'type: \"None\"'.",
            "param": "tools[0].function.parameters",
            "code": "invalid_function_parameters",
        },
        "schema",
    ),
    (
        "OpenAI: a code for it",
        {"message": "No.", "param": "text.format.schema", "code": "invalid_json_schema"},
        "schema",
    ),
    (
        "OpenAI: a model without schemas",
        {
            "message": "Invalid parameter: 'response_format' of type 'json_schema' is not "
            "supported with this model. Learn more about supported models at the guide.",
            "type": "invalid_request_error",
            "param": None,
            "code": None,
        },
        "response_format",
    ),
    (
        "OpenAI: a model without custom tools",
        {
            "message": "Invalid value: 'custom'. Supported values are: 'function'.",
            "param": "tools[0].type",
            "code": "invalid_value",
        },
        "tools",
    ),
    (
        "OpenAI: the same in a sentence",
        {"message": "Custom tools are not supported with this model.", "param": None},
        "tools",
    ),
    (
        "OpenAI: a grammar that it cannot read",
        {"message": "Could not use it.", "param": "tools[0].format", "code": "invalid_value"},
        "tools",
    ),
    (
        "OpenAI Responses: a format that it does not know",
        {"message": "Invalid value.", "param": "text.format.type", "code": "invalid_value"},
        "text",
    ),
    (
        "Azure: an old version",
        {
            "message": "response_format value as json_schema is enabled only for api versions "
            "2024-08-01-preview and later",
            "code": "BadRequest",
        },
        "response_format",
    ),
    ("DeepSeek", {"message": "This response_format type is unavailable now"}, "response_format"),
    (
        "DeepSeek: its reasoner has no tools",
        {"message": "deepseek-reasoner does not support this tool_choice"},
        "tools",
    ),
    (
        "Groq: a model without schemas",
        {"message": "This model does not support response format `json_schema`. See supported"},
        "response_format",
    ),
    (
        "OpenRouter: nobody who can",
        {"message": "No endpoints found that can handle the requested parameters.", "code": 404},
        "response_format",
    ),
    ("OpenRouter: no tools", {"message": "No endpoints found that support tool use."}, "tools"),
    (
        "Gemini: no probabilities",
        {"message": "Logprobs is not enabled for models/gemini-2.5-pro", "code": 400},
        "Logprobs",
    ),
    (
        "Vertex: no probabilities",
        {"message": "Unable to submit request because Logprobs is not supported for this model."},
        "Logprobs",
    ),
    (
        "vLLM: a keyword",
        {
            "message": "The provided JSON schema contains features not supported by xgrammar.",
            "type": "BadRequestError",
            "code": 400,
        },
        "schema",
    ),
    ("llama.cpp: a grammar", {"message": "failed to parse grammar", "code": 400}, "schema"),
    (
        "llama.cpp: a type of format",
        {
            "message": 'response_format type must be one of "text" or "json_object", but got: x',
            "code": 400,
        },
        "response_format",
    ),
    ("llama.cpp: no tools", {"message": "tools param requires --jinja flag"}, "tools"),
    (
        "Ollama: no tools",
        {"message": "registry.ollama.ai/library/a does not support tools"},
        "tools",
    ),
    ("Ollama: a schema", {"message": "invalid JSON schema in format"}, "schema"),
    (
        "Anthropic: a keyword",
        {
            "type": "invalid_request_error",
            "message": "output_config.format.schema: For 'integer' type, property 'minimum' is not "
            "supported",
        },
        "schema",
    ),
    (
        "Anthropic: too much at once",
        {"type": "invalid_request_error", "message": "Schema is too complex for compilation."},
        "schema",
    ),
    (
        "Anthropic: an older model",
        {"message": "output_config.format: Extra inputs are not permitted"},
        "response_format",
    ),
    (
        "Gemini: too much at once",
        {
            "status": "INVALID_ARGUMENT",
            "message": "The specified schema produces a constraint that has too many states for "
            "serving.",
        },
        "schema",
    ),
    (
        "Gemini: a keyword",
        {
            "message": 'Invalid JSON payload received. Unknown name "const" at '
            "'generation_config.response_schema.properties[0].value': Cannot find field."
        },
        "schema",
    ),
    (
        "Gemini: no JSON mode",
        {"message": "JSON mode is not enabled for models/a"},
        "response_format",
    ),
    (
        "Gemini: not both",
        {"message": "Function calling with a response mime type is unsupported"},
        "response_format",
    ),
    (
        "OpenAI: a reasoning model's temperature",
        {
            "message": "Unsupported value: 'temperature' does not support 0 with this model. Only "
            "the default (1) value is supported.",
            "param": "temperature",
            "code": "unsupported_value",
        },
        "temperature",
    ),
    (
        "OpenAI: a reasoning model's limit",
        {
            "message": "Unsupported parameter: 'max_tokens' is not supported with this model. Use "
            "'max_completion_tokens' instead.",
            "param": "max_tokens",
            "code": "unsupported_parameter",
        },
        "max_tokens",
    ),
    (
        "OpenAI: an argument that is not known",
        {"message": "Unrecognized request argument supplied: seed", "param": None, "code": None},
        "seed",
    ),
    (
        "OpenAI: the same in newer words",
        {
            "message": "Unknown parameter: 'grammar'.",
            "param": "grammar",
            "code": "unknown_parameter",
        },
        "grammar",
    ),
    ("Groq: a parameter", {"message": "`logprobs` is not supported with this model"}, "logprobs"),
    ("Fireworks", {"message": "Extra inputs are not permitted, field: 'seed'"}, "seed"),
    (
        "Mistral",
        {
            "message": "{'detail': [{'type': 'extra_forbidden', 'loc': ['body', 'seed'], 'msg': "
            "'Extra inputs are not permitted', 'input': 7}]}"
        },
        "seed",
    ),
    (
        "xAI",
        {"message": "Argument not supported on this model: presence_penalty"},
        "presence_penalty",
    ),
    (
        "Anthropic: one of two",
        {"message": "`temperature` and `top_p` cannot both be specified for this model."},
        "top_p",
    ),
    ("Anthropic: a field", {"message": "top_k: Extra inputs are not permitted"}, "top_k"),
]
WRONG: list[tuple[str, dict[str, Any]]] = [
    (
        "a value out of range",
        {
            "message": "Invalid 'temperature': decimal above maximum value. Expected a value <= 2.",
            "param": "temperature",
            "code": "decimal_above_max_value",
        },
    ),
    ("the same elsewhere", {"message": "temperature: range: 0..1"}),
    ("a model that is not there", {"message": "The model `gpt-6` does not exist", "code": 404}),
    (
        "a message of no known form",
        {
            "message": "Invalid value for 'content': expected a string, got null.",
            "param": "messages",
        },
    ),
    ("a role", {"message": "'tool' is not one of ['system', 'assistant', 'user']"}),
    (
        "a word that the prompt must have",
        {
            "message": "'messages' must contain the word 'json' in some form, to use "
            "'response_format' of type 'json_object'.",
            "param": "messages",
        },
    ),
    ("a missing parameter", {"message": "you must provide a model parameter"}),
    ("more than it can write", {"message": "max_tokens is too large: 100000"}),
    (
        "a name that is not allowed",
        {"message": "Invalid 'tools[0].function.name': string does not match pattern."},
    ),
    ("an image", {"message": "You uploaded an unsupported image. Please make sure it is valid."}),
    (
        "an image of a model without eyes",
        {"message": "image input is not supported - hint: mmproj"},
    ),
    ("a tool that answers nobody", {"message": "tool_call_id 'a' not found in 'tool_calls'"}),
]


@pytest.mark.parametrize(
    ("error", "name"), [pytest.param(error, name, id=told) for told, error, name in TAKEN]
)
def test_what_is_not_taken_is_named(error: dict[str, Any], name: str):
    failure = error_body({"error": {"type": "invalid_request_error", **error}})
    assert isinstance(failure, CallFailure)
    assert (failure.kind, failure.parameter) == ("unsupported", name)


@pytest.mark.parametrize("error", [pytest.param(error, id=told) for told, error in WRONG])
def test_a_request_that_is_wrong_in_itself_is_only_bad(error: dict[str, Any]):
    """Nothing weaker would be taken either."""
    failure = error_body({"error": {"type": "invalid_request_error", **error}})
    assert isinstance(failure, CallFailure)
    assert (failure.kind, failure.parameter) == ("bad_request", None)


@given(st.text(max_size=400))
def test_a_prompt_that_a_server_repeats_is_not_read_for_its_words(prompt: str):
    """Hostile text costs no time, and plain text names nothing."""
    said = untaken((), None, f"Invalid 'messages[0].content': {prompt}")
    assert said is None or said.isidentifier() or said in prompt
