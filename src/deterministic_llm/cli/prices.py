"""What work costs on a hosted model: tokens go in, one sentence comes out, never an invented 0."""

from __future__ import annotations

from deterministic_llm._core.exchange import Usage

A_DAY = 1_000_000


def daily_cost(model: str, usage: Usage, essays: int) -> str:
    """The cost of a million essays a day on *model*, at the *usage* that *essays* took."""
    asked = f"{A_DAY:,} essays a day on {model}"
    if not essays or not usage.total_tokens:
        return f"{asked}: cost unknown, the server did not say how many tokens it used."
    try:
        import genai_prices  # noqa: PLC0415  # of the extra [cost]
    except ModuleNotFoundError:
        missing = "genai-prices is not installed (pip install 'deterministic-llm[cost]')"
        return f"{asked}: cost unknown, {missing}."
    a_day = genai_prices.Usage(
        input_tokens=usage.input_tokens * A_DAY // essays,
        output_tokens=usage.output_tokens * A_DAY // essays,
    )
    try:
        price = genai_prices.calc_price(a_day, model, provider_id="openai").total_price
    except LookupError:
        return f"{asked}: cost unknown, genai-prices has no price for this model."
    return (
        f"{asked}: about ${price:,.0f} a day, at the {usage.input_tokens / essays:,.0f} tokens in "
        f"and {usage.output_tokens / essays:,.0f} out that an essay took here."
    )
