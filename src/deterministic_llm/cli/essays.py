"""The essays of the demo, ours or the user's: files go in, checked texts come out."""

from __future__ import annotations

from pathlib import Path

from deterministic_llm._core.records import frozen
from deterministic_llm.errors import ConfigurationError

_INSTALLED = Path(__file__).with_name("texts")
_CHECKOUT = Path(__file__).parents[3] / "examples" / "essays"
_MOST_BYTES = 1_000_000


@frozen
class Essay:
    """A text to be graded, and what to call it."""

    name: str
    text: str


def shipped() -> list[Essay]:
    """The essays that come with the package, from the best to the worst."""
    return _all_in(_folder())


def shipped_briefly() -> list[Essay]:
    """Five more that come with the package, all of them short."""
    return _all_in(_folder() / "brief")


def read_essay(path: Path) -> Essay:
    """The essay in the file at *path*; ConfigurationError when there is none to be read."""
    try:
        with path.open("rb") as file:
            content = file.read(_MOST_BYTES + 1)
    except OSError as error:
        raise _unusable(path, f"cannot be read: {error.strerror}", "check the path") from error
    if len(content) > _MOST_BYTES:
        raise _unusable(path, "is too long: more than 1,000,000 bytes", "shorten it")
    try:
        text = content.decode("utf-8-sig").strip()
    except UnicodeDecodeError as error:
        problem = f"is not UTF-8: byte {content[error.start]:#04x} at {error.start}"
        raise _unusable(path, problem, "save it as UTF-8 text") from error
    if not text:
        raise _unusable(path, "is empty", "put an essay into it")
    return Essay(path.stem, text)


def _folder() -> Path:
    return _INSTALLED if _INSTALLED.is_dir() else _CHECKOUT


def _all_in(folder: Path) -> list[Essay]:
    return [read_essay(file) for file in sorted(folder.glob("*.txt"))]


def _unusable(path: Path, problem: str, fix: str) -> ConfigurationError:
    return ConfigurationError(f"{path} {problem} ({fix})")
