"""The generic CSV: a row a product or campaign and day, with the names of PRODUCT 4."""

from __future__ import annotations

from bidder.connectors.files.export import Export, Part

__all__ = ["GENERIC"]

_SAME = ("date", "spend", "product", "campaign", "account", "channel", "group", "currency")
_COUNTED = ("impressions", "clicks", "orders", "units", "revenue")

GENERIC = Export(
    kind="generic",
    title="the generic CSV (date, spend, product or campaign; optional account, channel, group, currency, "
    "impressions, clicks, orders, units, revenue, budget)",
    parts=(Part("file", {**{name: (name,) for name in (*_SAME, *_COUNTED)}, "amount": ("budget",)}),),
    required=(("date",), ("spend",), ("product", "campaign")),
)
