"""What may be written, as a tree that every notation is written from: GBNF, expressions, Lark."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, TypeAlias

from deterministic_llm._core.records import frozen

Span: TypeAlias = str | tuple[str, str]
"""One character, or all from the first to the last of two."""


@frozen
class Words:
    """This text, letter by letter."""

    text: str


@frozen
class Sign:
    """One character of the *spans*, or one that is in none of them."""

    spans: tuple[Span, ...]
    negated: bool = False


@frozen
class Series:
    """Parts one after another."""

    parts: tuple[Language, ...]


@frozen
class Either:
    """One of the options."""

    options: tuple[Language, ...]


@frozen
class Times:
    """The body *low* to *high* times, without end when *high* is None."""

    body: Language
    low: int = 0
    high: int | None = None


@frozen
class Named:
    """A body that a notation with rules writes as a rule of its own."""

    name: str
    body: Language


@frozen
class Json:
    """Any JSON of one *kind*, which may hold itself."""

    kind: Literal["value", "object", "array"]


Language: TypeAlias = Words | Sign | Series | Either | Times | Named | Json


@frozen
class Limits:
    """How much may be written where a schema sets no limit; None is without end.

    *length* counts the characters of a text, *digits* those of an integer, *decimals* those behind
    the point.
    """

    length: int | None = None
    digits: int | None = None
    decimals: int | None = None


UNLIMITED = Limits()
"""A model that ends its texts itself must not be cut short: what it means would change."""
SHORT = Limits(length=200, digits=15, decimals=2)
"""Small models never end a text or a number by themselves."""


def series(parts: Iterable[Language]) -> Language:
    """*parts* one after another, a single one as it is."""
    found = tuple(part for part in parts if not _is_nothing(part))
    return found[0] if len(found) == 1 else Series(found)


def _is_nothing(part: Language) -> bool:
    return part == Words("") or (isinstance(part, Times) and part.high == 0)


def either(options: Iterable[Language]) -> Language:
    """One of the *options*, a single one as it is."""
    found = tuple(options)
    return found[0] if len(found) == 1 else Either(found)


def optional(body: Language) -> Language:
    """The *body*, or nothing."""
    return Times(body, 0, 1)


def any_of(characters: str, *, negated: bool = False) -> Sign:
    """Any one of *characters*, or any other one."""
    return Sign(tuple(dict.fromkeys(characters)), negated)


def without(language: Language, characters: str) -> Language | None:
    """The part of *language* in which none of *characters* stands; None where there is none."""
    match language:
        case Words(text):
            return None if set(text) & set(characters) else language
        case Sign():
            return _less(language, characters)
        case Series(parts):
            kept = _each_without(parts, characters)
            return series(kept) if len(kept) == len(parts) else None
        case Either(options):
            kept = _each_without(options, characters)
            return either(kept) if kept else None
        case Times(body, low, high):
            kept_body = without(body, characters)
            nothing = None if low else Words("")
            return nothing if kept_body is None else Times(kept_body, low, high)
        case Named() | Json():
            return None


def _each_without(parts: Iterable[Language], characters: str) -> list[Language]:
    found = (without(part, characters) for part in parts)
    return [part for part in found if part is not None]


def _less(sign: Sign, characters: str) -> Sign | None:
    """One character of *sign* that is none of *characters*."""
    if sign.negated:
        return Sign((*sign.spans, *characters), negated=True)
    left = [(span[0], span[-1]) for span in sign.spans]
    for character in characters:
        left = [piece for low, high in left for piece in _cut(low, high, character)]
    return Sign(tuple(low if low == high else (low, high) for low, high in left)) if left else None


def _cut(low: str, high: str, character: str) -> list[tuple[str, str]]:
    if not low <= character <= high:
        return [(low, high)]
    pieces: list[tuple[str, str]] = []
    if low < character:
        pieces.append((low, chr(ord(character) - 1)))
    if character < high:
        pieces.append((chr(ord(character) + 1), high))
    return pieces
