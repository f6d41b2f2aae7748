"""What coverage traces: the library being imported, fixtures and tests, and nothing of pytest.

Where Python cannot monitor branches, before 3.14, a tracer doubles the time of all that runs under
it, whosesoever it is; pytest itself took as long under it as the tests. So it is off in the main
thread while pytest collects, sets up and reports, and in a test marked ``untraced``, a sweep
through lines that tables show. It can only make the figure smaller: what runs untraced is missing.
"""

from __future__ import annotations

import importlib
import pkgutil
import sys
import threading
from collections.abc import Collection, Generator, Iterable
from typing import Any

import pytest


class Tracing:
    """The hooks of a session that is measured by a tracer."""

    tracer: Any = None

    @pytest.hookimpl(wrapper=True)
    def pytest_collection(self, session: pytest.Session) -> Generator[None, object, object]:
        """Where tests are run the library is imported traced; everywhere all else is not."""
        if not session.config.pluginmanager.hasplugin("dsession"):
            import_all()
        self.tracer = sys.gettrace()
        sys.settrace(None)
        return (yield)

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, object, object]:
        """A test is traced, if it is not marked."""
        return (yield from (untraced() if item.get_closest_marker("untraced") else self.traced()))

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_fixture_setup(self) -> Generator[None, object, object]:
        """A fixture is traced, whoever asks for it."""
        return (yield from self.traced())

    def traced(self) -> Generator[None, object, object]:
        """So is what runs at the yield, and nothing after it."""
        if sys.gettrace():  # a fixture that a test asks for
            return (yield)
        sys.settrace(self.tracer)
        try:
            return (yield)
        finally:
            sys.settrace(None)


def untraced() -> Generator[None, object, object]:
    """The main thread is; so are threads that are started meanwhile."""
    of_threads = threading.gettrace()
    threading.settrace(None)
    try:
        return (yield)
    finally:
        threading.settrace(of_threads)


def sweep(cases: Iterable[Any], *, shown: Collection[str]) -> list[Any]:
    """All *cases* as parameters, of which only those named in *shown* are traced."""
    swept: list[Any] = []
    for case in cases:
        name, values, marks = case, (case,), ()
        if not isinstance(case, str):
            name, values, marks = case.id, case.values, case.marks
        more = () if name in shown else (pytest.mark.untraced,)
        swept.append(pytest.param(*values, id=name, marks=(*marks, *more)))
    return swept


def import_all() -> None:
    """Every module of the library, so that lines run by an import count, whoever imports it."""
    package = importlib.import_module("deterministic_llm")
    for module in pkgutil.walk_packages(package.__path__, "deterministic_llm."):
        importlib.import_module(module.name)
