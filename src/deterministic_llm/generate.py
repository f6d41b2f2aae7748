"""Model: the library calls it with the prompt it is given, or that a decorated function returns."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from typing import TYPE_CHECKING, Generic, Literal, ParamSpec, Protocol, TypeAlias, cast, overload

from typing_extensions import TypeForm, TypeVar, Unpack

from deterministic_llm._core.attempts import Request, Result
from deterministic_llm._core.exchange import Abilities, CallFailure, ChatMessage, Completion
from deterministic_llm._core.schema.target import Target
from deterministic_llm._core.shapes.members import items
from deterministic_llm._drivers import awaiting, blocking
from deterministic_llm.enforcer.enforcers import AsyncEnforcer, D, Enforcer, Fallback, decorated
from deterministic_llm.enforcer.terms import AwaitingCall, BlockingCall, ModelOptions, Terms
from deterministic_llm.errors import ConfigurationError, EnforcementError
from deterministic_llm.providers import local
from deterministic_llm.providers.openai import ChatModel
from deterministic_llm.storage import models
from deterministic_llm.targets import Declared, compiled

if TYPE_CHECKING:
    from openai import AsyncOpenAI, OpenAI

P = ParamSpec("P")
T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
Prompt: TypeAlias = str | Sequence[ChatMessage]


class DecoratePrompt(Generic[T_co]):
    """Turns a function that returns a prompt into an enforcer; sync first, so Any is sync."""

    def __init__(self, terms: Terms[T_co]) -> None:
        self._terms = terms

    @overload
    def __call__(self, function: Callable[P, Prompt], /) -> Enforcer[P, T_co]: ...
    @overload
    def __call__(self, function: Callable[P, Awaitable[Prompt]], /) -> AsyncEnforcer[P, T_co]: ...
    def __call__(self, function: Callable[..., object], /) -> object:
        """Decorate *function*."""
        return decorated(function, self._terms)


class Model:
    """A model that the library calls: ``Model("openai:gpt-5-mini")``, ``"local:smollm2-135m"``.

    ``local:`` takes a name of the catalogue or the path of a GGUF file; the engine starts at the
    first call. ``openai:`` is any server of that interface at *base_url* (or OPENAI_BASE_URL); a
    *client* of the openai package is used as it is, its own retries aside. Every other keyword is
    an option or a request parameter for all calls of this model.
    """

    def __init__(
        self,
        name: str,
        *,
        client: OpenAI | AsyncOpenAI | None = None,
        base_url: str | None = None,
        api_key: str | None = None,
        **options: Unpack[ModelOptions],
    ) -> None:
        self.name = name
        self._options: ModelOptions = {**_defaults(name), **options}
        self._source = _source(name, client=client, base_url=base_url, api_key=api_key)

    def __repr__(self) -> str:
        return f"Model({self.name!r})"

    @overload
    def enforce(
        self,
        output_type: Declared[T],
        *,
        on_exhausted: Literal["return_none"],
        **options: Unpack[ModelOptions],
    ) -> DecoratePrompt[T | None]: ...
    @overload
    def enforce(
        self,
        output_type: TypeForm[T],
        *,
        on_exhausted: Literal["return_none"],
        **options: Unpack[ModelOptions],
    ) -> DecoratePrompt[T | None]: ...
    @overload
    def enforce(
        self,
        output_type: Declared[T],
        *,
        on_exhausted: Fallback[D] = "raise",
        **options: Unpack[ModelOptions],
    ) -> DecoratePrompt[T | D]: ...
    @overload
    def enforce(
        self,
        output_type: TypeForm[T],
        *,
        on_exhausted: Fallback[D] = "raise",
        **options: Unpack[ModelOptions],
    ) -> DecoratePrompt[T | D]: ...
    def enforce(
        self,
        output_type: object,
        *,
        on_exhausted: object = "raise",
        **options: Unpack[ModelOptions],
    ) -> DecoratePrompt[object]:
        """Decorate a function that returns a prompt, a str or chat messages; the model is asked.

        Options and errors are those of enforce(), with the model's request parameters besides.
        """
        return DecoratePrompt(self._terms(output_type, on_exhausted, options))

    @overload
    def generate(
        self,
        prompt: Prompt,
        output_type: Declared[T],
        *,
        on_exhausted: Literal["return_none"],
        **options: Unpack[ModelOptions],
    ) -> T | None: ...
    @overload
    def generate(
        self,
        prompt: Prompt,
        output_type: TypeForm[T],
        *,
        on_exhausted: Literal["return_none"],
        **options: Unpack[ModelOptions],
    ) -> T | None: ...
    @overload
    def generate(
        self,
        prompt: Prompt,
        output_type: Declared[T],
        *,
        on_exhausted: Fallback[D] = "raise",
        **options: Unpack[ModelOptions],
    ) -> T | D: ...
    @overload
    def generate(
        self,
        prompt: Prompt,
        output_type: TypeForm[T],
        *,
        on_exhausted: Fallback[D] = "raise",
        **options: Unpack[ModelOptions],
    ) -> T | D: ...
    def generate(
        self,
        prompt: Prompt,
        output_type: object,
        *,
        on_exhausted: object = "raise",
        **options: Unpack[ModelOptions],
    ) -> object:
        """Ask, and return the output; raises EnforcementError when there is none."""
        return self._run(prompt, self._terms(output_type, on_exhausted, options)).output

    @overload
    def run(
        self,
        prompt: Prompt,
        output_type: Declared[T],
        *,
        on_exhausted: Literal["return_none"],
        **options: Unpack[ModelOptions],
    ) -> Result[T | None]: ...
    @overload
    def run(
        self,
        prompt: Prompt,
        output_type: TypeForm[T],
        *,
        on_exhausted: Literal["return_none"],
        **options: Unpack[ModelOptions],
    ) -> Result[T | None]: ...
    @overload
    def run(
        self,
        prompt: Prompt,
        output_type: Declared[T],
        *,
        on_exhausted: Fallback[D] = "raise",
        **options: Unpack[ModelOptions],
    ) -> Result[T | D]: ...
    @overload
    def run(
        self,
        prompt: Prompt,
        output_type: TypeForm[T],
        *,
        on_exhausted: Fallback[D] = "raise",
        **options: Unpack[ModelOptions],
    ) -> Result[T | D]: ...
    def run(
        self,
        prompt: Prompt,
        output_type: object,
        *,
        on_exhausted: object = "raise",
        **options: Unpack[ModelOptions],
    ) -> Result[object]:
        """Ask, and return the output with its evidence."""
        return self._run(prompt, self._terms(output_type, on_exhausted, options))

    @overload
    async def agenerate(
        self,
        prompt: Prompt,
        output_type: Declared[T],
        *,
        on_exhausted: Literal["return_none"],
        **options: Unpack[ModelOptions],
    ) -> T | None: ...
    @overload
    async def agenerate(
        self,
        prompt: Prompt,
        output_type: TypeForm[T],
        *,
        on_exhausted: Literal["return_none"],
        **options: Unpack[ModelOptions],
    ) -> T | None: ...
    @overload
    async def agenerate(
        self,
        prompt: Prompt,
        output_type: Declared[T],
        *,
        on_exhausted: Fallback[D] = "raise",
        **options: Unpack[ModelOptions],
    ) -> T | D: ...
    @overload
    async def agenerate(
        self,
        prompt: Prompt,
        output_type: TypeForm[T],
        *,
        on_exhausted: Fallback[D] = "raise",
        **options: Unpack[ModelOptions],
    ) -> T | D: ...
    async def agenerate(
        self,
        prompt: Prompt,
        output_type: object,
        *,
        on_exhausted: object = "raise",
        **options: Unpack[ModelOptions],
    ) -> object:
        """Ask, and await the output; raises EnforcementError when there is none."""
        return (await self._arun(prompt, self._terms(output_type, on_exhausted, options))).output

    @overload
    async def arun(
        self,
        prompt: Prompt,
        output_type: Declared[T],
        *,
        on_exhausted: Literal["return_none"],
        **options: Unpack[ModelOptions],
    ) -> Result[T | None]: ...
    @overload
    async def arun(
        self,
        prompt: Prompt,
        output_type: TypeForm[T],
        *,
        on_exhausted: Literal["return_none"],
        **options: Unpack[ModelOptions],
    ) -> Result[T | None]: ...
    @overload
    async def arun(
        self,
        prompt: Prompt,
        output_type: Declared[T],
        *,
        on_exhausted: Fallback[D] = "raise",
        **options: Unpack[ModelOptions],
    ) -> Result[T | D]: ...
    @overload
    async def arun(
        self,
        prompt: Prompt,
        output_type: TypeForm[T],
        *,
        on_exhausted: Fallback[D] = "raise",
        **options: Unpack[ModelOptions],
    ) -> Result[T | D]: ...
    async def arun(
        self,
        prompt: Prompt,
        output_type: object,
        *,
        on_exhausted: object = "raise",
        **options: Unpack[ModelOptions],
    ) -> Result[object]:
        """Ask, and await the output with its evidence."""
        return await self._arun(prompt, self._terms(output_type, on_exhausted, options))

    def _terms(
        self, output_type: object, on_exhausted: object, options: Mapping[str, object]
    ) -> Terms[object]:
        chosen = {**self._options, **options}
        return Terms(compiled(output_type), self._source, on_exhausted, chosen)

    def _run(self, prompt: Prompt, terms: Terms[T]) -> Result[T]:
        try:
            return blocking.run(terms.task().about(messages_of(prompt)), self._source.complete)
        except EnforcementError as error:
            return terms.settled(error)

    async def _arun(self, prompt: Prompt, terms: Terms[T]) -> Result[T]:
        try:
            task = terms.task().about(messages_of(prompt))
            return await awaiting.run(task, self._source.acomplete)
        except EnforcementError as error:
            return terms.settled(error)


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


@dataclass(frozen=True, slots=True)
class Asked:
    """The source of a function that returns a prompt: a backend is asked it."""

    backend: Callable[[], Backend]
    abilities: Abilities

    def complete(self, request: Request) -> Completion | CallFailure:
        """Ask the backend."""
        return self.backend().complete(request)

    async def acomplete(self, request: Request) -> Completion | CallFailure:
        """Ask the backend, once it is there: starting one can take seconds."""
        backend = await asyncio.to_thread(self.backend)
        return await backend.acomplete(request)

    def blocking(
        self, function: partial[object], turn_at: int | None, target: Target[object]
    ) -> tuple[tuple[ChatMessage, ...], BlockingCall]:
        """The prompt that the function returns, and how to ask it."""
        del turn_at, target
        return messages_of(function()), self.complete

    async def awaiting(
        self, function: partial[object], turn_at: int | None, target: Target[object]
    ) -> tuple[tuple[ChatMessage, ...], AwaitingCall]:
        """The prompt that the function returns, and how to ask it."""
        del turn_at, target
        return messages_of(await cast("Awaitable[object]", function())), self.acomplete


_HOSTED = Abilities(json_schema=True, json_object=True)
_EMBEDDED = Abilities(json_schema=True, any_root=True, json_object=True, grammar=True)


def _source(
    name: str, *, client: OpenAI | AsyncOpenAI | None, base_url: str | None, api_key: str | None
) -> Asked:
    """The backend of a model *name* such as ``openai:gpt-5-mini``, made when it is first asked."""
    provider, colon, model = name.partition(":")
    if client is not None:
        chat = ChatModel(model or name, client=client)
        return Asked(lambda: chat, _abilities(str(client.base_url)))
    if provider == "openai" and model:
        chat = ChatModel(model, base_url=base_url, api_key=api_key)
        address = base_url or os.environ.get("OPENAI_BASE_URL") or _OPENAI
        return Asked(lambda: chat, _abilities(address))
    if provider == "local" and model:
        return Asked(partial(_embedded, model), _EMBEDDED)
    problem = f"unknown model {name!r}" if colon else f"model {name!r} names no provider"
    message = f"{problem}: write 'openai:gpt-5-mini', 'local:smollm2-135m', or pass client="
    raise ConfigurationError(message)


_OPENAI = "https://api.openai.com/v1"


def _abilities(address: str) -> Abilities:
    """What is known of the server at *address*: others than OpenAI's own are only asked nicely."""
    return _HOSTED if address.startswith("https://api.openai.com/") else Abilities()


def _defaults(name: str) -> ModelOptions:
    """A tiny model may never stop by itself, and holds its server until it does."""
    return {"max_tokens": 512} if name.startswith("local:") else {}


def _embedded(name: str) -> Backend:
    """The embedded engine with the model *name*; asked each time, as a fork or crash ends it."""
    return _chat(name, local.address(models.locate(name)))


@cache
def _chat(name: str, endpoint: local.Endpoint) -> ChatModel:
    return ChatModel(name, base_url=endpoint.base_url, api_key=endpoint.api_key)
