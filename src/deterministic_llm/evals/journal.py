"""Runs in a file, one a line: what was interrupted is gone on with, and nothing is paid twice."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Self, cast

from deterministic_llm._core.exchange import JsonObject
from deterministic_llm.errors import ConfigurationError
from deterministic_llm.evals.runs import Run

_FORMAT = "deterministic-llm runs 1"


class Journal:
    """The runs of *questions*, each told by a digest, in the file at *path*; None keeps nothing.

    It is used in a ``with`` block, and its folders are made. A last line that was cut off is
    dropped. Raises ConfigurationError for a file that is none of ours, of other questions, or that
    cannot be written.
    """

    def __init__(self, path: str | os.PathLike[str] | None, questions: Sequence[str]) -> None:
        self._path = None if path is None else Path(path)
        self._head: JsonObject = {"format": _FORMAT, "questions": [*questions]}
        self._lock = threading.Lock()
        self._file: IO[str] | None = None
        self._runs: dict[tuple[int, int], Run] = {}

    @property
    def runs(self) -> Mapping[tuple[int, int], Run]:
        """What is known, by question and number."""
        with self._lock:
            return dict(self._runs)

    def __enter__(self) -> Self:
        if self._path is None:
            return self
        try:
            self._open(self._path)
        except OSError as error:
            message = f"{self._path}: runs cannot be kept here: {error.strerror} (check the path)"
            raise ConfigurationError(message) from error
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with self._lock:  # a run that was left behind may end just now
            if self._file is not None:
                self._file.close()
            self._file = None

    def note(self, run: Run) -> None:
        """Keep *run*, on the disk too before this returns."""
        with self._lock:
            self._runs[run.item, run.number] = run
            if self._file is not None:
                self._write(run.to_json())

    def _open(self, path: Path) -> None:
        whole = self._read(path) if path.exists() else 0
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("a", encoding="utf-8", errors="surrogatepass")
        self._file.truncate(whole)
        if not whole:
            self._write(self._head)

    def _write(self, record: JsonObject) -> None:
        file = cast("IO[str]", self._file)
        file.write(_line(record))
        file.flush()
        os.fsync(file.fileno())

    def _read(self, path: Path) -> int:
        """Take up what the file at *path* has; how many of its bytes are whole lines."""
        content = path.read_bytes()
        whole = content.rfind(b"\n") + 1
        if not whole and not _line(self._head).encode().startswith(content):
            raise _unreadable(path, 1)
        head, *lines = content[:whole].splitlines() or [b"{}"]
        if whole and _loaded(path, 1, head) != self._head:
            message = f"{path}: holds other runs: give another path, or remove it to begin anew"
            raise ConfigurationError(message)
        for number, line in enumerate(lines, start=2):
            try:
                run = Run.from_json(_loaded(path, number, line))
            except (TypeError, ValueError) as error:
                raise _unreadable(path, number) from error
            self._runs[run.item, run.number] = run
        return whole


def _line(record: JsonObject) -> str:
    return json.dumps(record, ensure_ascii=False) + "\n"


def _loaded(path: Path, number: int, line: bytes) -> JsonObject:
    try:
        record: object = json.loads(line)
    except ValueError as error:
        raise _unreadable(path, number) from error
    if not isinstance(record, dict):
        raise _unreadable(path, number)
    return cast("JsonObject", record)


def _unreadable(path: Path, number: int) -> ConfigurationError:
    message = f"{path}, line {number}: no run that was kept here: give another path, or remove it"
    return ConfigurationError(message)
