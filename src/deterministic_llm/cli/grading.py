"""One essay graded: an essay goes in, the model's free answer or an enforced run comes out."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Annotated

from pydantic import Field

from deterministic_llm._core.attempts import Attempt
from deterministic_llm._core.records import frozen
from deterministic_llm._core.results import Result
from deterministic_llm._drivers import blocking
from deterministic_llm.cli.essays import Essay
from deterministic_llm.enforcer.options import ModelOptions
from deterministic_llm.errors import EnforcementError, PromptTooLong, ProviderError
from deterministic_llm.generate import Model
from deterministic_llm.sources import messages_of
from deterministic_llm.targets import Record, Template

Run = Result[Record | None]
SCORE = Template("Essay score: {score}/10", score=Annotated[int, Field(ge=0, le=10)])
_STRICTLY = re.compile(r"Essay score: ([0-9]|10)/10")
_EMBEDDED: ModelOptions = {"temperature": 0.0, "seed": 7, "max_tokens": 48}
_ONE_LINE: ModelOptions = {"mode": "prompt", "stop": ["\n"]}
"""The embedded model seldom ends of itself; the line is all that is wanted."""
_HOSTED: ModelOptions = {"seed": 7, "transport_retries": 3}
"""A reasoning model refuses a temperature, and spends its tokens on thinking first."""


@frozen
class Grading:
    """What one essay brought: the model's *free* answer, and the *enforced* run."""

    essay: Essay
    free: Attempt[object]
    enforced: Run

    @property
    def usable(self) -> bool:
        """Whether a program that takes the format at its word could read the free answer."""
        return self.free.text is not None and _STRICTLY.fullmatch(self.free.text) is not None


class Grader(Model):
    """Grades essays; every method raises ProviderError or PromptTooLong when no answer comes."""

    def __init__(self, name: str) -> None:
        self.embedded = name.startswith("local:")
        super().__init__(name, **(_EMBEDDED if self.embedded else _HOSTED))

    def free(self, essay: Essay) -> Attempt[object]:
        """How it answers with nothing of ours in the prompt and nobody asking again."""
        options: ModelOptions = {"mode": "prompt", "max_retries": 0}
        task = self._terms(SCORE, "raise", options).task().about(messages_of(prompt(essay)))
        task = replace(task, contract=replace(task.contract, instructions=""))
        try:
            return blocking.run(task, self._source.complete).attempts[-1]
        except (ProviderError, PromptTooLong):
            raise
        except EnforcementError as error:
            return error.attempts[-1]

    def enforced(self, essay: Essay) -> Run:
        """The score, held by the strongest that the model takes, or a run without one."""
        return self.run(prompt(essay), SCORE, on_exhausted=_no_score)

    def worded(self, essay: Essay) -> Run:
        """The score, asked for in words and asked for again, or a run without one."""
        options: ModelOptions = _ONE_LINE if self.embedded else {"mode": "prompt"}
        return self.run(prompt(essay), SCORE, on_exhausted=_no_score, **options)


def prompt(essay: Essay) -> str:
    """What the model is asked about *essay*."""
    return (
        f"Grade this essay from 0 to 10.\n\n{essay.text}\n\n"
        "Output in the following format: Essay score: {score}/10 and nothing else."
    )


def _no_score(error: EnforcementError) -> None:
    """A run without a score is a finding; a server that does not answer ends the demo."""
    if isinstance(error, ProviderError | PromptTooLong):
        raise error
