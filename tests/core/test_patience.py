"""How long a call may take is decided in one place: of the times of a request one counts."""

from __future__ import annotations

import pytest

from deterministic_llm import CallFailure
from deterministic_llm._core.attempts import Request
from deterministic_llm._core.patience import Allowed, allowed, later, opening, overdue

TIMES = [
    pytest.param({}, None, None, id="as long as it takes"),
    pytest.param({"timeout": 3.0}, (3.0, "timeout"), (3.0, "timeout"), id="what is left"),
    pytest.param({"call_timeout": 3.0}, (3.0, "call_timeout"), (3.0, "call_timeout"), id="its own"),
    pytest.param(
        {"timeout": 3.0, "call_timeout": 2.0},
        (2.0, "call_timeout"),
        (2.0, "call_timeout"),
        id="the lesser is its own",
    ),
    pytest.param(
        {"timeout": 2.0, "call_timeout": 3.0},
        (2.0, "timeout"),
        (2.0, "timeout"),
        id="the lesser is what is left",
    ),
    pytest.param(
        {"timeout": 2.0, "call_timeout": 2.0},
        (2.0, "timeout"),
        (2.0, "timeout"),
        id="at the same time the run is over",
    ),
    pytest.param(
        {"call_timeout": 3.0, "first_token_timeout": 1.0},
        (3.0, "call_timeout"),
        (1.0, "first_token_timeout"),
        id="it has to begin sooner",
    ),
    pytest.param(
        {"call_timeout": 1.0, "first_token_timeout": 3.0},
        (1.0, "call_timeout"),
        (1.0, "call_timeout"),
        id="and no later than it ends",
    ),
    pytest.param(
        {"idle_timeout": 1.0}, None, None, id="the time between two pieces is not for the first"
    ),
]


@pytest.mark.parametrize(("times", "whole", "begins"), TIMES)
def test_the_shortest_of_the_times_counts(
    times: dict[str, float], whole: Allowed | None, begins: Allowed | None
):
    """For the whole of a call, and for its beginning."""
    request = Request(1, **times)  # type: ignore[arg-type]  # all of them are seconds
    assert (allowed(request), opening(request)) == (whole, begins)


def test_what_a_call_waited_for_is_no_part_of_its_own_time():
    """It is one of what the run has left."""
    waited = later(Request(1, timeout=5.0, call_timeout=3.0), 4.0)
    assert (waited.timeout, waited.call_timeout) == (1.0, 3.0)


ENDS = [
    pytest.param((2.0, "timeout"), "late", "no answer from me in the 2 s that were left"),
    pytest.param(
        (2.0, "call_timeout"), "timeout", "no answer from me in the 2 s that one call may take"
    ),
    pytest.param((2.0, "first_token_timeout"), "timeout", "no word of an answer from me in 2 s"),
    pytest.param((2.0, "idle_timeout"), "timeout", "no new word of the answer from me in 2 s"),
]


@pytest.mark.parametrize(("by", "kind", "message"), ENDS)
def test_only_the_time_of_the_run_ends_the_run(by: Allowed, kind: str, message: str):
    """A call that is over for another reason may be made again."""
    failure = overdue(by, whom="me")
    assert failure == CallFailure(message, "late" if kind == "late" else "timeout")
