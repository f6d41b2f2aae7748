"""What servers do not take, remembered in this process: refused calls go in, lessons come out."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache, partial
from threading import Lock

from deterministic_llm._core.answering import Answer, AwaitingCall, BlockingCall
from deterministic_llm._core.attempts import Request
from deterministic_llm._core.exchange import CallFailure
from deterministic_llm._core.lessons import NOTHING_LEARNED, Lessons

_MOST_MODELS = 1024
_MOST_LESSONS = 256


@dataclass(slots=True)
class Memory:
    """The gate that remembers what one model on one server does not take; it lets all in."""

    lessons: Lessons = NOTHING_LEARNED
    _lock: Lock = field(default_factory=Lock, repr=False)

    def enter(self, request: Request) -> Remembered:
        """Let *request* in."""
        return Remembered(self, request)

    def learn(self, request: Request, failure: CallFailure) -> None:
        """Remember what *failure* says of *request*; too much is forgotten all at once."""
        with self._lock:
            lessons = self.lessons.and_of(request, failure)
            room = len(lessons.held) + len(lessons.parameters) <= _MOST_LESSONS
            self.lessons = lessons if room else NOTHING_LEARNED.and_of(request, failure)


class Remembered:
    """One call, whose refusal is remembered."""

    __slots__ = ("_memory", "_request")

    def __init__(self, memory: Memory, request: Request) -> None:
        self._memory = memory
        self._request = request

    def closed(self, answer: Answer) -> Answer:
        """Learn from *answer*."""
        if isinstance(answer, CallFailure) and answer.kind == "unsupported":
            self._memory.learn(self._request, answer)
        return answer

    def dropped(self) -> None:
        """Nobody knows what came of it."""


def remembered(call: BlockingCall, memory: Memory) -> BlockingCall:
    """*call*, whose refusals *memory* keeps: as gated(), without a passage for every call."""
    return partial(_remembered, call, memory)


def _remembered(call: BlockingCall, memory: Memory, request: Request) -> Answer:
    answer = call(request)
    if isinstance(answer, CallFailure):
        memory.enter(request).closed(answer)
    return answer


def aremembered(call: AwaitingCall, memory: Memory) -> AwaitingCall:
    """The same, to be awaited."""
    return partial(_aremembered, call, memory)


async def _aremembered(call: AwaitingCall, memory: Memory, request: Request) -> Answer:
    answer = await call(request)
    if isinstance(answer, CallFailure):
        memory.enter(request).closed(answer)
    return answer


@lru_cache(maxsize=_MOST_MODELS)
def memory_of(url: str, model: str) -> Memory:
    """What is remembered of *model* at *url*."""
    del url, model
    return Memory()
