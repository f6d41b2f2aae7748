"""The way down and up of alternatives: the one that a value is valid for, below and above."""

from __future__ import annotations

from collections.abc import Sequence

from typing_extensions import override

from deterministic_llm._core.attempts import Violation
from deterministic_llm._core.exchange import JsonValue
from deterministic_llm._core.records import frozen
from deterministic_llm._core.schema.lowering.codecs import (
    Climb,
    Codec,
    Fits,
    InexpressibleError,
    Location,
    problem,
    text_of,
)


@frozen
class Option:
    """One alternative: what *fits* it above and *answers* it below."""

    fits: Fits
    answers: Fits
    codec: Codec


@frozen
class Branches(Codec):
    """One of several alternatives: the one that the value is valid for, below and above."""

    options: tuple[Option, ...]

    @property
    @override
    def parts(self) -> Sequence[Codec]:
        return [option.codec for option in self.options]

    @override
    def up(self, value: JsonValue, at: Location, climb: Climb) -> JsonValue:
        raised = [
            _raised(option, value, at, climb) for option in self.options if option.answers(value)
        ]
        valid = {
            text_of(each): each
            for option, each, wrong in raised
            if len(raised) > 1 and not wrong and option.fits(each)
        }
        if len(valid) > 1:
            said = " and ".join([*valid][:2])
            climb.problems.append(problem(at, "ambiguous", "a value that is one alternative", said))
            return value
        for each in valid.values():
            return each
        for _, each, wrong in raised:
            climb.problems += wrong
            return each
        return value

    @override
    def down(self, value: JsonValue) -> JsonValue:
        for option in self.options:
            if option.fits(value):
                try:
                    return option.codec.down(value)
                except InexpressibleError:
                    continue
        raise InexpressibleError


def _raised(
    option: Option, value: JsonValue, at: Location, climb: Climb
) -> tuple[Option, JsonValue, list[Violation]]:
    alone = Climb(texts=climb.texts)  # what one alternative refuses another may take
    return option, option.codec.up(value, at, alone), alone.problems
