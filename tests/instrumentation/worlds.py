"""A small shop for the metrics: what is configured, what polls bring, what is decided."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import numpy as np
from prometheus_client.parser import text_string_to_metric_families

from bidder.catalog import Account, Mode
from bidder.decide import Decision, Policy
from bidder.errors import Source
from bidder.ids import AccountId, BudgetId
from bidder.instrumentation import Metrics, PollSource, ShopFacts
from bidder.limits import Bounds, Limit, Limits, Priority, Quantity, Sense
from bidder.money import Money
from bidder.plan import Allocation, Certificate, Held, Plan, Price
from bidder.reports import Reports
from bidder.response.curve import Curves
from bidder.rules.base import Rule
from bidder.rules.roas import Floor, Roas
from bidder.snapshot import Snapshot
from tests.builders import CNY, TODAY, a_budget, a_shop, an_observation, yuan

ADS = AccountId("ads")
NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
Samples = dict[str, dict[tuple[tuple[str, str], ...], float]]


def facts(
    mode: Mode = Mode.APPLY,
    *,
    day_limit: Money | None = None,
    month: Money | None = None,
    top: int = 50,
    accounts: tuple[str, ...] = ("ads",),
    channels: tuple[str, ...] = (),
    sunset: datetime | None = None,
    bids: tuple[AccountId, ...] = (),
    promotions: tuple[str, ...] = (),
) -> ShopFacts:
    return ShopFacts(
        shop="tea",
        currency=CNY,
        timezone="UTC",
        accounts=tuple(Account(AccountId(name), "sandbox", CNY, "UTC", mode) for name in accounts),
        sources=tuple(
            PollSource(name, kind, timedelta(minutes=30)) for name in accounts for kind in ("performance", "budgets")
        ),
        plan_interval=timedelta(days=1),
        day_limit=day_limit,
        month_budget=month,
        rules=("gentle", "asleep"),
        guards=("within_step", "figures_fresh"),
        top_products=top,
        channels=channels,
        promotions=promotions,
        bids=bids,
        sunsets={} if sunset is None else dict.fromkeys(map(AccountId, accounts), sunset),
    )


def metrics(**of_facts: object) -> Metrics:
    return Metrics(facts(**of_facts), NOON)  # type: ignore[arg-type]  # the tests are its callers


def a_report(*rows: tuple[str, str], day: date = TODAY) -> Reports:
    """(product, spend) of an account's day."""
    return Reports.of([an_observation(day=day, product=product, spend=spend) for product, spend in rows])


def a_snapshot(mode: Mode = Mode.APPLY) -> Snapshot:
    shop = a_shop(
        a_budget("ads/one", now=100, products=("P1",)), a_budget("ads/two", now=50, products=("P1", "P2")), today=TODAY
    )
    account = Account(ADS, "sandbox", CNY, "UTC", mode)
    return Snapshot.build(
        as_of=shop.as_of, day=shop.day, currency=shop.currency, accounts=[account], budgets=shop.budgets,
        products=shop.products, history=shop.history,
    )  # fmt: skip


def a_decision(
    *held: Held,
    snapshot: Snapshot | None = None,
    one: str = "120",
    two: str = "50",
    status: str = "optimal",
    rules: tuple[Rule, ...] = (),
) -> Decision:
    """A plan that sets the budgets `one` and `two`, under a rule with a price and bounds that bind at one budget."""
    snapshot = snapshot or a_snapshot()
    wanted = {"one": yuan(one), "two": yuan(two)}
    amounts = [wanted[budget.id.native] for budget in snapshot.budgets]
    size = len(amounts)
    ones = np.ones(size)
    limits = Limits(
        size,
        (Bounds("platform minimum", ones, ones * np.inf, Priority.PLATFORM),),
        (Limit("gentle", Quantity.AMOUNT, ones, Sense.AT_MOST, 200.0, Priority.STEP, Source("rules.yaml", 3, 1)),),
    )
    allocation = Allocation(
        amounts=np.array([amount.to_float() for amount in amounts]),
        objective=90.0,
        baseline=84.0,
        marginal=ones,
        prices=(Price("gentle", 1.5, True, 0.0),),
        bound_prices=(np.array([0.25] + [0.0] * (size - 1)),),
        value_of_total=0.4,
        certificate=Certificate(status, 1e-9),
        seconds={"build": 0.002, "solve": 0.03, "extract": 0.001, "certify": 1.0},
        columns=16,
        rows=5,
    )
    curves = Curves(_Nothing(), ones, ones, ones, ones, ones, ones, ("active",) * size, {})
    plan = Plan.between(snapshot.budgets, amounts, CNY, "salt")
    return Decision(snapshot, Policy(rules=rules), curves, limits, allocation, plan, held)


def a_floor(times: float, name: str = "floor") -> Rule:
    """A rule that asks every budget for a ROAS."""
    return Rule(name, Roas(min=Floor(times, of_break_even=False)), Source("rules.yaml", 7, 1))


class _Nothing:
    """A response that brings nothing."""

    def orders(self, amounts: np.ndarray) -> np.ndarray:
        return amounts * 0

    spend = clicks = orders


def read(m: Metrics) -> Samples:
    """Every sample of a scrape: name → labels → value."""
    body, _ = m.exposition()
    result: Samples = {}
    for family in text_string_to_metric_families(body.decode()):
        for sample in family.samples:
            result.setdefault(sample.name, {})[tuple(sorted(sample.labels.items()))] = sample.value
    return result


def value(m: Metrics, name: str, **labels: str) -> float | None:
    """The one sample whose labels contain these; None when there is none."""
    found = [v for key, v in read(m).get(name, {}).items() if labels.items() <= dict(key).items()]
    assert len(found) <= 1, f"{name} {labels}: {len(found)} series"
    return found[0] if found else None


def budget(native: str) -> BudgetId:
    return BudgetId(ADS, native)
