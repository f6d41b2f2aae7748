"""The rule that a value was taken from the source text, and where in the text it stands."""

from __future__ import annotations

import unicodedata
from array import array
from collections.abc import Iterator, Mapping
from decimal import Decimal
from functools import lru_cache
from typing import ClassVar, TypeAlias, cast

import regex
from typing_extensions import override

from deterministic_llm._core.attempts import Violation
from deterministic_llm._core.records import frozen
from deterministic_llm._core.regexes import expression, partial_expression
from deterministic_llm._core.schema.violations import json_path
from deterministic_llm.errors import ConfigurationError
from deterministic_llm.validators.markers import Marker, Said, violation
from deterministic_llm.validators.members import items_of

Span: TypeAlias = tuple[int, int]
"""Where a piece of a text begins and ends, in characters."""

_QUOTES = str.maketrans({**dict.fromkeys("‘’‚‛′´`", "'"), **dict.fromkeys("“”„‟″«»", '"')})  # noqa: RUF001  # that is what sources write
_DASHES = str.maketrans(dict.fromkeys("‐‑‒–—−", "-"))  # noqa: RUF001
_UNSEEN = frozenset("\u00ad\u200b\u200c\u200d\u2060\ufeff")
_JOINED = partial_expression(
    r"[\p{L}\p{M}\p{N}--[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}"
    r"\p{Myanmar}]]",
    regex.VERSION1,
)
"""Characters of words that are told apart by blanks: beside another one, a word goes on."""


@frozen
class Grounded(Marker):
    """Text, a number, or a list of them that occurs in the source text, as whole words.

    The source is the context of the run: a str, or a mapping with it under *source*. Differences
    in *whitespace*, *quotes* (and dashes) and *case* are looked over when they are True. A number
    may be grouped there, ``1,200``; 5 does not occur in 15, 1.5 or -5. spans() says where.
    """

    whitespace: bool = True
    quotes: bool = True
    case: bool = False
    source: str = "source"
    reads: ClassVar[tuple[type, ...]] = (str, int, float, Decimal, list, tuple, set)

    @property
    @override
    def told(self) -> str:
        return "copied from the source text"

    def spans(self, value: object, source: str) -> tuple[Span, ...]:
        """Every place of *source* where *value* stands, in order; none when it is not grounded."""
        at = _folded_source(source, self._folding).at
        places = sorted(set(self._places(value, source)))
        return tuple((at[start], at[end - 1] + 1) for start, end in places)

    def _places(self, value: object, source: str) -> Iterator[Span]:
        """The same, in the source as it is compared, and in no order."""
        text = _folded_source(source, self._folding).text
        for spelling in _spellings(value):
            yield from _occurrences(_folded(spelling, self._folding).text.strip(), text)

    def _stands_in(self, source: str, value: object) -> bool:
        return any(True for _ in self._places(value, source))

    @override
    def check(self, value: object, context: object) -> Said:
        source = self._source(context)
        if isinstance(value, (str, int, float, Decimal)):
            return None if self._stands_in(source, value) else self._broken(())
        broken: list[Violation] = []
        for index, item in enumerate(items_of(value)):
            if item is not None and not self._stands_in(source, item):
                broken.append(self._broken((index,)))
        return broken

    @property
    def _folding(self) -> tuple[bool, bool, bool]:
        return self.whitespace, self.quotes, self.case

    def _broken(self, location: tuple[int, ...]) -> Violation:
        problem = "expected words that occur in the source text"
        return violation(problem, path=json_path(location), fix="copy them letter by letter")

    def _source(self, context: object) -> str:
        got: object = context  # not narrowed, so that its type can be named
        known: object = context
        if isinstance(context, Mapping):
            known = cast("Mapping[str, object]", context).get(self.source)
        if isinstance(known, str):
            return known
        message = (
            f"{self!r} needs the source text: pass context=text or"
            f" context={{{self.source!r}: text}}, got {type(got).__name__}"
        )
        raise ConfigurationError(message)


@frozen
class _Folded:
    """A text in the one spelling that is compared, and where each character of it was."""

    text: str
    at: array[int]


@lru_cache(maxsize=1)  # all rules of a run read the same one, and no others are to be kept
def _folded_source(text: str, folding: tuple[bool, bool, bool]) -> _Folded:
    return _folded(text, folding)


def _folded(text: str, folding: tuple[bool, bool, bool]) -> _Folded:
    whitespace, quotes, case = folding
    characters: list[str] = []
    at = array("I")  # numbers of Python take ten times the room
    for place, original in enumerate(text):
        if original in _UNSEEN:
            continue
        folded = unicodedata.normalize("NFD", original)
        folded = folded.translate(_QUOTES).translate(_DASHES) if quotes else folded
        folded = folded.casefold() if case else folded
        if whitespace and folded.isspace():
            if characters and characters[-1] == " ":
                continue
            folded = " "
        characters += folded
        at.extend([place] * len(folded))
    return _Folded("".join(characters), at)


def _spellings(value: object) -> set[str]:
    """How *value* may be written in a text."""
    if isinstance(value, str):
        return {value}
    if isinstance(value, bool) or not isinstance(value, (int, float, Decimal)):
        message = f"Grounded reads text and numbers, got {type(value).__name__}"
        raise TypeError(message)
    number = Decimal(str(value))
    if not number.is_finite():
        return set()
    sign = "-" if number.is_signed() else ""
    whole, _, fraction = format(abs(number), "f").partition(".")
    exact = fraction.rstrip("0")
    fractions = {f".{digits}" for digits in (fraction, exact, f"{exact:0<1}", f"{exact:0<2}")}
    fractions.discard(".")
    if not exact:
        fractions.add("")
    grouped = {f"{int(whole):,}".replace(",", mark) for mark in _GROUPING}
    spelled = {each + part for each in (whole, *grouped) for part in fractions}
    if len(exact) != len("000"):  # three digits behind a comma may be thousands
        spelled |= {whole + part.replace(".", ",") for part in fractions}
    return {sign + each for each in spelled}


_GROUPING = ",' \u00a0\u202f\u2009"


def _occurrences(piece: str, text: str) -> Iterator[Span]:
    """Where *piece* stands in *text* as whole words and numbers."""
    for start in _starts(piece, text) if piece else ():
        end = start + len(piece)
        if not _goes_on(text, start, end):
            yield start, end


def _starts(piece: str, text: str) -> Iterator[int]:
    """Where *piece* begins in *text*, in a time that grows with their lengths alone.

    A piece that comes again within itself does so after its shortest period. Where it does not, it
    cannot come again before less than a period of it is left.
    """
    start = text.find(piece)
    period = _period(piece) if start >= 0 else 0
    again, far = piece[len(piece) - period :], max(period, len(piece) - period) + 1
    while start >= 0:
        yield start
        follows = text.startswith(again, start + len(piece))
        start = start + period if follows else text.find(piece, start + far)


def _period(piece: str) -> int:
    """After how many characters *piece* first comes again in itself, as far as it goes."""
    borders = [0]
    border = 0
    for character in piece[1:]:
        while border and character != piece[border]:
            border = borders[border - 1]
        border += character == piece[border]
        borders.append(border)
    return len(piece) - border


def _goes_on(text: str, start: int, end: int) -> bool:
    """Whether a word or number of which the piece is a part goes on at one of its ends."""
    before, after = text[max(0, start - 1) : start], text[end : end + 1]
    if (
        before
        and _JOINED.match(before)
        and (_JOINED.match(text, start) or _SIGNED.match(text, start))
    ):
        return True
    if (
        after
        and _JOINED.match(after)
        and (unicodedata.combining(after) or _JOINED.match(text, end - 1))
    ):
        return True
    if _within_a_number(text, start) or _within_a_number(text, end):
        return True
    begins, ends = text[start].isdecimal(), text[end - 1].isdecimal()
    return (begins and _NUMBER_BEFORE.search(text, max(0, start - 2), start) is not None) or (
        ends and _NUMBER_AFTER.match(text, end) is not None
    )


def _within_a_number(text: str, place: int) -> bool:
    near = _IN_PARTS.finditer(text, max(0, place - _NEAR), place + _NEAR)
    return any(number.start() < place < number.end() for number in near)


_NEAR = 32
_IN_PARTS = expression(r"(?<!\d)\d{1,3}(?:\s\d{3})+(?!\d)|(?<![\d/])\d{1,15}/\d{1,15}(?![\d/])")
"""Numbers with a blank or a stroke inside: ``10 000``, ``2/3``."""
_SIGNED = expression(r"-\d")
_NUMBER_BEFORE = expression(r"(?:\d[.,']|(?<![^\W_])-)\Z")
_NUMBER_AFTER = expression(r"[.,']\d")
