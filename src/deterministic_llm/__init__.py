"""Typed values from language models: parse, validate, repair, ask again, and tell what happened.

Every public name is loaded when it is first used: importing the package costs next to nothing on
top of pydantic.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from deterministic_llm._core.attempts import Attempt, Repair, Violation
    from deterministic_llm._core.consensus.rules import (
        Adaptive,
        Curtailed,
        FirstTo,
        Median,
        Voting,
    )
    from deterministic_llm._core.consensus.votes import Votes
    from deterministic_llm._core.events import (
        Accepted,
        CallFinished,
        CallStarted,
        Escalated,
        Event,
        GaveUp,
        OutputRejected,
        Reasked,
    )
    from deterministic_llm._core.evidence.calibration import (
        brier,
        expected_calibration_error,
        risk_coverage,
    )
    from deterministic_llm._core.evidence.evidence import Evidence
    from deterministic_llm._core.evidence.labels import label_problems, letters
    from deterministic_llm._core.exchange import (
        CallFailure,
        ChatMessage,
        Completion,
        JsonValue,
        Mode,
        Token,
        Usage,
    )
    from deterministic_llm._core.ledger import attempts_from_json
    from deterministic_llm._core.reading.outcomes import Parsed
    from deterministic_llm._core.results import Result
    from deterministic_llm._core.streaming.events import (
        FieldClosed,
        Final,
        Item,
        Restarted,
        StreamEvent,
        TextGrown,
    )
    from deterministic_llm._drivers.streams import (
        AsyncItemStream,
        AsyncStream,
        ItemStream,
        Stream,
    )
    from deterministic_llm.enforcer import enforce
    from deterministic_llm.enforcer.enforcers import AsyncEnforcer, Enforcer
    from deterministic_llm.enforcer.turn import Turn
    from deterministic_llm.errors import (
        BudgetExceeded,
        ConfigurationError,
        DeadlineExceeded,
        Degenerate,
        DeterministicLLMError,
        DriftError,
        EnforcementError,
        Filtered,
        ModelRetry,
        NoConsensus,
        NoProgress,
        PromptTooLong,
        ProviderError,
        RecordError,
        Refused,
        ReplayError,
        ResponseError,
        RetriesExhausted,
        SchemaError,
        Truncated,
    )
    from deterministic_llm.evals.runs import Run
    from deterministic_llm.evals.stability import Stability, astability, stability
    from deterministic_llm.generate import Model
    from deterministic_llm.metering.breaker import Breaker
    from deterministic_llm.metering.budgets import Budget
    from deterministic_llm.metering.limits import Limits
    from deterministic_llm.metering.prices import Price
    from deterministic_llm.metering.purses import budget
    from deterministic_llm.metering.spend import Spend
    from deterministic_llm.storage.cache import Cache, CacheStats
    from deterministic_llm.storage.calibrators import Calibrator
    from deterministic_llm.storage.cassettes import Cassette
    from deterministic_llm.targets import (
        Choice,
        Pattern,
        Record,
        Schema,
        Template,
        parse,
    )
    from deterministic_llm.validators import Marker, Validator, judge, validator
    from deterministic_llm.weighing import aweigh, weigh

__all__ = [
    "Accepted",
    "Adaptive",
    "AsyncEnforcer",
    "AsyncItemStream",
    "AsyncStream",
    "Attempt",
    "Breaker",
    "Budget",
    "BudgetExceeded",
    "Cache",
    "CacheStats",
    "Calibrator",
    "CallFailure",
    "CallFinished",
    "CallStarted",
    "Cassette",
    "ChatMessage",
    "Choice",
    "Completion",
    "ConfigurationError",
    "Curtailed",
    "DeadlineExceeded",
    "Degenerate",
    "DeterministicLLMError",
    "DriftError",
    "EnforcementError",
    "Enforcer",
    "Escalated",
    "Event",
    "Evidence",
    "FieldClosed",
    "Filtered",
    "Final",
    "FirstTo",
    "GaveUp",
    "Item",
    "ItemStream",
    "JsonValue",
    "Limits",
    "Marker",
    "Median",
    "Mode",
    "Model",
    "ModelRetry",
    "NoConsensus",
    "NoProgress",
    "OutputRejected",
    "Parsed",
    "Pattern",
    "Price",
    "PromptTooLong",
    "ProviderError",
    "Reasked",
    "Record",
    "RecordError",
    "Refused",
    "Repair",
    "ReplayError",
    "ResponseError",
    "Restarted",
    "Result",
    "RetriesExhausted",
    "Run",
    "Schema",
    "SchemaError",
    "Spend",
    "Stability",
    "Stream",
    "StreamEvent",
    "Template",
    "TextGrown",
    "Token",
    "Truncated",
    "Turn",
    "Usage",
    "Validator",
    "Violation",
    "Votes",
    "Voting",
    "astability",
    "attempts_from_json",
    "aweigh",
    "brier",
    "budget",
    "enforce",
    "expected_calibration_error",
    "judge",
    "label_problems",
    "letters",
    "parse",
    "risk_coverage",
    "stability",
    "validator",
    "weigh",
]

_HOMES = {
    "_core.attempts": "Attempt Repair Violation",
    "_core.consensus.rules": "Adaptive Curtailed FirstTo Median Voting",
    "_core.consensus.votes": "Votes",
    "_core.events": (
        "Accepted CallFinished CallStarted Escalated Event GaveUp OutputRejected Reasked"
    ),
    "_core.evidence.calibration": "brier expected_calibration_error risk_coverage",
    "_core.evidence.evidence": "Evidence",
    "_core.evidence.labels": "label_problems letters",
    "_core.exchange": "CallFailure ChatMessage Completion JsonValue Mode Token Usage",
    "_core.ledger": "attempts_from_json",
    "_core.reading.outcomes": "Parsed",
    "_core.results": "Result",
    "_core.streaming.events": "FieldClosed Final Item Restarted StreamEvent TextGrown",
    "_drivers.streams": "AsyncItemStream AsyncStream ItemStream Stream",
    "enforcer": "enforce",
    "enforcer.enforcers": "AsyncEnforcer Enforcer",
    "enforcer.turn": "Turn",
    "errors": (
        "BudgetExceeded ConfigurationError DeadlineExceeded Degenerate DeterministicLLMError "
        "DriftError EnforcementError Filtered ModelRetry NoConsensus NoProgress PromptTooLong "
        "ProviderError RecordError Refused ReplayError ResponseError RetriesExhausted "
        "SchemaError Truncated"
    ),
    "evals.runs": "Run",
    "evals.stability": "Stability astability stability",
    "generate": "Model",
    "metering.breaker": "Breaker",
    "metering.budgets": "Budget",
    "metering.limits": "Limits",
    "metering.prices": "Price",
    "metering.purses": "budget",
    "metering.spend": "Spend",
    "storage.cache": "Cache CacheStats",
    "storage.calibrators": "Calibrator",
    "storage.cassettes": "Cassette",
    "targets": "Choice Pattern Record Schema Template parse",
    "validators": "Marker Validator judge validator",
    "weighing": "aweigh weigh",
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names.split()}


def __getattr__(name: str) -> object:
    if name not in _HOME_OF:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    value: object = getattr(import_module(f"{__name__}.{_HOME_OF[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
