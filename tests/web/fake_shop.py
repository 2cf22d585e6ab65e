"""A tea shop as the running daemon would show it: 45 invented days, in memory, the same each time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np

from bidder.account_day import AccountDay
from bidder.activity import Activity
from bidder.bidding import Lever, LeverId, LeverReport
from bidder.catalog import Account, Budget, Mode, Product
from bidder.ids import AccountId, BudgetId, PlanId, ProductId
from bidder.instrumentation import Metrics, PollSource, ShopFacts
from bidder.money import Currency, Money
from bidder.performance import Observation, Performance
from bidder.plan import State
from bidder.reports import Reports
from bidder.store.lever_protocol import LeverMove
from bidder.store.protocol import BudgetReading, Intent, JournalLine, Lease, StoredPlan, Write
from bidder.watch.hold import Hold
from bidder.web.view import Status

CNY = Currency("CNY")
ZONE = "Asia/Shanghai"
WXT = AccountId("wxt")
TODAY = date(2026, 11, 24)
NOW = datetime(2026, 11, 24, 2, 5, tzinfo=UTC)

# native id, name, product, channel, amount 45 days ago, now, planned, state, marginal return, profit, limit
ROWS: list[tuple[str, str, str, str, int, int, int, str, float, float, str]] = [
    ("1001", "明前龙井礼盒 · 关键词", "P01", "search", 300, 340, 380, "budget-limited", 1.62, 412.0, "gentle"),
    ("1002", "茉莉花茶 · 关键词", "P02", "search", 220, 300, 360, "budget-limited", 1.94, 356.0, ""),
    ("1003", "正山小种 · 关键词", "P03", "search", 180, 200, 200, "active", 1.08, 143.0, ""),
    ("1006", "陈皮普洱 · 关键词", "P06", "search", 120, 110, 100, "saturated", 0.71, 48.0, ""),
    ("1008", "旅行茶具 · 关键词", "P08", "search", 90, 120, 96, "stock-limited", 0.64, 31.0, "nearly sold out"),
    ("1009", "玻璃煮茶壶 · 关键词", "P09", "search", 140, 100, 60, "active", 0.42, -6.0, "gentle"),
    ("2002", "茉莉花茶 · 人群", "P02", "feed", 160, 180, 210, "budget-limited", 1.51, 166.0, ""),
    ("2004", "三色袋泡茶 · 人群", "P04", "feed", 200, 180, 180, "active", 1.02, 74.0, ""),
    ("2008", "旅行茶具 · 人群", "P08", "feed", 120, 80, 64, "stock-limited", 0.55, 12.0, "nearly sold out"),
    ("2010", "竹制茶盘 · 人群", "P10", "feed", 150, 80, 48, "saturated", 0.38, -11.0, "gentle"),
    ("2011", "冷泡茶 · 人群", "P11", "feed", 0, 100, 100, "learning", 0.95, 22.0, ""),
    ("2012", "中秋茶礼盒 · 人群", "P12", "feed", 120, 60, 52, "active", 0.50, 4.0, ""),
    ("3001", "明前龙井 · 全站", "P01", "site", 100, 150, 150, "learning", 1.11, 118.0, ""),
]
PLAN = PlanId("7f3c19d04be2")


def budget_id(native: str) -> BudgetId:
    return BudgetId(WXT, native)


def yuan(amount: float) -> Money:
    return Money.parse(f"{amount:.2f}", CNY)


def document() -> dict[str, Any]:
    """The plan of TODAY as `plan --json` prints it."""
    lines = []
    for native, name, product, channel, _, now, planned, state, worth, profit, limit in ROWS:
        named = [{"rule": limit, "source": "rules/base.yaml:14:5", "price": 0.4}] if limit else []
        reason = f"one more CNY here earns {worth:.2f} of profit"
        if limit:
            direction = "raised" if planned > now else "cut"
            reason = f"{direction} as far as {limit} (rules/base.yaml:14:5) allows; {reason}"
        elif planned == now:
            reason = f"left as it is: moving it would gain less than it costs; {reason}"
        lines.append(
            {
                "id": f"wxt/{native}",
                "name": name,
                "products": [product],
                "channel": channel,
                "now": f"{now}.00",
                "planned": f"{planned}.00",
                "difference": f"{planned - now}.00",
                "currency": "CNY",
                "state": state,
                "marginal_return": worth,
                "expected": {
                    "orders": round(profit / 20 + 4, 1),
                    "revenue": f"{profit * 2.4 + planned:.2f}",
                    "spend": f"{planned * 0.97:.2f}",
                    "profit": {
                        "mean": f"{profit:.2f}", "p10": f"{profit * 0.6 - 12:.2f}", "p90": f"{profit * 1.4 + 14:.2f}"
                    },
                },
                "reason": reason,
                "limits": named,
            }
        )  # fmt: skip
    return {
        "plan": PLAN,
        "as_of": "2026-11-24T02:00:00Z",
        "day": TODAY.isoformat(),
        "currency": "CNY",
        "objective": "profit",
        "total": "2000.00",
        "now": "2000.00",
        "planned": "2000.00",
        "unallocated": "0.00",
        "value_of_total": 0.94,
        "expected": {"mean": "1369.00", "p10": "1104.00", "p90": "1671.00"},
        "expected_now": "1309.00",
        "margin_known": True,
        "certificate": {"status": "optimal", "gap": 3.1e-10},
        "budgets": lines,
        "limits": [
            {"rule": "gentle", "source": "rules/base.yaml:14:5", "binding": True, "price": 0.4,
             "cost_per_day": "42.00", "relaxed": 0.0},
            {"rule": "nearly sold out", "source": "rules/base.yaml:11:5", "binding": True, "price": 0.2,
             "cost_per_day": "11.50", "relaxed": 0.0},
            {"rule": "heroes carry the shop", "source": "rules/base.yaml:2:5", "binding": False, "price": 0.0,
             "cost_per_day": "0.00", "relaxed": 0.0},
        ],
        "holds": [],
        "notes": ["orders of the last 3 days are counted up for those still to come"],
    }  # fmt: skip


def amounts(days_ago: int) -> dict[str, int]:
    """What was in force: from the amount of 45 days ago to that of now, in a few steps."""
    part = round((1 - days_ago / 45) * 6) / 6
    return {row[0]: round((row[4] + (row[5] - row[4]) * part) / 5) * 5 for row in ROWS}


class FakeStore:
    """A StoreReader over lists."""

    def __init__(self) -> None:
        rng = np.random.default_rng(11)
        history: list[tuple[BudgetId, datetime, Money]] = []
        observations = []
        self.stored: list[StoredPlan] = []
        last: dict[str, int] = {}
        for days_ago in range(45, -1, -1):
            day = TODAY - timedelta(days=days_ago)
            at = datetime(day.year, day.month, day.day, 2, 0, tzinfo=UTC)
            now = amounts(days_ago)
            for native, amount in now.items():
                if last.get(native) != amount and amount:
                    history.append((budget_id(native), at, yuan(amount)))
            last = now
            part = 0.24 if days_ago == 0 else 1.0
            for row in ROWS:
                spend = now[row[0]] * part * float(rng.uniform(0.86, 1.0))
                impressions, clicks, orders = int(spend * 31), int(spend / 1.4), round(spend / 34, 1)
                observations.append(
                    Observation(
                        WXT, budget_id(row[0]), row[0], ProductId(row[2]), AccountDay(ZONE, day), at,
                        Performance(impressions, clicks, yuan(spend), orders, None, yuan(spend * 3.1)),
                    )
                )  # fmt: skip
            total = sum(now.values()) if days_ago else 2000
            if days_ago < 30:
                doc = document() if days_ago == 0 else {**document(), "planned": f"{total}.00", "day": day.isoformat()}
                name = PLAN if days_ago == 0 else PlanId(f"{days_ago:012x}")
                self.stored.insert(
                    0, StoredPlan(name, at, day.isoformat(), doc, "proposed" if days_ago == 0 else "applied")
                )
        self._reports = Reports.of(observations)
        self._history = history
        self.lines = self._journal()

    def _journal(self) -> list[JournalLine]:
        facts: list[tuple[datetime, str, dict[str, Any]]] = [
            (NOW - timedelta(days=1, minutes=5), "started", {"version": "0.1.0"}),
            (NOW - timedelta(days=1), "decided", {"plan": "000000000001", "changes": 4, "planned": "2000.00"}),
        ]
        for native, before, after in (("2010", 110, 80), ("1009", 130, 100), ("1002", 260, 300), ("1001", 310, 340)):
            moved = {"budget": f"wxt/{native}", "before": f"{before}.00", "after": f"{after}.00"}
            facts.append((NOW - timedelta(hours=23, minutes=50), "intent", moved))
            facts.append((NOW - timedelta(hours=23, minutes=49), "outcome", {**moved, "outcome": "applied"}))
        facts.append(
            (NOW - timedelta(hours=6), "foreign_edit", {"budget": "wxt/2010", "before": "80.00", "after": "100.00"})
        )
        facts.append((NOW - timedelta(minutes=6), "polled", {"account": "wxt", "rows": 195}))
        facts.append((NOW - timedelta(minutes=5), "decided", {"plan": PLAN, "changes": 9, "planned": "2000.00"}))
        facts.append((NOW - timedelta(minutes=4), "outcome",
                      {"budget": "wxt/1003", "before": "190.00", "after": "200.00", "outcome": "unresolved",
                       "reason": "no answer within 10 s"}))  # fmt: skip
        lines = [JournalLine(i + 1, at, kind, some, "0" * 64, "0" * 64) for i, (at, kind, some) in enumerate(facts)]
        return lines[::-1]

    def reports(self, as_of: datetime | None = None, since_day: int | None = None) -> Reports:
        return self._reports

    def report_versions(self, since_day: int | None = None) -> Reports:
        return self._reports

    def activity(self, as_of: datetime | None = None, since_day: int | None = None) -> Activity:
        return Activity.empty()

    def budgets(self) -> Sequence[BudgetReading]:
        return [
            BudgetReading(Budget(budget_id(row[0]), row[1], CNY, yuan(row[5]), NOW, (ProductId(row[2]),)), NOW)
            for row in ROWS
        ]

    def budget_history(self, since: datetime, *, standing: bool = False) -> Sequence[tuple[BudgetId, datetime, Money]]:
        return [one for one in self._history if one[1] >= since]

    def products(self) -> Sequence[Product]:
        return []

    def plan(self, plan: PlanId | None = None) -> StoredPlan | None:
        return next((one for one in self.stored if plan is None or one.id.startswith(plan)), None)

    def plans(self, limit: int = 50, before: date | None = None) -> Sequence[StoredPlan]:
        return [one for one in self.stored if before is None or one.day < before.isoformat()][:limit]

    def journal(
        self, limit: int | None = None, kind: str | None = None, since: datetime | None = None
    ) -> Sequence[JournalLine]:
        return [line for line in self.lines if kind is None or line.kind == kind][:limit]

    def verify_journal(self) -> str | None:
        return None

    def open_intents(self) -> Sequence[Intent]:
        return []

    def last_changes(self) -> Mapping[BudgetId, int]:
        return {}

    def changed_at(self) -> Mapping[BudgetId, datetime]:
        return {}

    def state(self) -> State:
        return State.ACTIVE

    def writes(self, since: datetime) -> Sequence[Write]:
        return []

    def holds(self, at: datetime | None = None) -> Sequence[Hold]:
        return []

    def lease(self, name: str) -> Lease | None:
        return None

    def state_since(self) -> tuple[State, datetime | None, str]:
        return self.state(), None, ""

    def levers(self) -> Sequence[Lever]:
        return []

    def lever_history(self, since: datetime) -> Sequence[tuple[LeverId, datetime, int]]:
        return []

    def lever_reports(self, first: date, last: date, as_of: datetime | None = None) -> Sequence[LeverReport]:
        return []

    def lever_moves(self, since: datetime) -> Sequence[LeverMove]:
        return []

    def open_lever_moves(self) -> Sequence[LeverMove]:
        return []

    def last_lever_moves(self) -> Mapping[LeverId, int]:
        return {}

    def as_one(self) -> AbstractContextManager[None]:
        return nullcontext()

    def value(self, key: str) -> Any:
        return None

    def close(self) -> None:
        pass


class FakeView:
    """A DaemonView of the tea shop; tests change its fields."""

    def __init__(self) -> None:
        account = Account(WXT, "taobao", CNY, ZONE, Mode.APPLY)
        facts = ShopFacts(
            "tea-house", CNY, ZONE, (account,), (PollSource("wxt", "performance", timedelta(minutes=30)),),
            timedelta(days=1), day_limit=yuan(2200), month_budget=yuan(60000),
        )  # fmt: skip
        self.metrics = Metrics(facts, NOW)
        self.store = FakeStore()
        self.document: dict[str, Any] | None = document()
        self.is_ready = True
        self.is_healthy = True
        self.now: Status = {
            "shop": "tea-house",
            "title": "半日闲茶铺",
            "currency": "CNY",
            "timezone": ZONE,
            "state": "ACTIVE",
            "reason": "",
            "day": TODAY.isoformat(),
            "as_of": "2026-11-24T02:00:00+00:00",
            "next_cycle_at": "2026-11-24T02:30:00+00:00",
            "spent_today": "472.30",
            "day_limit": "2200.00",
            "month": {"name": "2026-11", "spent": "41200.00", "budget": "60000.00", "passed": 0.766},
            "holds": [],
            "accounts": [
                {
                    "account": "wxt",
                    "platform": "taobao",
                    "mode": "apply",
                    "polled_at": "2026-11-24T02:00:00+00:00",
                    "error": None,
                },
            ],
            "problems": [],
        }

    def healthy(self) -> bool:
        return self.is_healthy

    def ready(self) -> bool:
        return self.is_ready

    def status(self) -> Status:
        return self.now

    def plan_document(self) -> Mapping[str, Any] | None:
        return self.document
