"""Which products an event of the calendar is about: its condition over products, decided once a Snapshot."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime

from bidder.catalog import Account, Budget, Product
from bidder.errors import ConfigError, Fault, Source
from bidder.ids import AccountId, BudgetId
from bidder.money import Currency
from bidder.promotion import Promotion
from bidder.rules.attributes import Attributes
from bidder.rules.conditions import Condition
from bidder.snapshot import History, Snapshot

__all__ = ["GOODS_NAMES", "goods_condition", "resolved"]

_FACTS = "id name tags category price cost margin break_even_roas return_rate lead_days"

GOODS_NAMES = frozenset(f"product.{name}" for name in _FACTS.split())
"""Names that say what a product is, whatever day it is: an event's goods do not change while it goes on."""


def goods_condition(written: object, source: Source | None = None) -> Condition:
    """The condition of `goods`. Raises ConfigError with the place, also for names that change from day to day."""
    condition = Condition.read(written, source)
    for name in condition.names:
        if name not in GOODS_NAMES:
            message = f"{name}: goods are picked by what a product is: {', '.join(sorted(GOODS_NAMES))}"
            raise ConfigError([Fault(source, message)])
    return condition


def resolved(calendar: Iterable[Promotion], products: Sequence[Product]) -> tuple[Promotion, ...]:
    """The events with the products that their goods are."""
    events = tuple(calendar)
    if not any(one.goods for one in events):
        return events
    day = date(2026, 1, 1)  # no name of these depends on it
    nobody, currency = AccountId("goods"), Currency("XXX")
    attributes = Attributes(
        Snapshot.build(
            as_of=datetime(2026, 1, 1, tzinfo=UTC),
            day=day,
            currency=currency,
            accounts=[Account(nobody, "", currency, "UTC")],
            budgets=[
                Budget(BudgetId(nobody, str(index)), "", currency, products=(product.id,))
                for index, product in enumerate(products)
            ],
            products=products,
            history=History.empty(),
        )
    )
    budgets = attributes.snapshot.budgets
    result = []
    for one in events:
        if not one.goods:
            result.append(one)
            continue
        chosen = Condition.read(one.goods).chosen(attributes)
        mine = [budget.products[0] for budget, is_mine in zip(budgets, chosen, strict=True) if is_mine]
        result.append(replace(one, products=frozenset(mine)))
    return tuple(result)
