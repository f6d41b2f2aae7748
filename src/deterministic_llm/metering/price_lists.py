"""Where prices come from: a model's name goes in, its price comes out, never a made-up 0."""

from __future__ import annotations

from collections.abc import Mapping
from time import time

from deterministic_llm.metering.prices import Price

_QUARTER_HOUR = 900


def price_of(
    model: str | None,
    table: Mapping[str, Price] | None = None,
    *,
    url: str | None = None,
    tier: str | None = None,
) -> Price | None:
    """What *model* costs now; None when nobody knows.

    The *table* of the user comes first, then genai-prices, if it is installed (the extra
    ``[cost]``), which also knows served names with a date. With the *url* of the server a name is
    looked up among that provider's models only: a server of your own has no price by its names.
    The *tier* is the ``service_tier`` that was asked for, with prices of its own.
    """
    if model is None:
        return None
    if table and model in table:
        return table[model]
    try:
        from deterministic_llm.metering.listed import listed_price  # noqa: PLC0415  # see below
    except ImportError:  # an extra, and half a second to import; another thread may be at it
        return None
    # Lists have prices by the hour; what was looked up is kept for a quarter of one.
    return listed_price(model, url, tier, int(time()) // _QUARTER_HOUR * _QUARTER_HOUR)
