"""One scalar in words: text goes in, the number, boolean or null that a schema wants comes out."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Literal, TypeAlias

from deterministic_llm._core.exchange import JsonObject
from deterministic_llm._core.reading.alignment.bends import (
    BOOLEAN_WORD,
    NUMBER_COMMA,
    NUMBER_DIGITS,
    NUMBER_EXPLAINED,
    NUMBER_MONEY,
    NUMBER_PERCENT,
    NUMBER_RATIO,
    NUMBER_TEXT,
    NUMBER_TWICE,
    NUMBER_UNIT,
    Bend,
    Bent,
    Refused,
    Rule,
)
from deterministic_llm._core.reading.alignment.numerals import (
    LONGEST,
    MOST_DIGITS,
    Reading,
    ascii_digits,
    bare,
    readings,
)
from deterministic_llm._core.reading.alignment.reasons import before_reason, is_reason
from deterministic_llm._core.reading.alignment.reservations import is_mocked, is_reserved
from deterministic_llm._core.reading.alignment.units import (
    age,
    currencies_named,
    groups_by_comma,
    money,
    names_unit,
    without_points,
)
from deterministic_llm._core.reading.alignment.vocabulary import FALSE_WORDS, NULL_WORDS, TRUE_WORDS
from deterministic_llm._core.records import frozen
from deterministic_llm._core.regexes import expression

NumberKind: TypeAlias = Literal["integer", "number", "decimal"]
"""A JSON number as the schema wants it; a decimal keeps its digits as text."""

_BOOLEANS = dict.fromkeys(TRUE_WORDS, True) | dict.fromkeys(FALSE_WORDS, False)

_PLAIN = expression(r"[+-]?\d+(?:\.\d+)?", re.ASCII)
_NUMBER = r"[+-]?[^\W\d_]{0,3}[$€£¥₹]?\s?(?:\d[\d.,]*|[a-z]+(?:[- ][a-z]+)?)\s?%?"
_BEFORE = (
    "~|≈|±|about|around|approximately|approx\\.?|circa|ca\\.?|roughly|nearly|almost|over|under|above"
    "|below|more than|less than|fewer than|at least|at most|up to|between|from|minimum|maximum"
    "|min\\.?|max\\.?|[<>≤≥]=?|maybe|perhaps|probably|either"
)
_AFTER = r"\+|ish|-ish| or so| or more| or less| or higher| or lower| at (?:least|most)|\?"
_BETWEEN = (
    r"\s*(?:[-~;&|]|\u2013|\u2014|\.\.\.?|…|,\s)\s*"
    r"|\s+(?:to|through|until|or|and|versus|vs\.?)\s+"
)
_HEDGED = expression(rf"(?:{_BEFORE})\s*\d.*|[+-]?[\d.,]*\d\s?%?(?:{_AFTER}).*", re.DOTALL)
_SEVERAL = expression(
    rf"(?:between |from |either )?({_NUMBER})(?:{_BETWEEN})({_NUMBER})(?:\W.*)?", re.DOTALL
)
_THOUSANDTHS = expression(r"[+-]?[1-9]\d{0,2}\.\d{3}")
_PERCENT = expression(r"(.+?)\s?(?:%|percent|per cent|pct)", re.IGNORECASE | re.DOTALL)
_RATIO = expression(
    r"(.+?)\s*(?:/|\b(?:out of|of|von|sur|de|su)\b)\s*(.+)", re.IGNORECASE | re.DOTALL
)
_TWICE = expression(r"([^()]+?)\s*\(([^()]+)\)")
_UNIT = expression(r"([+-]?\d[\d.,]*)\s?(°?[^\W\d_]+(?:/[^\W\d_]+)?\.?)")
_ECHO = expression(
    r"(?P<word>yes|no)\s?[,.;:!–—-]+\s?(?:it|that|this|they|these|those|he|she|there|i)\s"
    r"(?:is|are|was|were|am|does|do|did|has|have|had|can|could|will|would|should)"
    r"(?P<denied>n['’]?t|\snot)?"
)
"""The question said again: "Yes, it is", "No, they don't"."""
_SURE = r"(?:absolutely|definitely|certainly|of course|clearly|totally|indeed|exactly)"
_STRESSED = expression(
    rf"(?:(?P<yes>yes)|no)[\s,.;:!–—-]{{1,3}}{_SURE}(?(yes)|(?: not)?)"
    r"|(?P<right>yes)[\s,.;:!–—-]{1,3}(?:that|this|it)(?:'s| is) (?:correct|right|true|so|accurate)"
    rf"|{_SURE}(?:[\s,.!]{{1,3}}(?:(?P<sure>yes)|no)| not)"
)
"""The answer with nothing but stress: "Yes, absolutely", "Definitely not"."""
_LONGEST_EXPLAINED = 600
_EXPLAINED = expression(
    r"[*_`]{0,3}(?P<word>yes|no|true|false|ja|nein|oui|non|sí|si|sì|sim|是的?|はい|네)[*_`]{0,3}"
    r"(?:[,;:.!]\s|\s[-–—]\s|\s(?=\()|[，。、]|\s*\n)\s*\(?(?P<why>[^\W\d_]+(?:[\s,]+[^\W\d_]|[\u3040-\uffff]).*)",
    re.DOTALL,
)
_ABROAD = frozenset({"sì", "sim", "是", "是的", "はい", "네"})
"""Words for yes behind which a reason must be in a language with known turning words."""
_UNSURE = expression(
    r"\b(?:but|however|although|though|except|unless|if|only|maybe|perhaps|possibly|probably|might"
    r"|may(?!\s\d)|could|sure|unsure|depends?|partly|partially|somewhat|mostly|wait|actually|sorry|rather"
    r"|instead|hmm+|please|yes|true|false|correct|incorrect|right|wrong|problem|worries|doubt|matter"
    r"|answer|determined?|tell|unclear|unknown|insufficient|enough"
    r"|thanks?|i|we|you|your|me|my|aber|mais|pero|oder|ou|o|ja|nein|oui|sí)\b"
    r"|\bn(?:o|on|ot)\W*(?:[,.!;:\n]|\Z)|\?"
)
"""Words by which what follows "yes" or "no" is more, less or else than an explanation."""
_DENIES = expression(
    r"\b(?:not|no|never|none|nothing|neither|nor|cannot|without|un[a-z]{4,}|lacks?|missing|absent"
    r"|fails?|nicht|kein\w*|pas)\b|n't\b"
)
"""Words behind "yes" that may turn it around."""
_AFFIRMS = expression(
    r"\A(?:it|that|this|they|these|those|he|she|there)\s"
    r"(?:is|are|was|were|does|do|did|has|have|had|can|will|would|should)\b"
    r"(?!\s(?:not|no|none|nothing|never)\b)"
)
"""How what follows "no" begins, where it says yes."""
_SHARE_WORDS = expression(r"fraction|ratio|share|probabil|proportion|0 (?:to|and) 1", re.IGNORECASE)
_COUNT_WORDS = expression(
    r"count|number|votes|quantity|qty|amount|total|items|people|population|(?<![a-z])(?:ages?"
    r"|years?|days|hours|minutes|seconds|pages|points)(?![a-z])",
    re.IGNORECASE,
)
_PERCENT_WORDS = expression(r"percent|pct|%|per cent", re.IGNORECASE)


@frozen
class Wanted:
    """The number that a schema node asks for, and the *name* of the member that holds it."""

    kind: NumberKind
    schema: JsonObject
    name: str = ""

    @property
    def description(self) -> str:
        """What the schema says about the number in words."""
        said = self.schema.get("description")
        return said if isinstance(said, str) else ""

    def bound(self, keyword: str) -> float | None:
        """The schema's limit *keyword*, if it is a number."""
        limit = self.schema.get(keyword)
        return limit if isinstance(limit, int | float) and not isinstance(limit, bool) else None

    @property
    def is_grade(self) -> bool:
        """Whether the number is one on a scale that begins at 0 or 1."""
        return self.bound("minimum") in (0, 1) and self.bound("maximum") is not None

    def admits(self, value: Decimal) -> bool:
        """Whether *value* keeps the type and the bounds."""
        if self.kind == "integer" and value != value.to_integral_value():
            return False
        low, high = self.bound("minimum"), self.bound("maximum")
        above, below = self.bound("exclusiveMinimum"), self.bound("exclusiveMaximum")
        return (
            (low is None or value >= low)
            and (high is None or value <= high)
            and (above is None or value > above)
            and (below is None or value < below)
        )


def number_of(text: str, schema: JsonObject, *, name: str = "", whole: bool = False) -> Bend:
    """The number that *text* says, if *schema* and its digits leave one reading.

    *schema* is a node of type integer or number with its bounds; *name* is the property's. The
    value may break the bounds: that is for the validator to say. The *whole* answer may say why it
    is so. None: *text* is no number.
    """
    if len(text) <= MOST_DIGITS and text.isdecimal() and text.isascii():
        return Bent(int(text), NUMBER_TEXT)
    kind: NumberKind = "integer" if schema.get("type") == "integer" else "number"
    return amount_of(text, Wanted(kind, schema, name), whole=whole)


def amount_of(text: str, wanted: Wanted, *, whole: bool = False) -> Bend:
    """The number that *text* says in any notation, as *wanted*; the *whole* answer may say why."""
    if len(text) <= MOST_DIGITS and _PLAIN.fullmatch(text):
        return _figure(text, wanted)
    if whole and wanted.is_grade and (reasoned := before_reason(text)) is not None:
        found = amount_of(text[slice(*reasoned)], wanted)
        return replace(found, rule=NUMBER_EXPLAINED) if isinstance(found, Bent) else found
    if len(text) > LONGEST:
        return None
    bared = bare(text)
    for notation in _NOTATIONS:
        found = notation(bared, wanted)
        if found is not None:
            return found
    return None


def boolean_of(text: str, *, whole: bool = False) -> Bend:
    """The boolean that *text* is a word for, in a few languages.

    The *whole* answer may explain it: "No, the text mentions no price".
    """
    said = bare(text).rstrip("!").casefold() if len(text) <= LONGEST else ""
    value = _BOOLEANS.get(said)
    if value is None and (echo := _ECHO.fullmatch(said)) is not None:
        yes, denied = echo["word"] == "yes", echo["denied"] is not None
        value = yes if yes != denied else None
    elif value is None and (stressed := _STRESSED.fullmatch(said)) is not None:
        value = stressed.lastgroup is not None
    elif value is None and whole and len(text) <= _LONGEST_EXPLAINED:
        value = _explained(text)
    return None if value is None else Bent(value, BOOLEAN_WORD)


def _explained(text: str) -> bool | None:
    """The word that *text* begins with, if what follows explains it and takes nothing back."""
    found = _EXPLAINED.fullmatch(text.strip().casefold().replace("’", "'"))
    if found is None or _UNSURE.search(found["why"]) is not None:
        return None
    value = _BOOLEANS.get(found["word"])
    if is_reserved(found["word"], found["why"]) or is_mocked(found["why"]):
        return None
    if found["word"] in _ABROAD and not is_reason(found["why"]):
        return None
    contrary = _DENIES if value else _AFFIRMS
    return None if contrary.search(found["why"]) is not None else value


def null_word(text: str, words: frozenset[str] = NULL_WORDS) -> bool:
    """Whether *text* is one of the *words* for "there is no value"."""
    if len(text) > LONGEST:
        return False
    said = text.strip().casefold()
    return said in words or (not said.isalnum() and bare(said) in words)


def integral(value: float) -> int | None:
    """The integer that a float is exactly, as far as floats are exact; else None."""
    return int(value) if value.is_integer() and abs(value) < 2**53 else None


def _figure(text: str, wanted: Wanted) -> Bend:
    return _chosen(readings(text), wanted)


def _money(text: str, wanted: Wanted) -> Bend:
    amount = money(text)
    if amount is None:
        return None
    figure, currencies = amount
    named = currencies_named(wanted.name, wanted.description)
    if not currencies or (named and not named & currencies):
        return Refused("type", "expected an amount in the currency that the schema names")
    if _THOUSANDTHS.fullmatch(figure):
        return Refused("ambiguous", "expected an amount: the dot may part groups or cents")
    found = readings(figure, groups_by_comma=groups_by_comma(currencies))
    return _chosen(found, wanted, NUMBER_MONEY)


def _percent(text: str, wanted: Wanted) -> Bend:
    match = _PERCENT.fullmatch(text)
    found = readings(match[1]) if match is not None else ()
    if len(found) != 1:
        return None
    whole, most = found[0].value, wanted.bound("maximum")
    if most == 1:
        # "0.95%" of something that ends at 1 is more likely a slip than a share of a hundredth.
        slip = 0 < abs(whole) < 1
        return _unsure() if slip else _single(whole / 100, NUMBER_PERCENT, wanted)
    said = f"{wanted.name} {wanted.description}"
    named = _PERCENT_WORDS.search(said) is not None and not _SHARE_WORDS.search(said)
    if most == 100 or (named and wanted.admits(whole)):
        return _single(whole, NUMBER_PERCENT, wanted)
    only = wanted.admits(whole) and not wanted.admits(whole / 100)
    if only and _COUNT_WORDS.search(said):
        return _unsure()
    if only and (most is None or most > 100):
        return _single(whole, NUMBER_PERCENT, wanted)
    return _unsure()


def _ratio(text: str, wanted: Wanted) -> Bend:
    match = _RATIO.fullmatch(text)
    if match is None:
        return None
    parts, whole = readings(bare(match[1])), readings(bare(match[2]))
    if len(parts) != 1 or len(whole) != 1:
        return None
    if whole[0].value != wanted.bound("maximum") or wanted.bound("minimum") not in (0, 1):
        most = wanted.bound("maximum")
        scale = "" if most is None else f" on the scale that ends at {most}"
        return Refused("denominator", f"expected one number{scale}, not a ratio")
    return _single(parts[0].value, NUMBER_RATIO, wanted)


def _twice(text: str, wanted: Wanted) -> Bend:
    match = _TWICE.fullmatch(text)
    pair = (readings(bare(match[1])), readings(bare(match[2]))) if match is not None else ((), ())
    if len(pair[0]) != 1 or len(pair[1]) != 1:
        return None
    if pair[0][0].value != pair[1][0].value:
        return _several()
    return _single(pair[0][0].value, NUMBER_TWICE, wanted)


def _points(text: str, wanted: Wanted) -> Bend:
    figure = without_points(text) if wanted.is_grade else None
    found = None if figure is None else _figure(figure, wanted) or _ratio(figure, wanted)
    return replace(found, rule=NUMBER_UNIT) if isinstance(found, Bent) else found


def _age(text: str, wanted: Wanted) -> Bend:
    bounded = wanted.bound("maximum") is not None
    figure = age(ascii_digits(text), wanted.name, wanted.description, bounded=bounded)
    return None if figure is None else _chosen(readings(figure), wanted, NUMBER_UNIT)


def _with_unit(text: str, wanted: Wanted) -> Bend:
    match = _UNIT.fullmatch(ascii_digits(text))
    if match is None or not names_unit(match[2], wanted.name, wanted.description):
        return None
    return _chosen(readings(match[1]), wanted, NUMBER_UNIT)


def _hedged(text: str, wanted: Wanted) -> Bend:
    del wanted
    said = ascii_digits(text).casefold()
    several = _SEVERAL.fullmatch(said)
    if (
        several is not None
        and readings(several[1].strip(" %$€£¥₹"))
        and readings(several[2].strip(" %$€£¥₹"))
    ):
        return _several()
    return _several() if _HEDGED.fullmatch(said) else None


_NOTATIONS: tuple[Callable[[str, Wanted], Bend], ...] = (
    _figure,
    _money,
    _percent,
    _points,
    _ratio,
    _twice,
    _age,
    _with_unit,
    _hedged,
)


def _chosen(found: tuple[Reading, ...], wanted: Wanted, rule: Rule | None = None) -> Bend:
    if wanted.kind == "integer":
        found = tuple(reading for reading in found if reading.rule is not NUMBER_COMMA)
    elif found and found[0].rule in (NUMBER_TEXT, NUMBER_DIGITS):
        found = found[:1]
    if len(found) > 1:
        found = tuple(reading for reading in found if wanted.admits(reading.value)) or found
    if not found:
        return None
    if len({reading.value for reading in found}) > 1:
        return Refused("ambiguous", "expected one number: this can be read as two")
    return _single(found[0].value, rule or found[0].rule, wanted)


def _single(value: Decimal, rule: Rule, wanted: Wanted) -> Bend:
    if wanted.kind == "decimal":
        return Bent(f"{value:f}", rule)
    exponent = value.as_tuple().exponent
    if wanted.kind == "integer":
        whole = exponent in (0, -1, -2, -3) and value == value.to_integral_value()
        return Bent(int(value), rule) if whole else None
    if exponent == 0:
        return Bent(int(value), rule)
    if not math.isfinite(number := float(value)):
        return Refused("not_finite", "expected a finite number")
    return Bent(number, rule)


def _several() -> Refused:
    fix = "choose one number"
    return Refused("several_values", "expected one exact number, not a range or an estimate", fix)


def _unsure() -> Refused:
    return Refused("ambiguous", "expected a number without a percent sign: the scale is unclear")
