"""What a day's budgets bring in one seed's shop: clicks, spend, orders as they come in, and their expectation.

Luck comes from numpy Generators keyed by (seed, day, campaign) and never by budgets: two policies in one world meet the
same traffic, the same shoppers in the same order, the same delays (common random numbers). A campaign's shoppers are
the arrivals of a Poisson process of unit rate; money only decides how far along that process the day gets, so clicks
are Poisson, orders are the binomial thinning of them, and more money never loses a click that less money had.

Time within a day is a fraction of it, measured in traffic (`reached`): at night little passes. Money here is yuan as a
float; figures that leave are whole fen.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property, lru_cache
from math import ceil, sqrt
from typing import NamedTuple

import numpy as np

from bidder.connectors.sandbox.shop import CAMPAIGNS, OVERDELIVERY, PRODUCT_INDEX, PRODUCTS
from bidder.connectors.sandbox.truth import WARM_UP, Floats, Rates, Truth, draw

__all__ = ["WINDOW", "DayRun", "Expected", "Figures", "Step", "World", "reached"]

WINDOW = 7
"""Attribution window in days: an order counts for the click's day if it comes within it."""

_HOURS = np.array(
    (
        *(0.021, 0.012, 0.008, 0.006, 0.006, 0.009, 0.017, 0.029, 0.041, 0.052, 0.058, 0.056),
        *(0.053, 0.051, 0.052, 0.053, 0.052, 0.049, 0.050, 0.061, 0.078, 0.083, 0.064, 0.039),
    )
)
_TRAFFIC = np.concatenate([[0.0], np.cumsum(_HOURS) / _HOURS.sum()])
_CLOCK = np.linspace(0.0, 1.0, len(_TRAFFIC))


def reached(fraction: float) -> float:
    """The share of a day's traffic that has passed after this fraction of the day."""
    return float(np.interp(fraction, _CLOCK, _TRAFFIC))


class Step(NamedTuple):
    """From a fraction of the day on, this daily budget (yuan) is in force, if the campaign is on."""

    at: float
    amount: float
    on: bool = True


class Figures(NamedTuple):
    """What a report says of one campaign's day: counts, and money in fen."""

    impressions: int
    clicks: int
    spend: int
    orders: int
    units: int
    revenue: int
    final: bool


class Expected(NamedTuple):
    """The truth of one campaign's day, luck of clicks and orders taken out, in yuan."""

    spend: float
    clicks: float
    orders: float
    profit: float


class _Luck(NamedTuple):
    """One day's draws for all campaigns: the platform's pacing, and log factors on demand, conversion, impressions."""

    pace: Floats
    demand: Floats
    cvr: Floats
    ctr: Floats


class _Shoppers(NamedTuple):
    """One campaign-day's shoppers in order of arrival: where on the unit-rate process, and their uniforms."""

    arrival: Floats
    buys: Floats
    second: Floats
    price: Floats
    prompt: Floats
    delay: Floats


@dataclass(frozen=True, eq=False)
class DayRun:
    """One campaign's day under its budgets. Piecewise linear in traffic: spend and expected clicks at `edges`."""

    edges: Floats
    spend: Floats
    clicks: Floats
    ctr: float
    arrivals: Floats
    order_at: Floats
    """When each order shows up, in days since the day began."""
    units: Floats
    revenue: Floats

    def figures(self, age: float) -> Figures:
        """As reported `age` days after the day began (below 1: the day is running). Orders only come in, never go."""
        return self._final if age >= 1 + WINDOW else self._seen(age)

    @cached_property
    def _final(self) -> Figures:
        """What the day comes to: asked for again and again by reports of past weeks."""
        return self._seen(1.0 + WINDOW)

    def _seen(self, age: float) -> Figures:
        done = reached(min(max(age, 0.0), 1.0))
        expected = float(np.interp(done, self.edges, self.clicks))
        clicks = int(np.searchsorted(self.arrivals, expected, side="right"))
        seen = self.order_at <= age
        return Figures(
            impressions=max(clicks, round(expected / self.ctr)),
            clicks=clicks,
            spend=round(100 * float(np.interp(done, self.edges, self.spend))) if clicks else 0,
            orders=int(seen.sum()),
            units=int(self.units[seen].sum()),
            revenue=int(self.revenue[seen].sum()),
            final=age >= 1 + WINDOW,
        )


class World:
    """One seed's shop on a calendar: day 0 is `start`. A pure function of seed, start and budgets."""

    def __init__(self, seed: int, start: date) -> None:
        self.seed = seed
        self.start = start
        self.truth: Truth = draw(seed)

    def day_of(self, day: date) -> int:
        """The day's number; negative before the start."""
        return (day - self.start).days

    def date_of(self, day: int) -> date:
        """The date of a day's number."""
        return self.start + timedelta(days=day)

    @cached_property
    def event_date(self) -> date:
        """The first promotion day, which the platform announces."""
        return self.date_of(self.truth.event_day)

    def habits(self, day: int) -> tuple[int, ...]:
        """The budgets (whole yuan) that the shop's owner had set on a day of the warm-up, as people do: by feel.

        Every few days some money moves from one campaign to another; the sum stays. From day 0 on they stand still.
        """
        return _habits(self.seed)[min(max(day + WARM_UP, 0), WARM_UP - 1)]

    def rates(self, day: int) -> Rates:
        """The day's rates with its luck, which no budget changes."""
        rates, luck = self.truth.rates(day, self.date_of(day).weekday()), _luck(self.seed, day)
        return Rates(rates.demand * luck.demand, rates.cpc, rates.cvr * luck.cvr)

    def expected(self, day: int, campaign: int, steps: Sequence[Step]) -> Expected:
        """What is true of one campaign's day under its budgets: for scoring alone, no reader has it."""
        rates = self.rates(day)
        _, spend, clicks = self._course(day, campaign, steps, rates)
        orders = clicks[-1] * float(rates.cvr[campaign])
        return Expected(spend[-1], clicks[-1], orders, orders * float(self.truth.worth[campaign]) - spend[-1])

    def run(self, day: int, campaign: int, steps: Sequence[Step]) -> DayRun:
        """One campaign's day with all its luck. `steps` begin at 0 and rise."""
        truth, rates, i = self.truth, self.rates(day), campaign
        edges, spend, clicks = (np.array(column) for column in self._course(day, i, steps, rates))
        demand, cpc = float(rates.demand[i]), float(rates.cpc[i])
        most = truth.most_clicks(i, demand, cpc)
        shoppers = _shoppers(self.seed, day, i, ceil(most + 8 * sqrt(most) + 20))
        arrivals = shoppers.arrival[: int(np.searchsorted(shoppers.arrival, clicks[-1], side="right"))]
        bought = np.flatnonzero(shoppers.buys[: len(arrivals)] < rates.cvr[i])
        clicked_at = np.interp(np.interp(arrivals[bought], clicks, edges), _TRAFFIC, _CLOCK)
        late = shoppers.prompt[bought] >= truth.prompt[i]
        wait = -np.log1p(-shoppers.delay[bought]) * np.where(late, truth.lag[i], 0.02)
        wait = np.where(wait < WINDOW, wait, shoppers.delay[bought] * WINDOW)  # all within the window
        units = 1 + (shoppers.second[bought] < truth.second[i])
        price = PRODUCTS[PRODUCT_INDEX[CAMPAIGNS[i].product]].economics.price
        paid = np.rint(100 * price * (0.94 + 0.12 * shoppers.price[bought]))
        ctr = float(truth.ctr[i]) * float(_luck(self.seed, day).ctr[i])
        return DayRun(edges, spend, clicks, ctr, arrivals, clicked_at + wait, units, units * paid)

    def _course(
        self, day: int, i: int, steps: Sequence[Step], rates: Rates
    ) -> tuple[list[float], list[float], list[float]]:
        """Traffic, spend and expected clicks at the edges between which all are linear."""
        demand, cpc = float(rates.demand[i]), float(rates.cpc[i])
        reach = float(self.truth.reach[i]) * demand
        pace = float(_luck(self.seed, day).pace[i])
        edges, spend, clicks = [0.0], [0.0], [0.0]
        for k, step in enumerate(steps):
            begin = reached(step.at)
            end = reached(steps[k + 1].at) if k + 1 < len(steps) else 1.0
            if end <= begin:
                continue
            rate = min(reach, pace * step.amount) if step.on else 0.0
            room = max(OVERDELIVERY * step.amount - spend[-1], 0.0)
            wanted = rate * (end - begin)
            part = 0.0 if wanted <= 0 else min(1.0, room / wanted)
            if part > 0:
                edges.append(begin + part * (end - begin))
                spend.append(spend[-1] + part * wanted)
                clicks.append(clicks[-1] + part * (end - begin) * self.truth.clicks(i, rate, demand, cpc))
            if part < 1:  # off, or nothing left of what the platform may spend
                edges.append(end)
                spend.append(spend[-1])
                clicks.append(clicks[-1])
        return edges, spend, clicks


@lru_cache(maxsize=1024)
def _luck(seed: int, day: int) -> _Luck:
    rng = np.random.default_rng([seed, 2, day + WARM_UP])
    n = len(CAMPAIGNS)
    return _Luck(
        pace=0.8 + 0.4 * rng.beta(4.5, 5.5, n),  # 80–120 % of a budget that binds, 98 % on average
        demand=np.exp(rng.normal(-0.5 * 0.14**2, 0.14, n) + rng.normal(0, 0.05)),
        cvr=np.exp(rng.normal(-0.5 * 0.10**2, 0.10, n)),
        ctr=np.exp(rng.normal(0, 0.06, n)),
    )


def _shoppers(seed: int, day: int, campaign: int, size: int) -> _Shoppers:
    rng = np.random.default_rng([seed, 3, day + WARM_UP, campaign])
    return _Shoppers(np.cumsum(rng.exponential(size=size)), *rng.random((5, size)))


@lru_cache(maxsize=64)
def _habits(seed: int) -> tuple[tuple[int, ...], ...]:
    rng = np.random.default_rng([seed, 4])
    amounts = [campaign.habit for campaign in CAMPAIGNS]
    days = []
    for _ in range(WARM_UP):
        if rng.random() < 0.4:
            giver, taker = rng.choice(len(amounts), 2, replace=False)
            moved = 10 * round(amounts[giver] * rng.uniform(0.10, 0.35) / 10)
            if amounts[giver] - moved >= 50:
                amounts[giver] -= moved
                amounts[taker] += moved
        days.append(tuple(amounts))
    return tuple(days)
