"""Keywords that eat money without selling, and keywords that sell and have none left: for a person to look at.

Pure; shown by `bidder explain` and the morning digest. Bids move by themselves as far as they may; what is found here
is worth a look at the word, its match and its budget.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum

import numpy as np

from bidder.bidding import Lever, LeverId
from bidder.bids.case import BudgetFacts
from bidder.bids.figures import Figures
from bidder.bids.pace import BOUND
from bidder.bids.value import completeness
from bidder.ids import BudgetId
from bidder.response.settings import ResponseSettings
from bidder.snapshot import FloatArray

__all__ = ["Finding", "FindingKind", "diagnose"]

WINDOW = 28
"""Days that are looked at."""

EXPECTED = 4.6
"""Orders that the product's other clicks make one expect; none then is chance once in a hundred (Poisson)."""

COSTLY = 3.0
"""Or so many orders' contribution spent without one."""

SOME = 1.5
"""But not where fewer orders than this were to be expected."""

LEAST_ORDERS = 3.0
ENDED_DAYS = 3
"""Of the last seven, on which its budget ended early."""


class FindingKind(StrEnum):
    """What was found of a keyword."""

    SPEND_WITHOUT_ORDERS = "spend_without_orders"
    ORDERS_WITHOUT_BUDGET = "orders_without_budget"


@dataclass(frozen=True, slots=True)
class Finding:
    """One keyword (or other bid) and its figures of the last 28 days; money in millionths of its currency.

    `expected` are the orders that the product's other clicks make one expect of its clicks, `ended` the days of the
    last seven on which its budget ended early, `earned` contribution less spend.
    """

    kind: FindingKind
    lever: Lever
    clicks: float
    orders: float
    spend: float
    expected: float
    earned: float
    ended: int


def diagnose(
    levers: Sequence[Lever],
    figures: Figures,
    worth: Mapping[LeverId, float],
    budgets: Mapping[BudgetId, BudgetFacts],
    day: date,
    late: Sequence[float] = ResponseSettings().late,
) -> tuple[Finding, ...]:
    """What is worth a look, most money first. `figures` end the day before `day`; what is paused is left out."""
    bids = [one for one in levers if one.id.kind.bid and one.active]
    table = figures.aligned(bids)
    if not bids or not table.days:
        return ()
    last = slice(max(0, table.days - WINDOW), None)
    part = completeness(table, late)[last]
    both = np.isfinite(table.clicks[:, last]) & np.isfinite(table.orders[:, last])
    clicks = np.where(both, table.clicks[:, last], 0.0)
    orders = np.where(both, table.orders[:, last], 0.0).sum(axis=1)
    tried, spend = clicks @ part, np.nan_to_num(table.spend[:, last]).sum(axis=1)
    expected = tried * _others(bids, tried, orders)
    found = []
    for row, lever in enumerate(bids):
        ended = 0 if lever.budget is None else _ended(budgets.get(lever.budget), day)
        each = worth.get(lever.id, float("nan"))
        one = Finding(
            FindingKind.SPEND_WITHOUT_ORDERS,
            lever,
            float(clicks[row].sum()),
            float(orders[row]),
            float(spend[row]),
            float(expected[row]),
            float(orders[row] * each - spend[row]),
            ended,
        )
        costly = each > 0 and spend[row] >= COSTLY * each and expected[row] >= SOME
        if orders[row] == 0 and spend[row] > 0 and (expected[row] >= EXPECTED or costly):
            found.append(one)
        elif orders[row] >= LEAST_ORDERS and one.earned > 0 and ended >= ENDED_DAYS:
            found.append(replace(one, kind=FindingKind.ORDERS_WITHOUT_BUDGET))
    return tuple(sorted(found, key=lambda one: (one.kind.value, -abs(one.spend), str(one.lever.id))))


def _others(bids: Sequence[Lever], tried: FloatArray, orders: FloatArray) -> FloatArray:
    """Orders a click of the product's other bids, of each; of all other bids where those have under 100 clicks."""
    products = [(one.id.account, one.product or one.campaign or one.budget) for one in bids]
    sums: dict[object, list[float]] = {}
    for product, n, k in zip(products, tried, orders, strict=True):
        both = sums.setdefault(product, [0.0, 0.0])
        both[0] += n
        both[1] += k
    found = []
    for product, n, k in zip(products, tried, orders, strict=True):
        near = (sums[product][0] - n, sums[product][1] - k)
        far = (float(tried.sum()) - n, float(orders.sum()) - k)
        top, bottom = (near[1], near[0]) if near[0] >= 100 else (far[1], far[0])
        found.append(top / bottom if bottom > 0 else 0.0)
    return np.array(found)


def _ended(facts: BudgetFacts | None, day: date) -> int:
    if facts is None or facts.now is None or facts.now <= 0:
        return 0
    days = [day - timedelta(days=back) for back in range(1, 8)]
    return sum(facts.spent.get(one, 0) >= BOUND * facts.amounts.get(one, facts.now) for one in days)
