"""Dates and times as people write them: text goes in, ISO 8601 comes out if one reading is left."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date

from deterministic_llm._core.reading.alignment.bends import (
    DATE_SPELLING,
    TIME_SPELLING,
    Bend,
    Bent,
    Refused,
)
from deterministic_llm._core.reading.alignment.numerals import ascii_digits, bare
from deterministic_llm._core.regexes import expression

_LONGEST = 60
_MONTHS = (
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
)
_ABROAD = (
    "januar janvier enero gennaio janeiro januari",
    "februar février fevrier febrero febbraio fevereiro februari",
    "märz mars marzo março maart",
    "avril abril aprile",
    "mai mayo maggio maio mei",
    "juni juin junio giugno junho",
    "juli juillet julio luglio julho",
    "août aout agosto augustus",
    "septembre septiembre setiembre settembre setembro",
    "oktober octobre octubre ottobre outubro",
    "novembre noviembre novembro",
    "dezember décembre decembre diciembre dicembre dezembro",
)
"""Full names of months in German, French, Spanish, Italian, Portuguese and Dutch."""
_MONTHS_ABROAD = {name: place for place, names in enumerate(_ABROAD) for name in names.split()}
_SHORTENED = {"sept": "sep", "tues": "tue", "thur": "thu", "thurs": "thu"}
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_MONTH = r"(?P<month>[^\W\d_]{3,10})\.?"
_DAY = r"(?P<day>\d{1,2})(?:st|nd|rd|th|er|º)?"
_YEAR = r"(?P<year>\d{4})"
_WEEKDAY = r"(?:(?P<weekday>(?:mon|tue|wed|thu|fri|sat|sun)[a-z]{0,6})\.?,?\s+)?"
_NUMERIC = expression(
    r"(?P<year>\d{4})(?P<mark>[-/.])(?P<month>\d{1,2})(?P=mark)(?P<day>\d{1,2})"
    r"|(?P<year2>(?:19|20)\d{2})(?P<month2>\d{2})(?P<day2>\d{2})"
    r"|(?P<year3>\d{4})\s?年\s?(?P<month3>\d{1,2})\s?月\s?(?P<day3>\d{1,2})\s?日"
)
_MIDNIGHT = expression(
    r"(?P<day>\d{4}-\d{2}-\d{2})[t ]00:00(?::00(?:\.0{1,9})?)?(?:z|[+-]\d{2}:?\d{2})?", re.ASCII
)
"""A day as programs write it where they have dates with times alone."""
_DAY_OR_MONTH = expression(r"(\d{1,2})([-/.])(\d{1,2})\2(\d{4})")
_NAMED = (
    expression(rf"{_WEEKDAY}{_MONTH}\s+(?:the\s+)?{_DAY}(?:,\s*|\s+){_YEAR}"),
    expression(
        rf"{_WEEKDAY}(?:(?:the|le|el|den|il)\s+)?{_DAY}(?:\s+(?:of|de)\s+|\.?[\s-]+)"
        rf"{_MONTH}(?:,\s*|[\s-]+|\s+de\s+){_YEAR}"
    ),
)
_ISO_DATE = expression(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_ISO_TIME = expression(r"\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:[Zz]|[+-]\d{2}:?\d{2})?", re.ASCII)
_CLOCK = expression(
    r"(?P<hour>\d{1,2})(?::(?P<minute>\d{2}))?(?::(?P<second>\d{2})(?P<rest>\.\d{1,9})?)?"
    r"(?:\s?(?P<half>[ap])\.?\s?m\.?)?"
    r"(?:\s?(?P<zone>z|utc|gmt|[+-]\d{2}:?\d{2}))?"
)
_MOMENT = expression(
    r"(?P<day>.+?)(?:\s+at\s+|,\s*|\s+|t)(?P<clock>\d{1,2}(?::\d.*|\s?[ap]\.?\s?m.*))"
)
_TWO_TIMES = expression(r"(\d{1,2}:\d{2})\s?-\s?(\d{2}):?(\d{2})\s*\Z", re.ASCII)
_FARTHEST = 10
"""Hours west of Greenwich where hardly anybody lives."""
_STAMP = expression(r"[+-]?\d+(?:\.\d*)?")


def is_iso(text: str, form: str) -> bool:
    """Whether *text* is of the schema *form* date, time or date-time already."""
    if form == "date":
        return _ISO_DATE.fullmatch(text) is not None and _exists(text)
    if form == "time":
        return _ISO_TIME.fullmatch(text) is not None
    day, mark, clock = text[:10], text[10:11], text[11:]
    return mark in ("T", "t") and is_iso(day, "date") and is_iso(clock, "time")


def range_of(text: str, form: str) -> Refused | None:
    """The refusal of two times, of which the second looks like a zone: "09:30-11:00".

    A zone of a time alone is rare, and no later than the time; that of a date with a time is not.
    """
    found = _TWO_TIMES.search(text) if form in ("time", "date-time") else None
    if found is None:
        return None
    first, second = found[1].zfill(5), f"{found[2]}:{found[3]}"
    if second <= first or (form == "date-time" and int(found[2]) < _FARTHEST):
        return None
    return Refused("several_values", "expected one time, not a range", "choose one time")


def moment_of(text: str, form: str) -> Bend:
    """*text* as the schema *form* date, time or date-time.

    No zone, year, century or time of day is ever added. Refused where day and month could be
    exchanged, where the weekday contradicts the date, and where digits would be read as seconds
    since 1970.
    """
    said = ascii_digits(bare(text)).casefold() if len(text) <= _LONGEST else ""
    if form == "date":
        found = _date(said)
    elif form == "time":
        clock = _clock(said)
        found = None if clock is None else Bent(clock, TIME_SPELLING)
    else:
        found = _date_time(said)
    if found is None and _STAMP.fullmatch(said):
        return Refused("format", "expected a date or time in ISO 8601, not a count")
    return found


def _date(said: str) -> Bend:
    numeric = _NUMERIC.fullmatch(said)
    if numeric is not None:
        year, month, day = (int(each) for each in _parts(numeric))
        return _checked(year, month, day)
    midnight = _MIDNIGHT.fullmatch(said)
    if midnight is not None:
        return Bent(midnight["day"], DATE_SPELLING) if _exists(midnight["day"]) else None
    either = _DAY_OR_MONTH.fullmatch(said)
    if either is not None:
        return _day_or_month(int(either[1]), int(either[3]), int(either[4]))
    named = _NAMED[0].fullmatch(said) or _NAMED[1].fullmatch(said)
    place = None if named is None else _month(named["month"])
    if named is None or place is None:
        return None
    return _checked(int(named["year"]), place + 1, int(named["day"]), weekday=named["weekday"])


def _parts(numeric: re.Match[str]) -> list[str]:
    names = ("year", "month", "day")
    return [numeric[name] or numeric[f"{name}2"] or numeric[f"{name}3"] for name in names]


def _day_or_month(first: int, second: int, year: int) -> Bend:
    if first <= 12 and second <= 12 and first != second:
        fix = "write the date as YYYY-MM-DD"
        return Refused("ambiguous", "expected a date whose day and month can be told apart", fix)
    return _checked(year, second, first) if first > 12 else _checked(year, first, second)


def _checked(year: int, month: int, day: int, *, weekday: str | None = None) -> Bend:
    written = f"{year:04}-{month:02}-{day:02}"
    if not _exists(written):
        return None
    if weekday is not None and _place(weekday, _DAYS) != date(year, month, day).weekday():
        return Refused("ambiguous", "expected a weekday and a date that agree")
    return Bent(written, DATE_SPELLING)


def _date_time(said: str) -> Bend:
    moment = _MOMENT.fullmatch(said)
    clock = None if moment is None else _clock(moment["clock"])
    if moment is None or clock is None:
        return None
    day = _date(moment["day"].rstrip(", "))
    if not isinstance(day, Bent):
        return day
    return Bent(f"{day.value}T{clock}", TIME_SPELLING)


def _clock(said: str) -> str | None:
    match = _CLOCK.fullmatch(said)
    if match is None:
        return None
    hour, minute, second = match["hour"], match["minute"], match["second"]
    whole = int(hour)
    if match["half"] is not None:
        if not 1 <= whole <= 12:
            return None
        whole = whole % 12 + (12 if match["half"] == "p" else 0)
    elif minute is None or len(hour) < 2:
        return None
    if whole > 23 or int(minute or 0) > 59 or int(second or 0) > 59:
        return None
    zone = match["zone"] or ""
    if zone in ("z", "utc", "gmt"):
        zone = "Z"
    elif zone and zone[-3] != ":":
        zone = f"{zone[:-2]}:{zone[-2:]}"
    return f"{whole:02}:{minute or '00'}:{second or '00'}{match['rest'] or ''}{zone}"


def _month(word: str) -> int | None:
    place = _place(word, _MONTHS)
    return _MONTHS_ABROAD.get(word) if place is None else place


def _place(word: str, words: Sequence[str]) -> int | None:
    """Where the word stands that *word* is, or shortens."""
    short = _SHORTENED.get(word, word)
    return next((place for place, each in enumerate(words) if short in (each, each[:3])), None)


def _exists(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True
