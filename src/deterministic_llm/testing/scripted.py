"""Models for tests: a script of answers goes in, a Model that gives them in order comes out."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from typing import TypeAlias

from typing_extensions import Unpack, override

from deterministic_llm._core.answering import AsyncTold, Told
from deterministic_llm._core.attempts import Request
from deterministic_llm._core.exchange import Abilities, CallFailure, Completion
from deterministic_llm._core.sharing import Shared
from deterministic_llm.enforcer.known import Known
from deterministic_llm.enforcer.options import ModelOptions
from deterministic_llm.generate import Model
from deterministic_llm.sources import Asked

Answer: TypeAlias = str | Completion | CallFailure
"""One answer of a script; a str is a completion that ended of itself."""


class ScriptEndedError(AssertionError):
    """The model was asked for its *number*-th answer, and its script has fewer, *length*."""

    def __init__(self, number: int, length: int, request: Request) -> None:
        super().__init__(number, length, request)
        self.number = number
        self.length = length
        self.request = request

    @override
    def __str__(self) -> str:
        answers = "1 answer" if self.length == 1 else f"{self.length} answers"
        said = self.request.feedback or self.request.prompt
        return (
            f"this ScriptedModel has a script of {answers} and was asked for answer "
            f"{self.number}; the request said: {said}"
        )


class ScriptedModel(Shared, Model):
    """A model that gives *answers* in order, as in ``ScriptedModel(["oops", '{"age": 36}'])``.

    It is used as a Model, or called with a Request, from any thread. An answer is a str, a
    Completion or a CallFailure. It holds answers to nothing, so ``mode="auto"`` only asks in words;
    *abilities* says otherwise. A stream brings *chunk* characters at a time, of a failure its
    ``partial``. Asked more often than scripted it raises ScriptEndedError, which is an
    AssertionError.
    """

    elsewhere = "its script is gone through once: make it in the process that asks"

    def __init__(
        self,
        answers: Iterable[Answer],
        *,
        abilities: Abilities = Abilities(),  # noqa: B008  # frozen
        chunk: int = 4,
        **options: Unpack[ModelOptions],
    ) -> None:
        # Not Model's own __init__: it looks for a provider behind the name.
        script = _Script(answers, chunk)
        self.name = "scripted"
        self._source = Asked(lambda: script, Known(abilities, options, self.name))
        self._script = script

    def __call__(self, request: Request) -> Completion | CallFailure:
        """The next answer of the script."""
        return self._script.complete(request)

    @property
    def requests(self) -> tuple[Request, ...]:
        """Every request so far, in the order of arrival."""
        return self._script.requests


class _Script:
    """The backend of a scripted model."""

    def __init__(self, answers: Iterable[Answer], chunk: int) -> None:
        self._chunk = chunk
        if isinstance(answers, str):
            message = "answers: expected a list of them, got one text (put it in a list)"
            raise TypeError(message)
        self._answers = tuple(answers)
        for at, answer in enumerate(self._answers):
            _check_answer(at, answer)
        self._asked: list[Request] = []
        self._lock = threading.Lock()

    @property
    def requests(self) -> tuple[Request, ...]:
        with self._lock:
            return tuple(self._asked)

    def complete(self, request: Request) -> Completion | CallFailure:
        with self._lock:
            self._asked.append(request)
            number = len(self._asked)
        if number > len(self._answers):
            raise ScriptEndedError(number, len(self._answers), request)
        answer = self._answers[number - 1]
        return Completion(answer) if isinstance(answer, str) else answer

    async def acomplete(self, request: Request) -> Completion | CallFailure:
        return self.complete(request)

    def stream(self, request: Request) -> Told:
        answer = self.complete(request)
        return Told(request, answer, self._pieces(request, answer))

    def astream(self, request: Request) -> AsyncTold:
        answer = self.complete(request)
        return AsyncTold(request, answer, self._pieces(request, answer))

    def _pieces(self, request: Request, answer: Completion | CallFailure) -> Sequence[str]:
        if isinstance(answer, CallFailure):
            said = answer.partial
        elif request.constraint.mode == "tool" and answer.calls:
            said = answer.calls[0].arguments
        else:
            said = answer.text
        text = said or ""
        return [text[at : at + self._chunk] for at in range(0, len(text), self._chunk)]


def _check_answer(at: int, answer: object) -> None:
    """Raise TypeError for what no model answers, when the script is written and not in a run."""
    if not isinstance(answer, str | Completion | CallFailure):
        kind = type(answer).__qualname__
        message = f"answers[{at}]: expected a str, a Completion or a CallFailure, got {kind}"
        raise TypeError(message)
