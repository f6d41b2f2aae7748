"""What a function that makes its own call is told at each turn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

from deterministic_llm._core.attempts import Violation
from deterministic_llm._core.exchange import ChatMessage, JsonObject
from deterministic_llm._core.records import quick


@final
@quick
@dataclass(frozen=True)
class Turn:
    """What one attempt should say: on the first turn how to answer, later what was wrong.

    *messages* are chat messages to append and *instructions* the same as text; *schema* and
    *response_format* (OpenAI's shape) say what the answer must be, later maybe a part of it alone;
    *max_tokens* is set when an answer was cut and needs more room; *timeout* is what is left of the
    run's time, in seconds.
    """

    number: int
    messages: tuple[ChatMessage, ...]
    instructions: str
    schema: JsonObject | None
    response_format: JsonObject
    violations: tuple[Violation, ...] = ()
    max_tokens: int | None = None
    timeout: float | None = None
