"""What work costs on a hosted model: tokens go in, one sentence comes out, never an invented 0."""

from __future__ import annotations

from importlib.util import find_spec

from deterministic_llm._core.exchange import Usage
from deterministic_llm.metering.price_lists import price_of
from deterministic_llm.metering.prices import cost_of

A_DAY = 1_000_000
_SERVER = "https://api.openai.com/v1"


def daily_cost(model: str, usage: Usage, essays: int) -> str:
    """The cost of a million essays a day on *model*, at the *usage* that *essays* took."""
    asked = f"{A_DAY:,} essays a day on {model}"
    if not essays or not usage.total_tokens:
        return f"{asked}: cost unknown, the server did not say how many tokens it used."
    if find_spec("genai_prices") is None:
        missing = "genai-prices is not installed (pip install 'deterministic-llm[cost]')"
        return f"{asked}: cost unknown, {missing}."
    price = price_of(model, url=_SERVER)
    if price is None:
        return f"{asked}: cost unknown, genai-prices has no price for this model."
    # What the demo found in a cache another day would not: the prompt is priced in full.
    in_full = Usage(usage.input_tokens, usage.output_tokens)
    a_day = cost_of(in_full, price) * A_DAY / essays
    return (
        f"{asked}: about ${a_day:,.0f} a day, at the {usage.input_tokens / essays:,.0f} tokens in "
        f"and {usage.output_tokens / essays:,.0f} out that an essay took here."
    )
