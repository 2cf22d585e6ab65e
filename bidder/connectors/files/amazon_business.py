"""Amazon Business Reports: by child ASIN (one range a file, no day in it) and of the shop by day.

Figures of business customers (`- B2B`) are part of the totals and are left out. Files are named by the day of the
download, which is not the day of the figures: it is asked for.
"""

from __future__ import annotations

from bidder.connectors.files.export import Export, Part

__all__ = ["BY_ASIN", "BY_DAY"]

_FIGURES = {
    "visitors": ("sessions - total", "sessions – total", "sessions"),
    "views": ("page views - total", "page views – total", "page views"),
    "units": ("units ordered",),
    "orders": ("total order items",),
    "revenue": ("ordered product sales",),
    "refunds": ("refunded product sales",),
    "currency": ("currency", "currency code"),
}

BY_ASIN = Export(
    kind="amazon_business_asin",
    title="Amazon Business Report, Detail Page Sales and Traffic By Child Item (one day)",
    parts=(Part("amazon", {**_FIGURES, "date": ("date",), "product": ("(child) asin", "child asin", "asin")}),),
    required=(("date",), ("product",), ("visitors",), ("units",), ("revenue",)),
    subject="activity",
    dateless=True,
)

BY_DAY = Export(
    kind="amazon_business_day",
    title="Amazon Business Report, Sales and Traffic By Date",
    parts=(Part("amazon", {**_FIGURES, "date": ("date",)}),),
    required=(("date",), ("visitors",), ("units",), ("revenue",)),
    unlike={"(parent) asin": "it is by parent item; export the one by child item"},
    subject="activity",
)
