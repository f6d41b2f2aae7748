"""What tokens cost: a price and a usage go in, exact dollars come out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from deterministic_llm._core.exchange import EXACT, Usage
from deterministic_llm.metering.spend import Dollars, dollars

_MILLIONTH = -6


@dataclass(frozen=True, slots=True, init=False)
class Price:
    """US dollars a million tokens, as in ``Price(0.25, 2, cached_input=0.025)``.

    *cached_input* is for tokens read from the provider's cache, *written_input* for those put
    there; where they are left out both cost what *input* costs. *above* holds, by a number of
    input tokens, the price of the whole call once it has more than that. Raises ConfigurationError
    for anything that is no finite number from 0 up.
    """

    input: Decimal
    output: Decimal
    cached_input: Decimal | None
    written_input: Decimal | None
    above: tuple[tuple[int, Price], ...]

    def __init__(
        self,
        input: Dollars,  # noqa: A002  # what providers' price lists call it
        output: Dollars,
        *,
        cached_input: Dollars | None = None,
        written_input: Dollars | None = None,
        above: Mapping[int, Price] | None = None,
    ) -> None:
        object.__setattr__(self, "input", dollars(input, what="input"))
        object.__setattr__(self, "output", dollars(output, what="output"))
        for name, rate in (("cached_input", cached_input), ("written_input", written_input)):
            exact = None if rate is None else dollars(rate, what=name)
            object.__setattr__(self, name, exact)
        object.__setattr__(self, "above", tuple(sorted((above or {}).items())))

    def at(self, input_tokens: int) -> Price:
        """The price of a call with *input_tokens*."""
        if not self.above:
            return self
        reached = (price for start, price in reversed(self.above) if input_tokens > start)
        return next(reached, self)

    def worst(self, input_tokens: int, output_tokens: int) -> Decimal:
        """US dollars that at most so many tokens cost at most, however they are cached."""
        plain = self.plain(input_tokens, output_tokens)
        if not self.above:
            return plain
        reached = (price for start, price in self.above if input_tokens > start)
        return max((plain, *(price.plain(input_tokens, output_tokens) for price in reached)))

    def plain(self, input_tokens: int, output_tokens: int) -> Decimal:
        """US dollars at the dearest rate of input, the prices *above* left out."""
        dearest = max(self.input, self.cached_input or 0, self.written_input or 0)
        return _for_millionths(
            EXACT.add(
                EXACT.multiply(dearest, input_tokens), EXACT.multiply(self.output, output_tokens)
            )
        )


def cost_of(usage: Usage, price: Price) -> Decimal:
    """US dollars for *usage* at *price*, exactly.

    fresh x input + cached x cached_input + written x written_input + out x output, where fresh is
    the input less what was cached or written, and out includes the reasoning.
    """
    price = price.at(usage.input_tokens)
    cached, written = usage.cached_tokens, usage.written_tokens
    fresh = max(0, usage.input_tokens - cached - written)
    total = EXACT.add(
        EXACT.multiply(price.input, fresh), EXACT.multiply(price.output, usage.output_tokens)
    )
    for count, rate in ((cached, price.cached_input), (written, price.written_input)):
        if count:
            total = EXACT.add(total, EXACT.multiply(price.input if rate is None else rate, count))
    return _for_millionths(total)


def _for_millionths(total: Decimal) -> Decimal:
    return total.scaleb(_MILLIONTH, EXACT)
