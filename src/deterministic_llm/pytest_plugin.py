"""The pytest plugin: ``@pytest.mark.cassette`` puts the calls of a test on a cassette.

pytest loads this in every session, so nothing heavy is imported before a test asks for it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest

if TYPE_CHECKING:
    from deterministic_llm.storage.cassettes import Cassette, Mode

_MARKER = (
    "cassette(name=None, *, mode=None): record the calls of the test to cassettes/ beside it, and "
    "replay them when they are there; mode is off, record, once (the default) or replay"
)
_MODES = ("off", "record", "once", "replay")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add ``--cassettes``."""
    parser.getgroup("deterministic_llm").addoption(
        "--cassettes",
        choices=_MODES,
        help="what all cassettes do: off, record (anew), once (where there is none) or replay",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known."""
    config.addinivalue_line("markers", _MARKER)


@pytest.fixture
def cassette(request: pytest.FixtureRequest) -> Iterator[Cassette]:
    """The cassette that the calls of this test are on."""
    from deterministic_llm.storage.cassettes import Cassette  # noqa: PLC0415  # see above

    name, mode = _wanted(request)
    folder = request.path.parent / "cassettes"
    path = folder / (name or Path(request.path.stem, f"{_file_name(request)}.jsonl"))
    with Cassette(path, mode=mode) as running:
        yield running


@pytest.fixture(autouse=True)
def _cassette_of_the_marker(request: pytest.FixtureRequest) -> None:
    if _marker(request) is not None:
        request.getfixturevalue("cassette")


def _wanted(request: pytest.FixtureRequest) -> tuple[str | None, Mode]:
    """The name of the file, where the marker gives one, and the mode."""
    marker = _marker(request)
    given = () if marker is None else marker.args
    options = {} if marker is None else dict(marker.kwargs)
    name = options.pop("name", given[0] if given else None)
    mode = options.pop("mode", None)
    if options or len(given) > 1 or mode not in {None, *_MODES}:
        message = f"pytest.mark.cassette: expected a name and a mode ({', '.join(_MODES)})"
        raise pytest.UsageError(message)
    said: str | None = request.config.getoption("--cassettes")
    return name, cast("Mode", said or mode or "once")


def _marker(request: pytest.FixtureRequest) -> pytest.Mark | None:
    node: pytest.Item = request.node
    return node.get_closest_marker("cassette")


def _file_name(request: pytest.FixtureRequest) -> str:
    """The name of the test as that of a file, told apart from others that come to the same."""
    node: pytest.Item = request.node
    test = node.nodeid.partition("::")[2]
    plain = re.sub(r"[^\w.-]+", "-", test, flags=re.ASCII).strip("-")
    if plain == test and len(plain) < _LONGEST:
        return plain
    return f"{plain[:_LONGEST]}-{sha256(test.encode()).hexdigest()[:8]}"


_LONGEST = 100
