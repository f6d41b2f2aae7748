"""Model: the library calls it with the prompt it is given, or that a decorated function returns."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Generic, Literal, ParamSpec, Self, overload
from urllib.parse import urlsplit

from typing_extensions import TypeForm, TypeVar, Unpack

from deterministic_llm._core.records import frozen
from deterministic_llm._core.results import Result
from deterministic_llm._core.secrecy import secrets_of
from deterministic_llm.backends import Client
from deterministic_llm.enforcer.checking import check_options
from deterministic_llm.enforcer.enforcers import AsyncEnforcer, D, Enforcer, Fallback, decorated
from deterministic_llm.enforcer.options import ModelOptions
from deterministic_llm.enforcer.signatures import turn_position
from deterministic_llm.enforcer.terms import Terms
from deterministic_llm.enforcer.ways import parameters_of
from deterministic_llm.metering.price_lists import LISTED
from deterministic_llm.sources import Asked, Prompt, source_of
from deterministic_llm.streaming import Streaming
from deterministic_llm.targets import Declared

P = ParamSpec("P")
T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class DecoratePrompt(Generic[T_co]):
    """Turns a function that returns a prompt into an enforcer; sync first, so Any is sync."""

    def __init__(self, terms: Terms[T_co]) -> None:
        self._terms = terms

    @overload
    def __call__(self, function: Callable[P, Prompt], /) -> Enforcer[P, T_co]: ...
    @overload
    def __call__(self, function: Callable[P, Awaitable[Prompt]], /) -> AsyncEnforcer[P, T_co]: ...
    def __call__(self, function: Callable[..., object], /) -> object:
        """Decorate *function*; raises TypeError for one that takes a Turn, which is never given."""
        if turn_position(function) is not None:
            raise TypeError(_NO_TURN)
        return decorated(function, self._terms)


_NO_TURN = (
    "a function that returns a prompt takes no Turn: what a turn says is added to the prompt; a "
    "function that makes its own call and takes one is decorated with enforce()"
)


@frozen
class _Given:
    """What a model was made of besides its name."""

    client: Client | None
    base_url: str | None
    api_key: str | None
    identify: bool
    options: ModelOptions

    def source_of(self, name: str) -> Asked:
        """Where the answers of the model *name* come from."""
        source = source_of(
            name,
            client=self.client,
            base_url=self.base_url,
            api_key=self.api_key,
            identify=self.identify,
        )
        known = replace(source.known, options={**source.known.options, **self.options})
        parameters_of(known.options, known.abilities)  # raises for a name that is none
        if known.url is not None and known.name not in self.options.get("prices", {}):
            LISTED.begin()
        return Asked(source.backend, known)

    def unwritten(self) -> str | None:
        """What of it must not be written down, and what to do instead; None when all may be."""
        if self.client is not None:
            return "its client= is that of one process; name its server (base_url=)"
        if self.api_key is not None:
            return "its api_key= is a secret; set it in the environment"
        if self.base_url is not None and _may_hold_a_secret(self.base_url):
            return "its base_url= has a user or a query, where a secret may stand"
        return "its options hold a secret" if secrets_of(self.options) else None


def _may_hold_a_secret(url: str) -> bool:
    """Whether *url* says more than which server it is."""
    parts = urlsplit(url)
    return "@" in parts.netloc or bool(parts.query)


class Model(Streaming):
    """A model that the library calls: ``Model("openai:gpt-5-mini")``, ``"anthropic:..."``.

    The name before the colon is that of a provider or of a kind of server, as docs/providers.md
    lists them, which says what it can hold an answer to.

    ``local:`` takes a name of the catalogue or the path of a GGUF file; the engine starts at the
    first call. ``openai:`` is any server of that interface at *base_url* (or OPENAI_BASE_URL);
    ``anthropic:`` and ``gemini:`` need the extras of these names. A *client* of the openai,
    anthropic or google-genai package is used as it is, its own retries aside. A server of
    ``openai:`` that nobody knows is asked once a process which kind it is, unless *identify* is
    False. Every other keyword is an option or a request parameter for all calls of this model.
    """

    def __init__(
        self,
        name: str,
        *,
        client: Client | None = None,
        base_url: str | None = None,
        api_key: str | None = None,
        identify: bool = True,
        **options: Unpack[ModelOptions],
    ) -> None:
        check_options(options, "raise")
        self.name = name
        self._given = _Given(client, base_url, api_key, identify, options)
        self._source = self._given.source_of(name)

    @property
    def source(self) -> Asked:
        """Where its answers come from, for what falls back on this model."""
        return self._source

    def __repr__(self) -> str:
        return f"Model({self.name!r})"

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: object) -> Self:
        return self  # it never changes, and what it shares with others it goes on sharing

    def __getstate__(self) -> dict[str, object]:
        """What it was made of; raises TypeError for a client, a key or another secret."""
        secret = self._given.unwritten()
        if secret is not None:
            message = f"cannot pickle {self!r}: {secret}, or make it in the process that asks"
            raise TypeError(message)
        return {name: member for name, member in self.__dict__.items() if name != "_source"}

    def __setstate__(self, state: dict[str, object]) -> None:
        """Made again, with the keys and addresses of this process's environment."""
        self.__dict__.update(state)
        self._source = self._given.source_of(self.name)

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

    def _run(self, prompt: Prompt, terms: Terms[T]) -> Result[T]:
        call = self._source.in_turn(terms.others).complete
        return terms.run(self._task(prompt, terms), call, terms.guards())

    async def _arun(self, prompt: Prompt, terms: Terms[T]) -> Result[T]:
        call = self._source.in_turn(terms.others).acomplete
        return await terms.arun(self._task(prompt, terms), call, terms.guards())
