"""What a schema costs: our notation in a prompt, and the lowered schema in a request."""

from __future__ import annotations

import json

from benchmarks.schemas import SAMPLES
from benchmarks.tables import met, show
from deterministic_llm._core.exchange import JsonObject
from deterministic_llm._core.schema.lowering.dialects import DIALECTS
from deterministic_llm._core.schema.lowering.lowering import lower
from deterministic_llm._core.schema.rendering import render
from deterministic_llm.cli.schemas import token_count


def main() -> None:
    """Print the tokens of each sample's notation and lowered schema, with the aims for them."""
    rows: list[list[object]] = []
    sent: list[list[object]] = []
    for sample in SAMPLES:
        schema = sample.model.model_json_schema()
        count = token_count(render(schema))
        if count is None:
            print("\ntokens: not counted, as tiktoken finds no cl100k vocabulary here")
            return
        rows.append([sample.name, count, sample.tokens, met(count <= sample.tokens), _json(schema)])
        lowered = [_json(lower(schema, DIALECTS[name]).schema) for name in _SENT]
        sent.append([sample.name, *lowered, sample.sent, met(max(lowered) <= sample.sent)])
    header = ["schema in a prompt (cl100k tokens)", "notation", "aim", "", "JSON Schema"]
    show("Tokens", header, rows)
    show("Tokens sent", ["schema in a request (cl100k tokens)", *_SENT, "aim", ""], sent)


_SENT = ("llama.cpp", "openai")
"""One that closes objects by itself, and one that wants to be told of each."""


def _json(schema: JsonObject) -> int:
    return token_count(json.dumps(schema, separators=(",", ":"), ensure_ascii=False)) or 0
