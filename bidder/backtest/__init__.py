"""What deciding earned, or would have earned: the same `decide()` over simulated shops and over a shop's own past.

Called by `bidder backtest`. Three grounds: sandbox worlds whose truth is known (`sandbox`), worlds drawn from what the
shop's own history makes likely (`fitted`), and that history itself, day by day with what was known then (`replay`).
Policies meet on a `Place` with paired luck; `score` compares them. A logged history alone judges no policy that would
have set other budgets (SCIENCE 10), so `replay` reports forecasts against outcomes and leaves value to the worlds.
"""
