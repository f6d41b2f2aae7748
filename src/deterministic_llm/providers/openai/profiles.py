"""What is known of each server of OpenAI's interfaces before it is asked: one frozen record each.

What is wrong here costs one refused call, after which the process knows better.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import field, replace
from typing import Literal
from urllib.parse import urlsplit

from deterministic_llm._core.exchange import (
    UNCONSTRAINED,
    Abilities,
    JsonObject,
    JsonValue,
    NotationName,
)
from deterministic_llm._core.records import frozen


@frozen
class Spot:
    """Where a grammar stands in a request: as *member*, or *within* it beside its *type*."""

    member: str
    within: str | None = None
    type: str | None = None

    def body(self, grammar: JsonValue) -> JsonObject:
        """The member of a request's body that holds an answer to *grammar*."""
        if self.within is None:
            return {self.member: grammar}
        kind: JsonObject = {} if self.type is None else {"type": self.type}
        return {self.member: {**kind, self.within: grammar}}


@frozen
class CustomTool:
    """A tool that must be called, with a text of the grammar in its *syntax*."""

    syntax: Literal["regex", "lark"]

    def body(self, grammar: JsonValue) -> JsonObject:
        """The members of a request's body that hold an answer to *grammar*."""
        name = UNCONSTRAINED.name
        definition: JsonObject = {"syntax": self.syntax, "definition": grammar}
        tool: JsonObject = {"name": name, "format": {"type": "grammar", "grammar": definition}}
        return {
            "tools": [{"type": "custom", "custom": tool}],
            "tool_choice": {"type": "custom", "custom": {"name": name}},
        }


@frozen
class Profile:
    """One provider, or one kind of server.

    *key* is the environment variable with its key, where it needs one; *hosts* are the beginnings
    of addresses by which it is recognized, as ``api.x.ai`` and ``.azure.com``. *grammars* are the
    notations it takes, best first. *families* are models that can do other things, by a pattern of
    their names. *held* goes along where an answer is held, and *counts* says that the tokens of a
    stream can be asked for. It is asked in the words of *responses*, or for chat completions.
    """

    name: str
    abilities: Abilities
    base_url: str | None = None
    key: str | None = None
    hosts: tuple[str, ...] = ()
    grammars: Mapping[NotationName, Spot | CustomTool] = field(
        default_factory=dict[NotationName, "Spot | CustomTool"]
    )
    families: Mapping[str, Abilities] = field(default_factory=dict[str, Abilities])
    held: JsonObject = field(default_factory=dict[str, JsonValue])
    counts: bool = True
    responses: bool = False

    def abilities_of(self, model: str) -> Abilities:
        """What *model* can hold an answer to."""
        named = (able for name, able in self.families.items() if re.search(name, model))
        untaken = _NOT_OF_RESPONSES if self.responses else _NONE
        able = next(named, self.abilities)
        return replace(able, notations=tuple(self.grammars), untaken=untaken)


_NOT_OF_RESPONSES = frozenset({"seed"})
_NONE = frozenset[str]()
_GBNF: Mapping[NotationName, Spot] = {"gbnf": Spot("grammar")}

_CUSTOM_TOOLS: Mapping[NotationName, Spot | CustomTool] = {
    "regex": CustomTool("regex"),
    "lark": CustomTool("lark"),
}
_ABLE = Abilities(
    ("native", "grammar", "tool", "json"), shows_schema=True, dialect="openai", called_texts=True
)

OPENAI = Profile(
    "openai",
    _ABLE,
    base_url="https://api.openai.com/v1",
    key="OPENAI_API_KEY",
    hosts=("api.openai.com", ".api.openai.com"),
    grammars=_CUSTOM_TOOLS,
    families={
        r"^(gpt-3\.5|gpt-4($|-\d|-turbo)|chatgpt-)": Abilities(("tool", "json")),
        r"^o1-(mini|preview)": Abilities(),
        r"^(ft:|gpt-4|o\d)": replace(_ABLE, modes=("native", "tool", "json")),
    },
)
"""A grammar is that of a custom tool, which older models do not have."""
OPENAI_RESPONSES = replace(OPENAI, name="openai-responses", hosts=(), responses=True)
AZURE = Profile(
    "azure",
    replace(_ABLE, fallback="azure"),
    key="AZURE_OPENAI_API_KEY",
    hosts=(".openai.azure.com", ".services.ai.azure.com", ".cognitiveservices.azure.com"),
    grammars=_CUSTOM_TOOLS,
)
"""Models go by the names of deployments, so there are no families. Its own page lists less of JSON
Schema than OpenAI takes, and says that it is the same: what is not taken is said in that less."""
AZURE_RESPONSES = replace(AZURE, name="azure-responses", hosts=(), responses=True)
VLLM = Profile(
    "vllm",
    Abilities(("native", "grammar", "json"), any_root=True, dialect="xgrammar"),
    base_url="http://localhost:8000/v1",
    grammars={
        "choices": Spot("structured_outputs", "choice"),
        "regex": Spot("structured_outputs", "regex"),
        "gbnf": Spot("structured_outputs", "grammar"),
    },
)
"""From 0.12, which dropped ``guided_json`` and its like."""
SGLANG = Profile(
    "sglang",
    Abilities(("native", "grammar", "json"), any_root=True, dialect="xgrammar"),
    base_url="http://localhost:30000/v1",
    grammars={"regex": Spot("regex"), "gbnf": Spot("ebnf")},
)
LLAMA_CPP = Profile(
    "llama.cpp",
    Abilities(("native", "grammar", "json"), any_root=True, dialect="llama.cpp"),
    base_url="http://localhost:8080/v1",
    grammars=_GBNF,
)
OLLAMA = Profile(
    "ollama",
    Abilities(("native", "json"), any_root=True, dialect="ollama"),
    base_url="http://localhost:11434/v1",
)
"""It takes no grammar, and of a tool it does not enforce the schema."""
LMSTUDIO = Profile(
    "lmstudio",
    Abilities(("native",), dialect="llama.cpp"),
    base_url="http://localhost:1234/v1",
)
TGI = Profile(
    "tgi",
    Abilities(("native", "tool"), dialect="outlines-core"),
    base_url="http://localhost:3000/v1",
)
OPENROUTER = Profile(
    "openrouter",
    Abilities(("native", "tool", "json"), dialect="openai"),
    base_url="https://openrouter.ai/api/v1",
    key="OPENROUTER_API_KEY",
    hosts=("openrouter.ai",),
    held={"provider": {"require_parameters": True}},
)
"""Else it may pick a provider that ignores what the answer is to be held to."""
GROQ = Profile(
    "groq",
    Abilities(("native", "tool", "json")),
    base_url="https://api.groq.com/openai/v1",
    key="GROQ_API_KEY",
    hosts=("api.groq.com",),
    families={r"gpt-oss": Abilities(("native", "tool", "json"), dialect="groq")},
)
"""Only some models decode under the schema; of the others it is best effort."""
TOGETHER = Profile(
    "together",
    Abilities(("native", "grammar", "tool", "json"), dialect="together"),
    base_url="https://api.together.xyz/v1",
    key="TOGETHER_API_KEY",
    hosts=("api.together.xyz", "api.together.ai"),
    grammars={"regex": Spot("response_format", "pattern", "regex")},
)
FIREWORKS = Profile(
    "fireworks",
    Abilities(("native", "grammar", "json"), dialect="fireworks"),
    base_url="https://api.fireworks.ai/inference/v1",
    key="FIREWORKS_API_KEY",
    hosts=("api.fireworks.ai",),
    grammars={"gbnf": Spot("response_format", "grammar", "grammar")},
)
DEEPSEEK_BETA = Profile(
    "deepseek-beta",
    Abilities(("tool", "json"), shows_schema=True, dialect="deepseek"),
    base_url="https://api.deepseek.com/beta",
    key="DEEPSEEK_API_KEY",
    hosts=("api.deepseek.com/beta",),
)
"""Where tools are strict."""
DEEPSEEK = Profile(
    "deepseek",
    Abilities(("json",)),
    base_url="https://api.deepseek.com",
    key="DEEPSEEK_API_KEY",
    hosts=("api.deepseek.com",),
)
XAI = Profile(
    "xai",
    Abilities(("native", "tool", "json"), any_root=True, dialect="xai"),
    base_url="https://api.x.ai/v1",
    key="XAI_API_KEY",
    hosts=("api.x.ai",),
)
MISTRAL = Profile(
    "mistral",
    Abilities(("native", "tool", "json"), shows_schema=True, dialect="mistral"),
    base_url="https://api.mistral.ai/v1",
    key="MISTRAL_API_KEY",
    hosts=("api.mistral.ai",),
    counts=False,
)
"""It puts the schema in the system prompt itself, and counts without being asked."""
UNKNOWN = Profile("unknown", Abilities(("native", "json")), grammars=_GBNF)
"""Any other server: it is asked for the most, told all in words too, and learned from."""

UNKNOWN_RESPONSES = replace(
    UNKNOWN, name="unknown-responses", grammars=_CUSTOM_TOOLS, responses=True
)

PROFILES: Mapping[str, Profile] = {
    each.name: each
    for each in (
        OPENAI,
        OPENAI_RESPONSES,
        AZURE,
        AZURE_RESPONSES,
        VLLM,
        SGLANG,
        LLAMA_CPP,
        OLLAMA,
        LMSTUDIO,
        TGI,
        OPENROUTER,
        GROQ,
        TOGETHER,
        FIREWORKS,
        DEEPSEEK_BETA,
        DEEPSEEK,
        XAI,
        MISTRAL,
    )
}
"""Every profile by the name that stands before the colon of a model's."""


def profile_at(address: str) -> Profile:
    """The profile of the server at *address*; UNKNOWN for one that nobody knows."""
    parts = urlsplit(address)
    place = f"{parts.hostname or ''}{parts.path}"
    return next((each for each in PROFILES.values() if _stands_at(each, place)), UNKNOWN)


def _stands_at(profile: Profile, place: str) -> bool:
    host = place.split("/", 1)[0]
    return any(
        host.endswith(known) if known.startswith(".") else f"{place}/".startswith(f"{known}/")
        for known in profile.hosts
    )
