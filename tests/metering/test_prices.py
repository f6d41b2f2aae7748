"""Prices: exact dollars for what is known, None for what is not."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from decimal import Decimal, localcontext

import genai_prices
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deterministic_llm._core.exchange import Completion, Usage
from deterministic_llm.errors import ConfigurationError, RetriesExhausted
from deterministic_llm.metering.price_lists import PriceList, price_of
from deterministic_llm.metering.prices import Price, cost_of
from deterministic_llm.testing import ScriptedModel

CACHED = Price(0.25, 2, cached_input="0.025", written_input="0.3125")
TIERED = Price(1, 10, above={200: Price(2, 15), 400: Price(4, 20)})
OPENAI = "https://api.openai.com/v1"


@pytest.mark.parametrize(
    ("price", "usage", "dollars"),
    [
        pytest.param(CACHED, Usage(1000, 100), "0.00045", id="input and output"),
        pytest.param(CACHED, Usage(1000, 100, cached_tokens=400), "0.00036", id="cached is less"),
        pytest.param(
            CACHED, Usage(1000, 0, 400, 0, written_tokens=600), "0.0001975", id="all of it cached"
        ),
        pytest.param(
            Price(1, 1), Usage(10, 0, 4, 0, written_tokens=6), "0.00001", id="no price of its own"
        ),
        pytest.param(CACHED, Usage(0, 7, reasoning_tokens=5), "0.000014", id="reasoning is output"),
        pytest.param(TIERED, Usage(200, 1), "0.00021", id="at the threshold: the lower price"),
        pytest.param(TIERED, Usage(201, 1), "0.000417", id="past it: all tokens at the higher"),
        pytest.param(TIERED, Usage(1000, 1), "0.00402", id="past the second"),
        pytest.param(Price(0, 0), Usage(5, 5), "0", id="free is a price, too"),
    ],
)
def test_a_cost_is_exact(price: Price, usage: Usage, dollars: str):
    """To the last digit, in a context that rounds to two."""
    with localcontext() as context:
        context.prec = 2
        assert cost_of(usage, price) == Decimal(dollars)


TOKENS = st.integers(0, 10**7)
RATES = st.decimals(0, 100, places=6)


@given(
    st.builds(Price, RATES, RATES, cached_input=st.none() | RATES, written_input=st.none() | RATES),
    st.dictionaries(TOKENS, st.builds(Price, RATES, RATES), max_size=2),
    st.tuples(TOKENS, TOKENS, TOKENS, TOKENS),
    st.tuples(TOKENS, TOKENS),
)
def test_the_worst_case_is_never_less_than_the_cost(
    price: Price, above: dict[int, Price], counts: tuple[int, ...], more: tuple[int, int]
):
    """However the tokens are cached, and whichever prices they reach."""
    into, out, cached, written = counts
    cached = min(cached, into)
    usage = Usage(into, out, cached, 0, min(written, into - cached))
    tiered = Price(
        price.input,
        price.output,
        cached_input=price.cached_input,
        written_input=price.written_input,
        above=above,
    )
    assert tiered.worst(into + more[0], out + more[1]) >= cost_of(usage, tiered)


@pytest.mark.parametrize(
    ("model", "url", "price"),
    [
        pytest.param("mine", None, Price(7, 8), id="the table of the user wins"),
        pytest.param("gpt-4o", OPENAI, Price(1, 1), id="over a list that knows the model"),
        pytest.param(
            "gpt-5-mini", OPENAI, Price("0.25", 2, cached_input="0.025"), id="a listed model"
        ),
        pytest.param(
            "gpt-5-mini-2025-08-07",
            None,
            Price("0.25", 2, cached_input="0.025"),
            id="a served name with a date",
        ),
        pytest.param(
            "gpt-5-mini", "http://127.0.0.1:8000/v1", None, id="that name on a server of one's own"
        ),
        pytest.param("no-such-model", None, None, id="a model that nobody knows"),
        pytest.param(
            "sonar-pro",
            "https://api.perplexity.ai",
            None,
            id="a model that is charged by the request as well",
        ),
        pytest.param("whisper-1", OPENAI, None, id="a model that is charged by the hour"),
        pytest.param(None, None, None, id="no name"),
    ],
)
def test_a_price_is_looked_up_or_unknown(model: str | None, url: str | None, price: Price | None):
    """Never a 0 that nobody said."""
    assert price_of(model, {"mine": Price(7, 8), "gpt-4o": Price(1, 1)}, url=url) == price


@pytest.mark.parametrize(
    "model", ["gpt-5-mini", "claude-sonnet-4-5", "gemini-2.5-pro", "gpt-6-luna"]
)
@pytest.mark.parametrize("tokens", [1000, 200_000, 200_001, 272_001])
def test_listed_prices_come_to_what_their_own_list_computes(model: str, tokens: int):
    """Thresholds, cached and written tokens included."""
    usage = Usage(tokens, 321, cached_tokens=300, written_tokens=70)
    theirs = genai_prices.Usage(
        input_tokens=tokens, output_tokens=321, cache_read_tokens=300, cache_write_tokens=70
    )
    price = price_of(model)
    assert price is not None
    if price.written_input is None:
        usage = Usage(tokens, 321, cached_tokens=300)
        theirs = genai_prices.Usage(input_tokens=tokens, output_tokens=321, cache_read_tokens=300)
    assert cost_of(usage, price) == genai_prices.calc_price(theirs, model).total_price


@pytest.mark.parametrize(
    ("tier", "price"),
    [
        pytest.param(None, Price("0.25", 2, cached_input="0.025"), id="the standard tier"),
        pytest.param("flex", Price("0.125", 1, cached_input="0.0125"), id="slower for half"),
        pytest.param("no-such-tier", None, id="a tier that nobody knows: not the standard price"),
    ],
)
def test_a_service_tier_has_prices_of_its_own(tier: str | None, price: Price | None):
    """A standard price for another tier would be wrong."""
    assert price_of("gpt-5-mini", url=OPENAI, tier=tier) == price
    assert price_of("mine", {"mine": Price(7, 8)}, tier=tier) == Price(7, 8)


def test_without_genai_prices_only_the_table_is_known(monkeypatch: pytest.MonkeyPatch):
    """None in sys.modules is how Python is told that a module is not there."""
    monkeypatch.delitem(sys.modules, "deterministic_llm.metering.listed", raising=False)
    monkeypatch.setitem(sys.modules, "genai_prices", None)
    for missing in (PriceList(), PriceList("json")):  # not there, or there and of no use
        assert price_of("gpt-5-mini", {"mine": Price(1, 2)}, listed=missing) is None
        assert price_of("mine", {"mine": Price(1, 2)}, listed=missing) == Price(1, 2)


@pytest.mark.parametrize(
    ("made", "imported"),
    [
        pytest.param("Model('openai:gpt-5-mini', api_key='k')", True, id="a hosted model"),
        pytest.param(
            "Model('openai:mine', api_key='k', prices={'mine': Price(1, 2)})",
            False,
            id="one whose price is told",
        ),
        pytest.param("Model('local:smollm2-135m')", False, id="one that costs nothing"),
    ],
)
def test_the_list_is_imported_beside_the_making_of_a_model(made: str, *, imported: bool):
    """Not while an answer is waited for; the process ends as it should all the same."""
    script = f"""
from deterministic_llm import Model, Price
from deterministic_llm.metering.price_lists import LISTED
import subprocess
import sys
{made}
LISTED.settle()
print("genai_prices" in sys.modules)
"""
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603  # ours
    assert (done.stdout, done.stderr) == (f"{imported}\n", "")


@pytest.mark.parametrize(
    ("rates", "name"),
    [
        pytest.param({"input": -1, "output": 1}, "input", id="negative"),
        pytest.param({"input": 1, "output": "much"}, "output", id="words"),
        pytest.param(
            {"input": 1, "output": 1, "cached_input": float("nan")}, "cached_input", id="nan"
        ),
    ],
)
def test_a_nonsense_price_is_refused(rates: dict[str, object], name: str):
    """The message names the rate."""
    with pytest.raises(ConfigurationError, match=rf"^{name}: expected US dollars"):
        Price(**rates)


def test_the_cost_of_a_run_is_exact_however_its_caller_rounds():
    """As that of a call is: sums are made in a context of their own."""
    script = [Completion("oops", cost=Decimal("1.2345")), Completion("7", cost=Decimal("0.00012"))]
    with localcontext() as context:
        context.prec = 2
        result = ScriptedModel(script).run("How many?", int)
        model = ScriptedModel([script[0], replace(script[0], text="none")])
        with pytest.raises(RetriesExhausted) as failed:
            model.run("How many?", int, max_retries=1)
        costs = (result.cost, failed.value.cost)
    assert costs == (Decimal("1.23462"), Decimal("2.469"))
