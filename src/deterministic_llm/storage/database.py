"""Answers on disk: a key goes in, the completion that was kept under it comes out.

One SQLite file with a write-ahead log: a write is there whole or not at all, whenever a process
dies. Values are JSON text and nothing else.
"""

from __future__ import annotations

import json
import os
import sqlite3
import threading
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import cast
from weakref import finalize

from tenacity import Retrying, retry_if_exception, stop_after_delay, wait_random

from deterministic_llm._core.decoding import completion_from
from deterministic_llm._core.exchange import Completion
from deterministic_llm._core.ledger import recorded
from deterministic_llm.errors import ConfigurationError, RecordError

_OURS = 0x646C6C6D
"""The application id in the file's header, "dllm": what has another one is not written to."""
_VERSION = 1
_PATIENCE = 10.0
"""Seconds that a write waits for those of other processes."""
_SCHEMA = f"""
BEGIN IMMEDIATE;
CREATE TABLE IF NOT EXISTS answers (
  key TEXT PRIMARY KEY, model TEXT, stored REAL NOT NULL, value TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS by_age ON answers (stored);
PRAGMA application_id = {_OURS};
PRAGMA user_version = {_VERSION};
COMMIT;
"""
_SYSTEMS = "CREATE TABLE IF NOT EXISTS systems (name TEXT PRIMARY KEY, served TEXT NOT NULL)"
"""Of each model that was asked, the system that answered last; the first files have none."""
_SERVE = """
INSERT INTO systems (name, served) VALUES (?, ?)
ON CONFLICT (name) DO UPDATE SET served = excluded.served
"""
_KEEP = """
INSERT INTO answers (key, model, stored, value) VALUES (?, ?, ?, ?)
ON CONFLICT (key) DO UPDATE
SET model = excluded.model, stored = excluded.stored, value = excluded.value
WHERE answers.stored < ?
"""
_NOT_READY = "is in use: {} (wait until the other process is done with it)"
_WRONG: Mapping[int, str] = {
    sqlite3.SQLITE_BUSY: _NOT_READY,
    sqlite3.SQLITE_LOCKED: _NOT_READY,
    sqlite3.SQLITE_FULL: "cannot be written: {} (make room, or choose another path)",
    sqlite3.SQLITE_READONLY: "cannot be written: {} (see who owns it, or choose another path)",
    sqlite3.SQLITE_IOERR: "cannot be read or written: {} (see to its disk, or choose another path)",
}
"""What is wrong with a file, by the error that SQLite names; with any other it is no cache."""
_NO_CACHE = "is no cache of answers: {} (choose another path)"
_NOT_MADE = "cannot be made: {} (choose another path)"
_EVICTED = 0.9
"""Of the size limit, what is left when the oldest answers had to go."""

_INHERITED: list[sqlite3.Connection] = []
"""Connections of a parent process: SQLite must not even close them in the child."""


class Database:
    """The answers in the file at *path*, made when it is first needed, for all threads."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        self._leave: Callable[[], object] | None = None
        self._owner = 0

    def find(self, key: str, since: float) -> Completion | None:
        """The completion under *key* that was stored *since* then; raises ConfigurationError."""
        rows = self._read("SELECT value FROM answers WHERE key = ? AND stored >= ?", key, since)
        for (value,) in rows:
            try:
                return completion_from(json.loads(str(value)))
            except (ValueError, RecordError):  # written by hand, or by a later version
                self._read("DELETE FROM answers WHERE key = ?", key)
        return None

    def keep(self, key: str, completion: Completion, *, now: float, since: float) -> None:
        """Store *completion* under *key*, unless there is one from *since* then already.

        Raises sqlite3.Error when it could not be written.
        """
        value = json.dumps(recorded(completion), separators=(",", ":"), allow_nan=False)
        with self._lock:
            self._opened().execute(_KEEP, (key, completion.model, now, value, since))

    def served(self, name: str) -> str | None:
        """The system that answered last for *name*; raises ConfigurationError."""
        rows = self._read("SELECT served FROM systems WHERE name = ?", name)
        return next((str(served) for (served,) in rows), None)

    def serve(self, name: str, system: str) -> None:
        """Note that *system* answers for *name*; raises ConfigurationError."""
        self._read(_SERVE, name, system)

    def shrink(self, most: int) -> None:
        """Drop the oldest answers while they take more than *most* bytes."""
        with self._lock:
            connection = self._opened()
            if _used(connection) <= most:
                return
            while _used(connection) > most * _EVICTED:
                oldest = "SELECT key FROM answers ORDER BY stored LIMIT 64"
                if not connection.execute(f"DELETE FROM answers WHERE key IN ({oldest})").rowcount:  # noqa: S608  # two constants
                    return

    def counted(self) -> Sequence[tuple[str | None, int, float, float]]:
        """Model, number of answers, and when the first and last was stored, a model a row."""
        query = (
            "SELECT model, count(*), min(stored), max(stored) FROM answers GROUP BY 1 ORDER BY 1"
        )
        return cast("list[tuple[str | None, int, float, float]]", self._read(query))

    def size(self) -> int:
        """Bytes that the answers take; raises ConfigurationError."""
        with self._used() as connection:
            return _used(connection)

    def clear(self, before: float) -> int:
        """Remove what was stored *before* then, and give the room back; how many that were."""
        with self._used() as connection:
            gone = connection.execute("DELETE FROM answers WHERE stored < ?", (before,)).rowcount
            connection.execute("VACUUM")
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return gone

    def close(self) -> None:
        """Close the file; it is opened again when it is needed."""
        with self._lock:
            if self._connection is not None and self._owner != os.getpid():
                _INHERITED.append(self._connection)
            self._connection = None
            if self._leave is not None:
                self._leave()

    def after_fork(self) -> None:
        """In the child: forget the lock, which a thread that is not here may hold."""
        self._lock = threading.Lock()

    def _read(self, query: str, *parameters: object) -> list[tuple[object, ...]]:
        with self._used() as connection:
            return connection.execute(query, parameters).fetchall()

    @contextmanager
    def _used(self) -> Generator[sqlite3.Connection]:
        """The connection, for one thread at a time; what SQLite raises is a ConfigurationError."""
        try:
            with self._lock:
                yield self._opened()
        except sqlite3.Error as error:
            raise unusable(self.path, error) from error

    def _opened(self) -> sqlite3.Connection:
        """The connection of this process; raises ConfigurationError for a file of another kind."""
        if self._connection is not None and self._owner == os.getpid():
            return self._connection
        if self._connection is not None:
            _INHERITED.append(self._connection)
        try:
            self._connection = _connected(self.path)
            self._leave = finalize(self, _left, self._connection, os.getpid())
        except (OSError, sqlite3.Error) as error:
            raise unusable(self.path, error) from error
        self._owner = os.getpid()
        return self._connection


def unusable(path: Path, error: OSError | sqlite3.Error) -> ConfigurationError:
    """What is wrong with the file at *path*, by the *error* that it gave."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # less what SQLite adds in detail
    told = _NOT_MADE if isinstance(error, OSError) else _WRONG.get(code, _NO_CACHE)
    return ConfigurationError(f"{path}: {told.format(error)}")


def _left(connection: sqlite3.Connection, owner: int) -> None:
    """Close the *connection* of a database that nobody holds any more, but not in a child."""
    if owner == os.getpid():
        connection.close()


def _is_busy(error: BaseException) -> bool:
    return getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_BUSY


_until_free = Retrying(
    retry=retry_if_exception(_is_busy),
    wait=wait_random(0.001, 0.05),
    stop=stop_after_delay(_PATIENCE),
    reraise=True,
)


def _connected(path: Path) -> sqlite3.Connection:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with suppress(FileExistsError):  # SQLite gives its log files the mode of this one
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    connection = sqlite3.connect(
        path, timeout=_PATIENCE, isolation_level=None, check_same_thread=False
    )
    try:
        # SQLite does not wait when several processes turn to the write-ahead log at once.
        _until_free(_prepare, connection)
    except BaseException:
        connection.close()
        raise
    return connection


def _prepare(connection: sqlite3.Connection) -> None:
    """Make a new file one of ours; raises sqlite3.Error for one of another kind, untouched."""
    connection.execute("BEGIN")  # one look: another process may be making it just now
    kind, version = _pragma(connection, "application_id"), _pragma(connection, "user_version")
    tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    connection.execute("COMMIT")
    if (kind, version) != (_OURS, _VERSION) and tables:
        message = f"a database of another kind (application {kind}, version {version})"
        raise sqlite3.DatabaseError(message)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    if not tables:
        connection.executescript(_SCHEMA)
    connection.execute(_SYSTEMS)


def _used(connection: sqlite3.Connection) -> int:
    pages = _pragma(connection, "page_count") - _pragma(connection, "freelist_count")
    return pages * _pragma(connection, "page_size")


def _pragma(connection: sqlite3.Connection, name: str) -> int:
    return int(connection.execute(f"PRAGMA {name}").fetchone()[0])
