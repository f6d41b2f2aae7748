"""Who a server is, by what it answers: recorded pages, and what must be taken for nobody's.

The pages are those of vLLM 0.11, SGLang 0.5, llama.cpp b6700, Ollama 0.12, LM Studio 0.3 and
TGI 3.3, by their source, their documents or what their users printed.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

import pytest

from deterministic_llm._core.exchange import JsonValue
from deterministic_llm.providers.openai.identity import UNHEARD, Identity, Page, next_page
from deterministic_llm.providers.openai.pages import page_of, unread
from deterministic_llm.providers.openai.profiles import (
    LLAMA_CPP,
    LMSTUDIO,
    OLLAMA,
    SGLANG,
    TGI,
    VLLM,
)
from deterministic_llm.providers.openai.whois import Whois

NOBODY = Identity()
_VLLM = {
    "id": "Qwen/Qwen3-8B",
    "object": "model",
    "created": 1757000000,
    "owned_by": "vllm",
    "root": "Qwen/Qwen3-8B",
    "parent": None,
    "max_model_len": 40960,
    "permission": [{"id": "modelperm-1", "object": "model_permission", "allow_sampling": True}],
}
_SGLANG = {"id": "m", "object": "model", "owned_by": "sglang", "root": "m", "max_model_len": 8192}
_LLAMA_CPP = {
    "id": "/models/gemma.gguf",
    "object": "model",
    "owned_by": "llamacpp",
    "meta": {"vocab_type": 1, "n_vocab": 262144, "n_ctx_train": 131072, "n_embd": 2560},
}
_OLLAMA = {"id": "llama3.2:latest", "object": "model", "created": 1731878400, "owned_by": "library"}
_OLLAMA_OTHERS = {"id": "hf.co/bartowski/gemma:Q4_K_M", "object": "model", "owned_by": "bartowski"}
_LMSTUDIO = {"id": "qwen/qwen3-8b", "object": "model", "owned_by": "organization_owner"}
_TGI = {"id": "org/m", "object": "model", "created": 0, "owned_by": "org/m"}
_NOT_THERE = {"error": "Unexpected endpoint or method. (GET /models)"}
_TGI_INFO = {"model_id": "org/m", "router": "text-generation-router", "version": "3.3.6"}
_LMSTUDIO_OWN = {
    "object": "list",
    "data": [{"id": "m", "type": "llm", "compatibility_type": "gguf", "state": "loaded"}],
}
_PROPS = {
    "default_generation_settings": {"n_ctx": 8192},
    "total_slots": 1,
    "model_path": "m.gguf",
    "build_info": "b6700-abc",
}
_SGLANG_INFO = {"model_path": "m", "tokenizer_path": "m", "is_generation": True}


def listing(*models: JsonValue) -> JsonValue:
    return {"object": "list", "data": [*models]}


def conversation(pages: Mapping[str, Page]) -> tuple[Identity, list[str]]:
    """Who answers with *pages*, and the paths that were asked for; any other is not found."""
    heard: list[Page] = []
    while isinstance(step := next_page(heard), str):
        heard.append(pages.get(step, Page(step, 404)))
    return step, [page.path for page in heard]


def told(path: str, body: JsonValue, server: str = "uvicorn") -> dict[str, Page]:
    return {path: Page(path, 200, server, body)}


EVERY = ["/models", "/props", "/api/version", "/get_model_info", "/info", "/api/v0/models"]
BY_LISTING = [
    pytest.param(told("/models", listing(_VLLM)), VLLM, id="vllm"),
    pytest.param(told("/models", listing(_VLLM, {**_VLLM, "id": "lora"})), VLLM, id="vllm, lora"),
    pytest.param(told("/models", listing(_SGLANG)), SGLANG, id="sglang"),
    pytest.param(told("/models", listing(_LLAMA_CPP)), LLAMA_CPP, id="llama.cpp"),
    pytest.param(told("/models", None, "llama.cpp"), LLAMA_CPP, id="llama.cpp by its header"),
    pytest.param(told("/models", listing(_OLLAMA)), OLLAMA, id="ollama"),
    pytest.param(told("/models", listing(_LMSTUDIO, _LMSTUDIO)), LMSTUDIO, id="lmstudio"),
]


@pytest.mark.parametrize(("pages", "profile"), BY_LISTING)
def test_a_listing_says_it_in_one_request(pages: Mapping[str, Page], profile: object):
    assert conversation(pages) == (Identity(profile), ["/models"])  # type: ignore[arg-type]


SILENT = [
    pytest.param({}, id="no listing"),
    pytest.param(told("/models", listing()), id="no model"),
    pytest.param(told("/models", listing({"id": "m"})), id="no owner"),
    pytest.param(told("/models", _NOT_THERE), id="no such path, with 200"),
]
BESIDE = [
    pytest.param("/props", _PROPS, LLAMA_CPP, id="llama.cpp"),
    pytest.param("/api/version", {"version": "0.12.3"}, OLLAMA, id="ollama"),
    pytest.param("/get_model_info", _SGLANG_INFO, SGLANG, id="sglang"),
    pytest.param("/info", _TGI_INFO, TGI, id="tgi"),
    pytest.param("/api/v0/models", _LMSTUDIO_OWN, LMSTUDIO, id="lmstudio"),
]


@pytest.mark.parametrize("pages", SILENT)
@pytest.mark.parametrize(("path", "body", "profile"), BESIDE)
def test_where_the_listing_is_silent_other_pages_say_it(
    pages: Mapping[str, Page], path: str, body: JsonValue, profile: object
):
    found, asked = conversation({**pages, **told(path, body)})
    assert found == Identity(profile)  # type: ignore[arg-type]
    assert asked == EVERY[: EVERY.index(path) + 1]


SUSPECTED = [
    pytest.param(
        told("/models", listing(_OLLAMA, _OLLAMA_OTHERS)) | told("/api/version", {"version": "1"}),
        OLLAMA,
        id="ollama with models of others",
    ),
    pytest.param(
        told("/models", listing(_TGI)) | told("/info", _TGI_INFO), TGI, id="tgi owns its model"
    ),
    pytest.param(
        told("/models", listing({"id": "m", "owned_by": "organization-owner"}))
        | told("/api/v0/models", _LMSTUDIO_OWN),
        LMSTUDIO,
        id="lmstudio with a hyphen",
    ),
]


@pytest.mark.parametrize(("pages", "profile"), SUSPECTED)
def test_a_suspicion_is_looked_into_with_one_more_request(
    pages: Mapping[str, Page], profile: object
):
    found, asked = conversation(pages)
    assert (found, len(asked)) == (Identity(profile), 2)  # type: ignore[arg-type]


STRANGERS = [
    pytest.param(told("/models", listing({"id": "m", "owned_by": "openai"})), 1, id="gateway"),
    pytest.param(
        told("/models", listing({"id": "m", "owned_by": "koboldcpp"})) | told("/props", _PROPS),
        1,
        id="koboldcpp, which copies llama.cpp",
    ),
    pytest.param(told("/models", listing(_VLLM, _SGLANG)), 1, id="a gateway to two"),
    pytest.param(told("/models", listing(_VLLM, {"id": "m"})), 1, id="a gateway to one"),
    pytest.param(told("/models", listing(_VLLM, _OLLAMA)), 1, id="a gateway to Ollama too"),
    pytest.param(told("/models", listing(_TGI)), 2, id="owns its model, but is no tgi"),
    pytest.param(
        told("/models", listing(_OLLAMA_OTHERS))
        | told("/api/version", {"version": "1", "name": "mine"}),
        2,
        id="a version with more",
    ),
    pytest.param(
        told("/models", listing({"owned_by": "organization-owner"})), 1, id="owner without id"
    ),
    pytest.param(told("/models", listing({"id": "m", "owned_by": ["vllm"]})), 1, id="a list"),
    pytest.param(told("/models", listing({"id": {}, "owned_by": {}})), 1, id="objects"),
    pytest.param({}, 6, id="nothing anywhere"),
    pytest.param(
        {path: Page(path, 200, "", _NOT_THERE) for path in EVERY}, 6, id="200 for everything"
    ),
    pytest.param(
        {path: Page(path, 200, "", {"status": "ok"}) for path in EVERY}, 6, id="ok to everything"
    ),
]


@pytest.mark.parametrize(("pages", "requests"), STRANGERS)
def test_others_are_nobody_we_know_for_good(pages: Mapping[str, Page], requests: int):
    found, asked = conversation(pages)
    assert (found, len(asked)) == (NOBODY, requests)


class Refusal(Exception):  # noqa: N818  # an SDK's, with the status as they have it
    """An error with a status."""

    def __init__(self, status_code: int) -> None:
        super().__init__(status_code)
        self.status_code = status_code


UNHEARD_OF = [
    pytest.param(page_of("/models", b"<html>Please log in.</html>", {}), id="html"),
    pytest.param(page_of("/models", b'{"data": [{"id":', {}), id="broken json"),
    pytest.param(page_of("/models", b"[]", {}), id="a list"),
    pytest.param(page_of("/models", b"\xff", {}), id="no utf-8"),
    *(
        pytest.param(unread("/models", Refusal(status)), id=str(status))
        for status in (307, 401, 403, 429, 500, 501)
    ),
    pytest.param(unread("/models", ConnectionError()), id="no connection"),
]


@pytest.mark.parametrize("page", UNHEARD_OF)
def test_what_cannot_be_read_is_not_known_and_not_for_good(page: Page):
    assert conversation({"/models": page}) == (UNHEARD, ["/models"])


def test_silence_beside_the_listing_ends_the_asking():
    pages = {"/models": Page("/models", 404), "/props": unread("/props", TimeoutError())}
    assert conversation(pages) == (UNHEARD, ["/models", "/props"])


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")  # fork with threads
def test_a_child_of_a_fork_asks_itself():
    """Whoever asked in its parent is not there to tell it."""
    whois, statuses = Whois(), list[int]()

    def ask(_seconds: float) -> Identity:
        child = os.fork()
        if not child:
            whois.meet(0.0, lambda _: Identity())
            os._exit(0 if whois.known == Identity() else 1)
        statuses.append(os.waitpid(child, 0)[1])
        return Identity()

    whois.meet(1.0, ask)
    assert statuses == [0]
