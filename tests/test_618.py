"""The example shop through a simulated 618: its own rules and calendar, decided by the hour as the daemon does."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from bidder.account_day import AccountDay
from bidder.activity import Activity, ShopActivity
from bidder.catalog import Account, Budget, Mode
from bidder.config.load import Config, load
from bidder.daemon.shop_figures import ShopFigures, refund_rates
from bidder.daemon.troubles import Seen, troubles_of
from bidder.decide import Decision, Policy, decide
from bidder.ids import AccountId, BudgetId, ProductId
from bidder.money import Money
from bidder.plan import State
from bidder.promotion import Phase, Promotion, moments
from bidder.rules.goods import resolved
from bidder.snapshot import EPOCH_ORDINAL, History, Snapshot, day_number
from tests.builders import CNY, yuan

ZONE = ZoneInfo("Asia/Shanghai")
EXAMPLE = Path(__file__).resolve().parents[1] / "config"
WXT = AccountId("wxt")
CAMPAIGNS = {
    "p01": ("P01", 300),
    "p02": ("P02", 260),
    "p03": ("P03", 180),
    "p04": ("P04", 120),
    "p06": ("P06", 150),
    "p08": ("P08", 120),
    "p05": ("P05", 200),
}
HEROES = ("p01", "p02", "p03")
FIRST, LAST = date(2026, 6, 13), date(2026, 7, 2)


def at(day: date, hour: str = "09:30") -> datetime:
    return datetime.combine(day, time.fromisoformat(hour), ZONE).astimezone(UTC)


@dataclass
class Shop:
    """The shop's truth: amounts in force, and what a day of an event does to clicks and orders."""

    config: Config
    calendar: tuple[Promotion, ...]
    amounts: dict[str, float] = field(
        default_factory=lambda: {name: float(now) for name, (_, now) in CAMPAIGNS.items()}
    )
    changed: dict[str, datetime] = field(default_factory=dict)
    rows: list[dict[str, float]] = field(default_factory=list)
    made: list[tuple[datetime, Decision, dict[str, float]]] = field(default_factory=list)
    spent: dict[date, dict[str, float]] = field(default_factory=dict)

    def phase(self, day: date) -> Phase | None:
        span = self.calendar[0].at(at(day, "21:00"))
        return None if span is None else span.phase

    def live(self, day: date) -> None:
        """One day passes: spend and orders at the amounts in force in its evening."""
        phase = self.phase(day)
        kept, demand = (
            {
                Phase.PREHEAT: (0.5, 1.5),
                Phase.BURST: (1.6, 4.0),
                Phase.RECOVER: (0.7, 1.0),
            }.get(phase, (1.0, 1.15))
            if phase
            else (1.0, 1.15)
        )
        self.spent[day] = {}
        for index, (name, (product, usual)) in enumerate(CAMPAIGNS.items()):
            spend = min(self.amounts[name], usual * demand) * (1 + 0.03 * np.sin(day.toordinal() * 1.7 + index))
            spend = min(spend, self.amounts[name])
            price = next(p.price for p in self.config.products if p.id == product)
            assert price is not None
            value = price.to_float() * (0.85 if phase is Phase.BURST else 1.0)
            clicks = spend / 1.2
            orders = clicks * (3.4 * 1.2 / price.to_float()) * kept
            self.spent[day][name] = spend
            self.rows.append(
                {
                    "budget": index,
                    "product": self.places[product],
                    "day": day_number(day),
                    "clicks": clicks,
                    "spend": spend,
                    "impressions": clicks * 40,
                    "orders": orders,
                    "units": orders,
                    "revenue": orders * value,
                    "amount": self.amounts[name],
                    "observed": at(day + timedelta(days=1), "01:00").timestamp(),
                }
            )

    @property
    def places(self) -> dict[str, int]:
        return {str(product.id): place for place, product in enumerate(self.config.products)}

    def snapshot(self, now: datetime) -> Snapshot:
        day = now.astimezone(ZONE).date()
        columns = {name: np.array([row[name] for row in self.rows]) for name in self.rows[0]}
        month = sum(sum(spent.values()) for when, spent in self.spent.items() if when.month == day.month)
        return Snapshot.build(
            as_of=now,
            day=day,
            currency=CNY,
            accounts=[Account(WXT, "taobao", CNY, "Asia/Shanghai", Mode.APPLY)],
            budgets=[
                Budget(
                    BudgetId(WXT, name),
                    name,
                    CNY,
                    now=yuan(round(self.amounts[name], 2)),
                    minimum=yuan(30),
                    step=yuan(1),
                    channel="search",
                    products=(ProductId(product),),
                    campaigns=(name,),
                )
                for name, (product, _) in CAMPAIGNS.items()
            ],
            products=self.config.products,
            history=History.of(columns),
            spent_month=Money.from_float_down(float(month), CNY),
            changed={BudgetId(WXT, n): day_number(when.astimezone(ZONE).date()) for n, when in self.changed.items()},
            changed_at={BudgetId(WXT, n): when for n, when in self.changed.items()},
            calendar=self.calendar,
        )

    def decide(self, now: datetime, policy: Policy) -> None:
        decision = decide(self.snapshot(now), policy)
        before = dict(self.amounts)
        held = {line.budget for line in decision.held}
        assert None not in held, decision.held
        for change in decision.plan.moved:
            if change.budget not in held:
                self.amounts[change.budget.native] = change.after.to_float()
                self.changed[change.budget.native] = now
        self.made.append((now, decision, before))


def through(purse: float) -> Shop:
    config = load(EXAMPLE / "bidder.yaml", env={})
    event = replace(next(one for one in config.calendar.events if one.name == "618"), purse=yuan(purse))
    shop = Shop(config, resolved((event,), config.products))
    day = FIRST - timedelta(days=45)
    while day < FIRST:
        shop.live(day)
        day += timedelta(days=1)
    wanted = moments(shop.calendar)
    while day < LAST:
        begins, ends = at(day, "00:00"), at(day + timedelta(days=1), "00:00")
        for now in sorted({at(day), *(moment for moment in wanted if begins <= moment < ends)}):
            shop.decide(now, config.policy)
        shop.live(day)
        day += timedelta(days=1)
    return shop


@pytest.fixture(scope="module")
def shop() -> Shop:
    return through(30_000)


def amounts_at(shop: Shop, when: datetime) -> dict[str, float]:
    """The amounts that stood just before an instant."""
    later = [before for now, _, before in shop.made if now >= when]
    return later[0] if later else shop.amounts


def test_no_hero_is_cut_while_conversions_are_halved_before_the_burst(shop: Shop) -> None:
    seen = 0
    for now, decision, _ in shop.made:
        if at(date(2026, 6, 15), "00:00") <= now < at(date(2026, 6, 17), "19:00"):
            for change in decision.plan.changes:
                if change.budget.native in HEROES:
                    assert change.before is not None
                    assert change.after.micros >= change.before.micros, (now, change)
                    seen += 1
    assert seen >= 9


def test_the_money_is_there_an_hour_before_the_burst(shop: Shop) -> None:
    usual = amounts_at(shop, at(date(2026, 6, 15), "00:00"))
    up = amounts_at(shop, at(date(2026, 6, 17), "19:01"))
    before = amounts_at(shop, at(date(2026, 6, 17), "18:59"))
    for name in HEROES:
        assert up[name] >= 2.5 * usual[name], name
        assert up[name] > before[name]


@pytest.mark.parametrize("purse", [30_000, 1_500])
def test_the_purse_is_never_exceeded(shop: Shop, purse: int) -> None:
    lived = shop if purse == 30_000 else through(purse)
    usual = amounts_at(lived, at(date(2026, 6, 15), "00:00"))
    goods = (*HEROES, "p04")
    bursts = [day for day in lived.spent if lived.phase(day) is Phase.BURST and day >= FIRST]
    assert len(bursts) == 2
    taken = sum(max(sum(lived.spent[day][n] - usual[n] for n in goods), 0.0) for day in bursts)
    assert 0 < taken <= purse
    if purse == 1_500:
        assert taken > 0.5 * purse  # what there is is used


def test_budgets_are_back_after_recover_in_three_steps(shop: Shop) -> None:
    usual = amounts_at(shop, at(date(2026, 6, 15), "00:00"))
    steps = [amounts_at(shop, at(date(2026, 6, day), "20:00")) for day in (18, 19, 20, 21)]
    for name in HEROES:
        height = [one[name] for one in steps]
        assert height == sorted(height, reverse=True)
        assert height[0] > 2 * usual[name]
        assert height[1] > 1.5 * usual[name]  # not in one fall
        assert 0.85 * usual[name] <= height[-1] <= 1.15 * usual[name], (name, height, usual[name])


def test_no_day_passes_the_caps(shop: Shop) -> None:
    caps = shop.config.caps(FIRST)
    assert caps.day is not None
    for now, decision, _ in shop.made:
        total = sum(change.after.to_float() for change in decision.plan.changes)
        burst = shop.calendar[0].at(now)
        dear = burst is not None and burst.phase in (Phase.PREHEAT, Phase.BURST, Phase.RECOVER)
        assert total <= (9000 if dear else 3000)


def test_what_an_event_did_says_nothing_of_ordinary_days(shop: Shop) -> None:
    """After the event the curves are those that stood before it: no hangover, no glory."""
    before = next(made for now, made, _ in shop.made if now == at(date(2026, 6, 14)))
    after = next(made for now, made, _ in shop.made if now == at(date(2026, 6, 30)))
    for name in HEROES:
        rates = []
        for one in (before, after):
            place = one.snapshot.position(BudgetId(WXT, name))
            amounts = np.full(len(one.snapshot.budgets), CAMPAIGNS[name][1], dtype=np.float64)
            rates.append(one.curves.response.orders(amounts[:, None])[place, 0])
        assert rates[1] == pytest.approx(rates[0], rel=0.15)


def told_of_refunds(shop: Shop, day: date, calendar: tuple[Promotion, ...]) -> list[str]:
    """Products whose refunds are told on a morning. What is paid in the burst comes back twice as often."""
    known = [row for row in shop.rows if row["day"] < day_number(day)]
    names = {place: name for name, place in shop.places.items()}
    sold: dict[tuple[int, int], float] = {}
    orders: dict[tuple[int, int], float] = {}
    for row in known:
        key = (int(row["product"]), int(row["day"]))
        sold[key], orders[key] = sold.get(key, 0.0) + 6 * row["revenue"], orders.get(key, 0.0) + 6 * row["orders"]
    rates = {place: one.return_rate or 0.05 for place, one in enumerate(shop.config.products)}
    back: dict[tuple[int, int], float] = {}
    for (product, paid_on), money in sold.items():
        burst = shop.phase(FIRST + timedelta(days=paid_on - day_number(FIRST))) is Phase.BURST
        for age, part in ((3, 0.2), (6, 0.3), (9, 0.25), (13, 0.15), (19, 0.1)):
            key = (product, paid_on + age)
            back[key] = back.get(key, 0.0) + part * rates[product] * (2.0 if burst else 1.0) * money
    rows = [
        ShopActivity(
            "advisor",
            ProductId(names[product]),
            AccountDay("Asia/Shanghai", date.fromordinal(number + EPOCH_ORDINAL)),
            at(day),
            {"orders": orders[product, number]},
            {"revenue": yuan(round(money, 2)), "refunds": yuan(round(back.get((product, number), 0.0), 2))},
        )
        for (product, number), money in sold.items()
    ]
    refunds = refund_rates(Activity.of(rows), day_number(day), calendar, "Asia/Shanghai")
    seen = Seen(shop.config, at(day), State.ACTIVE, {}, None, yuan(0), figures=ShopFigures(refunds=refunds))
    return [one.subject for one in troubles_of(seen) if one.kind == "refund"]


@pytest.fixture(scope="module")
def weeks_after(shop: Shop) -> Shop:
    """The same shop three weeks on, with nothing decided any more."""
    later = replace(shop, rows=list(shop.rows), spent=dict(shop.spent))
    day = LAST
    while day < date(2026, 7, 20):
        later.live(day)
        day += timedelta(days=1)
    return later


def test_what_comes_back_of_the_event_is_not_called_a_fault_of_the_goods(weeks_after: Shop) -> None:
    mornings = [date(2026, 6, 21) + timedelta(days=n) for n in range(0, 26, 2)]
    calendar = weeks_after.calendar
    assert {str(day): told for day in mornings if (told := told_of_refunds(weeks_after, day, calendar))} == {}
    assert any(told_of_refunds(weeks_after, day, ()) for day in mornings)  # who does not know the event, calls it one
