"""What each backend takes of JSON Schema, as data: one frozen record a backend, no code.

"Keeps" is what a backend holds an answer to. What it refuses and what it silently ignores is
treated alike: left out, said in the description, and validated here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field, replace
from typing import Literal, TypeAlias

from deterministic_llm._core.records import frozen

Patterns: TypeAlias = Literal["none", "search", "whole", "anchored", "bare"]
"""How a pattern is matched: anywhere in the string, against the whole of it, only between ``^`` and
``$`` in plain characters, or against the whole with no anchors allowed."""


@frozen
class Dialect:
    """What one backend takes; the defaults are what nearly every one does.

    *keeps* are the keywords of each type that it holds an answer to, *most* the largest value of a
    keyword that still is, and *beside_pattern* that of a length next to a pattern. Limits are None
    where there is none.
    """

    name: str
    keeps: Mapping[str, frozenset[str]]
    formats: frozenset[str] = frozenset()
    patterns: Patterns = "none"
    beside_pattern: Mapping[str, int] | None = None
    most: Mapping[str, int] = field(default_factory=dict[str, int])
    object_root: bool = True
    all_required: bool = False
    one_required: bool = False
    states_closed: bool = True
    open_objects: bool = False
    maps: bool = False
    untyped: bool = False
    tuples: bool = False
    unions: bool = True
    type_lists: bool = True
    const: bool = False
    enum_types: frozenset[str] = frozenset({"string", "number", "integer", "boolean", "null"})
    recased: bool = False
    references: bool = True
    recursion: bool = False
    root_reference: bool = True
    max_depth: int | None = None
    max_properties: int | None = None
    max_enum: int | None = None
    max_enum_characters: int | None = None
    max_characters: int | None = None
    max_optional: int | None = None
    max_unions: int | None = None
    names: str | None = None


_BOUNDS = frozenset({"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"})
_NUMERIC = _BOUNDS | {"multipleOf"}
_LENGTHS = frozenset({"minLength", "maxLength"})
_COUNTS = frozenset({"minItems", "maxItems"})
_SIZES = frozenset({"minProperties", "maxProperties"})
_NOTHING = frozenset[str]()
_MOMENTS = frozenset({"date-time", "time", "date"})
_NINE = _MOMENTS | {"duration", "email", "hostname", "ipv4", "ipv6", "uuid"}
_SHORT: Mapping[str, int] = {"minLength": 49, "maxLength": 1000}
"""What llguidance still compiles next to a pattern."""
_CLAUDE_NAMES = r"[A-Za-z0-9_.-]{1,64}"


def _keeps(
    numbers: frozenset[str] = _NOTHING,
    strings: frozenset[str] = _NOTHING,
    arrays: frozenset[str] = _NOTHING,
    objects: frozenset[str] = _NOTHING,
    integers: frozenset[str] | None = None,
) -> Mapping[str, frozenset[str]]:
    return {
        "number": numbers,
        "integer": numbers if integers is None else integers,
        "string": strings,
        "array": arrays,
        "object": objects,
    }


OPENAI = Dialect(
    "openai",
    _keeps(_NUMERIC, _LENGTHS, _COUNTS),
    formats=_NINE,
    patterns="search",
    beside_pattern=_SHORT,
    all_required=True,
    const=True,
    recursion=True,
    max_depth=10,
    max_properties=5000,
    max_enum=1000,
    max_enum_characters=15_000,
    max_characters=120_000,
)
"""Structured outputs in strict mode, chat and Responses alike."""
AZURE = Dialect(
    "azure",
    _keeps(),
    all_required=True,
    const=True,
    recursion=True,
    max_depth=5,
    max_properties=100,
    max_enum=500,
    max_enum_characters=7_500,
    max_characters=15_000,
)
"""The subset that Azure's own page lists, which is the one of 2024."""
ANTHROPIC = Dialect(
    "anthropic",
    _keeps(arrays=frozenset({"minItems"})),
    formats=_NINE | {"uri"},
    patterns="search",
    most={"minItems": 1},
    const=True,
    recased=True,
    max_optional=24,
    max_unions=16,
    names=_CLAUDE_NAMES,
)
"""``output_config`` and strict tools, which take the same."""
BEDROCK = replace(
    ANTHROPIC,
    name="bedrock",
    keeps=_keeps(strings=_LENGTHS, arrays=frozenset({"minItems"})),
)
"""Converse with Claude."""
GEMINI = Dialect(
    "gemini",
    _keeps(frozenset({"minimum", "maximum"}), arrays=_COUNTS),
    formats=_MOMENTS,
    object_root=False,
    open_objects=True,
    maps=True,
    tuples=True,
    enum_types=frozenset({"string", "number", "integer", "null"}),
)
"""``responseJsonSchema``."""
MISTRAL = Dialect("mistral", _keeps())
"""It publishes no subset: nothing but what all backends have is relied on."""
GROQ = replace(OPENAI, name="groq", keeps=_keeps(_NUMERIC, arrays=_COUNTS))
"""Strict mode, on the models that have it."""
TOGETHER = replace(MISTRAL, name="together")
FIREWORKS = replace(MISTRAL, name="fireworks")
DEEPSEEK = Dialect(
    "deepseek",
    _keeps(_NUMERIC),
    formats=frozenset({"email", "hostname", "ipv4", "ipv6", "uuid"}),
    patterns="search",
    all_required=True,
    type_lists=False,
    references=False,
)
"""Strict tools of the beta."""
XAI = Dialect(
    "xai",
    _keeps(_BOUNDS, _LENGTHS, _COUNTS, _SIZES),
    formats=_MOMENTS | {"email", "uuid", "ipv4", "ipv6", "uri"},
    patterns="whole",
    most={
        "minLength": 2048,
        "maxLength": 2048,
        "minItems": 256,
        "maxItems": 256,
        "minProperties": 64,
        "maxProperties": 64,
    },
    object_root=False,
    open_objects=True,
    maps=True,
    tuples=True,
    const=True,
)
COHERE = Dialect(
    "cohere",
    _keeps(),
    formats=_MOMENTS | {"uuid"},
    patterns="bare",
    one_required=True,
    states_closed=False,
    unions=False,
    type_lists=False,
    references=False,
    max_properties=200,
)
LLAMA_CPP = Dialect(
    "llama.cpp",
    _keeps(integers=_BOUNDS, strings=_LENGTHS, arrays=_COUNTS),
    formats=_MOMENTS | {"uuid"},
    patterns="anchored",
    beside_pattern={},
    object_root=False,
    states_closed=False,
    open_objects=True,
    maps=True,
    untyped=True,
    tuples=True,
    const=True,
    recursion=True,
    root_reference=False,
)
"""The converter to GBNF of llama-server and LM Studio, for which objects are closed anyway."""
OLLAMA = replace(LLAMA_CPP, name="ollama")
"""It hands the schema to a llama-server."""
LLGUIDANCE = Dialect(
    "llguidance",
    _keeps(_NUMERIC, _LENGTHS, _COUNTS, _SIZES | {"patternProperties"}),
    formats=_NINE | {"uri"},
    patterns="search",
    beside_pattern=_SHORT,
    object_root=False,
    open_objects=True,
    maps=True,
    untyped=True,
    tuples=True,
    const=True,
    recursion=True,
)
XGRAMMAR = replace(
    LLGUIDANCE,
    name="xgrammar",
    keeps=_keeps(_BOUNDS, _LENGTHS, _COUNTS, _SIZES),
    patterns="whole",
    beside_pattern={},
)
"""The default of vLLM and SGLang, behind vLLM's own gate."""
OUTLINES_CORE = replace(
    LLGUIDANCE,
    name="outlines-core",
    keeps=_keeps(strings=_LENGTHS, arrays=_COUNTS, objects=frozenset({"minProperties"})),
    formats=_MOMENTS | {"uuid", "email"},
    patterns="whole",
    beside_pattern=None,
    states_closed=False,
    open_objects=False,
)
"""TGI and Outlines."""

DIALECTS: Mapping[str, Dialect] = {
    each.name: each
    for each in (
        OPENAI,
        AZURE,
        ANTHROPIC,
        BEDROCK,
        GEMINI,
        MISTRAL,
        GROQ,
        TOGETHER,
        FIREWORKS,
        DEEPSEEK,
        XAI,
        COHERE,
        LLAMA_CPP,
        OLLAMA,
        LLGUIDANCE,
        XGRAMMAR,
        OUTLINES_CORE,
    )
}
"""Every dialect by its name."""
