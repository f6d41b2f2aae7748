"""What a schema costs in a prompt: our notation beside the JSON Schema."""

from __future__ import annotations

import json

from benchmarks.schemas import SAMPLES
from benchmarks.tables import met, show
from deterministic_llm._core.schema.rendering import render
from deterministic_llm.cli.schema import token_count


def main() -> None:
    """Print the tokens of each sample's notation, with the aim for it."""
    rows: list[list[object]] = []
    for sample in SAMPLES:
        schema = sample.model.model_json_schema()
        count = token_count(render(schema))
        if count is None:
            print("\ntokens: not counted, as tiktoken finds no cl100k vocabulary here")
            return
        compact = token_count(json.dumps(schema, separators=(",", ":")))
        rows.append([sample.name, count, sample.tokens, met(count <= sample.tokens), compact])
    header = ["schema in a prompt (cl100k tokens)", "notation", "aim", "", "JSON Schema"]
    show("Tokens", header, rows)
