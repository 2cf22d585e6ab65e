"""A policy for ../shared/worlds/closed_loop.py: `--policy bench.closed_loop_policy:Policy`, from the repository root.

It hands the product what a shop knows each morning (history with its earlier readings, stock, prices, margins, the
calendar, the plan) and asks the product's own estimation and optimizer, with default settings, for today's budgets.
The marketplace's own rules hold and no others.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import numpy as np

from bidder.catalog import Account, Budget, Event, Product
from bidder.ids import AccountId, BudgetId, ProductId
from bidder.limits import Bounds, Limit, Limits, Priority, Quantity, Sense
from bidder.money import Currency, Money
from bidder.optimizer.allocate import AllocateSettings, allocate
from bidder.optimizer.horizon import Horizon, HorizonSettings, look_ahead
from bidder.optimizer.objective import Objective
from bidder.optimizer.pace import most_today
from bidder.optimizer.rounding import round_amounts
from bidder.response.estimate import ResponseSettings, estimate
from bidder.response.season import lift
from bidder.snapshot import FloatArray, History, Snapshot, day_number

__all__ = ["Policy"]

ACCOUNT = AccountId("market")
SECOND = timedelta(seconds=1)
TOLERANCE = 0.002
"""Part of the plan that overdelivery may cost beyond it: less than half of what the marketplace bears."""

Row = dict[str, Any]


class Policy:
    """One world: what it was told is kept, since the marketplace tells stock for today alone and readings once."""

    def __init__(self) -> None:
        self.stock: dict[tuple[str, str], float] = {}
        self.price: dict[str, float] = {}
        self.readings: list[tuple[Row, datetime]] = []

    def decide(self, view: Mapping[str, Any]) -> dict[str, float]:
        """Today's budget of every product."""
        snapshot = self.snapshot(view)
        entry = {one["id"]: one for one in view["entities"]}
        entities = [entry[budget.id.native] for budget in snapshot.budgets]
        curves = estimate(snapshot, ResponseSettings())
        limits = limits_of(view, entities, snapshot.now)
        horizon = horizon_of(view, entities, snapshot)
        ahead = look_ahead(curves, limits, horizon, HorizonSettings())
        allocation = allocate(ahead, limits, Objective.PROFIT, snapshot.now, AllocateSettings())
        amounts = round_amounts(allocation, limits, snapshot)
        return {b.id.native: amount.to_float() for b, amount in zip(snapshot.budgets, amounts, strict=True)}

    def snapshot(self, view: Mapping[str, Any]) -> Snapshot:
        """What is known this morning. Reports are read as a day ends."""
        entities, currency = view["entities"], Currency(view["currency"])
        today = date.fromisoformat(view["date"])
        as_of = datetime.combine(today, time.min, UTC)
        self.stock |= {(one["id"], view["date"]): float(one["stock"]) for one in entities}
        self.price |= {one["id"]: float(one["price"]) for one in entities}
        self.readings += [(row, as_of - SECOND) for row in view["rows"]]
        newest = [(row, as_of - SECOND) for row in view["history"]]
        place = {one["id"]: index for index, one in enumerate(entities)}
        budgets = [
            Budget(
                BudgetId(ACCOUNT, one["id"]),
                one["name"],
                currency,
                now=Money.reported(one["budget"], currency),
                products=(ProductId(one["id"]),),
                channel=one["channel"],
                group=one["group"],
            )
            for one in entities
        ]
        products = [
            Product(
                ProductId(one["id"]),
                price=Money.reported(one["price"], currency),
                margin=one["margin"] * (1 - one["return_rate"]),
                return_rate=one["return_rate"],
                stock=int(one["stock"]),
            )
            for one in entities
        ]
        return Snapshot.build(
            as_of=as_of,
            day=today,
            currency=currency,
            accounts=[Account(ACCOUNT, "market", currency, "UTC")],
            budgets=budgets,
            products=products,
            history=self._columns(newest, place),
            versions=self._columns(self.readings, place),
            events=[Event(date.fromisoformat(one["date"]), one["name"]) for one in view["calendar"]],
        )

    def _columns(self, rows: list[tuple[Row, datetime]], place: Mapping[str, int]) -> History:
        position = [place[row["product"]] for row, _ in rows]
        columns: dict[str, Any] = {
            name: [float(row[name]) for row, _ in rows]
            for name in ("impressions", "clicks", "spend", "orders", "units")
        }
        # profit is counted at list prices, which are known; revenue rows show what was really paid
        columns["revenue"] = [row["units"] * self.price[row["product"]] for row, _ in rows]
        columns["amount"] = [float(row["budget"]) for row, _ in rows]
        columns["stock"] = [self.stock.get((row["product"], row["date"]), np.nan) for row, _ in rows]
        columns["observed"] = [at.timestamp() for _, at in rows]
        columns["day"] = [day_number(date.fromisoformat(row["date"])) for row, _ in rows]
        return History.of(columns | {"budget": position, "product": position})


def limits_of(view: Mapping[str, Any], entities: list[Row], now: FloatArray) -> Limits:
    """The marketplace's rules: the day's total, what the plan still bears, group caps, least and most, the step."""
    size, step = len(entities), view["max_change"]
    least = np.array([one["min"] for one in entities])
    most = np.array([one["max"] for one in entities])
    lower, upper = np.ceil(now * (1 - step) * 100 - 1e-6) / 100, np.floor(now * (1 + step) * 100 + 1e-6) / 100
    everything = np.ones(size)
    left = view["period"]["plan"] * (1 + TOLERANCE) - view["period"]["spent"]
    bearable = most_today(np.maximum(now, 1e-9), least, step, view["days_left"], left)
    total = max(min(view["total_budget"], bearable), float(np.maximum(lower, least).sum()))
    rows = [Limit("total", Quantity.AMOUNT, everything, Sense.AT_MOST, total, Priority.ABSOLUTE)]
    for group, rule in view["groups"].items():
        members = np.array([float(one["group"] == group) for one in entities])
        rows.append(Limit(f"cap of {group}", Quantity.AMOUNT, members, Sense.AT_MOST, rule["cap"], Priority.OWNER_CAP))
    bounds = (
        Bounds("least and most", least, most, Priority.PLATFORM),
        Bounds("step", lower, upper, Priority.STEP),
    )
    return Limits(size, bounds, tuple(rows))


def horizon_of(view: Mapping[str, Any], entities: list[Row], snapshot: Snapshot) -> Horizon:
    """The days to come: how many, the money left for them, the calendar's lift, stock."""
    days = min(view["days_left"], HorizonSettings().days)
    stock = np.array([one["stock"] for one in entities], dtype=np.float64)
    later = usual_stock(snapshot)
    return Horizon(
        days_left=view["days_left"],
        money_left=(view["period"]["plan"] - view["period"]["spent"]) / delivered(snapshot),
        least=np.array([one["min"] for one in entities]),
        most=np.array([one["max"] for one in entities]),
        step=view["max_change"],
        lift=lift(snapshot.events, snapshot.today + np.arange(days)),
        pieces=stock,
        pieces_later=np.where(np.isfinite(later), later, np.where(stock > 0, stock, np.inf)),
        price=np.array([one["price"] for one in entities]),
    )


def delivered(snapshot: Snapshot) -> float:
    """What platforms spend of a budget that demand allows: the middle of all days."""
    history = snapshot.history
    rows = (history.amount > 0) & (history.spend > 0)
    return float(np.median(history.spend[rows] / history.amount[rows])) if rows.any() else 1.0


def usual_stock(snapshot: Snapshot, days: int = 10) -> FloatArray:
    """Mean pieces of each budget's product on the last days with any; NaN where none were seen."""
    history = snapshot.history
    rows = (history.stock > 0) & (history.day >= snapshot.today - days)
    size = len(snapshot.budgets)
    total, count = (
        np.bincount(history.budget[rows], history.stock[rows], size),
        np.bincount(history.budget[rows], minlength=size),
    )
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)
