"""An answer that comes in pieces: a request goes in, something to iterate comes out."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from dataclasses import replace
from types import TracebackType
from typing import Generic, Protocol, Self, TypeAlias

from typing_extensions import TypeVar

from deterministic_llm._core.attempts import Request
from deterministic_llm._core.exchange import (
    TOKEN_LIMITS,
    CallFailure,
    ChatMessage,
    Completion,
    ToolCall,
    Usage,
)
from deterministic_llm._core.shapes.members import get, items

_BYTES_A_TOKEN = 4
"""Of English prose, for today's vocabularies: what estimates go by."""


class Answering(Protocol):
    """One call under way, for a ``with`` block, which iterates the new text of its answer.

    Nothing is asked before the block is entered. Leaving it breaks the connection at once, unless
    the answer was read to its end.
    """

    def __enter__(self) -> Self:
        """Ask, and wait until an answer begins; a call that fails has no pieces."""
        ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
        /,
    ) -> None:
        """Close the connection."""
        ...

    def __iter__(self) -> Iterator[str]:
        """The text as it comes: the arguments of the tool that was asked for, else the content."""
        ...

    def stop(self) -> None:
        """End the answer here: break the connection at once."""
        ...

    def answer(self) -> Completion | CallFailure:
        """What the call came to: the whole answer, what there is of one that was stopped."""
        ...


class AsyncAnswering(Protocol):
    """The same for ``async with`` and ``async for``."""

    async def __aenter__(self) -> Self:
        """Ask, and wait until an answer begins."""
        ...

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
        /,
    ) -> None:
        """Close the connection."""
        ...

    def __aiter__(self) -> AsyncIterator[str]:
        """The text as it comes."""
        ...

    async def stop(self) -> None:
        """End the answer here."""
        ...

    def answer(self) -> Completion | CallFailure:
        """What the call came to."""
        ...


Answer: TypeAlias = Completion | CallFailure
"""What a call comes to."""
BlockingCall: TypeAlias = Callable[[Request], Answer]
"""How a whole answer is asked for."""
AwaitingCall: TypeAlias = Callable[[Request], Awaitable[Answer]]
"""The same, to be awaited."""
Opening: TypeAlias = Callable[[Request], Answering]
"""How an answer in pieces is asked for."""
AsyncOpening: TypeAlias = Callable[[Request], AsyncAnswering]
"""The same, to be awaited."""
A = TypeVar("A", bound=Answering | AsyncAnswering)
"""An answering of either colour."""


class _Told:
    """An *answer* that is there already, given in *pieces* or in none."""

    def __init__(
        self, request: Request, answer: Completion | CallFailure, pieces: Sequence[str] = ()
    ) -> None:
        self._request = request
        self._answer = answer
        self._pieces = pieces
        self._given = 0
        self._stopped = False

    def answer(self) -> Completion | CallFailure:
        """The whole of it, or what was given until it was stopped."""
        if not self._stopped or isinstance(self._answer, CallFailure):
            return self._answer
        text = "".join(self._pieces[: self._given])
        constraint = self._request.constraint
        calls = (ToolCall(constraint.name, text),) if constraint.mode == "tool" else ()
        return stopped(replace(self._answer, text=text, calls=calls, usage=Usage()), self._request)


class Told(_Told):
    """An answer that is there already, for a ``with`` block."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
        /,
    ) -> None:
        """Nothing is open."""

    def __iter__(self) -> Iterator[str]:
        for piece in self._pieces:
            self._given += 1
            yield piece

    def stop(self) -> None:
        """What was not given yet is no part of the answer any more."""
        self._stopped = True


class AsyncTold(_Told):
    """An answer that is there already, for an ``async with`` block."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
        /,
    ) -> None:
        """Nothing is open."""

    async def __aiter__(self) -> AsyncIterator[str]:
        for piece in self._pieces:
            self._given += 1
            yield piece

    async def stop(self) -> None:
        """What was not given yet is no part of the answer any more."""
        self._stopped = True


class AnyDelegating(Generic[A]):
    """What both colours share: the answer of another answering, settled once."""

    _answering: A
    _answer: Completion | CallFailure | None = None

    def answer(self) -> Completion | CallFailure:
        """What the call came to, and what was made of it the first time that this was asked."""
        if self._answer is None:
            self._answer = self._settled(self._answering.answer())
        return self._answer

    def _settled(self, answer: Completion | CallFailure) -> Completion | CallFailure:
        """What is made of the *answer*: itself, for who does not override this."""
        return answer


class Delegating(AnyDelegating[Answering]):
    """An answering that hands on another one, for who adds to how it begins or what it comes to."""

    def __enter__(self) -> Self:
        self._answering.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
        /,
    ) -> None:
        self._answering.__exit__(kind, error, trace)

    def __iter__(self) -> Iterator[str]:
        return iter(self._answering)

    def stop(self) -> None:
        """End the answer here."""
        self._answering.stop()


class AsyncDelegating(AnyDelegating[AsyncAnswering]):
    """The same, to be awaited."""

    async def __aenter__(self) -> Self:
        await self._answering.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
        /,
    ) -> None:
        await self._answering.__aexit__(kind, error, trace)

    def __aiter__(self) -> AsyncIterator[str]:
        return aiter(self._answering)

    async def stop(self) -> None:
        """End the answer here."""
        await self._answering.stop()


def stopped(said: Completion, request: Request) -> Completion:
    """The answer to *request* of which *said* had come when we stopped it.

    Where nobody counted its tokens they are estimated, four bytes a token.
    """
    usage = said.usage
    if not usage.total_tokens:
        written = "".join(call.arguments for call in said.calls) or said.text or ""
        thought = said.reasoning or ""
        usage = Usage(_tokens(_prompt(request.messages)), _tokens(written) + _tokens(thought))
    limits = [request.parameters.get(name) for name in TOKEN_LIMITS]
    limit = max((each for each in limits if isinstance(each, int)), default=None)
    saved = None if limit is None else max(0, limit - usage.output_tokens)
    return replace(said, finish="stopped", usage=usage, saved_tokens=saved)


def _tokens(text: str) -> int:
    return -(-len(text.encode(errors="replace")) // _BYTES_A_TOKEN)


def _prompt(messages: Sequence[ChatMessage]) -> str:
    """The text of *messages*; what is no text has no estimate."""
    return "".join(_written(message.get("content")) for message in messages)


def _written(content: object) -> str:
    if isinstance(content, str):
        return content
    parts = (get(part, "text") for part in items(content))
    return "".join(part for part in parts if isinstance(part, str))
