"""Formats of strings: what each takes and what it refuses."""

from __future__ import annotations

import pytest

from deterministic_llm._core.schema.formats import format_checker

ROWS = [
    ("date", ["2025-03-04", "2024-02-29"], ["2025-13-01", "2025-02-29", "04/03/2025", "20250304"]),
    ("time", ["19:05", "19:05:00.5Z", "19:05:00+01:00"], ["7:05 pm", "25:00", "19h05"]),
    (
        "date-time",
        ["2025-03-04T19:05:00Z", "2025-03-04T19:05:00", "2025-03-04t19:05:00z"],
        ["2025-03-04", "2025-03-04 19:05:00", "2025-02-30T10:00:00", "1741086000"],
    ),
    ("duration", ["P1D", "PT5M", "P2W", "P1Y2M3DT4H5M6.5S"], ["P", "PT", "5 minutes", "1D"]),
    ("uri", ["https://a.test/b?c=d", "mailto:a@b.test"], ["a.test", "https://a b", "http:"]),
    ("email", ["ada@example.org", "ä@b.c"], ["ada", "a@b@c", "a @b.c", "a@b..c"]),
    ("hostname", ["a.example.org", "localhost"], ["-a.org", "a..b", "a b", ""]),
    ("uuid", ["123e4567-e89b-12d3-a456-426614174000"], ["123e4567"]),
    ("ipv4", ["127.0.0.1"], ["127.0.0.256", "localhost"]),
]
TAKEN = [(name, text) for name, taken, _ in ROWS for text in taken]
REFUSED = [(name, text) for name, _, refused in ROWS for text in refused]


@pytest.mark.parametrize(("name", "text"), TAKEN)
def test_a_text_of_the_format_is_taken(name: str, text: str):
    """Each as its standard writes it; a zone may be left out."""
    assert format_checker().conforms(text, name)


@pytest.mark.parametrize(("name", "text"), REFUSED)
def test_another_text_is_refused(name: str, text: str):
    """Also a day that does not exist."""
    assert not format_checker().conforms(text, name)


@pytest.mark.parametrize("name", [row[0] for row in ROWS])
def test_what_is_no_text_is_not_judged(name: str):
    """A format says nothing of numbers."""
    assert format_checker().conforms(7, name)
