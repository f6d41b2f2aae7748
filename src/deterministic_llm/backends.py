"""The models that can be asked, by name: a name or a client goes in, a backend comes out."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache, partial
from typing import TYPE_CHECKING, Protocol, TypeAlias, cast
from urllib.parse import urlsplit

from deterministic_llm._core.answering import Answering, AsyncAnswering
from deterministic_llm._core.attempts import Request
from deterministic_llm._core.exchange import Abilities, CallFailure, Completion
from deterministic_llm._core.records import frozen
from deterministic_llm.embedded import Embedded
from deterministic_llm.enforcer.known import Known, Said
from deterministic_llm.errors import ConfigurationError
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
    UNKNOWN,
    UNKNOWN_RESPONSES,
    Profile,
    profile_at,
)
from deterministic_llm.providers.openai.whois import Whois, whois_at

if TYPE_CHECKING:
    from openai import AsyncOpenAI, OpenAI

Client: TypeAlias = "OpenAI | AsyncOpenAI | MessagesClient | ContentClient"
"""A client of an SDK that is known here."""


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


@frozen
class Named:
    """A model that has a name: its *backend*, made when it is first asked, and what is *known*."""

    backend: Callable[[], Backend]
    known: Known


def named(
    name: str,
    *,
    client: Client | None = None,
    base_url: str | None = None,
    api_key: str | None = None,
) -> Named:
    """The model *name*, such as ``openai:gpt-5-mini``.

    Raises ConfigurationError for a name of no provider, or of no model.
    """
    provider, colon, model = name.partition(":")
    if client is not None:
        return _lent(name, client)
    factory = _FACTORIES.get(provider)
    if factory is not None and model:
        return factory(model, base_url, api_key)
    if factory is not None:
        message = f"{name!r} names no model: write '{provider}:' and its name"
    elif colon:
        known = ", ".join(sorted(_FACTORIES))
        message = (
            f"unknown provider {provider!r} of {name!r}: write one of {known}, or pass client="
        )
    else:
        message = f"model {name!r} names no provider: write 'openai:{name}', or pass client="
    raise ConfigurationError(message)


def _of_client(name: str, client: OpenAI | AsyncOpenAI) -> Named:
    """A *client* that is there: *name* may say what server it calls, else its address does."""
    provider, _, model = name.partition(":")
    named = PROFILES.get(provider) if model else None  # "llama3:8b" names no provider
    address = str(client.base_url)
    profile = _told_by(address, named or OPENAI)
    called = name if named is None else model
    if profile is UNKNOWN and not _is_azure(client):
        return _of_stranger(called, address, partial(ChatModel, called, client=client))
    asked = _model(profile, called, client=client)
    return Named(lambda: asked, _known(profile, called, address))


def _is_azure(client: object) -> bool:
    """Whether it is one of Azure's, which stands behind gateways of any address."""
    return any(kind.__name__ == "BaseAzureClient" for kind in type(client).__mro__)


def _of_openai(profile: Profile, model: str, base_url: str | None, api_key: str | None) -> Named:
    """OpenAI's own server, or any other of its interfaces: the address tells which."""
    address = base_url or os.environ.get("OPENAI_BASE_URL") or str(OPENAI.base_url)
    profile = _told_by(address, profile)

    if profile is UNKNOWN:
        make = partial(ChatModel, model, base_url=base_url, api_key=api_key)
        return _of_stranger(model, address, make)

    @cache
    def asked() -> ChatModel | ResponsesModel:
        key = api_key or (os.environ.get(profile.key) if profile.key else None)
        return _model(profile, model, base_url=base_url, api_key=key)

    return Named(asked, _known(profile, model, address))


def _of_stranger(model: str, address: str, make: Callable[..., ChatModel]) -> Named:
    """A *model* on a server that nobody knows: it is asked as what it says that it is."""
    whois = whois_at(address)

    @cache
    def asked() -> ChatModel:
        return make(profile=whois)

    known = replace(_known(UNKNOWN, model, address), server=_Stranger(model, whois, asked))
    return Named(asked, known)


@frozen
class _Stranger:
    """The server of a *model*, which *asked* can ask who it is."""

    model: str
    whois: Whois
    asked: Callable[[], ChatModel]

    @property
    def said(self) -> Said | None:
        """What it said; None while it is still to be asked."""
        known = self.whois.known
        if known is None:
            return None
        return Said(known.profile.name, known.profile.abilities_of(self.model))

    def meet(self, seconds: float) -> None:
        """Ask it, for no longer than *seconds*."""
        self.whois.meet(seconds, self.asked().identify)

    async def ameet(self, seconds: float) -> None:
        """Ask it, and await what it says."""
        await self.whois.ameet(seconds, self.asked().aidentify)


def _told_by(address: str, named: Profile) -> Profile:
    """The profile of the server at *address*, where *named* says only whose words it takes."""
    if named not in (OPENAI, OPENAI_RESPONSES):
        return named
    there = profile_at(address)
    if named is OPENAI:
        return there
    return named if there in (OPENAI, AZURE) else UNKNOWN_RESPONSES


def _on_azure(profile: Profile, model: str, base_url: str | None, api_key: str | None) -> Named:
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


def _of_profile(profile: Profile, model: str, base_url: str | None, api_key: str | None) -> Named:
    address = base_url or str(profile.base_url)

    @cache
    def asked() -> ChatModel | ResponsesModel:
        key = _key_of(profile, model, api_key)
        return _model(profile, model, base_url=address, api_key=key)

    return Named(asked, _known(profile, model, address))


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
) -> Named:
    claude = MessagesModel(model, base_url=base_url, api_key=api_key, client=client)
    address = base_url or os.environ.get("ANTHROPIC_BASE_URL") or _ANTHROPIC
    url = address if client is None else str(client.base_url)
    return Named(lambda: claude, Known(_CLAUDE, {"max_tokens": DEFAULT_MAX_TOKENS}, model, url))


def _gemini(
    model: str,
    base_url: str | None = None,
    api_key: str | None = None,
    client: ContentClient | None = None,
) -> Named:
    gemini = ContentModel(model, base_url=base_url, api_key=api_key, client=client)
    address = base_url or os.environ.get("GOOGLE_GEMINI_BASE_URL") or _GOOGLE
    url = address if client is None else address_of(client)
    return Named(lambda: gemini, Known(_GEMINI, name=model, url=url))


def _lent(name: str, client: Client) -> Named:
    """The backend of the model *name* that the caller's own *client* asks, by the SDK it is of.

    A name of which the beginning is no provider keeps it: "llama3:8b".
    """
    provider, _, model = name.partition(":")
    named = model if model and provider in _FACTORIES else name
    packages = {kind.__module__.partition(".")[0] for kind in type(client).__mro__}
    if "anthropic" in packages and hasattr(client, "base_url"):  # client.messages has none
        return _claude(named, client=cast("MessagesClient", client))
    if "google" in packages:
        return _gemini(named, client=cast("ContentClient", client))
    if "openai" in packages and provider == _DECIDES:
        return _deciding(named, client=cast("OpenAI | AsyncOpenAI", client))
    if "openai" not in packages or not hasattr(client, "base_url"):
        got = f"{type(client).__module__}.{type(client).__qualname__}"
        message = f"client=: expected a client of openai, anthropic or google-genai, got {got}"
        raise ConfigurationError(message)
    return _of_client(name, cast("OpenAI | AsyncOpenAI", client))


def _deciding(
    model: str,
    base_url: str | None = None,
    api_key: str | None = None,
    client: OpenAI | AsyncOpenAI | None = None,
) -> Named:
    decider = DecisionModel(model, base_url=base_url, api_key=api_key, client=client)
    address = base_url or os.environ.get("OPENAI_BASE_URL") or str(OPENAI.base_url)
    url = address if client is None else str(client.base_url)
    return Named(lambda: decider, Known(_DECISIONS, name=model, url=url))


_DECIDES = "openai-decisions"


def _embedding(model: str, base_url: str | None, api_key: str | None) -> Named:
    del base_url, api_key
    embedded = Embedded(model)
    return Named(lambda: embedded, Known(_EMBEDDED, _TINY, model))


Factory: TypeAlias = Callable[[str, str | None, str | None], Named]
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
_CLAUDE = Abilities(
    ("native", "tool"),
    shows_schema=True,
    dialect="anthropic",
    logprobs=0,
    untaken=frozenset({"seed"}),
)
_GEMINI = Abilities(("native", "tool", "json"), any_root=True, shows_schema=True, dialect="gemini")
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
