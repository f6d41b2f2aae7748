"""Where the answers to a prompt come from: a model's name goes in, what can be asked comes out."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from concurrent.futures import wait
from dataclasses import dataclass, replace
from functools import cache, partial
from time import perf_counter
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, Self, TypeAlias, cast, runtime_checkable
from urllib.parse import urlsplit

from deterministic_llm._core.answering import (
    Answering,
    AsyncAnswering,
    AsyncOpening,
    AsyncTold,
    Opening,
    Told,
)
from deterministic_llm._core.attempts import Request
from deterministic_llm._core.exchange import (
    Abilities,
    CallFailure,
    ChatMessage,
    Completion,
    JsonObject,
)
from deterministic_llm._core.shapes.members import items
from deterministic_llm._drivers.background import started
from deterministic_llm.enforcer.terms import Asking, AwaitingCall, BlockingCall, Known
from deterministic_llm.errors import ConfigurationError
from deterministic_llm.providers import local
from deterministic_llm.providers.anthropic import (
    DEFAULT_MAX_TOKENS,
    MessagesClient,
    MessagesModel,
)
from deterministic_llm.providers.gemini import ContentClient, ContentModel, address_of
from deterministic_llm.providers.openai import ChatModel, DecisionModel, ResponsesModel
from deterministic_llm.providers.openai.profiles import (
    AZURE,
    AZURE_RESPONSES,
    OPENAI,
    OPENAI_RESPONSES,
    PROFILES,
    UNKNOWN_RESPONSES,
    Profile,
    profile_at,
)
from deterministic_llm.storage import models
from deterministic_llm.storage.keys import Describe, described_call

if TYPE_CHECKING:
    from openai import AsyncOpenAI, OpenAI

Client: TypeAlias = "OpenAI | AsyncOpenAI | MessagesClient | ContentClient"
"""A client of an SDK that is known here."""
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
    message = f"a prompt is a str or a list of chat messages, got {type(prompt).__qualname__}"
    raise TypeError(message)


class Backend(Protocol):
    """What answers requests, blocking and awaiting."""

    def complete(self, request: Request) -> Completion | CallFailure:
        """Ask, and wait for the answer."""
        ...

    async def acomplete(self, request: Request) -> Completion | CallFailure:
        """Ask, and await the answer."""
        ...

    def stream(self, request: Request) -> Answering:
        """Ask for an answer in pieces."""
        ...

    def astream(self, request: Request) -> AsyncAnswering:
        """Ask for an answer in pieces that are awaited."""
        ...


@dataclass(frozen=True, slots=True)
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


@dataclass(frozen=True, slots=True)
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


_CLAUDE = Abilities(
    ("native", "tool"),
    shows_schema=True,
    dialect="anthropic",
    logprobs=0,
    untaken=frozenset({"seed"}),
)
_GEMINI = Abilities(
    ("native", "tool", "json"), any_root=True, shows_schema=True, dialect="gemini", logprobs=0
)
_DECISIONS = Abilities(
    ("native",),
    any_root=True,
    fields=True,
    shows_schema=True,
    logprobs=0,
    untaken=frozenset(
        {"seed", "temperature", "top_p", "max_tokens", "max_completion_tokens", "stop"}
    ),
)
"""It decides between what a schema admits, and takes no settings for that."""
_EMBEDDED = Abilities(("native", "grammar", "json"), any_root=True)


def source_of(
    name: str,
    *,
    client: Client | None = None,
    base_url: str | None = None,
    api_key: str | None = None,
) -> Asked:
    """The backend of a model *name* such as ``openai:gpt-5-mini``, made when it is first asked.

    Raises ConfigurationError for a name of no provider.
    """
    provider, colon, model = name.partition(":")
    if client is not None:
        return _lent(name, client)
    factory = _FACTORIES.get(provider)
    if factory is not None and model:
        return factory(model, base_url, api_key)
    problem = f"unknown model {name!r}" if colon else f"model {name!r} names no provider"
    message = f"{problem}: write 'openai:gpt-5-mini', 'local:smollm2-135m', or pass client="
    raise ConfigurationError(message)


def _of_client(name: str, client: OpenAI | AsyncOpenAI) -> Asked:
    """A *client* that is there: *name* may say what server it calls, else its address does."""
    provider, _, model = name.partition(":")
    named = PROFILES.get(provider) if model else None  # "llama3:8b" names no provider
    address = str(client.base_url)
    profile = _told_by(address, named or OPENAI)
    called = name if named is None else model
    asked = _model(profile, called, client=client)
    return Asked(lambda: asked, _known(profile, called, address))


def _of_openai(profile: Profile, model: str, base_url: str | None, api_key: str | None) -> Asked:
    """OpenAI's own server, or any other of its interfaces: the address tells which."""
    address = base_url or os.environ.get("OPENAI_BASE_URL") or str(OPENAI.base_url)
    profile = _told_by(address, profile)

    @cache
    def asked() -> ChatModel | ResponsesModel:
        key = api_key or (os.environ.get(profile.key) if profile.key else None)
        return _model(profile, model, base_url=base_url, api_key=key)

    return Asked(asked, _known(profile, model, address))


def _told_by(address: str, named: Profile) -> Profile:
    """The profile of the server at *address*, where *named* says only whose words it takes."""
    if named not in (OPENAI, OPENAI_RESPONSES):
        return named
    there = profile_at(address)
    if named is OPENAI:
        return there
    return named if there in (OPENAI, AZURE) else UNKNOWN_RESPONSES


def _on_azure(profile: Profile, model: str, base_url: str | None, api_key: str | None) -> Asked:
    """A deployment on Azure, by its interface without versions; OpenAI's own key never goes there.

    Raises ConfigurationError where there is no address or no key.
    """
    address = base_url or os.environ.get(_AZURE_ENDPOINT)
    key = api_key or next(filter(None, map(os.environ.get, _AZURE_KEYS)), None)
    if not address or not key:
        missing, option = (_AZURE_KEYS[1], "api_key") if address else (_AZURE_ENDPOINT, "base_url")
        message = f"no {option} for the deployment {model!r}: set {missing}, or pass {option}="
        raise ConfigurationError(message)
    if urlsplit(address).path in ("", "/"):
        address = f"{address.rstrip('/')}/openai/v1/"
    return _of_profile(profile, model, address, key)


_AZURE_ENDPOINT = "AZURE_OPENAI_ENDPOINT"
_AZURE_KEYS = ("AZURE_OPENAI_AD_TOKEN", "AZURE_OPENAI_API_KEY")
"""Variables of the environment as OpenAI's SDK names them, the stronger one first."""


def _of_profile(profile: Profile, model: str, base_url: str | None, api_key: str | None) -> Asked:
    address = base_url or str(profile.base_url)

    @cache
    def asked() -> ChatModel | ResponsesModel:
        key = _key_of(profile, model, api_key)
        return _model(profile, model, base_url=address, api_key=key)

    return Asked(asked, _known(profile, model, address))


def _key_of(profile: Profile, model: str, api_key: str | None) -> str:
    """The key for a server of *profile*, never another provider's."""
    if api_key is not None or profile.key is None:
        return api_key or _NO_KEY_NEEDED
    key = os.environ.get(profile.key)
    if key:
        return key
    message = f"no API key for {profile.name}:{model}: set {profile.key}, or pass api_key="
    raise ConfigurationError(message)


_NO_KEY_NEEDED = "none"
"""What is sent where nobody asks for a key: the client wants one."""


def _model(
    profile: Profile,
    name: str,
    *,
    base_url: str | None = None,
    api_key: str | None = None,
    client: OpenAI | AsyncOpenAI | None = None,
) -> ChatModel | ResponsesModel:
    """The model *name*, asked in the words of its server."""
    if profile.responses:
        return ResponsesModel(name, base_url=base_url, api_key=api_key, client=client)
    return ChatModel(name, base_url=base_url, api_key=api_key, client=client, profile=profile)


def _known(profile: Profile, model: str, address: str) -> Known:
    """What is known of *model*; what is learned of one interface is not known of the other."""
    url = f"{address.rstrip('/')}/responses" if profile.responses else address
    return Known(profile.abilities_of(model), name=model, url=url)


def _claude(
    model: str,
    base_url: str | None = None,
    api_key: str | None = None,
    client: MessagesClient | None = None,
) -> Asked:
    claude = MessagesModel(model, base_url=base_url, api_key=api_key, client=client)
    address = base_url or os.environ.get("ANTHROPIC_BASE_URL") or _ANTHROPIC
    url = address if client is None else str(client.base_url)
    return Asked(lambda: claude, Known(_CLAUDE, {"max_tokens": DEFAULT_MAX_TOKENS}, model, url))


def _gemini(
    model: str,
    base_url: str | None = None,
    api_key: str | None = None,
    client: ContentClient | None = None,
) -> Asked:
    gemini = ContentModel(model, base_url=base_url, api_key=api_key, client=client)
    address = base_url or os.environ.get("GOOGLE_GEMINI_BASE_URL") or _GOOGLE
    url = address if client is None else address_of(client)
    return Asked(lambda: gemini, Known(_GEMINI, name=model, url=url))


def _lent(name: str, client: Client) -> Asked:
    """The backend of the model *name* that the caller's own *client* asks, by the SDK it is of.

    A name of which the beginning is no provider keeps it: "llama3:8b".
    """
    provider, _, model = name.partition(":")
    named = model if model and provider in _FACTORIES else name
    packages = {kind.__module__.partition(".")[0] for kind in type(client).__mro__}
    if "anthropic" in packages:
        return _claude(named, client=cast("MessagesClient", client))
    if "google" in packages:
        return _gemini(named, client=cast("ContentClient", client))
    if "openai" in packages and provider == _DECIDES:
        return _deciding(named, client=cast("OpenAI | AsyncOpenAI", client))
    if "openai" not in packages:
        message = f"client=: one of openai, anthropic or google-genai, got {type(client)!r}"
        raise ConfigurationError(message)
    return _of_client(name, cast("OpenAI | AsyncOpenAI", client))


def _deciding(
    model: str,
    base_url: str | None = None,
    api_key: str | None = None,
    client: OpenAI | AsyncOpenAI | None = None,
) -> Asked:
    decider = DecisionModel(model, base_url=base_url, api_key=api_key, client=client)
    address = base_url or os.environ.get("OPENAI_BASE_URL") or str(OPENAI.base_url)
    url = address if client is None else str(client.base_url)
    return Asked(lambda: decider, Known(_DECISIONS, name=model, url=url))


_DECIDES = "openai-decisions"


def _embedding(model: str, base_url: str | None, api_key: str | None) -> Asked:
    del base_url, api_key
    embedded = _Embedded(model)
    return Asked(lambda: embedded, Known(_EMBEDDED, _TINY, model))


Factory: TypeAlias = Callable[[str, str | None, str | None], Asked]
"""Makes the source of a model of some name, given its base_url and api_key."""
_FACTORIES: Mapping[str, Factory] = {
    **{name: partial(_of_profile, profile) for name, profile in PROFILES.items()},
    **{each.name: partial(_of_openai, each) for each in (OPENAI, OPENAI_RESPONSES)},
    **{each.name: partial(_on_azure, each) for each in (AZURE, AZURE_RESPONSES)},
    "anthropic": _claude,
    "gemini": _gemini,
    "local": _embedding,
    _DECIDES: _deciding,
}
"""By the prefix of a name."""
_ANTHROPIC = "https://api.anthropic.com"
_GOOGLE = "https://generativelanguage.googleapis.com/"


_TINY = {"max_tokens": 512}
"""A tiny model may never stop by itself, and holds its server until it does."""


@dataclass(frozen=True, slots=True)
class _Embedded:
    """The embedded engine with the model *name*; looked for each time: a fork or crash ends it."""

    name: str

    def complete(self, request: Request) -> Completion | CallFailure:
        """Ask the engine, which starts at the first call, if there is time for that."""
        began = perf_counter()
        engine = self._in_time(request)
        return _NO_ENGINE if engine is None else engine.complete(_later(request, began))

    async def acomplete(self, request: Request) -> Completion | CallFailure:
        """Ask the engine, once it is there: starting it can take seconds."""
        engine = await self.aengine()
        return await engine.acomplete(request)

    def stream(self, request: Request) -> Answering:
        """Ask the engine, as complete() does, for an answer in pieces."""
        began = perf_counter()
        engine = self._in_time(request)
        if engine is None:
            return Told(request, _NO_ENGINE)
        return engine.stream(_later(request, began))

    def astream(self, request: Request) -> AsyncAnswering:
        """Ask the engine, once it is there, for an answer in pieces."""
        return _OfEngine(self, request)

    def engine(self) -> ChatModel:
        """What to ask; it is started when it is not there."""
        return _chat(self.name, local.address(models.locate(self.name)))

    async def aengine(self) -> ChatModel:
        """The same, awaited; an event loop that ends does not wait for it."""
        return await asyncio.wrap_future(started(self.engine))

    def _in_time(self, request: Request) -> ChatModel | None:
        """The engine, when it is there within the time for *request*."""
        if request.timeout is None:
            return self.engine()
        engine = started(self.engine)
        done, _ = wait((engine,), request.timeout)
        return engine.result() if done else None


class _OfEngine:
    """An answer in pieces of an *embedded* engine, which starts when it is asked."""

    def __init__(self, embedded: _Embedded, request: Request) -> None:
        self._embedded = embedded
        self._request = request

    async def __aenter__(self) -> Self:
        self._answering = await self._opened()
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

    def answer(self) -> Completion | CallFailure:
        """What the call came to."""
        return self._answering.answer()

    async def _opened(self) -> AsyncAnswering:
        began = perf_counter()
        try:
            async with asyncio.timeout(self._request.timeout):
                engine = await self._embedded.aengine()
        except TimeoutError:
            return AsyncTold(self._request, _NO_ENGINE)
        return engine.astream(_later(self._request, began))


_NO_ENGINE = CallFailure("the engine was not there in time", "late", sent=False)


def _later(request: Request, began: float) -> Request:
    """*request* with the time that it has left now, of what it had when it *began*."""
    if request.timeout is None:
        return request
    return replace(request, timeout=max(request.timeout - (perf_counter() - began), 0.001))


@cache
def _chat(name: str, endpoint: local.Endpoint) -> ChatModel:
    return ChatModel(name, base_url=endpoint.base_url, api_key=endpoint.api_key)
