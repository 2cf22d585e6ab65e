"""What a policy earned in a simulated shop, by its hidden truth: for the demo and the backtest, never for a reader.

Profit is the expected contribution of the orders that the day's real spend brings (true rates of that day, luck of
clicks and orders taken out) minus that spend, in yuan. Only days from day 0 on count; the warm-up is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from math import fsum

from bidder.connectors.sandbox.shop import CAMPAIGNS, CURRENCY, MINIMUM_FEN, STEP_FEN
from bidder.connectors.sandbox.world import Step, World
from bidder.money import MICROS, Currency, Money

__all__ = ["DEFAULT_START", "Score", "even_split", "even_split_profit", "score", "score_steps"]

DEFAULT_START = date(2026, 9, 1)
"""Day 0 of a shop whose start nobody gave: weekdays depend on it."""


@dataclass(frozen=True, slots=True)
class Score:
    """Expected profit and real spend, in yuan, over the scored days."""

    days: int
    profit: float
    spend: float


def score_steps(world: World, days: int, steps: Callable[[int, int], Sequence[Step]]) -> Score:
    """The score of days 0 to `days` − 1 where `steps(day, campaign)` were in force."""
    results = [world.expected(day, i, steps(day, i)) for day in range(days) for i in range(len(CAMPAIGNS))]
    return Score(days, fsum(one.profit for one in results), fsum(one.spend for one in results))


def score(seed: int, days: int, budgets_by_day: Sequence[Mapping[str, Money]], start: date = DEFAULT_START) -> Score:
    """The score of daily budgets in force from midnight to midnight, by campaign id; one left out is off.

    Raises ValueError when there are fewer than `days`, or an amount is not in yuan.
    """
    if len(budgets_by_day) < days:
        raise ValueError(f"expected the budgets of {days} days, were {len(budgets_by_day)}")

    def steps(day: int, i: int) -> Sequence[Step]:
        amount = budgets_by_day[day].get(CAMPAIGNS[i].id)
        if amount is None:
            return (Step(0.0, 0.0, False),)
        if amount.currency != CURRENCY:
            raise ValueError(f"expected {CURRENCY}, was {amount.currency}")
        return (Step(0.0, amount.to_float()),)

    return score_steps(World(seed, start), days, steps)


def even_split(total: Money) -> dict[str, Money]:
    """The day's total in equal parts on the platform's step; the last yuan go to the first campaigns.

    Less than a minimum each: as many campaigns as it can fund at the minimum, the first ones, and the others off.
    """
    step = STEP_FEN * MICROS // 100
    funded = min(len(CAMPAIGNS), total.micros // (MINIMUM_FEN * MICROS // 100))
    if funded == 0:
        return {}
    part, rest = divmod(total.micros // step, funded)
    currency = Currency(CURRENCY)
    return {c.id: Money((part + (k < rest)) * step, currency) for k, c in enumerate(CAMPAIGNS[:funded])}


def even_split_profit(seed: int, days: int, total: Money | Sequence[Money], start: date = DEFAULT_START) -> Score:
    """What an even split of the same daily total (one, or one a day) earns in the same shop."""
    totals = [total] * days if isinstance(total, Money) else list(total)
    return score(seed, days, [even_split(one) for one in totals], start)
