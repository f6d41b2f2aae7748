"""The embedded engine's own process: one line of JSON says what to serve, one line the address.

A process of its own, because the native engine writes to standard error and may abort, neither of
which a library may do to its caller. Run as a file, so that it starts without our package; it ends
when its standard input does, and so with its parent, however that one ends.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import sys
import time
from typing import Protocol, TypedDict

_LAST_WORDS = 0.2
"""Seconds for the engine's own log, which a thread of it writes: it has the reason of a refusal."""


class Order(TypedDict):
    """What to serve, and where to look for the engine."""

    path: str
    alias: str
    api_key: str
    threads: int
    context: int
    import_path: list[str]


class Serving(Protocol):
    """A started server; it serves for as long as the object lives."""

    listening_address: str


def main() -> None:
    """Serve until standard input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # Whatever native code prints goes to standard error; only the address goes to our parent.
    parent = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    order: Order = json.loads(sys.stdin.buffer.readline())
    sys.path[:] = order["import_path"]
    try:
        server = serve(order)
    except ImportError as error:
        parent.write(f"missing {error}")
        return
    except RuntimeError:
        time.sleep(_LAST_WORDS)
        raise
    parent.write(f"ready {server.listening_address}\n")
    parent.close()
    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, 1)
    os.dup2(silence, 2)
    sys.stdin.buffer.read()
    # At once: nobody is left to hear the answers that are still being written.
    os._exit(0)


def serve(order: Order) -> Serving:
    """Start the server; raises ImportError without an engine, RuntimeError for a bad file.

    One slot, no reuse of a prompt's prefix and no flash attention: the engine's sums are rounded
    differently in another batch, after another prefix and on another number of threads, and then
    the same request gives other words. So the same request gives the same bytes.
    """
    engine = importlib.import_module("xllamacpp")  # has no type information
    parameters = engine.CommonParams()
    parameters.model.path = order["path"]
    parameters.model_alias = {order["alias"]}
    parameters.hostnames = ["127.0.0.1"]
    parameters.port = 0
    parameters.api_keys = [order["api_key"]]
    parameters.n_ctx = order["context"]
    parameters.cpuparams.n_threads = order["threads"]
    parameters.n_parallel = 1
    parameters.cache_prompt = False
    parameters.cache_ram_mib = 0
    parameters.flash_attn_type = engine.llama_flash_attn_type.LLAMA_FLASH_ATTN_TYPE_DISABLED
    parameters.check_tensors = True
    parameters.fit_params = False
    parameters.offline = True
    parameters.ui = False
    parameters.endpoint_slots = False
    parameters.verbosity = 1  # errors: the reason when it refuses a file
    server: Serving = engine.Server(parameters)
    return server


if __name__ == "__main__":
    main()
