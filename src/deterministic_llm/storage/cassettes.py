"""Cassettes: calls recorded in a file, and played again without a model.

A file has a JSON object a line: first the version, then each call with what was asked, what it
came to, and how late in its run that was.
"""

from __future__ import annotations

import json
import os
import threading
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import replace
from difflib import SequenceMatcher
from pathlib import Path
from types import TracebackType
from typing import Literal, Self, TypeAlias, cast, get_args

from deterministic_llm._core.answering import Answer
from deterministic_llm._core.attempts import Request
from deterministic_llm._core.canonical import canonical_json
from deterministic_llm._core.decoding import call_failure_from, completion_from
from deterministic_llm._core.exchange import Completion, JsonObject, JsonValue
from deterministic_llm._core.ledger import recorded
from deterministic_llm._core.records import frozen
from deterministic_llm._core.secrecy import (
    hidden,
    is_random,
    keys_in,
    masked,
    secrets_of,
    without_secrets,
)
from deterministic_llm._core.sharing import Shared
from deterministic_llm.errors import ConfigurationError, RecordError, ReplayError
from deterministic_llm.storage.cache import system_of
from deterministic_llm.storage.files import written_whole
from deterministic_llm.storage.keys import Describe, normal

Mode: TypeAlias = Literal["off", "record", "once", "replay"]
"""What a cassette does: nothing, record anew, record when there is no file, or only replay."""

_VERSION = 1
_NO_MODE = "mode={!r}: expected one of {}"


@frozen
class Take:
    """One recorded call: what was *asked*, what it came to, and when in its run it was over."""

    asked: JsonObject
    answer: Answer
    ended: float


class Cassette(Shared):
    """Records the calls in a ``with`` block to the file at *path*, or plays them from it.

    Every model and every decorated function is on it, in all threads and event loops of the
    process while the block runs. With ``mode="once"`` it records when there is no file, and else
    replays; "record" records anew, "replay" never makes a call, "off" does nothing. A call that
    was not recorded is a ReplayError. Keys and bearer tokens are not written. *path* without a
    file is a ConfigurationError with "replay".
    """

    elsewhere = "it records the calls of one process: enter one in each, with a file of its own"

    def __init__(self, path: str | os.PathLike[str], *, mode: Mode = "once") -> None:
        if mode not in get_args(Mode):
            raise ConfigurationError(_NO_MODE.format(mode, ", ".join(get_args(Mode))))
        self.path = Path(path)
        self.mode = mode
        self._lock = threading.Lock()
        self._takes: list[Take] = []
        self._left: dict[str, deque[Take]] = {}
        self._before: dict[str, str] = {}

    @property
    def replays(self) -> bool:
        """Whether the block plays what was recorded before."""
        return self.mode == "replay" or (self.mode == "once" and bool(self._left))

    @property
    def takes(self) -> Sequence[Take]:
        """The calls that are recorded, in the order of their answers."""
        with self._lock:
            return tuple(self._takes)

    def __enter__(self) -> Self:
        self._takes, self._left, self._before = [], {}, {}
        if self.mode == "replay" or (self.mode == "once" and self.path.exists()):
            self._takes = _read(self.path)
            for take in self._takes:
                self._left.setdefault(canonical_json(take.asked), deque()).append(take)
        elif self.mode == "record" and self.path.exists():
            self._before = _systems(self.path)
        _RUNNING.append(self)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        _RUNNING.remove(self)
        if not self.replays and self._takes:
            _write(self.path, self._takes)

    def record(self, describe: Describe, request: Request, answer: Answer, ended: float) -> Answer:
        """Add what *request* came to, *ended* seconds after its run began, and hand it on.

        It says so where another system gave it than the same question's recorded before.
        """
        asked, secrets = _asked(describe, request)
        with self._lock:
            self._takes.append(Take(asked, _without(answer, secrets), ended))
        before = self._before.get(canonical_json(asked)) if self._before else None
        if before and isinstance(answer, Completion) and system_of(answer) not in ("", before):
            return replace(answer, drift=before)
        return answer

    def play(self, describe: Describe, request: Request) -> Take:
        """What *request* came to when it was recorded; raises ReplayError when it was not."""
        asked, _ = _asked(describe, request)
        question = canonical_json(asked)
        with self._lock:
            left = self._left.get(question)
            if left:
                return left.popleft()
        same = sum(take.asked == asked for take in self._takes)
        shown = _shown(asked)
        raise ReplayError(str(self.path), shown, self._nearest(shown), same)

    def _nearest(self, shown: str) -> str | None:
        """The recorded request that has most lines in common with *shown*."""
        texts = dict.fromkeys(_shown(take.asked) for take in self._takes)
        return max(texts, key=lambda text: _likeness(text, shown), default=None)


_RUNNING: list[Cassette] = []
"""The cassettes whose blocks run, outermost first."""


def running() -> Cassette | None:
    """The cassette that calls are on, that of the innermost block."""
    cassette = _RUNNING[-1] if _RUNNING else None
    return None if cassette is None or cassette.mode == "off" else cassette


def _asked(describe: Describe, request: Request) -> tuple[JsonObject, frozenset[str]]:
    """What *request* asks, with nothing secret in it, and the secrets that were in it.

    The code of a function is left out: a recorded call stays that call when the function is edited.
    """
    described = {name: said for name, said in describe(request).items() if name != "code"}
    described |= {"sample": request.sample} if request.sample else {}
    arguments = described.get("arguments")
    if isinstance(arguments, dict):
        described["arguments"] = cast("JsonObject", without_secrets(arguments))
    named = secrets_of(request.parameters) | secrets_of({"arguments": arguments})
    told = keys_in(json.dumps(described, ensure_ascii=False))
    secrets = told.union(filter(is_random, named))
    return cast("JsonObject", hidden(normal(described), secrets)), secrets


def _without(answer: Answer, secrets: frozenset[str]) -> Answer:
    """*answer* as it is recorded: no secret in it, and nothing of a cache that it came from."""
    if isinstance(answer, Completion) and secrets:
        whole = "".join(token.text for token in answer.tokens)
        if any(secret in whole for secret in secrets):  # in pieces it would not be found
            answer = replace(answer, tokens=())
    record = cast("JsonObject", hidden(recorded(replace(answer, origin="call")), secrets))
    if isinstance(answer, Completion):
        return replace(completion_from(record), drift=None)
    failure = call_failure_from(record)
    return replace(failure, message=masked(failure.message))


def _shown(asked: JsonObject) -> str:
    """*asked* for a reader, a long text a line at a time."""
    return json.dumps(_in_lines(asked), indent=2, sort_keys=True, ensure_ascii=False)


def _in_lines(value: JsonValue) -> JsonValue:
    if isinstance(value, str):
        return [*value.splitlines()] if "\n" in value else value
    if isinstance(value, list):
        return [_in_lines(item) for item in value]
    if isinstance(value, dict):
        return {name: _in_lines(member) for name, member in value.items()}
    return value


def _likeness(text: str, other: str) -> float:
    lines = SequenceMatcher(None, text.splitlines(), other.splitlines(), autojunk=False).ratio()
    return lines + SequenceMatcher(None, text, other).quick_ratio() / 1000  # between equals


def _write(path: Path, takes: Sequence[Take]) -> None:
    lines: list[Mapping[str, JsonValue]] = [{"cassette": _VERSION}]
    for take in takes:
        kind = "completion" if isinstance(take.answer, Completion) else "failure"
        ended = round(take.ended, 6)
        lines.append({"asked": take.asked, kind: recorded(take.answer), "ended": ended})
    written_whole(path, "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines))


def _read(path: Path) -> list[Take]:
    """The calls in the file at *path*; raises ConfigurationError without one, or RecordError."""
    try:
        text = path.read_text("utf-8", errors="surrogatepass")
    except OSError as error:
        message = f"{path}: no cassette to replay: {error.strerror} (record it with mode='once')"
        raise ConfigurationError(message) from error
    except UnicodeDecodeError as error:
        raise RecordError(str(path), f"is not UTF-8 at byte {error.start}") from error
    lines = [line for line in text.split("\n") if line.strip()]
    if not lines or _object(lines[0], f"{path}:1").get("cassette") != _VERSION:
        raise RecordError(f"{path}:1", f'expected {{"cassette": {_VERSION}}}, of this version')
    return [_take(line, f"{path}:{number}") for number, line in enumerate(lines[1:], start=2)]


def _systems(path: Path) -> dict[str, str]:
    """The systems that answered the questions in the file at *path*; none where it is no cassette.

    It is to be recorded anew, whatever it holds.
    """
    try:
        takes = _read(path)
    except (ConfigurationError, RecordError):
        return {}
    return {
        canonical_json(take.asked): system_of(take.answer)
        for take in takes
        if isinstance(take.answer, Completion)
    }


def _take(line: str, at: str) -> Take:
    record = _object(line, at)
    asked, ended = record.get("asked"), record.get("ended", 0.0)
    if not isinstance(asked, dict) or not isinstance(ended, (int, float)):
        raise RecordError(at, "expected a recorded call with asked and ended")
    if "completion" in record:
        return Take(asked, completion_from(record["completion"], f"{at} completion"), ended)
    return Take(asked, call_failure_from(record.get("failure"), f"{at} failure"), ended)


def _object(line: str, at: str) -> JsonObject:
    try:
        record: JsonValue = json.loads(line)
    except ValueError as error:
        raise RecordError(at, f"is no JSON: {error}") from error
    if not isinstance(record, dict):
        raise RecordError(at, "expected an object")
    return record
