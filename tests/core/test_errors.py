"""Errors keep their evidence, also across processes, and say what, where, got and fix."""

from __future__ import annotations

import copy
import pickle
import traceback

import pytest

from deterministic_llm import (
    CallFailure,
    Completion,
    ConfigurationError,
    DeterministicLLMError,
    EnforcementError,
    Filtered,
    ProviderError,
    Refused,
    ResponseError,
    RetriesExhausted,
    SchemaError,
    Truncated,
    Usage,
    Violation,
)
from deterministic_llm._core.attempts import Answered, Failed, Rejected, Repair, Request

VIOLATION = Violation(
    "$.score", "range", "expected an integer from 0 to 10", '"11"', "choose a number from 0 to 10"
)
FAILURE = CallFailure("busy", "overloaded", status=503, code="overloaded")
ATTEMPTS = (
    Answered(
        Request(1),
        Completion("first", usage=Usage(10, 5)),
        Rejected("invalid", (VIOLATION,)),
    ),
    Failed(Request(2), FAILURE),
    Answered(
        Request(3),
        Completion("third", usage=Usage(20, 6, cached_tokens=4)),
        Rejected("invalid", (VIOLATION,)),
    ),
)
ERRORS = [
    SchemaError("field 'x'", "adjacent to another", "put text between them"),
    ConfigurationError("no key: set OPENAI_API_KEY"),
    ResponseError("11", (VIOLATION,), (Repair("fence", "$", "a", "b"),)),
    RetriesExhausted(ATTEMPTS),
    Refused(ATTEMPTS),
    Filtered(ATTEMPTS),
    Truncated(ATTEMPTS),
    ProviderError(ATTEMPTS[:2], FAILURE),
]


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("protocol", [None, *range(2, pickle.HIGHEST_PROTOCOL + 1)])
def test_an_error_comes_back_whole(error: DeterministicLLMError, protocol: int | None):
    """Same class, same fields, same text, same notes: a process pool loses nothing."""
    pickled = pickle.dumps(error, protocol=protocol)
    again = copy.deepcopy(error) if protocol is None else pickle.loads(pickled)  # noqa: S301  # our own bytes
    assert type(again) is type(error)
    assert str(again) == str(error)
    assert again.args == error.args
    assert getattr(again, "__notes__", None) == getattr(error, "__notes__", None)


def test_a_violation_reads_what_where_got_fix():
    """The one form in which people and models are told."""
    assert str(VIOLATION) == (
        '$.score: expected an integer from 0 to 10, got "11" (choose a number from 0 to 10)'
    )


def test_an_enforcement_error_carries_the_whole_run():
    """Usage of all calls, the last text, the last violations, and a note for each call before."""
    error = RetriesExhausted(ATTEMPTS)
    assert error.usage == Usage(30, 11, cached_tokens=4)
    assert error.text == "third"
    assert error.violations == (VIOLATION,)
    assert str(error) == f"no valid answer after 3 calls:\n- {VIOLATION}"
    shown = "".join(traceback.format_exception(error))
    assert f"call 1: {VIOLATION}\ncall 2: busy" in shown


def test_a_provider_error_says_what_failed():
    """Status, code and whether to try later are fields."""
    error = ProviderError(ATTEMPTS[:2], FAILURE)
    assert (error.status, error.code, error.retryable) == (503, "overloaded", True)
    assert str(error) == "the call failed with status 503: busy"
    assert error.text == "first"


def test_a_response_error_is_a_value_error():
    """parse() fits where a ValueError is expected."""
    assert issubclass(ResponseError, ValueError)
    assert not issubclass(EnforcementError, ValueError)
