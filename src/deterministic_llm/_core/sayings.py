"""A target whose output is what was said: a target goes in, one that gives JSON comes out."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, partial
from typing import Generic, overload

from typing_extensions import TypeVar

from deterministic_llm._core.exchange import JsonValue
from deterministic_llm._core.records import frozen
from deterministic_llm._core.schema.target import (
    Checked,
    Decoder,
    Invalid,
    JsonTarget,
    Target,
    TextTarget,
    Valid,
)

T_co = TypeVar("T_co", covariant=True)


@overload
def as_said(target: JsonTarget[object]) -> JsonTarget[JsonValue]: ...
@overload
def as_said(target: Target[object]) -> Target[JsonValue]: ...
@lru_cache(maxsize=1024)
def as_said(target: Target[object]) -> Target[JsonValue]:
    """*target* with the JSON that says an output in place of the output.

    What was left out is not in it, where a dumped output has defaults, and other names.
    """
    if isinstance(target, TextTarget):
        return TextTarget(target.name, target.form, partial(_built_as_said, target.build))
    return JsonTarget(target.name, target.schema, _AsSaid(target.decoder), target.floats)


@frozen
class _AsSaid(Generic[T_co]):
    """Takes what *decoder* takes, as it stands."""

    decoder: Decoder[T_co]

    def check(
        self, value: JsonValue, text: str | None = None, context: object = None
    ) -> Checked[JsonValue]:
        checked = self.decoder.check(value, text, context)
        return checked if isinstance(checked, Invalid) else Valid(value)


def _built_as_said(
    build: Callable[[JsonValue], Checked[object]], value: JsonValue
) -> Checked[JsonValue]:
    """Takes what *build* takes, as it stands."""
    checked = build(value)
    return checked if isinstance(checked, Invalid) else Valid(value)
