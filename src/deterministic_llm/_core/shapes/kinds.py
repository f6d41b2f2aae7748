"""Which kind of failure a status, a code, a sentence or a class name stands for, as tables."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from deterministic_llm._core.exchange import FailureKind
from deterministic_llm._core.regexes import expression

_STATUSES: Mapping[int, FailureKind] = {
    401: "unauthorized",
    402: "quota",
    403: "unauthorized",
    408: "timeout",
    409: "conflict",
    413: "prompt_too_long",
    425: "overloaded",
    429: "rate_limited",
    503: "overloaded",
    529: "overloaded",
}
_CODES: Mapping[str, FailureKind] = {
    "insufficient_quota": "quota",
    "insufficient_user_quota": "quota",
    "insufficient_balance": "quota",
    "credit_balance_exhausted": "quota",
    "billing_hard_limit": "quota",
    "billing_hard_limit_reached": "quota",
    "billing_not_active": "quota",
    "billing_error": "quota",
    "context_length_exceeded": "prompt_too_long",
    "context_window_exceeded": "prompt_too_long",
    "exceed_context_size_error": "prompt_too_long",
    "model_max_prompt_tokens_exceeded": "prompt_too_long",
    "string_above_max_length": "prompt_too_long",
    "request_too_large": "prompt_too_long",
    "prompt_too_long": "prompt_too_long",
    "overloaded_error": "overloaded",
    "json_validate_failed": "malformed",
    "tool_use_failed": "malformed",
}
"""Codes and types of error bodies that say more than the status they came with."""
_TYPES: Mapping[str, FailureKind] = {
    "rate_limit_error": "rate_limited",
    "rate_limit_exceeded": "rate_limited",
    "too_many_requests": "rate_limited",
    "RESOURCE_EXHAUSTED": "rate_limited",
    "service_unavailable": "overloaded",
    "UNAVAILABLE": "overloaded",
    "api_error": "server_error",
    "server_error": "server_error",
    "internal_error": "server_error",
    "internal_server_error": "server_error",
    "INTERNAL": "server_error",
    "timeout_error": "timeout",
    "vector_store_timeout": "timeout",
    "DEADLINE_EXCEEDED": "timeout",
    "authentication_error": "unauthorized",
    "permission_error": "unauthorized",
    "invalid_api_key": "unauthorized",
    "UNAUTHENTICATED": "unauthorized",
    "PERMISSION_DENIED": "unauthorized",
    "invalid_request_error": "bad_request",
    "not_found_error": "bad_request",
    "model_not_found": "bad_request",
    "invalid_prompt": "bad_request",
    "data_residency_mismatch": "bad_request",
    "invalid_image": "bad_request",
    "invalid_image_format": "bad_request",
    "invalid_image_mode": "bad_request",
    "invalid_image_url": "bad_request",
    "invalid_base64_image": "bad_request",
    "image_too_large": "bad_request",
    "image_too_small": "bad_request",
    "image_parse_error": "bad_request",
    "image_file_too_large": "bad_request",
    "image_file_not_found": "bad_request",
    "empty_image_file": "bad_request",
    "unsupported_image_media_type": "bad_request",
    "failed_to_download_image": "bad_request",
    "INVALID_ARGUMENT": "bad_request",
    "NOT_FOUND": "bad_request",
    "FAILED_PRECONDITION": "bad_request",
}
"""Codes and types that stand in for a status where there is none."""
_SENTENCES: Mapping[FailureKind, tuple[str, ...]] = {
    "bad_request": (r"max_(completion_)?tokens'? .{0,40}is too large",),
    "prompt_too_long": (
        r"(maximum|model'?s|available) (model )?context (length|size|window)",
        r"exceeds? (the )?(model'?s? )?(maximum )?context (length|limit|window|size)",
        r"(prompt|input) is too long",
        r"maximum (prompt|model) length",
        r"input token count .{0,40}exceeds",
        r"prompt (token count .{0,40}exceeds|exceeds max)",
        r"too many (input )?tokens|number of tokens in the prompt",
        r"exceeded model token limit|context window exceeds|exceed context window",
        r"inputs`? (tokens \+ `?max_new_tokens`? must be|must have less than)",
        r"range of input length should be",
        r"initial prompt is greater than the context length",
        r"request too large for .{0,120}tokens per min",
        r"prompt contains .{0,40}too large for model",
    ),
    "unauthorized": (r"api key (not valid|expired)",),
    "quota": (
        r"credit balance is too low",
        r"insufficient (credits?|balance|funds)",
        r"(run out of|used all available) credits",
    ),
}
"""How providers without a code of their own say it; the first kind that matches counts."""
_NAMES: Mapping[str, FailureKind] = {
    "ConnectTimeout": "unreachable",
    "ConnectTimeoutError": "unreachable",
    "PoolTimeout": "timeout",
    "ReadTimeout": "timeout",
    "ReadTimeoutError": "timeout",
    "WriteTimeout": "timeout",
    "TimeoutException": "timeout",
    "Timeout": "timeout",
    "TimeoutError": "timeout",
    "DecodingError": "malformed",
    "ContentDecodingError": "malformed",
    "JSONDecodeError": "malformed",
    "UnicodeDecodeError": "malformed",
    "UnicodeEncodeError": "bad_request",
    "zlib.error": "malformed",
    "BadGzipFile": "malformed",
    "APIResponseValidationError": "malformed",
    "TooManyRedirects": "bad_request",
    "UnsupportedProtocol": "bad_request",
    "InvalidURL": "bad_request",
    "NetworkError": "unreachable",
    "ConnectError": "unreachable",
    "ReadError": "unreachable",
    "WriteError": "unreachable",
    "CloseError": "unreachable",
    "ProxyError": "unreachable",
    "ProtocolError": "unreachable",
    "RemoteProtocolError": "unreachable",
    "LocalProtocolError": "unreachable",
    "TransportError": "unreachable",
    "ClientConnectionError": "unreachable",
    "ClientPayloadError": "unreachable",
    "ServerDisconnectedError": "unreachable",
    "ChunkedEncodingError": "unreachable",
    "IncompleteRead": "unreachable",
    "ConnectionError": "unreachable",
    "URLError": "unreachable",
    "gaierror": "unreachable",
}
"""Classes of any HTTP library, by name alone: which of them is installed is not our business."""
_WRAPPERS: Mapping[str, FailureKind] = {
    "APITimeoutError": "timeout",
    "APIConnectionError": "unreachable",
    "APIError": "malformed",
}
"""Classes of the SDKs that say less than what caused them."""
_READ = 2_000
_PATTERNS: Mapping[FailureKind, re.Pattern[str]] = {
    kind: expression("|".join(sentences), re.IGNORECASE) for kind, sentences in _SENTENCES.items()
}


def kind_of_reply(status: int | None, codes: Iterable[str], message: str) -> FailureKind | None:
    """What a server's error is: by its codes, its sentence, its status; None when none says so."""
    words = tuple(codes)
    named = _found(_CODES, words) or _said(message)
    if named:
        return named
    if status is None:
        return _found(_TYPES, words)
    return _STATUSES.get(status, "server_error" if status >= 500 else "bad_request")


def kind_of_classes(chain: Iterable[tuple[str, ...]]) -> FailureKind | None:
    """What an exception is, by the names of its classes and of those of its causes in turn."""
    names = tuple(chain)
    for table in (_NAMES, _WRAPPERS):
        for link in names:
            kind = _found(table, link)
            if kind:
                return kind
    return None


def _said(message: str) -> FailureKind | None:
    start = message[:_READ]
    return next((kind for kind, pattern in _PATTERNS.items() if pattern.search(start)), None)


def _found(table: Mapping[str, FailureKind], words: Iterable[str]) -> FailureKind | None:
    return next((table[word] for word in words if word in table), None)
