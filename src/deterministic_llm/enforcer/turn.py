"""What a function that makes its own call is told at each turn."""

from __future__ import annotations

from functools import cached_property
from typing import Any, final

from deterministic_llm._core.attempts import Request, Violation
from deterministic_llm._core.contract import natively
from deterministic_llm._core.exchange import JsonObject, JsonValue
from deterministic_llm._core.patience import allowed
from deterministic_llm._core.schema.patches import patch_target
from deterministic_llm._core.schema.target import JsonTarget, Target
from deterministic_llm._core.shapes import chat
from deterministic_llm.enforcer.requests import Provider, Wanted, keywords_for


@final
class Turn:
    """What one attempt should say: on the first turn how to answer, later what was wrong.

    *stream* says that the answer is read as it comes: a function that returns chunks is then shown
    at work, and one that returns the whole is read at its end. All else is worked out when it is
    asked for.
    """

    def __init__(self, request: Request, target: Target[object], *, stream: bool = False) -> None:
        """Tell what *request* says of an answer that is to become *target*."""
        self._request = request
        self._target = target
        self.stream = stream

    def __repr__(self) -> str:
        return f"Turn(number={self.number}, instructions={self.instructions!r})"

    @property
    def number(self) -> int:
        """Which call of the run this is, from 1."""
        return self._request.number

    @property
    def violations(self) -> tuple[Violation, ...]:
        """What was wrong with the answer before."""
        return self._request.violations

    @property
    def timeout(self) -> float | None:
        """How many seconds this call may take; None is as long as it takes.

        It is what is left of the run's time, or the run's ``call_timeout=`` where that is less.
        """
        limit = allowed(self._request)
        return None if limit is None else limit[0]

    # Any: each SDK has types of its own for what it is sent, and takes no others.
    @property
    def messages(self) -> tuple[Any, ...]:
        """Chat messages to append to the prompt, as ChatMessage has them."""
        return self._request.additions

    @property
    def instructions(self) -> str:
        """The same as text."""
        return self._request.feedback

    @cached_property
    def schema(self) -> JsonObject | None:
        """What the answer must be, later maybe a part of it alone; None for text of a form."""
        wanted = self._wanted
        return wanted.schema if isinstance(wanted, JsonTarget) else None

    @cached_property
    def response_format(self) -> Any:
        """The same as OpenAI's ``response_format``, whatever holds the answer."""
        held = chat.response_format(self._request.constraint)
        if held is None and isinstance(wanted := self._wanted, JsonTarget):
            held = chat.response_format(natively(wanted))
        return held or {"type": "text"}

    @property
    def tool(self) -> JsonObject | None:
        """What is to be called with the answer under ``mode="tool"``, as OpenAI declares one."""
        return chat.tool(self._request.constraint)

    @property
    def max_tokens(self) -> int | None:
        """The run's option, with more room where an answer was cut."""
        return self._whole("max_tokens")

    @property
    def seed(self) -> int | None:
        """The run's option."""
        return self._whole("seed")

    @property
    def logprobs(self) -> int | None:
        """Of how many other tokens the probabilities are wanted, under ``confidence=True``."""
        return self._whole("top_logprobs")

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

    @property
    def _wanted(self) -> Target[object]:
        """What the answer must be: the whole, or a part of it."""
        patch, target = self._request.patch, self._target
        if patch is not None and isinstance(target, JsonTarget):
            return patch_target(target, patch)
        return target

    def _whole(self, name: str) -> int | None:
        value: JsonValue = self._request.parameters.get(name)
        return value if isinstance(value, int) else None
