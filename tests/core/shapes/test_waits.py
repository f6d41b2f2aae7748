"""What is left of a server's rate limits, read from the headers that it really sends."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from deterministic_llm._core.exchange import Allowance, Quota
from deterministic_llm._core.shapes.waits import quota_of

OPENAI = {
    "x-ratelimit-limit-requests": "500",
    "x-ratelimit-limit-tokens": "30000",
    "x-ratelimit-remaining-requests": "499",
    "x-ratelimit-remaining-tokens": "29978",
    "x-ratelimit-reset-requests": "120ms",
    "x-ratelimit-reset-tokens": "44ms",
}
GROQ = {
    "X-RateLimit-Limit-Requests": "14400",
    "X-RateLimit-Limit-Tokens": "18000",
    "X-RateLimit-Remaining-Requests": "14370",
    "X-RateLimit-Remaining-Tokens": "17997",
    "X-RateLimit-Reset-Requests": "2m59.56s",
    "X-RateLimit-Reset-Tokens": "7.66s",
}
ANTHROPIC = {
    "date": "Fri, 27 Nov 2026 18:00:00 GMT",
    "anthropic-ratelimit-requests-limit": "50",
    "anthropic-ratelimit-requests-remaining": "49",
    "anthropic-ratelimit-requests-reset": "2026-11-27T18:00:01Z",
    "anthropic-ratelimit-input-tokens-limit": "30000",
    "anthropic-ratelimit-input-tokens-remaining": "0",
    "anthropic-ratelimit-input-tokens-reset": "2026-11-27T18:01:00Z",
}
AZURE = {"x-ratelimit-remaining-requests": "9", "x-ratelimit-remaining-tokens": "-1"}


@pytest.mark.parametrize(
    ("headers", "quota"),
    [
        pytest.param(
            OPENAI, Quota(Allowance(499, 500, 0.12), Allowance(29978, 30000, 0.044)), id="OpenAI"
        ),
        pytest.param(
            GROQ, Quota(Allowance(14370, 14400, 179.56), Allowance(17997, 18000, 7.66)), id="Groq"
        ),
        pytest.param(
            ANTHROPIC, Quota(Allowance(49, 50, 1.0), Allowance(0, 30000, 60.0)), id="Anthropic"
        ),
        pytest.param(AZURE, Quota(Allowance(9), None), id="Azure: below 0 is no number of tokens"),
        pytest.param(
            {**OPENAI, "x-ratelimit-remaining-requests": "many"},
            Quota(None, Allowance(29978, 30000, 0.044)),
            id="what is no number says nothing",
        ),
        pytest.param({"content-type": "application/json"}, None, id="no word of limits"),
        pytest.param({"x-ratelimit-limit-requests": "500"}, None, id="not what is left"),
        pytest.param(None, None, id="no headers"),
    ],
)
def test_headers_say_what_is_left(headers: Mapping[str, str] | None, quota: Quota | None):
    assert quota_of(headers) == quota
