"""Runs as OpenTelemetry sees them: spans and metrics of the real SDK, kept in memory."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import HistogramDataPoint, InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode, get_current_span
from tenacity import wait_none

from deterministic_llm import (
    Budget,
    BudgetExceeded,
    CallFailure,
    Completion,
    RetriesExhausted,
    Usage,
    enforce,
)
from deterministic_llm.telemetry import OpenTelemetryHook
from deterministic_llm.testing import ScriptedModel

USED = Usage(100, 20, cached_tokens=64, reasoning_tokens=5)
BAD = Completion("I say forty-two thousand", usage=USED, model="scripted-1")
GOOD = Completion("7", usage=USED, model="scripted-1", fingerprint="fp_1")
BUSY = CallFailure("slow down", "rate_limited", status=429)
COMMON = {
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": "openai",
    "gen_ai.request.model": "scripted",
}
SERVED = {
    "gen_ai.response.finish_reasons": ("stop",),
    "gen_ai.response.model": "scripted-1",
    "gen_ai.usage.input_tokens": 100,
    "gen_ai.usage.output_tokens": 20,
    "gen_ai.usage.cache_read.input_tokens": 64,
    "gen_ai.usage.reasoning.output_tokens": 5,
}


@dataclass
class Collector:
    """Everything that a hook has sent."""

    exporter: InMemorySpanExporter = field(default_factory=InMemorySpanExporter)
    reader: InMemoryMetricReader = field(default_factory=InMemoryMetricReader)

    def __post_init__(self) -> None:
        self.tracing = TracerProvider()
        self.tracing.add_span_processor(SimpleSpanProcessor(self.exporter))
        self.metering = MeterProvider([self.reader])

    def hook(self, *, record_content: bool = False) -> OpenTelemetryHook:
        """A hook that sends here."""
        return OpenTelemetryHook(
            record_content=record_content,
            tracer_provider=self.tracing,
            meter_provider=self.metering,
        )

    @property
    def spans(self) -> tuple[ReadableSpan, ...]:
        """All spans that are over, in the order of their ends."""
        return self.exporter.get_finished_spans()

    def points(self, name: str) -> list[HistogramDataPoint]:
        """What was measured as *name*, a point a set of attributes."""
        data = self.reader.get_metrics_data()
        assert data is not None
        return [
            point
            for resource in data.resource_metrics
            for scope in resource.scope_metrics
            for metric in scope.metrics
            if metric.name == name
            for point in metric.data.data_points
            if isinstance(point, HistogramDataPoint)
        ]


@pytest.fixture
def collector() -> Iterator[Collector]:
    each = Collector()
    yield each
    each.tracing.shutdown()
    each.metering.shutdown()


def attributes(span: ReadableSpan) -> Mapping[str, object]:
    return dict(span.attributes or {})


def test_a_run_is_a_span_with_a_span_a_call_in_it(collector: Collector):
    model = ScriptedModel([BAD, BUSY, GOOD], temperature=0, max_tokens=50)
    model.run("How many?", int, hooks=[collector.hook()], wait=wait_none())
    first, second, third, whole = collector.spans
    assert [span.name for span in collector.spans] == [*["chat scripted"] * 3, "enforce"]
    assert {span.kind for span in (first, second, third)} == {SpanKind.CLIENT}
    assert {span.parent and span.parent.span_id for span in (first, second, third)} == {
        whole.context.span_id
    }
    asked = {**COMMON, "gen_ai.request.temperature": 0, "gen_ai.request.max_tokens": 50}
    assert attributes(first) == {
        **asked,
        **SERVED,
        "deterministic_llm.call.number": 1,
        "deterministic_llm.outcome": "invalid",
    }
    assert attributes(second) == {
        **asked,
        "deterministic_llm.call.number": 2,
        "deterministic_llm.outcome": "rate_limited",
        "error.type": "429",
    }
    assert attributes(third) == {
        **asked,
        **SERVED,
        "deterministic_llm.call.number": 3,
        "deterministic_llm.outcome": "accepted",
        "openai.response.system_fingerprint": "fp_1",
    }
    assert attributes(whole) == {
        "deterministic_llm.calls": 3,
        "deterministic_llm.outcome": "accepted",
    }
    assert [each.name for each in whole.events] == ["output rejected", "re-asked"]
    assert [span.status.status_code for span in collector.spans] == [
        StatusCode.UNSET,
        StatusCode.ERROR,
        StatusCode.UNSET,
        StatusCode.UNSET,
    ]


@pytest.mark.parametrize("stop", ["END", ["END", "STOP"]], ids=["one", "several"])
def test_stop_sequences_are_a_list(collector: Collector, stop: str | list[str]):
    ScriptedModel([GOOD], stop=stop).generate("How many?", int, hooks=[collector.hook()])
    told = attributes(collector.spans[0])["gen_ai.request.stop_sequences"]
    assert told == (("END",) if stop == "END" else ("END", "STOP"))


def test_another_model_is_noted_on_the_run(collector: Collector):
    model = ScriptedModel([BAD], max_retries=0, fallback=[ScriptedModel([GOOD])])
    model.generate("How many?", int, hooks=[collector.hook()])
    told = [(each.name, dict(each.attributes or {})) for each in collector.spans[-1].events]
    assert told == [
        ("output rejected", {"outcome": "invalid", "violations": ("type",)}),
        ("escalated", {"to": "model"}),
    ]


def test_tokens_and_seconds_are_measured_a_call(collector: Collector):
    model = ScriptedModel([BUSY, GOOD])
    model.generate("How many?", int, hooks=[collector.hook()], wait=wait_none())
    served = {**COMMON, "gen_ai.response.model": "scripted-1"}
    tokens = {
        str((point.attributes or {})["gen_ai.token.type"]): (
            point.sum,
            dict(point.attributes or {}),
        )
        for point in collector.points("gen_ai.client.token.usage")
    }
    assert tokens == {
        "input": (100, {**served, "gen_ai.token.type": "input"}),
        "output": (20, {**served, "gen_ai.token.type": "output"}),
    }
    durations = collector.points("gen_ai.client.operation.duration")
    assert [(point.count, dict(point.attributes or {})) for point in durations] == [
        (1, {**COMMON, "error.type": "429"}),
        (1, served),
    ]


@pytest.mark.parametrize(
    "recorded",
    [pytest.param(False, id="left out by default"), pytest.param(True, id="kept when asked for")],
)
def test_texts_are_recorded_only_when_asked_for(collector: Collector, *, recorded: bool):
    hook = collector.hook(record_content=recorded)
    ScriptedModel([BAD, GOOD]).generate("A secret question", int, hooks=[hook])
    said = json.dumps(
        [[attributes(span), [e.attributes for e in span.events]] for span in collector.spans],
        default=dict,
    )
    assert ("A secret question" in said) is recorded
    assert ("forty-two thousand" in said) is recorded
    if recorded:
        answer = str(attributes(collector.spans[0])["gen_ai.output.messages"])
        assert json.loads(answer) == [
            {
                "role": "assistant",
                "parts": [{"type": "text", "content": "I say forty-two thousand"}],
                "finish_reason": "stop",
            }
        ]


def test_a_run_that_gives_up_ends_in_an_error(collector: Collector):
    with pytest.raises(RetriesExhausted):
        ScriptedModel([BAD]).generate("?", int, hooks=[collector.hook()], max_retries=0)
    whole = collector.spans[-1]
    assert whole.status.status_code is StatusCode.ERROR
    assert attributes(whole) == {
        "deterministic_llm.calls": 1,
        "deterministic_llm.outcome": "RetriesExhausted",
        "error.type": "RetriesExhausted",
    }


def test_a_call_that_the_budget_refused_is_told_and_not_measured(collector: Collector):
    model = ScriptedModel([BAD])
    with pytest.raises(BudgetExceeded):
        model.generate("?", int, hooks=[collector.hook()], budget=Budget(calls=1))
    first, refused, whole = collector.spans
    assert attributes(refused)["error.type"] == "over_budget"
    assert attributes(whole)["deterministic_llm.calls"] == 1
    assert [point.count for point in collector.points("gen_ai.client.operation.duration")] == [1]
    assert attributes(first)["deterministic_llm.outcome"] == "invalid"


def test_the_spans_of_a_function_that_raises_are_ended(collector: Collector):
    @enforce(int, hooks=[collector.hook()])
    def broken() -> str:
        raise LookupError

    with pytest.raises(LookupError):
        broken()
    assert [attributes(span)["error.type"] for span in collector.spans] == ["LookupError"] * 2


def test_what_a_function_traces_stands_in_the_span_of_its_call(collector: Collector):
    seen = []

    @enforce(int, hooks=[collector.hook()])
    def traced() -> str:
        seen.append(get_current_span().get_span_context().span_id)
        return "7"

    before = get_current_span()
    assert traced() == 7
    call, _whole = collector.spans
    assert seen == [call.context.span_id]
    assert call.name == "chat"
    assert get_current_span() is before


def test_runs_at_the_same_time_keep_their_calls_apart(collector: Collector):
    hook = collector.hook()

    async def main() -> None:
        models = [ScriptedModel([BAD, GOOD]) for _ in range(8)]
        await asyncio.gather(*(each.agenerate("?", int, hooks=[hook]) for each in models))

    asyncio.run(main())
    wholes = [span for span in collector.spans if span.name == "enforce"]
    parents = [span.parent.span_id for span in collector.spans if span.parent is not None]
    assert len(wholes) == 8
    assert sorted(parents) == sorted(2 * [span.context.span_id for span in wholes])
