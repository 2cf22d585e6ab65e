"""Calm and awake (SCIENCE 4.4): a shop that does not change is hardly moved, one that does is followed.

A simulated shop of its own: exponential response, Poisson luck, orders that come in late; nothing drifts but what a
test makes jump. Day by day `decide` sees what was reported by then, and its plan is in force the next day.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from bidder.catalog import Account, Budget, Product
from bidder.decide import Policy, decide
from bidder.errors import Source
from bidder.ids import AccountId, BudgetId, ProductId
from bidder.limits import Quantity
from bidder.money import Money
from bidder.response.delay import default_curve
from bidder.response.estimate import estimate
from bidder.response.settings import ResponseSettings
from bidder.rules.base import Rule
from bidder.rules.total import Total
from bidder.snapshot import FloatArray, History, Snapshot, day_number
from tests.builders import CNY, TODAY

SIZE, HABIT = 8, 100.0
WARM_UP = 28
ACCOUNT = Account(AccountId("x"), "sandbox", CNY, "UTC")
SETTLED = 10
"""Days after which a shop that does not change should have come to rest."""


@dataclass(slots=True)
class Shop:
    """`level` (n,) orders at the habit, `bend` (n,) in habits; figures so far, a row a day."""

    seed: int
    level: FloatArray
    bend: FloatArray
    spend: list[FloatArray]
    clicks: list[FloatArray]
    orders: list[FloatArray]
    """(n, 15) each, by the age at which they are known."""
    amounts: list[FloatArray]

    @classmethod
    def of(cls, seed: int) -> Shop:
        rng = np.random.default_rng([seed, 1])
        shop = cls(seed, np.exp(rng.normal(2.3, 0.5, SIZE)), rng.uniform(0.8, 3.0, SIZE), [], [], [], [])
        habits = np.random.default_rng([seed, 2]).uniform(0.75, 1.25, (WARM_UP, SIZE)) * HABIT
        for row in habits:
            shop.pass_day(row)
        return shop

    def pass_day(self, amounts: FloatArray) -> None:
        rng = np.random.default_rng([self.seed, 3, len(self.spend)])
        spend = amounts * rng.uniform(0.94, 1.0, SIZE)
        share = -np.expm1(-spend / HABIT / self.bend) / -np.expm1(-1 / self.bend)
        orders = rng.poisson(self.level * share)
        steps = np.diff(default_curve(ResponseSettings().late), prepend=0.0)
        self.spend.append(spend)
        self.clicks.append(np.maximum(rng.poisson(40 * share), orders).astype(np.float64))
        known = np.stack([np.cumsum(rng.multinomial(int(k), steps / steps.sum())) for k in orders])
        self.orders.append(known.astype(np.float64))
        self.amounts.append(amounts)

    def snapshot(self, now: FloatArray) -> Snapshot:
        size = len(self.spend)
        day = TODAY + timedelta(days=size)
        as_of = datetime.combine(day, datetime.min.time(), UTC) + timedelta(hours=6)
        ages = np.minimum(np.arange(size, 0, -1), 14)
        orders = np.concatenate([known[:, age] for known, age in zip(self.orders, ages.tolist(), strict=True)])
        columns = {
            "budget": np.tile(np.arange(SIZE), size),
            "product": np.tile(np.arange(SIZE), size),
            "day": np.repeat(day_number(day) - np.arange(size, 0, -1), SIZE),
            "clicks": np.concatenate(self.clicks),
            "impressions": np.concatenate(self.clicks) * 40,
            "spend": np.concatenate(self.spend),
            "orders": orders,
            "units": orders,
            "revenue": orders * 60.0,
            "amount": np.concatenate(self.amounts),
        }
        names = [ProductId(f"P{n}") for n in range(SIZE)]
        return Snapshot.build(
            as_of=as_of,
            day=day,
            currency=CNY,
            accounts=[ACCOUNT],
            budgets=[
                Budget(
                    BudgetId(ACCOUNT.id, f"b{n}"),
                    f"b{n}",
                    CNY,
                    now=Money.parse(f"{now[n]:.2f}", CNY),
                    products=(names[n],),
                    minimum=Money.parse("10", CNY),
                )
                for n in range(SIZE)
            ],
            products=[Product(name, price=Money.parse("60", CNY), margin=0.5) for name in names],
            history=History.of(columns),
        )


def lived(shop: Shop, days: int, now: FloatArray | None = None) -> FloatArray:
    """The amounts in force on so many days, (days + 1, n), the first before any decision."""
    rule = Rule("total", Total.model_validate({"max": str(SIZE * HABIT)}), Source("--total"))
    now = np.full(SIZE, HABIT) if now is None else now
    rows = [now]
    for _ in range(days):
        plan = decide(shop.snapshot(now), Policy((rule,))).plan
        after = {one.budget.native: one.after.to_float() for one in plan.changes}
        now = np.array([after[f"b{n}"] for n in range(SIZE)])
        shop.pass_day(now)
        rows.append(now)
    return np.array(rows)


def turnover(amounts: FloatArray) -> float:
    """The share of the money that moves, a day."""
    return float((np.abs(np.diff(amounts, axis=0)).sum(axis=1) / 2 / amounts[:-1].sum(axis=1)).mean())


def reversals(amounts: FloatArray) -> float:
    """Moves against the budget's last one within three days, a budget and month of 30 days."""
    moves = np.sign(np.round(np.diff(amounts, axis=0), 6))
    count = 0
    for column in moves.T:
        at = np.flatnonzero(column)
        count += int(((column[at[1:]] != column[at[:-1]]) & (np.diff(at) <= 3)).sum())
    return float(count / amounts.shape[1] / len(moves) * 30)


def seen(shop: Shop, now: FloatArray, product: int) -> float:
    """Orders at the habit that the curves expect of a product."""
    snapshot = shop.snapshot(now)
    curves = estimate(snapshot, ResponseSettings())
    place = snapshot.position(BudgetId(ACCOUNT.id, f"b{product}"))
    return float(curves.expected(Quantity.ORDERS, np.full(SIZE, HABIT))[place])


def followed(seed: int) -> tuple[float, float]:
    """A product's return doubles: the part of that (in logs) which is believed, and how many times its money, after
    seven days of reports."""
    shop = Shop.of(seed)
    now = lived(shop, SETTLED)[-1]
    product = int(np.argsort(now)[SIZE // 2])
    before = seen(shop, now, product)
    shop.level[product] *= 2
    after = lived(shop, 7, now)[-1]
    return float(np.log(seen(shop, after, product) / before) / np.log(2)), float(after[product] / now[product])


def rests(seed: int) -> None:
    amounts = lived(Shop.of(seed), SETTLED + 20)[SETTLED:]
    assert turnover(amounts) <= 0.03
    assert reversals(amounts) <= 1.0


def test_a_shop_that_does_not_change_is_left_alone() -> None:
    rests(0)


@pytest.mark.chaos
@pytest.mark.parametrize("seed", range(1, 9))
def test_no_shop_that_does_not_change_is_moved_about(seed: int) -> None:
    rests(seed)


def test_a_return_that_doubles_is_believed_within_a_week_and_gets_money() -> None:
    parts = np.array([followed(seed) for seed in (0, 1)])
    assert parts[:, 0].mean() >= 0.8
    assert parts[:, 1].min() > 1.3


@pytest.mark.chaos
def test_most_of_a_doubled_return_is_believed_within_a_week() -> None:
    parts = np.array([followed(seed) for seed in range(16)])
    assert parts[:, 0].mean() >= 0.8
    assert parts[:, 1].mean() >= 1.5
