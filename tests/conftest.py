"""What holds for every test: how many examples there are, and who is asked again.

Two hypothesis profiles: the same few examples in every run, and many for ``make test-all``.
"""

from __future__ import annotations

import pytest
from hypothesis import settings

settings.register_profile("quick", deadline=None, derandomize=True, max_examples=40)
settings.register_profile("thorough", deadline=None, derandomize=True, max_examples=500)
settings.load_profile("quick")

WATCH_THE_CLOCK = frozenset(
    {
        "test_concurrency",
        "test_deadline",
        "test_deadlines",
        "test_demo",
        "test_interruption",
        "test_leaving",
        "test_local",
        "test_soak",
        "test_speech",
        "test_streaming",
        "test_streams",
    }
)
"""Modules with deadlines of tenths of a second, which a busy machine can miss by itself."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let them try again, and show that they had to: a deadline missed three times is no chance."""
    for item in items:
        if item.path.stem in WATCH_THE_CLOCK:
            item.add_marker(pytest.mark.flaky(reruns=2))
