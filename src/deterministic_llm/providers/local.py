"""The embedded engine: a GGUF file goes in, the address of a server that answers from it comes out.

The server is spoken to like any other backend. It runs in a process of its own (see engine.py),
one for each model file and process of ours, shared by all callers, and stops with us.
"""

from __future__ import annotations

import atexit
import json
import os
import secrets
import subprocess
import sys
import threading
from contextlib import suppress
from dataclasses import field
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, cast

from deterministic_llm._core.records import frozen
from deterministic_llm._core.regexes import expression
from deterministic_llm.errors import ConfigurationError

_ENGINE = Path(__file__).with_name("engine.py")
_CONTEXT = 4096  # tokens of prompt and answer together
_MOST_THREADS = 4
_PATIENCE = 2.0  # seconds that the engine is given to stop
_MISSING = "the embedded engine is not installed: {} (pip install 'deterministic-llm[local]')"
_REFUSED = "{}: the engine refused this model file: {} (fetch it again, or use another)"
_NO_START = "{}: the embedded engine's process could not be started: {}"
_ERROR_LINE = expression(r" E .*?: (.+)")


@frozen
class Endpoint:
    """Where an OpenAI-compatible server listens; the key keeps other users of the machine out."""

    base_url: str
    api_key: str = field(repr=False)


def address(path: Path) -> Endpoint:
    """Endpoint of the server for the model file at *path*, started on the first call.

    Safe to call from any thread. A forked child gets a server of its own. Raises ConfigurationError
    when the engine is not installed, or refuses the file.
    """
    return _servers.endpoint(path.resolve())


@frozen
class _Server:
    process: subprocess.Popen[bytes]
    endpoint: Endpoint


class _Servers:
    """The servers of this process, by model file."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: dict[Path, _Server] = {}

    def endpoint(self, path: Path) -> Endpoint:
        with self._lock:
            server = self._running.get(path)
            if server is not None and server.process.poll() is None:
                return server.endpoint
            if server is not None:  # it died
                _close_input(server.process)
            self._running[path] = _start(path)
            return self._running[path].endpoint

    def stop(self) -> None:
        servers = list(self._running.values())
        for server in servers:
            _close_input(server.process)
        for server in servers:
            try:
                server.process.wait(_PATIENCE)
            except subprocess.TimeoutExpired:
                server.process.kill()
                server.process.wait()

    def leave_to_parent(self) -> None:
        """Forget the servers in a forked child: the parent alone keeps them, and stops them."""
        for server in self._running.values():
            _close_input(server.process)
            server.process.returncode = 0  # it is no child of ours, so there is no waiting for it
        # Made anew: the old lock may be held by a thread that the fork did not copy.
        self._lock = threading.Lock()
        self._running = {}


def _start(path: Path) -> _Server:
    api_key = secrets.token_urlsafe(32)
    with TemporaryFile() as noise:
        process = _launch(noise.fileno())
        said = b""
        try:
            said = _order(process, path, api_key)
        finally:
            if not said.startswith(b"ready "):
                process.kill()
                process.wait()
                _close_input(process)
        kind, _, text = said.decode().strip().partition(" ")
        if kind == "ready":
            return _Server(process, Endpoint(f"{text}/v1", api_key))
        if kind == "missing":
            raise ConfigurationError(_MISSING.format(text))
        noise.seek(0)
        reason = _reason(noise.read().decode(errors="replace"))
    raise ConfigurationError(_REFUSED.format(path, reason))


def _launch(noise: int) -> subprocess.Popen[bytes]:
    # -P: the folder of engine.py must not come first on the path, where openai.py would be found.
    command = [sys.executable, "-P", str(_ENGINE)]
    try:
        # A session of its own: Ctrl-C is for us, and we stop the engine when we are done.
        # Unbuffered: a buffer has a lock, which a fork may copy while it is held.
        return subprocess.Popen(  # noqa: S603  # our own file, and nothing from outside
            command,
            bufsize=0,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=noise,
            start_new_session=True,
        )
    except OSError as error:
        raise ConfigurationError(_NO_START.format(sys.executable, error.strerror)) from error


def _order(process: subprocess.Popen[bytes], path: Path, api_key: str) -> bytes:
    """Tell *process* what to serve, and wait for the line that it answers; empty when it died."""
    order = {
        "path": str(path),
        "alias": path.stem,
        "api_key": api_key,
        "threads": _threads(),
        "context": _CONTEXT,
        "import_path": sys.path,
    }
    with cast("IO[bytes]", process.stdout) as answers, suppress(BrokenPipeError):
        cast("IO[bytes]", process.stdin).write(json.dumps(order).encode() + b"\n")
        return answers.readline()
    return b""


def _threads() -> int:
    """As many as there are idle cores: the engine's threads wait for each other spinning.

    Two threads on two busy cores take up to ten times as long as one; the answers are the same.
    """
    if sys.platform == "win32":
        return max(1, min(_MOST_THREADS, (os.cpu_count() or 1) // 2))
    cores = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
    return max(1, min(_MOST_THREADS, cores - round(os.getloadavg()[0])))


def _reason(noise: str) -> str:
    """The engine's first error; its last line when it did not get as far as its own log."""
    error = _ERROR_LINE.search(noise)
    return error[1] if error else noise.strip().rpartition("\n")[2] or "it says nothing"


def _close_input(process: subprocess.Popen[bytes]) -> None:
    cast("IO[bytes]", process.stdin).close()


_servers = _Servers()
atexit.register(_servers.stop)
if sys.platform != "win32":
    os.register_at_fork(after_in_child=_servers.leave_to_parent)
