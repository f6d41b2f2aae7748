"""Rules about the items of a list: that no two are alike, their order, and their sum."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from decimal import MAX_EMAX, MIN_EMIN, ROUND_HALF_EVEN, Context, Decimal, localcontext
from itertools import pairwise
from typing import ClassVar, cast

from pydantic_core import to_jsonable_python
from typing_extensions import override

from deterministic_llm._core.attempts import Violation
from deterministic_llm._core.exchange import JsonValue
from deterministic_llm._core.records import frozen
from deterministic_llm._core.schema.violations import json_path
from deterministic_llm._core.schema.wording import quote
from deterministic_llm.errors import SchemaError
from deterministic_llm.validators.markers import Marker, Said, violation
from deterministic_llm.validators.members import Steps, compiled_path, items_of, selected


@frozen
class Unique(Marker):
    """A list without two equal items, or without two whose member *key* is the same.

    With *fold*, texts that differ in case or outer blanks alone are the same.
    """

    key: str | None = None
    fold: bool = False
    reads: ClassVar[tuple[type, ...]] = (Collection,)

    def __post_init__(self) -> None:
        compiled_path(self.key or "", repr(self))

    @property
    @override
    def told(self) -> str:
        return (
            "" if self.key is None and not self.fold else f"no two items with the same {self._what}"
        )

    @property
    @override
    def keywords(self) -> Mapping[str, JsonValue]:
        return {"uniqueItems": True} if self.key is None else {}

    @property
    def _what(self) -> str:
        return self.key or "value"

    @override
    def check(self, value: object, context: object) -> Said:
        steps = compiled_path(self.key or "", repr(self))
        seen: dict[str, int] = {}
        broken: list[Violation] = []
        for index, item in enumerate(items_of(value)):
            for location, known in selected(item, steps):
                first = seen.setdefault(_identity(known, fold=self.fold), index)
                if first != index:
                    path = json_path((index, *location))
                    problem = f"expected another {self._what} than that of item [{first}]"
                    broken.append(violation(problem, path=path, fix="write another one"))
        return broken


def _identity(value: object, *, fold: bool) -> str:
    """*value* as text that equal values share; 1 and 1.0 are equal, true is neither."""
    plain = cast("object", to_jsonable_python(value, by_alias=True, serialize_unknown=True))
    if isinstance(plain, float) and plain.is_integer():
        plain = int(plain)
    if isinstance(plain, str) and fold:
        plain = plain.strip().casefold()
    return json.dumps(plain, sort_keys=True)


@frozen
class Ordered(Marker):
    """A list in ascending order of its items, or of their member *by*; equal ones may follow.

    Texts are compared letter by letter, as Python does.
    """

    by: str | None = None
    descending: bool = False
    reads: ClassVar[tuple[type, ...]] = (Collection,)

    def __post_init__(self) -> None:
        compiled_path(self.by or "", repr(self))

    @property
    @override
    def told(self) -> str:
        by = "" if self.by is None else f" by {self.by}"
        return f"in {'descending' if self.descending else 'ascending'} order{by}"

    @override
    def check(self, value: object, context: object) -> Said:
        steps = compiled_path(self.by or "", repr(self))
        keys = [
            (index, key)
            for index, item in enumerate(items_of(value))
            for _, key in selected(item, steps)
            if key is not None
        ]
        for (before, left), (after, right) in pairwise(keys):
            problem = self._problem(left, right)
            if problem:
                places = f"item [{after}], {quote(right)}, {problem} item [{before}], {quote(left)}"
                return violation(f"expected items {self.told}: {places}", fix="sort them")
        return None

    def _problem(self, left: object, right: object) -> str:
        low, high = (right, left) if self.descending else (left, right)
        try:
            wrong = high < low  # type: ignore[operator]  # caught below
        except TypeError:
            return "cannot be compared to"
        return "must come before" if wrong else ""


@frozen
class SumsTo(Marker):
    """Numbers that add up to *total*, give or take *tolerance*: a list, or members *of* a value.

    *total* is a number, or the path of the member that says it: ``SumsTo(100, of="[*].share")`` for
    a list of objects, ``SumsTo("total", of="parts[*].score")`` for an object. Decimals are summed
    as they are written, so 0.1 and 0.2 are 0.3.
    """

    total: float | Decimal | str
    tolerance: float | Decimal = 0
    of: str = "[*]"

    def __post_init__(self) -> None:
        compiled_path(self.of, repr(self))
        if isinstance(self.total, str):
            compiled_path(self.total, repr(self))
        elif _number(self.total) is None:
            raise SchemaError(repr(self), f"{self.total!r} is no total", "give a number or a path")
        margin = _number(self.tolerance)
        if margin is None or margin < 0:
            problem = f"{self.tolerance!r} is no tolerance"
            raise SchemaError(repr(self), problem, "give a number from 0")

    @property
    @override
    def told(self) -> str:
        return f"{self._addends} add up to {self.total}"

    @property
    def _addends(self) -> str:
        return "the numbers" if self.of == "[*]" else self.of

    @override
    def check(self, value: object, context: object) -> Said:
        with localcontext(_EXACT):
            return self._summed(value)

    def _summed(self, value: object) -> Said:
        addends = list(selected(value, compiled_path(self.of, repr(self))))
        at, total = self._wanted(value)
        numbers = [_number(number) for _, number in addends]
        if total is None or None in numbers:
            return violation(f"expected finite numbers: {self.told}", path=json_path(at))
        added = sum(cast("list[Decimal]", numbers), start=Decimal())
        if abs(added - total) <= Decimal(str(self.tolerance)):
            return None
        if not isinstance(self.total, str):
            problem = f"expected {self._addends} to add up to {total}, not {added}"
            return violation(problem, fix=_correction(total - added))
        involved = tuple(json_path(location) for location, _ in addends)
        problem = f"expected the sum of {self._addends}, which is {added}"
        fix = "correct it, or the numbers that it sums"
        return violation(problem, path=json_path(at), fix=fix, involved=involved)

    def _wanted(self, value: object) -> tuple[Steps, Decimal | None]:
        if not isinstance(self.total, str):
            return (), _number(self.total)
        found = list(selected(value, compiled_path(self.total, repr(self))))
        return (found[0][0], _number(found[0][1])) if len(found) == 1 else ((), None)


_EXACT = Context(prec=2000, Emax=MAX_EMAX, Emin=MIN_EMIN, rounding=ROUND_HALF_EVEN, traps=[])
"""As many digits as sums of any floats have: how a caller rounds is nothing to a rule."""


def _number(value: object) -> Decimal | None:
    """*value* as it is written; None for what is no finite number."""
    if isinstance(value, bool) or not isinstance(value, (int, float, Decimal)):
        return None
    number = Decimal(str(value))
    return number if number.is_finite() else None


def _correction(missing: Decimal) -> str:
    if missing > 0:
        return f"make them larger by {missing} altogether"
    return f"make them smaller by {-missing} altogether"
