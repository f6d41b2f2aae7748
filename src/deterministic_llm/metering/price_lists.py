"""Where prices come from: a model's name goes in, its price comes out, never a made-up 0."""

from __future__ import annotations

import importlib
import os
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from importlib.util import find_spec
from time import time
from typing import TypeAlias, cast

from deterministic_llm.metering.prices import Price

_Lookup: TypeAlias = Callable[[str, str | None, str | None, int], Price | None]
_QUARTER_HOUR = 900


class PriceList:
    """genai-prices, if it is installed (the extra ``[cost]``).

    To import it takes a quarter to half a second of a processor, most of it in one piece. A Model
    has a thread do that as soon as it is made, so that no answer waits for it.
    """

    def __init__(self, module: str = "genai_prices") -> None:
        self._module = module
        self._lock = threading.Lock()
        self._lookup: Future[_Lookup | None] | None = None

    def begin(self) -> Future[_Lookup | None]:
        """The way to look a price up, once it is there; None where nothing is installed."""
        if self._lookup is not None:
            return self._lookup
        with self._lock:
            if self._lookup is None:
                self._lookup = self._begun()
            return self._lookup

    def settle(self) -> None:
        """Wait for what was begun: a fork in the midst of an import leaves it half done."""
        if self._lookup is not None:
            self._lookup.exception()

    def _begun(self) -> Future[_Lookup | None]:
        lookup: Future[_Lookup | None] = Future()
        if find_spec(self._module) is None:
            lookup.set_result(None)
        else:
            # No daemon: one that is thrown away in an extension module takes the process with it.
            threading.Thread(
                target=_import, args=(lookup,), name="deterministic-llm-prices"
            ).start()
        return lookup


def _import(lookup: Future[_Lookup | None]) -> None:
    try:
        module = importlib.import_module("deterministic_llm.metering.listed")
        listed_price = cast("_Lookup", module.listed_price)
        listed_price("gpt-5", None, None, 0)  # the first look reads the list
        lookup.set_result(listed_price)
    except ImportError:  # half installed, or too old
        lookup.set_result(None)
    finally:
        if not lookup.done():  # whoever waits must not wait for ever
            lookup.set_result(None)


LISTED = PriceList()
"""The list of this process."""
if hasattr(os, "register_at_fork"):  # not on Windows, which does not fork
    os.register_at_fork(before=LISTED.settle)


def price_of(
    model: str | None,
    table: Mapping[str, Price] | None = None,
    *,
    url: str | None = None,
    tier: str | None = None,
    listed: PriceList = LISTED,
) -> Price | None:
    """What *model* costs now; None when nobody knows.

    The *table* of the user comes first, then genai-prices, which also knows served names with a
    date. With the *url* of the server a name is looked up among that provider's models only: a
    server of your own has no price by its names. The *tier* is the ``service_tier`` that was asked
    for, with prices of its own.
    """
    if model is None:
        return None
    if table and model in table:
        return table[model]
    lookup = listed.begin().result()
    if lookup is None:
        return None
    # Lists have prices by the hour; what was looked up is kept for a quarter of one.
    return lookup(model, url, tier, int(time()) // _QUARTER_HOUR * _QUARTER_HOUR)
