"""OpenTelemetry of runs by the GenAI conventions: a hook goes in, spans and metrics come out.

Needs ``pip install 'deterministic-llm[otel]'``, and an SDK that sends what is recorded.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextvars import Token
from dataclasses import dataclass
from time import perf_counter
from typing import TypeAlias

from opentelemetry import context as contexts
from opentelemetry.context import Context
from opentelemetry.metrics import MeterProvider, get_meter
from opentelemetry.trace import (
    Span,
    SpanKind,
    StatusCode,
    TracerProvider,
    get_tracer,
    set_span_in_context,
)

from deterministic_llm._core.attempts import Answered, Attempt, Failed, Request
from deterministic_llm._core.canonical import jsonable
from deterministic_llm._core.events import (
    Accepted,
    CallFinished,
    CallStarted,
    Escalated,
    GaveUp,
    OutputRejected,
    Reasked,
)
from deterministic_llm._core.exchange import Finish, Usage

__all__ = ["OpenTelemetryHook"]

Attributes: TypeAlias = dict[str, str | int | float | Sequence[str]]

_SCOPE = "deterministic_llm"
_TOKEN_BOUNDS = tuple(4.0**power for power in range(14))
_SECOND_BOUNDS = tuple(0.01 * 2.0**power for power in range(14))


@dataclass(slots=True)
class _Open:
    """A span that is not over, how to leave it, and when it began."""

    span: Span
    token: Token[Context]
    began: float


@dataclass(slots=True)
class _Run:
    """The span of a run, and that of its call under way."""

    whole: _Open
    call: _Open | None = None
    calls: int = 0


class OpenTelemetryHook:
    """A span a run with a span ``chat {model}`` a call in it, for ``hooks=[OpenTelemetryHook()]``.

    The metrics are ``gen_ai.client.token.usage`` and ``gen_ai.client.operation.duration``. The
    global providers are used unless others are passed; *provider* is the value of
    ``gen_ai.provider.name``. Prompts and answers are left out unless *record_content* is true.
    One hook serves any number of runs at once.
    """

    def __init__(
        self,
        *,
        provider: str = "openai",
        record_content: bool = False,
        tracer_provider: TracerProvider | None = None,
        meter_provider: MeterProvider | None = None,
    ) -> None:
        self._provider = provider
        self._record_content = record_content
        self._tracer = get_tracer(_SCOPE, tracer_provider=tracer_provider)
        meter = get_meter(_SCOPE, meter_provider=meter_provider)
        self._tokens = meter.create_histogram(
            "gen_ai.client.token.usage",
            unit="{token}",
            description="Number of input and output tokens used.",
            explicit_bucket_boundaries_advisory=_TOKEN_BOUNDS,
        )
        self._duration = meter.create_histogram(
            "gen_ai.client.operation.duration",
            unit="s",
            description="GenAI operation duration.",
            explicit_bucket_boundaries_advisory=_SECOND_BOUNDS,
        )
        self._runs: dict[int, _Run] = {}

    def call_started(self, event: CallStarted) -> None:
        """Begin the span of a call, in that of its run."""
        run = self._run(event.run)
        request = event.request
        attributes = self._attributes(request)
        attributes |= _parameters(request)
        attributes["deterministic_llm.call.number"] = request.number
        if self._record_content:
            attributes["gen_ai.input.messages"] = _input(request)
        run.call = self._begin(f"chat {request.name or ''}".rstrip(), SpanKind.CLIENT, attributes)

    def call_finished(self, event: CallFinished) -> None:
        """End the span of a call with what it came to, and count its tokens and seconds."""
        run, attempt = self._run(event.run), event.attempt
        if run.call is None:
            return
        answered = _answer(attempt)
        if self._record_content and isinstance(attempt, Answered):
            answered["gen_ai.output.messages"] = _output(attempt)
        if attempt.sent:  # not one that the budget refused
            run.calls += 1
            self._measure(attempt, perf_counter() - run.call.began)
        problem = attempt.outcome if isinstance(attempt, Failed) else None
        self._end(run.call, answered, problem)
        run.call = None

    def output_rejected(self, event: OutputRejected) -> None:
        """Note on the span of the run which kinds of rules an answer broke."""
        codes = list(dict.fromkeys(each.code for each in event.attempt.violations))
        told = {"outcome": event.attempt.outcome, "violations": codes}
        self._run(event.run).whole.span.add_event("output rejected", told)

    def reasked(self, event: Reasked) -> None:
        """Note a re-ask on the span of the run."""
        told = {"call.number": event.request.number}
        self._run(event.run).whole.span.add_event("re-asked", told)

    def escalated(self, event: Escalated) -> None:
        """Note on the span of the run that another way of asking was taken."""
        self._run(event.run).whole.span.add_event("escalated", {"to": event.to})

    def accepted(self, event: Accepted) -> None:
        """End the span of a run that has its value."""
        self._close(event.run, "accepted", problem=None)

    def gave_up(self, event: GaveUp) -> None:
        """End the span of a run that ends without one."""
        kind = type(event.error).__name__
        self._close(event.run, kind, problem=kind)

    def _run(self, number: int) -> _Run:
        """The run *number*, its span begun by the first that is told of it."""
        if number not in self._runs:
            self._runs[number] = _Run(self._begin("enforce", SpanKind.INTERNAL, {}))
        return self._runs[number]

    def _close(self, number: int, outcome: str, *, problem: str | None) -> None:
        run = self._run(number)
        del self._runs[number]
        if run.call is not None:  # its function raised what is no failure of a call
            run.calls += 1
            self._end(run.call, {}, problem)
        attributes: Attributes = {
            "deterministic_llm.calls": run.calls,
            "deterministic_llm.outcome": outcome,
        }
        self._end(run.whole, attributes, problem)

    def _begin(self, name: str, kind: SpanKind, attributes: Attributes) -> _Open:
        span = self._tracer.start_span(name, kind=kind, attributes=attributes)
        return _Open(span, contexts.attach(set_span_in_context(span)), perf_counter())

    def _end(self, opened: _Open, attributes: Attributes, problem: str | None) -> None:
        contexts.detach(opened.token)
        if problem is not None:
            attributes.setdefault("error.type", problem)
            opened.span.set_status(StatusCode.ERROR)
        opened.span.set_attributes(attributes)
        opened.span.end()

    def _measure(self, attempt: Attempt[object], seconds: float) -> None:
        common: Attributes = self._attributes(attempt.request)
        if attempt.model_served is not None:
            common["gen_ai.response.model"] = attempt.model_served
        if isinstance(attempt, Failed):
            self._duration.record(seconds, {**common, "error.type": _error_type(attempt)})
            return
        self._duration.record(seconds, common)
        usage = attempt.completion.usage
        if usage.total_tokens:
            kinds = {"input": usage.input_tokens, "output": usage.output_tokens}
            for kind, tokens in kinds.items():
                self._tokens.record(tokens, {**common, "gen_ai.token.type": kind})

    def _attributes(self, request: Request) -> Attributes:
        """What spans and metrics of a call have in common."""
        attributes: Attributes = {
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": self._provider,
        }
        if request.name is not None:
            attributes["gen_ai.request.model"] = request.name
        return attributes


_PARAMETERS: Mapping[str, str] = {
    "frequency_penalty": "frequency_penalty",
    "max_completion_tokens": "max_tokens",
    "max_tokens": "max_tokens",
    "presence_penalty": "presence_penalty",
    "seed": "seed",
    "temperature": "temperature",
    "top_p": "top_p",
}
"""Parameters of a request that the conventions have a name for."""

_FINISHES: Mapping[Finish, str] = {
    "stop": "stop",
    "length": "length",
    "refusal": "content_filter",
    "filter": "content_filter",
    "aborted": "error",
    "unfinished": "error",
    "stopped": "error",
}
"""Why a model ended, in the words of the conventions."""


def _parameters(request: Request) -> Attributes:
    attributes: Attributes = {}
    for name, called in _PARAMETERS.items():
        value = request.parameters.get(name)
        if isinstance(value, (int, float)):
            attributes[f"gen_ai.request.{called}"] = value
    stop = request.parameters.get("stop")
    stops = [stop] if isinstance(stop, str) else stop
    if isinstance(stops, list):
        attributes["gen_ai.request.stop_sequences"] = [str(each) for each in stops]
    return attributes


def _answer(attempt: Attempt[object]) -> Attributes:
    """What came of a call, without the texts."""
    if isinstance(attempt, Failed):
        return {"deterministic_llm.outcome": attempt.outcome, "error.type": _error_type(attempt)}
    completion = attempt.completion
    usage = completion.usage if attempt.sent else Usage()
    attributes: Attributes = {
        "deterministic_llm.outcome": attempt.outcome,
        "gen_ai.response.finish_reasons": [_FINISHES[completion.finish]],
    }
    known = {
        "gen_ai.response.model": completion.model,
        "gen_ai.response.time_to_first_chunk": completion.first_token,
        "openai.response.system_fingerprint": completion.fingerprint,
    }
    attributes |= {name: value for name, value in known.items() if value is not None}
    if attempt.origin != "call":
        attributes["deterministic_llm.origin"] = attempt.origin
    if usage.total_tokens:
        attributes["gen_ai.usage.input_tokens"] = usage.input_tokens
        attributes["gen_ai.usage.output_tokens"] = usage.output_tokens
    counts = {
        "gen_ai.usage.cache_read.input_tokens": usage.cached_tokens,
        "gen_ai.usage.cache_creation.input_tokens": usage.written_tokens,
        "gen_ai.usage.reasoning.output_tokens": usage.reasoning_tokens,
    }
    return attributes | {name: count for name, count in counts.items() if count}


def _error_type(failed: Failed) -> str:
    """The status of the answer where there is one, else our word for the failure."""
    return failed.outcome if failed.failure.status is None else str(failed.failure.status)


def _input(request: Request) -> str:
    messages = [
        _message(str(message.get("role", "user")), message.get("content"))
        for message in request.messages
    ]
    return json.dumps(messages)


def _output(attempt: Answered[object]) -> str:
    finish = _FINISHES[attempt.completion.finish]
    return json.dumps([{**_message("assistant", attempt.text), "finish_reason": finish}])


def _message(role: str, content: object) -> dict[str, object]:
    """One message in the form of the conventions."""
    told = content if isinstance(content, str) else json.dumps(jsonable(content))
    return {"role": role, "parts": [{"type": "text", "content": told}]}
