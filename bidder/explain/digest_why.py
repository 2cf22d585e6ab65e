"""Why yesterday's sales differ from those of the same weekday a week before, in parts that sum to the change."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import timedelta

from bidder.explain.digest_document import PartLine, WhyLine
from bidder.explain.digest_figures import Ads, Shop
from bidder.explain.digest_known import Known
from bidder.snapshot import day_number
from bidder.watch.decompose import ADS, REST, SHOP, Change, Item, Part, decompose

__all__ = ["why_of"]

WEEK = 7


def why_of(known: Known, shop: Shop, ads: Ads, then: Ads, last: int, basis: str) -> WhyLine | None:
    """Against the same weekday a week ago; None where nothing is known of it."""
    before = last - WEEK
    earlier = then if then.has(before) else ads
    if not (shop.has(before) if basis == "shop" else earlier.has(before)):
        return None
    moved: dict[str, float] = {}
    for day, budget, amount in known.moves:
        if before < day_number(day) <= last:
            moved[budget] = moved.get(budget, 0.0) + amount
    change = (
        _shop_change(known, shop, ads, earlier, before, last, moved)
        if basis == "shop"
        else _ads_change(ads, earlier, before, last, moved)
    )
    parts = sorted(change.parts, key=lambda one: (-abs(one.amount), one.product, one.cause))
    return WhyLine(
        with_day=(known.day - timedelta(days=WEEK)).isoformat(),
        before=change.before,
        after=change.after,
        change=change.amount,
        chain=basis,
        causes=change.by_cause(),
        products=change.by_product(),
        channels=change.by_channel(),
        parts=[
            PartLine(
                product=p.product,
                name=known.names.get(p.product, p.product),
                channel=p.channel,
                cause=p.cause,
                amount=p.amount,
            )
            for p in parts
        ],
    )


def _ads_change(ads: Ads, earlier: Ads, before: int, last: int, moved: Mapping[str, float]) -> Change:
    """A product on a channel of a budget; what bidder moved of a budget is shared by its products as their spend."""
    rows = sorted({*earlier.keys(before), *ads.keys(last)})
    spent = {key: ads.of(last, key, ADS.counts) for key in rows}
    of_budgets: dict[str, float] = {}
    for key, counts in spent.items():
        of_budgets[key[2]] = of_budgets.get(key[2], 0.0) + (counts or (0.0,))[0]
    items = []
    for key in rows:
        product, channel, budget = key
        old, new = earlier.of(before, key, ADS.counts), spent[key]
        of_budget = of_budgets[budget]
        share = (new or (0.0,))[0] / of_budget if of_budget else 0.0
        spend = ((old or (0.0,))[0], (new or (0.0,))[0])
        items.append(Item(product or budget, channel, old, new, spend, moved=moved.get(budget, 0.0) * share))
    return decompose(items, ADS)


def _shop_change(
    known: Known, shop: Shop, ads: Ads, earlier: Ads, before: int, last: int, moved: Mapping[str, float]
) -> Change:
    """By product where the shop says it; what its products do not add up to is a line of its own."""
    products = sorted({*shop.products(before), *shop.products(last)})
    items = []
    for product in products or [""]:
        old, new = shop.counts(before, product), shop.counts(last, product)
        spend = earlier.product_sum("spend", before, product), ads.product_sum("spend", last, product)
        clicks = earlier.product_sum("clicks", before, product), ads.product_sum("clicks", last, product)
        shifted = math.fsum(
            amount * (1 / max(1, len(known.carries.get(budget, ()))) if product else 1.0)
            for budget, amount in moved.items()
            if not product or product in known.carries.get(budget, ())
        )
        items.append(Item(product, "", old, new, spend, clicks, shifted))
    change = decompose(items, SHOP)
    whole = (shop.sum("revenue", before, before) or 0.0, shop.sum("revenue", last, last) or 0.0)
    rest = (whole[1] - whole[0]) - change.amount
    parts = change.parts if abs(rest) < 1e-9 * max(1.0, *whole) else (*change.parts, Part("", "", REST, rest))
    return Change(whole[0], whole[1], parts)
