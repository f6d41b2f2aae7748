"""What a function that makes its own call is told at each turn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, final

from deterministic_llm._core.attempts import Violation
from deterministic_llm._core.exchange import ChatMessage, JsonObject
from deterministic_llm._core.records import quick
from deterministic_llm.enforcer.requests import Provider, Wanted, keywords_for


@final
@quick
@dataclass(frozen=True)
class Turn:
    """What one attempt should say: on the first turn how to answer, later what was wrong.

    *messages* are chat messages to append and *instructions* the same as text; *schema* and
    *response_format* (OpenAI's shape) say what the answer must be, later maybe a part of it alone;
    *max_tokens* and *seed* are those of the run's options, with more room where an answer was cut;
    *timeout* is what is left of the run's time, in seconds. *tool* is what is to be called with the
    answer under ``mode="tool"``, as OpenAI's chat completions declare a function.
    *stream* says that the answer is read as it comes: a function that returns chunks is then shown
    at work, and one that returns the whole is read at its end. *logprobs* is of how many other
    tokens the probabilities are wanted, under ``confidence=True``.
    """

    number: int
    messages: tuple[ChatMessage, ...]
    instructions: str
    schema: JsonObject | None
    response_format: JsonObject
    violations: tuple[Violation, ...] = ()
    max_tokens: int | None = None
    timeout: float | None = None
    seed: int | None = None
    tool: JsonObject | None = None
    stream: bool = False
    logprobs: int | None = None

    def request(self, provider: Provider) -> dict[str, Any]:
        """Keyword arguments for the call of *provider*'s SDK, besides those of model and prompt.

        They hold the answer to the schema, where the provider takes it; a schema of anything but
        an object is left to the words of *messages*. Raises ConfigurationError for another name.
        """
        wanted = Wanted(
            self.response_format,
            schema=self.schema,
            tool=self.tool,
            max_tokens=self.max_tokens,
            seed=self.seed,
            timeout=self.timeout,
            logprobs=self.logprobs,
        )
        return keywords_for(provider, wanted)
