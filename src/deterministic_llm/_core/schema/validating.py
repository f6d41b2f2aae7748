"""JSON values of a Python type: pydantic validates, in our words comes out what is wrong."""

from __future__ import annotations

import marshal
import re
import sys
from dataclasses import replace
from typing import Generic, Literal, Protocol

from pydantic import ValidationError
from pydantic_core import to_json
from typing_extensions import TypeVar

from deterministic_llm._core.attempts import Violation
from deterministic_llm._core.exchange import JsonValue
from deterministic_llm._core.records import frozen
from deterministic_llm._core.regexes import expression
from deterministic_llm._core.schema.complaints import Complaints
from deterministic_llm._core.schema.target import Checked, Invalid, Valid, Validate
from deterministic_llm._core.schema.twins import Twins
from deterministic_llm._core.schema.violations import json_path

T_co = TypeVar("T_co", covariant=True)


class ReadsJson(Protocol[T_co]):
    """Pydantic's validator of JSON text."""

    def validate_json(
        self,
        data: str | bytes,
        /,
        *,
        strict: bool,
        context: object,
        extra: Literal["forbid"] | None = None,
    ) -> T_co:
        """The output of *data*, or a ValidationError."""
        ...


@frozen
class TypeDecoder(Generic[T_co]):
    """Validates with pydantic's strict mode, whose JSON rules still read dates and enums.

    Where a value needs no such rules, *validate* takes it as it is. *twins* find keys of it that
    are one in the output, where there may be any. Where it *may_lose* members to a model that does
    not name them, it is looked at once more.
    """

    reader: ReadsJson[T_co]
    complaints: Complaints
    floats: bool
    validate: Validate[T_co] | None
    twins: Twins | None = None
    may_lose: bool = False

    def check(
        self, value: JsonValue, text: str | None = None, context: object = None
    ) -> Checked[T_co]:
        """Validate *value*, or the *text* that says it."""
        try:
            if self.validate is not None:
                output = self.validate(value, strict=True)
            elif self.floats and (path := _too_large_for_floats(value)) is not None:
                return Invalid((replace(_TOO_LARGE, path=json_path(path)),))
            else:
                source = to_json(value) if text is None else text
                output = self.reader.validate_json(source, strict=True, context=context)
                if self.may_lose and (lost := self._lost(source, context)):
                    return Invalid(lost)
        except ValidationError as error:
            return Invalid(self.complaints.of(error))
        twins = () if self.twins is None else self.twins.found_in(value, context)
        return Invalid(twins) if twins else Valid(output)

    def _lost(self, source: str | bytes, context: object) -> tuple[Violation, ...]:
        """What is wrong with the one model that names all the members, if another was taken."""
        try:
            self.reader.validate_json(source, strict=True, context=context, extra="forbid")
        except ValidationError as error:
            return self.complaints.of_loss(error)
        return ()


_TOO_LARGE = Violation("$", "too_large", "expected a number that a float can hold")
_LONG_INTEGER = expression(rb"l[\x45-\xff].\0\0|l.[\x01-\xff]\0\0", re.DOTALL)


def _too_large_for_floats(value: JsonValue) -> list[str | int] | None:
    """The path of an integer in *value* that JSON rules would make an infinite float.

    Marshalled, an integer is an "l" and the count of its digits to the base 32,768; floats end at
    69 of them.
    """
    if _LONG_INTEGER.search(marshal.dumps(value, 2)) is None:
        return None
    pending: list[tuple[list[str | int], JsonValue]] = [([], value)]
    while pending:
        path, inner = pending.pop()
        if isinstance(inner, int) and abs(inner) > sys.float_info.max:
            return path
        if isinstance(inner, dict):
            pending += [([*path, key], each) for key, each in inner.items()]
        elif isinstance(inner, list):
            pending += [([*path, place], each) for place, each in enumerate(inner)]
    return None
