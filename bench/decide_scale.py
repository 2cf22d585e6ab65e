"""One decision inside one process: 40, 1,000 and 100,000 products × 28 days, after import.

    python -m bench.decide_scale [--products 40,1000,100000] [--days 28]

Prints seconds and peak memory of `decide`, and the ratio to the smallest size a product. Targets on two cores
(issue "Deciding well", PRODUCT 8): 40 in 0.3 s, 1,000 in 1 s, 100,000 in 20 s and 3 GiB.
"""

from __future__ import annotations

import argparse
import resource
import time
from datetime import UTC, date, datetime

import numpy as np

from bidder.catalog import Account, Budget, Mode
from bidder.decide import Policy, decide
from bidder.errors import Source
from bidder.guard import GuardSettings
from bidder.ids import AccountId, BudgetId
from bidder.money import Money, currency_of
from bidder.rules.base import Rule
from bidder.rules.total import Total
from bidder.snapshot import History, Snapshot, day_number

__all__ = ["a_shop", "main"]

CNY = currency_of("CNY")
TODAY = date(2026, 3, 2)


def a_shop(products: int, days: int, seed: int = 1) -> Snapshot:
    """A shop of that size with plausible figures, as columns."""
    chance = np.random.default_rng(seed)
    spend = chance.lognormal(4.5, 0.8, products).round(2)
    cpc, cvr = chance.uniform(0.6, 2.5, products), chance.uniform(0.01, 0.06, products)
    budget = np.repeat(np.arange(products), days)
    cost = spend[budget] * chance.uniform(0.8, 1.2, products * days)
    clicks = chance.poisson(cost / cpc[budget])
    orders = chance.binomial(clicks, cvr[budget])
    history = History.of(
        {
            "budget": budget,
            "day": np.tile(np.arange(days) + day_number(TODAY) - days, products),
            "impressions": clicks * 50.0,
            "clicks": clicks.astype(float),
            "spend": cost,
            "orders": orders.astype(float),
            "revenue": orders * 90.0,
            "amount": spend[budget],
            "observed": np.full(products * days, datetime(2026, 3, 2, tzinfo=UTC).timestamp()),
        }
    )
    account = AccountId("shop")
    budgets = [
        Budget(BudgetId(account, f"c{i}"), f"c{i}", CNY, now=Money.reported(float(amount), CNY))
        for i, amount in enumerate(spend)
    ]
    return Snapshot.build(
        as_of=datetime(2026, 3, 2, 6, tzinfo=UTC),
        day=TODAY,
        currency=CNY,
        accounts=[Account(account, "sandbox", CNY, "UTC", Mode.PROPOSE)],
        budgets=budgets,
        products=[],
        history=history,
    )


def main() -> None:
    """Prints the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--products", default="40,1000,100000")
    parser.add_argument("--days", type=int, default=28)
    asked = parser.parse_args()
    decide(a_shop(3, 10), _policy(300.0))  # imports and the solver's first start are not what is measured
    first = None
    for size in (int(part) for part in asked.products.split(",")):
        shop = a_shop(size, asked.days)
        total = float(np.nansum(shop.now))
        begun = time.perf_counter()
        decision = decide(shop, _policy(total))
        seconds = time.perf_counter() - begun
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        first = first or seconds / size
        certificate = decision.allocation.certificate
        print(
            f"decide_scale {size} x {asked.days}: {seconds:.2f} s, {peak:.2f} GiB peak, "
            f"{seconds / size / first:.2f} of the first a product, {certificate.status}, gap {certificate.gap:.1e}"
        )


def _policy(total: float) -> Policy:
    rule = Rule("total", Total.model_validate({"max": f"{total:.2f}"}), Source("bench"))
    return Policy((rule,), guard=GuardSettings(check_history=False))


if __name__ == "__main__":
    main()
