"""Rules over a large shop: 100,000 products × 20 rules, after import (issue "Rules": in 5 s).

    python -m bench.rules_scale [--products 100000]

The rules are of the kinds that shops write: tags, categories, thresholds on figures that differ from product to
product; two of them use functions that only CEL knows. Prints the CPU seconds of `evaluate`, and those of each `where`.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np

from bench.decide_scale import CNY, TODAY, a_shop
from bidder.catalog import Product
from bidder.errors import Source
from bidder.ids import ProductId
from bidder.money import Money
from bidder.rules.attributes import Attributes
from bidder.rules.base import Rule
from bidder.rules.chosen import members_of
from bidder.rules.conditions import Condition
from bidder.rules.evaluate import evaluate
from bidder.rules.share import Share
from bidder.rules.step import Step
from bidder.rules.total import Total
from bidder.snapshot import History, Snapshot

__all__ = ["main"]

WHERES: tuple[object, ...] = (
    *({"tag": tag} for tag in ("hero", "new", "traffic", "clearance")),
    *({"category": category} for category in ("tea", "ware", "gift")),
    {"channel": ["search", "feed"]},
    *(f"product.margin < {limit}" for limit in (0.1, 0.2, 0.3)),
    "product.margin < 0.15 && !('traffic' in product.tags)",
    "product.stock_cover_days < product.lead_days + 3",
    "product.price > 80 && product.return_rate > 0.2",
    "product.stock == 0",
    "budget.now > 200",
    "budget.now < 50 || product.margin > 0.6",
    "product.break_even_roas > 4",
    "product.name.startsWith('tea 1')",
    "product.tags.exists(tag, tag.endsWith('ce'))",
)


def shop_with_goods(products: int) -> Snapshot:
    """A shop in which every product has figures of its own."""
    plain, chance = a_shop(products, 14), np.random.default_rng(7)
    tags = ("hero", "new", "traffic", "clearance", "")
    goods = [
        Product(
            ProductId(f"p{place}"),
            f"tea {place}",
            price=Money(int(chance.uniform(20, 200) * 100) * 10_000, CNY),
            margin=float(chance.uniform(0.05, 0.7)),
            return_rate=float(chance.uniform(0, 0.3)),
            stock=int(chance.integers(0, 400)),
            lead_days=int(chance.integers(1, 30)),
            tags=frozenset({tags[place % 5]} - {""}),
            category=("tea", "ware", "gift")[place % 3],
        )
        for place in range(products)
    ]
    budgets = [replace(one, products=(goods[place].id,), channel="search") for place, one in enumerate(plain.budgets)]
    columns = {
        name: getattr(plain.history, name) for name in ("day", "clicks", "spend", "orders", "budget", "observed")
    }
    history = History.of({**columns, "product": plain.history.budget})
    return Snapshot.build(
        as_of=datetime(2026, 3, 2, 6, tzinfo=UTC),
        day=TODAY,
        currency=CNY,
        accounts=plain.accounts,
        budgets=budgets,
        products=goods,
        history=history,
    )


def main() -> None:
    """Prints the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--products", type=int, default=100_000)
    size = parser.parse_args().products
    shop = shop_with_goods(size)
    kinds = (
        Step.model_validate({"max": "20%"}),
        Total.model_validate({"max": "1000000000"}),
        Share.model_validate({"max": "60%"}),
    )
    rules = tuple(
        Rule(f"rule {place}", kinds[place % 3], Source("bench"), where=Condition.read(where))
        for place, where in enumerate(WHERES)
    )
    wall, begun = time.perf_counter(), time.process_time()
    limits = evaluate(rules, shop, None)  # type: ignore[arg-type]  # none of these words asks the curves
    seconds, passed = time.process_time() - begun, time.perf_counter() - wall
    print(f"rules_scale {size} x {len(rules)}: {seconds:.2f} s CPU, {passed:.2f} s, {len(limits.limits)} limits")
    attributes = Attributes(shop)
    for rule, where in zip(rules, WHERES, strict=True):
        begun = time.process_time()
        chosen = int(members_of(rule, attributes).sum())
        print(f"  {time.process_time() - begun:6.3f} s  {chosen:7d}  {where}")


if __name__ == "__main__":
    main()
