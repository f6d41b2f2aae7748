"""What holds for every test: how many examples, who is asked again, what is trusted and traced.

Two hypothesis profiles: the same few examples in every run, and many for ``make test-all``.
"""

from __future__ import annotations

import gc
import os
import signal
import ssl
import sys
from pathlib import Path

import pytest
from hypothesis import settings
from tracing import Tracing

settings.register_profile("quick", deadline=None, derandomize=True, max_examples=12)
settings.register_profile("thorough", deadline=None, derandomize=True, max_examples=500)
settings.load_profile("quick")

# Each SDK client reads the system's bundle of authorities, 50 ms that no call to loopback needs.
# pip keeps the bundle: it fetches the model over TLS. Where there is none, nothing is read either.
if bundle := os.environ.get("PIP_CERT") or ssl.get_default_verify_paths().cafile:
    authority = str(Path(__file__).with_name("authority.pem"))
    os.environ |= {"PIP_CERT": bundle, "SSL_CERT_FILE": authority}

WATCH_THE_CLOCK = frozenset(
    {
        "test_call_times",
        "test_concurrency",
        "test_deadline",
        "test_deadlines",
        "test_demo",
        "test_faults",
        "test_identifying",
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


def pytest_configure(config: pytest.Config) -> None:
    # A shell that runs us in the background has us, and all that we start, ignore Ctrl-C.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if sys.gettrace():
        config.pluginmanager.register(Tracing())


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """One more than there are cores: tests wait for clocks and processes a quarter of the time."""
    return (os.cpu_count() or 1) + 1


def pytest_collection_finish() -> None:
    """What was collected stays: the garbage collector need not look at it again."""
    gc.freeze()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let them try again, and show that they had to: a deadline missed three times is no chance."""
    for item in items:
        if item.path.stem in WATCH_THE_CLOCK:
            item.add_marker(pytest.mark.flaky(reruns=2))
