"""Amazon Sponsored Products: the console's reports by advertised product (XLSX or CSV), campaign and search term.

Sellers' reports attribute 7 days, vendors' 14; the headers say which. There is no campaign id: the name stands for it.
"""

from __future__ import annotations

from bidder.connectors.files.export import Export, Part

__all__ = ["ADVERTISED_PRODUCT", "CAMPAIGN", "SEARCH_TERM"]

_FIGURES = {
    "date": ("date",),
    "campaign": ("campaign id", "campaign name"),
    "name": ("campaign name",),
    "group": ("portfolio name",),
    "currency": ("currency",),
    "impressions": ("impressions",),
    "clicks": ("clicks",),
    "spend": ("spend", "cost"),
    "orders": ("{window} day total orders (#)", "{window} day total orders"),
    "units": ("{window} day total units (#)", "{window} day total units"),
    "revenue": ("{window} day total sales",),
}
_NO_PORTFOLIO = frozenset({"not grouped", "no portfolio", "-"})
_FINER = "it is a report by search term, keyword or placement; export the Advertised product report"
_UNLIKE = {
    "customer search term": _FINER,
    "targeting": _FINER,
    "placement": _FINER,
    "match type": _FINER,
    "purchased asin": "it is a report of purchased products; export the Advertised product report",
}

ADVERTISED_PRODUCT = Export(
    kind="amazon_sp_advertised_product",
    title="Amazon Sponsored Products, Advertised product report (time unit: daily)",
    parts=(Part("amazon", {**_FIGURES, "product": ("advertised asin", "advertised sku")}),),
    required=(("date",), ("campaign",), ("product",), ("impressions",), ("clicks",), ("spend",), ("orders",)),
    segments=("ad group id", "ad group name", "country", "advertised sku"),
    unlike=_UNLIKE,
    channel="search",
    no_group=_NO_PORTFOLIO,
)

CAMPAIGN = Export(
    kind="amazon_sp_campaign",
    title="Amazon Sponsored Products, Campaign report (time unit: daily)",
    parts=(Part("amazon", {**_FIGURES, "amount": ("budget",)}),),
    required=(("date",), ("campaign",), ("impressions",), ("clicks",), ("spend",), ("orders",)),
    segments=("country",),
    unlike={**_UNLIKE, "ad group name": "it is a report by ad group; export the Campaign report"},
    channel="search",
    no_group=_NO_PORTFOLIO,
)

SEARCH_TERM = Export(
    kind="amazon_sp_search_term",
    title="Amazon Sponsored Products, Search term report (time unit: daily)",
    parts=(Part("amazon", {**_FIGURES, "product": ("customer search term",)}),),
    required=(("date",), ("campaign",), ("product",), ("impressions",), ("clicks",), ("spend",), ("orders",)),
    segments=("ad group id", "ad group name", "country", "targeting", "match type", "portfolio name"),
    unlike={one: _UNLIKE[one] for one in ("placement", "purchased asin")},
    repeats=True,
    subject="terms",
    no_group=_NO_PORTFOLIO,
    notes=("a search term report lacks what was shown without a click: its figures are looked at, not stored",),
)
