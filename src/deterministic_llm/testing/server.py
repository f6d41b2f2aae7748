"""A chat server on loopback that misbehaves as told: faults or scripts of them go in by name."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from types import TracebackType
from typing import Self, TypeAlias

from deterministic_llm._core.exchange import Completion, JsonObject, Usage
from deterministic_llm._core.sharing import Shared
from deterministic_llm.testing.envelopes import error
from deterministic_llm.testing.faults import FAULTS
from deterministic_llm.testing.wire import Tempo, Wire

Step: TypeAlias = str | Completion
"""One step of a script: the name of a fault, or the answer itself."""
_LONGEST_HEAD = 1 << 20
_MODELS: JsonObject = {
    "object": "list",
    "data": [{"id": "some-model", "object": "model", "owned_by": "fault-server"}],
}


class FaultServer(Shared):
    """Plays every fault that a provider's server is known for, over real HTTP.

    ``with FaultServer() as server`` starts it in a thread of its own. A client that calls
    ``server.base_url("502_html")`` gets that fault every time; the names, with a sentence each, are
    in FAULTS. It answers in the words that it is asked in: chat completions, OpenAI's Responses,
    Anthropic's Messages, Gemini's content. ``server.script("run-17", ["429_now", "html", "ok"])``
    plays one step a request, the last one again and again. Instead of in the address the name may
    stand in a header ``x-fault``.

    Who asks which models there are gets *models*, the JSON of that listing, or the fault of that
    name; unless it is given it is the listing of a server that nobody knows. Such requests are
    in ``looked`` and not in ``counts``; whatever else a client looks up is not found.

    *answer* is the healthy answer; a str has a usage of 7 and 3 tokens. Who asks for a stream gets
    it *chunk* characters at a time, with *pause* seconds in between. *pace* is the time between two
    drops of a dripping fault and *patience* how long a silent one stays silent, in seconds.
    """

    elsewhere = "it runs in one process: hand on its base_url() instead"

    def __init__(
        self,
        answer: str | Completion = '{"a":1}',
        *,
        models: JsonObject | str | None = None,
        pace: float = 0.4,
        patience: float = 30.0,
        chunk: int = 4,
        pause: float = 0.0,
    ) -> None:
        self.answer = _completion(answer)
        self._models = _MODELS if models is None else models
        self._looked: list[str] = []
        self._tempo = Tempo(pace, patience, chunk, pause)
        self._sent = 0
        self._scripts: dict[str, tuple[Step, ...]] = {}
        self._counts: Counter[str] = Counter()
        self._open: set[asyncio.Task[None]] = set()
        self._answered = 0
        self._charged = Usage()
        self._connections = 0
        self._busy = 0
        self._port = 0
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._dead = socket.socket()

    def __enter__(self) -> Self:
        self._dead.bind(("127.0.0.1", 0))
        self._thread.start()
        self._ready.wait()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()
        self._dead.close()

    def base_url(self, name: str) -> str:
        """The address that plays the fault or script *name*; ValueError when there is none."""
        if name not in self._scripts and name not in FAULTS:
            message = f"no fault or script is called {name!r}; the faults: {', '.join(FAULTS)}"
            raise ValueError(message)
        return f"http://127.0.0.1:{self._port}/{name}/v1"

    def script(self, name: str, steps: Iterable[Step]) -> str:
        """Play *steps* in turn under *name*, and return its address.

        Raises ValueError for an unknown step, and for a script without any.
        """
        played = tuple(steps)
        unknown = [step for step in played if isinstance(step, str) and step not in FAULTS]
        if unknown or not played:
            message = f"no fault is called {unknown[0]!r}" if unknown else "a script has a step"
            raise ValueError(message)
        self._scripts[name] = played
        return self.base_url(name)

    @property
    def counts(self) -> Mapping[str, int]:
        """How many requests came, by the name in their address or header."""
        return dict(self._counts)

    @property
    def looked(self) -> Sequence[str]:
        """The paths that were looked up, in their order."""
        return tuple(self._looked)

    @property
    def open(self) -> int:
        """How many connections are open, idle ones included."""
        return len(self._open)

    @property
    def connections(self) -> int:
        """How many connections there have been."""
        return self._connections

    @property
    def busy(self) -> int:
        """How many requests are being answered."""
        return self._busy

    @property
    def answered(self) -> int:
        """How many requests got an answer whose usage a client can read."""
        return self._answered

    @property
    def charged(self) -> Usage:
        """The tokens of those answers."""
        return self._charged

    @property
    def sent(self) -> int:
        """How many characters of streamed answers went out, in texts and arguments."""
        return self._sent

    def _run(self) -> None:
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        server = await asyncio.start_server(
            self._connected, "127.0.0.1", 0, limit=_LONGEST_HEAD, backlog=1_024
        )
        self._port = server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._stop.wait()
        server.close()
        for task in tuple(self._open):
            task.cancel()
        await asyncio.gather(*self._open)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101  # for the type checkers: we are in it
        self._open.add(task)
        self._connections += 1
        dead_port = self._dead.getsockname()[1]
        wire = Wire(reader, writer, self._charge, self._count, self._tempo, dead_port)
        try:
            with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
                while not writer.is_closing():
                    await self._answer(wire)
        finally:
            writer.close()
            self._open.discard(task)

    async def _answer(self, wire: Wire) -> None:
        asked = await wire.request()
        if asked.looks:
            await self._show(wire)
            return
        name = asked.name
        self._counts[name] += 1
        self._busy += 1
        try:
            await self._play(wire, name)
        finally:
            self._busy -= 1

    async def _show(self, wire: Wire) -> None:
        self._looked.append(wire.path)
        if not wire.path.endswith("/v1/models"):
            await wire.reply(error("there is nothing here"), status=404)
        elif isinstance(self._models, str):
            await FAULTS[self._models].play(wire, self.answer)
        else:
            await wire.reply(self._models)

    async def _play(self, wire: Wire, name: str) -> None:
        steps = self._scripts.get(name, (name,))
        step = steps[min(self._counts[name], len(steps)) - 1]
        answer = step if isinstance(step, Completion) else self.answer
        fault = FAULTS.get("ok" if isinstance(step, Completion) else step)
        if fault is None:
            await wire.reply(error(f"no fault is called {name!r}"), status=404)
            return
        await fault.play(wire, answer)

    def _count(self, characters: int) -> None:
        self._sent += characters

    def _charge(self, usage: Usage) -> None:
        self._answered += 1
        self._charged += usage


def _completion(answer: str | Completion) -> Completion:
    return Completion(answer, usage=Usage(7, 3)) if isinstance(answer, str) else answer
