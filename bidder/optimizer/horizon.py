"""What today's amounts are worth with the days after them in mind: the plan's money, steps, stock, what may be learnt.

Called before :func:`bidder.optimizer.allocate.allocate` where a plan covers a period. Three things change what an
amount is worth today:

- money has a price: what the last unit of the plan earns on the days to come (the dual of the plan; SCIENCE 6.3);
- a budget can only move a step a day, so today's amount opens or closes tomorrow's: a dynamic program over the coming
  days at that price, on amounts a quarter step apart;
- a budget that is little known may be better than it looks: its value counts (1 + κ·cv) times, less towards the end.

The answer is again Curves, whose profit is that worth, so the optimizer needs to know nothing of it.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from bidder.limits import Limit, Limits, Priority, Quantity, Sense
from bidder.optimizer.envelope import concave
from bidder.response.curve import Curves
from bidder.response.shapes import KNOTS
from bidder.response.special import normal_cdf
from bidder.snapshot import FloatArray

__all__ = ["Ahead", "Horizon", "HorizonSettings", "look_ahead"]

STEPS = 4
"""Points of the grid a step up."""

MOST_POINTS = 96
POINTS_TODAY = 41
HIGHEST_PRICE = 20.0
HALVINGS = 18


class HorizonSettings(BaseModel):
    """How far ahead today is seen."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    days: int = Field(default=8, ge=1, le=60)
    """Days that are looked at, today included."""

    discount: float = Field(default=0.9, gt=0.0, le=1.0)
    """What a day counts beside the day before it: later ones will be known better, and decided anew."""

    optimism: float = Field(default=1.5, ge=0.0, le=5.0)
    """By how many standard deviations a little known budget counts for more than it is expected to bring."""

    fade: int = Field(default=14, ge=1, le=365)
    """Days before the end of the plan from which optimism fades: what is learnt then pays no more."""

    back: float = Field(default=0.85, gt=0.0, lt=1.0)
    """Chance that what is out of stock stays so for another day."""

    luck: float = Field(default=0.5, ge=0.0, le=1.0)
    """Part of a day's Poisson luck that is reckoned with where stock bounds sales."""


@dataclass(frozen=True, slots=True, eq=False)
class Horizon:
    """The rest of a plan, in Snapshot order and the shop's currency."""

    days_left: int
    """Today included."""
    money_left: float
    least: FloatArray
    """(n,) amounts in the long run; today's own bounds stand in the Limits."""
    most: FloatArray
    step: float
    """The part by which an amount can move in a day."""
    lift: FloatArray
    """(days,) orders beside an ordinary day's, from today on."""
    pieces: FloatArray
    """(n,) what can be sold today, inf where unknown."""
    pieces_later: FloatArray
    """(n,) and on a later day, once it is back."""
    price: FloatArray
    """(n,) what a piece sells for: with revenue per order it gives pieces per order."""


@dataclass(frozen=True, slots=True, eq=False)
class Ahead(Curves):
    """Curves whose profit is today's worth with the horizon in mind; everything else is today's alone."""

    amounts: FloatArray | None = None
    """(n, k) sorted, within today's bounds."""
    worth: FloatArray | None = None
    """(n, k)."""

    def expected(self, quantity: Quantity, amounts: FloatArray) -> FloatArray:
        """As Curves; the profit is read from the table, straight between its points and flat beyond them."""
        if quantity is not Quantity.PROFIT or self.amounts is None or self.worth is None:
            return Curves.expected(self, quantity, amounts)
        table = amounts[:, None] if amounts.ndim == 1 else amounts
        result = np.empty(table.shape)
        for index, row in enumerate(table):
            result[index] = np.interp(row, self.amounts[index], self.worth[index])
        return result[:, 0] if amounts.ndim == 1 else result

    def profit_and_spend(self, amounts: FloatArray) -> tuple[FloatArray, FloatArray]:
        """As Curves; the profit is read from the table."""
        if self.amounts is None or self.worth is None:
            return Curves.profit_and_spend(self, amounts)
        return self.expected(Quantity.PROFIT, amounts), self.expected(Quantity.SPEND, amounts)


def look_ahead(curves: Curves, limits: Limits, horizon: Horizon, settings: HorizonSettings) -> Ahead:
    """Today's worth of every amount within the bounds that hold today."""
    days = min(settings.days, horizon.days_left)
    grid = _grid(horizon)
    doubt = curves.facts.get("level_cv", curves.log_sd)
    hope = 1 + settings.optimism * min(1.0, (horizon.days_left - 1) / settings.fade) * doubt
    spend = curves.expected(Quantity.SPEND, grid)
    earned = [_earned(curves, grid, horizon, settings, doubt, day) * hope[:, None] for day in range(days)]
    lower, upper = _today(limits, horizon)
    usual = np.where(_within_reach(grid, lower, upper, horizon.step, days), np.mean(earned[:7], axis=0), -np.inf)
    price = _price(usual, spend, grid, limits, horizon.money_left / horizon.days_left)[:, None]
    later = np.zeros_like(grid)
    down = int(np.floor(-np.log1p(-horizon.step) / np.log1p(horizon.step) * STEPS + 1e-9))
    for day in range(days - 1, 0, -1):
        later = _best_within(earned[day] - price * spend + settings.discount * later, down, STEPS)
    amounts = lower[:, None] + (upper - lower)[:, None] * np.linspace(0.0, 1.0, POINTS_TODAY)
    worth = _earned(curves, amounts, horizon, settings, doubt, 0) * hope[:, None]
    worth = worth - price * curves.expected(Quantity.SPEND, amounts)
    if days > 1:
        for index in range(len(worth)):
            worth[index] += settings.discount * np.interp(np.log(amounts[index]), np.log(grid[index]), later[index])
    worth = concave(amounts, worth)  # within one day's step a dent is not worth a branch
    plain = {one.name: getattr(curves, one.name) for one in fields(Curves)}
    # doubt is priced in already: the optimizer's own is for plans without a horizon
    return Ahead(
        **(plain | {"slope_sd": np.zeros(len(grid)), "reach": np.full(len(grid), np.inf)}), amounts=amounts, worth=worth
    )


def _grid(horizon: Horizon) -> FloatArray:
    """(n, G) amounts from least to most, a quarter of a step apart."""
    least = np.maximum(horizon.least, horizon.most / 200)
    most = np.maximum(horizon.most, least)
    ratio = (1 + horizon.step) ** (1 / STEPS)
    points = int(np.ceil(np.log((most / least).max(initial=1.0)) / np.log(ratio))) + 1
    return np.asarray(np.minimum(least[:, None] * ratio ** np.arange(min(points, MOST_POINTS)), most[:, None]))


def _today(limits: Limits, horizon: Horizon) -> tuple[FloatArray, FloatArray]:
    """What each budget may be today."""
    lower = np.max([np.full(limits.size, 1e-9), *(one.lower for one in limits.bounds)], axis=0)
    upper = np.min([np.maximum(horizon.most, lower), *(one.upper for one in limits.bounds)], axis=0)
    return lower, np.maximum(upper, lower)


def _within_reach(grid: FloatArray, lower: FloatArray, upper: FloatArray, step: float, days: int) -> NDArray[np.bool_]:
    """Which amounts can be come to in so many days from within today's bounds, (n, G); at least one of each budget.

    Money is worth what it earns there: a start-up that the steps do not cross would make all other money too dear.
    """
    nearest = np.abs(np.log(grid) - np.log(np.sqrt(lower * upper))[:, None]).argmin(axis=1)
    most, least = upper * (1 + step) ** (days - 1), lower * (1 - step) ** (days - 1)
    reached = (grid <= most[:, None] * (1 + 1e-9)) & (grid >= least[:, None] * (1 - 1e-9))
    reached[np.arange(len(grid)), nearest] = True
    return reached


def _earned(
    curves: Curves, amounts: FloatArray, horizon: Horizon, settings: HorizonSettings, doubt: FloatArray, day: int
) -> FloatArray:
    """Margin of the orders that stock allows, `day` days from today, (n, k); nondecreasing in the amount."""
    orders = _orders(curves, amounts) * horizon.lift[day]
    per_order = np.maximum(curves.revenue_per_order / horizon.price, 1.0)
    pieces = (horizon.pieces if day == 0 else horizon.pieces_later) / per_order
    bound = np.where(np.isfinite(pieces), pieces, 1e12)[:, None]
    blur = np.sqrt((orders * doubt[:, None]) ** 2 + settings.luck * orders) + 1e-9
    over = (orders - bound) / blur
    lost = (orders - bound) * normal_cdf(over) + blur * np.exp(-0.5 * over**2) / np.sqrt(2 * np.pi)
    sold = np.where(bound > 0, np.maximum(orders - np.maximum(lost, 0.0), 0.0), 0.0)
    if day:
        sold = sold * np.where(horizon.pieces > 0, 1.0, 1 - settings.back**day)[:, None]
    return np.asarray(np.maximum.accumulate(sold, axis=1) * curves.margin_per_order[:, None])


def _orders(curves: Curves, amounts: FloatArray) -> FloatArray:
    """Expected orders (n, k) with the dents of start-ups, where the posterior still has them: days ahead may cross."""
    posterior = curves.posterior
    if posterior is None:
        return curves.expected(Quantity.ORDERS, amounts)
    gain = np.diff((posterior.weight * posterior.level) @ posterior.shapes, axis=1, prepend=0.0)
    before = np.concatenate([np.ones((len(gain), 1)), posterior.survival[:, :-1]], axis=1)
    table = np.cumsum(gain * (posterior.survival + before) / 2, axis=1)
    points = np.append(0.0, KNOTS)
    orders = np.empty(amounts.shape)
    for index, row in enumerate(amounts / curves.scale[:, None]):
        orders[index] = np.interp(row, points, np.append(0.0, table[index]))
    return orders


def _best_within(worth: FloatArray, down: int, up: int) -> FloatArray:
    """The best of each point's neighbours, `down` before to `up` after it."""
    n, size = worth.shape
    padded = np.full((n, size + down + up), -np.inf)
    padded[:, down : down + size] = worth
    return np.asarray(np.lib.stride_tricks.sliding_window_view(padded, down + up + 1, axis=1).max(axis=-1))


def _price(earned: FloatArray, spend: FloatArray, grid: FloatArray, limits: Limits, pace: float) -> FloatArray:
    """What a unit of money has to earn, (n,): 1, more where the plan is short, more where a group's cap binds."""
    rows = np.arange(len(grid))
    caps = [one for one in limits.limits if _is_cap(one)]

    def chosen(price: FloatArray) -> tuple[FloatArray, FloatArray]:
        best = (earned - price[:, None] * spend).argmax(axis=1)
        return grid[rows, best], spend[rows, best]

    def at(extra: float) -> tuple[FloatArray, float]:
        price = np.full(len(grid), 1 + extra)
        for cap in caps:
            members = cap.weights > 0
            if cap.value(chosen(price)[0]) > cap.bound:
                low, high = 0.0, HIGHEST_PRICE
                for _ in range(HALVINGS):
                    middle = (low + high) / 2
                    fits = cap.value(chosen(price + middle * members)[0]) <= cap.bound
                    low, high = (low, middle) if fits else (middle, high)
                price = price + high * members
        return price, float(chosen(price)[1].sum())

    price, spent = at(0.0)
    if spent <= pace:
        return price
    low, high = 0.0, HIGHEST_PRICE
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        low, high = (low, middle) if at(middle)[1] <= pace else (middle, high)
    return at(high)[0]


def _is_cap(limit: Limit) -> bool:
    """A cap of some budgets on the amounts themselves, not the day's total (which the plan's own pace stands for)."""
    plain = limit.quantity is Quantity.AMOUNT and limit.sense is Sense.AT_MOST and (limit.weights >= 0).all()
    return bool(plain and limit.priority < Priority.ABSOLUTE)
