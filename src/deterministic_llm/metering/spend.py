"""What calls cost, in dollars, tokens and calls: exact amounts go in, exact sums come out."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import TypeAlias

from deterministic_llm._core.exchange import EXACT
from deterministic_llm._core.records import frozen
from deterministic_llm.errors import ConfigurationError

Dollars: TypeAlias = Decimal | float | str
"""US dollars as a user writes them: ``5``, ``0.25``, ``"0.0001"`` or a Decimal."""

_MOST_DIGITS = 30
_NO_DOLLARS = (
    "{0}: expected US dollars, a finite number from 0 up, got {1!r} (write {0}=5 or {0}=0.25)"
)
_NOT_WHOLE = "{0}: expected a whole number from {1} up, got {2!r} (write {0}=100)"


@dataclass(frozen=True, slots=True, init=False)
class Spend:
    """An amount: *usd* US dollars, *tokens* in and out together, *calls*; amounts can be added.

    Raises ConfigurationError for dollars that are no finite amount from 0 up.
    """

    usd: Decimal
    tokens: int
    calls: int

    def __init__(self, usd: Dollars = Decimal(0), tokens: int = 0, calls: int = 0) -> None:
        if type(usd) is not Decimal:
            usd = dollars(usd, what="usd")
        object.__setattr__(self, "usd", usd)
        object.__setattr__(self, "tokens", tokens)
        object.__setattr__(self, "calls", calls)

    def __add__(self, other: Spend) -> Spend:
        return Spend(
            EXACT.add(self.usd, other.usd), self.tokens + other.tokens, self.calls + other.calls
        )

    def __str__(self) -> str:
        calls = "1 call" if self.calls == 1 else f"{self.calls:,} calls"
        return f"{written(self.usd)}, {self.tokens:,} tokens, {calls}"


NOTHING = Spend()
"""No dollars, no tokens, no calls."""
ONE_CALL = Spend(calls=1)
"""A call that cost nothing, or whose cost is not limited."""


@frozen
class Left:
    """What may still be spent, or the limits themselves; None is "not limited"."""

    usd: Decimal | None = None
    tokens: int | None = None
    calls: int | None = None

    def __str__(self) -> str:
        parts = [
            None if self.usd is None else written(self.usd),
            None if self.tokens is None else f"{self.tokens:,} tokens",
            None if self.calls is None else f"{self.calls:,} calls",
        ]
        return ", ".join(filter(None, parts)) or "no limit"


def dollars(value: object, *, what: str) -> Decimal:
    """*value* as an exact amount of US dollars; raises ConfigurationError for nonsense.

    A float is taken as it is written: 0.1 is a tenth.
    """
    amount = None
    if isinstance(value, Decimal | float | int | str) and not isinstance(value, bool):
        try:
            amount = Decimal(str(value))
        except InvalidOperation:
            amount = None
    if amount is None or not amount.is_finite() or amount < 0 or _is_oversized(amount):
        raise ConfigurationError(_NO_DOLLARS.format(what, value))
    return amount


def whole(value: object, *, what: str, least: int = 0) -> int:
    """*value* as a whole number from *least* up; raises ConfigurationError for anything else."""
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise ConfigurationError(_NOT_WHOLE.format(what, least, value))
    return value


def checked(amount: Spend, *, what: str) -> Spend:
    """*amount* if every part of it is from 0 up; raises ConfigurationError if not."""
    dollars(amount.usd, what=f"{what}.usd")
    whole(amount.tokens, what=f"{what}.tokens")
    whole(amount.calls, what=f"{what}.calls")
    return amount


def written(usd: Decimal) -> str:
    """*usd* as a reader writes it, no digit lost: ``$0.0105``, ``-$2``."""
    digits = f"{abs(usd).normalize(EXACT):f}"
    return f"-${digits}" if usd < 0 else f"${digits}"


def _is_oversized(amount: Decimal) -> bool:
    """Whether sums of *amount* might not be exact any more."""
    _, digits, exponent = amount.as_tuple()
    return len(digits) > _MOST_DIGITS or abs(int(exponent)) > _MOST_DIGITS
