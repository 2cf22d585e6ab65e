"""What is true of one seed's shop and never told: response curves, conversion, drift, the event, the stock-out.

Columns hold one entry a campaign, in the order of `shop.CAMPAIGNS`. Money is yuan. Days count from day 0, the first
day after the warm-up; earlier days are negative. Everything can be asked of any day at once (drift is a sum of slow
waves, the event and the stock-out return every `SEASON` days), so that no day has to be replayed for another.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from math import exp

import numpy as np
from numpy.typing import NDArray

from bidder.connectors.sandbox.shop import CAMPAIGNS, MINIMUM_FEN, PRODUCT_INDEX, PRODUCTS

__all__ = ["MEAN_PACE", "SEASON", "WARM_UP", "Rates", "Truth", "best_split", "draw"]

Floats = NDArray[np.float64]

WARM_UP = 28
"""Days of history, under the shop's habits, that exist before day 0."""
SEASON = 60
"""One event and one stock-out in every so many days."""
MEAN_PACE = 0.98
"""What the platform spends of a budget that binds, on average."""

N = len(CAMPAIGNS)
EXPONENTIAL, HILL, START_UP = 0, 1, 2

# A world is fit for judging policies when an even split of the shop's usual money earns something but not the most:
# bounds on its profit per yuan, and on what the best fixed split earns over it. Drawn again until it is so.
_USUAL_TOTAL = 2_000
_EVEN_RETURN = (0.15, 0.90)
_BEST_OVER_EVEN = (1.22, 1.60)

# traffic and conversion by weekday, Monday first
_WEEKDAY_DEMAND = (1.06, 1.04, 1.02, 0.99, 0.92, 0.93, 1.04)
_WEEKDAY_CVR = (1.02, 1.03, 1.01, 1.00, 0.96, 0.97, 1.01)

# (demand, cost per click, conversion) by days from the event: orders hold back, rush, then the demand is emptied
_EVENT = {
    **dict.fromkeys((-4, -3, -2, -1), (1.05, 1.05, 0.75)),
    0: (2.4, 1.15, 1.40),
    **dict.fromkeys((1, 2, 3), (0.80, 0.97, 0.85)),
}

# a slow change of demand a day, by tag
_TREND = {"winter": 0.004, "new": 0.005, "clearance": -0.007}


@dataclass(frozen=True, slots=True)
class Rates:
    """One day's true rates before luck: factors on demand and click cost, and conversion itself (0: sold out)."""

    demand: Floats
    cpc: Floats
    cvr: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Truth:
    """The parameters of one seed."""

    shape: NDArray[np.int64]
    cpc: Floats
    cvr: Floats
    scale: Floats
    reach: Floats
    """Spend a day beyond which a bigger budget is not spent."""
    ctr: Floats
    second: Floats
    """Chance that an order holds a second piece."""
    prompt: Floats
    """Share of orders that come at once; the rest takes days."""
    lag: Floats
    """Mean days of the rest."""
    worth: Floats
    """Expected contribution of one order (all pieces) before ad spend."""
    swing: Floats
    amplitude: Floats
    period: Floats
    phase: Floats
    trend: Floats
    event_day: int
    sold_out: int
    """Position of the product that runs out."""
    sold_out_from: int
    sold_out_days: int

    def clicks(self, i: int, spend: float, demand: float, cpc: float) -> float:
        """Expected clicks of `spend` on a day: concave or S-shaped, and twice the demand bears twice the spend."""
        if spend <= 0:
            return 0.0
        x = spend / (demand * self.scale[i])
        shape = self.shape[i]
        if shape == EXPONENTIAL:
            reached = 1 - exp(-x)
        elif shape == HILL:
            reached = x / (1 + x)
        else:
            reached = 2 * x * x / (1 + x * x)
        return float(demand * self.scale[i] / (self.cpc[i] * cpc) * reached)

    def most_clicks(self, i: int, demand: float, cpc: float) -> float:
        """What no spend goes beyond."""
        return float(demand * self.scale[i] / (self.cpc[i] * cpc) * (2 if self.shape[i] == START_UP else 1))

    def event_offset(self, day: int) -> int:
        """Days since the nearest event of the season (negative: still to come)."""
        return (day - self.event_day + SEASON // 2) % SEASON - SEASON // 2 if day >= 0 else -SEASON

    def is_sold_out(self, product: int, day: int) -> bool:
        """Whether the product has no stock on that day."""
        return product == self.sold_out and day >= 0 and 0 <= day % SEASON - self.sold_out_from < self.sold_out_days

    def rates(self, day: int, weekday: int) -> Rates:
        """The true rates of a day (weekday: 0 is Monday)."""
        waves = self.amplitude * np.sin(2 * np.pi * (day / self.period + self.phase))
        demand_wave, cpc_wave, cvr_wave = waves.sum(axis=2)
        demand = np.exp(demand_wave + self.trend * np.clip(day, -WARM_UP, SEASON))
        demand = demand * _WEEKDAY_DEMAND[weekday] ** self.swing
        cvr = self.cvr * np.exp(cvr_wave) * _WEEKDAY_CVR[weekday] ** self.swing
        more, dearer, better = _EVENT.get(self.event_offset(day), (1.0, 1.0, 1.0))
        there = np.array([not self.is_sold_out(PRODUCT_INDEX[c.product], day) for c in CAMPAIGNS])
        return Rates(demand * more, np.exp(cpc_wave) * dearer, cvr * better * there)

    def usual_profit(self, i: int, budget: float) -> float:
        """Expected profit of a day's budget at rates without drift, event or luck."""
        spend = min(MEAN_PACE * budget, float(self.reach[i]))
        return self.clicks(i, spend, 1.0, 1.0) * float(self.cvr[i] * self.worth[i]) - spend


@lru_cache(maxsize=64)
def draw(seed: int) -> Truth:
    """The truth of a seed: the first draw of its stream that is fit for judging policies."""
    for attempt in range(10_000):
        truth = _draw(np.random.default_rng([seed, 1, attempt]))
        if _fit(truth):
            return truth
    raise AssertionError(f"no fit world for seed {seed}")  # the bounds leave about one draw in three


def best_split(profit: Callable[[int, float], float], size: int, total: int, grid: int = 10) -> tuple[float, list[int]]:
    """The most that `total` whole yuan can earn over budgets of at least the platform's minimum, and the split.

    Exact on a grid by dynamic programming, so S-curves need no care; not all money has to be given out.
    """
    minimum = MINIMUM_FEN // 100
    free = (total - size * minimum) // grid
    gains = np.array([[profit(i, minimum + grid * k) for k in range(free + 1)] for i in range(size)])
    best, choices = np.zeros(free + 1), []
    for row in gains:
        table = np.full((free + 1, free + 1), -np.inf)
        for spent in range(free + 1):
            table[spent, : spent + 1] = best[spent::-1][: spent + 1] + row[: spent + 1]
        choices.append(table.argmax(axis=1))
        best = table.max(axis=1)
    left, split = int(best.argmax()), []
    top = float(best.max())
    for choice in reversed(choices):
        split.append(minimum + grid * int(choice[left]))
        left -= int(choice[left])
    return top, split[::-1]


def _fit(truth: Truth) -> bool:
    even = sum(truth.usual_profit(i, _USUAL_TOTAL / N) for i in range(N))
    spend = sum(min(MEAN_PACE * _USUAL_TOTAL / N, float(reach)) for reach in truth.reach)
    if not _EVEN_RETURN[0] <= even / spend <= _EVEN_RETURN[1]:
        return False
    best, _ = best_split(truth.usual_profit, N, _USUAL_TOTAL)
    return _BEST_OVER_EVEN[0] <= best / even <= _BEST_OVER_EVEN[1]


def _draw(rng: np.random.Generator) -> Truth:
    cpc, cvr, middle_scale = np.array([(c.cpc, c.cvr, c.scale) for c in CAMPAIGNS]).T
    second = rng.uniform(0.02, 0.16, N)
    goods = [PRODUCTS[PRODUCT_INDEX[c.product]] for c in CAMPAIGNS]
    contribution = np.array([one.economics.contribution for one in goods])
    per_product = rng.normal(0, 0.18, len(PRODUCTS))  # a product that sells well does so in every channel
    common = np.array([per_product[PRODUCT_INDEX[c.product]] for c in CAMPAIGNS])
    scale = middle_scale * np.exp(rng.normal(0, 0.45, N))
    event_day = int(rng.integers(20, 44))
    sold_out_days = int(rng.integers(6, 10))
    before, after = rng.integers(6, event_day - 5 - sold_out_days + 1), rng.integers(event_day + 5, 50)
    return Truth(
        shape=rng.choice(3, N, p=[0.45, 0.40, 0.15]),
        cpc=cpc * np.exp(rng.normal(0, 0.20, N)),
        cvr=cvr * np.exp(common + rng.normal(0, 0.22, N)),
        scale=scale,
        reach=scale * rng.uniform(0.45, 1.8, N),
        ctr=np.exp(rng.normal(np.log(0.02), 0.35, N)),
        second=second,
        prompt=rng.uniform(0.45, 0.68, N),
        lag=rng.uniform(1.2, 2.4, N),
        worth=contribution * (1 + second),
        swing=rng.uniform(0.5, 1.8, N),
        amplitude=np.array([0.06, 0.05, 0.07])[:, None, None] * rng.uniform(0.5, 1.3, (3, N, 2)),
        period=rng.uniform(25, 110, (3, N, 2)),
        phase=rng.uniform(0, 1, (3, N, 2)),
        trend=np.array([sum(_TREND.get(tag, 0.0) for tag in one.tags) for one in goods]),
        event_day=event_day,
        sold_out=PRODUCT_INDEX[str(rng.choice(["P02", "P03", "P06", "P08"]))],
        sold_out_from=int(rng.choice([before, after])),  # clear of the event, so that each can be seen
        sold_out_days=sold_out_days,
    )
