"""One answer under way: what has been heard of it, and what that comes to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from pydantic_core import from_json

from deterministic_llm._core.answering import stopped
from deterministic_llm._core.attempts import Request
from deterministic_llm._core.exchange import CallFailure, Completion
from deterministic_llm._core.patience import Patience
from deterministic_llm._core.shapes.streams import Streamed, Voice


class Hearing:
    """What every source of an answer in pieces keeps; *clock* tells seconds since some moment.

    The text is that of the tool that *request* asks for, else the content.
    """

    def __init__(self, request: Request, clock: Callable[[], float]) -> None:
        self._request = request
        self._clock = clock
        self._streamed = Streamed()
        self._voice = Voice(self._streamed, tool=request.constraint.mode == "tool")
        self._patience = Patience(request, clock())
        self._first: float | None = None
        self._outcome: Completion | CallFailure | None = None
        self._stopped = False

    def answer(self) -> Completion | CallFailure:
        """What the call came to; an answer that was not read to its end is one that was stopped."""
        if self._outcome is None:
            said = self._said()
            self._outcome = stopped(said, self._request) if isinstance(said, Completion) else said
        return self._outcome

    @property
    def come(self) -> str | None:
        """The text that has come; None before there is any."""
        return self._voice.text or None

    def _begin(self) -> Patience:
        """The call begins now."""
        return self._began(self._clock())

    def _began(self, started: float) -> Patience:
        """The call began when it *started*."""
        self._patience = Patience(self._request, started)
        return self._patience

    def _seconds(self) -> float:
        """How long the call has taken."""
        return self._clock() - self._patience.started

    def _wait(self) -> None:
        """The next word is waited for, if it was not already."""
        if self._patience.since is None:
            self._patience.since = self._clock()

    def _heard(self) -> None:
        """A word came."""
        self._patience.since = None
        if self._first is None:
            self._first = self._seconds()
            self._patience.begun = True

    def _end(self) -> None:
        """The answer was read to its end."""
        if self._outcome is None and not self._stopped:
            said = self._said()
            cut = isinstance(said, Completion) and not self._over() and not _is_whole(said.text)
            self._outcome = self._cut_off(said) if cut else said

    def _cut_off(self, said: Completion | CallFailure) -> CallFailure:
        """The failure of an answer that ended in the midst of what was *said*."""
        message = "the answer stopped, and nobody said that it was over"
        seconds, quota = said.seconds, said.quota
        return CallFailure(message, "cut_off", seconds=seconds, quota=quota, partial=self.come)

    def _over(self) -> bool:
        """Whether somebody said that nothing more will come; of chunks without a model nobody does.

        Else a connection that was closed in the midst of an answer looks like its end.
        """
        streamed = self._streamed
        return streamed.over or streamed.finish != "unfinished" or streamed.model is None

    def _fail(self, outcome: Completion | CallFailure) -> None:
        """The answer ended in a failure, which keeps what had come of it."""
        self._outcome = self._kept(replace(outcome, seconds=self._seconds()))

    def _said(self) -> Completion | CallFailure:
        """What all that came says."""
        seconds = self._seconds()
        return self._kept(self._streamed.answer(seconds=seconds, first_token=self._first))

    def _kept(self, outcome: Completion | CallFailure) -> Completion | CallFailure:
        if isinstance(outcome, Completion):
            return outcome
        return replace(outcome, partial=self.come)


def _is_whole(text: str | None) -> bool:
    """Whether *text* says by itself that it is all: JSON in brackets or quotation marks."""
    try:
        return isinstance(from_json(text or ""), (dict, list, str))
    except ValueError:
        return not text  # nothing at all is an answer of its own kind
