"""Numbers between bounds as the language of their digits: ``10`` or one of ``0`` to ``9``."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import ROUND_FLOOR, Decimal
from itertools import groupby
from typing import TypeAlias

from deterministic_llm._core.records import frozen
from deterministic_llm._core.schema.language import (
    Language,
    Sign,
    Times,
    Words,
    either,
    optional,
    series,
)

_DIGIT = Sign((("0", "9"),))
_NONZERO = Sign((("1", "9"),))
_MINUS = Words("-")


@frozen
class Bound:
    """The end of a range; *excluded* says that it is itself no part of it."""

    value: Decimal
    excluded: bool = False


def integer_range(low: int | None, high: int | None, *, digits: int | None = None) -> Language:
    """Every integer from *low* to *high*, both included; None is no bound.

    Without a bound there are at most so many *digits*. Bounds that leave nothing are not kept: what
    is written then is refused by the reader.
    """
    if low is not None and high is not None and low > high:
        return integer_range(None, None, digits=digits)
    options: list[Language] = []
    if low is None or low < 0:
        least = None if low is None else -low
        nearest = 1 if high is None else max(1, -high)
        options += [series((_MINUS, each)) for each in _naturals(nearest, least, digits)]
    if high is None or high >= 0:
        options += _naturals(max(0, low or 0), high, digits)
    return either(options)


def number_range(
    low: Bound | None,
    high: Bound | None,
    *,
    digits: int | None = None,
    decimals: int | None = None,
) -> Language:
    """Every number from *low* to *high*; None is no bound.

    Without a bound there are at most so many *digits* before the point, and behind it at most so
    many *decimals*, or as many as the bounds have.
    """
    if low is not None and high is not None and not _leaves_something(low, high):
        return number_range(None, None, digits=digits, decimals=decimals)
    known = [bound for bound in (low, high) if bound is not None]
    if decimals is not None:
        decimals = max(decimals, *(_decimals(bound) for bound in known), 0)
    amounts = _Amounts(digits, decimals)
    options: list[Language] = []
    if low is None or low.value < 0:
        least = None if low is None else Bound(-low.value, low.excluded)
        nearest = Bound(Decimal(0), excluded=True)  # nobody writes -0
        if high is not None and high.value < 0:
            nearest = Bound(-high.value, high.excluded)
        options += [series((_MINUS, each)) for each in amounts.between(nearest, least)]
    if high is None or high.value > 0 or (high.value == 0 and not high.excluded):
        start = low if low is not None and low.value >= 0 else Bound(Decimal(0))
        options += amounts.between(start, high)
    return either(options)


def _leaves_something(low: Bound, high: Bound) -> bool:
    return low.value < high.value or (
        low.value == high.value and not low.excluded and not high.excluded
    )


def _decimals(bound: Bound) -> int:
    exponent = bound.value.normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def _naturals(low: int, high: int | None, digits: int | None) -> list[Language]:
    """The natural numbers from *low* to *high*, the longest numbers first."""
    if high is not None:
        return _spans(low, high)
    shortest = len(str(low))
    if digits is not None:
        return _spans(low, 10 ** max(digits, shortest) - 1)
    longer = series((_NONZERO, Times(_DIGIT, shortest)))
    return [longer, *_spans(low, 10**shortest - 1)]


def _spans(low: int, high: int) -> list[Language]:
    shortest, longest = len(str(low)), len(str(high))
    whole = [length for length in range(shortest, longest + 1) if _all_between(length, low, high)]
    spans: list[Language] = []
    for length in range(longest, shortest - 1, -1):
        if length not in whole:
            first = max(low, 10 ** (length - 1) if length > 1 else 0)
            spans += _same_length(str(first), str(min(high, 10**length - 1)))
        elif length == whole[-1]:
            spans.append(series((_NONZERO, _repeated(whole[0] - 1, length - 1))))
    return spans


def _all_between(length: int, low: int, high: int) -> bool:
    return length > 1 and low <= 10 ** (length - 1) and 10**length - 1 <= high


def _same_length(low: str, high: str) -> Iterator[Language]:
    """The digit strings from *low* to *high*, which are equally long."""
    if low == high:
        yield Words(low)
    elif len(low) > 1 and set(low) == {"0"} and set(high) == {"9"}:
        yield _repeated(len(low), len(low))
    elif low[0] == high[0]:
        yield from (series((Words(low[0]), rest)) for rest in _same_length(low[1:], high[1:]))
    elif len(low) == 1:
        yield Sign(((low, high),))
    else:
        yield from _different_starts(low, high)


def _different_starts(low: str, high: str) -> Iterator[Language]:
    rest = len(low) - 1
    first, last = int(low[0]), int(high[0])
    if set(low[1:]) != {"0"}:
        for each in _same_length(low[1:], "9" * rest):
            yield series((Words(str(first)), each))
        first += 1
    trimmed = set(high[1:]) != {"9"}
    middle = last - 1 if trimmed else last
    if first <= middle:
        yield series((_span(first, middle), _repeated(rest, rest)))
    if trimmed:
        for each in _same_length("0" * rest, high[1:]):
            yield series((Words(str(last)), each))


def _span(first: int, last: int) -> Language:
    return Words(str(first)) if first == last else Sign(((str(first), str(last)),))


def _repeated(low: int, high: int) -> Language:
    return _DIGIT if low == high == 1 else Times(_DIGIT, low, high)


@frozen
class _Amounts:
    """Numbers without a sign, of limited *digits* and *decimals*."""

    digits: int | None
    decimals: int | None

    def between(self, low: Bound, high: Bound | None) -> list[Language]:
        """The numbers from *low* to *high*, with and without decimals."""
        first, after_low = _cut(low)
        if high is None:
            return [
                *self._of_whole(first, after_low, None),
                self._any_decimals(_naturals(first + 1, None, self.digits)),
            ]
        last, after_high = _cut(high)
        if first == last:
            return self._of_whole(first, after_low, after_high)
        options = self._of_whole(last, _REACHED, after_high)
        options += self._of_whole(first, after_low, None)
        if first + 1 < last:
            options.append(self._any_decimals(_naturals(first + 1, last - 1, self.digits)))
        return options

    def _any_decimals(self, whole: list[Language]) -> Language:
        decimals = series((Words("."), Times(_DIGIT, 1, self.decimals)))
        return series((either(whole), optional(decimals)))

    def _of_whole(self, whole: int, low: _Part, high: _Part | None) -> list[Language]:
        """The numbers that begin with *whole* and whose decimals lie from *low* to *high*."""
        bare = _may_end(low, high)
        decimals = list(self._decimals_between(low, high, 0))
        options: list[Language] = [Words(str(whole))] if bare else []
        if decimals:
            behind = series((Words("."), either(decimals)))
            options = [series((Words(str(whole)), optional(behind) if bare else behind))]
        return options

    def _decimals_between(self, low: _Part, high: _Part | None, used: int) -> Iterator[Language]:
        """What may follow, at least one digit, where *used* digits stand behind the point."""
        left = None if self.decimals is None else self.decimals - used
        if left == 0:
            return
        if high is not None and not high[0]:
            if low == high == _REACHED:
                yield Times(Words("0"), 1, left)
        elif high is None and not low[0]:
            fewer = None if left is None else left - 1
            above = series((Times(Words("0"), 0, fewer), _NONZERO, Times(_DIGIT, 0, fewer)))
            yield above if low[1] else Times(_DIGIT, 1, left)
        else:
            for rest, digits in groupby(range(10), lambda digit: _after(digit, low, high)):
                if rest is not None:
                    yield from self._beginning(list(digits), *rest, used + 1)

    def _beginning(
        self, digits: list[int], low: _Part, high: _Part | None, used: int
    ) -> Iterator[Language]:
        """One of *digits*, and then what lies from *low* to *high*."""
        start = _span(digits[0], digits[-1])
        more = list(self._decimals_between(low, high, used))
        ends = _may_end(low, high)
        if more:
            following = either(more)
            yield series((start, optional(following) if ends else following))
        elif ends:
            yield start


_Part: TypeAlias = tuple[str, bool]
"""What is left of the decimals of a bound, without zeros at the end, and whether it is excluded."""
_REACHED: _Part = ("", False)
"""A bound that what stands there already has."""


def _cut(bound: Bound) -> tuple[int, _Part]:
    whole = int(bound.value.to_integral_value(ROUND_FLOOR))
    part = f"{bound.value - whole:f}".partition(".")[2].rstrip("0")
    return whole, (part, bound.excluded)


def _may_end(low: _Part, high: _Part | None) -> bool:
    """Whether nothing but zeros may follow."""
    return low == _REACHED and high != ("", True)


def _after(digit: int, low: _Part, high: _Part | None) -> tuple[_Part, _Part | None] | None:
    """What is left of the bounds behind *digit*; None where that may not stand here."""
    least, most = int(low[0][:1] or 0), 9 if high is None else int(high[0][:1] or 0)
    if not least <= digit <= most:
        return None
    below = (low[0][1:], low[1]) if digit == least else _REACHED
    above = (high[0][1:], high[1]) if high is not None and digit == most else None
    return below, above
