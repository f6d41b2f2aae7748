"""Cache: the answers of models on disk, so that the same question is paid for once."""

from __future__ import annotations

import logging
import os
import sqlite3
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self, TypeAlias, cast
from weakref import WeakSet

from deterministic_llm._core.exchange import Completion
from deterministic_llm._core.records import frozen
from deterministic_llm.errors import ConfigurationError
from deterministic_llm.storage.database import Database

Kept: TypeAlias = "Cache | str | os.PathLike[str] | bool"
"""What ``cache=`` takes: True for the user's own cache, a path, a Cache; False for none."""

_GIBIBYTE = 1 << 30
_CHECKED_EVERY = 64
"""Writes between two looks at the size."""
_EXTRA = (
    "cache=True: where caches are kept is known by platformdirs, which is not installed "
    "(pass a path, or pip install 'deterministic-llm[cli]')"
)
_NO_OPTION = "cache=: expected True, a path or a Cache, got {}"
_log = logging.getLogger("deterministic_llm.cache")


@frozen
class CacheStats:
    """What a cache holds: *answers* by model served, *size* in bytes, first and last in seconds.

    *oldest* and *newest* are seconds since 1970; None when there is no answer.
    """

    path: Path
    answers: Mapping[str | None, int]
    size: int
    oldest: float | None
    newest: float | None


class Cache:
    """Answers kept in one SQLite file, readable by its owner alone: ``Cache("answers.sqlite")``.

    It is given as ``cache=`` to enforce, Model or a call, and may serve many at once, threads,
    event loops and processes. An answer older than *max_age* seconds is asked for again. Above
    *max_bytes* the oldest go. *clock* tells seconds since 1970. The file is opened at the first
    call; one that is no cache is a ConfigurationError then.
    """

    def __init__(
        self,
        path: str | os.PathLike[str] | None = None,
        *,
        max_age: float | None = None,
        max_bytes: int = _GIBIBYTE,
        clock: Callable[[], float] = time.time,
    ) -> None:
        if max_age is not None and not max_age > 0:
            message = f"max_age={max_age!r}: expected seconds above 0"
            raise ConfigurationError(message)
        if max_bytes < 1:
            message = f"max_bytes={max_bytes!r}: expected bytes above 0"
            raise ConfigurationError(message)
        self.path = Path(default_path() if path is None else path).expanduser().absolute()
        self.max_age = max_age
        self.max_bytes = max_bytes
        self._clock = clock
        self._database = Database(self.path)
        self._writes = 0
        self._served: dict[str, str | None] = {}
        _CACHES.add(self)

    def find(self, key: str) -> Completion | None:
        """The answer under *key*, unless it is too old; raises ConfigurationError."""
        return self._database.find(key, self._since())

    def keep(self, key: str, completion: Completion, *, anew: bool = False) -> None:
        """Store *completion* under *key*, unless there is one; *anew* takes its place.

        An answer is worth more than its copy: where the disk takes no more, or JSON has no word for
        it, that is a warning in the log, and the run goes on.
        """
        try:
            since = float("inf") if anew else self._since()
            self._database.keep(key, completion, now=self._clock(), since=since)
            self._writes += 1
            if self._writes % _CHECKED_EVERY == 1:  # the first, too
                self._database.shrink(self.max_bytes)
        except (sqlite3.Error, ConfigurationError, ValueError) as error:
            _log.warning("%s: an answer could not be kept: %s", self.path, error)

    def served(self, name: str) -> str | None:
        """The system that answered last for *name*, a model on its server."""
        if name not in self._served:
            self._served[name] = self._database.served(name)
        return self._served[name]

    def drift(self, name: str, completion: Completion) -> str | None:
        """The system that answered for *name* before, where *completion* is of another one.

        Where a server does not name its system nothing is known, nor where the file fails, which is
        a warning in the log: the answer is paid for.
        """
        try:
            now, before = system_of(completion), self.served(name)
        except ConfigurationError as error:
            _log.warning("the system that answered before could not be read: %s", error)
            return None
        return before if now and before is not None and now != before else None

    def serve(self, name: str, completion: Completion) -> None:
        """Note that the system of *completion* answers for *name*, where it has a name itself."""
        now = system_of(completion)
        if not now or self._served.get(name) == now:
            return
        self._served[name] = now
        try:
            self._database.serve(name, now)
        except (ConfigurationError, ValueError) as error:
            _log.warning("%s: a system could not be noted: %s", self.path, error)

    def stats(self) -> CacheStats:
        """What there is; raises ConfigurationError."""
        rows = self._database.counted()
        return CacheStats(
            self.path,
            {model: count for model, count, _, _ in rows},
            self._database.size(),
            min((first for _, _, first, _ in rows), default=None),
            max((last for _, _, _, last in rows), default=None),
        )

    def clear(self, *, older_than: float | None = None) -> int:
        """Remove all answers, or those *older_than* so many seconds; how many that were."""
        before = float("inf") if older_than is None else self._clock() - older_than
        return self._database.clear(before)

    def close(self) -> None:
        """Close the file; it is opened again when it is needed."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Cache({str(self.path)!r})"

    def __reduce__(self) -> tuple[Callable[..., Cache], tuple[object, ...]]:
        """As functions do, it goes to another process by name: the path, and its limits."""
        return _again, (str(self.path), self.max_age, self.max_bytes)

    def after_fork(self) -> None:
        """In the child of a fork: begin anew, with the same file."""
        self._database.after_fork()

    def _since(self) -> float:
        return float("-inf") if self.max_age is None else self._clock() - self.max_age


def system_of(completion: Completion) -> str:
    """The system that *completion* is of: the model served, and its fingerprint."""
    return " ".join(filter(None, (completion.model, completion.fingerprint)))


def cache_of(option: object) -> Cache | None:
    """The cache that the option ``cache=`` means, one a path; raises ConfigurationError."""
    if option is None or option is False:
        return None
    if isinstance(option, Cache):
        return option
    if option is not True and not isinstance(option, (str, os.PathLike)):
        raise ConfigurationError(_NO_OPTION.format(type(option).__qualname__))
    named = cast("str | os.PathLike[str]", option)
    path = default_path() if option is True else Path(named).expanduser().absolute()
    known = _OPEN.get(path)
    return _OPEN.setdefault(path, Cache(path)) if known is None else known


def default_path() -> Path:
    """Where the user's own cache is kept; raises ConfigurationError without platformdirs."""
    try:
        from platformdirs import user_cache_path  # noqa: PLC0415  # of the extras
    except ImportError as error:
        raise ConfigurationError(_EXTRA) from error
    return user_cache_path("deterministic-llm", appauthor=False) / "answers.sqlite"


def _again(path: str, max_age: float | None, max_bytes: int) -> Cache:
    return Cache(path, max_age=max_age, max_bytes=max_bytes)


_OPEN: dict[Path, Cache] = {}
"""The caches that were named by a path, for as long as the process lives."""
_CACHES: WeakSet[Cache] = WeakSet()


def _after_fork() -> None:
    for cache in list(_CACHES):
        cache.after_fork()


if hasattr(os, "register_at_fork"):  # not on Windows, which does not fork
    os.register_at_fork(after_in_child=_after_fork)
