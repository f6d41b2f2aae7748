"""Durations as people write them: text goes in, ISO 8601 comes out if every figure has its unit."""

from __future__ import annotations

from decimal import Decimal

from deterministic_llm._core.reading.alignment.bends import DURATION_SPELLING, Bend, Bent
from deterministic_llm._core.reading.alignment.numerals import ascii_digits, bare, word_value
from deterministic_llm._core.regexes import expression

_LONGEST = 60
_UNITS = (
    ("W", 604_800, "w week weeks woche wochen semaine semaines semana semanas"),
    ("D", 86_400, "d day days tag tage tagen jour jours día días dia dias"),
    ("H", 3_600, "h hr hrs hour hours std stunde stunden heure heures hora horas"),
    ("M", 60, "min mins minute minutes minuten minuto minutos"),
    ("S", 1, "s sec secs second seconds sekunde sekunden seconde secondes segundo segundos"),
)
"""The letter of a unit, its seconds, and its spellings, the longest unit first."""
_PLACES = {
    spelling: place
    for place, (_, _, spellings) in enumerate(_UNITS)
    for spelling in spellings.split()
}
_MINUTES = 3
_PART = expression(
    r"(?P<figure>\d{1,9}(?:[.,]\d{1,2})?|[a-z]{3,9}(?:-[a-z]{3,5})?)\s?(?P<unit>[^\W\d_]{1,9})\.?"
    r"(?:(?:,\s?|\s)(?:(?:and|und|et|y)\s)?|\Z)"
)


def duration_of(text: str) -> Bend:
    """The duration that *text* says in figures and units: "1 hour 30 minutes".

    Months and years have no length; an ``m`` is a minute behind hours alone.
    """
    said = ascii_digits(bare(text)).casefold() if len(text) <= _LONGEST else ""
    parts: list[tuple[Decimal, int]] = []
    at = 0
    while at < len(said):
        part = _PART.match(said, at)
        figure = None if part is None else _figure(part["figure"])
        place = None if part is None else _place(part["unit"], parts)
        broken = parts and (parts[-1][1] >= (place or 0) or parts[-1][0] % 1)
        if part is None or figure is None or place is None or broken:
            return None
        parts.append((figure, place))
        at = part.end()
    return Bent(_written(parts), DURATION_SPELLING) if parts else None


def _figure(said: str) -> Decimal | None:
    if said[:1].isdecimal():
        return Decimal(said.replace(",", "."))
    value = word_value(said)
    return None if value is None else Decimal(value)


def _place(unit: str, before: list[tuple[Decimal, int]]) -> int | None:
    if unit == "m":
        return _MINUTES if before and before[-1][1] == _MINUTES - 1 else None
    return _PLACES.get(unit)


def _written(parts: list[tuple[Decimal, int]]) -> str:
    """*parts* in ISO 8601: as they stand, or in seconds where one is a fraction or a week."""
    if any(figure % 1 or _UNITS[place][0] == "W" for figure, place in parts):
        seconds = sum(figure * _UNITS[place][1] for figure, place in parts)
        return f"PT{seconds:.0f}S" if seconds % 1 == 0 else f"PT{seconds:f}S"
    days = "".join(f"{figure}D" for figure, place in parts if _UNITS[place][0] == "D")
    clock = "".join(f"{figure}{_UNITS[place][0]}" for figure, place in parts if place > 1)
    return f"P{days}T{clock}" if clock else f"P{days}"
