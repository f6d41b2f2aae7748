"""Where the answers to a prompt come from: a model's name goes in, what can be asked comes out."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from typing import Protocol, TypeAlias, cast, runtime_checkable

from deterministic_llm._core.answering import (
    Answering,
    AsyncAnswering,
    AsyncOpening,
    AwaitingCall,
    BlockingCall,
    Opening,
)
from deterministic_llm._core.attempts import Request
from deterministic_llm._core.exchange import (
    CallFailure,
    ChatMessage,
    Completion,
    JsonObject,
)
from deterministic_llm._core.records import frozen
from deterministic_llm._core.shapes.members import items
from deterministic_llm.backends import Backend, Client, named
from deterministic_llm.enforcer.known import Known
from deterministic_llm.enforcer.terms import Asking
from deterministic_llm.errors import ConfigurationError
from deterministic_llm.storage.keys import Describe, described_call

Prompt: TypeAlias = str | Sequence[ChatMessage]


def messages_of(prompt: object) -> tuple[ChatMessage, ...]:
    """*prompt* as chat messages; a str is one user message.

    Raises TypeError, naming what it got, when it is neither.
    """
    if isinstance(prompt, str):
        return ({"role": "user", "content": prompt},)
    messages = items(prompt)
    if messages and all(isinstance(message, Mapping) for message in messages):
        return cast("tuple[ChatMessage, ...]", tuple(messages))
    kinds = sorted({type(each).__qualname__ for each in messages})
    got = type(prompt).__qualname__
    if isinstance(prompt, list | tuple):
        got = f"a {got} of {' and '.join(kinds)}" if kinds else f"an empty {got}"
    message = f"a prompt is a str or a list of chat messages, got {got}"
    raise TypeError(message)


@frozen
class Asked:
    """The source of a function that returns a prompt: a backend is asked it."""

    backend: Callable[[], Backend]
    known: Known

    def complete(self, request: Request) -> Completion | CallFailure:
        """Ask the backend."""
        return self.backend().complete(request)

    async def acomplete(self, request: Request) -> Completion | CallFailure:
        """Ask the backend."""
        return await self.backend().acomplete(request)

    def stream(self, request: Request) -> Answering:
        """Ask the backend."""
        return self.backend().stream(request)

    def astream(self, request: Request) -> AsyncAnswering:
        """Ask the backend."""
        return self.backend().astream(request)

    def hears(self, turn_at: int | None) -> bool:
        """What we add is a part of the prompt."""
        del turn_at
        return True

    def check(self, parameters: Mapping[str, object], *, heard: bool) -> None:
        """All of them are sent: a server knows best what it takes."""

    def in_turn(self, fallback: Sequence[object]) -> Asked | InTurn:
        """This backend, and then those of the models of *fallback*."""
        return InTurn((self, *map(_asked, fallback))) if fallback else self

    def models(self, fallback: Sequence[object]) -> Sequence[Known]:
        """What is known of this model and of those of *fallback*."""
        return [self.known, *(other.known for other in map(_asked, fallback))]

    def describing(
        self,
        fallback: Sequence[object],
        asked: Asking | None,
        *,
        key: Callable[..., object] | None = None,
        lenient: bool = False,
    ) -> Describe:
        """A question to a model is told by all that is sent, so there is nothing to add."""
        del asked, lenient
        if key is not None:
            raise ConfigurationError(_NO_KEY)
        known = self.models(fallback)

        def describe(request: Request) -> JsonObject:
            model = known[request.model]
            return described_call(request, url=model.url, model=model.name)

        return describe

    def blocking(self, asked: Asking) -> tuple[tuple[ChatMessage, ...], BlockingCall]:
        """The prompt that the function returns, and how to ask it."""
        return messages_of(asked.function()), self.in_turn(asked.fallback).complete

    async def awaiting(self, asked: Asking) -> tuple[tuple[ChatMessage, ...], AwaitingCall]:
        """The prompt that the function returns, and how to ask it."""
        prompt = messages_of(await cast("Awaitable[object]", asked.function()))
        return prompt, self.in_turn(asked.fallback).acomplete

    def opening(self, asked: Asking) -> tuple[tuple[ChatMessage, ...], Opening]:
        """The prompt that the function returns, and how to ask for an answer in pieces."""
        return messages_of(asked.function()), self.in_turn(asked.fallback).stream

    async def aopening(self, asked: Asking) -> tuple[tuple[ChatMessage, ...], AsyncOpening]:
        """The prompt that the function returns, and how to ask for an answer in pieces."""
        prompt = messages_of(await cast("Awaitable[object]", asked.function()))
        return prompt, self.in_turn(asked.fallback).astream


_NO_KEY = "key= is for functions that make their own call: a prompt is its own key"


@frozen
class InTurn:
    """Several models, of which each request says which one is meant."""

    models: tuple[Asked, ...]

    def complete(self, request: Request) -> Completion | CallFailure:
        """Ask the model that is meant."""
        return self.models[request.model].complete(request)

    async def acomplete(self, request: Request) -> Completion | CallFailure:
        """Ask the model that is meant."""
        return await self.models[request.model].acomplete(request)

    def stream(self, request: Request) -> Answering:
        """Ask the model that is meant."""
        return self.models[request.model].stream(request)

    def astream(self, request: Request) -> AsyncAnswering:
        """Ask the model that is meant."""
        return self.models[request.model].astream(request)


@runtime_checkable
class Askable(Protocol):
    """Anything that a prompt can be put to: a Model."""

    @property
    def source(self) -> Asked:
        """Where its answers come from."""
        ...


def _asked(other: object) -> Asked:
    """A model to fall back on, or its name."""
    if isinstance(other, str):
        return source_of(other)
    if isinstance(other, Askable):
        return other.source
    kind = type(other).__qualname__
    message = f"fallback= of a model: expected models or names such as 'openai:gpt-5', got {kind}"
    raise ConfigurationError(message)


def source_of(
    name: str,
    *,
    client: Client | None = None,
    base_url: str | None = None,
    api_key: str | None = None,
    identify: bool = True,
) -> Asked:
    """The source of the model *name*; raises ConfigurationError for a name of no provider."""
    model = named(name, client=client, base_url=base_url, api_key=api_key)
    known = model.known if identify else replace(model.known, server=None)
    return Asked(model.backend, known)
