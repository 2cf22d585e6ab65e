"""A shop on platforms that overdeliver, lived day by day through calendar months with a decision each morning.

A world's day costs what its platforms make of the amounts that were in force: times a swing by weekday, an event's
demand and noise, and at most `over` times the largest amount of that day, as platforms bill it. The decisions are those
of `decide` at 09:30 with the month's cap, a cap of the day and the default step; what is earned is so much that nothing
but these holds money back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from bidder.catalog import Account, Budget, Mode, Product
from bidder.decide import Policy, decide
from bidder.errors import Source
from bidder.ids import AccountId, BudgetId, ProductId
from bidder.money import Money, currency_of
from bidder.promotion import Promotion
from bidder.rules.base import Rule
from bidder.rules.budget import BudgetRange
from bidder.rules.conditions import Condition
from bidder.rules.month import Month
from bidder.rules.total import DayCap
from bidder.snapshot import History, Snapshot, day_number

__all__ = ["WARM_UP", "MonthEnd", "World"]

CNY = currency_of("CNY")
ADS = AccountId("ads")
WARM_UP = 42
"""Days before the first month, at an even part of its plan: weekdays and rates are learnt from them."""
HISTORY = 120
MORNING = time(9, 30)
PARTS = (0.35, 0.25, 0.18, 0.12, 0.07, 0.03)
"""What each budget has of the money at the start."""


@dataclass(frozen=True)
class MonthEnd:
    """What a month cost, in parts of its cap as it stood on the last day."""

    month: str
    cap: float
    spent: float
    delivered: float
    """The mean of what days cost over the amounts in force."""

    @property
    def part(self) -> float:
        """Spent over cap."""
        return self.spent / self.cap


@dataclass
class World:
    """`cap` says the month's cap on a day; `worst` delivers all that platforms may from that day of each month on."""

    seed: int = 0
    over: float = 2.0
    zone: str = "Asia/Shanghai"
    month: float = 60_000.0
    caps: Mapping[date, float] = field(default_factory=dict)
    """From which day on the month's cap is another one."""
    events: Sequence[Promotion] = ()
    event_demand: float = 1.8
    noise: float = 0.10
    swing: tuple[float, float] = (0.6, 1.5)
    worst_from: int = 99

    def __post_init__(self) -> None:
        self.rng = np.random.default_rng(self.seed)
        self.weekday = self.rng.uniform(*self.swing, 7)
        low, high = self.rng.permutation(7)[:2]
        self.weekday[low], self.weekday[high] = self.swing
        self.amounts = np.array([round(self.month / 30.4 * part, 2) for part in PARTS])
        self.changed: dict[BudgetId, datetime] = {}
        self.rows: list[dict[str, float]] = []

    def cap(self, day: date) -> float:
        """The month's cap as written on that day."""
        begun = [when for when in self.caps if when <= day]
        return self.caps[max(begun)] if begun else self.month

    def policy(self, day: date) -> Policy:
        """What is written on that day."""
        cap, place = self.cap(day), Source("bidder.yaml", 1, 1)
        rules = [
            Rule("month", Month.model_validate({"max": round(cap, 2)}), place),
            Rule("day max", DayCap.model_validate({"max": round(cap / 5, 2)}), place),
        ]
        if self.events:
            burst = BudgetRange.model_validate({"multiply": 2.0, "from": "purse"})
            when = Condition.read({"phase": "burst"}, place, when=True)
            rules.append(Rule("burst", burst, place, None, when))
        return Policy(tuple(rules), digest=str(cap))

    def demand(self, day: date) -> float:
        """How many times the usual an event makes of it."""
        at = datetime.combine(day, time(21), ZoneInfo(self.zone)).astimezone(UTC)
        spans = [one.at(at) for one in self.events]
        return self.event_demand if any(one is not None and one.phase.value == "burst" for one in spans) else 1.0

    def pass_day(self, day: date, highest: np.ndarray) -> float:
        """One day's cost, and its rows."""
        noisy = np.exp(self.rng.normal(0.0, self.noise, len(PARTS)))
        kept = self.weekday[day.weekday()] * self.demand(day) * noisy
        if day.day >= self.worst_from:
            kept = np.full(len(PARTS), self.over)
        spend = highest * np.minimum(kept, self.over)
        seen = datetime.combine(day + timedelta(days=1), time(4), ZoneInfo(self.zone)).timestamp()
        for index, cost in enumerate(spend.tolist()):
            orders = 0.06 * cost * (1 + 0.2 * index)
            self.rows.append(
                {
                    "budget": index,
                    "product": index,
                    "day": day_number(day),
                    "clicks": cost,
                    "spend": cost,
                    "impressions": 40 * cost,
                    "orders": orders,
                    "units": orders,
                    "revenue": orders * 150.0,
                    "amount": float(self.amounts[index]),
                    "observed": seen,
                }
            )
        return float(spend.sum())

    def snapshot(self, day: date, now: datetime, spent: float) -> Snapshot:
        """What is known in the morning."""
        since = day_number(day) - HISTORY
        self.rows = [row for row in self.rows if row["day"] >= since]
        columns = {name: np.array([row[name] for row in self.rows]) for name in self.rows[0]}
        ids = [BudgetId(ADS, f"b{n}") for n in range(len(PARTS))]
        return Snapshot.build(
            as_of=now,
            day=day,
            currency=CNY,
            accounts=[Account(ADS, "sandbox", CNY, self.zone, Mode.APPLY)],
            budgets=[
                Budget(
                    one,
                    one.native,
                    CNY,
                    now=Money.from_float_down(float(amount), CNY),
                    minimum=Money.from_float_down(10.0, CNY),
                    step=Money.from_float_down(1.0, CNY),
                    products=(ProductId(one.native),),
                    overdelivery=self.over,
                )
                for one, amount in zip(ids, self.amounts, strict=True)
            ],
            products=[
                Product(
                    ProductId(one.native),
                    price=Money.from_float_down(150.0, CNY),
                    cost=Money.from_float_down(30.0, CNY),
                    margin=0.7,
                )
                for one in ids
            ],
            history=History.of(columns),
            spent_month=Money.from_float_down(spent, CNY),
            changed={name: day_number(at.astimezone(ZoneInfo(self.zone)).date()) for name, at in self.changed.items()},
            changed_at=self.changed,
            calendar=tuple(self.events),
        )

    def decide(self, day: date, spent: float) -> None:
        """The morning's decision, written as the brake lets it."""
        now = datetime.combine(day, MORNING, ZoneInfo(self.zone)).astimezone(UTC)
        decision = decide(self.snapshot(day, now, spent), self.policy(day))
        held = {one.budget for one in decision.held}
        if None in held:
            return
        for change in decision.plan.moved:
            if change.budget not in held:
                self.amounts[int(change.budget.native[1:])] = change.after.to_float()
                self.changed[change.budget] = now

    def months(self, first: date, count: int) -> list[MonthEnd]:
        """Lives through `count` calendar months from the first of one on."""
        day = first - timedelta(days=WARM_UP)
        even = self.amounts.copy()
        while day < first:
            self.pass_day(day, even)
            day += timedelta(days=1)
        ends: list[MonthEnd] = []
        while len(ends) < count:
            month, spent, shares = day.month, 0.0, []
            while day.month == month:
                before = self.amounts.copy()
                self.decide(day, spent)
                cost = self.pass_day(day, np.maximum(before, self.amounts))
                spent += cost
                shares.append(cost / float(self.amounts.sum()))
                day += timedelta(days=1)
            last = day - timedelta(days=1)
            ends.append(MonthEnd(f"{last:%Y-%m}", self.cap(last), spent, float(np.mean(shares))))
        return ends
