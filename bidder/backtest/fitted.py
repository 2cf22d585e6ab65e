"""Worlds drawn from what a shop's own history makes likely: curves from the posterior, then days with noise and delay.

Built on the product's own estimation (:mod:`bidder.response`), so they say how well bidder does *if the shop is of the
kind that it believes in*; sandbox worlds do not share its beliefs. For budget i on day t, amount b:

    x = min(κ_t·b, D_i·s_i·e^{u_it}),  orders ~ Poisson(Gamma) with mean a_i·g_i(x/s_i)·e^{c_t + w_it}

with a_i and the shape g_i one draw of the posterior, D_i one of the reachable spend, s_i the scale, c_t common to the
shop, and orders known by age as `response.late` says. Left out: weekdays, events, stock, drift of the level.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

import numpy as np

from bidder.backtest.hindsight import best_fixed
from bidder.backtest.place import Earned
from bidder.catalog import BudgetStatus
from bidder.errors import ConfigError, Fault
from bidder.ids import BudgetId
from bidder.money import Money
from bidder.response.curve import Curves
from bidder.response.delay import MATURE, default_curve
from bidder.response.shapes import KNOTS
from bidder.rules.amounts import minimums
from bidder.snapshot import FloatArray, History, Snapshot

__all__ = ["FittedGround", "FittedPlace", "World", "worlds"]

WARM_UP = 28
"""Days of simulated history, under the budgets that the shop really had, before the first decision."""

COMMON_SD, OWN_SD, REACH_SD = 0.08, 0.12, 0.12
"""Day-to-day spread (log) of what is common to the shop, of a budget's conversion, of the demand it can reach."""

VALUE_SD = 0.15
"""Spread (log) of a day's average order value."""

PACE = (0.93, 1.0)
"""How much of an amount that binds the platform spends."""


@dataclass(frozen=True, slots=True, eq=False)
class World:
    """One draw: what each budget really answers to money. Columns in the order of the Snapshot it was drawn from."""

    seed: tuple[int, int]
    scale: FloatArray
    level: FloatArray
    shape: FloatArray
    """(n, B) at the knots, 1 at the scale."""
    limit: FloatArray
    """Most that demand lets it spend on an ordinary day; inf: no limit."""
    margin: FloatArray
    revenue: FloatArray
    dispersion: FloatArray
    cpc: FloatArray
    ctr: FloatArray

    def orders(self, spend: FloatArray) -> FloatArray:
        """Mean orders of an ordinary day at spends (n,) or (n, k)."""
        table = spend[:, None] if spend.ndim == 1 else spend
        relative = table / self.scale[:, None]
        knots, first = np.concatenate([[0.0], KNOTS]), np.zeros((len(self.shape), 1))
        shape = np.concatenate([first, self.shape], axis=1)
        out = np.stack([np.interp(relative[i], knots, shape[i]) for i in range(len(shape))]) * self.level[:, None]
        return out[:, 0] if spend.ndim == 1 else out


@dataclass(frozen=True, slots=True, eq=False)
class Day:
    """One day's luck for all budgets, which no amount changes; `entropy` seeds the luck of single orders."""

    common: float
    own: FloatArray
    reach: FloatArray
    pace: FloatArray
    value: FloatArray
    entropy: tuple[int, ...]


def worlds(curves: Curves, count: int, seed: int) -> Iterator[World]:
    """`count` draws, the same for the same seed. Raises ConfigError where there is nothing to draw from."""
    posterior = curves.posterior
    if posterior is None or not len(curves):
        raise ConfigError([Fault(None, "worlds are fitted to shops of 1 to 20,000 budgets with some history")])
    n = len(curves)
    chosen_up_to = np.cumsum(posterior.weight, axis=1)
    facts = curves.facts
    for number in range(count):
        rng = np.random.default_rng([seed, number])
        shape = (chosen_up_to < rng.random((n, 1)) * chosen_up_to[:, -1:]).sum(axis=1)
        sureness = 1 / np.maximum(posterior.level_cv, 1e-6) ** 2
        level = posterior.level[np.arange(n), shape] * rng.gamma(sureness) / sureness
        beyond = posterior.survival < rng.random((n, 1))
        limit = np.where(beyond.any(axis=1), KNOTS[beyond.argmax(axis=1)] * curves.scale, np.inf)
        yield World(
            seed=(seed, number),
            scale=curves.scale,
            level=level,
            shape=posterior.shapes[shape],
            limit=limit,
            margin=curves.margin_per_order,
            revenue=curves.revenue_per_order,
            dispersion=facts["dispersion"],
            cpc=np.where(facts["cpc"] > 0, facts["cpc"], 1.0),
            ctr=np.where(facts["ctr"] > 0, facts["ctr"], 0.01),
        )


def _day(world: World, day: int) -> Day:
    n = len(world.scale)
    entropy = (*world.seed, day + WARM_UP)
    rng = np.random.default_rng(entropy)
    return Day(
        common=float(rng.normal(-0.5 * COMMON_SD**2, COMMON_SD)),
        own=rng.normal(-0.5 * OWN_SD**2, OWN_SD, n),
        reach=rng.normal(-0.5 * REACH_SD**2, REACH_SD, n),
        pace=rng.uniform(*PACE, n),
        value=rng.normal(-0.5 * VALUE_SD**2, VALUE_SD, n),
        entropy=entropy,
    )


def _spent(world: World, day: Day, amounts: FloatArray) -> FloatArray:
    """What is spent of amounts (n,) or (n, k)."""
    limit, pace = world.limit * np.exp(day.reach), day.pace
    return (
        np.minimum(amounts * pace[:, None], limit[:, None]) if amounts.ndim == 2 else np.minimum(amounts * pace, limit)
    )


def _profit(world: World, day: Day, spend: FloatArray) -> FloatArray:
    """Expected under the day's rates, (n,) or (n, k)."""
    gain = world.margin * np.exp(day.common + day.own)
    return world.orders(spend) * (gain[:, None] if spend.ndim == 2 else gain) - spend


@dataclass(frozen=True, slots=True, eq=False)
class FittedGround:
    """One drawn world over so many days, from the Snapshot that it was fitted to."""

    world: World
    base: Snapshot
    late: tuple[float, ...]
    days: int
    total: Money

    @property
    def name(self) -> str:
        """As the table shows it."""
        return f"fitted {self.world.seed[1]}"

    def open(self) -> FittedPlace:
        """A fresh run."""
        return FittedPlace(self)

    def hindsight(self) -> float | None:
        """By the true rates of these very days; budgets not in force get nothing."""
        active = np.array([one.status is BudgetStatus.ACTIVE for one in self.base.budgets], dtype=np.bool_)
        luck = [_day(self.world, day) for day in range(self.days)]

        def profit(amounts: FloatArray) -> FloatArray:
            full = np.zeros((len(active), amounts.shape[1]))
            full[active] = amounts
            total = sum(_profit(self.world, day, _spent(self.world, day, full)) for day in luck)
            return np.asarray(total)[active] / self.days

        return best_fixed(profit, minimums(self.base)[active], self.total.to_float()) if active.any() else None


class FittedPlace:
    """One run of a drawn world."""

    def __init__(self, ground: FittedGround) -> None:
        self._ground = ground
        base, n = ground.base, len(ground.base.budgets)
        self._rate = np.array([base.rate(one.currency) for one in base.budgets])
        self._active = np.array([one.status is BudgetStatus.ACTIVE for one in base.budgets], dtype=np.bool_)
        self._now = {one.id: one.now for one in base.budgets}
        self._changed = dict(base.changed)
        self._day = 0
        self._complete = default_curve(ground.late)[: MATURE + 1]
        self._columns: list[dict[str, FloatArray]] = []
        self._earned: list[tuple[float, float]] = []
        for day, amounts in zip(range(-WARM_UP, 0), _habits(base, n), strict=True):
            self._columns.append(self._outcome(day, amounts))

    def _outcome(self, number: int, amounts: FloatArray) -> dict[str, FloatArray]:
        """One day's figures by budget; orders and revenue by the age at which they are known, (n, 15)."""
        world, day = self._ground.world, _day(self._ground.world, number)
        spend = _spent(world, day, np.where(self._active, amounts, 0.0))
        if number >= 0:
            self._earned.append((float(_profit(world, day, spend).sum()), float(spend.sum())))
        mean = world.orders(spend) * np.exp(day.common + day.own)
        # a generator a budget: one budget's money does not change another's luck
        rngs = [np.random.default_rng([*day.entropy, i]) for i in range(len(mean))]
        wild = np.maximum(world.dispersion - 1, 1e-6)
        known = np.zeros((len(mean), MATURE + 1))
        steps = np.diff(self._complete, prepend=0.0)
        clicks = np.zeros(len(mean))
        for i, rng in enumerate(rngs):
            if spend[i] <= 0:
                continue
            size = mean[i] / wild[i]
            orders = rng.poisson(rng.gamma(size) * wild[i]) if size > 0 else 0
            known[i] = np.cumsum(rng.multinomial(orders, steps / steps.sum()))
            clicks[i] = max(int(orders), rng.poisson(spend[i] / world.cpc[i]))
        value = world.revenue * np.exp(day.value)
        return {"spend": spend, "clicks": clicks, "orders": known, "revenue": known * value[:, None], "amount": amounts}

    def snapshot(self) -> Snapshot:
        """The simulated days as known at the running day's decision instant."""
        base, n = self._ground.base, len(self._ground.base.budgets)
        passed = timedelta(days=self._day)
        as_of, today = base.as_of + passed, base.day + passed
        products = {product.id: index for index, product in enumerate(base.products)}
        first = [products.get(one.products[0], -1) if one.products else -1 for one in base.budgets]
        ages = np.minimum(np.arange(len(self._columns), 0, -1), MATURE)
        blocks = list(zip(self._columns, ages.tolist(), range(-len(self._columns), 0), strict=True))
        clicks = np.concatenate([day["clicks"] for day, _, _ in blocks])
        history = History.of(
            {
                "budget": np.tile(np.arange(n), len(blocks)),
                "product": np.tile(np.array(first), len(blocks)),
                "day": np.repeat([base.today + self._day + back for _, _, back in blocks], n),
                "impressions": np.round(clicks / np.tile(self._ground.world.ctr, len(blocks))),
                "clicks": clicks,
                "spend": np.concatenate([day["spend"] / self._rate for day, _, _ in blocks]),
                "orders": np.concatenate([day["orders"][:, age] for day, age, _ in blocks]),
                "units": np.concatenate([day["orders"][:, age] for day, age, _ in blocks]),
                "revenue": np.concatenate([day["revenue"][:, age] / self._rate for day, age, _ in blocks]),
                "amount": np.concatenate([day["amount"] / self._rate for day, _, _ in blocks]),
                "observed": np.full(n * len(blocks), as_of.timestamp()),
            }
        )
        return Snapshot.build(
            as_of=as_of,
            day=today,
            currency=base.currency,
            accounts=base.accounts,
            budgets=[replace(one, now=self._now[one.id], read_at=as_of) for one in base.budgets],
            products=[replace(one, stock_at=as_of if one.stock is not None else None) for one in base.products],
            history=history,
            spent_month=self._spent_month(),
            exchange=base.exchange,
            changed=self._changed,
        )

    def _spent_month(self) -> Money:
        """What the running calendar month has cost, the real days before the first decision included."""
        base = self._ground.base
        today = base.day + timedelta(days=self._day)
        since = min(today.day - 1, self._day)
        spent = sum(spend for _, spend in self._earned[len(self._earned) - since :]) if since else 0.0
        same = (today.year, today.month) == (base.day.year, base.day.month)
        return Money.from_float_down(spent, base.currency) + (base.spent_month if same else Money.zero(base.currency))

    def put(self, amounts: Mapping[BudgetId, Money]) -> None:
        """Sets budgets from now on."""
        for budget, amount in amounts.items():
            if amount != self._now[budget]:
                self._now[budget] = amount
                self._changed[budget] = self._ground.base.today + self._day

    def pass_day(self) -> None:
        """Simulates the running day."""
        base = self._ground.base
        amounts = np.array([m.to_float() if (m := self._now[one.id]) is not None else 0.0 for one in base.budgets])
        self._columns.append(self._outcome(self._day, amounts * self._rate))
        self._day += 1

    def earned(self) -> Earned:
        """What the days so far brought, by the drawn truth."""
        table = np.array(self._earned).reshape(-1, 2)
        return Earned(table[:, 0], table[:, 1])


def _habits(snapshot: Snapshot, n: int) -> FloatArray:
    """The amounts (spends where unknown) of the last 28 real days, (28, n); a day without figures is as the next."""
    history = snapshot.history
    now = np.where(np.isfinite(snapshot.now), snapshot.now, 0.0)
    rate = np.array([snapshot.rate(one.currency) for one in snapshot.budgets])
    rows = (history.day >= snapshot.today - WARM_UP) & (history.day < snapshot.today)
    place = history.day[rows] - (snapshot.today - WARM_UP)
    cell = place * n + history.budget[rows]
    spent = np.full(WARM_UP * n, np.nan)
    spent[cell] = 0.0
    np.add.at(spent, cell, np.nan_to_num(history.spend[rows]))
    stated = np.full(WARM_UP * n, np.nan)
    np.fmax.at(stated, cell, history.amount[rows])  # product rows of one day repeat the amount
    table = np.where(np.isfinite(stated), stated, spent).reshape(WARM_UP, n) * rate
    later = now
    for row in range(WARM_UP - 1, -1, -1):
        later = np.where(np.isfinite(table[row]), table[row], later)
        table[row] = later
    return np.asarray(table, dtype=np.float64)
