"""The string formats that are validated, where jsonschema alone would let anything pass."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime, time

from jsonschema import FormatChecker

from deterministic_llm._core.regexes import expression

_OFFSET = r"(?:[Zz]|[+-]\d{2}:\d{2})?"
_CLOCK = rf"\d{{2}}:\d{{2}}(?::\d{{2}}(?:\.\d{{1,9}})?)?{_OFFSET}"
_DATE = expression(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_TIME = expression(_CLOCK, re.ASCII)
_MOMENT = expression(rf"\d{{4}}-\d{{2}}-\d{{2}}[Tt]{_CLOCK}", re.ASCII)
_DURATION = expression(
    r"[+-]?P(?=.)(?:\d+W|(?:\d+Y)?(?:\d+M)?(?:\d+D)?(?:T(?=.)(?:\d+H)?(?:\d+M)?(?:\d+(?:\.\d+)?S)?)?)",
    re.ASCII,
)
_URI = expression(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s<>\"{}|\\^`]+", re.ASCII)
_EMAIL = expression(r"[^@\s]+@[^@\s.]+(?:\.[^@\s.]+)*")
_HOST = expression(r"(?=.{1,253}\Z)(?!-)[\w-]{1,63}(?<!-)(?:\.(?!-)[\w-]{1,63}(?<!-))*\.?")


def format_checker() -> FormatChecker:
    """The checks of jsonschema, with ours for dates, times, durations, addresses and hosts.

    Times may leave out the zone: models write local times, and refusing them would not make one
    up. Whoever needs it asks for a pattern.
    """
    checker = FormatChecker()
    for name, holds in _CHECKS.items():
        checker.checks(name)(_on_text(holds))
    return checker


def _on_text(holds: Callable[[str], bool]) -> Callable[[object], bool]:
    return lambda value: not isinstance(value, str) or holds(value)


def _is_date(text: str) -> bool:
    return _DATE.fullmatch(text) is not None and _reads(date.fromisoformat, text)


def _is_time(text: str) -> bool:
    return _TIME.fullmatch(text) is not None and _reads(time.fromisoformat, text)


def _is_moment(text: str) -> bool:
    return _MOMENT.fullmatch(text) is not None and _reads(datetime.fromisoformat, text.upper())


def _reads(read: Callable[[str], object], text: str) -> bool:
    try:
        read(text)
    except ValueError:
        return False
    return True


def _matches(pattern: re.Pattern[str]) -> Callable[[str], bool]:
    return lambda text: pattern.fullmatch(text) is not None


_CHECKS: dict[str, Callable[[str], bool]] = {
    "date": _is_date,
    "time": _is_time,
    "date-time": _is_moment,
    "duration": _matches(_DURATION),
    "uri": _matches(_URI),
    "email": _matches(_EMAIL),
    "hostname": _matches(_HOST),
}
