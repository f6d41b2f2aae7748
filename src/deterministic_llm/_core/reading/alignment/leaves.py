"""Compiled schema nodes for single values: a number, text, a boolean, null, a label, anything."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from decimal import Decimal

from deterministic_llm._core.exchange import JsonObject, JsonValue
from deterministic_llm._core.reading.alignment.bending import Trace
from deterministic_llm._core.reading.alignment.bends import (
    DIGITS,
    INTEGRAL,
    LABEL_DESCRIBED,
    LABEL_VALUE,
    NULL_WORD,
    Bend,
    Bent,
    Refused,
)
from deterministic_llm._core.reading.alignment.dates import is_iso, moment_of, range_of
from deterministic_llm._core.reading.alignment.durations import duration_of
from deterministic_llm._core.reading.alignment.keys import Names
from deterministic_llm._core.reading.alignment.labels import Labels
from deterministic_llm._core.reading.alignment.openings import Kind, opened
from deterministic_llm._core.reading.alignment.scalars import (
    Wanted,
    amount_of,
    boolean_of,
    integral,
    null_word,
    number_of,
)
from deterministic_llm._core.regexes import expression

_EVERY: frozenset[type] = frozenset((str, int, float, bool, type(None), dict, list))
_FORMS = frozenset({"date", "time", "date-time", "duration"})
_DECIMAL = expression(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
_GROUPED_QUANTIFIER = expression(r"\)[*+?{]|\\[1-9]|\(\?[=!<P(]")
_LONGEST_MATCHED = 64
_FAR = 10**18


class Anything:
    """A node that says nothing, or nothing that alignment understands: all values stay."""

    __slots__ = ("names", "plain")

    def __init__(self) -> None:
        self.plain = _EVERY
        self.names: Names | None = None

    def bend(self, value: JsonValue, trace: Trace) -> JsonValue:
        """*value*."""
        del trace
        return value

    def fits(self, value: JsonValue, trace: Trace) -> bool:
        """Yes."""
        del value, trace
        return True


class Nothing(Anything):
    """The schema false."""

    __slots__ = ()

    def fits(self, value: JsonValue, trace: Trace) -> bool:
        """No."""
        del value, trace
        return False


class Leaf:
    """What single values share: a wrapper is opened, and a rule's answer is recorded."""

    __slots__ = ("kind", "name", "names", "plain")

    def __init__(self, plain: Iterable[type] = (), *, name: str = "") -> None:
        self.kind: Kind = "member"
        self.name = name
        self.plain = frozenset(plain)
        self.names: Names | None = None

    def bend(self, value: JsonValue, trace: Trace) -> JsonValue:
        """*value* as the schema wants it, if a rule knows how."""
        if isinstance(value, (dict, list)):
            trial = opened(self, value, trace, kind=self.kind, name=self.name)
            return value if trial is None else trace.take(trial)
        found = self.read(value)
        if isinstance(found, Bent):
            trace.note(found.rule, value, found.value)
            return found.value
        if found is not None:
            trace.note(found, value)
        return value

    def fits(self, value: JsonValue, trace: Trace) -> bool:
        """Whether *value* is of the type and within the bounds."""
        raise NotImplementedError

    def read(self, value: JsonValue) -> Bend:
        """What a rule makes of a scalar; None for one that is right, or beyond help."""
        raise NotImplementedError


class NumberNode(Leaf):
    """An integer or a number with its bounds."""

    __slots__ = ("_types", "_wanted")

    def __init__(self, wanted: Wanted) -> None:
        self._types = {"integer": (int,), "number": (int, float), "decimal": (int, float)}[
            wanted.kind
        ]
        self._wanted = wanted
        super().__init__(self._types, name=wanted.name)

    def fits(self, value: JsonValue, trace: Trace) -> bool:
        """Whether *value* is a number of the kind, within the bounds."""
        del trace
        if isinstance(value, str):
            return self._wanted.kind == "decimal" and _DECIMAL.fullmatch(value) is not None
        if isinstance(value, bool) or not isinstance(value, self._types):
            return False
        return value == value and self._wanted.admits(Decimal(value))  # noqa: PLR0124  # NaN is not

    def read(self, value: JsonValue) -> Bend:
        """The number that a text, or a float without a fraction, stands for."""
        if isinstance(value, str):
            wanted, whole = self._wanted, self.kind == "whole"
            if wanted.kind != "decimal":
                return number_of(value, wanted.schema, name=wanted.name, whole=whole)
            return None if _DECIMAL.fullmatch(value) else amount_of(value, wanted, whole=whole)
        return self._integer(value)

    def _integer(self, value: JsonValue) -> Bend:
        """The integer that a float without a fraction stands for."""
        if isinstance(value, float) and self._wanted.kind == "integer":
            whole = integral(value)
            return None if whole is None else Bent(whole, INTEGRAL)
        return None


class TextNode(Leaf):
    """A string with its length, pattern and format."""

    __slots__ = ("_form", "_longest", "_matches", "_shortest")

    def __init__(self, schema: JsonObject, *, name: str = "") -> None:
        form = schema.get("format")
        self._form = form if isinstance(form, str) and form in _FORMS else None
        self._shortest = _length(schema.get("minLength"))
        self._longest = _length(schema.get("maxLength"))
        self._matches = _harmless(schema.get("pattern"))
        super().__init__((str,) if self._form is None else (), name=name)

    @property
    def free(self) -> bool:
        """Whether any text fits."""
        limits = (self._form, self._shortest, self._longest, self._matches)
        return all(limit is None for limit in limits)

    def fits(self, value: JsonValue, trace: Trace) -> bool:
        """Whether *value* is text of the length and form."""
        del trace
        dated = self._form not in {None, "duration"}
        if not isinstance(value, str) or (dated and not is_iso(value, self._form or "")):
            return False
        shortest, longest = self._shortest or 0, self._longest
        if len(value) < shortest or (longest is not None and len(value) > longest):
            return False
        return self._matches is None or len(value) > _LONGEST_MATCHED or self._matches(value)

    def read(self, value: JsonValue) -> Bend:
        """The ISO form of a date or time; the digits of an integer."""
        if isinstance(value, str):
            form = self._form
            if form is None:
                return None
            if form == "duration":
                return duration_of(value)
            return range_of(value, form) or (
                None if is_iso(value, form) else moment_of(value, form)
            )
        if isinstance(value, int) and not isinstance(value, bool) and self._form is None:
            return Bent(str(value), DIGITS) if value.bit_length() < 10_000 else None
        return None


class BooleanNode(Leaf):
    """true or false; the *whole* answer may explain which."""

    __slots__ = ("whole",)

    def __init__(self, *, name: str = "") -> None:
        super().__init__((bool,), name=name)
        self.whole = False

    def fits(self, value: JsonValue, trace: Trace) -> bool:
        """Whether *value* is a boolean."""
        del trace
        return isinstance(value, bool)

    def read(self, value: JsonValue) -> Bend:
        """The boolean that a word stands for."""
        return boolean_of(value, whole=self.whole) if isinstance(value, str) else None


class NullNode(Leaf):
    """null and nothing else."""

    __slots__ = ()

    def __init__(self) -> None:
        super().__init__((type(None),))

    def fits(self, value: JsonValue, trace: Trace) -> bool:
        """Whether *value* is null."""
        del trace
        return value is None

    def read(self, value: JsonValue) -> Bend:
        """Null for a word that says so."""
        return Bent(None, NULL_WORD) if isinstance(value, str) and null_word(value) else None


class LabelNode(Leaf):
    """A closed set of values: an enum, a literal or a constant."""

    __slots__ = ("_bounds", "_labels", "_texts", "_values")

    def __init__(self, values: Iterable[JsonValue], *, name: str = "") -> None:
        super().__init__(name=name)
        self._values = list(values)
        self._texts = frozenset(value for value in self._values if isinstance(value, str))
        self._labels = Labels(
            (value for value in self._values if isinstance(value, str)), name=name
        )
        numbers = [each for each in self._values if _is_number(each)]
        self._bounds: JsonObject | None = None
        if numbers:
            low, high = min(numbers, key=_size), max(numbers, key=_size)
            whole = all(isinstance(each, int) for each in numbers)
            kind = "integer" if whole else "number"
            self._bounds = {"type": kind, "minimum": low, "maximum": high}

    def bend(self, value: JsonValue, trace: Trace) -> JsonValue:
        """*value* as the one label that it names."""
        if isinstance(value, str):
            if value in self._texts:
                return value
            if (usual := self._labels.usual(value)) is not None:
                trace.note(usual.rule, value, usual.value)
                return usual.value
        return super().bend(value, trace)

    @property
    def texts(self) -> frozenset[str]:
        """The labels that are text."""
        return self._texts

    def fits(self, value: JsonValue, trace: Trace) -> bool:
        """Whether *value* is one of the set, in type too."""
        del trace
        if isinstance(value, str):
            return value in self._texts
        return any(type(value) is type(each) and value == each for each in self._values)

    def read(self, value: JsonValue) -> Bend:
        """The one label that a text or number names."""
        if isinstance(value, str):
            found = self._labels.named(value) if self._texts else None
            return found or self._of_another_type(value) or self._truth(value)
        if self._has(value):
            return None
        if isinstance(value, int) and not isinstance(value, bool) and -_FAR < value < _FAR:
            return Bent(str(value), LABEL_VALUE) if str(value) in self._texts else None
        whole = integral(value) if isinstance(value, float) else None
        return Bent(whole, INTEGRAL) if whole is not None and self._has(whole) else None

    def _of_another_type(self, text: str) -> Bend:
        candidates = (
            None
            if self._bounds is None
            else number_of(text, self._bounds, name=self.name, whole=self.kind == "whole"),
            boolean_of(text),
            Bent(None, NULL_WORD) if null_word(text) else None,
        )
        found = [each for each in candidates if isinstance(each, Bent) and self._has(each.value)]
        if len(found) == 1:
            return Bent(found[0].value, LABEL_VALUE)
        return next((each for each in candidates if isinstance(each, Refused)), None)

    def _truth(self, text: str) -> Bend:
        """The label for yes or no that the whole answer explains, where there are these two."""
        if self.kind != "whole" or len(self._values) != 2 or len(self._texts) != 2:
            return None
        found = boolean_of(text, whole=True)
        said = {each.value: label for label in self._texts if (each := _word_for(label))}
        label = said.get(found.value) if isinstance(found, Bent) and len(said) == 2 else None
        return None if label is None else Bent(label, LABEL_DESCRIBED)

    def _has(self, value: JsonValue) -> bool:
        return any(type(value) is type(each) and value == each for each in self._values)


def _word_for(label: str) -> Bent | None:
    """The boolean that *label* is a word for."""
    found = boolean_of(label)
    return found if isinstance(found, Bent) else None


def _length(limit: JsonValue) -> int | None:
    return limit if isinstance(limit, int) and not isinstance(limit, bool) else None


def _is_number(value: JsonValue) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _size(value: JsonValue) -> float:
    return value if isinstance(value, int | float) else 0.0


def _harmless(pattern: JsonValue) -> Callable[[str], bool] | None:
    """The test of *pattern*, if no text of moderate length can keep it busy; else None."""
    if not isinstance(pattern, str) or len(pattern) > 200 or _GROUPED_QUANTIFIER.search(pattern):
        return None
    if sum(map(pattern.count, "*+{")) > 3:
        return None
    try:
        search = re.compile(pattern).search
    except (re.error, RecursionError, OverflowError):
        return None
    return lambda text: search(text) is not None
