"""Errors of any SDK and HTTP library, told apart by status, code, sentence and class name."""

from __future__ import annotations

import gzip
import importlib
import json
import zlib
from types import SimpleNamespace
from typing import Any

import openai
import pytest

from deterministic_llm import CallFailure, Completion
from deterministic_llm._core.exchange import FailureKind
from deterministic_llm._core.shapes.failures import error_body, failure_of

HTTP: Any = importlib.import_module(openai.DefaultHttpxClient.__mro__[1].__module__)
"""The SDK's HTTP library: httpx up to openai 2, httpx2 since."""


def raised(name: str, *bases: type[Exception], **members: object) -> Exception:
    """An exception of a class *name*, as a library that is not installed would raise it."""
    error = type(name, bases or (Exception,), {})("what it says")
    for member, value in members.items():
        setattr(error, member, value)
    return error


def caused(error: Exception, cause: Exception) -> Exception:
    error.__cause__ = cause
    return error


def answered(status: int, body: object = None, **headers: str) -> Exception:
    """The SDK's own exception for a response."""
    request = HTTP.Request("POST", "http://host/v1")
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    response = HTTP.Response(status, headers=named, json=body, request=request)
    return openai.OpenAI(api_key="k")._make_status_error_from_response(response)


def undecodable() -> Exception:
    try:
        b"\xe9".decode()
    except UnicodeDecodeError as error:
        return error
    raise AssertionError


REQUEST = HTTP.Request("POST", "http://host/v1")
EXCEPTIONS: list[tuple[str, Exception, FailureKind]] = [
    ("a refused connection", ConnectionRefusedError("no"), "unreachable"),
    ("a time-out of Python's own", TimeoutError(), "timeout"),
    ("httpx: a broken read", raised("ReadError", type(raised("NetworkError"))), "unreachable"),
    ("httpx: a broken protocol", HTTP.RemoteProtocolError("no"), "unreachable"),
    ("httpx: a slow read", HTTP.ReadTimeout("slow"), "timeout"),
    ("httpx: a slow connection", HTTP.ConnectTimeout("slow"), "unreachable"),
    ("httpx: a full pool", HTTP.PoolTimeout("full"), "timeout"),
    ("httpx: bytes that are not gzip", HTTP.DecodingError("no"), "malformed"),
    ("httpx: no http address", HTTP.UnsupportedProtocol("no"), "bad_request"),
    ("httpx: round in circles", HTTP.TooManyRedirects("no"), "bad_request"),
    ("zlib's own error", zlib.error("no"), "malformed"),
    ("gzip's own error", gzip.BadGzipFile("no"), "malformed"),
    ("json's own error", json.JSONDecodeError("no", "{", 1), "malformed"),
    ("a text that is not UTF-8", undecodable(), "malformed"),
    ("aiohttp: a cut payload", raised("ClientPayloadError"), "unreachable"),
    ("requests: a slow read", raised("ReadTimeout", OSError), "timeout"),
    ("the SDK: no connection", openai.APIConnectionError(request=REQUEST), "unreachable"),
    ("the SDK: a time-out", openai.APITimeoutError(request=REQUEST), "timeout"),
    (
        "the SDK says less than its cause",
        caused(openai.APIConnectionError(request=REQUEST), HTTP.DecodingError("no")),
        "malformed",
    ),
    (
        "the SDK: a connection that took too long",
        caused(openai.APITimeoutError(request=REQUEST), HTTP.ConnectTimeout("slow")),
        "unreachable",
    ),
    (
        "an error in a stream, its status in a code",
        openai.APIError("Overloaded", REQUEST, body={"code": "529", "message": "Overloaded"}),
        "overloaded",
    ),
    (
        "an error in a stream, by its type",
        openai.APIError("slow down", REQUEST, body={"type": "rate_limit_error"}),
        "rate_limited",
    ),
    (
        "an error in a stream without a word",
        openai.APIError("oops", REQUEST, body=None),
        "malformed",
    ),
    (
        "requests: an HTTP error",
        raised("HTTPError", response=SimpleNamespace(status_code=503)),
        "overloaded",
    ),
    (
        "Gemini: an HTTP error",
        raised("APIError", code=429, status="RESOURCE_EXHAUSTED"),
        "rate_limited",
    ),
    ("aiohttp: an HTTP error", raised("ClientResponseError", status=401), "unauthorized"),
]


@pytest.mark.parametrize(
    ("error", "kind"), [pytest.param(error, kind, id=name) for name, error, kind in EXCEPTIONS]
)
def test_an_exception_is_told_by_its_names(error: Exception, kind: FailureKind):
    """By class, by cause and by status, whichever library it came from."""
    failure = failure_of(error, seconds=1.5)
    assert isinstance(failure, CallFailure)
    assert (failure.kind, failure.seconds) == (kind, 1.5)
    assert failure.message


SAID: list[tuple[object, str]] = [
    ({"error": {"message": "no such model"}}, "no such model"),
    ({"error": "no such model"}, "no such model"),
    ({"detail": "no such model"}, "no such model"),
    ({"detail": [{"loc": ["body", "n"], "msg": "no such n"}]}, "no such n"),
    ({"errors": [{"message": "no such route"}]}, "no such route"),
    (["no such page"], "no such page"),
    ({"error": {"type": "server_error"}}, "422"),
    ({"error": None}, "422"),
]


@pytest.mark.parametrize(("body", "said"), SAID)
def test_the_words_of_an_error_are_kept_whatever_the_shape_of_its_body(body: object, said: str):
    """The SDK's own text may have the status alone."""
    failure = failure_of(answered(422, body))
    assert isinstance(failure, CallFailure)
    assert said in failure.message


@pytest.mark.parametrize(
    "error", [ValueError("no"), KeyError("a"), AttributeError("x"), raised("ValidationError")]
)
def test_any_other_exception_is_none_of_ours(error: Exception):
    """A bug in the caller's code passes through."""
    assert failure_of(error) is None


TOO_LONG = [
    "This model's maximum context length is 8192 tokens. However, you requested 9000 tokens",
    "This endpoint's maximum context length is 32768 tokens. However, you requested about 40000",
    "prompt is too long: 210000 tokens > 200000 maximum",
    "input length and `max_tokens` exceed context limit: 199000 + 8000 > 200000",
    "The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).",
    "Prompt contains 40000 tokens, too large for model with 32768 maximum context length",
    "too many tokens: total number of tokens in the prompt cannot exceed 4081",
    "Input is too long for requested model.",
    "the request exceeds the available context size, try increasing it",
    "Requested tokens (4100) exceed context window of 2048",
    "This model's maximum prompt length is 131072 but the request contains 537812 tokens.",
    "Input validation error: `inputs` must have less than 4096 tokens. Given: 5000",
    "`inputs` tokens + `max_new_tokens` must be <= 4097",
    "The input (9000 tokens) is longer than the model's context length (8192 tokens).",
    "The decoder prompt (length 9000) is longer than the maximum model length of 8192.",
    "Your request exceeded model token limit: 262144",
    "Range of input length should be [1, 30720]",
    "Request too large for gpt-4 on tokens per min (TPM): Limit 10000, Requested 20000.",
    "The number of tokens to keep from the initial prompt is greater than the context length",
]


@pytest.mark.parametrize("sentence", TOO_LONG)
@pytest.mark.parametrize("status", [400, 413, 422, 429, 500])
def test_a_prompt_that_is_too_long_is_told_by_the_sentence(sentence: str, status: int):
    """Whatever status and code the provider chose for it."""
    failure = failure_of(answered(status, {"error": {"message": sentence, "code": None}}))
    assert isinstance(failure, CallFailure)
    assert (failure.kind, failure.status, failure.message) == ("prompt_too_long", status, sentence)


REPLIES: list[tuple[str, int, dict[str, Any], FailureKind]] = [
    ("OpenAI has no credit", 429, {"code": "insufficient_quota"}, "quota"),
    ("DeepSeek has no credit", 402, {"message": "Insufficient Balance"}, "quota"),
    (
        "Anthropic has no credit",
        400,
        {"type": "invalid_request_error", "message": "Your credit balance is too low to access"},
        "quota",
    ),
    ("Anthropic is overloaded", 529, {"type": "overloaded_error"}, "overloaded"),
    (
        "Gemini's limit is a limit, not a quota",
        429,
        {"message": "You exceeded your current quota"},
        "rate_limited",
    ),
    (
        "more tokens than it can write",
        400,
        {"message": "max_tokens is too large: 100000"},
        "bad_request",
    ),
    (
        "more tokens than fit behind the prompt",
        400,
        {
            "message": "'max_tokens' or 'max_completion_tokens' is too large: 5000. This model's "
            "maximum context length is 4096 tokens"
        },
        "bad_request",
    ),
    (
        "a schema it does not take",
        400,
        {"message": "Invalid schema for response_format"},
        "unsupported",
    ),
    (
        "Groq's model missed the schema that it was held to",
        400,
        {"code": "json_validate_failed", "message": "Failed to generate JSON."},
        "malformed",
    ),
]


@pytest.mark.parametrize(
    ("status", "error", "kind"),
    [pytest.param(status, error, kind, id=name) for name, status, error, kind in REPLIES],
)
def test_a_reply_is_told_by_code_sentence_and_status(
    status: int, error: dict[str, Any], kind: FailureKind
):
    """The most telling of them counts."""
    failure = failure_of(answered(status, {"error": error}))
    assert isinstance(failure, CallFailure)
    assert failure.kind == kind


def test_a_prompt_that_the_filter_kept_back_is_a_filtered_answer():
    """It is no failure of the call: the provider answered."""
    error = {"code": "content_filter", "message": "The prompt was filtered."}
    filtered = Completion(None, "filter", refusal="The prompt was filtered.")
    assert failure_of(answered(400, {"error": error})) == filtered
    assert error_body({"error": error}) == filtered


BODIES: list[tuple[str, object, FailureKind]] = [
    ("a status as a number", {"code": 502, "message": "bad gateway"}, "server_error"),
    ("a status as a text", {"code": "429", "message": "slow down"}, "rate_limited"),
    ("a type", {"type": "authentication_error", "message": "no"}, "unauthorized"),
    ("a code", {"code": "context_length_exceeded", "message": "no"}, "prompt_too_long"),
    ("a sentence", {"message": "prompt is too long: 9 tokens > 8 maximum"}, "prompt_too_long"),
    ("a word that says nothing", "oops", "malformed"),
    ("a number that is no status", {"code": 7}, "malformed"),
    ("true", True, "malformed"),
]


@pytest.mark.parametrize(
    ("error", "kind"), [pytest.param(error, kind, id=name) for name, error, kind in BODIES]
)
def test_an_error_with_status_200_is_what_it_says(error: object, kind: FailureKind):
    """Its code is mapped as if it were the status."""
    failure = error_body({"error": error})
    assert isinstance(failure, CallFailure)
    assert failure.kind == kind


@pytest.mark.parametrize("body", [{}, {"error": None}, {"error": ""}, None, [], "error", 5])
def test_a_body_without_an_error_reports_none(body: object):
    """An empty error is none."""
    assert error_body(body) is None


DATE = "Wed, 21 Oct 2026 07:28:00 GMT"
WAITS: list[tuple[str, dict[str, str], float | None]] = [
    ("seconds", {"retry_after": "7"}, 7.0),
    ("a part of a second", {"retry_after": "1.5"}, 1.5),
    ("milliseconds are more exact", {"retry_after": "1", "retry_after_ms": "250"}, 0.25),
    (
        "a date counts from the response's own",
        {"retry_after": "Wed, 21 Oct 2026 07:28:30 GMT", "date": DATE},
        30.0,
    ),
    ("a date that is over", {"retry_after": "Wed, 21 Oct 2026 07:27:00 GMT", "date": DATE}, 0.0),
    ("a date without one to count from", {"retry_after": "Wed, 21 Oct 2026 07:28:30 GMT"}, None),
    ("neither", {"retry_after": "soon"}, None),
    ("less than nothing", {"retry_after": "-1"}, None),
    ("for ever", {"retry_after": "inf"}, None),
    ("no number", {"retry_after": "nan"}, None),
    ("a renewal", {"x_ratelimit_reset_tokens": "6m0s"}, 360.0),
    ("a renewal in milliseconds", {"x_ratelimit_reset_requests": "20ms"}, 0.02),
    ("a renewal in hours", {"x_ratelimit_reset_requests": "1h2m3.5s"}, 3723.5),
    ("a renewal as a number", {"x_ratelimit_reset_requests": "12"}, 12.0),
    ("a renewal in no unit", {"x_ratelimit_reset_tokens": "6 minutes"}, None),
    (
        "the longer of two renewals",
        {"x_ratelimit_reset_requests": "1s", "x_ratelimit_reset_tokens": "9s"},
        9.0,
    ),
    (
        "the renewal of what is used up",
        {
            "x_ratelimit_reset_requests": "24h",
            "x_ratelimit_remaining_requests": "900",
            "x_ratelimit_reset_tokens": "9s",
            "x_ratelimit_remaining_tokens": "0",
        },
        9.0,
    ),
    (
        "Anthropic's renewal",
        {"anthropic_ratelimit_tokens_reset": "2026-10-21T07:28:20Z", "date": DATE},
        20.0,
    ),
    (
        "what is asked for before a renewal",
        {"retry_after": "1", "x_ratelimit_reset_requests": "6m0s"},
        1.0,
    ),
]


@pytest.mark.parametrize(
    ("headers", "wait"), [pytest.param(headers, wait, id=name) for name, headers, wait in WAITS]
)
def test_how_long_to_wait_is_read_from_the_headers(headers: dict[str, str], wait: float | None):
    """In seconds, from the most to the least exact header; None when nothing can be told."""
    failure = failure_of(answered(429, **headers))
    assert isinstance(failure, CallFailure)
    assert failure.retry_after == wait


def test_a_renewal_is_waited_for_at_a_limit_only():
    """Every response tells when limits are renewed, those of a broken server too."""
    failure = failure_of(answered(500, x_ratelimit_reset_tokens="6m0s"))
    assert isinstance(failure, CallFailure)
    assert failure.retry_after is None


def test_geminis_delay_is_in_the_body():
    """Among the details of the error."""
    details = [{"@type": "x/google.rpc.RetryInfo", "retryDelay": "34s"}]
    failure = failure_of(answered(429, {"error": {"code": 429, "details": details}}))
    assert isinstance(failure, CallFailure)
    assert failure.retry_after == 34.0


def test_a_long_message_is_clipped():
    """A page is no sentence."""
    failure = failure_of(answered(500, {"error": {"message": "x" * 5_000}}))
    assert isinstance(failure, CallFailure)
    assert failure.message == "x" * 999 + "…"
