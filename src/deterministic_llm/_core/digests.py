"""Which value it was: a value goes in, the digest of all it holds comes out, or why it has none."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from hashlib import sha256
from types import NoneType
from typing import TypeAlias, cast
from uuid import UUID

from deterministic_llm._core.canonical import written
from deterministic_llm._core.telling import UntoldError, told

_Made: TypeAlias = "tuple[str, None] | tuple[None, str]"


class UntellableError(ValueError):
    """What stands *where* has no digest, and *why*; raised by what makes the value of one."""

    def __init__(self, where: str, why: str) -> None:
        super().__init__(where, why)
        self.where = where
        self.why = why

    def __str__(self) -> str:
        return f"{self.where} {self.why}"


class Digest:
    """Tells one value from others, and keeps nothing of it that could be read.

    *make* gives the value. It is asked when the digest is, and then let go; take() asks at once,
    for a value that its owner may change.
    """

    __slots__ = ("_made",)

    def __init__(self, make: Callable[[], object]) -> None:
        self._made: Callable[[], object] | _Made = make

    @classmethod
    def made(cls, hex: str) -> Digest:  # noqa: A002  # its word
        """One that was made before, and written down."""
        return cls._known((hex, None))

    @classmethod
    def untold(cls, problem: str) -> Digest:
        """One of a value that cannot be told, for this *problem*."""
        return cls._known((None, problem))

    @classmethod
    def _known(cls, made: _Made) -> Digest:
        digest = cls(_nothing)
        digest._made = made
        return digest

    def __reduce__(self) -> tuple[Callable[[str], Digest], tuple[str]]:
        made = self._told()
        return (Digest.untold, (made[1],)) if made[0] is None else (Digest.made, (made[0],))

    def __repr__(self) -> str:
        return f"<Digest: {self.problem or self.hex}>"

    @property
    def hex(self) -> str | None:
        """The SHA-256 in hexadecimal; None where there is a problem."""
        return self._told()[0]

    @property
    def problem(self) -> str | None:
        """Why there is none, as what is said of the value."""
        return self._told()[1]

    def take(self) -> Digest:
        """Look at the value now."""
        self._told()
        return self

    def _told(self) -> _Made:
        made = self._made
        if callable(made):
            made = self._made = _digest_of(made)
        return made


def is_fixed(values: Collection[object]) -> bool:
    """Whether none of *values* can ever change; a tuple is looked into, and no deeper."""
    for value in values:
        kind = type(value)
        if kind is tuple:
            kinds = map(type, cast("tuple[object, ...]", value))
            if not _FIXED.issuperset(kinds):
                return False
        elif kind not in _FIXED:
            return False
    return True


_FIXED = frozenset(
    {NoneType, bool, int, float, str, bytes, range}
    | {date, datetime, time, timedelta, Decimal, Fraction, UUID}
)


def _digest_of(make: Callable[[], object]) -> _Made:
    try:
        text = written(told(make()))
    except UntoldError as error:
        return None, f"cannot be written as JSON ({type(error.value).__qualname__})"
    except UntellableError as error:
        return None, str(error)
    except RecursionError:
        return None, "is nested too deeply"
    return sha256(text.encode()).hexdigest(), None


def _nothing() -> None:
    """What a digest is made of that was made before."""
