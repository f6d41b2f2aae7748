"""Prices that genai-prices lists: imported only when a price is asked for."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from typing import TypeAlias

import genai_prices
from genai_prices.types import ModelInfo, ModelPrice, TieredPrices

from deterministic_llm.metering.prices import Price

_Rate: TypeAlias = Decimal | TieredPrices | None
_NOT_TOLD_BY_TOKENS = (
    "requests_kcount",
    "input_text_messages_kcount",
    "output_reasoning_mtok",
    "output_citation_mtok",
)
"""Charges that a Usage does not tell: a model that has one of them has no price here."""


@lru_cache(maxsize=256)
def listed_price(model: str, url: str | None, tier: str | None, moment: int) -> Price | None:
    """The price of *model* in *tier* at the provider of *url*, at *moment* (seconds since 1970)."""
    nothing = genai_prices.Usage(input_tokens=0, output_tokens=0)
    at = datetime.fromtimestamp(moment, UTC)
    try:
        found = genai_prices.calc_price(
            nothing,
            model,
            provider_api_url=url,
            genai_request_timestamp=at,
            price_context=None if tier is None else {"service_tier": tier},
        )
    except LookupError:
        return None
    if tier is not None and not _has_tier(found.model, tier):
        return None
    prices = found.model_price
    if any(getattr(prices, name, None) is not None for name in _NOT_TOLD_BY_TOKENS):
        return None
    starts = {start for rate in _rates(prices) for start in _starts(rate)}
    above = {start: price for start in starts if (price := _price_above(prices, start))}
    return _price_above(prices, 0, above)


def _has_tier(model: ModelInfo, tier: str) -> bool:
    return any(variant.when == {"service_tier": tier} for variant in model.price_variants or ())


def _price_above(
    prices: ModelPrice, tokens: int, above: dict[int, Price] | None = None
) -> Price | None:
    """The price of a call with more than *tokens* of input."""
    into, out, cached, written = (_rate_above(rate, tokens) for rate in _rates(prices))
    if into is None or out is None:
        return None
    return Price(into, out, cached_input=cached, written_input=written, above=above)


def _rates(prices: ModelPrice) -> Iterator[_Rate]:
    yield prices.input_mtok
    yield prices.output_mtok
    yield prices.cache_read_mtok
    yield prices.cache_write_mtok


def _starts(rate: _Rate) -> Iterator[int]:
    if isinstance(rate, TieredPrices):
        yield from (tier.start for tier in rate.tiers)


def _rate_above(rate: _Rate, tokens: int) -> Decimal | None:
    if not isinstance(rate, TieredPrices):
        return rate
    return next((t.price for t in reversed(rate.tiers) if t.start <= tokens), rate.base)
