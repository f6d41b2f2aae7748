"""Units and currencies: which of them a schema names, and which a written amount carries."""

from __future__ import annotations

import re
from collections.abc import Mapping

from deterministic_llm._core.reading.alignment.vocabulary import words
from deterministic_llm._core.regexes import expression

_CURRENCIES: Mapping[str, str] = {
    "$": "USD CAD AUD NZD SGD HKD MXN ARS CLP COP TWD",
    "US$": "USD",
    "A$": "AUD",
    "AU$": "AUD",
    "C$": "CAD",
    "CA$": "CAD",
    "NZ$": "NZD",
    "HK$": "HKD",
    "S$": "SGD",
    "R$": "BRL",
    "€": "EUR",
    "£": "GBP",
    "¥": "JPY CNY",
    "\uffe5": "JPY CNY",
    "₹": "INR",
    "₩": "KRW",
    "₽": "RUB",
    "₺": "TRY",
    "₫": "VND",
    "₪": "ILS",
    "₴": "UAH",
    "₱": "PHP",
    "₦": "NGN",
    "฿": "THB",
    "zł": "PLN",
    "Kč": "CZK",
    "kr": "SEK NOK DKK ISK",
    "kr.": "DKK NOK SEK ISK",
    "dollars": "USD CAD AUD NZD SGD HKD",
    "dollar": "USD CAD AUD NZD SGD HKD",
    "euros": "EUR",
    "euro": "EUR",
    "yen": "JPY",
    "rupees": "INR",
}
_CODES = words(
    "USD EUR GBP JPY CNY INR KRW RUB TRY VND ILS UAH PHP NGN THB PLN CZK SEK NOK DKK ISK CHF CAD"
    " AUD NZD SGD HKD TWD MXN BRL ARS CLP COP ZAR HUF RON BGN AED SAR EGP IDR MYR PKR BDT KES"
)
_MONEY: dict[str, frozenset[str]] = {
    **{code: frozenset({code}) for code in _CODES},
    **{sign: words(codes) for sign, codes in _CURRENCIES.items()},
}
_SIGN = "|".join(sorted(map(re.escape, _MONEY), key=len, reverse=True))
_AMOUNT = expression(
    rf"(?P<minus>[+-]?)\s*(?P<before>{_SIGN})?\s*(?P<figure>[+-]?[\d.].*?)\s*(?P<after>{_SIGN})?",
    re.DOTALL,
)
_DECIMAL_POINT = words("USD GBP JPY CNY INR CAD AUD NZD SGD HKD MXN PHP THB ILS KRW")
"""Currencies whose home writes 1,234.50, never 1.234,50."""

_MEASURES: Mapping[str, Mapping[str, str]] = {
    "length": {
        "mm": "mm millimeter millimeters millimetre millimetres",
        "cm": "cm centimeter centimeters centimetre centimetres",
        "m": "m meter meters metre metres",
        "km": "km kilometer kilometers kilometre kilometres",
        "in": "in inch inches",
        "ft": "ft foot feet",
        "mi": "mi mile miles",
    },
    "mass": {
        "mg": "mg milligram milligrams",
        "g": "g gram grams",
        "kg": "kg kilogram kilograms",
        "lb": "lb lbs pound pounds",
        "oz": "oz ounce ounces",
        "t": "t tonne tonnes",
    },
    "time": {
        "ms": "ms millisecond milliseconds",
        "s": "s sec secs second seconds",
        "min": "min mins minute minutes",
        "h": "h hr hrs hour hours",
        "d": "d day days",
        "week": "week weeks",
        "month": "month months",
        "year": "yr yrs year years",
    },
    "temperature": {
        "°c": "°c c celsius",
        "°f": "°f f fahrenheit",
        "k": "k kelvin kelvins",
    },
    "speed": {
        "km/h": "km/h kmh kph",
        "m/s": "m/s mps",
        "mph": "mph",
    },
    "volume": {
        "ml": "ml milliliter milliliters millilitre millilitres",
        "l": "l liter liters litre litres",
    },
    "data": {
        "kb": "kb kilobyte kilobytes",
        "mb": "mb megabyte megabytes",
        "gb": "gb gigabyte gigabytes",
        "byte": "b byte bytes",
    },
    "power": {"w": "w watt watts", "kw": "kw kilowatt kilowatts"},
    "pressure": {"hpa": "hpa hectopascal hectopascals", "bar": "bar bars", "psi": "psi"},
}
_MEASURE_OF: dict[str, tuple[str, str]] = {
    spelling: (dimension, unit)
    for dimension, units in _MEASURES.items()
    for unit, spellings in units.items()
    for spelling in spellings.split()
}
_AGE = expression(
    r"(?P<figure>\d{1,3})(?P<old>(?:\syears?\s|-years?-)(?:old|of age)|\s?y/?o)?"
    r"(?:(?(old)|(?:\syears?|\sjahre?(?:\salt)?|\sans?|\saños|\sanni|\sanos(?:\sde\sidade)?|\sjaar"
    r"(?:\soud)?|\s(?:лет|года?)|\s?[岁歲歳才]|\s?세|\s?살)))",
    re.IGNORECASE,
)
_OF_AGE = expression(
    r"\b(?:ages?|aged|old|years?|alter|âge|edad|età|idade|leeftijd)\b|年齢|年龄|나이"
)
_SHORTER = expression(r"\b(?:months?|weeks?|days?|hours?|minutes?|seconds?|ago|since)\b")
_POINTS = expression(
    r"(?P<figure>[*_`]{0,3}\d[\d.,]*)(?P<of>\s?(?:/|out of|of|von|sur|sobre|de|su)\s?\d+)?"
    r"(?:[\s-](?:points?|pts\.?|stars?|punkten?|puntos?|punti|pontos?|punten)|\s?[分点點점★⭐])"
    r"(?P<behind>\s?(?:/|out of|of|von|sur|sobre|de|su)\s?\d+)?",
    re.IGNORECASE,
)
_AMBIGUOUS_ALONE = words("in m s d t c f k g h l b w")
"""Spellings that are a unit at the end of a property's name, but nothing in a sentence."""
_WORD = expression(r"°?[^\W\d_]+(?:/[^\W\d_]+)?")
_CAMEL = expression(r"(?<=[a-z])(?=[A-Z])")


def money(text: str) -> tuple[str, frozenset[str]] | None:
    """The figure in *text* and the currencies that its sign may mean; None without a sign."""
    amount = _AMOUNT.fullmatch(text)
    if amount is None:
        return None
    figure = str(amount["figure"])
    signs = [_MONEY[str(sign)] for sign in amount.group("before", "after") if sign]
    if not signs or (amount["minus"] and figure[0] in "+-"):
        return None
    return amount["minus"] + figure, signs[0] & signs[-1]


def groups_by_comma(currencies: frozenset[str]) -> bool:
    """Whether an amount in any of *currencies* is written with commas between its groups."""
    return bool(currencies) and bool(currencies & _DECIMAL_POINT)


def currencies_named(name: str, description: str) -> frozenset[str]:
    """The currencies that a property's *name* or *description* says its amount is in."""
    found = [_MONEY[word] for word in _CAMEL.sub(" ", description).split() if word in _MONEY]
    for word in _words(name) + _words(description):
        codes = _MONEY.get(word.upper()) or _MONEY.get(word)
        if codes is not None and word != "try":
            found.append(codes)
    return frozenset[str]().union(*found)


def age(text: str, name: str, description: str, *, bounded: bool) -> str | None:
    """The figure in *text* where that is an age in years, and the schema wants one or says nothing.

    "34 years old" is one by itself, "34 años" only where the schema says so. A *bounded* number of
    which nothing is said is rather a grade.
    """
    found = _AGE.fullmatch(text)
    said = f"{_CAMEL.sub(' ', name).replace('_', ' ')} {description}".strip().casefold()
    if found is None or (not said and (bounded or found["old"] is None)):
        return None
    wanted = not said or _OF_AGE.search(said) is not None
    return found["figure"] if wanted and _SHORTER.search(said) is None else None


def without_points(text: str) -> str | None:
    """*text* without the word for points behind its figure, if there is one: "8 points", "8分"."""
    found = _POINTS.fullmatch(text)
    if found is None or (found["of"] and found["behind"]):
        return None
    return found["figure"] + (found["of"] or found["behind"] or "")


def names_unit(unit: str, name: str, description: str) -> bool:
    """Whether *name* or *description* says that the number is in *unit*, and in no other such."""
    spelling = unit.casefold().rstrip(".")
    own = _words(name)
    if spelling not in _MEASURE_OF:
        return _singular(spelling) in {_singular(word) for word in own}
    dimension, wanted = _MEASURE_OF[spelling]
    named = own[-1:] + [
        word for word in own[:-1] + _words(description) if word not in _AMBIGUOUS_ALONE
    ]
    units = {_MEASURE_OF[word][1] for word in named if _measures(word, dimension)}
    return units == {wanted}


def _measures(word: str, dimension: str) -> bool:
    return word in _MEASURE_OF and _MEASURE_OF[word][0] == dimension


def _words(text: str) -> list[str]:
    return [word.casefold() for word in _WORD.findall(_CAMEL.sub(" ", text).replace("_", " "))]


def _singular(word: str) -> str:
    return word.removesuffix("s")
