"""Weighing: how probable each of several answers is, as the model itself puts it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Unpack

from deterministic_llm._core.evidence.evidence import Evidence, Scalar, unknown
from deterministic_llm._core.evidence.labels import MOST, spelled
from deterministic_llm._core.evidence.verbalised import ASKED, orders, schema_of, weighed
from deterministic_llm._core.exchange import ChatMessage, JsonValue
from deterministic_llm.enforcer.options import ModelOptions
from deterministic_llm.errors import ConfigurationError, EnforcementError
from deterministic_llm.generate import Model
from deterministic_llm.sources import Prompt, messages_of
from deterministic_llm.targets import Schema

_NOBODY = "no answer gave any of them a probability"


def weigh(
    model: Model,
    prompt: Prompt,
    labels: Sequence[Scalar],
    *,
    times: int = 3,
    **options: Unpack[ModelOptions],
) -> Evidence:
    """How probable each of *labels* is as the answer to *prompt*, by the words of *model*.

    It is asked so many *times*, the labels in another order each, and the mean is taken: for models
    that tell no probabilities of tokens. An answer that cannot be read is missing; where all are,
    the error of the last is raised. *options* are those of ``model.run``. Raises ConfigurationError
    for labels that are fewer than two, or written alike.
    """
    error: EnforcementError | None = None
    answers: list[JsonValue] = []
    for order in _asked(labels, times):
        try:
            answers.append(model.run(_about(prompt), _target(order), **options).output)
        except EnforcementError as caught:
            error = caught
    return _told(labels, answers, error)


async def aweigh(
    model: Model,
    prompt: Prompt,
    labels: Sequence[Scalar],
    *,
    times: int = 3,
    **options: Unpack[ModelOptions],
) -> Evidence:
    """As weigh(), asking all at the same time."""
    runs = [
        model.arun(_about(prompt), _target(order), **options) for order in _asked(labels, times)
    ]
    ended = await asyncio.gather(*runs, return_exceptions=True)
    error: EnforcementError | None = None
    answers: list[JsonValue] = []
    for each in ended:
        if isinstance(each, EnforcementError):
            error = each
        elif isinstance(each, BaseException):
            raise each
        else:
            answers.append(each.output)
    return _told(labels, answers, error)


def _asked(labels: Sequence[Scalar], times: int) -> Sequence[Sequence[Scalar]]:
    if isinstance(labels, str):  # a sequence of its letters
        message = f"weigh: expected a list of labels, got the text {labels!r}"
        raise ConfigurationError(message)
    written = [spelled(label) for label in labels]
    twice = next((each for each in written if written.count(each) > 1), None)
    if twice is not None or not 2 <= len(labels) <= MOST:
        got = f"{len(labels)}" if twice is None else f"{twice!r} twice"
        message = f"weigh: expected 2 to {MOST} labels that are written differently, got {got}"
        raise ConfigurationError(message)
    if times < 1:
        message = f"weigh: times={times}: expected at least 1"
        raise ConfigurationError(message)
    return orders(labels, times)


def _about(prompt: Prompt) -> Sequence[ChatMessage]:
    return [*messages_of(prompt), {"role": "user", "content": ASKED}]


def _target(order: Sequence[Scalar]) -> Schema:
    return Schema(schema_of(order), name="probabilities")


def _told(
    labels: Sequence[Scalar], answers: Sequence[JsonValue], error: EnforcementError | None
) -> Evidence:
    if not answers and error is not None:
        raise error
    return weighed(labels, answers) or unknown(None, _NOBODY)
