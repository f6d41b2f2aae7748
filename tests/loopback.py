"""A chat-completions server on loopback: answers from a script, remembers what it was asked."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Reply:
    """One scripted answer; *body* is sent as it is, *content* in a chat completion."""

    content: str | None = None
    finish: str = "stop"
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes | None = None
    message: dict[str, Any] = field(default_factory=dict)

    def payload(self) -> bytes:
        """The bytes of the answer."""
        if self.body is not None:
            return self.body
        message = {"role": "assistant", "content": self.content, **self.message}
        completion = {
            "id": "x",
            "object": "chat.completion",
            "model": "served-model",
            "system_fingerprint": "fp",
            "choices": [{"index": 0, "message": message, "finish_reason": self.finish}],
            "usage": {
                "prompt_tokens": 7,
                "completion_tokens": 3,
                "prompt_tokens_details": {"cached_tokens": 2},
                "completion_tokens_details": {"reasoning_tokens": 1},
            },
        }
        return json.dumps(completion).encode()


def failing(status: int, *, code: str | None = None, **headers: str) -> Reply:
    """An error answer in OpenAI's shape."""
    error = {"error": {"message": f"status {status}", "type": "some_type", "code": code}}
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(status=status, headers=named, body=json.dumps(error).encode())


@dataclass
class Loopback:
    """The running server: its address, and every request body, header and path it saw."""

    base_url: str
    bodies: list[dict[str, Any]]
    headers: list[dict[str, str]]
    paths: list[str]


@contextmanager
def serving(replies: list[Reply]) -> Iterator[Loopback]:
    """Serve *replies* in turn, the last one again and again."""
    seen: list[dict[str, Any]] = []
    headers: list[dict[str, str]] = []
    paths: list[str] = []
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            with lock:
                reply = replies[min(len(seen), len(replies) - 1)]
                seen.append(body)
                paths.append(self.path)
                headers.append({name.lower(): value for name, value in self.headers.items()})
            payload = reply.payload()
            self.send_response(reply.status)
            for name, value in {"content-type": "application/json", **reply.headers}.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(payload)))
            self.end_headers()
            self.wfile.write(payload)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield Loopback(f"http://127.0.0.1:{server.server_port}/v1", seen, headers, paths)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
