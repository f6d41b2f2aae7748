"""What may be written, as a tree that every notation is written from: GBNF, expressions, Lark."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, TypeAlias

Span: TypeAlias = str | tuple[str, str]
"""One character, or all from the first to the last of two."""


@dataclass(frozen=True, slots=True)
class Words:
    """This text, letter by letter."""

    text: str


@dataclass(frozen=True, slots=True)
class Sign:
    """One character of the *spans*, or one that is in none of them."""

    spans: tuple[Span, ...]
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Series:
    """Parts one after another."""

    parts: tuple[Language, ...]


@dataclass(frozen=True, slots=True)
class Either:
    """One of the options."""

    options: tuple[Language, ...]


@dataclass(frozen=True, slots=True)
class Times:
    """The body *low* to *high* times, without end when *high* is None."""

    body: Language
    low: int = 0
    high: int | None = None


@dataclass(frozen=True, slots=True)
class Named:
    """A body that a notation with rules writes as a rule of its own."""

    name: str
    body: Language


@dataclass(frozen=True, slots=True)
class Json:
    """Any JSON of one *kind*, which may hold itself."""

    kind: Literal["value", "object", "array"]


Language: TypeAlias = Words | Sign | Series | Either | Times | Named | Json


@dataclass(frozen=True, slots=True)
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
