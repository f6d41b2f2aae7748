"""What calls may cost and how fast they may come: budgets, prices, limits, breakers."""
