"""Model files on disk: a model's name or a path goes in, the path of a checked GGUF file comes out.

A file is either whole or absent: it is written beside its place and moved there once its checksum
is right. The checksum of 98 MB is taken once; a stamp of size and time vouches for it afterwards.
"""

from __future__ import annotations

import hashlib
import json
import logging
from contextlib import suppress
from os import stat_result
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Literal, TypeAlias

from deterministic_llm.errors import ConfigurationError
from deterministic_llm.storage.catalogue import CATALOGUE, Weights

if TYPE_CHECKING:
    from deterministic_llm.storage.download import Progress

State: TypeAlias = Literal["not fetched", "ready", "corrupt"]

_EXTRA = "fetching models takes {}, which is not installed (pip install 'deterministic-llm[local]')"
_UNKNOWN = (
    '"{}" is neither a known model nor a GGUF file '
    "(known: {}; a path ends in .gguf or contains a slash)"
)
_UNREADABLE = "{}: {} (expected the path of a GGUF model file that can be read)"
_NO_GGUF = '{}: a GGUF model file begins with b"GGUF", this one with {!r} (fetch it again)'
_CUT = "{}: this GGUF file ends after {} bytes (fetch it again)"
_MAGIC = b"GGUF"
_SMALLEST = 32  # bytes: magic, version and two counts, and nothing described by them
_log = logging.getLogger("deterministic_llm.models")


def locate(name_or_path: str | Path, *, folder: Path | None = None) -> Path:
    """Path of the model file: one of the catalogue, fetched on first use, or any GGUF file.

    *folder* is where fetched models are kept (the user's cache folder by default). Raises
    ConfigurationError when the name is unknown, the file is no GGUF, or fetching failed.
    """
    weights = CATALOGUE.get(str(name_or_path))
    if weights is not None:
        return pull(weights, folder=folder)
    path = Path(name_or_path).expanduser()
    if path.suffix != ".gguf" and path.name == str(name_or_path) and not path.exists():
        raise _unknown(str(name_or_path))
    return _checked(path)


def named(name: str) -> Weights:
    """The catalogue's entry for *name*; raises ConfigurationError that lists the known names."""
    weights = CATALOGUE.get(name)
    if weights is None:
        raise _unknown(name)
    return weights


def pull(weights: Weights, *, folder: Path | None = None, progress: Progress | None = None) -> Path:
    """Fetch *weights* unless they are there already, and return the path of the file.

    *progress* is told bytes so far and bytes in all (None when unknown); without it a bar is drawn
    on standard error if that is a terminal. Several processes may call this at once: one fetches,
    the others wait. Raises ConfigurationError; an interrupted pull leaves no model behind.
    """
    folder = folder or models_folder()
    path = folder / weights.file_name
    if state(weights, folder=folder) == "ready":
        return path
    # Loads pip's driver, tenacity and zipfile: only when there is something to fetch.
    from deterministic_llm.storage import download  # noqa: PLC0415

    started = perf_counter()
    with download.exclusive(folder):
        if state(weights, folder=folder) != "ready":
            download.fetch(weights, path, progress=progress)
            _stamp(weights, path)
            seconds = perf_counter() - started
            _log.info("fetched %s to %s in %.1f seconds", weights.name, path, seconds)
    return path


def state(weights: Weights, *, folder: Path | None = None) -> State:
    """Whether the file is there and is, byte for byte, what the catalogue says."""
    path = (folder or models_folder()) / weights.file_name
    try:
        found = path.stat()
        if found.st_size != weights.size or _beginning(path) != _MAGIC:
            return "corrupt"
        if _stamp_text(weights, found) == _read_stamp(path):
            return "ready"
        if _sha256(path) != weights.sha256:
            return "corrupt"
    except (FileNotFoundError, NotADirectoryError):
        return "not fetched"
    except OSError as error:
        raise ConfigurationError(_UNREADABLE.format(path, error.strerror)) from error
    _stamp(weights, path)
    return "ready"


def models_folder() -> Path:
    """Where fetched models are kept unless told otherwise."""
    try:
        from platformdirs import user_cache_path  # noqa: PLC0415  # of the extra [local]
    except ImportError as error:
        raise ConfigurationError(_EXTRA.format(error.name)) from error
    return user_cache_path("deterministic-llm", appauthor=False) / "models"


def _checked(path: Path) -> Path:
    try:
        size, beginning = path.stat().st_size, _beginning(path)
    except OSError as error:
        raise ConfigurationError(_UNREADABLE.format(path, error.strerror)) from error
    if beginning != _MAGIC:
        raise ConfigurationError(_NO_GGUF.format(path, beginning))
    if size < _SMALLEST:
        raise ConfigurationError(_CUT.format(path, size))
    return path


def _unknown(name: str) -> ConfigurationError:
    return ConfigurationError(_UNKNOWN.format(name, ", ".join(CATALOGUE)))


def _beginning(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(len(_MAGIC))


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _stamp(weights: Weights, path: Path) -> None:
    # Without a stamp, as in a read-only image, the checksum is taken at each start: slow, safe.
    with suppress(OSError):
        _stamp_path(path).write_text(_stamp_text(weights, path.stat()), encoding="ascii")


def _stamp_text(weights: Weights, found: stat_result) -> str:
    return json.dumps({"sha256": weights.sha256, "mtime_ns": found.st_mtime_ns})


def _read_stamp(path: Path) -> str | None:
    try:
        return _stamp_path(path).read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError):
        return None


def _stamp_path(path: Path) -> Path:
    return path.with_name(path.name + ".stamp")
