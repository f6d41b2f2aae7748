"""Which kind of server answers at an address: the pages that it gave go in, what follows comes out.

What each kind says of itself, by its source or documents:

- ``GET /models`` has ``owned_by``: ``vllm`` (vllm/entrypoints/openai/protocol.py, ModelCard),
  ``sglang`` (sglang/srt/entrypoints/openai/protocol.py, ModelCard), ``llamacpp``
  (llama.cpp/tools/server), ``organization_owner`` (LM Studio), ``library`` (Ollama, of its own
  models; of others it is the first part of their name), the model's own id (TGI). llama.cpp says
  ``Server: llama.cpp`` in each response besides.
- llama.cpp's ``/props`` has ``default_generation_settings`` and ``build_info``, Ollama's
  ``/api/version`` nothing but a ``version``, SGLang's ``/get_model_info`` a ``model_path`` and
  ``is_generation``, TGI's ``/info`` a ``router``, LM Studio's ``/api/v0/models`` a
  ``compatibility_type`` of each model. LM Studio answers any other path with 200 and an error.
- vLLM's ``/version`` says a version and not whose, so it is not asked for.

A server that names somebody else, as gateways do, is not asked any further.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from deterministic_llm._core.exchange import JsonObject, JsonValue
from deterministic_llm._core.records import frozen
from deterministic_llm.providers.openai.profiles import (
    LLAMA_CPP,
    LMSTUDIO,
    OLLAMA,
    SGLANG,
    TGI,
    UNKNOWN,
    VLLM,
    Profile,
)

LISTING = "/models"
"""The page that every server of the interface has, under its ``base_url``."""


@frozen
class Page:
    """What came of asking for *path*: the *status*, None where nothing came, and the JSON *body*.

    *server* is the header of that name.
    """

    path: str
    status: int | None = None
    server: str = ""
    body: JsonValue = None


@frozen
class Identity:
    """The *profile* of a server that was asked; one that is not *lasting* may be asked again."""

    profile: Profile = UNKNOWN
    lasting: bool = True


UNHEARD = Identity(lasting=False)
"""Of a server that did not answer, or not in words that can be read."""


def next_page(pages: Sequence[Page]) -> str | Identity:
    """The path to ask for after *pages*, or who they say that it is.

    LISTING stands under the ``base_url``, all other paths beside its ``/v1``.
    """
    if not pages:
        return LISTING
    listing, last = pages[0], pages[-1]
    if last.status is None:
        return UNHEARD
    found = _named(last) if last is listing else _READERS[last.path](_members(last.body))
    if found is not None:
        return Identity(found)
    clues = _clues(listing)
    if clues is None:
        return UNHEARD
    asked = {page.path for page in pages}
    return next((path for path in clues if path not in asked), Identity())


def _named(listing: Page) -> Profile | None:
    """Who it is by the header of its *listing*, or by the one owner of all its models."""
    if listing.server == "llama.cpp":
        return LLAMA_CPP
    first, *others = [model.get("owned_by") for model in _models(listing)] or [None]
    alone = all(owner == first for owner in others)
    return _OWNERS.get(first) if alone and isinstance(first, str) else None


def _clues(listing: Page) -> Sequence[str] | None:
    """The paths that are worth asking for after *listing*; None where it is not understood."""
    if listing.status in _SAY_NOTHING:
        return tuple(_READERS)
    if listing.status != _OK or not isinstance(listing.body, dict):
        return None
    models = _models(listing)
    owned = [(model.get("id"), model.get("owned_by")) for model in models]
    if all(owner is None for _, owner in owned):
        return tuple(_READERS)
    names = [(name, owner) for name, owner in owned if isinstance(name, str)]
    if len(names) < len(owned):
        return ()
    return tuple(path for path, suits in _SUSPECTED.items() if all(suits(*pair) for pair in names))


def _models(listing: Page) -> Sequence[JsonObject]:
    models = _members(listing.body).get("data")
    return tuple(_objects(models)) if isinstance(models, list) else ()


def _objects(values: Sequence[JsonValue]) -> Iterator[JsonObject]:
    return (each for each in values if isinstance(each, dict))


def _members(body: JsonValue) -> JsonObject:
    return body if isinstance(body, dict) else {}


def _of_llama_cpp(body: JsonObject) -> Profile | None:
    settings, build = body.get("default_generation_settings"), body.get("build_info")
    return LLAMA_CPP if isinstance(settings, dict) and isinstance(build, str) else None


def _of_ollama(body: JsonObject) -> Profile | None:
    return OLLAMA if [*body] == ["version"] and isinstance(body["version"], str) else None


def _of_sglang(body: JsonObject) -> Profile | None:
    path, generates = body.get("model_path"), body.get("is_generation")
    return SGLANG if isinstance(path, str) and isinstance(generates, bool) else None


def _of_tgi(body: JsonObject) -> Profile | None:
    router = body.get("router")
    named = isinstance(router, str) and router.startswith("text-generation-router")
    return TGI if named else None


def _of_lmstudio(body: JsonObject) -> Profile | None:
    models = body.get("data")
    listed = [*_objects(models)] if isinstance(models, list) else []
    kinds = [isinstance(model.get("compatibility_type"), str) for model in listed]
    return LMSTUDIO if kinds and all(kinds) else None


_READERS: Mapping[str, Callable[[JsonObject], Profile | None]] = {
    "/props": _of_llama_cpp,
    "/api/version": _of_ollama,
    "/get_model_info": _of_sglang,
    "/info": _of_tgi,
    "/api/v0/models": _of_lmstudio,
}
"""What a page beside the interface says, by its path."""
_OWNERS: Mapping[str, Profile] = {
    "vllm": VLLM,
    "sglang": SGLANG,
    "llamacpp": LLAMA_CPP,
    "library": OLLAMA,
    "organization_owner": LMSTUDIO,
}
"""Who it is that owns all the models, where nobody else says that of himself."""
_SUSPECTED: Mapping[str, Callable[[str, JsonValue], bool]] = {
    "/api/version": lambda name, owner: owner == "library" or f"{owner}/" in name,
    "/info": lambda name, owner: owner == name,
    "/api/v0/models": lambda _, owner: owner == "organization-owner",
}
"""Which page to ask for where the id and the owner of all models go together like that.

The placeholder with a hyphen is that of OpenAI's documents, which anybody may have copied.
"""
_OK = 200
_SAY_NOTHING = frozenset({404, 405})
"""There is no listing, which some versions of TGI do not have."""
