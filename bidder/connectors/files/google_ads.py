"""Google Ads reports (CSV or XLSX) by campaign and day, with or without Item ID. Two title lines, lines of totals."""

from __future__ import annotations

from bidder.connectors.files.export import Export, Part

__all__ = ["GOOGLE_ADS"]

GOOGLE_ADS = Export(
    kind="google_ads",
    title="Google Ads campaign report (segmented by Day)",
    parts=(
        Part(
            "google",
            {
                "date": ("day",),
                "campaign": ("campaign id", "campaign"),
                "name": ("campaign",),
                "product": ("item id", "product item id"),
                "currency": ("currency code", "currency"),
                "amount": ("budget",),
                "spend": ("cost",),
                "impressions": ("impr.", "impressions"),
                "clicks": ("clicks", "interactions"),
                "orders": ("conversions",),
                "revenue": ("conv. value", "conversion value", "total conv. value"),
            },
        ),
    ),
    required=(("date",), ("campaign",), ("spend",), ("impressions",), ("clicks",)),
    segments=("campaign type", "ad group id", "ad group", "device", "network", "network (with search partners)"),
    unlike={
        "search term": "it is by search term; export Campaigns segmented by Day",
        "search keyword": "it is by keyword; export Campaigns segmented by Day",
        "hour of the day": "it is by hour; segment by Day",
    },
)
