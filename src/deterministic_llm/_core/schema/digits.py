"""Numbers between bounds as grammar alternatives of their digits: ``"10" | [0-9]``."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

OPEN_DIGITS = 15
"""Digits of an integer that has no bound on one side."""
DECIMALS = 2
"""Decimals of a number, unless its bounds have more."""


def integer_range(low: int | None, high: int | None) -> str:
    """Alternatives for every integer from *low* to *high*, both included; None is no bound.

    Bounds that leave nothing are not kept: what is written then is refused by the reader.
    """
    if low is not None and high is not None and low > high:
        return integer_range(None, None)
    beyond = 10**OPEN_DIGITS - 1
    least = -max(beyond, abs(high or 0)) if low is None else low
    most = max(beyond, abs(low or 0)) if high is None else high
    options: list[str] = []
    if least < 0:
        options += [f'"-" {each}' for each in _naturals(max(1, -most), -least)]
    if most >= 0:
        options += _naturals(max(0, least), most)
    return " | ".join(options)


def number_range(low: Decimal | None, high: Decimal | None) -> str:
    """Alternatives for every number from *low* to *high* that has few decimals."""
    if low is not None and high is not None and low > high:
        return number_range(None, None)
    places = max(DECIMALS, *(-_exponent(bound) for bound in (low, high) if bound is not None), 0)
    beyond = Decimal(10**OPEN_DIGITS) - Decimal(1).scaleb(-places)
    least = min(-beyond, high or beyond) if low is None else low
    most = max(beyond, low or beyond) if high is None else high
    options: list[str] = []
    if least < 0:
        options += [f'"-" {each}' for each in _positives(max(-most, Decimal(0)), -least, places)]
    if most >= 0:
        options += _positives(max(least, Decimal(0)), most, places)
    return " | ".join(options)


def _naturals(low: int, high: int) -> list[str]:
    """Digit classes for the natural numbers from *low* to *high*, the longest numbers first."""
    shortest, longest = len(str(low)), len(str(high))
    whole = [length for length in range(shortest, longest + 1) if _all_between(length, low, high)]
    spans: list[str] = []
    for length in range(longest, shortest - 1, -1):
        if length not in whole:
            first = max(low, 10 ** (length - 1) if length > 1 else 0)
            spans += _same_length(str(first), str(min(high, 10**length - 1)))
        elif length == whole[-1]:
            fewest, most = whole[0] - 1, length - 1
            count = f"{fewest},{most}" if fewest < most else f"{most}"
            spans.append(f"[1-9] [0-9]{{{count}}}")
    return spans


def _all_between(length: int, low: int, high: int) -> bool:
    return length > 1 and low <= 10 ** (length - 1) and 10**length - 1 <= high


def _same_length(low: str, high: str) -> Iterator[str]:
    """Patterns for the digit strings from *low* to *high*, which are equally long."""
    if low == high:
        yield f'"{low}"'
    elif len(low) > 1 and set(low) == {"0"} and set(high) == {"9"}:
        yield _any_digits(len(low))
    elif low[0] == high[0]:
        yield from (f'"{low[0]}" {rest}' for rest in _same_length(low[1:], high[1:]))
    elif len(low) == 1:
        yield f"[{low}-{high}]"
    else:
        yield from _different_starts(low, high)


def _different_starts(low: str, high: str) -> Iterator[str]:
    rest = len(low) - 1
    first, last = int(low[0]), int(high[0])
    if set(low[1:]) != {"0"}:
        yield from (f'"{first}" {each}' for each in _same_length(low[1:], "9" * rest))
        first += 1
    trimmed = set(high[1:]) != {"9"}
    middle = last - 1 if trimmed else last
    if first <= middle:
        digit = f'"{first}"' if first == middle else f"[{first}-{middle}]"
        yield f"{digit} {_any_digits(rest)}"
    if trimmed:
        yield from (f'"{last}" {each}' for each in _same_length("0" * rest, high[1:]))


def _any_digits(count: int) -> str:
    return "[0-9]" if count == 1 else f"[0-9]{{{count}}}"


def _positives(low: Decimal, high: Decimal, places: int) -> list[str]:
    """Patterns for the numbers from *low* to *high*, with and without decimals."""
    first, last = int(low.to_integral_value(ROUND_FLOOR)), int(high.to_integral_value(ROUND_FLOOR))
    low_part, high_part = low - first, high - last
    if first == last:
        return [_with_part(first, low_part, high_part, places)]
    options: list[str] = []
    if high_part + Decimal(1).scaleb(-places) == 1:
        last += 1
    else:
        options.append(_with_part(last, Decimal(0), high_part, places))
    if low_part:
        options.append(_with_part(first, low_part, None, places))
        first += 1
    if first <= last - 1:
        whole = " | ".join(_naturals(first, last - 1))
        options.append(f'({whole}) ("." [0-9]{{1,{places}}})?')
    return options


def _with_part(whole: int, low: Decimal, high: Decimal | None, places: int) -> str:
    """The numbers that begin with *whole* and whose decimals lie from *low* to *high*."""
    least = f"{low:.{places}f}"[2:]
    most = "9" * places if high is None else f"{high:.{places}f}"[2:]
    parts = " | ".join(_parts(least, most))
    bare = "?" if not low else ""
    return f'"{whole}" ("." ({parts})){bare}'


def _parts(low: str, high: str) -> list[str]:
    """Decimals from *low* to *high*; trailing zeros may be left out."""
    options: list[str] = []
    for count in range(len(low), 0, -1):
        first, last = _rounded(low, count, ROUND_CEILING), _rounded(high, count, ROUND_FLOOR)
        if first <= last and len(first) == count:
            options += _same_length(first, last)
    return options


def _rounded(digits: str, count: int, rounding: str) -> str:
    scaled = (Decimal(f"0.{digits}") * 10**count).to_integral_value(rounding)
    return f"{int(scaled):0{count}d}"


def _exponent(bound: Decimal) -> int:
    exponent = bound.as_tuple().exponent
    return exponent if isinstance(exponent, int) else 0
