"""The rule that one member of an output comes before another one."""

from __future__ import annotations

from typing import cast

from typing_extensions import override

from deterministic_llm._core.records import frozen
from deterministic_llm._core.schema.violations import json_path
from deterministic_llm._core.schema.wording import quote
from deterministic_llm.errors import SchemaError
from deterministic_llm.validators.markers import Marker, Said, violation
from deterministic_llm.validators.members import compiled_path, selected


@frozen
class Before(Marker):
    """An object whose member *first* is less than *second*: a date, a number, a text.

    It goes with the object, as ``Annotated[Trip, Before("start", "end")]`` or into ``validators=``,
    and asks for both members again. Where one of them is None or left out, it passes.
    """

    first: str
    second: str
    or_equal: bool = False

    def __post_init__(self) -> None:
        for path in (self.first, self.second):
            steps = compiled_path(path, repr(self))
            if not steps or "*" in steps:
                problem = f"{path!r} is not one member"
                raise SchemaError(repr(self), problem, 'write Before("start", "end")')
        if self.first == self.second:
            problem = "a member cannot come before itself"
            raise SchemaError(repr(self), problem, 'write Before("start", "end")')

    @property
    @override
    def told(self) -> str:
        return f"{self.first} {self._relation} {self.second}"

    @property
    def _relation(self) -> str:
        return "not after" if self.or_equal else "before"

    @override
    def check(self, value: object, context: object) -> Said:
        found = [
            each
            for path in (self.first, self.second)
            for each in selected(value, compiled_path(path, repr(self)))
        ]
        if len(found) < 2 or found[0][1] is None or found[1][1] is None:
            return None
        (first_at, first), (second_at, second) = found
        try:
            holds = cast("bool", first < second) or (self.or_equal and first == second)  # type: ignore[operator]  # caught below
        except TypeError:
            holds = False
        if holds:
            return None
        lesser, greater = json_path(first_at), json_path(second_at)
        return violation(
            f"expected {lesser[2:]} {self._relation} {greater[2:]}, which is {quote(second)}",
            path=lesser,
            fix=f"correct {lesser[2:]} or {greater[2:]}",
            involved=(greater,),
        )
